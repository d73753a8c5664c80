/** Statements as drivers take them: text, parameters, and what listeners may know beside. */
import type { Compiled } from "../sql/compiled.js";
import type { EngineDialect } from "./dialect.js";
import type { DriverPlan } from "./driver.js";

/** What listeners may know of a statement beside its text. */
export interface CursorContext {
  /** What was compiled; null for SQL that was given as text to the driver, and for DDL. */
  readonly compiled: Compiled | null;
}

const plans = new WeakMap<Compiled, DriverPlan>();
const contexts = new WeakMap<DriverPlan, CursorContext>();
const NO_CONTEXT: CursorContext = { compiled: null };
let lastId = 0;

/** The driver's part of a compiled statement, made once for each. */
export function planOf(compiled: Compiled, dialect: EngineDialect): DriverPlan {
  let plan = plans.get(compiled);
  if (plan === undefined) {
    plan = dialect.planFor(compiled);
    plans.set(compiled, plan);
    contexts.set(plan, { compiled });
  }
  return plan;
}

/** What is known of the statement of a plan. */
export function contextOf(plan: DriverPlan | null): CursorContext {
  return (plan === null ? undefined : contexts.get(plan)) ?? NO_CONTEXT;
}

/** Has it known what statement a plan of text stands for. */
export function standsFor(plan: DriverPlan, compiled: Compiled): DriverPlan {
  contexts.set(plan, { compiled });
  return plan;
}

/** A fresh number for a plan that may be kept as a prepared statement. */
export function nextPlanId(): number {
  return ++lastId;
}

/** The plan of SQL that was not compiled: the driver finds out whether it returns rows. */
export function textPlan(text: string): DriverPlan {
  return { text, returnsRows: null, integers: "exact", cacheId: 0 };
}
