/** The foreign key that makes a table continue the one above. */
import { NoForeignKeysError } from "../../sql/errors.js";
import type { ForeignKeyConstraint } from "../../sql/schema/constraints.js";
import type { Table } from "../../sql/schema/table.js";
import { MapperConfigurationError } from "../errors.js";

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
