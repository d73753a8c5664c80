/** Columns of tables, with defaults and foreign keys. */
import { ColumnElement } from "../element.js";
import { ArgumentError, InvalidRequestError, NoReferencedTableError, NoSuchColumnError } from "../errors.js";
import type { KeyContext } from "../key-context.js";
import type { Node } from "../node.js";
import { nextRefId } from "../pieces.js";
import type { FromClause } from "../selectable/from-clause.js";
import { nullType } from "../types/base.js";
import { isType, plainType, type SQLType } from "../types/type.js";
import type { Conv } from "./conv.js";
import type { Computed, Identity, SequenceLike, SQLExpression } from "./generated.js";

/** What a column asks of its table; the class is in table.ts. */
export interface TableLike extends FromClause<unknown> {
  readonly name: string;
  readonly schema: string | null;
  /** `schema.name`, or the name. */
  readonly fullName: string;
  readonly columns: readonly Column[];
  readonly metadata: TableRegistry;
  readonly primaryKey: { readonly columns: readonly Column[] };
  /** Of tables themselves: makes an index theirs. */
  addIndex?(index: object): unknown;
}

/** Where a foreign key looks for its table; implemented by `MetaData`. */
export interface TableRegistry {
  readonly schema: string | null;
  readonly tables: ReadonlyMap<string, TableLike>;
}

/** What is known of the row that a default is made for. */
export interface DefaultContext {
  readonly column: Column;
  /** The row's other values, by column key. */
  getCurrentParameters(): Readonly<Record<string, unknown>>;
}

/** The target of a foreign key: `"table.column"`, a column, or a function that gives the column later. */
export type ForeignKeyTarget = string | ColumnInfo | (() => ColumnInfo);

/** ON DELETE and ON UPDATE. `"SET NULL (a, b)"` sets only the columns named, where the database can do so. */
export type ReferentialAction = "CASCADE" | "SET NULL" | "SET DEFAULT" | "RESTRICT" | "NO ACTION" | (string & {});

/** Options of a foreign key. */
export interface ForeignKeyOptions {
  readonly name?: string | Conv | null;
  readonly onDelete?: ReferentialAction | null;
  readonly onUpdate?: ReferentialAction | null;
  readonly deferrable?: boolean | null;
  readonly initially?: "DEFERRED" | "IMMEDIATE" | null;
  readonly match?: "FULL" | "PARTIAL" | "SIMPLE" | null;
  /** Add the constraint by ALTER TABLE after the tables are there; tables that refer to each other need it. */
  readonly useAlter?: boolean;
  readonly comment?: string | null;
  /** Rows that are there already are not checked; of ALTER TABLE ... ADD. */
  readonly notValid?: boolean;
  readonly info?: Readonly<Record<string, unknown>>;
}

/** One column's reference to another table's column. */
export class ForeignKey {
  #column: Column | null = null;
  /** The column that refers; set when the key is given to one. */
  parent: Column | null = null;
  /** The constraint made of it when the column joined a table. */
  constraint: unknown = null;
  /** Given to a column, and not part of a table's own constraint. */
  fromColumn = false;

  constructor(
    readonly target: ForeignKeyTarget,
    readonly options: ForeignKeyOptions = {},
  ) {
    if (typeof target === "string" && !target.includes(".")) {
      throw new ArgumentError(`foreign key ${JSON.stringify(target)}: write "table.column".`);
    }
  }

  /** The table's name in the metadata, when the target is text. */
  get targetTableName(): string | null {
    return typeof this.target === "string" ? this.target.slice(0, this.target.lastIndexOf(".")) : null;
  }

  /** The column referred to. @throws NoReferencedTableError */
  get column(): Column {
    this.#column ??= this.#resolve();
    return this.#column;
  }

  /** The column referred to, or null while its table is not there yet. */
  tryColumn(): Column | null {
    try {
      return this.column;
    } catch (error) {
      if (error instanceof NoReferencedTableError || error instanceof ReferenceError) return null;
      throw error;
    }
  }

  /**
   * A key like this one for a copy of its table.
   *
   * @param from the schema of the table: a target in the same one moves along
   * @param to the schema of the copy
   */
  copy(from: string | null, to: string | null): ForeignKey {
    const target = this.target;
    let moved: ForeignKeyTarget = target;
    if (typeof target !== "string") {
      const column = this.tryColumn();
      if (column?.table != null && !column.name.includes(".")) moved = `${column.table.fullName}.${column.name}`;
    }
    if (typeof moved === "string" && from !== to) {
      const at = moved.lastIndexOf(".");
      const table = moved.slice(0, at);
      const bare = from === null ? table : table.startsWith(`${from}.`) ? table.slice(from.length + 1) : null;
      if (bare !== null && !(from === null && table.includes("."))) {
        moved = `${to === null ? "" : `${to}.`}${bare}${moved.slice(at)}`;
      }
    }
    return new ForeignKey(moved, this.options);
  }

  /** Whether this key refers to a column of the table given. */
  references(table: FromClause<unknown>): boolean {
    return this.tryColumn()?.table === table;
  }

