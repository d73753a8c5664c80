import type { Exchange, Outlet } from "./exchange.js";
import type { TransactionStatus } from "./reader.js";
import type { MessageWriter } from "./writer.js";

/** What carries exchanges to a server and brings its answers: a socket, or a server inside this process. */
export interface ProtocolLink extends Outlet {
  /** Where the messages of the next exchange are written. */
  readonly writer: MessageWriter;
  /** The server's view of the session after the last exchange. */
  readonly status: TransactionStatus;
  /** Why the connection is dead; null while it lives. */
  readonly lost: Error | null;
  /** Whether statements are cancelled after a time. */
  readonly limited: boolean;
  /** Called before another exchange has to wait for the one that runs. */
  onWaiting: (() => void) | null;
  /** Holds the server up while `on`, so that it sends no more than the network takes. */
  hold(on: boolean): void;
  /**
   * Runs the exchange; `exchange.onDone` is called at its end. Not for links that are {@link limited}.
   *
   * @param signal has the server cancel it; its error is `Aborted` then
   */
  start(exchange: Exchange, signal?: AbortSignal): void;
  /** Runs the exchange and waits for its end. The server's errors do not reject: see `exchange.error`. */
  run(exchange: Exchange, signal?: AbortSignal): Promise<void>;
  /** Runs the exchange and blocks until it is over. See `exchange.error`. */
  runSync(exchange: Exchange): void;
  /** Says goodbye and closes. */
  end(): Promise<void>;
  /** Closes at once. */
  destroy(): void;
}
