/** Buffered results. */
import { InvalidRequestError } from "../sql/errors.js";
import { keepShape } from "../sql/keep-shape.js";
import { RowSource, Rows, tupleKey, uniqueValue } from "./result-rows.js";
import { columnIndex, type ResultShape, type Row, rowMaker } from "./row.js";

/** The first element of a tuple, the first value of an object, or the value itself: what `scalars()` gives. */
export type FirstOf<R> = R extends readonly [infer First, ...unknown[]]
  ? First
  : R extends readonly (infer Item)[]
    ? Item
    : R extends object
      ? R[keyof R]
      : R;

/** A row with the row's own methods where it is a tuple. */
export type RowOf<R> = R extends readonly unknown[] ? Row<R> : R;

/** What `mappings()` gives. */
export type MappingOf<R> = R extends readonly unknown[] ? Readonly<Record<string, unknown>> : R;

/**
 * The rows of one execution, buffered and read once: what was handed out is gone from the result.
 *
 * Rows are tuples (arrays) that can be destructured, indexed and read by name (`row.title`, for names that arrays do not
 * have themselves; `row._mapping` has all); statements made by `select({ ... })` give plain objects instead.
 *
 * @example
 * const result = await conn.execute(select(users.c.id, users.c.name));
 * for (const [id, name] of result) console.log(id, name);
 */
export class Result<R = readonly unknown[]> extends Rows<RowOf<R>> {
  /** Whether the statement returned rows. */
  readonly returnsRows: boolean;

  /**
   * @param shape how rows look.
   * @param rows raw rows, which the result takes over: arrays, or bare values when the shape says `scalar`.
   * @param closed the reason why the result cannot be read, for statements that return no rows.
   */
  constructor(shape: ResultShape, rows: unknown[] | RowSource, closed: string | null = null) {
    super(shape, rows instanceof RowSource ? rows : new RowSource(rows));
    this.returnsRows = closed === null;
    if (closed !== null) this.source.close(closed);
  }

  protected make(raw: unknown): RowOf<R> {
    const { kind } = this.shape;
    if (kind === "object") return rowMaker(this.shape).toObject(raw as unknown[]) as RowOf<R>;
    const row = kind === "scalar" ? [raw] : (raw as unknown[]);
    return Object.setPrototypeOf(row, rowMaker(this.shape).prototype) as RowOf<R>;
  }

  protected override makeAll(raws: unknown[]): RowOf<R>[] {
    const { shape } = this;
    const { prototype, toObject } = rowMaker(shape);
    if (shape.kind === "tuple") {
      for (let i = 0; i < raws.length; i++) Object.setPrototypeOf(raws[i], prototype);
    } else if (shape.kind === "object") {
      for (let i = 0; i < raws.length; i++) raws[i] = toObject(raws[i] as unknown[]);
    } else {
      for (let i = 0; i < raws.length; i++) raws[i] = Object.setPrototypeOf([raws[i]], prototype);
    }
    return raws as RowOf<R>[];
  }

  protected uniqueKey(raw: unknown): unknown {
    if (this.shape.kind === "scalar") {
      const by = this.shape.uniqueBy?.[0];
      return by ? by(raw) : uniqueValue(raw);
    }
    return tupleKey(this.shape, raw as unknown[]);
  }

  /** The names of the columns, in order. */
  keys(): readonly string[] {
    if (!this.returnsRows) this.source.check();
    return this.shape.keys;
  }

  /** The first column of the first row, or null when there is no row; the result is closed. */
  scalar(): FirstOf<R> | null {
    return this.scalars().first() as FirstOf<R> | null;
  }

  /** The first column of the only row. Throws NoResultFound or MultipleResultsFound. */
  scalarOne(): FirstOf<R> {
    return this.scalars().one() as FirstOf<R>;
  }

  /** The first column of the only row, or null when there is no row. Throws MultipleResultsFound. */
  scalarOneOrNone(): FirstOf<R> | null {
    return this.scalars().oneOrNone() as FirstOf<R> | null;
  }

  /**
   * The values of one column instead of rows.
   *
   * @param column its number from 0 (the default), or its name.
   */
  scalars<V = FirstOf<R>>(column: number | string = 0): ScalarResult<V> {
    this.source.check();
    return new ScalarResult<V>(this.shape, this.source, columnIndex(this.shape, column), this.uniqueness !== null);
  }

  /** Plain objects with all names instead of rows. */
  mappings(): MappingResult<MappingOf<R>> {
    this.source.check();
    return new MappingResult<MappingOf<R>>(this.shape, this.source, this.uniqueness !== null);
  }

