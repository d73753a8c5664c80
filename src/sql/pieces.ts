/** The pieces that shapes of statements are made of, each a number of its own: node classes, tables, columns, names. */
import { LRUCache } from "./cache.js";

/** The numbers before this one are marks of the shapes' grammar. */
let last = 31;

/** A number that nothing else has, for as long as the process lives. */
export function nextRefId(): number {
  return ++last;
}

const objects = new WeakMap<object, number>();

/** A number for an object's identity, for as long as the process lives. */
export function refId(object: object): number {
  let id = objects.get(object);
  if (id === undefined) {
    id = nextRefId();
    objects.set(object, id);
  }
  return id;
}

/** Texts that are longer are not kept whole: a hundred statements of a megabyte each would stay for good. */
const LONG = 2000;
const KEPT = 10_000;
const names = new LRUCache<string | number | boolean | bigint, number>(KEPT);
const texts = new LRUCache<string, number>(200);

/**
 * A number for a name or another plain value that is part of a shape. The names used last are remembered; one that was forgotten gets
 * another number, so that two never share one.
 */
export function pieceOf(value: string | number | boolean | bigint): number {
  const known: LRUCache<unknown, number> = typeof value === "string" && value.length > LONG ? texts : names;
  let piece = known.get(value);
  if (piece === undefined) {
    piece = nextRefId();
    known.set(value, piece);
  }
  return piece;
}
