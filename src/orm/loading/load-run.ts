/** One execution of a plan: what was loaded and met, until its relationships are filled. */
import type { ConnectionCore } from "../../engine/connection-core.js";
import type { Op } from "../../engine/io.js";
import type { BoundValue } from "../../sql/key-context.js";
import type { RelationAttribute } from "../attributes/relation-attribute.js";
import type { IdentityEntry } from "../identity-map.js";
import type { LoadSession } from "../load-session.js";
import type { IdentityToken, InstanceState, StateMapper } from "../state.js";

/** Values given to a statement by name. */
export type NamedValues = Readonly<Record<string, unknown>>;

/** Fills one relationship, or the columns of a subclass, of many objects with statements of its own, after their rows were read. */
export interface PostLoader {
  load(run: LoadRun, states: readonly InstanceState[]): Op<void>;
}

/** The members of one parent's collection, as the rows of a join bring them. */
export class Gathering {
  private seen: Set<object> | null = null;

  constructor(
    readonly state: InstanceState,
    /** Null where the collection is loaded already and stays as it is. */
    readonly members: object[] | null,
  ) {}

  add(member: object): void {
    const { members } = this;
    if (members === null) return;
    if (this.seen === null) {
      if (members.includes(member)) return;
      if (members.length > 15) this.seen = new Set(members).add(member);
    } else {
      if (this.seen.has(member)) return;
      this.seen.add(member);
    }
    members.push(member);
  }
}

export class LoadRun {
  /** New objects by the number of their variant, where relationships are to be filled afterwards. */
  readonly fresh: InstanceState[][] = [];
  /** Objects met that were there before. */
  readonly met: Set<InstanceState>[] = [];
  /** By the number of a joined relationship. */
  readonly gathered: Map<InstanceState, Gathering>[] = [];
  readonly current: (Gathering | null)[] = [];
  readonly settled: Set<InstanceState>[] = [];
  private readonly families: Map<string | number | bigint, IdentityEntry>[] = [];
  /** At which depth objects were made, where the plan has their class in several places. */
  depths: Map<InstanceState, number> | null = null;
  private overwritten: Set<InstanceState> | null = null;
  /** Guards recursive loads that overwrite: what was loaded once is not loaded again. */
  private done: Map<RelationAttribute, Set<InstanceState>> | null = null;

  /** The place that the rows come from; null where there is only one. */
  readonly identityToken: IdentityToken | null;

  constructor(
    readonly session: LoadSession,
    readonly connection: ConnectionCore,
    /** The binds of the statement that is executed. */
    readonly binds: readonly BoundValue[],
    readonly named: NamedValues | undefined,
    readonly populateExisting: boolean,
    /** The run that this one serves. */
    readonly parent: LoadRun | null = null,
  ) {
    this.identityToken = session.placeOf(connection);
  }

  /** What a session's routing is told, so that what follows from this run is looked for at the same place. */
  get bindArguments(): Readonly<Record<string, unknown>> | undefined {
    return this.identityToken === null ? undefined : { shardId: this.identityToken };
  }

  family(id: number, base: StateMapper): Map<string | number | bigint, IdentityEntry> {
    let family = this.families[id];
    if (family === undefined) {
      family = this.session.identity.family(base, this.identityToken);
      this.families[id] = family;
    }
    return family;
  }

  /** Whether an object that is to be overwritten is met for the first time. */
  firstOverwrite(state: InstanceState): boolean {
    this.overwritten ??= new Set();
    if (this.overwritten.has(state)) return false;
    this.overwritten.add(state);
    return true;
  }

  /** Whether a relationship of an object was not yet loaded anew by this run or those around it. */
  firstLoad(attribute: RelationAttribute, state: InstanceState): boolean {
    let root: LoadRun = this;
    while (root.parent !== null) root = root.parent;
    root.done ??= new Map();
    let states = root.done.get(attribute);
    if (states === undefined) {
      states = new Set();
      root.done.set(attribute, states);
    }
    if (states.has(state)) return false;
    states.add(state);
    return true;
  }
}
