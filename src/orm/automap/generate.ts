/** Classes and relationships from the tables of a metadata. */
import { allOf } from "../../sql/elements/build.js";
import { ArgumentError } from "../../sql/errors.js";
import type { Column } from "../../sql/schema/column.js";
import type { ForeignKeyConstraint } from "../../sql/schema/constraints.js";
import type { Table } from "../../sql/schema/table.js";
import { relationship } from "../mapping/collect.js";
import type { AnyClass, RelationDeclaration, RelationKind } from "../mapping/declarations.js";
import type { Registry } from "../mapping/registry.js";
import { inverseName } from "../mapping/targets.js";
import { type AutomapHooks, attributeName, freeName, type GeneratedRelationOptions, nameByColumns } from "./names.js";

/** A class on its way to being mapped. */
interface Draft {
  readonly cls: AnyClass;
  readonly table: Table;
  /** Written by hand: it is completed and not mapped again. */
  readonly written: boolean;
  readonly taken: Set<string>;
  readonly properties: Record<string, object>;
  /** Relationships that the class has by its own word. */
  readonly own: readonly RelationDeclaration[];
}

/** The relationships that fill a column. */
type Writers = Map<Column, readonly string[]>;

/** Makes a class for every table that has a key and is no pure link, and completes those written by hand. */
export function generateClasses(
  registry: Registry,
  tables: readonly Table[],
  hooks: AutomapHooks,
  nameOf: (wanted: string, table: Table) => string,
): readonly { readonly cls: AnyClass; readonly table: Table }[] {
  const drafts = new Map<Table, Draft>();
  const written = new Map(registry.mappers.map((mapper) => [mapper.table, mapper.cls]));
  const sorted = [...tables].sort((a, b) => (a.fullName < b.fullName ? -1 : 1));
  for (const [table, cls] of written) {
    const { columns, relations } = registry.declared(cls);
    const taken = new Set([...columns, ...relations.map((each) => each.property)]);
    for (const column of table.columns) taken.add(column.key).add(attributeName(column.name));
    drafts.set(table, { cls, table, written: true, taken, properties: {}, own: relations });
  }
  const links: Table[] = [];
  for (const table of sorted) {
    if (table.isView || written.has(table)) continue;
    // the rows of a partition are linked through its table
    if (isLink(table) && !table.isPartition) links.push(table);
    else if (table.primaryKey.columns.length > 0) draft(table, hooks, nameOf, drafts);
  }
  // a link to a table without a class is a class of its own
  const pure = links.filter((table) => table.foreignKeyConstraints.every((key) => referred(key, drafts) !== undefined));
  for (const table of links) {
    if (!pure.includes(table) && table.primaryKey.columns.length > 0) draft(table, hooks, nameOf, drafts);
  }
  const all = [...drafts.values()].sort((a, b) => (a.table.fullName < b.table.fullName ? -1 : 1));
  const writers: Writers = new Map();
  for (const local of all) for (const key of sortedKeys(local.table)) relateByKey(local, key, drafts, hooks, writers);
  for (const table of pure) relateByLink(table, drafts, hooks);
  for (const { cls, table, written: known, properties } of all) {
    if (known) registry.addProperties(cls, properties);
    else registry.mapImperatively(cls, table, { properties });
  }
  return all.filter((each) => !each.written || tables.includes(each.table));
}

function draft(
  table: Table,
  hooks: AutomapHooks,
  nameOf: (wanted: string, table: Table) => string,
  drafts: Map<Table, Draft>,
): void {
  const wanted =
    hooks.classnameForTable === undefined ? table.name : hooks.classnameForTable(table.name, table, table.name);
  if (wanted === null) return;
  const name = nameOf(wanted, table);
  const cls = { [name]: class {} }[name] as AnyClass;
  const properties: Record<string, object> = {};
  const taken = new Set<string>();
  for (const column of table.columns) {
    const attribute = hooks.nameForColumn?.(column, table, column.key) ?? column.key;
    if (attribute !== column.key) properties[attribute] = column;
    taken.add(attribute);
  }
  drafts.set(table, { cls, table, written: false, taken, properties, own: [] });
}

/** Two foreign keys, and nothing else. */
function isLink(table: Table): boolean {
  const keys = table.distinctForeignKeys;
  if (keys.length !== 2) return false;
  const columns = new Set(keys.flatMap((key) => key.columns));
  return table.columns.every((column) => columns.has(column));
}

