/** The program of a thread that has SQLite databases: does what it is asked, one request after the other. */
import { workerData } from "node:worker_threads";
import type { DriverPlan } from "../../../engine/driver.js";
import { Blocked } from "../../../engine/driver.js";
import type { IORequest } from "../../../engine/io.js";
import { SqliteConnection } from "../connection.js";
import type { SqliteCursor } from "../cursor.js";
import type { SqliteDatabase } from "../database.js";
import type { BeginMode } from "../engine-options.js";
import { openDatabase } from "../open.js";
import type { Gate } from "../write-gate.js";
import { sendError } from "./errors.js";
import { callSource, compileSource } from "./functions.js";
import { type Commands, ENDED, REPLIES, type Reply, type Request, type ThreadData } from "./protocol.js";

const { port, state } = workerData as ThreadData;

// The gate itself is with the event loop. Here is known whether the connection has it.
class GateSeen implements Gate {
  held = false;
  tryEnter(): boolean {
    return this.held;
  }
  leave(): void {
    this.held = false;
  }
  waitFor(): IORequest<void> {
    return { async: () => {}, sync: () => {} };
  }
}

class Served {
  readonly gate = new GateSeen();
  readonly connection: SqliteConnection;
  readonly #cursors = new Map<number, SqliteCursor>();
  #opened = 0;

  constructor(
    readonly database: SqliteDatabase,
    shared: boolean,
    begin: BeginMode,
  ) {
    this.connection = new SqliteConnection(database, this.gate, shared, begin);
  }

  run(plan: DriverPlan, params: readonly unknown[]): unknown {
    return this.connection.runSync(plan, params);
  }
  runMany(plan: DriverPlan, sets: readonly (readonly unknown[])[]): unknown {
    return this.connection.runManySync(plan, sets);
  }
  openCursor(plan: DriverPlan, params: readonly unknown[]): unknown {
    const cursor = this.connection.openCursorSync(plan, params) as SqliteCursor;
    const number = ++this.#opened;
    this.#cursors.set(number, cursor);
    return [number, cursor.columns];
  }
  fetch(cursor: number, count: number): unknown {
    const rows = this.#cursors.get(cursor)?.fetchSync(count) ?? [];
    if (rows.length < count) this.#cursors.delete(cursor);
    return rows;
  }
  closeCursor(cursor: number): void {
    this.#cursors.get(cursor)?.closeSync();
    this.#cursors.delete(cursor);
  }
  begin(): void {}
  commit(): void {
    this.connection.commit();
  }
  rollback(): void {
    this.connection.rollback();
  }
  savepoint(name: string): void {
    this.connection.savepoint(name);
  }
  release(name: string): void {
    this.connection.release(name);
  }
  rollbackTo(name: string): void {
    this.connection.rollbackTo(name);
  }
  reset(how: "rollback" | "commit" | null): void {
    this.connection.reset(how);
    this.#cursors.clear();
  }
  call(source: string, args: readonly unknown[]): unknown {
    this.connection.enterForRaw();
    return callSource(source, this.database.raw, args);
  }
  close(): void {
    this.#cursors.clear();
    this.connection.closeSync();
  }

  get busy(): boolean {
    const { raw } = this.database;
    return this.connection.inTransaction || this.#cursors.size > 0 || (raw.open && raw.inTransaction);
  }
}

const served = new Map<number, Served>();
// All connections to a database in memory share it.
let inMemory: SqliteDatabase | null = null;

function open(number: number, [settings, begin, onOpen]: Commands["open"]): void {
  const shared = settings.path === null;
  const database = shared && inMemory !== null ? inMemory : openDatabase(settings, undefined, opener(onOpen));
  if (shared) inMemory = database;
  served.set(number, new Served(database, shared, begin));
}

function opener(source: string | null) {
  return source === null ? undefined : compileSource(source);
}

function forget(): void {
  inMemory?.raw.close();
  inMemory = null;
}

async function answer(request: Request): Promise<void> {
  const { id, connection: number, name } = request;
  let error: Reply["error"] = null;
  let value: unknown;
  let blocked = false;
  const before = served.get(number);
  if (before !== undefined) before.gate.held = request.gate;
  try {
    if (name === "open") open(number, request.args as Commands["open"]);
    else if (name === "forget") forget();
    else if (before !== undefined) {
      if (request.begin !== null) before.connection.begin(request.begin.mode, request.begin.readOnly);
      const method = before[name] as (this: Served, ...args: readonly unknown[]) => unknown;
      value = method.apply(before, request.args as unknown[]);
      // Only functions of the user can be asynchronous; statements are answered before the next message is read.
      if (name === "call") value = await value;
      else if (name === "close") served.delete(number);
    }
  } catch (caught) {
    if (caught instanceof Blocked) blocked = true;
    else error = sendError(caught);
    value = undefined;
  }
  // A gate that was taken for a statement that did not need it is given back.
  const gate = before?.gate.held === true && before.connection.inTransaction;
  send({ id, blocked, value, error, gate, busy: before?.busy ?? false });
}

function send(reply: Reply): void {
  try {
    port.postMessage(reply);
  } catch (error) {
    // A function of the user has given something that cannot be sent.
    port.postMessage({ ...reply, value: undefined, error: sendError(error) });
  }
  Atomics.add(state, REPLIES, 1);
  Atomics.notify(state, REPLIES);
}

port.on("message", (request: Request) => void answer(request));

// Who blocks for a reply hears of the end by this: `exit` events need an event loop.
process.on("exit", () => {
  Atomics.store(state, ENDED, 1);
  Atomics.add(state, REPLIES, 1);
  Atomics.notify(state, REPLIES);
});
