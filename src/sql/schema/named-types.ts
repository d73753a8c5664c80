/** Types of the database's own that tables use: enums and domains. They are made before the tables, once each. */

import type { DDLElement } from "../ddl/element.js";
import { CreateDomainType, CreateEnumType, DropDomainType, DropEnumType, type NamedEnum } from "../ddl/elements.js";
import type { Dialect } from "../dialect.js";
import { DomainType } from "../types/domain.js";
import { TypeDecorator } from "../types/extensible.js";
import { EnumType } from "../types/structured.js";
import { plainType, type SQLType } from "../types/type.js";
import type { Table } from "./table.js";

/** A type that is created by itself. */
export type NamedSchemaType = DomainType | (EnumType & NamedEnum & { readonly name: string });

/**
 * The named types of tables' columns, those that others stand on first.
 *
 * @param others types that are meant whether or not a column has them
 */
export function namedTypes(
  dialect: Dialect,
  tables: readonly Table[],
  others: readonly SQLType[] = [],
): readonly NamedSchemaType[] {
  const found = new Map<string, NamedSchemaType>();
  for (const table of tables) for (const column of table.columns) collect(dialect, column.type, found);
  for (const type of others) collect(dialect, type, found);
  return [...found.values()];
}

/** The named types of everything that belongs to some metadata. */
export function typesOf(
  dialect: Dialect,
  metadatas: readonly { readonly tables: ReadonlyMap<string, Table>; readonly types: readonly SQLType[] }[],
): readonly NamedSchemaType[] {
  return namedTypes(
    dialect,
    metadatas.flatMap((each) => [...each.tables.values()]),
    metadatas.flatMap((each) => each.types),
  );
}

function collect(dialect: Dialect, type: SQLType, found: Map<string, NamedSchemaType>): void {
  const impl = dialect.typeImpl(plainType(type));
  const item = (impl as { itemType?: SQLType }).itemType;
  if (impl instanceof TypeDecorator) collect(dialect, impl.loadDialectImpl(dialect), found);
  else if (item !== undefined) collect(dialect, item, found);
  else if (impl instanceof DomainType) {
    collect(dialect, impl.baseType, found);
    if (dialect.capabilities.domains) found.set(`${impl.schema ?? ""}.${impl.name}`, impl);
  } else if (impl instanceof EnumType && impl.native && impl.name !== null && dialect.capabilities.nativeEnum) {
    found.set(`${impl.schema ?? ""}.${impl.name}`, impl as NamedSchemaType);
  }
}

/** CREATE of a named type. */
export function createType(type: NamedSchemaType): DDLElement {
  return type instanceof DomainType ? new CreateDomainType(type) : new CreateEnumType(type as SQLType & NamedEnum);
}

/** DROP of a named type that may be gone, and that stays while tables elsewhere use it. */
export function dropType(type: NamedSchemaType): DDLElement {
  return type instanceof DomainType
    ? new DropDomainType(type, { ifExists: true })
    : new DropEnumType(type as SQLType & NamedEnum, { ifExists: true });
}
