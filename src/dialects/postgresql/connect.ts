/** Opens connections: pg does the login, and hands its socket to us. */

import { OperationalError } from "../../engine/errors.js";
import { refuseGiven } from "../../engine/given.js";
import { Aborted, checkAborted } from "../../engine/io.js";
import { ArgumentError } from "../../sql/errors.js";
import { quoteLiteral } from "../../sql/types/base.js";
import { PostgresConnection } from "./connection.js";
import type { ConnectSettings } from "./options.js";
import { WireLink } from "./wire/link.js";
import { loadPg, type PgClient } from "./wire/pg-client.js";
import { readingSocket } from "./wire/reading-socket.js";
import { ThreadSocket, threadTls } from "./wire/thread-socket.js";

/**
 * Connects and logs in.
 *
 * @param given a connected pg Client in place of one made from the settings
 * @param signal gives the attempt up; the promise is rejected with {@link Aborted} then
 */
export async function openConnection(
  settings: ConnectSettings,
  given?: unknown,
  signal?: AbortSignal,
): Promise<PostgresConnection> {
  checkAborted(signal);
  const { client, parameters } =
    given === undefined ? await logIn(settings, signal) : { client: givenClient(given), parameters: {} };
  const connection = new PostgresConnection(new WireLink(client, settings), client, settings.statementCacheSize);
  try {
    const text = sessionSettings(settings, parameters);
    if (text !== "") await connection.perform(connection.control(text), signal);
    checkAborted(signal);
  } catch (error) {
    connection.closeSync();
    throw error;
  }
  return connection;
}

/** What a creator or a handler of `doConnect` has made. @throws ArgumentError where it is no client that could be used */
function givenClient(given: unknown): PgClient {
  const client = given as Partial<PgClient> & { readonly _connected?: boolean };
  if (typeof client !== "object" || typeof client.query !== "function" || client.connection?.stream === undefined) {
    refuseGiven(given, "a connected Client of pg (a Pool is none)");
  }
  if (client._connected === false || (client._connected === undefined && client.processID === null)) {
    throw new ArgumentError(
      "creator, or a handler of doConnect, gave a Client of pg that is not connected: await client.connect() before it is returned.",
    );
  }
  return client as PgClient;
}

interface LoggedIn {
  readonly client: PgClient;
  readonly parameters: Readonly<Record<string, string>>;
}

async function logIn(settings: ConnectSettings, signal: AbortSignal | undefined): Promise<LoggedIn> {
  try {
    return await attempt(settings, settings.config, signal);
  } catch (error) {
    if (error instanceof Aborted) throw error;
    const { message } = error as Error;
    if (settings.fallbackPlain && /does not support SSL/.test(message))
      return attempt(settings, { ...settings.config, ssl: false }, signal);
    if (settings.fallbackTls !== null && /no encryption|SSL off/.test(message)) {
      return attempt(settings, { ...settings.config, ssl: settings.fallbackTls }, signal);
    }
    throw error;
  }
}

async function attempt(
  settings: ConnectSettings,
  config: Readonly<Record<string, unknown>>,
  signal: AbortSignal | undefined,
): Promise<LoggedIn> {
  const client = new (loadPg().Client)({ ...config, ...socketFor(settings, config) });
  const parameters: Record<string, string> = {};
  client.connection.on("parameterStatus", ({ parameterName, parameterValue }: ParameterStatus) => {
    parameters[parameterName] = parameterValue;
  });
  // After a failed login a second error may follow, which nobody waits for; one behind a login has come with its last words.
  let ended: Error | null = null;
  client.on("error", (error: Error) => {
    ended ??= error;
  });
  const giveUp = (): void => void client.connection.stream.destroy();
  signal?.addEventListener("abort", giveUp, { once: true });
  try {
    await client.connect();
    if (ended !== null) throw ended;
  } catch (error) {
    giveUp();
    checkAborted(signal);
    throw withPlace(error, client);
  } finally {
    signal?.removeEventListener("abort", giveUp);
  }
  return { client, parameters };
}

// The socket, where it is not pg's own.
function socketFor(
  settings: ConnectSettings,
  config: Readonly<Record<string, unknown>>,
): Readonly<Record<string, unknown>> {
  if (settings.syncTransport === "worker") return inThread(config, settings.directTls);
  // TLS reads by itself what comes over the socket below it.
  const plain = config.ssl === undefined || config.ssl === false;
  return plain && config.stream === undefined ? { stream: readingSocket } : {};
}

// The thread does what pg would do for TLS.
function inThread(config: Readonly<Record<string, unknown>>, direct: boolean): Record<string, unknown> {
  const { ssl, keepAlive, keepAliveInitialDelayMillis } = config;
  const delay = keepAlive === true ? Number(keepAliveInitialDelayMillis ?? 0) : null;
  return { ssl: false, stream: () => new ThreadSocket(threadTls(ssl, direct), delay) };
}

interface ParameterStatus {
  readonly parameterName: string;
  readonly parameterValue: string;
}

// Which server it was, since the message of a server says only what.
function withPlace(error: unknown, client: PgClient): unknown {
  if (!(error instanceof Error)) return error;
  const place = client.host.startsWith("/")
    ? `${client.host}/.s.PGSQL.${client.port}`
    : `${client.host}:${client.port}`;
  if (error.message === "timeout expired") {
    return new OperationalError(`No connection to ${place} within the time of connect_timeout`, null, error);
  }
  if ("severity" in error && !error.message.includes(place)) error.message += ` (${place})`;
  return error;
}

const UTC = /^(etc\/)?(utc|uct|gmt|zulu|universal)$/i;

/**
 * Settings of the session that our reading of values rests on, where the server's differ.
 *
 * @param parameters what the server told of itself at the login
 */
export function sessionSettings(
  settings: Pick<ConnectSettings, "timezone">,
  parameters: Readonly<Record<string, string>>,
): string {
  const texts: string[] = [];
  if (!(parameters["DateStyle"] ?? "").startsWith("ISO")) texts.push("SET datestyle = 'ISO, MDY'");
  if (parameters["standard_conforming_strings"] === "off") texts.push("SET standard_conforming_strings = on");
  const { timezone } = settings;
  const present = parameters["TimeZone"] ?? "";
  if (timezone !== null && timezone !== present && !(UTC.test(timezone) && UTC.test(present))) {
    texts.push(`SET timezone = ${quoteLiteral(timezone)}`);
  }
  return texts.join("; ");
}
