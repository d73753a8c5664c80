/** One connection's traffic over a socket: exchanges that run asynchronously through the event loop or block for their answers. */
import type { Socket } from "node:net";
import type { Duplex } from "node:stream";
import { InterfaceError, OperationalError } from "../../../engine/errors.js";
import { Aborted } from "../../../engine/io.js";
import { InvalidRequestError } from "../../../sql/errors.js";
import { isServerError } from "../errors.js";
import { requestCancel } from "./cancel.js";
import type { Exchange } from "./exchange.js";
import type { PgClient } from "./pg-client.js";
import type { ProtocolLink } from "./protocol-link.js";
import { type ReaderHost, type TransactionStatus, WireReader } from "./reader.js";
import { isReadInPlace, takeOver } from "./reading-socket.js";
import { type Pump, SyncPump } from "./sync-pump.js";
import { cancelInThread, ThreadSocket } from "./thread-socket.js";
import { MessageWriter } from "./writer.js";

/** How blocking calls (`runSync`) reach the server. */
export type SyncTransport =
  /** Over the socket's file descriptor: plain TCP and unix sockets on POSIX systems. */
  | "fd"
  /** Over a worker thread that holds the connection's socket: any socket, TLS and Windows included. Slows every statement a little. */
  | "worker"
  /** Not at all: they are errors that say so. */
  | "none";

export interface LinkOptions {
  readonly syncTransport: SyncTransport;
  /** Milliseconds that a blocking call waits for the server. */
  readonly syncTimeout: number;
  /** Milliseconds after which a statement is cancelled; 0 never. */
  readonly queryTimeout: number;
}

/** Milliseconds after a cancel request in which the statement has to end; else the connection is given up. */
const CANCEL_GRACE_MS = 5000;
const END_GRACE_MS = 2000;

/** A cancel request that was sent. */
interface Cancelling {
  /** Whether the server did not react. */
  deaf: boolean;
  /** Waits until the request has reached the server. */
  done(): Promise<void>;
}

export class WireLink implements ProtocolLink, ReaderHost {
  readonly writer = new MessageWriter();
  readonly reader: WireReader;
  readonly limited: boolean;
  /** Why the connection is dead; null while it lives. */
  lost: Error | null = null;
  onWaiting: (() => void) | null = null;
  readonly #stream: Socket;
  #pump: Pump | null = null;
  #pumping = false;

