/** EXPLAIN of PostgreSQL, read from its JSON. */
import type { DriverPlan, DriverResult } from "../../engine/driver.js";
import type { ExplainDialect } from "../../engine/explain-dialect.js";
import { type ExplainOptions, type PlanNode, QueryPlan } from "../../sql/query-plan.js";
import type { PostgresPlan } from "./plan.js";

type Json = Readonly<Record<string, unknown>>;

export const postgresqlExplain: ExplainDialect = {
  analyzes: true,

  question(plan: DriverPlan, options: ExplainOptions): DriverPlan {
    const words = ["FORMAT JSON"];
    if (options.analyze === true) words.push("ANALYZE");
    if (options.verbose === true) words.push("VERBOSE");
    if (options.buffers !== undefined) words.push(`BUFFERS ${options.buffers}`);
    if (options.settings === true) words.push("SETTINGS");
    if (options.wal === true) words.push("WAL");
    const text = `EXPLAIN (${words.join(", ")}) ${plan.text}`;
    // The types of its parameters are found out as for the statement itself.
    const { textual } = plan as PostgresPlan;
    return {
      text,
      returnsRows: true,
      integers: "number",
      cacheId: 0,
      textual,
      kinds: null,
      columns: null,
    } as PostgresPlan;
  },

  read({ rows }: DriverResult): QueryPlan {
    const [[[document]]] = rows as [[[Json]]];
    const figure = (name: string): number | null => (document[name] as number | undefined) ?? null;
    return new QueryPlan(nodeOf(document["Plan"] as Json), document, figure("Planning Time"), figure("Execution Time"));
  },
};

const OWN = /^(Node Type|Relation Name|Alias|Index Name|Startup Cost|Total Cost|Plan Rows|Plans|Operation|Actual .*)$/;

function nodeOf(plan: Json): PlanNode {
  const text = (name: string): string | null => (plan[name] as string | undefined) ?? null;
  const number = (name: string): number => plan[name] as number;
  const modifier = plan["Node Type"] === "ModifyTable" ? text("Operation") : null;
  return {
    type: modifier ?? (plan["Node Type"] as string),
    relation: text("Relation Name") ?? text("Function Name") ?? text("CTE Name"),
    alias: text("Alias"),
    index: text("Index Name"),
    cost: plan["Total Cost"] === undefined ? null : { startup: number("Startup Cost"), total: number("Total Cost") },
    rows: (plan["Plan Rows"] as number | undefined) ?? null,
    actual:
      plan["Actual Loops"] === undefined
        ? null
        : {
            rows: number("Actual Rows"),
            loops: number("Actual Loops"),
            startupTime: (plan["Actual Startup Time"] as number | undefined) ?? null,
            totalTime: (plan["Actual Total Time"] as number | undefined) ?? null,
          },
    properties: Object.fromEntries(Object.entries(plan).filter(([name]) => !OWN.test(name))),
    children: ((plan["Plans"] as readonly Json[] | undefined) ?? []).map(nodeOf),
  };
}
