import { ArgumentError, InvalidRequestError } from "../errors.js";
import type { KeyContext } from "../key-context.js";
import { nextRefId } from "../node.js";
import { FromClause, recordOf } from "../selectable/from-clause.js";
import type { SQLType } from "../types/type.js";
import type { BoolExpr, Expr, ExprOf, Named, Simplify, Valued } from "../typing.js";
import { Column, type ColumnInfo, type ColumnOptions, type TableLike, type TableRegistry } from "./column.js";
import {
  CheckConstraint,
  Constraint,
  ForeignKeyConstraint,
  PrimaryKeyConstraint,
  UniqueConstraint,
} from "./constraints.js";
import { Index } from "./indexes.js";

/** Whether an INSERT must, may or must not give a column. */
export type InsertNeed = "required" | "optional" | "never";

/** The type of a column before it has a table. */
export interface ColumnSpec<T, Need extends InsertNeed = InsertNeed> {
  readonly spec: { readonly value: T; readonly need: Need };
}

/** Columns by key, as `table()` takes them. */
export type ColumnSpecs = Readonly<Record<string, ColumnSpec<unknown>>>;

/** What `table.c.x` is: an expression of the column's values that also describes the column. */
export type TableColumn<T, Src = never, K = string> = ExprOf<T, Src> & Named<K> & ColumnInfo;

/** What `table.c` is. */
export type TableColumns<Cols, Name> = string extends keyof Cols
  ? { readonly [key: string]: Expr<unknown, unknown> & ColumnInfo }
  : { readonly [K in keyof Cols]: Cols[K] extends ColumnSpec<infer T> ? TableColumn<T, Name, K> : never };

/** A row of a table, as an object. */
export type TableRow<Cols> = { [K in keyof Cols]: Cols[K] extends ColumnSpec<infer T> ? T : never };

type KeysOf<Cols, Need extends InsertNeed> = {
  [K in keyof Cols]: Cols[K] extends ColumnSpec<unknown, infer N> ? (N extends Need ? K : never) : never;
}[keyof Cols];

type Given<Spec> = Spec extends ColumnSpec<infer T> ? T | Valued<NonNullable<T> | null> : never;

/** What an INSERT into a table takes: values or expressions by column key. */
export type InsertValues<Cols> = string extends keyof Cols
  ? { readonly [key: string]: unknown }
  : Simplify<
      { readonly [K in KeysOf<Cols, "required">]: Given<Cols[K]> } & {
        readonly [K in KeysOf<Cols, "optional">]?: Given<Cols[K]>;
      }
    >;

/** What SET of an UPDATE takes. */
export type UpdateValues<Cols> = string extends keyof Cols
  ? { readonly [key: string]: unknown }
  : { readonly [K in KeysOf<Cols, "required" | "optional">]?: Given<Cols[K]> };

/** Options of a table. */
export interface TableOptions {
  readonly schema?: string | null;
  readonly comment?: string | null;
  /** Between CREATE and TABLE: `["TEMPORARY"]`. */
  readonly prefixes?: readonly string[];
  readonly info?: Readonly<Record<string, unknown>>;
  /** A view: `createAll` does not create it as a table. */
  readonly isView?: boolean;
  /** Put the columns into the table of this name that the metadata has already. */
  readonly extendExisting?: boolean;
  /** Give back the table of this name that the metadata has already. */
  readonly keepExisting?: boolean;
  /** Options of one dialect, by its name: `{ sqlite: { strict: true } }`. */
  readonly dialectOptions?: Readonly<Record<string, Readonly<Record<string, unknown>>>>;
}

/** What a table asks of its metadata; the class is in metadata.ts. */
export interface TableHome extends TableRegistry {
  register(table: Table): void;
  readonly tables: ReadonlyMap<string, Table>;
}

