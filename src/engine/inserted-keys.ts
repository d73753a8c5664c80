/** The primary keys of rows that an INSERT made. */
import type { Compiled } from "../sql/compiled.js";
import type { Insert } from "../sql/dml/insert.js";
import { BindParameter } from "../sql/elements/bind.js";
import { Node } from "../sql/node.js";
import type { Column } from "../sql/schema/column.js";
import type { EngineDialect } from "./dialect.js";
import type { DriverManyResult, DriverResult } from "./driver.js";
import { type ResultShape, type Row, rowMaker } from "./row.js";

/** The keys that execution knows of by itself: where each column's value is found. */
type Place = { readonly param: number } | "lastrowid" | { readonly returned: number } | null;

const shapes = new WeakMap<object, ResultShape>();

/**
 * What is asked back of an INSERT of one row, so that its key is known: the columns of the key whose values neither the
 * statement nor the driver tells. Empty when there are none, or the statement has a RETURNING of its own.
 *
 * @param returnsMore it returns other columns, beside which the driver tells no key
 */
export function keysToReturn(
  insert: Insert,
  given: readonly string[],
  dialect: EngineDialect,
  returnsMore: boolean,
): readonly Column[] {
  if (!dialect.capabilities.returning || insert.returningNodes.length > 0 || insert.isInline) return [];
  if (insert.source !== null || insert.rows.length > 1 || insert.conflicts.length > 0) return [];
  const key = insert.table.primaryKey;
  return key.columns.filter((column) => {
    if (isGiven(insert, column, given)) return false;
    if (column.default !== undefined && column.default !== null && !(column.default instanceof Node)) return false;
    return returnsMore || !(dialect.lastRowId && key.autoincrementColumn === column);
  });
}

/** Whether the statement tells the value of a column: no expression, and no default of the database's. */
export function isGiven(insert: Insert, column: Column, given: readonly string[]): boolean {
  if (given.includes(column.key) || given.includes(column.name)) return true;
  const at = insert.columns.indexOf(column);
  return at >= 0 && insert.rows[0]?.[at] instanceof BindParameter;
}

/** Finds the keys of the inserted rows in what execution knows. */
export function insertedKeys(
  insert: Insert,
  compiled: Compiled,
  given: readonly string[],
  sets: readonly (readonly unknown[])[],
  result: DriverResult | DriverManyResult,
  returned: readonly Column[],
  dialect: EngineDialect,
): readonly (Row | null)[] {
  const key = insert.table.primaryKey;
  const places = key.columns.map((column): Place => {
    const back = returned.indexOf(column);
    if (back >= 0) return { returned: back };
    const isDefault = column.default !== undefined && column.default !== null && !(column.default instanceof Node);
    if (isGiven(insert, column, given) || (isDefault && !insert.columns.includes(column))) {
      const param = compiled.params.findIndex((one) => one.name === column.key || one.label === column.key);
      if (param >= 0) return { param };
    }
    return dialect.lastRowId && key.autoincrementColumn === column ? "lastrowid" : null;
  });
  let shape = shapes.get(insert.table);
  if (shape === undefined) {
    shape = { keys: key.columns.map((column) => column.key), kind: "tuple" };
    shapes.set(insert.table, shape);
  }
  const { prototype } = rowMaker(shape);
  const lastrowids = "lastrowids" in result ? result.lastrowids : result.lastrowid === null ? null : [result.lastrowid];
  return sets.map((params, i) => {
    const row = places.map((place, at) => {
      const column = key.columns[at] as Column;
      if (place === null) return null;
      if (place === "lastrowid") return plainValue(lastrowids?.[i] ?? null, column, dialect);
      if ("param" in place) return plainValue(params[place.param] ?? null, column, dialect);
      return (result.rows[i]?.[place.returned] ?? null) as unknown;
    });
    return Object.setPrototypeOf(row, prototype) as Row;
  });
}

// A driver's value as the column has it.
function plainValue(value: unknown, column: Column, dialect: EngineDialect): unknown {
  if (value === null) return null;
  const convert = dialect.typeImpl(column.type).resultProcessor(dialect) as ((value: unknown) => unknown) | null;
  if (convert !== null) return convert(value);
  return typeof value === "bigint" && column.type.family === "integer" ? Number(value) : value;
}
