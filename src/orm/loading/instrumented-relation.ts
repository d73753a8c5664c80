/** `u.posts`: a relationship in a statement. It can be joined along, compared with objects, and asked for members that meet a condition. */
import { ColumnElement } from "../../sql/element.js";
import { BindParameter } from "../../sql/elements/bind.js";
import { allOf, conjunction } from "../../sql/elements/build.js";
import { requireCondition } from "../../sql/elements/coerce.js";
import { LiteralColumn } from "../../sql/elements/special.js";
import { ENTITY, type JoinStep, RelationElement } from "../../sql/entity.js";
import { ArgumentError, InvalidRequestError } from "../../sql/errors.js";
import { type Node, type Parts, replaceNodes } from "../../sql/node.js";
import { operators } from "../../sql/operators.js";
import type { Column } from "../../sql/schema/column.js";
import { Alias } from "../../sql/selectable/alias.js";
import type { FromClause } from "../../sql/selectable/from-clause.js";
import { Exists } from "../../sql/selectable/query.js";
import { Select } from "../../sql/selectable/select.js";
import { integerType } from "../../sql/types/base.js";
import { describeValue } from "../../sql/types/describe-value.js";
import { mapperOf, type Relationship } from "../mapping/mapper.js";
import type { TypeTag } from "../mapping/type-tag.js";
import { stateOf } from "../stamp.js";
import { type InstanceState, valuesOf } from "../state.js";
import { InstrumentedColumn } from "./instrumented-column.js";
import { OrmEntity } from "./orm-entity.js";

type From = FromClause<unknown>;

const NOTHING: readonly Node[] = [];

export class InstrumentedRelation extends RelationElement {
  static override readonly parts: Parts = {
    entity: "node",
    relationship: "ref",
    to: "node",
    criteria: "nodes",
    targetCriterion: "node",
    said: "nodes",
  };
  private association: From | null = null;

  /**
   * @param entity where it starts
   * @param to where it leads: what `of()` named; null for the plain target
   * @param criteria what `and()` added to its condition
   */
  constructor(
    readonly entity: OrmEntity,
    readonly relationship: Relationship,
    readonly to: OrmEntity | null = null,
    readonly criteria: readonly ColumnElement[] = [],
  ) {
    super();
  }

  override get visitName(): string {
    return "Relation";
  }
  get key(): string {
    return this.relationship.key;
  }
  get target(): OrmEntity {
    return this.to ?? (this.relationship.alias as OrmEntity | null) ?? this.entity.entityFor(this.relationship.target);
  }
  get label(): string {
    return `${this.entity.entityName}.${this.key}`;
  }
  /** The discriminator's condition: its values are part of a join along the relationship. */
  get targetCriterion(): ColumnElement | null {
    return this.target.criterion;
  }

  /** What the mapping's own condition, or the subquery that it leads to, brings into a statement: there may be values in it. */
  get said(): readonly Node[] {
    const { join, alias } = this.relationship;
    if (join.simple && alias === null) return NOTHING;
    const nodes: Node[] = [join.primaryJoin];
    if (join.secondaryJoin !== null) nodes.push(join.secondaryJoin);
    if (alias !== null && this.to === null) nodes.push(alias.from);
    return nodes;
  }

  override copyReplacing(replace: (child: Node) => Node): this {
    const entity = replace(this.entity) as OrmEntity;
    const to = this.to === null ? null : (replace(this.to) as OrmEntity);
    const criteria = this.criteria.map((each) => replace(each) as ColumnElement);
    if (entity === this.entity && to === this.to && criteria.every((each, i) => each === this.criteria[i])) return this;
    return new InstrumentedRelation(entity, this.relationship, to, criteria) as this;
  }

