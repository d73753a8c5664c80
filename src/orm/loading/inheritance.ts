/** What rows of a class in a hierarchy come from: joined tables, and the condition on the discriminator. */
import type { ColumnElement } from "../../sql/element.js";
import { allOf } from "../../sql/elements/build.js";
import type { Column } from "../../sql/schema/column.js";
import type { ForeignKeyConstraint } from "../../sql/schema/constraints.js";
import type { Table } from "../../sql/schema/table.js";
import { Alias } from "../../sql/selectable/alias.js";
import type { FromClause } from "../../sql/selectable/from-clause.js";
import { inferOn, Join } from "../../sql/selectable/join.js";
import type { ColumnAttribute } from "../attributes/column-attribute.js";
import { inheritKeyAt } from "../mapping/inherit-key.js";
import type { Mapper } from "../mapping/mapper.js";

type From = FromClause<unknown>;

/** Stands for a table in a FROM that is being built. */
type TableStandIn = (table: Table) => From;

/** The table of a class, or the join of its tables, with those of subclasses outside where they are wanted. */
export function fromOf(
  mapper: Mapper,
  polymorphic: readonly Mapper[],
  standIn: TableStandIn,
  kind: "inner" | "left" = "left",
): From {
  const made = new Map<Table, From>();
  const use = (table: Table): From => {
    let from = made.get(table);
    if (from === undefined) {
      from = standIn(table);
      made.set(table, from);
    }
    return from;
  };
  let from = use(mapper.tables[0]);
  for (let i = 1; i < mapper.tables.length; i++) from = joinTable(from, mapper, i, use, "inner");
  for (const sub of polymorphic) {
    for (let i = 0; i < sub.tables.length; i++) {
      if (!made.has(sub.tables[i])) from = joinTable(from, sub, i, use, kind);
    }
  }
  return from;
}

function joinTable(left: From, mapper: Mapper, index: number, use: TableStandIn, kind: "inner" | "left"): From {
  const { tables } = mapper;
  const above = tables[index - 1];
  const right = use(tables[index]);
  const own = inheritKeyAt(mapper, index);
  return new Join(left, right, inheritOn(use(above), right, own), kind);
}

/** The key of a subclass's table continues that of the table above. */
function inheritOn(left: From, right: From, own: ForeignKeyConstraint | null): ColumnElement {
  if (own === null) return inferOn(left, right);
  const pairs = own.columns.map((column, i) => standInFor(left, own.refColumns[i]).eq(standInFor(right, column)));
  return allOf(pairs);
}

/** The column of a table, or of an alias of it. */
function standInFor(from: From, column: Column): ColumnElement {
  return from instanceof Alias ? from.column(column.key) : column;
}

/** A table's anonymous alias. */
export function anonymousAlias(table: Table): From {
  return new Alias(table, null);
}

/** Subclasses that `withPolymorphic` names, with the classes between them and the base. */
export function subclassesOf(mapper: Mapper, named: "*" | readonly Mapper[]): readonly Mapper[] {
  const wanted = named === "*" ? null : new Set(named);
  return [...mapper.selfAndDescendants()]
    .filter(
      (each) => each === mapper || wanted === null || [...each.selfAndDescendants()].some((sub) => wanted.has(sub)),
    )
    .sort((a, b) => a.order - b.order);
}

/** The condition that picks the rows of a class out of a table that it shares; null for a class with a table of its own. */
export function discriminatorCriterion(
  mapper: Mapper,
  elementOf: (attribute: ColumnAttribute) => ColumnElement,
): ColumnElement | null {
  if (!mapper.single || mapper.polymorphicOn === null) return null;
  const identities: (string | number)[] = [];
  for (const each of mapper.selfAndDescendants())
    if (each.polymorphicIdentity !== undefined) identities.push(each.polymorphicIdentity);
  const column = elementOf(mapper.polymorphicOn);
  return identities.length === 1 ? column.eq(identities[0]) : column.in(identities);
}
