/** The shapes of statements, each with a number: what caches of statements are asked for. */
import { LRUCache } from "./cache.js";

/** Shapes whose hash is the same hang on each other. */
interface Shape {
  readonly pieces: Int32Array;
  readonly number: number;
  readonly next: Shape | undefined;
}

const shapes = new LRUCache<number, Shape>(2000);
let last = 0;

/** Remembers at least as many shapes as a cache of statements keeps. */
export function rememberShapes(count: number): void {
  shapes.widen(2 * count);
}

/**
 * The number of a shape: equal pieces have one number, and others never do. A shape that has not been met for long is forgotten, and gets
 * another number when it comes again.
 */
export function shapeNumber(pieces: Int32Array, length: number): number {
  let hash = length;
  for (let i = 0; i < length; i++) hash = (Math.imul(hash, 0x2c9277b5) + (pieces[i] as number)) | 0;
  const first = shapes.get(hash);
  for (let shape = first; shape !== undefined; shape = shape.next)
    if (samePieces(shape.pieces, shape.pieces.length, pieces, length)) return shape.number;
  const made: Shape = { pieces: pieces.slice(0, length), number: ++last, next: first };
  shapes.set(hash, made);
  return made.number;
}

/** Whether two rows of pieces are the same, as far as they are filled. */
export function samePieces(one: Int32Array, length: number, two: Int32Array, otherLength: number): boolean {
  if (length !== otherLength) return false;
  for (let i = 0; i < length; i++) if (one[i] !== two[i]) return false;
  return true;
}
