import { realpathSync } from "node:fs";
import { createRequire } from "node:module";
import { resolve } from "node:path";
import type { Database as RawDatabase } from "better-sqlite3";
import {
  type DialectOptions,
  type EngineDialect,
  flagOption,
  ISOLATION_LEVELS,
  type IsolationLevel,
  numberOption,
  type TransactionOptions,
  type TranslatedError,
} from "../../engine/dialect.js";
import { Blocked, type DriverConnection, type DriverPlan } from "../../engine/driver.js";
import { NoSuchModuleError } from "../../engine/errors.js";
import type { Op } from "../../engine/io.js";
import { nextPlanId } from "../../engine/plan.js";
import type { URL } from "../../engine/url.js";
import { type DialectCapabilities, standardCapabilities } from "../../sql/capabilities.js";
import type { Compiled } from "../../sql/compiled.js";
import { DefaultDialect } from "../../sql/default-dialect.js";
import { ArgumentError } from "../../sql/errors.js";
import { StandardIdentifiers } from "../../sql/identifiers.js";
import type { SQLType } from "../../sql/types/type.js";
import { SqliteCompiler } from "./compiler.js";
import { type BeginMode, SqliteConnection } from "./connection.js";
import { SqliteDatabase } from "./database.js";
import { SqliteDDLCompiler, SqliteTypeCompiler } from "./ddl-compiler.js";
import { isSqliteDisconnect, translateSqliteError } from "./errors.js";
import { registerFunctions } from "./functions.js";
import { SqliteReflection } from "./reflection.js";
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
  tablesample: false,
  groupingSets: false,
  withinGroup: false,
  fetchClause: false,
  parenthesizedSetMembers: false,
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

/** Options of the dialect, in the URL or as `dialectOptions: { sqlite: { ... } }`. */
export interface SqliteOptions {
  /** Enforce foreign keys. Default true. */
  readonly foreignKeys?: boolean;
  /** Milliseconds that a writer waits for another one. Default 5000. */
  readonly busyTimeout?: number;
  /** Of databases in files. Default "wal". */
  readonly journalMode?: string;
  /** How many prepared statements each connection keeps. Default 200. */
  readonly statementCacheSize?: number;
  /** When BEGIN is sent; see {@link BeginMode}. Default "lazy". */
  readonly begin?: BeginMode;
  /** Keys are made with AUTOINCREMENT, so that none is used twice. Default false. */
  readonly autoincrement?: boolean;
  /** Called with each new better-sqlite3 database: own functions, extensions, pragmas. */
  readonly onOpen?: (database: RawDatabase) => void;
}

const MODES: readonly BeginMode[] = ["lazy", "deferred", "immediate", "exclusive"];

const URL_OPTIONS = [
  "mode",
  "foreign_keys",
  "busy_timeout",
  "journal_mode",
  "statement_cache_size",
  "begin",
  "autoincrement",
];

interface SharedGate {
  readonly gate: WriteGate;
  users: number;
}

