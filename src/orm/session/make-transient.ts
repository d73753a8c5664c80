/** Objects taken out of their life cycle by hand. */
import { InvalidRequestError } from "../../sql/errors.js";
import { ensureState } from "../mapping/instrument.js";
import { mapperOf } from "../mapping/mapper.js";
import { loseIdentity } from "./membership.js";
import type { SessionCore } from "./session-core.js";

/**
 * Makes a new object of one that has or had a row: it leaves its session and forgets its identity, and what was expired on it counts as never set.
 * Added to a session, it is inserted as another row (under its key, if its key attributes are still set).
 *
 * @throws UnmappedInstanceError
 */
export function makeTransient(object: object): void {
  const state = ensureState(object);
  if (state.session !== null) (state.session as SessionCore).membership.expunge([state]);
  loseIdentity(state);
  state.expired = false;
  if (state.extra !== null) {
    state.extra.expiredBy = null;
    state.extra.deletedBefore = false;
  }
}

/**
 * Makes a detached object of a new one, as if its row were there: its key attributes become its identity, everything else that is not set will be
 * loaded when it is read in a session.
 *
 * @throws InvalidRequestError where it has an identity, or its key attributes are not set
 */
export function makeTransientToDetached(object: object): void {
  const state = ensureState(object);
  if (state.session !== null || state.key !== null) {
    throw new InvalidRequestError(
      `${state.describe()} is not transient: only an object without session and identity can be made detached.`,
    );
  }
  const mapper = mapperOf(state);
  const key = mapper.identityKeyOf(state);
  if (key === null) {
    const names = mapper.primaryKey.map((attribute) => attribute.key).join(", ");
    throw new InvalidRequestError(`${state.describe()} cannot be made detached: its key (${names}) is not set.`);
  }
  state.key = key;
  if (state.extra !== null) state.extra.deletedBefore = false;
  state.commitAll();
}
