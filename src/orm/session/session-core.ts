/**
 * A session: identity map, unit of work and transaction behind one door. Everything that may reach the database is a generator; the asynchronous
 * and the synchronous session are faces over it.
 */

import type { ConnectionCore } from "../../engine/connection-core.js";
import { DISPATCH } from "../../engine/events.js";
import { type Op, runSync } from "../../engine/io.js";
import type { Result } from "../../engine/result.js";
import { InvalidRequestError, NoResultFound } from "../../sql/errors.js";
import { addTo } from "../../sql/groups.js";
import { keepShape } from "../../sql/keep-shape.js";
import type { Node } from "../../sql/node.js";
import type { Attribute } from "../attributes/attribute.js";
import { ColumnAttribute } from "../attributes/column-attribute.js";
import type { RelationAttribute } from "../attributes/relation-attribute.js";
import type { ToOneAttribute } from "../attributes/to-one-attribute.js";
import { cascadeStates } from "../cascade-walk.js";
import { ObjectDeletedError } from "../errors.js";
import type { IdentityMap } from "../identity-map.js";
import { announceInstance, heard } from "../instance-events.js";
import type { AnnouncedLoad, LoadSession } from "../load-session.js";
import type { Tie } from "../loaded-alike.js";
import { asGetOptions, type GetOptions, loadByKey, refreshState } from "../loading/identity.js";
import { loadRelationship } from "../loading/lazy.js";
import { LoadedOptions } from "../loading/loaded-options.js";
import { expiredTarget, hasEagerOnReload, isKnown, joinsOnReload, reloadState } from "../loading/reload.js";
import { expireNamed, loadUnloaded } from "../loading/unloaded.js";
import { fireMapperEvent, hearsMapperEvent } from "../mapper-events.js";
import { ensureState } from "../mapping/instrument.js";
import { EAGERLY, type Mapper, mapperOf, type Relationship } from "../mapping/mapper.js";
import { mapperFor } from "../mapping/registry.js";
import { SessionPersister } from "../persistence/persister.js";
import type { MapperEventName, PersistSession } from "../persistence/port.js";
import { peekState } from "../stamp.js";
import {
  type IdentityKey,
  type IdentityToken,
  InstanceState,
  type LoadedWith,
  type SessionPort,
  type StateAttribute,
  type StateMapper,
  tokenOf,
} from "../state.js";
import type { FlushContext, FlushSession } from "../uow/flush-context.js";
import { checkReferences } from "./check-references.js";
import { knowSource, readExpired } from "./flush-reads.js";
import { FlushingSession } from "./flushing-session.js";
import { announceLoad } from "./heard-execution.js";
import { isOusted, Membership, type MembershipHost } from "./membership.js";
import { Merge, type MergeHost, type MergeOptions } from "./merge.js";
import { NPlusOneWatch } from "./n-plus-one.js";
import { Relinking } from "./relink.js";
import { getSharded } from "./sharded-get.js";

