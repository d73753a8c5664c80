/** Statements and loads on their way through the handlers of `doOrmExecute`, each of which may change them or answer in their place. */
import { type Dispatch, type Listener, refusePromise } from "../../engine/events.js";
import type { Op } from "../../engine/io.js";
import { type FrozenResult, Result } from "../../engine/result.js";
import { InvalidRequestError } from "../../sql/errors.js";
import type { Node } from "../../sql/node.js";
import { Select } from "../../sql/selectable/select.js";
import type { AnnouncedLoad } from "../load-session.js";
import { optionsOf, type Params, type SessionExecuteOptions } from "./execute-options.js";
import { type Merging, mergeFrozenRows } from "./frozen-rows.js";
import { type ExecuteFacts, type InvokeOptions, type Invoker, ORMExecuteState } from "./orm-execute-state.js";

/** A session as its listeners know it. */
export interface HeardSession extends Merging {
  readonly face: object;
  readonly executionOptions: SessionExecuteOptions;
}

/** Runs a statement as the handlers leave it. */
export type Runner = (
  statement: Node,
  params: Params | undefined,
  options: SessionExecuteOptions,
) => Op<Result<unknown>>;

export class HeardExecution implements Invoker {
  #position = 0;
  readonly #listeners: readonly Listener[];

  constructor(
    private readonly session: HeardSession,
    private readonly dispatch: Dispatch,
    private readonly facts: ExecuteFacts,
    private readonly runner: Runner,
  ) {
    this.#listeners = dispatch.listeners("doOrmExecute") ?? [];
  }

  /** Asks the handlers; gives the result of one that answers, or the statement as they leave it. */
  *hear(
    statement: Node,
    params: Params | undefined,
    options: SessionExecuteOptions,
    from = 0,
  ): Op<Result<unknown> | ORMExecuteState> {
    const { session } = this;
    const merged = optionsOf(session, statement, options);
    const state = new ORMExecuteState(session.face, statement, params, merged, options, this.facts, this);
    for (let i = from; i < this.#listeners.length; i++) {
      this.#position = i + 1;
      const answer = yield* this.#call(this.#listeners[i], state);
      if (answer instanceof Result) return answer;
      if (answer !== undefined && answer !== null) {
        throw new InvalidRequestError(
          "A handler of doOrmExecute returns nothing, or a Result that takes the place of the statement's own.",
        );
      }
    }
    return state;
  }

  *run(statement: Node, params: Params | undefined, options: SessionExecuteOptions, from = 0): Op<Result<unknown>> {
    const heard = yield* this.hear(statement, params, options, from);
    if (heard instanceof Result) return heard;
    // The state has the statement's own options already.
    return yield* this.runner(heard.statement, heard.parameters, heard.executionOptions);
  }

  /** Calls one handler; one that is a generator function is run as part of the operation. */
  *#call({ call }: Listener, state: ORMExecuteState): Op<unknown> {
    const answer = call(state);
    refusePromise(this.dispatch, "doOrmExecute", answer);
    const isGenerator = typeof (answer as { readonly next?: unknown } | undefined)?.next === "function";
    return isGenerator ? yield* answer as Op<unknown> : answer;
  }

  *invoke(state: ORMExecuteState, given: InvokeOptions): Op<Result<unknown>> {
    const position = this.#position;
    const options = {
      ...state.executionOptions,
      ...given.executionOptions,
      bindArguments: { ...state.bindArguments, ...given.bindArguments },
    };
    const params = mergeParams(state.parameters, given.params);
    const result = yield* this.run(given.statement ?? state.statement, params, options, position);
    this.#position = position;
    return result;
  }

  *merge(frozen: FrozenResult<unknown>, load: boolean): Op<Result<unknown>> {
    return (yield* mergeFrozenRows(this.session, frozen as never, load)) as Result<unknown>;
  }
}

/** Parameters with others over them, set by set where there are many. @throws InvalidRequestError where their numbers differ */
function mergeParams(present: Params | undefined, given: Params | undefined): Params | undefined {
  if (given === undefined || present === undefined) return given ?? present;
  if (!Array.isArray(present)) return { ...present, ...given };
  const sets = given as readonly Readonly<Record<string, unknown>>[];
  if (present.length !== sets.length) {
    throw new InvalidRequestError(
      `invokeStatement() was given ${sets.length} sets of parameters for a statement that has ${present.length}: they are laid over one another, set by set.`,
    );
  }
  return present.map((set, i) => ({ ...set, ...sets[i] }));
}

/** A load that follows from something else, by the handlers; gives its rows as its own, or as one of them answers. */
export function* announceLoad(session: HeardSession, dispatch: Dispatch, load: AnnouncedLoad): Op<Result<unknown>> {
  const { kind, relationship, path } = load;
  const facts: ExecuteFacts = { kind, relationship, path, loadedFor: load.states.map((state) => state.object) };
  const runner: Runner = (statement, params, options) => {
    if (statement instanceof Select)
      return load.run(statement as Select, params as AnnouncedLoad["params"], options.bindArguments);
    throw new InvalidRequestError("A handler of doOrmExecute put something else in the place of a load's SELECT.");
  };
  const execution = new HeardExecution(session, dispatch, facts, runner);
  return yield* execution.run(load.statement, load.params, load.executionOptions);
}
