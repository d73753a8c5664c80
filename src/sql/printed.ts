/** Statements as SQL text. They reach the compiler, which knows them all, through a hook that it sets. */
import type { Compiled, CompileOptions } from "./compiled.js";
import type { Dialect } from "./dialect.js";
import { withParams } from "./elements/params.js";
import type { Node } from "./node.js";

type Compile = (node: Node, dialect: Dialect | undefined, options?: CompileOptions) => Compiled;

/** What a statement can be printed for: an engine or a connection, or its dialect. */
export type PrintTarget = Dialect | { readonly dialect: Dialect };

let compileNode: Compile | null = null;

/** Tells statements how to compile themselves; the compiler's room calls it. */
export function setCompile(compile: Compile): void {
  compileNode = compile;
}

export function compileFor(node: Node, target: PrintTarget | undefined, options?: CompileOptions): Compiled {
  const dialect = target === undefined ? undefined : "dialect" in target ? target.dialect : target;
  return (compileNode as Compile)(node, dialect, options);
}

/** A statement with its values in it, and a semicolon: see `toSQL()` of statements. */
export function printed(
  node: Node,
  target: PrintTarget | undefined,
  params: Readonly<Record<string, unknown>> = {},
): string {
  const { text } = compileFor(withParams(node, params), target, { literalBinds: true });
  // A comment that text ends with would hold the semicolon.
  return /--[^\n]*$/.test(text) ? `${text}\n;` : `${text};`;
}
