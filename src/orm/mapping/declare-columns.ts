/** Makes the table of a class and its declared columns, when the class is declared. */
import { ArgumentError } from "../../sql/errors.js";
import { Column, type ColumnInfo, ForeignKey, type ForeignKeyTarget } from "../../sql/schema/column.js";
import { Constraint } from "../../sql/schema/constraints.js";
import { DerivedTable } from "../../sql/schema/derived-table.js";
import { Index } from "../../sql/schema/indexes.js";
import { MetaData } from "../../sql/schema/metadata.js";
import { Table, type TableOptions } from "../../sql/schema/table.js";
import { Join } from "../../sql/selectable/join.js";
import { describeValue } from "../../sql/types/describe-value.js";
import { MapperConfigurationError } from "../errors.js";
import { refuseTableOptions } from "./checks.js";
import type { ClassDeclaration } from "./class-declaration.js";
import { nameColumn, propertyOf } from "./column-names.js";
import type { ColumnDeclaration, PropertyDeclaration } from "./declarations.js";
import { inferType } from "./infer-type.js";
import { declareInheritedKey } from "./inherit-key.js";
import { mapperOfPrototype } from "./instrument.js";
import type { Mapper } from "./mapper.js";

/** The single-table subclass that put a column into its base's table. */
const ownerOf = new WeakMap<Column, Mapper>();

/** Whether a column is that of a single-table subclass, and not of the class whose table it is in. */
export function isOfSubclass(column: Column): boolean {
  return ownerOf.has(column);
}

/** Makes the table and the declared columns; needs no other class but the superclass. */
export function declareColumns(declaration: ClassDeclaration): void {
  const { mapper, options } = declaration;
  const above = superMapper(declaration);
  if (options.concrete === true && above !== null) {
    mapper.concreteBase = above;
  } else mapper.inherits = above;
  mapper.base = mapper.inherits?.base ?? mapper;
  const own = givenTable(declaration) ?? ownTable(declaration);
  mapper.single = own === null;
  mapper.tables = own === null ? [...(mapper.inherits as Mapper).tables] : [...(mapper.inherits?.tables ?? []), own];
  // A view that names no columns has those of its class.
  const isComplete = options.table !== undefined && mapper.table.columns.length > 0;
  for (const column of declaration.columns) declareColumn(declaration, column, isComplete);
  if (own !== null && mapper.inherits !== null) declareInheritedKey(mapper.inherits, own);
  if (options.tableArgs !== undefined && typeof options.tableArgs !== "function")
    addTableArgs(mapper.table, options.tableArgs);
  // A class that was refused is not below it.
  (mapper.concreteBase?.concretes ?? mapper.inherits?.subclasses)?.push(mapper);
}

/** Adds declarations to a class whose table is made already, but which is not worked out. */
export function declareMore(declaration: ClassDeclaration, properties: readonly PropertyDeclaration[]): void {
  for (const column of declaration.add(properties)) declareColumn(declaration, column, false);
}

function superMapper({ mapper, inherits }: ClassDeclaration): Mapper | null {
  const proto = inherits?.prototype ?? Object.getPrototypeOf(mapper.cls.prototype);
  const found = proto === null ? undefined : mapperOfPrototype(proto, true);
  if (inherits !== undefined && found === undefined) {
    throw new ArgumentError(
      `${mapper.className} inherits from ${inherits.name}, which is not mapped. Map the base first.`,
    );
  }
  return found ?? null;
}

/** The table that the class names, or what stands for one. */
function givenTable({ mapper, options, home }: ClassDeclaration): Table | undefined {
  const { table } = options;
  if (table === undefined || table instanceof Table) return table as Table | undefined;
  const derived = new DerivedTable(options.tableName ?? home.naming.tableName(mapper.className), new MetaData(), table);
  if (table instanceof Join && table.columns.length > 0 && isOuter(table) && options.primaryKey === undefined)
    throw new MapperConfigurationError(
      `${mapper.className} is mapped over an outer join, whose rows may lack a part of the key. Name what each row has: primaryKey: ["id"].`,
    );
  return derived;
}

