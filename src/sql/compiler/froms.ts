/** The FROM list of a select: what it names, what its columns and conditions use, and the joins applied to them. */
import type { ColumnElement } from "../element.js";
import { allOf } from "../elements/build.js";
import { EntityElement, RelationElement } from "../entity.js";
import { InvalidRequestError } from "../errors.js";
import type { Node } from "../node.js";
import { FromClause } from "../selectable/from-clause.js";
import { canInferOn, inferOn, Join } from "../selectable/join.js";
import type { Select } from "../selectable/select.js";
import type { JoinEntry } from "../selectable/select-parts.js";

type From = FromClause<unknown>;

const SUBQUERIES: ReadonlySet<string> = new Set(["ScalarSelect", "NestedRows", "Exists"]);

/** Whether an expression holds a query, whose FROM elements and entities are its own. */
export function isSubquery(node: Node): boolean {
  return SUBQUERIES.has(node.visitName);
}

/** The FROM elements that an expression takes columns from; those of a subquery inside it are its own. */
export function fromsOf(node: Node, into: Set<From>): void {
  if (node instanceof FromClause) {
    into.add(node);
    return;
  }
  if (node instanceof EntityElement) {
    into.add(node.from);
    return;
  }
  switch (node.visitName) {
    case "Column":
    case "AliasedColumn": {
      const table = (node as unknown as { table: From | null }).table;
      if (table !== null) into.add(table);
      return;
    }
    case "ColumnValued":
      into.add((node as unknown as { table: From }).table);
      return;
    default:
      if (isSubquery(node)) return;
      for (const child of node.children()) fromsOf(child, into);
  }
}

/** The FROM list of a select: what it names, what its columns and its WHERE use, without what a join covers. */
export function displayFroms(select: Select): From[] {
  const listed = joinedFroms(select);
  const froms = new Set<From>(listed);
  for (const node of select.rawColumns) fromsOf(node, froms);
  for (const node of select.whereCriteria) fromsOf(node, froms);
  const hidden = new Set<From>();
  for (const from of froms) for (const each of from.hides) hidden.add(each);
  return [...froms].filter((each) => !hidden.has(each));
}

/** What `selectFrom()` named, with the joins applied. */
function joinedFroms(select: Select): From[] {
  const froms: From[] = [...new Set(select.fromObjects)];
  if (select.joins.length === 0) return froms;
  let previous: From | null = null;
  for (const entry of select.joins) {
    previous = applyJoin(select, froms, entry, previous);
  }
  return froms;
}

function applyJoin(select: Select, froms: From[], entry: JoinEntry, previous: From | null): From {
  const target = entry.target;
  if (target instanceof RelationElement) return joinAlong(select, froms, entry, target);
  const right = target instanceof EntityElement ? target.from : (target as From);
  const { at, left } = findLeft(select, froms, entry, right);
  const on = entry.on ?? (entry.kind === "cross" ? null : inferOn(left, right, previous ?? undefined));
  place(froms, at, new Join(left, right, on === null ? on : both(on, entry.further), entry.kind));
  return right;
}

function joinAlong(select: Select, froms: From[], entry: JoinEntry, relation: RelationElement): From {
  const { left: start, steps } = relation.joinTarget();
  const at = froms.findIndex((each) => each.covers.includes(start));
  const left = at >= 0 ? (froms[at] as From) : ((froms.length === 0 ? selectedWith(select, start) : null) ?? start);
  const last = steps[steps.length - 1];
  if (last === undefined) throw new InvalidRequestError("a relationship without join steps cannot be joined.");
  let joined: From;
  if (steps.length === 1 || entry.kind === "inner") {
    joined = left;
    for (const step of steps) {
      joined = new Join(joined, step.right, step === last ? both(step.on, entry.on) : step.on, entry.kind);
    }
  } else {
    // an outer join of several steps nests its right side, so that a row of the association alone makes no row
    let right = (steps[0] as (typeof steps)[number]).right;
    for (const step of steps.slice(1))
      right = new Join(right, step.right, step === last ? both(step.on, entry.on) : step.on, "inner");
    joined = new Join(left, right, (steps[0] as (typeof steps)[number]).on, entry.kind);
  }
  place(froms, at, joined);
  return last.right;
}

function both(on: ColumnElement, more: ColumnElement | null): ColumnElement {
  return more === null ? on : allOf([on, more]);
}

/** The joined tables of a selected entity: a relationship of another class of its hierarchy begins at them, and at no second copy. */
function selectedWith(select: Select, start: From): From | null {
  let table = start;
  while (table instanceof Join) table = table.left;
  for (const node of select.rawColumns)
    if (node instanceof EntityElement && node.from instanceof Join && node.from.covers.includes(table))
      return node.from;
  return null;
}

function place(froms: From[], at: number, joined: From): void {
  if (at >= 0) froms[at] = joined;
  else froms.push(joined);
}

/** The left side of a join that does not name it, as SQLAlchemy finds it. */
function findLeft(select: Select, froms: From[], entry: JoinEntry, right: From): { at: number; left: From } {
  if (entry.left !== null) {
    const named = entry.left;
    const at = froms.findIndex((each) => each.covers.includes(named));
    return { at, left: at >= 0 ? froms[at] : named };
  }
  if (froms.length > 0) {
    const found = candidates(froms, right, entry.on, entry.kind === "cross");
    if (found.length === 1) return { at: found[0] as number, left: froms[found[0] as number] };
    throw noLeft(found.length, froms, right);
  }
  const selected = new Set<From>();
  for (const node of select.rawColumns) fromsOf(node, selected);
  const hidden = new Set<From>();
  for (const from of selected) for (const each of from.hides) hidden.add(each);
  let list = [...selected].filter((each) => !hidden.has(each));
  // columns of the target may be selected too: they are not what it is joined to
  if (list.length > 1) list = list.filter((each) => each !== right);
  const found = candidates(list, right, entry.on, entry.kind === "cross");
  if (found.length === 1) return { at: -1, left: list[found[0] as number] };
  throw noLeft(found.length, list, right);
}

function noLeft(count: number, froms: readonly From[], right: From): InvalidRequestError {
  const looked = froms
    .filter((from) => from !== right)
    .map((from) => from.describe())
    .join(", ");
  const tried = looked === "" ? "" : ` (looked at ${looked})`;
  return new InvalidRequestError(
    count > 1
      ? `it is not clear which FROM element ${right.describe()} is to be joined to${tried}. Name it with selectFrom() or joinFrom().`
      : `there is nothing that ${right.describe()} could be joined to by a foreign key${tried}. Name the left side with selectFrom() or joinFrom(), or give the condition.`,
  );
}

function candidates(froms: readonly From[], right: From, on: ColumnElement | null, cross: boolean): number[] {
  if (cross) return froms.length === 1 ? [0] : froms.map((_each, i) => i).slice(-1);
  const found: number[] = [];
  const used = new Set<From>();
  if (on !== null && froms.length > 1) fromsOf(on, used);
  froms.forEach((from, i) => {
    if (from === right) return;
    if (on === null) {
      if (canInferOn(from, right)) found.push(i);
    } else if (froms.length === 1) found.push(i);
    else {
      const covered = new Set([...from.covers, ...right.covers]);
      if ([...used].every((each) => covered.has(each))) found.push(i);
    }
  });
  if (found.length === 0 && on !== null) return froms.map((_each, i) => i).filter((i) => froms[i] !== right);
  return found;
}