  #resolve(): Column {
    const target = this.target;
    if (typeof target === "function") return target() as Column;
    if (typeof target !== "string") return target as Column;
    const owner = this.parent?.table;
    if (owner == null) throw new InvalidRequestError(`foreign key to ${target}: its column belongs to no table yet.`);
    const { tables, schema } = owner.metadata;
    const tableNamed = (name: string): TableLike | undefined =>
      tables.get(name) ?? (schema === null ? undefined : tables.get(`${schema}.${name}`));
    // The names of columns may have dots too: the last one that a table stands before is meant.
    let at = target.lastIndexOf(".");
    for (let dot = at; dot > 0; dot = target.lastIndexOf(".", dot - 1)) {
      if (tableNamed(target.slice(0, dot)) === undefined) continue;
      at = dot;
      break;
    }
    const tableName = target.slice(0, at);
    const columnName = target.slice(at + 1);
    const table = tableNamed(tableName);
    if (table === undefined) {
      throw new NoReferencedTableError(
        `${owner.fullName}.${this.parent?.name} refers to ${target}, and the metadata has no table ${tableName}. Import the module that defines it, or correct the name.`,
      );
    }
    const column = table.columns.find((each) => each.name === columnName || each.key === columnName);
    if (column === undefined) {
      throw new NoSuchColumnError(
        `${owner.fullName}.${this.parent?.name} refers to ${target}, and table ${tableName} has no column ${columnName}.`,
      );
    }
    return column;
  }
}

/**
 * A reference to another table's column, for `column()` and `@Column`.
 *
 * @example column(t.integer, { foreignKey: foreignKey("users.id", { onDelete: "CASCADE" }) })
 */
export function foreignKey(target: ForeignKeyTarget, options: ForeignKeyOptions = {}): ForeignKey {
  return new ForeignKey(target, options);
}

/** Options of a column. `T` is the type of its values. */
export interface ColumnOptions<T = unknown> {
  /** The name in the database; the key where absent. */
  readonly name?: string;
  /** The name in `table.c` and in `values()`; the name where absent. */
  readonly key?: string;
  readonly primaryKey?: boolean;
  /** Whether it takes NULL; true where absent, except in a primary key. */
  readonly nullable?: boolean;
  /** Made by us when an INSERT leaves the column out: a value, a function, or an SQL expression. */
  readonly default?: T | ((context: DefaultContext) => T) | SQLExpression | SequenceLike;
  /** Made by us when an UPDATE leaves the column out. */
  readonly onupdate?: T | ((context: DefaultContext) => T) | SQLExpression;
  /** DEFAULT in the table's definition: SQL text, an expression, or `true` when the database has one we do not write. */
  readonly serverDefault?: string | SQLExpression | true;
  /** The database changes the column on UPDATE, by a trigger for instance. */
  readonly serverOnupdate?: string | SQLExpression | true;
  readonly autoincrement?: boolean | "auto";
  readonly unique?: boolean | string;
  readonly index?: boolean | string;
  readonly comment?: string | null;
  readonly foreignKey?: ForeignKeyTarget | ForeignKey;
  readonly foreignKeys?: readonly (ForeignKeyTarget | ForeignKey)[];
  readonly computed?: Computed;
  readonly identity?: Identity | boolean;
  readonly info?: Readonly<Record<string, unknown>>;
  /** The name that it had before: migrations rename it, and keep what is in it. To be taken out when they have. */
  readonly renamedFrom?: string;
  /** Its values are kept out of the log and out of error messages. */
  readonly hidden?: boolean;
  /** Left out of plain `select(table)`. */
  readonly system?: boolean;
  /** SQLite: what a NULL does where the column takes none: `"IGNORE"`, `"REPLACE"`, ... */
  readonly onConflictNotNull?: string;
  /** SQLite: what a value does that is there already, where the column is `unique`. */
  readonly onConflictUnique?: string;
  /** SQLite: what a key does that is there already, where the column is the primary key. */
  readonly onConflictPrimaryKey?: string;
}

/** What a typed column says of itself; every `table.c.x` has it. */
export interface ColumnInfo {
  readonly name: string;
  readonly key: string;
  readonly type: SQLType;
  readonly table: TableLike | null;
  readonly primaryKey: boolean;
  readonly nullable: boolean;
  readonly comment: string | null;
  /** Its own, and those of its table's constraints over it. */
  readonly foreignKeys: readonly ForeignKey[];
}

/** A column of a table. */
export class Column<T = unknown, Src = unknown> extends ColumnElement<T, Src> implements ColumnInfo {
  override get visitName(): string {
    return "Column";
  }

  /** A number for its identity; enters the cache key. */
  readonly id = nextRefId();
  #type: SQLType;
  #name: string;
  #key: string;
  #table: TableLike | null = null;
  readonly primaryKey: boolean;
  readonly nullable: boolean;
  readonly default: unknown;
  readonly onupdate: unknown;
  readonly serverDefault: string | Node | true | null;
  readonly serverOnupdate: string | Node | true | null;
  readonly autoincrement: boolean | "auto";
  readonly unique: boolean | string;
  readonly index: boolean | string;
  readonly comment: string | null;
  readonly foreignKeys: readonly ForeignKey[];
  readonly computed: Computed | null;
  readonly identity: Identity | null;
  readonly info: Record<string, unknown>;
  readonly system: boolean;

