/** What the rows of the other side hold, handed out by the key of their parents. */

/** A key as maps compare it: equal for equal keys, whether they came from an attribute or from a row. */
export type Hash = string | number | bigint;

/** Takes what the rows hold. */
export interface Found {
  add(hash: Hash, object: object): void;
}

/**
 * All members in the order of their rows. Neighbouring rows mostly belong to one parent: a parent knows the runs that are its own, and gets its array
 * once, when all are there.
 */
export class FoundMembers implements Found {
  readonly #members: object[] = [];
  /** Where each run begins among the members; it ends where the next one begins. */
  readonly #starts: number[] = [];
  /** For each run the one before it of the same parent; -1 for none. */
  readonly #before: number[] = [];
  /** The last run of each parent. */
  readonly #lastOf: Map<Hash, number> = new Map();
  #hash: Hash | undefined = undefined;

  add(hash: Hash, object: object): void {
    if (hash !== this.#hash) {
      this.#hash = hash;
      this.#before.push(this.#lastOf.get(hash) ?? -1);
      this.#lastOf.set(hash, this.#starts.length);
      this.#starts.push(this.#members.length);
    }
    this.#members.push(object);
  }

  /** An array of its own for each parent, no longer than its members. */
  membersOf(hash: Hash): object[] {
    const last = this.#lastOf.get(hash);
    if (last === undefined) return [];
    if (this.#before[last] < 0) return this.#members.slice(this.#starts[last], this.#starts[last + 1]);
    const runs: number[] = [];
    for (let run = last; run >= 0; run = this.#before[run]) runs.push(run);
    const found: object[] = [];
    for (let i = runs.length - 1; i >= 0; i--) {
      const end = this.#starts[runs[i] + 1] ?? this.#members.length;
      for (let at = this.#starts[runs[i]]; at < end; at++) found.push(this.#members[at]);
    }
    return found.slice();
  }
}

export class FoundObjects implements Found {
  readonly objects: Map<Hash, object> = new Map();
  /** Keys for which there were several objects. */
  readonly several: Set<Hash> = new Set();

  add(hash: Hash, object: object): void {
    const first = this.objects.get(hash);
    if (first === undefined) this.objects.set(hash, object);
    else if (first !== object) this.several.add(hash);
  }
}

/** Rows of an object and the key of its parents. */
export class FoundRows implements Found {
  readonly rows: [object, Hash][] = [];

  add(hash: Hash, object: object): void {
    this.rows.push([object, hash]);
  }
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
