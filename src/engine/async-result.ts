/** Streamed results: rows come from a server-side cursor as they are asked for. */
import { MultipleResultsFound, NoResultFound, ResourceClosedError } from "../sql/errors.js";
import { BREATHE } from "./io.js";
import type { FirstOf, MappingOf, RowOf } from "./result.js";
import { MANY_ROWS, MANY_ROWS_OR_NONE, NO_ROW, tupleKey, uniqueValue } from "./result-rows.js";
import { columnIndex, type ResultShape, type RowMaker, rowMaker, uniqueNeeded } from "./row.js";
import { END, RowIteration } from "./row-iteration.js";

/** Where streamed rows come from. */
export interface RowStream {
  /** Up to `count` further raw rows; fewer only at the end. */
  fetch(count: number): Promise<unknown[]>;
  close(): Promise<void>;
}

/** The stream and what was fetched of it and not handed out. Shared by all views of a result. */
class StreamSource {
  buffer: unknown[] = [];
  position = 0;
  ended = false;
  closedReason: string | null = null;
  /** How many rows a fetch brings. */
  chunk: number;

  constructor(
    readonly stream: RowStream,
    chunk: number,
  ) {
    this.chunk = chunk;
  }

  check(): void {
    if (this.closedReason !== null) throw new ResourceClosedError(this.closedReason);
  }

  /** Sees to it that there is a row at `position`; false at the end. */
  async fill(count: number): Promise<boolean> {
    if (this.position < this.buffer.length) return true;
    if (this.ended) return false;
    this.position = 0;
    this.buffer = [];
    // Timers and sockets have their turn between partitions.
    await BREATHE.async();
    this.buffer = await this.stream.fetch(count);
    if (this.buffer.length < count) {
      this.ended = true;
      await this.stream.close();
    }
    return this.buffer.length > 0;
  }

  async close(): Promise<void> {
    this.closedReason ??= "This result object is closed.";
    this.buffer = [];
    this.position = 0;
    if (this.ended) return;
    this.ended = true;
    await this.stream.close();
  }
}

/** What the three kinds of streamed results share. The cursor is closed at the end, on `break`, and on a throw. */
abstract class AsyncRows<T> implements AsyncIterable<T> {
  #maker: RowMaker | null = null;
  protected seen: Set<unknown> | null = null;
  protected uniqueBy: ((value: T) => unknown) | undefined;
  #yieldPer: number | null = null;

  constructor(
    protected readonly shape: ResultShape,
    protected readonly source: StreamSource,
  ) {}

  protected get maker(): RowMaker {
    this.#maker ??= rowMaker(this.shape);
    return this.#maker;
  }

  protected abstract make(raw: unknown): T;
  protected abstract uniqueKey(raw: unknown): unknown;

  /** Whether the result was closed. */
  get closed(): boolean {
    return this.source.closedReason !== null;
  }

  /** Closes the cursor. */
  async close(): Promise<void> {
    await this.source.close();
  }

  /** Leaves out what was already handed out. Keeps a key for each element seen. */
  unique(strategy?: (value: T) => unknown): this {
    this.seen = new Set();
    this.uniqueBy = strategy;
    return this;
  }

  /** Rows for each fetch, and the size of partitions. */
  yieldPer(count: number): this {
    this.#yieldPer = count;
    this.source.chunk = count;
    return this;
  }

  /** The next element, or null at the end. */
  async fetchone(): Promise<T | null> {
    const raw = await this.#next();
    return raw === END ? null : this.make(raw);
  }

  /** Up to `count` further elements, by default as many as a fetch brings. */
  async fetchmany(count?: number): Promise<T[]> {
    const wanted = count ?? this.#yieldPer ?? this.source.chunk;
    const found: T[] = [];
    while (found.length < wanted) {
      const raw = await this.#next(Math.max(wanted - found.length, 1));
      if (raw === END) break;
      found.push(this.make(raw));
      // What is there needs no await.
      while (found.length < wanted) {
        const more = this.#buffered();
        if (more === END) break;
        found.push(this.make(more));
      }
    }
    return found;
  }

