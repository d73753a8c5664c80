/** Functions of the user that run beside the database, where that is in a thread. */
import { InvalidRequestError } from "../sql/errors.js";
import type { ConnectionCore } from "./connection-core.js";
import { AlreadyQuitError } from "./errors.js";
import { Aborted, type Op, request } from "./io.js";

/** A function that is sent to a thread as its text: it must use nothing but its arguments, globals and `require`. */
export type ThreadFunction<Raw, Args extends unknown[], T> = (raw: Raw, ...args: Args) => T;

/** Calls a function with the driver's own object, in the thread that has the connection's database. */
export function* runInThread(connection: ConnectionCore, fn: unknown, args: readonly unknown[]): Op<unknown> {
  const { dialect } = connection;
  if (connection.invalidated) {
    throw new AlreadyQuitError(
      "The thread of this connection has ended, or the connection was given up. Roll back, and the next statement takes another.",
    );
  }
  const { driver } = connection;
  if (driver.runInThread === undefined) {
    throw new InvalidRequestError(
      `runInThread() needs a database in a thread of its own, which connections of ${dialect.driverName} have not: use ` +
        "sqlite+worker:// URLs, or reach the driver's object with getRawConnection().",
    );
  }
  try {
    return yield request(
      (signal) => driver.runInThread?.(fn, args, signal),
      () => {
        throw new InvalidRequestError("runInThread() is awaited, and cannot be called from a blocking function.");
      },
    );
  } catch (error) {
    const ofDriver =
      error instanceof Aborted || dialect.isDisconnect(error, driver) || dialect.translateError(error) !== null;
    // Errors of the function itself come as they are.
    if (!ofDriver) throw error;
    return yield* connection.fail(error, { plan: null, params: [], isMany: false });
  }
}
