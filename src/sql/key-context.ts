import { keepShape } from "./keep-shape.js";
import type { SQLType } from "./types/type.js";

/** What the cache key asks of a node; the class is in node.ts. */
export interface KeyedNode {
  appendKey(context: KeyContext): void;
}

/** A bound value of a statement; implemented by `BindParameter`. */
export interface BoundValue extends KeyedNode {
  /** The name it was given by `bindparam("x")`, or null for a value met in an expression. */
  readonly name: string | null;
  readonly value: unknown;
  readonly type: SQLType;
  /** An IN list: `value` is an array. */
  readonly expanding: boolean;
  /** Its value must be given at execution. */
  readonly required: boolean;
  /** Gives the value at execution, when present. */
  readonly callable: (() => unknown) | null;
}

/** The shape of a statement, and its bound values in the order in which the shape meets them. */
export interface CacheKey {
  readonly key: string | null;
  readonly binds: readonly BoundValue[];
}

// below this many entries a scan of an array is quicker than a Map
const SCAN = 24;

/** Collects a cache key in one pass over a tree. */
export class KeyContext {
  text = "";
  cacheable = true;
  readonly binds: BoundValue[] = [];
  #bindIndex: Map<BoundValue, number> | null = null;
  #seen: KeyedNode[] | null = null;
  #seenIndex: Map<KeyedNode, number> | null = null;

  /** Adds a bound value, or refers to it when the tree holds the same object twice. */
  addBind(bind: BoundValue): void {
    const at = this.#findBind(bind);
    if (at >= 0) {
      this.text += `=${at},`;
      return;
    }
    const count = this.binds.push(bind);
    if (this.#bindIndex !== null) this.#bindIndex.set(bind, count - 1);
    this.text += bind.name === null ? "?" : `:${bind.name.length}'${bind.name}`;
    if (bind.expanding) this.text += "*";
    if (bind.callable !== null) this.text += "!";
    this.text += bind.type.cacheKey;
    this.text += ",";
  }

  /**
   * Meets a node whose identity matters within one statement (an alias, a subquery). Answers true the first time,
   * when the node must add its shape; after that a number stands for it.
   */
  enter(node: KeyedNode): boolean {
    let seen = this.#seen;
    if (seen === null) seen = this.#seen = [];
    let at: number;
    if (this.#seenIndex !== null) at = this.#seenIndex.get(node) ?? -1;
    else at = seen.indexOf(node);
    if (at >= 0) {
      this.text += `@${at},`;
      return false;
    }
    seen.push(node);
    if (this.#seenIndex !== null) this.#seenIndex.set(node, seen.length - 1);
    else if (seen.length > SCAN) this.#seenIndex = new Map(seen.map((item, i) => [item, i]));
    this.text += "@";
    return true;
  }

  #findBind(bind: BoundValue): number {
    if (this.#bindIndex !== null) return this.#bindIndex.get(bind) ?? -1;
    const binds = this.binds;
    if (binds.length > SCAN) {
      this.#bindIndex = new Map(binds.map((item, i) => [item, i]));
      return this.#bindIndex.get(bind) ?? -1;
    }
    return binds.indexOf(bind);
  }
}

keepShape(new KeyContext());
