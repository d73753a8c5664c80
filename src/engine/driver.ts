/** What a driver implements: the narrow bridge between the core and a database client. */

import { keepShape } from "../sql/keep-shape.js";
import type { CopyPart } from "./copy/part.js";
import type { IORequest } from "./io.js";

/**
 * The fixed part of a statement, shared by all its executions, so that a driver may hang its own preparation on it.
 * The core makes one for each compiled statement (see `planOf`).
 */
export interface DriverPlan {
  readonly text: string;
  /** True and false are promises; null means that only the database knows (textual SQL). */
  readonly returnsRows: boolean | null;
  /**
   * How integers come back from a driver that gives doubles by default: `"number"` as numbers; `"exact"` as numbers
   * where they are safe and as bigint where not; an array has true for each column that must be a bigint always.
   */
  readonly integers: "number" | "exact" | readonly boolean[];
  /** A number for each compiled statement, which may name a prepared statement; 0 for those that should not be kept. */
  readonly cacheId: number;
  /** What ends the text and is no part of the statement. */
  readonly comment?: string;
  /** A query that locks what it reads (FOR UPDATE), for drivers whose database has no words for it. */
  readonly locks?: boolean;
  /** What the statement is given beside its text: the lines of COPY ... FROM. */
  readonly copied?: CopyPart;
  /** A COPY ... TO, whose cursor has a chunk of bytes in each row. */
  readonly copies?: boolean;
}

/** Rows are arrays in the order of the statement's columns. */
export interface DriverResult {
  readonly rows: unknown[][];
  /** Column names; null when the statement returns no rows. */
  readonly columns: readonly string[] | null;
  /** Rows matched by UPDATE and DELETE, inserted by INSERT, returned by SELECT; -1 where unknown. */
  readonly rowcount: number;
  /** The key that the database made for the last row inserted, where there is such a thing. */
  readonly lastrowid: number | bigint | null;
}

/** The result of one statement run with many parameter sets. */
export interface DriverManyResult extends DriverResult {
  /** Row count of each set, where known. */
  readonly perSet: readonly number[] | null;
  /** The key made for each set's row by a statement without RETURNING, where there is such a thing. */
  readonly lastrowids: readonly (number | bigint)[] | null;
}

/**
 * What drivers answer with. Made by classes and not by literals: V8 watches the places of literals, and where those of a program's start lived long it makes
 * all later ones in the old generation. A result there would keep its rows until the next full collection, and have each of them copied twice before.
 */
export class StatementResult implements DriverResult {
  constructor(
    readonly rows: unknown[][],
    readonly columns: readonly string[] | null,
    readonly rowcount: number,
    readonly lastrowid: number | bigint | null = null,
  ) {}
}

/** The same of a statement run with many parameter sets. */
export class BatchResult extends StatementResult implements DriverManyResult {
  constructor(
    rows: unknown[][],
    columns: readonly string[] | null,
    rowcount: number,
    lastrowid: number | bigint | null,
    readonly perSet: readonly number[] | null,
    readonly lastrowids: readonly (number | bigint)[] | null,
  ) {
    super(rows, columns, rowcount, lastrowid);
  }
}

/**
 * Rows to write, column by column: an array for each row would cost as much as its binding, and one of all values would soon be too large for the memory
 * that the collector hands out again.
 */
export class ValueRows {
  /**
   * @param columns the values of each column, which are the driver's to change
   * @param length rows
   * @param wantsKeys whether `lastrowids` must be known
   */
  constructor(
    readonly columns: readonly unknown[][],
    readonly length: number,
    readonly wantsKeys: boolean,
  ) {}

  /** Parameter sets of one length each. */
  static of(sets: readonly (readonly unknown[])[]): ValueRows {
    const columns = (sets[0] ?? []).map((_, column) => sets.map((set) => set[column]));
    return new ValueRows(columns, sets.length, false);
  }

  /** The values of one row. */
  at(row: number): unknown[] {
    return this.columns.map((column) => column[row]);
  }

  /** The same as parameter sets. */
  toSets(): unknown[][] {
    return Array.from({ length: this.length }, (_, row) => this.at(row));
  }
}

/** One statement for many rows, of several that are sent together. */
export interface RowsWrite {
  readonly plan: DriverPlan;
  readonly rows: ValueRows;
}

/** What became of one of them: its result, why it failed, or that it was not run, as one before it had failed. */
export type RowsOutcome = DriverManyResult | RowsFailure | "not run";

/** Carries the error of a write, which may be any value. */
export class RowsFailure {
  constructor(readonly error: unknown) {}
}

/** A server-side cursor. */
export interface DriverCursor {
  readonly columns: readonly string[];
  /** Up to `count` further rows; fewer only at the end. */
  fetch(count: number, signal?: AbortSignal): unknown[][] | PromiseLike<unknown[][]>;
  fetchSync(count: number): unknown[][];
  close(): void | PromiseLike<void>;
  closeSync(): void;
}

/**
 * One connection to the database, owned by the pool.
 *
 * A call whose signal is aborted is rejected with `new Aborted(signal.reason)`, the connection being usable or dead then.
 */
