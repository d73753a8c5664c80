/** A connection to a PostgreSQL server, as the engine uses it. */
import type { TransactionOptions } from "../../engine/dialect.js";
import {
  BatchResult,
  type DriverConnection,
  type DriverCursor,
  type DriverManyResult,
  type DriverPlan,
  type DriverResult,
  RowsFailure,
  type RowsOutcome,
  type RowsWrite,
  StatementResult,
  ValueRows,
} from "../../engine/driver.js";
import { InternalError } from "../../engine/errors.js";
import { Aborted, checkAborted, type IORequest } from "../../engine/io.js";
import { quoteLiteral } from "../../sql/types/base.js";
import type { BulkRows } from "./bulk-rows.js";
import { CopyCursor } from "./copy/cursor.js";
import { BufferedCursor, PortalCursor, type PortalHost } from "./cursor.js";
import { isServerError, isStalePlan, type ServerError } from "./errors.js";
import type { Decoder } from "./load.js";
import { changesStatements, Messages } from "./messages.js";
import { bulkOf, bulkPlan, bulkResult, type PostgresPlan } from "./plan.js";
import { type PreparedStatement, PreparedStatements } from "./statements.js";
import { beginText } from "./transaction-text.js";
import { uncertainStatement } from "./uncertain.js";
import type { Exchange } from "./wire/exchange.js";
import type { ExchangeGroup } from "./wire/exchange-group.js";
import type { ProtocolLink } from "./wire/protocol-link.js";

const NO_ROWS: never[] = [];
const ONLY_READS = /^\s*(select|values|table|show|explain)\b/i;

/** Waits for an exchange, in either way. */
export class ExchangeRequest implements IORequest<void> {
  constructor(
    private readonly connection: PostgresConnection,
    private readonly exchange: Exchange,
  ) {}
  async(): Promise<void> {
    return this.connection.perform(this.exchange);
  }
  sync(): void {
    this.connection.performSync(this.exchange);
  }
}

export class PostgresConnection implements DriverConnection, PortalHost {
  readonly immediate = false;
  readonly statements: PreparedStatements;
  readonly #messages: Messages;
  #inTransaction = false;
  #prepared: string | null = null;
  #readOnlySession = false;
  /** The last COPY whose rows are read. */
  #copying: CopyCursor | null = null;

  constructor(
    readonly link: ProtocolLink,
    /** The driver's own object behind the link. */
    readonly client: object,
    statementCacheSize: number,
  ) {
    this.statements = new PreparedStatements(statementCacheSize);
    this.#messages = new Messages(link, this.statements);
  }

  get dead(): boolean {
    return this.link.lost !== null;
  }

  /** The driver's own client. A BEGIN that is still to be sent goes out first. */
  get raw(): object {
    if (this.#messages.begin !== null && this.link.lost === null) {
      const text = this.#messages.begin;
      this.#messages.begin = null;
      void this.perform(this.#messages.simple(text)).catch(() => {});
    }
    return this.client;
  }

  async runAsync<T, Raw>(fn: (raw: Raw) => T | PromiseLike<T>): Promise<T> {
    return await fn(this.raw as Raw);
  }

  // --- statements --------------------------------------------------------------------------------------------------

  run(plan: DriverPlan, params: readonly unknown[], signal?: AbortSignal): Promise<DriverResult> {
    if (this.link.limited) return this.#runLimited(plan, params, signal);
    return this.#started(
      () => this.#messages.statement(plan, params),
      (exchange) => this.#result(plan, exchange),
      signal,
    );
  }