  /** To an alias of the target, or to a subclass. @throws ArgumentError for another class */
  of(what: unknown): InstrumentedRelation {
    const entity = what instanceof OrmEntity ? what : (what as { readonly [ENTITY]?: unknown } | null)?.[ENTITY];
    if (!(entity instanceof OrmEntity))
      throw new ArgumentError(
        `${this.label}.of(...) takes a mapped class or an alias of one, not ${describeValue(what)}.`,
      );
    if (!entity.mapper.isA(this.relationship.target)) {
      const { target } = this.relationship;
      throw new ArgumentError(
        entity.mapper.isAmong(target)
          ? `${this.label}.of(...): ${entity.entityName} has a table of its own, beside that of ${target.className}, and the relationship leads to the rows of both: ` +
              `leave of() out, or begin at ${entity.entityName}.`
          : `${this.label}.of(...): ${entity.entityName} is no ${target.className}.`,
      );
    }
    return new InstrumentedRelation(this.entity, this.relationship, entity, this.criteria);
  }

  /** With a further condition wherever the relationship is followed: in the ON of a join, in the WHERE of a load. */
  and(condition: unknown): InstrumentedRelation {
    return new InstrumentedRelation(this.entity, this.relationship, this.to, [
      ...this.criteria,
      this.condition(condition, this.target),
    ]);
  }

  joinTarget(): { readonly left: From; readonly steps: readonly JoinStep[] } {
    const { target } = this;
    if (target.from === this.entity.from) {
      throw new InvalidRequestError(
        `${this.label} leads back to ${this.entity.entityName}: joining along it needs a second name for the class. ` +
          `Write join(x.${this.key}.of(aliased(${target.mapper.className}))).`,
      );
    }
    return { left: this.entity.from, steps: this.stepsTo(target) };
  }

  override isSamePath(other: RelationElement): boolean {
    return (
      other instanceof InstrumentedRelation &&
      other.relationship === this.relationship &&
      other.entity === this.entity &&
      other.to === this.to &&
      other.criteria.length + this.criteria.length === 0
    );
  }

  /** The joins from this entity to `target`: two where there is an association table. */
  stepsTo(target: OrmEntity): readonly JoinStep[] {
    const { primaryJoin, secondary, secondaryJoin } = this.relationship.join;
    // A condition of its own may name columns of either side; only those of the key are marked.
    const far = (column: Column): boolean =>
      !this.entity.mapper.byColumn.has(column) && target.mapper.byColumn.has(column);
    const local = (column: Column): ColumnElement => (far(column) ? target : this.entity).columnFor(column);
    const remote = (column: Column): ColumnElement => target.columnFor(column);
    const more = [...(target.criterion === null ? [] : [target.criterion]), ...this.criteriaFor(target)];
    if (secondary === null || secondaryJoin === null) {
      const on = this.relationship.condition(primaryJoin, local, remote);
      return [{ right: target.from, on: allOf([this.ofAlias(on, target), ...more]) }];
    }
    this.association ??= this.entity.aliased || target.aliased ? new Alias(secondary, null) : secondary;
    const between = columnsOf(secondary, this.association);
    return [
      { right: this.association, on: this.relationship.condition(primaryJoin, local, between) },
      {
        right: target.from,
        on: allOf([this.relationship.condition(secondaryJoin, between, remote), ...this.throughAssociation(more)]),
      },
    ];
  }

  /** Conditions that name columns of the association table, which may stand here under another name. */
  private throughAssociation(conditions: readonly ColumnElement[]): readonly ColumnElement[] {
    const { secondary } = this.relationship.join;
    const { association } = this;
    if (secondary === null || association === null || (association as unknown) === secondary) return conditions;
    return conditions.map((each) =>
      replaceNodes(each, (node) =>
        node.visitName === "Column" && ((node as Column).table as unknown) === secondary
          ? association.column((node as Column).key)
          : undefined,
      ),
    );
  }

