/** One exchange with the server: what is sent, and what comes back until it is ready for the next. */

import type { CopyPart } from "../../../engine/copy/part.js";
import type { Aborted } from "../../../engine/io.js";
import { keepShape } from "../../../sql/keep-shape.js";
import { emptySlots } from "../../../sql/slots.js";
import type { ServerError } from "../errors.js";
import { type Decoder, decodeRow, decodersOf, type LoadKind } from "../load.js";
import type { FastBuffer } from "./fast-buffer.js";
import type { PgConnection, Submittable } from "./pg-client.js";

/** A column as RowDescription tells it. */
export interface FieldDescription {
  readonly name: string;
  readonly oid: number;
}

/** Where an exchange writes to. */
export interface Outlet {
  /** Sends the exchange's bytes, when pg's client says that it is its turn. */
  send(exchange: Exchange): Error | null;
}

/** A statement that an exchange prepares on the server. */
export interface Preparing {
  prepared: boolean;
}

const EMPTY: never[] = [];

/**
 * Collects the answers to the messages that were sent up to a Sync (or one simple query).
 *
 * It is a `Submittable`, so that it takes its turn in the queue of pg's client beside queries that the user sends on the
 * raw client; but its messages are read by {@link WireReader} and not by pg.
 */
export class Exchange implements Submittable {
  rows: unknown[][] = EMPTY;
  /** Names of the result's columns; null when there is none. */
  columns: readonly string[] | null = null;
  /** The number of the last command tag, or -1. */
  rowcount = -1;
  /** Rows that each set of a batch matched or returned; null outside of batches. */
  perSet: number[] | null = null;
  error: Error | Aborted | null = null;
  done = false;
  /** Whether a portal had more rows than were asked for. */
  suspended = false;
  /** The server's fields, when it described them. */
  fields: readonly FieldDescription[] | null = null;
  /** The types of the statement's parameters, when they were asked for. */
  parameterTypes: readonly number[] = EMPTY;
  /** The last command tag without a number: `COMMIT`. */
  tag = "";
  /** What the Parse messages of this exchange prepare, in their order. */
  parses: readonly Preparing[] = EMPTY;
  /** The statement that the exchange executes. */
  statement: Preparing | null = null;
  #parsed = 0;
  /** Whether its bytes have gone out. */
  sent = false;
  /** What its bytes give a COPY ... FROM STDIN; null for other statements. */
  copied: CopyPart | null = null;
  /** Takes the data of a COPY ... TO STDOUT; the memory is the reader's own. */
  onCopyData: ((buffer: FastBuffer, from: number, to: number) => void) | null = null;
  /** Called when the server is ready again, or the connection is lost. */
  onDone: (() => void) | null = null;
  #decoders: readonly Decoder[] | null = null;
  #described = false;

  constructor(
    private readonly outlet: Outlet,
    readonly bytes: Buffer,
    /** How each column is read; null until the server has described them. */
    private readonly kinds: readonly LoadKind[] | null,
    /** CommandCompletes of statements that we put before the one that counts. */
    private skip: number,
    /** ReadyForQuery messages to come. */
    private ready: number,
    /** A simple query, which may hold several statements. */
    readonly simple: boolean,
  ) {}

  // --- pg's client calls these -------------------------------------------------------------------------------------

  submit(_connection?: PgConnection): Error | null {
    this.sent = true;
    return this.outlet.send(this);
  }

  handleError(error: Error): void {
    this.error ??= error;
    if (this.copied !== null) (error as ServerError).copyLine = this.copied.firstLine;
    // The connection died before its turn came.
    if (!this.sent) this.finish();
  }

  handleReadyForQuery(): void {}

  // --- the reader calls these --------------------------------------------------------------------------------------

  /** Has the rows of each set counted: the statement is executed for several. */
  countSets(): this {
    this.perSet = [];
    this.rowcount = 0;
    return this;
  }

  /** Gives the decoders that an earlier execution has found. */
  useDecoders(decoders: readonly Decoder[], columns: readonly string[] | null): void {
    this.#decoders = decoders;
    this.columns = columns;
  }

  get decoders(): readonly Decoder[] | null {
    return this.#decoders;
  }

  rowDescription(fields: readonly FieldDescription[]): void {
    this.fields = fields;
    this.#described = true;
    this.#decoders = decodersOf(this.kinds, fields);
    this.columns = fields.map((field) => field.name);
    this.rows = emptySlots(0) as unknown[][];
  }

  parseComplete(): void {
    const preparing = this.parses[this.#parsed++];
    if (preparing !== undefined) preparing.prepared = true;
  }

  noData(): void {
    this.fields = EMPTY;
    this.#decoders = EMPTY;
    this.columns = null;
  }

  row(buffer: FastBuffer, at: number): void {
    if (this.rows === EMPTY) this.rows = emptySlots(0) as unknown[][];
    this.rows.push(decodeRow(buffer, at, this.#decoders ?? EMPTY));
  }

  /** CommandComplete: its tag is `COMMIT`, or `INSERT 0 1` with the number of rows at the end. */
  complete(buffer: FastBuffer, from: number, to: number): void {
    if (this.skip > 0) {
      this.skip--;
      return;
    }
    if (this.simple) {
      // The last of several statements counts; one without rows forgets those of the one before.
      if (!this.#described) {
        this.columns = null;
        this.rows = EMPTY;
      }
      this.#described = false;
    }
    let count = -1;
    let unit = 1;
    for (let at = to - 1; at >= from; at--, unit *= 10) {
      const digit = (buffer[at] as number) - 48;
      if (digit < 0 || digit > 9) break;
      count = Math.max(count, 0) + digit * unit;
    }
    if (count < 0) this.tag = buffer.latin1Slice(from, to);
    if (this.perSet === null) {
      this.rowcount = count;
      return;
    }
    this.perSet.push(count);
    if (count >= 0) this.rowcount = Math.max(this.rowcount, 0) + count;
  }

  /** ReadyForQuery. @returns whether it was the last */
  readyForQuery(): boolean {
    return --this.ready <= 0;
  }

  finish(): void {
    if (this.done) return;
    this.done = true;
    this.onDone?.();
  }
}

keepShape(new Exchange(null as never, null as never, null, 0, 1, false));
