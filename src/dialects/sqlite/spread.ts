/** How the values of indexed columns are spread, as ANALYZE has found: whether the value that a statement is given can decide how it is best run. */
import type { Database as RawDatabase } from "better-sqlite3";
import { quoted } from "../../sql/identifiers.js";

/** How many times as many rows as another a value may have and still be like it. */
const ALIKE = 4;
/** So many rows are found quickly in any way. */
const FEW = 16;

export class Spread {
  private constructor(
    /** Whether the planner looks at values at all. */
    private readonly isSampled: boolean,
    /** What a statement may not mention: tables with frequent and rare values or with a partial index, and the views that may stand for them. */
    private readonly uneven: readonly string[],
  ) {}

  /** Reads what ANALYZE has left in a database and those attached to it. */
  static read(raw: RawDatabase): Spread {
    const names = (sql: string, ...values: string[]): string[] =>
      raw
        .prepare(sql)
        .pluck()
        .all(...values) as string[];
    const schemas = names("SELECT name FROM pragma_database_list");
    const sampled = schemas.filter((schema) => names(SAMPLES(schema)).length > 0);
    if (sampled.length === 0) return new Spread(false, []);
    const uneven = [
      ...sampled.flatMap((schema) => unevenTables(raw, schema)),
      ...schemas.flatMap((schema) => names(PARTIALLY_INDEXED(schema), schema)),
    ];
    if (uneven.length > 0) uneven.push(...schemas.flatMap((schema) => names(VIEWS(schema))));
    return new Spread(true, [...new Set(uneven.map(asWritten))]);
  }

  /** Whether the planner looks at the values that a statement compares with, and finds the same with each. */
  isEvenFor(text: string): boolean {
    if (!this.isSampled) return false;
    const written = text.toLowerCase();
    return !this.uneven.some((name) => written.includes(name));
  }
}

const master = (schema: string): string => `${quoted(schema)}.sqlite_master`;
const SAMPLES = (schema: string): string => `SELECT name FROM ${master(schema)} WHERE name = 'sqlite_stat4'`;
const COUNTS = (schema: string): string =>
  `SELECT tbl, stat, neq FROM ${quoted(schema)}.sqlite_stat1 JOIN (SELECT DISTINCT tbl, idx, neq FROM ${quoted(schema)}.sqlite_stat4) USING (tbl, idx)`;
// What a partial index holds is compared with the values too.
const PARTIALLY_INDEXED = (schema: string): string =>
  `SELECT name FROM ${master(schema)} AS t WHERE type = 'table' AND EXISTS (SELECT 1 FROM pragma_index_list(t.name, ?) WHERE partial)`;
const VIEWS = (schema: string): string => `SELECT name FROM ${master(schema)} WHERE type = 'view'`;

/** The tables that have an index with values, or beginnings of several, of which some have many times the rows of others. */
function unevenTables(raw: RawDatabase, schema: string): string[] {
  const found = raw.prepare(COUNTS(schema)).raw().all() as [table: string, averages: string, counts: string][];
  // The averages come after the number of all rows; the last count may be of whole rows, which has no average.
  return found
    .filter(([, averages, counts]) => !areAlike(numbersIn(averages).slice(1), numbersIn(counts)))
    .map(([table]) => table);
}

function areAlike(averages: readonly number[], counts: readonly number[]): boolean {
  return averages.every((average, i) => {
    const one = Math.max(average, FEW);
    const other = Math.max(counts[i] ?? average, FEW);
    return one <= other * ALIKE && other <= one * ALIKE;
  });
}

/** Behind the numbers there may be words. */
function numbersIn(text: string): number[] {
  return text.split(" ").map(Number).filter(Number.isFinite);
}

/** A name as it stands in a statement, whether or not it is quoted there. */
function asWritten(name: string): string {
  return quoted(name.toLowerCase()).slice(1, -1);
}
