/** Explicit asynchronous lazy loads: `await awaitable(user).posts`. SQLAlchemy: `AsyncAttrs.awaitable_attrs`. */
import { InvalidRequestError } from "../../sql/errors.js";
import type { Whole } from "../../sql/loaded.js";
import { RelationAttribute } from "../attributes/relation-attribute.js";
import { DetachedInstanceError } from "../errors.js";
import { ensureState } from "../mapping/instrument.js";
import { mapperOf } from "../mapping/mapper.js";
import type { SessionPort } from "../state.js";
import type { AsyncSession } from "./async-session.js";

/** The attributes of an entity as promises: those that its statement left out, too. */
export type Awaitable<E> = { readonly [K in keyof Whole<E>]: Promise<Whole<E>[K]> };

/** The asynchronous session of a core; set by the module that knows both. */
export type FaceLookup = (core: SessionPort) => AsyncSession | undefined;

/**
 * The attributes of an object as promises: what is loaded is given at once, what is not is loaded first. Loads of the same attribute of several
 * objects that are asked for together run as one statement.
 *
 * @throws DetachedInstanceError (the promise) where the object belongs to no session
 * @example const posts = await awaitable(user).posts;
 */
export function makeAwaitable(faceOf: FaceLookup): <E extends object>(entity: E) => Awaitable<E> {
  return <E extends object>(entity: E): Awaitable<E> => {
    const state = ensureState(entity);
    const load = async (key: string): Promise<unknown> => {
      const attribute = mapperOf(state).attributes.get(key);
      if (attribute === undefined) {
        const descriptor = mapperOf(state).descriptors.get(key);
        return descriptor === undefined ? (entity as Record<string, unknown>)[key] : descriptor.awaited(entity, load);
      }
      if (attribute.isLoaded(state) || state.key === null || !attribute.loads) return attribute.get(state);
      if (state.session === null) {
        throw new DetachedInstanceError(
          `${state.describe()} belongs to no session, so its unloaded attribute "${key}" cannot be loaded. Load it before the session ends.`,
        );
      }
      const session = faceOf(state.session);
      if (session === undefined) {
        throw new InvalidRequestError(
          `${state.describe()} belongs to a synchronous session, where attributes load when they are read: awaitable() is for asynchronous ones.`,
        );
      }
      if (attribute instanceof RelationAttribute && attribute.answers(state)) return attribute.get(state);
      return session.loadBatched(state, key);
    };
    return new Proxy(Object.create(null), {
      get: (_, key) => (typeof key === "string" && key !== "then" ? load(key) : undefined),
    }) as Awaitable<E>;
  };
}
