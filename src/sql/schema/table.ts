/** Tables. */
import type { DDLElement } from "../ddl/element.js";
import { type AsyncDDLBind, type DDLRunner, RUN_DDL, type SyncDDLBind } from "../ddl-runner.js";
import { ArgumentError, InvalidRequestError } from "../errors.js";
import type { KeyContext } from "../key-context.js";
import type { Node } from "../node.js";
import { nextRefId } from "../pieces.js";
import { FromClause, recordOf } from "../selectable/from-clause.js";
import type { BoolExpr } from "../typing.js";
import { Column, type TableLike, type TableRegistry } from "./column.js";
import type { ColumnSpecs, TableColumns } from "./column-specs.js";
import {
  CheckConstraint,
  Constraint,
  ExcludeConstraint,
  ForeignKeyConstraint,
  PrimaryKeyConstraint,
  UniqueConstraint,
} from "./constraints.js";
import type { Sequence } from "./generated.js";
import { Index } from "./indexes.js";
import { findTable, reflectInto } from "./reflect-into.js";
import type { ReflectedTable } from "./reflected.js";

/** Options of a table. */
export interface TableOptions {
  readonly schema?: string | null;
  readonly comment?: string | null;
  /** Between CREATE and TABLE: `["TEMPORARY"]`. */
  readonly prefixes?: readonly string[];
  readonly info?: Readonly<Record<string, unknown>>;
  /** The name that it had before: migrations rename it, and keep what is in it. To be taken out when they have. */
  readonly renamedFrom?: string;
  /** A view: `createAll` does not create it as a table. */
  readonly isView?: boolean;
  /**
   * The query of a view, as the SQL of one database: the view is created and dropped with the tables. Without it somebody
   * else creates the view, and migrations leave it alone. (`metadata.view()` takes a query of this package.)
   */
  readonly definition?: string;
  /** The view keeps its rows. */
  readonly materialized?: boolean;
  /** Put the columns into the table of this name that the metadata has already. */
  readonly extendExisting?: boolean;
  /** Give back the table of this name that the metadata has already. */
  readonly keepExisting?: boolean;
  /**
   * Takes columns, keys, constraints and indexes from the database, on a synchronous engine or connection (inside
   * `conn.runSync`). Columns given here win. With an asynchronous engine: `await metadata.reflect(engine, { only: [name] })`.
   */
  readonly autoloadWith?: SyncDDLBind;
  /** Options of one dialect, by its name: `{ sqlite: { strict: true } }`. */
  readonly dialectOptions?: Readonly<Record<string, Readonly<Record<string, unknown>>>>;
}

/** What a table asks of its metadata; the class is in metadata.ts. */
export interface TableHome extends TableRegistry {
  register(table: Table): void;
  readonly tables: ReadonlyMap<string, Table>;
  /** The name in the database of a column that names none, by its key. */
  columnName(key: string): string;
  readonly sequences: readonly Sequence[];
  addSequence(sequence: Sequence): void;
  readonly createAll: DDLRunner<TablesOptions>;
  readonly dropAll: DDLRunner<TablesOptions>;
}

/**
 * A table whatever its columns. Both arguments are `any`: what `insert()` takes depends on the columns, so that no table is one of
 * `Table<unknown, unknown>`, and whether a compiler sees that depends on its version.
 */
export type AnyTable = Table<any, any>;

interface TablesOptions {
  readonly checkfirst?: boolean;
  readonly tables?: readonly AnyTable[];
}

/** What a table is made of besides its name. */
export type TableItem = Column<never> | Column | Constraint | Index;

/** Options of a dialect that name other tables. */
interface ParentOptions {
  readonly inherits?: string | readonly string[];
  readonly partitionOf?: string;
}

