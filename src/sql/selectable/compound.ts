/** UNION, INTERSECT and EXCEPT. */
import { addMethods } from "../add-methods.js";
import type { ColumnElement } from "../element.js";
import { requireElement } from "../elements/coerce.js";
import { TypeCoerce } from "../elements/expression.js";
import { LabelReference } from "../elements/label-reference.js";
import { withParams } from "../elements/params.js";
import type { LoadOption } from "../entity.js";
import { ArgumentError } from "../errors.js";
import type { Parts } from "../node.js";
import { describeValue } from "../types/describe-value.js";
import type { RowsOf, Valued } from "../typing.js";
import type { FromClause } from "./from-clause.js";
import { type CTE, Query, rowCount, type SelectedColumn } from "./query.js";
import { FetchArg } from "./select-parts.js";

const none: readonly never[] = Object.freeze([]);

/** UNION, INTERSECT or EXCEPT of queries. It is immutable: every method gives a new one. */
export class CompoundSelect<Row = unknown, C = unknown> extends Query<Row, C> {
  static override readonly parts: Parts = {
    keyword: "name",
    members: "nodes",
    groupByClauses: "nodes",
    orderByClauses: "nodes",
    limitClause: "node",
    offsetClause: "node",
    fetchClause: "node",
    extraCtes: "nodes",
  };
  override get visitName(): string {
    return "CompoundSelect";
  }
  readonly orderByClauses: readonly ColumnElement[] = none;
  readonly groupByClauses: readonly ColumnElement[] = none;
  readonly limitClause: ColumnElement | null = null;
  readonly offsetClause: ColumnElement | null = null;
  readonly fetchClause: FetchArg | null = null;
  /** CTEs that nothing in the statement names. */
  readonly extraCtes: readonly FromClause<unknown>[] = none;

  constructor(
    readonly keyword: string,
    readonly members: readonly Query[],
  ) {
    super();
    if (members.length < 2) throw new ArgumentError(`${keyword} needs at least two queries.`);
    const width = (members[0] as Query).selectedColumns.length;
    members.forEach((member, i) => {
      const count = member.selectedColumns.length;
      if (count !== width) {
        throw new ArgumentError(
          `${keyword}: query 1 selects ${width} columns and query ${i + 1} selects ${count}. All must have as many.`,
        );
      }
    });
  }

  /** Those of the first member; where its type is not known (NULL, a plain parameter), another member's. */
  override get selectedColumns(): readonly SelectedColumn[] {
    this.columnsMemo ??= (this.members[0] as Query).selectedColumns.map((column, i) => {
      if (column.element.type.family !== "null") return column;
      for (const member of this.members) {
        const type = member.selectedColumns[i]?.element.type;
        if (type !== undefined && type.family !== "null") {
          return { ...column, element: new TypeCoerce(column.element, type) };
        }
      }
      return column;
    });
    return this.columnsMemo;
  }
  private columnsMemo: readonly SelectedColumn[] | null = null;
  protected override copyWith(fields: Readonly<Record<string, unknown>>): this {
    return super.copyWith({ ...fields, columnsMemo: null });
  }
  /** How rows look: as those of the first member. */
  get rowKeys(): readonly string[] {
    return (this.members[0] as { rowKeys?: readonly string[] }).rowKeys ?? none;
  }

  /** Adds to ORDER BY of the whole: columns of the first member, or their names; `null` empties it. */
  orderBy(...clauses: readonly (Valued | string | null)[]): this {
    if (clauses.length === 1 && clauses[0] === null) return this.copyWith({ orderByClauses: none });
    const added = clauses.map((each) => {
      if (typeof each !== "string") return requireElement(each, "orderBy()");
      const column = this.selectedColumns.find((one) => one.name === each || one.key === each);
      if (column === undefined) {
        const names = this.selectedColumns.map((one) => one.name).join(", ");
        throw new ArgumentError(`orderBy(${JSON.stringify(each)}): the columns are ${names}.`);
      }
      return new LabelReference(column.name);
    });
    return this.copyWith({ orderByClauses: [...this.orderByClauses, ...added] });
  }
  /** At most this many rows of the whole; `null` for no limit. */
  limit(count: number | bigint | Valued | null): this {
    return this.copyWith({ limitClause: count === null ? null : rowCount(count, "limit()") });
  }
  /** Leaves out the first rows of the whole. */
  offset(count: number | bigint | Valued | null): this {
    return this.copyWith({ offsetClause: count === null ? null : rowCount(count, "offset()") });
  }
  /** Rows of the whole from index `start` up to, without, index `stop`. */
  slice(start: number, stop: number): this {
    if (stop < start) throw new ArgumentError(`slice(${start}, ${stop}): the end comes before the start.`);
    return this.limit(stop - start).offset(start === 0 ? null : start);
  }
  /** Puts CTEs into WITH that nothing in the statement names, such as data-modifying ones. */
  addCte(...ctes: readonly FromClause<unknown>[]): this {
    return this.copyWith({ extraCtes: [...this.extraCtes, ...ctes] });
  }
  /** `FETCH FIRST n ROWS ONLY` or `WITH TIES`, of the whole. */
  fetch(count: number | Valued, options: { readonly withTies?: boolean; readonly percent?: boolean } = {}): this {
    const fetch = new FetchArg(rowCount(count, "fetch()"), options.withTies === true, options.percent === true);
    return this.copyWith({ fetchClause: fetch });
  }
  /** Loader options of the ORM, for each of the queries: criteria of `withLoaderCriteria`, above all. */
  options(...options: readonly LoadOption[]): this {
    const members = this.members.map((member) => {
      const select = member as { options?(...given: readonly LoadOption[]): Query };
      return typeof select.options === "function" ? select.options(...options) : member;
    });
    return this.copyWith({ members });
  }
  /** Gives values to named parameters. */
  params(values: Readonly<Record<string, unknown>>): this {
    return withParams(this, values);
  }
}

