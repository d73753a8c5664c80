/**
 * Entities read from rows that a statement gives by itself, and not from a SELECT that was made for them: `fromStatement()`, and RETURNING of
 * ORM-enabled INSERT, UPDATE and DELETE. Each column of the entities is looked for among the columns of the rows.
 */
import type { ResultShape } from "../../engine/row.js";
import type { Compiled, CompileOptions, ResultColumn } from "../../sql/compiled.js";
import type { Dialect } from "../../sql/dialect.js";
import { ColumnElement } from "../../sql/element.js";
import type { LoadOption } from "../../sql/entity.js";
import { InvalidRequestError } from "../../sql/errors.js";
import type { BoundValue } from "../../sql/key-context.js";
import type { Node } from "../../sql/node.js";
import { baseColumn } from "../../sql/selectable/join.js";
import { disambiguate } from "../../sql/selectable/selected-columns.js";
import type { ColumnAttribute } from "../attributes/column-attribute.js";
import { bareElement } from "./bare-element.js";
import { CompositeElement } from "./composite-element.js";
import { converterOf } from "./converters.js";
import type { JoinedChild } from "./entity-loader.js";
import { LoaderFactory } from "./loader-factory.js";
import { OptionTree } from "./option-tree.js";
import { OrmEntity } from "./orm-entity.js";
import { compositeItem, OrmPlan, PostSchedule, type RowItem } from "./plan.js";
import { collectionsIn, type Part, partOf } from "./plan-parts.js";
import { Planner } from "./planner.js";

/** A column of the rows at hand; the element is null where only its name is known. */
export interface GivenColumn {
  readonly name: string;
  readonly element: Node | null;
}

export interface RowPlanRequest {
  /** What the rows shall hold: entities and columns. */
  readonly nodes: readonly Node[];
  /** The keys of object rows; empty for tuples. */
  readonly rowKeys: readonly string[];
  readonly loadOptions: readonly LoadOption[];
  readonly given: readonly GivenColumn[];
  readonly compiled: Compiled;
  readonly planned: readonly BoundValue[];
  readonly dialect: Dialect;
  readonly options?: CompileOptions;
}

/** A plan, and where the columns that it reads stand in the rows. */
export class RowPlan {
  constructor(
    readonly plan: OrmPlan,
    /** For each column of the plan its place in the row; null where the rows are as the plan wants them. */
    private readonly order: readonly number[] | null,
  ) {}

  /** The rows with the plan's columns, in their order. */
  arrange(rows: unknown[][]): unknown[][] {
    const { order } = this;
    if (order === null) return rows;
    return rows.map((row) => order.map((at) => row[at]));
  }
}

/** The columns that a compiled statement gives; null where only the database knows. */
export function givenColumns(compiled: Compiled): readonly GivenColumn[] | null {
  return compiled.resultColumns?.map(({ name, element }: ResultColumn) => ({ name, element })) ?? null;
}

/** One thing that the rows shall hold, with its place in the row. */
type Item = { readonly part: Part } | { readonly element: ColumnElement; readonly index: number };

/** @throws InvalidRequestError where the rows have no column for an entity's key */
export function makeRowPlan(request: RowPlanRequest): RowPlan {
  const { nodes, given, dialect, planned, compiled } = request;
  const entities = nodes.filter((node): node is OrmEntity => node instanceof OrmEntity);
  const tree = new OptionTree(request.loadOptions, entities);
  const planner = new Planner(dialect, planned, tree.defaults, request.options);
  const finder = new ColumnFinder(given);
  const items = nodes.map((node) => itemOf(node, tree, finder));
  const width = finder.order.length;
  const posts = new PostSchedule();
  const children: JoinedChild[] = [];
  const { makePost, makeSubclass } = planner;
  const factory = new LoaderFactory(dialect, planned, posts, children, makePost, makeSubclass, () => null);
  const plan = new OrmPlan({
    compiled,
    planned,
    extra: [],
    items: items.map((item) => rowItemOf(item, factory, width, dialect)),
    shape: shapeOf(request, items),
    children,
    posts,
    keySelect: () => {
      throw new InvalidRequestError("The rows of a statement of one's own cannot be selected again: use selectinload.");
    },
  });
  const inOrder = width === given.length && finder.order.every((at, i) => at === i);
  return new RowPlan(plan, inOrder ? null : finder.order);
}

/** Looks for the columns of what the rows shall hold. */
function itemOf(node: Node, tree: OptionTree, finder: ColumnFinder): Item {
  if (node instanceof OrmEntity) return { part: finder.layOut(partOf(node, tree.nodeOf(node), [node.mapper], true)) };
  const element = node as ColumnElement;
  const index = finder.order.length;
  for (const each of element instanceof CompositeElement ? element.elements : [element]) finder.add(each);
  return { element, index };
}

