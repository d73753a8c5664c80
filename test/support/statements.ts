import { type AsyncEngine, type Engine, event } from "../../src/index.js";
import { verbOf } from "./verbs.js";

/** A statement as it went to the database. */
export interface RecordedStatement {
  /** The first word of the statement that does the work: SELECT, INSERT, ... (of the main statement behind a WITH). */
  readonly verb: string;
  readonly text: string;
  /** Of a batch: one array for each parameter set. */
  readonly parameters: readonly unknown[];
  /** How many parameter sets went with it: more than one for a batch. */
  readonly sets: number;
}

/**
 * Records the statements of an engine, transaction control left out.
 *
 * ```ts
 * using log = recordStatements(engine);
 * await session.flush();
 * expect(log.count("UPDATE")).toBe(0);
 * ```
 */
export class StatementLog implements Disposable {
  readonly statements: RecordedStatement[] = [];
  #paused = 0;
  readonly #engine: AsyncEngine | Engine;
  readonly #listener: (connection: unknown, statement: string, parameters: readonly unknown[], isMany: boolean) => void;

  constructor(engine: AsyncEngine | Engine) {
    this.#engine = engine;
    this.#listener = (_, statement, parameters, isMany) => {
      if (this.#paused) return;
      const verb = verbOf(statement);
      if (TRANSACTION_CONTROL.has(verb)) return;
      this.statements.push({ verb, text: statement, parameters, sets: isMany ? parameters.length : 1 });
    };
    event.listen(engine, "beforeCursorExecute", this.#listener);
  }

  /** Number of statements sent, of one verb or of all. */
  count(verb?: string): number {
    return verb === undefined ? this.statements.length : this.#of(verb).length;
  }

  /** Number of parameter sets sent with statements of a verb. */
  rows(verb: string): number {
    return this.#of(verb).reduce((sum, s) => sum + s.sets, 0);
  }

  /** Texts of the statements sent, of one verb or of all. */
  texts(verb?: string): string[] {
    return (verb === undefined ? this.statements : this.#of(verb)).map((s) => s.text);
  }

  /** Forgets what was recorded. */
  reset(): void {
    this.statements.length = 0;
  }

  /** Stops recording until as many calls of `resume` have followed. */
  pause(): void {
    this.#paused++;
  }

  resume(): void {
    this.#paused--;
  }

  [Symbol.dispose](): void {
    event.remove(this.#engine, "beforeCursorExecute", this.#listener);
  }

  #of(verb: string): RecordedStatement[] {
    return this.statements.filter((s) => s.verb === verb);
  }
}

/** Starts recording the statements of an engine: see {@link StatementLog}. */
export function recordStatements(engine: AsyncEngine | Engine): StatementLog {
  return new StatementLog(engine);
}

const TRANSACTION_CONTROL = new Set(["BEGIN", "COMMIT", "ROLLBACK", "SAVEPOINT", "RELEASE", "START", "PRAGMA", "SET"]);
