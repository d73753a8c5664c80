/** What a migration runs on: a connection, or the script that is written instead. */
import type { AsyncConnection } from "../engine/async-connection.js";
import type { EngineDialect } from "../engine/dialect.js";
import type { Parameters } from "../engine/execute.js";
import type { CursorResult } from "../engine/result.js";
import type { DDLElement } from "../sql/ddl/element.js";
import type { NamingConvention } from "../sql/schema/naming.js";
import type { Statement } from "../sql/statement.js";
import { MigrationError } from "./errors.js";

/** SQL text, or a statement of the expression language. */
export type MigrationStatement = string | Statement | DDLElement;

/** Where the statements of a migration go. */
export interface MigrationTarget {
  readonly dialect: EngineDialect;
  /** The connection; null while a script is written. */
  readonly connection: AsyncConnection | null;
  /** Executes a statement, or writes it into the script (and gives null). */
  execute(statement: MigrationStatement, params?: Parameters): Promise<CursorResult<unknown[]> | null>;
  /** Runs `fn` outside of the transaction: what was done before is committed. */
  autocommit(fn: () => Promise<void>): Promise<void>;
}

/** What became of a step that was interrupted outside of a transaction. */
export type Recovery = "done" | "again" | "unknown";

/** Keeps account of the steps. */
export interface StepJournal {
  /** @returns false when the step is not to be taken: an interrupted run has done it */
  begin(step: number, what: string, recover: (() => Promise<Recovery>) | null): Promise<boolean>;
  end(step: number): Promise<void>;
}

/** What a user may set for all migrations. */
export interface ContextOptions {
  /** Names for constraints and indexes that a migration gives none. */
  readonly namingConvention?: NamingConvention | undefined;
  /** Switches that were given on the command line (`-x name=value`) or by the caller. */
  readonly x?: Readonly<Record<string, string>> | undefined;
  /** Told on the way of an operation that takes long. */
  readonly onProgress?: ((progress: MigrationProgress) => void) | undefined;
}

/** How far a long operation has come. */
export interface MigrationProgress {
  readonly operation: string;
  /** The rows that it has changed so far. */
  readonly rows: number;
}

/**
 * One migration while it runs. Its operations take their turns in the order of the calls, awaited or not, and the
 * migration ends when the last of them has.
 */
export class MigrationContext {
  #last: Promise<unknown> = Promise.resolve();
  #failure: { readonly error: unknown } | null = null;
  #step = 0;

  constructor(
    readonly target: MigrationTarget,
    readonly options: ContextOptions = {},
    private readonly journal: StepJournal | null = null,
  ) {}

  get dialect(): EngineDialect {
    return this.target.dialect;
  }
  /** Whether a script is written instead of running anything. */
  get offline(): boolean {
    return this.target.connection === null;
  }
  /** How many steps were taken. */
  get steps(): number {
    return this.#step;
  }

  /** The connection. @throws MigrationError while a script is written */
  get connection(): AsyncConnection {
    const { connection } = this.target;
    if (connection === null) {
      throw new MigrationError(
        "This migration reads from the database or needs a session, and only a script is written (--sql). Run it online, or write the step as SQL that needs no answer; `op.offline` tells which it is.",
      );
    }
    return connection;
  }

  /**
   * A change: one step, in its turn. Given up when a step before it has failed.
   *
   * @param recover tells what became of the step when it was interrupted outside of a transaction
   */
  step<T>(what: string, run: () => Promise<T>, recover: (() => Promise<Recovery>) | null = null): Promise<T> {
    return this.#queued(async () => {
      const step = ++this.#step;
      if (this.journal !== null && !(await this.journal.begin(step, what, recover))) return undefined as T;
      const value = await run();
      await this.journal?.end(step);
      return value;
    });
  }

  /** A question: in its turn as a step, and asked again when an interrupted migration goes on. */
  ask<T>(run: () => Promise<T>): Promise<T> {
    return this.#queued(run);
  }

  #queued<T>(run: () => Promise<T>): Promise<T> {
    const turn = this.#last.then(async () => {
      if (this.#failure !== null) throw this.#failure.error;
      try {
        return await run();
      } catch (error) {
        this.#failure ??= { error };
        throw error;
      }
    });
    this.#last = turn.catch(() => {});
    turn.catch(() => {});
    return turn;
  }

  /** Runs `fn`, whose operations come before all that is called later. */
  async inside<T>(fn: () => Promise<T>): Promise<T> {
    const outer = this.#last;
    this.#last = Promise.resolve();
    try {
      const value = await fn();
      await this.#last;
      if (this.#failure !== null) throw this.#failure.error;
      return value;
    } finally {
      this.#last = outer;
    }
  }

  /** Waits for all steps, those that nobody awaits too. @throws the error of the first that failed */
  async settled(): Promise<void> {
    for (let last: unknown = null; last !== this.#last; ) {
      last = this.#last;
      await this.#last;
    }
    if (this.#failure !== null) throw this.#failure.error;
  }
}
