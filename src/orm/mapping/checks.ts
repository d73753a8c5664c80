/** Refuses what a class says of itself and cannot mean, before anything is made of it. */
import { NoSuchColumnError } from "../../sql/errors.js";
import type { Column } from "../../sql/schema/column.js";
import { warn } from "../../sql/warnings.js";
import { ColumnAttribute } from "../attributes/column-attribute.js";
import { RelationAttribute } from "../attributes/relation-attribute.js";
import { MapperConfigurationError } from "../errors.js";
import { COMBINED_COLUMNS } from "../warnings.js";
import type { ClassDeclaration } from "./class-declaration.js";
import { propertyOf } from "./column-names.js";
import { impliedColumns, isImplied } from "./implied-columns.js";
import type { Mapper } from "./mapper.js";
import type { SynonymDescriptor } from "./synonym-descriptor.js";

/** A column on its way to being mapped, with the name of its attribute. */
interface Keyed {
  readonly column: Column;
  readonly key: string;
}

/** A name is one thing: a column, a relationship or another property, in the class and in those above it. */
export function checkNames(declaration: ClassDeclaration, own: readonly Keyed[]): void {
  const { mapper, relations, expressions, descriptors } = declaration;
  const { className, inherits, table } = mapper;
  // What a relationship implies gives way to a property of its name.
  const columns = new Map(own.filter(({ column }) => !isImplied(column)).map((each) => [each.key, each.column]));
  const others = [
    ...relations.map((each) => ({ property: each.property, what: "a relationship" })),
    ...expressions.map((each) => ({ property: each.property, what: "an SQL expression" })),
    ...descriptors.map((each) => ({ property: each.property, what: "another property" })),
  ];
  for (const { property, what } of others) {
    const column = columns.get(property);
    if (column !== undefined)
      throw new MapperConfigurationError(
        `${className}.${property} is ${what}, and the column ${table.name}.${column.name} has its name. ` +
          `Map the column under another name, or leave it out with excludeProperties: ["${property}"].`,
      );
  }
  if (inherits === null) return;
  for (const { property } of relations) {
    const above = inherits.attributes.get(property);
    if (above !== undefined) throw redeclared(`${className}.${property}`, "a relationship", above.label, above);
  }
  for (const { column, key } of own) {
    const above = inherits.attributes.get(key);
    if (above instanceof RelationAttribute) throw redeclared(`${className}.${key}`, "a column", above.label, above);
    if (above instanceof ColumnAttribute && isImplied(column)) throw sharedKey(declaration, { column, key }, above);
    if (
      above instanceof ColumnAttribute &&
      propertyOf(mapper, column) !== undefined &&
      above.type.family !== column.type.family
    )
      throw new MapperConfigurationError(
        `${className}.${key} is a column of another type than ${above.label}, and both would be one attribute. Give it another name.`,
      );
    if (above instanceof ColumnAttribute && !column.primaryKey && above.column.table !== column.table)
      warn(COMBINED_COLUMNS, `${className}.${key}`, nameOf(column), above.label, nameOf(above.column));
  }
}

function nameOf(column: Column): string {
  return `${column.table?.name}.${column.name}`;
}

function sharedKey(
  { mapper, relations }: ClassDeclaration,
  { column, key }: Keyed,
  above: ColumnAttribute,
): MapperConfigurationError {
  const relation = relations.find((each) => impliedColumns(each)?.includes(column));
  return new MapperConfigurationError(
    `${mapper.className}.${relation?.property} makes the foreign-key column ${mapper.table.name}.${column.name}, and its attribute "${key}" would be one with ${above.label} above it. ` +
      `Give the relationship another name or a columnName, or say foreignKeys: ["${key}"] where ${above.label} holds its key.`,
  );
}

function redeclared(label: string, what: string, above: string, attribute: object): MapperConfigurationError {
  const [kind, way] =
    attribute instanceof RelationAttribute
      ? ["a relationship", "It is inherited: leave it out (declare narrows its type), or give this one another name."]
      : ["a column", "Give one of them another name."];
  return new MapperConfigurationError(`${label} is ${what}, and ${above} above it is ${kind} already. ${way}`);
}

/** Names in options must be there. */
export function checkOptions({ mapper, options, columns }: ClassDeclaration): void {
  for (const option of ["includeProperties", "excludeProperties", "columns"] as const) {
    const names = options[option] ?? [];
    if (typeof names === "function") continue;
    for (const name of names) {
      if (mapper.table.columns.some((c) => c.key === name || c.name === name || propertyOf(mapper, c) === name))
        continue;
      if (columns.some((c) => c.property === name)) continue;
      throw new MapperConfigurationError(
        `${mapper.className}: ${option} names "${name}", and the table "${mapper.table.name}" has no such column.`,
      );
    }
  }
}

/** What tableArgs name is there. Asked when all columns are: relationships make some of them. */
export function checkTableArgs({ mapper, options }: ClassDeclaration): void {
  if (options.tableArgs === undefined) return;
  const { table, className } = mapper;
  for (const each of [...table.constraints, ...table.indexes]) {
    try {
      each.requireColumns();
    } catch (error) {
      if (!(error instanceof NoSuchColumnError)) throw error;
      throw new MapperConfigurationError(`${className}: its tableArgs: ${error.message}`, { cause: error });
    }
  }
}

/** What is said of a table is said by the class whose table it is. */
export function refuseTableOptions({ mapper, options }: ClassDeclaration): void {
  const said = OF_TABLE.find((name) => options[name] !== undefined);
  if (said === undefined) return;
  const { className, base } = mapper;
  throw new MapperConfigurationError(
    `${className} shares the table of ${base.className}, and ${said} is said of a table by the class that has it. ` +
      `Say it on ${base.className}, or give ${className} a table of its own with tableName.`,
  );
}

const OF_TABLE = ["schema", "comment", "dialectOptions", "renamedFrom", "tableCls"] as const;

/** A synonym stands for something. */
export function checkSynonyms(mapper: Mapper): void {
  for (const synonym of mapper.synonyms as readonly SynonymDescriptor[]) {
    if (mapper.maps(synonym.name)) continue;
    throw new MapperConfigurationError(
      `${synonym.label} is a synonym of "${synonym.name}", which is not mapped. ${mapper.noAttribute(synonym.name).message}`,
    );
  }
}
