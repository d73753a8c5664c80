/** What INSERT, UPDATE and DELETE have in common: a target, values, RETURNING. */
import { ColumnElement } from "../element.js";
import { bindValue } from "../elements/bind.js";
import { expressionOrBind, requireCondition } from "../elements/coerce.js";
import { withParams } from "../elements/params.js";
import type { Attrs, Cls, EntityElement, EntityRef, LoadOption } from "../entity.js";
import { ArgumentError, InvalidRequestError } from "../errors.js";
import type { Node } from "../node.js";
import type { Column } from "../schema/column.js";
import { type AnyTable, Table } from "../schema/table.js";
import {
  type ColumnDescription,
  describeColumns,
  describeTarget,
  type EntityDescription,
} from "../selectable/descriptions.js";
import type { FromClause } from "../selectable/from-clause.js";
import { baseColumn } from "../selectable/join.js";
import { CTE, type CTEOptions, type SelectedColumn, type SubqueryColumns } from "../selectable/query.js";
import { attributeSets, entityOf, requireFrom, requireSelected, selectedNode } from "../selectable/resolve.js";
import type { RowOf, Selectable, SelectColumns } from "../selectable/select-typing.js";
import { disambiguate } from "../selectable/selected-columns.js";
import { isPlainObject, selectedObject } from "../selectable/selected-object.js";
import { Statement } from "../statement.js";
import { describeValue } from "../types/describe-value.js";
import type { Condition, LOADS, ROW, RowsOf } from "../typing.js";

const none: readonly never[] = Object.freeze([]);

const mixed = (): InvalidRequestError =>
  new InvalidRequestError(
    "returning({ ... }) gives objects and takes no more columns: name all of them in one object.",
  );

/** What an INSERT, UPDATE or DELETE can be made for. */
export type DMLTarget<E = unknown> = Cls<E> | EntityRef<E, unknown> | AnyTable | FromClause<unknown>;

/** The attribute sets that lambdas of a statement receive. */
export type TargetEntities<X> =
  X extends EntityRef<infer E, infer Src> ? [Attrs<E, Src>] : X extends Cls<infer E> ? [Attrs<E>] : [];

/** INSERT, UPDATE or DELETE: what they have in common. They are immutable: every method gives a new one. */
export abstract class DMLStatement<Row = never, C = unknown> extends Statement implements RowsOf<Row> {
  declare readonly [ROW]: Row;
  declare readonly [LOADS]?: unknown;
  /** The table written to. */
  readonly table: Table;
  /** The entity that the statement was made for, or null for a plain table. */
  readonly entity: EntityElement | null;
  /** What RETURNING names: elements, tables and entities. */
  readonly returningNodes: readonly Node[] = none;
  /** The keys of object rows; empty for tuples. */
  readonly rowKeys: readonly string[] = none;
  /** Loader options, for a session: criteria of `withLoaderCriteria`, and an application's own. */
  readonly loadOptions: readonly LoadOption[] = none;
  /** Values of the database's that the result is to tell beside its rows: of these columns, of all (empty), or none (null). */
  readonly defaultsAsked: readonly Column[] | null = null;
  /** CTEs that nothing in the statement names. */
  readonly extraCtes: readonly FromClause<unknown>[] = none;

  /** Clauses that this library does not know, before RETURNING. */
  readonly extensions: readonly Node[] = none;

  constructor(target: unknown, verb: string) {
    super();
    this.entity = entityOf(target);
    const from = this.entity?.writeTarget ?? requireFrom(target, `${verb}()`);
    const table = from.visitName === "Alias" ? (from as unknown as { element: FromClause<unknown> }).element : from;
    if (!(table instanceof Table)) {
      throw new ArgumentError(
        `${verb}() writes to a table, and ${from.describe()} is none. A class mapped to several tables is written through its objects.`,
      );
    }
    this.table = table as Table;
    this.target = from;
  }
  /** The table, or its alias where the statement was made for one. */
  readonly target: FromClause<unknown>;

  /** What RETURNING gives, with names of its own each. */
  get selectedColumns(): readonly SelectedColumn[] {
    return disambiguate(this.returningNodes);
  }

  /** The class or table that the statement writes. */
  get entityDescription(): EntityDescription {
    return describeTarget(this.entity, this.table);
  }

  /** What the rows of RETURNING hold, element by element. */
  get returningColumnDescriptions(): readonly ColumnDescription[] {
    return describeColumns(this.returningNodes, this.rowKeys);
  }

