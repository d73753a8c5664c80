/** What gives rows: queries, and what they are where they stand inside of others. */
import { ColumnElement } from "../element.js";
import { bindValue } from "../elements/bind.js";
import { ArgumentError } from "../errors.js";
import type { Node, Parts } from "../node.js";
import { type Operator, operators } from "../operators.js";
import { AS_MEMBERS, AS_OPERAND } from "../protocol.js";
import { Statement } from "../statement.js";
import { booleanType, integerType, nullType } from "../types/base.js";
import { describeValue } from "../types/describe-value.js";
import type { SQLType } from "../types/type.js";
import type { BoolExpr, Condition, ExprOf, LOADS, Named, ROW, RowsOf, Valued } from "../typing.js";
import { AliasedFrom } from "./alias.js";

/** A column of a query with the name that it has outside. */
export interface SelectedColumn {
  readonly element: ColumnElement;
  readonly name: string;
  readonly key: string;
}

/** The value of the only column of a query's rows. */
export type ScalarOf<Row> = unknown extends Row
  ? unknown
  : Row extends readonly [infer T, ...unknown[]]
    ? T
    : Row extends readonly unknown[]
      ? unknown
      : Row[keyof Row];

/** Something that gives rows: SELECT, a set operation, VALUES, text with columns. */
export abstract class Query<Row = unknown, C = unknown> extends Statement implements RowsOf<Row> {
  declare readonly [ROW]: Row;
  declare readonly [LOADS]?: unknown;

  /** Its columns with the names that they have outside. */
  abstract get selectedColumns(): readonly SelectedColumn[];

  /** The query in FROM: `(SELECT ...) AS name`. */
  subquery<const N extends string = string>(name?: N): Subquery<SubqueryColumns<C, N>> {
    return new Subquery(this as Query, name ?? null, false);
  }
  /** The same as {@link subquery}. */
  alias<const N extends string = string>(name?: N): Subquery<SubqueryColumns<C, N>> {
    return this.subquery(name);
  }
  /** `LATERAL (SELECT ...) AS name`: it may refer to the FROM elements before it. */
  lateral<const N extends string = string>(name?: N): Subquery<SubqueryColumns<C, N>> {
    return new Subquery(this as Query, name ?? null, true);
  }
  /**
   * The query in WITH.
   *
   * @param options.recursive it may refer to itself; add the recursive part with `.union()` or `.unionAll()` of the CTE
   */
  cte<const N extends string = string>(name?: N, options: CTEOptions = {}): CTE<SubqueryColumns<C, N>> {
    return new CTE(this as Query, name ?? null, options);
  }
  /** The query as a value: its first column of its only row, or NULL. */
  scalarSubquery(): ScalarSubquery<ScalarOf<Row> | null> {
    return new ScalarSelect(this as Query) as unknown as ScalarSubquery<ScalarOf<Row> | null>;
  }
  /** The query as a value under a name. */
  label(name: string): ExprOf<ScalarOf<Row> | null> {
    return new ScalarSelect(this as Query).label(name) as unknown as ExprOf<ScalarOf<Row> | null>;
  }
  /** `EXISTS (...)`. */
  exists(): BoolExpr<boolean> {
    return new Exists(this as Query) as unknown as BoolExpr<boolean>;
  }

  [AS_OPERAND](): ColumnElement {
    return new ScalarSelect(this as Query);
  }
  [AS_MEMBERS](): Node {
    return new ScalarSelect(this as Query);
  }
}

/** The columns of a query in FROM. */
export type SubqueryColumns<C, Name> = {
  readonly [K in keyof C]: C[K] extends Valued<infer T> ? ExprOf<T, Name> & Named<K> : C[K];
};

/** Options of `cte()`. */
export interface CTEOptions {
  readonly recursive?: boolean;
  /** Written at the innermost query that uses it, and not at the top of the statement. */
  readonly nesting?: boolean;
  /** AS MATERIALIZED (true) or AS NOT MATERIALIZED (false), where the database has it. */
  readonly materialized?: boolean;
}

/** `(SELECT ...) AS name`. */
export class Subquery<C = unknown> extends AliasedFrom<C> {
  static override readonly parts: Parts = { aliasName: "name", lateral: "name", element: "node" };
  override get visitName(): string {
    return "Subquery";
  }
  constructor(
    readonly element: Query,
    readonly aliasName: string | null,
    readonly lateral: boolean,
  ) {
    super();
  }
  override get isLateral(): boolean {
    return this.lateral;
  }
  protected override innerColumns(): readonly SelectedColumn[] {
    return this.element.selectedColumns;
  }
}

/** A statement that a CTE can hold: a query, or INSERT, UPDATE and DELETE with RETURNING. */
export interface CTEBody extends Statement {
  readonly selectedColumns: readonly SelectedColumn[];
}

/** `WITH name AS (...)`, as a FROM element. */
export class CTE<C = unknown> extends AliasedFrom<C> {
  static override readonly parts: Parts = {
    aliasName: "name",
    recursive: "name",
    nesting: "name",
    materialized: "name",
    element: "node",
    recursion: "nodes",
    restates: "node",
    aliasOf: "node",
  };
  override get visitName(): string {
    return "CTE";
  }
  readonly recursive: boolean;
  readonly nesting: boolean;
  readonly materialized: boolean | null;
  /** The recursive parts, which refer to {@link restates}. */
  readonly recursion: readonly SetMember[];
  /** The CTE that this one continues by `union()`. */
  readonly restates: CTE<unknown> | null;
  /** The CTE that this one is another name of. */
  readonly aliasOf: CTE<unknown> | null;

