/** The transport "worker": a socket, TLS included, that lives in another thread, so that this one can block for it. */
import { Duplex } from "node:stream";
import { MessageChannel, type MessagePort, receiveMessageOnPort, type Worker } from "node:worker_threads";
import { InterfaceError, OperationalError } from "../../../engine/errors.js";
import { startWorker } from "../../../engine/worker-script.js";
import type {
  CancelBackend,
  OpenSocket,
  SocketAddress,
  SocketCommand,
  SocketReport,
  SocketTls,
} from "./socket-messages.js";
import type { Feed } from "./sync-pump.js";

let thread: Worker | null = null;

// One for all connections of the process: it only moves bytes.
function socketThread(): Worker {
  if (thread === null) {
    const started = startWorker(new URL("./socket-thread.js", import.meta.url));
    const forget = (): void => {
      if (thread === started) thread = null;
    };
    // Its sockets see that it is gone by their ports.
    started.on("error", forget);
    started.on("exit", forget);
    thread = started;
  }
  return thread;
}

/** TLS options as pg has them, for the thread. @throws InterfaceError where they hold what no thread can be sent */
export function threadTls(ssl: unknown, direct: boolean): SocketTls | null {
  if (ssl === false || ssl === undefined || ssl === null) return null;
  const { checkServerIdentity, ...options } = ssl === true ? {} : (ssl as Record<string, unknown>);
  return { options, anyName: checkServerIdentity !== undefined, direct };
}

/** A socket for pg's option `stream`. */
export class ThreadSocket extends Duplex {
  #link: MessagePort | null = null;
  readonly #count = new Int32Array(new SharedArrayBuffer(4));
  #address: SocketAddress | null = null;
  #feed: Feed | null = null;
  #failure: Error | null = null;
  #closed = false;

  constructor(
    private readonly tls: SocketTls | null,
    /** Milliseconds before the first keep-alive; null is none. */
    private readonly keepAlive: number | null,
  ) {
    super({ allowHalfOpen: false });
  }

  // --- what pg calls -----------------------------------------------------------------------------------------------

  connect(portOrPath: number | string, host?: string): this {
    const address =
      typeof portOrPath === "string"
        ? { path: portOrPath, host: null, port: null, tls: this.tls }
        : { path: null, host: host ?? "localhost", port: portOrPath, tls: this.tls };
    const { port1, port2 } = new MessageChannel();
    this.#address = address;
    this.#link = port1;
    port1.on("message", (report: SocketReport) => this.#take(report));
    port1.on("close", () => this.#take("close"));
    const order: OpenSocket = { kind: "open", address, keepAlive: this.keepAlive, link: port2, count: this.#count };
    try {
      socketThread().postMessage(order, [port2]);
    } catch (error) {
      port1.close();
      if ((error as Error).name !== "DataCloneError") throw error;
      throw new InterfaceError(
        'The transport "worker" (option syncTransport) takes TLS options that can be sent to a thread: no functions and no ' +
          "secureContext",
        null,
        error,
      );
    }
    return this;
  }

  // The thread has set both by itself.
  setNoDelay(): this {
    return this;
  }
  setKeepAlive(): this {
    return this;
  }
  ref(): this {
    this.#link?.ref();
    return this;
  }
  unref(): this {
    this.#link?.unref();
    return this;
  }

  override _read(): void {}

  override _write(chunk: Buffer, _encoding: BufferEncoding, done: (error?: Error | null) => void): void {
    this.send(chunk);
    done();
  }

  override _final(done: (error?: Error | null) => void): void {
    this.#order("end");
    done();
  }

  override _destroy(error: Error | null, done: (error?: Error | null) => void): void {
    this.#order("destroy");
    // The thread closes the port when its socket is closed; nothing is waited for.
    this.#link?.unref();
    done(error);
  }

  // --- blocking ----------------------------------------------------------------------------------------------------

  /** Has the thread read no more, or read on. */
  hold(on: boolean): void {
    this.#order(on ? "pause" : "resume");
  }

  /** Hands bytes to the thread. */
  send(bytes: Uint8Array): void {
    // A copy: pg's buffers are parts of larger ones.
    const copy = new Uint8Array(bytes);
    this.#link?.postMessage(copy, [copy.buffer]);
  }

  /**
   * Takes what the thread reads until `over` says true, blocking this thread.
   *
   * @param timeout milliseconds
   * @param late makes the error when the time is up
   * @throws OperationalError when the connection is lost
   */
  pump(feed: Feed, over: () => boolean, timeout: number, late: () => Error): void {
    const deadline = performance.now() + timeout;
    this.#feed = feed;
    try {
      for (;;) {
        const count = Atomics.load(this.#count, 0);
        while (!over() && this.#receive());
        if (over()) return;
        if (this.#closed) {
          const reason = this.#failure ?? new Error("Connection terminated unexpectedly");
          throw new OperationalError(`The connection to the server was lost: ${reason.message}`, null, reason);
        }
        const left = deadline - performance.now();
        if (left <= 0) throw late();
        Atomics.wait(this.#count, 0, count, left);
      }
    } finally {
      this.#feed = null;
    }
  }

  #receive(): boolean {
    const received = this.#link === null ? undefined : receiveMessageOnPort(this.#link);
    if (received === undefined) return false;
    this.#take(received.message as SocketReport);
    return true;
  }

  /** Has the server cancel what runs. @returns a view whose element becomes 1 when that is done */
  requestCancel(processID: number, secretKey: number): Int32Array {
    return cancelInThread(this.#address as SocketAddress, processID, secretKey);
  }

  // --- inside ------------------------------------------------------------------------------------------------------

  #order(command: SocketCommand): void {
    this.#link?.postMessage(command);
  }

  #take(report: SocketReport): void {
    if (report instanceof Uint8Array) {
      const chunk = Buffer.from(report.buffer, report.byteOffset, report.byteLength);
      if (this.#feed !== null) this.#feed(chunk);
      else this.push(chunk);
    } else if (report === "connect") this.emit("connect");
    else if (report === "close") this.#end();
    else this.#failure = Object.assign(new Error(report.message), report.code === null ? {} : { code: report.code });
  }

  #end(): void {
    if (this.#closed) return;
    this.#closed = true;
    this.destroy(this.#failure ?? undefined);
  }
}

/** Asks a server, from the thread, to cancel what a backend runs, as this thread is blocked. */
export function cancelInThread(address: SocketAddress, processID: number, secretKey: number): Int32Array {
  const done = new Int32Array(new SharedArrayBuffer(4));
  const order: CancelBackend = { kind: "cancel", address, processID, secretKey, done };
  socketThread().postMessage(order);
  return done;
}
