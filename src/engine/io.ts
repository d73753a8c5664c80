/**
 * One core, two ways to run it.
 *
 * Everything in Athanor that may reach the database is a generator ({@link Op}) that yields {@link IORequest}s. Two small
 * trampolines run it: {@link runAsync} awaits the answers, {@link runSync} blocks for them. A driver that answers at once
 * is not even asked through a request: the core calls it in line, so that such a statement costs no promise.
 */

/** Something that an operation waits for. One object knows both ways to wait. */
export interface IORequest<T = unknown> {
  /**
   * The answer, or a promise of it.
   *
   * @param signal the operation's: who can stop waiting does so when it is aborted, and is rejected with {@link Aborted}
   */
  async(signal?: AbortSignal): T | PromiseLike<T>;
  /** The answer, waited for by blocking the thread. Throws where that is impossible. */
  sync(): T;
}

/** An operation that may do I/O: run it with `yield*` inside another, or with a trampoline from outside. */
// What a yield gives back differs from request to request.
export type Op<T> = Generator<IORequest, T, any>;

/**
 * A value that is there, or the operation that gives it. A generator is an object with room for all its variables: what most of the time has
 * nothing to wait for is a plain function that gives a `Soon`, and makes an operation only where it has to.
 *
 * @example const found = this.connectionSoon(); const connection = found instanceof ConnectionCore ? found : yield* found;
 */
export type Soon<T> = T | Op<T>;

/** Whether a {@link Soon} has still to be waited for. */
export function isOp<T>(soon: Soon<T>): soon is Op<T> {
  return typeof soon === "object" && soon !== null && typeof (soon as Partial<Op<T>>).throw === "function";
}

/** The operation behind a {@link Soon}, for places that are not hot. */
export function* asOp<T>(soon: Soon<T> | null): Op<T> {
  return isOp(soon) ? yield* soon : (soon as T);
}

/** Milliseconds of answers-at-once after which an asynchronous operation lets timers and sockets have their turn. */
const TURN_MS = 10;

// While answers come at once, awaiting them is a chain of microtasks that keeps the event loop from turning. `turn`
// exists from the first answer at once of an event loop turn to its end, and knows when the turn began.
let turn: { readonly since: number; readonly ended: Promise<void> } | null = null;

function startTurn(): void {
  const ended = new Promise<void>((resolve) => {
    setImmediate(() => {
      turn = null;
      resolve();
    });
  });
  turn = { since: performance.now(), ended };
}

async function nextTurn(): Promise<void> {
  if (turn === null) startTurn();
  await turn?.ended;
  if (turn === null) startTurn();
}

/** Asked before an answer at once: whether they have lasted so long that the operation should yield {@link BREATHE} first. */
export function turnIsLong(): boolean {
  if (turn !== null) return performance.now() - turn.since > TURN_MS;
  startTurn();
  return false;
}

/** Carries the reason of a signal, which may be any value, through code that translates errors. */
export class Aborted {
  constructor(readonly reason: unknown) {}
}

/** Throws when the operation's signal was aborted. */
export function checkAborted(signal: AbortSignal | undefined): void {
  if (signal?.aborted) throw new Aborted(signal.reason);
}

/** A request that is answered in the next turn of the event loop, and at once by a synchronous run. */
export const BREATHE: IORequest<void> = {
  async async(signal) {
    await nextTurn();
    if (signal?.aborted) throw signal.reason;
  },
  sync() {},
};

/** Whether a value is a promise or another thenable. */
export function isPromise(value: unknown): value is PromiseLike<unknown> {
  return (
    (typeof value === "object" || typeof value === "function") &&
    value !== null &&
    typeof (value as { then?: unknown }).then === "function"
  );
}

// An operation is generators within generators, two frames of a stack each: with the usual limit of ten frames an error
// made at the bottom would not show who called. While an operation runs, stacks are kept longer.
const STACK_FRAMES = 80;

function deepenStacks(): number {
  const limit = Error.stackTraceLimit;
  // 0 switches stacks off, and then they stay off.
  if (limit > 0 && limit < STACK_FRAMES) Error.stackTraceLimit = STACK_FRAMES;
  return limit;
}

/** Runs an operation to its end, blocking for each answer. Throws what the operation throws. */
export function runSync<T>(op: Op<T>): T {
  const limit = deepenStacks();
  try {
    let step = op.next();
    while (!step.done) {
      let answer: unknown;
      try {
        answer = step.value.sync();
      } catch (error) {
        step = op.throw(error);
        continue;
      }
      step = op.next(answer);
    }
    return step.value;
  } finally {
    Error.stackTraceLimit = limit;
  }
}

/**
 * Runs an operation to its end, awaiting answers that are promises and only those.
 *
 * It is an `async` function that awaits, and answers are fed (or thrown) into the generator from it, so that an error
 * made inside the operation has the caller's own line in its stack.
 *
 * @param signal given to every request of the operation; when it is aborted, the operation fails with its reason
 * @param place what the operation has until its end
 */
export async function runAsync<T>(op: Op<T>, signal?: AbortSignal, place: Place | null = null): Promise<T> {
  let limit = Error.stackTraceLimit;
  try {
    if (signal?.aborted) throw signal.reason;
    if (turn !== null && performance.now() - turn.since > TURN_MS) await nextTurn();
    limit = deepenStacks();
    let step = op.next();
    while (!step.done) {
      let answer: unknown;
      try {
        answer = step.value.async(signal);
        if (isPromise(answer)) {
          Error.stackTraceLimit = limit;
          try {
            answer = await answer;
          } finally {
            limit = deepenStacks();
          }
        }
      } catch (error) {
        step = op.throw(error);
        continue;
      }
      step = op.next(answer);
    }
    return step.value;
  } catch (error) {
    throw error instanceof Aborted ? error.reason : error;
  } finally {
    Error.stackTraceLimit = limit;
    place?.leave();
  }
}

/** Something that one operation at a time has. */
export interface Place {
  /** Gives the place to whoever waits for it. */
  leave(): void;
}

/** Takes the frames that are the mechanism's own out of an error's stack, so that the caller's line comes soon. */
export function tidyStack(error: Error): void {
  const { stack } = error;
  if (stack === undefined) return;
  const kept = stack.split("\n").filter((line) => !/^\s+at .*\bnext \(<anonymous>\)$/.test(line));
  error.stack = kept.join("\n");
}

/** An operation over something that is a value, a promise in an asynchronous run, or an error in a synchronous one. */
export class Awaiting<T> implements IORequest<T> {
  constructor(
    readonly promise: PromiseLike<T>,
    /** Makes the error of a synchronous run. */
    readonly refuse: () => Error,
  ) {}

  async(): PromiseLike<T> {
    return this.promise;
  }

  sync(): T {
    throw this.refuse();
  }
}

/** An I/O request from two functions. For places that are not hot. */
export function request<T>(async: (signal?: AbortSignal) => T | PromiseLike<T>, sync: () => T): IORequest<T> {
  return { async, sync };
}

let blockingMeant = 0;

/** Calls a function of the user that is there to block: `runSync(fn)`. */
export function meaningToBlock<T>(fn: () => T): T {
  blockingMeant++;
  try {
    return fn();
  } finally {
    blockingMeant--;
  }
}

/** Whether a blocking call that is being made was meant, for drivers that warn of those that were not. */
export function isBlockingMeant(): boolean {
  return blockingMeant > 0;
}
