/** Copies a given graph onto the session's own objects. SQLAlchemy: `Session.merge`. */

import type { Op } from "../../engine/io.js";
import type { LoadOption } from "../../sql/entity.js";
import { InvalidRequestError } from "../../sql/errors.js";
import type { Warn } from "../../sql/warnings.js";
import type { ColumnAttribute } from "../attributes/column-attribute.js";
import type { RelationAttribute } from "../attributes/relation-attribute.js";
import { StaleDataError } from "../errors.js";
import { announceInstance, heard } from "../instance-events.js";
import type { GetOptions } from "../loading/identity.js";
import { ensureState } from "../mapping/instrument.js";
import { type Mapper, mapperOf, type Relationship } from "../mapping/mapper.js";
import { refuseLost } from "../mapping/object-row.js";
import { placeArguments } from "../place.js";
import { knownState, stamp, stateOf } from "../stamp.js";
import { hashOf, type IdentityKey, InstanceState, type StateAttribute, tokenOf, valuesOf } from "../state.js";
import { isUnset } from "../unset.js";
import { MERGE_PENDING } from "../warnings.js";
import type { Membership } from "./membership.js";

/** What merging asks of the session. */
export interface MergeHost {
  readonly membership: Membership;
  get(mapper: Mapper, ident: unknown, options?: GetOptions): Op<object | null>;
  loadAttribute(state: InstanceState, attribute: StateAttribute): Op<unknown>;
  readonly warn: Warn;
}

/** Options of `merge`. */
export interface MergeOptions {
  /** False takes the given state as committed and emits no SQL. Default true. */
  readonly load?: boolean;
  /** Loader options for the given object, where it must be loaded: what hangs on it is loaded as they say. */
  readonly options?: readonly unknown[];
  /** A unique attribute, or several, by which the given object's row is found instead of its primary key; its row keeps its own primary key. */
  readonly by?: string | readonly string[];
}

/** A pair whose relationships are being copied, one after the other: their members are merged whole before they are set. Its columns come last. */
interface Frame {
  readonly source: InstanceState;
  readonly target: InstanceState;
  readonly keepsKey: boolean;
  readonly relationships: readonly Relationship[];
  /** The relationship that is being copied. */
  at: number;
  /** Its members; null before it is begun. */
  members: readonly object[] | null;
  readonly merged: object[];
}

/** One call of merge. The graph is walked with an explicit stack: its depth does not matter. */
export class Merge {
  readonly #merged: Map<InstanceState, InstanceState> = new Map();
  readonly #byKey: Map<Mapper, Map<unknown, InstanceState>> = new Map();
  /** Members reached along a relationship: its other side is not followed back. */
  readonly #reachedBy: Map<InstanceState, Set<Relationship>> = new Map();
  readonly #stack: Frame[] = [];
  /** Objects that it makes, until their listeners are told. */
  readonly #made: Set<InstanceState> = new Set();
  readonly #load: boolean;

  constructor(
    readonly host: MergeHost,
    readonly options: MergeOptions,
    /** Where the first object's row was found already: by a natural key, and it keeps its primary key. */
    private foundBy: InstanceState | null,
  ) {
    this.#load = options.load ?? true;
  }

