/** EXPLAIN QUERY PLAN of SQLite, read from the words of its rows. */
import type { DriverPlan, DriverResult } from "../../engine/driver.js";
import type { ExplainDialect } from "../../engine/explain-dialect.js";
import { type PlanNode, QueryPlan } from "../../sql/query-plan.js";

export const sqliteExplain: ExplainDialect = {
  analyzes: false,

  question({ text }: DriverPlan): DriverPlan {
    return { text: `EXPLAIN QUERY PLAN ${text}`, returnsRows: true, integers: "number", cacheId: 0 };
  },

  read({ rows }: DriverResult): QueryPlan {
    const children = new Map<number, number[]>();
    const details = new Map<number, string>();
    for (const [id, parent, , detail] of rows as [number, number, number, string][]) {
      details.set(id, detail);
      children.set(parent, [...(children.get(parent) ?? []), id]);
    }
    const made = (id: number): PlanNode =>
      nodeOf(
        details.get(id) as string,
        (children.get(id) ?? []).map((child) => made(child)),
      );
    const top = (children.get(0) ?? []).map((id) => made(id));
    return new QueryPlan(nodeOf("QUERY PLAN", top), rows);
  },
};

// `SEARCH u USING COVERING INDEX ix_users_email (email=?)`, `SCAN users LEFT-JOIN`; the name is the alias where there is one.
const READING =
  /^(SCAN|SEARCH) (?!(?:\d+ )?CONSTANT ROW)(?:TABLE )?(.+?)(?: AS (\S+))?(?: USING (.+?))?(?: VIRTUAL TABLE INDEX \S+)?(?: LEFT-JOIN)?$/;
const INDEX = /^(?:AUTOMATIC )?(?:PARTIAL )?(?:COVERING )?INDEX(?: (\S+))?/;
const KEY = /^INTEGER PRIMARY KEY/;

function nodeOf(detail: string, children: readonly PlanNode[]): PlanNode {
  const [, type = detail, relation = null, alias = null, using] = READING.exec(detail) ?? [];
  const index = using === undefined ? null : KEY.test(using) ? "PRIMARY KEY" : (INDEX.exec(using)?.[1] ?? null);
  const terms = /\(.*\)/.exec(using ?? "")?.[0];
  const covering = /COVERING INDEX/.test(using ?? "");
  return {
    type,
    relation,
    alias,
    index: index?.startsWith("(") ? null : index,
    cost: null,
    rows: null,
    actual: null,
    properties: {
      ...(terms === undefined ? {} : { Condition: terms }),
      ...(covering ? { "Index Only": true } : {}),
      ...(detail.endsWith(" LEFT-JOIN") ? { "Join Type": "Left" } : {}),
      ...(/^AUTOMATIC/.test(using ?? "") ? { "Automatic Index": true } : {}),
    },
    children,
  };
}
