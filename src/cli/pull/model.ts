/** What is to be written of a database: classes with their attributes and relationships, and tables that can have no class. */

import { MigrationError } from "../../migrations/errors.js";
import { fullName } from "../../migrations/operations/alter.js";
import { mentionsIdentifier } from "../../migrations/sql-text.js";
import { automapBase } from "../../orm/automap/automap.js";
import { nameByColumns } from "../../orm/automap/names.js";
import type { AnyClass, RelationDeclaration, RelationKind } from "../../orm/mapping/declarations.js";
import { inverseName } from "../../orm/mapping/targets.js";
import type { Column } from "../../sql/schema/column.js";
import type { ForeignKeyConstraint } from "../../sql/schema/constraints.js";
import { PrimaryKeyConstraint, UniqueConstraint } from "../../sql/schema/constraints.js";
import type { Sequence } from "../../sql/schema/generated.js";
import type { MetaData } from "../../sql/schema/metadata.js";
import type { NamedSchemaType } from "../../sql/schema/named-types.js";
import type { Table } from "../../sql/schema/table.js";
import { AttributeNames, plural, propertyName, TopLevelNames } from "./names.js";

/** A relationship of a pulled class. */
export interface PulledRelation {
  readonly property: string;
  readonly kind: RelationKind;
  readonly target: string;
  /** The property of the target that is the other side. */
  readonly inverse: string | null;
  /** May there be nobody on the other side. */
  readonly nullable: boolean;
  /** The columns of the foreign key, where the classes alone do not tell which is meant. */
  readonly foreignKeys: readonly Column[] | null;
  /** Of a self-reference, with the attributes of the far side. */
  readonly remoteSide: readonly Column[] | null;
  /** The constant of the association table, and its columns where the classes alone do not tell. */
  readonly secondary: { readonly name: string; readonly columns: readonly [string[], string[]] | null } | null;
  readonly owner: boolean;
  readonly cascade: boolean;
  readonly passiveDeletes: boolean;
  /** The relationships whose keys share a column with this one's. */
  readonly overlaps: readonly string[];
}

/** A table that becomes a class. */
export interface PulledClass {
  readonly kind: "class";
  readonly name: string;
  readonly table: Table;
  readonly attributes: ReadonlyMap<Column, string>;
  readonly relations: readonly PulledRelation[];
  /** Of a view: the columns that are taken for its key. */
  readonly viewKey: readonly Column[] | null;
  readonly view: PulledView | null;
}

/** A table that becomes a constant: an association table, a partition, a view or a table without a key. */
export interface PulledTable {
  readonly kind: "table";
  readonly name: string;
  readonly table: Table;
  readonly view: PulledView | null;
}

/** What a view selects. */
export interface PulledView {
  readonly definition: string | null;
  readonly materialized: boolean;
  /** The names of the items whose views it reads: they are made first. */
  readonly after: readonly string[];
}

/** A view as it was found; the definition is null where it cannot be written again, and then it says why. */
export interface FoundView extends Pick<PulledView, "definition" | "materialized"> {
  readonly why?: string;
}

/** A sequence that becomes a constant. */
export interface PulledSequence {
  readonly name: string;
  readonly sequence: Sequence;
}

/** A type that no column has, which becomes a constant. */
export interface PulledType {
  readonly name: string;
  readonly type: NamedSchemaType;
}

/** All that is written. */
export interface PulledModel {
  readonly items: readonly (PulledClass | PulledTable)[];
  readonly sequences: readonly PulledSequence[];
  readonly types: readonly PulledType[];
  /** What was left out, and what somebody should look at. */
  readonly notes: readonly string[];
}

/**
 * Works out classes for the tables of a metadata. Which tables are links, and which relationships there are, is automap's
 * word; only the names are different.
 *
 * @param metadata as it was reflected, views included
 * @param found the views, by full name
 * @param viewKeys the columns that identify a row of a view, by the view's name
 */
export function pulledModel(
  metadata: MetaData,
  found: ReadonlyMap<string, FoundView>,
  viewKeys: ReadonlyMap<string, readonly string[]>,
): PulledModel {
  const notes: string[] = [];
  const tables = [...metadata.tables.values()].sort((a, b) => (a.fullName < b.fullName ? -1 : 1));
  const views = new Map<Table, readonly Column[]>();
  for (const view of tables.filter((each) => each.isView)) {
    const key = keyOfView(view, viewKeys, notes);
    if (key !== null) views.set(view, key);
  }
  const top = new TopLevelNames();
  const generated = generate(metadata, top);
  const items: (PulledClass | PulledTable)[] = [];
  const constants = new Map<Table, string>();
  for (const table of tables) {
    if (views.has(table) || generated.has(table)) continue;
    const name = top.forTable(table);
    constants.set(table, name);
    items.push({ kind: "table", name, table, view: null });
  }
  const classes = new Map<unknown, Generated>([...generated.values()].map((each) => [each.cls, each]));
  for (const own of generated.values()) {
    items.push({
      kind: "class",
      name: own.cls.name,
      table: own.table,
      attributes: own.attributes,
      relations: own.relations.map((relation) => pulledRelation(relation, own, classes, constants)),
      viewKey: null,
      view: null,
    });
  }
  for (const [table, viewKey] of views) {
    const names = new AttributeNames();
    const attributes = new Map(table.columns.map((column) => [column, names.take(propertyName(column.name))]));
    items.push({ kind: "class", name: top.forClass(table), table, attributes, relations: [], viewKey, view: null });
  }
  const place = new Map(tables.map((table, i) => [table, i]));
  items.sort((a, b) => (place.get(a.table) as number) - (place.get(b.table) as number));
  const sequences = metadata.sequences.map((sequence) => ({
    name: top.forConstant(sequence.fullName, "Sequence"),
    sequence,
  }));
  const types = (metadata.types as readonly NamedSchemaType[]).map((type) => ({
    name: top.forConstant(fullName(type), "Type"),
    type,
  }));
  return { items: withViews(items, found, notes), sequences, types, notes };
}

