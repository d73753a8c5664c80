/** Operations that run one after the other. */
import { keepShape } from "../sql/keep-shape.js";
import { Fifo } from "./fifo.js";
import { type Op, type Place, runAsync } from "./io.js";

interface Waiting {
  readonly go: () => void;
}

/**
 * Lets one operation at a time have a connection or a session.
 *
 * A call takes its place when it is made, runs in its caller's own async context, and never runs any code of the user
 * between its first statement and its last: holding the slot over foreign code would deadlock as soon as that code calls
 * the same object.
 */
export class OpQueue implements Place {
  #busy = false;
  readonly #waiting = new Fifo<Waiting>();

  /** Whether an operation is running now. */
  get busy(): boolean {
    return this.#busy;
  }

  /** How many operations wait for their turn. */
  get waiting(): number {
    return this.#waiting.size;
  }

  /**
   * Runs `op` when all that were queued before it have ended, well or not.
   *
   * @param op the operation; a generator does not begin before its turn comes.
   * @param signal takes the call out of the queue when it is aborted while it waits, and stops the operation's statement after that.
   * @returns a promise of the operation's value.
   * @throws the operation's error, or `signal.reason`.
   */
  run<T>(op: Op<T>, signal?: AbortSignal): Promise<T> {
    if (signal?.aborted) return Promise.reject(signal.reason);
    if (this.#busy) return this.#runLater(op, signal);
    this.#busy = true;
    return runAsync(op, signal, this);
  }

  async #runLater<T>(op: Op<T>, signal: AbortSignal | undefined): Promise<T> {
    await this.#turn(signal);
    return await runAsync(op, signal, this);
  }

  /** The operation that was running has ended. */
  leave(): void {
    const next = this.#waiting.shift();
    if (next === undefined) this.#busy = false;
    else next.go();
  }

  #turn(signal: AbortSignal | undefined): Promise<void> {
    return new Promise((resolve, reject) => {
      if (signal === undefined) {
        this.#waiting.push({ go: resolve });
        return;
      }
      const waiting: Waiting = {
        go: () => {
          signal.removeEventListener("abort", onAbort);
          resolve();
        },
      };
      const onAbort = () => {
        if (this.#waiting.remove(waiting)) reject(signal.reason);
      };
      signal.addEventListener("abort", onAbort, { once: true });
      this.#waiting.push(waiting);
    });
  }
}

keepShape(new OpQueue());