export interface DriverConnection {
  /** The driver's own object. */
  readonly raw: unknown;
  /**
   * True when the driver answers at once: then the core only ever calls the `...Sync` methods, in asynchronous
   * operations too. A call may throw {@link Blocked} to have the core wait and call again.
   */
  readonly immediate: boolean;
  /** Whether it is known, without asking, that the connection is lost: a pool gives another in its place. */
  readonly dead?: boolean;
  /** The name of the transaction that is prepared on this connection and has not ended; null or undefined where there is none. */
  readonly prepared?: string | null;
  run(plan: DriverPlan, params: readonly unknown[], signal?: AbortSignal): DriverResult | PromiseLike<DriverResult>;
  runSync(plan: DriverPlan, params: readonly unknown[]): DriverResult;
  /** Runs one prepared statement with many parameter sets; the rows of all sets are concatenated. */
  runMany(
    plan: DriverPlan,
    sets: readonly (readonly unknown[])[],
    signal?: AbortSignal,
  ): DriverManyResult | PromiseLike<DriverManyResult>;
  runManySync(plan: DriverPlan, sets: readonly (readonly unknown[])[]): DriverManyResult;
  /**
   * The same for an INSERT, UPDATE or DELETE of one row, for many rows; rows of the table that are written by key have one set each. Drivers that have
   * nothing better than `runMany` do not have it.
   */
  runRows?(plan: DriverPlan, rows: ValueRows, signal?: AbortSignal): DriverManyResult | PromiseLike<DriverManyResult>;
  runRowsSync?(plan: DriverPlan, rows: ValueRows): DriverManyResult;
  /**
   * Whether {@link runTogether} takes this write now. Drivers that gain nothing by sending several statements at once have neither.
   */
  joins?(write: RowsWrite): boolean;
  /** Runs several writes with one exchange, in their order; after one that fails the others are not run. Gives an outcome for each. */
  runTogether?(writes: readonly RowsWrite[], signal?: AbortSignal): PromiseLike<readonly RowsOutcome[]>;
  runTogetherSync?(writes: readonly RowsWrite[]): readonly RowsOutcome[];
  openCursor(
    plan: DriverPlan,
    params: readonly unknown[],
    signal?: AbortSignal,
  ): DriverCursor | PromiseLike<DriverCursor>;
  openCursorSync(plan: DriverPlan, params: readonly unknown[]): DriverCursor;
  /**
   * Calls a function with the driver's own object in the thread that the database is in. Drivers whose databases are in no
   * thread do not have it.
   */
  runInThread?(fn: unknown, args: readonly unknown[], signal?: AbortSignal): PromiseLike<unknown>;
  /**
   * Calls `fn` with the driver's own object and waits for it: for asynchronous handlers of `connect`, which set something up on it.
   *
   * @example event.listen(engine, "connect", (connection) => connection.runAsync((client: Client) => client.query("SET ...")));
   */
  runAsync<T, Raw = unknown>(fn: (raw: Raw) => T | PromiseLike<T>): Promise<T>;
  close(): void | PromiseLike<void>;
  closeSync(): void;
}

/**
 * Thrown by an immediate driver that cannot go on before something else has happened (another connection of this process
 * holds the database's write lock): the core yields the request and then makes the same call again.
 */
export class Blocked {
  constructor(readonly request: IORequest<void>) {}
}

/** A request to a driver that needs the event loop. */
export class RunRequest implements IORequest<DriverResult> {
  constructor(
    readonly driver: DriverConnection,
    readonly plan: DriverPlan,
    readonly params: readonly unknown[],
    readonly signal: AbortSignal | undefined,
  ) {}
  async(signal?: AbortSignal): DriverResult | PromiseLike<DriverResult> {
    return this.driver.run(this.plan, this.params, this.signal ?? signal);
  }
  sync(): DriverResult {
    return this.driver.runSync(this.plan, this.params);
  }
}

/** The same for many parameter sets. */
export class RunManyRequest implements IORequest<DriverManyResult> {
  constructor(
    readonly driver: DriverConnection,
    readonly plan: DriverPlan,
    readonly sets: readonly (readonly unknown[])[],
    readonly signal: AbortSignal | undefined,
  ) {}
  async(signal?: AbortSignal): DriverManyResult | PromiseLike<DriverManyResult> {
    return this.driver.runMany(this.plan, this.sets, this.signal ?? signal);
  }
  sync(): DriverManyResult {
    return this.driver.runManySync(this.plan, this.sets);
  }
}

/** The same for many rows, of a driver that takes them. */
export class RunRowsRequest implements IORequest<DriverManyResult> {
  constructor(
    readonly driver: RowsDriver,
    readonly plan: DriverPlan,
    readonly rows: ValueRows,
    readonly signal: AbortSignal | undefined,
  ) {}
  async(signal?: AbortSignal): DriverManyResult | PromiseLike<DriverManyResult> {
    return this.driver.runRows(this.plan, this.rows, this.signal ?? signal);
  }
  sync(): DriverManyResult {
    return this.driver.runRowsSync(this.plan, this.rows);
  }
}

type RowsDriver = DriverConnection & Required<Pick<DriverConnection, "runRows" | "runRowsSync">>;

/** Whether a driver takes rows. */
export function takesRows(driver: DriverConnection): driver is RowsDriver {
  return driver.runRows !== undefined && driver.runRowsSync !== undefined;
}

keepShape(new StatementResult([], null, -1));
keepShape(new BatchResult([], null, -1, null, null, null));
keepShape(new RunRequest(null as never, null as never, [], undefined));
keepShape(new RunManyRequest(null as never, null as never, [], undefined));
