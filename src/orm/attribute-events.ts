/** Events of attributes: a value is set, a member comes into a collection or leaves it. A handler may put another value in its place, or refuse by a throw. */
import { Dispatch, type Handler, type ListenOptions, refusePromise, registerEventTargets } from "../engine/events.js";
import { ArgumentError } from "../sql/errors.js";
import type { Attribute, AttributeListeners, Initiator } from "./attributes/attribute.js";
import { ColumnAttribute } from "./attributes/column-attribute.js";
import { RelationAttribute } from "./attributes/relation-attribute.js";
import { CompositeElement } from "./loading/composite-element.js";
import { InstrumentedColumn } from "./loading/instrumented-column.js";
import { InstrumentedRelation } from "./loading/instrumented-relation.js";
import type { Mapper } from "./mapping/mapper.js";
import type { InstanceState } from "./state.js";
import { apart } from "./undo.js";

export type { Initiator as AttributeInitiator } from "./attributes/attribute.js";

/** Handlers of a column, or of a relation to one. */
export interface ScalarAttributeEvents<E, T> {
  /**
   * Before a value is stored.
   * @param previous the value before, undefined where it is not loaded (`activeHistory` loads it)
   * @param initiator what began it: another attribute where the other side of a relationship was set
   * @returns the value to store instead; nothing keeps it
   */
  set(object: E, value: T, previous: T | undefined, initiator: Initiator): T | undefined | void;
  /** After `flagModified()` was called for the attribute, which sets no value. */
  modified(object: E): void;
  /**
   * When a column attribute of a new object is read that was never set.
   * @returns its value from then on, which is part of the INSERT; nothing leaves it unset
   */
  initScalar(object: E): T | undefined | void;
}

/** Handlers of a collection. */
export interface CollectionAttributeEvents<E, T> {
  /** Before a member is taken in. @returns the member to take instead; nothing keeps it */
  append(object: E, member: T, initiator: Initiator): T | undefined | void;
  /** A member was put into a Set or a Map that has it already. */
  appendWoMutation(object: E, member: T, initiator: Initiator): void;
  /** When a member leaves. */
  remove(object: E, member: T, initiator: Initiator): void;
  /** Before a collection is assigned as a whole. The handler may change the list: `append` and `remove` follow for what is new, and for what is missing. */
  bulkReplace(object: E, members: T[], initiator: Initiator): void;
  /** A collection is there: an empty one, one that was loaded, or one that takes the place of another. */
  initCollection(object: E, collection: unknown): void;
  /** A collection was replaced by another, which has its members by now. */
  disposeCollection(object: E, collection: unknown): void;
  /** After `flagModified()` was called for the attribute. */
  modified(object: E): void;
}

const COLUMN: ReadonlySet<string> = new Set(["set", "initScalar", "modified"]);
const REFERENCE: ReadonlySet<string> = new Set(["set", "modified"]);
const COLLECTION: ReadonlySet<string> = new Set([
  "append",
  "appendWoMutation",
  "remove",
  "bulkReplace",
  "initCollection",
  "disposeCollection",
  "modified",
]);

class AttributeDispatch extends Dispatch {
  readonly #attached: Set<string> = new Set();

  constructor(
    private readonly attribute: Attribute,
    /** Objects of this class and below are heard. */
    private readonly mapper: Mapper,
    collection: boolean,
  ) {
    super(
      collection ? COLLECTION : attribute instanceof ColumnAttribute ? COLUMN : REFERENCE,
      `${mapper.className}.${attribute.key}`,
    );
  }

  override listen(name: string, handler: Handler, options: ListenOptions = {}): void {
    super.listen(name, handler, options);
    if (options.activeHistory) keepHistory(this.attribute);
    this.#attach(name as keyof AttributeListeners);
  }

  /** The attribute calls through once somebody listens. */
  #attach(name: keyof AttributeListeners): void {
    if (this.#attached.has(name)) return;
    this.#attached.add(name);
    const listeners = this.attribute.listen();
    const { key, label } = this.attribute;
    const own: Initiator = { key, label, operation: "replace" };
    // What the first argument is, is what a handler may replace.
    if (name === "set")
      listeners.set.push((state, value, previous, from) =>
        this.#tell(name, state, [value, previous, from ?? own], true),
      );
    else if (name === "append") listeners.append.push((state, ...args) => this.#tell(name, state, args, true));
    else if (name === "initScalar") listeners.initScalar.push((state) => this.#tell(name, state, [undefined], true));
    else listeners[name].push((state: InstanceState, ...args: unknown[]) => void this.#tell(name, state, args, false));
  }

  #tell(name: string, state: InstanceState, args: unknown[], mayReplace: boolean): unknown {
    const listeners = this.listeners(name);
    if (listeners === null || !(state.mapper as Mapper).isA(this.mapper)) return args[0];
    for (const { call } of listeners) {
      const value: unknown = apart(() => call(state.object, ...args));
      refusePromise(this, name, value);
      if (value !== undefined && mayReplace) args[0] = value;
    }
    return args[0];
  }
}

/** What was there before is loaded before it is replaced. */
function keepHistory(attribute: Attribute): void {
  if (attribute instanceof ColumnAttribute) attribute.activeHistory = true;
  else if (attribute instanceof RelationAttribute) attribute.traits.activeHistory = true;
}

const dispatches = new WeakMap<Attribute, Map<Mapper, AttributeDispatch>>();

function dispatchOf(attribute: Attribute, mapper: Mapper): AttributeDispatch {
  let known = dispatches.get(attribute);
  if (known === undefined) {
    known = new Map();
    dispatches.set(attribute, known);
  }
  let dispatch = known.get(mapper);
  if (dispatch === undefined) {
    const collection = attribute instanceof RelationAttribute && attribute.uselist;
    dispatch = new AttributeDispatch(attribute, mapper, collection);
    known.set(mapper, dispatch);
  }
  return dispatch;
}

registerEventTargets((target) => {
  if (target instanceof CompositeElement)
    throw new ArgumentError(
      `${target.composer.label} is a composite, which sends no events of its own: listen to the attributes of its columns, attrs(...).${target.key}.${target.partNames[0]} and so on.`,
    );
  if (target instanceof InstrumentedColumn)
    return target.attribute instanceof ColumnAttribute ? dispatchOf(target.attribute, target.entity.mapper) : null;
  return target instanceof InstrumentedRelation
    ? dispatchOf(target.relationship.attribute, target.entity.mapper)
    : null;
});