function rowItemOf(item: Item, factory: LoaderFactory, width: number, dialect: Dialect): RowItem {
  if ("part" in item) return { kind: "entity", loader: factory.loader(item.part, width, false) };
  const { element, index } = item;
  if (element instanceof CompositeElement) return compositeItem(element, index, dialect);
  return { kind: "column", index, convert: converterOf(element.type, dialect) };
}

function shapeOf({ nodes, rowKeys }: RowPlanRequest, items: readonly Item[]): ResultShape {
  const single = items.length === 1 && "part" in items[0];
  let requiresUnique: string | undefined;
  for (const item of items) {
    const collection = "part" in item ? collectionsIn(item.part, false) : null;
    if (collection === null) continue;
    requiresUnique = `${collection.label} is a collection that the statement's own rows fill (containsEager): call unique() on the result.`;
    break;
  }
  return {
    keys: keysOf(nodes, rowKeys),
    kind: rowKeys.length > 0 ? "object" : single ? "scalar" : "tuple",
    requiresUnique,
  };
}

/** The names of what a row holds: given ones, else its own. */
function keysOf(nodes: readonly Node[], rowKeys: readonly string[]): string[] {
  const names = disambiguate(nodes.filter((node) => !(node instanceof OrmEntity || node instanceof CompositeElement)));
  let named = 0;
  return nodes.map((node, i) => {
    if (node instanceof OrmEntity) return rowKeys[i] ?? node.entityName;
    const name = node instanceof CompositeElement ? node.key : names[named++]?.key;
    return rowKeys[i] ?? name ?? `column_${i + 1}`;
  });
}

/** Looks for columns among those of the rows, and notes in which order they are wanted. */
class ColumnFinder {
  readonly order: number[] = [];
  private readonly used: Set<number> = new Set();

  constructor(private readonly given: readonly GivenColumn[]) {}

  /** A part with the columns that the rows have for it. */
  layOut(part: Part): Part {
    const { entity } = part;
    const offset = this.order.length;
    const attributes: ColumnAttribute[] = [];
    for (const attribute of part.attributes) {
      const at = this.placeOfAttribute(part, attribute);
      if (at < 0) {
        if (entity.mapper.primaryKey.includes(attribute)) throw this.noKey(entity, attribute);
        continue;
      }
      attributes.push(attribute);
      this.order.push(at);
    }
    const children = part.children
      .filter((child) => child.part.inner)
      .map((child) => ({ ...child, part: this.layOut(child.part) }));
    return { ...part, attributes, offset, children };
  }

  private placeOfAttribute({ entity, node }: Part, attribute: ColumnAttribute): number {
    const given = node.expressionFor(attribute.key);
    if (given !== undefined) return this.require(given.expression);
    if (!attribute.writable) return this.find(null, [attribute.key]);
    const names = [...attribute.columns.map((column) => column.name), attribute.key];
    return this.find(entity.columnFor(attribute.column), names);
  }

  private noKey(entity: OrmEntity, attribute: ColumnAttribute): InvalidRequestError {
    const names = this.given.map((column) => column.name).join(", ");
    return new InvalidRequestError(
      `${entity.entityName} cannot be read from the statement: it gives no column for the key attribute "${attribute.key}" (${attribute.column.name}). ` +
        `Its columns are ${names || "none"}.`,
    );
  }

  add(element: ColumnElement): void {
    this.order.push(this.require(element));
  }

  /** @throws InvalidRequestError where the rows do not have it */
  private require(element: ColumnElement): number {
    const name = (element as { readonly name?: string }).name;
    const at = this.find(element, [
      ...(name === undefined ? [] : [name]),
      ...(element.key === null ? [] : [element.key]),
    ]);
    if (at < 0) {
      throw new InvalidRequestError(
        `The statement gives no column for ${element}; its columns are ${this.given.map((column) => column.name).join(", ")}.`,
      );
    }
    return at;
  }

  /** By itself, else by one of its names; a column that serves one entity does not serve another. */
  private find(column: ColumnElement | null, names: readonly string[]): number {
    const base = column === null ? null : baseColumn(column);
    const table = column === null ? null : tableOf(column);
    let at = this.given.findIndex(
      ({ element }, i) =>
        column !== null &&
        !this.used.has(i) &&
        element instanceof ColumnElement &&
        (bareElement(element) === bareElement(column) ||
          (base !== null && baseColumn(element) === base && tableOf(element) === table)),
    );
    if (at < 0) {
      at = this.given.findIndex(
        ({ name, element }, i) => !this.used.has(i) && names.includes(name) && !isForeign(element, column),
      );
    }
    if (at >= 0) this.used.add(at);
    return at;
  }
}

/** A mapped column of another table is never taken for its name. */
function isForeign(element: Node | null, wanted: ColumnElement | null): boolean {
  if (!(element instanceof ColumnElement) || wanted === null) return false;
  const [given, base] = [baseColumn(element), baseColumn(wanted)];
  return given !== null && base !== null && given !== base && given.table !== base.table;
}

function tableOf(element: ColumnElement): unknown {
  return (bareElement(element) as { readonly table?: unknown }).table;
}
