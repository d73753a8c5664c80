/** Constraints of tables. */
import { ColumnElement } from "../element.js";
import { ArgumentError, NoReferencedTableError, NoSuchColumnError } from "../errors.js";
import { describeValue } from "../types/describe-value.js";
import {
  type Column,
  type ColumnInfo,
  ForeignKey,
  type ForeignKeyOptions,
  type ForeignKeyTarget,
  type TableLike,
} from "./column.js";
import type { Conv } from "./conv.js";
import type { SQLExpression } from "./generated.js";

/** Options that every constraint takes. */
export interface ConstraintOptions {
  readonly name?: string | Conv | null;
  readonly deferrable?: boolean | null;
  readonly initially?: "DEFERRED" | "IMMEDIATE" | null;
  readonly comment?: string | null;
  readonly info?: Readonly<Record<string, unknown>>;
  /** The constraint exists on these dialects only. */
  readonly dialects?: readonly string[];
  /** Rows that are there already are not checked (where the database can do so; of ALTER TABLE ... ADD). */
  readonly notValid?: boolean;
  /** SQLite: what a violation does. */
  readonly onConflict?: string;
}

/** On what a piece of DDL depends. */
export interface DDLCondition {
  /** The dialect's name, or one of several. */
  readonly dialect?: string | readonly string[];
  /** Asked each time. */
  readonly when?: (dialect: { readonly name: string }) => boolean;
}

/** Whether a condition holds for a dialect. */
export function conditionHolds({ dialect, when }: DDLCondition, on: { readonly name: string }): boolean {
  const named = typeof dialect === "string" ? [dialect] : dialect;
  return (named === undefined || named.includes(on.name)) && (when === undefined || when(on));
}

/** A column by name, or itself. */
export type ColumnRef = string | ColumnInfo;

/** A rule of a table. */
export abstract class Constraint {
  abstract readonly kind: "pk" | "fk" | "uq" | "ck" | "ex";
  readonly name: string | Conv | null;
  readonly deferrable: boolean | null;
  readonly initially: "DEFERRED" | "IMMEDIATE" | null;
  readonly comment: string | null;
  readonly info: Readonly<Record<string, unknown>>;
  readonly notValid: boolean;
  #condition: DDLCondition;
  #table: TableLike | null = null;

  constructor(readonly options: ConstraintOptions = {}) {
    this.name = options.name ?? null;
    this.deferrable = options.deferrable ?? null;
    this.initially = options.initially ?? null;
    this.comment = options.comment ?? null;
    this.info = options.info ?? {};
    this.notValid = options.notValid === true;
    this.#condition = options.dialects === undefined ? {} : { dialect: options.dialects };
  }

  /**
   * The constraint exists only where the condition holds.
   *
   * @example new CheckConstraint("length(name) > 3").ddlIf({ dialect: "postgresql" })
   */
  ddlIf(condition: DDLCondition): this {
    this.#condition = condition;
    return this;
  }

  /** Whether a dialect is to have it. */
  existsOn(dialect: { readonly name: string }): boolean {
    return conditionHolds(this.#condition, dialect);
  }

  /** Its table, or null before it has one. */
  get table(): TableLike | null {
    return this.#table;
  }

  /** @internal */
  attach(table: TableLike): void {
    this.#table = table;
  }

  /** The columns it is about, in order; none for a CHECK. */
  get columns(): readonly Column[] {
    return [];
  }

  /** @throws NoSuchColumnError where it names a column that its table has not */
  requireColumns(): void {
    void this.columns;
  }
}

/** A column of `table` by name or key, or the column itself. */
export function resolveColumn(table: TableLike | null, ref: ColumnRef, place: string): Column {
  if (typeof ref !== "string") {
    if (ref instanceof ColumnElement) return ref as Column;
    throw new ArgumentError(`${place}: ${describeValue(ref)} is no column and no name of one.`);
  }
  const found = table?.columns.find((column) => column.key === ref || column.name === ref);
  if (found !== undefined) return found;
  const names = table?.columns.map((column) => column.name).join(", ") || "none";
  throw new NoSuchColumnError(
    `${place}: table ${table?.fullName ?? "(none)"} has no column ${JSON.stringify(ref)}; it has: ${names}.`,
  );
}

const KINDS = { pk: "primary key", fk: "foreign key", uq: "unique", ck: "check", ex: "exclude" } as const;

/** What messages call a constraint. */
function placeOf({ kind, name }: Constraint): string {
  return `${KINDS[kind]} constraint${name === null ? "" : ` ${name}`}`;
}

abstract class ColumnConstraint extends Constraint {
  #columns: readonly Column[] | null = null;
  readonly columnRefs: readonly ColumnRef[];

  constructor(columns: readonly ColumnRef[], options: ConstraintOptions = {}) {
    super(options);
    if (!Array.isArray(columns)) {
      throw new ArgumentError(
        `a constraint takes its columns as an array: [${JSON.stringify(columns)}, ...], not one after the other.`,
      );
    }
    this.columnRefs = columns;
  }

