/** Listening on channels. */
import { ArgumentError } from "../../sql/errors.js";
import type { EngineCore } from "../engine-core.js";
import { type Channel, type ChannelLike, channelOf } from "./channel.js";
import type { ListenerAccess } from "./dialect.js";
import { notificationsOf } from "./notify.js";
import { type NotificationEvent, NotificationStream, type NotificationStreamOptions } from "./stream.js";

/** The channel that stands for what was given: its own, or one of text. */
export type ChannelFor<C> =
  C extends Channel<infer T, infer Name> ? Channel<T, Name> : C extends string ? Channel<string, C> : never;

/** Listens on an engine. See `AsyncEngine.listen()`. */
export function listen<C extends ChannelLike>(
  engine: EngineCore,
  channels: C | readonly C[],
  options: NotificationStreamOptions,
): NotificationStream<NotificationEvent<ChannelFor<C>>> {
  const dialect = notificationsOf(engine.dialect);
  const list = (Array.isArray(channels) ? channels : [channels]).map((each) => channelOf(each as ChannelLike));
  if (list.length === 0) throw new ArgumentError("listen() takes a channel, or a list of at least one.");
  const access: ListenerAccess = {
    open: () => engine.openApart(),
    *borrow(use) {
      const connection = yield* engine.connect();
      try {
        return yield* use(connection.driver);
      } finally {
        yield* connection.close();
      }
    },
  };
  const end = (): void => void stream.return();
  const stream = new NotificationStream<NotificationEvent<ChannelFor<C>>>(dialect, access, list, options, () =>
    engine.endings.delete(end),
  );
  engine.endings.add(end);
  return stream;
}
