/** How a database is asked what it would do with a statement. */
import type { ExplainOptions, QueryPlan } from "../sql/query-plan.js";
import type { DriverPlan, DriverResult } from "./driver.js";

/** A dialect's way to ask. */
export interface ExplainDialect {
  /** The statement behind the word that asks for its plan. */
  question(plan: DriverPlan, options: ExplainOptions): DriverPlan;
  /** Reads the answer. */
  read(result: DriverResult): QueryPlan;
  /** Whether `analyze` is part of the question; else the statement is run beside it, and measured. */
  readonly analyzes: boolean;
}
