/** What the dialects of PostgreSQL have in common, wherever the database is. */
import {
  type DialectOptions,
  type EngineDialect,
  ISOLATION_LEVELS,
  type IsolationLevel,
  type PoolKind,
  type SettingValues,
  type TransactionOptions,
  type TranslatedError,
} from "../../engine/dialect.js";
import { type DriverConnection, type DriverPlan, type DriverResult, RunRequest } from "../../engine/driver.js";
import { DatabaseError } from "../../engine/errors.js";
import { type Op, request } from "../../engine/io.js";
import { nextPlanId, textPlan } from "../../engine/plan.js";
import type { URL } from "../../engine/url.js";
import type { Compiled } from "../../sql/compiled.js";
import { DefaultDialect } from "../../sql/default-dialect.js";
import { StandardIdentifiers } from "../../sql/identifiers.js";
import { quoteLiteral } from "../../sql/types/base.js";
import type { JsonCell } from "../../sql/types/json-cell.js";
import { EnumType } from "../../sql/types/structured.js";
import type { SQLType } from "../../sql/types/type.js";
import { bulkByKeyOf } from "./bulk-by-key.js";
import { bulkInsertOf } from "./bulk-insert.js";
import { postgresqlCapabilities } from "./capabilities.js";
import { PostgresqlCompiler } from "./compiler.js";
import { ExchangeRequest, type PostgresConnection } from "./connection.js";
import { PostgresqlCopy } from "./copy/copy.js";
import { PostgresqlDDLCompiler } from "./ddl-compiler.js";
import { isPostgresDisconnect, isServerError, translatePostgresError } from "./errors.js";
import { postgresqlExplain } from "./explain.js";
import { postgresqlJsonCell } from "./json-cell.js";
import type { SessionSettings } from "./options.js";
import type { PostgresPlan } from "./plan.js";
import { PostgresqlReflection } from "./reflection.js";
import { PostgresqlTypeCompiler } from "./type-compiler.js";
import { loadKind, postgresqlType } from "./types.js";
import { leftPrepared, perhapsPrepared, uncertainCommit } from "./uncertain.js";
import type { Exchange } from "./wire/exchange.js";

const SHOW_LEVEL = { ...textPlan("SHOW transaction_isolation"), returnsRows: true };
const PREPARED = {
  ...textPlan("SELECT gid FROM pg_prepared_xacts WHERE database = current_database() ORDER BY prepared, gid"),
  returnsRows: true,
};
const PING_TIMEOUT_MS = 5000;
const ROLLBACK_TIMEOUT_MS = 10_000;

/**
 * PostgreSQL, whatever carries its protocol.
 *
 * A transaction's BEGIN travels with its first statement. Compiled statements are prepared on the server under a name.
 */
export abstract class PostgresqlDialect extends DefaultDialect implements EngineDialect {
  override readonly name = "postgresql";
  abstract readonly driverName: string;
  override readonly paramStyle = "numbered" as const;
  override readonly capabilities = postgresqlCapabilities;
  override readonly identifiers = new StandardIdentifiers({ maxLength: 63 });
  override readonly defaultSchemaName = null;
  override readonly statementCompiler = PostgresqlCompiler;
  override readonly ddlCompiler = PostgresqlDDLCompiler;
  override readonly typeCompiler = new PostgresqlTypeCompiler(this);
  readonly isolationLevels = ISOLATION_LEVELS;
  readonly defaultIsolationLevel = "READ COMMITTED";
  abstract readonly poolKind: PoolKind;
  readonly lastRowId = false;
  readonly copy = new PostgresqlCopy(this.identifiers);
  readonly explain = postgresqlExplain;
  readonly reflection = new PostgresqlReflection();
  /** How a single integer key is written. */
  readonly autoincrement: "identity" | "serial";

  constructor(
    readonly url: URL,
    private readonly options: DialectOptions,
    settings: SessionSettings,
  ) {
    super();
    this.autoincrement = settings.autoincrement;
  }

  protected override adaptType(type: SQLType): SQLType {
    return postgresqlType(type, this.options);
  }

