/** The protocol's traffic with a PGlite database: function calls. */
import { OperationalError } from "../../../engine/errors.js";
import type { Hear } from "../../../engine/notifications/dialect.js";
import type { Exchange } from "../wire/exchange.js";
import type { ProtocolLink } from "../wire/protocol-link.js";
import { type TransactionStatus, WireReader } from "../wire/reader.js";
import { readServerError } from "../wire/server-error.js";
import { MessageWriter } from "../wire/writer.js";
import type { Pglite } from "./pglite.js";

const ERROR_RESPONSE = 0x45; // E
const NOTIFICATION = 0x41; // A

// Ends a COPY ... FROM STDIN, for which there is no data: without it the server reads to the end of its input and exits.
// Outside of COPY it is ignored.
const COPY_FAIL = new MessageWriter().copyFail().take();

// A database has one session. Whoever opens a connection last has it: an older one, which nobody has closed, must not end
// the transaction of another.
const holders = new WeakMap<Pglite, PgliteLink>();

/** PGlite has the server in this process and answers at once: waiting and blocking are the same. */
export class PgliteLink implements ProtocolLink {
  readonly writer = new MessageWriter();
  readonly limited = false;
  lost: Error | null = null;
  onWaiting: (() => void) | null = null;
  readonly #reader: WireReader;

  constructor(
    private readonly database: Pglite,
    /** Called when the database can do nothing more. */
    private readonly onCrash: () => void,
  ) {
    const before = holders.get(database);
    if (before !== undefined) before.lost ??= new Error("a later connection has taken over the session of this PGlite");
    holders.set(database, this);
    this.#reader = new WireReader((message) => this.#other(message), {
      refuseCopy: () => {},
      losePlace: () => {},
      ready: () => {},
    });
  }

  get status(): TransactionStatus {
    return this.#reader.status;
  }

  start(exchange: Exchange): void {
    this.run(exchange).catch((error: unknown) => {
      exchange.handleError(error as Error);
      exchange.finish();
    });
  }

  // What is written is sent, aborted or not: the BEGIN of a transaction may be in it.
  async run(exchange: Exchange): Promise<void> {
    // PGlite's own queries, on the raw connection, are several messages each.
    await this.database.runExclusive(async () => this.runSync(exchange));
  }

  runSync(exchange: Exchange): void {
    if (this.lost === null && this.database.closed) this.lost = new Error("the PGlite database was closed");
    if (this.lost !== null) {
      exchange.handleError(lostError(this.lost));
      return;
    }
    exchange.submit();
  }

  // What it answers is in memory already.
  hold(): void {}

  send(exchange: Exchange): null {
    this.#reader.active = exchange;
    try {
      const messages =
        exchange.simple && exchange.copied === null ? Buffer.concat([exchange.bytes, COPY_FAIL]) : exchange.bytes;
      const answers = this.database.execProtocolRawSync(messages);
      this.#reader.feed(Buffer.from(answers.buffer, answers.byteOffset, answers.byteLength));
      if (!exchange.done) throw new Error("the database stopped in the middle of its answer");
    } catch (error) {
      this.#reader.active = null;
      this.lost = error as Error;
      this.onCrash();
      exchange.handleError(lostError(error as Error));
      exchange.finish();
    }
    return null;
  }

  async end(): Promise<void> {
    this.destroy();
  }

  // The database itself belongs to the dialect, and outlives its sessions.
  destroy(): void {
    this.lost ??= new Error("The connection was closed");
  }

  // Messages that are not an exchange's own.
  #other(message: Buffer): void {
    if (message[0] === ERROR_RESPONSE) this.#reader.active?.handleError(readServerError(message));
    else if (message[0] === NOTIFICATION) tellOf(this.database, message);
  }
}

const hearers = new WeakMap<Pglite, Set<Hear>>();

/** Has notifications of a database heard, until the function that it gives is called. */
export function hearOf(database: Pglite, hear: Hear): () => void {
  const all = hearers.get(database) ?? new Set();
  hearers.set(database, all.add(hear));
  return () => void all.delete(hear);
}

function tellOf(database: Pglite, message: Buffer): void {
  const processId = message.readInt32BE(5);
  const channelEnd = message.indexOf(0, 9);
  const channel = message.toString("utf8", 9, channelEnd);
  const payload = message.toString("utf8", channelEnd + 1, message.indexOf(0, channelEnd + 1));
  for (const hear of hearers.get(database) ?? []) hear(channel, payload, processId);
}

function lostError(reason: Error): Error {
  return new OperationalError(`The connection to PGlite is lost: ${reason.message}`, null, reason);
}
