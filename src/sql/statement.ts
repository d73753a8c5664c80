import type { Compiled, CompileOptions } from "./compiled.js";
import type { Dialect } from "./dialect.js";
import { type AsyncExplainBind, explainOn, type SyncExplainBind } from "./explain.js";
import type { CacheKey } from "./key-context.js";
import { Node } from "./node.js";
import type { ExplainOptions, QueryPlan } from "./query-plan.js";

/** Options of one execution; the engine and the ORM define their names. */
export type ExecutionOptions = Readonly<Record<string, unknown>>;

const NONE: ExecutionOptions = Object.freeze({});

/** A node that can be executed. */
export abstract class Statement extends Node {
  /** @internal The cache key, once asked for. */
  memoizedKey: CacheKey | null = null;
  /** What `executionOptions()` gave; no part of the shape. */
  readonly execOptions: ExecutionOptions = NONE;

  /** The statement in a dialect's words; that of the default dialect where none is given. */
  compile(dialect?: Dialect | { readonly dialect: Dialect }, options?: CompileOptions): Compiled {
    const target = dialect === undefined ? undefined : "dialect" in dialect ? dialect.dialect : dialect;
    return (compileStatement as NonNullable<typeof compileStatement>)(this, target, options);
  }

  /**
   * How the database means to run this statement, as data that prints as a tree. With `analyze` it runs it, and undoes what it wrote.
   *
   * @param bind a session, whose changes are flushed before as for the statement itself, a connection or an engine
   * @returns the plan, or a promise of it where the bind is asynchronous
   * @throws DatabaseError where the statement is wrong
   * @example console.log(await select(User).where((u) => u.email.eq("a@b.c")).explain(session, { analyze: true }));
   */
  explain(bind: AsyncExplainBind, options?: ExplainOptions): Promise<QueryPlan>;
  explain(bind: SyncExplainBind, options?: ExplainOptions): QueryPlan;
  explain(bind: AsyncExplainBind | SyncExplainBind, options: ExplainOptions = {}): Promise<QueryPlan> | QueryPlan {
    return explainOn(bind, this, options);
  }

  protected override copyWith(fields: Readonly<Record<string, unknown>>): this {
    const copy = super.copyWith(fields);
    copy.memoizedKey = null;
    return copy;
  }

  /** This statement with options for its execution, added to those it has. */
  executionOptions(options: ExecutionOptions): this {
    return this.copyWith({ execOptions: { ...this.execOptions, ...options } });
  }
}

let compileStatement: ((node: Node, dialect: Dialect | undefined, options?: CompileOptions) => Compiled) | null = null;

/** Tells statements how to compile themselves; the compiler's room calls it. */
export function setCompile(
  compile: (node: Node, dialect: Dialect | undefined, options?: CompileOptions) => Compiled,
): void {
  compileStatement = compile;
}
