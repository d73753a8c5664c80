/** Gives relationships their attributes, joins, other sides and orders. */
import { ColumnElement } from "../../sql/element.js";
import { requireCondition } from "../../sql/elements/coerce.js";
import { ArgumentError } from "../../sql/errors.js";
import type { Column } from "../../sql/schema/column.js";
import type { Table } from "../../sql/schema/table.js";
import { baseColumn } from "../../sql/selectable/join.js";
import { describeValue } from "../../sql/types/describe-value.js";
import { ToManyAttribute } from "../attributes/to-many-attribute.js";
import { ToOneAttribute } from "../attributes/to-one-attribute.js";
import { WriteOnlyAttribute } from "../attributes/write-only-attribute.js";
import { Cascades, DEFAULT_CASCADES } from "../cascades.js";
import { kindOf } from "../collections/kinds.js";
import { followKey, KeyedKind } from "../collections/map.js";
import { MapperConfigurationError } from "../errors.js";
import { asElement } from "../loading/comparator.js";
import { stateOf } from "../stamp.js";
import type { InstanceState } from "../state.js";
import type { ClassDeclaration } from "./class-declaration.js";
import { columnNamed } from "./column-names.js";
import { columnsBetween, columnsOf } from "./column-record.js";
import { type ColumnRefs, LAZY_STRATEGIES, type RelationDeclaration, type RelationKind } from "./declarations.js";
import { accessorOf } from "./descriptor.js";
import { addAssociations, associationOf, impliedColumns, inverseDeclaration } from "./implied-columns.js";
import { defineAccessor } from "./instrument.js";
import { explicitJoin } from "./join-condition.js";
import type { JoinRequest } from "./join-request.js";
import { associationJoin, directJoin } from "./joins.js";
import { type Mapper, Relationship } from "./mapper.js";
import { warnOfOverlaps } from "./overlaps.js";
import type { Direction, RelationshipJoin } from "./relationship-join.js";
import { aliasOf, inverseName, labelOf, targetOf } from "./targets.js";
import { TypeTag } from "./type-tag.js";

/** A relationship on its way, with its declaration. */
interface Pending {
  readonly relationship: Relationship;
  readonly declaration: RelationDeclaration;
}

const pending = new WeakMap<ClassDeclaration, Pending[]>();

/** Gives each relationship of a class its attribute and slot; needs to know only whether it holds one or many. */
export function declareRelationships(declaration: ClassDeclaration): void {
  const { mapper } = declaration;
  const list: Pending[] = [];
  for (const relation of declaration.relations) {
    const relationship = new Relationship(mapper, relation.property, relation.options);
    relationship.cascades = new Cascades(
      relation.options.cascade ?? (relation.options.viewonly ? ["merge"] : DEFAULT_CASCADES),
      relationship.label,
    );
    const many = holdsMany(mapper, relation);
    const slot = mapper.relationSlots;
    const attribute = many ? toMany(mapper, relation, slot) : new ToOneAttribute(mapper, relation.property, slot);
    // A collection takes two slots: its storage and what was handed out for it.
    mapper.relationSlots += many ? 2 : 1;
    attribute.traits = relationship;
    relationship.attribute = attribute;
    mapper.attributes.set(relation.property, attribute);
    mapper.relationships.push(relationship);
    defineAccessor(mapper.cls.prototype as object, attribute);
    list.push({ relationship, declaration: relation });
  }
  pending.set(declaration, list);
}

function toMany(mapper: Mapper, { property, options, design }: RelationDeclaration, slot: number): ToManyAttribute {
  const label = `${mapper.className}.${property}`;
  const kind = kindOf(options.collectionClass, options.lazy === "write_only" ? undefined : design, label);
  return options.lazy === "write_only"
    ? new WriteOnlyAttribute(mapper, property, slot, kind)
    : new ToManyAttribute(mapper, property, slot, kind);
}

