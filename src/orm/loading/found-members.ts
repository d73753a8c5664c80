/** What the rows of the other side hold, handed out by the key of their parents. */

/** A key as maps compare it: equal for equal keys, whether they came from an attribute or from a row. */
export type Hash = string | number | bigint;

/** Takes what the rows hold. */
export interface Found {
  add(hash: Hash, object: object): void;
}

export class FoundMembers implements Found {
  /** One member, or several: most parents of a tree have one, and need no array yet. */
  readonly #byKey: Map<Hash, object | object[]> = new Map();
  // Neighbouring rows mostly belong to one parent.
  #hash: Hash | undefined = undefined;
  #members: object[] | null = null;

  add(hash: Hash, object: object): void {
    if (hash === this.#hash && this.#members !== null) {
      this.#members.push(object);
      return;
    }
    this.#hash = hash;
    const known = this.#byKey.get(hash);
    if (known === undefined) {
      this.#members = null;
      this.#byKey.set(hash, object);
    } else if (Array.isArray(known)) {
      this.#members = known;
      known.push(object);
    } else {
      this.#members = [known, object];
      this.#byKey.set(hash, this.#members);
    }
  }

  /** An array of its own for each parent, no longer than its members: what grows by `push` keeps room for more. */
  membersOf(hash: Hash): object[] {
    const found = this.#byKey.get(hash);
    return found === undefined ? [] : Array.isArray(found) ? found.slice() : [found];
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
