/**
 * INSERT of many rows as statements of several rows each: a row costs half of what it costs alone. The keys of all rows follow from the last one
 * where SQLite counts them up one by one, and it does so where no trigger meddles and the count is not at its end; elsewhere rows go one by one.
 */
import type { Statement } from "better-sqlite3";
import type { ValueRows } from "../../engine/driver.js";
import { InternalError } from "../../engine/errors.js";
import type { Compiled } from "../../sql/compiled.js";
import type { Insert } from "../../sql/dml/insert.js";
import { quoted } from "../../sql/identifiers.js";
import type { SqliteDatabase } from "./database.js";
import { ask, factsOf } from "./plain-table.js";

/** The parts of an INSERT of bare parameters, by which it is written for several rows. */
export interface RowInsert {
  /** `INSERT INTO users (name, age) VALUES ` */
  readonly head: string;
  /** `(?, ?)` */
  readonly tuple: string;
  readonly table: string;
  /** The column whose integers the database counts up; null for none. */
  readonly key: string | null;
}

const FORM = /^(INSERT INTO .+? \([^()]+\) VALUES )(\(\?(?:, \?)*\))$/;

/** The row form of a compiled statement; null for one that has none. */
export function rowInsertOf(compiled: Compiled): RowInsert | null {
  if (compiled.kind !== "insert" || compiled.returnsRows) return null;
  const form = FORM.exec(compiled.text);
  const { table } = compiled.statement as Insert;
  if (form === null || table.schema != null) return null;
  return {
    head: form[1] as string,
    tuple: form[2] as string,
    table: table.name,
    key: table.primaryKey.autoincrementColumn?.name ?? null,
  };
}

/** Fewer rows than this go one by one. */
const FEW = 8;
/** So many values of one statement are no burden; the server's own limit is 32,766. */
const VALUES = 1000;
const MANY = 64;

/** What became of rows that went together. */
export interface RowsInserted {
  readonly rowcount: number;
  readonly lastrowids: (number | bigint)[];
}

/** How many rows statements hold, the greatest first. */
function sizes(width: number): readonly number[] {
  const most = Math.min(MANY, Math.floor(VALUES / width));
  return most > FEW ? [most, FEW] : [];
}

/**
 * Inserts rows several at once, as far as they fill statements.
 *
 * @param one inserts rows from one place to another one by one, and says more of an error than a statement of several rows can
 * @returns null where the rows have to go one by one
 */
export function insertRows(
  database: SqliteDatabase,
  insert: RowInsert,
  rows: ValueRows,
  one: (from: number, to: number, into: RowsInserted) => RowsInserted,
): RowsInserted | null {
  const { columns, length } = rows;
  const width = columns.length;
  if (length < FEW || width === 0) return null;
  let last = 0;
  if (rows.wantsKeys) {
    const counted = lastKey(database, insert);
    if (counted === null || counted > Number.MAX_SAFE_INTEGER - length) return null;
    last = counted;
  }
  let done: RowsInserted = { rowcount: 0, lastrowids: [] };
  let at = 0;
  for (const size of sizes(width)) {
    if (length - at < size) continue;
    const { statement } = database.prepare(textOf(insert, size));
    // One array for all statements of a size.
    const bound: unknown[] = new Array(size * width);
    for (; length - at >= size; at += size) {
      let made: ReturnType<Statement["run"]>;
      try {
        for (let column = 0; column < width; column++) {
          const values = columns[column];
          for (let i = column, row = at; i < bound.length; i += width, row++) bound[i] = values[row];
        }
        made = statement.run(...bound);
      } catch (error) {
        // The statement has left nothing behind. Row by row it is found out whose error it is.
        if (!database.raw.inTransaction) throw error;
        done = one(at, at + size, done);
        last = done.lastrowids[done.lastrowids.length - 1] as number;
        continue;
      }
      done = { rowcount: done.rowcount + made.changes, lastrowids: done.lastrowids };
      if (!rows.wantsKeys) continue;
      const end = made.lastInsertRowid as number;
      if (end < last + made.changes) throw miscounted(insert);
      for (let key = end - made.changes + 1; key <= end; key++) done.lastrowids.push(key);
      last = end;
    }
  }
  return at < length ? one(at, length, done) : done;
}

const texts = new WeakMap<RowInsert, Map<number, string>>();

function textOf(insert: RowInsert, size: number): string {
  let known = texts.get(insert);
  if (known === undefined) {
    known = new Map();
    texts.set(insert, known);
  }
  let text = known.get(size);
  if (text === undefined) {
    text = insert.head + new Array<string>(size).fill(insert.tuple).join(", ");
    known.set(size, text);
  }
  return text;
}

/** The greatest key of a table whose keys are counted up one by one; null for any other table. Inside a transaction that writes. */
function lastKey(database: SqliteDatabase, { table, key }: RowInsert): number | null {
  if (key === null) return null;
  const { isPlain, hasTriggers } = factsOf(database, table, key);
  if (!isPlain || hasTriggers) return null;
  const greatest = ask(database, `SELECT max(${quoted(key)}) FROM ${quoted(table)}`);
  return greatest === null ? 0 : Math.max(0, Number(greatest));
}

function miscounted({ table }: RowInsert): InternalError {
  return new InternalError(
    `SQLite has not counted the keys of "${table}" up one by one, so that they are not known. Roll back; this is a fault of Athanor's.`,
    null,
  );
}
