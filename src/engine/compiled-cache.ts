/** Compiled statements, kept by their shapes. */
import { type CacheFigures, LRUCache } from "../sql/cache.js";
import { compile } from "../sql/compile.js";
import type { Compiled, CompileOptions } from "../sql/compiled.js";
import type { BoundValue } from "../sql/key-context.js";
import { cacheKeyOf, type Node } from "../sql/node.js";
import { rememberShapes } from "../sql/shapes.js";
import type { EngineDialect } from "./dialect.js";

/** A compiled statement and the values of the statement at hand. */
export interface CachedStatement {
  readonly compiled: Compiled;
  readonly binds: readonly BoundValue[];
  /** Whether it was compiled before, now, or cannot be kept. */
  readonly origin: "cached" | "generated" | "no key";
}

/** Compiled statements by their shape. One cache serves an engine and all its copies. */
export class CompiledCache {
  readonly #entries: LRUCache<number | string, Compiled>;

  /** @param capacity how many statements are kept; 0 compiles every time. */
  constructor(
    readonly dialect: EngineDialect,
    readonly capacity: number,
  ) {
    this.#entries = new LRUCache(capacity);
    rememberShapes(capacity);
  }

  /** The compiled form of a statement's shape, with the statement's own values. */
  get(node: Node, options?: CompileOptions, useCache = true): CachedStatement {
    const key = cacheKeyOf(node);
    const { binds } = key;
    if (key.key === null || !useCache || this.capacity === 0) {
      return { compiled: compile(node, this.dialect, { ...options, binds }), binds, origin: "no key" };
    }
    const name = options === undefined ? key.key : `${key.key}${optionsKey(options)}`;
    const known = this.#entries.get(name);
    if (known !== undefined) return { compiled: known, binds, origin: "cached" };
    const compiled = compile(node, this.dialect, { ...options, binds });
    // A list that is written out has its length in the text: the shape does not name it.
    if (compiled.expanded) return { compiled, binds, origin: "no key" };
    this.#entries.set(name, compiled);
    return { compiled, binds, origin: "generated" };
  }

  /** How many statements are kept, were found and were not found. */
  get figures(): CacheFigures {
    return this.#entries.figures;
  }

  clear(): void {
    this.#entries.clear();
  }
}

// Options that change the SQL are part of the shape.
function optionsKey(options: CompileOptions): string {
  let key = "";
  if (options.columnKeys !== undefined) key += `\u0001${options.columnKeys.join("\u0002")}`;
  if (options.schemaTranslateMap !== undefined) key += `\u0003${JSON.stringify(options.schemaTranslateMap)}`;
  return key;
}
