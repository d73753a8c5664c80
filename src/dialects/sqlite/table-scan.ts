/**
 * A SELECT of all rows of one table, read page after page by its key. A row that `iterate()` steps to costs nearly twice what it costs as one of many, and
 * pages by key need no place to come back to; where the key is the table's rowid they are the rows that the statement has, each once, as they lie.
 */
import type { Compiled } from "../../sql/compiled.js";
import type { ColumnElement } from "../../sql/element.js";
import type { Table } from "../../sql/schema/table.js";
import { baseColumn } from "../../sql/selectable/join.js";

export interface TableScan {
  /** The statement that it stands for. */
  readonly text: string;
  readonly table: string;
  /** The key's name, and its place in the rows. */
  readonly key: string;
  readonly keyIndex: number;
  /** All rows by their keys. */
  readonly whole: string;
  /** The rows after a key, up to a number of them. */
  readonly page: string;
}

// Only plain columns of one table: no condition, function, join, alias or limit is between these words.
const FORM = /^SELECT (?!DISTINCT\b)([^()?]+) FROM ("[^"]+"|\w+)( ORDER BY [^\s,]+)?$/;

/** How a compiled statement is read in pages; null where it is not just all rows of a table, or does not say the key of each. */
export function tableScanOf(compiled: Compiled): TableScan | null {
  const { kind, resultColumns, text } = compiled;
  if (kind !== "select" || resultColumns === null) return null;
  const form = FORM.exec(text);
  if (form === null) return null;
  const columns = resultColumns.map(({ element }) => baseColumn(element as ColumnElement));
  const table = columns[0]?.table as Table | undefined;
  const [key, ...more] = table?.primaryKey?.columns ?? [];
  if (table === undefined || table.schema != null || key === undefined || more.length > 0) return null;
  const keyIndex = columns.indexOf(key);
  if (keyIndex < 0 || columns.some((column) => column?.table !== (table as unknown))) return null;
  const [, list, from, order] = form as unknown as [string, string, string, string | undefined];
  const keyText = list.split(", ")[keyIndex]?.split(" AS ")[0] as string;
  if (order !== undefined && order !== ` ORDER BY ${keyText}`) return null;
  const rows = `SELECT ${list} FROM ${from}`;
  return {
    text,
    table: table.name,
    key: key.name,
    keyIndex,
    whole: `${rows} ORDER BY ${keyText}`,
    page: `${rows} WHERE ${keyText} > ? ORDER BY ${keyText} LIMIT ?`,
  };
}
