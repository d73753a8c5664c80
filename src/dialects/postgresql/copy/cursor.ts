/** A COPY ... TO on its way: the server sends, and is held up while nobody takes. */
import type { DriverCursor } from "../../../engine/driver.js";
import { InvalidRequestError } from "../../../sql/errors.js";
import type { Exchange } from "../wire/exchange.js";
import type { FastBuffer } from "../wire/fast-buffer.js";
import type { ProtocolLink } from "../wire/protocol-link.js";

/** Bytes of a chunk. */
const CHUNK = 64 * 1024;
/** Chunks that wait before the server is held up. */
const AHEAD = 4;

export class CopyCursor implements DriverCursor {
  readonly columns = ["data"];
  #chunks: Buffer[] = [];
  #filling = Buffer.allocUnsafe(CHUNK);
  #filled = 0;
  #held = false;
  /** Another statement waits for the end: nothing is held up any more. */
  #hurried = false;
  #discarding = false;
  #cutShort = false;
  /** The exchange has ended, with this error or none. */
  #ended: { readonly error: unknown } | null = null;
  #wake: (() => void) | null = null;
  #awaited: Promise<void> | null = null;

  constructor(
    private readonly link: ProtocolLink,
    private readonly exchange: Exchange,
  ) {
    exchange.onCopyData = this.#take.bind(this);
  }

  /** Sends the statement. */
  start(signal: AbortSignal | undefined): void {
    const running = this.link.run(this.exchange, signal);
    const hurry = (): void => this.#hurry();
    this.link.onWaiting = hurry;
    const end = (error: unknown): void => {
      this.#ended = { error };
      this.link.onWaiting = null;
      this.#wake?.();
    };
    running.then(() => end(this.exchange.error), end);
  }

  async fetch(count: number): Promise<unknown[][]> {
    if (this.#cutShort) {
      throw new InvalidRequestError(
        "The transaction of this copyTo() was ended before all was read: commit, roll back or close after the loop.",
      );
    }
    while (this.#chunks.length === 0 && this.#ended === null) await this.#news();
    const rows = this.#chunks.splice(0, count).map((chunk) => [chunk]);
    if (this.#chunks.length === 0) this.#hold(false);
    if (rows.length === count) return rows;
    if (this.#ended?.error) throw this.#ended.error;
    if (this.#ended !== null && this.#filled > 0) {
      rows.push([this.#filling.subarray(0, this.#filled)]);
      this.#filled = 0;
    }
    return rows;
  }

  fetchSync(): never {
    throw new InvalidRequestError("copyTo() is awaited, and cannot be read by a blocking call.");
  }

  /** Throws what is left away. */
  async close(): Promise<void> {
    this.discard();
    while (this.#ended === null) await this.#news();
  }

  closeSync(): void {
    this.discard();
  }

  /** Its transaction ends: what is not there yet will not be. */
  transactionEnds(): void {
    if (this.#ended !== null || this.#discarding) return;
    this.#cutShort = true;
    this.discard();
  }

  /** Has what is left read and thrown away. */
  discard(): void {
    this.#discarding = true;
    this.#chunks = [];
    this.#filled = 0;
    this.#hurry();
  }

  #hurry(): void {
    this.#hurried = true;
    this.#hold(false);
  }

  /** All who wait are woken together, and look again. */
  #news(): Promise<void> {
    this.#awaited ??= new Promise((resolve) => {
      const wake = (): void => {
        this.#awaited = null;
        resolve();
      };
      this.#wake = wake;
    });
    return this.#awaited;
  }

  #hold(on: boolean): void {
    if (this.#held === on) return;
    this.#held = on;
    this.link.hold(on);
  }

  // The memory is the reader's own.
  #take(buffer: FastBuffer, from: number, to: number): void {
    if (this.#discarding) return;
    const length = to - from;
    if (this.#filled + length > this.#filling.length) {
      if (this.#filled > 0) this.#give(this.#filling.subarray(0, this.#filled));
      this.#filling = Buffer.allocUnsafe(Math.max(CHUNK, length));
      this.#filled = 0;
    }
    buffer.copy(this.#filling, this.#filled, from, to);
    this.#filled += length;
  }

  #give(chunk: Buffer): void {
    this.#chunks.push(chunk);
    if (this.#chunks.length >= AHEAD && !this.#hurried) this.#hold(true);
    this.#wake?.();
  }
}