function holdsMany(mapper: Mapper, relation: RelationDeclaration): boolean {
  if (relation.options.uselist !== undefined) return relation.options.uselist;
  if (relation.relation !== null) return relation.relation === "oneToMany" || relation.relation === "manyToMany";
  if (relation.options.secondary !== undefined) return true;
  return joinFor(mapper, relation).direction === "oneToMany";
}

/** Works out what relationships need to know of other classes, and ties their two sides together. */
export function configureRelationships(declarations: readonly ClassDeclaration[]): void {
  for (const declaration of declarations) addAssociations(declaration);
  const all = declarations.flatMap((declaration) => pending.get(declaration) ?? []);
  for (const { relationship, declaration } of all) {
    relationship.target = targetOf(relationship.parent, declaration);
    relationship.alias = aliasOf(declaration);
    relationship.join = joinFor(relationship.parent, declaration);
    relationship.variant = declaration.variant ?? null;
    relationship.tag = tagOf(relationship, declaration);
    checkOptions(relationship);
    setTraits(relationship);
  }
  for (const { relationship, declaration } of all) linkSides(relationship, declaration);
  for (const { relationship } of all) keepKeys(relationship);
  for (const { relationship } of all) warnOfOverlaps(relationship);
  for (const { relationship, declaration } of all) relationship.orderBy = orderOf(relationship, declaration);
}

function requestFor(mapper: Mapper, relation: RelationDeclaration, direction: Direction | null): JoinRequest {
  const target = targetOf(mapper, relation);
  const label = labelOf(mapper, relation);
  const { foreignKeys, remoteSide } = relation.options;
  return {
    label,
    parent: mapper,
    target,
    direction,
    foreignKeys: foreignKeys
      ? columnsNamed(
          direction === "oneToMany" ? [target, mapper] : [mapper, target],
          foreignKeys,
          label,
          "foreignKeys",
          associationOf(relation)?.table,
        )
      : (impliedColumns(relation) ?? inverseKeys(mapper, target, relation, direction)),
    remoteSide: remoteSide ? columnsNamed([target, mapper], remoteSide, label, "remoteSide") : null,
    alias: aliasOf(relation),
    viewonly: relation.options.viewonly ?? false,
  };
}

/** The inverse side of a one-to-many uses the keys that the many-to-one uses. */
function inverseKeys(
  mapper: Mapper,
  target: Mapper,
  relation: RelationDeclaration,
  direction: Direction | null,
): readonly Column[] | null {
  const inverse = inverseDeclaration(target, relation);
  if (inverse === undefined) return null;
  const own = impliedColumns(inverse);
  if (own !== undefined) return direction === "manyToMany" ? null : own;
  const { foreignKeys } = inverse.options;
  return foreignKeys ? columnsNamed([target, mapper], foreignKeys, labelOf(target, inverse), "foreignKeys") : null;
}

function columnsNamed(
  mappers: readonly Mapper[],
  refs: ColumnRefs,
  label: string,
  option: string,
  secondary?: Table,
): readonly Column[] {
  const place = `${label}: its ${option}`;
  const list = typeof refs === "function" ? toList(refs(columnsOf(mappers[0], place) as never)) : refs;
  if (!Array.isArray(list))
    throw new ArgumentError(
      `${place} is a list of columns or their names, or a function that gives them, not ${describeValue(list)}.`,
    );
  return list.map((ref) => {
    if (typeof ref !== "string") {
      const column = ref instanceof ColumnElement ? baseColumn(ref) : null;
      if (column !== null) return column;
      throw new ArgumentError(`${place} takes columns or their names, not ${describeValue(ref)}.`);
    }
    const between = secondary?.columns.find((each) => each.key === ref || each.name === ref);
    if (between !== undefined) return between;
    for (const mapper of mappers) {
      const column = columnNamed(mapper, ref);
      if (column !== undefined) return column;
    }
    throw new MapperConfigurationError(
      `${label}: ${option} names "${ref}", which is no attribute and no column of ${mappers.map((m) => m.className).join(" or ")}.`,
    );
  });
}

