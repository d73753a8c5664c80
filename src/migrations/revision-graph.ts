/** The history: revisions, their order, and the language that names them. Pure: it knows no file and no database. */
import { MultipleHeadsError, RevisionError } from "./errors.js";
import type { Revision } from "./revision.js";

/** A place to migrate to: revisions that are to be applied at the end; none of them stands for the empty database. */
export interface Destination {
  readonly targets: readonly string[];
  /** Only the branch that these revisions belong to is meant (`label@base`); null for the whole history. */
  readonly branch: readonly string[] | null;
}

/**
 * The directed graph of all revisions.
 *
 * @throws RevisionError for an identifier used twice, an ancestor that is missing, a ring, a label used twice
 */
export class RevisionGraph {
  readonly #byId = new Map<string, Revision>();
  readonly #children = new Map<string, string[]>();
  readonly #labels = new Map<string, string>();
  /** Identifiers that a squash has replaced, with the revision that stands for them. */
  readonly #replaced = new Map<string, string>();
  /** Every revision, ancestors first, in an order that does not change from run to run. */
  readonly order: readonly Revision[];

  constructor(revisions: Iterable<Revision>) {
    for (const each of [...revisions].sort((a, b) => (a.id < b.id ? -1 : 1))) {
      const twin = this.#byId.get(each.id);
      if (twin !== undefined) {
        throw new RevisionError(
          `Two files call themselves revision ${each.id}: ${twin.path ?? "(given)"} and ${each.path ?? "(given)"}. Give one of them another identifier.`,
        );
      }
      this.#byId.set(each.id, each);
      this.#children.set(each.id, []);
    }
    for (const each of this.#byId.values()) {
      for (const old of each.replaces) this.#replaced.set(old, each.id);
      for (const label of each.labels) {
        const other = this.#labels.get(label);
        if (other !== undefined || this.#byId.has(label)) {
          throw new RevisionError(`The branch label "${label}" of revision ${each.id} is taken by ${other ?? label}.`);
        }
        this.#labels.set(label, each.id);
      }
    }
    for (const [id, each] of this.#byId) {
      const dependsOn = each.dependsOn.map((other) => this.#labels.get(other) ?? other);
      if (dependsOn.some((other, i) => other !== each.dependsOn[i])) this.#byId.set(id, { ...each, dependsOn });
    }
    for (const each of this.#byId.values()) {
      for (const down of each.down) this.#parent(each, down, "downRevision");
      for (const other of each.dependsOn) this.#parent(each, other, "dependsOn");
      for (const down of each.down) this.#children.get(down)?.push(each.id);
    }
    this.order = this.#sorted();
  }

  #parent(revision: Revision, id: string, attribute: string): void {
    if (this.#byId.has(id)) return;
    const squashed = this.#replaced.get(id);
    throw new RevisionError(
      squashed === undefined
        ? `Revision ${revision.id}${at(revision)} names ${attribute} "${id}", and there is no such revision. Bring its file back, or mend ${attribute}.`
        : `Revision ${revision.id}${at(revision)} names ${attribute} "${id}", which ${squashed} has replaced. Write "${squashed}" there.`,
    );
  }

  #sorted(): Revision[] {
    const open = new Map<string, number>();
    const above = new Map<string, string[]>();
    for (const each of this.#byId.values()) {
      const parents = parentsOf(each);
      open.set(each.id, parents.length);
      for (const parent of parents) above.set(parent, [...(above.get(parent) ?? []), each.id]);
    }
    const ready = [...open].filter(([, count]) => count === 0).map(([id]) => id);
    const sorted: Revision[] = [];
    // Depth first: a branch is gone through to its end before the next one begins.
    while (ready.length > 0) {
      const id = ready.pop() as string;
      sorted.push(this.#byId.get(id) as Revision);
      for (const next of above.get(id) ?? []) {
        const left = (open.get(next) as number) - 1;
        open.set(next, left);
        if (left === 0) ready.push(next);
      }
    }
    if (sorted.length < this.#byId.size) {
      const ring = [...this.#byId.keys()].filter((id) => !sorted.some((each) => each.id === id));
      throw new RevisionError(
        `Revisions are their own ancestors: ${ring.join(", ")}. Mend downRevision or dependsOn of one.`,
      );
    }
    return sorted;
  }

  get size(): number {
    return this.#byId.size;
  }

  has(id: string): boolean {
    return this.#byId.has(id);
  }

  /** @throws RevisionError */
  get(id: string): Revision {
    const found = this.#byId.get(id);
    if (found === undefined) throw this.#unknown(id);
    return found;
  }

  /** The revision that has replaced this one in a squash, or null. */
  replacing(id: string): Revision | null {
    const by = this.#replaced.get(id);
    return by === undefined ? null : this.get(by);
  }

  /** The revisions that come directly after one. */
  children(id: string): readonly string[] {
    return this.#children.get(id) ?? [];
  }

  /** The revisions that nothing follows. */
  get heads(): readonly string[] {
    return this.order.filter((each) => this.children(each.id).length === 0).map((each) => each.id);
  }

  /** The revisions that follow nothing. */
  get bases(): readonly string[] {
    return this.order.filter((each) => each.down.length === 0).map((each) => each.id);
  }

  /** The revisions that several follow. */
  get branchPoints(): readonly string[] {
    return this.order.filter((each) => this.children(each.id).length > 1).map((each) => each.id);
  }

  /** The labels of the branch that a revision is on: its own and those of what lies under or above it. */
  labelsOf(id: string): readonly string[] {
    const near = new Set([...this.#closure([id], (each) => this.get(each).down), ...this.descendants([id])]);
    return [...this.#labels].filter(([, root]) => near.has(root)).map(([label]) => label);
  }

  /** These revisions and all that must be applied before them. */
  ancestors(ids: Iterable<string>): Set<string> {
    return this.#closure(ids, (id) => parentsOf(this.get(id)));
  }

  /** These revisions and all that lean on them. */
  descendants(ids: Iterable<string>): Set<string> {
    const wanted = new Set(ids);
    for (const each of this.order) if (parentsOf(each).some((parent) => wanted.has(parent))) wanted.add(each.id);
    return wanted;
  }

  #closure(ids: Iterable<string>, next: (id: string) => Iterable<string>): Set<string> {
    const found = new Set<string>();
    const open = [...ids];
    for (let id = open.pop(); id !== undefined; id = open.pop()) {
      if (found.has(id)) continue;
      found.add(id);
      open.push(...next(id));
    }
    return found;
  }

  /** Of the applied revisions, those that no applied one follows. */
  headsOf(applied: ReadonlySet<string>): readonly string[] {
    return this.order
      .filter((each) => applied.has(each.id) && !this.children(each.id).some((child) => applied.has(child)))
      .map((each) => each.id);
  }

  /** What an upgrade to a destination has to apply, in order. */
  upgradePath(applied: ReadonlySet<string>, destination: Destination): readonly Revision[] {
    const wanted = this.ancestors(destination.targets);
    return this.order.filter((each) => wanted.has(each.id) && !applied.has(each.id));
  }

  /** What a downgrade to a destination has to undo, in order. */
  downgradePath(applied: ReadonlySet<string>, destination: Destination): readonly Revision[] {
    const { targets, branch } = destination;
    let undone: Set<string>;
    if (targets.length > 0) {
      const lineage = branch === null ? null : this.#lineage(branch);
      const next = targets.flatMap((id) => this.children(id));
      undone = this.descendants(next.filter((id) => lineage === null || lineage.has(id)));
    } else if (branch === null) undone = new Set(this.order.map((each) => each.id));
    else undone = this.descendants(branch);
    return this.order.filter((each) => undone.has(each.id) && applied.has(each.id)).reverse();
  }

  /**
   * The revisions that an expression names. `head`, `heads`, `base`, `current`, an identifier or a unique beginning of
   * one, a branch label, `label@head`, `label@base`, `+2` and `-1` from where the database is, `ae1+2`, `label@+1`.
   *
   * @param applied what the database has, for relative expressions
   * @throws RevisionError
   */
  resolve(expression: string, applied: ReadonlySet<string> = new Set()): Destination {
    const relative = /^(?:(.+?)@)?(.*?)([+-]\d+)$/.exec(expression);
    if (relative !== null && !this.#byId.has(expression)) {
      const [, branch, from = "", steps] = relative;
      return this.#relative(expression, branch ?? null, from, Number(steps), applied);
    }
    const at = expression.indexOf("@");
    if (at > 0) return this.#inBranch(expression, expression.slice(0, at), expression.slice(at + 1));
    switch (expression) {
      case "base":
        return { targets: [], branch: null };
      case "heads":
        return { targets: this.heads, branch: null };
      case "current":
        return { targets: this.headsOf(applied), branch: null };
      case "head": {
        if (this.heads.length > 1) throw new MultipleHeadsError(this.heads);
        return { targets: this.heads, branch: null };
      }
      default:
        return { targets: [this.find(expression)], branch: null };
    }
  }

  /** The identifier that an identifier, a beginning of one, or a branch label stands for. @throws RevisionError */
  find(name: string): string {
    if (this.#byId.has(name)) return name;
    const labelled = this.#labels.get(name);
    if (labelled !== undefined) return labelled;
    const found = name === "" ? [] : [...this.#byId.keys()].filter((id) => id.startsWith(name));
    if (found.length === 1) return found[0] as string;
    if (found.length > 1) {
      throw new RevisionError(
        `"${name}" is the beginning of several revisions: ${found.join(", ")}. Write more of it.`,
      );
    }
    throw this.#unknown(name);
  }

  #unknown(name: string): RevisionError {
    const squashed = this.#replaced.get(name);
    if (squashed !== undefined) return new RevisionError(`Revision ${name} was replaced by ${squashed}. Use that.`);
    const heads = this.heads;
    const known = heads.length === 0 ? "The history is empty" : `The history ends at ${heads.join(", ")}`;
    const labels = this.#labels.size === 0 ? "" : `; branch labels: ${[...this.#labels.keys()].join(", ")}`;
    return new RevisionError(`There is no revision "${name}". ${known}${labels}.`);
  }

  #inBranch(expression: string, branch: string, what: string): Destination {
    const root = this.find(branch);
    const members = this.descendants([root]);
    if (what === "base") return { targets: [], branch: [this.#lowest(root)] };
    if (what === "head" || what === "heads") {
      const heads = this.heads.filter((id) => members.has(id));
      if (what === "head" && heads.length > 1) throw new MultipleHeadsError(heads, expression);
      return { targets: heads, branch: [root] };
    }
    const id = this.find(what);
    if (!members.has(id) && !this.ancestors([root]).has(id)) {
      throw new RevisionError(`Revision ${id} is not on the branch "${branch}".`);
    }
    return { targets: [id], branch: [root] };
  }

  /** Revisions with all that lies under and above them. */
  #lineage(ids: readonly string[]): ReadonlySet<string> {
    return new Set([...this.#closure(ids, (id) => this.get(id).down), ...this.descendants(ids)]);
  }

  // The first revision of a branch: a label may stand on a later one.
  #lowest(root: string): string {
    let id = root;
    for (;;) {
      const { down } = this.get(id);
      const only = down[0];
      if (down.length !== 1 || only === undefined || this.children(only).length > 1) return id;
      id = only;
    }
  }

  #relative(
    expression: string,
    branch: string | null,
    from: string,
    steps: number,
    applied: ReadonlySet<string>,
  ): Destination {
    const lineage = branch === null ? null : this.#lineage([this.find(branch)]);
    const onBranch = (id: string): boolean => lineage === null || lineage.has(id);
    const starts =
      from === ""
        ? this.headsOf(new Set([...applied].filter(onBranch)))
        : from === "base"
          ? []
          : this.resolve(from, applied).targets;
    if (starts.length > 1) {
      throw new RevisionError(
        `"${expression}" starts from several revisions (${starts.join(", ")}). Say from which: "<revision>${signed(steps)}" or "<branch>@${signed(steps)}".`,
      );
    }
    let place: string | null = starts[0] ?? null;
    for (let i = 0; i < Math.abs(steps); i++) {
      const next: readonly string[] =
        steps > 0
          ? (place === null ? this.bases : this.children(place)).filter(onBranch)
          : place === null
            ? []
            : this.get(place).down;
      if (steps < 0 && place !== null && next.length === 0) {
        place = null;
        continue;
      }
      if (next.length === 0) {
        throw new RevisionError(
          `"${expression}" goes ${Math.abs(steps)} ${Math.abs(steps) === 1 ? "step" : "steps"}, and the history ends after ${i}.`,
        );
      }
      // One step back from a merge is both of its parents.
      if (next.length > 1 && steps < 0 && i === -steps - 1) return { targets: next, branch: null };
      if (next.length > 1) {
        throw new RevisionError(
          `"${expression}" is ambiguous: after ${place ?? "base"} come ${next.join(", ")}. Name the one to go to.`,
        );
      }
      place = next[0] as string;
    }
    const root = branch === null ? null : [this.find(branch)];
    return { targets: place === null ? [] : [place], branch: place === null && root === null ? null : root };
  }

  /** The revisions of a range `from:to`, either end left out for the end of the history; newest first. */
  range(expression: string, applied: ReadonlySet<string> = new Set()): readonly Revision[] {
    const [from = "", to = ""] = expression.includes(":") ? expression.split(":") : [expression, expression];
    const upper = to === "" ? this.heads : this.resolve(to, applied).targets;
    const lower = from === "" || from === "base" ? [] : this.resolve(from, applied).targets;
    const under = this.ancestors(upper);
    const over = lower.length === 0 ? null : this.descendants(lower);
    return this.order.filter((each) => under.has(each.id) && (over === null || over.has(each.id))).reverse();
  }
}

function parentsOf(revision: Revision): readonly string[] {
  return [...new Set([...revision.down, ...revision.dependsOn])];
}

function at(revision: Revision): string {
  return revision.path === null ? "" : ` (${revision.path})`;
}

function signed(steps: number): string {
  return steps > 0 ? `+${steps}` : String(steps);
}
