/**
 * The members of certain places among those of their parent: the newest three of each.
 *
 * Where an index leads to the members of one parent, each parent's are asked for by themselves, in a LATERAL subquery or, where the database has none,
 * by keys that a subquery gives: only as many rows are read as are wanted. Without such an index that would go through the table once for each parent,
 * so that the members of all are numbered by a window function.
 */
import type { DialectCapabilities } from "../../sql/capabilities.js";
import type { ColumnElement } from "../../sql/element.js";
import { allOf } from "../../sql/elements/build.js";
import { Label, True, TupleElement } from "../../sql/elements/expression.js";
import { func } from "../../sql/functions.js";
import { iterate } from "../../sql/node.js";
import type { Column } from "../../sql/schema/column.js";
import { UniqueConstraint } from "../../sql/schema/constraints.js";
import type { Table } from "../../sql/schema/table.js";
import { Alias } from "../../sql/selectable/alias.js";
import type { FromClause } from "../../sql/selectable/from-clause.js";
import { Join } from "../../sql/selectable/join.js";
import { ScalarSelect } from "../../sql/selectable/query.js";
import { Select } from "../../sql/selectable/select.js";
import { bareElement } from "./bare-element.js";
import { aliasOf, MapperEntity } from "./entity.js";
import { adapt } from "./instrumented-relation.js";
import type { MemberPage } from "./option-steps.js";
import type { OrmEntity } from "./orm-entity.js";
import { type KeyCondition, type KeyedStatement, limitedTo, type RelationRows } from "./relation-rows.js";

type From = FromClause<unknown>;

/** @param isOfOne whether the condition is met by the members of one parent alone */
export function pageOf(
  relation: RelationRows,
  page: MemberPage,
  condition: KeyCondition,
  isOfOne: boolean,
  capabilities: DialectCapabilities,
): KeyedStatement {
  const rows = relation.all();
  if (isOfOne) return ofOneParent(limitedTo(rows, condition(rows.keys)), page);
  const { lateral, limitInMembership } = capabilities;
  if ((lateral || limitInMembership) && isIndexed(relation) && ordersByItself(rows))
    return ofEachParent(relation, rows, page, condition, lateral);
  return numbered(limitedTo(rows, condition(rows.keys)), page);
}

function ofOneParent(rows: KeyedStatement, page: MemberPage): KeyedStatement {
  const { statement, entity } = rows;
  const ordered = statement.with({ orderByClauses: endingWith(statement.orderByClauses, identityOf(entity)) });
  return { ...rows, statement: paged(ordered, page) };
}

function paged(statement: Select, { limit, offset }: MemberPage): Select {
  const limited = limit === null ? statement : statement.limit(limit);
  return offset > 0 ? limited.offset(offset) : limited;
}

/** Numbered in a subquery that has their keys alone. */
function numbered({ statement, entity, keys }: KeyedStatement, page: MemberPage): KeyedStatement {
  const identity = identityOf(entity);
  const order = endingWith(statement.orderByClauses, identity);
  const place = func.rowNumber().over({ partitionBy: keys, orderBy: order });
  const places = new Select(
    [
      ...identity.map((column, i) => new Label(`i${i}`, column)),
      ...keys.map((key, i) => new Label(`k${i}`, key)),
      new Label("place", place as unknown as ColumnElement),
    ],
    [],
  )
    .with({ fromObjects: statement.fromObjects, whereCriteria: statement.whereCriteria })
    .subquery();
  const of = (name: string): ColumnElement => places.column(name);
  const wanted = [of("place").gt(page.offset)];
  if (page.limit !== null) wanted.push(of("place").le(page.offset + page.limit));
  const outer = keys.map((_, i) => of(`k${i}`));
  const same = allOf(identity.map((column, i) => column.eq(of(`i${i}`))));
  return {
    statement: new Select([entity, ...outer], []).with({
      fromObjects: [new Join(entity.from, places, same, "inner")],
      whereCriteria: wanted,
      orderByClauses: [of("place")],
    }),
    entity,
    keys: outer,
    needed: [],
  };
}

