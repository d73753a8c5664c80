/** What the rows of the other side hold, handed out by the key of their parents. */

import { type KeyHash, KeyMap } from "../key-map.js";

/** A key as maps compare it: equal for equal keys, whether they came from an attribute or from a row. */
export type Hash = KeyHash;

/** Takes what the rows hold. */
export interface Found {
  /** @param objects one for each hash, in the order of the rows; the array is kept */
  add(hashes: readonly Hash[], objects: object[]): void;
}

/**
 * All members in the order of their rows. Neighbouring rows mostly belong to one parent: a parent knows the runs that are its own, and gets its array
 * once, when all are there.
 */
export class FoundMembers implements Found {
  #members: object[] = [];
  /** Where each run begins among the members; it ends where the next one begins. */
  readonly #starts: number[] = [];
  /** For runs of parents that had one before it: which. */
  readonly #before: Map<number, number> = new Map();
  /** The last run of each parent. */
  readonly #lastOf: KeyMap<number> = new KeyMap();

  add(hashes: readonly Hash[], objects: object[]): void {
    const offset = this.#members.length;
    this.#members = offset === 0 ? objects : this.#members.concat(objects);
    const starts = this.#starts;
    this.#lastOf.expect(hashes.length, (i) => hashes[i]);
    let last: Hash | undefined;
    for (let i = 0; i < hashes.length; i++) {
      const hash = hashes[i];
      if (hash === last) continue;
      last = hash;
      const before = this.#lastOf.get(hash);
      if (before !== undefined) this.#before.set(starts.length, before);
      this.#lastOf.set(hash, starts.length);
      starts.push(offset + i);
    }
  }

  /** An array of its own for each parent, no longer than its members. */
  membersOf(hash: Hash): object[] {
    const last = this.#lastOf.get(hash);
    if (last === undefined) return [];
    if (!this.#before.has(last)) return this.#members.slice(this.#starts[last], this.#starts[last + 1]);
    const runs: number[] = [];
    for (let run: number | undefined = last; run !== undefined; run = this.#before.get(run)) runs.push(run);
    const found: object[] = [];
    for (let i = runs.length - 1; i >= 0; i--) {
      const end = this.#starts[runs[i] + 1] ?? this.#members.length;
      for (let at = this.#starts[runs[i]]; at < end; at++) found.push(this.#members[at]);
    }
    return found.slice();
  }
}

export class FoundObjects implements Found {
  readonly objects: KeyMap<object> = new KeyMap();
  /** Keys for which there were several objects. */
  readonly several: Set<Hash> = new Set();

  add(hashes: readonly Hash[], objects: object[]): void {
    this.objects.expect(hashes.length, (i) => hashes[i]);
    for (let i = 0; i < hashes.length; i++) {
      const first = this.objects.get(hashes[i]);
      if (first === undefined) this.objects.set(hashes[i], objects[i]);
      else if (first !== objects[i]) this.several.add(hashes[i]);
    }
  }
}

/** Rows of an object and the key of its parents. */
export class FoundRows implements Found {
  readonly rows: [object, Hash][] = [];

  add(hashes: readonly Hash[], objects: object[]): void {
    for (let i = 0; i < hashes.length; i++) this.rows.push([objects[i], hashes[i]]);
  }
}

/** Takes out, in place, what a key has met before, and rows without an object. */
export function dropRepeated(hashes: Hash[], objects: (object | null)[]): void {
  const met = new Map<Hash, Set<object>>();
  let kept = 0;
  for (let i = 0; i < objects.length; i++) {
    const object = objects[i];
    if (object === null) continue;
    let seen = met.get(hashes[i]);
    if (seen === undefined) {
      seen = new Set();
      met.set(hashes[i], seen);
    }
    if (seen.has(object)) continue;
    seen.add(object);
    hashes[kept] = hashes[i];
    objects[kept++] = object;
  }
  hashes.length = kept;
  objects.length = kept;
}

/** The hash of a key of several parts. */
export function hashKey(values: readonly unknown[]): Hash {
  return values.length === 1 ? hashValue(values[0]) : values.map(hashPart).join("\u0001");
}

/** The hash of a key of one part. */
export function hashValue(value: unknown): Hash {
  if (typeof value === "number" || typeof value === "string") return value;
  if (typeof value === "bigint") return BigInt(Number(value)) === value ? Number(value) : value;
  return hashPart(value);
}

function hashPart(value: unknown): string {
  if (value instanceof Date) return `d${value.getTime()}`;
  if (value instanceof Uint8Array) return `u${Buffer.from(value).toString("hex")}`;
  return typeof value === "string"
    ? `s${value.length}:${value}`
    : `${typeof value === "bigint" ? "number" : typeof value}:${String(value)}`;
}
