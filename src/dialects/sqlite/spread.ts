/** How the values of indexed columns are spread, as ANALYZE has found: whether the value that a statement is given can decide how it is best run. */
import type { Database as RawDatabase } from "better-sqlite3";

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
    const schemas = raw.prepare("SELECT name FROM pragma_database_list").pluck().all() as string[];
    const sampled = schemas.map(quote).filter((schema) => raw.prepare(SAMPLES(schema)).get() !== undefined);
    if (sampled.length === 0) return new Spread(false, []);
    const tables = sampled.flatMap((schema) => unevenTables(raw, schema));
    const names = schemas.flatMap(
      (schema) =>
        raw
          .prepare(PARTIALLY_INDEXED(quote(schema)))
          .pluck()
          .all(schema) as string[],
    );
    const uneven = [...tables, ...names];
    if (uneven.length > 0)
      for (const schema of schemas)
        uneven.push(
          ...(raw
            .prepare(VIEWS(quote(schema)))
            .pluck()
            .all() as string[]),
        );
    return new Spread(true, [...new Set(uneven.map(asWritten))]);
  }

  /** Whether the planner looks at the values that a statement compares with, and finds the same with each. */
  isEvenFor(text: string): boolean {
    if (!this.isSampled) return false;
    const written = text.toLowerCase();
    return !this.uneven.some((name) => written.includes(name));
  }
}

const SAMPLES = (schema: string): string => `SELECT 1 FROM ${schema}.sqlite_master WHERE name = 'sqlite_stat4'`;
const COUNTS = (schema: string): string =>
  `SELECT tbl, stat, neq FROM ${schema}.sqlite_stat1 JOIN (SELECT DISTINCT tbl, idx, neq FROM ${schema}.sqlite_stat4) USING (tbl, idx)`;
// What a partial index holds is compared with the values too.
const PARTIALLY_INDEXED = (schema: string): string =>
  `SELECT name FROM ${schema}.sqlite_master AS t WHERE type = 'table' AND EXISTS (SELECT 1 FROM pragma_index_list(t.name, ?) WHERE partial)`;
const VIEWS = (schema: string): string => `SELECT name FROM ${schema}.sqlite_master WHERE type = 'view'`;

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

function quote(name: string): string {
  return `"${name.replaceAll('"', '""')}"`;
}

/** A name as it stands in a statement, whether or not it is quoted there. */
function asWritten(name: string): string {
  return name.toLowerCase().replaceAll('"', '""');
}
