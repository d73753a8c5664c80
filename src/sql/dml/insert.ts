/** INSERT, with what becomes of rows that exist. */
import { addMethods } from "../add-methods.js";
import { ColumnElement } from "../element.js";
import { expressionOrBind, requireCondition } from "../elements/coerce.js";
import { inlined } from "../elements/inline-literal.js";
import { TextClause } from "../elements/text.js";
import type { Attrs, Cls, EntityRef, Plain } from "../entity.js";
import { ArgumentError, errorKind } from "../errors.js";
import type { KeyContext } from "../key-context.js";
import { Node, type Parts } from "../node.js";
import { nextRefId } from "../pieces.js";
import { type Column, Column as ColumnClass, type ColumnInfo } from "../schema/column.js";
import type { ColumnSpecs, InsertValues, TableColumns } from "../schema/column-specs.js";
import { Constraint } from "../schema/constraints.js";
import { Index } from "../schema/indexes.js";
import { Table } from "../schema/table.js";
import { Alias, type AliasedColumns } from "../selectable/alias.js";
import { Query, type SelectedColumn } from "../selectable/query.js";
import type { Selectable } from "../selectable/select-typing.js";
import { describeValue } from "../types/describe-value.js";
import type { Condition, Expr, ExprOf, Operand, Valued } from "../typing.js";
import { DMLStatement, type ReturningColumns, type ReturningObject, type ReturningRow } from "./dml.js";

const none: readonly never[] = Object.freeze([]);

const unlikeRows = errorKind(ArgumentError, "ATHANOR_UNLIKE_ROWS", {
  message: (table: string, row: number, given: string, wanted: string) =>
    `insert into ${table}: row ${row} gives (${given}) and row 1 (${wanted}). Rows of one INSERT give the same columns; write null for NULL.`,
  cause:
    "The rows of an INSERT of several rows give different columns. A column that is left out gets its default, and one statement cannot mix both.",
  cure: "Give the same columns in each row, with null for NULL; or execute the statement once for each set of columns. session.addAll() sorts them by itself.",
});

/** Values for an entity's columns, by attribute name. */
export type EntityValues<E> = {
  readonly [K in keyof Plain<E>]?: Operand<Stored<Plain<E>[K]>>;
};

/** What a column holds where its property is there or not: NULL where it is not. */
type Stored<T> = undefined extends T ? Exclude<T, undefined> | null : T;

/** ON CONFLICT of an INSERT. */
export class OnConflict extends Node {
  static override readonly parts: Parts = {
    action: "name",
    elements: "nodes",
    indexWhere: "node",
    constraint: "name",
    sets: "tuples",
    where: "node",
  };
  override get visitName(): string {
    return "OnConflict";
  }
  constructor(
    readonly action: "nothing" | "update",
    /** The columns and expressions of the unique index. */
    readonly elements: readonly ColumnElement[],
    readonly indexWhere: ColumnElement | null,
    readonly constraint: string | null,
    readonly sets: readonly (readonly [ColumnElement, ColumnElement])[],
    readonly where: ColumnElement | null,
  ) {
    super();
  }
}

/** What a conflict is about: columns of a unique index, or a constraint's name. */
export interface ConflictTarget {
  readonly indexElements?: readonly (string | ColumnInfo | Valued)[];
  /** The condition of a partial index. */
  readonly indexWhere?: Condition;
  /** A constraint by its name or itself, which without a name is known by its columns; or an index. */
  readonly constraint?: string | Constraint | Index | { readonly name: string };
}

/** The columns of the row that could not be inserted. */
export type ExcludedColumns<Cols> = unknown extends Cols
  ? Readonly<Record<string, Expr<unknown, unknown>>>
  : Cols extends ColumnSpecs
    ? AliasedColumns<TableColumns<Cols, never>, never>
    : { readonly [K in keyof Plain<Cols>]: ExprOf<NonNullable<Plain<Cols>[K]> | null> };

/** What happens on a conflict. */
export interface ConflictUpdate<Values, Cols = unknown> extends ConflictTarget {
  /** New values; `excluded` has the row that was to be inserted. A function receives it. */
  readonly set: Values | ((excluded: ExcludedColumns<Cols>) => Values);
  readonly where?: Condition;
}

const EXCLUDED = nextRefId();

/** The row that could not be inserted, in ON CONFLICT. */
export class Excluded extends Alias {
  override get visitName(): string {
    return "Excluded";
  }
  override appendKey(context: KeyContext): void {
    context.add(EXCLUDED);
    this.element.appendKey(context);
  }
}

const excludedOf = new WeakMap<Table, Excluded>();

/** An INSERT statement. It is immutable: every method gives a new one. */
export class Insert<
  Row = never,
  Cols = unknown,
  Values = Readonly<Record<string, unknown>>,
  C = unknown,
