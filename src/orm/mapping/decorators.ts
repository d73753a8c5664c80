/** The decorators of mapped classes. They only declare; the registry works it out. */
import "reflect-metadata";
import type { Attrs, Cls, EntityRef } from "../../sql/entity.js";
import { ArgumentError } from "../../sql/errors.js";
import { isObject } from "../../sql/option-rules.js";
import { describeValue } from "../../sql/types/describe-value.js";
import { isType, plainType, type SQLType } from "../../sql/types/type.js";
import type { CascadeName, CascadeText } from "../cascades.js";
import { requireThunk } from "./collect.js";
import {
  type AnyClass,
  type ColumnDeclarationOptions,
  type ColumnRefs,
  declareProperty,
  type LazyStrategy,
  type RelationDeclarationOptions,
  type RelationKind,
  type Secondary,
} from "./declarations.js";
import { defaultRegistry, refuseStandardDecorator } from "./registry.js";

/** Maps a class to a table of the default registry. @see Registry.Entity */
export const Entity = defaultRegistry.Entity;

/** Options of `@Column` and `@PrimaryKey`. */
export type ColumnOptions<T = unknown> = ColumnDeclarationOptions<T>;

type PropertyDecorator_ = (target: object, property: string | symbol) => void;

/**
 * A column.
 *
 * @param type one of `t.*`; inferred from the property's type where the compiler emits it and it says something (number, string, boolean, Date,
 *   bigint, Uint8Array)
 * @param options its name, nullability, default, foreign key and so on
 * @throws MapperConfigurationError where no type is given and none can be inferred
 * @example @Column(t.string(50), { nullable: true }) nick!: string | null;
 */
export function Column(options?: ColumnOptions): PropertyDecorator_;
export function Column<T>(type: SQLType<T>, options?: ColumnOptions<T>): PropertyDecorator_;
export function Column(first?: SQLType | ColumnOptions, second?: ColumnOptions): PropertyDecorator_ {
  return columnDecorator("@Column", first, second, {});
}

/**
 * A column of the primary key. A single integer key counts up by itself.
 *
 * @example @PrimaryKey() id!: number;
 */
export function PrimaryKey(options?: ColumnOptions): PropertyDecorator_;
export function PrimaryKey<T>(type: SQLType<T>, options?: ColumnOptions<T>): PropertyDecorator_;
export function PrimaryKey(first?: SQLType | ColumnOptions, second?: ColumnOptions): PropertyDecorator_ {
  return columnDecorator("@PrimaryKey", first, second, { primaryKey: true });
}

function columnDecorator(
  name: string,
  first: SQLType | ColumnOptions | undefined,
  second: ColumnOptions | undefined,
  extra: ColumnOptions,
): PropertyDecorator_ {
  return (target, property) => {
    refuseStandardDecorator(property, name);
    const label = `${target.constructor.name}.${String(property)}`;
    if (typeof property === "symbol")
      throw new ArgumentError(`${label}: a property named by a symbol cannot be mapped.`);
    const given = first !== undefined && isType(first) ? plainType(first as SQLType) : null;
    if (given === null && first !== undefined && !isObject(first))
      throw new ArgumentError(
        `${label}: ${name} takes one of t.* and an object of options, not ${describeValue(first)}.`,
      );
    const options = { ...(given === null ? (first as ColumnOptions | undefined) : second), ...extra };
    declareProperty(target, {
      kind: "column",
      property,
      type: given,
      ...(given === null ? { inferred: { design: designType(target, property), decorator: name } } : {}),
      options: options as ColumnDeclarationOptions,
    });
  };
}

function designType(target: object, property: string): unknown {
  return Reflect.getMetadata("design:type", target, property);
}

/** Options of the relationship decorators. `E` is the target class. */
export interface RelationOptions<E = never>
  extends Omit<RelationDeclarationOptions, "orderBy" | "backPopulates" | "cascade" | "secondary"> {
  /** Operations that follow the relationship. Default `["save-update", "merge"]`. */
  readonly cascade?: readonly CascadeName[] | CascadeText;
  /** The order of a collection: attributes by name (`"-name"` descends), or a lambda over the target's attributes. */
  readonly orderBy?: string | readonly string[] | ((target: Attrs<E>) => unknown);
  /** The property of the target that is the other side. */
  readonly backPopulates?: (keyof E & string) | ((target: E) => unknown);
  /** Of a many-to-many: the association table, its name (`"schema.name"` in a schema that is not the class's), or a thunk of it; where it is viewonly, also a join or a query. */
  readonly secondary?: Secondary | (() => Exclude<Secondary, string> | AnyClass);
  /** How the attribute loads when it is read, and whether statements load it with the object. Default "select". */
  readonly lazy?: LazyStrategy;
  readonly foreignKeys?: ColumnRefs;
}

/** A class, or an alias of one: a relationship to an alias or a subquery is `viewonly`. */
type Target<E> = () => Cls<E> | EntityRef<E, unknown>;
type Inverse<E> = (target: E) => unknown;

/** One of the relationship decorators. */
interface RelationDecorator {
  /**
   * @param target a thunk of the target class, since files may import each other
   * @param inverse reads the property that is the other side: `(post) => post.author`
   */
  <E extends object>(target: Target<E>, inverse: Inverse<E>, options?: RelationOptions<E>): PropertyDecorator_;
  <E extends object>(target: Target<E>, options?: RelationOptions<E>): PropertyDecorator_;
}

function relationDecorator(name: string, relation: RelationKind): RelationDecorator {
  return ((
    target: () => AnyClass | EntityRef<unknown, unknown>,
    second?: Inverse<never> | RelationOptions,
    third?: RelationOptions,
  ): PropertyDecorator_ => {
    requireThunk(target, name);
    const options = { ...((typeof second === "function" ? third : second) as RelationDeclarationOptions | undefined) };
    const backPopulates = typeof second === "function" ? (second as (target: never) => unknown) : options.backPopulates;
    return (prototype, property) => {
      refuseStandardDecorator(property, name);
      declareProperty(prototype, {
        kind: "relation",
        property: String(property),
        relation,
        target,
        design: designType(prototype, String(property)),
        options: { ...options, ...(backPopulates === undefined ? {} : { backPopulates }) },
      });
    };
  }) as RelationDecorator;
}

/** The object refers to one other: it holds the foreign key, in a column named after the property unless one is mapped. */
export const ManyToOne: RelationDecorator = relationDecorator("@ManyToOne", "manyToOne");

/** A collection of objects that refer to this one. */
export const OneToMany: RelationDecorator = relationDecorator("@OneToMany", "oneToMany");

/** One object on each side; `owner: true` on the side that holds the foreign key. */
export const OneToOne: RelationDecorator = relationDecorator("@OneToOne", "oneToOne");

/** Collections on both sides, tied by rows of an association table (`secondary`, made where it is not there). */
export const ManyToMany: RelationDecorator = relationDecorator("@ManyToMany", "manyToMany");
