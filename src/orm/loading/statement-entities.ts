/**
 * What a statement of the ORM needs before it is plain SQL: the discriminator of single-table subclasses and the criteria of `withLoaderCriteria` wherever
 * a class appears, in subqueries too, and the join of tables that stands behind a column of a joined subclass.
 */
import { type Frame, frameInside, topFrame, visibleFroms } from "../../sql/compiler/correlation.js";
import { fromsOf, isSubquery } from "../../sql/compiler/froms.js";
import { Delete } from "../../sql/dml/delete.js";
import { Update } from "../../sql/dml/update.js";
import { ColumnElement } from "../../sql/element.js";
import { allOf } from "../../sql/elements/build.js";
import { EntityElement } from "../../sql/entity.js";
import { type Node, replaceNodes } from "../../sql/node.js";
import { FromClause } from "../../sql/selectable/from-clause.js";
import { Join } from "../../sql/selectable/join.js";
import { Select } from "../../sql/selectable/select.js";
import { JoinEntry } from "../../sql/selectable/select-parts.js";
import type { Mapper } from "../mapping/mapper.js";
import { InstrumentedColumn } from "./instrumented-column.js";
import { InstrumentedRelation, OneOf } from "./instrumented-relation.js";
import type { OptionDefaults } from "./option-node.js";
import { OrmEntity } from "./orm-entity.js";

type From = FromClause<unknown>;

/**
 * A statement with all that its classes ask for. A subquery that changes is another one: what names it, options included, changes with it, and what
 * does not change stays the very same object. What stands in FROM is copied once at most, however often the statement has it: a recursive CTE stays one.
 */
export function prepareStatement(statement: Select, defaults: OptionDefaults): Select {
  return prepareNode(statement, defaults) as Select;
}

/**
 * The same for the queries in any other statement.
 * @param enclosing what stands around it
 * @param owner the class whose attribute it is, where it is one of several that `enclosing` has
 */
export function prepareNode(
  root: Node,
  defaults: OptionDefaults,
  enclosing: Surroundings["scopes"] = NONE,
  owner: Mapper | null = null,
): Node {
  const top: Surroundings = { frame: topFrame, scopes: enclosing, done: new Map() };
  let around = top;
  const visit = (node: Node): Node => {
    const isFrom = node instanceof FromClause;
    const { done } = isFrom ? top : around;
    const known = done.get(node);
    if (known !== undefined) return known;
    const outside = around;
    // What stands in FROM sees nothing of the statements around, unless it is LATERAL.
    if (isFrom && !node.isLateral) around = top;
    let own: readonly From[] = NONE;
    const { scopes } = around;
    if (isScope(node)) {
      own = ownFroms(node, around.frame);
      around = { frame: frameInside(around.frame, own), scopes: [...scopes, node], done: new Map() };
    }
    let fresh = node.copyReplacing(visit);
    if (fresh instanceof Select) {
      // A subquery loads nothing: its options are gone.
      const isBare = node === root || (fresh as Select).loadOptions.length === 0;
      const copies = own.map((from) => (top.done.get(from) ?? from) as From);
      const bare = isBare ? (fresh as Select) : fresh.with({ loadOptions: [] });
      fresh = withEntities(namingOutside(bare, scopes, owner), defaults, copies);
    }
    around = outside;
    done.set(node, fresh);
    return fresh;
  };
  return visit(root);
}

/** What a subquery in an expression finds around it: one object in two places may take a class from one statement, and have it itself in another. */
interface Surroundings {
  readonly frame: Frame;
  /** The statements around it, outermost first. */
  readonly scopes: readonly (Scope | OrmEntity)[];
  /** What is copied already, for this place. */
  readonly done: Map<Node, Node>;
}

const NONE: readonly never[] = [];

/** The FROM elements that a statement has, and does not take from one around it; those of its joins one by one. */
function ownFroms(statement: Scope, frame: Frame): readonly From[] {
  if (!(statement instanceof Select)) return [...entitiesNamed(statement)].map((entity) => entity.from);
  const { fromObjects, joins, rawColumns, whereCriteria, extras } = statement as Select;
  const all = new Set<From>(fromObjects);
  for (const { target } of joins) for (const from of fromsOfTarget(target)) all.add(from);
  for (const node of [...rawColumns, ...whereCriteria]) fromsOf(node, all);
  const froms = [...all];
  if ((extras?.correlateMode ?? "auto") !== "auto") return visibleFroms(statement as Select, froms, frame, false);
  return froms.length < 2 ? froms : froms.filter((from) => !frame.nearest.has(from));
}

/** Statements with a FROM of their own, which subqueries in them are correlated to. */
type Scope = Select | Update | Delete;