function isOuter(from: unknown): boolean {
  return (
    from instanceof Join &&
    ((from.kind !== "inner" && from.kind !== "cross") || isOuter(from.left) || isOuter(from.right))
  );
}

/** A subclass that names no table and adds no key shares its base's table. */
function ownTable(declaration: ClassDeclaration): Table | null {
  const { mapper, options, home, columns, metadata } = declaration;
  if (mapper.inherits !== null && options.tableName === undefined) {
    refuseTableOptions(declaration);
    return null;
  }
  if (declaration.imperative)
    throw new ArgumentError(
      `${mapper.className} is mapped to no table, and has no superclass whose table it could share: mapImperatively(${mapper.className}, table).`,
    );
  if (
    mapper.inherits === null &&
    !home.deferReflection &&
    !columns.some((c) => c.options.primaryKey) &&
    !declaration.relations.some((r) => r.options.primaryKey)
  ) {
    if (!options.primaryKey) {
      throw new MapperConfigurationError(
        `${mapper.className} has no primary key: mark the property that identifies a row with @PrimaryKey().`,
      );
    }
  }
  const name = options.tableName ?? home.naming.tableName(mapper.className);
  const given: TableOptions = {
    ...(options.schema === undefined ? {} : { schema: options.schema }),
    comment: options.comment ?? null,
    ...(options.dialectOptions === undefined ? {} : { dialectOptions: options.dialectOptions }),
    ...(options.renamedFrom === undefined ? {} : { renamedFrom: options.renamedFrom }),
  };
  const table = options.tableCls?.(name, metadata, given) ?? new Table(name, metadata, [], given);
  // It says which columns the classes below have in common, and is never made.
  if (mapper.tableless) metadata.remove(table);
  return table;
}

/** @param isComplete the table is there already, and gets no more columns */
function declareColumn(declaration: ClassDeclaration, given: ColumnDeclaration, isComplete: boolean): void {
  const { property, options } = given;
  const { mapper, home } = declaration;
  const { table } = mapper;
  if (options.column !== undefined) {
    for (const each of [options.column].flat()) mapOnto(mapper, columnIn(mapper, each, property), property);
    return;
  }
  const name = options.name ?? home.naming.columnName(property);
  const existing = table.columns.find((column) => column.name === name);
  if (existing !== undefined) {
    if (options.useExistingColumn !== true) refuseOthersColumn(mapper, existing, property);
    mapOnto(mapper, existing, property);
    return;
  }
  if (table instanceof DerivedTable || isComplete) throw noColumn(mapper, property, name);
  if (mapper.single && options.primaryKey)
    throw new MapperConfigurationError(
      `${mapper.className}.${property}: a subclass without a table of its own has the key of ${mapper.base.className}. Give it a table with tableName, or make this an ordinary column.`,
    );
  const made = makeColumn(declaration, given, name);
  nameColumn(mapper, made, property);
  if (mapper.single) ownerOf.set(made, mapper);
  table.addColumn(made);
}

/** Maps a property onto a column that is there. */
function mapOnto(mapper: Mapper, column: Column, property: string): void {
  refuseSecondName(mapper, column, property);
  nameColumn(mapper, column, property);
}

/** Refuses to share a column that another class of a shared table declares, unless that is said. */
function refuseOthersColumn(mapper: Mapper, column: Column, property: string): void {
  const owner = ownerOf.get(column) ?? (mapper.single ? mapper.inherits : null);
  if (owner === null || owner === mapper) return;
  throw new MapperConfigurationError(
    `${mapper.className}.${property}: the table "${mapper.table.name}" has a column "${column.name}" already, which ${owner.className} declares. ` +
      `To share it, say useExistingColumn: true; else give this one another name.`,
  );
}

