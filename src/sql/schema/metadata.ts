/** All that belongs to one schema: tables, views, sequences and types. */
import type { DDLElement } from "../ddl/element.js";
import { CreateTableAs, CreateView } from "../ddl/elements.js";
import { type AsyncDDLBind, type DDLRunner, RUN_DDL } from "../ddl-runner.js";
import { TextClause } from "../elements/text.js";
import { InvalidRequestError } from "../errors.js";
import { iterate } from "../node.js";
import type { Query } from "../selectable/query.js";
import type { SQLType } from "../types/type.js";
import type { Valued } from "../typing.js";
import { Column } from "./column.js";
import type { ColumnSpec, TableColumns } from "./column-specs.js";
import { type AttachedDDL, type CreateOptions, createAllOp, dropAllOp, type SchemaItems } from "./create.js";
import type { Sequence } from "./generated.js";
import { defaultNamingConvention, type NamingConvention } from "./naming.js";
import { type ReflectOptions, reflectOp } from "./reflect.js";
import { sortTables } from "./sort.js";
import { type AnyTable, Table, type TableHome } from "./table.js";

/** Options of a {@link MetaData}. */
export interface MetaDataOptions {
  /** The schema of tables that name none. */
  readonly schema?: string | null;
  readonly namingConvention?: NamingConvention;
  /**
   * The name in the database of a column that `table()` is given under a key, where the column names none: `snakeCase.columnName` has
   * `createdAt` be `created_at`.
   */
  readonly columnName?: (key: string) => string;
  readonly info?: Readonly<Record<string, unknown>>;
}

/** Options of `view()`. */
export interface ViewOptions
  extends Omit<NonNullable<ConstructorParameters<typeof CreateView>[2]>, "cascade" | "ifExists"> {
  /** Indexes of a materialized view. */
  readonly info?: Readonly<Record<string, unknown>>;
}

/** A collection of tables that are created and dropped together, and that name each other in foreign keys. */
export class MetaData implements TableHome {
  /** By name, with the schema before it where there is one. */
  readonly tables = new Map<string, Table>();
  readonly schema: string | null;
  readonly namingConvention: NamingConvention;
  readonly columnName: (key: string) => string;
  readonly info: Record<string, unknown>;
  readonly #sequences = new Set<Sequence>();
  readonly #types = new Set<SQLType>();
  readonly #views = new Map<string, CreateView>();
  readonly #attached: AttachedDDL[] = [];
  readonly #beforeUse: (() => void)[] = [];

  constructor(options: MetaDataOptions = {}) {
    this.schema = options.schema ?? null;
    this.namingConvention = { ...defaultNamingConvention, ...options.namingConvention };
    this.columnName = options.columnName ?? ((key) => key);
    this.info = { ...options.info };
  }

  /** @internal A table makes itself known. */
  register(table: Table): void {
    if (this.tables.has(table.fullName)) {
      throw new InvalidRequestError(
        `the metadata has a table ${table.fullName} already. Define it once, or take it out with remove() first.`,
      );
    }
    this.tables.set(table.fullName, table);
  }

  /** @internal A sequence makes itself known. */
  addSequence(sequence: Sequence): void {
    this.#sequences.add(sequence);
  }

  /** @internal A type makes itself known. */
  addType(type: SQLType): void {
    this.#types.add(type);
  }

