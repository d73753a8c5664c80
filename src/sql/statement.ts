import type { Compiled, CompileOptions } from "./compiled.js";
import type { Dialect } from "./dialect.js";
import type { CacheKey } from "./key-context.js";
import { Node } from "./node.js";

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
