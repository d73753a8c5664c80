/** FROM elements that nothing ties together: each row of one meets each row of the other. */
import { warningKind } from "../catalogue.js";
import { BooleanClauseList } from "../elements/expression.js";
import { EntityElement } from "../entity.js";
import { iterate, type Node } from "../node.js";
import { FromClause } from "../selectable/from-clause.js";
import type { Select } from "../selectable/select.js";

type From = FromClause<unknown>;

export const CARTESIAN = warningKind("ATHANOR_CARTESIAN", {
  message: (first: string, others: string) =>
    `a SELECT has a cartesian product between ${first} and ${others}: nothing joins them. Apply a join condition between ` +
    "them, or write crossJoin() where the product is meant (enableFromLinting: false switches this warning off).",
  cause:
    "A SELECT names several tables and nothing ties them together, so that each row of one meets each row of the other. Most often a condition was forgotten, or names the class where its alias is meant.",
  cure: "Join the tables, or give a condition over columns of both; write crossJoin() where every pair is meant.",
});

/**
 * Looks for a cartesian product in a select.
 *
 * Elements are tied by a join, by a condition of WHERE that takes columns of both (a subquery in it counts), and by a
 * LATERAL or a function in FROM that takes columns of another.
 *
 * @param visible the elements of its FROM
 * @param outer what it takes from the statement around it
 * @returns a warning, or null
 */
export function cartesianProduct(select: Select, visible: readonly From[], outer: readonly From[]): string | null {
  const groups = new Groups([...visible, ...outer]);
  for (const condition of select.whereCriteria) tieConditions(condition, groups);
  for (const from of visible) groups.tie(from);
  const apart = groups.apart(visible);
  if (apart.length < 2) return null;
  const [first, ...others] = apart.map((from) => from.describe());
  return CARTESIAN.message(String(first), others.join(", "));
}

// The parts of AND and OR say nothing about each other.
function tieConditions(condition: Node, groups: Groups): void {
  if (condition instanceof BooleanClauseList) for (const clause of condition.clauses) tieConditions(clause, groups);
  else groups.tie(condition);
}

/** Which elements are tied to which. */
class Groups {
  readonly #group = new Map<From, number>();

  constructor(froms: readonly From[]) {
    froms.forEach((from, group) => {
      for (const each of from.covers) this.#group.set(each, group);
    });
  }

  /** Ties all elements that a node mentions. */
  tie(node: Node): void {
    const found = new Set<number>();
    for (const each of iterate(node)) {
      const group = this.#group.get(fromOf(each) as From);
      if (group !== undefined) found.add(group);
    }
    if (found.size < 2) return;
    const [target] = found as Set<number> & Iterable<number>;
    for (const [from, group] of this.#group) if (found.has(group)) this.#group.set(from, target as number);
  }

  /** One element of each group. */
  apart(froms: readonly From[]): From[] {
    const seen = new Set<number>();
    return froms.filter((from) => {
      const group = this.#group.get(from) as number;
      if (seen.has(group)) return false;
      seen.add(group);
      return true;
    });
  }
}

function fromOf(node: Node): From | null {
  if (node instanceof FromClause) return node;
  if (node instanceof EntityElement) return node.from;
  const { table } = node as { readonly table?: unknown };
  return table instanceof FromClause ? table : null;
}
