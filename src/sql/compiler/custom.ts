/** How nodes and types of a program's own are compiled. */
import type { Node } from "../node.js";
import type { SQLType } from "../types/type.js";

/** What renders a node of a class: it gets the node and the compiler, and gives SQL. */
export type CustomCompiler = (node: never, compiler: never) => string;

// by class, then by dialect name; "*" for all others
const registry = new Map<unknown, Map<string, CustomCompiler>>();
// found by class and dialect, inheritance included
const found = new Map<string, WeakMap<object, CustomCompiler | { none: true }>>();
const NONE = { none: true } as const;

/**
 * Says how nodes of a class are written, by one dialect or by all. Subclasses follow, until they say otherwise.
 * It also replaces the rendering of built-in classes; `compiler.processBuiltin(node)` is the rendering replaced.
 *
 * @example
 * class Coalesce2 extends ColumnElement { ... }
 * compiles(Coalesce2, (node, compiler) => `coalesce(${compiler.processList(node.args)})`);
 * compiles(Coalesce2, "sqlite", (node, compiler) => `ifnull(${compiler.processList(node.args)})`);
 * @example
 * class Blob extends BinaryType {}            // the name of a type in DDL and CAST
 * compiles(Blob, "postgresql", () => "lo");
 */
export function compiles<
  T extends SQLType,
  C = { render(type: SQLType): string; renderBuiltin(type: SQLType): string },
>(
  typeClass: abstract new (...args: never[]) => T,
  ...args:
    | readonly [render: (type: T, compiler: C) => string]
    | readonly [dialect: string | readonly string[], render: (type: T, compiler: C) => string]
): void;
export function compiles<
  N extends Node,
  C = { process(node: Node): string; processBuiltin(node: Node): string; processList(nodes: readonly Node[]): string },
>(
  nodeClass: abstract new (...args: never[]) => N,
  ...args:
    | readonly [render: (node: N, compiler: C) => string]
    | readonly [dialect: string | readonly string[], render: (node: N, compiler: C) => string]
): void;
export function compiles(
  nodeClass: abstract new (...args: never[]) => unknown,
  ...args: readonly [CustomCompiler] | readonly [string | readonly string[], CustomCompiler]
): void {
  const render = args[args.length - 1] as CustomCompiler;
  const given = args.length === 1 ? "*" : (args[0] as string | readonly string[]);
  let byDialect = registry.get(nodeClass);
  if (byDialect === undefined) {
    byDialect = new Map();
    registry.set(nodeClass, byDialect);
  }
  for (const name of typeof given === "string" ? [given] : given) byDialect.set(name, render);
  found.clear();
}

/** What `compiles()` said of the class of a node or a type, or null. */
export function customCompiler<N extends Node | SQLType>(
  node: N,
  dialect: string,
): ((node: N, compiler: never) => string) | null {
  if (registry.size === 0) return null;
  let memo = found.get(dialect);
  if (memo === undefined) {
    memo = new WeakMap();
    found.set(dialect, memo);
  }
  const owner = node.constructor;
  let answer = memo.get(owner);
  if (answer === undefined) {
    answer = NONE;
    for (let each: unknown = owner; typeof each === "function"; each = Object.getPrototypeOf(each)) {
      const byDialect = registry.get(each);
      const render = byDialect?.get(dialect) ?? byDialect?.get("*");
      if (render !== undefined) {
        answer = render;
        break;
      }
    }
    memo.set(owner, answer);
  }
  return typeof answer === "function" ? (answer as (node: N, compiler: never) => string) : null;
}
