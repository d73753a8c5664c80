/** Columns of a select by name, and those that repeat others. */
import type { ColumnElement } from "../element.js";
import { BinaryExpression, BooleanClauseList } from "../elements/expression.js";
import { EntityElement, RelationElement } from "../entity.js";
import { InvalidRequestError } from "../errors.js";
import type { Node } from "../node.js";
import { operators } from "../operators.js";
import type { Column } from "../schema/column.js";
import { FromClause } from "./from-clause.js";
import { baseColumn } from "./join.js";
import type { JoinEntry } from "./select-parts.js";
import { expandColumns } from "./selected-columns.js";

/** What is asked of a select here; the class is in select.ts. */
interface SelectLike {
  readonly rawColumns: readonly Node[];
  readonly joins: readonly JoinEntry[];
  readonly fromObjects: readonly FromClause<unknown>[];
  readonly whereCriteria: readonly ColumnElement[];
}

interface Source {
  readonly name: string;
  find(name: string): ColumnElement | null;
}

/**
 * The attribute or column of a name, of anything that a select selects from or joins. The entity or table that is
 * selected or joined last does not win: a name that several have is an error.
 */
export function columnNamed(select: SelectLike, name: string): ColumnElement {
  const sources = sourcesOf(select);
  if (sources.size === 0) {
    throw new InvalidRequestError(`filterBy({ ${name} }): the statement selects no class and no table.`);
  }
  const found: { readonly source: Source; readonly element: ColumnElement }[] = [];
  for (const source of sources.values()) {
    const element = source.find(name);
    if (element !== null) found.push({ source, element });
  }
  if (found.length === 1) return (found[0] as (typeof found)[number]).element;
  if (found.length > 1) {
    const names = found.map((each) => each.source.name).join(" and ");
    throw new InvalidRequestError(
      `filterBy({ ${name} }): ${names} both have ${JSON.stringify(name)}. Say which with where().`,
    );
  }
  // one entity: its own error names its attributes
  const only = sources.size === 1 ? ([...sources.keys()][0] as EntityElement | FromClause<unknown>) : null;
  if (only instanceof EntityElement) return only.attribute(name);
  if (only !== null) return only.column(name);
  const names = [...sources.values()].map((each) => each.name).join(", ");
  throw new InvalidRequestError(`filterBy({ ${name} }): none of ${names} has ${JSON.stringify(name)}.`);
}

function sourcesOf(select: SelectLike): Map<EntityElement | FromClause<unknown>, Source> {
  const sources = new Map<EntityElement | FromClause<unknown>, Source>();
  const covered = new Set<FromClause<unknown>>();
  const add = (node: Node): void => {
    if (node instanceof RelationElement) add(node.target);
    else if (node instanceof EntityElement) {
      if (covered.has(node.from)) return;
      covered.add(node.from);
      sources.set(node, { name: node.entityName, find: (name) => attributeOf(node, name) });
    } else if (node instanceof FromClause) {
      if (covered.has(node)) return;
      covered.add(node);
      sources.set(node, {
        name: node.describe(),
        find: (name) => (node.c as Readonly<Record<string, ColumnElement>>)[name] ?? null,
      });
    } else {
      const table = (node as { table?: unknown }).table;
      if (table instanceof FromClause) add(table);
    }
  };
  for (const node of select.rawColumns) if (node instanceof EntityElement) add(node);
  for (const node of select.rawColumns) add(node);
  for (const entry of select.joins) add(entry.target);
  for (const node of select.fromObjects) add(node);
  return sources;
}

function attributeOf(entity: EntityElement, name: string): ColumnElement | null {
  try {
    return entity.attribute(name);
  } catch (error) {
    if (error instanceof InvalidRequestError) return null;
    throw error;
  }
}

/** The selected columns without those that repeat another one. */
export function reducedColumns(select: SelectLike): readonly ColumnElement[] {
  const equal = equalities(select);
  const kept: ColumnElement[] = [];
  for (const element of expandColumns(select.rawColumns)) {
    if (!kept.some((each) => each === element || same(each, element, equal))) kept.push(element);
  }
  return kept;
}

function same(
  a: ColumnElement,
  b: ColumnElement,
  equal: readonly (readonly [ColumnElement, ColumnElement])[],
): boolean {
  if (equal.some(([x, y]) => (x === a && y === b) || (x === b && y === a))) return true;
  const from = baseColumn(a);
  const to = baseColumn(b);
  return from !== null && to !== null && (refersTo(from, to) || refersTo(to, from));
}

// A key to its own table (the boss of an employee) is another value.
function refersTo(column: Column, other: Column): boolean {
  return column.table !== other.table && column.foreignKeys.some((key) => key.tryColumn() === other);
}

function equalities(select: SelectLike): (readonly [ColumnElement, ColumnElement])[] {
  const found: (readonly [ColumnElement, ColumnElement])[] = [];
  const visit = (node: Node): void => {
    if (node instanceof BooleanClauseList && node.operator === operators.and) node.clauses.forEach(visit);
    else if (node instanceof BinaryExpression && node.operator === operators.eq) {
      found.push([node.left, node.right as ColumnElement]);
    }
  };
  for (const node of select.whereCriteria) visit(node);
  for (const entry of select.joins) if (entry.on !== null) visit(entry.on);
  return found;
}
