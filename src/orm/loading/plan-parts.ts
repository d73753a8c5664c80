/** Which columns and relationships of each entity a plan loads: the options and the mapping decided, before any SQL is made of it. */
import type { ColumnElement } from "../../sql/element.js";
import { InvalidRequestError } from "../../sql/errors.js";
import type { Column } from "../../sql/schema/column.js";
import type { ColumnAttribute } from "../attributes/column-attribute.js";
import type { Mapper, Relationship } from "../mapping/mapper.js";
import { concreteDiscriminator } from "./concrete-entity.js";
import { attributesOf, entityOf } from "./entity.js";
import { adapt, InstrumentedRelation } from "./instrumented-relation.js";
import type { OptionNode, RelationOption } from "./option-node.js";
import type { MemberPage, Strategy } from "./option-steps.js";
import type { OrmEntity } from "./orm-entity.js";

/** One entity in a plan's SQL. */
export interface Part {
  readonly entity: OrmEntity;
  readonly node: OptionNode;
  /** The classes from the statement's entity to this one. */
  readonly path: readonly Mapper[];
  /** The columns that are selected, in this order. */
  readonly attributes: readonly ColumnAttribute[];
  /** Whether its columns are part of the statement itself and not of what is joined to it for loading. */
  readonly inner: boolean;
  readonly children: readonly ChildPart[];
  /** Where its columns begin in the row; given when the columns are laid out. */
  offset: number;
}

/** A relationship whose objects come with the rows of their parents. */
export interface ChildPart {
  readonly relationship: Relationship;
  /** The relationship from the parent to the part, with further conditions. */
  readonly criteria: readonly ColumnElement[];
  readonly innerjoin: boolean;
  /** The order that the options give to the members; null for the mapping's own. */
  readonly page: MemberPage | null;
  /** Whether members may be missing. */
  readonly partial: boolean;
  readonly part: Part;
}

/** Strategies that load right after the rows were read. */
const AFTERWARDS: ReadonlySet<string> = new Set(["selectin", "subquery", "immediate"]);

/** How a relationship is loaded at one place. */
export function strategyAt(
  relationship: Relationship,
  node: OptionNode,
  path: readonly Mapper[],
): Strategy | "write_only" {
  const option = node.relations.get(relationship.key);
  if (relationship.lazy === "write_only") {
    if (option?.strategy != null) {
      throw new InvalidRequestError(
        `${relationship.label} is write-only and cannot be loaded with its object. Read it with a statement: object.${relationship.key}.select().`,
      );
    }
    return "write_only";
  }
  if (option !== undefined && option.strategy !== null) return option.strategy;
  const strategy = (node.strategyForOthers ?? relationship.lazy) as Strategy;
  if (strategy !== "joined" && !AFTERWARDS.has(strategy)) return strategy;
  // Eager loading that nobody asked for by name ends where it would go in circles.
  const { joinDepth } = relationship.options;
  if (joinDepth !== undefined) return path.length > joinDepth ? "select" : strategy;
  return path.includes(relationship.target) ? "select" : strategy;
}

/** Whether a strategy takes statements of its own, once the rows of the first are read. */
export function isAfterwards(strategy: string): boolean {
  return AFTERWARDS.has(strategy);
}

/** The relationships of a class and of the subclasses loaded with it. */
function relationshipsOf(polymorphic: readonly Mapper[]): readonly Relationship[] {
  const found = new Set<Relationship>();
  for (const mapper of polymorphic) for (const relationship of mapper.relationships) found.add(relationship);
  return [...found];
}

