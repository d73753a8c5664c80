/** SELECT. */
import { ColumnElement } from "../element.js";
import { requireCondition } from "../elements/coerce.js";
import { orderElement } from "../elements/label-reference.js";
import { withParams } from "../elements/params.js";
import { type WindowOptions, windowSpec } from "../elements/window.js";
import type { Attrs, Cls, EntityRef, LoadOption } from "../entity.js";
import { ArgumentError, InvalidRequestError } from "../errors.js";
import type { StatementOptions } from "../execution-options.js";
import { keepShape } from "../keep-shape.js";
import type { Loading, Tells } from "../load-effects.js";
import type { Node, Parts } from "../node.js";
import type { LOADS, Valued } from "../typing.js";
import { type ColumnDescription, describeColumns } from "./descriptions.js";
import type { FromClause } from "./from-clause.js";
import { Query, rowCount, type SelectedColumn } from "./query.js";
import {
  entitiesAmong,
  entityOf,
  lambdaSets,
  requireFrom,
  requireSelected,
  requireSets,
  selectedNode,
} from "./resolve.js";
import { columnNamed, reducedColumns } from "./select-names.js";
import {
  Extension,
  FetchArg,
  ForUpdateArg,
  Hint,
  type JoinEntry,
  naming,
  noExtras,
  type SelectExtras,
} from "./select-parts.js";
import type { EntitiesOf, FilterOf, Ordering, RowOf, Selectable, SelectColumns, Where } from "./select-typing.js";
import { disambiguate } from "./selected-columns.js";
import { isPlainObject, selectedObject } from "./selected-object.js";

const none: readonly never[] = Object.freeze([]);

/** How a row of a select looks. */
export type RowShape = { readonly kind: "tuple" } | { readonly kind: "object"; readonly keys: readonly string[] };

const tupleShape: RowShape = Object.freeze({ kind: "tuple" });

/** Options of `withForUpdate()`: the locking clause, with SQLAlchemy's words. */
export interface ForUpdateOptions {
  /** The class, table or column, or several, whose rows alone are locked. */
  readonly of?: unknown;
  /** An error at once where another transaction has the lock, and no wait for it. */
  readonly nowait?: boolean;
  /** A row that another transaction has locked is as if it were not there. */
  readonly skipLocked?: boolean;
  /** FOR SHARE: others may read the row under the same lock, and not change it. */
  readonly read?: boolean;
  /** The weaker lock, which leaves alone who only refers to the key: FOR NO KEY UPDATE, or FOR KEY SHARE with `read`. */
  readonly keyShare?: boolean;
}

/**
 * A SELECT statement. It is immutable: every method gives a new one.
 *
 * `Row` is the type of its rows, `Ent` the attribute sets that lambdas receive, `Sel` what was selected, and `Nul`
 * the sources that outer joins made nullable. `Load` says what its loader options do.
 */
export class Select<
  Row = unknown,
  Ent extends readonly unknown[] = readonly unknown[],
  Sel = unknown,
  Nul = never,
  Load = unknown,
