/** For which changes PostgreSQL writes a table anew, and for which it only writes down what has changed. */
import type { Column } from "../../sql/schema/column.js";
import { NumericType, StringType } from "../../sql/types/base.js";
import { DomainType } from "../../sql/types/domain.js";
import { DateTimeType } from "../../sql/types/temporal.js";
import { plainType, type SQLType } from "../../sql/types/type.js";
import type { ColumnChanges, ExistingColumn } from "../operations/table-operations.js";

/** Functions whose value differs from row to row, so that an added column has to be written into every row. */
const VOLATILE = /\b(?:random|gen_random_uuid|uuid_generate_v\w+|uuidv\d|clock_timestamp|timeofday|nextval)\s*\(/i;

/** Why a new column makes the table be written anew; null where it does not. */
export function whyAddingRewrites(column: Column): string | null {
  if (column.identity !== null || column.serverDefault === true) return "its values are counted for each row";
  if (column.computed !== null) {
    return column.computed.persisted === false ? null : "a stored computed column is worked out for each row";
  }
  const written = column.serverDefault === null ? "" : String(column.serverDefault);
  if (VOLATILE.test(written)) return `its default ${written} gives each row another value`;
  const type = plainType(column.type);
  const isConstrained = type instanceof DomainType && (type.checks.length > 0 || type.options.notNull === true);
  return isConstrained ? `its domain ${type.name} has conditions, which are checked for each row` : null;
}

/** Whether a change of a column's type makes the table be written anew. */
export function typeChangeRewrites(columnName: string, changes: ColumnChanges, existing: ExistingColumn): boolean {
  if (changes.type === undefined) return false;
  return (
    !isPlainCast(changes.using, columnName) || existing.type === undefined || !isWider(existing.type, changes.type)
  );
}

/** Whether each value of a type is stored as it is as one of another, and need not be looked at. */
function isWider(before: SQLType, after: SQLType): boolean {
  const [from, to] = [plainType(before), plainType(after)];
  if (from instanceof StringType && to instanceof StringType) {
    if (
      from.kind === "char" ||
      to.kind === "char" ||
      from.collation !== to.collation ||
      from.collationSchema !== to.collationSchema
    )
      return false;
    return to.kind === "text" || isLonger(from.kind === "text" ? null : from.maxLength, to.maxLength);
  }
  if (from instanceof NumericType && to instanceof NumericType) {
    return to.precision === null || (from.scale === to.scale && isLonger(from.precision, to.precision));
  }
  if (from instanceof DateTimeType && to instanceof DateTimeType) {
    const alike = from.visitName === to.visitName && from.timezone === to.timezone;
    return alike && isLonger(from.precision, to.precision);
  }
  return false;
}

/** Whether a limit is no lower than another; null is none. */
function isLonger(from: number | null, to: number | null): boolean {
  return to === null || (from !== null && from <= to);
}

/** Whether USING says no more than PostgreSQL does by itself: a cast of the column. */
function isPlainCast(using: string | undefined, column: string): boolean {
  if (using === undefined) return true;
  const type = String.raw`[\w. ]+?(?:\(\d+(?:,\s*\d+)?\))?(?: with(?:out)? time zone)?`;
  const cast = new RegExp(`^(?:CAST\\("?([^"]+?)"? AS ${type}\\)|"?([^":]+)"?::${type})$`, "i").exec(using.trim());
  return cast !== null && (cast[1] ?? cast[2]) === column;
}
