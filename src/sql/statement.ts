/** What can be executed: compiled, printed, explained, with options of its own. */
import type { Compiled, CompileOptions } from "./compiled.js";
import type { StatementOptions } from "./execution-options.js";
import { type AsyncExplainBind, explainOn, type SyncExplainBind } from "./explain.js";
import type { CacheKey } from "./key-context.js";
import { plainSQL } from "./mapped.js";
import { Node } from "./node.js";
import { compileFor, type PrintTarget, printed } from "./printed.js";
import type { ExplainOptions, QueryPlan } from "./query-plan.js";

const NONE: StatementOptions = Object.freeze({});

/** A node that can be executed. */
export abstract class Statement extends Node {
  /** @internal The cache key, once asked for. */
  memoizedKey: CacheKey | null = null;
  /** What `executionOptions()` gave; no part of the shape. */
  readonly execOptions: StatementOptions = NONE;

  /** The statement in a dialect's words; that of the default dialect where none is given. */
  compile(dialect?: PrintTarget, options?: CompileOptions): Compiled {
    return compileFor(plainSQL(this), dialect, options);
  }

  /**
   * The statement as text that runs where it is pasted: every value is written into it, defaults of columns included, and a
   * semicolon ends it. For people and scripts; a program executes the statement itself.
   *
   * @param bind an engine, a connection or a dialect, whose words are written; that of the default dialect where none is given
   * @param params values of the named parameters
   * @throws CompileError for a parameter without a value, or a value of a type without literals
   * @example console.log(select(users).where(users.c.name.eq("O'Hara")).toSQL(engine)); // ... WHERE users.name = 'O''Hara';
   */
  toSQL(bind?: PrintTarget, params?: Readonly<Record<string, unknown>>): string {
    return printed(plainSQL(this), bind, params);
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
  executionOptions(options: StatementOptions): this {
    return this.copyWith({ execOptions: { ...this.execOptions, ...options } });
  }
}
