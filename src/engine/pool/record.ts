import type { DriverConnection } from "../driver.js";

/** One driver connection and what the pool knows of it. It outlives the driver connection, which may be replaced. */
export class ConnectionRecord {
  driver: DriverConnection | null = null;
  /** The pool's generation in which the driver connection was opened. */
  generation = 0;
  /** When the driver connection was opened, and last checked out, in milliseconds of `performance.now()`. */
  openedAt = 0;
  checkedOutAt = 0;
  /** Whether somebody has it. */
  checkedOut = false;
  /** Whether it was taken out of the pool for good. */
  detached = false;
  /** Where it was checked out, in debug. */
  trace: string | null = null;
  /** For the user: lives as long as the driver connection. */
  info: Record<string, unknown> = {};
}
