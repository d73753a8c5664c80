/** What `createAll` and `dropAll` do, and in which order. */
import type { DDLElement } from "../ddl/element.js";
import {
  AddConstraint,
  CreateIndex,
  CreateSequence,
  CreateTable,
  type CreateView,
  DDL,
  DropConstraint,
  DropSequence,
  DropTable,
  DropView,
  type ExistsOptions,
  SetColumnComment,
  SetConstraintComment,
  SetIndexComment,
  SetTableComment,
} from "../ddl/elements.js";
import type { DDLConnection, DDLOp } from "../ddl-runner.js";
import type { Dialect } from "../dialect.js";
import { addTo } from "../groups.js";
import type { SQLType } from "../types/type.js";
import type { Constraint, ForeignKeyConstraint } from "./constraints.js";
import type { Sequence } from "./generated.js";
import type { Index } from "./indexes.js";
import { createType, dropType, namedTypes } from "./named-types.js";
import { constraintName } from "./naming.js";
import type { ReflectedKind } from "./reflected.js";
import { sortTables } from "./sort.js";
import type { AnyTable, Table } from "./table.js";

/** Options of `createAll` and `dropAll`. */
export interface CreateOptions {
  /** These tables only; all of the metadata where absent. */
  readonly tables?: readonly AnyTable[];
  /** Leave out what is there already (or, dropping, what is not); true where absent. */
  readonly checkfirst?: boolean;
}

/** The moments at which DDL of your own runs. */
export type SchemaMoment = "beforeCreate" | "afterCreate" | "beforeDrop" | "afterDrop";

/** DDL of your own that runs with a metadata or one of its tables. */
export interface AttachedDDL {
  readonly when: SchemaMoment;
  /** Its table; null for the whole metadata. */
  readonly table: Table | null;
  readonly ddl: DDLElement;
}

/** What is created and dropped together. */
export interface SchemaItems {
  /** The metadata; handlers of its events get it. */
  readonly owner: object;
  readonly tables: readonly Table[];
  readonly sequences: readonly Sequence[];
  /** Types that are made whether or not a column has them. */
  readonly types: readonly SQLType[];
  readonly views: readonly CreateView[];
  readonly attached: readonly AttachedDDL[];
}

const TABLES: readonly ReflectedKind[] = ["table", "foreignTable"];
const VIEWS: readonly ReflectedKind[] = ["view", "materializedView"];

/** Creates tables with their sequences, types, indexes, comments and views, in the order of their dependencies. */
export function* createAllOp(connection: DDLConnection, items: SchemaItems, check: boolean): DDLOp<void> {
  const checkfirst = check && connection.offline !== true;
  const { dialect } = connection;
  const tables = items.tables.filter((table) => !table.isView);
  const there = checkfirst ? yield* present(connection, [...TABLES, ...VIEWS], tables) : null;
  const wanted = tables.filter((table) => there === null || !there.has(table.fullName));
  yield* moment(connection, items, "beforeCreate", null);
  if (dialect.capabilities.sequences) {
    for (const sequence of items.sequences) {
      if (checkfirst && (yield* connection.hasSequence(sequence.name, sequence.schema))) continue;
      yield* connection.executeDDL(new CreateSequence(sequence));
    }
  }
  for (const type of namedTypes(dialect, wanted, items.types)) {
    if (checkfirst && (yield* connection.hasType(type.name, type.schema))) continue;
    yield* connection.executeDDL(createType(type));
  }
  const { tables: sorted, deferred } = sortTables(wanted, dialect.capabilities.alterAddConstraint);
  for (const table of sorted) {
    yield* moment(connection, items, "beforeCreate", table);
    for (const ddl of tableDDL(dialect, table, { deferred })) yield* connection.executeDDL(ddl);
  }
  for (const key of deferred) for (const ddl of constraintDDL(dialect, key)) yield* connection.executeDDL(ddl);
  // after the keys that close rings: what follows a table may use them
  for (const table of sorted) yield* moment(connection, items, "afterCreate", table);
  const viewsThere = checkfirst ? yield* present(connection, [...TABLES, ...VIEWS], items.views.map(place)) : null;
  for (const view of items.views) {
    if (view.options.orReplace !== true && viewsThere?.has(place(view).fullName)) continue;
    yield* connection.executeDDL(view);
    const own = items.tables.find((table) => table.isView && table.fullName === place(view).fullName);
    for (const index of view.options.materialized === true ? (own?.indexes ?? []) : [])
      for (const ddl of indexDDL(dialect, index)) yield* connection.executeDDL(ddl);
  }
  yield* moment(connection, items, "afterCreate", null);
}

