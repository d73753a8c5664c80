import type { StatementLog } from "../support/statements.js";
import type { VerbCount } from "./format.js";

const VERBS = ["SELECT", "INSERT", "UPDATE", "DELETE"];

/** What went to the database since the log was reset, for each verb. */
export function counts(log: StatementLog, verbs: readonly string[] = VERBS): Record<string, VerbCount> {
  return Object.fromEntries(
    verbs.map((verb) => {
      const statements = log.count(verb);
      return [verb, verb === "SELECT" ? { statements } : { statements, rows: log.rows(verb) }];
    }),
  );
}