function toList(value: unknown): readonly (string | ColumnElement)[] {
  return (Array.isArray(value) ? value : [value]) as (string | ColumnElement)[];
}

const DIRECTIONS: Readonly<Record<Exclude<RelationKind, "oneToOne">, Direction>> = {
  oneToMany: "oneToMany",
  manyToOne: "manyToOne",
  manyToMany: "manyToMany",
};

function joinFor(mapper: Mapper, relation: RelationDeclaration): RelationshipJoin {
  const { options } = relation;
  const association = associationOf(relation);
  if (association !== undefined) {
    const request = requestFor(mapper, relation, "manyToMany");
    const given = (option: "primaryJoin" | "secondaryJoin"): ColumnElement | null =>
      options[option] === undefined ? null : conditionOf(options[option], option, mapper, request, association.table);
    return associationJoin(request, association.table, association.joinColumns, association.inverseJoinColumns, {
      primaryJoin: given("primaryJoin"),
      secondaryJoin: given("secondaryJoin"),
    });
  }
  const direction =
    relation.relation === null || relation.relation === "oneToOne"
      ? oneToOneSide(mapper, relation)
      : DIRECTIONS[relation.relation];
  const request = requestFor(mapper, relation, direction);
  if (options.primaryJoin) {
    return explicitJoin(request, conditionOf(options.primaryJoin, "primaryJoin", mapper, request, null));
  }
  return directJoin(request);
}

function conditionOf(
  condition: (...sides: never[]) => unknown,
  option: "primaryJoin" | "secondaryJoin",
  mapper: Mapper,
  { target, label }: JoinRequest,
  secondary: Table | null,
): ColumnElement {
  const place = `${label}: its ${option}`;
  if (typeof condition !== "function")
    throw new ArgumentError(
      `${place} is a function that gives the condition, ${option}: (here, there) => here.id.eq(there.ownerId), not ${describeValue(condition)}.`,
    );
  const sides = [columnsOf(mapper, place), columnsOf(target, place)];
  if (secondary !== null) sides.push(columnsBetween(secondary, place));
  return requireCondition(condition(...(sides as never[])), place);
}

/** Which side of a one-to-one holds the key: what it says, else where there is a foreign key. */
function oneToOneSide(mapper: Mapper, relation: RelationDeclaration): Direction | null {
  if (relation.relation !== "oneToOne") return null;
  const { owner } = relation.options;
  if (owner !== undefined) return owner ? "manyToOne" : "oneToMany";
  const target = targetOf(mapper, relation);
  const refers = (from: Mapper, to: Mapper): boolean =>
    from.tables.some((t) => t.foreignKeyConstraints.some((c) => to.tables.some((x) => c.elements[0].references(x))));
  if (impliedColumns(relation) !== undefined) return "manyToOne";
  const inverse = inverseDeclaration(target, relation);
  if (inverse?.options.owner !== undefined) return inverse.options.owner ? "oneToMany" : "manyToOne";
  if (inverse !== undefined && impliedColumns(inverse) !== undefined) return "oneToMany";
  const [mine, theirs] = [refers(mapper, target), refers(target, mapper)];
  if (mine !== theirs) return mine ? "manyToOne" : "oneToMany";
  throw new MapperConfigurationError(
    `${labelOf(mapper, relation)}: it is not clear which side of the one-to-one holds the foreign key. Write owner: true on that side.`,
  );
}

/** What tells, in a row that may refer to one of several classes, that it is this one. */
function tagOf({ parent, target, join }: Relationship, { variant }: RelationDeclaration): TypeTag | null {
  if (variant === undefined || variant.keys === null) return null;
  const holder = join.direction === "manyToOne" ? parent : target;
  return new TypeTag(columnNamed(holder, variant.keys.type) as Column, variant.name);
}

