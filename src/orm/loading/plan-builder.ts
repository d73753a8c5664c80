/** Makes a plan of a statement: its SQL with flat columns, joins for what is loaded with it, and the loaders that read its rows. */
import type { ResultShape } from "../../engine/row.js";
import { compile } from "../../sql/compile.js";
import type { CompileOptions } from "../../sql/compiled.js";
import { displayFroms } from "../../sql/compiler/froms.js";
import type { Dialect } from "../../sql/dialect.js";
import { ColumnElement } from "../../sql/element.js";
import { Label } from "../../sql/elements/expression.js";
import { LabelReference } from "../../sql/elements/label-reference.js";
import { EntityElement } from "../../sql/entity.js";
import type { BoundValue } from "../../sql/key-context.js";
import { cacheKeyOf, type Node, type Parts, replaceNodes } from "../../sql/node.js";
import type { Column } from "../../sql/schema/column.js";
import { FromClause } from "../../sql/selectable/from-clause.js";
import { Join } from "../../sql/selectable/join.js";
import { Subquery } from "../../sql/selectable/query.js";
import { Select } from "../../sql/selectable/select.js";
import { JoinEntry } from "../../sql/selectable/select-parts.js";
import { columnCalled, disambiguate } from "../../sql/selectable/selected-columns.js";
import type { ColumnAttribute } from "../attributes/column-attribute.js";
import type { Mapper } from "../mapping/mapper.js";
import { CompositeElement } from "./composite-element.js";
import { converterOf } from "./converters.js";
import { MapperEntity } from "./entity.js";
import type { JoinedChild } from "./entity-loader.js";
import { InstrumentedColumn } from "./instrumented-column.js";
import { adapt } from "./instrumented-relation.js";
import { LoaderFactory, type PostMaker, type SubclassMaker } from "./loader-factory.js";
import type { OptionDefaults, OptionNode } from "./option-node.js";
import { OrmEntity } from "./orm-entity.js";
import { compositeItem, OrmPlan, PostSchedule, type RowItem } from "./plan.js";
import { type ChildPart, collectionsIn, hasJoins, orderOf, type Part, partOf, relationOf } from "./plan-parts.js";
import { prepareExpression } from "./statement-entities.js";

type From = FromClause<unknown>;

export interface PlanRequest {
  /** With the classes' conditions, and without options. */
  readonly statement: Select;
  readonly dialect: Dialect;
  /** The binds of the statement at the root, by whose order values are given. */
  readonly planned: readonly BoundValue[];
  /** What the options say of the entity at a place of the select list. */
  readonly nodeAt: (index: number) => OptionNode;
  readonly defaults: OptionDefaults;
  /** The path to an entity of the select list, with itself. */
  readonly pathTo: (entity: OrmEntity) => readonly Mapper[];
  /** Columns of the first entity that are selected whatever the options say. */
  readonly needed: readonly Column[];
  /** The columns behind the first entity are read before the row is given to it. */
  readonly keysBehind: boolean;
  readonly makePost: PostMaker;
  readonly makeSubclass: SubclassMaker;
  readonly options?: CompileOptions;
}

/** An entity with the columns that a plan selects for it. */
class PlannedEntity extends EntityElement {
  static override readonly parts: Parts = { from: "node", columns: "nodes" };
  constructor(
    readonly from: From,
    readonly columns: readonly ColumnElement[],
    readonly entityName: string,
  ) {
    super();
  }
  override get visitName(): string {
    return "Entity";
  }
  get attrs(): object {
    return {};
  }
  attribute(name: string): ColumnElement {
    throw new Error(`${this.entityName}.${name} is asked of a plan.`);
  }
}

/** Thing of the select list. */
type Item =
  | { readonly part: Part }
  | { readonly index: number; readonly element: ColumnElement }
  | { readonly index: number; readonly composite: CompositeElement };

export function buildPlan(request: PlanRequest): OrmPlan {
  return new PlanBuilder(request).build();
}

class PlanBuilder {
  private readonly items: Item[] = [];
  private readonly keys: string[] = [];
  /** The select list of the statement itself, before anything is joined to it for loading. */
  private readonly innerNodes: Node[] = [];
  private readonly innerColumns: ColumnElement[] = [];
  private readonly outerColumns: ColumnElement[] = [];
  /** Where an entity's columns come from in the outermost SELECT. */
  private readonly standIns: Map<Part, OrmEntity> = new Map();
  private readonly statement: Select;

  constructor(private readonly request: PlanRequest) {
    this.statement = request.statement;
  }

