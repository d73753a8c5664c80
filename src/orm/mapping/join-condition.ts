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
import type { ColumnPair, Direction, Mapper, RelationshipJoin } from "./mapper.js";
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
  const { pairs, simple, remote } = analyse(condition, request, rules);
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
  const { pairs, simple, remote } = analyse(condition, request, rules);
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
  let inner: { readonly visitName: string; readonly element?: unknown; readonly table?: unknown } = each as never;
  while (inner.visitName === "AnnotatedColumn") inner = inner.element as typeof inner;
  const ofAlias = alias !== null && inner.visitName === "AliasedColumn" && inner.table === alias.from;
  const column = inner.visitName === "Column" || ofAlias ? baseColumn(inner as unknown as ColumnElement) : null;
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

function directionOf(condition: ColumnElement, request: JoinRequest, rules: Rules): Direction {
  for (const node of iterate(condition)) {
    const leaf = leafOf(node, request);
    if (leaf !== null && rules.isForeign(leaf)) return rules.isRemote(leaf) ? "oneToMany" : "manyToOne";
  }
  return "oneToMany";
}

function analyse(
  condition: ColumnElement,
  request: JoinRequest,
  rules: Rules,
): { readonly pairs: readonly ColumnPair[]; readonly simple: boolean; readonly remote: ColumnElement } {
  const pairs: ColumnPair[] = [];
  const equalities = new Set<unknown>();
  for (const { node, left, right } of binaries(condition, request)) {
    if (node.operator !== operators.eq) continue;
    const leftIsRemote = rules.isRemote(left);
    if (leftIsRemote === rules.isRemote(right) || (!rules.isForeign(left) && !rules.isForeign(right))) continue;
    equalities.add(node);
    const [local, remote] = leftIsRemote ? [right.column, left.column] : [left.column, right.column];
    if (!pairs.some((pair) => pair.local === local && pair.remote === remote)) pairs.push({ local, remote });
  }
  const clauses =
    condition instanceof BooleanClauseList && condition.operator === operators.and ? condition.clauses : [condition];
  const remote = replaceNodes(condition as Node, (node) => {
    const leaf = leafOf(node, request);
    // A column of a subquery stands for itself: what is inside is not the condition's.
    if (leaf === null) return node.visitName === "AliasedColumn" ? node : undefined;
    return rules.isRemote(leaf) ? new RemoteColumn(leaf.column) : leaf.column;
  }) as ColumnElement;
  return { pairs, remote, simple: request.alias === null && clauses.every((clause) => equalities.has(clause)) };
}