  /** Enums and domains that were made with this metadata; columns may have others. */
  get types(): readonly SQLType[] {
    return [...this.#types];
  }

  /**
   * Calls `prepare` before the tables are created, dropped or sorted, so that what defines tables late (a registry of
   * mapped classes) can do so.
   */
  beforeUse(prepare: () => void): void {
    this.#beforeUse.push(prepare);
  }

  /** Lets whatever defines tables late do so now; `sortedTables`, `createAll` and `dropAll` call it, `tables` does not. */
  prepare(): void {
    for (const prepare of this.#beforeUse) prepare();
  }

  /** Every sequence: those of their own, and those that columns take their defaults from. */
  get sequences(): readonly Sequence[] {
    const all = new Set(this.#sequences);
    for (const table of this.tables.values()) {
      for (const column of table.columns) {
        const value = column.default as { isSequence?: boolean } | null | undefined;
        if (value?.isSequence === true) all.add(value as Sequence);
      }
    }
    return [...all];
  }

  /** Tables in the order of their dependencies; rings are cut somewhere. */
  get sortedTables(): readonly Table[] {
    this.prepare();
    return sortTables([...this.tables.values()], true).tables;
  }

  /** Forgets a table. */
  remove(table: AnyTable): void {
    this.tables.delete(table.fullName);
  }

  /** Forgets everything. */
  clear(): void {
    this.tables.clear();
    this.#sequences.clear();
    this.#types.clear();
    this.#views.clear();
    this.#attached.length = 0;
  }

  /**
   * A view of a query: created and dropped with the tables, and selected from with typed columns.
   *
   * @example const active = metadata.view("active_users", select(users.c.id).where(users.c.active))
   */
  view<Row, C, const N extends string>(
    name: N,
    query: Query<Row, C>,
    options: ViewOptions = {},
  ): Table<ViewColumns<C>, N> {
    const columns = query.selectedColumns.map(
      ({ element, name: column, key }) => new Column(column, element.type, { key, primaryKey: false }),
    );
    const schema = options.schema === undefined ? this.schema : options.schema;
    const view = new Table<ViewColumns<C>, N>(name, this, columns, { schema, isView: true });
    this.#views.set(view.fullName, new CreateView(name, query as Query, { ...options, schema }));
    return view;
  }

  /**
   * A table made from a query: `CREATE TABLE ... AS SELECT`, with the rows that the query finds when it is created.
   *
   * @example const archive = metadata.tableAs("archive", select(orders).where(orders.c.year.lt(2020)))
   */
  tableAs<Row, C, const N extends string>(
    name: N,
    query: Query<Row, C>,
    options: { readonly schema?: string | null; readonly temporary?: boolean } = {},
  ): Table<ViewColumns<C>, N> {
    const columns = query.selectedColumns.map(
      ({ element, name: column, key }) => new Column(column, element.type, { key }),
    );
    const schema = options.schema === undefined ? this.schema : options.schema;
    const table = new Table<ViewColumns<C>, N>(name, this, columns, { schema });
    table.setCreatorDdl(() => new CreateTableAs(name, query as Query, { ...options, schema }));
    for (const node of iterate(query as Query)) if (node instanceof Table) table.addIsDependentOn(node as Table);
    return table;
  }

  /** Runs DDL with the metadata, or with one of its tables. */
  attach(when: AttachedDDL["when"], ddl: DDLElement, table: AnyTable | null = null): void {
    this.#attached.push({ when, ddl, table: table as Table | null });
  }

  /**
   * Creates the tables that are not there yet, in the order of their dependencies.
   *
   * A bound property, so that `conn.runSync(metadata.createAll)` works.
   *
   * @param bind an engine or a connection; with a sync one nothing is to be awaited
   */
  readonly createAll: DDLRunner<CreateOptions> = ((bind: AsyncDDLBind, options: CreateOptions = {}) =>
    bind[RUN_DDL]((connection) =>
      createAllOp(connection, this.#items(options), options.checkfirst !== false),
    )) as DDLRunner<CreateOptions>;

  /** Drops the tables that are there, dependents first. A bound property, as `createAll`. */
  readonly dropAll: DDLRunner<CreateOptions> = ((bind: AsyncDDLBind, options: CreateOptions = {}) =>
    bind[RUN_DDL]((connection) =>
      dropAllOp(connection, this.#items(options), options.checkfirst !== false),
    )) as DDLRunner<CreateOptions>;

  /**
   * Takes tables from the database: columns, keys, constraints, indexes and comments, in a number of statements that does
   * not grow with the tables. Tables that the metadata has already are left alone, or completed with `extendExisting`.
   *
   * A bound property, as `createAll`.
   *
   * @throws InvalidRequestError naming tables of `only` that the database has not
   * @example await metadata.reflect(engine, { schema: "crm", only: (name) => !name.startsWith("tmp_") });
   */
  readonly reflect: DDLRunner<ReflectOptions> = ((bind: AsyncDDLBind, options: ReflectOptions = {}) =>
    bind[RUN_DDL]((connection) => reflectOp(connection, this, options))) as DDLRunner<ReflectOptions>;

  /** The views that are created here, in the order in which they came. */
  #definedViews(): readonly CreateView[] {
    return [...this.tables.values()].flatMap((table) =>
      table.isView ? (this.#views.get(table.fullName) ?? viewOf(table) ?? []) : [],
    );
  }

  #items(options: CreateOptions): SchemaItems {
    this.prepare();
    const only = options.tables as readonly Table[] | undefined;
    return {
      owner: this,
      tables: only ?? [...this.tables.values()],
      sequences: only === undefined ? this.sequences : [],
      types: only === undefined ? this.types : [],
      views: only === undefined ? this.#definedViews() : [],
      attached: this.#attached.filter(
        (each) => only === undefined || (each.table !== null && only.includes(each.table)),
      ),
    };
  }
}

function viewOf({ name, schema, options }: Table): CreateView | null {
  const { definition, materialized = false, dialectOptions = {} } = options;
  if (definition === undefined) return null;
  const settings = Object.values(dialectOptions).find((each) => each["with"] !== undefined)?.["with"];
  const more = settings === undefined ? {} : { with: settings as NonNullable<ViewOptions["with"]> };
  return new CreateView(name, new TextClause([definition], []), { schema, materialized, ...more });
}

/** The columns of a view, from those of its query. */
export type ViewColumns<C> = {
  readonly [K in keyof C]: C[K] extends Valued<infer T> ? ColumnSpec<T, "optional"> : never;
};

/** The default metadata, which `@Entity` uses. */
export const metadata: MetaData = new MetaData();

export type { TableColumns };
