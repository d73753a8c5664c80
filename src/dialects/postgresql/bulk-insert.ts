/** INSERT of many rows as one statement: each column travels as an array, and the server unnests them. */

import type { ValueRows } from "../../engine/driver.js";
import { nextPlanId } from "../../engine/plan.js";
import type { Compiled } from "../../sql/compiled.js";
import type { Insert } from "../../sql/dml/insert.js";
import type { SQLType } from "../../sql/types/type.js";
import { plainArrayText } from "./array-text.js";

/** Fewer sets than this go one by one. */
export const BULK_FROM = 5;

// Columns that travel as arrays, by the object ids of their types. Others have the sets go one by one.
const TYPES: Readonly<Record<number, string>> = {
  16: "BOOLEAN",
  17: "BYTEA",
  20: "BIGINT",
  21: "SMALLINT",
  23: "INTEGER",
  25: "TEXT",
  114: "JSON",
  700: "REAL",
  701: "DOUBLE PRECISION",
  1042: "BPCHAR",
  1043: "VARCHAR",
  1082: "DATE",
  1083: "TIME",
  1114: "TIMESTAMP",
  1184: "TIMESTAMPTZ",
  1186: "INTERVAL",
  1266: "TIMETZ",
  1700: "NUMERIC",
  2950: "UUID",
  3802: "JSONB",
};
const FIRST_USER_TYPE = 16_384;

/** INSERT INTO, VALUES of bare parameters, RETURNING. */
const FORM =
  /^(INSERT INTO .+? \([^()]+\)(?: OVERRIDING SYSTEM VALUE)?) VALUES \((\$\d+(?:, \$\d+)*)\)( RETURNING [^()]+)?$/;

/**
 * The bulk form of a compiled INSERT. Its text is made when the server has told the types of the parameters, so that a
 * column whose mapping says something else than the database is treated as it is in the INSERT of one row.
 */
export class BulkInsert {
  readonly cacheId = nextPlanId();
  /** Null when it is not known yet; false when there is none. */
  text: string | false | null = null;

  constructor(
    private readonly head: string,
    private readonly tail: string,
    private readonly count: number,
    /** Names of enum types, by parameter. */
    private readonly enums: readonly (string | null)[],
    /** The place of the returned key that counts up, by which rows are put into the order of the sets; -1 for none. */
    readonly sortBy: number,
  ) {}

  /** Makes the text. @param oids the parameters' types as the server has found them */
  settle(oids: readonly number[]): void {
    const arrays: string[] = [];
    oids.forEach((oid, i) => {
      const name = TYPES[oid] ?? (oid >= FIRST_USER_TYPE ? this.enums[i] : null);
      if (name != null) arrays.push(`$${i + 1}::${name}[]`);
    });
    if (arrays.length !== this.count) {
      this.text = false;
      return;
    }
    const names = arrays.map((_, i) => `c${i + 1}`);
    this.text =
      `${this.head} SELECT ${names.map((name) => `p.${name}`).join(", ")} FROM unnest(${arrays.join(", ")}) ` +
      `WITH ORDINALITY AS p(${names.join(", ")}, n) ORDER BY p.n${this.tail}`;
  }

  /** Rows, column by column. */
  parameters({ width, values, length }: ValueRows): string[] {
    const texts: string[] = [];
    for (let column = 0; column < this.count; column++) {
      const items: unknown[] = new Array(length);
      for (let row = 0, at = column; row < length; row++, at += width) items[row] = values[at];
      texts.push(plainArrayText(items));
    }
    return texts;
  }

  /** Puts returned rows into the order of the sets: keys were made in that order, rows may come in any. */
  sort(rows: unknown[][]): void {
    const { sortBy } = this;
    if (sortBy < 0) return;
    let last: number | bigint | null = null;
    let sorted = true;
    for (const row of rows) {
      const key = row[sortBy] as number | bigint;
      if (last !== null && key < last) sorted = false;
      last = key;
    }
    if (!sorted) rows.sort((a, b) => ((a[sortBy] as number) < (b[sortBy] as number) ? -1 : 1));
  }
}

/** The bulk form of a statement; null for one that has none. */
export function bulkInsertOf(compiled: Compiled, enumName: (type: SQLType) => string | null): BulkInsert | null {
  if (compiled.kind !== "insert" || compiled.params.length === 0) return null;
  const insert = compiled.statement as unknown as Insert;
  if (insert.conflicts.length > 0 || insert.source !== null) return null;
  const form = FORM.exec(compiled.text);
  if (form === null) return null;
  const parameters = (form[2] as string).split(", ");
  if (parameters.length !== compiled.params.length || parameters.some((each, i) => each !== `$${i + 1}`)) return null;
  let sortBy = -1;
  if (form[3] !== undefined) {
    // Rows are told apart by a key that the database makes in the order of the sets.
    const column = insert.table.primaryKey.autoincrementColumn;
    if (column === null || Number(column.identity?.increment ?? 1) < 0) return null;
    if (compiled.params.some((param) => param.label === column.key)) return null;
    sortBy = compiled.resultColumns?.findIndex((each) => each.name === column.name) ?? -1;
    if (sortBy < 0) return null;
  }
  const enums = compiled.params.map((param) => enumName((param.bind as unknown as { type: SQLType }).type));
  return new BulkInsert(form[1] as string, form[3] ?? "", parameters.length, enums, sortBy);
}