  *run(given: object): Op<object> {
    const result = yield* this.#one(ensureState(given));
    for (let frame = this.#stack.at(-1); frame !== undefined; frame = this.#stack.at(-1)) yield* this.#advance(frame);
    if (!this.#load) for (const [, target] of this.#merged) target.commitAll();
    return result.object;
  }

  /** The session's object for a given one. Its relationships are copied next where it has any, else its columns at once. */
  *#one(source: InstanceState): Op<InstanceState> {
    const known = this.#merged.get(source);
    if (known !== undefined) return known;
    const found = this.foundBy;
    this.foundBy = null;
    const target = found ?? (yield* this.#find(source));
    this.#merged.set(source, target);
    if (source === target) return target;
    const mapper = mapperOf(source);
    this.#checkVersion(mapper, source, target);
    takeOptions(source, target);
    const keepsKey = found !== null;
    const relationships = mapper.relationships.filter((r) => r.cascades.merge && isGiven(r.attribute, source));
    if (relationships.length === 0) yield* this.#columns(source, target, keepsKey);
    else this.#stack.push({ source, target, keepsKey, relationships, at: 0, members: null, merged: [] });
    return target;
  }

  *#columns(source: InstanceState, target: InstanceState, keepsKey: boolean): Op<void> {
    const mapper = mapperOf(source);
    for (const attribute of mapper.columnAttributes)
      if (attribute.writable && !(keepsKey && mapper.primaryKey.includes(attribute)))
        yield* this.#column(attribute, source, target);
    // Nobody constructs it: to its listeners it is loaded.
    if (heard.load && this.#made.delete(target)) announceInstance("load", target);
  }

  /** By identity map, by what this merge has made already, by the database, or new. */
  *#find(source: InstanceState): Op<InstanceState> {
    const mapper = mapperOf(source);
    const { membership } = this.host;
    if (source.key === null) {
      if (membership.contains(source)) {
        this.host.warn(MERGE_PENDING, source.describe());
      }
      if (!this.#load) {
        throw new InvalidRequestError(
          `merge() with load: false does not take transient objects: ${source.describe()} has no identity. Flush it in its own session first.`,
        );
      }
    }
    if (source.key === null) refuseLost(source, mapper);
    const key = source.key ?? mapper.identityKeyOf(source);
    let target =
      key === null
        ? undefined
        : (membership.lookup(mapper.base, key, tokenOf(source)) ??
          this.#byKey.get(mapper.base)?.get(placeKey(source, key)));
    if (target === undefined && key !== null) {
      if (!this.#load) target = this.#stored(mapper, source, key);
      else {
        const found = yield* this.host.get(mapper, [...valuesOf(key)], {
          options: this.#merged.size === 0 ? (this.options.options as readonly LoadOption[] | undefined) : undefined,
          bindArguments: placeArguments(source),
          identityToken: tokenOf(source) ?? undefined,
        });
        if (found !== null) target = stateOf(found);
      }
    }
    target ??= this.#fresh(mapper);
    if (key !== null) {
      const family = this.#byKey.get(mapper.base);
      const place = placeKey(source, key);
      if (family === undefined) this.#byKey.set(mapper.base, new Map([[place, target]]));
      else family.set(place, target);
    }
    return target;
  }

  #instance(mapper: Mapper): InstanceState {
    const object = mapper.newInstance();
    const state = new InstanceState(mapper, object, new Array(mapper.columnSlots).fill(undefined));
    stamp(object, state);
    if (heard.load) this.#made.add(state);
    return state;
  }

  #fresh(mapper: Mapper): InstanceState {
    const state = this.#instance(mapper);
    mapper.initialize(state);
    this.host.membership.saveOrUpdate(state);
    return state;
  }

  #stored(mapper: Mapper, source: InstanceState, key: IdentityKey): InstanceState {
    if (source.modified) {
      throw new InvalidRequestError(
        `merge() with load: false does not take objects with pending changes: ${source.describe()} is modified. Flush it in its own session first.`,
      );
    }
    const state = this.#instance(mapper);
    state.key = key;
    state.origin = source.origin;
    const token = tokenOf(source);
    if (token !== null) state.ext().identityToken = token;
    this.host.membership.saveOrUpdate(state);
    return state;
  }

