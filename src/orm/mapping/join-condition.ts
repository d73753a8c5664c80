/**
 * Makes a join of the condition that a relationship gives: which columns are the far side's, which hold a foreign key, and which pairs of columns
 * are equal, so that a flush can copy one to the other. SQLAlchemy: `JoinCondition`.
 */
import type { ColumnElement } from "../../sql/element.js";
import { BinaryExpression, BooleanClauseList } from "../../sql/elements/expression.js";
import { ArgumentError } from "../../sql/errors.js";
import { iterate, type Node, replaceNodes } from "../../sql/node.js";
import { operators } from "../../sql/operators.js";
import type { Column } from "../../sql/schema/column.js";
import type { Table } from "../../sql/schema/table.js";
import { baseColumn } from "../../sql/selectable/join.js";
import type { JoinRequest } from "./join-request.js";
import type { Mapper } from "./mapper.js";
import type { ColumnPair, Direction, RelationshipJoin } from "./relationship-join.js";
import { MarkedColumn, RemoteColumn } from "./remote-column.js";

/** A column where it stands in a condition. */
interface Leaf {
  readonly column: Column;
  readonly mark: MarkedColumn | null;
  /** It is written as a column of the alias that the relationship leads to. */
  readonly ofAlias: boolean;
}

/** What a condition says of a column by where it stands. */
interface Rules {
  isForeign(leaf: Leaf): boolean;
  isRemote(leaf: Leaf): boolean;
}

/** A join without an association table, by the condition that the relationship gives. */
export function explicitJoin(request: JoinRequest, condition: ColumnElement): RelationshipJoin {
  const rules = rulesFor(request, condition, null);
  checkSides(request, leavesOf(condition, request), rules);
  const { pairs, simple, remote } = analyse(condition, request, rules, null);
  const direction = request.direction ?? directionOf(condition, request, rules);
  if (pairs.length === 0) refuseUnlessViewonly(request, "primaryJoin");
  return { direction, pairs, primaryJoin: remote, secondary: null, secondaryJoin: null, secondaryPairs: [], simple };
}

/** One half of a join through an association table: from one of the classes to the table, or from the table to the target. */
export function explicitHalf(
  request: JoinRequest,
  condition: ColumnElement,
  secondary: Table,
  option: "primaryJoin" | "secondaryJoin",
): { readonly pairs: readonly ColumnPair[]; readonly condition: ColumnElement; readonly simple: boolean } {
  const fromTable = option === "secondaryJoin";
  const base = rulesFor(request, condition, secondary);
  const rules = fromTable ? { ...base, isRemote: (leaf: Leaf) => !base.isRemote(leaf) } : base;
  const { pairs, simple, remote } = analyse(condition, request, rules, secondary);
  if (pairs.length === 0) refuseUnlessViewonly(request, option);
  return { pairs, condition: remote, simple };
}

function refuseUnlessViewonly({ label, viewonly }: JoinRequest, option: string): void {
  if (viewonly) return;
  throw new ArgumentError(
    `${label}: its ${option} compares no foreign-key column with the column it refers to by a plain "=", so a flush could not write it. ` +
      `Name the columns that hold the key in foreignKeys: [...] or mark them with foreign(), or make the relationship viewonly.`,
  );
}

function leafOf(node: unknown, { alias }: JoinRequest): Leaf | null {
  let mark: MarkedColumn | null = null;
  let each = node as Node;
  if (each instanceof MarkedColumn) {
    mark = each;
    each = each.element;
  }
  if (each.visitName !== "Column" && each.visitName !== "AnnotatedColumn" && each.visitName !== "AliasedColumn")
    return null;
  let inner: { readonly visitName: string; readonly element?: unknown; readonly table?: unknown } = each;
  while (inner.visitName === "AnnotatedColumn") inner = inner.element as typeof inner;
  const ofAlias = alias !== null && inner.visitName === "AliasedColumn" && inner.table === alias.from;
  const column = inner.visitName === "Column" || ofAlias ? baseColumn(inner as ColumnElement) : null;
  return column === null ? null : { column, mark, ofAlias };
}

function binaries(
  condition: ColumnElement,
  request: JoinRequest,
): { node: BinaryExpression; left: Leaf; right: Leaf }[] {
  const found: { node: BinaryExpression; left: Leaf; right: Leaf }[] = [];
  for (const node of iterate(condition)) {
    if (!(node instanceof BinaryExpression)) continue;
    const [left, right] = [leafOf(node.left, request), leafOf(node.right, request)];
    if (left !== null && right !== null) found.push({ node, left, right });
  }
  return found;
}

function rulesFor(request: JoinRequest, condition: ColumnElement, secondary: Table | null): Rules {
  const { foreignKeys, remoteSide, parent, target, direction } = request;
  let [marksForeign, marksRemote] = [false, false];
  for (const node of iterate(condition)) {
    if (!(node instanceof MarkedColumn)) continue;
    marksForeign ||= node.isForeign;
    marksRemote ||= node.isRemote;
  }
  const holders = new Set<Column>();
  for (const { left, right } of binaries(condition, request)) {
    for (const [a, b] of [
      [left.column, right.column],
      [right.column, left.column],
    ]) {
      if (refersTo(a, b, request) || (secondary !== null && inTable(a, secondary) && !inTable(b, secondary)))
        holders.add(a);
    }
  }
  const isForeign = (leaf: Leaf): boolean =>
    marksForeign
      ? (leaf.mark?.isForeign ?? false)
      : foreignKeys
        ? foreignKeys.includes(leaf.column)
        : holders.has(leaf.column);
  const isRemote = (leaf: Leaf): boolean => {
    if (marksRemote) return leaf.mark?.isRemote ?? false;
    if (leaf.ofAlias) return true;
    if (request.alias !== null && target.tables.some((table) => parent.tables.includes(table))) return false;
    const { column } = leaf;
    if (secondary !== null) return inTable(column, secondary);
    if (remoteSide !== null) return remoteSide.includes(column);
    const [mine, theirs] = [parent.tables, target.tables].map((tables) => tables.includes(column.table as Table));
    if (mine !== theirs) return theirs;
    // Both sides are one table: the key is the far side's unless the decorator says that this side holds it.
    return direction === "manyToOne" ? !isForeign(leaf) : isForeign(leaf);
  };
  return { isForeign, isRemote };
}