> extends DMLStatement<Row, C> {
  static override readonly parts: Parts = {
    table: "node",
    columns: "nodes",
    rows: "rows",
    source: "node",
    includeDefaults: "name",
    conflicts: "nodes",
    returningNodes: "nodes",
    rowKeys: "names",
    extraCtes: "nodes",
    loadOptions: "nodes",
    hints: "names",
    extensions: "nodes",
  };
  override get visitName(): string {
    return "Insert";
  }
  /** The columns given, in order; empty before `values()` or `fromSelect()`. */
  readonly columns: readonly Column[] = none;
  /** Values for the columns, row by row. */
  readonly rows: readonly (readonly ColumnElement[])[] = none;
  /** The query whose rows are inserted. */
  readonly source: Query | null = null;
  /** Fill in the columns' client-side defaults that the query does not give. */
  readonly includeDefaults: boolean = true;
  readonly conflicts: readonly OnConflict[] = none;
  readonly isInline: boolean = false;
  /** Text after INSERT, each with the dialect it is for, in turn. */
  readonly hints: readonly string[] = none;

  constructor(target: unknown) {
    super(target, "insert");
  }

  /**
   * The values of one row, or of several.
   *
   * @param rows values or expressions by column key (attribute name, for a class)
   */
  values(rows: Values | readonly Values[]): this {
    const list: readonly unknown[] = Array.isArray(rows) ? (rows as readonly unknown[]) : [rows];
    if (list.length === 0) throw new ArgumentError(`insert into ${this.table.fullName}: values([]) has no row.`);
    const first = this.rowOf(list[0], "values()");
    const columns = Object.keys(first).map((key) => this.columnFor(key, `insert into ${this.table.fullName}`));
    const made = list.map((each, at) => {
      const row = at === 0 ? first : this.rowOf(each, `values() row ${at + 1}`);
      const keys = Object.keys(row);
      const wanted = Object.keys(first);
      if (at > 0 && (keys.length !== wanted.length || wanted.some((key) => !Object.hasOwn(row, key)))) {
        throw unlikeRows(this.table.fullName, at + 1, keys.join(", "), wanted.join(", "));
      }
      return wanted.map((key, i) => this.valueFor(columns[i] as Column, row[key], `insert`));
    });
    if (this.rows.length === 1 && made.length === 1)
      return this.copyWith(this.merged(columns, made[0] as ColumnElement[]));
    return this.copyWith({ columns, rows: made, source: null });
  }

  private merged(columns: readonly Column[], row: readonly ColumnElement[]): Readonly<Record<string, unknown>> {
    const kept = this.columns.map((column, i) => [column, (this.rows[0] as readonly ColumnElement[])[i]] as const);
    const map = new Map(kept);
    columns.forEach((column, i) => {
      map.set(column, row[i]);
    });
    return { columns: [...map.keys()], rows: [[...map.values()]], source: null };
  }

  private rowOf(value: unknown, place: string): Readonly<Record<string, unknown>> {
    if (value === null || typeof value !== "object" || Array.isArray(value) || value instanceof Node) {
      throw new ArgumentError(
        `insert into ${this.table.fullName}: ${place} takes objects of values by column, not ${describeValue(value)}.`,
      );
    }
    const row = value as Readonly<Record<string, unknown>>;
    return this.entity?.written(row) ?? row;
  }

  /** INSERT ... SELECT. */
  fromSelect(
    columns: readonly (keyof Values | ColumnInfo | string)[],
    query: Query<unknown, unknown>,
    options: { readonly includeDefaults?: boolean } = {},
  ): this {
    if (!(query instanceof Query)) throw new ArgumentError(`fromSelect() takes a query, not ${describeValue(query)}.`);
    const targets = columns.map((each) => this.columnFor(each, `insert into ${this.table.fullName}`));
    const width = query.selectedColumns.length;
    if (width !== targets.length) {
      throw new ArgumentError(`fromSelect(): ${targets.length} columns are named and the query selects ${width}.`);
    }
    return this.copyWith({
      columns: targets,
      rows: none,
      source: query,
      includeDefaults: options.includeDefaults !== false,
    });
  }

  /**
   * What the inserted rows give back: tuples of what is named, everything where nothing is, or objects where one is given.
   *
   * @example returning(users.c.id, users.c.name)
   * @example returning({ id: users.c.id, name: users.c.name })
   */
  returning<const A extends readonly Selectable[]>(
    ...columns: A
  ): Insert<A extends readonly [] ? unknown[] : ReturningRow<A>, Cols, Values, ReturningColumns<A>>;
  returning<A extends ReturningObject>(columns: A): Insert<ReturningRow<A>, Cols, Values, ReturningColumns<A>>;
  returning(...columns: readonly unknown[]): unknown {
    return this.copyWith(this.returningOf(columns));
  }

  /**
   * Has the result tell the values that the database made, `result.returnedDefaults`, while it stays one without rows.
   *
   * @param columns those that are asked for; every one whose value the statement does not tell where none is named
   * @example (await conn.execute(insert(users).values({ name: "a" }).returnDefaults())).returnedDefaults?.createdAt
   */
  returnDefaults(...columns: readonly (keyof Values | ColumnInfo | string)[]): this {
    return this.askDefaults(columns);
  }

  /** Asks nothing back: no RETURNING is added for a key that the database makes, and the result does not know it. */
  inline(): this {
    return this.copyWith({ isInline: true });
  }

  /** The row that could not be inserted, for `onConflictDoUpdate`. */
  get excluded(): ExcludedColumns<Cols> {
    let excluded = excludedOf.get(this.table);
    if (excluded === undefined) {
      excluded = new Excluded(this.table, "excluded");
      excludedOf.set(this.table, excluded);
    }
    return excluded.c as never;
  }

  /** ON CONFLICT DO NOTHING, on any conflict or on those named. Several clauses are tried in order, on SQLite. */
  onConflictDoNothing(target: ConflictTarget = {}): this {
    const { elements, indexWhere, constraint } = this.conflictTarget(target);
    return this.withConflict(new OnConflict("nothing", elements, indexWhere, constraint, none, null));
  }

  /**
   * ON CONFLICT DO UPDATE.
   *
   * @example insert.onConflictDoUpdate({ indexElements: ["email"], set: { name: insert.excluded.name } })
   */
  onConflictDoUpdate(options: ConflictUpdate<Partial<Values>, Cols>): this {
    const { elements, indexWhere, constraint } = this.conflictTarget(options);
    const given =
      typeof options.set === "function" ? (options.set as (excluded: unknown) => unknown)(this.excluded) : options.set;
    const sets = Object.entries(this.rowOf(given, "set")).map(([key, value]): [ColumnElement, ColumnElement] => {
      const column = this.columnFor(key, `insert into ${this.table.fullName}: set`);
      return [column, this.valueFor(column, value, "insert: set")];
    });
    if (sets.length === 0)
      throw new ArgumentError("onConflictDoUpdate({ set }) sets nothing. Use onConflictDoNothing().");
    const where = options.where === undefined ? null : requireCondition(options.where, "onConflictDoUpdate({ where })");
    return this.withConflict(new OnConflict("update", elements, indexWhere, constraint, sets, where));
  }

  // a further call adds a clause: what the first does not meet, the second may
  private withConflict(conflict: OnConflict): this {
    return this.copyWith({ conflicts: [...this.conflicts, conflict] });
  }

  private conflictTarget(target: ConflictTarget): {
    readonly elements: readonly ColumnElement[];
    readonly indexWhere: ColumnElement | null;
    readonly constraint: string | null;
  } {
    const meant = target.constraint;
    const isUnnamed = meant instanceof Index || (meant instanceof Constraint && meant.name === null);
    if (isUnnamed) return this.conflictTarget(arbiterOf(meant as Constraint | Index));
    const elements = (target.indexElements ?? []).map((each) =>
      each instanceof ColumnClass || !(each instanceof ColumnElement)
        ? this.columnFor(each, "onConflict({ indexElements })")
        : inlined(expressionOrBind(each, null, null, "onConflict({ indexElements })")),
    );
    const constraint = meant === undefined ? null : typeof meant === "string" ? meant : String(meant.name);
    const indexWhere =
      target.indexWhere === undefined
        ? null
        : inlined(requireCondition(target.indexWhere, "onConflict({ indexWhere })"));
    return { elements, indexWhere, constraint };
  }

  /** SQL text after INSERT, for one dialect or all. */
  prefixWith(text: string, dialect = "*"): this {
    return this.copyWith({ hints: [...this.hints, text, dialect] });
  }
}

