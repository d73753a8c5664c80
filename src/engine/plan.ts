import type { Compiled } from "../sql/compiled.js";
import type { EngineDialect } from "./dialect.js";
import type { DriverPlan } from "./driver.js";

const plans = new WeakMap<Compiled, DriverPlan>();
let lastId = 0;

/** The driver's part of a compiled statement, made once for each. */
export function planOf(compiled: Compiled, dialect: EngineDialect): DriverPlan {
  let plan = plans.get(compiled);
  if (plan === undefined) {
    plan = dialect.planFor(compiled);
    plans.set(compiled, plan);
  }
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