/** Drops tables with what belongs to them, dependents first. */
export function* dropAllOp(connection: DDLConnection, items: SchemaItems, check: boolean): DDLOp<void> {
  const checkfirst = check && connection.offline !== true;
  const { dialect } = connection;
  yield* moment(connection, items, "beforeDrop", null);
  const viewsThere = checkfirst ? yield* present(connection, VIEWS, items.views.map(place)) : null;
  for (const view of [...items.views].reverse()) {
    if (viewsThere !== null && !viewsThere.has(place(view).fullName)) continue;
    const { schema = null, materialized = false } = view.options;
    yield* connection.executeDDL(new DropView(view.name, { schema, materialized }));
  }
  const candidates = items.tables.filter((table) => !table.isView);
  const there = checkfirst ? yield* present(connection, TABLES, candidates) : null;
  const wanted = candidates.filter((table) => there === null || there.has(table.fullName));
  const { tables, deferred } = sortTables(wanted, dialect.capabilities.alterAddConstraint);
  const nameless: ForeignKeyConstraint[] = [];
  for (const key of deferred) {
    if (!key.existsOn(dialect)) continue;
    if (constraintName(key, dialect.identifiers.maxLength) === null) nameless.push(key);
    else yield* connection.executeDDL(new DropConstraint(key));
  }
  // a key without a name cannot be dropped; the table that it refers to then takes it along
  const cascade = new Set(nameless.map((key) => key.referredTable as unknown));
  for (const table of [...tables].reverse()) {
    yield* moment(connection, items, "beforeDrop", table);
    yield* connection.executeDDL(table.dropperDdl?.(table) ?? new DropTable(table, { cascade: cascade.has(table) }));
    yield* moment(connection, items, "afterDrop", table);
  }
  for (const type of [...namedTypes(dialect, wanted, items.types)].reverse())
    yield* connection.executeDDL(dropType(type));
  if (dialect.capabilities.sequences) {
    for (const sequence of items.sequences) {
      if (checkfirst && !(yield* connection.hasSequence(sequence.name, sequence.schema))) continue;
      yield* connection.executeDDL(new DropSequence(sequence));
    }
  }
  yield* moment(connection, items, "afterDrop", null);
}

interface Place {
  readonly name: string;
  readonly schema: string | null;
  readonly fullName: string;
}

function place(view: CreateView): Place {
  const schema = view.options.schema ?? null;
  return { name: view.name, schema, fullName: schema === null ? view.name : `${schema}.${view.name}` };
}

/** The full names of those that are there: one statement for each schema. */
function* present(
  connection: DDLConnection,
  kinds: readonly ReflectedKind[],
  places: readonly Place[],
): DDLOp<ReadonlySet<string>> {
  const bySchema = new Map<string | null, Place[]>();
  for (const each of places) {
    addTo(bySchema, each.schema, each);
  }
  const found = new Set<string>();
  for (const [schema, list] of bySchema) {
    const names = yield* connection.present({ schema, names: list.map((each) => each.name), kinds, scope: "any" });
    for (const each of list) if (names.has(each.name)) found.add(each.fullName);
  }
  return found;
}

/** Runs what is attached to a table, or to the metadata, and tells those who listen. */
function* moment(connection: DDLConnection, items: SchemaItems, when: SchemaMoment, table: Table | null): DDLOp<void> {
  for (const each of items.attached) {
    if (each.when !== when || each.table !== table) continue;
    if (!(each.ddl instanceof DDL) || each.ddl.runsOn(connection.dialect)) yield* connection.executeDDL(each.ddl);
  }
  yield* connection.announce(when, table ?? items.owner);
}

/** What makes a table, with its indexes and comments; foreign keys that come later are left out. */
export function tableDDL(
  dialect: Dialect,
  table: Table,
  options: ExistsOptions & { readonly deferred?: readonly ForeignKeyConstraint[] } = {},
): DDLElement[] {
  const { deferred = [], ...exists } = options;
  const inline = table.foreignKeyConstraints.filter((key) => !deferred.includes(key));
  const create = table.creatorDdl?.(table) ?? new CreateTable(table, { ...exists, includeForeignKeys: inline });
  const ddl: DDLElement[] = [create, ...table.indexes.flatMap((index) => indexDDL(dialect, index, exists))];
  if (!dialect.capabilities.comments) return ddl;
  if (table.comment !== null) ddl.push(new SetTableComment(table));
  for (const { name, comment } of table.columns)
    if (comment !== null) ddl.push(new SetColumnComment(table, name, comment));
  for (const each of table.constraints) {
    if (each.comment !== null && !deferred.includes(each as ForeignKeyConstraint) && each.existsOn(dialect))
      ddl.push(new SetConstraintComment(each));
  }
  return ddl;
}

/** What adds a constraint to a table that is there, with its comment; nothing on databases that are not to have it. */
export function constraintDDL(dialect: Dialect, constraint: Constraint): DDLElement[] {
  if (!constraint.existsOn(dialect)) return [];
  const add = new AddConstraint(constraint);
  const commented = constraint.comment !== null && dialect.capabilities.comments;
  return commented ? [add, new SetConstraintComment(constraint)] : [add];
}

/** What makes an index, with its comment; nothing on databases that are not to have it. */
export function indexDDL(dialect: Dialect, index: Index, options: ExistsOptions = {}): DDLElement[] {
  if (!index.existsOn(dialect)) return [];
  const create = new CreateIndex(index, options);
  return index.options.comment != null && dialect.capabilities.comments
    ? [create, new SetIndexComment(index)]
    : [create];
}
