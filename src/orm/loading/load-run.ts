/** One execution of a plan: what was loaded and met, until its relationships are filled. */
import type { ConnectionCore } from "../../engine/connection-core.js";
import type { ExecutionOptions } from "../../engine/execution-options.js";
import type { Op } from "../../engine/io.js";
import { keepShape } from "../../sql/keep-shape.js";
import type { BoundValue } from "../../sql/key-context.js";
import type { RelationAttribute } from "../attributes/relation-attribute.js";
import type { IdentityFamily } from "../identity-map.js";
import type { LoadSession } from "../load-session.js";
import type { IdentityToken, InstanceState, StateMapper } from "../state.js";
import type { UserDefinedOption } from "./user-option.js";

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

/** What the rows of one run bring of one joined relationship. */
export class JoinRun {
  readonly gathered: Map<InstanceState, Gathering> = new Map();
  current: Gathering | null = null;
  readonly settled: Set<InstanceState> = new Set();
}

/** What a statement says of what it loads, and of the loads that follow from it, beside its SQL and its loader options. */
export interface Said {
  readonly identityToken?: IdentityToken | null;
  readonly executionOptions?: ExecutionOptions;
  /** Options of the application's own that go with the objects. */
  readonly carried?: readonly UserDefinedOption[];
}

/** Most runs have one class and no relationships to fill: what others need is made when they need it. */
export class LoadRun {
  /** New objects by the number of their variant, where relationships are to be filled afterwards. */
  private freshBy: InstanceState[][] | null = null;
  /** Objects met that were there before. */
  private metBy: Set<InstanceState>[] | null = null;
  /** By the number of a joined relationship. */
  private joins: JoinRun[] | null = null;
  private firstFamily: IdentityFamily | null = null;
  private families: IdentityFamily[] | null = null;
  /** At which depth objects were made, where the plan has their class in several places. */
  depths: Map<InstanceState, number> | null = null;
  private overwritten: Set<InstanceState> | null = null;
  /** Guards recursive loads that overwrite: what was loaded once is not loaded again. */
  private done: Map<RelationAttribute, Set<InstanceState>> | null = null;

  /** Whether a versioned object that is there already must be as its row is: a lock on the row would not help one that is out of date. */
  checksVersions: boolean = false;
  readonly said: Said | null;
  /** The place that the rows come from, which is part of the identity of what is made of them; null where there is only one. */
  readonly identityToken: IdentityToken | null;
  /** Whether objects get their states as they are made. */
  readonly opensAtOnce: boolean;

  constructor(
    readonly session: LoadSession,
    readonly connection: ConnectionCore,
    /** The binds of the statement that is executed. */
    readonly binds: readonly BoundValue[],
    readonly named: NamedValues | undefined,
    readonly populateExisting: boolean,
    /** The run that this one serves. */
    readonly parent: LoadRun | null = null,
    /** Where it is left out, it is that of the run around this one. */
    said: Said | null = null,
  ) {
    this.said = said ?? parent?.said ?? null;
    this.identityToken = this.said?.identityToken ?? parent?.identityToken ?? session.placeOf(connection);
    this.opensAtOnce = this.identityToken !== null || session.announcesLoaded;
  }

  /** The objects of a variant that were made, to be filled afterwards. */
  fresh(variant: number): InstanceState[] {
    this.freshBy ??= [];
    let fresh = this.freshBy[variant];
    if (fresh === undefined) {
      fresh = [];
      this.freshBy[variant] = fresh;
    }
    return fresh;
  }

  /** Notes an object that was there before, to be filled afterwards. */
  noteMet(variant: number, state: InstanceState): void {
    this.metBy ??= [];
    this.metBy[variant] ??= new Set();
    this.metBy[variant].add(state);
  }

  /** All objects of these variants that are to be filled. */
  statesOf(variants: readonly number[]): readonly InstanceState[] {
    const { freshBy, metBy } = this;
    if (metBy === null && variants.length === 1) return freshBy?.[variants[0]] ?? [];
    const states = new Set<InstanceState>();
    for (const id of variants) {
      for (const state of freshBy?.[id] ?? []) states.add(state);
      for (const state of metBy?.[id] ?? []) states.add(state);
    }
    return [...states];
  }

  join(id: number): JoinRun {
    this.joins ??= [];
    this.joins[id] ??= new JoinRun();
    return this.joins[id];
  }

  /** What the rows have brought of a joined relationship; undefined for nothing. */
  joined(id: number): JoinRun | undefined {
    return this.joins?.[id];
  }

  /** What a session's routing is told, so that what follows from this run is looked for at the same place. */
  get bindArguments(): Readonly<Record<string, unknown>> | undefined {
    return this.identityToken === null ? undefined : { shardId: this.identityToken };
  }

  /** The identity map of a hierarchy. @param id the number of the loader that asks */
  family(id: number, base: StateMapper): IdentityFamily {
    if (id === 0) {
      this.firstFamily ??= this.session.identity.family(base, this.identityToken);
      return this.firstFamily;
    }
    this.families ??= [];
    this.families[id] ??= this.session.identity.family(base, this.identityToken);
    return this.families[id];
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

keepShape(new LoadRun({ placeOf: () => null, announcesLoaded: false } as never, null as never, [], undefined, false));
