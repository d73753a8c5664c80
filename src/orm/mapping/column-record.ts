/** Columns by name, as the functions of a relationship are given them: reading a name that is not there is an error that names those there are. */
import type { Table } from "../../sql/schema/table.js";
import { ExpressionAttribute } from "../attributes/expression-attribute.js";
import { MapperConfigurationError } from "../errors.js";
import { columnNamed } from "./column-names.js";
import type { Mapper } from "./mapper.js";

/** Columns by name; what stands for columns is found in it too. */
export type ColumnRecord = Readonly<Record<string, unknown>>;

/**
 * What a class has in a statement: its columns by attribute, and its SQL expressions, synonyms, hybrids and composites.
 *
 * @param place who asks, for messages: `User.posts: its orderBy`
 */
export function columnsOf(mapper: Mapper, place: string): ColumnRecord {
  const columns = mapper.columnAttributes.filter((each) => each.writable).map((each) => [each.key, each.column]);
  return recordOf(
    Object.fromEntries(columns),
    (name, self) => {
      const attribute = mapper.attributes.get(name);
      if (attribute instanceof ExpressionAttribute) return attribute.expression ?? undefined;
      return mapper.descriptors.get(name)?.expression(self) ?? columnNamed(mapper, name);
    },
    (name) =>
      `${place} reads "${name}" of ${mapper.className}, which is no column of it. It has: ${[
        ...mapper.columnAttributes.map((each) => each.key),
        ...mapper.descriptors.keys(),
      ].join(", ")}.`,
  );
}

/** The columns of an association table. */
export function columnsBetween(table: Table, place: string): ColumnRecord {
  return recordOf(
    Object.fromEntries(table.columns.map((each) => [each.key, each])),
    (name) => table.columns.find((each) => each.key === name || each.name === name),
    (name) =>
      `${place} reads "${name}" of the association table "${table.name}", which has no such column. It has: ${table.columns.map((each) => each.key).join(", ")}.`,
  );
}

function recordOf(
  columns: ColumnRecord,
  find: (name: string, self: ColumnRecord) => unknown,
  message: (name: string) => string,
): ColumnRecord {
  const self: ColumnRecord = new Proxy(columns, {
    get(_, name) {
      if (typeof name === "symbol") return undefined;
      const found = Object.hasOwn(columns, name) ? columns[name] : find(name, self);
      if (found !== undefined) return found;
      throw new MapperConfigurationError(message(name));
    },
  });
  return self;
}