function isScope(node: Node): node is Scope & Node {
  return node instanceof Select || node instanceof Update || node instanceof Delete;
}

/** The entities that a statement names in any place of its own, those of its subqueries left out. */
function entitiesNamed(statement: Scope): Set<OrmEntity> {
  const named = new Set<OrmEntity>();
  const unused = new Set<OrmEntity>();
  const collect = (nodes: readonly Node[]): void => {
    for (const node of nodes) collectEntities(node, named, unused);
  };
  collect(statement.whereCriteria);
  if (statement instanceof Select) {
    const { rawColumns, joins, havingCriteria, groupByClauses, orderByClauses, distinctOnClauses, extras } = statement;
    for (const nodes of [rawColumns, havingCriteria, groupByClauses, orderByClauses, distinctOnClauses]) collect(nodes);
    collect((extras?.fromEntities ?? []) as readonly Node[]);
    for (const { target, on } of joins) {
      if (target instanceof InstrumentedRelation) named.add(target.target);
      else collect([target]);
      if (on !== null) collect([on]);
    }
    return named;
  }
  if (statement.entity instanceof OrmEntity) named.add(statement.entity);
  if (statement instanceof Update) for (const [, value] of statement.sets) collect([value]);
  return named;
}

/**
 * A subquery with conditions on classes of the statements around it. The key of a joined class stands in each of its tables: where the subquery has one
 * of them for a class of its own, the key in another is meant, as the database would take the subquery's.
 */
function namingOutside(statement: Select, around: Surroundings["scopes"], owner: Mapper | null): Select {
  const own = entitiesSelected(statement);
  const isJoined = [...own].some(({ from }) => from instanceof Join);
  if (!isJoined || around.length === 0) return statement;
  const outer = new Set(around.flatMap((each) => (each instanceof OrmEntity ? [each] : [...entitiesNamed(each)])));
  const covered = new Set([...own].flatMap(({ from }) => from.covers));
  let found = false;
  const outside = (node: Node): Node | undefined => {
    if (node instanceof FromClause || node instanceof Select) return node;
    if (!(node instanceof InstrumentedColumn)) return undefined;
    const { entity, attribute, table } = node;
    if (own.has(entity) || !outer.has(entity) || !covered.has(table)) return node;
    for (const mapper of owner === null ? [entity.mapper] : [entity.mapper, owner])
      for (const [column, each] of mapper.byColumn) {
        const from = column.table as From;
        if (each !== attribute || covered.has(from) || !entity.from.covers.includes(from)) continue;
        found = true;
        return new InstrumentedColumn(entity, attribute, column);
      }
    return node;
  };
  const whereCriteria = statement.whereCriteria.map((each) => replaceNodes(each as Node, outside) as ColumnElement);
  return found ? statement.with({ whereCriteria }) : statement;
}

/** The entities that a SELECT selects, joins or names in its FROM. */
function entitiesSelected({ rawColumns, joins, extras }: Select): Set<OrmEntity> {
  const selected = new Set((extras?.fromEntities ?? []) as readonly OrmEntity[]);
  for (const node of rawColumns) collectEntities(node, selected, selected);
  for (const { target } of joins) {
    if (target instanceof InstrumentedRelation) selected.add(target.target);
    else if (target instanceof EntityElement && target instanceof OrmEntity) selected.add(target);
  }
  return selected;
}

/** An UPDATE or DELETE of a class with what its classes ask for: discriminators, and the criteria of options. */
export function prepareWrite<S extends Update | Delete>(statement: S, defaults: OptionDefaults): S {
  const entity = statement.entity as OrmEntity;
  const prepared = prepareNode(statement, defaults) as S;
  const criteria = [...defaults.criteriaFor(entity)];
  // Further tables, which FROM or USING will have.
  if (defaults.criteria.length > 0)
    for (const each of entitiesNamed(statement)) if (each !== entity) criteria.push(...defaults.statedCriteria(each));
  return criteria.length === 0
    ? prepared
    : (prepared.with({ whereCriteria: [...prepared.whereCriteria, ...criteria] }) as S);
}

/** The same for the subqueries of an expression of a class, or of an alias of it. @param owner the class whose attribute it is */
export function prepareExpression(
  expression: ColumnElement,
  defaults: OptionDefaults,
  entity: OrmEntity,
  owner: Mapper | null = null,
): ColumnElement {
  return replaceNodes(expression, (node) => {
    // What the statement around it selects from stays what it is.
    if (node instanceof FromClause) return node;
    if (!(node instanceof Select)) return undefined;
    const { loadOptions } = node as Select;
    const bare = loadOptions.length === 0 ? (node as Select) : (node as Select).with({ loadOptions: [] });
    return prepareNode(bare, defaults, [entity], owner);
  });
}

