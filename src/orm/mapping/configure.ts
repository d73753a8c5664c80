/**
 * Turns declarations into mappers: tables and columns when a class is declared, everything that needs other classes on first use.
 */
import { ArgumentError } from "../../sql/errors.js";
import { Column, type ColumnInfo, ForeignKey, type ForeignKeyTarget } from "../../sql/schema/column.js";
import { Constraint, ForeignKeyConstraint } from "../../sql/schema/constraints.js";
import { DerivedTable } from "../../sql/schema/derived-table.js";
import { Index } from "../../sql/schema/indexes.js";
import { MetaData } from "../../sql/schema/metadata.js";
import { Table, type TableOptions } from "../../sql/schema/table.js";
import { Join } from "../../sql/selectable/join.js";
import { ColumnAttribute } from "../attributes/column-attribute.js";
import { ExpressionAttribute } from "../attributes/expression-attribute.js";
import { MutableAttribute } from "../attributes/mutable-attribute.js";
import { MapperConfigurationError } from "../errors.js";
import { describeEntity, toObject } from "../to-object.js";
import { AnyDescriptor } from "./any-descriptor.js";
import { tieAnySides } from "./any-sides.js";
import type { ClassDeclaration } from "./class-declaration.js";
import { addDescriptors, addDiscriminator, addExpression, addHooks } from "./configure-properties.js";
import { configureRelationships, declareRelationships } from "./configure-relationships.js";
import type { ColumnDeclaration, ExpressionDeclaration, PropertyChoice, PropertyDeclaration } from "./declarations.js";
import { addImpliedColumns } from "./implied-columns.js";
import { inferType } from "./infer-type.js";
import { defineAccessor, mapperOfPrototype } from "./instrument.js";
import type { Mapper } from "./mapper.js";
import { toCamelCase } from "./naming.js";
import { SynonymDescriptor } from "./synonym-descriptor.js";

/** Which attribute stands for which column, until the slots are given out. */
const named = new WeakMap<Column, string>();
/** The single-table subclass that put a column into its base's table. */
const ownerOf = new WeakMap<Column, Mapper>();

/** Makes the table and the declared columns; needs no other class but the superclass. */
export function declareColumns(declaration: ClassDeclaration): void {
  const { mapper, options } = declaration;
  const above = superMapper(declaration);
  if (options.concrete === true && above !== null) {
    mapper.concreteBase = above;
    above.concretes.push(mapper);
  } else mapper.inherits = above;
  mapper.base = mapper.inherits?.base ?? mapper;
  if (mapper.inherits !== null) mapper.inherits.subclasses.push(mapper);
  const own = givenTable(declaration) ?? ownTable(declaration);
  mapper.single = own === null;
  mapper.tables = own === null ? [...(mapper.inherits as Mapper).tables] : [...(mapper.inherits?.tables ?? []), own];
  for (const column of declaration.columns) declareColumn(declaration, column);
  if (own !== null && mapper.inherits !== null) addInheritedKey(mapper, own);
  if (options.tableArgs !== undefined && typeof options.tableArgs !== "function")
    addTableArgs(mapper.table, options.tableArgs);
}

/** Adds declarations to a class whose table is made already, but which is not worked out. */
export function declareMore(declaration: ClassDeclaration, properties: readonly PropertyDeclaration[]): void {
  for (const column of declaration.add(properties)) declareColumn(declaration, column);
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
  if (mapper.inherits !== null && options.tableName === undefined) return null;
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
  const table = options.tableCls?.(name, metadata, given) ?? (new Table(name, metadata, [], given) as unknown as Table);
  // It says which columns the classes below have in common, and is never made.
  if (mapper.tableless) metadata.remove(table);
  return table;
}

