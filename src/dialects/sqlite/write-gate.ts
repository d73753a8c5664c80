/** The write lock of a file, for which the connections of one process queue outside of SQLite. */
import { OperationalError } from "../../engine/errors.js";
import { Fifo } from "../../engine/fifo.js";
import { Aborted, type IORequest } from "../../engine/io.js";

interface Waiting {
  readonly owner: object;
  readonly go: () => void;
}

/** The write lock, as a connection asks for it. */
export interface Gate {
  /** Takes the lock if it is free or already one's own; says whether one has it. */
  tryEnter(owner: object): boolean;
  /** Gives the lock to who has waited longest. Does nothing for one who does not have it. */
  leave(owner: object): void;
  /** A request that is answered when `owner` has the lock. */
  waitFor(owner: object): IORequest<void>;
}

/**
 * The write lock of one database within this process.
 *
 * SQLite has one writer at a time, and a second one waits by blocking its thread. On one thread that is a deadlock: the
 * first writer cannot go on to its COMMIT. So writers of one process wait here, in order and without blocking; SQLite's own
 * waiting (`busyTimeout`) is left to other processes.
 */
export class WriteGate implements Gate {
  #owner: object | null = null;
  #since = 0;
  readonly #waiting = new Fifo<Waiting>();

  constructor(
    /** Names the database in messages. */
    readonly label: string,
    /** Milliseconds to wait before "database is locked". */
    readonly timeout: number,
  ) {}

  /** Takes the lock if it is free or already one's own; says whether one has it. */
  tryEnter(owner: object): boolean {
    if (this.#owner === owner) return true;
    if (this.#owner !== null) return false;
    this.#owner = owner;
    this.#since = performance.now();
    return true;
  }

  /** Gives the lock to who has waited longest. Does nothing for one who does not have it. */
  leave(owner: object): void {
    if (this.#owner !== owner) return;
    const next = this.#waiting.shift();
    this.#owner = next?.owner ?? null;
    this.#since = performance.now();
    next?.go();
  }

  /** A request that is answered when `owner` has the lock. */
  waitFor(owner: object): IORequest<void> {
    return {
      async: (signal) => this.#wait(owner, signal),
      sync: () => {
        throw this.#locked("; a synchronous call cannot wait for it");
      },
    };
  }

  #wait(owner: object, signal?: AbortSignal): Promise<void> {
    return new Promise((resolve, reject) => {
      const done = (): void => {
        clearTimeout(timer);
        signal?.removeEventListener("abort", onAbort);
      };
      const waiting: Waiting = {
        owner,
        go: () => {
          done();
          resolve();
        },
      };
      const giveUp = (reason: unknown): void => {
        if (!this.#waiting.remove(waiting)) return;
        done();
        reject(reason);
      };
      const onAbort = (): void => giveUp(new Aborted(signal?.reason));
      const timer = setTimeout(
        () => giveUp(this.#locked(`; waited ${this.timeout / 1000} s for it (busyTimeout)`)),
        this.timeout,
      );
      signal?.addEventListener("abort", onAbort, { once: true });
      this.#waiting.push(waiting);
    });
  }

  #locked(how: string): OperationalError {
    const held = ((performance.now() - this.#since) / 1000).toFixed(2);
    return new OperationalError(
      `database is locked: another connection of this process has written to ${this.label} and has not committed for ${held} s${how}. ` +
        "SQLite has one writer at a time: commit or roll back there first.",
      null,
      undefined,
      { code: "SQLITE_BUSY", retryable: true },
    );
  }
}
