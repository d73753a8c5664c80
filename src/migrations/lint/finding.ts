/** What lint has to say. */

/** One thing in a migration that harms a database in use. */
export interface LintFinding {
  readonly revision: string;
  /** The name of the rule, by which `lintIgnore` of a revision accepts it. */
  readonly rule: string;
  /** The operation, in words. */
  readonly operation: string;
  /** The table that it works on, with its schema where that is not the default; null where there is none. */
  readonly table: string | null;
  /** The lock that it takes on the table, by PostgreSQL's name; null where the lock is not what harms. */
  readonly lock: string | null;
  /** What harm it does. */
  readonly why: string;
  /** What to do instead, step by step. */
  readonly instead: readonly string[];
}

/** A finding before it is known which revision it is of. */
export type LintRemark = Omit<LintFinding, "revision">;