function withEntities(statement: Select, defaults: OptionDefaults, own: readonly From[]): Select {
  const where: ColumnElement[] = [];
  // An EXISTS of a relationship has the class's own condition already.
  for (const node of statement.rawColumns)
    if (node instanceof OneOf) where.push(...defaults.addedCriteria(node.entity));
  const selected = new Set<OrmEntity>();
  const expressed = new Set<OrmEntity>();
  for (const node of statement.rawColumns) collectEntities(node, selected, expressed);
  const joined = new Set<From>();
  const joins = statement.joins.map((entry) => withCriteria(entry, defaults, joined, where));
  const froms: From[] = [];
  for (const entity of selected) {
    if (joined.has(entity.from)) continue;
    where.push(...defaults.criteriaFor(entity));
    // Columns alone would bring their own tables only, and an expression perhaps none.
    if ((entity.from instanceof Join || expressed.has(entity)) && !statement.rawColumns.includes(entity))
      froms.push(entity.from);
  }
  const { extras } = statement;
  for (const entity of (extras?.fromEntities ?? []) as readonly OrmEntity[]) {
    if (!selected.has(entity) && !joined.has(entity.from)) where.push(...defaults.criteriaFor(entity));
    selected.add(entity);
  }
  // Conditions bring classes into FROM as well, if they are not of a statement around.
  const has = new Set(own.flatMap((from) => from.covers));
  for (const entity of entitiesNamed(statement)) {
    if (selected.has(entity) || joined.has(entity.from)) continue;
    if (!entity.from.covers.some((from) => has.has(from))) continue;
    if (entity.criterion !== null && isAlone(entity, statement, selected)) where.push(entity.criterion);
    where.push(...defaults.statedCriteria(entity));
  }
  const changed = joins.some((entry, i) => entry !== statement.joins[i]);
  if (where.length === 0 && froms.length === 0 && !changed) return statement;
  const known = new Set<From>();
  for (const from of statement.fromObjects) for (const each of from.covers) known.add(each);
  return statement.with({
    whereCriteria: [...statement.whereCriteria, ...where],
    joins,
    fromObjects: [...statement.fromObjects, ...froms.filter((from) => !known.has(from))],
  });
}

/** Whether nothing but conditions brings the tables of a class into a statement. */
function isAlone(entity: OrmEntity, statement: Select, others: ReadonlySet<OrmEntity>): boolean {
  const froms = [...statement.fromObjects, ...[...others].map((each) => each.from)];
  for (const { target } of statement.joins) {
    if (target instanceof InstrumentedRelation) froms.push(target.entity.from);
    froms.push(...fromsOfTarget(target));
  }
  const { covers } = entity.from;
  return !froms.some((from) => from.covers.some((each) => covers.includes(each)));
}

/** What a join brings into FROM; nothing where it follows a relation to one of several classes, which is refused later. */
function fromsOfTarget(target: Node): readonly From[] {
  if (target instanceof InstrumentedRelation) return [target.target.from];
  if (target instanceof EntityElement) return [target.from];
  return target instanceof FromClause ? [target] : [];
}

/** The entities whose columns a select list has; those of subqueries are their own. */
function collectEntities(node: Node, into: Set<OrmEntity>, expressed: Set<OrmEntity>): void {
  if (node instanceof OrmEntity) into.add(node);
  else if (node instanceof InstrumentedColumn) {
    into.add(node.entity);
    if (!node.attribute.writable) expressed.add(node.entity);
  } else if (node instanceof ColumnElement && !isSubquery(node)) {
    for (const child of node.children()) collectEntities(child, into, expressed);
  }
}

/** Conditions on the target of a join belong into its ON. */
function withCriteria(
  entry: JoinEntry,
  defaults: OptionDefaults,
  joined: Set<From>,
  where: ColumnElement[],
): JoinEntry {
  const { target } = entry;
  let criteria: readonly ColumnElement[];
  if (target instanceof InstrumentedRelation) {
    joined.add(target.target.from);
    // The relationship itself has the discriminator.
    criteria = defaults.statedCriteria(target.target);
  } else if (target instanceof EntityElement && target instanceof OrmEntity) {
    joined.add(target.from);
    criteria = defaults.criteriaFor(target);
    if (entry.kind === "cross") {
      where.push(...criteria);
      return entry;
    }
    if (entry.on === null && criteria.length > 0)
      return new JoinEntry(target, null, entry.kind, entry.left, allOf(criteria));
  } else return entry;
  if (criteria.length === 0) return entry;
  const on = entry.on === null ? criteria : [entry.on, ...criteria];
  return new JoinEntry(target, allOf(on), entry.kind, entry.left);
}
