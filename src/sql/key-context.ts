/** How the shape of a statement becomes a key for caches. */
import { keepShape } from "./keep-shape.js";
import { pieceOf } from "./pieces.js";
import { samePieces, shapeNumber } from "./shapes.js";
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
  /** The shape's number; null where the statement cannot be cached. */
  readonly key: number | null;
  readonly binds: readonly BoundValue[];
  /** Whether it names a mapped class. */
  readonly mapped: boolean;
}

/** What stands where there is nothing. */
export const ABSENT = 0;
/** The end of a list. */
export const END = 1;
/** The beginning of a row of a list of rows. */
export const NEXT_ROW = 2;
const SAME_BIND = 3;
const FIRST = 4;
const SEEN = 5;
/** A bound value; the flags are added to it. */
const BIND = 16;
const NAMED = 1;
const EXPANDING = 2;
const COMPUTED = 4;
// Two of one name are one in the SQL where execution gives their value, and two where each has its own.
const REQUIRED = 8;

// below this many entries a scan of an array is quicker than a Map
const SCAN = 24;

/** Collects a cache key in one pass over a tree: a row of numbers, each of them a piece of the shape. */
export class KeyContext {
  cacheable = true;
  mapped = false;
  binds: BoundValue[] = [];
  #pieces = new Int32Array(256);
  #length = 0;
  #bindIndex: Map<BoundValue, number> | null = null;
  #seen: KeyedNode[] | null = null;
  #seenIndex: Map<KeyedNode, number> | null = null;

  /** Adds a piece: a number that no other piece has, or one whose place says what it is. */
  add(piece: number): void {
    if (this.#length === this.#pieces.length) this.#grow();
    this.#pieces[this.#length++] = piece;
  }

  /** Adds a name or another plain value; null for none. */
  addName(value: string | number | boolean | bigint | null): void {
    this.add(value === null ? ABSENT : pieceOf(value));
  }

  /** Adds a bound value, or refers to it when the tree holds the same object twice. */
  addBind(bind: BoundValue): void {
    const at = this.#findBind(bind);
    if (at >= 0) {
      this.add(SAME_BIND);
      this.add(at);
      return;
    }
    const count = this.binds.push(bind);
    if (this.#bindIndex !== null) this.#bindIndex.set(bind, count - 1);
    const { name } = bind;
    this.add(
      BIND +
        (name === null ? 0 : NAMED) +
        (bind.expanding ? EXPANDING : 0) +
        (bind.callable === null ? 0 : COMPUTED) +
        (bind.required ? REQUIRED : 0),
    );
    if (name !== null) this.addName(name);
    this.add(bind.type.cacheKey);
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
      this.add(SEEN);
      this.add(at);
      return false;
    }
    seen.push(node);
    if (this.#seenIndex !== null) this.#seenIndex.set(node, seen.length - 1);
    else if (seen.length > SCAN) this.#seenIndex = new Map(seen.map((item, i) => [item, i]));
    this.add(FIRST);
    return true;
  }

  /** What was collected. */
  finish(): CacheKey {
    const key = this.cacheable ? shapeNumber(this.#pieces, this.#length) : null;
    return { key, binds: this.binds, mapped: this.mapped };
  }

  /** Whether another one has collected the same shape. */
  isLike(other: KeyContext): boolean {
    return this.cacheable && other.cacheable && samePieces(this.#pieces, this.#length, other.#pieces, other.#length);
  }

  /** Makes it ready for another tree. */
  clear(): void {
    this.cacheable = true;
    this.mapped = false;
    this.binds = [];
    this.#length = 0;
    this.#bindIndex = null;
    this.#seen = null;
    this.#seenIndex = null;
  }

  #grow(): void {
    const pieces = new Int32Array(2 * this.#pieces.length);
    pieces.set(this.#pieces);
    this.#pieces = pieces;
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

// A collection may ask for the key of another tree while it is under way.
const free: KeyContext[] = [];

/** Collects the key of a tree with a context that is used again. */
export function collect(node: KeyedNode): CacheKey {
  const context = free.pop() ?? new KeyContext();
  node.appendKey(context);
  const key = context.finish();
  context.clear();
  free.push(context);
  return key;
}

keepShape(new KeyContext());
