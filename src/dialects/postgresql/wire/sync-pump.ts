/** Blocking traffic over a socket that belongs to the event loop: our own reads and writes of its file descriptor. */
import { readSync, writeSync } from "node:fs";
import { OperationalError } from "../../../engine/errors.js";

const CHUNK = 64 * 1024;
/** Attempts that follow each other at once, for answers that take microseconds. */
const SPINS = 12;
const LONGEST_WAIT_MS = 2;

const sleeper = new Int32Array(new SharedArrayBuffer(4));

/** What the pump takes bytes to. */
export type Feed = (chunk: Buffer) => void;

/** Traffic with the server while this thread is blocked. */
export interface Pump {
  write(bytes: Buffer): void;
  /**
   * Moves bytes until `over` says true.
   *
   * @param timeout milliseconds
   * @param late makes the error when the time is up
   * @throws OperationalError when the connection is lost
   */
  run(over: () => boolean, timeout: number, late: () => Error): void;
}

/**
 * Writes and reads a non-blocking socket by turns until an exchange is over, while the event loop stands still.
 *
 * Nothing is left to the event loop: a write that the kernel does not take at once is tried again between reads, since
 * the server may have to get rid of its own output before it reads ours.
 */
export class SyncPump implements Pump {
  #out: Buffer[] = [];
  #sent = 0;
  readonly #in = Buffer.allocUnsafeSlow(CHUNK);

  constructor(
    private readonly fd: number,
    private readonly feed: Feed,
  ) {}

  write(bytes: Buffer): void {
    this.#out.push(bytes);
  }

  run(over: () => boolean, timeout: number, late: () => Error): void {
    const deadline = performance.now() + timeout;
    let idle = 0;
    for (;;) {
      const wrote = this.#write();
      if (over()) return;
      const read = this.#read();
      if (over()) return;
      if (wrote || read) {
        idle = 0;
        continue;
      }
      if (++idle <= SPINS) continue;
      const left = deadline - performance.now();
      if (left <= 0) throw late();
      Atomics.wait(sleeper, 0, 0, Math.min(0.05 * (idle - SPINS), LONGEST_WAIT_MS, left));
    }
  }

  #write(): boolean {
    const first = this.#out[0];
    if (first === undefined) return false;
    try {
      this.#sent += writeSync(this.fd, first, this.#sent, first.length - this.#sent);
    } catch (error) {
      if (isWouldBlock(error)) return false;
      throw lost(error);
    }
    if (this.#sent === first.length) {
      this.#out.shift();
      this.#sent = 0;
    }
    return true;
  }

  #read(): boolean {
    let count: number;
    try {
      count = readSync(this.fd, this.#in, 0, CHUNK, null);
    } catch (error) {
      if (isWouldBlock(error)) return false;
      throw lost(error);
    }
    if (count === 0) throw lost(new Error("Connection terminated unexpectedly"));
    this.feed(this.#in.subarray(0, count));
    return true;
  }
}

function isWouldBlock(error: unknown): boolean {
  const { code } = error as { code?: unknown };
  return code === "EAGAIN" || code === "EWOULDBLOCK" || code === "EINTR";
}

function lost(error: unknown): OperationalError {
  return new OperationalError(`The connection to the server was lost: ${(error as Error).message}`, null, error);
}