/** What a viewonly relationship has no use for, with what each is by itself. */
const FOR_WRITING = { passiveDeletes: false, passiveUpdates: true, postUpdate: false, activeHistory: false } as const;

function checkOptions(relationship: Relationship): void {
  const { cascades, direction, singleParent, label, viewonly, alias, lazy, uselist, passiveDeletes, options } =
    relationship;
  if (!LAZY_STRATEGIES.includes(lazy))
    throw new ArgumentError(
      `${label}: there is no lazy: ${describeValue(lazy)}; the strategies are ${LAZY_STRATEGIES.join(", ")}.`,
    );
  if (options.secondaryJoin !== undefined && direction !== "manyToMany")
    throw new ArgumentError(
      `${label}: a secondaryJoin is for an association table, and the relationship names no secondary.`,
    );
  if (viewonly && options.syncBackref === true)
    throw new ArgumentError(
      `${label} is viewonly, and events never change it: syncBackref: true cannot hold. Leave one of them out.`,
    );
  for (const [name, unsaid] of Object.entries(FOR_WRITING)) {
    const said = options[name as keyof typeof FOR_WRITING];
    if (viewonly && said !== undefined && said !== unsaid)
      throw new ArgumentError(
        `${label} is viewonly, and is never written: ${name} says nothing. Leave one of them out.`,
      );
  }
  if (lazy === "write_only" && !uselist)
    throw new ArgumentError(`${label} holds one object: lazy: "write_only" is for collections.`);
  if (cascades.deleteOrphan && direction !== "oneToMany" && !singleParent) {
    throw new ArgumentError(
      `${label}: the cascade "delete-orphan" on a ${direction === "manyToOne" ? "many-to-one" : "many-to-many"} needs singleParent: true, ` +
        `since otherwise a deleted parent may take away an object that another parent still holds.`,
    );
  }
  if (passiveDeletes === "all" && cascades.delete) {
    throw new ArgumentError(
      `${label}: passiveDeletes: "all" leaves the rows of a deleted object's members to the database altogether, and the cascade "delete" deletes them. ` +
        `Write passiveDeletes: true, which deletes what is loaded and leaves the rest to the database, or take the cascade away.`,
    );
  }
  if (alias !== null && !viewonly) {
    throw new ArgumentError(
      `${label} leads to an alias or a subquery, to which nothing can be written: say viewonly: true, and write along a relationship to ${relationship.target.className} itself.`,
    );
  }
  if (viewonly && (cascades.saveUpdate || cascades.delete || cascades.deleteOrphan)) {
    throw new ArgumentError(
      `${label} is viewonly, and is never written: its cascades may only be "merge", "expunge" and "refresh-expire".`,
    );
  }
}

function setTraits(relationship: Relationship): void {
  const { direction, singleParent, join, target, options } = relationship;
  relationship.trackParent = singleParent || direction === "oneToMany";
  const key = target.base.primaryKey.map((a) => a.column);
  const { pairs } = join;
  if (direction === "manyToOne" && relationship.byKeys && relationship.alias === null && pairs.length === key.length) {
    const columns = key.map(
      (column) => pairs.find((p) => target.byColumn.get(p.remote) === target.byColumn.get(column))?.local,
    );
    if (columns.every((c) => c !== undefined)) {
      relationship.useGet = true;
      relationship.identityColumns = columns as Column[];
    }
  }
  // Losing the old value has consequences at once where the other object may have no second parent.
  relationship.activeHistory = options.activeHistory ?? singleParent;
  if (direction === "manyToOne" && !relationship.viewonly) target.referrers.push(relationship);
  if (relationship.cascades.deleteOrphan)
    for (const each of relationship.mixes ? target.united : [target]) each.orphanedBy.push(relationship);
}

