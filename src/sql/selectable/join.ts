/** Joins, and the conditions that foreign keys give them. */
import type { ColumnElement } from "../element.js";
import { allOf } from "../elements/build.js";
import { AmbiguousForeignKeysError, NoForeignKeysError } from "../errors.js";
import type { Parts } from "../node.js";
import type { Column, ForeignKey } from "../schema/column.js";
import { type ColumnRecord, FromClause, recordOf } from "./from-clause.js";

/** How two FROM elements are joined. */
export type JoinKind = "inner" | "left" | "right" | "full" | "cross";

/** Options of `join()`. */
export interface JoinOptions {
  /** LEFT OUTER JOIN. */
  readonly isOuter?: boolean;
  /** FULL OUTER JOIN. */
  readonly full?: boolean;
}

export function joinKind({ full, isOuter }: JoinOptions): JoinKind {
  return full === true ? "full" : isOuter === true ? "left" : "inner";
}

/** `left JOIN right ON condition`. */
export class Join<C = unknown> extends FromClause<C> {
  static override readonly parts: Parts = { left: "node", kind: "name", right: "node", on: "node" };
  override get visitName(): string {
    return "Join";
  }
  private columnsMemo: readonly ColumnElement[] | null = null;
  private recordMemo: C | null = null;

  constructor(
    readonly left: FromClause<unknown>,
    readonly right: FromClause<unknown>,
    readonly on: ColumnElement | null,
    readonly kind: JoinKind,
  ) {
    super();
  }

  override get columns(): readonly ColumnElement[] {
    this.columnsMemo ??= [...this.left.columns, ...this.right.columns];
    return this.columnsMemo;
  }
  /** Columns of both sides as `table_column`, as SQLAlchemy has it. */
  override get c(): C {
    if (this.recordMemo === null) {
      const record = Object.create(null) as Record<string, ColumnElement>;
      for (const side of [this.left, this.right]) {
        if (side instanceof Join) Object.assign(record, side.c);
        else
          for (const column of side.columns)
            record[side.name === null ? `${column.key}` : `${side.name}_${column.key}`] = column;
      }
      this.recordMemo = record as C;
    }
    return this.recordMemo;
  }
  protected override copyWith(fields: Readonly<Record<string, unknown>>): this {
    return super.copyWith({ ...fields, columnsMemo: null, recordMemo: null });
  }
  override get covers(): readonly FromClause<unknown>[] {
    return [this, ...this.left.covers, ...this.right.covers];
  }
  override get hides(): readonly FromClause<unknown>[] {
    return [...this.left.covers, ...this.right.covers];
  }
  override describe(): string {
    return `the join of ${this.left.describe()} and ${this.right.describe()}`;
  }
  /** Columns by key, the first of two with one key. */
  get byKey(): ColumnRecord {
    return recordOf(this.columns);
  }
}

interface Link {
  readonly constraint: unknown;
  readonly pairs: [ColumnElement, ColumnElement][];
}

/**
 * The condition that foreign keys make between two FROM elements.
 *
 * @throws NoForeignKeysError, AmbiguousForeignKeysError
 */
export function inferOn(
  left: FromClause<unknown>,
  right: FromClause<unknown>,
  within?: FromClause<unknown>,
): ColumnElement {
  const links = findLinks(left, right);
  if (links.length === 0) {
    throw new NoForeignKeysError(
      `no foreign key connects ${left.describe()} and ${right.describe()}. Give the condition: join(target, on).`,
    );
  }
  if (links.length > 1) {
    // prefer what is nearest: SQLAlchemy looks at the last table joined first
    if (within !== undefined) {
      const near = findLinks(within, right);
      if (near.length === 1) return conditionOf(near[0] as Link);
    }
    const names = links.map((link) => `${link.pairs.map(([a, b]) => `${a} = ${b}`).join(" AND ")}`);
    throw new AmbiguousForeignKeysError(
      `${links.length} foreign keys connect ${left.describe()} and ${right.describe()} (${names.join("; ")}). Give the condition: join(target, on).`,
    );
  }
  return conditionOf(links[0] as Link);
}

/** Whether foreign keys connect two FROM elements. */
export function canInferOn(left: FromClause<unknown>, right: FromClause<unknown>): boolean {
  return findLinks(left, right).length > 0;
}

function conditionOf(link: Link): ColumnElement {
  return allOf(link.pairs.map(([a, b]) => a.eq(b)));
}

function findLinks(left: FromClause<unknown>, right: FromClause<unknown>): Link[] {
  const links = new Map<unknown, Link>();
  collect(left, right, links, false);
  if (left !== right) collect(right, left, links, true);
  // of several foreign keys that tie the same columns, one
  const found = [...links.values()];
  return found.filter((link, i) => !found.slice(0, i).some((other) => haveSamePairs(link, other)));
}

function haveSamePairs({ pairs }: Link, other: Link): boolean {
  return (
    pairs.length === other.pairs.length && pairs.every(([a, b]) => other.pairs.some(([c, d]) => a === c && b === d))
  );
}

// foreign keys of columns of `from` that refer to columns of `to`
function collect(from: FromClause<unknown>, to: FromClause<unknown>, links: Map<unknown, Link>, swap: boolean): void {
  for (const column of from.columns) {
    const base = baseColumn(column);
    if (base === null) continue;
    for (const key of base.foreignKeys) {
      const target = key.tryColumn();
      if (target === null) continue;
      const match = to.columns.find((each) => baseColumn(each) === target);
      if (match === undefined) continue;
      // one constraint may link through several aliases inside a join; each alias counts for itself
      const id = linkKey(key, column, match);
      let link = links.get(id);
      if (link === undefined) {
        link = { constraint: key.constraint, pairs: [] };
        links.set(id, link);
      }
      if (!link.pairs.some(([a, b]) => (a === column && b === match) || (b === column && a === match))) {
        link.pairs.push(swap ? [match, column] : [column, match]);
      }
    }
  }
}

function linkKey(key: ForeignKey, from: ColumnElement, to: ColumnElement): string {
  return `${idOf(key.constraint ?? key)}/${idOf(tableOf(from))}/${idOf(tableOf(to))}`;
}

const ids = new WeakMap<object, number>();
let count = 0;
function idOf(value: unknown): number {
  if (value === null || typeof value !== "object") return 0;
  let id = ids.get(value);
  if (id === undefined) {
    id = ++count;
    ids.set(value, id);
  }
  return id;
}

function tableOf(column: ColumnElement): unknown {
  return (column as { table?: unknown }).table ?? null;
}

/** The table column that a column of an alias or a subquery stands for in the end, or null. */
export function baseColumn(column: ColumnElement): Column | null {
  let each: unknown = column;
  for (;;) {
    if (each === null || typeof each !== "object") return null;
    const node = each as { visitName: string; base?: unknown; element?: unknown };
    if (node.visitName === "Column") return node as Column;
    if (node.visitName === "AliasedColumn") each = node.base;
    else if (node.visitName === "AnnotatedColumn" || node.visitName === "Label") each = node.element;
    else return null;
  }
}
