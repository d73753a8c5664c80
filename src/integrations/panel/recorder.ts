/** Listens to engines and sessions, and writes down what each request does. It uses the public events only. */
import { AsyncLocalStorage } from "node:async_hooks";
import { setMaxListeners } from "node:events";
import { shownParameters } from "../../engine/concealed.js";
import { formatParameters } from "../../engine/format-parameters.js";
import { AsyncEngine, type ConnectionCore, DatabaseError, type EngineEvents } from "../../engine/index.js";
import { userFrames } from "../../engine/pool/call-place.js";
import {
  AsyncSession,
  type AsyncSessionMaker,
  event,
  inspect,
  type NPlusOneReport,
  type SessionEvents,
} from "../../orm/index.js";
import type { Finding, OpenSession, RequestRecord, StatementRecord } from "./records.js";
import { repeatedStatements } from "./repeated.js";

/** Of one request, so many statements are kept. */
const STEPS = 500;
/** Parameters are cut after so many characters. */
const PARAMETERS = 2_000;
/** Of one step of a flush, so many objects are named. */
const OBJECTS = 20;

export interface RecorderOptions {
  readonly sessions: readonly AsyncSessionMaker[];
  readonly keep: number;
  readonly threshold: number;
}

export class Recorder {
  readonly #current = new AsyncLocalStorage<RequestRecord>();
  readonly #running = new WeakMap<ConnectionCore, StatementRecord>();
  readonly #stop = new AbortController();
  /** By the session's own number: the sessions are not held, so that one that is forgotten is collected. */
  readonly #open = new Map<number, OpenSession & { readonly session: WeakRef<object> }>();
  readonly #numbers = new WeakMap<object, number>();
  /** What the statement that comes next in a request loads by itself. */
  readonly #loads = new WeakMap<RequestRecord, string>();
  #sessions = 0;
  #requests = 0;
  /** The newest first. */
  readonly records: RequestRecord[] = [];