  override get columns(): readonly Column[] {
    this.#columns ??= this.columnRefs.map((ref) => resolveColumn(this.table, ref, placeOf(this)));
    return this.#columns;
  }
}

/** PRIMARY KEY. */
export class PrimaryKeyConstraint extends Constraint {
  override readonly kind = "pk";
  #columns: Column[] = [];
  readonly columnRefs: readonly ColumnRef[];

  constructor(
    columns: readonly ColumnRef[] = [],
    override readonly options: ConstraintOptions & { readonly include?: readonly ColumnRef[] } = {},
  ) {
    super(options);
    this.columnRefs = columns;
  }

  override get columns(): readonly Column[] {
    return this.#columns;
  }

  /** @internal */
  add(column: Column): void {
    if (!this.#columns.includes(column)) this.#columns.push(column);
  }

  /**
   * The column whose integers the database counts up by itself, or null: the only column of the key, of an integer
   * type, with no foreign key and no default, unless `autoincrement` says otherwise.
   */
  get autoincrementColumn(): Column | null {
    for (const column of this.#columns) {
      if (column.autoincrement === true || column.identity !== null) return column;
    }
    const only = this.#columns.length === 1 ? (this.#columns[0] as Column) : null;
    if (only === null || only.autoincrement === false) return null;
    if (only.type.family !== "integer" || only.foreignKeys.length > 0) return null;
    return only.default === undefined && only.serverDefault === null ? only : null;
  }
}

/** UNIQUE. */
export class UniqueConstraint extends ColumnConstraint {
  override readonly kind = "uq";
  constructor(
    columns: readonly ColumnRef[],
    override readonly options: ConstraintOptions & {
      readonly nullsNotDistinct?: boolean;
      /** Columns stored in its index and not searched by. */
      readonly include?: readonly ColumnRef[];
    } = {},
  ) {
    super(columns, options);
  }
}

/** CHECK, of SQL text or an expression. */
export class CheckConstraint extends Constraint {
  override readonly kind = "ck";
  constructor(
    readonly sqltext: string | SQLExpression,
    options: ConstraintOptions = {},
  ) {
    super(options);
  }
}

/** EXCLUDE: no two rows for which all of the operators answer true. */
export class ExcludeConstraint extends Constraint {
  override readonly kind = "ex";
  constructor(
    readonly elements: readonly (readonly [ColumnRef | SQLExpression, string])[],
    override readonly options: ConstraintOptions & {
      readonly using?: string;
      /** Operator classes by column name. */
      readonly ops?: Readonly<Record<string, string>>;
      readonly where?: string | SQLExpression;
    } = {},
  ) {
    super(options);
  }

  override requireColumns(): void {
    for (const [ref] of this.elements) if (typeof ref === "string") resolveColumn(this.table, ref, placeOf(this));
  }
}

/** FOREIGN KEY of one or more columns. */
export class ForeignKeyConstraint extends Constraint {
  override readonly kind = "fk";
  #columns: readonly Column[] | null = null;
  readonly columnRefs: readonly ColumnRef[];
  /** One for each column, in order. */
  readonly elements: readonly ForeignKey[];
  readonly onDelete: string | null;
  readonly onUpdate: string | null;
  readonly match: string | null;
  readonly useAlter: boolean;

  constructor(
    columns: readonly ColumnRef[],
    targets: readonly (ForeignKeyTarget | ForeignKey)[],
    override readonly options: ForeignKeyOptions & ConstraintOptions = {},
  ) {
    super(options);
    if (columns.length === 0 || columns.length !== targets.length) {
      throw new ArgumentError(
        `a foreign key constraint needs as many columns (${columns.length}) as columns that it refers to (${targets.length}).`,
      );
    }
    this.columnRefs = columns;
    this.elements = targets.map((target) => (target instanceof ForeignKey ? target : new ForeignKey(target, options)));
    this.onDelete = options.onDelete ?? null;
    this.onUpdate = options.onUpdate ?? null;
    this.match = options.match ?? null;
    this.useAlter = options.useAlter === true;
  }

  override attach(table: TableLike): void {
    super.attach(table);
    const columns = this.columns;
    this.elements.forEach((element, i) => {
      const column = columns[i] as Column;
      element.constraint = this;
      element.parent ??= column;
      column.addForeignKey(element);
    });
  }

  override get columns(): readonly Column[] {
    this.#columns ??= this.columnRefs.map((ref) => resolveColumn(this.table, ref, placeOf(this)));
    return this.#columns;
  }

  /** The columns referred to, in the order of `columns`. @throws NoReferencedTableError */
  get refColumns(): readonly Column[] {
    return this.elements.map((element) => element.column);
  }

  /** Whether another key ties the same columns to the same ones, in whatever order. */
  tiesAs(other: ForeignKeyConstraint): boolean {
    if (this.elements.length !== other.elements.length) return false;
    return this.columns.every((column, i) => {
      const target = this.elements[i]?.tryColumn() ?? null;
      return (
        target !== null && other.columns.some((each, j) => each === column && other.elements[j]?.tryColumn() === target)
      );
    });
  }

  /** The table referred to. @throws NoReferencedTableError */
  get referredTable(): TableLike {
    const table = this.elements[0]?.column.table;
    if (table == null) {
      throw new NoReferencedTableError(
        `a foreign key of ${this.table?.fullName} refers to a column that has no table.`,
      );
    }
    return table;
  }
}