  /** Everything that is left. */
  async all(): Promise<T[]> {
    const found: T[] = [];
    for (;;) {
      const part = await this.fetchmany(Math.max(this.source.chunk, 1));
      if (part.length === 0) return found;
      for (const value of part) found.push(value);
    }
  }

  /** The same as {@link all}; Python's name. */
  fetchall(): Promise<T[]> {
    return this.all();
  }

  /** The first element or null; closes the result. */
  async first(): Promise<T | null> {
    const raw = await this.#next();
    await this.source.close();
    return raw === END ? null : this.make(raw);
  }

  /** The only element. Throws NoResultFound or MultipleResultsFound. */
  async one(): Promise<T> {
    const raw = await this.#only(true);
    return this.make(raw);
  }

  /** The only element, or null. Throws MultipleResultsFound. */
  async oneOrNone(): Promise<T | null> {
    const raw = await this.#only(false);
    return raw === END ? null : this.make(raw);
  }

  /** Lists of up to `size` elements, until the end. */
  async *partitions(size?: number): AsyncIterableIterator<T[]> {
    try {
      for (;;) {
        const part = await this.fetchmany(size);
        if (part.length === 0) return;
        yield part;
      }
    } finally {
      await this.#stop();
    }
  }

  [Symbol.asyncIterator](): AsyncIterableIterator<T> {
    return new RowIteration<T>({
      take: () => {
        const raw = this.#buffered();
        return raw === END ? END : this.make(raw);
      },
      fetch: async () => {
        const raw = await this.#next();
        return raw === END ? END : this.make(raw);
      },
      stop: () => this.#stop(),
    });
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.close();
  }

  // Leaving a loop early gives the cursor up; at the end there is nothing to give up, and reading on gives nothing.
  async #stop(): Promise<void> {
    if (!this.source.ended || this.source.position < this.source.buffer.length) await this.source.close();
  }

  #check(): void {
    this.source.check();
    if (this.shape.requiresUnique !== undefined && this.seen === null) {
      throw uniqueNeeded(this.shape.requiresUnique);
    }
  }

  #buffered(): unknown {
    const { source } = this;
    while (source.position < source.buffer.length) {
      const raw = source.buffer[source.position++];
      if (this.seen === null || this.#isNew(raw)) return raw;
    }
    return END;
  }

  async #next(atLeast = 1): Promise<unknown> {
    this.#check();
    const { source } = this;
    while (await source.fill(Math.max(source.chunk, atLeast))) {
      const raw = this.#buffered();
      if (raw !== END) return raw;
    }
    return END;
  }

  async #only(required: boolean): Promise<unknown> {
    const raw = await this.#next();
    if (raw === END) {
      await this.source.close();
      if (required) throw new NoResultFound(NO_ROW);
      return END;
    }
    const another = await this.#next();
    await this.source.close();
    if (another !== END) throw new MultipleResultsFound(required ? MANY_ROWS : MANY_ROWS_OR_NONE);
    return raw;
  }

  #isNew(raw: unknown): boolean {
    const seen = this.seen as Set<unknown>;
    const key = this.uniqueBy === undefined ? this.uniqueKey(raw) : this.uniqueBy(this.make(raw));
    const before = seen.size;
    return seen.add(key).size !== before;
  }
}

/**
 * Rows from a server-side cursor.
 *
 * @example
 * const result = await conn.stream(select(events));
 * for await (const row of result) handle(row);
 */
export class AsyncResult<R = readonly unknown[]> extends AsyncRows<RowOf<R>> {
  /** @param chunk rows that each fetch brings. */
  constructor(shape: ResultShape, source: RowStream | StreamSource, chunk = 1000) {
    super(shape, source instanceof StreamSource ? source : new StreamSource(source, chunk));
  }