  build(): OrmPlan {
    this.layOutItems();
    const roots = this.items.flatMap((item) => ("part" in item ? [item.part] : []));
    const bare = this.statement.with({ rawColumns: this.innerNodes, rowKeys: [] });
    let statement = bare;
    if (roots.some(hasJoins)) {
      for (const part of roots) this.layOutOuter(part);
      const own = this.withoutNames(bare);
      statement = this.mustWrap(roots) ? this.wrap(own, roots) : this.joinTo(own, roots);
    }
    return this.finish(statement, bare, roots);
  }

  /** The select list, flat: each entity's columns, then those that the statement joins for it by itself. */
  private layOutItems(): void {
    const { rawColumns, rowKeys } = this.statement;
    const names = disambiguate(rawColumns.filter((node) => !(node instanceof OrmEntity || isComposite(node))));
    let named = 0;
    rawColumns.forEach((node, i) => {
      if (node instanceof OrmEntity) {
        const needed = i === 0 ? this.request.needed : [];
        const part = partOf(node, this.request.nodeAt(i), this.request.pathTo(node), true, needed);
        this.items.push({ part });
        this.keys.push(rowKeys[i] ?? node.entityName);
        this.layOutInner(part, true);
        return;
      }
      const composite = node instanceof Label ? node.element : node;
      if (composite instanceof CompositeElement) {
        this.items.push({ index: this.innerColumns.length, composite });
        this.innerColumns.push(...composite.elements);
        this.innerNodes.push(...composite.elements);
        this.keys.push(rowKeys[i] ?? composite.key);
        return;
      }
      const columns = node instanceof ColumnElement ? [node] : columnsOfFrom(node);
      for (const element of columns) {
        this.items.push({ index: this.innerColumns.length, element });
        this.innerColumns.push(element);
        this.keys.push(rowKeys[i] ?? names[named]?.key ?? `column_${this.items.length}`);
        named++;
      }
      this.innerNodes.push(node);
    });
  }

  private layOutInner(part: Part, root: boolean): void {
    const columns = part.attributes.map((attribute) => this.elementOf(part, attribute));
    part.offset = this.innerColumns.length;
    this.innerColumns.push(...columns);
    if (root) this.innerNodes.push(new PlannedEntity(part.entity.from, columns, part.entity.entityName));
    else this.innerNodes.push(...columns);
    for (const child of part.children) if (child.part.inner) this.layOutInner(child.part, false);
  }

  private layOutOuter(part: Part): void {
    for (const child of part.children) {
      if (!child.part.inner) {
        child.part.offset = this.innerColumns.length + this.outerColumns.length;
        for (const attribute of child.part.attributes) this.outerColumns.push(this.elementOf(child.part, attribute));
      }
      this.layOutOuter(child.part);
    }
  }

  /** What is selected for an attribute. It has the attribute's name: it is never left out as a system column. */
  private elementOf({ entity, node }: Part, attribute: ColumnAttribute): ColumnElement {
    const { defaults } = this.request;
    const given = node.expressionFor(attribute.key);
    if (given !== undefined) {
      const own = prepareExpression(given.expression, defaults, given.entity);
      return new InstrumentedColumn(entity, attribute, new Label(attribute.key, adapt(own, given.entity, entity)));
    }
    const element = entity.elementOf(attribute);
    return new InstrumentedColumn(
      entity,
      attribute,
      attribute.writable ? element : prepareExpression(element, defaults, entity, attribute.owner as Mapper),
    );
  }

  /** Names in ORDER BY and GROUP BY are those of the statement's own columns, never of what is joined to it for loading. */
  private withoutNames(bare: Select): Select {
    const resolved = (clauses: readonly ColumnElement[]) =>
      clauses.map((clause) =>
        replaceNodes(clause, (node) =>
          node instanceof LabelReference
            ? columnCalled(node.name, disambiguate(this.innerNodes), displayFroms(bare), this.request.dialect.name)
            : undefined,
        ),
      ) as ColumnElement[];
    return bare.with({
      orderByClauses: resolved(bare.orderByClauses),
      groupByClauses: resolved(bare.groupByClauses),
    });
  }

  /** Rows must not be multiplied before they are counted, and groups take no more columns than their own. */
  private mustWrap(roots: readonly Part[]): boolean {
    const { limitClause, offsetClause, distinctFlag, distinctOnClauses, groupByClauses, extras } = this.statement;
    if (distinctFlag || distinctOnClauses.length > 0 || groupByClauses.length > 0) return true;
    const limited = limitClause !== null || offsetClause !== null || (extras !== null && extras.fetch !== null);
    return limited && roots.some((part) => collectionsIn(part, true) !== null);
  }

