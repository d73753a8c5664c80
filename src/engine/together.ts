/** Operations that do not depend on each other: their first writes are sent together, where the driver can do that. */
import { AthanorError } from "../sql/errors.js";
import {
  type DriverConnection,
  type DriverManyResult,
  RowsFailure,
  type RowsOutcome,
  type RowsWrite,
  RunRowsRequest,
} from "./driver.js";
import type { IORequest, Op } from "./io.js";

/** Writes of one connection that are sent together. */
class TogetherRequest implements IORequest<readonly RowsOutcome[]> {
  constructor(
    readonly driver: Required<Pick<DriverConnection, "runTogether" | "runTogetherSync">> & DriverConnection,
    readonly writes: readonly RowsWrite[],
  ) {}
  async(signal?: AbortSignal): PromiseLike<readonly RowsOutcome[]> {
    return this.driver.runTogether(this.writes, signal);
  }
  sync(): readonly RowsOutcome[] {
    return this.driver.runTogetherSync(this.writes);
  }
}

type JoinedRequest = RunRowsRequest | TogetherRequest;

/** A write that is not sent with those of operations that come later, as its own operation has more to write before them. */
class Alone implements IORequest {
  constructor(private readonly request: JoinedRequest) {}
  async(signal?: AbortSignal): unknown {
    return this.request.async(signal);
  }
  sync(): unknown {
    return this.request.sync();
  }
}

/** An operation that waits at its first write. */
interface Parked {
  readonly op: Op<unknown>;
  readonly request: JoinedRequest;
}

/** Thrown into operations that wait while one before them fails: nobody is told. */
class NotRun extends AthanorError {
  constructor() {
    super("This statement was not run, as one before it had failed.");
  }
}

/** Among operations: those after it may need what the database has told those before it. */
export const TOLD: unique symbol = Symbol("told");

/**
 * Runs operations of which none needs what the database tells another one, but for {@link TOLD}. Each runs up to its first write; these are one exchange
 * with a driver that can do that, and the operations go on with their answers one after the other. Where writes cannot be joined, an operation begins when
 * the one before it has ended. What is sent keeps the order of the operations, if each writes once or is itself operations that are run by this function.
 *
 * @param mayJoin asked once, at the first write that could wait for another: whether it may
 * @throws the error of the first operation that fails; those after it are given up
 */
export function* together(ops: Iterable<Op<unknown> | typeof TOLD>, mayJoin: () => boolean = always): Op<void> {
  let parked: Parked[] = [];
  let joins: boolean | null = null;
  for (const op of ops) {
    if (op === TOLD) {
      if (!parked.some(tells)) continue;
      yield* finish(parked, alone);
      parked = [];
      continue;
    }
    try {
      let step = op.next();
      while (!step.done) {
        const request: unknown = step.value;
        if (isJoined(request) && (parked.length === 0 || parked[0].request.driver === request.driver)) {
          joins ??= mayJoin();
          if (joins) {
            parked.push({ op, request });
            break;
          }
        }
        const before = parked;
        parked = [];
        yield* finish(before, alone, op);
        step = yield* answered(op, alone(step.value));
      }
    } catch (error) {
      // What comes before it fails first.
      yield* finish(parked, alone);
      throw error;
    }
  }
  yield* finish(parked, asItIs);
}

const always = (): boolean => true;
const asItIs = (request: IORequest): IORequest => request;
const alone = (request: IORequest): IORequest => (isJoined(request) ? new Alone(request) : request);

function isJoined(request: unknown): request is JoinedRequest {
  if (request instanceof TogetherRequest) return true;
  return request instanceof RunRowsRequest && request.driver.joins?.(request) === true;
}

/** Whether the database tells more than how many rows there were. */
function tells({ request }: Parked): boolean {
  return request instanceof TogetherRequest
    ? request.writes.some(({ plan }) => plan.returnsRows === true)
    : request.plan.returnsRows === true;
}

/**
 * Sends what operations wait for, and runs them to their ends.
 *
 * @param as how each request is made
 * @param next given up with those that are left when one fails
 */
function* finish(parked: readonly Parked[], as: (request: IORequest) => IORequest, next?: Op<unknown>): Op<void> {
  if (parked.length === 0) return;
  const single = parked.length === 1 ? parked[0] : null;
  let outcomes: readonly RowsOutcome[] = [];
  if (single === null) {
    const { driver } = parked[0].request;
    try {
      outcomes = yield as(new TogetherRequest(driver as TogetherRequest["driver"], parked.flatMap(writesOf)));
    } catch (error) {
      outcomes = [new RowsFailure(error)];
    }
  }
  const failed = outcomes.findIndex((outcome) => outcome instanceof RowsFailure);
  let at = 0;
  for (let i = 0; i < parked.length; i++) {
    const { op, request } = parked[i];
    try {
      let step: IteratorResult<IORequest>;
      if (single !== null) step = yield* answered(op, as(request));
      else if (request instanceof TogetherRequest) {
        const next = at + request.writes.length;
        step = op.next(outcomes.slice(at, next));
        at = next;
      } else step = told(op, outcomes[at++]);
      // Behind a statement that failed the database answers nothing; who made it may ask what became of the connection.
      if (at <= failed && !step.done) giveUp(op);
      else while (!step.done) step = yield* answered(op, as(step.value));
    } catch (error) {
      for (let rest = i + 1; rest < parked.length; rest++) giveUp(parked[rest].op);
      if (next !== undefined) giveUp(next);
      throw error;
    }
  }
}

function writesOf({ request }: Parked): readonly RowsWrite[] {
  return request instanceof TogetherRequest ? request.writes : [request];
}

function told(op: Op<unknown>, outcome: RowsOutcome | undefined): IteratorResult<IORequest> {
  if (outcome instanceof RowsFailure) return op.throw(outcome.error);
  if (outcome === undefined || outcome === "not run") return op.throw(new NotRun());
  return op.next(outcome satisfies DriverManyResult);
}

/** Yields a request for an operation and gives it the answer. */
function* answered(op: Op<unknown>, request: IORequest): Op<IteratorResult<IORequest>> {
  let answer: unknown;
  try {
    answer = yield request;
  } catch (error) {
    return op.throw(error);
  }
  return op.next(answer);
}

/** Has an operation put back what it has prepared. */
function giveUp(op: Op<unknown>): void {
  try {
    if (!op.throw(new NotRun()).done) op.return(undefined);
  } catch {
    // It is not the one that failed.
  }
}
