/** Many rows as one statement: each column travels as an array, and the server unnests them. */

import type { ValueRows } from "../../engine/driver.js";
import { nextPlanId } from "../../engine/plan.js";
import type { Compiled } from "../../sql/compiled.js";
import type { SQLType } from "../../sql/types/type.js";
import { plainArrayText } from "./array-text.js";

/** Fewer rows than this go one by one. */
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

/** What tells one form from another. */
export interface BulkForm {
  /** How many parameters a row has. */
  readonly count: number;
  /** Names of enum types, by parameter. */
  readonly enums: readonly (string | null)[];
  /** The place of the returned key that counts up, by which rows are put into the order of the sets; -1 for none. */
  readonly sortBy: number;
  /** Whether rows of the table are found by what is sent: then equal keys would be one row, where sets that go one by one are two statements. */
  readonly keyed: boolean;
  /** A query that gives a row where the statement of many rows would not do what those of one row do; null where there is no doubt. */
  readonly doubt: string | null;
  /** The statement. @param unnested the function that gives the rows @param names its columns, by parameter */
  write(unnested: string, names: readonly string[]): string;
}

/** The enum type of each parameter; null where it is none. */
export function enumNames({ params }: Compiled, enumName: (type: SQLType) => string | null): (string | null)[] {
  return params.map((param) => enumName(param.bind.type));
}

/**
 * The bulk form of a compiled statement. Its text is made when the server has told the types of the parameters, so that a column whose mapping says
 * something else than the database is treated as it is in the statement of one row.
 */
export class BulkRows {
  readonly cacheId = nextPlanId();
  /** Null when it is not known yet; false when there is none. */
  text: string | false | null = null;

  constructor(private readonly form: BulkForm) {}

  get keyed(): boolean {
    return this.form.keyed;
  }
  get doubt(): string | null {
    return this.form.doubt;
  }

  /** Makes the text. @param oids the parameters' types as the server has found them @param inDoubt whether `doubt` gave a row */
  settle(oids: readonly number[], inDoubt: boolean): void {
    const { count, enums } = this.form;
    if (inDoubt) {
      this.text = false;
      return;
    }
    const arrays: string[] = [];
    oids.forEach((oid, i) => {
      const name = TYPES[oid] ?? (oid >= FIRST_USER_TYPE ? enums[i] : null);
      if (name != null) arrays.push(`$${i + 1}::${name}[]`);
    });
    this.text =
      arrays.length === count
        ? this.form.write(
            `unnest(${arrays.join(", ")})`,
            arrays.map((_, i) => `c${i + 1}`),
          )
        : false;
  }

  /** Rows, column by column. */
  parameters({ columns }: ValueRows): string[] {
    return columns.map(plainArrayText);
  }

  /** Puts returned rows into the order of the sets: keys were made in that order, rows may come in any. */
  sort(rows: unknown[][]): void {
    const { sortBy } = this.form;
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