/** A table of the database. `Cols` is the type of its columns, for typed expressions. */
export class Table<Cols = ColumnSpecs, Name = string>
  extends FromClause<TableColumns<Cols, Name>>
  implements TableLike
{
  override get visitName(): string {
    return "Table";
  }
  /** The type of the columns; never set. */
  declare readonly columnSpecs: Cols;

  /** A number for its identity and state; enters the cache key, and changes when a column is added. */
  #id = nextRefId();
  #columns: Column[] = [];
  #record: Readonly<Record<string, Column>> | null = null;
  #primaryKey: PrimaryKeyConstraint;
  readonly #name: string;
  readonly schema: string | null;
  readonly metadata: TableHome;
  #comment: string | null;
  #dialectOptions: TableOptions["dialectOptions"];
  /** Tables that must be there before this one, beside those that its foreign keys refer to. */
  readonly dependencies = new Set<Table>();
  /** Makes the statement that creates the table, in place of CREATE TABLE; see {@link setCreatorDdl}. */
  creatorDdl: ((table: Table) => DDLElement | null) | null = null;
  dropperDdl: ((table: Table) => DDLElement | null) | null = null;
  readonly constraints: Constraint[] = [];
  readonly indexes: Index[] = [];
  readonly prefixes: readonly string[];
  readonly info: Record<string, unknown>;
  readonly isView: boolean;

  constructor(
    name: string,
    metadata: TableHome,
    items: readonly TableItem[] = [],
    private readonly given: TableOptions = {},
  ) {
    super();
    const options = given;
    if (typeof name !== "string" || name === "") throw new ArgumentError("a table needs a name.");
    this.#name = name;
    this.metadata = metadata;
    this.schema = options.schema === undefined ? metadata.schema : options.schema;
    this.#comment = options.comment ?? null;
    this.#dialectOptions = options.dialectOptions;
    this.prefixes = options.prefixes ?? [];
    this.info = { ...options.info, ...(options.renamedFrom === undefined ? {} : { renamedFrom: options.renamedFrom }) };
    this.isView = options.isView === true;
    this.#primaryKey = new PrimaryKeyConstraint();
    this.#primaryKey.attach(this);
    this.constraints.push(this.#primaryKey);
    for (const item of items) if (item instanceof Column) this.addColumn(item as Column);
    for (const item of items) {
      if (item instanceof Constraint) this.addConstraint(item);
      else if (item instanceof Index) this.addIndex(item);
    }
    if (options.autoloadWith !== undefined) this.#autoload(options.autoloadWith);
    for (const each of [...this.constraints, ...this.indexes]) each.requireColumns();
    metadata.register(this as Table);
  }

  #autoload(bind: SyncDDLBind): void {
    const answer: unknown = bind[RUN_DDL]((connection) => findTable(connection, this));
    if (answer instanceof Promise) {
      answer.catch(() => {});
      throw new ArgumentError(
        `table ${this.fullName}: autoloadWith takes a synchronous engine or connection. Write await conn.runSync((sync) => ` +
          `new Table(..., { autoloadWith: sync })), or await metadata.reflect(engine, { only: [${JSON.stringify(this.name)}] }).`,
      );
    }
    const [found, dialectName] = answer as readonly [ReflectedTable, string];
    reflectInto(this, found, dialectName);
  }

  /** @internal Takes what the database says beside columns and constraints, where the table says nothing. */
  takeOptions(comment: string | null, dialectName: string, options: Readonly<Record<string, unknown>>): void {
    this.#comment ??= comment;
    if (Object.keys(options).length === 0) return;
    this.#dialectOptions = {
      ...this.#dialectOptions,
      [dialectName]: { ...options, ...this.#dialectOptions?.[dialectName] },
    };
  }

  /** The query that stands for a table which the database does not have; null for all others. */
  get definition(): Node | null {
    return null;
  }

  get comment(): string | null {
    return this.#comment;
  }

  /** What it was made with. */
  get options(): TableOptions {
    return this.#dialectOptions === undefined && this.#comment === (this.given.comment ?? null)
      ? this.given
      : {
          ...this.given,
          comment: this.#comment,
          ...(this.#dialectOptions && { dialectOptions: this.#dialectOptions }),
        };
  }

  /**
   * Has the table created by a statement of your own; null from the function leaves it to CREATE TABLE.
   *
   * @example users.setCreatorDdl(() => new DDL("CREATE FOREIGN TABLE users ..."))
   */
  setCreatorDdl(make: (table: Table) => DDLElement | null): this {
    this.creatorDdl = make;
    return this;
  }

  /**
   * A table of the metadata by the name that an option of this one has for it (`inherits`, `partitionOf`): with its schema, or
   * without one for a table of the same schema.
   */
  tableNamed(name: string): Table | null {
    const { tables } = this.metadata;
    const beside = this.schema === null ? name : `${this.schema}.${name}`;
    return (tables.get(beside) ?? tables.get(name) ?? null) as Table | null;
  }

  /** The tables that this one inherits from or is a partition of, by its options for any dialect. */
  get parents(): readonly Table[] {
    return Object.values(this.#dialectOptions ?? {}).flatMap(({ inherits, partitionOf }: ParentOptions) =>
      [inherits ?? [], partitionOf ?? []].flat().flatMap((name) => this.tableNamed(name) ?? []),
    );
  }

  /** Whether it holds a part of the rows of another table, through which they are read. */
  get isPartition(): boolean {
    return Object.values(this.#dialectOptions ?? {}).some(
      ({ partitionOf }: ParentOptions) => partitionOf !== undefined,
    );
  }

  /** Has this table created after another one, and dropped before it, without a foreign key. */
  addIsDependentOn(other: Table<never, never> | Table): this {
    this.dependencies.add(other as Table);
    return this;
  }

  /** Has the table dropped by a statement of your own. */
  setDropperDdl(make: (table: Table) => DDLElement | null): this {
    this.dropperDdl = make;
    return this;
  }

  /** Creates this table alone, with its indexes, types and sequences; one that is there already is left alone. */
  readonly create: DDLRunner = ((bind: AsyncDDLBind, options: { readonly checkfirst?: boolean } = {}) =>
    this.metadata.createAll(bind, { ...options, tables: [this] })) as DDLRunner;

  /** Drops this table alone. */
  readonly drop: DDLRunner = ((bind: AsyncDDLBind, options: { readonly checkfirst?: boolean } = {}) =>
    this.metadata.dropAll(bind, { ...options, tables: [this] })) as DDLRunner;

  override get name(): string {
    return this.#name;
  }

  /** `schema.name`, or the name. */
  get fullName(): string {
    return this.schema === null ? this.#name : `${this.schema}.${this.#name}`;
  }

  override get columns(): readonly Column[] {
    return this.#columns;
  }

  override get c(): TableColumns<Cols, Name> {
    this.#record ??= recordOf(this.#columns);
    return this.#record as unknown as TableColumns<Cols, Name>;
  }

  /** A column by key. @throws NoSuchColumnError naming the keys there are */
  override column(key: string): Column {
    return super.column(key) as Column;
  }

  get primaryKey(): PrimaryKeyConstraint {
    return this.#primaryKey;
  }

  get foreignKeyConstraints(): readonly ForeignKeyConstraint[] {
    return this.constraints.filter((each): each is ForeignKeyConstraint => each instanceof ForeignKeyConstraint);
  }

  /** Its foreign keys, but of several that tie the same columns to the same ones only the first. */
  get distinctForeignKeys(): readonly ForeignKeyConstraint[] {
    const keys = this.foreignKeyConstraints;
    return keys.filter((key, i) => !keys.slice(0, i).some((other) => key.tiesAs(other)));
  }

  /** Every foreign key of every column. */
  get foreignKeys(): readonly ForeignKeyConstraint["elements"][number][] {
    return this.foreignKeyConstraints.flatMap((each) => each.elements);
  }

  /**
   * Adds a column; its key, foreign keys, UNIQUE and index come with it.
   *
   * @param key its key where the column has no name yet
   */
  addColumn(column: Column, key: string | null = null): this {
    column.attach(this, key);
    if (this.#columns.includes(column)) return this;
    const twin = this.#columns.find((each) => each.name === column.name || each.key === column.key);
    if (twin !== undefined) {
      throw new ArgumentError(`table ${this.fullName} has a column ${JSON.stringify(column.name)} already.`);
    }
    this.#columns.push(column);
    this.#record = null;
    this.#id = nextRefId();
    if (column.primaryKey) this.#primaryKey.add(column);
    for (const key of column.foreignKeys) {
      if (key.constraint === null) this.addConstraint(new ForeignKeyConstraint([column], [key], key.options));
    }
    if (column.unique !== false && column.index === false) {
      const { onConflictUnique: onConflict } = column.options;
      const name = column.unique === true ? null : column.unique;
      this.addConstraint(new UniqueConstraint([column], { name, ...(onConflict === undefined ? {} : { onConflict }) }));
    }
    if (column.index !== false) {
      const name = typeof column.index === "string" ? column.index : null;
      this.addIndex(new Index(name, [column], { unique: column.unique !== false }));
    }
    return this;
  }

  /** The same as {@link addColumn}. */
  appendColumn(column: Column): this {
    return this.addColumn(column);
  }

  /** Adds a column at a place among the others: 0 is before the first. */
  insertColumn(column: Column, index: number): this {
    this.addColumn(column);
    this.#columns = this.#columns.filter((each) => each !== column);
    this.#columns.splice(index, 0, column);
    this.#record = null;
    return this;
  }

  /** The same as {@link addConstraint}. */
  appendConstraint(constraint: Constraint): this {
    return this.addConstraint(constraint);
  }

  /** The column whose integers the database counts up by itself, or null. */
  get autoincrementColumn(): Column | null {
    return this.#primaryKey.autoincrementColumn;
  }

  /** Adds a constraint. A primary key takes the place of the one made from the columns' `primaryKey`. */
  addConstraint(constraint: Constraint): this {
    constraint.attach(this);
    if (constraint instanceof PrimaryKeyConstraint) {
      const refs = constraint.columnRefs.length > 0 ? constraint.columnRefs : this.#primaryKey.columns;
      this.constraints.splice(this.constraints.indexOf(this.#primaryKey), 1, constraint);
      for (const ref of refs) {
        const column =
          typeof ref === "string" ? this.#columns.find((each) => each.key === ref || each.name === ref) : ref;
        if (column === undefined) {
          throw new ArgumentError(`primary key of ${this.fullName}: the table has no column ${JSON.stringify(ref)}.`);
        }
        const own = column as { primaryKey: boolean; nullable: boolean };
        own.primaryKey = true;
        own.nullable = false;
        constraint.add(column as Column);
      }
      this.#primaryKey = constraint;
      return this;
    }
    this.constraints.push(constraint);
    return this;
  }

  /** Adds an index. */
  addIndex(index: Index): this {
    index.attach(this);
    if (!this.indexes.includes(index)) this.indexes.push(index);
    return this;
  }

  /** Adds a CHECK constraint. */
  addCheck(sqltext: string | BoolExpr<boolean, unknown>, name: string | null = null): this {
    return this.addConstraint(new CheckConstraint(sqltext, { name }));
  }

  override describe(): string {
    return `table ${this.fullName}`;
  }

  override appendKey(context: KeyContext): void {
    context.add(this.#id);
  }
  override children(): [] {
    return [];
  }
  override copyReplacing(): this {
    return this;
  }

  /** A table like this one in another metadata (or the same, under another name or schema). */
  toMetadata(
    metadata: TableHome,
    options: { readonly name?: string; readonly schema?: string | null } = {},
  ): Table<Cols, Name> {
    const schema = options.schema === undefined ? this.schema : options.schema;
    const names = (columns: readonly Column[]): string[] => columns.map((each) => each.key);
    const items: TableItem[] = this.#columns.map((column) => {
      const keys = column.foreignKeys.filter((key) => key.fromColumn);
      return column.copy({ foreignKeys: keys.map((key) => key.copy(this.schema, schema)) }) as Column;
    });
    for (const constraint of this.constraints) {
      if (constraint instanceof PrimaryKeyConstraint) {
        if (constraint.columnRefs.length > 0 || constraint.name !== null) {
          items.push(new PrimaryKeyConstraint(names(constraint.columns), constraint.options));
        }
      } else if (constraint instanceof UniqueConstraint) {
        if (constraint.columns.length === 1 && constraint.columns[0]?.unique !== false) continue;
        items.push(new UniqueConstraint(names(constraint.columns), constraint.options));
      } else if (constraint instanceof CheckConstraint) {
        items.push(new CheckConstraint(constraint.sqltext, constraint.options));
      } else if (constraint instanceof ExcludeConstraint) {
        const elements = constraint.elements.map(([ref, operator]) => [this.#keyOf(ref), operator] as const);
        items.push(new ExcludeConstraint(elements as ExcludeConstraint["elements"], constraint.options));
      } else if (constraint instanceof ForeignKeyConstraint && !constraint.elements.some((key) => key.fromColumn)) {
        const targets = constraint.elements.map((key) => key.copy(this.schema, schema));
        items.push(new ForeignKeyConstraint(names(constraint.columns), targets, constraint.options));
      }
    }
    const { autoloadWith: _bind, ...given } = this.options;
    const copy = new Table<Cols, Name>(options.name ?? this.#name, metadata, items, { ...given, schema });
    for (const index of this.indexes) {
      if (index.columns.length === 1 && index.columns[0]?.index !== false && index.refs.length === 1) continue;
      copy.addIndex(index.copyTo(this, copy));
    }
    return copy;
  }

  #keyOf(ref: unknown): unknown {
    return ref instanceof Column && ref.table === this ? (ref as Column).key : ref;
  }
}

/**
 * A table with typed columns.
 *
 * @param items constraints, indexes, and at most one object of options
 * @example
 * const users = table("users", metadata, {
 *   id: column(t.integer, { primaryKey: true }),
 *   name: column(t.string(50), { nullable: false }),
 * });
 */
export function table<const Name extends string, Cols extends ColumnSpecs>(
  name: Name,
  metadata: TableHome,
  columns: Cols,
  ...items: readonly (Constraint | Index | TableOptions)[]
): Table<Cols, Name> {
  if (typeof (metadata as Partial<TableHome> | null)?.register !== "function") {
    throw new ArgumentError(
      `table ${name}: its second argument is the metadata that it belongs to: table(${JSON.stringify(name)}, new MetaData(), { ... }).`,
    );
  }
  let options: TableOptions = {};
  const made: TableItem[] = [];
  const named = Object.entries(columns).map(([key, spec]) => {
    const each = spec as unknown as Column;
    if (!(each instanceof Column)) throw new ArgumentError(`table ${name}: ${key} is not made by column(...).`);
    if (each.table === null) each.rename(each.name === "" ? metadata.columnName(key) : each.name, key);
    return each;
  });
  for (const item of items) {
    if (item instanceof Constraint || item instanceof Index) made.push(item);
    else options = item;
  }
  const existing = metadata.tables.get(options.schema == null ? name : `${options.schema}.${name}`);
  if (existing !== undefined && options.keepExisting === true) return existing as Table<Cols, Name>;
  if (existing !== undefined && options.extendExisting === true) {
    for (const each of named) if (existing.columns.every((other) => other.name !== each.name)) existing.addColumn(each);
    return existing as Table<Cols, Name>;
  }
  if (existing !== undefined) {
    throw new InvalidRequestError(
      `the metadata has a table ${existing.fullName} already. Define it once; to add columns to it, pass { extendExisting: true }.`,
    );
  }
  return new Table<Cols, Name>(name, metadata, [...named, ...made], options);
}