  constructor(
    readonly element: CTEBody,
    readonly aliasName: string | null,
    readonly options: CTEOptions = {},
    more: { recursion?: readonly SetMember[]; restates?: CTE<unknown>; aliasOf?: CTE<unknown> } = {},
  ) {
    super();
    this.recursive = options.recursive === true;
    this.nesting = options.nesting === true;
    this.materialized = options.materialized ?? null;
    this.recursion = more.recursion ?? [];
    this.restates = more.restates ?? null;
    this.aliasOf = more.aliasOf ?? null;
  }
  protected override innerColumns(): readonly SelectedColumn[] {
    return this.element.selectedColumns;
  }
  /** The recursive part: `cte UNION query`. */
  union(...queries: readonly Query<unknown, unknown>[]): CTE<C> {
    return this.continue("UNION", queries as readonly unknown[] as readonly Query[]);
  }
  /** The recursive part: `cte UNION ALL query`. */
  unionAll(...queries: readonly Query<unknown, unknown>[]): CTE<C> {
    return this.continue("UNION ALL", queries as readonly unknown[] as readonly Query[]);
  }
  /** The CTE under another name, to join it with itself. */
  override alias<const N extends string = string>(name?: N): CTE<SubqueryColumns<C, N>> {
    return new CTE(this.element, name ?? null, this.options, { aliasOf: this.aliasOf ?? this });
  }
  private continue(keyword: string, queries: readonly Query[]): CTE<C> {
    const members = queries.map((query) => new SetMember(keyword, query));
    return new CTE<C>(this.element, this.aliasName, this.options, {
      recursion: [...this.recursion, ...members],
      restates: this.restates ?? this,
    });
  }
}

/** A query as a value, which can still be narrowed and told what it takes from the statement around it. */
export type ScalarSubquery<T> = ExprOf<T> & ScalarSubqueryMethods<T>;

/** What a scalar subquery has beside the operators of its value. */
export interface ScalarSubqueryMethods<T> {
  /** More conditions inside. */
  where(...conditions: readonly Condition[]): ScalarSubquery<T>;
  /** See `correlate()` of a select. */
  correlate(...froms: readonly unknown[]): ScalarSubquery<T>;
  /** See `correlateExcept()` of a select. */
  correlateExcept(...froms: readonly unknown[]): ScalarSubquery<T>;
}

/** What a SELECT can be told when it stands inside an expression; a set operation cannot. */
interface InnerSelect extends Query {
  where(...conditions: readonly Condition[]): Query;
  correlate(...froms: readonly unknown[]): Query;
  correlateExcept(...froms: readonly unknown[]): Query;
}

/** A query as a value, in parentheses. */
export class ScalarSelect extends ColumnElement {
  static override readonly parts: Parts = { element: "node" };
  override get visitName(): string {
    return "ScalarSelect";
  }
  constructor(readonly element: Query) {
    super();
  }
  get type(): SQLType {
    return this.element.selectedColumns[0]?.element.type ?? nullType;
  }
  where(...conditions: readonly Condition[]): ScalarSelect {
    return new ScalarSelect(this.#select("where()").where(...conditions));
  }
  correlate(...froms: readonly unknown[]): ScalarSelect {
    return new ScalarSelect(this.#select("correlate()").correlate(...froms));
  }
  correlateExcept(...froms: readonly unknown[]): ScalarSelect {
    return new ScalarSelect(this.#select("correlateExcept()").correlateExcept(...froms));
  }
  #select(place: string): InnerSelect {
    if (this.element.visitName === "Select") return this.element as InnerSelect;
    throw new ArgumentError(`${place} of a scalar subquery is for a SELECT; this is a ${this.element.visitName}.`);
  }
  [AS_MEMBERS](): Node {
    return this;
  }
}

/** `EXISTS (SELECT ...)`. */
export class Exists extends ColumnElement {
  static override readonly parts: Parts = { element: "node" };
  override get visitName(): string {
    return "Exists";
  }
  constructor(readonly element: Query) {
    super();
  }
  get type(): SQLType {
    return booleanType;
  }
  override get outerOperator(): Operator {
    return operators.exists;
  }
}

/** UNION, EXCEPT and INTERSECT with what follows the keyword. */
export class SetMember extends Statement {
  static override readonly parts: Parts = { keyword: "name", query: "node" };
  override get visitName(): string {
    return "SetMember";
  }
  constructor(
    readonly keyword: string,
    readonly query: Query,
  ) {
    super();
  }
}

/** A count of rows as `limit`, `offset` and `fetch` take it. */
export function rowCount(value: unknown, place: string): ColumnElement {
  if (value instanceof ColumnElement) return value;
  if (typeof value === "object" && value !== null && AS_OPERAND in value) {
    return (value as { [AS_OPERAND](): ColumnElement })[AS_OPERAND]();
  }
  if (
    (typeof value === "number" && Number.isSafeInteger(value) && value >= 0) ||
    (typeof value === "bigint" && value >= 0n)
  ) {
    return bindValue(value, integerType, "param");
  }
  throw new ArgumentError(`${place} takes a whole number that is not negative, not ${describeValue(value)}.`);
}