  constructor(private readonly options: RecorderOptions) {
    const { signal } = this.#stop;
    setMaxListeners(0, signal);
    for (const [name, handler] of Object.entries(this.#engineHandlers())) {
      event.listen(AsyncEngine, name as "begin", handler as EngineEvents["begin"], { signal });
    }
    for (const [name, handler] of Object.entries(this.#sessionHandlers())) {
      event.listen(AsyncSession, name as "afterCommit", handler as SessionEvents["afterCommit"], { signal });
    }
    const { threshold } = options;
    for (const maker of options.sessions) {
      maker.configure({ nPlusOneWatch: { threshold, notify: (report) => this.#note(findingOf(report)) } });
    }
  }

  /** Ends the listening. */
  stop(): void {
    this.#stop.abort();
    for (const maker of this.options.sessions) maker.configure({ nPlusOneWatch: false });
  }

  /** Makes the record of a request that begins. */
  begin(method: string, url: string): RequestRecord {
    const record: RequestRecord = {
      id: ++this.#requests,
      method,
      url,
      startedAt: new Date(),
      clock: performance.now(),
      steps: [],
      sent: 0,
      flushes: [],
      findings: [],
      status: null,
      duration: null,
      aborted: false,
    };
    this.records.unshift(record);
    this.records.length = Math.min(this.records.length, this.options.keep);
    return record;
  }

  /** Calls a function, and notes on the record what follows from that call. */
  within<T>(record: RequestRecord, fn: () => T): T {
    return this.#current.run(record, fn);
  }

  /** Notes the answer. */
  end(record: RequestRecord, status: number | null): void {
    record.duration = performance.now() - record.clock;
    record.status = status;
    record.aborted = status === null;
    record.findings.push(...repeatedStatements(record, this.options.threshold));
  }

  /** The sessions that are in a transaction now, those that are open longest first. */
  openSessions(): OpenSession[] {
    const found: OpenSession[] = [];
    for (const [number, { session, ...open }] of this.#open) {
      if (session.deref() === undefined) this.#open.delete(number);
      else found.push(open);
    }
    return found;
  }

  #note(finding: Finding): void {
    this.#current.getStore()?.findings.push(finding);
  }

  #mark(action: string): void {
    const record = this.#current.getStore();
    if (record !== undefined && record.steps.length < STEPS) {
      record.steps.push({ kind: "transaction", at: performance.now() - record.clock, action });
    }
  }

  #engineHandlers(): Partial<EngineEvents> {
    const handlers: Partial<EngineEvents> = {
      beforeCursorExecute: (connection, text, parameters, isMany, context) => {
        const record = this.#current.getStore();
        if (record === undefined) return;
        record.sent++;
        if (record.steps.length >= STEPS) return;
        const statement: StatementRecord = {
          kind: "statement",
          at: performance.now() - record.clock,
          text,
          parameters: connection.engine.hideParameters
            ? null
            : shortened(formatParameters(shownParameters(context, parameters, isMany), isMany)),
          sets: isMany ? parameters.length : 1,
          duration: null,
          rows: null,
          error: null,
          loads: this.#loads.get(record) ?? null,
          stack: userFrames(),
          engine: connection.engine.name,
        };
        this.#loads.delete(record);
        record.steps.push(statement);
        this.#running.set(connection, statement);
      },
      afterCursorExecute: (connection, _text, _parameters, _isMany, result) => {
        const statement = this.#ended(connection);
        if (statement === undefined) return;
        if (result.columns !== null && result.rowcount >= 0) statement.rows = result.rows.length;
        else if (result.rowcount >= 0) statement.rows = result.rowcount;
      },
      handleError: ({ connection, error }) => {
        const statement = connection === null ? undefined : this.#ended(connection);
        if (statement === undefined) return;
        statement.error = error instanceof DatabaseError ? error.reason : String(error);
      },
      begin: () => this.#mark("BEGIN"),
      commit: () => this.#mark("COMMIT"),
      rollback: () => this.#mark("ROLLBACK"),
      savepoint: (_connection, name) => this.#mark(`SAVEPOINT ${name}`),
      releaseSavepoint: (_connection, name) => this.#mark(`RELEASE ${name}`),
      rollbackSavepoint: (_connection, name) => this.#mark(`ROLLBACK TO ${name}`),
    };
    return handlers;
  }

  /** The statement that a connection was running; a connection runs one at a time. */
  #ended(connection: ConnectionCore): StatementRecord | undefined {
    const statement = this.#running.get(connection);
    const record = this.#current.getStore();
    if (statement === undefined || record === undefined) return undefined;
    this.#running.delete(connection);
    statement.duration = performance.now() - record.clock - statement.at;
    return statement;
  }

  #sessionHandlers(): Partial<SessionEvents> {
    return {
      // It comes at once before the statement.
      doOrmExecute: ({ relationship, isColumnLoad, bindMapper }) => {
        const record = this.#current.getStore();
        if (record === undefined) return;
        const loads = relationship?.label ?? (isColumnLoad ? `columns of ${bindMapper?.className}` : null);
        if (loads === null) this.#loads.delete(record);
        else this.#loads.set(record, loads);
      },
      flushPlanned: (_session, plan) => {
        const record = this.#current.getStore();
        record?.flushes.push({
          at: performance.now() - record.clock,
          steps: plan.steps.map(({ action, subject, objects }) => ({
            action,
            subject,
            objects: [
              ...objects.slice(0, OBJECTS).map(nameOf),
              ...(objects.length > OBJECTS ? [`and ${objects.length - OBJECTS} more`] : []),
            ],
          })),
        });
      },
      afterTransactionCreate: (session, transaction) => {
        if (transaction.parent !== null) return;
        const record = this.#current.getStore();
        const number = ++this.#sessions;
        this.#numbers.set(session, number);
        this.#open.set(number, {
          session: new WeakRef(session),
          since: new Date(),
          request: record === undefined ? null : `${record.method} ${record.url}`,
          stack: userFrames(),
        });
      },
      afterTransactionEnd: (session, transaction) => {
        if (transaction.parent === null) this.#open.delete(this.#numbers.get(session) ?? -1);
      },
    };
  }
}

const shortened = (text: string): string => (text.length > PARAMETERS ? `${text.slice(0, PARAMETERS)} …` : text);

/** `User(5)`, and `User` for one that has no row yet. */
function nameOf(object: object): string {
  const { mapper, identity } = inspect(object);
  return identity === null ? mapper.className : `${mapper.className}(${identity.join(", ")})`;
}

function findingOf({ attribute, message, place, option }: NPlusOneReport): Finding {
  return { kind: "n+1", attribute, message, place, cure: option };
}
