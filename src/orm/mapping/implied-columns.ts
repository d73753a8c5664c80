/** Foreign-key columns and association tables that relationships imply where none are mapped. */
import { ArgumentError } from "../../sql/errors.js";
import { Column, ForeignKey } from "../../sql/schema/column.js";
import { ForeignKeyConstraint } from "../../sql/schema/constraints.js";
import { DerivedTable, isDerivedSource } from "../../sql/schema/derived-table.js";
import { MetaData } from "../../sql/schema/metadata.js";
import { Table } from "../../sql/schema/table.js";
import { MapperConfigurationError } from "../errors.js";
import type { ClassDeclaration } from "./class-declaration.js";
import type { RelationDeclaration } from "./declarations.js";
import { isInheritance, tieInheritedKey } from "./inherit-key.js";
import { mapperOfPrototype } from "./instrument.js";
import type { Mapper } from "./mapper.js";
import { inverseName, labelOf, targetOf } from "./targets.js";

/** An association table with the columns of each side. */
export interface Association {
  readonly table: Table;
  readonly joinColumns: readonly Column[] | null;
  readonly inverseJoinColumns: readonly Column[] | null;
}

const foreignKeyColumns = new WeakMap<RelationDeclaration, readonly Column[]>();
const associations = new WeakMap<RelationDeclaration, Association>();
const implied = new WeakSet<Column>();

/** Whether a column is there for a relationship, and no property of the class stands for it. */
export function isImplied(column: Column): boolean {
  return implied.has(column);
}
const declarationOf = new WeakMap<Mapper, ClassDeclaration>();
const done = new WeakSet<ClassDeclaration>();

/** The columns that were made for a relationship, if any were. */
export function impliedColumns(relation: RelationDeclaration): readonly Column[] | undefined {
  return foreignKeyColumns.get(relation);
}

/** The association table of a many-to-many. */
export function associationOf(relation: RelationDeclaration): Association | undefined {
  return associations.get(relation);
}

/** The declaration of the other side, by the name that a relationship gives. */
export function inverseDeclaration(target: Mapper, relation: RelationDeclaration): RelationDeclaration | undefined {
  const name = inverseName(relation);
  if (name === null) return undefined;
  for (let mapper: Mapper | null = target; mapper !== null; mapper = mapper.inherits) {
    const found = declarationOf.get(mapper)?.relations.find((r) => r.property === name);
    if (found !== undefined) return found;
  }
  return undefined;
}

/** Makes the columns that the relationships of classes imply. Keys that others refer to, or continue, are made first. */
export function addImpliedColumns(declarations: readonly ClassDeclaration[]): void {
  for (const declaration of declarations) declarationOf.set(declaration.mapper, declaration);
  for (const declaration of declarations) addColumnsOf(declaration);
}

function addColumnsOf(declaration: ClassDeclaration): void {
  if (done.has(declaration)) return;
  done.add(declaration);
  const { mapper } = declaration;
  const above = mapper.inherits === null ? undefined : declarationOf.get(mapper.inherits);
  if (above !== undefined) addColumnsOf(above);
  tieInheritedKey(mapper);
  for (const relation of declaration.relations) {
    if (holdsForeignKey(declaration, relation)) addForeignKey(declaration, relation);
  }
}

/** Association tables need the keys of both sides, so they come when all columns are there. */
export function addAssociations(declaration: ClassDeclaration): void {
  for (const relation of declaration.relations) {
    if (relation.relation === "manyToMany" || relation.options.secondary !== undefined)
      resolveAssociation(declaration, relation);
  }
}

function holdsForeignKey({ mapper }: ClassDeclaration, relation: RelationDeclaration): boolean {
  const { primaryJoin, viewonly, foreignKeys, owner } = relation.options;
  if (primaryJoin || viewonly || foreignKeys) return false;
  if (relation.relation === "manyToOne") return true;
  return relation.relation === "oneToOne" && (owner ?? false) && mapper.tables.length > 0;
}