/** Whether a flush knows the column: another table that the condition mentions is not its business. */
function isOf(column: Column, { parent, target }: JoinRequest, secondary: Table | null): boolean {
  const table = column.table as Table;
  return (
    table === secondary ||
    [parent, target].some(({ tables, byColumn }) => tables.includes(table) || byColumn.has(column))
  );
}

function inTable(column: Column, table: Table): boolean {
  return (column.table as unknown) === table;
}

/** The key of a joined table is one attribute with the key above: a foreign key to either means both. */
function refersTo(column: Column, referred: Column, { parent, target }: JoinRequest): boolean {
  return column.foreignKeys.some((key) => {
    const found = key.tryColumn();
    if (found === null || found === referred) return found !== null;
    const isOne = ({ byColumn }: Mapper) =>
      byColumn.get(found) !== undefined && byColumn.get(found) === byColumn.get(referred);
    return isOne(parent) || isOne(target);
  });
}

/** A condition is between the rows of both sides. */
function checkSides({ label, parent, target, alias }: JoinRequest, leaves: readonly Leaf[], rules: Rules): void {
  const belongs = (leaf: Leaf, { tables }: Mapper) => tables.includes(leaf.column.table as Table);
  const misplaced =
    alias === null && leaves.find((leaf) => rules.isRemote(leaf) && belongs(leaf, parent) && !belongs(leaf, target));
  if (misplaced)
    throw new ArgumentError(
      `${label}: ${describeLeaf(misplaced)} is said to be a column of the far side, and it is one of ${parent.className}. ` +
        `Give remote() and remoteSide columns of ${target.className}, or leave them out: they are for conditions within one table.`,
    );
  const far = leaves.filter(rules.isRemote).length;
  if (far === 0 || far === leaves.length)
    throw new ArgumentError(
      `${label}: its primaryJoin has no column of ${far === 0 ? `the far side, ${target.className}` : `the near side, ${parent.className}`}, so that it ties no row to another. ` +
        `Compare columns of both; within one table, remote() or remoteSide: [...] says which are the far side's.`,
    );
}

function describeLeaf({ column }: Leaf): string {
  return `${(column.table as Table | null)?.name ?? "?"}.${column.name}`;
}

function leavesOf(condition: ColumnElement, request: JoinRequest): readonly Leaf[] {
  const found: Leaf[] = [];
  const stack: Node[] = [condition];
  for (let node = stack.pop(); node !== undefined; node = stack.pop()) {
    const leaf = leafOf(node, request);
    if (leaf === null) stack.push(...node.children());
    else found.push(leaf);
  }
  return found;
}

/** Where nothing else says it: the side whose columns hold the foreign key. */
function directionOf(condition: ColumnElement, request: JoinRequest, rules: Rules): Direction {
  const holders = leavesOf(condition, request).filter(rules.isForeign);
  const far = holders.filter(rules.isRemote).length;
  if (holders.length > 0 && far === holders.length) return "oneToMany";
  if (holders.length > 0 && far === 0) return "manyToOne";
  throw new ArgumentError(
    `${request.label}: its primaryJoin has ${holders.length === 0 ? "no column that holds a foreign key" : "columns that hold a foreign key on both sides"}, so that it could run either way. ` +
      `Say kind: "oneToMany" or kind: "manyToOne", or mark the columns of the key with foreign().`,
  );
}

function analyse(
  condition: ColumnElement,
  request: JoinRequest,
  rules: Rules,
  secondary: Table | null,
): { readonly pairs: readonly ColumnPair[]; readonly simple: boolean; readonly remote: ColumnElement } {
  const pairs: ColumnPair[] = [];
  const equalities = new Set<unknown>();
  for (const { node, left, right } of binaries(condition, request)) {
    if (node.operator !== operators.eq) continue;
    const leftIsRemote = rules.isRemote(left);
    if (leftIsRemote === rules.isRemote(right) || (!rules.isForeign(left) && !rules.isForeign(right))) continue;
    equalities.add(node);
    const [local, remote] = leftIsRemote ? [right.column, left.column] : [left.column, right.column];
    if (!isOf(local, request, secondary) || !isOf(remote, request, secondary)) continue;
    if (!pairs.some((pair) => pair.local === local && pair.remote === remote)) pairs.push({ local, remote });
  }
  const clauses =
    condition instanceof BooleanClauseList && condition.operator === operators.and ? condition.clauses : [condition];
  const remote = replaceNodes(condition, (node) => {
    const leaf = leafOf(node, request);
    // A column of a subquery stands for itself: what is inside is not the condition's.
    if (leaf === null) return node.visitName === "AliasedColumn" ? node : undefined;
    return rules.isRemote(leaf) ? new RemoteColumn(leaf.column) : leaf.column;
  });
  return { pairs, remote, simple: request.alias === null && clauses.every((clause) => equalities.has(clause)) };
}
