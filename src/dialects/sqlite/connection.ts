/** A connection to a SQLite database in this thread. */
import {
  BatchResult,
  Blocked,
  type DriverConnection,
  type DriverCursor,
  type DriverManyResult,
  type DriverPlan,
  type DriverResult,
  StatementResult,
  type ValueRows,
} from "../../engine/driver.js";
import { InterfaceError, OperationalError } from "../../engine/errors.js";
import { type ScanPlan, SqliteCursor } from "./cursor.js";
import { narrowIntegers, type Prepared, type SqliteDatabase, setExact } from "./database.js";
import type { BeginMode } from "./engine-options.js";
import { insertRows, type RowInsert, type RowsInserted } from "./row-inserts.js";
import type { Gate } from "./write-gate.js";

/** What the dialect knows of a compiled statement beside its text. */
export interface SqlitePlan extends ScanPlan {
  /** How it inserts several rows at once; null where rows go one by one. */
  readonly rows: RowInsert | null;
}

const NO_ROWS: never[] = [];

/**
 * A connection over a better-sqlite3 database.
 *
 * In a file every connection has its own database object. In memory there is one, and all connections share it: each has
 * its own transaction all the same, since only the one that has the write gate is inside a BEGIN, and the others read
 * between its statements (they see its uncommitted changes).
 */
export class SqliteConnection implements DriverConnection {
  readonly immediate = true;
  /** Whether a transaction was begun by the engine; the database may know nothing of it yet. */
  #logical = false;
  /** Whether the database is inside a BEGIN of ours. */
  #physical = false;
  /** The database has rolled the transaction back by itself, after an error; what follows must not become transactions of its own. */
  #undone = false;
  #mode: BeginMode = "lazy";
  #readOnly = false;
  #closed = false;

  constructor(
    private readonly database: SqliteDatabase,
    private readonly gate: Gate,
    private readonly shared: boolean,
    private readonly defaultMode: BeginMode,
  ) {}

  get raw(): SqliteDatabase["raw"] {
    return this.database.raw;
  }

  async runAsync<T, Raw>(fn: (raw: Raw) => T | PromiseLike<T>): Promise<T> {
    return await fn(this.raw as Raw);
  }

  /** Whether the database is inside a transaction of this connection. */
  get inTransaction(): boolean {
    return this.#physical;
  }

  run(plan: DriverPlan, params: readonly unknown[]): DriverResult {
    return this.runSync(plan, params);
  }

