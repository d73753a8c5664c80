/** SQL as a template of text, values and nodes. */
import { ColumnElement } from "../element.js";
import { ArgumentError } from "../errors.js";
import type { StatementOptions } from "../execution-options.js";
import type { CacheKey } from "../key-context.js";
import { Node, type Parts } from "../node.js";
import { type PrintTarget, printed } from "../printed.js";
import { AS_OPERAND, ENTITY } from "../protocol.js";
import { FromClause } from "../selectable/from-clause.js";
import { nullType } from "../types/base.js";
import { describeValue } from "../types/describe-value.js";
import { plainType, type SQLType } from "../types/type.js";
import type { ExprOf } from "../typing.js";
import { expressionOrBind } from "./coerce.js";
import { Cast, NULL } from "./expression.js";

/** SQL written as a template: text, with values bound and nodes rendered in their places. */
export class SQLTemplate<T = never> extends ColumnElement<T, never> {
  static override readonly parts: Parts = { strings: "names", values: "nodes", type: "type" };
  override get visitName(): string {
    return "SQLTemplate";
  }
  /** @internal The cache key, once asked for. */
  memoizedKey: CacheKey | null = null;
  readonly execOptions: StatementOptions = {};

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
  returns<U>(type: SQLType<U>): ExprOf<U> {
    return new SQLTemplate(this.strings, this.values, plainType(type) as SQLType) as unknown as ExprOf<U>;
  }

  /** The text with its values in it, and a semicolon; see `toSQL()` of statements. */
  toSQL(bind?: PrintTarget, params?: Readonly<Record<string, unknown>>): string {
    return printed(this, bind, params);
  }

  /** This statement with options for its execution. */
  executionOptions(options: StatementOptions): this {
    return this.copyWith({ execOptions: { ...this.execOptions, ...options }, memoizedKey: null });
  }
}

/** The tag, and what makes pieces for templates. */
export interface SQLTag {
  <T = never>(strings: TemplateStringsArray, ...values: readonly unknown[]): SQLTemplate<T>;
  /**
   * Values or expressions in parentheses, as IN takes them. An empty list needs a type, and is a query without rows.
   *
   * @example sql`SELECT * FROM ${users} WHERE id IN ${sql.list([1, 2])}`
   */
  list(values: readonly unknown[], type?: SQLType): SQLTemplate;
  /** Pieces one after the other, with a separator between them: `, ` where none is given. */
  join(pieces: readonly unknown[], separator?: SQLTemplate): SQLTemplate;
  /** A name, in quotes where it needs them: `sql.identifier("crm", "users")` is `crm.users`. */
  identifier(...path: readonly [string, ...string[]]): SQLTemplate;
  /** SQL text as it is. Never put input into it. */
  raw(text: string): SQLTemplate;
}

/**
 * SQL as a tagged template: a statement of its own, or an expression. Values are bound; columns, tables, queries and
 * other templates are rendered in their places. `T` is what it is worth as an expression; `returns(type)` says so to the database's
 * driver as well.
 *
 * @example conn.execute(sql`SELECT ${users.c.name} FROM ${users} WHERE ${users.c.id} = ${id}`)
 * @example select(users.c.id, sql<number>`${users.c.age} * 2`.as("double"))
 */
export const sql: SQLTag = Object.assign(
  <T = never>(strings: TemplateStringsArray, ...values: readonly unknown[]): SQLTemplate<T> => {
    for (const text of strings) checkNoNul(text);
    return new SQLTemplate(
      [...strings],
      values.map((value, i) => embedded(value, `sql: value ${i + 1}`)),
    );
  },
  {
    list(values: readonly unknown[], type?: SQLType): SQLTemplate {
      const given = type === undefined ? null : plainType(type);
      if (values.length === 0) {
        if (given === null)
          throw new ArgumentError(
            "sql.list([]) is empty: say of what type, sql.list(ids, t.integer), or leave the condition out.",
          );
        return template(["(SELECT ", " WHERE 1 = 0)"], [new Cast(NULL, given, false)]);
      }
      const items = values.map((value, i) =>
        given === null
          ? embedded(value, `sql.list(), value ${i + 1}`)
          : expressionOrBind(value, given, "param", "sql.list()"),
      );
      return template(["(", ...items.slice(1).map(() => ", "), ")"], items);
    },
    join(pieces: readonly unknown[], separator: SQLTemplate = template([", "], [])): SQLTemplate {
      const nodes = pieces.map((piece, i) => embedded(piece, `sql.join(), piece ${i + 1}`));
      const values = nodes.flatMap((node, i) => (i === 0 ? [node] : [separator, node]));
      return template(["", ...values.map(() => "")], values);
    },
    identifier(...path: readonly [string, ...string[]]): SQLTemplate {
      const names = path.map((name) => {
        if (typeof name === "string" && name !== "") return new Identifier(name);
        throw new ArgumentError(`sql.identifier() takes names, not ${describeValue(name)}.`);
      });
      return template(["", ...names.slice(1).map(() => "."), ""], names);
    },
    raw(text: string): SQLTemplate {
      if (typeof text !== "string") throw new ArgumentError(`sql.raw() takes SQL text, not ${describeValue(text)}.`);
      return template([checkNoNul(text)], []);
    },
  },
);

const template = (strings: readonly string[], values: readonly Node[]): SQLTemplate => new SQLTemplate(strings, values);

function checkNoNul(text: string): string {
  if (text.includes("\0")) throw new ArgumentError("sql: the template holds a NUL character.");
  return text;
}

/** A name and nothing else. */
class Identifier extends Node {
  static override readonly parts: Parts = { name: "name" };
  override get visitName(): string {
    return "NamedColumn";
  }
  constructor(readonly name: string) {
    super();
  }
}

function embedded(value: unknown, place: string): Node {
  if (value instanceof ColumnElement || value instanceof FromClause) return value;
  if (Array.isArray(value)) {
    throw new ArgumentError(
      `${place} is an array. Write sql.list([...]) for a list in parentheses, or literal([...], t.array(t.integer)) or t.json for one value.`,
    );
  }
  if (value !== null && (typeof value === "object" || typeof value === "function")) {
    const entity = (value as { [ENTITY]?: { readonly from?: unknown } })[ENTITY];
    if (entity?.from instanceof FromClause) return entity.from;
    if (AS_OPERAND in value) return (value as { [AS_OPERAND](): ColumnElement })[AS_OPERAND]();
    if (value instanceof Node) return value;
  }
  return expressionOrBind(value, null, "param", place);
}
