/** One open better-sqlite3 database: prepared statements, kept, and the cursors that are open on it. */
import type { Database as RawDatabase, Statement } from "better-sqlite3";
import type { DriverPlan } from "../../engine/driver.js";
import { LRUCache } from "../../sql/cache.js";
import { Spread } from "./spread.js";
import { steadyEquals, steadyLimit } from "./steady-plan.js";

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
const CHANGES_SCHEMA = /^\s*(create|alter|drop|attach|detach|pragma|reindex|vacuum|analyze)\b/i;

/** What keeps a database from everything but reads. */
export interface OpenCursor {
  /** The connection that opened it, and closes it when it is returned. */
  readonly owner: object;
  /** Reads everything that is left into memory, so that the database is free. */
  drain(): void;
  closeSync(): void;
}

export class SqliteDatabase {
  readonly #statements: LRUCache<string, Prepared>;
  readonly cursors = new Set<OpenCursor>();
  /** As the database had it when the first statement asked. */
  #spread: Spread | null = null;

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
    if (CHANGES_SCHEMA.test(text)) {
      this.#statements.clear();
      this.#spread = null;
    } else this.#statements.set(text, prepared);
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
    const statement = this.raw.prepare(this.#steady(text)) as Statement<unknown[], unknown>;
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

  /** A statement as SQLite plans it once. */
  #steady(text: string): string {
    const limited = steadyLimit(text);
    const compared = steadyEquals(limited);
    if (compared === limited) return limited;
    this.#spread ??= Spread.read(this.raw);
    return this.#spread.isEvenFor(limited) ? compared : limited;
  }

  /** While a cursor is open, the database refuses everything but reads: the open ones are read to their ends first. */
  drainCursors(): void {
    for (const cursor of this.cursors) cursor.drain();
  }
}

/** Sets how a statement gives integers. */
export function setExact(prepared: Prepared, plan: DriverPlan): Prepared {
  const exact = plan.integers !== "number";
  if (prepared.exact === exact) return prepared;
  prepared.statement.safeIntegers(exact);
  prepared.exact = exact;
  return prepared;
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
