import { expect } from "vitest";
import {
  type Compiled,
  type CompileOptions,
  cacheKeyOf,
  column,
  compile,
  DefaultDialect,
  type Dialect,
  func,
  MetaData,
  type Node,
  type SQLType,
  t,
  table,
} from "../../src/sql/index.js";

/** Tables that many tests use. */
export const metadata = new MetaData();

export const users = table("users", metadata, {
  id: column(t.integer, { primaryKey: true }),
  name: column(t.string(50), { nullable: false }),
  age: column(t.integer),
  active: column(t.boolean),
  settings: column(t.json<{ theme: string; sizes: number[] }>()),
  labels: column(t.array(t.text)),
  createdAt: column(t.datetime, { name: "created_at", serverDefault: func.now() }),
});

export const posts = table("posts", metadata, {
  id: column(t.integer, { primaryKey: true }),
  userId: column(t.integer, { name: "user_id", foreignKey: "users.id", nullable: false }),
  title: column(t.text, { nullable: false }),
});

export const comments = table("comments", metadata, {
  id: column(t.integer, { primaryKey: true }),
  postId: column(t.integer, { name: "post_id", foreignKey: "posts.id" }),
  body: column(t.text),
});

/** Statements of this dialect have `?` for parameters. */
export class QuestionMarkDialect extends DefaultDialect {
  override readonly name: string = "qmark";
  override readonly paramStyle = "qmark" as const;
}

/** Statements of this dialect have `$1` for parameters. */
export class NumberedDialect extends DefaultDialect {
  override readonly name: string = "numbered";
  override readonly paramStyle = "numbered" as const;
}

export const qmark: Dialect = new QuestionMarkDialect();
export const numbered: Dialect = new NumberedDialect();

/** The text of a statement in the default dialect. */
export function sql(node: unknown, options?: CompileOptions, dialect?: Dialect): string {
  return compile(node as Node, dialect, options).text;
}

/** The text and the driver's values of a statement in the dialect with `?`. */
export function bound(
  node: unknown,
  named?: Readonly<Record<string, unknown>>,
  dialect: Dialect = qmark,
): [string, unknown[]] {
  const compiled: Compiled = compile(node as Node, dialect);
  return [compiled.text, compiled.bind(cacheKeyOf(node as Node).binds, named)];
}

/** What stands after WHERE for a condition. */
export function condition(node: unknown): string {
  return sql(node);
}

/** What a value becomes on its way to the driver. */
export function toDriver(type: SQLType<unknown>, value: unknown, dialect: Dialect = qmark): unknown {
  const process = dialect.typeImpl(type).bindProcessor(dialect) as ((value: unknown) => unknown) | null;
  return process === null ? value : process(value);
}

/** Expects a call to throw an error of a class with a text. */
export function refused(
  run: () => unknown,
  error: abstract new (...args: never[]) => Error,
  text: string | RegExp,
): void {
  try {
    run();
  } catch (caught) {
    expect(caught).toBeInstanceOf(error);
    if (typeof text === "string") expect((caught as Error).message).toContain(text);
    else expect((caught as Error).message).toMatch(text);
    return;
  }
  expect.fail(`nothing was thrown, expected ${String(text)}`);
}