/** The items with what their views select, a view after those that it reads. */
function withViews(
  items: readonly (PulledClass | PulledTable)[],
  found: ReadonlyMap<string, FoundView>,
  notes: string[],
): readonly (PulledClass | PulledTable)[] {
  const sorted = new Set(items.filter((each) => !each.table.isView));
  const views = items.filter((each) => each.table.isView);
  const reads = (item: PulledClass | PulledTable): readonly (PulledClass | PulledTable)[] => {
    const text = found.get(item.table.fullName)?.definition ?? "";
    return views.filter((each) => each !== item && mentionsIdentifier(text, each.table.name));
  };
  const done: (PulledClass | PulledTable)[] = [...sorted];
  const visit = (item: PulledClass | PulledTable): void => {
    if (sorted.has(item)) return;
    sorted.add(item);
    const before = reads(item);
    for (const each of before) visit(each);
    const { definition = null, materialized = false, why } = found.get(item.table.fullName) ?? {};
    if (definition === null)
      notes.push(`view ${item.table.fullName}: what it selects is not written, as ${why}; migrations leave it alone`);
    done.push({ ...item, view: { definition, materialized, after: before.map((each) => each.name) } });
  };
  for (const view of views) visit(view);
  return done;
}

/** A class that automap has made. */
interface Generated {
  readonly cls: AnyClass;
  readonly table: Table;
  readonly attributes: ReadonlyMap<Column, string>;
  readonly relations: readonly RelationDeclaration[];
}

function generate(metadata: MetaData, top: TopLevelNames): ReadonlyMap<Table, Generated> {
  const base = automapBase({ metadata });
  const classNames = new Map<Table, string>();
  const taken = new Map<string, AttributeNames>();
  const attributes = new Map<Table, Map<Column, string>>();
  const namesOf = (cls: string): AttributeNames => {
    const known = taken.get(cls) ?? new AttributeNames();
    taken.set(cls, known);
    return known;
  };
  const lower = (cls: AnyClass): string => propertyName(cls.name);
  base.prepare(null, {
    classnameForTable: (_name, table) => {
      if (table.isPartition) return null;
      const name = top.forClass(table);
      classNames.set(table, name);
      return name;
    },
    nameForColumn: (column, table) => {
      const name = namesOf(classNames.get(table) as string).take(propertyName(column.name));
      const own = attributes.get(table) ?? new Map<Column, string>();
      attributes.set(table, own.set(column, name));
      return name;
    },
    nameForScalarRelationship: (local, referred, key) => {
      const byClass = lower(referred);
      const byColumns = propertyName(nameByColumns(key));
      // a column called by a role (SupportRepId) names it better than the class does
      const [column] = key.columns;
      const says = key.columns.length === 1 && byColumns !== propertyName((column as Column).name);
      const byRole = says || local === referred || rivals(key) > 1;
      const names = namesOf(local.name);
      return byRole ? names.take(byColumns, `${byColumns}Ref`) : names.take(byClass, byColumns, `${byClass}Ref`);
    },
    nameForCollectionRelationship: (owner, member, key) => {
      const own = classNames.get(key.table as unknown as Table) === member.name;
      const one = own && isUniqueSet(key.table as unknown as Table, key.columns);
      const many = one ? lower(member) : plural(lower(member));
      const byColumns = propertyName(nameByColumns(key));
      const suffixed = `${many}By${byColumns.charAt(0).toUpperCase()}${byColumns.slice(1)}`;
      return namesOf(owner.name).take(owner !== member && rivals(key) === 1 ? many : suffixed, suffixed);
    },
    generateRelationship: (kind, options) => {
      const key = (options.foreignKeys as readonly Column[] | undefined) ?? null;
      const unique = key !== null && kind !== "manyToMany" && isUniqueSet(key[0]?.table as unknown as Table, key);
      return unique ? { ...options, kind: "oneToOne" } : options;
    },
  });
  const found = new Map<Table, Generated>();
  const byName = new Map([...classNames].map(([table, name]) => [name, table]));
  for (const [name, cls] of Object.entries(base.classes)) {
    const table = byName.get(name) as Table;
    const { relations } = base.registry.declared(cls);
    found.set(table, { cls, table, attributes: attributes.get(table) ?? new Map(), relations });
  }
  return found;
}