  constructor(
    readonly client: PgClient,
    private readonly options: LinkOptions,
  ) {
    const { stream } = client.connection;
    this.#stream = stream;
    this.limited = options.queryTimeout > 0;
    const listeners = stream.listeners("data") as ((chunk: Buffer) => void)[];
    this.reader = new WireReader((chunk) => {
      for (const listener of listeners) listener.call(stream, chunk);
    }, this);
    for (const listener of listeners) stream.removeListener("data", listener);
    stream.on("data", (chunk: Buffer) => this.reader.feed(chunk));
    // A socket of our own reads into memory that it uses again.
    takeOver(stream, (memory, length) => this.reader.feed(memory, true, length));
    client.on("error", (error: Error) => this.#lose(error));
    client.on("end", () => this.#lose(new Error("Connection terminated unexpectedly")));
  }

  get status(): TransactionStatus {
    return this.reader.status;
  }

  /** Gives the exchange to pg's queue. */
  start(exchange: Exchange, signal?: AbortSignal): void {
    this.onWaiting?.();
    if (this.lost !== null) {
      exchange.handleError(this.#lostError());
      return;
    }
    if (signal !== undefined) this.#heed(exchange, signal);
    this.client.query(exchange);
  }

  /** Has the server cancel the exchange when the signal is aborted. */
  #heed(exchange: Exchange, signal: AbortSignal): void {
    const finish = exchange.onDone;
    const onAbort = (): void => {
      const cancelling = this.#cancel();
      const finishLater = (): void => {
        // The request must not hit the next statement.
        void cancelling.done().then(() => {
          // A statement that was done before the request came has its result.
          if (exchange.error !== null) exchange.error = new Aborted(signal.reason);
          finish?.();
        });
      };
      exchange.onDone = finishLater;
    };
    signal.addEventListener("abort", onAbort, { once: true });
    const finishUnheeded = (): void => {
      signal.removeEventListener("abort", onAbort);
      finish?.();
    };
    exchange.onDone = finishUnheeded;
  }

  /** Gives the exchange to pg's queue and waits for its end. It never rejects: see `exchange.error`. */
  run(exchange: Exchange, signal?: AbortSignal): Promise<void> {
    if (this.lost !== null) {
      exchange.handleError(this.#lostError());
      return Promise.resolve();
    }
    if (signal !== undefined || this.limited) {
      this.onWaiting?.();
      return this.#runCancellable(exchange, signal);
    }
    return new Promise((resolve) => {
      exchange.onDone = resolve;
      this.start(exchange);
    });
  }

  /** Runs the exchange and blocks until it is over. See `exchange.error`. */
  runSync(exchange: Exchange): void {
    if (this.lost !== null) {
      exchange.handleError(this.#lostError());
      return;
    }
    const pump = this.#syncPump();
    this.onWaiting?.();
    this.#pumping = true;
    try {
      this.client.query(exchange);
      this.#block(pump, exchange);
    } catch (error) {
      // A protocol that was left in the middle cannot be taken up again.
      this.#lose(error as Error);
      this.destroy();
      exchange.handleError(error as Error);
    } finally {
      this.#pumping = false;
    }
  }

  #block(pump: Pump, exchange: Exchange): void {
    const { queryTimeout, syncTimeout } = this.options;
    const over = (): boolean => exchange.done;
    const silent = (): Error => this.#silent();
    if (queryTimeout === 0 || queryTimeout >= syncTimeout) {
      pump.run(over, syncTimeout, silent);
      return;
    }
    const late = this.#late();
    try {
      pump.run(over, queryTimeout, () => late);
    } catch (error) {
      if (error !== late) throw error;
      const cancelled = this.#cancelBlocking();
      pump.run(over, CANCEL_GRACE_MS, () => this.#late(true));
      // The request must not hit the next statement.
      Atomics.wait(cancelled, 0, 0, CANCEL_GRACE_MS);
      // A statement that was done before the request came has its result.
      if (exchange.error !== null) exchange.error = late;
    }
  }

  #cancelBlocking(): Int32Array {
    const { host, port, processID, secretKey } = this.client;
    const stream: Duplex = this.#stream;
    if (stream instanceof ThreadSocket) return stream.requestCancel(processID as number, secretKey as number);
    const path = host.startsWith("/") ? `${host}/.s.PGSQL.${port}` : null;
    return cancelInThread({ host, port, path, tls: null }, processID as number, secretKey as number);
  }

  /** Says goodbye and closes the socket; a server that does not react is left alone. */
  async end(): Promise<void> {
    if (this.lost !== null) {
      this.destroy();
      return;
    }
    this.lost = new Error("The connection was closed");
    const timer = setTimeout(() => this.#stream.destroy(), END_GRACE_MS);
    try {
      await this.client.end();
    } finally {
      clearTimeout(timer);
    }
  }

  /** Closes the socket at once. */
  destroy(): void {
    this.lost ??= new Error("The connection was closed");
    this.#stream.destroy();
  }

  /** Whether the server is held up: nothing more is read. A socket that would keep read chunks for itself is not. */
  hold(on: boolean): void {
    const stream: Duplex = this.#stream;
    if (stream instanceof ThreadSocket) stream.hold(on);
    else if (isReadInPlace(stream) || this.#isEncrypted) {
      if (on) stream.pause();
      else stream.resume();
    }
  }

  get #isEncrypted(): boolean {
    return (this.#stream as Socket & { readonly encrypted?: boolean }).encrypted === true;
  }

  // --- Outlet and ReaderHost ---------------------------------------------------------------------------------------

  send(exchange: Exchange): Error | null {
    this.reader.active = exchange;
    this.#write(exchange.bytes);
    return null;
  }

  // pg may submit the next query of its queue now.
  ready(status: TransactionStatus): void {
    this.client.connection.emit("readyForQuery", { name: "readyForQuery", length: 5, status });
  }

  refuseCopy(): void {
    this.#write(this.writer.copyFail().take());
  }

  losePlace(): void {
    this.#lose(
      new InterfaceError(
        "What the server sent is no message of PostgreSQL's protocol: the connection is given up",
        null,
      ),
    );
    this.destroy();
  }

  // --- inside ------------------------------------------------------------------------------------------------------

  #write(bytes: Buffer): void {
    if (this.#pumping) this.#pump?.write(bytes);
    else this.#stream.write(bytes);
  }

  #lose(error: Error): void {
    this.lost ??= error;
    const { active } = this.reader;
    if (active === null) return;
    this.reader.active = null;
    active.handleError(error);
    active.finish();
  }

  /** @param deaf the server did not react to the cancel request either */
  #late(deaf = false): Error {
    const { queryTimeout } = this.options;
    const after = deaf ? "; the server did not react to that, and the connection was given up" : "";
    return new OperationalError(
      `The statement was cancelled after ${queryTimeout} ms (option query_timeout)${after}`,
      null,
    );
  }

  #silent(): Error {
    const seconds = this.options.syncTimeout / 1000;
    return new OperationalError(
      `The server did not answer within ${seconds} s while the thread was blocked for it (option syncTimeout)`,
      null,
    );
  }

