/** Works out what declared classes need of each other, on first use: attributes, keys, hierarchies, relationships. */
import type { Column } from "../../sql/schema/column.js";
import { ForeignKeyConstraint } from "../../sql/schema/constraints.js";
import { DerivedTable } from "../../sql/schema/derived-table.js";
import type { Table } from "../../sql/schema/table.js";
import { ColumnAttribute } from "../attributes/column-attribute.js";
import { ExpressionAttribute } from "../attributes/expression-attribute.js";
import { MutableAttribute } from "../attributes/mutable-attribute.js";
import { describeEntity, toObject } from "../to-object.js";
import { AnyDescriptor } from "./any-descriptor.js";
import { tieAnySides } from "./any-sides.js";
import { checkNames, checkOptions, checkSynonyms, checkTableArgs } from "./checks.js";
import type { ClassDeclaration } from "./class-declaration.js";
import { propertyOf } from "./column-names.js";
import { addDescriptors, addExpression, addHooks } from "./configure-properties.js";
import { configureRelationships, declareRelationships } from "./configure-relationships.js";
import type { ColumnDeclaration, ExpressionDeclaration, PropertyChoice } from "./declarations.js";
import { addTableArgs, isOfSubclass } from "./declare-columns.js";
import { setIdentity, setPolymorphism } from "./identities.js";
import { addImpliedColumns } from "./implied-columns.js";
import { defineAccessor } from "./instrument.js";
import type { Mapper } from "./mapper.js";
import { toCamelCase } from "./naming.js";
import { SynonymDescriptor } from "./synonym-descriptor.js";

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
  addImpliedColumns(declarations);
  for (const { table, args } of late)
    addTableArgs(
      table,
      args.filter((each) => !isKeyOf(table, each)),
    );
  for (const declaration of declarations) checkTableArgs(declaration);
  for (const declaration of declarations) giveSlots(declaration);
  configureRelationships(declarations);
  for (const { mapper } of declarations)
    for (const each of mapper.descriptors.values()) if (each instanceof AnyDescriptor) each.configure(mapper);
  for (const declaration of declarations) addHooks(declaration);
  for (const { mapper } of declarations) checkSynonyms(mapper);
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
  const own = ownColumns(declaration).map((column) => ({
    column,
    key: propertyOf(mapper, column) ?? unnamedKey(declaration, column),
  }));
  checkNames(declaration, own);
  for (const { column, key } of own) {
    const base = mapper.table instanceof DerivedTable ? mapper.table.baseOf(column) : column;
    if (base === null && !(mapper.options.primaryKey ?? []).includes(key)) {
      addExpression(mapper, readOnly(column, key, declared.get(key)?.options));
      continue;
    }
    const inherited = mapper.attributes.get(key) ?? inheritedKey(mapper, column);
    if (inherited instanceof ColumnAttribute) {
      mapper.byColumn.set(column, inherited);
      if (base !== null) mapper.byColumn.set(base, inherited);
      if (inherited.key !== key && (propertyOf(mapper, column) !== undefined || !column.primaryKey)) {
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
    if (propertyOf(mapper, column) !== undefined || !(key in prototype)) defineAccessor(prototype, attribute);
  }
  for (const expression of declaration.expressions) addExpression(mapper, expression);
  addDescriptors(declaration);
  definePrinting(prototype);
  setIdentity(mapper);
  setPolymorphism(mapper);
  declareRelationships(declaration);
  checkOptions(declaration);
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
    const properties = new Set(columns.map((c) => c.property));
    return mapper.table.columns.filter((column) => {
      if (mapper.byColumn.has(column)) return false;
      const property = propertyOf(mapper, column);
      return property === undefined ? (options.columns ?? []).includes(column.key) : properties.has(property);
    });
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
    const key = propertyOf(mapper, column) ?? column.key;
    if (claimed.has(column) || isOfSubclass(column)) return false;
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
