/** What Result, ScalarResult and MappingResult share: one source of raw rows, and a view that makes values of them. */
import { MultipleResultsFound, NoResultFound, ResourceClosedError } from "../sql/errors.js";
import { type ResultShape, uniqueNeeded } from "./row.js";

/** The rows of one execution, not yet handed out. Shared by all views of a result. */
export class RowSource {
  /** The next row to hand out. */
  position = 0;
  /** No more reading: the reason. */
  closedReason: string | null = null;
  /** How many rows `partitions()` and `fetchmany()` give without an argument. */
  chunk: number | null = null;

  constructor(public rows: unknown[]) {}

  /** Ends the source for good; reading from it is an error from now on. */
  close(reason = "This result object is closed."): void {
    this.closedReason ??= reason;
    this.rows = [];
    this.position = 0;
  }

  /** Throws when the source is closed. */
  check(): void {
    if (this.closedReason !== null) throw new ResourceClosedError(this.closedReason);
  }
}

/** The seen keys of `unique()`. */
export interface Uniqueness {
  readonly seen: Set<unknown>;
  /** Makes the key by which a raw row is compared; undefined: by the shape. */
  readonly by: ((value: never) => unknown) | undefined;
}

const objectIds = new WeakMap<object, number>();
let nextObjectId = 0;

/** A value that is the same for equal column values: objects by identity, dates and bytes by their content. */
export function uniqueValue(value: unknown): unknown {
  if (value instanceof Date) return `d${value.getTime()}`;
  if (value instanceof Uint8Array)
    return `b${Buffer.from(value.buffer, value.byteOffset, value.length).toString("hex")}`;
  return value;
}

/** The key of a whole tuple. */
export function tupleKey(shape: ResultShape, row: readonly unknown[]): unknown {
  const by = shape.uniqueBy;
  if (row.length === 1) return by?.[0] ? by[0](row[0]) : uniqueValue(row[0]);
  let key = "";
  for (let i = 0; i < row.length; i++) {
    const make = by?.[i];
    const value = make ? make(row[i]) : uniqueValue(row[i]);
    const text = typeof value === "object" && value !== null ? `o${objectId(value)}` : String(value);
    // The length keeps ("a", "bc") and ("ab", "c") apart, the type 1 and "1".
    key += `${typeof value}${text.length}:${text};`;
  }
  return key;
}

function objectId(object: object): number {
  let id = objectIds.get(object);
  if (id === undefined) {
    id = ++nextObjectId;
    objectIds.set(object, id);
  }
  return id;
}

/** The text of the errors of `one()` and its like. */
export const NO_ROW = "No row was found when one was required";
export const MANY_ROWS = "Multiple rows were found when exactly one was required";
export const MANY_ROWS_OR_NONE = "Multiple rows were found when one or none was required";

/**
 * A view over rows. `T` is what it hands out.
 *
 * A view that was read to its end gives nothing more (`all()` is `[]`, `fetchone()` null); after `first()`, `one()`,
 * `scalar()` and their like, and after `close()`, reading is a ResourceClosedError.
 */
export abstract class Rows<T> implements Iterable<T> {
  protected uniqueness: Uniqueness | null = null;

  constructor(
    protected readonly shape: ResultShape,
    protected readonly source: RowSource,
  ) {}

  /** Makes what is handed out of one raw row. */
  protected abstract make(raw: unknown): T;

  /** The same for many; `raws` belongs to the caller and may be changed and returned. */
  protected makeAll(raws: unknown[]): T[] {
    const made = raws as T[];
    for (let i = 0; i < raws.length; i++) made[i] = this.make(raws[i]);
    return made;
  }

  /** The key that tells a raw row from others. */
  protected abstract uniqueKey(raw: unknown): unknown;

  /** Whether the result was closed: by `close()`, by `first()` and its like, or since it never had rows. */
  get closed(): boolean {
    return this.source.closedReason !== null;
  }

  /** Closes the result: what was not read is dropped. */
  close(): void {
    this.source.close();
  }