  #lostError(): Error {
    const reason = this.lost as Error;
    const code = isServerError(reason) ? reason.code : null;
    return new OperationalError(`The connection to the server is lost: ${reason.message}`, null, reason, { code });
  }

  async #runCancellable(exchange: Exchange, signal: AbortSignal | undefined): Promise<void> {
    let cancelling: Cancelling | null = null;
    let stop: unknown = null;
    const cancel = (reason: unknown): void => {
      if (cancelling !== null || exchange.done) return;
      stop = reason;
      cancelling = this.#cancel();
    };
    const onAbort = (): void => cancel(new Aborted(signal?.reason));
    signal?.addEventListener("abort", onAbort, { once: true });
    const { queryTimeout } = this.options;
    const timer =
      queryTimeout > 0
        ? setTimeout(() => {
            cancel(this.#late());
          }, queryTimeout)
        : undefined;
    try {
      await new Promise<void>((resolve) => {
        exchange.onDone = resolve;
        this.client.query(exchange);
      });
      // The request must not hit the next statement.
      if (cancelling !== null) await (cancelling as Cancelling).done();
    } finally {
      signal?.removeEventListener("abort", onAbort);
      clearTimeout(timer);
    }
    const deaf = (cancelling as Cancelling | null)?.deaf === true;
    // A statement that was done before the request came has its result.
    if (stop !== null && exchange.error !== null) throw deaf && !(stop instanceof Aborted) ? this.#late(deaf) : stop;
  }

  /** Asks the server to cancel what runs; one that does not react in time is given up. */
  #cancel(): Cancelling {
    const asked = requestCancel(this.client);
    const cancelling: Cancelling = {
      deaf: false,
      async done() {
        try {
          await asked;
        } finally {
          clearTimeout(grace);
        }
      },
    };
    const grace = setTimeout(() => {
      cancelling.deaf = true;
      this.#lose(new Error("the server did not react to a cancel request"));
      this.destroy();
    }, CANCEL_GRACE_MS);
    return cancelling;
  }

  #syncPump(): Pump {
    if (this.options.syncTransport === "none") {
      throw new InvalidRequestError(
        'This engine cannot block for the server: its option syncTransport is "none", so that runSync (and lazy loading in ' +
          'it) is not possible. Set dialectOptions: { postgresql: { syncTransport: "fd" } }, or await the asynchronous calls.',
      );
    }
    const duplex: Duplex = this.#stream;
    if (duplex instanceof ThreadSocket) {
      this.#pump ??= {
        write: (bytes) => duplex.send(bytes),
        run: (over, timeout, late) => duplex.pump((chunk) => this.reader.feed(chunk), over, timeout, late),
      };
      return this.#pump;
    }
    const stream = this.#stream as Socket & {
      encrypted?: boolean;
      _handle?: { fd?: number; writeQueueSize?: number } | null;
    };
    if (stream.destroyed)
      throw new OperationalError("The connection to the server is lost: its socket was closed", null);
    const fd = stream._handle?.fd;
    if (process.platform === "win32" || stream.encrypted === true || typeof fd !== "number" || fd < 0) {
      const why = stream.encrypted === true ? "it is encrypted (TLS)" : "the system gives no file descriptor for it";
      throw new InvalidRequestError(
        `runSync is not possible over this connection: ${why}, and the transport "fd" (option syncTransport) needs a plain ` +
          'socket. Set dialectOptions: { postgresql: { syncTransport: "worker" } }, use a unix socket or TCP without TLS, or await the ' +
          "asynchronous calls.",
      );
    }
    if (stream.writableLength > 0 || (stream._handle?.writeQueueSize ?? 0) > 0) {
      throw new InterfaceError(
        "An earlier statement of this connection is still being sent; await it before runSync",
        null,
      );
    }
    this.#pump ??= new SyncPump(fd, (chunk) => this.reader.feed(chunk, true));
    return this.#pump;
  }
}