  /** Rows of some of the columns, by number or name. */
  columns(...columns: readonly (number | string)[]): Result<unknown[]> {
    this.source.check();
    const picks = columns.map((column) => columnIndex(this.shape, column));
    const { shape } = this;
    const { uniqueBy } = shape;
    const picked: ResultShape = {
      keys: picks.map((at) => shape.keys[at] as string),
      kind: shape.kind === "object" ? "object" : "tuple",
      requiresUnique: shape.requiresUnique,
      uniqueBy: uniqueBy === undefined ? undefined : picks.map((at) => uniqueBy[at] ?? null),
    };
    const { source } = this;
    const rest = source.rows.slice(source.position);
    source.rows = [];
    source.position = 0;
    const rows = rest.map((raw) =>
      shape.kind === "scalar" ? picks.map(() => raw) : picks.map((at) => (raw as unknown[])[at]),
    );
    const result = new Result<unknown[]>(picked, rows);
    if (this.uniqueness !== null) result.unique();
    return result;
  }

  /** The same result; SQLAlchemy's `tuples()` exists for its types only, and so does this. */
  tuples(): this {
    return this;
  }

  /** Reads everything into an object from which equal results can be made again and again. */
  freeze(): FrozenResult<R> {
    this.source.check();
    const { source } = this;
    const rows = source.rows.slice(source.position);
    source.rows = [];
    source.position = 0;
    return new FrozenResult<R>(this.shape, rows, this.uniqueness !== null);
  }

  /** One result with the rows of this one and of the others, which must have the same columns. */
  merge(...others: readonly Result<R>[]): Result<R> {
    const rows: unknown[] = [];
    for (const result of [this, ...others]) {
      if (result.shape.keys.join("\0") !== this.shape.keys.join("\0")) {
        throw new InvalidRequestError(
          `Results with different columns cannot be merged: ${this.shape.keys.join(", ")} and ${result.shape.keys.join(", ")}`,
        );
      }
      result.source.check();
      for (let i = result.source.position; i < result.source.rows.length; i++) rows.push(result.source.rows[i]);
      result.source.close("This result object was merged into another.");
    }
    return new Result<R>(this.shape, rows);
  }
}

/** The values of one column. */
export class ScalarResult<T = unknown> extends Rows<T> {
  constructor(
    shape: ResultShape,
    source: RowSource,
    private readonly at: number,
    unique: boolean,
  ) {
    super(shape, source);
    if (unique) this.unique();
  }

  protected make(raw: unknown): T {
    return (this.shape.kind === "scalar" ? raw : (raw as unknown[])[this.at]) as T;
  }

  protected override makeAll(raws: unknown[]): T[] {
    // Bare values are what is asked for: the driver's or the loader's own array is handed out.
    if (this.shape.kind === "scalar") return raws as T[];
    const { at } = this;
    for (let i = 0; i < raws.length; i++) raws[i] = (raws[i] as unknown[])[at];
    return raws as T[];
  }

  protected uniqueKey(raw: unknown): unknown {
    const value = this.make(raw);
    const by = this.shape.uniqueBy?.[this.at];
    return by ? by(value) : uniqueValue(value);
  }
}

/** Rows as plain objects. */
export class MappingResult<T = Readonly<Record<string, unknown>>> extends Rows<T> {
  constructor(shape: ResultShape, source: RowSource, unique: boolean) {
    super(shape, source);
    if (unique) this.unique();
  }

  protected make(raw: unknown): T {
    return rowMaker(this.shape).toObject(this.shape.kind === "scalar" ? [raw] : (raw as unknown[])) as T;
  }

  protected uniqueKey(raw: unknown): unknown {
    return this.shape.kind === "scalar" ? raw : tupleKey(this.shape, raw as unknown[]);
  }

  /** The names of the columns, in order. */
  keys(): readonly string[] {
    return this.shape.keys;
  }

  /** Objects with some of the columns only. */
  columns(...columns: readonly (number | string)[]): MappingResult<Record<string, unknown>> {
    return new Result<unknown[]>(this.shape, this.source).columns(...columns).mappings() as MappingResult<
      Record<string, unknown>
    >;
  }
}

/** The rows of a result, kept: each {@link thaw} gives a fresh result over them. */
export class FrozenResult<R = readonly unknown[]> {
  constructor(
    readonly shape: ResultShape,
    /** The raw rows. */
    readonly data: readonly unknown[],
    private readonly isUnique: boolean = false,
  ) {}