/** A map follows the key attribute of its members. */
function keepKeys({ attribute, target, label, reverse }: Relationship): void {
  if (!(attribute instanceof ToManyAttribute) || !(attribute.kind instanceof KeyedKind)) return;
  const { keyAttribute } = attribute.kind;
  if (keyAttribute === null) return;
  const key = target.attributes.get(keyAttribute);
  // A getter makes keys too, though nobody hears when they change.
  if (key === undefined && accessorOf(target.cls.prototype as object, keyAttribute)?.get !== undefined) return;
  if (key === undefined) {
    throw new MapperConfigurationError(
      `${label} is keyed by "${keyAttribute}". ${target.noAttribute(keyAttribute).message}`,
    );
  }
  const parentOf = (member: InstanceState): InstanceState | null => {
    const known = member.parentAlong(attribute);
    if (known) return known;
    for (const other of reverse) {
      // A member that was loaded may not have read who holds it: its key tells.
      const { session } = member;
      const recalled = other.uselist || session === null ? null : other.traits.fromMemory(member, session, true, true);
      const parent = other.loadedMembers(member)[0] ?? recalled;
      if (parent) return stateOf(parent) ?? null;
    }
    return null;
  };
  const follow = followKey(attribute, parentOf);
  key.listen().set.push((member, value) => {
    follow(member, value);
    return value;
  });
}

/** `backPopulates` ties two relationships; each must name the other. */
function linkSides(relationship: Relationship, declaration: RelationDeclaration): void {
  const name = inverseName(declaration);
  if (name === null) return;
  const { target, parent, label } = relationship;
  const other = target.relationship(name);
  if (other === undefined) {
    throw new MapperConfigurationError(
      `${label}: its other side is said to be ${target.className}.${name}, but ${target.attributes.has(name) ? "that is no relationship" : `${target.className} has no attribute "${name}"`}.`,
    );
  }
  if (!parent.isAmong(other.target) && !other.target.isA(parent)) {
    throw new MapperConfigurationError(
      `${label}: its other side is said to be ${other.label}, but that is a relationship to ${other.target.className} and not to ${parent.className}.`,
    );
  }
  if ((other.direction === "manyToMany") !== (relationship.direction === "manyToMany")) {
    throw new MapperConfigurationError(
      `${label} is ${relationship.direction} and ${other.label} is ${other.direction}: they cannot be the two sides of one relationship. Check their decorators.`,
    );
  }
  if (other.direction === relationship.direction && relationship.direction !== "manyToMany") {
    throw new MapperConfigurationError(
      `${label} and ${other.label} are both ${relationship.direction}; the two sides of a relationship run opposite ways. Check their decorators, or set remoteSide on the many-to-one of a self-reference.`,
    );
  }
  tie(relationship, other);
  // One side is enough to say so.
  tie(other, relationship);
}

function tie(relationship: Relationship, other: Relationship): void {
  if (relationship.reverseRelationships.includes(other)) return;
  if (relationship.options.syncBackref === true && other.viewonly)
    throw new ArgumentError(
      `${relationship.label}: syncBackref: true would change ${other.label}, which is viewonly. Leave one of them out.`,
    );
  relationship.reverseRelationships.push(other);
  const syncs = !relationship.viewonly && !other.viewonly;
  if (relationship.options.syncBackref ?? syncs) relationship.reverse.push(other.attribute);
}

function orderOf({ target, label }: Relationship, { options }: RelationDeclaration): readonly ColumnElement[] {
  const { orderBy } = options;
  if (orderBy === undefined) return [];
  const place = `${label}: its orderBy`;
  const columns = columnsOf(target, place);
  const list =
    typeof orderBy === "function"
      ? toList(orderBy(columns as never))
      : typeof orderBy === "string"
        ? [orderBy]
        : orderBy;
  return list.map((item) => {
    const descending = typeof item === "string" && item.startsWith("-");
    const made = asElement(typeof item === "string" ? columns[descending ? item.slice(1) : item] : item);
    if (made === null)
      throw new ArgumentError(`${place} takes attributes and expressions, not ${describeValue(item)}.`);
    if (typeof item !== "string") return made;
    return descending ? made.desc() : made.asc();
  });
}