  override listsAsOne(type: SQLType): boolean {
    const impl = this.typeImpl(type);
    return impl.family !== "null" && impl.family !== "array" && impl.wrapBind("", this, () => "") === null;
  }

  override jsonCell(type: SQLType): JsonCell {
    return postgresqlJsonCell(type, this);
  }

  // --- connections -------------------------------------------------------------------------------------------------

  abstract connect(given?: unknown): Op<DriverConnection>;

  *ping(connection: DriverConnection): Op<boolean> {
    const postgres = connection as PostgresConnection;
    if (postgres.link.lost !== null) return false;
    const exchange = postgres.ping();
    try {
      yield request<void>(
        (signal) => withinTime(postgres, exchange, PING_TIMEOUT_MS, signal),
        () => postgres.performSync(exchange),
      );
      return true;
    } catch {
      return false;
    }
  }

  reset(connection: DriverConnection, how: "rollback" | "commit" | null): Op<void> | null {
    const exchange = (connection as PostgresConnection).reset(how);
    if (exchange === null) return null;
    return how === "commit" ? this.#perform(connection, exchange) : this.#rollBack(connection, exchange);
  }

  // --- transactions ------------------------------------------------------------------------------------------------

  // Outside a transaction the statement is one by itself, with the session's default.
  *readIsolationLevel(connection: DriverConnection): Op<IsolationLevel> {
    const { rows } = (yield new RunRequest(connection, SHOW_LEVEL, [], undefined)) as DriverResult;
    return String(rows[0]?.[0]).toUpperCase() as IsolationLevel;
  }

  begin(connection: DriverConnection, options: TransactionOptions): Op<void> | null {
    const exchange = (connection as PostgresConnection).begin(options);
    return exchange === null ? null : this.#perform(connection, exchange);
  }

  // As text that the server reads, so that a list (search_path) is one; `role` is a setting too.
  settingsStatement(settings: SettingValues): { readonly plan: DriverPlan; readonly params: readonly unknown[] } {
    const names = Object.keys(settings);
    const calls = names.map((_, i) => `set_config($${2 * i + 1}, $${2 * i + 2}, true)`);
    const params = names.flatMap((name) => [name, settings[name] === null ? null : String(settings[name])]);
    return { plan: { ...textPlan(`SELECT ${calls.join(", ")}`), returnsRows: true }, params };
  }

  commit(connection: DriverConnection): Op<void> | null {
    const postgres = connection as PostgresConnection;
    const { prepared } = postgres;
    const exchange = postgres.end("COMMIT");
    if (exchange === null) return null;
    const committing = this.#commit(postgres, exchange);
    return prepared === null ? committing : endingPrepared(postgres, prepared, "COMMIT", committing);
  }

