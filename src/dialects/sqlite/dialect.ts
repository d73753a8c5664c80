/** The dialect of SQLite, with `better-sqlite3` in this thread. */
import { realpathSync } from "node:fs";
import { resolve } from "node:path";
import {
  type DialectOptions,
  type EngineDialect,
  ISOLATION_LEVELS,
  type IsolationLevel,
  type TransactionOptions,
  type TranslatedError,
} from "../../engine/dialect.js";
import { Blocked, type DriverConnection, type DriverPlan } from "../../engine/driver.js";
import type { Op } from "../../engine/io.js";
import { nextPlanId } from "../../engine/plan.js";
import type { URL } from "../../engine/url.js";
import { type DialectCapabilities, standardCapabilities } from "../../sql/capabilities.js";
import type { Compiled } from "../../sql/compiled.js";
import { DefaultDialect } from "../../sql/default-dialect.js";
import { StandardIdentifiers } from "../../sql/identifiers.js";
import type { JsonCell } from "../../sql/types/json-cell.js";
import type { SQLType } from "../../sql/types/type.js";
import { SqliteCompiler } from "./compiler.js";
import { SqliteConnection, type SqlitePlan } from "./connection.js";
import type { SqliteDatabase } from "./database.js";
import { SqliteDDLCompiler, SqliteTypeCompiler } from "./ddl-compiler.js";
import type { BeginMode } from "./engine-options.js";
import { isSqliteDisconnect, translateSqliteError } from "./errors.js";
import { sqliteExplain } from "./explain.js";
import { sqliteJsonCell } from "./json-cell.js";
import { type OpenSettings, openDatabase } from "./open.js";
import { readSqliteOptions, type SqliteSettings } from "./options.js";
import { SqliteReflection } from "./reflection.js";
import { rowInsertOf } from "./row-inserts.js";
import { tableScanOf } from "./table-scan.js";
import { bigintNeed, sqliteType } from "./types.js";
import { WriteGate } from "./write-gate.js";

/** What SQLite can do. */
export const sqliteCapabilities: DialectCapabilities = {
  ...standardCapabilities,
  insertReturningOrdered: false,
  // One prepared statement, stepped for each row, is faster than many rows in one statement.
  insertMany: false,
  defaultKeyword: false,
  deleteUsing: false,
  severalConflictClauses: true,
  quantifiedComparison: false,
  dmlCte: false,
  nativeEnum: false,
  nativeBoolean: false,
  nativeJson: false,
  nativeUuid: false,
  nativeArray: false,
  arrayParameters: true,
  distinctOn: false,
  ilike: false,
  isDistinctFrom: false,
  forUpdate: false,
  lateral: false,
  limitInMembership: true,
  returningSeesTriggers: false,
  tablesample: false,
  derivedColumnNames: false,
  groupingSets: false,
  withinGroup: false,
  fetchClause: false,
  parenthesizedSetMembers: false,
  setOperationsAll: false,
  alterAddConstraint: false,
  sequences: false,
  identityColumns: false,
  schemas: true,
  comments: false,
  materializedViews: false,
  excludeConstraints: false,
  domains: false,
  setNullColumns: false,
  nonFiniteFloats: false,
  maxParameters: 32_766,
};

interface SharedGate {
  readonly gate: WriteGate;
  users: number;
}

// Engines of one process that write to one file share its gate.
const gates = new Map<string, SharedGate>();

/** Types whose values JSON can carry to `json_each`. */
const LISTABLE: ReadonlySet<string> = new Set([
  "integer",
  "numeric",
  "float",
  "string",
  "boolean",
  "date",
  "time",
  "datetime",
  "interval",
  "uuid",
  "enum",
]);

