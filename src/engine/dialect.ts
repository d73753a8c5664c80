/** What the engine asks of a dialect, beside what the compiler asks. */
import type { Compiled } from "../sql/compiled.js";
import type { Dialect } from "../sql/dialect.js";
import type { CopyDialect } from "./copy/dialect.js";
import type { DriverConnection, DriverPlan } from "./driver.js";
import { type DatabaseError, NoSuchModuleError } from "./errors.js";
import type { ExplainDialect } from "./explain-dialect.js";
import type { Op } from "./io.js";
import type { NotificationDialect } from "./notifications/dialect.js";
import type { ReflectionDialect } from "./reflection.js";
import type { URL } from "./url.js";

/** The isolation levels of standard SQL, and the absence of transactions. */
export const ISOLATION_LEVELS = [
  "READ UNCOMMITTED",
  "READ COMMITTED",
  "REPEATABLE READ",
  "SERIALIZABLE",
  "AUTOCOMMIT",
] as const;

/** How transactions are kept apart; AUTOCOMMIT has none. */
export type IsolationLevel = (typeof ISOLATION_LEVELS)[number];

/** Values by name; null is the server's own value. */
export type SettingValues = Readonly<Record<string, string | number | boolean | null>>;

/**
 * Settings that a transaction begins with, and that are gone when it ends: what policies of row-level security read
 * (`app.tenant_id`), `role`, `search_path`, `statement_timeout`. A function is asked at each begin.
 *
 * @example asyncSessionmaker(engine, { transactionOptions: { settings: () => ({ "app.tenant_id": tenant.getStore() }) } })
 */
export type TransactionSettings = SettingValues | (() => SettingValues);

/** What a transaction is begun with; undefined leaves the database's default. */
export interface TransactionOptions {
  readonly isolationLevel?: IsolationLevel | undefined;
  readonly readOnly?: boolean | undefined;
  /** PostgreSQL: wait for a snapshot that needs no retry. */
  readonly deferrable?: boolean | undefined;
  /** PostgreSQL: settings that hold for the transaction. */
  readonly settings?: TransactionSettings | undefined;
}

/**
 * How the pool is made when the user does not say: `"single"` for databases that have one session, which is lent to one
 * user after the other; `"static"` for those whose driver keeps any number of users apart on one connection.
 */
export type PoolKind = "queue" | "null" | "static" | "single";

/** A dialect as the engine uses it: one object for each engine. */
export interface EngineDialect extends Dialect {
  /** The package behind it, for messages: "better-sqlite3". */
  readonly driverName: string;
  /** Isolation levels that `isolationLevel` may name. */
  readonly isolationLevels: readonly IsolationLevel[];
  /** The level of a transaction for which nothing else was said. */
  readonly defaultIsolationLevel: IsolationLevel;
  /** Asks the database for the level of the transaction that is open, else of the next, where it can be another than the default. */
  readIsolationLevel?(connection: DriverConnection): Op<IsolationLevel>;
  /** The kind of pool that fits the URL. */
  readonly poolKind: PoolKind;
  /** INSERT of one row tells the integer key that the database made, without RETURNING. */
  readonly lastRowId: boolean;

  /**
   * Opens a connection.
   * @param given the driver's own connection object, when a `doConnect` handler or the engine's `creator` has made one
   */
  connect(given?: unknown): Op<DriverConnection>;
  /** Runs once on each new connection, before anybody gets it. */
  onConnect?(connection: DriverConnection): Op<void>;
  /** Whether the connection still works; never throws. */
  ping(connection: DriverConnection): Op<boolean>;
  /** Puts the connection back into its first state before it returns to the pool: cursors closed, no transaction. Null: done at once. */
  reset(connection: DriverConnection, how: "rollback" | "commit" | null): Op<void> | null;
  /** Runs once when the engine is disposed of, after its pool: closes a database that the connections share. */
  dispose?(): Op<void>;