/** What an index, or a constraint without a name, is recognised by. */
function arbiterOf(meant: Constraint | Index): ConflictTarget {
  if (meant instanceof Index) {
    const { where } = meant.options;
    const indexWhere = typeof where === "string" ? new TextClause([where], []) : where;
    return {
      indexElements: meant.expressions,
      ...(indexWhere === undefined ? {} : { indexWhere: indexWhere as never }),
    };
  }
  if (meant.columns.length > 0) return { indexElements: meant.columns };
  throw new ArgumentError(
    "onConflict({ constraint }): a constraint that has neither a name nor columns is not known to the database. Give it a name.",
  );
}

declare module "../schema/table.js" {
  interface Table<Cols, Name> {
    /** An INSERT into this table. */
    insert(): Insert<never, Cols, InsertValues<Cols>>;
  }
}

addMethods(Table.prototype, {
  insert() {
    return new Insert(this);
  },
});

/** An INSERT into a table or the table of a mapped class. */
export function insert<Cols, Name>(table: Table<Cols, Name>): Insert<never, Cols, InsertValues<Cols>>;
export function insert<E>(entity: Cls<E> | EntityRef<E, unknown>): Insert<never, E, EntityValues<E>>;
export function insert(target: unknown): unknown {
  return new Insert(target);
}

export type { Attrs, SelectedColumn };
