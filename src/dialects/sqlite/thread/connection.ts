/** A connection whose database is in a thread. */
import type {
  DriverConnection,
  DriverCursor,
  DriverManyResult,
  DriverPlan,
  DriverResult,
} from "../../../engine/driver.js";
import { AlreadyQuitError, OperationalError } from "../../../engine/errors.js";
import { checkAborted, type IORequest, isBlockingMeant } from "../../../engine/io.js";
import type { ScanPlan } from "../cursor.js";
import type { BeginMode } from "../engine-options.js";
import type { WriteGate } from "../write-gate.js";
import { receiveError } from "./errors.js";
import { sourceOf } from "./functions.js";
import type { Begin, CommandName, Commands, Reply, SentPlan } from "./protocol.js";
import type { Asked, SqliteThread } from "./thread.js";

/** What a connection knows of its engine. */
export interface ThreadHost {
  /** Milliseconds that a blocking call waits for the thread. */
  readonly syncTimeout: number;
  /** Called at a blocking call outside of `runSync`. */
  warnOfBlocking(): void;
  /** Called when a connection's thread has nothing more to do for it. */
  closed(thread: SqliteThread): void;
}

// How many statements each connection remembers that they need the write gate.
const WRITERS_KNOWN = 1000;

export class ThreadConnection implements DriverConnection {
  readonly immediate = false;
  /** Why the connection is dead; null while it lives. */
  #lost: Error | null = null;
  /** A BEGIN that the thread has not been told of: it travels with the next command. */
  #begin: Begin | null = null;
  /** Whether the thread was told of a transaction that has not ended. */
  #begun = false;
  /** Whether the thread has something that a reset would end. */
  #busy = false;
  #holdsGate = false;
  #closed = false;
  readonly #writers = new Set<string>();

  constructor(
    private readonly thread: SqliteThread,
    private readonly number: number,
    private readonly gate: WriteGate,
    private readonly host: ThreadHost,
  ) {}

  /** The database itself is in the thread: `runInThread` reaches it. */
  get raw(): this {
    return this;
  }

  async runAsync<T, Raw>(fn: (raw: Raw) => T | PromiseLike<T>): Promise<T> {
    return await fn(this.raw as unknown as Raw);
  }

  get lost(): Error | null {
    return this.#lost ?? this.thread.lost;
  }

  get dead(): boolean {
    return this.lost !== null;
  }

  // --- statements --------------------------------------------------------------------------------------------------

  async run(plan: DriverPlan, params: readonly unknown[], signal?: AbortSignal): Promise<DriverResult> {
    return (await this.perform("run", [sent(plan), params], signal)) as DriverResult;
  }

  runSync(plan: DriverPlan, params: readonly unknown[]): DriverResult {
    return this.performSync("run", [sent(plan), params]) as DriverResult;
  }

  async runMany(
    plan: DriverPlan,
    sets: readonly (readonly unknown[])[],
    signal?: AbortSignal,
  ): Promise<DriverManyResult> {
    return (await this.perform("runMany", [sent(plan), sets], signal)) as DriverManyResult;
  }

  runManySync(plan: DriverPlan, sets: readonly (readonly unknown[])[]): DriverManyResult {
    return this.performSync("runMany", [sent(plan), sets]) as DriverManyResult;
  }

  async openCursor(plan: DriverPlan, params: readonly unknown[], signal?: AbortSignal): Promise<DriverCursor> {
    return new ThreadCursor(this, (await this.perform("openCursor", [sentToScan(plan), params], signal)) as Opened);
  }

  openCursorSync(plan: DriverPlan, params: readonly unknown[]): DriverCursor {
    return new ThreadCursor(this, this.performSync("openCursor", [sentToScan(plan), params]) as Opened);
  }

  /** Calls a function with the better-sqlite3 database, in the thread. */
  async runInThread(fn: unknown, args: readonly unknown[], signal?: AbortSignal): Promise<unknown> {
    const source = sourceOf(fn, "runInThread()");
    if (this.lost !== null) throw new AlreadyQuitError("The thread of this connection has ended", { cause: this.lost });
    this.thread.tainted = true;
    return this.perform("call", [source, args], signal);
  }

