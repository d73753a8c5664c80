import { inspect } from "../../src/index.js";
import type { StatementLog } from "../support/statements.js";
import { ScenarioError } from "./errors.js";
import type { ScenarioOptions, Step } from "./format.js";
import { Labels } from "./labels.js";
import type { Mapping } from "./mapping.js";
import { after, always, type MaybePromise } from "./maybe-promise.js";
import type { ConnectionFace, SavepointFace, SessionFace, SessionHost } from "./sessions.js";

/** Everything that the steps of one running scenario share. */
export class World {
  readonly labels: Labels;
  readonly savepoints = new Map<string, SavepointFace>();
  /** Statements since the last `mark`. */
  readonly log: StatementLog;
  /** True while nested steps of a `runSync` run: nothing may be awaited. */
  insideRunSync = false;

  readonly #sessions = new Map<string, SessionFace>();
  /** What stands in for a session while it is inside `runSync`. */
  readonly #standIns = new Map<string, SessionFace>();
  /** Connection of a session's transaction, kept since a savepoint began: a failed flush bars `session.connection()`. */
  readonly #nestedConnections = new Map<string, ConnectionFace>();
  readonly #pinned = new Set<object>();

  constructor(
    readonly mapping: Mapping,
    readonly host: SessionHost,
    readonly options: ScenarioOptions,
    log: StatementLog,
    /** Objects are collected while the scenario runs, unless it has named them. */
    readonly weak: boolean,
  ) {
    this.log = log;
    this.labels = new Labels(mapping.primaryKeyOf, (object) => inspect(object).identity);
    this.openSession("s", {});
  }

  openSession(name: string, options: ScenarioOptions): void {
    this.#sessions.set(name, this.host.open({ ...this.options, ...options }));
  }

  /** Name of a step's session. */
  sessionName(step: Step): string {
    return step.session ?? "s";
  }

  session(step: Step): SessionFace {
    const name = this.sessionName(step);
    const session = this.#standIns.get(name) ?? this.#sessions.get(name);
    if (!session) throw new ScenarioError(`the scenario has opened no session ${name}`);
    return session;
  }

  /** The object of a step's field that names one. */
  object(name: unknown): Record<string, unknown> {
    return this.labels.get(name as string | null) as Record<string, unknown>;
  }

  /** Runs `fn` inside the `runSync` of a step's session. */
  runSync<T>(step: Step, fn: () => T): MaybePromise<T> {
    const name = this.sessionName(step);
    return this.host.runSync(this.session(step), (sync) => {
      this.#standIns.set(name, sync);
      const outer = this.insideRunSync;
      this.insideRunSync = true;
      try {
        return fn();
      } finally {
        this.insideRunSync = outer;
        this.#standIns.delete(name);
      }
    });
  }

  /** Keeps the connection of a session's open transaction for {@link read}. */
  keepConnection(step: Step): MaybePromise<void> {
    const name = this.sessionName(step);
    return after(this.session(step).connection(), (connection) => void this.#nestedConnections.set(name, connection));
  }

  /**
   * Reads through the open transaction of a step's session, even when a failed flush bars the session itself; else
   * what is committed, over a connection of its own.
   */
  read<T>(step: Step, fn: (connection: ConnectionFace) => MaybePromise<T>): MaybePromise<T> {
    const session = this.session(step);
    const nowhereElse = this.insideRunSync && !this.host.sync; // opening a connection would have to be awaited
    if (session.inTransaction() || nowhereElse) {
      if (session.isActive) return after(session.connection(), fn);
      const kept = this.#nestedConnections.get(this.sessionName(step));
      if (kept && !kept.closed) return fn(kept);
    }
    return this.withConnection(fn, "rollback");
  }

  /** Runs `fn` on a connection of its own, and ends its transaction. */
  withConnection<T>(fn: (connection: ConnectionFace) => MaybePromise<T>, end: "commit" | "rollback"): MaybePromise<T> {
    return after(this.host.connect(), (connection) =>
      always(
        () => after(fn(connection), (value) => after(connection[end](), () => value)),
        () => connection.close(),
      ),
    );
  }

  /** Holds all objects that the sessions know, as the recording did: its identity map was strong. */
  pin(): void {
    if (this.weak) return;
    for (const session of this.#sessions.values()) {
      for (const object of session.identityMap.values()) this.#pinned.add(object);
    }
  }

  /** How many objects the sessions know. */
  countObjects(): number {
    let count = 0;
    for (const session of this.#sessions.values()) for (const _ of session.identityMap.values()) count++;
    return count;
  }

  async close(): Promise<void> {
    for (const session of this.#sessions.values()) await session.close();
  }
}
