/** Which FROM elements a subquery takes from the statement around it, and so leaves out of its own FROM. */
import { InvalidRequestError } from "../errors.js";
import type { Node } from "../node.js";
import type { FromClause } from "../selectable/from-clause.js";
import type { SelectedColumn } from "../selectable/query.js";
import type { Select } from "../selectable/select.js";

type From = FromClause<unknown>;

/** What encloses the query that is being compiled. */
export interface Frame {
  /** Every FROM element of the enclosing queries. */
  readonly correlatable: ReadonlySet<From>;
  /** Those of the query just around. */
  readonly nearest: ReadonlySet<From>;
  /** Labels of the select list, which ORDER BY names. */
  labels: ReadonlyMap<Node, string>;
  /** The select list, for names in ORDER BY and GROUP BY. */
  columns: readonly SelectedColumn[];
}

/** Around a whole statement there is nothing. */
export const topFrame: Frame = { correlatable: new Set(), nearest: new Set(), labels: new Map(), columns: [] };

/**
 * The frame for what stands inside a query.
 *
 * @param froms what the query has in FROM
 */
export function frameInside(outer: Frame, froms: readonly From[]): Frame {
  const own = new Set<From>();
  for (const from of froms) for (const each of from.covers) own.add(each);
  return { correlatable: new Set([...outer.correlatable, ...own]), nearest: own, labels: new Map(), columns: [] };
}

/**
 * The FROM elements that a select keeps: what the enclosing statement has is left out of a correlated subquery.
 *
 * @param froms all that the select uses
 * @param isolated it stands in FROM, where it does not see its neighbours
 * @throws InvalidRequestError when automatic correlation leaves nothing
 */
export function visibleFroms(select: Select, froms: From[], frame: Frame, isolated: boolean): From[] {
  const { correlatable, nearest } = frame;
  const explicit = isolated ? difference(correlatable, nearest) : correlatable;
  const mode = select.extras?.correlateMode ?? "auto";
  if (mode === "only") {
    const given = covered(select);
    return froms.filter((each) => !(given.has(each) && explicit.has(each)));
  }
  if (mode === "except") {
    const kept = covered(select);
    return froms.filter((each) => kept.has(each) || !explicit.has(each));
  }
  if (isolated || froms.length < 2 || nearest.size === 0) return froms;
  const left = froms.filter((each) => !nearest.has(each));
  if (left.length > 0) return left;
  throw new InvalidRequestError(
    `a subquery of ${froms.map((each) => each.describe()).join(" and ")} is left without FROM, since the statement around it has them all. Say correlate(...) or, in an attribute, correlateExcept(...); or use an alias inside.`,
  );
}

/** What `correlate()` or `correlateExcept()` named, with the sides of joins. */
function covered(select: Select): ReadonlySet<From> {
  const found = new Set<From>();
  for (const from of select.extras?.correlated ?? []) for (const each of from.covers) found.add(each);
  return found;
}

function difference(all: ReadonlySet<From>, without: ReadonlySet<From>): ReadonlySet<From> {
  return new Set([...all].filter((each) => !without.has(each)));
}