// Engines of one process that write to one file share its gate.
const gates = new Map<string, SharedGate>();

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
  readonly driverName = "better-sqlite3";
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
  readonly reflection = new SqliteReflection(this);
  readonly poolKind: "static" | "queue";
  /** Whether the database is in memory. */
  readonly inMemory: boolean;
  /** Keys are made with AUTOINCREMENT. */
  readonly autoincrement: boolean;
  readonly #path: string;
  readonly #readonly: boolean;
  readonly #mustExist: boolean;
  readonly #options: Required<Omit<SqliteOptions, "onOpen">> & Pick<SqliteOptions, "onOpen">;
  #memory: SqliteDatabase | null = null;
  #gate: WriteGate | null = null;

  constructor(
    readonly url: URL,
    private readonly settings: DialectOptions,
  ) {
    super();
    if (url.host !== null || url.username !== null) {
      throw new ArgumentError(
        `"${url}" is no SQLite URL: after sqlite:// comes a third slash and the file's path, as in "sqlite:///app.db" ` +
          'or, absolute, "sqlite:////var/app.db"; "sqlite://" is a database in memory',
      );
    }
    for (const name of Object.keys(url.query)) {
      if (!URL_OPTIONS.includes(name)) {
        throw new ArgumentError(`SQLite knows no URL option "${name}"; it knows ${URL_OPTIONS.join(", ")}`);
      }
    }
    const given = (settings.dialectOptions?.["sqlite"] ?? {}) as SqliteOptions;
    const mode = url.option("mode") ?? "rwc";
    if (!["ro", "rw", "rwc", "memory"].includes(mode)) {
      throw new ArgumentError(`The option "mode" of an SQLite URL is ro, rw, rwc or memory, not "${mode}"`);
    }
    const begin = (url.option("begin") ?? given.begin ?? "lazy") as BeginMode;
    if (!MODES.includes(begin)) {
      throw new ArgumentError(`The option "begin" of SQLite is ${MODES.join(", ")}, not "${begin}"`);
    }
    this.#path = url.database ?? "";
    this.inMemory = this.#path === "" || this.#path === ":memory:" || mode === "memory";
    this.#readonly = mode === "ro";
    this.#mustExist = mode === "ro" || mode === "rw";
    this.poolKind = this.inMemory ? "static" : "queue";
    this.#options = {
      foreignKeys: flagOption(url, "foreign_keys", given.foreignKeys ?? true),
      busyTimeout: numberOption(url, "busy_timeout", given.busyTimeout ?? 5000),
      journalMode: url.option("journal_mode") ?? given.journalMode ?? "wal",
      statementCacheSize: numberOption(url, "statement_cache_size", given.statementCacheSize ?? 200),
      begin,
      autoincrement: flagOption(url, "autoincrement", given.autoincrement ?? false),
      onOpen: given.onOpen,
    };
    if (!/^[a-z]+$/i.test(this.#options.journalMode)) {
      throw new ArgumentError(
        `"${this.#options.journalMode}" is no journal mode of SQLite; write "wal", "delete", ...`,
      );
    }
    this.autoincrement = this.#options.autoincrement;
  }

  protected override adaptType(type: SQLType): SQLType {
    return sqliteType(type, this.settings);
  }

  // --- connections -------------------------------------------------------------------------------------------------

  // biome-ignore lint/correctness/useYield: better-sqlite3 answers at once
  *connect(given?: unknown): Op<DriverConnection> {
    const { begin } = this.#options;
    if (this.inMemory) {
      this.#memory ??= this.#open(":memory:", given);
      this.#gate ??= new WriteGate("the in-memory database", this.#options.busyTimeout);
      return new SqliteConnection(this.#memory, this.#gate, true, begin);
    }
    const database = this.#open(this.#path, given);
    this.#gate ??= takeGate(realpathSync(resolve(database.raw.name)), this.#options.busyTimeout);
    return new SqliteConnection(database, this.#gate, false, begin);
  }

  #open(path: string, given: unknown): SqliteDatabase {
    const raw = given === undefined ? this.#openRaw(path) : (given as RawDatabase);
    const { foreignKeys, busyTimeout, journalMode, statementCacheSize, onOpen } = this.#options;
    try {
      raw.pragma(`foreign_keys = ${foreignKeys ? "ON" : "OFF"}`);
      raw.pragma(`busy_timeout = ${Math.round(busyTimeout)}`);
      if (!this.inMemory && !this.#readonly) {
        raw.pragma(`journal_mode = ${journalMode}`);
        if (journalMode.toLowerCase() === "wal") raw.pragma("synchronous = NORMAL");
      }
      registerFunctions(raw);
      onOpen?.(raw);
    } catch (error) {
      raw.close();
      throw error;
    }
    return new SqliteDatabase(raw, statementCacheSize);
  }

  #openRaw(path: string): RawDatabase {
    const Database = loadDriver();
    return new Database(path, {
      timeout: this.#options.busyTimeout,
      readonly: this.#readonly,
      fileMustExist: this.#mustExist,
      ...this.settings.connectArgs,
    });
  }

  // biome-ignore lint/correctness/useYield: better-sqlite3 answers at once
  *ping(connection: DriverConnection): Op<boolean> {
    return (connection as SqliteConnection).raw.open;
  }

  // biome-ignore lint/correctness/useYield: better-sqlite3 answers at once
  *reset(connection: DriverConnection, how: "rollback" | "commit" | null): Op<void> {
    (connection as SqliteConnection).reset(how);
  }

  // biome-ignore lint/correctness/useYield: better-sqlite3 answers at once
  *dispose(): Op<void> {
    this.#memory?.raw.close();
    this.#memory = null;
    if (this.#gate !== null && !this.inMemory) dropGate(this.#gate);
    this.#gate = null;
  }

  // --- transactions ------------------------------------------------------------------------------------------------

  *begin(connection: DriverConnection, options: TransactionOptions): Op<void> {
    const sqlite = connection as SqliteConnection;
    yield* waiting(() => sqlite.begin(this.#modeFor(options.isolationLevel), options.readOnly ?? false));
  }

  #modeFor(level: IsolationLevel | undefined): BeginMode | null {
    if (level === "AUTOCOMMIT") return null;
    const { begin } = this.#options;
    return begin === "lazy" && (level === "SERIALIZABLE" || level === "REPEATABLE READ") ? "deferred" : begin;
  }

  // biome-ignore lint/correctness/useYield: better-sqlite3 answers at once
  *commit(connection: DriverConnection): Op<void> {
    (connection as SqliteConnection).commit();
  }

  // biome-ignore lint/correctness/useYield: better-sqlite3 answers at once
  *rollback(connection: DriverConnection): Op<void> {
    (connection as SqliteConnection).rollback();
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

  planFor(compiled: Compiled): DriverPlan {
    return {
      text: compiled.text,
      returnsRows: compiled.kind === "text" ? null : compiled.returnsRows,
      integers: this.#integersOf(compiled),
      cacheId: nextPlanId(),
      locks: locksRows(compiled),
    };
  }

  #integersOf(compiled: Compiled): DriverPlan["integers"] {
    const columns = compiled.resultColumns;
    if (columns === null) return "exact";
    const needs = columns.map((column) => bigintNeed(column.type, this));
    if (needs.includes("perhaps")) return "exact";
    return needs.includes("always") ? needs.map((need) => need === "always") : "number";
  }

  translateError(error: unknown): TranslatedError | null {
    return translateSqliteError(error);
  }

  isDisconnect(error: unknown): boolean {
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

type DatabaseClass = new (path: string, options?: Record<string, unknown>) => RawDatabase;

function loadDriver(): DatabaseClass {
  try {
    return createRequire(import.meta.url)("better-sqlite3") as DatabaseClass;
  } catch (error) {
    const code = (error as { code?: unknown }).code;
    const reason =
      code === "MODULE_NOT_FOUND"
        ? "is not installed"
        : `could not be loaded (${(error as Error).message.split("\n")[0]})`;
    throw new NoSuchModuleError(
      `The package "better-sqlite3", which sqlite:// URLs need, ${reason}. Install it with: npm install better-sqlite3`,
      { cause: error },
    );
  }
}
