/** The difference between what a database holds and what it should, as operations. */
import type { EngineDialect } from "../../engine/dialect.js";
import type { ForeignKeyConstraint } from "../../sql/schema/constraints.js";
import type { Index } from "../../sql/schema/indexes.js";
import { MetaData } from "../../sql/schema/metadata.js";
import { reflectInto } from "../../sql/schema/reflect-into.js";
import type { ReflectedColumn, ReflectedTable } from "../../sql/schema/reflected.js";
import { sortTables } from "../../sql/schema/sort.js";
import { Table } from "../../sql/schema/table.js";
import type { DomainType } from "../../sql/types/domain.js";
import type { MigrationDialect } from "../dialects/migration-dialect.js";
import { migrationDialect } from "../dialects/registry.js";
import { AddConstraintOperation, DropConstraintOperation } from "../operations/constraint-operations.js";
import { ModifyTableOperation } from "../operations/modify-table.js";
import { nameOf } from "../operations/names.js";
import type { MigrateOperation } from "../operations/operation.js";
import { standIns } from "../operations/schema-objects.js";
import { CreateTableOperation, DropTableOperation, RenameTableOperation } from "../operations/table-operations.js";
import { compareDomains } from "./compare-domains.js";
import { compareEnums, compareSchemas, compareSequences, type IsIncluded } from "./compare-named.js";
import {
  type ComparedTable,
  compareTable,
  type TableComparisonOptions,
  type TableDifference,
} from "./compare-table.js";
import { compareViews } from "./compare-views.js";
import type { ComparedObject } from "./compared.js";
import { asWritten, type Content, constraintContents, indexContents, withoutNotValid } from "./contents.js";
import { AS_IS, keyOf, Renames } from "./renames.js";
import type { ReflectedView, Snapshot } from "./snapshot.js";

/** Something that went and something that came, which may be one thing under two names. */
export interface RenameCandidate {
  readonly kind: "table" | "column";
  /** The table of the column. */
  readonly table: string | null;
  readonly from: string;
  readonly to: string;
}

/** What steers a comparison. */
export interface CompareOptions {
  /** Says which objects are compared. */
  readonly include?: ((object: ComparedObject) => boolean) | undefined;
  /** Decides of a candidate whether it was renamed. Left out: only `renamedFrom` hints say so. */
  readonly isRename?: ((candidate: RenameCandidate) => boolean) | undefined;
  /** Whether changes of a table are one batch, as databases with little of ALTER TABLE need them. */
  readonly batch: boolean;
  /** Names of tables that are no business of the comparison, in whichever schema they are: that of the versions. */
  readonly ignoredTables: readonly string[];
}

/** Tables of reflected data, in one metadata, so that keys find each other. */
function tablesOf(tables: Snapshot["tables"], dialect: string): ReadonlyMap<string, Table> {
  const metadata = new MetaData();
  for (const each of tables.values()) new Table(each.name, metadata, [], { schema: each.schema });
  for (const [key, each] of tables) reflectInto(metadata.tables.get(key) as Table, each, dialect);
  // After all have their columns: a stand-in is made only for what is not there.
  for (const table of [...metadata.tables.values()]) standIns(table as unknown as Table);
  return metadata.tables;
}

/** A table that is there on both sides, with the keys that it has there, and what differs. */
interface Pair {
  readonly from: string;
  readonly to: string;
  readonly before: ReflectedTable;
  readonly after: ReflectedTable;
  readonly renamed: ReadonlyMap<string, string>;
}

/** The names that the indexes of a table have, those of its constraints too, in its schema. */
function indexNames({ schema, primaryKey, uniqueConstraints, excludeConstraints, indexes }: ReflectedTable): string[] {
  return [primaryKey, ...uniqueConstraints, ...excludeConstraints, ...indexes].flatMap((each) =>
    each?.name == null ? [] : keyOf({ name: each.name, schema }),
  );
}

/** Compares. The operations come in an order in which they can run, and each can be reversed. */
export class Comparison {
  readonly #nowTables: ReadonlyMap<string, Table>;
  readonly #wantedTables: ReadonlyMap<string, Table>;
  readonly #renames = new Renames();
  readonly #canAlter: boolean;
  readonly #ways: MigrationDialect;