  // --- transactions ------------------------------------------------------------------------------------------------

  /** What has to be done to begin; null when it can wait for the first statement. */
  begin(mode: BeginMode | null, readOnly: boolean): IORequest<void> | null {
    this.#begin = { mode, readOnly };
    return mode === "immediate" || mode === "exclusive" ? this.command("begin", []) : null;
  }

  /** What has to be done to end the transaction; null when the thread knows of none. */
  end(name: "commit" | "rollback"): IORequest<void> | null {
    if (this.#begin !== null) {
      this.#begin = null;
      return null;
    }
    return this.#begun || this.#busy ? this.command(name, []) : null;
  }

  /** What has to be done before the connection is used by somebody else. */
  reset(how: "rollback" | "commit" | null): IORequest<void> | null {
    this.#begin = null;
    return this.#begun || this.#busy ? this.command("reset", [how]) : null;
  }

  /** A command without an answer, in either way. */
  command<N extends CommandName>(name: N, args: Commands[N]): IORequest<void> {
    return {
      async: async (signal) => void (await this.perform(name, args, signal)),
      sync: () => void this.performSync(name, args),
    };
  }

  // --- the end -----------------------------------------------------------------------------------------------------

  async close(): Promise<void> {
    if (this.#closed) return;
    this.#closed = true;
    const over = this.thread.ask(this.#closing()).then(
      () => this.#over(),
      () => this.#over(),
    );
    // A thread that is at a query which nobody waits for closes when it comes to it.
    if (this.#lost === null) await over;
  }

  closeSync(): void {
    if (this.#lost !== null) {
      void this.close();
      return;
    }
    if (this.#closed) return;
    this.#closed = true;
    try {
      this.thread.askSync(this.#closing(), this.host.syncTimeout);
    } finally {
      this.#over();
    }
  }

  #closing(): Asked {
    return { connection: this.number, name: "close", args: [], begin: null, gate: this.#holdsGate };
  }

  // The database is closed, or the thread has ended: what it had locked is free.
  #over(): void {
    this.#holdsGate = false;
    this.gate.leave(this);
    this.host.closed(this.thread);
  }

  // --- commands ----------------------------------------------------------------------------------------------------

  /** Has the thread do something. Rejected with Aborted when the signal is: better-sqlite3 cannot be interrupted. */
  async perform<N extends CommandName>(name: N, args: Commands[N], signal?: AbortSignal): Promise<unknown> {
    for (;;) {
      await this.#gateFor(name, args)?.async(signal);
      checkAborted(signal);
      const asked = this.#asked(name, args);
      let reply: Reply;
      try {
        reply = await this.thread.ask(asked, signal);
      } catch (error) {
        throw this.#failed(error, asked);
      }
      if (!this.#isBlocked(asked, reply)) return answerOf(reply);
    }
  }

  /** The same, blocking. */
  performSync<N extends CommandName>(name: N, args: Commands[N]): unknown {
    if (!isBlockingMeant()) this.host.warnOfBlocking();
    for (;;) {
      this.#gateFor(name, args)?.sync();
      const asked = this.#asked(name, args);
      let reply: Reply;
      try {
        reply = this.thread.askSync(asked, this.host.syncTimeout);
      } catch (error) {
        throw this.#failed(error, asked);
      }
      if (!this.#isBlocked(asked, reply)) return answerOf(reply);
    }
  }

  #asked(name: CommandName, args: readonly unknown[]): Asked {
    if (this.#lost !== null) throw this.#lost;
    const begin = this.#begin;
    this.#begin = null;
    if (begin !== null) this.#begun = true;
    return { connection: this.number, name, args, begin, gate: this.#holdsGate };
  }

  // Whoever waits for the gate does so here, where the event loop goes on. That a command needs it, the thread finds out
  // when it comes for the first time; after that it is known before.
  #gateFor(name: CommandName, args: readonly unknown[]): IORequest<void> | null {
    if (this.#holdsGate || !this.#writers.has(keyOf(name, args))) return null;
    this.#holdsGate = this.gate.tryEnter(this);
    if (this.#holdsGate) return null;
    const request = this.gate.waitFor(this);
    return {
      async: async (signal) => {
        await request.async(signal);
        this.#holdsGate = true;
      },
      sync: () => request.sync(),
    };
  }

  #isBlocked({ name, args, begin }: Asked, reply: Reply): boolean {
    if (reply.blocked) {
      this.#begin = begin;
      if (this.#writers.size >= WRITERS_KNOWN) this.#writers.clear();
      this.#writers.add(keyOf(name, args));
      return true;
    }
    this.#busy = reply.busy;
    if (ENDS_TRANSACTION.has(name) && (reply.error === null || name !== "commit")) this.#begun = false;
    if (this.#holdsGate && !reply.gate) {
      this.#holdsGate = false;
      this.gate.leave(this);
    }
    return false;
  }

  // After this, nobody knows what the thread does for this connection; unless nothing was sent, and the BEGIN that was to go with it waits on.
  #failed(error: unknown, { begin }: Asked): unknown {
    if ((error as { name?: unknown }).name === "DataCloneError") {
      if (begin !== null) this.#begun = false;
      this.#begin = begin;
      return new TypeError(`The value cannot be sent to the thread: ${(error as Error).message}`, { cause: error });
    }
    this.#lost ??=
      error instanceof OperationalError
        ? error
        : new OperationalError("The wait for the last statement of this connection was given up", null);
    return error;
  }
}

type Opened = readonly [cursor: number, columns: readonly string[]];

/** A cursor in the thread. Rows are read as they are fetched: who does not fetch keeps the thread waiting, not the memory. */
class ThreadCursor implements DriverCursor {
  readonly columns: readonly string[];
  readonly #number: number;
  #open = true;

  constructor(
    private readonly connection: ThreadConnection,
    [number, columns]: Opened,
  ) {
    this.#number = number;
    this.columns = columns;
  }

  async fetch(count: number, signal?: AbortSignal): Promise<unknown[][]> {
    if (!this.#open) return [];
    return this.#fetched(count, (await this.connection.perform("fetch", [this.#number, count], signal)) as unknown[][]);
  }

  fetchSync(count: number): unknown[][] {
    if (!this.#open) return [];
    return this.#fetched(count, this.connection.performSync("fetch", [this.#number, count]) as unknown[][]);
  }

  async close(): Promise<void> {
    if (!this.#open || this.connection.lost !== null) return;
    this.#open = false;
    await this.connection.perform("closeCursor", [this.#number]);
  }

  closeSync(): void {
    if (!this.#open || this.connection.lost !== null) return;
    this.#open = false;
    this.connection.performSync("closeCursor", [this.#number]);
  }

  // At its end the thread has closed it.
  #fetched(count: number, rows: unknown[][]): unknown[][] {
    if (rows.length < count) this.#open = false;
    return rows;
  }
}

const ENDS_TRANSACTION: ReadonlySet<CommandName> = new Set<CommandName>(["commit", "rollback", "reset"]);

function sent({ text, integers, locks }: DriverPlan): SentPlan {
  return locks === undefined ? { text, integers } : { text, integers, locks };
}

function sentToScan(plan: ScanPlan): SentPlan {
  const { comment, scan } = plan;
  return scan == null ? sent(plan) : { ...sent(plan), comment, scan };
}

// What needs the gate is told apart by the statement's text.
function keyOf(name: CommandName, args: readonly unknown[]): string {
  const [first] = args;
  return typeof first === "object" && first !== null ? (first as SentPlan).text : `(${name})`;
}

function answerOf(reply: Reply): unknown {
  if (reply.error !== null) throw receiveError(reply.error);
  return reply.value;
}