/**
 * SQLite on better-sqlite3.
 *
 * URLs: `sqlite://` is a database in memory, one for the engine; `sqlite:///app.db` a file beside the working directory,
 * `sqlite:////var/app.db` an absolute path. Options in the URL: `mode=ro|rw|rwc|memory`, `foreign_keys`, `busy_timeout` (ms),
 * `journal_mode`, `begin`, `statement_cache_size`, `autoincrement`.
 *
 * Defaults: foreign keys are enforced; files are opened in WAL mode with `synchronous = NORMAL` and a busy timeout of 5 s.
 * A transaction sends `BEGIN IMMEDIATE` before its first statement that writes (or locks rows): reads before it see what is
 * committed at their time, as in PostgreSQL's READ COMMITTED, and two writers never fail on each other but wait in turn.
 * `isolationLevel: "SERIALIZABLE"` sends BEGIN before the first statement of any kind.
 */
export class SqliteDialect extends DefaultDialect implements EngineDialect {
  override readonly name = "sqlite";
  readonly driverName: string = "better-sqlite3";
  override readonly paramStyle = "qmark" as const;
  override readonly capabilities = sqliteCapabilities;
  override readonly identifiers = new StandardIdentifiers({ maxLength: 1_000_000 });
  override readonly defaultSchemaName = null;
  override readonly statementCompiler = SqliteCompiler;
  override readonly ddlCompiler = SqliteDDLCompiler;
  override readonly typeCompiler = new SqliteTypeCompiler(this);
  readonly isolationLevels = ISOLATION_LEVELS;
  readonly defaultIsolationLevel = "READ COMMITTED";
  readonly lastRowId = true;
  readonly explain = sqliteExplain;
  readonly reflection = new SqliteReflection(this);
  readonly poolKind: "static" | "queue";
  /** Whether the database is in memory. */
  readonly inMemory: boolean;
  /** Keys are made with AUTOINCREMENT. */
  readonly autoincrement: boolean;
  /** How its databases are opened. */
  protected readonly open: OpenSettings;
  protected readonly settings: SqliteSettings;
  #memory: SqliteDatabase | null = null;
  #gate: WriteGate | null = null;

  /** @param others names of options that the URL may have beside the usual ones */
  constructor(
    readonly url: URL,
    private readonly options: DialectOptions,
    others: readonly string[] = [],
  ) {
    super();
    this.settings = readSqliteOptions(url, options, others);
    this.open = this.settings.open;
    this.inMemory = this.open.path === null;
    this.poolKind = this.inMemory ? "static" : "queue";
    this.autoincrement = this.settings.autoincrement;
  }

  override listsAsOne(type: SQLType): boolean {
    return LISTABLE.has(this.typeImpl(type).family);
  }

  protected override adaptType(type: SQLType): SQLType {
    return sqliteType(type, this.options);
  }

  override jsonCell(type: SQLType): JsonCell {
    return sqliteJsonCell(type, this);
  }

  // --- connections -------------------------------------------------------------------------------------------------