function sortedKeys(table: Table): readonly ForeignKeyConstraint[] {
  const place = (key: ForeignKeyConstraint): number => Math.min(...key.columns.map((c) => table.columns.indexOf(c)));
  return [...table.distinctForeignKeys].sort((a, b) => place(a) - place(b));
}

function referred(key: ForeignKeyConstraint, drafts: ReadonlyMap<Table, Draft>): Draft | undefined {
  const target = key.elements[0]?.tryColumn()?.table;
  return target == null ? undefined : drafts.get(target as Table);
}

function relateByKey(
  local: Draft,
  key: ForeignKeyConstraint,
  drafts: ReadonlyMap<Table, Draft>,
  hooks: AutomapHooks,
  writers: Writers,
): void {
  const remote = referred(key, drafts);
  // the key of a subclass's table to its superclass's is inheritance
  if (remote === undefined || (remote !== local && local.cls.prototype instanceof remote.cls)) return;
  const rivals = local.table.distinctForeignKeys.filter((other) => referred(other, drafts) === remote);
  const between: Between = { local, remote, key, rivals };
  const declared = writtenScalar(local, remote, key, rivals.length);
  const scalar = declared?.property ?? scalarName(between, hooks);
  const inverse = writtenInverse(remote, local, key, declared, rivals.length);
  const collection = inverse?.property ?? collectionName(between, hooks);
  const { columns } = key;
  // keys that share a column are meant to
  const others = new Set(columns.flatMap((column) => writers.get(column) ?? []));
  const overlaps = others.size === 0 ? {} : { overlaps: [...others] };
  for (const column of columns) writers.set(column, [...(writers.get(column) ?? []), scalar, collection]);
  const join = { ...conditionBesides(rivals, key), ...overlaps };
  let hasScalar = declared !== undefined;
  if (!hasScalar) {
    const remoteSide = remote === local ? { remoteSide: key.refColumns } : {};
    hasScalar = add(hooks, "manyToOne", local, remote, scalar, { foreignKeys: columns, ...join, ...remoteSide });
  }
  if (inverse !== undefined) return;
  const required = columns.every((column) => !column.nullable);
  const action = key.onDelete?.toUpperCase() ?? "";
  add(hooks, "oneToMany", remote, local, collection, {
    foreignKeys: columns,
    ...join,
    ...(remote === local ? { remoteSide: columns } : {}),
    ...(required ? { cascade: ["all", "delete-orphan"] as const } : {}),
    ...(action === (required ? "CASCADE" : "SET NULL") ? { passiveDeletes: true } : {}),
    ...(hasScalar ? { backPopulates: scalar } : {}),
  });
}

/** A foreign key, the classes of its two tables, and all keys that lead from the one to the other. */
interface Between {
  readonly local: Draft;
  readonly remote: Draft;
  readonly key: ForeignKeyConstraint;
  readonly rivals: readonly ForeignKeyConstraint[];
}

/** The class that the key leads to names the relation to one, where no other key leads there: else its columns do. */
function scalarName({ local, remote, key, rivals }: Between, hooks: AutomapHooks): string {
  const byClass = attributeName(remote.cls.name);
  const byColumns = nameByColumns(key);
  const plain = rivals.length === 1 && remote !== local;
  const byDefault = freeName(
    local.taken,
    plain ? byClass : byColumns,
    plain ? byColumns : `${byColumns}Ref`,
    `${byClass}Ref`,
  );
  return hooks.nameForScalarRelationship?.(local.cls, remote.cls, key, byDefault) ?? byDefault;
}

/** The same of the collection at the other end. */
function collectionName({ local, remote, key, rivals }: Between, hooks: AutomapHooks): string {
  const byColumns = nameByColumns(key);
  const base = `${attributeName(local.cls.name)}Collection`;
  const suffixed = `${base}By${capitalized(byColumns)}`;
  const isOnly = rivals.length === 1 || byColumns === attributeName(remote.cls.name);
  const byDefault = freeName(remote.taken, isOnly ? base : suffixed, suffixed);
  return hooks.nameForCollectionRelationship?.(remote.cls, local.cls, key, byDefault) ?? byDefault;
}

function capitalized(name: string): string {
  return name.charAt(0).toUpperCase() + name.slice(1);
}

/** The condition of a key that its columns do not tell from another one: `(x, y)` beside `(y, x)`. */
function conditionBesides(
  rivals: readonly ForeignKeyConstraint[],
  key: ForeignKeyConstraint,
): GeneratedRelationOptions {
  const { columns, refColumns } = key;
  const alike = rivals.filter((other) => columns.every((column) => other.columns.includes(column)));
  if (alike.length < 2) return {};
  const pairs = columns.map((column, i) => column.eq(refColumns[i]));
  return { primaryJoin: () => allOf(pairs) };
}

