/**
 * A tree along a self-referential relationship with one recursive statement: the keys of all objects on the way are gathered in a recursive CTE, and
 * the rows are theirs, or those that refer to one of them. UNION leaves out what was met before, so that circles end.
 */
import type { DialectCapabilities } from "../../sql/capabilities.js";
import type { ColumnElement } from "../../sql/element.js";
import { allOf } from "../../sql/elements/build.js";
import { Label } from "../../sql/elements/expression.js";
import { LiteralColumn } from "../../sql/elements/special.js";
import { InvalidRequestError } from "../../sql/errors.js";
import type { Column } from "../../sql/schema/column.js";
import type { FromClause } from "../../sql/selectable/from-clause.js";
import { Join } from "../../sql/selectable/join.js";
import { Select } from "../../sql/selectable/select.js";
import { integerType } from "../../sql/types/base.js";
import { ColumnAttribute } from "../attributes/column-attribute.js";
import { keysAmong } from "./relation-keys.js";
import { type KeyCondition, type KeyedStatement, limitedTo, type RelationRows } from "./relation-rows.js";

type From = FromClause<unknown>;

/** @param depth how many levels; -1 for all */
export function treeOf(
  relation: RelationRows,
  depth: number,
  condition: KeyCondition,
  capabilities: DialectCapabilities,
): KeyedStatement {
  const rows = relation.all();
  if (depth === 1) return limitedTo(rows, condition(rows.keys));
  const limit = depth < 0 ? null : depth - 1;
  const { statement, keys } = relation.all();
  const next = nextOf(relation);
  const byOwnKey = findsByOwnKey(relation);
  // Members that are found by their own key are gathered themselves; else those that they refer to, or that refer to them, from the beginning on.
  const start = byOwnKey ? next : startOf(relation);
  const first = new Select([...named(start), ...(limit === null ? [] : [new Label("depth", number(0))])], []).with(
    byOwnKey
      ? { fromObjects: fromsOf(statement, relation), whereCriteria: [...statement.whereCriteria, condition(keys)] }
      : { whereCriteria: [condition(start)] },
  );
  const reached = first.cte(undefined, { recursive: true });
  const keyOf = (from: From): readonly ColumnElement[] => start.map((_, i) => from.column(keyName(i)));
  const level = limit === null ? null : reached.column("depth");
  const step = new Select(
    [...named(next), ...(level === null ? [] : [new Label("depth", level.add(number(1)))])],
    [],
  ).with({
    fromObjects: [reached, ...fromsOf(statement, relation)],
    whereCriteria: [
      ...statement.whereCriteria,
      equal(keys, keyOf(reached)),
      ...(level === null || limit === null ? [] : [level.lt(number(limit))]),
    ],
  });
  const tree = reached.union(step);
  const found = byOwnKey ? next : rows.keys;
  if (limit !== null) return limitedTo(rows, keysAmong(found, new Select([...keyOf(tree)], []), capabilities));
  // Each key is there once: a join serves as well as IN, and takes less time.
  const [from, ...others] = fromsOf(rows.statement, relation);
  const joined = new Join(from, tree, equal(found, keyOf(tree)), "inner");
  return { ...rows, statement: rows.statement.with({ fromObjects: [joined, ...others] }) };
}

/** Whether the next ones refer to the primary key of those that were reached: of a tree of a million leaves no leaf is asked again what refers to it. */
function findsByOwnKey({ relationship, direct, local }: RelationRows): boolean {
  const { primaryKey } = relationship.target;
  return (
    direct &&
    relationship.direction === "oneToMany" &&
    relationship.parent === relationship.target &&
    primaryKey.length === local.length &&
    primaryKey.every(({ column }) => local.includes(column))
  );
}

/** The columns that hold the keys where the tree begins: of the parents, or of the targets that they refer to. */
function startOf({ relationship, local }: RelationRows): readonly ColumnElement[] {
  const { direction, pairs } = relationship.join;
  return direction === "manyToOne" ? pairs.map(({ remote }) => remote) : local;
}

/** The columns by which an object that was reached finds the next ones. */
function nextOf({ relationship, local, target }: RelationRows): readonly ColumnElement[] {
  return local.map((column: Column) => {
    const { key } = relationship.parent.attributeOf(column);
    const attribute = target.mapper.attributes.get(key);
    if (attribute instanceof ColumnAttribute) return target.columnFor(attribute.column);
    throw new InvalidRequestError(
      `${relationship.label} leads to ${target.mapper.className}, which has no ${relationship.parent.className}.${key}: depth cannot follow it. ` +
        `Say recursionDepth, which asks for each level by itself.`,
    );
  });
}

function fromsOf({ fromObjects }: Select, { target }: RelationRows): readonly From[] {
  return fromObjects.length === 0 ? [target.from] : fromObjects;
}

function named(columns: readonly ColumnElement[]): readonly ColumnElement[] {
  return columns.map((column, i) => new Label(keyName(i), column));
}

function keyName(part: number): string {
  return `k${part}`;
}

function equal(a: readonly ColumnElement[], b: readonly ColumnElement[]): ColumnElement {
  return allOf(a.map((each, i) => each.eq(b[i])));
}

function number(value: number): ColumnElement {
  return new LiteralColumn(String(value), integerType);
}