/** How many keys of a table lead where this one does. */
function rivals(key: ForeignKeyConstraint): number {
  const table = key.table as unknown as Table;
  return table.distinctForeignKeys.filter((other) => other.referredTable === key.referredTable).length;
}

/** Whether a table has no two rows with the same values in some columns. */
function isUniqueSet(table: Table, columns: readonly Column[]): boolean {
  const same = (others: readonly Column[]): boolean =>
    others.length === columns.length && others.every((each) => columns.includes(each));
  return (
    table.constraints.some(
      (each) => (each instanceof PrimaryKeyConstraint || each instanceof UniqueConstraint) && same(each.columns),
    ) ||
    table.indexes.some(
      (each) =>
        each.unique &&
        each.options.where === undefined &&
        same(each.columns) &&
        each.expressions.length === columns.length,
    )
  );
}

function pulledRelation(
  relation: RelationDeclaration,
  own: Generated,
  classes: ReadonlyMap<unknown, Generated>,
  constants: ReadonlyMap<Table, string>,
): PulledRelation {
  const { options, property } = relation;
  const target = classes.get(relation.target()) as Generated;
  const kind = relation.relation as RelationKind;
  const key = (options.foreignKeys as readonly Column[] | undefined) ?? null;
  const owner = kind === "oneToOne" && holdsKey(relation, own, target);
  const self = target === own;
  const ambiguous =
    self || own.relations.filter((each) => each.relation !== "manyToMany" && each.target() === target.cls).length > 1;
  const holds = kind === "manyToOne" || owner;
  const secondary = (options.secondary as Table | undefined) ?? null;
  const constraint = key === null ? null : constraintOf(key);
  return {
    property,
    kind,
    target: target.cls.name,
    inverse: inverseOf(relation, own, target),
    nullable: holds ? key?.some((column) => column.nullable) === true : true,
    foreignKeys: ambiguous ? key : null,
    remoteSide: self && kind !== "manyToMany" ? (options.remoteSide as readonly Column[]) : null,
    secondary:
      secondary === null
        ? null
        : {
            name: constants.get(secondary) as string,
            columns: self
              ? [[...(options.joinColumns as string[])], [...(options.inverseJoinColumns as string[])]]
              : null,
          },
    owner,
    cascade: !holds && options.cascade !== undefined && constraint?.onDelete?.toUpperCase() === "CASCADE",
    passiveDeletes: !holds && options.passiveDeletes === true,
    overlaps: (options.overlaps as readonly string[] | undefined) ?? [],
  };
}

/** Whether a relationship starts where the key is. */
function holdsKey({ options }: RelationDeclaration, own: Generated, target: Generated): boolean {
  const key = options.foreignKeys as readonly Column[];
  return own === target ? options.remoteSide !== key : (key[0]?.table as unknown) === own.table;
}

function constraintOf(key: readonly Column[]): ForeignKeyConstraint | undefined {
  const table = key[0]?.table as unknown as Table;
  return table.foreignKeyConstraints.find((each) => each.columns.every((column, i) => column === key[i]));
}

/** The other side of a relationship: what it names, or what names it. */
function inverseOf(relation: RelationDeclaration, own: Generated, target: Generated): string | null {
  const named = inverseName(relation);
  if (named !== null) return named;
  const { foreignKeys, secondary } = relation.options;
  const other = target.relations.find(
    (each) =>
      inverseName(each) === relation.property &&
      each.target() === own.cls &&
      (secondary === undefined ? each.options.foreignKeys === foreignKeys : each.options.secondary === secondary),
  );
  return other?.property ?? null;
}

function keyOfView(
  view: Table,
  given: ReadonlyMap<string, readonly string[]>,
  notes: string[],
): readonly Column[] | null {
  const names = given.get(view.fullName) ?? given.get(view.name);
  if (names !== undefined) {
    return names.map((name) => {
      const column = view.columns.find((each) => each.name === name);
      if (column !== undefined) return column;
      throw new MigrationError(
        `The view ${view.fullName} has no column "${name}"; there are ${view.columns.map((each) => each.name).join(", ")}.`,
      );
    });
  }
  const index = view.indexes.find((each) => each.unique && each.columns.length === each.expressions.length);
  if (index !== undefined) return index.columns;
  const id = view.columns.find((each) => each.name.toLowerCase() === "id");
  if (id !== undefined) {
    notes.push(
      `view ${view.fullName}: "${id.name}" is taken for its key; say another with --view-key "${view.fullName}=<columns>"`,
    );
    return [id];
  }
  notes.push(
    `view ${view.fullName} is a table to select from and no class, as nothing tells its key; say it with --view-key "${view.fullName}=<columns>"`,
  );
  return null;
}