declare module "./query.js" {
  interface Query<Row, C> {
    /** Rows of either, each once. */
    union<R extends NullableRow<Row> = never>(...others: readonly RowsOf<R>[]): CompoundSelect<MergedRow<Row, R>, C>;
    /** Rows of either. */
    unionAll<R extends NullableRow<Row> = never>(...others: readonly RowsOf<R>[]): CompoundSelect<MergedRow<Row, R>, C>;
    /** Rows of both. */
    intersect(...others: readonly RowsOf<NullableRow<Row>>[]): CompoundSelect<Row, C>;
    intersectAll(...others: readonly RowsOf<NullableRow<Row>>[]): CompoundSelect<Row, C>;
    /** Rows of the first that no other has. */
    except(...others: readonly RowsOf<NullableRow<Row>>[]): CompoundSelect<Row, C>;
    exceptAll(...others: readonly RowsOf<NullableRow<Row>>[]): CompoundSelect<Row, C>;
  }
}

/** The rows of two queries together: a value may be what either gives. */
export type MergedRow<A, B> = [B] extends [A]
  ? A
  : A extends readonly [infer T]
    ? [T | (0 extends keyof B ? B[0] : never)]
    : A extends readonly unknown[]
      ? { -readonly [I in keyof A]: A[I] | (I extends keyof B ? B[I] : never) }
      : { [K in keyof A]: A[K] | (K extends keyof B ? B[K] : never) };

/** A row like `Row`, each value of which may be null. */
export type NullableRow<Row> = unknown extends Row
  ? unknown
  : Row extends readonly unknown[]
    ? number extends Row["length"]
      ? unknown
      : Row extends readonly [infer T]
        ? readonly [NullableValue<T>]
        : { readonly [I in keyof Row]: NullableValue<Row[I]> }
    : { readonly [K in keyof Row]: NullableValue<Row[K]> };
type NullableValue<T> = [NonNullable<T>] extends [never] ? unknown : T | null;

function compound(keyword: string, queries: readonly unknown[]): CompoundSelect {
  for (const each of queries) {
    if (!(each instanceof Query)) throw new ArgumentError(`${keyword} takes queries, not ${describeValue(each)}.`);
  }
  return new CompoundSelect(keyword, queries as readonly Query[]);
}

const methods = {
  union: "UNION",
  unionAll: "UNION ALL",
  intersect: "INTERSECT",
  intersectAll: "INTERSECT ALL",
  except: "EXCEPT",
  exceptAll: "EXCEPT ALL",
} as const;

for (const [name, keyword] of Object.entries(methods)) {
  addMethods(Query.prototype, {
    [name](...others: readonly unknown[]) {
      return compound(keyword, [this, ...others]);
    },
  });
}

/** `a UNION b`: rows of either, each once. */
export function union<Row, C, R extends NullableRow<Row> = never>(
  first: Query<Row, C>,
  ...others: readonly RowsOf<R>[]
): CompoundSelect<MergedRow<Row, R>, C> {
  return compound("UNION", [first, ...others]) as never;
}
/** `a UNION ALL b`: rows of either. */
export function unionAll<Row, C, R extends NullableRow<Row> = never>(
  first: Query<Row, C>,
  ...others: readonly RowsOf<R>[]
): CompoundSelect<MergedRow<Row, R>, C> {
  return compound("UNION ALL", [first, ...others]) as never;
}
/** `a INTERSECT b`: rows of both. */
export function intersect<Row, C>(
  first: Query<Row, C>,
  ...others: readonly RowsOf<NullableRow<Row>>[]
): CompoundSelect<Row, C> {
  return compound("INTERSECT", [first, ...others]) as never;
}
/** `a EXCEPT b`: rows of the first that no other has. */
export function except<Row, C>(
  first: Query<Row, C>,
  ...others: readonly RowsOf<NullableRow<Row>>[]
): CompoundSelect<Row, C> {
  return compound("EXCEPT", [first, ...others]) as never;
}

/** `a INTERSECT ALL b`: rows of both, as often as both have them. */
export function intersectAll<Row, C>(
  first: Query<Row, C>,
  ...others: readonly RowsOf<NullableRow<Row>>[]
): CompoundSelect<Row, C> {
  return compound("INTERSECT ALL", [first, ...others]) as never;
}
/** `a EXCEPT ALL b`: rows of the first, less one for each that another has. */
export function exceptAll<Row, C>(
  first: Query<Row, C>,
  ...others: readonly RowsOf<NullableRow<Row>>[]
): CompoundSelect<Row, C> {
  return compound("EXCEPT ALL", [first, ...others]) as never;
}

export type { CTE };