export function partOf(
  entity: OrmEntity,
  node: OptionNode,
  path: readonly Mapper[],
  inner: boolean,
  needed: readonly Column[] = [],
): Part {
  const forced = new Set<ColumnAttribute>();
  for (const column of needed) force(entity, column, forced);
  const children: ChildPart[] = [];
  for (const relationship of relationshipsOf(entity.polymorphic)) {
    const strategy = strategyAt(relationship, node, path);
    if (strategy === "joined" || strategy === "containsEager" || isAfterwards(strategy)) {
      for (const { local } of relationship.join.pairs) force(entity, local, forced);
    }
    const option = node.relations.get(relationship.key) ?? null;
    if (strategy === "joined") children.push(joinedChild(entity, relationship, option, node, path));
    else if (strategy === "containsEager" && option !== null)
      children.push(containedChild(entity, relationship, option, node, path, inner));
  }
  const attributes = attributesOf(entity.polymorphic).filter(
    (each) => isIdentity(entity, each) || forced.has(each) || (node.loads(each) && entity.gives(each)),
  );
  if (entity.mapper.concretes.length > 0) attributes.push(concreteDiscriminator(entity.mapper));
  return { entity, node, path, attributes, inner, children, offset: -1 };
}

function force(entity: OrmEntity, column: Column, into: Set<ColumnAttribute>): void {
  for (const mapper of entity.polymorphic) {
    const attribute = mapper.byColumn.get(column);
    if (attribute !== undefined) into.add(attribute);
  }
}

/** Columns without which an object cannot be told from others. */
function isIdentity(entity: OrmEntity, attribute: ColumnAttribute): boolean {
  const { mapper } = entity;
  if (mapper.concretes.length > 0 && mapper.united.some((each) => each.primaryKey.includes(attribute))) return true;
  return mapper.primaryKey.includes(attribute) || mapper.polymorphicOn === attribute || mapper.version === attribute;
}

function joinedChild(
  entity: OrmEntity,
  relationship: Relationship,
  option: RelationOption | null,
  node: OptionNode,
  path: readonly Mapper[],
): ChildPart {
  const leadsTo = relationship.alias as OrmEntity | null;
  const to = option?.to ?? leadsTo ?? entityOf(relationship.target);
  const alias = to === leadsTo ? to.again() : entity.aliasFor(to.mapper, to.polymorphic);
  const added = node.defaults.addedCriteria(alias);
  return {
    relationship,
    criteria: [...(option?.criteria ?? []).map((each) => adapt(each, to, alias)), ...added],
    innerjoin: option?.innerjoin ?? relationship.options.innerjoin ?? false,
    page: option?.page ?? null,
    partial: option?.partial === true,
    part: partOf(alias, node.below(relationship.key), [...path, alias.mapper], false),
  };
}

function containedChild(
  entity: OrmEntity,
  relationship: Relationship,
  option: RelationOption,
  node: OptionNode,
  path: readonly Mapper[],
  inner: boolean,
): ChildPart {
  const target = option.to ?? (relationship.alias as OrmEntity | null) ?? entity.entityFor(relationship.target);
  return {
    relationship,
    criteria: [],
    innerjoin: false,
    page: null,
    partial: false,
    part: partOf(target, node.below(relationship.key), [...path, target.mapper], inner),
  };
}

/** Whether the rows hold a parent more than once. */
export function collectionsIn(part: Part, joinedOnly: boolean): Relationship | null {
  for (const child of part.children) {
    if (child.relationship.uselist && (!joinedOnly || !child.part.inner)) return child.relationship;
    const below = collectionsIn(child.part, joinedOnly);
    if (below !== null) return below;
  }
  return null;
}

/** Whether anything is joined for loading. */
export function hasJoins(part: Part): boolean {
  return part.children.some((child) => !child.part.inner || hasJoins(child.part));
}

/** The relationship of a child in the terms of the entities that stand in the SQL. */
export function relationOf(parent: OrmEntity, child: ChildPart): InstrumentedRelation {
  return new InstrumentedRelation(parent, child.relationship, child.part.entity, child.criteria);
}

/** The order of a child's members in the rows. */
export function orderOf(relation: InstrumentedRelation, { page, part }: ChildPart): readonly ColumnElement[] {
  if (page === null || page.orderBy.length === 0) return relation.orderFor(part.entity);
  return page.orderBy.map((each) => adapt(each, page.entity, part.entity));
}