  #checkVersion(mapper: Mapper, source: InstanceState, target: InstanceState): void {
    const { version } = mapper;
    if (version === null) return;
    const [given, present] = [version.peek(source), version.peek(target)];
    if (given === undefined || present === undefined || version.same(given, present)) return;
    throw new StaleDataError(
      `Version id '${String(given)}' on merged state ${source.describe()} does not match existing version '${String(present)}'. ` +
        `Leave the version attribute unset when merging to update the most recent version.`,
      // What is merged has the same version the next time.
      false,
    );
  }

  /** Setting is an event even where the value is the same: the object counts as dirty until the flush finds no net change. */
  *#column(attribute: ColumnAttribute, source: InstanceState, target: InstanceState): Op<void> {
    const value = attribute.peek(source);
    if (value === undefined || (value === null && isUnset(source, attribute))) {
      // Nobody knows it: the row may have another value by now than the NULL of its INSERT.
      if (target.key !== null && isUnset(target, attribute)) attribute.expire(target);
      return;
    }
    if (!this.#load) {
      attribute.setCommitted(target, value);
      return;
    }
    if (attribute.activeHistory && target.key !== null && !attribute.isLoaded(target))
      yield* this.host.loadAttribute(target, attribute);
    attribute.set(target, value);
  }

  /** One step: a relationship is begun, a member of it merged, or the merged ones are set. */
  *#advance(frame: Frame): Op<void> {
    const { target, relationships, members, merged } = frame;
    const relationship = relationships[frame.at];
    if (relationship === undefined) {
      this.#stack.pop();
      yield* this.#columns(frame.source, target, frame.keepsKey);
    } else if (members === null) yield* this.#begin(frame, relationship);
    else if (merged.length < members.length) {
      const member = ensureState(members[merged.length]);
      let reached = this.#reachedBy.get(member);
      if (reached === undefined) {
        reached = new Set();
        this.#reachedBy.set(member, reached);
      }
      reached.add(relationship);
      merged.push((yield* this.#one(member)).object);
    } else {
      const { attribute } = relationship;
      const value = attribute.uselist ? [...merged] : (merged[0] ?? null);
      if (this.#load) {
        yield* this.#knowReverses(attribute, target, merged);
        attribute.set(target, value);
      } else attribute.setCommitted(target, value);
      next(frame);
    }
  }

  /** New members are taken from where they were: that is loaded where it must be known. */
  *#knowReverses(attribute: RelationAttribute, target: InstanceState, merged: readonly object[]): Op<void> {
    for (const reverse of attribute.traits.reverse) {
      if (reverse.uselist || !reverse.traits.activeHistory) continue;
      const present = attribute.loadedMembers(target);
      for (const object of merged) {
        const member = knownState(object);
        if (member.key === null || present.includes(object) || reverse.isLoaded(member)) continue;
        yield* this.host.loadAttribute(member, reverse);
      }
    }
  }

  *#begin(frame: Frame, relationship: Relationship): Op<void> {
    const { source, target } = frame;
    const { attribute } = relationship;
    if (this.#load && relationship.reverseRelationships.some((r) => this.#reachedBy.get(source)?.has(r)))
      return next(frame);
    if (source.isPartial(attribute)) {
      throw new InvalidRequestError(
        `merge(): ${relationship.label} of ${source.describe()} was loaded in part, and merging it would remove the members that were not. Load it whole first, or merge the members one by one.`,
      );
    }
    if (!attribute.loads && target.key !== null) {
      throw new InvalidRequestError(
        `merge(): ${relationship.label} of ${source.describe()} has members that were not flushed, and a write-only collection that has a row cannot be replaced by them. ` +
          `Merge the members one by one, and add them to the merged object's collection.`,
      );
    }
    const mustKnow = attribute.uselist || relationship.activeHistory;
    if (mustKnow && this.#load && target.key !== null && !attribute.isLoaded(target)) {
      yield* this.host.loadAttribute(target, attribute);
    }
    frame.members = [...attribute.loadedMembers(source)];
  }
}

/** Whether there is something to copy: of a write-only collection what is queued, as the rest is never in memory. */
function isGiven(attribute: RelationAttribute, source: InstanceState): boolean {
  return attribute.loads ? attribute.isLoaded(source) : attribute.loadedMembers(source).length > 0;
}

/** A stored object is loaded from now on as the given one was: with the options of its statement, or with none. */
function takeOptions(source: InstanceState, target: InstanceState): void {
  const { key, origin } = target;
  const options = source.origin?.options ?? null;
  if (key === null || (origin?.options ?? null) === options || (origin !== null && origin.unset !== null)) return;
  target.origin = { converters: origin?.converters ?? [], options, unset: null };
  if (target.extra !== null) target.extra.saidSince = null;
}

/** Goes on to the next relationship. */
function next(frame: Frame): void {
  frame.at++;
  frame.members = null;
  frame.merged.length = 0;
}

/** What a row is found by, where equal keys may be of several places. */
function placeKey(source: InstanceState, key: IdentityKey): unknown {
  const token = tokenOf(source);
  return token === null ? hashOf(key) : JSON.stringify([typeof token, token, typeof hashOf(key), String(hashOf(key))]);
}
