import { ColumnElement } from "../element.js";
import { ArgumentError } from "../errors.js";
import type { CacheKey } from "../key-context.js";
import { Node, type Parts } from "../node.js";
import { AS_OPERAND, ENTITY } from "../protocol.js";
import { FromClause } from "../selectable/from-clause.js";
import type { ExecutionOptions } from "../statement.js";
import { nullType } from "../types/base.js";
import { plainType, type SQLType } from "../types/type.js";
import type { ExprOf } from "../typing.js";
import { expressionOrBind } from "./coerce.js";

/** SQL written as a template: text, with values bound and nodes rendered in their places. */
export class SQLTemplate extends ColumnElement<never, never> {
  static override readonly parts: Parts = { strings: "names", values: "nodes", type: "type" };
  override get visitName(): string {
    return "SQLTemplate";
  }
  /** @internal The cache key, once asked for. */
  memoizedKey: CacheKey | null = null;
  readonly execOptions: ExecutionOptions = {};

  constructor(
    readonly strings: readonly string[],
    readonly values: readonly Node[],
    readonly type: SQLType = nullType,
  ) {
    super();
  }

  override copyReplacing(replace: (child: Node) => Node): this {
    const copy = super.copyReplacing(replace);
    if (copy !== this) copy.memoizedKey = null;
    return copy;
  }

  /** The template as an expression of a type. */
  returns<T>(type: SQLType<T>): ExprOf<T> {
    return new SQLTemplate(this.strings, this.values, plainType(type) as SQLType) as unknown as ExprOf<T>;
  }

  /** This statement with options for its execution. */
  executionOptions(options: ExecutionOptions): SQLTemplate {
    return this.copyWith({ execOptions: { ...this.execOptions, ...options }, memoizedKey: null });
  }
}

/**
 * SQL as a tagged template: a statement of its own, or an expression. Values are bound; columns, tables, queries and
 * other templates are rendered in their places.
 *
 * @example conn.execute(sql`SELECT ${users.c.name} FROM ${users} WHERE ${users.c.id} = ${id}`)
 */
export function sql(strings: TemplateStringsArray, ...values: readonly unknown[]): SQLTemplate {
  for (const text of strings) {
    if (text.includes("\0")) throw new ArgumentError("sql: the template holds a NUL character.");
  }
  return new SQLTemplate(
    [...strings],
    values.map((value, i) => embedded(value, i)),
  );
}

function embedded(value: unknown, at: number): Node {
  if (value instanceof ColumnElement || value instanceof FromClause) return value;
  if (value !== null && (typeof value === "object" || typeof value === "function")) {
    const entity = (value as { [ENTITY]?: { readonly from?: unknown } })[ENTITY];
    if (entity?.from instanceof FromClause) return entity.from;
    if (AS_OPERAND in value) return (value as { [AS_OPERAND](): ColumnElement })[AS_OPERAND]();
    if (value instanceof Node) return value;
  }
  return expressionOrBind(value, null, "param", `sql: value ${at + 1}`);
}