  constructor(
    name: string,
    type: SQLType<T> | null,
    readonly options: ColumnOptions<T> = {},
  ) {
    super();
    if (type !== null && !isType(type)) {
      throw new ArgumentError(`column ${JSON.stringify(name)}: ${String(type)} is not a type. Give one of t.*.`);
    }
    this.#name = options.name ?? name;
    this.#key = options.key ?? name;
    this.#type = type === null ? nullType : options.hidden === true ? plainType(type).conceal() : plainType(type);
    this.primaryKey = options.primaryKey === true;
    this.nullable = options.nullable ?? !(this.primaryKey || options.identity !== undefined);
    this.default = options.default;
    this.onupdate = options.onupdate;
    this.serverDefault = (options.serverDefault as string | Node | true | undefined) ?? null;
    this.serverOnupdate = (options.serverOnupdate as string | Node | true | undefined) ?? null;
    this.autoincrement = options.autoincrement ?? "auto";
    this.unique = options.unique ?? false;
    this.index = options.index ?? false;
    this.comment = options.comment ?? null;
    this.computed = options.computed ?? null;
    this.identity = options.identity === true ? {} : options.identity === false ? null : (options.identity ?? null);
    this.info = { ...options.info, ...(options.renamedFrom === undefined ? {} : { renamedFrom: options.renamedFrom }) };
    this.system = options.system === true;
    const keys = [...(options.foreignKey === undefined ? [] : [options.foreignKey]), ...(options.foreignKeys ?? [])];
    this.foreignKeys = keys.map((key) => (key instanceof ForeignKey ? adopt(key) : new ForeignKey(key)));
    for (const key of this.foreignKeys) {
      key.parent = this;
      key.fromColumn = true;
    }
    if (this.computed !== null && (this.default !== undefined || this.serverDefault !== null)) {
      throw new ArgumentError(`column ${this.#name}: a computed column has no default.`);
    }
  }

  /** Its name in the database. */
  get name(): string {
    return this.#name;
  }

  /** Its name in `table.c`. */
  override get key(): string {
    return this.#key;
  }

  /** Its type; a column that was given none takes that of the column it refers to. */
  get type(): SQLType {
    if (this.#type === nullType && this.foreignKeys.length > 0) {
      const target = this.foreignKeys[0]?.tryColumn();
      if (target != null && target !== this) this.#type = target.type;
    }
    return this.#type;
  }

  /** Its table, or null before it has one. */
  get table(): TableLike | null {
    return this.#table;
  }

  /** Whether the database or we give it a value when an INSERT leaves it out. */
  get hasDefault(): boolean {
    return (
      this.default !== undefined || this.serverDefault !== null || this.identity !== null || this.computed !== null
    );
  }

  /** @internal Names a column that belongs to no table yet. */
  rename(name: string, key: string): void {
    this.#name = name;
    this.#key = key;
  }

  /** @internal Gives an unnamed column its key, and the column its table. */
  attach(table: TableLike, key: string | null): void {
    if (this.#table !== null && this.#table !== table) {
      throw new ArgumentError(
        `column ${this.#name} belongs to table ${this.#table.fullName} already, and cannot be in ${table.fullName} too. Make another with copy().`,
      );
    }
    if (key !== null) {
      if (this.#name === "") this.#name = key;
      if (this.#key === "") this.#key = key;
    }
    if (this.#name === "") throw new ArgumentError(`a column of table ${table.fullName} has no name.`);
    if (this.#key === "") this.#key = this.#name;
    this.#table = table;
  }

  /** Takes a key of a constraint of its table. */
  addForeignKey(key: ForeignKey): void {
    if (!this.foreignKeys.includes(key)) (this.foreignKeys as ForeignKey[]).push(key);
  }

  /** Whether a foreign key of this column refers to another. */
  references(column: ColumnInfo): boolean {
    return this.foreignKeys.some((key) => key.tryColumn() === (column as unknown));
  }

  /** A column like this one that belongs to no table. */
  copy(changes: ColumnOptions<T> = {}): Column<T> {
    const own = this.foreignKeys.filter((key) => key.fromColumn);
    const foreignKeys = own.map((key) => new ForeignKey(key.target, key.options));
    const { foreignKey: _one, foreignKeys: _many, ...options } = this.options;
    return new Column<T>(this.#name, this.#type as SQLType<T>, {
      ...options,
      name: this.#name,
      key: this.#key,
      foreignKeys,
      ...changes,
    });
  }

  override appendKey(context: KeyContext): void {
    context.add(this.id);
  }
  override children(): [] {
    return [];
  }
  override copyReplacing(): this {
    return this;
  }
}

function adopt(key: ForeignKey): ForeignKey {
  return key.parent === null ? key : new ForeignKey(key.target, key.options);
}