> extends Query<Row, SelectColumns<Sel, Nul>> {
  static override readonly parts: Parts = {
    rawColumns: "nodes",
    rowKeys: "names",
    fromObjects: "nodes",
    joins: "nodes",
    whereCriteria: "nodes",
    groupByClauses: "nodes",
    havingCriteria: "nodes",
    orderByClauses: "nodes",
    limitClause: "node",
    offsetClause: "node",
    distinctFlag: "name",
    distinctOnClauses: "nodes",
    forUpdateArg: "node",
    extras: "node",
    loadOptions: "nodes",
  };
  override get visitName(): string {
    return "Select";
  }

  declare readonly [LOADS]: Load;
  /** What is selected: elements, FROM elements and entities. */
  readonly rawColumns: readonly Node[];
  /** The keys of an object row; empty for a tuple. */
  readonly rowKeys: readonly string[];
  readonly whereCriteria: readonly ColumnElement[];
  readonly fromObjects: readonly FromClause<unknown>[];
  readonly joins: readonly JoinEntry[];
  readonly orderByClauses: readonly ColumnElement[];
  readonly groupByClauses: readonly ColumnElement[];
  readonly havingCriteria: readonly ColumnElement[];
  readonly limitClause: ColumnElement | null;
  readonly offsetClause: ColumnElement | null;
  readonly distinctFlag: boolean;
  readonly distinctOnClauses: readonly ColumnElement[];
  readonly forUpdateArg: ForUpdateArg | null;
  readonly loadOptions: readonly LoadOption[];
  readonly extras: SelectExtras | null;
  declare readonly execOptions: StatementOptions;
  /** @internal What handlers have made of this statement: see `orm/session/extended.ts`. */
  extended: object | null = null;

  // Copying field by field, in one order, keeps one hidden class and costs a tenth of an object spread.
  constructor(rawColumns: readonly Node[], rowKeys: readonly string[], from: Select | null = null) {
    super();
    this.rawColumns = rawColumns;
    this.rowKeys = rowKeys;
    if (from === null) {
      this.whereCriteria = none;
      this.fromObjects = none;
      this.joins = none;
      this.orderByClauses = none;
      this.groupByClauses = none;
      this.havingCriteria = none;
      this.limitClause = null;
      this.offsetClause = null;
      this.distinctFlag = false;
      this.distinctOnClauses = none;
      this.forUpdateArg = null;
      this.loadOptions = none;
      this.extras = null;
    } else {
      this.whereCriteria = from.whereCriteria;
      this.fromObjects = from.fromObjects;
      this.joins = from.joins;
      this.orderByClauses = from.orderByClauses;
      this.groupByClauses = from.groupByClauses;
      this.havingCriteria = from.havingCriteria;
      this.limitClause = from.limitClause;
      this.offsetClause = from.offsetClause;
      this.distinctFlag = from.distinctFlag;
      this.distinctOnClauses = from.distinctOnClauses;
      this.forUpdateArg = from.forUpdateArg;
      this.loadOptions = from.loadOptions;
      this.extras = from.extras;
      (this as { execOptions: StatementOptions }).execOptions = from.execOptions;
    }
  }

  private fork(): Mutable<Select> {
    return new Select(this.rawColumns, this.rowKeys, this as unknown as Select) as Mutable<Select>;
  }

  protected override copyWith(fields: Readonly<Record<string, unknown>>): this {
    return Object.assign(this.fork(), fields) as this;
  }

  /** A copy with some of the public fields changed. For code that rewrites statements; it checks nothing. */
  with(fields: Partial<SelectFields>): this {
    return Object.assign(this.fork(), fields) as unknown as this;
  }

  /** Whether rows are tuples, or objects and with which keys. */
  get rowShape(): RowShape {
    return this.rowKeys.length === 0 ? tupleShape : { kind: "object", keys: this.rowKeys };
  }

  override get selectedColumns(): readonly SelectedColumn[] {
    return disambiguate(this.rawColumns);
  }

  /** What the rows hold, element by element: classes, aliases and columns with their types. */
  get columnDescriptions(): readonly ColumnDescription[] {
    return describeColumns(this.rawColumns, this.rowKeys);
  }

  /**
   * Conditions that rows must meet, all of them. A lambda receives the attributes of each selected entity; where only columns and expressions are
   * selected, of each that `selectFrom()` named.
   */
  where(...conditions: readonly Where<Ent>[]): this {
    const copy = this.fork();
    if (conditions.length === 1)
      copy.whereCriteria = append(this.whereCriteria, this.condition(conditions[0], "where()"));
    else copy.whereCriteria = [...this.whereCriteria, ...conditions.map((each) => this.condition(each, "where()"))];
    return copy as unknown as this;
  }

  /** The same as {@link where}. */
  filter(...conditions: readonly Where<Ent>[]): this {
    return this.where(...conditions);
  }

  /** Equality with the values given, by the name of an attribute or column of anything selected from or joined. */
  filterBy(values: FilterOf<Ent, Sel>): this {
    const copy = this.fork();
    const added = Object.entries(values as object).map(([name, value]) => {
      if (value === undefined)
        throw new ArgumentError(`filterBy(): ${name} is undefined. Write null for NULL, or leave it out.`);
      return columnNamed(this, name).eq(value);
    });
    copy.whereCriteria = [...this.whereCriteria, ...added];
    return copy as unknown as this;
  }

  /** Conditions on groups. */
  having(...conditions: readonly Where<Ent>[]): this {
    const copy = this.fork();
    copy.havingCriteria = [...this.havingCriteria, ...conditions.map((each) => this.condition(each, "having()"))];
    return copy as unknown as this;
  }

  /** Adds to GROUP BY, of a class or an alias all columns; `null` empties it. */
  groupBy(...clauses: readonly (Ordering<Ent> | Cls<unknown> | EntityRef<unknown, unknown> | null)[]): this {
    const copy = this.fork();
    const columns = clauses.flatMap((each): readonly unknown[] => entityOf(each)?.columns ?? [each]);
    copy.groupByClauses = this.clauses(this.groupByClauses, columns, "groupBy()");
    return copy as unknown as this;
  }

  /** Adds to ORDER BY; `null` empties it. */
  orderBy(...clauses: readonly (Ordering<Ent> | null)[]): this {
    const copy = this.fork();
    copy.orderByClauses = this.clauses(this.orderByClauses, clauses, "orderBy()");
    return copy as unknown as this;
  }

  /** At most this many rows; `null` for no limit. */
  limit(count: number | bigint | Valued | null): this {
    const copy = this.fork();
    copy.limitClause = count === null ? null : rowCount(count, "limit()");
    return copy as unknown as this;
  }

  /** Leaves out the first rows; `null` for none. */
  offset(count: number | bigint | Valued | null): this {
    const copy = this.fork();
    copy.offsetClause = count === null ? null : rowCount(count, "offset()");
    return copy as unknown as this;
  }

  /** Rows from index `start` up to, without, index `stop`, within what limit and offset leave. */
  slice(start: number, stop: number): this {
    if (stop < start) throw new ArgumentError(`slice(${start}, ${stop}): the end comes before the start.`);
    return this.limit(stop - start).offset(start === 0 ? null : start);
  }

  /** `FETCH FIRST n ROWS ONLY`, `WITH TIES` or `PERCENT`. */
  fetch(count: number | Valued, options: { readonly withTies?: boolean; readonly percent?: boolean } = {}): this {
    const fetch = new FetchArg(rowCount(count, "fetch()"), options.withTies === true, options.percent === true);
    return this.extra({ fetch });
  }

  /** `SELECT DISTINCT`. */
  distinct(): this {
    const copy = this.fork();
    copy.distinctFlag = true;
    return copy as unknown as this;
  }

  /** `SELECT DISTINCT ON (...)`: the first row of each group. */
  distinctOn(...clauses: readonly Ordering<Ent>[]): this {
    const copy = this.fork();
    copy.distinctOnClauses = this.clauses(this.distinctOnClauses, clauses, "distinctOn()");
    return copy as unknown as this;
  }

  /** Names what rows come from; needed where the select list does not say, or to start a join. */
  selectFrom<F extends readonly (FromClause<unknown> | Cls<unknown> | EntityRef<unknown, unknown>)[]>(
    ...froms: F
  ): Ent extends readonly [] ? Select<Row, EntitiesOf<F>, Sel, Nul, Load> : this {
    const copy = this.fork();
    copy.fromObjects = [...this.fromObjects, ...froms.map((each) => requireFrom(each, "selectFrom()"))];
    copy.extras = naming(this.extras, entitiesAmong(froms));
    return copy as never;
  }

  /** The statement with other things selected; FROM, WHERE and the rest stay. */
  withOnlyColumns<const A extends readonly Selectable[]>(...columns: A): Select<RowOf<A, Nul>, EntitiesOf<A>, A, Nul> {
    const nodes = columns.map((each) => requireSelected(each, "withOnlyColumns()"));
    return new Select(nodes, none, this as unknown as Select) as unknown as Select<
      RowOf<A, Nul>,
      EntitiesOf<A>,
      A,
      Nul
    >;
  }

  /** The statement with more things selected. */
  addColumns<const A extends readonly Selectable[]>(
    ...columns: A
  ): Sel extends readonly unknown[]
    ? Select<RowOf<[...Sel, ...A], Nul>, EntitiesOf<[...Sel, ...A]>, [...Sel, ...A], Nul>
    : Select<unknown[], Ent> {
    if (this.rowKeys.length > 0)
      throw new InvalidRequestError("a select of an object cannot take more columns; select them by name.");
    const nodes = columns.map((each) => requireSelected(each, "addColumns()"));
    return new Select([...this.rawColumns, ...nodes], none, this as unknown as Select) as never;
  }

  /**
   * The statement without the selected columns that repeat another one: those that a foreign key, or a condition
   * `a = b` of a join or of WHERE, makes equal to a column before them.
   */
  reduceColumns(): Select<unknown[], Ent> {
    return new Select(reducedColumns(this), none, this as unknown as Select);
  }

  /** `FOR UPDATE` and its variants. */
  withForUpdate(options: ForUpdateOptions = {}): this {
    const copy = this.fork();
    const of = options.of === undefined ? [] : Array.isArray(options.of) ? (options.of as unknown[]) : [options.of];
    copy.forUpdateArg = new ForUpdateArg(
      options.read === true,
      options.keyShare === true,
      options.nowait === true,
      options.skipLocked === true,
      of.map((each) => requireSelected(each, "withForUpdate({ of })")),
    );
    return copy as unknown as this;
  }

  /** Loader options of the ORM. A session's result says in its types what they load: `Loaded<User, "posts">`. */
  options<O extends readonly LoadOption[]>(
    ...options: O
  ): Tells<O[number]> extends true ? Select<Row, Ent, Sel, Nul, Load & Loading<O[number]>> : this {
    const copy = this.fork();
    copy.loadOptions = [...this.loadOptions, ...options];
    return copy as never;
  }

  /** As a subquery: leaves out the FROM elements given, which the enclosing statement has; `null` for none. */
  correlate(...froms: readonly unknown[]): this {
    const nodes = froms.filter((each) => each !== null).map((each) => requireFrom(each, "correlate()"));
    return this.extra({ correlateMode: "only", correlated: nodes });
  }

  /** As a subquery: leaves out every FROM element that the enclosing statement has, except those given. */
  correlateExcept(...froms: readonly unknown[]): this {
    const nodes = froms.filter((each) => each !== null).map((each) => requireFrom(each, "correlateExcept()"));
    return this.extra({ correlateMode: "except", correlated: nodes });
  }

  /** SQL text after SELECT, for one dialect or all. */
  prefixWith(text: string, dialect = "*"): this {
    return this.hint(new Hint("prefix", text, dialect, null));
  }
  /** SQL text at the end of the statement. */
  suffixWith(text: string, dialect = "*"): this {
    return this.hint(new Hint("suffix", text, dialect, null));
  }
  /** A hint after a table. */
  withHint(target: FromClause<unknown> | Cls<unknown>, text: string, dialect = "*"): this {
    return this.hint(new Hint("table", text, dialect, requireFrom(target, "withHint()")));
  }
  /** A hint for the whole statement. */
  withStatementHint(text: string, dialect = "*"): this {
    return this.hint(new Hint("statement", text, dialect, null));
  }

  /** Puts CTEs into WITH that nothing in the statement names, such as data-modifying ones. */
  addCte(...ctes: readonly FromClause<unknown>[]): this {
    return this.extra({ ctes: [...(this.extras ?? noExtras).ctes, ...ctes] });
  }

  /** A named window: `WINDOW w AS (...)`, for `over({ name: "w" })`. */
  window(name: string, definition: WindowOptions): this {
    const { name: base, ...options } = definition;
    const windows = (this.extras ?? noExtras).windows;
    return this.extra({ windows: [...windows, [name, windowSpec(options, base ?? null)]] });
  }

  /** A clause of your own after a known one; the node compiles itself through `compiles()`. */
  ext(clause: Node, after: Extension["after"] = "orderBy"): this {
    return this.extra({ extensions: [...(this.extras ?? noExtras).extensions, new Extension(after, clause)] });
  }

  /** Gives values to named parameters. */
  params(values: Readonly<Record<string, unknown>>): this {
    return withParams(this, values);
  }

  private extra(fields: Parameters<SelectExtras["with"]>[0]): this {
    const copy = this.fork();
    copy.extras = (this.extras ?? noExtras).with(fields);
    return copy as unknown as this;
  }

  private hint(hint: Hint): this {
    return this.extra({ hints: [...(this.extras ?? noExtras).hints, hint] });
  }

  private condition(value: unknown, place: string): ColumnElement {
    if (value instanceof ColumnElement) return value;
    if (typeof value === "function" && entityOf(value) === null)
      return requireCondition(this.apply(value, place), place);
    return requireCondition(value, place);
  }

  private apply(lambda: unknown, place: string): unknown {
    const sets = requireSets(lambdaSets(this.rawColumns, this.extras?.fromEntities), place);
    return (lambda as (...sets: object[]) => unknown)(...sets);
  }

  private clauses(
    before: readonly ColumnElement[],
    values: readonly unknown[],
    place: string,
  ): readonly ColumnElement[] {
    if (values.length === 1 && values[0] === null) return none;
    if (values.length === 1 && values[0] instanceof ColumnElement) return append(before, values[0]);
    const added: ColumnElement[] = [];
    for (const value of values) {
      const given = typeof value === "function" && entityOf(value) === null ? this.apply(value, place) : value;
      for (const each of Array.isArray(given) ? (given as unknown[]) : [given]) added.push(orderElement(each, place));
    }
    return [...before, ...added];
  }
}