  private joinTo(bare: Select, roots: readonly Part[]): Select {
    const joins: JoinEntry[] = [];
    const order: ColumnElement[] = [];
    for (const part of roots) this.joinChildren(part, part.entity.from, joins, order);
    return bare.with({
      rawColumns: [...this.innerNodes, ...this.outerColumns],
      joins: [...bare.joins, ...joins],
      orderByClauses: [...bare.orderByClauses, ...order],
    });
  }

  /** `SELECT ... FROM (the statement) AS anon_1 LEFT OUTER JOIN ...`. */
  private wrap(bare: Select, roots: readonly Part[]): Select {
    const { innerColumns } = this;
    const added: ColumnElement[] = [];
    const places: { readonly clause: ColumnElement; readonly base: ColumnElement; readonly index: number }[] = [];
    for (const clause of bare.orderByClauses) {
      const base = orderedBy(clause);
      let index = innerColumns.findIndex((each) => sameColumn(each, base));
      if (index < 0) {
        index = innerColumns.length + added.length;
        added.push(base.key === null ? new Label(`order_${added.length + 1}`, base) : base);
      }
      places.push({ clause, base, index });
    }
    const inner = bare.with({ rawColumns: [...this.innerNodes, ...added] });
    const subquery = new Subquery(inner, null, false);
    const from = subquery;
    const columns = subquery.columns;
    for (const part of roots) this.standIn(part, from, columns);
    const order = places.map(({ clause, base, index }) =>
      replaceNodes(clause, (node) => (node === base ? columns[index] : undefined)),
    );
    const joins: JoinEntry[] = [];
    for (const part of roots) this.joinChildren(part, from, joins, order);
    return new Select([...columns.slice(0, innerColumns.length), ...this.outerColumns], []).with({
      fromObjects: [from],
      joins,
      orderByClauses: order,
    });
  }

  private standIn(part: Part, from: From, columns: readonly ColumnElement[]): void {
    const map = new Map<Column, ColumnElement>();
    for (const mapper of part.entity.polymorphic) {
      for (const [column, attribute] of mapper.byColumn) {
        const at = part.attributes.indexOf(attribute);
        if (at >= 0) map.set(column, columns[part.offset + at]);
      }
    }
    this.standIns.set(part, MapperEntity.over(part.entity, from, map));
    for (const child of part.children) if (child.part.inner) this.standIn(child.part, from, columns);
  }

  /** Joins what hangs on a part to `left`, the FROM element that has it. */
  private joinChildren(part: Part, left: From, joins: JoinEntry[], order: ColumnElement[], inner = true): void {
    const parent = this.standIns.get(part) ?? part.entity;
    for (const child of part.children) {
      if (child.part.inner) {
        this.joinChildren(
          child.part,
          this.standIns.get(child.part)?.from ?? child.part.entity.from,
          joins,
          order,
          inner,
        );
        continue;
      }
      const isInner = inner && child.innerjoin;
      const { right, on, nested } = this.rightSide(parent, child, order, !isInner);
      joins.push(new JoinEntry(right, on, isInner ? "inner" : "left", left));
      this.joinBelow(child.part, joins, order, isInner, nested);
    }
  }

  private joinBelow(
    part: Part,
    joins: JoinEntry[],
    order: ColumnElement[],
    inner: boolean,
    nested: ReadonlySet<ChildPart>,
  ): void {
    for (const child of part.children) {
      if (nested.has(child)) this.joinBelow(child.part, joins, order, false, nested);
      else {
        const isInner = inner && child.innerjoin;
        const side = this.rightSide(part.entity, child, order, !isInner);
        joins.push(new JoinEntry(side.right, side.on, isInner ? "inner" : "left", part.entity.from));
        this.joinBelow(child.part, joins, order, isInner, side.nested);
      }
    }
  }

  /** What is joined for a child. Below an outer join, inner ones are nested into its right side, so that they take no parent away. */
  private rightSide(
    parent: OrmEntity,
    child: ChildPart,
    order: ColumnElement[],
    nest: boolean,
  ): { right: From; on: ColumnElement; nested: ReadonlySet<ChildPart> } {
    const relation = relationOf(parent, child);
    const [first, second] = relation.stepsTo(child.part.entity);
    order.push(...orderOf(relation, child));
    let right = second === undefined ? first.right : new Join(first.right, second.right, second.on, "inner");
    const nested = new Set<ChildPart>();
    if (nest) {
      const add = (part: Part): void => {
        for (const below of part.children) {
          if (!below.innerjoin) continue;
          const side = this.rightSide(part.entity, below, order, false);
          right = new Join(right, side.right, side.on, "inner");
          nested.add(below);
          add(below.part);
        }
      };
      add(child.part);
    }
    return { right, on: first.on, nested };
  }

