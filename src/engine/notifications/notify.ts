/** Sending on a channel. */
import type { ConnectionCore } from "../connection-core.js";
import type { EngineDialect } from "../dialect.js";
import { NotSupportedError } from "../errors.js";
import type { Op } from "../io.js";
import { type ChannelLike, channelOf } from "./channel.js";
import type { NotificationDialect } from "./dialect.js";

/** @throws NotSupportedError where the database has none */
export function notificationsOf(dialect: EngineDialect): NotificationDialect {
  if (dialect.notifications !== undefined) return dialect.notifications;
  throw new NotSupportedError(
    `The ${dialect.name} dialect has no notifications: LISTEN and NOTIFY are PostgreSQL's.`,
    null,
  );
}

/** Sends a payload, which is delivered when the transaction commits. */
export function* notify(connection: ConnectionCore, to: ChannelLike, payload: unknown): Op<void> {
  const dialect = notificationsOf(connection.engine.dialect);
  const channel = channelOf(to);
  const { plan, params } = dialect.notify(channel.name, channel.format(payload));
  yield* connection.runText(plan, params);
}