  constructor(
    private readonly now: Snapshot,
    private readonly wanted: Snapshot,
    /** The tables of the classes, by full name: what is created is written as they say it. */
    private readonly own: ReadonlyMap<string, Table>,
    /** Their domains, likewise. */
    private readonly ownDomains: ReadonlyMap<string, DomainType>,
    private readonly dialect: EngineDialect,
    private readonly options: CompareOptions,
  ) {
    this.#nowTables = tablesOf(now.tables, dialect.name);
    this.#wantedTables = tablesOf(wanted.tables, dialect.name);
    this.#ways = migrationDialect(dialect.name);
    this.#canAlter = dialect.capabilities.alterAddConstraint;
  }

  /** The operations that bring the database to what it should be. */
  operations(): readonly MigrateOperation[] {
    const isIncluded: IsIncluded = (kind, { name, schema }, reflected, table = null) => {
      const isForeign = reflected && table === null && this.now.brought.has(keyOf({ name, schema }));
      return !isForeign && (this.options.include?.({ kind, name, schema, table, reflected }) ?? true);
    };
    const [gone, come, pairs] = this.#paired(isIncluded);
    const enums = compareEnums(this.now, this.wanted, isIncluded);
    const sequences = compareSequences(this.now.sequences, this.wanted.sequences, isIncluded);

    const options: TableComparisonOptions = {
      longest: this.dialect.identifiers.maxLength,
      checkText: this.#ways.canonicalCheck,
      typeText: (column, table) => this.#ways.typeText(column, table, this.dialect),
      canAlter: this.#canAlter,
      replacedTypes: enums.replacedNames,
      isIncluded: (kind, name, { schema, name: table }, reflected) =>
        name === null || isIncluded(kind, { name, schema }, reflected, table),
    };
    const domains = compareDomains(this.now, this.wanted, {
      isIncluded,
      replacedTypes: enums.replacedNames,
      own: this.ownDomains,
      checkText: (sql) => options.checkText(AS_IS.sql(sql)),
    });
    const differences = new Map(pairs.map((pair) => [pair, compareTable(this.#compared(pair), options)]));
    if (this.#canAlter) this.#reworkKeys(differences, options);
    const created = this.#created(come);
    const dropped = this.#dropped(gone);
    const touched = [...gone];
    for (const [pair, each] of differences) if (each.touched.size > 0) touched.push(pair.from);
    const views = compareViews(this.now, this.wanted, {
      isIncluded,
      touched: this.#canAlter ? touched : [],
      foreign: this.#foreignViews(),
      written: (key) => this.own.get(key)?.options.definition,
      indexes: (view) => this.#indexesOf(view, options),
    });

    const found = [...differences];
    const renames = pairs.filter((each) => each.from !== each.to).map((each) => renameOf(each));
    const { early, tables, keys } = this.#changes(found);
    const [first, last] = this.#takesNames(gone) ? [dropped.tables, []] : [[], dropped.tables];
    return [
      ...compareSchemas(this.now, this.wanted, isIncluded),
      ...views.gone,
      ...enums.come,
      ...sequences.come,
      ...domains.come,
      ...early,
      ...dropped.keys,
      ...domains.bared,
      ...enums.replaced,
      ...domains.changed,
      ...renames,
      ...first,
      ...created.tables,
      ...tables,
      ...created.keys,
      ...keys,
      ...last,
      ...views.come,
      ...domains.gone,
      ...enums.gone,
      ...sequences.gone,
    ];
  }

  /** The changes of tables: what goes first, what a table becomes, and the keys that need other tables as they will be. */
  #changes(found: readonly (readonly [Pair, TableDifference])[]) {
    const early: MigrateOperation[] = [];
    const tables: MigrateOperation[] = [];
    const keys: MigrateOperation[] = [];
    for (const [{ after }, { drops, changes, adds }] of found) {
      if (this.options.batch) {
        const all = [...drops, ...changes, ...adds];
        if (all.length > 0) tables.push(new ModifyTableOperation({ name: after.name, schema: after.schema }, all));
        continue;
      }
      const isKey = (each: MigrateOperation): boolean =>
        each instanceof AddConstraintOperation && each.constraint.kind === "fk";
      early.push(...drops);
      tables.push(...changes, ...adds.filter((each) => !isKey(each)));
      keys.push(...adds.filter(isKey));
    }
    return { early, tables, keys };
  }

  #compared({ from, to, before, after, renamed }: Pair): ComparedTable {
    const own = this.#written(to);
    return {
      before: withoutNotValid(before, own, this.dialect.identifiers.maxLength),
      nowTable: this.#nowTables.get(from) as Table,
      after,
      wantedTable: this.#wantedTables.get(to) as Table,
      own,
      renamed,
      wording: this.#renames.wording(from),
    };
  }

  #indexesOf(view: ReflectedView, reading: TableComparisonOptions): readonly Content<Index>[] {
    if (view.table === null) return [];
    const key = keyOf(view);
    const table = tablesOf(new Map([[key, view.table]]), this.dialect.name).get(key) as Table;
    return indexContents(view.table, table, AS_IS, reading);
  }

  #foreignViews(): ReadonlySet<string> {
    return new Set(
      [...this.own].filter(([key, each]) => each.isView && !this.wanted.views.has(key)).map(([key]) => key),
    );
  }

  #written(key: string): Table {
    return this.own.get(key) ?? (this.#wantedTables.get(key) as Table);
  }

  // --- which is which --------------------------------------------------------------------------------------------------

  /** The keys of the tables that go, of those that come, and those that stay, with what is renamed. */
  #paired(isIncluded: IsIncluded): readonly [gone: string[], come: string[], pairs: Pair[]] {
    const ignored = new Set(this.options.ignoredTables);
    const { now, wanted } = this;
    const gone = [...now.tables]
      .filter(([key, table]) => !wanted.tables.has(key) && !ignored.has(table.name) && isIncluded("table", table, true))
      .map(([key]) => key);
    const come = [...wanted.tables]
      .filter(([key, table]) => !now.tables.has(key) && isIncluded("table", table, false))
      .map(([key]) => key);
    const stay: [string, string][] = [];
    for (const key of [...come]) {
      const from = this.#tableBefore(key, gone);
      if (from === null) continue;
      come.splice(come.indexOf(key), 1);
      gone.splice(gone.indexOf(from), 1);
      this.#renames.table(from, key);
      stay.push([from, key]);
    }
    for (const key of now.tables.keys()) {
      const after = wanted.tables.get(key);
      if (after !== undefined && isIncluded("table", after, false)) stay.push([key, key]);
    }
    const pairs = stay.map(([from, to]): Pair => {
      const before = now.tables.get(from) as ReflectedTable;
      const after = wanted.tables.get(to) as ReflectedTable;
      const renamed = this.#renamedColumns(before, after, this.#written(to));
      for (const [one, other] of renamed) this.#renames.column(from, one, other);
      return { from, to, before, after, renamed };
    });
    return [gone, come, pairs];
  }

