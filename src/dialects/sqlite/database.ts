/** One open better-sqlite3 database: prepared statements, kept, and the cursors that are open on it. */
import type { Database as RawDatabase, Statement } from "better-sqlite3";
import type { DriverCursor, DriverPlan } from "../../engine/driver.js";
import { LRUCache } from "../../sql/cache.js";

/** A prepared statement and what is known of it. */
export interface Prepared {
  readonly statement: Statement<unknown[], unknown>;
  /** Whether it returns rows. */
  readonly reader: boolean;
  readonly readonly: boolean;
  columns: readonly string[];
  /** Whether it gives integers as bigint at present. */
  exact: boolean;
}

// Statements after which others may mean something else.
const CHANGES_SCHEMA = /^\s*(create|alter|drop|attach|detach|pragma|reindex|vacuum)\b/i;

export class SqliteDatabase {
  readonly #statements: LRUCache<string, Prepared>;
  readonly cursors = new Set<SqliteCursor>();

  constructor(
    readonly raw: RawDatabase,
    statementCacheSize: number,
  ) {
    this.#statements = new LRUCache(statementCacheSize);
  }

  prepare(text: string): Prepared {
    const known = this.#statements.get(text);
    if (known !== undefined) return known;
    const prepared = this.prepareFresh(text);
    if (CHANGES_SCHEMA.test(text)) this.#statements.clear();
    else this.#statements.set(text, prepared);
    return prepared;
  }

  /** A statement that changes nothing, whatever word it begins with. */
  kept(text: string): Prepared {
    let known = this.#statements.get(text);
    if (known === undefined) {
      known = this.prepareFresh(text);
      this.#statements.set(text, known);
    }
    return known;
  }

  /** A statement that nobody else runs: a cursor keeps its statement busy. */
  prepareFresh(text: string): Prepared {
    const statement = this.raw.prepare(text) as Statement<unknown[], unknown>;
    const { reader } = statement;
    if (reader) statement.raw(true);
    return {
      statement,
      reader,
      readonly: statement.readonly,
      columns: reader ? statement.columns().map((column) => column.name) : [],
      exact: false,
    };
  }

  /** While a cursor is open, the database refuses everything but reads: the open ones are read to their ends first. */
  drainCursors(): void {
    for (const cursor of this.cursors) cursor.drain();
  }
}

/** Sets how a statement gives integers. */
export function setExact(prepared: Prepared, plan: DriverPlan): void {
  const exact = plan.integers !== "number";
  if (prepared.exact === exact) return;
  prepared.statement.safeIntegers(exact);
  prepared.exact = exact;
}

/** Turns the bigints of exactly read rows into numbers where numbers are meant. In place. */
export function narrowIntegers(rows: unknown[][], integers: DriverPlan["integers"]): void {
  if (integers === "number") return;
  if (integers === "exact") {
    for (const row of rows) {
      for (let i = 0; i < row.length; i++) {
        const value = row[i];
        if (typeof value === "bigint") {
          const number = Number(value);
          if (Number.isSafeInteger(number)) row[i] = number;
        }
      }
    }
    return;
  }
  for (const row of rows) {
    for (let i = 0; i < row.length; i++) {
      if (integers[i] !== true && typeof row[i] === "bigint") row[i] = Number(row[i]);
    }
  }
}

/** A cursor over better-sqlite3's `iterate()`. */
export class SqliteCursor implements DriverCursor {
  readonly columns: readonly string[];
  #iterator: IterableIterator<unknown> | null;
  #buffer: unknown[][] = [];
  #position = 0;

  constructor(
    private readonly database: SqliteDatabase,
    /** The connection that opened it, and closes it when it is returned. */
    readonly owner: object,
    private readonly plan: DriverPlan,
    params: readonly unknown[],
  ) {
    const prepared = database.prepareFresh(plan.text);
    this.columns = prepared.columns;
    if (!prepared.readonly) {
      // INSERT ... RETURNING and its like do all their work at once, and must not leave the database busy.
      database.drainCursors();
      setExact(prepared, plan);
      this.#buffer = prepared.statement.all(...params) as unknown[][];
      this.#iterator = null;
      return;
    }
    setExact(prepared, plan);
    this.#iterator = prepared.statement.iterate(...params);
    database.cursors.add(this);
  }

  fetch(count: number): unknown[][] {
    return this.fetchSync(count);
  }

  fetchSync(count: number): unknown[][] {
    const rows: unknown[][] = [];
    while (rows.length < count && this.#position < this.#buffer.length)
      rows.push(this.#buffer[this.#position++] as unknown[]);
    if (this.#position > 0 && this.#position === this.#buffer.length) {
      this.#buffer = [];
      this.#position = 0;
    }
    const iterator = this.#iterator;
    if (iterator !== null) {
      try {
        while (rows.length < count) {
          const step = iterator.next();
          if (step.done === true) {
            this.#finish();
            break;
          }
          rows.push(step.value as unknown[]);
        }
      } catch (error) {
        this.#finish();
        throw error;
      }
    }
    narrowIntegers(rows, this.plan.integers);
    return rows;
  }

  /** Reads everything that is left into memory, so that the database is free. */
  drain(): void {
    const iterator = this.#iterator;
    if (iterator === null) return;
    const rest = this.#buffer.slice(this.#position);
    for (const row of iterator) rest.push(row as unknown[]);
    this.#buffer = rest;
    this.#position = 0;
    this.#finish();
  }

  close(): void {
    this.closeSync();
  }

  closeSync(): void {
    this.#buffer = [];
    this.#position = 0;
    const iterator = this.#iterator;
    if (iterator === null) return;
    this.#finish();
    iterator.return?.();
  }

  #finish(): void {
    this.#iterator = null;
    this.database.cursors.delete(this);
  }
}
