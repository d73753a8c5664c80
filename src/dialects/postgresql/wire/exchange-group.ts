/** Several statements in one exchange: one Sync, so that after one that fails the server passes the others over. */

import { Exchange, type FieldDescription, type Outlet } from "./exchange.js";
import type { FastBuffer } from "./fast-buffer.js";

/** Gives each part the answers to its own messages. */
export class ExchangeGroup extends Exchange {
  /** The part whose answers are read; their number when all have been. */
  at = 0;
  #skip: number;
  #left: number;

  constructor(
    outlet: Outlet,
    bytes: Buffer,
    /** CommandCompletes of statements that we put before the first part. */
    skip: number,
    readonly parts: readonly Exchange[],
    /** How often each part's statement is executed. */
    private readonly counts: readonly number[],
  ) {
    super(outlet, bytes, null, 0, 1, false);
    this.#skip = skip;
    this.#left = counts[0] ?? 0;
  }

  override rowDescription(fields: readonly FieldDescription[]): void {
    this.parts[this.at].rowDescription(fields);
  }

  override noData(): void {
    this.parts[this.at].noData();
  }

  override row(buffer: FastBuffer, at: number): void {
    this.parts[this.at].row(buffer, at);
  }

  override complete(buffer: FastBuffer, from: number, to: number): void {
    if (this.#skip > 0) {
      this.#skip--;
      return;
    }
    this.parts[this.at].complete(buffer, from, to);
    if (--this.#left === 0) this.#left = this.counts[++this.at] ?? 0;
  }

  /** Gives the error to the part that it is about; what went wrong behind the last is told of that. @returns its place, or their number where all went well */
  shareError(): number {
    const { error, parts } = this;
    if (error === null) return parts.length;
    const place = Math.min(this.at, parts.length - 1);
    parts[place].error = error;
    return place;
  }
}