  /** Columns that a subquery has beside those of the class: taken from the one that stands here. */
  private ofAlias(condition: ColumnElement, target: OrmEntity): ColumnElement {
    const from = this.relationship.alias?.from;
    if (from === undefined || from === target.from) return condition;
    return replaceNodes(condition, (node) => {
      if (node.visitName !== "AliasedColumn") return undefined;
      const { table, columnKey } = node as unknown as { readonly table: From; readonly columnKey: string };
      return table === from ? target.from.column(columnKey) : undefined;
    });
  }

  /** An ORDER BY of the relationship in the terms of what `stepsTo(target)` joined. */
  orderFor(target: OrmEntity): readonly ColumnElement[] {
    const { secondary } = this.relationship.join;
    const { association } = this;
    return this.relationship.orderBy.map((each) =>
      replaceNodes(each, (node) => {
        if (node.visitName !== "Column") return undefined;
        const column = node as Column;
        if (target.mapper.byColumn.has(column)) return target.columnFor(column);
        return secondary !== null && association !== null && (column.table as unknown) === secondary
          ? association.column(column.key)
          : undefined;
      }),
    );
  }

  /** The same to something that stands for the target. */
  leadingTo(to: OrmEntity): InstrumentedRelation {
    return new InstrumentedRelation(this.entity, this.relationship, to, this.criteriaFor(to));
  }

  /** The criteria in the terms of another stand-in for the target. */
  criteriaFor(target: OrmEntity): readonly ColumnElement[] {
    return this.criteria.map((each) => adapt(each, this.target, target));
  }

  /** Whether some member of a relation to many meets a condition. */
  any(condition?: unknown): ColumnElement {
    if (!this.relationship.uselist)
      throw new InvalidRequestError(`${this.label} holds one object: use has() instead of any().`);
    return this.existing(condition);
  }

  /** Whether the object of a relation to one meets a condition. */
  has(condition?: unknown): ColumnElement {
    if (this.relationship.uselist)
      throw new InvalidRequestError(`${this.label} is a collection: use any() instead of has().`);
    return this.existing(condition);
  }

  private existing(condition: unknown): ColumnElement {
    const { mapper } = this.entity;
    // A lambda speaks of this member and no other, so it gets a name of its own: conditions within conditions may be about one class.
    const apart =
      typeof condition === "function" || this.relationship.target.tables.some((table) => mapper.tables.includes(table));
    const { target: given } = this;
    let target = given;
    // A subclass of the class it begins at, too, would stand for the row outside.
    if (given.from.covers.some((from) => this.entity.from.covers.includes(from)))
      target = this.entity.aliasFor(given.mapper, given.polymorphic);
    else if (this.to === null && apart)
      target = given.aliased ? given.again() : this.entity.aliasFor(this.relationship.target);
    const criteria = condition === undefined ? [] : [adapt(this.condition(condition, target), given, target)];
    const steps = this.stepsTo(target);
    return exists(
      steps.map((step) => step.right),
      [...steps.map((step) => step.on), ...this.throughAssociation(criteria)],
      target,
    );
  }

  /** A condition, or a lambda over the attributes of the target. */
  private condition(value: unknown, target: OrmEntity): ColumnElement {
    const isLambda = typeof value === "function" && !(value instanceof ColumnElement);
    return requireCondition(
      isLambda ? (value as (attrs: object) => unknown)(target.attrs) : value,
      `${this.label}: the condition`,
    );
  }

  /** Whether the relation to many has this object. */
  contains(object: unknown): ColumnElement {
    if (!this.relationship.uselist)
      throw new InvalidRequestError(`${this.label} holds one object: use eq() instead of contains().`);
    const member = this.member(object, "contains()");
    const { join } = this.relationship;
    if (!join.simple) return this.existingMember(member);
    if (join.secondary === null) return this.equalKeys(member);
    // The association's row alone tells; the target's table is not needed.
    const association = new Alias(join.secondary, null);
    const between = columnsOf(join.secondary, association);
    return exists(
      [association],
      [
        this.relationship.condition(join.primaryJoin, (column) => this.entity.columnFor(column), between),
        ...join.secondaryPairs.map(({ local, remote }) => between(local).eq(keyBind(member, remote))),
      ],
    );
  }