/** From the parents, to each its own rows. */
function ofEachParent(
  { local }: RelationRows,
  rows: KeyedStatement,
  page: MemberPage,
  condition: KeyCondition,
  lateral: boolean,
): KeyedStatement {
  const { entity, statement, keys } = rows;
  const parent = new Alias(local[0].table as Table, null);
  const outer = local.map((column) => parent.column(column.key));
  const order = endingWith(statement.orderByClauses, identityOf(entity));
  const members = new Select([], [])
    .with({
      fromObjects: statement.fromObjects.length === 0 ? [entity.from] : statement.fromObjects,
      whereCriteria: [...statement.whereCriteria, ...keys.map((key, i) => key.eq(outer[i]))],
      orderByClauses: order,
    })
    .correlate(parent);
  const own = paged(members, page);
  const columns = [...entity.mapper.byColumn.keys()];
  let right: From;
  let on: ColumnElement;
  let member: MapperEntity;
  if (lateral) {
    right = own.with({ rawColumns: columns.map((each) => entity.columnFor(each)) }).lateral();
    member = MapperEntity.over(entity, right, new Map(columns.map((each) => [each, right.column(each.key)])));
    on = new True();
  } else {
    member = aliasOf(entity.mapper, null, entity.polymorphic);
    right = member.from;
    const key = identityOf(member);
    const wanted = new ScalarSelect(own.with({ rawColumns: identityOf(entity) }));
    on = key.length === 1 ? key[0].in(wanted) : new TupleElement(key).in(wanted);
  }
  return {
    statement: new Select([member, ...outer], []).with({
      fromObjects: [new Join(parent, right, on, "inner")],
      whereCriteria: [condition(outer)],
      orderByClauses: order.map((each) => adapt(each, entity, member)),
    }),
    entity: member,
    keys: outer,
    needed: [],
  };
}

/** Whether an index leads from the key of one parent to its members. */
function isIndexed({ relationship, target, direct, local }: RelationRows): boolean {
  const { mapper, polymorphic, aliased } = target;
  if (!direct || aliased || polymorphic.length > 1 || mapper.tables.length > 1 || mapper.concretes.length > 0)
    return false;
  const parents = local[0].table as Table;
  const remote = relationship.join.pairs.map((pair) => pair.remote);
  return sameColumns(parents.primaryKey.columns, local) && leads(remote[0].table as Table, remote);
}

/** Whether an index of a table begins with these columns. */
function leads(table: Table, columns: readonly Column[]): boolean {
  const begins = (indexed: readonly Column[]): boolean =>
    indexed.length >= columns.length && sameColumns(indexed.slice(0, columns.length), columns);
  return (
    begins(table.primaryKey.columns) ||
    table.constraints.some((each) => each instanceof UniqueConstraint && begins(each.columns)) ||
    table.indexes.some(
      (each) => each.options.where === undefined && each.columns.length === each.refs.length && begins(each.columns),
    )
  );
}

function sameColumns(some: readonly Column[], others: readonly Column[]): boolean {
  return some.length === others.length && others.every((each) => some.includes(each));
}

/** Whether the order is one of the rows' own columns: outside of the subquery there are no others. */
function ordersByItself({ statement, entity }: KeyedStatement): boolean {
  for (const clause of statement.orderByClauses) {
    for (const node of iterate(clause))
      if (node.visitName === "Column" && !entity.mapper.byColumn.has(node as Column)) return false;
  }
  return true;
}

function identityOf(entity: OrmEntity): readonly ColumnElement[] {
  return entity.mapper.primaryKey.map(({ column }) => entity.columnFor(column));
}

/** An order that leaves nothing open: with the identity behind it, as far as it is not there already. */
function endingWith(order: readonly ColumnElement[], identity: readonly ColumnElement[]): readonly ColumnElement[] {
  const given = new Set(order.map(bareElement));
  return [...order, ...identity.filter((column) => !given.has(bareElement(column)))];
}