function makeColumn({ mapper, home }: ClassDeclaration, given: ColumnDeclaration, name: string): Column {
  const { property, options, inferred } = given;
  const { foreignKey, foreignKeyOptions, onDelete, onUpdate } = options;
  // A foreign key without a type takes that of the column it refers to.
  const type =
    inferred === undefined ? given.type : inferType(inferred, mapper.cls, property, home, foreignKey !== undefined);
  const key =
    foreignKey === undefined
      ? {}
      : {
          foreignKey: foreignKeyOf(
            foreignKey,
            { onDelete, onUpdate, ...foreignKeyOptions },
            `${mapper.className}.${property}`,
          ),
        };
  return new Column(name, type, {
    ...ofColumn(options),
    name,
    key: property,
    // A column is as nullable as its property's type: not, unless it says so. A subclass's column in a shared table must be.
    nullable: options.nullable ?? (mapper.single && !options.primaryKey),
    ...key,
  });
}

/** What a declaration says of the column, without what it says of the attribute. */
function ofColumn({
  column: _o,
  foreignKey: _k,
  foreignKeyOptions: _f,
  onDelete: _t,
  onUpdate: _u,
  deferred: _d,
  group: _g,
  deferredRaiseload: _r,
  activeHistory: _a,
  mutable: _m,
  schema: _v,
  init: _i,
  repr: _p,
  comparator: _c,
  useExistingColumn: _e,
  sortOrder: _s,
  ...core
}: ColumnDeclaration["options"]) {
  return core;
}

/** A column is one attribute. */
function refuseSecondName(mapper: Mapper, column: Column, property: string): void {
  const other = propertyOf(mapper, column);
  if (other !== undefined && other !== property)
    throw new MapperConfigurationError(
      `${mapper.className}.${property}: the column ${column.table?.name}.${column.name} is ${mapper.className}.${other} already. Give this one a name of its own, or make it a synonym: @Synonym("${other}").`,
    );
}

/** The column of the class's table that stands for one that is given. */
function columnIn(mapper: Mapper, column: ColumnInfo, property: string): Column {
  const { table } = mapper;
  const own = table.columns.find((each) => (each as ColumnInfo) === column);
  const found = own ?? (table instanceof DerivedTable ? table.standInFor(column) : undefined);
  if (found === undefined) throw noColumn(mapper, property, `${column.table?.name ?? "?"}.${column.name}`);
  return found;
}

function noColumn({ className, table }: Mapper, property: string, name: string): MapperConfigurationError {
  return new MapperConfigurationError(
    `${className}.${property}: there is no column ${name} in what ${className} is mapped to. It has: ${table.columns.map((each) => each.name).join(", ")}.`,
  );
}

function foreignKeyOf(
  target: NonNullable<ColumnDeclaration["options"]["foreignKey"]>,
  options: ConstructorParameters<typeof ForeignKey>[1],
  label: string,
): ForeignKey {
  if (target instanceof ForeignKey) return target;
  if (typeof target !== "function") return new ForeignKey(target as ForeignKeyTarget, options);
  return new ForeignKey(() => {
    const result = target();
    if (typeof result !== "function") return result;
    const mapper = mapperOfPrototype(result.prototype);
    const key = mapper?.table.primaryKey.columns ?? [];
    if (key.length === 1) return key[0];
    throw new ArgumentError(
      `${label}: ${result.name} ${mapper ? "has a key of several columns" : "is not mapped"}; a foreign key names one column ("table.column").`,
    );
  }, options);
}

/** Adds constraints and indexes to a table. */
export function addTableArgs(table: Table, args: readonly unknown[]): void {
  if (!Array.isArray(args))
    throw new ArgumentError(
      `tableArgs of ${table.name} is a list, tableArgs: [...], or a function that gives one, not ${describeValue(args)}.`,
    );
  for (const item of args) {
    if (item instanceof Constraint) table.addConstraint(item);
    else if (item instanceof Index) table.addIndex(item);
    else throw new ArgumentError(`tableArgs of ${table.name}: ${String(item)} is no constraint and no index.`);
  }
}
