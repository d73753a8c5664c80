/** Loads of objects by their keys, as the listeners of `doOrmExecute` have them. */
import type { Op } from "../../engine/io.js";
import { Result } from "../../engine/result.js";
import { InvalidRequestError } from "../../sql/errors.js";
import type { Select } from "../../sql/selectable/select.js";
import type { AnnouncedLoad, LoadSession } from "../load-session.js";
import type { Mapper } from "../mapping/mapper.js";
import { stateOf } from "../stamp.js";
import type { InstanceState } from "../state.js";
import { LoadedOptions } from "./loaded-options.js";

/** A load of one object by its key, or of several. */
export interface ObjectLoad {
  readonly mapper: Mapper;
  readonly kind: "get" | "column";
  readonly statement: Select;
  readonly params: AnnouncedLoad["params"];
  readonly states: readonly InstanceState[];
  readonly executionOptions: AnnouncedLoad["executionOptions"];
  /**
   * Loads as the statement says.
   * @param statement null where it is the load's own
   */
  run(
    statement: Select | null,
    params: AnnouncedLoad["params"],
    bindArguments: Readonly<Record<string, unknown>> | undefined,
  ): Op<readonly object[]>;
}

/** Runs a load by the listeners, and gives the objects of it: those that it loaded itself, or those of a listener's answer. */
export function* announced(session: LoadSession, load: ObjectLoad): Op<readonly object[]> {
  const [state] = load.states;
  const given = state?.origin?.options;
  const carried = given instanceof LoadedOptions ? given.carried : [];
  const statement = carried.length === 0 ? load.statement : load.statement.options(...carried);
  const answer = yield* session.announceLoad({
    kind: load.kind,
    relationship: null,
    path: [],
    states: load.states,
    statement,
    params: load.params,
    executionOptions: load.executionOptions,
    *run(heard, params, bindArguments) {
      const objects = yield* load.run(heard === statement ? null : heard, params, bindArguments);
      return new Result<unknown>({ keys: [load.mapper.className], kind: "scalar" }, [...objects]);
    },
  });
  return objectsOf(session, answer, load.mapper);
}

/** The objects of an answer. @throws InvalidRequestError for what are no objects of the session */
function objectsOf(session: LoadSession, answer: Result<unknown>, mapper: Mapper): readonly object[] {
  const objects = answer.unique().scalars().all() as readonly unknown[];
  return objects.map((each) => ownObject(session, each, mapper));
}

/** Makes sure that a listener's answer holds an object of the session. @throws InvalidRequestError */
export function ownObject(session: LoadSession, value: unknown, mapper: Mapper): object {
  const state = typeof value === "object" && value !== null ? stateOf(value) : undefined;
  if (state !== undefined && state.session === session && (state.mapper as Mapper).isA(mapper)) return state.object;
  throw new InvalidRequestError(
    `A handler of doOrmExecute answered a load of ${mapper.className} with ${state === undefined ? `a value of type ${typeof value}` : `${state.describe()}, ${state.session === session ? "an object of another class" : "which is not in this session"}`}. ` +
      "Objects of another session are taken in by state.mergeFrozenResult(result.freeze()).",
  );
}
