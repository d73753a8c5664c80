/** LISTEN and NOTIFY over a connection to a server. */
import type { DriverConnection, DriverPlan } from "../../engine/driver.js";
import { type Op, request } from "../../engine/io.js";
import type { Hear, ListenerAccess, NotificationDialect, Subscription } from "../../engine/notifications/dialect.js";
import { textPlan } from "../../engine/plan.js";
import type { IdentifierPreparer } from "../../sql/dialect.js";
import type { PostgresConnection } from "./connection.js";
import type { PgClient } from "./wire/pg-client.js";

const NOTIFY: DriverPlan = { ...textPlan("SELECT pg_notify($1, $2)"), returnsRows: true };

/** What pg tells of a notification. */
interface Message {
  readonly channel: string;
  readonly payload?: string;
  readonly processId: number;
}

/** What the notifications ask of their dialect. */
interface Host {
  readonly identifiers: IdentifierPreparer;
  ping(connection: DriverConnection): Op<boolean>;
}

/** The statement that sends, on every PostgreSQL. */
export function notifyStatement(channel: string, payload: string): ReturnType<NotificationDialect["notify"]> {
  return { plan: NOTIFY, params: [channel, payload] };
}

/** Has a connection hear of channels, or no more. */
export function* listening(
  host: Host,
  connection: DriverConnection,
  word: "LISTEN" | "UNLISTEN",
  channels: readonly string[],
): Op<void> {
  const postgres = connection as PostgresConnection;
  const text = channels.map((name) => `${word} ${host.identifiers.quote(name)}`).join("; ");
  const exchange = postgres.control(text);
  yield request<void>(
    (signal) => postgres.perform(exchange, signal),
    () => postgres.performSync(exchange),
  );
}

/** Notifications of a server: each subscription has a connection. */
export class ServerNotifications implements NotificationDialect {
  readonly notify = notifyStatement;

  constructor(private readonly host: Host) {}

  *subscribe(
    access: ListenerAccess,
    channels: readonly string[],
    hear: Hear,
    lost: (reason: Error) => void,
  ): Op<Subscription> {
    const { host } = this;
    const { driver, close } = yield* access.open();
    const { client, link } = driver as PostgresConnection;
    const pg = client as PgClient;
    pg.on("notification", ({ channel, payload, processId }: Message) => hear(channel, payload ?? "", processId));
    pg.on("end", () => lost(link.lost ?? new Error("The connection was closed")));
    try {
      yield* listening(host, driver, "LISTEN", channels);
    } catch (error) {
      yield* close();
      throw error;
    }
    return { alive: () => host.ping(driver), close };
  }
}
