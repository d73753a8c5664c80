/** What a comparison takes for one thing under two names, and how the definitions of before read with the new names. */
import type { ReflectedForeignKey } from "../../sql/schema/reflected.js";
import { plainIdentifiers, replaceIdentifier } from "../sql-text.js";

/** How the definitions of one table read. */
export interface Wording {
  column(name: string): string;
  /** An expression over the columns of the table. */
  sql(text: string): string;
  /** The columns that a key refers to, with the table: `users(id)`. */
  target(key: ReflectedForeignKey): string;
}

/** The key of a table in a snapshot: `schema.name`, or the name in the default schema. */
export function keyOf(of: { readonly name: string; readonly schema?: string | null }): string {
  return of.schema == null ? of.name : `${of.schema}.${of.name}`;
}

function targetKey({ referredTable, referredSchema }: ReflectedForeignKey): string {
  return keyOf({ name: referredTable, schema: referredSchema });
}

/** The names as they are. */
export const AS_IS: Wording = {
  column: (name) => name,
  sql: plainIdentifiers,
  target: (key) => `${targetKey(key)}(${key.referredColumns.join()})`,
};

/** The renamings of a comparison. */
export class Renames {
  /** New names of tables, by their keys before. */
  readonly #tables = new Map<string, string>();
  /** New names of columns, by the key of their table before. */
  readonly #columns = new Map<string, Map<string, string>>();

  /** A table is another one now; both by key. */
  table(from: string, to: string): void {
    this.#tables.set(from, to);
  }

  /** A column of a table (by its key before) has another name now. */
  column(table: string, from: string, to: string): void {
    const columns = this.#columns.get(table) ?? new Map();
    this.#columns.set(table, columns.set(from, to));
  }

  /** The key of a table now. */
  tableNow(key: string): string {
    return this.#tables.get(key) ?? key;
  }

  /** A key with what it refers to as that is called now. */
  targetNow(key: ReflectedForeignKey): ReflectedForeignKey {
    const place = targetKey(key);
    const now = this.tableNow(place);
    const columns = this.#columns.get(place);
    return {
      ...key,
      referredTable: now === place ? key.referredTable : now.slice(now.lastIndexOf(".") + 1),
      referredColumns: key.referredColumns.map((each) => columns?.get(each) ?? each),
    };
  }

  /** How the definitions of a table, by its key before, read now. */
  wording(table: string): Wording {
    const own = this.#columns.get(table) ?? new Map<string, string>();
    return {
      column: (name) => own.get(name) ?? name,
      sql: (text) => plainIdentifiers([...own].reduce((sql, [from, to]) => replaceIdentifier(sql, from, to), text)),
      target: (key) => {
        const place = targetKey(key);
        const columns = this.#columns.get(place);
        return `${this.tableNow(place)}(${key.referredColumns.map((each) => columns?.get(each) ?? each).join()})`;
      },
    };
  }
}