/** The session itself, which both faces share. It lends itself to each room that works for it, as the port that the room asks for. */
export class SessionCore
  extends FlushingSession
  implements SessionPort, MembershipHost, FlushSession, PersistSession, LoadSession, MergeHost
{
  readonly membership: Membership = new Membership(this);
  protected readonly persister = new SessionPersister(this);
  protected readonly flushPort = this;
  /** Depth of synchronous contexts: a plain session is always in one. */
  syncDepth = 0;

  readonly #watch: NPlusOneWatch | null = watchOf(this);

  // --- ports -------------------------------------------------------------------------------------------------------

  get identity(): IdentityMap {
    return this.membership.identity;
  }
  get modified(): Set<InstanceState> {
    return this.membership.modified;
  }
  get mayBlock(): boolean {
    return this.syncDepth > 0;
  }

  block<T>(op: Op<T>): T {
    return runSync(op);
  }
  noteModified(state: InstanceState): void {
    this.autobegin();
    // A deleted object has no row that a flush could write: its changes count again after a rollback.
    if (state.key !== null && !state.deleted && !isOusted(state)) this.membership.modified.add(state);
  }
  contains(state: InstanceState): boolean {
    return this.membership.contains(state);
  }
  isPending(state: InstanceState): boolean {
    return state.session === this && state.pending;
  }
  saveOrUpdate(state: InstanceState): void {
    this.membership.saveOrUpdate(state);
  }
  expungeState(state: InstanceState): void {
    this.membership.expunge([state, ...cascadeStates(state, "expunge")]);
  }
  lookup(base: StateMapper, key: IdentityKey, token: IdentityToken | null = null): InstanceState | undefined {
    return this.membership.lookup(base, key, token);
  }
  lookupRow(state: InstanceState): InstanceState | undefined {
    return state.key === null ? undefined : this.lookup(mapperOf(state).base, state.key, tokenOf(state));
  }
  allStates(): Iterable<InstanceState> {
    return this.membership.identity.states();
  }
  get tie(): Tie {
    return this.membership.tie;
  }
  get announcesLoaded(): boolean {
    return this.hearsEvent("loadedAsPersistent");
  }
  attachLoaded(state: InstanceState): void {
    this.membership.attachLoaded(state);
    if (this.announcesLoaded) this.transition("loadedAsPersistent", state);
  }
  rowGone(state: InstanceState): void {
    this.membership.registerDeleted([state]);
  }
  hears(name: MapperEventName, mapper: Mapper): boolean {
    return hearsMapperEvent(name, mapper);
  }
  mapperEvent(
    name: MapperEventName,
    mapper: Mapper,
    states: readonly InstanceState[],
    connection: ConnectionCore,
  ): readonly Node[] {
    if (!hearsMapperEvent(name, mapper)) return [];
    const written = name.startsWith("after") ? states : null;
    return this.fromHandler(() => fireMapperEvent(name, mapper, states, connection), written);
  }

  // --- objects -----------------------------------------------------------------------------------------------------

  /** The state of a mapped object. @throws ArgumentError, UnmappedInstanceError */
  stateFor(object: unknown): InstanceState {
    return ensureState(object as object);
  }

  add(object: object): void {
    this.membership.saveOrUpdate(this.stateFor(object));
  }

  /** The state of an object of this session. @throws InvalidRequestError */
  inSession(object: object, operation: string): InstanceState {
    const state = this.stateFor(object);
    if (state.session !== this) {
      throw new InvalidRequestError(
        `${state.describe()} is not present in this session, so it cannot be ${operation}. Add or merge it first.`,
      );
    }
    return state;
  }

  expunge(object: object): void {
    this.expungeState(this.inSession(object, "expunged"));
  }

  expire(object: object, names?: readonly string[]): void {
    this.#expireState(this.#persistent(object, "expired"), names);
  }

  #persistent(object: object, operation: string): InstanceState {
    const state = this.inSession(object, operation);
    if (!this.contains(state) || state.key === null) {
      throw new InvalidRequestError(
        `${state.describe()} is not persistent within this session, so it cannot be ${operation}.`,
      );
    }
    return state;
  }

  #expireState(state: InstanceState, names: readonly string[] | undefined): void {
    const mapper = mapperOf(state);
    if (names !== undefined && names.length > 0) {
      for (const name of names) for (const attribute of mapper.attributesBehind(name)) expireNamed(state, attribute);
      if (heard.expire) announceInstance("expire", state, names);
      return;
    }
    const reached = cascadeStates(state, "refresh-expire");
    for (const each of [state, ...reached]) {
      if (each.key !== null) {
        each.expireAll();
        each.ext().expiredBy = "expire()";
      } else if (this.isPending(each)) this.membership.expunge([each]);
    }
  }

  expireAll(): void {
    this.membership.expiryCause = "expireAll()";
    for (const state of this.membership.identity.states()) state.expireAll();
  }

  get expiryCause(): string | null {
    return this.membership.expiryCause;
  }

  /** Objects with a change since they were loaded or flushed, whether or not it comes to anything. */
  get dirty(): object[] {
    return [...this.membership.modified].filter((s) => !this.membership.deleted.has(s)).map((s) => s.object);
  }
  get new(): object[] {
    return this.membership.new.toArray().map((s) => s.object);
  }
  get deleted(): object[] {
    return [...this.membership.deleted].map((s) => s.object);
  }

  // --- loading -----------------------------------------------------------------------------------------------------

  *get(mapper: Mapper, ident: unknown, given: GetOptions = {}): Op<object | null> {
    const options = asGetOptions(given);
    const values = mapper.keyValues(ident);
    if (this.shards !== null) return yield* getSharded(this, this.shards, mapper, values, options);
    if (!options.populateExisting && !options.withForUpdate) {
      const key = mapper.identityKey(values);
      const object = key === null ? undefined : this.identity.objectAt(mapper.base, key, options.identityToken ?? null);
      if (object !== undefined) {
        const found = peekState(object);
        if (!(found.mapper as Mapper).isA(mapper)) return null;
        // What is not opened is not expired.
        return found instanceof InstanceState && found.expired && !(yield* this.ensurePresent(found)) ? null : object;
      }
    }
    if (this.needsAutoflush) yield* this.autoflush();
    return yield* loadByKey(this, mapper, values, options);
  }

  /** The object of a key, if it is present and can be given without a statement. */
  present(mapper: Mapper, ident: unknown): object | undefined {
    if (this.shards !== null) return undefined;
    const key = mapper.identityKey(mapper.keyValues(ident));
    const object = key === null ? undefined : this.identity.objectAt(mapper.base, key);
    if (object === undefined) return undefined;
    const found = peekState(object);
    if (found instanceof InstanceState && found.expired) return undefined;
    return (found.mapper as Mapper).isA(mapper) ? object : undefined;
  }

  *getOne(mapper: Mapper, ident: unknown, options: GetOptions = {}): Op<object> {
    return (yield* this.get(mapper, ident, options)) ?? this.notFound(mapper, ident);
  }

  notFound(mapper: Mapper, ident: unknown): never {
    const key = mapper.keyValues(ident).map(String).join(", ");
    throw new NoResultFound(`No row of ${mapper.className} was found for the primary key (${key}).`);
  }

  /** Loads an expired object; false, with the object out of the session, when its row is gone. */
  *ensurePresent(state: InstanceState): Op<boolean> {
    if (!state.expired) return true;
    yield* this.autoflush();
    // Its own deletion may just have been flushed.
    if (state.deleted) return false;
    const attribute = mapperOf(state).columnAttributes.find((a) => !a.isLoaded(state) && !a.deferred);
    if (attribute === undefined) {
      state.expired = false;
      return true;
    }
    if (yield* this.#reload(state, attribute)) return true;
    this.rowGone(state);
    return false;
  }

  *loadAttribute(state: InstanceState, attribute: StateAttribute): Op<unknown> {
    const wasExpired = state.expired;
    if (this.#watch !== null) this.#watch.note(state, attribute as Attribute, this.#watch.capture());
    yield* this.autoflush();
    // Its own deletion may just have been flushed.
    if (wasExpired && state.deleted) throw rowMissing(state, attribute, this.#orHidden);
    yield* this.#load([state], attribute as Attribute, false, true);
    return (attribute as Attribute).peek(state);
  }

  /**
   * Loads one attribute of several objects of this session.
   * @param flushes whether a relationship that takes a statement behind that of its expired object flushes before both: a flush may leave something for the
   * next one, as the deletion of an object that was given to another parent
   */
  *#load(states: readonly InstanceState[], attribute: Attribute, whole = false, flushes = false): Op<void> {
    if (attribute instanceof ColumnAttribute) {
      for (const state of states) yield* this.#loadColumn(state, attribute);
      return;
    }
    const relationship = mapperOf(states[0]).relationship(attribute.key) as Relationship;
    const wanting: InstanceState[] = [];
    for (const state of states) {
      // What the relationship is keyed by must be known, and an expired row must still be there.
      if (state.expired) {
        yield* this.#loadColumn(state, mapperOf(state).primaryKey[0]);
        // It may have come with the row.
        if (attribute.isLoaded(state)) continue;
        if (flushes) yield* this.autoflush();
      }
      if (states.length === 1 && (yield* this.#takesExpired(state, relationship))) continue;
      wanting.push(state);
      for (const { local } of relationship.join.pairs) {
        const key = mapperOf(state).byColumn.get(local);
        if (key !== undefined && !key.isLoaded(state)) yield* this.#loadColumn(state, key);
      }
    }
    for (const [options, group] of byOptions(wanting)) {
      const said = whole && options instanceof LoadedOptions ? options.wholeOf(attribute.key) : options;
      yield* loadRelationship(this, group, relationship, said);
    }
  }

  /** Gives a relation to one its target in memory, which has expired: that is read with what is eager of it. False where it is not so, or the row is gone. */
  *#takesExpired(state: InstanceState, relationship: Relationship): Op<boolean> {
    const target = expiredTarget(state, relationship, this);
    if (target === null || !(yield* this.ensurePresent(target))) return false;
    relationship.attribute.setCommitted(state, target.object);
    return true;
  }

  /** An object that is read anew has its eager relationships again: those of the mapping, and of the statement that loaded it. */
  *#loadEagerOnes(state: InstanceState): Op<void> {
    for (const relationship of mapperOf(state).relationships) {
      if (isKnown(relationship, state) || !EAGERLY.has(relationship.strategyFor(state))) continue;
      if (yield* this.#takesExpired(state, relationship)) continue;
      yield* loadRelationship(this, [state], relationship, state.origin?.options ?? null);
    }
  }

  /** Reads an expired object again, with what is eager of it; false when its row is gone. */
  *#reload(state: InstanceState, attribute: ColumnAttribute): Op<boolean> {
    if (joinsOnReload(state) && !(yield* reloadState(this, state))) return false;
    if (!attribute.isLoaded(state) && !(yield* loadUnloaded(this, state, attribute))) return false;
    yield* this.#loadEagerOnes(state);
    return true;
  }

  *#loadColumn(state: InstanceState, attribute: ColumnAttribute): Op<void> {
    if (attribute.isLoaded(state) && !state.expired) return;
    // A deferred column is read alone where the rest would take more than its own statement.
    const staysExpired = state.expired && attribute.deferred && hasEagerOnReload(state);
    const whole = state.expired && !staysExpired;
    if (yield* whole ? this.#reload(state, attribute) : loadUnloaded(this, state, attribute, staysExpired)) return;
    throw rowMissing(state, attribute, this.#orHidden);
  }

  *loadForFlush(state: InstanceState, attribute: Attribute): Op<void> {
    yield* this.#load([state], attribute, true);
  }

  knowSource(state: InstanceState): Op<void> {
    return knowSource(this, this.currentFlush, state);
  }

  protected readExpired(flush: FlushContext): Op<void> | null {
    return readExpired(this, flush);
  }

  *recallForFlush(state: InstanceState, attribute: RelationAttribute): Op<void> {
    const { useGet, identityColumns, tag } = mapperOf(state).relationship(attribute.key) as Relationship;
    if (state.key === null || attribute.isLoaded(state)) return;
    if (!useGet) return yield* this.#load([state], attribute);
    for (const column of tag === null ? identityColumns : [tag.column, ...identityColumns])
      yield* this.#loadColumn(state, mapperOf(state).attributeOf(column));
    (attribute as ToOneAttribute).recall(state);
  }

  *loadOriginal(state: InstanceState, attribute: RelationAttribute): Op<void> {
    const toOne = attribute as ToOneAttribute;
    const current = toOne.peek(state);
    toOne.expire(state);
    yield* this.#load([state], toOne);
    toOne.restore(state, toOne.peek(state), current);
  }

  *loadForCascade(states: readonly InstanceState[], attribute: RelationAttribute): Op<void> {
    // What memory tells needs neither a statement nor the flush before it.
    const isKnown = (state: InstanceState) =>
      attribute.isLoaded(state) || (!attribute.traits.refuses(state, true) && attribute.answers(state));
    const unknown = states.filter((state) => state.isPartial(attribute) || !isKnown(state));
    for (const state of states) {
      // What a detached object does not know is not asked for.
      if (state.session !== null && !unknown.includes(state)) attribute.get(state);
    }
    if (unknown.length === 0) return;
    yield* this.autoflush();
    yield* this.#load(unknown, attribute, true, true);
  }

  protected checkReferences(flush: FlushContext): Op<void> | null {
    return checkReferences(this, flush);
  }

  protected relinking(flush: FlushContext): Relinking {
    return new Relinking(this, flush.states());
  }

  /** The stack of a read, where loads are watched. */
  watchedStack(): string | null {
    return this.#watch?.capture() ?? null;
  }

  /** Loads an attribute of siblings at once, for `awaitable`. */
  *loadSiblings(states: readonly InstanceState[], attribute: Attribute, stack: string | null): Op<void> {
    const missing = states.filter((s) => !attribute.isLoaded(s));
    if (missing.length === 0) return;
    if (stack !== null && missing.length === 1) this.#watch?.note(missing[0], attribute, stack);
    yield* this.autoflush();
    yield* this.#load(missing, attribute, false, true);
  }

  *refresh(object: object, names?: readonly string[], options: GetOptions = {}): Op<void> {
    const state = this.#persistent(object, "refreshed");
    const attributes = names?.flatMap((name) => mapperOf(state).attributesBehind(name));
    this.#expireState(state, names);
    // The row is read anyway: what tells it apart is not left out.
    if (attributes?.some((each) => each instanceof ColumnAttribute))
      attributes.push(...mapperOf(state).primaryKey.filter((each) => !each.isLoaded(state)));
    yield* this.autoflush();
    refuseUnflushedKey(state);
    if (attributes === undefined && options.withForUpdate === undefined && joinsOnReload(state)) {
      if (yield* this.#reload(state, mapperOf(state).primaryKey[0])) return;
    } else if (yield* refreshState(this, state, attributes ?? null, options)) {
      if (attributes === undefined) yield* this.#loadEagerOnes(state);
      return;
    }
    throw new InvalidRequestError(`Could not refresh ${state.describe()}: its row is gone${this.#orHidden}.`);
  }

  /** @param foundBy the object of the given one's row, where it is known already */
  *merge(object: object, options: MergeOptions = {}, foundBy: InstanceState | null = null): Op<object> {
    const given = this.stateFor(object);
    if (options.load !== false) yield* this.autoflush();
    const restore = this.suspendAutoflush();
    try {
      return yield* new Merge(this, options, foundBy).run(given.object);
    } finally {
      restore();
    }
  }

  placeOf(connection: ConnectionCore): IdentityToken | null {
    return this.shards === null ? null : this.shards.placeOf(connection);
  }
  placed(states: readonly InstanceState[]): readonly (readonly InstanceState[])[] {
    return this.shards === null ? [states] : this.shards.group(states);
  }

  get hearsLoads(): boolean {
    return this.hearsEvent("doOrmExecute");
  }
  /** What else may have kept a row from being found. */
  get #orHidden(): string {
    return this.hearsLoads
      ? ", or what a handler of doOrmExecute adds leaves it out (state.isColumnLoad tells such loads)"
      : "";
  }
  announceLoad(load: AnnouncedLoad): Op<Result<unknown>> {
    return announceLoad(this, this[DISPATCH], load);
  }

  mapperFor(cls: unknown): Mapper {
    return mapperFor(cls);
  }
}

function watchOf({ options }: SessionCore): NPlusOneWatch | null {
  const { nPlusOneWatch } = options;
  return nPlusOneWatch === false ? null : new NPlusOneWatch(nPlusOneWatch === true ? {} : nPlusOneWatch, options.warn);
}

/** Objects by the loader options that are in force for them. */
function byOptions(states: readonly InstanceState[]): Map<LoadedWith | null, InstanceState[]> {
  const groups = new Map<LoadedWith | null, InstanceState[]>();
  for (const state of states) {
    const options = state.origin?.options ?? null;
    addTo(groups, options, state);
  }
  return groups;
}

/** What is read is read by the key that the row has, and relationships by the key that the object has. @throws InvalidRequestError */
function refuseUnflushedKey(state: InstanceState): void {
  const changed = mapperOf(state).primaryKey.filter((attribute) => attribute.hasNetChange(state));
  if (changed.length === 0) return;
  throw new InvalidRequestError(
    `${state.describe()} cannot be refreshed while the change of its primary key (${changed.map(({ key }) => key).join(", ")}) is not flushed. Call flush() first.`,
  );
}

function rowMissing(state: InstanceState, attribute: StateAttribute, orHidden: string): ObjectDeletedError {
  return new ObjectDeletedError(
    `${state.describe()} has been deleted, or its row is otherwise not present${orHidden}: ` +
      `its ${state.mapper.className}.${attribute.key} cannot be loaded.`,
  );
}

keepShape(new SessionCore(null as never, { nPlusOneWatch: false } as never));