  /** Whether the relation to one is this object, or nothing. */
  eq(object: unknown): ColumnElement {
    if (object === null) return this.isNull();
    if (this.relationship.uselist)
      throw new InvalidRequestError(
        `${this.label} is a collection and cannot be compared with one object: use contains().`,
      );
    const member = this.member(object, "eq()");
    return this.refersByKeys ? this.equalKeys(member) : this.existingMember(member);
  }

  ne(object: unknown): ColumnElement {
    if (object === null) return this.isNotNull();
    if (this.relationship.uselist) return this.contains(object).not();
    const member = this.member(object, "ne()");
    if (!this.refersByKeys) return this.existingMember(member).not();
    if (this.relationship.direction !== "manyToOne") return this.equalKeys(member).not();
    const { tag, join } = this.relationship;
    const unequal = allOf(
      join.pairs.map(({ local, remote }) => {
        const column = this.entity.columnFor(local);
        return conjunction(operators.or, [column.ne(keyBind(member, remote)), column.isNull()]);
      }),
    );
    return tag === null ? unequal : conjunction(operators.or, [this.ofOtherClass(tag), unequal]);
  }

  isNull(): ColumnElement {
    const { tag } = this.relationship;
    if (this.relationship.direction !== "manyToOne" || !this.refersByKeys) return this.existing(undefined).not();
    if (tag !== null) return this.ofOtherClass(tag);
    return allOf(this.relationship.join.pairs.map(({ local }) => this.entity.columnFor(local).isNull()));
  }

  isNotNull(): ColumnElement {
    const { tag } = this.relationship;
    if (this.relationship.direction !== "manyToOne" || !this.refersByKeys) return this.existing(undefined);
    if (tag !== null) return this.entity.columnFor(tag.column).eq(tag.name);
    return allOf(this.relationship.join.pairs.map(({ local }) => this.entity.columnFor(local).isNotNull()));
  }

  /** Which rows of the target belong to this parent. */
  membersOf(object: unknown): ColumnElement {
    const { mapper } = this.entity;
    const parent = typeof object === "object" && object !== null ? stateOf(object) : undefined;
    if (parent === undefined || !mapperOf(parent).isA(mapper)) {
      throw new ArgumentError(
        `withParent(): ${this.label} starts at an object of ${mapper.className}, not at ${parent === undefined ? describeValue(object) : parent.describe()}.`,
      );
    }
    const { target } = this;
    const { simple, secondary, pairs } = this.relationship.join;
    if (simple && secondary === null) {
      const keys = pairs.map(({ local, remote }) => target.columnFor(remote).eq(keyBind(parent, local)));
      return allOf([...keys, ...this.criteriaFor(target)]);
    }
    const start = this.entity.aliasFor(mapper);
    const steps = new InstrumentedRelation(start, this.relationship, target, this.criteria).stepsTo(target);
    return exists(
      [start.from, ...steps.slice(0, -1).map((step) => step.right)],
      [
        ...mapper.primaryKey.map(({ column }) => start.columnFor(column).eq(keyBind(parent, column))),
        ...steps.map((step) => step.on),
      ],
    );
  }

  /** Whether the condition, which says more than equal keys, holds for this very object. */
  private existingMember(member: InstanceState): ColumnElement {
    const key = this.relationship.target.primaryKey;
    return this.existing((attrs: Record<string, ColumnElement>) =>
      allOf(key.map((attribute) => attrs[attribute.key].eq(keyBind(member, attribute.column)))),
    );
  }

  /** Whether the row on this side says by itself what it belongs to. */
  private get refersByKeys(): boolean {
    const { join, tag, direction } = this.relationship;
    return join.simple || (tag !== null && direction === "manyToOne");
  }

