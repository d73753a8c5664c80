/** A mapped class in a statement, as the parts of the loading room know it: attributes and relationships refer to it, and it makes them. */
import type { ColumnElement } from "../../sql/element.js";
import { EntityElement } from "../../sql/entity.js";
import type { KeyContext } from "../../sql/key-context.js";
import type { Column } from "../../sql/schema/column.js";
import type { ColumnAttribute } from "../attributes/column-attribute.js";
import type { Mapper } from "../mapping/mapper.js";

export abstract class OrmEntity extends EntityElement {
  abstract readonly mapper: Mapper;
  /** It stands for an alias, a subquery or a choice of subclasses: its columns are not simply those of the class's tables. */
  abstract readonly aliased: boolean;
  /** The mapper, and the subclasses whose columns are selected with it. */
  abstract readonly polymorphic: readonly Mapper[];
  /** The condition that makes rows of a shared table this class's own; null where there is none. */
  abstract readonly criterion: ColumnElement | null;
  /** The attributes of one class of `polymorphic`. */
  abstract attrsOf(mapper: Mapper): object;
  /** What tells it from other entities, in the cache key of a statement that names one of its columns. */
  abstract appendName(context: KeyContext): void;
  /** What stands for a column of the class's tables. @throws InvalidRequestError where it has none */
  abstract columnFor(column: Column): ColumnElement;
  /** The same, or null where it has none. */
  abstract standIn(column: Column): ColumnElement | null;
  /** Whether there is something that stands for an attribute: a subquery need not have all columns. */
  abstract gives(attribute: ColumnAttribute): boolean;
  /** What stands for an attribute of the class: its column, or its expression in the terms of this entity. */
  abstract elementOf(attribute: ColumnAttribute): ColumnElement;
  /** The plain entity of another class. */
  abstract entityFor(mapper: Mapper): OrmEntity;
  /** Whether this is the other one, or one of them a copy whose subquery was changed on the way into a statement. */
  abstract isSame(other: OrmEntity): boolean;
  /** The same alias or subquery under another anonymous name, to stand in one statement twice. */
  abstract again(): OrmEntity;
  /** A new anonymous alias of a class. */
  abstract aliasFor(mapper: Mapper, polymorphic?: readonly Mapper[]): OrmEntity;
}