/** What a table is made of besides its name. */
export type TableItem = Column<never> | Column | Constraint | Index;

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
  readonly comment: string | null;
  readonly constraints: Constraint[] = [];
  readonly indexes: Index[] = [];
  readonly prefixes: readonly string[];
  readonly info: Record<string, unknown>;
  readonly isView: boolean;

  constructor(
    name: string,
    metadata: TableHome,
    items: readonly TableItem[] = [],
    readonly options: TableOptions = {},
  ) {
    super();
    if (typeof name !== "string" || name === "") throw new ArgumentError("a table needs a name.");
    this.#name = name;
    this.metadata = metadata;
    this.schema = options.schema === undefined ? metadata.schema : options.schema;
    this.comment = options.comment ?? null;
    this.prefixes = options.prefixes ?? [];
    this.info = { ...options.info };
    this.isView = options.isView === true;
    this.#primaryKey = new PrimaryKeyConstraint();
    this.#primaryKey.attach(this as unknown as TableLike);
    this.constraints.push(this.#primaryKey);
    for (const item of items) if (item instanceof Column) this.addColumn(item as Column);
    for (const item of items) {
      if (item instanceof Constraint) this.addConstraint(item);
      else if (item instanceof Index) this.addIndex(item);
    }
    metadata.register(this as unknown as Table);
  }

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
    column.attach(this as unknown as TableLike, key);
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
    const info = column as unknown as ColumnInfo;
    if (column.unique !== false && column.index === false) {
      this.addConstraint(new UniqueConstraint([info], { name: column.unique === true ? null : column.unique }));
    }
    if (column.index !== false) {
      const name = typeof column.index === "string" ? column.index : null;
      this.addIndex(new Index(name, [info], { unique: column.unique !== false }));
    }
    return this;
  }

  /** The same as {@link addColumn}. */
  appendColumn(column: Column): this {
    return this.addColumn(column);
  }

  /** Adds a constraint. A primary key takes the place of the one made from the columns' `primaryKey`. */
  addConstraint(constraint: Constraint): this {
    constraint.attach(this as unknown as TableLike);
    if (constraint instanceof PrimaryKeyConstraint) {
      const refs = constraint.columnRefs.length > 0 ? constraint.columnRefs : this.#primaryKey.columns;
      this.constraints.splice(this.constraints.indexOf(this.#primaryKey), 1, constraint);
      for (const ref of refs) {
        const column =
          typeof ref === "string" ? this.#columns.find((each) => each.key === ref || each.name === ref) : ref;
        if (column === undefined) {
          throw new ArgumentError(`primary key of ${this.fullName}: the table has no column ${JSON.stringify(ref)}.`);
        }
        const own = column as unknown as { primaryKey: boolean; nullable: boolean };
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
    index.attach(this as unknown as TableLike);
    this.indexes.push(index);
    return this;
  }

  /** Adds a CHECK constraint. */
  addCheck(sqltext: string | BoolExpr<boolean, unknown>, name: string | null = null): this {
    return this.addConstraint(new CheckConstraint(sqltext as unknown as string, { name }));
  }

  override describe(): string {
    return `table ${this.fullName}`;
  }

  override appendKey(context: KeyContext): void {
    context.text += `t${this.#id},`;
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
    const items: TableItem[] = this.#columns.map((column) => column.copy() as Column);
    for (const constraint of this.constraints) {
      if (constraint instanceof UniqueConstraint && constraint.columns.every((each) => each.unique === false)) {
        items.push(
          new UniqueConstraint(
            constraint.columns.map((each) => each.key),
            constraint.options,
          ),
        );
      } else if (constraint instanceof CheckConstraint)
        items.push(new CheckConstraint(constraint.sqltext, constraint.options));
      else if (constraint instanceof ForeignKeyConstraint && constraint.elements.length > 1) {
        const keys = constraint.columns.map((each) => each.key);
        items.push(
          new ForeignKeyConstraint(
            keys,
            constraint.elements.map((each) => each.target),
            constraint.options,
          ),
        );
      }
    }
    const schema = options.schema === undefined ? this.schema : options.schema;
    return new Table<Cols, Name>(options.name ?? this.#name, metadata, items, { ...this.options, schema });
  }
}

type NullableBy<T, O> = O extends
  | { readonly nullable: false }
  | { readonly primaryKey: true }
  | { readonly identity: unknown }
  ? O extends { readonly nullable: true }
    ? T | null
    : T
  : T | null;

type NeedBy<T, O> = O extends { readonly computed: object }
  ? "never"
  : O extends { readonly default: unknown } | { readonly serverDefault: unknown } | { readonly identity: unknown }
    ? "optional"
    : O extends { readonly primaryKey: true }
      ? T extends number | bigint
        ? "optional"
        : "required"
      : O extends { readonly nullable: false }
        ? "required"
        : "optional";

/**
 * A column for `table()`, named by its key.
 *
 * @param type one of `t.*`
 * @param options nullable unless `nullable: false` or `primaryKey: true` says otherwise
 * @example column(t.string(50), { nullable: false })
 */
export function column<T, const O extends ColumnOptions<T> = Record<never, never>>(
  type: SQLType<T>,
  options?: O & ColumnOptions<T>,
): ColumnSpec<NullableBy<T, O>, NeedBy<T, O>> {
  const made = new Column(options?.name ?? "", type, options as ColumnOptions<T>);
  return made as unknown as ColumnSpec<NullableBy<T, O>, NeedBy<T, O>>;
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
  let options: TableOptions = {};
  const made: TableItem[] = [];
  const named = Object.entries(columns).map(([key, spec]) => {
    const each = spec as unknown as Column;
    if (!(each instanceof Column)) throw new ArgumentError(`table ${name}: ${key} is not made by column(...).`);
    if (each.table === null) each.rename(each.name === "" ? key : each.name, key);
    return each;
  });
  for (const item of items) {
    if (item instanceof Constraint || item instanceof Index) made.push(item);
    else options = item;
  }
  const existing = metadata.tables.get(options.schema == null ? name : `${options.schema}.${name}`);
  if (existing !== undefined && options.keepExisting === true) return existing as unknown as Table<Cols, Name>;
  if (existing !== undefined && options.extendExisting === true) {
    for (const each of named) if (existing.columns.every((other) => other.name !== each.name)) existing.addColumn(each);
    return existing as unknown as Table<Cols, Name>;
  }
  if (existing !== undefined) {
    throw new InvalidRequestError(
      `the metadata has a table ${existing.fullName} already. Define it once; to add columns to it, pass { extendExisting: true }.`,
    );
  }
  return new Table<Cols, Name>(name, metadata, [...named, ...made], options);
}