/** The fields of a select that `with()` may change. */
export type SelectFields = Pick<
  Select,
  | "rawColumns"
  | "rowKeys"
  | "whereCriteria"
  | "fromObjects"
  | "joins"
  | "orderByClauses"
  | "groupByClauses"
  | "havingCriteria"
  | "limitClause"
  | "offsetClause"
  | "distinctFlag"
  | "distinctOnClauses"
  | "forUpdateArg"
  | "loadOptions"
  | "extras"
  | "execOptions"
>;

type Mutable<T> = { -readonly [K in keyof T]: T[K] };

function append<T>(items: readonly T[], item: T): readonly T[] {
  return items.length === 0 ? [item] : [...items, item];
}

/**
 * A SELECT of what is given.
 *
 * - a mapped class: rows are 1-tuples of its objects, and `scalars()` gives the objects
 * - expressions, classes, tables: rows are tuples
 * - one plain object: rows are objects with its keys
 *
 * @example select(User).where((u) => u.name.eq("Alice"))
 * @example select({ name: u.name, posts: func.count(p.id) })
 */
export function select<E>(entity: Cls<E>): Select<[E], [Attrs<E>], [Cls<E>]>;
export function select<const A extends readonly Selectable[]>(...columns: A): Select<RowOf<A>, EntitiesOf<A>, A>;
export function select<A extends Readonly<Record<string, Selectable>>>(columns: A): Select<RowOf<A>, [], A>;
export function select(...columns: readonly unknown[]): unknown {
  const only = columns.length === 1 ? columns[0] : undefined;
  if (only !== undefined) {
    const node = selectedNode(only);
    if (node !== null) return new Select([node], none);
    if (isPlainObject(only)) return new Select(selectedObject(only, "select"), Object.keys(only));
  }
  return new Select(
    columns.map((each) => requireSelected(each, "select()")),
    none,
  );
}

keepShape(new Select([], none, new Select([], none)));