  *#commit(postgres: PostgresConnection, exchange: Exchange): Op<void> {
    try {
      yield new ExchangeRequest(postgres, exchange);
    } catch (error) {
      throw exchange.sent && postgres.link.lost !== null ? uncertainCommit(error) : error;
    }
    postgres.checkCommit(exchange);
  }

  rollback(connection: DriverConnection): Op<void> | null {
    const postgres = connection as PostgresConnection;
    const { prepared } = postgres;
    const exchange = postgres.end("ROLLBACK");
    if (exchange === null) return null;
    const rollingBack = this.#rollBack(connection, exchange);
    return prepared === null ? rollingBack : endingPrepared(postgres, prepared, "ROLLBACK", rollingBack);
  }

  *savepoint(connection: DriverConnection, name: string): Op<void> {
    yield* this.#control(connection, `SAVEPOINT ${this.identifiers.quoteIfNeeded(name)}`);
  }

  *releaseSavepoint(connection: DriverConnection, name: string): Op<void> {
    yield* this.#control(connection, `RELEASE SAVEPOINT ${this.identifiers.quoteIfNeeded(name)}`);
  }

  *rollbackToSavepoint(connection: DriverConnection, name: string): Op<void> {
    yield* this.#control(connection, `ROLLBACK TO SAVEPOINT ${this.identifiers.quoteIfNeeded(name)}`);
  }

  *prepareTwophase(connection: DriverConnection, id: string): Op<void> {
    const postgres = connection as PostgresConnection;
    const exchange = postgres.prepareTwophase(id);
    if (exchange === null) return;
    try {
      yield* this.#perform(connection, exchange);
    } catch (error) {
      throw exchange.sent && postgres.link.lost !== null ? perhapsPrepared(id, error) : error;
    }
    // Of a transaction that has failed the server makes a rollback, and no error.
    postgres.checkCommit(exchange);
    postgres.wasPrepared(id);
  }

  *preparedTransactions(connection: DriverConnection): Op<string[]> {
    const { rows } = (yield new RunRequest(connection, PREPARED, [], undefined)) as DriverResult;
    return rows.map(([id]) => id as string);
  }

  *endPrepared(connection: DriverConnection, id: string, word: "COMMIT" | "ROLLBACK"): Op<void> {
    yield* this.#control(connection, `${word} PREPARED ${quoteLiteral(id)}`);
  }

  *#control(connection: DriverConnection, text: string): Op<void> {
    yield* this.#perform(connection, (connection as PostgresConnection).control(text));
  }

  // The server rolls back at once, and by itself when the connection ends: there is no need to wait for one that is silent.
  *#rollBack(connection: DriverConnection, exchange: Exchange): Op<void> {
    const postgres = connection as PostgresConnection;
    yield request<void>(
      () => withinTime(postgres, exchange, ROLLBACK_TIMEOUT_MS),
      () => postgres.performSync(exchange),
    );
  }

  *#perform(connection: DriverConnection, exchange: Exchange): Op<void> {
    yield new ExchangeRequest(connection as PostgresConnection, exchange);
  }

  // --- statements --------------------------------------------------------------------------------------------------

  planFor(compiled: Compiled): PostgresPlan {
    const { resultColumns, text, kind } = compiled;
    const textual = kind === "text";
    const enumName = (type: SQLType): string | null => this.enumName(type);
    return {
      text,
      returnsRows: textual ? null : compiled.returnsRows,
      integers: "number",
      // Utility statements are not worth keeping, and several of them may stand in one text.
      cacheId: textual && !/^\s*(select|insert|update|delete|with|values|table|merge)\b/i.test(text) ? 0 : nextPlanId(),
      kinds: resultColumns === null ? null : resultColumns.map((column) => loadKind(column.type, this)),
      columns: resultColumns === null ? null : resultColumns.map((column) => column.name),
      textual,
      bulk: bulkInsertOf(compiled, enumName) ?? bulkByKeyOf(compiled, enumName),
    };
  }

  private enumName(type: SQLType): string | null {
    const impl = this.typeImpl(type);
    return impl instanceof EnumType && impl.native && impl.name !== null ? this.typeCompiler.castName(impl) : null;
  }

  translateError(error: unknown): TranslatedError | null {
    return translatePostgresError(error);
  }

  isDisconnect(error: unknown, connection: DriverConnection | null): boolean {
    return isPostgresDisconnect(error) || (connection as PostgresConnection | null)?.link.lost != null;
  }
}

// A server that is cut off does not answer at all.
async function withinTime(
  connection: PostgresConnection,
  exchange: Exchange,
  milliseconds: number,
  signal?: AbortSignal,
): Promise<void> {
  const giveUp = (): void => connection.link.destroy();
  const timer = setTimeout(giveUp, milliseconds);
  signal?.addEventListener("abort", giveUp, { once: true });
  try {
    await connection.perform(exchange);
  } finally {
    clearTimeout(timer);
    signal?.removeEventListener("abort", giveUp);
  }
}

function* endingPrepared(
  connection: PostgresConnection,
  id: string,
  word: "COMMIT" | "ROLLBACK",
  ending: Op<void>,
): Op<void> {
  try {
    yield* ending;
  } catch (error) {
    const reason = error instanceof DatabaseError && error.commitUncertain ? error.cause : error;
    // Somebody else has ended it.
    if (isServerError(reason) && reason.code === "42704") throw reason;
    throw leftPrepared(id, word, connection.link.lost !== null, reason);
  }
}
