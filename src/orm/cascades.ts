/** Cascades of a relationship: which operations follow it. SQLAlchemy: `CascadeOptions`. */
import { ArgumentError } from "../sql/errors.js";

/** The names that `cascade: [...]` takes. */
export type CascadeName =
  | "save-update"
  | "merge"
  | "delete"
  | "delete-orphan"
  | "refresh-expire"
  | "expunge"
  | "all"
  | "none";

/** The same in one string, as SQLAlchemy has it: `"all, delete-orphan"`. */
export type CascadeText = CascadeName | `${CascadeName}, ${CascadeName}` | `${CascadeName}, ${CascadeName}, ${string}`;

/** The operations that walk a graph along cascades. */
export type CascadeOperation = "save-update" | "merge" | "delete" | "refresh-expire" | "expunge";

const ALL: readonly CascadeOperation[] = ["save-update", "merge", "delete", "refresh-expire", "expunge"];
const KNOWN: ReadonlySet<string> = new Set([...ALL, "delete-orphan", "all", "none"]);

export class Cascades {
  readonly #names: ReadonlySet<string>;
  readonly saveUpdate: boolean;
  readonly merge: boolean;
  readonly delete: boolean;
  readonly deleteOrphan: boolean;

  /**
   * @param names cascade names, or one string with commas as in SQLAlchemy
   * @param label `User.posts`, for messages
   */
  constructor(names: readonly CascadeName[] | string, label: string) {
    const list = typeof names === "string" ? names.split(",").map((n) => n.trim()) : names;
    const set = new Set<string>();
    for (const name of list) {
      if (!KNOWN.has(name)) {
        throw new ArgumentError(`${label}: there is no cascade "${name}"; the cascades are ${[...KNOWN].join(", ")}.`);
      }
      if (name === "all") for (const n of ALL) set.add(n);
      else if (name === "none") set.clear();
      else set.add(name);
    }
    if (set.has("delete-orphan") && !set.has("delete")) {
      throw new ArgumentError(
        `${label}: the cascade "delete-orphan" needs "delete" beside it; write cascade: ["all", "delete-orphan"].`,
      );
    }
    this.#names = set;
    this.saveUpdate = set.has("save-update");
    this.merge = set.has("merge");
    this.delete = set.has("delete");
    this.deleteOrphan = set.has("delete-orphan");
  }

  has(operation: CascadeOperation | "delete-orphan"): boolean {
    return this.#names.has(operation);
  }

  toString(): string {
    return [...this.#names].sort().join(", ");
  }
}

export const DEFAULT_CASCADES: readonly CascadeName[] = ["save-update", "merge"];
