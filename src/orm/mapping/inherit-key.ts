/** The foreign key that makes a table continue the one above. */
import { NoForeignKeysError } from "../../sql/errors.js";
import { Column } from "../../sql/schema/column.js";
import { ForeignKeyConstraint } from "../../sql/schema/constraints.js";
import type { Table } from "../../sql/schema/table.js";
import { MapperConfigurationError } from "../errors.js";
import type { Mapper } from "./mapper.js";

/** Tables whose key is the one above, as they declare none. */
const continuing = new WeakSet<Table>();

/** Gives the table of a subclass the key of the class above, as far as it is declared: what relationships bring to it comes later. */
export function declareInheritedKey(above: Mapper, table: Table): void {
  if (table.primaryKey.columns.length > 0) return;
  continuing.add(table);
  addMissing(above.table, table);
}

/** Completes the key that {@link declareInheritedKey} began, and ties it to the one above, whose columns are all there. */
export function tieInheritedKey({ inherits, single, table }: Mapper): void {
  if (inherits === null || single || !continuing.delete(table)) return;
  const { columns } = inherits.table.primaryKey;
  if (columns.length === 0) return;
  addMissing(inherits.table, table);
  const own = columns.map(({ name }) => table.primaryKey.columns.find((each) => each.name === name));
  table.addConstraint(new ForeignKeyConstraint(own as never[], columns as never[], { onDelete: "CASCADE" }));
}

function addMissing(above: Table, table: Table): void {
  for (const { name, type } of above.primaryKey.columns)
    if (!table.columns.some((each) => each.name === name))
      table.addColumn(new Column(name, type, { primaryKey: true }));
}

/**
 * The foreign key by which a subclass's table continues that of the class above: the one whose columns are named, that of its key, or the only one.
 *
 * @returns null where it is to be inferred from both tables
 * @throws MapperConfigurationError where none is of the columns named
 */
export function inheritKey(
  table: Table,
  above: Table,
  names: readonly string[] | undefined,
): ForeignKeyConstraint | null {
  const keys = table.distinctForeignKeys.filter(({ elements }) => elements[0].references(above));
  if (names !== undefined) {
    const named = keys.find((each) =>
      each.columns.every(({ name, key }) => names.includes(name) || names.includes(key)),
    );
    if (named !== undefined) return named;
    throw new MapperConfigurationError(
      `inheritForeignKeys names ${names.join(", ")}, and the table "${table.name}" has no foreign key of them to "${above.name}".`,
    );
  }
  return keys.find((each) => each.columns.every((column) => column.primaryKey)) ?? (keys.length === 1 ? keys[0] : null);
}

/** {@link inheritKey} of the table that a class has at a place below its base's. */
export function inheritKeyAt(mapper: Mapper, index: number): ForeignKeyConstraint | null {
  const table = mapper.tables[index];
  let owner: Mapper | null = mapper;
  while (owner !== null && (owner.single || owner.table !== table)) owner = owner.inherits;
  return inheritKey(table, mapper.tables[index - 1], owner?.options.inheritForeignKeys);
}

/** Whether a foreign key of a class makes one of its tables continue the one above: no relationship goes by it. */
export function isInheritance(constraint: ForeignKeyConstraint, mapper: Mapper): boolean {
  const index = mapper.tables.indexOf(constraint.columns[0].table as Table);
  return index > 0 && inheritKeyAt(mapper, index) === constraint;
}

/** Whether one of two tables refers to the other. @throws NoForeignKeysError */
export function checkInherited(className: string, table: Table, aboveName: string, above: Table): void {
  const ties = (one: Table, other: Table): boolean =>
    one.foreignKeyConstraints.some(({ elements }) => elements[0].references(other));
  if (ties(table, above) || ties(above, table)) return;
  throw new NoForeignKeysError(
    `${className} continues ${aboveName}, and its table "${table.name}" has no foreign key to "${above.name}". ` +
      `Leave the key out of ${className}, which makes one, or say which column it is: @PrimaryKey({ foreignKey: "${above.name}.${above.primaryKey.columns[0]?.name ?? "id"}" }).`,
  );
}
