/** What both faces of a session have in common: everything that needs no database. */
import { DISPATCH, type Dispatch } from "../../engine/events.js";
import { isPromise } from "../../engine/io.js";
import { InvalidRequestError } from "../../sql/errors.js";
import type { Node } from "../../sql/node.js";
import type { AnyTable, Table } from "../../sql/schema/table.js";
import type { Attribute } from "../attributes/attribute.js";
import { ColumnAttribute } from "../attributes/column-attribute.js";
import type { RelationAttribute } from "../attributes/relation-attribute.js";
import type { AnyClass } from "../mapping/declarations.js";
import { noObject } from "../mapping/instrument.js";
import { mapperOf } from "../mapping/mapper.js";
import { stateOf } from "../stamp.js";
import type { SessionCore } from "./session-core.js";
import type { Bind } from "./transaction.js";
import { sessionDispatch } from "./transactional-session.js";

/** What else decides about a bind. */
export interface BindOptions {
  readonly statement?: Node;
  /** For the session's own routing. */
  readonly bindArguments?: Readonly<Record<string, unknown>>;
}

export abstract class SessionFace {
  /** Listening on a class hears all sessions. */
  static readonly [DISPATCH]: Dispatch = sessionDispatch;
  readonly #core: SessionCore;

  constructor(core: SessionCore) {
    this.#core = core;
  }

  /** @internal The session itself, which both faces share. */
  get core(): SessionCore {
    return this.#core;
  }

  get [DISPATCH](): Dispatch {
    return this.#core[DISPATCH];
  }

  /** Adds an object, and what hangs on it along save-update cascades. @throws UnmappedInstanceError, InvalidRequestError */
  add(object: object): void {
    this.#core.add(object);
  }
  /** The same for several objects. */
  addAll(objects: Iterable<object>): void {
    for (const object of objects) this.#core.add(object);
  }
  /** Takes an object, and what its expunge cascades reach, out of the session, without SQL. @throws InvalidRequestError for one that is not in it */
  expunge(object: object): void {
    this.#core.expunge(object);
  }
  /** Takes all objects out. */
  expungeAll(): void {
    this.#core.expungeAll();
  }
  /**
   * Forgets loaded state: the attributes named, or all; pending changes of them are lost.
   *
   * @throws InvalidRequestError for an object that is not persistent here
   */
  expire(object: object, names?: readonly string[]): void {
    this.#core.expire(object, names);
  }
  /** The same for all objects. */
  expireAll(): void {
    this.#core.expireAll();
  }

  /** Objects that were added and not flushed. */
  get new(): ReadonlySet<object> {
    return new Set(this.#core.new);
  }
  /** Objects with changes, whether or not they come to anything. */
  get dirty(): ReadonlySet<object> {
    return new Set(this.#core.dirty);
  }
  /** Objects marked as deleted and not flushed. */
  get deleted(): ReadonlySet<object> {
    return new Set(this.#core.deleted);
  }
  /** All objects with a row that are present. */
  get identityMap(): ReadonlySet<object> {
    return new Set(this.#core.identity.objects());
  }

  /** Whether the object is in this session: pending or persistent. Python's `in`. @throws ArgumentError for what is no object */
  has(object: object): boolean {
    if (typeof object !== "object" || object === null) throw noObject(object);
    const state = stateOf(object);
    return state !== undefined && this.#core.contains(state);
  }
  /**
   * Whether a flush would find a net change on the object.
   *
   * @param options `includeCollections: false` looks at columns and relations to one alone
   */
  isModified(object: object, options: { readonly includeCollections?: boolean } = {}): boolean {
    const state = this.#core.stateFor(object);
    if (!state.modified) return false;
    for (const attribute of mapperOf(state).attributes.values()) {
      if (state.key !== null && !state.committed?.has(attribute)) continue;
      // What waits for a collection to be loaded is not seen, as in SQLAlchemy.
      if (isCollection(attribute) && !(options.includeCollections !== false && attribute.isLoaded(state))) continue;
      const history = attribute.history(state);
      if (history.added.length > 0 || history.deleted.length > 0) return true;
    }
    return false;
  }
  /** Whether a transaction has begun, by `begin()` or by first use. */
  inTransaction(): boolean {
    return this.#core.inTransaction();
  }
  /** Whether a savepoint is open. */
  inNestedTransaction(): boolean {
    return this.#core.inNestedTransaction();
  }
  /** False after a failed flush, until `rollback()`. */
  get isActive(): boolean {
    return this.#core.isActive;
  }
  /**
   * The engine or connection that serves a class, or a statement.
   *
   * @param cls the class, or null for none
   * @throws UnboundExecutionError
   */
  getBind(cls?: AnyClass | null, options: BindOptions = {}): Bind {
    const mapper = cls === undefined || cls === null ? null : this.#core.mapperFor(cls);
    return this.#core.bindFor(mapper, options.statement ?? null, options.bindArguments);
  }
  /** From now on an engine or connection serves this class, and its subclasses, in this session. */
  bindMapper(cls: AnyClass, bind: { readonly core: Bind }): void {
    this.#core.ownBinds().byClass.set(cls, bind.core);
  }
  /** The same for a table. */
  bindTable(table: AnyTable, bind: { readonly core: Bind }): void {
    this.#core.ownBinds().byTable.set(table as Table, bind.core);
  }
  /** User data of this session. */
  get info(): Record<string, unknown> {
    return this.#core.info;
  }
  /** Whether the session was made to flush before statements, loads and refreshes. */
  get autoflush(): boolean {
    return this.#core.options.autoflush;
  }

  *[Symbol.iterator](): Generator<object> {
    for (const state of this.#core.membership.all()) yield state.object;
  }

  /**
   * Runs a function without autoflush, or gives a disposable that suspends it until the end of the block.
   *
   * @example await session.noAutoflush(async () => { ... });   // or: using _ = session.noAutoflush();
   */
  noAutoflush(): Disposable;
  noAutoflush<T>(fn: (session: this) => T): T;
  noAutoflush<T>(fn?: (session: this) => T): T | Disposable {
    const resume = this.#core.suspendAutoflush();
    if (fn === undefined) return { [Symbol.dispose]: resume };
    let result: T;
    try {
      result = fn(this);
    } catch (error) {
      resume();
      throw error;
    }
    if (!isPromise(result)) {
      resume();
      return result;
    }
    return Promise.resolve(result).finally(resume) as T;
  }

  /** Objects of a session are not copied into JSON. */
  toJSON(): string {
    throw new InvalidRequestError("A session cannot be serialised; serialise its objects with toObject().");
  }
}

function isCollection(attribute: Attribute): boolean {
  return !(attribute instanceof ColumnAttribute) && (attribute as RelationAttribute).uselist;
}
