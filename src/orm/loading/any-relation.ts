/** `c.subject` in a statement: a relation to one object of one of several classes. */
import type { ColumnElement } from "../../sql/element.js";
import { allOf, conjunction } from "../../sql/elements/build.js";
import { ENTITY, type EntityElement, type JoinStep, RelationElement } from "../../sql/entity.js";
import { ArgumentError, InvalidRequestError } from "../../sql/errors.js";
import type { Parts } from "../../sql/node.js";
import { operators } from "../../sql/operators.js";
import type { FromClause } from "../../sql/selectable/from-clause.js";
import { describeValue } from "../../sql/types/describe-value.js";
import { type Mapper, mapperOf, nearest } from "../mapping/mapper.js";
import { stateOf } from "../stamp.js";
import type { InstrumentedRelation } from "./instrumented-relation.js";
import { OrmEntity } from "./orm-entity.js";

export class AnyRelation extends RelationElement {
  static override readonly parts: Parts = { members: "nodes" };

  /**
   * @param key the property
   * @param members the relationships to each of the classes
   */
  constructor(
    readonly key: string,
    readonly members: readonly InstrumentedRelation[],
  ) {
    super();
  }

  override get visitName(): string {
    return "AnyRelation";
  }
  get entity(): OrmEntity {
    return this.members[0].entity;
  }
  get label(): string {
    return `${this.entity.entityName}.${this.key}`;
  }
  get #classes(): string {
    return this.members.map((each) => each.relationship.targetName).join(", ");
  }

  /** The relationship to one of the classes, or to an alias or a subclass of one. @throws ArgumentError for another class */
  of(what: unknown): InstrumentedRelation {
    const entity = what instanceof OrmEntity ? what : (what as { readonly [ENTITY]?: unknown } | null)?.[ENTITY];
    const member = entity instanceof OrmEntity ? this.#memberFor(entity.mapper) : undefined;
    if (member === undefined)
      throw new ArgumentError(
        `${this.label}.of(...) takes one of ${this.#classes} or an alias of one, not ${entity instanceof OrmEntity ? entity.entityName : describeValue(what)}.`,
      );
    return entity === member.target ? member : member.of(entity);
  }

  #memberFor(mapper: Mapper): InstrumentedRelation | undefined {
    return nearest(this.members, (each) => each.relationship.target, mapper);
  }

  #memberOf(object: unknown, place: string): InstrumentedRelation {
    const state = typeof object === "object" && object !== null ? stateOf(object) : undefined;
    const member = state === undefined ? undefined : this.#memberFor(mapperOf(state));
    if (member !== undefined) return member;
    throw new ArgumentError(
      `${this.label}.${place} takes an object of one of ${this.#classes}, not ${state === undefined ? describeValue(object) : state.describe()}.`,
    );
  }

  eq(object: unknown): ColumnElement {
    return object === null ? this.isNull() : this.#memberOf(object, "eq()").eq(object);
  }

  ne(object: unknown): ColumnElement {
    if (object === null) return this.isNotNull();
    const member = this.#memberOf(object, "ne()");
    return conjunction(operators.or, [member.isNull(), member.ne(object)]);
  }

  isNull(): ColumnElement {
    return allOf(this.members.map((each) => each.isNull()));
  }

  isNotNull(): ColumnElement {
    return conjunction(
      operators.or,
      this.members.map((each) => each.isNotNull()),
    );
  }

  /** Whether there is an object, or one that meets a condition on what the classes have in common. */
  has(condition?: unknown): ColumnElement {
    return conjunction(
      operators.or,
      this.members.map((each) => each.has(condition)),
    );
  }

  any(): never {
    throw new InvalidRequestError(`${this.label} holds one object: use has() instead of any().`);
  }

  contains(): never {
    throw new InvalidRequestError(`${this.label} holds one object: use eq() instead of contains().`);
  }

  and(): never {
    throw this.#oneClass("and()");
  }

  override get target(): EntityElement {
    throw this.#oneClass("A join");
  }

  override joinTarget(): { readonly left: FromClause<unknown>; readonly steps: readonly JoinStep[] } {
    throw this.#oneClass("A join");
  }

  #oneClass(what: string): InvalidRequestError {
    return new InvalidRequestError(
      `${what} along ${this.label} needs one class, and it may refer to ${this.#classes}: write x.${this.key}.of(${this.members[0].relationship.targetName}).`,
    );
  }
}