  #tableBefore(key: string, gone: readonly string[]): string | null {
    const hint = this.own.get(key)?.info["renamedFrom"];
    const after = this.wanted.tables.get(key) as ReflectedTable;
    const hinted = gone.find((each) => each === hint || each === keyOf({ name: String(hint), schema: after.schema }));
    if (hinted !== undefined) return hinted;
    for (const from of gone) {
      const before = this.now.tables.get(from) as ReflectedTable;
      const shared = after.columns.filter((each) => before.columns.some((other) => other.name === each.name)).length;
      const alike = shared / Math.max(before.columns.length, after.columns.length, 1) >= 0.5;
      if (before.schema !== after.schema || !alike) continue;
      if (this.options.isRename?.({ kind: "table", table: null, from, to: key }) === true) return from;
    }
    return null;
  }

  #renamedColumns(before: ReflectedTable, after: ReflectedTable, own: Table): ReadonlyMap<string, string> {
    const has = (table: ReflectedTable, name: string): boolean => table.columns.some((each) => each.name === name);
    const gone = before.columns.filter((each) => !has(after, each.name));
    const renamed = new Map<string, string>();
    for (const column of after.columns) {
      if (has(before, column.name)) continue;
      const from = this.#columnBefore(column, gone, own, after.name);
      if (from === undefined) continue;
      gone.splice(gone.indexOf(from), 1);
      renamed.set(from.name, column.name);
    }
    return renamed;
  }

  #columnBefore(
    { name, typeName }: ReflectedColumn,
    gone: readonly ReflectedColumn[],
    own: Table,
    table: string,
  ): ReflectedColumn | undefined {
    const hint = own.columns.find((each) => each.name === name)?.info["renamedFrom"];
    const isRename = (from: string): boolean =>
      this.options.isRename?.({ kind: "column", table, from, to: name }) === true;
    return (
      gone.find((each) => each.name === hint) ?? gone.find((each) => each.typeName === typeName && isRename(each.name))
    );
  }

  // --- tables that come and go -----------------------------------------------------------------------------------------

  #created(keys: readonly string[]) {
    const { tables, deferred } = sortTables(
      keys.map((key) => this.#written(key)),
      this.#canAlter,
    );
    return {
      tables: tables.map((table) => {
        const own = deferred.filter((each) => each.table === (table as unknown));
        return new CreateTableOperation(table, { deferred: own });
      }),
      // By the name that the database gives to one that has none: it is dropped by it.
      keys: deferred.map((key) => new AddConstraintOperation(nameOf(key) === null ? this.#asFound(key) : key)),
    };
  }

  /** Whether something that comes has the name of an index that goes with its table: those tables go first. */
  #takesNames(gone: readonly string[]): boolean {
    const names = new Set(gone.flatMap((key) => indexNames(this.now.tables.get(key) as ReflectedTable)));
    return [...this.wanted.tables.values()].some((each) => indexNames(each).some((name) => names.has(name)));
  }

  #asFound(key: ForeignKeyConstraint): ForeignKeyConstraint {
    const columns = ({ columns }: ForeignKeyConstraint): string => columns.map((each) => each.name).join();
    const { foreignKeyConstraints } = this.#wantedTables.get(keyOf(key.table as Table)) as Table;
    return foreignKeyConstraints.find((each) => columns(each) === columns(key)) ?? key;
  }

  #dropped(keys: readonly string[]) {
    // Made again on the way back, before the tables that they refer to have their old names.
    const found = keys.map((key): [string, ReflectedTable] => {
      const table = this.now.tables.get(key) as ReflectedTable;
      return [key, { ...table, foreignKeys: table.foreignKeys.map((each) => this.#renames.targetNow(each)) }];
    });
    const tables = tablesOf(new Map(found), this.dialect.name);
    const order = sortTables(
      keys.map((key) => tables.get(key) as Table),
      true,
    );
    const deferred = this.#canAlter ? order.deferred : [];
    return {
      keys: deferred.map((each) => new DropConstraintOperation(each.table as Table, String(each.name), {}, each)),
      tables: [...order.tables].reverse().map((table) => {
        const own = deferred.filter((each) => each.table === (table as unknown));
        return new DropTableOperation({ name: table.name, schema: table.schema }, {}, table, own);
      }),
    };
  }

  /** Foreign keys that stay, and stand in the way of a change: of the key that they refer to, or of a type on either side. */
  #reworkKeys(differences: ReadonlyMap<Pair, TableDifference>, options: TableComparisonOptions): void {
    const byKey = new Map([...differences].map(([pair, each]) => [pair.from, { pair, each }]));
    for (const [pair, { drops, adds, touched }] of differences) {
      const compared = this.#compared(pair);
      const wanted = constraintContents(pair.after, compared.wantedTable, AS_IS, options);
      for (const key of constraintContents(pair.before, compared.nowTable, compared.wording, options)) {
        const reflected = pair.before.foreignKeys.find((each) => each.name === key.name);
        const twin = wanted.find((each) => each.text === key.text);
        if (key.made.kind !== "fk" || reflected === undefined || twin === undefined || key.name === null) continue;
        if (drops.some((each) => each instanceof DropConstraintOperation && each.name === key.name)) continue;
        const { referredTable, referredSchema, referredColumns, constrainedColumns } = reflected;
        const target = byKey.get(keyOf({ name: referredTable, schema: referredSchema }));
        const stands =
          !constrainedColumns.some((each) => touched.has(each)) &&
          !referredColumns.some((each) => target?.each.touched.has(each)) &&
          !target?.each.drops.some((each) => isKeyOver(each, referredColumns));
        if (stands) continue;
        drops.unshift(new DropConstraintOperation(compared.nowTable, key.name, {}, key.made));
        adds.push(new AddConstraintOperation(asWritten(twin, compared.own, options)));
      }
    }
  }
}

function renameOf({ before, after }: Pair): RenameTableOperation {
  return new RenameTableOperation({ name: before.name, schema: before.schema }, after.name);
}

function isKeyOver(drop: MigrateOperation, columns: readonly string[]): boolean {
  if (!(drop instanceof DropConstraintOperation)) return false;
  const { constraint } = drop;
  if (constraint?.kind !== "pk" && constraint?.kind !== "uq") return false;
  return (
    constraint.columns.length === columns.length && constraint.columns.every((each) => columns.includes(each.name))
  );
}