  protected returningOf(columns: readonly unknown[]): Readonly<Record<string, unknown>> {
    if (this.defaultsAsked !== null) {
      throw new InvalidRequestError("returning() and returnDefaults() exclude each other: RETURNING gives rows.");
    }
    const only = columns.length === 1 ? columns[0] : undefined;
    if (isPlainObject(only) && selectedNode(only) === null) {
      if (this.returningNodes.length > 0) throw mixed();
      return { returningNodes: selectedObject(only, "returning"), rowKeys: Object.keys(only) };
    }
    if (this.rowKeys.length > 0) throw mixed();
    const nodes =
      columns.length === 0 ? [this.entity ?? this.target] : columns.map((each) => requireSelected(each, "returning()"));
    return { returningNodes: [...this.returningNodes, ...nodes] };
  }

  protected askDefaults(columns: readonly unknown[]): this {
    if (this.returningNodes.length > 0) {
      throw new InvalidRequestError("returnDefaults() and returning() exclude each other: RETURNING gives rows.");
    }
    return this.copyWith({ defaultsAsked: columns.map((each) => this.columnFor(each, "returnDefaults()")) });
  }

  /** The statement in WITH; it needs RETURNING to be selected from. */
  cte<const N extends string = string>(name?: N, options: CTEOptions = {}): CTE<SubqueryColumns<C, N>> {
    return new CTE(this, name ?? null, options);
  }

  /** Puts CTEs into WITH that nothing in the statement names. */
  addCte(...ctes: readonly FromClause<unknown>[]): this {
    return this.copyWith({ extraCtes: [...this.extraCtes, ...ctes] });
  }

  /** A clause of your own before RETURNING; the node compiles itself through `compiles()`. */
  ext(clause: Node): this {
    return this.copyWith({ extensions: [...this.extensions, clause] });
  }

  /** Options that a session reads: `withLoaderCriteria`, and an application's own. */
  options(...options: readonly LoadOption[]): this {
    return this.copyWith({ loadOptions: [...this.loadOptions, ...options] });
  }

  /** A copy with some of the fields changed. For code that rewrites statements; it checks nothing. */
  with(fields: Readonly<Record<string, unknown>>): this {
    return this.copyWith(fields);
  }

  /** Gives values to named parameters. */
  params(values: Readonly<Record<string, unknown>>): this {
    return withParams(this, values);
  }

  /** The table's column for a key of `values()`. @throws ArgumentError naming the keys there are */
  columnFor(key: unknown, place: string): Column {
    if (key instanceof ColumnElement) {
      const base = baseColumn(key);
      if (base !== null && (base.table === (this.table as unknown) || this.entity !== null)) return base;
      throw new ArgumentError(`${place}: ${key} is no column of ${this.table.describe()}.`);
    }
    if (typeof key !== "string") throw new ArgumentError(`${place}: ${describeValue(key)} is no column.`);
    if (this.entity !== null) {
      const base = baseColumn(this.entity.attribute(key));
      if (base === null)
        throw new InvalidRequestError(
          `${place}: ${this.entity.entityName}.${key} is no plain column and cannot be written.`,
        );
      return base;
    }
    const column = (this.table.c as Readonly<Record<string, unknown>>)[key];
    if (column !== undefined) return column as Column;
    const named = this.table.columns.find((each) => each.name === key);
    if (named !== undefined) return named;
    const keys = this.table.columns.map((each) => each.key).join(", ");
    throw new ArgumentError(
      `${place}: ${this.table.describe()} has no column ${JSON.stringify(key)}; it has: ${keys}.`,
    );
  }

  /** A value of `values()` as an element; plain values are bound with the column's type. */
  protected valueFor(column: Column, value: unknown, place: string): ColumnElement {
    if (value === null) return bindValue(null, column.type, column.key);
    if (column.computed !== null) {
      throw new ArgumentError(
        `${place}: ${this.table.fullName}.${column.name} is computed by the database and cannot be written.`,
      );
    }
    return expressionOrBind(value, column.type, column.key, `${place}: ${this.table.fullName}.${column.name}`);
  }

  /** A condition, or what a lambda over the entity's attributes gives. */
  protected conditionFor(value: unknown, place: string): ColumnElement {
    if (typeof value === "function" && entityOf(value) === null) {
      const sets = this.entity === null ? [] : attributeSets([this.entity]);
      if (sets.length === 0)
        throw new ArgumentError(
          `${place} got a function, and the statement is for no mapped class whose attributes it could take.`,
        );
      return requireCondition((value as (...sets: object[]) => unknown)(...sets), place);
    }
    return requireCondition(value, place);
  }
}

/** A condition, or a function of the entity's attributes that gives one. */
export type DMLWhere<Ent extends readonly unknown[]> = Condition | ((...entities: Ent) => Condition);

/** The row that RETURNING gives: the whole table or entity where nothing is named. */
export type ReturningRow<A extends readonly Selectable[] | ReturningObject> = RowOf<A>;
/** What RETURNING may be given to have objects for rows. */
export type ReturningObject = Readonly<Record<string, Selectable>>;
/** The columns that RETURNING gives, for a CTE. */
export type ReturningColumns<A extends readonly Selectable[] | ReturningObject> = SelectColumns<A>;
