/** Calls handlers of `doOrmExecute`, for statements and for the loads that follow from them. */
import { type Dispatch, type Listener, refusePromise } from "../../engine/events.js";
import type { Op } from "../../engine/io.js";
import { InvalidRequestError } from "../../sql/errors.js";
import { Select } from "../../sql/selectable/select.js";
import type { AnnouncedLoad } from "../load-session.js";
import { ORMExecuteState } from "./orm-execute-state.js";

/** Calls one handler; one that is a generator function is run as part of the operation. */
export function* callHandler(dispatch: Dispatch, { call }: Listener, state: ORMExecuteState): Op<unknown> {
  const answer = call(state);
  refusePromise(dispatch, "doOrmExecute", answer);
  const isGenerator = typeof (answer as { readonly next?: unknown } | undefined)?.next === "function";
  return isGenerator ? yield* answer as Op<unknown> : answer;
}

/** A session as its listeners know it. */
interface Announcer {
  readonly face: object;
}

// biome-ignore lint/correctness/useYield: it has the form of an operation
function* refuse(): Op<never> {
  throw new InvalidRequestError(
    "A handler of doOrmExecute can change the statement of a load, but not answer it: a relationship, a column or an object by its key is being loaded.",
  );
}

/** Tells the handlers of a load; gives the statement as they leave it. */
export function* announceLoad(session: Announcer, dispatch: Dispatch, load: AnnouncedLoad): Op<Select> {
  const { kind, relationship, statement, params } = load;
  const facts = { kind, relationship, loadedFor: load.states.map((state) => state.object) };
  const invoker = { invoke: refuse, merge: refuse };
  const state = new ORMExecuteState(session.face, statement, params, {}, facts, invoker);
  for (const listener of dispatch.listeners("doOrmExecute") ?? []) {
    const answer = yield* callHandler(dispatch, listener, state);
    if (answer !== undefined && answer !== null) yield* refuse();
  }
  if (state.statement instanceof Select) return state.statement as Select;
  throw new InvalidRequestError("A handler of doOrmExecute put something else in the place of a load's SELECT.");
}