  /** A new result with all rows. */
  thaw(): Result<R> {
    const rows = this.shape.kind === "scalar" ? [...this.data] : this.data.map((row) => [...(row as unknown[])]);
    const result = new Result<R>(this.shape, rows);
    return this.isUnique ? result.unique() : result;
  }

  /** The same columns with other raw rows. */
  withNewRows(rows: readonly unknown[]): FrozenResult<R> {
    return new FrozenResult<R>(this.shape, rows, this.isUnique);
  }
}

/** Why a result of a statement without rows cannot be read. */
const NO_ROWS_REASON =
  "This result object does not return rows. It has been closed automatically. " +
  "(An INSERT, UPDATE or DELETE returns rows when it has a returning(...) clause.)";

const NO_SHAPE: ResultShape = { keys: [], kind: "tuple" };

/** What an execution knows beside its rows. */
export interface CursorFacts {
  readonly rowcount: number;
  readonly lastrowid: number | bigint | null;
  readonly perSet: readonly number[] | null;
  readonly lastrowids: readonly (number | bigint)[] | null;
  /** Computes the keys of the inserted rows, or throws; null when the statement is no INSERT. */
  readonly insertedKeys: (() => readonly (Row | null)[]) | null;
  /** What `returnDefaults()` asked for, row by row; null or absent when nothing was asked. */
  readonly returnedDefaults?: readonly Row[] | null;
}

/** The result of a statement executed on a connection: rows, and what the database said about them. */
export class CursorResult<R = readonly unknown[]> extends Result<R> {
  constructor(
    shape: ResultShape | null,
    rows: unknown[],
    private readonly facts: CursorFacts,
  ) {
    super(shape ?? NO_SHAPE, rows, shape === null ? NO_ROWS_REASON : null);
  }

  /** Rows matched by an UPDATE or DELETE (changed or not), or inserted; -1 where the database does not tell. */
  get rowcount(): number {
    return this.facts.rowcount;
  }

  /** The row count of each parameter set of an executemany, or null where unknown. */
  get rowcounts(): readonly number[] | null {
    return this.facts.perSet;
  }

  /** The integer key of the last row inserted, on databases that tell (SQLite). */
  get lastrowid(): number | bigint | null {
    return this.facts.lastrowid;
  }

  /** Whether the statement was an INSERT. */
  get isInsert(): boolean {
    return this.facts.insertedKeys !== null;
  }

  /**
   * The primary key of the row inserted, as a row.
   * @throws InvalidRequestError when the statement was no INSERT of one row made by the expression language.
   */
  get insertedPrimaryKey(): Row | null {
    const rows = this.insertedPrimaryKeyRows;
    if (rows.length !== 1) {
      throw new InvalidRequestError(
        `insertedPrimaryKey is for an INSERT of one row, and this one inserted ${rows.length}; use insertedPrimaryKeyRows`,
      );
    }
    return rows[0] ?? null;
  }

  /** The primary keys of all rows inserted. Throws like {@link insertedPrimaryKey}. */
  get insertedPrimaryKeyRows(): readonly (Row | null)[] {
    if (this.facts.insertedKeys === null) {
      throw new InvalidRequestError("Statement is not an insert() expression construct.");
    }
    return this.facts.insertedKeys();
  }

  /**
   * The values that the database made of the row, as `returnDefaults()` of the statement asked; null where it asked for none, or
   * no row was written.
   *
   * @throws InvalidRequestError when several rows were written
   */
  get returnedDefaults(): (Row & Readonly<Record<string, unknown>>) | null {
    const rows = this.returnedDefaultsRows;
    if (rows !== null && rows.length > 1) {
      throw new InvalidRequestError(
        `returnedDefaults is for one row, and ${rows.length} were written; use returnedDefaultsRows`,
      );
    }
    return (rows?.[0] ?? null) as (Row & Readonly<Record<string, unknown>>) | null;
  }

  /** The same of all rows written, in the order of the parameter sets; null when `returnDefaults()` was not called. */
  get returnedDefaultsRows(): readonly Row[] | null {
    return this.facts.returnedDefaults ?? null;
  }
}

const noSource = new RowSource([]);
for (const sample of [
  noSource,
  new Result(NO_SHAPE, noSource),
  new ScalarResult(NO_SHAPE, noSource, 0, false),
  new MappingResult(NO_SHAPE, noSource, false),
  new CursorResult(null, [], { rowcount: -1, lastrowid: null, perSet: null, lastrowids: null, insertedKeys: null }),
])
  keepShape(sample);