/** The relationship that a class written by hand has for a key already. */
function writtenScalar(
  local: Draft,
  remote: Draft,
  key: ForeignKeyConstraint,
  rivals: number,
): RelationDeclaration | undefined {
  const toRemote = local.own.filter(
    (r) => (r.relation === "manyToOne" || r.relation === "oneToOne") && r.target() === remote.cls,
  );
  return toRemote.find((r) => {
    if (r.options.columnName !== undefined) return key.columns.some((column) => column.name === r.options.columnName);
    return Array.isArray(r.options.foreignKeys) ? uses(r, key) : rivals === 1 || r.property === nameByColumns(key);
  });
}

/** Whether a relationship names the columns of a key. */
function uses({ options }: RelationDeclaration, key: ForeignKeyConstraint): boolean {
  const given = options.foreignKeys as readonly unknown[];
  return key.columns.some(
    (column) => given.includes(column) || given.includes(column.name) || given.includes(attributeName(column.name)),
  );
}

function writtenInverse(
  remote: Draft,
  local: Draft,
  key: ForeignKeyConstraint,
  scalar: RelationDeclaration | undefined,
  rivals: number,
): RelationDeclaration | undefined {
  const toLocal = remote.own.filter(
    (r) => (r.relation === "oneToMany" || r.relation === "oneToOne") && r.target() === local.cls,
  );
  return toLocal.find((r) =>
    Array.isArray(r.options.foreignKeys)
      ? uses(r, key)
      : rivals === 1 || (scalar !== undefined && inverseName(r) === scalar.property),
  );
}

function relateByLink(link: Table, drafts: ReadonlyMap<Table, Draft>, hooks: AutomapHooks): void {
  const [first, second] = sortedKeys(link) as [ForeignKeyConstraint, ForeignKeyConstraint];
  const a = referred(first, drafts) as Draft;
  const b = referred(second, drafts) as Draft;
  const written = (of: Draft): RelationDeclaration | undefined =>
    of.own.find(
      (r) => r.options.secondary === link || r.options.secondary === link.name || r.options.secondary === link.fullName,
    );
  const name = (of: Draft, other: Draft, key: ForeignKeyConstraint, also: string | null): string => {
    const byColumns = nameByColumns(key);
    const base = `${attributeName(other.cls.name)}Collection`;
    const suffixed = `${base}By${capitalized(byColumns)}`;
    const taken = also === null ? of.taken : new Set([...of.taken, also]);
    const byDefault = freeName(taken, ...((a === b ? [suffixed] : [base, suffixed]) as [string, ...string[]]));
    return hooks.nameForCollectionRelationship?.(of.cls, other.cls, key, byDefault) ?? byDefault;
  };
  const [ownA, ownB] = [written(a), written(b)];
  const nameA = ownA?.property ?? name(a, b, second, null);
  const nameB = ownB?.property ?? name(b, a, first, a === b ? nameA : null);
  const columns = (key: ForeignKeyConstraint): string[] => key.columns.map((column) => column.name);
  let hasA = ownA !== undefined;
  if (!hasA) {
    hasA = add(hooks, "manyToMany", a, b, nameA, {
      secondary: link,
      joinColumns: columns(first),
      inverseJoinColumns: columns(second),
    });
  }
  if (ownB !== undefined || ownA?.options.backPopulates !== undefined) return;
  add(hooks, "manyToMany", b, a, nameB, {
    secondary: link,
    joinColumns: columns(second),
    inverseJoinColumns: columns(first),
    ...(hasA ? { backPopulates: nameA } : {}),
  });
}

function add(
  hooks: AutomapHooks,
  kind: RelationKind,
  local: Draft,
  remote: Draft,
  attribute: string,
  options: GeneratedRelationOptions,
): boolean {
  const full: GeneratedRelationOptions = { ...options, kind };
  const chosen =
    hooks.generateRelationship === undefined
      ? full
      : hooks.generateRelationship(kind, full, attribute, local.cls, remote.cls);
  if (chosen === null) return false;
  if (local.taken.has(attribute)) {
    throw new ArgumentError(
      `${local.cls.name}.${attribute}: the relationship to ${remote.cls.name} would have the name of another attribute. Return another one from the naming hook.`,
    );
  }
  local.taken.add(attribute);
  local.properties[attribute] = relationship(() => remote.cls, chosen);
  return true;
}
