import type { Op } from "../../engine/io.js";
import type { ChannelLike } from "../../engine/notifications/channel.js";
import { notify } from "../../engine/notifications/notify.js";
import type { SessionCore } from "./session-core.js";

/** Sends on the connection that statements about no class run on. */
export function* notifyInSession(session: SessionCore, channel: ChannelLike, payload: unknown): Op<void> {
  yield* notify(yield* session.connectionFor(null), channel, payload);
}