function declareColumn(declaration: ClassDeclaration, given: ColumnDeclaration): void {
  const { property, options } = given;
  const { mapper, home } = declaration;
  const table = mapper.table;
  if (options.column !== undefined) {
    for (const each of [options.column].flat()) named.set(columnIn(mapper, each, property), property);
    return;
  }
  const name = options.name ?? home.naming.columnName(property);
  const existing = table.columns.find((c) => c.name === name);
  if (existing !== undefined) {
    const sibling = ownerOf.get(existing);
    if (sibling !== undefined && !mapper.isA(sibling) && options.useExistingColumn !== true) {
      throw new MapperConfigurationError(
        `${mapper.className}.${property}: the table "${table.name}" has a column "${name}" already, which ${sibling.className} declares. ` +
          `To share it, say useExistingColumn: true; else give this one another name.`,
      );
    }
    named.set(existing, property);
    return;
  }
  if (table instanceof DerivedTable) throw noColumn(mapper, property, name);
  // A foreign key without a type takes that of the column it refers to.
  const type =
    given.inferred === undefined
      ? given.type
      : inferType(given.inferred, mapper.cls, property, home, options.foreignKey !== undefined);
  const {
    foreignKey,
    column: _o,
    foreignKeyOptions,
    onDelete,
    onUpdate,
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
  } = options;
  const made = new Column(name, type, {
    ...core,
    name,
    key: property,
    // A column is as nullable as its property's type: not, unless it says so. A subclass's column in a shared table must be.
    nullable: options.nullable ?? (mapper.single && !options.primaryKey),
    ...(foreignKey === undefined
      ? {}
      : {
          foreignKey: foreignKeyOf(
            foreignKey,
            { onDelete, onUpdate, ...foreignKeyOptions },
            `${mapper.className}.${property}`,
          ),
        }),
  });
  named.set(made, property);
  if (mapper.single) ownerOf.set(made, mapper);
  table.addColumn(made);
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

/** The key of a joined table that continues its superclass's. */
function addInheritedKey(mapper: Mapper, table: Table): void {
  if (table.primaryKey.columns.length > 0) return;
  for (const column of (mapper.inherits as Mapper).table.primaryKey.columns) {
    table.addColumn(
      new Column(column.name, column.type, {
        primaryKey: true,
        foreignKey: new ForeignKey(column, { onDelete: "CASCADE" }),
      }),
    );
  }
}

function addTableArgs(table: Table, args: readonly unknown[]): void {
  for (const item of args) {
    if (item instanceof Constraint) table.addConstraint(item);
    else if (item instanceof Index) table.addIndex(item);
    else throw new ArgumentError(`tableArgs of ${table.name}: ${String(item)} is no constraint and no index.`);
  }
}

/** Works out all declared classes that are not yet, superclasses first. */
export function configureMappers(declarations: readonly ClassDeclaration[]): void {
  tieAnySides(declarations);
  const late = declarations.map((declaration) => ({ table: declaration.mapper.table, args: lateArgs(declaration) }));
  // Foreign keys of mapped columns come first: relationships use them instead of making columns of their own.
  for (const { table, args } of late)
    addTableArgs(
      table,
      args.filter((each) => isKeyOf(table, each)),
    );
  for (const declaration of declarations) addImpliedColumns(declaration);
  for (const { table, args } of late)
    addTableArgs(
      table,
      args.filter((each) => !isKeyOf(table, each)),
    );
  for (const declaration of declarations) giveSlots(declaration);
  configureRelationships(declarations);
  for (const { mapper } of declarations)
    for (const each of mapper.descriptors.values()) if (each instanceof AnyDescriptor) each.configure(mapper);
  for (const declaration of declarations) addHooks(declaration);
  // An expression that cannot be made is an error now, not when it is first selected.
  for (const { mapper } of declarations)
    for (const each of mapper.columnAttributes) if (each instanceof ExpressionAttribute) void each.expression;
}

function lateArgs({ mapper, options }: ClassDeclaration): readonly unknown[] {
  return typeof options.tableArgs === "function" ? options.tableArgs(mapper.table, mapper.cls) : [];
}

function isKeyOf(table: Table, item: unknown): boolean {
  return (
    item instanceof ForeignKeyConstraint &&
    (item.table === table ||
      item.columnRefs.every(
        (ref) => typeof ref !== "string" || table.columns.some((c) => c.key === ref || c.name === ref),
      ))
  );
}

function giveSlots(declaration: ClassDeclaration): void {
  const { mapper } = declaration;
  if (mapper.inherits !== null) inheritAttributes(mapper, mapper.inherits);
  const prototype = mapper.cls.prototype as object;
  const declared = new Map(declaration.columns.map((c) => [c.property, c]));
  for (const column of ownColumns(declaration)) {
    const key = named.get(column) ?? unnamedKey(declaration, column);
    const base = mapper.table instanceof DerivedTable ? mapper.table.baseOf(column) : column;
    if (base === null && !(mapper.options.primaryKey ?? []).includes(key)) {
      addExpression(mapper, readOnly(column, key, declared.get(key)?.options));
      continue;
    }
    const inherited = mapper.attributes.get(key) ?? inheritedKey(mapper, column);
    if (inherited instanceof ColumnAttribute) {
      mapper.byColumn.set(column, inherited);
      if (base !== null) mapper.byColumn.set(base, inherited);
      if (inherited.key !== key && (named.has(column) || !column.primaryKey)) {
        const second = new SynonymDescriptor(mapper, key, inherited.key);
        second.install(prototype);
        mapper.descriptors.set(key, second);
      }
      continue;
    }
    const options = declared.get(key)?.options;
    const kind = options?.mutable ? MutableAttribute : ColumnAttribute;
    const attribute = new kind(mapper, key, mapper.columnAttributes.length, [column], {
      ...options,
      deferredGroup: options?.group,
      activeHistory: options?.activeHistory ?? column.primaryKey,
    });
    mapper.columnAttributes.push(attribute);
    mapper.attributes.set(key, attribute);
    mapper.byColumn.set(column, attribute);
    if (base !== null) mapper.byColumn.set(base, attribute);
    // A foreign-key column that no property maps leaves the name to the class's own members.
    if (named.has(column) || !(key in prototype)) defineAccessor(prototype, attribute);
  }
  for (const expression of declaration.expressions) addExpression(mapper, expression);
  addDescriptors(declaration);
  definePrinting(prototype);
  setIdentity(mapper);
  setPolymorphism(mapper);
  declareRelationships(declaration);
  warnOfMissing(declaration);
}

/** A column of a query that no table is written for. */
function readOnly(
  column: Column,
  property: string,
  { deferred, group, deferredRaiseload }: ColumnDeclaration["options"] = {},
): ExpressionDeclaration {
  const options = { deferred, group, deferredRaiseload, perQuery: false };
  return { kind: "expression", property, type: column.type, expression: () => column, options };
}

/** A joined table's key that continues the base's under another name: both are one attribute. So is a foreign key that means inheritance in a table with a key of its own. */
function inheritedKey(mapper: Mapper, column: Column): ColumnAttribute | undefined {
  if (mapper.inherits === null || mapper.single) return undefined;
  const continued = continuedKey(mapper, column);
  if (continued === undefined || column.primaryKey) return continued;
  const others = mapper.table.columns.filter((each) => each !== column && continuedKey(mapper, each) === continued);
  if (others.length === 0) return continued;
  const names = mapper.options.inheritForeignKeys ?? [];
  const isMeant =
    !others.some((each) => each.primaryKey) && (names.includes(column.name) || names.includes(column.key));
  return isMeant ? continued : undefined;
}

/** The attribute of the base's key that a column refers to. */
function continuedKey(mapper: Mapper, column: Column): ColumnAttribute | undefined {
  for (const { target } of column.foreignKeys.map((key) => ({ target: key.tryColumn() }))) {
    const attribute = target === null || target === undefined ? undefined : mapper.byColumn.get(target as Column);
    if (attribute !== undefined && mapper.primaryKey.includes(attribute)) return attribute;
  }
  return undefined;
}

/** JSON and console.log show what is loaded, unless the class has its own say. */
function definePrinting(prototype: object): void {
  const methods: readonly [PropertyKey, (this: object, ...args: never[]) => unknown][] = [
    [
      "toJSON",
      function () {
        return toObject(this);
      },
    ],
    [
      Symbol.for("nodejs.util.inspect.custom"),
      function (_depth: number, options: object, inspect: (value: unknown, options: object) => string) {
        return describeEntity(this, options, inspect);
      },
    ],
  ];
  for (const [name, value] of methods) {
    if (!(name in prototype)) Object.defineProperty(prototype, name, { value, configurable: true, writable: true });
  }
}

function inheritAttributes(mapper: Mapper, base: Mapper): void {
  for (const [key, attribute] of base.attributes) mapper.attributes.set(key, attribute);
  for (const [column, attribute] of base.byColumn) mapper.byColumn.set(column, attribute);
  mapper.columnAttributes.push(...base.columnAttributes);
  for (const [key, descriptor] of base.descriptors) mapper.descriptors.set(key, descriptor);
  mapper.expiredByFlush.push(...base.expiredByFlush);
  mapper.relationships.push(...base.relationships);
  mapper.relationSlots = base.relationSlots;
  mapper.primaryKey = base.primaryKey;
  mapper.version = base.version;
  mapper.polymorphicOn = base.polymorphicOn;
  mapper.polymorphicMap = base.polymorphicMap;
}

/** The columns that this class maps beyond what it inherits. */
function ownColumns({ mapper, options, columns }: ClassDeclaration): readonly Column[] {
  if (mapper.single) {
    const properties = new Set([...columns.map((c) => c.property), ...(options.columns ?? [])]);
    return mapper.table.columns.filter((c) => !mapper.byColumn.has(c) && properties.has(named.get(c) ?? c.key));
  }
  const claimed = new Set<Column>();
  for (const subclass of mapper.subclasses) {
    if (!subclass.single) continue;
    for (const key of subclass.options.columns ?? []) {
      const column = mapper.table.columns.find((c) => c.key === key || c.name === key);
      if (column) claimed.add(column);
    }
  }
  return mapper.table.columns.filter((column) => {
    const key = named.get(column) ?? column.key;
    if (claimed.has(column) || ownerOf.has(column)) return false;
    const { includeProperties: included, excludeProperties: excluded } = options;
    if (included && !column.primaryKey && !isNamed(included, column, key)) return false;
    return excluded === undefined || !isNamed(excluded, column, key);
  });
}

function isNamed(properties: PropertyChoice, column: Column, key: string): boolean {
  return typeof properties === "function" ? properties(column) : properties.includes(key);
}

function unnamedKey({ mapper, options }: ClassDeclaration, column: Column): string {
  // Columns of a table that was given keep their keys; those that a relationship implied are camelCase as properties are.
  return options.table !== undefined || options.columns !== undefined
    ? column.key
    : freeKey(mapper, toCamelCase(column.name));
}

function freeKey(mapper: Mapper, key: string): string {
  return mapper.attributes.has(key) && mapper.table.columns.filter((c) => toCamelCase(c.name) === key).length > 1
    ? `${key}_`
    : key;
}

function setIdentity(mapper: Mapper): void {
  if (mapper.inherits !== null) return;
  const names = mapper.options.primaryKey;
  mapper.primaryKey = names
    ? names.map((name) => mapper.attribute(name) as ColumnAttribute)
    : mapper.table.primaryKey.columns.map((column) => mapper.attributeOf(column));
  if (mapper.primaryKey.length === 0) {
    throw new MapperConfigurationError(
      `${mapper.className}: the table "${mapper.table.name}" has no primary key. Name the attributes that identify a row in primaryKey: [...].`,
    );
  }
}

function setPolymorphism(mapper: Mapper): void {
  const { polymorphicOn, polymorphicIdentity, polymorphicAbstract, versionIdCol } = mapper.options;
  if (polymorphicOn !== undefined)
    mapper.polymorphicOn =
      typeof polymorphicOn === "string"
        ? columnNamed(mapper, polymorphicOn, "polymorphicOn")
        : addDiscriminator(mapper, polymorphicOn);
  if (versionIdCol !== undefined) {
    const version = columnNamed(mapper, versionIdCol, "versionIdCol");
    if (mapper.version !== null && mapper.version !== version) {
      throw new MapperConfigurationError(
        `${mapper.className} names ${version.label} as its versionIdCol, and has the version ${mapper.version.label} of a superclass, which would not be counted any more: ` +
          `name it on the superclass only.`,
      );
    }
    mapper.version = version;
  }
  // Concrete classes are told apart by the table that a row is from.
  if (polymorphicAbstract === true && mapper.polymorphicOn === null && mapper.options.concrete !== true) {
    throw new MapperConfigurationError(
      `${mapper.className} says polymorphicAbstract: true, but neither it nor a superclass says polymorphicOn: "attribute", without which there are no classes to tell apart.`,
    );
  }
  if (polymorphicIdentity === undefined || mapper.concreteBase !== null || mapper.concretes.length > 0) return;
  const other = mapper.polymorphicMap.get(polymorphicIdentity);
  if (other !== undefined && other !== mapper) {
    throw new MapperConfigurationError(
      `${mapper.className} has the polymorphicIdentity ${JSON.stringify(polymorphicIdentity)}, which ${other.className} has already.`,
    );
  }
  if (mapper.polymorphicOn === null) {
    throw new MapperConfigurationError(
      `${mapper.className} has a polymorphicIdentity, but neither it nor a superclass says polymorphicOn: "attribute".`,
    );
  }
  mapper.polymorphicMap.set(polymorphicIdentity, mapper);
}

function columnNamed(mapper: Mapper, name: string, option: string): ColumnAttribute {
  const found =
    mapper.attributes.get(name) ??
    mapper.columnAttributes.find((attribute) => attribute.columns.some((column) => column.name === name));
  if (found instanceof ColumnAttribute) return found;
  throw new MapperConfigurationError(
    `${mapper.className}: ${option} names "${name}", which is no mapped column. ${mapper.noAttribute(name).message}`,
  );
}

function warnOfMissing({ mapper, options, columns }: ClassDeclaration): void {
  for (const option of ["includeProperties", "excludeProperties", "columns"] as const) {
    const names = options[option] ?? [];
    if (typeof names === "function") continue;
    for (const name of names) {
      if (mapper.table.columns.some((c) => c.key === name || c.name === name || named.get(c) === name)) continue;
      if (columns.some((c) => c.property === name)) continue;
      throw new MapperConfigurationError(
        `${mapper.className}: ${option} names "${name}", and the table "${mapper.table.name}" has no such column.`,
      );
    }
  }
}