  /**
   * Leaves out what was already handed out.
   *
   * @param strategy makes the value by which elements are compared; by default rows are compared by their values and
   * entities by identity.
   */
  unique(strategy?: (value: T) => unknown): this {
    this.uniqueness = { seen: new Set(), by: strategy as ((value: never) => unknown) | undefined };
    return this;
  }

  /** Sets how many elements `partitions()` and `fetchmany()` give without an argument. */
  yieldPer(count: number): this {
    this.source.chunk = count;
    return this;
  }

  /** Everything that is left. */
  all(): T[] {
    this.#checkReadable();
    const { source } = this;
    let rest: unknown[];
    if (source.position === 0) {
      rest = source.rows;
      source.rows = [];
    } else {
      rest = source.rows.slice(source.position);
      source.rows = [];
      source.position = 0;
    }
    if (this.uniqueness !== null) rest = rest.filter((raw) => this.#isNew(raw));
    return this.makeAll(rest);
  }

  /** The same as {@link all}; Python's name. */
  fetchall(): T[] {
    return this.all();
  }

  /** The next element, or null when there is none. */
  fetchone(): T | null {
    this.#checkReadable();
    const raw = this.#next();
    return raw === END ? null : this.make(raw);
  }

  /** Up to `count` further elements, by default as many as `yieldPer` said, or all. */
  fetchmany(count?: number): T[] {
    const wanted = count ?? this.source.chunk;
    if (wanted === null) return this.all();
    this.#checkReadable();
    const found: T[] = [];
    while (found.length < wanted) {
      const raw = this.#next();
      if (raw === END) break;
      found.push(this.make(raw));
    }
    return found;
  }

  /** Goes through what is left in lists of up to `size` elements. */
  *partitions(size?: number): IterableIterator<T[]> {
    for (;;) {
      const part = this.fetchmany(size);
      if (part.length === 0) return;
      yield part;
    }
  }

  *[Symbol.iterator](): IterableIterator<T> {
    for (;;) {
      this.#checkReadable();
      const raw = this.#next();
      if (raw === END) return;
      yield this.make(raw);
    }
  }

  /** The first element or null; the rest is dropped and the result is closed. */
  first(): T | null {
    this.#checkReadable();
    const raw = this.#next();
    this.source.close();
    return raw === END ? null : this.make(raw);
  }

  /** The only element. Throws NoResultFound when there is none and MultipleResultsFound when there are more. */
  one(): T {
    const raw = this.only(true);
    return this.make(raw);
  }

  /** The only element, or null when there is none. Throws MultipleResultsFound when there are more. */
  oneOrNone(): T | null {
    const raw = this.only(false);
    return raw === END ? null : this.make(raw);
  }

  [Symbol.dispose](): void {
    this.close();
  }

  /** The only raw row, or END when none is required and none there. Closes the result. */
  protected only(required: boolean): unknown {
    this.#checkReadable();
    const raw = this.#next();
    if (raw === END) {
      this.source.close();
      if (required) throw new NoResultFound(NO_ROW);
      return END;
    }
    // With unique(), a second row that is equal to the first is no second row: #next skips it.
    const another = this.#next();
    this.source.close();
    if (another !== END) throw new MultipleResultsFound(required ? MANY_ROWS : MANY_ROWS_OR_NONE);
    return raw;
  }

  #checkReadable(): void {
    this.source.check();
    if (this.shape.requiresUnique !== undefined && this.uniqueness === null) {
      throw uniqueNeeded(this.shape.requiresUnique);
    }
  }

  #next(): unknown {
    const { source } = this;
    for (;;) {
      if (source.position >= source.rows.length) {
        source.rows = [];
        source.position = 0;
        return END;
      }
      const raw = source.rows[source.position++];
      if (this.uniqueness === null || this.#isNew(raw)) return raw;
    }
  }

  #isNew(raw: unknown): boolean {
    const { seen, by } = this.uniqueness as Uniqueness;
    const key = by === undefined ? this.uniqueKey(raw) : by(this.make(raw) as never);
    const before = seen.size;
    return seen.add(key).size !== before;
  }
}

/** Stands for "no more rows". */
const END: unique symbol = Symbol("end");
