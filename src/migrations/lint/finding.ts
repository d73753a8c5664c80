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
  /** About how many rows the table has, where a database was asked and knows; else null. */
  readonly rows: number | null;
  /** The lock that it takes on the table, by PostgreSQL's name; null where the lock is not what harms. */
  readonly lock: string | null;
  /** What harm it does. */
  readonly why: string;
  /** What to do instead, step by step. */
  readonly instead: readonly string[];
}

/** A finding before it is known which revision it is of. */
export type LintRemark = Omit<LintFinding, "revision" | "rows">;

/** What steps are looked at with. */
export interface LintContext {
  /** With a `lockTimeout`, waiting for a lock is no finding. */
  readonly lockTimeout?: number | undefined;
  /** The attribute that is mapped to a column (or the class that is, to a table), in words; null where none is. */
  readonly mapped?: ((table: string, column: string | null) => string | null) | undefined;
}