function addForeignKey(declaration: ClassDeclaration, relation: RelationDeclaration): void {
  const {
    mapper,
    options: { table: given },
  } = declaration;
  const target = targetOf(mapper, relation);
  const targetDeclaration = declarationOf.get(target);
  if (targetDeclaration) addColumnsOf(targetDeclaration);
  const { options } = relation;
  const { table } = mapper;
  const isGiven = given !== undefined || (mapper.single && mapper.base.table instanceof DerivedTable);
  const keys = keyColumns(target, labelOf(mapper, relation));
  const names = keyNames(declaration, relation, keys);
  const present = names.map((name) => table.columns.find((c) => c.name === name));
  if (present.every((c) => c !== undefined)) {
    const columns = present as Column[];
    const declared = keyWith(table, columns, keys);
    if (declared === undefined && !constrained(table, columns)) {
      table.addConstraint(new ForeignKeyConstraint(columns, keys, constraintOptions(options)));
    }
    foreignKeyColumns.set(relation, declared?.columns ?? columns);
    return;
  }
  // A table that is there already stays as it is.
  const declared = declaredKeysTo(mapper, target, claimedBeside(declaration, relation, target));
  if (declared.length === 1) foreignKeyColumns.set(relation, declared[0].columns);
  if (declared.length > 0 || isGiven) return;
  const columns = keys.map((key, i) => {
    const column = new Column(names[i], key.type, {
      name: names[i],
      primaryKey: options.primaryKey ?? false,
      nullable: options.primaryKey ? false : (options.nullable ?? true),
      unique: options.unique ?? (relation.relation === "oneToOne" && keys.length === 1),
      index: options.index ?? false,
      ...(keys.length === 1 ? { foreignKey: new ForeignKey(key, constraintOptions(options)) } : {}),
    });
    implied.add(column);
    table.addColumn(column);
    return column;
  });
  if (keys.length > 1) table.addConstraint(new ForeignKeyConstraint(columns, keys, constraintOptions(options)));
  foreignKeyColumns.set(relation, columns);
}

/** What the columns of a key are called where nothing else is said. */
function keyNames(
  { home }: ClassDeclaration,
  { options, keyName, property }: RelationDeclaration,
  keys: readonly Column[],
): readonly string[] {
  if (keys.length === 1 && options.columnName) return [options.columnName];
  return keys.map((key) => home.naming.foreignKeyColumn(keyName ?? property, key.name));
}

/** The mapped columns that other relationships to the same class have by their names: each is the key of one, unless `overlaps` says that it is not. */
function claimedBeside(declaration: ClassDeclaration, relation: RelationDeclaration, target: Mapper): Set<string> {
  const claimed = new Set<string>();
  if (relation.options.overlaps !== undefined) return claimed;
  const { mapper, relations } = declaration;
  const keys = target.base.table.primaryKey.columns;
  for (const other of relations) {
    if (other === relation || !holdsForeignKey(declaration, other)) continue;
    if (targetOf(mapper, other) !== target) continue;
    for (const name of keyNames(declaration, other, keys)) claimed.add(name);
  }
  return claimed;
}

function constraintOptions(options: RelationDeclaration["options"]): ConstructorParameters<typeof ForeignKey>[1] {
  const { onDelete, onUpdate, deferrable, initially, useAlter } = options;
  return { onDelete, onUpdate, deferrable, initially, useAlter };
}

/** The foreign key that ties columns to keys: exactly these, or the first that ties others beside them. */
function keyWith(table: Table, columns: readonly Column[], keys: readonly Column[]): ForeignKeyConstraint | undefined {
  const found = table.foreignKeyConstraints.filter((each) =>
    columns.every((column, i) => each.elements[each.columns.indexOf(column)]?.tryColumn() === keys[i]),
  );
  return found.find((each) => each.columns.length === columns.length) ?? found[0];
}

function constrained(table: Table, columns: readonly Column[]): boolean {
  return table.foreignKeyConstraints.some(
    (c) => c.columns.length === columns.length && c.columns.every((x) => columns.includes(x)),
  );
}

/** The foreign keys to the target that the class maps itself, and that are no other relationship's. */
function declaredKeysTo(mapper: Mapper, target: Mapper, claimed: ReadonlySet<string>): readonly ForeignKeyConstraint[] {
  return mapper.table.distinctForeignKeys.filter(
    (c) =>
      !isInheritance(c, mapper) &&
      !c.columns.some((column) => implied.has(column)) &&
      !c.columns.every((column) => claimed.has(column.name)) &&
      target.tables.some((t) => c.elements[0].references(t)),
  );
}

function keyColumns(target: Mapper, label: string): readonly Column[] {
  const { columns } = target.base.table.primaryKey;
  if (columns.length === 0)
    throw new MapperConfigurationError(`${label}: its target ${target.className} has no primary key to refer to.`);
  return columns;
}

