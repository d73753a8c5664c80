/** Marks objects for deletion, with what their delete cascades reach. */
import type { Op } from "../../engine/io.js";
import { InvalidRequestError } from "../../sql/errors.js";
import { cascadeDelete } from "../cascade-walk.js";
import type { SessionCore } from "./session-core.js";

/** The next flush deletes the objects. @throws InvalidRequestError for one that was never stored */
export function* deleteObjects(session: SessionCore, objects: readonly object[]): Op<void> {
  const states = objects.map((object) => session.stateFor(object));
  for (const state of states) {
    if (state.key === null) {
      throw new InvalidRequestError(
        `${state.describe()} is not persisted, so it cannot be deleted.${session.isPending(state) ? " Use expunge() to take a pending object out of the session." : ""}`,
      );
    }
  }
  const { membership } = session;
  const fresh = states.filter((state) => !membership.deleted.has(state));
  membership.checkDeletable(fresh);
  const entered = fresh.filter((state) => state.session === null);
  for (const state of fresh) membership.attachForDelete(state);
  try {
    // Cascades are followed first, so that an autoflush on the way does not delete the object before its members are known.
    const reached = yield* cascadeDelete(fresh, session);
    membership.checkDeletable(reached);
    for (const state of [...fresh, ...reached]) membership.markDeleted(state);
  } catch (error) {
    // What cannot be deleted whole is left as it was: half of it would go with the next flush.
    membership.expunge(entered);
    throw error;
  }
}
