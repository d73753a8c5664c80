/** What all kinds of mapped attributes have in common. */
import { InvalidRequestError } from "../../sql/errors.js";
import { DetachedInstanceError, MissingSyncContextError } from "../errors.js";
import type { History } from "../history.js";
import type { InstanceState, StateAttribute, StateMapper } from "../state.js";
import { apart } from "../undo.js";

/** What began a chain of events: an operation on one attribute. */
export interface Initiator {
  /** Its name: `posts`. */
  readonly key: string;
  /** With its class: `User.posts`. */
  readonly label: string;
  readonly operation: "append" | "remove" | "replace" | "bulk replace";
}

/** Handlers of one attribute's events; those of a value may replace it by returning another one. */
export interface AttributeListeners {
  /** `initiator` is null for a column. */
  readonly set: ((state: InstanceState, value: unknown, previous: unknown, initiator: Initiator | null) => unknown)[];
  readonly initScalar: ((state: InstanceState) => unknown)[];
  readonly append: ((state: InstanceState, value: unknown, initiator: Initiator) => unknown)[];
  readonly appendWoMutation: ((state: InstanceState, value: unknown, initiator: Initiator) => void)[];
  readonly remove: ((state: InstanceState, value: unknown, initiator: Initiator) => void)[];
  /** May change the list of members. */
  readonly bulkReplace: ((state: InstanceState, values: object[], initiator: Initiator) => void)[];
  readonly initCollection: ((state: InstanceState, collection: unknown) => void)[];
  readonly disposeCollection: ((state: InstanceState, collection: unknown) => void)[];
  readonly modified: ((state: InstanceState) => void)[];
}

function noListeners(): AttributeListeners {
  return {
    set: [],
    initScalar: [],
    append: [],
    appendWoMutation: [],
    remove: [],
    bulkReplace: [],
    initCollection: [],
    disposeCollection: [],
    modified: [],
  };
}

export abstract class Attribute implements StateAttribute {
  /** Made at the first `listen`; null costs an assignment nothing. */
  listeners: AttributeListeners | null = null;

  /** False for what never comes into memory, and is reached by statements instead. */
  readonly loads: boolean = true;

  /** `User.posts`, for messages. */
  readonly label: string;

  constructor(
    readonly owner: StateMapper,
    readonly key: string,
    readonly slot: number,
  ) {
    this.label = `${owner.className}.${key}`;
  }

  /** Where reading the attribute gives just the value of its slot: its bit among those that may have to be converted first. Null for all others. */
  get plainBit(): number | null {
    return null;
  }

  listen(): AttributeListeners {
    this.listeners ??= noListeners();
    return this.listeners;
  }

  /** The property that the user reads, for messages. */
  get property(): string {
    return this.key;
  }

  /** The option by which a statement loads it, for messages. */
  get eagerOption(): string {
    return `options(selectinload(${this.owner.className}, (x) => x.${this.property}))`;
  }

  /** Why it may be unloaded on an object that has a row, for messages. */
  get whyUnloaded(): string {
    return "";
  }

  /** What the accessor hands out: loads where that is allowed. */
  abstract get(state: InstanceState): unknown;

  /** What an assignment does. @param initiator what listeners are told that it began with, where it is not the attribute itself */
  abstract set(state: InstanceState, value: unknown, initiator?: Initiator): void;

  abstract isLoaded(state: InstanceState): boolean;

  /** The change since the last flush, from memory. */
  abstract history(state: InstanceState): History;

  /** The same, with what is not in memory loaded for it, where that is allowed. */
  loadHistory(state: InstanceState): History {
    if (this.loads && state.key !== null && !this.isLoaded(state)) this.get(state);
    return this.history(state);
  }

  /** The same as a flush sees it: with what waits for a collection to be loaded. */
  flushHistory(state: InstanceState): History {
    return this.history(state);
  }

  /** Stores a value as if it had come from the database: no event, no change. */
  abstract setCommitted(state: InstanceState, value: unknown): void;

  /** What an object holds that is without a row from now on counts as it did: as nothing new. */
  abstract keepAsCommitted(state: InstanceState): void;

  /** Forgets the value and any change to it. */
  abstract expire(state: InstanceState): void;

  /** The value in memory as `merge` and serialisers see it, undefined where it is not loaded. */
  abstract peek(state: InstanceState): unknown;
}

/** Loads an attribute of an object that has a row, or says why that cannot be done here. */
export function loadNow(state: InstanceState, attribute: Attribute): unknown {
  const session = state.session;
  if (session === null) {
    const expired = state.expired ? "It was expired by a commit or rollback before its session let it go. " : "";
    throw new DetachedInstanceError(
      `${state.describe()} belongs to no session, so its unloaded attribute "${attribute.property}" cannot be loaded. ${expired}` +
        `Load it before the session ends (an eager option, refresh), or give the object back to a session with add() or merge().`,
    );
  }
  if (!session.mayBlock) throw missingSyncContext(state, attribute);
  return apart(() => session.block(session.loadAttribute(state, attribute)));
}

/** Finds out what a relation to one held before it was replaced unloaded, or says why that cannot be done here. */
export function loadOriginalNow(state: InstanceState, attribute: Attribute): void {
  const { session } = state;
  const what = `What "${attribute.property}" of ${state.describe()} held before it was replaced is not in memory, and `;
  const cure = "Give the relationship activeHistory: true, which has it loaded in time";
  if (session === null)
    throw new DetachedInstanceError(`${what}the object belongs to no session that could ask for it. ${cure}.`);
  if (!session.mayBlock) {
    throw new MissingSyncContextError(
      `${what}asking for it here would need the database without an await. ${cure}, or work inside "await session.runSync(...)".`,
    );
  }
  apart(() => session.block(session.loadOriginal(state, attribute)));
}

/** What an object had that was expired when the transaction that had inserted it was rolled back: nothing can bring it back. */
export function lostWithRow(state: InstanceState, attribute: StateAttribute): Error {
  const Kind = state.session === null ? DetachedInstanceError : InvalidRequestError;
  return new Kind(
    `${state.describe()} has no row: it was rolled back while the object was expired, so that its "${attribute.key}" is lost. ` +
      "Assign its attributes anew, or make a new object.",
  );
}

function missingSyncContext(state: InstanceState, attribute: Attribute): MissingSyncContextError {
  const { property: key } = attribute;
  const expiry = state.expired ? (state.extra?.expiredBy ?? state.session?.expiryCause) : null;
  const what = expiry ? `was expired by ${expiry}` : `is not loaded${attribute.whyUnloaded}`;
  return new MissingSyncContextError(
    `Attribute "${key}" of ${state.describe()} ${what}, and reading or replacing it here would need the database without an await. ` +
      `Load it with the statement (${attribute.eagerOption}), ` +
      `or write "await awaitable(object).${key}", "await session.refresh(object, ["${key}"])", or work inside "await session.runSync(...)".`,
  );
}