  /** Whether the row refers to none of this class. */
  private ofOtherClass(tag: TypeTag): ColumnElement {
    const name = this.entity.columnFor(tag.column);
    return conjunction(operators.or, [name.ne(tag.name), name.isNull()]);
  }

  private equalKeys(member: InstanceState): ColumnElement {
    const { tag, join } = this.relationship;
    const keys = join.pairs.map(({ local, remote }) => this.entity.columnFor(local).eq(keyBind(member, remote)));
    return allOf(tag === null ? keys : [this.entity.columnFor(tag.column).eq(tag.name), ...keys]);
  }

  private member(object: unknown, place: string): InstanceState {
    const state = typeof object === "object" && object !== null ? stateOf(object) : undefined;
    if (state !== undefined && this.relationship.accepts(state.mapper)) return state;
    const { target } = this.relationship;
    const entity = (object as { readonly [ENTITY]?: unknown } | null)?.[ENTITY];
    const way =
      entity instanceof OrmEntity
        ? `, not the class ${entity.mapper.className}: rows are tied to rows by a join, select(...).join(x.${this.key}), ` +
          `or by their keys, x.${this.#keyName}.eq(...).`
        : `, not ${state === undefined ? describeValue(object) : state.describe()}.`;
    throw new ArgumentError(`${this.label}.${place} takes an object of ${target.className}${way}`);
  }

  /** An attribute that holds the key, for messages. */
  get #keyName(): string {
    const { pairs } = this.relationship.join;
    return this.entity.mapper.byColumn.get(pairs[0]?.local)?.key ?? "id";
  }
}

function exists(
  froms: readonly From[],
  conditions: readonly ColumnElement[],
  about: OrmEntity | null = null,
): ColumnElement {
  const query = new Select([about === null ? new LiteralColumn("1", integerType) : new OneOf(about)], []).with({
    fromObjects: froms,
    whereCriteria: conditions,
  });
  return new Exists(query.correlateExcept(...froms));
}

/** `1`, selected of a class: it says whose rows are asked for, to those who have conditions on them. */
export class OneOf extends LiteralColumn {
  constructor(readonly entity: OrmEntity) {
    super("1", integerType);
  }
}

/** What stands for a column of `table` in an alias of it. */
export function columnsOf(table: From, standIn: From): (column: Column) => ColumnElement {
  return (column) => (standIn === table || (column.table as unknown) !== table ? column : standIn.column(column.key));
}

/** A condition on one stand-in of a class in the terms of another. */
export function adapt(condition: ColumnElement, from: OrmEntity, to: OrmEntity): ColumnElement {
  if (from.from === to.from) return condition;
  return replaceNodes(condition, (node) => {
    if (node instanceof InstrumentedColumn && node.entity.from === from.from) {
      return new InstrumentedColumn(to, node.attribute, to.elementOf(node.attribute));
    }
    if (!from.aliased && node.visitName === "Column" && from.mapper.byColumn.has(node as Column))
      return to.columnFor(node as Column);
    return undefined;
  });
}

/** A parameter that takes a key of an object when the statement is executed, after the autoflush that may give it one. */
export function keyBind(member: InstanceState, column: Column): BindParameter {
  return new BindParameter(undefined, column.type, null, false, false, () => keyValue(member, column), column.key);
}

function keyValue(member: InstanceState, column: Column): unknown {
  const mapper = mapperOf(member);
  const attribute = mapper.attributeOf(column);
  const value = attribute.peek(member);
  if (value !== undefined) return value;
  const at = mapper.primaryKey.indexOf(attribute);
  if (at >= 0 && member.key !== null) return valuesOf(member.key)[at];
  throw new InvalidRequestError(
    `${member.describe()} stands in a condition, and its "${attribute.key}" is not ${member.key === null ? "set" : "loaded"}: ` +
      (member.key === null ? "add it to the session and flush first." : "refresh it first."),
  );
}
