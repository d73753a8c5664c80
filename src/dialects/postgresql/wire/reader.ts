/** Reads what the server sends: our exchanges read their own messages, everything else goes to pg. */
import type { Exchange, FieldDescription } from "./exchange.js";
import type { FastBuffer } from "./fast-buffer.js";

const HEADER = 5;

// Message codes, by the letters of the protocol's documentation.
const PARSE_COMPLETE = 0x31; // 1
const BIND_COMPLETE = 0x32; // 2
const CLOSE_COMPLETE = 0x33; // 3
const COMMAND_COMPLETE = 0x43; // C
const DATA_ROW = 0x44; // D
const ERROR_RESPONSE = 0x45; // E
const COPY_IN = 0x47; // G
const COPY_OUT = 0x48; // H
const EMPTY_QUERY = 0x49; // I
const ROW_DESCRIPTION = 0x54; // T
const READY_FOR_QUERY = 0x5a; // Z
const COPY_DONE = 0x63; // c
const COPY_DATA = 0x64; // d
const NO_DATA = 0x6e; // n
const PORTAL_SUSPENDED = 0x73; // s
const PARAMETER_DESCRIPTION = 0x74; // t

/** The longest message of a kind that is not {@link MAY_BE_LONG}, in bytes, as libpq has it. */
const SHORT = 30_000;
/** Rows, COPY data, descriptions, errors, notices, notifications, results of functions. */
const MAY_BE_LONG = new Set(Array.from("TDdEtNAV", (letter) => letter.charCodeAt(0)));

/** The server's view of the session: idle, in a transaction, in one that has failed. */
export type TransactionStatus = "I" | "T" | "E";

/** What the reader tells the connection. */
export interface ReaderHost {
  /** The server asks for COPY data, which an exchange has not. */
  refuseCopy(): void;
  /** The server is ready for what waits in a queue behind the exchange that has just ended. */
  ready(status: TransactionStatus): void;
  /** What came is no message of the protocol: nothing after it can be understood. */
  losePlace(): void;
}

export class WireReader {
  /** The exchange whose answers are read at present. */
  active: Exchange | null = null;
  status: TransactionStatus = "I";
  // Chunks of a message that is not complete yet, and how many bytes it has to have.
  #pending: Buffer[] = [];
  #pendingLength = 0;
  #needed = 0;

  constructor(
    /** pg's own reader, which gets whole messages. */
    private readonly pg: (chunk: Buffer) => void,
    private readonly host: ReaderHost,
  ) {}

  /**
   * Reads a chunk.
   *
   * @param borrowed the chunk's memory is used again after the call
   * @param length how many of its bytes were read
   */
  feed(chunk: Buffer, borrowed = false, length = chunk.length): void {
    let data = chunk as FastBuffer;
    let end = length;
    if (this.#pendingLength > 0) {
      this.#pending.push(borrowed ? Buffer.from(chunk.subarray(0, length)) : chunk);
      this.#pendingLength += length;
      if (this.#pendingLength < this.#needed) return;
      end = this.#pendingLength;
      data = Buffer.concat(this.#pending, end) as Buffer as FastBuffer;
      this.#pending = [];
      this.#pendingLength = 0;
    }
    let at = 0;
    let needed = HEADER;
    while (at + HEADER <= end) {
      const next = at + 1 + data.readUInt32BE(at + 1);
      if (next > end) {
        needed = next - at;
        break;
      }
      if (next < at + HEADER) {
        this.host.losePlace();
        return;
      }
      this.#message(data, at, next);
      at = next;
    }
    if (at === end) return;
    if (needed > SHORT && !MAY_BE_LONG.has(data[at] as number)) {
      this.host.losePlace();
      return;
    }
    const rest = data.subarray(at, end);
    this.#pending.push(borrowed && data === chunk ? Buffer.from(rest) : rest);
    this.#pendingLength = end - at;
    this.#needed = needed;
  }

  #message(data: FastBuffer, at: number, next: number): void {
    const exchange = this.active;
    if (exchange === null) {
      this.#foreign(data, at, next);
      return;
    }
    const body = at + HEADER;
    switch (data[at]) {
      case DATA_ROW:
        exchange.row(data, body);
        return;
      case BIND_COMPLETE:
      case CLOSE_COMPLETE:
      case COPY_DONE:
        return;
      case COPY_DATA:
        exchange.onCopyData?.(data, body, next);
        return;
      case PARAMETER_DESCRIPTION:
        exchange.parameterTypes = typesOf(data, body);
        return;
      case PARSE_COMPLETE:
        exchange.parseComplete();
        return;
      case COMMAND_COMPLETE:
        exchange.complete(data, body, next - 1);
        return;
      case ROW_DESCRIPTION:
        exchange.rowDescription(fieldsOf(data, body));
        return;
      case NO_DATA:
        exchange.noData();
        return;
      case EMPTY_QUERY:
        return;
      case PORTAL_SUSPENDED:
        exchange.suspended = true;
        return;
      case COPY_IN:
        if (exchange.copied === null) this.host.refuseCopy();
        return;
      case COPY_OUT:
        if (exchange.onCopyData === null)
          exchange.handleError(new Error("COPY ... TO STDOUT sends its data past the result: read it with copyTo()"));
        return;
      case ERROR_RESPONSE:
        // pg makes the error and gives it to the exchange.
        this.pg(data.subarray(at, next));
        return;
      case READY_FOR_QUERY:
        this.status = String.fromCharCode(data[body] as number) as TransactionStatus;
        if (!exchange.readyForQuery()) return;
        this.active = null;
        this.host.ready(this.status);
        exchange.finish();
        return;
      default:
        // Notices, notifications, changed parameters.
        this.pg(data.subarray(at, next));
    }
  }

  #foreign(data: FastBuffer, at: number, next: number): void {
    if (data[at] === READY_FOR_QUERY)
      this.status = String.fromCharCode(data[at + HEADER] as number) as TransactionStatus;
    // pg keeps parts of messages (COPY data) as they are.
    this.pg(Buffer.from(data.subarray(at, next)));
  }
}

function typesOf(data: FastBuffer, body: number): number[] {
  return Array.from({ length: data.readUInt16BE(body) }, (_, i) => data.readUInt32BE(body + 2 + i * 4));
}

function fieldsOf(data: FastBuffer, body: number): FieldDescription[] {
  const count = data.readUInt16BE(body);
  const fields = new Array<FieldDescription>(count);
  let at = body + 2;
  for (let i = 0; i < count; i++) {
    const end = data.indexOf(0, at);
    // after the name: table, column, type, size, modifier, format
    fields[i] = { name: data.utf8Slice(at, end), oid: data.readUInt32BE(end + 7) };
    at = end + 19;
  }
  return fields;
}
