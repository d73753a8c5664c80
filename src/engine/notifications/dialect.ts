/** What notifications ask of a dialect. */
import type { DriverConnection, DriverPlan } from "../driver.js";
import type { Op } from "../io.js";

/** Takes what is sent on a channel. @param processId of the server's process that sent it */
export type Hear = (channel: string, payload: string, processId: number) => void;

/** A connection that hears. */
export interface Subscription {
  /** Whether it still does. Never throws. */
  alive(): Op<boolean>;
  close(): Op<void>;
}

/** How a dialect comes by connections to listen on. */
export interface ListenerAccess {
  /** One of its own, outside of the pool; whoever opens it closes it. */
  open(): Op<{ readonly driver: DriverConnection; readonly close: () => Op<void> }>;
  /** One of the pool, for a moment. */
  borrow<T>(use: (connection: DriverConnection) => Op<T>): Op<T>;
}

/** A dialect's notifications. */
export interface NotificationDialect {
  /**
   * Listens on channels until closed.
   *
   * @param lost is called when the connection is gone
   */
  subscribe(
    access: ListenerAccess,
    channels: readonly string[],
    hear: Hear,
    lost: (reason: Error) => void,
  ): Op<Subscription>;
  /** The statement that sends. */
  notify(channel: string, payload: string): { readonly plan: DriverPlan; readonly params: readonly unknown[] };
}