  /** The statement that gives the transaction its settings, where there is such a thing. */
  settingsStatement?(settings: SettingValues): { readonly plan: DriverPlan; readonly params: readonly unknown[] };
  /** Begins a transaction. Null: done at once. */
  begin(connection: DriverConnection, options: TransactionOptions): Op<void> | null;
  /** Commits it. Null: done at once. */
  commit(connection: DriverConnection): Op<void> | null;
  /** Rolls it back. Null: done at once. */
  rollback(connection: DriverConnection): Op<void> | null;
  savepoint(connection: DriverConnection, name: string): Op<void>;
  releaseSavepoint(connection: DriverConnection, name: string): Op<void>;
  rollbackToSavepoint(connection: DriverConnection, name: string): Op<void>;
  /** Two-phase commit, where the database has it. */
  prepareTwophase?(connection: DriverConnection, id: string): Op<void>;
  /** The names of the transactions of the database that are prepared and not ended. */
  preparedTransactions?(connection: DriverConnection): Op<string[]>;
  /** Ends one of them, outside of a transaction. */
  endPrepared?(connection: DriverConnection, id: string, word: "COMMIT" | "ROLLBACK"): Op<void>;

  /** The driver's part of a compiled statement. */
  planFor(compiled: Compiled): DriverPlan;
  /** Turns a driver's error into one of ours, without a statement; null leaves it as it is. */
  translateError(error: unknown): TranslatedError | null;
  /** Whether the error means that the connection is dead. */
  isDisconnect(error: unknown, connection: DriverConnection | null): boolean;

  /** LISTEN and NOTIFY, where there are such. */
  readonly notifications?: NotificationDialect;
  /** COPY, where there is such a thing. */
  readonly copy?: CopyDialect;
  /** How it is asked for the plan of a statement, where it can be. */
  readonly explain?: ExplainDialect;
  /** What the inspector and `hasTable` ask. */
  readonly reflection: ReflectionDialect;
}

/** A driver's error, understood. */
export interface TranslatedError {
  readonly errorClass: new (...args: ConstructorParameters<typeof DatabaseError>) => DatabaseError;
  readonly message: string;
  readonly details: NonNullable<ConstructorParameters<typeof DatabaseError>[3]>;
}

/** The options of each dialect, by its name. A dialect declares its own by adding to this interface. */
// biome-ignore lint/suspicious/noEmptyInterface: dialects add to it
export interface OptionsOfDialects {}

/** Options that a dialect may read beside its URL. */
export interface DialectOptions {
  /** Options of the driver, passed on as they are. */
  readonly connectArgs?: Readonly<Record<string, unknown>>;
  /** The dialect's own options, by its name: `{ sqlite: { foreignKeys: false } }`. */
  readonly dialectOptions?: OptionsOfDialects;
  /** Gives the driver's own connection object, or a promise of one, in place of the dialect's way of connecting. */
  readonly creator?: () => unknown;
  readonly jsonSerializer?: (value: unknown) => string;
  readonly jsonDeserializer?: (text: string) => unknown;
}

/** Makes the dialect of an engine. */
export type DialectFactory = (url: URL, options: DialectOptions) => EngineDialect;

const factories = new Map<string, DialectFactory>();

/**
 * Makes a dialect known under the scheme of its URLs.
 *
 * @param scheme `"sqlite"`, or with a driver `"sqlite+worker"`.
 */
export function registerDialect(scheme: string, factory: DialectFactory): void {
  factories.set(scheme, factory);
}

/** The names under which dialects are registered. */
function registeredDialects(): readonly string[] {
  return [...factories.keys()].sort();
}

/** Makes the dialect that a URL asks for. Throws NoSuchModuleError when nobody registered it. */
export function makeDialect(url: URL, options: DialectOptions): EngineDialect {
  const factory = factories.get(url.drivername);
  if (factory !== undefined) return factory(url, options);
  const known = registeredDialects();
  const list = known.length === 0 ? "no dialect is registered" : `known are ${known.join(", ")}`;
  if (factories.has(url.backendName)) {
    throw new NoSuchModuleError(
      `The dialect "${url.backendName}" has no driver "${url.driverName ?? ""}" (URL "${url}"); ${list}`,
    );
  }
  throw new NoSuchModuleError(`There is no dialect for "${url.drivername}" (URL "${url}"); ${list}`);
}