  /** Sends an exchange as {@link #sent} does, for links that have no limit of time. Statements are what a connection does most: one promise for each. */
  #started<R, X extends Exchange>(
    make: () => X,
    finish: (exchange: X) => R,
    signal: AbortSignal | undefined,
  ): Promise<R> {
    if (signal?.aborted) return Promise.reject(new Aborted(signal.reason));
    const began = this.#messages.begin;
    const exchange = make();
    return new Promise((resolve, reject) => {
      const settle = (): void => {
        if (exchange.error === null) resolve(finish(exchange));
        else this.#startedAgain(exchange, began, make, finish, signal).then(resolve, reject);
      };
      exchange.onDone = settle;
      this.link.start(exchange, signal);
    });
  }

  async #runLimited(plan: DriverPlan, params: readonly unknown[], signal?: AbortSignal): Promise<DriverResult> {
    checkAborted(signal);
    return this.#result(plan, await this.#sent(() => this.#messages.statement(plan, params), signal));
  }

  async #startedAgain<R, X extends Exchange>(
    failed: X,
    began: string | null,
    make: () => X,
    finish: (exchange: X) => R,
    signal: AbortSignal | undefined,
  ): Promise<R> {
    if (!this.#mayRepeat(failed.error, began)) return finish(failed);
    await this.#startOver(began);
    const again = make();
    await this.link.run(again, signal);
    return finish(again);
  }

  runSync(plan: DriverPlan, params: readonly unknown[]): DriverResult {
    return this.#result(
      plan,
      this.#sentSync(() => this.#messages.statement(plan, params)),
    );
  }

  runMany(plan: DriverPlan, sets: readonly (readonly unknown[])[], signal?: AbortSignal): Promise<DriverManyResult> {
    if (bulkOf(plan, sets.length)?.keyed === false) return this.runRows(plan, ValueRows.of(sets), signal);
    return this.#runSets(plan, sets, signal);
  }

  #runSets(plan: DriverPlan, sets: readonly (readonly unknown[])[], signal?: AbortSignal): Promise<DriverManyResult> {
    if (this.link.limited) return this.#runSetsLimited(plan, sets, signal);
    return this.#started(
      () => this.#messages.batch(plan, sets),
      (exchange) => this.#manyResult(plan, exchange),
      signal,
    );
  }

  async #runSetsLimited(
    plan: DriverPlan,
    sets: readonly (readonly unknown[])[],
    signal?: AbortSignal,
  ): Promise<DriverManyResult> {
    checkAborted(signal);
    return this.#manyResult(plan, await this.#sent(() => this.#messages.batch(plan, sets), signal));
  }

  runManySync(plan: DriverPlan, sets: readonly (readonly unknown[])[]): DriverManyResult {
    if (bulkOf(plan, sets.length)?.keyed === false) return this.runRowsSync(plan, ValueRows.of(sets));
    return this.#manyResult(
      plan,
      this.#sentSync(() => this.#messages.batch(plan, sets)),
    );
  }

  runRows(plan: DriverPlan, rows: ValueRows, signal?: AbortSignal): Promise<DriverManyResult> {
    const bulk = bulkOf(plan, rows.length);
    return bulk === null ? this.#runSets(plan, rows.toSets(), signal) : this.#runBulk(plan, bulk, rows, signal);
  }

  async #runBulk(plan: DriverPlan, bulk: BulkRows, rows: ValueRows, signal?: AbortSignal): Promise<DriverManyResult> {
    checkAborted(signal);
    if (bulk.text === null) {
      const asked = this.#messages.askTypes(plan);
      await this.perform(asked, signal);
      const doubts = bulk.doubt === null ? null : await this.run(planOfText(bulk.doubt), NO_ROWS, signal);
      bulk.settle(asked.parameterTypes, doubts !== null && doubts.rows.length > 0);
    }
    const whole = bulkPlan(plan, bulk);
    return whole === null
      ? this.#runSets(plan, rows.toSets(), signal)
      : bulkResult(bulk, await this.run(whole, bulk.parameters(rows), signal));
  }

  runRowsSync(plan: DriverPlan, rows: ValueRows): DriverManyResult {
    const bulk = bulkOf(plan, rows.length);
    if (bulk !== null) {
      if (bulk.text === null) {
        const asked = this.#messages.askTypes(plan);
        this.performSync(asked);
        const doubts = bulk.doubt === null ? null : this.runSync(planOfText(bulk.doubt), NO_ROWS);
        bulk.settle(asked.parameterTypes, doubts !== null && doubts.rows.length > 0);
      }
      const whole = bulkPlan(plan, bulk);
      if (whole !== null) return bulkResult(bulk, this.runSync(whole, bulk.parameters(rows)));
    }
    const sets = rows.toSets();
    return this.#manyResult(
      plan,
      this.#sentSync(() => this.#messages.batch(plan, sets)),
    );
  }

  /** Writes are joined inside a transaction, which the first that fails ends for all of them. */
  joins({ plan, rows }: RowsWrite): boolean {
    if (this.link.limited || (this.#messages.begin === null && this.link.status !== "T")) return false;
    // What a statement of many rows looks like is asked of the server once.
    return rows.length > 0 && bulkOf(plan, rows.length)?.text !== null;
  }

  runTogether(writes: readonly RowsWrite[], signal?: AbortSignal): Promise<readonly RowsOutcome[]> {
    return this.#started(
      () => this.#messages.group(writes),
      (group) => this.#outcomes(writes, group),
      signal,
    );
  }

  runTogetherSync(writes: readonly RowsWrite[]): readonly RowsOutcome[] {
    return this.#outcomes(
      writes,
      this.#sentSync(() => this.#messages.group(writes)),
    );
  }

  /** Sends an exchange; makes and sends it once more where it failed for a reason that a new plan mends. */
  async #sent<X extends Exchange>(make: () => X, signal: AbortSignal | undefined): Promise<X> {
    const began = this.#messages.begin;
    const exchange = make();
    await this.link.run(exchange, signal);
    if (exchange.error === null || !this.#mayRepeat(exchange.error, began)) return exchange;
    await this.#startOver(began);
    const again = make();
    await this.link.run(again, signal);
    return again;
  }

  #sentSync<X extends Exchange>(make: () => X): X {
    const began = this.#messages.begin;
    const exchange = make();
    this.link.runSync(exchange);
    if (exchange.error === null || !this.#mayRepeat(exchange.error, began)) return exchange;
    this.#startOverSync(began);
    const again = make();
    this.link.runSync(again);
    return again;
  }

  // --- cursors -----------------------------------------------------------------------------------------------------

  async openCursor(plan: DriverPlan, params: readonly unknown[], signal?: AbortSignal): Promise<DriverCursor> {
    if (plan.copies === true) return this.#copy(plan, signal);
    if (this.#isAutocommit()) return new BufferedCursor(await this.run(plan, params, signal));
    checkAborted(signal);
    const { exchange, portal, statement } = this.#messages.portal(plan, params);
    await this.link.run(exchange, signal);
    return this.#cursor(plan, exchange, portal, statement);
  }

  openCursorSync(plan: DriverPlan, params: readonly unknown[]): DriverCursor {
    if (this.#isAutocommit()) return new BufferedCursor(this.runSync(plan, params));
    const { exchange, portal, statement } = this.#messages.portal(plan, params);
    this.link.runSync(exchange);
    return this.#cursor(plan, exchange, portal, statement);
  }

  #copy(plan: DriverPlan, signal: AbortSignal | undefined): DriverCursor {
    checkAborted(signal);
    const cursor = new CopyCursor(this.link, this.#messages.simple(plan.text));
    this.#copying = cursor;
    cursor.start(signal);
    return cursor;
  }

  // A portal lives as long as its transaction, which without BEGIN is the statement.
  #isAutocommit(): boolean {
    return this.#messages.begin === null && this.link.status === "I";
  }

  #cursor(plan: DriverPlan, exchange: Exchange, portal: string, statement: PreparedStatement): DriverCursor {
    this.#settle(plan, exchange, statement);
    return new PortalCursor(this, portal, exchange.columns ?? [], exchange.decoders ?? []);
  }

  // --- transactions ------------------------------------------------------------------------------------------------

  /** Begins. BEGIN itself waits for the first statement. */
  begin(options: TransactionOptions): Exchange | null {
    const { isolationLevel, readOnly, deferrable } = options;
    if (isolationLevel === "AUTOCOMMIT") {
      if (readOnly === undefined) return null;
      this.#readOnlySession = true;
      return this.#messages.simple(`SET SESSION CHARACTERISTICS AS TRANSACTION READ ${readOnly ? "ONLY" : "WRITE"}`);
    }
    this.#messages.begin = beginText(isolationLevel, readOnly, deferrable);
    this.#inTransaction = true;
    return null;
  }

  /** Ends the transaction; null when there is nothing to tell the server. */
  end(word: "COMMIT" | "ROLLBACK"): Exchange | null {
    this.#inTransaction = false;
    this.#messages.forgetAbandoned();
    this.#copying?.transactionEnds();
    this.#copying = null;
    if (this.#prepared !== null) {
      const id = this.#prepared;
      this.#prepared = null;
      return this.#messages.simple(`${word} PREPARED ${quoteLiteral(id)}`);
    }
    if (this.#messages.begin !== null) {
      this.#messages.begin = null;
      return null;
    }
    if (this.#readOnlySession) {
      this.#readOnlySession = false;
      return this.#messages.simple("RESET default_transaction_read_only");
    }
    return this.link.status === "I" ? null : this.#messages.end(word);
  }

  /** A statement of transaction control. */
  control(text: string): Exchange {
    return this.#messages.simple(text);
  }

  /** Null when the transaction has done nothing: then there is nothing to prepare. */
  prepareTwophase(id: string): Exchange | null {
    return this.#messages.begin === null ? this.#messages.simple(`PREPARE TRANSACTION ${quoteLiteral(id)}`) : null;
  }

  /** The name of the transaction, where it is prepared. */
  get prepared(): string | null {
    return this.#prepared;
  }

  /** The transaction is prepared: it ends by its name. */
  wasPrepared(id: string): void {
    this.#prepared = id;
  }

  /** Puts the connection back into its first state; null when it is in it. */
  reset(how: "rollback" | "commit" | null): Exchange | null {
    this.#prepared = null;
    if (how === null) return null;
    if (!this.#inTransaction && this.#messages.begin === null && this.link.status === "I" && !this.#readOnlySession)
      return null;
    return this.end(how === "commit" ? "COMMIT" : "ROLLBACK");
  }

  ping(): Exchange {
    return this.#messages.ping();
  }

  close(): Promise<void> {
    return this.link.end();
  }

  closeSync(): void {
    this.link.destroy();
  }

  // --- exchanges ---------------------------------------------------------------------------------------------------

  /** Runs an exchange; throws its error. */
  async perform(exchange: Exchange, signal?: AbortSignal): Promise<void> {
    await this.link.run(exchange, signal);
    this.#check(exchange);
  }

  performSync(exchange: Exchange): void {
    this.link.runSync(exchange);
    this.#check(exchange);
  }

  #check(exchange: Exchange): void {
    if (exchange.error !== null) throw exchange.error;
  }

  fetchExchange(portal: string, count: number, decoders: readonly Decoder[], columns: readonly string[]): Exchange {
    return this.#messages.fetch(portal, count, decoders, columns);
  }

  abandon(portal: string): void {
    this.#messages.abandon(portal);
  }

  // --- results -----------------------------------------------------------------------------------------------------

  #settle(plan: DriverPlan, exchange: Exchange, statement: PreparedStatement | null): void {
    if (exchange.error !== null)
      throw this.#commitsItself(plan, exchange) ? uncertainStatement(exchange.error) : exchange.error;
    if (statement !== null && statement.decoders === null && exchange.decoders !== null) {
      statement.decoders = exchange.decoders;
      statement.columns = exchange.columns;
    }
    // Of statements that we have compiled it is known that they do no such thing.
    const isOwn = (plan as Partial<PostgresPlan>).textual === false && plan.cacheId !== 0;
    if (!isOwn && plan.returnsRows !== true && changesStatements(plan.text)) this.statements.clear();
  }

  // Outside of a transaction, and it may have been carried out before the connection was lost.
  #commitsItself(plan: DriverPlan, exchange: Exchange): boolean {
    if (this.link.lost === null || !exchange.sent || this.#inTransaction || this.link.status !== "I") return false;
    return !ONLY_READS.test(plan.text);
  }

  #result(plan: DriverPlan, exchange: Exchange): DriverResult {
    this.#settle(plan, exchange, exchange.statement as PreparedStatement | null);
    return new StatementResult(exchange.rows, exchange.columns, exchange.rowcount);
  }

  #manyResult(plan: DriverPlan, exchange: Exchange): DriverManyResult {
    if (isServerError(exchange.error)) (exchange.error as ServerError).batchIndex = exchange.perSet?.length ?? 0;
    this.#settle(plan, exchange, exchange.statement as PreparedStatement | null);
    const { rows, columns, rowcount, perSet } = exchange;
    return new BatchResult(rows, columns, rowcount, null, perSet, null);
  }

  #outcomes(writes: readonly RowsWrite[], group: ExchangeGroup): RowsOutcome[] {
    const failed = group.shareError();
    return writes.map(({ plan, rows }, i) => {
      if (i > failed) return "not run";
      const part = group.parts[i];
      try {
        if (part.perSet !== null) return this.#manyResult(plan, part);
        return bulkResult(bulkOf(plan, rows.length) as BulkRows, this.#result(plan, part));
      } catch (error) {
        return new RowsFailure(error);
      }
    });
  }

  /** A commit that the server made a rollback of is an error. */
  checkCommit(exchange: Exchange): void {
    if (exchange.tag !== "ROLLBACK") return;
    throw new InternalError(
      "Nothing was committed: a statement of this transaction had failed, and the server has rolled the transaction back",
      null,
      undefined,
      { code: "25P02" },
    );
  }

  // --- statements that no longer fit -------------------------------------------------------------------------------

  // In a transaction that has done other work, the server refuses everything after the error.
  #mayRepeat(error: unknown, began: string | null): boolean {
    if (!isStalePlan(error)) return false;
    if (isServerError(error) && error.code === "26000") this.statements.forget();
    else this.statements.clear();
    return began !== null || this.link.status === "I";
  }

  async #startOver(began: string | null): Promise<void> {
    if (began === null) return;
    await this.perform(this.#messages.simple("ROLLBACK"));
    this.#messages.begin = began;
  }

  #startOverSync(began: string | null): void {
    if (began === null) return;
    this.performSync(this.#messages.simple("ROLLBACK"));
    this.#messages.begin = began;
  }
}

/** A query of ours that runs once. */
function planOfText(text: string): DriverPlan {
  return { text, returnsRows: true, integers: "number", cacheId: 0 };
}