  // biome-ignore lint/correctness/useYield: better-sqlite3 answers at once
  *connect(given?: unknown): Op<DriverConnection> {
    const { onOpen, begin } = this.settings;
    if (this.inMemory) {
      this.#memory ??= openDatabase(this.open, given, onOpen);
      return new SqliteConnection(this.#memory, this.gateOf(""), true, begin);
    }
    const database = openDatabase(this.open, given, onOpen);
    return new SqliteConnection(database, this.gateOf(database.raw.name), false, begin);
  }

  /** When a transaction sends its BEGIN, if nothing else was said. */
  protected get beginMode(): BeginMode {
    return this.settings.begin;
  }

  /** The write gate of the database: that of its file, which exists, or of the one in memory. */
  protected gateOf(path: string): WriteGate {
    const { busyTimeout } = this.open;
    this.#gate ??= this.inMemory
      ? new WriteGate("the in-memory database", busyTimeout)
      : takeGate(realpathSync(resolve(path)), busyTimeout);
    return this.#gate;
  }

  // biome-ignore lint/correctness/useYield: better-sqlite3 answers at once
  *ping(connection: DriverConnection): Op<boolean> {
    return (connection as SqliteConnection).raw.open;
  }

  reset(connection: DriverConnection, how: "rollback" | "commit" | null): Op<void> | null {
    (connection as SqliteConnection).reset(how);
    return null;
  }

  // biome-ignore lint/correctness/useYield: better-sqlite3 answers at once
  *dispose(): Op<void> {
    this.#memory?.raw.close();
    this.#memory = null;
    if (this.#gate !== null && !this.inMemory) dropGate(this.#gate);
    this.#gate = null;
  }

  // --- transactions ------------------------------------------------------------------------------------------------

  begin(connection: DriverConnection, options: TransactionOptions): Op<void> | null {
    const sqlite = connection as SqliteConnection;
    const mode = this.modeFor(options.isolationLevel);
    const readOnly = options.readOnly ?? false;
    // Only these have a lock to wait for.
    if (mode === "immediate" || mode === "exclusive") return waiting(() => sqlite.begin(mode, readOnly));
    sqlite.begin(mode, readOnly);
    return null;
  }

  /** When a transaction of that isolation level sends its BEGIN; null is autocommit. */
  protected modeFor(level: IsolationLevel | undefined): BeginMode | null {
    if (level === "AUTOCOMMIT") return null;
    const begin = this.beginMode;
    return begin === "lazy" && (level === "SERIALIZABLE" || level === "REPEATABLE READ") ? "deferred" : begin;
  }

  commit(connection: DriverConnection): Op<void> | null {
    (connection as SqliteConnection).commit();
    return null;
  }

  rollback(connection: DriverConnection): Op<void> | null {
    (connection as SqliteConnection).rollback();
    return null;
  }

  *savepoint(connection: DriverConnection, name: string): Op<void> {
    yield* waiting(() => (connection as SqliteConnection).savepoint(name));
  }

  // biome-ignore lint/correctness/useYield: better-sqlite3 answers at once
  *releaseSavepoint(connection: DriverConnection, name: string): Op<void> {
    (connection as SqliteConnection).release(name);
  }

  // biome-ignore lint/correctness/useYield: better-sqlite3 answers at once
  *rollbackToSavepoint(connection: DriverConnection, name: string): Op<void> {
    (connection as SqliteConnection).rollbackTo(name);
  }

  // --- statements --------------------------------------------------------------------------------------------------

  planFor(compiled: Compiled): SqlitePlan {
    return {
      text: compiled.text,
      returnsRows: compiled.kind === "text" ? null : compiled.returnsRows,
      integers: this.integersOf(compiled),
      cacheId: nextPlanId(),
      locks: locksRows(compiled),
      rows: rowInsertOf(compiled),
      scan: tableScanOf(compiled),
    };
  }

  private integersOf(compiled: Compiled): DriverPlan["integers"] {
    const columns = compiled.resultColumns;
    if (columns === null) return "exact";
    const needs = columns.map((column) => bigintNeed(column.type, this));
    if (needs.includes("perhaps")) return "exact";
    return needs.includes("always") ? needs.map((need) => need === "always") : "number";
  }

  translateError(error: unknown): TranslatedError | null {
    return translateSqliteError(error);
  }

  isDisconnect(error: unknown, _connection: DriverConnection | null): boolean {
    return isSqliteDisconnect(error);
  }
}

// A SELECT ... FOR UPDATE has no words in SQLite, but a meaning: nobody else may write from here on.
function locksRows(compiled: Compiled): boolean {
  const { forUpdateArg } = compiled.statement as { forUpdateArg?: { read?: boolean } | null };
  return forUpdateArg !== undefined && forUpdateArg !== null && forUpdateArg.read !== true;
}

/** Makes a call again after each wait that it asks for. */
function* waiting(call: () => void): Op<void> {
  for (;;) {
    try {
      call();
      return;
    } catch (error) {
      if (!(error instanceof Blocked)) throw error;
      yield error.request;
    }
  }
}

function takeGate(path: string, timeout: number): WriteGate {
  const known = gates.get(path);
  if (known !== undefined) {
    known.users++;
    return known.gate;
  }
  const gate = new WriteGate(`"${path}"`, timeout);
  gates.set(path, { gate, users: 1 });
  return gate;
}

function dropGate(gate: WriteGate): void {
  for (const [path, shared] of gates) if (shared.gate === gate && --shared.users === 0) gates.delete(path);
}