  runSync(plan: DriverPlan, params: readonly unknown[]): DriverResult {
    const { database } = this;
    if (this.#undone) throw goneAlready();
    const prepared = database.prepare(plan.text);
    if (!prepared.readonly) return this.#write(plan, prepared, params);
    if (this.#logical && !this.#physical) {
      if (plan.locks === true) this.#enterToWrite();
      else if (this.#mode !== "lazy") this.#enter();
    }
    if (!prepared.reader) {
      // BEGIN, PRAGMA x = y and others that change no page.
      database.drainCursors();
      prepared.statement.run(...params);
      return new StatementResult(NO_ROWS, null, -1);
    }
    const rows = this.#read(plan, prepared, params);
    return new StatementResult(rows, prepared.columns, rows.length);
  }

  runMany(plan: DriverPlan, sets: readonly (readonly unknown[])[]): DriverManyResult {
    return this.runManySync(plan, sets);
  }

  runManySync(plan: DriverPlan, sets: readonly (readonly unknown[])[]): DriverManyResult {
    const { database } = this;
    const prepared = database.prepare(plan.text);
    const { statement } = prepared;
    if (!prepared.readonly) {
      this.#enterToWrite();
      database.drainCursors();
    }
    const perSet = new Array<number>(sets.length);
    let rowcount = 0;
    try {
      if (prepared.reader) {
        const rows: unknown[][] = [];
        for (let i = 0; i < sets.length; i++) {
          const found = this.#read(plan, prepared, sets[i] as readonly unknown[]);
          for (const row of found) rows.push(row);
          perSet[i] = found.length;
          rowcount += found.length;
        }
        return new BatchResult(rows, prepared.columns, rowcount, null, perSet, null);
      }
      const lastrowids = new Array<number | bigint>(sets.length);
      for (let i = 0; i < sets.length; i++) {
        const { changes, lastInsertRowid } = statement.run(...(sets[i] as readonly unknown[]));
        perSet[i] = changes;
        rowcount += changes;
        lastrowids[i] = Number.isSafeInteger(lastInsertRowid) ? lastInsertRowid : this.#exactRowid();
      }
      const lastrowid = sets.length === 0 ? null : (lastrowids[sets.length - 1] as number | bigint);
      return new BatchResult(NO_ROWS, null, rowcount, lastrowid, perSet, lastrowids);
    } catch (error) {
      throw this.#afterError(error);
    } finally {
      if (!prepared.readonly) this.#leaveIfAutocommit();
    }
  }

  runRows(plan: DriverPlan, rows: ValueRows): DriverManyResult {
    return this.runRowsSync(plan, rows);
  }

  runRowsSync(plan: DriverPlan, rows: ValueRows): DriverManyResult {
    const insert = (plan as Partial<SqlitePlan>).rows ?? null;
    this.#enterToWrite();
    // Outside of a transaction each row is one of its own.
    if (insert === null || !this.#physical) return this.runManySync(plan, rows.toSets());
    this.database.drainCursors();
    try {
      const one = (from: number, to: number, into: RowsInserted): RowsInserted =>
        this.#oneByOne(plan, rows, from, to, into);
      const done = insertRows(this.database, insert, rows, one) ?? one(0, rows.length, { rowcount: 0, lastrowids: [] });
      const { rowcount, lastrowids } = done;
      const lastrowid = lastrowids[lastrowids.length - 1] ?? null;
      return new BatchResult(NO_ROWS, null, rowcount, lastrowid, null, rows.wantsKeys ? lastrowids : null);
    } catch (error) {
      throw this.#afterError(error);
    } finally {
      this.#leaveIfAutocommit();
    }
  }

  #oneByOne(plan: DriverPlan, rows: ValueRows, from: number, to: number, into: RowsInserted): RowsInserted {
    const { statement } = this.database.prepare(plan.text);
    const { lastrowids } = into;
    let { rowcount } = into;
    for (let row = from; row < to; row++) {
      const { changes, lastInsertRowid } = statement.run(...rows.at(row));
      rowcount += changes;
      lastrowids.push(Number.isSafeInteger(lastInsertRowid) ? lastInsertRowid : this.#exactRowid());
    }
    return { rowcount, lastrowids };
  }

  openCursor(plan: DriverPlan, params: readonly unknown[]): DriverCursor {
    return this.openCursorSync(plan, params);
  }

  openCursorSync(plan: DriverPlan, params: readonly unknown[]): DriverCursor {
    if (this.#undone) throw goneAlready();
    const prepared = this.database.prepare(plan.text);
    if (!prepared.reader) {
      throw new InterfaceError("This statement returns no rows, so that there is nothing to stream", null);
    }
    if (!prepared.readonly) this.#enterToWrite();
    else if (this.#logical && !this.#physical && this.#mode !== "lazy") this.#enter();
    try {
      return new SqliteCursor(this.database, this, plan, params);
    } finally {
      if (!prepared.readonly) this.#leaveIfAutocommit();
    }
  }

  /** Before somebody uses the database itself: what is done there is part of the transaction, if there is one. */
  enterForRaw(): void {
    if (this.#logical && !this.#physical && !this.#readOnly) this.#enterToWrite();
    if (this.database.cursors.size > 0) this.database.drainCursors();
  }

  close(): void {
    this.closeSync();
  }

  closeSync(): void {
    if (this.#closed) return;
    this.#closed = true;
    this.reset();
    if (!this.shared) this.database.raw.close();
  }

  // --- transactions ------------------------------------------------------------------------------------------------

  /** Begins; `null` is autocommit. May throw Blocked. */
  begin(mode: BeginMode | null, readOnly: boolean): void {
    this.#readOnly = readOnly;
    if (mode === null) return;
    this.#mode = mode;
    if (mode === "immediate" || mode === "exclusive") this.#enter();
    this.#logical = true;
  }

  commit(): void {
    this.#end("COMMIT");
  }

  rollback(): void {
    this.#end("ROLLBACK");
  }

  savepoint(name: string): void {
    if (this.#undone) throw goneAlready();
    // A savepoint outside of BEGIN would be a transaction of its own, which its RELEASE commits.
    if (this.#logical && !this.#physical) this.#enterToWrite();
    this.#control(`SAVEPOINT ${name}`);
  }

  release(name: string): void {
    if (this.#undone) throw goneAlready();
    this.#control(`RELEASE SAVEPOINT ${name}`);
  }

  rollbackTo(name: string): void {
    // Its savepoint has gone with the rest.
    if (this.#undone) return;
    this.#control(`ROLLBACK TO SAVEPOINT ${name}`);
    this.#control(`RELEASE SAVEPOINT ${name}`);
  }

  /** Closes cursors and ends what is open. */
  reset(how: "rollback" | "commit" | null = "rollback"): void {
    for (const cursor of this.database.cursors) if (cursor.owner === this) cursor.closeSync();
    this.#readOnly = false;
    try {
      if (this.#logical || this.#physical) this.#end(how === "commit" ? "COMMIT" : "ROLLBACK");
      // A BEGIN that the user sent as text.
      else if (!this.shared && how !== null && this.database.raw.open && this.database.raw.inTransaction) {
        this.#control(how === "commit" ? "COMMIT" : "ROLLBACK");
      }
    } finally {
      this.gate.leave(this);
    }
  }

  // --- inside ------------------------------------------------------------------------------------------------------

  #read(plan: DriverPlan, prepared: Prepared, params: readonly unknown[]): unknown[][] {
    setExact(prepared, plan);
    const rows = prepared.statement.all(...params) as unknown[][];
    const first = rows[0];
    // ALTER TABLE by another connection: the statement was prepared anew below us.
    if (first !== undefined && first.length !== prepared.columns.length) {
      prepared.columns = prepared.statement.columns().map((column) => column.name);
    }
    if (plan.integers !== "number") narrowIntegers(rows, plan.integers);
    return rows;
  }

  #write(plan: DriverPlan, prepared: Prepared, params: readonly unknown[]): DriverResult {
    this.#enterToWrite();
    const { database } = this;
    if (database.cursors.size > 0) database.drainCursors();
    try {
      if (prepared.reader) {
        const rows = this.#read(plan, prepared, params);
        return new StatementResult(rows, prepared.columns, rows.length);
      }
      const info = prepared.statement.run(...params);
      const lastrowid = Number.isSafeInteger(info.lastInsertRowid) ? info.lastInsertRowid : this.#exactRowid();
      return new StatementResult(NO_ROWS, null, info.changes, lastrowid);
    } catch (error) {
      throw this.#afterError(error);
    } finally {
      this.#leaveIfAutocommit();
    }
  }

  // A full disk, a failed read or write and RAISE(ROLLBACK) end the transaction and not only the statement.
  #afterError(error: unknown): unknown {
    const { raw } = this.database;
    if (this.#physical && raw.open && !raw.inTransaction) this.#undone = true;
    return error;
  }

  #exactRowid(): bigint {
    const statement = this.database.raw.prepare("SELECT last_insert_rowid()").pluck().safeIntegers(true);
    return statement.get() as bigint;
  }

  // Before a write: the gate is ours, and so is a BEGIN when a transaction was begun.
  #enterToWrite(): void {
    if (this.#undone) throw goneAlready();
    if (this.#readOnly) {
      throw new OperationalError("attempt to write in a transaction that was begun with readOnly", null, undefined, {
        code: "SQLITE_READONLY",
      });
    }
    if (!this.gate.tryEnter(this)) throw new Blocked(this.gate.waitFor(this));
    if (this.#logical && !this.#physical) this.#enter(this.#mode === "lazy" ? "immediate" : this.#mode);
  }

  #enter(mode: BeginMode = this.#mode): void {
    const writes = mode === "immediate" || mode === "exclusive";
    // One database object can be inside one BEGIN only, whatever its kind.
    if ((writes || this.shared) && !this.gate.tryEnter(this)) throw new Blocked(this.gate.waitFor(this));
    try {
      this.#control(mode === "exclusive" ? "BEGIN EXCLUSIVE" : writes ? "BEGIN IMMEDIATE" : "BEGIN");
      this.#physical = true;
    } catch (error) {
      this.gate.leave(this);
      throw error;
    }
  }

  #end(word: "COMMIT" | "ROLLBACK"): void {
    try {
      if (this.#physical && this.database.raw.open) {
        if (this.database.raw.inTransaction) this.#control(word);
        else if (word === "COMMIT") {
          // It does so after some errors (disk full, RAISE(ROLLBACK)).
          throw new OperationalError("cannot commit: the database has rolled the transaction back by itself", null);
        }
      }
    } catch (error) {
      // A COMMIT that fails (deferred foreign keys) leaves the transaction open: the caller rolls back.
      if (word === "ROLLBACK" || !this.database.raw.inTransaction) this.#over();
      throw error;
    }
    this.#over();
  }

  #over(): void {
    this.#logical = false;
    this.#physical = false;
    this.#undone = false;
    this.#mode = this.defaultMode;
    this.#readOnly = false;
    this.gate.leave(this);
  }

  #control(text: string): void {
    if (this.database.cursors.size > 0) this.database.drainCursors();
    this.database.prepare(text).statement.run();
  }

  #leaveIfAutocommit(): void {
    if (!this.#logical) this.gate.leave(this);
  }
}

function goneAlready(): OperationalError {
  return new OperationalError(
    "the database has rolled this transaction back by itself, after an error before this: call rollback(), and do its work again from the start",
    null,
  );
}
