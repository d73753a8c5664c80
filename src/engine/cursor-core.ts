import { ResourceClosedError } from "../sql/errors.js";
import type { ConnectionContext } from "./context.js";
import type { DriverConnection, DriverCursor, DriverPlan } from "./driver.js";
import { checkAborted, type Op, request } from "./io.js";

/** A server-side cursor on a connection. */
export class CursorCore {
  #open = true;

  constructor(
    readonly connection: ConnectionContext,
    private readonly driver: DriverConnection,
    private readonly cursor: DriverCursor,
    private readonly plan: DriverPlan,
    private readonly params: readonly unknown[],
    /** Rows that `fetch` brings without an argument. */
    readonly chunk: number,
    /** The statement's own signal, for its fetches too. */
    private readonly signal: AbortSignal | undefined,
  ) {}

  get columns(): readonly string[] {
    return this.cursor.columns;
  }

  get closed(): boolean {
    return !this.#open;
  }

  /** Up to `count` further rows; fewer only at the end. */
  *fetch(count: number = this.chunk): Op<unknown[][]> {
    if (!this.#open) return [];
    if (this.connection.closed) {
      throw new ResourceClosedError("The connection of this result was closed while it was being streamed.");
    }
    if (this.connection.invalidated || this.connection.driver !== this.driver) {
      throw new ResourceClosedError(
        "The connection of this result was thrown away while it was being streamed: the rest of its rows is lost. Run the statement again.",
      );
    }
    const { cursor, signal: own } = this;
    try {
      checkAborted(own);
      const rows: unknown[][] = this.driver.immediate
        ? cursor.fetchSync(count)
        : yield request(
            (signal) => cursor.fetch(count, own ?? signal),
            () => cursor.fetchSync(count),
          );
      if (rows.length < count) yield* this.close();
      return rows;
    } catch (error) {
      this.#open = false;
      return yield* this.connection.fail(error, { plan: this.plan, params: this.params, isMany: false });
    }
  }

  /** Closes the cursor; does nothing the second time. */
  *close(): Op<void> {
    if (!this.#open) return;
    this.#open = false;
    const { cursor } = this;
    if (this.driver.immediate) cursor.closeSync();
    else
      yield request<void>(
        () => cursor.close(),
        () => cursor.closeSync(),
      );
  }
}