function resolveAssociation(declaration: ClassDeclaration, relation: RelationDeclaration): Association {
  const known = associations.get(relation);
  if (known !== undefined) return known;
  const { mapper, home } = declaration;
  const target = targetOf(mapper, relation);
  const inverse = inverseDeclaration(target, relation);
  const given = relation.options.secondary ?? inverse?.options.secondary;
  const table = given === undefined ? null : tableOf(given, declaration, relation);
  let association: Association;
  if (table !== null) {
    association = {
      table,
      joinColumns: named(table, relation.options.joinColumns ?? inverse?.options.inverseJoinColumns, mapper, relation),
      inverseJoinColumns: named(
        table,
        relation.options.inverseJoinColumns ?? inverse?.options.joinColumns,
        mapper,
        relation,
      ),
    };
  } else {
    const name =
      typeof given === "string"
        ? given
        : home.naming.associationTable(mapper.table.name, relation.property, target.table.name);
    association = makeAssociation(name, declaration, relation, target, inverse);
  }
  associations.set(relation, association);
  if (inverse !== undefined && !associations.has(inverse) && isManyToMany(inverse)) {
    associations.set(inverse, {
      table: association.table,
      joinColumns: association.inverseJoinColumns,
      inverseJoinColumns: association.joinColumns,
    });
  }
  return association;
}

/** Whether a side goes through an association table; where it says no kind, the other side decides. */
function isManyToMany({ relation, options }: RelationDeclaration): boolean {
  return relation === "manyToMany" || options.secondary !== undefined || relation === null;
}

function tableOf(
  given: NonNullable<RelationDeclaration["options"]["secondary"]>,
  { mapper, metadata }: ClassDeclaration,
  relation: RelationDeclaration,
): Table | null {
  if (typeof given === "string") return (metadata.tables.get(given) as Table | undefined) ?? null;
  const result = typeof given === "function" ? given() : given;
  if (result instanceof Table) return result as Table;
  const label = labelOf(mapper, relation);
  if (isDerivedSource(result)) {
    if (relation.options.viewonly !== true)
      throw new ArgumentError(
        `${label}: secondary is a join or a query, whose rows no flush can write. Say viewonly: true.`,
      );
    return new DerivedTable(`${mapper.table.name}_${relation.property}`, new MetaData(), result);
  }
  const between = typeof result === "function" ? mapperOfPrototype(result.prototype) : undefined;
  if (between === undefined) throw new ArgumentError(`${label}: secondary is neither a table nor the name of one.`);
  return between.table;
}

function named(
  table: Table,
  names: readonly string[] | undefined,
  mapper: Mapper,
  relation: RelationDeclaration,
): readonly Column[] | null {
  if (names === undefined) return null;
  return names.map((name) => {
    const column = table.columns.find((c) => c.name === name || c.key === name);
    if (column === undefined) {
      throw new MapperConfigurationError(
        `${labelOf(mapper, relation)}: the association table "${table.name}" has no column "${name}".`,
      );
    }
    return column;
  });
}

function makeAssociation(
  name: string,
  { mapper, home, metadata }: ClassDeclaration,
  relation: RelationDeclaration,
  target: Mapper,
  inverse: RelationDeclaration | undefined,
): Association {
  const { options } = relation;
  const side = (of: Mapper, names: readonly string[] | undefined, fallback: (key: Column) => string): Column[] =>
    keyColumns(of, labelOf(mapper, relation)).map(
      (key, i) =>
        new Column(names?.[i] ?? fallback(key), key.type, {
          name: names?.[i] ?? fallback(key),
          primaryKey: true,
          autoincrement: false,
          ...(of.base.table.primaryKey.columns.length === 1
            ? { foreignKey: new ForeignKey(key, constraintOptions(options)) }
            : {}),
        }),
    );
  const selfReference = mapper.base === target.base;
  const joinColumns = side(mapper, options.joinColumns ?? inverse?.options.inverseJoinColumns, (key) =>
    home.naming.associationColumn(mapper.className, key.name),
  );
  const inverseJoinColumns = side(target, options.inverseJoinColumns ?? inverse?.options.joinColumns, (key) =>
    selfReference
      ? home.naming.foreignKeyColumn(relation.property, key.name)
      : home.naming.associationColumn(target.className, key.name),
  );
  const dot = name.lastIndexOf(".");
  const table = new Table(name.slice(dot + 1), metadata, [...joinColumns, ...inverseJoinColumns], {
    schema: dot < 0 ? mapper.table.schema : name.slice(0, dot),
  });
  for (const [of, columns] of [
    [mapper, joinColumns],
    [target, inverseJoinColumns],
  ] as const) {
    const keys = of.base.table.primaryKey.columns;
    if (keys.length > 1) table.addConstraint(new ForeignKeyConstraint(columns, keys, constraintOptions(options)));
  }
  return { table, joinColumns, inverseJoinColumns };
}