  private finish(statement: Select, bare: Select, roots: readonly Part[]): OrmPlan {
    const { dialect, planned, options } = this.request;
    const known = new Set<BoundValue>(planned);
    const extra = cacheKeyOf(statement).binds.filter((bind) => !known.has(bind));
    const compiled = compile(statement, dialect, { ...options, binds: [...planned, ...extra] });
    const width = compiled.resultColumns?.length ?? 0;
    const posts = new PostSchedule();
    const children: JoinedChild[] = [];
    const alone = roots.length === 1 && "part" in this.items[0] && (this.items.length === 1 || this.request.keysBehind);
    const factory = new LoaderFactory(
      dialect,
      planned,
      posts,
      children,
      this.request.makePost,
      this.request.makeSubclass,
      (part) => this.keysOf(bare, part),
    );
    const items = this.items.map((item): RowItem => {
      if ("part" in item)
        return { kind: "entity", loader: factory.loader(item.part, width, alone && item.part.children.length === 0) };
      if ("composite" in item) return compositeItem(item.composite, item.index, dialect);
      return { kind: "column", index: item.index, convert: converterOf(item.element.type, dialect) };
    });
    return new OrmPlan({
      compiled,
      planned,
      extra,
      items,
      shape: this.shape(roots),
      children,
      posts,
      keySelect: (columns) => keySelect(bare, columns),
    });
  }

  /** The keys of a part's rows, for loads by subquery; null where the part is joined for loading and not part of the statement. */
  private keysOf(bare: Select, part: Part): ((columns: readonly Column[]) => Select) | null {
    if (!part.inner) return null;
    return (columns) =>
      keySelect(
        bare,
        columns.map((column) => part.entity.columnFor(column)),
        this.innerNodes,
      );
  }

  private shape(roots: readonly Part[]): ResultShape {
    const single = this.items.length === 1 && "part" in this.items[0];
    const kind = this.statement.rowKeys.length > 0 ? "object" : single ? "scalar" : "tuple";
    let requiresUnique: string | undefined;
    for (const part of roots) {
      const relationship = collectionsIn(part, false);
      if (relationship === null) continue;
      requiresUnique =
        `${relationship.label} is a collection that is loaded by a join (joinedload, containsEager or lazy: "joined"), so that each ${part.entity.entityName} comes once for each of its members: ` +
        `call unique() on the result, for example (await session.scalars(stmt)).unique().all(), or use selectinload.`;
      break;
    }
    return { keys: this.keys, kind, requiresUnique };
  }
}

/** The statement with other columns selected; its order matters only where it decides which rows there are. */
function keySelect(bare: Select, columns: readonly ColumnElement[], nodes: readonly Node[] = []): Select {
  const ordered =
    bare.limitClause !== null ||
    bare.offsetClause !== null ||
    bare.distinctOnClauses.length > 0 ||
    bare.extras?.fetch != null;
  const froms: From[] = [...bare.fromObjects];
  // The FROM elements of what is no longer selected stay.
  if (bare.joins.length === 0)
    for (const node of nodes) if (node instanceof PlannedEntity && !froms.includes(node.from)) froms.push(node.from);
  const fields = { orderByClauses: ordered ? bare.orderByClauses : [], fromObjects: froms, forUpdateArg: null };
  if (!bare.distinctFlag || !ordered) return bare.with({ ...fields, rawColumns: columns });
  // DISTINCT and LIMIT count what the statement selects: the keys are taken from around it.
  const whole = bare.with({ ...fields, rawColumns: [...nodes, ...columns] });
  const subquery = new Subquery(whole, null, false);
  return new Select(subquery.columns.slice(-columns.length), []);
}

function isComposite(node: Node): boolean {
  return (node instanceof Label ? node.element : node) instanceof CompositeElement;
}

function columnsOfFrom(node: Node): readonly ColumnElement[] {
  if (node instanceof FromClause || node instanceof EntityElement) {
    return node.columns.filter((column) => (column as { readonly system?: boolean }).system !== true);
  }
  return [];
}

/** What an ORDER BY clause orders by, without DESC and the like. */
function orderedBy(clause: ColumnElement): ColumnElement {
  let each = clause as ColumnElement & { readonly postfix?: boolean; readonly element?: ColumnElement };
  while (each.visitName === "UnaryExpression" && each.postfix === true && each.element !== undefined)
    each = each.element;
  return each;
}

function sameColumn(a: ColumnElement, b: ColumnElement): boolean {
  return a === b || bareColumn(a) === bareColumn(b);
}

function bareColumn(element: ColumnElement): unknown {
  let each = element as { readonly visitName: string; readonly element?: unknown };
  while (each.visitName === "AnnotatedColumn") each = each.element as typeof each;
  return each;
}