  protected make(raw: unknown): RowOf<R> {
    const { kind } = this.shape;
    if (kind === "object") return this.maker.toObject(raw as unknown[]) as RowOf<R>;
    return Object.setPrototypeOf(kind === "scalar" ? [raw] : raw, this.maker.prototype) as RowOf<R>;
  }

  protected uniqueKey(raw: unknown): unknown {
    if (this.shape.kind !== "scalar") return tupleKey(this.shape, raw as unknown[]);
    const by = this.shape.uniqueBy?.[0];
    return by ? by(raw) : uniqueValue(raw);
  }

  /** The names of the columns. */
  keys(): readonly string[] {
    return this.shape.keys;
  }

  /** The first column of the first row, or null; closes the result. */
  async scalar(): Promise<FirstOf<R> | null> {
    return this.scalars().first();
  }

  /** The first column of the only row. */
  async scalarOne(): Promise<FirstOf<R>> {
    return this.scalars().one();
  }

  /** The first column of the only row, or null. */
  async scalarOneOrNone(): Promise<FirstOf<R> | null> {
    return this.scalars().oneOrNone();
  }

  /** The values of one column. */
  scalars<V = FirstOf<R>>(column: number | string = 0): AsyncScalarResult<V> {
    const view = new AsyncScalarResult<V>(this.shape, this.source, columnIndex(this.shape, column));
    return this.seen === null ? view : view.unique();
  }

  /** Plain objects with all names. */
  mappings(): AsyncMappingResult<MappingOf<R>> {
    const view = new AsyncMappingResult<MappingOf<R>>(this.shape, this.source);
    return this.seen === null ? view : view.unique();
  }

  /** Rows of some of the columns, by number or name. */
  columns(...columns: readonly (number | string)[]): AsyncResult<unknown[]> {
    const picks = columns.map((column) => columnIndex(this.shape, column));
    const { shape, source } = this;
    const picked: ResultShape = { ...shape, keys: picks.map((at) => shape.keys[at] as string), uniqueBy: undefined };
    const pick = (raw: unknown) => (shape.kind === "scalar" ? raw : picks.map((at) => (raw as unknown[])[at]));
    const stream: RowStream = {
      async fetch(count) {
        source.check();
        const rows: unknown[] = [];
        while (rows.length < count && (await source.fill(count))) {
          while (rows.length < count && source.position < source.buffer.length)
            rows.push(pick(source.buffer[source.position++]));
        }
        return rows;
      },
      close: () => source.close(),
    };
    const view = new AsyncResult<unknown[]>(picked, stream, source.chunk);
    return this.seen === null ? view : view.unique();
  }

  /** The same result; it exists for SQLAlchemy's readers. */
  tuples(): this {
    return this;
  }
}

/** The values of one column, streamed. */
export class AsyncScalarResult<T = unknown> extends AsyncRows<T> {
  constructor(
    shape: ResultShape,
    source: StreamSource,
    private readonly at: number,
  ) {
    super(shape, source);
  }

  protected make(raw: unknown): T {
    return (this.shape.kind === "scalar" ? raw : (raw as unknown[])[this.at]) as T;
  }

  protected uniqueKey(raw: unknown): unknown {
    const by = this.shape.uniqueBy?.[this.at];
    const value = this.make(raw);
    return by ? by(value) : uniqueValue(value);
  }
}

/** Rows as plain objects, streamed. */
export class AsyncMappingResult<T = Readonly<Record<string, unknown>>> extends AsyncRows<T> {
  protected make(raw: unknown): T {
    return this.maker.toObject(this.shape.kind === "scalar" ? [raw] : (raw as unknown[])) as T;
  }

  protected uniqueKey(raw: unknown): unknown {
    return this.shape.kind === "scalar" ? raw : tupleKey(this.shape, raw as unknown[]);
  }

  /** The names of the columns. */
  keys(): readonly string[] {
    return this.shape.keys;
  }
}
