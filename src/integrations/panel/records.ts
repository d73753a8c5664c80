/** What the panel keeps of a request. Plain data, without hold on sessions and objects. */

/** A statement that a request has sent, or the beginning or end of a transaction. */
export type RequestStep = StatementRecord | TransactionRecord;

export interface StatementRecord {
  readonly kind: "statement";
  /** Milliseconds from the beginning of the request. */
  readonly at: number;
  readonly text: string;
  /** The parameters as text; null where the engine hides them. */
  readonly parameters: string | null;
  /** How many sets of parameters there are; 1 for a plain statement. */
  readonly sets: number;
  /** Milliseconds to the answer; null while there is none. */
  duration: number | null;
  /** Rows that came back, or that were changed; null where nobody knows, as with a cursor. */
  rows: number | null;
  /** What the database said, when it failed. */
  error: string | null;
  /** What it loads by itself, and nobody has written: `User.posts` for a relationship. */
  readonly loads: string | null;
  /** The line of the application that it was sent from, and those that called it. */
  readonly stack: readonly string[];
  readonly engine: string;
}

export interface TransactionRecord {
  readonly kind: "transaction";
  readonly at: number;
  /** `BEGIN`, `COMMIT`, `ROLLBACK`, `SAVEPOINT name`, ... */
  readonly action: string;
}

/** What a flush did, step by step. */
export interface FlushRecord {
  readonly at: number;
  readonly steps: readonly { readonly action: string; readonly subject: string; readonly objects: readonly string[] }[];
}

/** Something that should be mended. */
export interface Finding {
  readonly kind: "n+1" | "repeated";
  /** The relationship or column, `User.posts`, of what is loaded one by one. */
  readonly attribute: string | null;
  readonly message: string;
  /** The line of the application. */
  readonly place: string | null;
  /** What to write: the loader option, for loads of one attribute one by one. */
  readonly cure: string;
}

/** One request. */
export interface RequestRecord {
  readonly id: number;
  readonly method: string;
  readonly url: string;
  readonly startedAt: Date;
  /** `performance.now()` at its beginning. */
  readonly clock: number;
  readonly steps: RequestStep[];
  /** How many statements were sent: more than `steps` has, when there were too many to keep. */
  sent: number;
  readonly flushes: FlushRecord[];
  readonly findings: Finding[];
  /** Null until it is answered. */
  status: number | null;
  /** Milliseconds; null until it is answered. */
  duration: number | null;
  /** Whether the client went away before it was. */
  aborted: boolean;
}

/** A session that is in a transaction. */
export interface OpenSession {
  readonly since: Date;
  /** The request that it belongs to, as `GET /path`; null outside of one. */
  readonly request: string | null;
  /** Where it was opened: the line of the application, and those that called it. */
  readonly stack: readonly string[];
}

export const statementsOf = (record: RequestRecord): StatementRecord[] =>
  record.steps.filter((step): step is StatementRecord => step.kind === "statement");

/** Milliseconds that a request waited for the database, and rows that it got. */
export function totalsOf(record: RequestRecord): { readonly duration: number; readonly rows: number } {
  let [duration, rows] = [0, 0];
  for (const statement of statementsOf(record)) {
    duration += statement.duration ?? 0;
    rows += statement.rows ?? 0;
  }
  return { duration, rows };
}
