/** SQLite in threads of its own: the dialect of `sqlite+worker`. */
import type { DialectOptions, TransactionOptions } from "../../../engine/dialect.js";
import type { DriverConnection } from "../../../engine/driver.js";
import { OperationalError } from "../../../engine/errors.js";
import { type IORequest, type Op, request } from "../../../engine/io.js";
import type { URL } from "../../../engine/url.js";
import { BLOCKING } from "../../../engine/warnings.js";
import { ArgumentError } from "../../../sql/errors.js";
import { warn } from "../../../sql/warnings.js";
import { SqliteDialect } from "../dialect.js";
import { ThreadConnection, type ThreadHost } from "./connection.js";
import { receiveError } from "./errors.js";
import { sourceOf } from "./functions.js";
import type { Commands, Reply } from "./protocol.js";
import { type Asked, SqliteThread } from "./thread.js";

/** Milliseconds in which a thread has to start and open a database, for who blocks. */
const START_TIMEOUT_MS = 30_000;

/**
 * SQLite in threads: `sqlite+worker:///app.db`, with the options of {@link SqliteDialect} and `sync_timeout` (seconds).
 *
 * Each connection to a file has a thread of its own, so that a slow query holds up neither the event loop nor another
 * connection. A database in memory (`sqlite+worker://`) has one thread, in which all connections of the engine take turns.
 *
 * `runSync` blocks until the thread answers. better-sqlite3 cannot be interrupted: an aborted call is given up at once and its
 * connection thrown away, while the statement runs to its end in the thread (and keeps the write lock as long, if it has it).
 * A blocking call outside of `runSync` gives a warning, ATHANOR_BLOCKING, once for each engine.
 *
 * `onOpen` is sent to the thread as its text: it sees its argument, globals and `require`, nothing else.
 */
export class SqliteThreadDialect extends SqliteDialect implements ThreadHost {
  override readonly driverName: string = "better-sqlite3 (in threads)";
  /** Milliseconds. */
  readonly syncTimeout: number;
  readonly #onOpen: string | null;
  /** The thread of the database in memory. */
  #memory: SqliteThread | null = null;
  #opening: Promise<unknown> = Promise.resolve();
  #warned = false;

  constructor(url: URL, settings: DialectOptions) {
    super(url, settings, ["sync_timeout"]);
    const { reader, onOpen } = this.settings;
    this.syncTimeout = reader.milliseconds("sync_timeout", 300, 1000);
    this.#onOpen = onOpen === undefined ? null : sourceOf(onOpen, "onOpen");
  }

  // --- connections -------------------------------------------------------------------------------------------------

  override *connect(given?: unknown): Op<DriverConnection> {
    if (given !== undefined) {
      throw new ArgumentError(
        "A better-sqlite3 database cannot be moved to a thread: sqlite+worker:// takes no creator. Use sqlite:// with it, or set the " +
          "database up with dialectOptions: { sqlite: { onOpen } }.",
      );
    }
    const thread = this.#thread();
    const number = thread.nextConnection();
    const args: Commands["open"] = [this.open, this.beginMode, this.#onOpen];
    try {
      yield* this.#asking(thread, { connection: number, name: "open", args, begin: null, gate: false });
    } catch (error) {
      this.closed(thread);
      throw error;
    }
    return new ThreadConnection(thread, number, this.gateOf(this.open.path ?? ""), this);
  }

  #thread(): SqliteThread {
    if (!this.inMemory) return SqliteThread.take();
    if (this.#memory?.lost) {
      throw new OperationalError(
        "The in-memory database of this engine is gone, as the thread that had it has ended. Make a new engine.",
        null,
        this.#memory.lost,
      );
    }
    this.#memory ??= SqliteThread.take();
    return this.#memory;
  }

  *#asking(thread: SqliteThread, asked: Asked): Op<void> {
    if (this.#onOpen !== null) thread.tainted = true;
    const reply = (yield request<Reply>(
      () => this.#inTurn(() => thread.ask(asked)),
      () => thread.askSync(asked, START_TIMEOUT_MS),
    )) as Reply;
    if (reply.error !== null) throw receiveError(reply.error);
  }

  // Two that put a new file into WAL mode at the same time fail on each other.
  #inTurn<T>(ask: () => Promise<T>): Promise<T> {
    const asked = this.#opening.then(ask);
    this.#opening = asked.catch(() => {});
    return asked;
  }

  // biome-ignore lint/correctness/useYield: a thread that is there needs not be asked
  override *ping(connection: DriverConnection): Op<boolean> {
    return (connection as ThreadConnection).lost === null;
  }

  override reset(connection: DriverConnection, how: "rollback" | "commit" | null): Op<void> | null {
    return perhaps((connection as ThreadConnection).reset(how));
  }

  override *dispose(): Op<void> {
    yield* super.dispose();
    const thread = this.#memory;
    this.#memory = null;
    if (thread === null || thread.lost !== null) return;
    yield* this.#asking(thread, { connection: 0, name: "forget", args: [], begin: null, gate: false });
    SqliteThread.release(thread);
  }

  // --- ThreadHost --------------------------------------------------------------------------------------------------

  closed(thread: SqliteThread): void {
    if (!this.inMemory) SqliteThread.release(thread);
  }

  warnOfBlocking(): void {
    if (this.#warned) return;
    this.#warned = true;
    warn(BLOCKING, String(this.url));
  }

  // --- transactions ------------------------------------------------------------------------------------------------

  override begin(connection: DriverConnection, options: TransactionOptions): Op<void> | null {
    const mode = this.modeFor(options.isolationLevel);
    return perhaps((connection as ThreadConnection).begin(mode, options.readOnly ?? false));
  }

  override commit(connection: DriverConnection): Op<void> | null {
    const thread = connection as ThreadConnection;
    const command = thread.end("commit");
    return command === null ? null : committing(thread, command);
  }

  override rollback(connection: DriverConnection): Op<void> | null {
    return perhaps((connection as ThreadConnection).end("rollback"));
  }

  override *savepoint(connection: DriverConnection, name: string): Op<void> {
    yield (connection as ThreadConnection).command("savepoint", [name]);
  }

  override *releaseSavepoint(connection: DriverConnection, name: string): Op<void> {
    yield (connection as ThreadConnection).command("release", [name]);
  }

  override *rollbackToSavepoint(connection: DriverConnection, name: string): Op<void> {
    yield (connection as ThreadConnection).command("rollbackTo", [name]);
  }

  override isDisconnect(error: unknown, connection: DriverConnection | null): boolean {
    return super.isDisconnect(error, connection) || (connection as ThreadConnection | null)?.lost != null;
  }
}

function perhaps(command: IORequest<void> | null): Op<void> | null {
  return command === null ? null : waitFor(command);
}

function* waitFor(command: IORequest<void>): Op<void> {
  yield command;
}

// A thread that was there when COMMIT was sent, and is not there to answer.
function* committing(connection: ThreadConnection, command: IORequest<void>): Op<void> {
  const wasThere = connection.lost === null;
  try {
    yield command;
  } catch (error) {
    const { lost } = connection;
    if (!wasThere || lost === null) throw error;
    throw new OperationalError(
      "The outcome of COMMIT is uncertain: the thread of the database did not answer any more, so that the transaction may or may not have been committed. " +
        `Look for its effects before doing its work again. (${lost.message})`,
      null,
      error,
      { commitUncertain: true },
    );
  }
}
