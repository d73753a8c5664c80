/** A thread that has SQLite databases, as the event loop sees it. */
import { MessageChannel, type MessagePort, receiveMessageOnPort, type Worker } from "node:worker_threads";
import { OperationalError } from "../../../engine/errors.js";
import { Aborted } from "../../../engine/io.js";
import { startWorker } from "../../../engine/worker-script.js";
import { ENDED, REPLIES, type Reply, type Request, type ThreadData } from "./protocol.js";

/** Without the number that the thread gives it. */
export type Asked = Omit<Request, "id">;

interface Waiting {
  readonly resolve: (reply: Reply) => void;
  readonly reject: (error: unknown) => void;
}

const PROGRAM = new URL("./main.js", import.meta.url);

/** Threads without work that are kept, and for how many milliseconds: one takes 50 ms of a processor to start, and a full pool of the usual size gives back ten at once. */
const KEPT = 16;
const KEPT_FOR_MS = 10_000;

const idle: SqliteThread[] = [];

export class SqliteThread {
  /** Why nothing can be asked any more; null while the thread lives. */
  lost: OperationalError | null = null;
  readonly #worker: Worker;
  readonly #port: MessagePort;
  readonly #state = new Int32Array(new SharedArrayBuffer(8));
  readonly #waiting = new Map<number, Waiting>();
  #asked = 0;
  #connections = 0;
  #expiry: NodeJS.Timeout | undefined;
  /** Whether code of the user has run in it, which may have left anything behind. */
  tainted = false;

  private constructor() {
    const { port1, port2 } = new MessageChannel();
    const workerData: ThreadData = { port: port2, state: this.#state };
    this.#port = port1;
    this.#worker = startWorker(PROGRAM, { workerData, transferList: [port2], name: "athanor-sqlite" });
    this.#port.on("message", (reply: Reply) => this.#settle(reply));
    this.#worker.on("error", (error) => this.#lose(`it failed with "${error.message}"`, error));
    this.#worker.on("exit", (code) => this.#lose(`it ended with exit code ${code}`));
    // A program may end while its engine is open.
    this.#port.unref();
  }

  /** Gives a thread that is free, or starts one. */
  static take(): SqliteThread {
    for (let thread = idle.pop(); thread !== undefined; thread = idle.pop()) {
      clearTimeout(thread.#expiry);
      if (thread.lost === null) return thread;
    }
    return new SqliteThread();
  }

  /** Takes a thread back that has no database open. */
  static release(thread: SqliteThread): void {
    if (thread.lost !== null || idle.includes(thread)) return;
    if (thread.tainted || idle.length >= KEPT) {
      thread.#end();
      return;
    }
    idle.push(thread);
    thread.#expiry = setTimeout(() => {
      idle.splice(idle.indexOf(thread), 1);
      thread.#end();
    }, KEPT_FOR_MS);
    thread.#expiry.unref();
  }

  /** A number for one more connection. */
  nextConnection(): number {
    return ++this.#connections;
  }

  /** Asks, and waits. Rejected with {@link Aborted} when the signal is; what was asked is done all the same. */
  ask(asked: Asked, signal?: AbortSignal): Promise<Reply> {
    return new Promise((resolve, reject) => {
      const id = this.#send(asked);
      if (this.#waiting.size === 0) this.#port.ref();
      if (signal === undefined) {
        this.#waiting.set(id, { resolve, reject });
        return;
      }
      const onAbort = (): void => {
        this.#forget(id);
        reject(new Aborted(signal.reason));
      };
      const done = (): void => signal.removeEventListener("abort", onAbort);
      signal.addEventListener("abort", onAbort, { once: true });
      this.#waiting.set(id, {
        resolve: (reply) => {
          done();
          resolve(reply);
        },
        reject: (error) => {
          done();
          reject(error);
        },
      });
    });
  }

  /**
   * Asks, and blocks for the reply.
   *
   * @param timeout milliseconds
   * @throws OperationalError when the time is up or the thread has ended
   */
  askSync(asked: Asked, timeout: number): Reply {
    const id = this.#send(asked);
    const deadline = performance.now() + timeout;
    for (;;) {
      const seen = Atomics.load(this.#state, REPLIES);
      for (let got = receiveMessageOnPort(this.#port); got !== undefined; got = receiveMessageOnPort(this.#port)) {
        const reply = got.message as Reply;
        if (reply.id === id) return reply;
        this.#settle(reply);
      }
      if (Atomics.load(this.#state, ENDED) === 1) {
        this.#lose("it ended while its reply was waited for");
        throw this.lost;
      }
      const left = deadline - performance.now();
      if (left <= 0) {
        throw new OperationalError(
          `The database did not answer within ${timeout / 1000} s while the event loop was blocked for it (option syncTimeout)`,
          null,
        );
      }
      Atomics.wait(this.#state, REPLIES, seen, left);
    }
  }

  #send(asked: Asked): number {
    if (this.lost !== null) throw this.lost;
    const id = ++this.#asked;
    this.#port.postMessage({ ...asked, id } satisfies Request);
    return id;
  }

  #settle(reply: Reply): void {
    const waiting = this.#waiting.get(reply.id);
    if (waiting === undefined) return;
    this.#forget(reply.id);
    waiting.resolve(reply);
  }

  // Nothing that is waited for: the thread need not keep the program alive.
  #forget(id: number): void {
    if (this.#waiting.delete(id) && this.#waiting.size === 0) this.#port.unref();
  }

  #lose(how: string, cause?: unknown): void {
    if (this.lost !== null) return;
    this.lost = new OperationalError(`The thread of this SQLite connection is gone: ${how}`, null, cause);
    const waiting = [...this.#waiting.values()];
    this.#waiting.clear();
    this.#port.close();
    for (const { reject } of waiting) reject(this.lost);
  }

  #end(): void {
    this.#lose("it was ended");
    void this.#worker.terminate();
  }
}
