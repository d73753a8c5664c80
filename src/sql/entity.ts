/** The protocol by which mapped classes take part in statements: its symbols, and the types of attributes, relationships and options. The ORM implements it. */
import type { ColumnElement } from "./element.js";
import type { CacheKey } from "./key-context.js";
import { Node } from "./node.js";
import type { ENTITY } from "./protocol.js";
import type { FromClause } from "./selectable/from-clause.js";
import type { BoolExpr, Condition, ExprOf, IsAny, Named, Operand, OrderExpr, Valued } from "./typing.js";

export { ENTITY } from "./protocol.js";

/** A mapped class, or an alias of one, in a statement. The ORM implements it; `X[ENTITY]` answers it. */
export abstract class EntityElement extends Node {
  /** Its table, alias or join. */
  abstract readonly from: FromClause<unknown>;
  /** What plain Core selects for it. */
  abstract readonly columns: readonly ColumnElement[];
  /** Its key in rows: the class's name, or the alias's. */
  abstract readonly entityName: string;
  /** What INSERT, UPDATE and DELETE of it write: one table, or an alias of one. */
  get writeTarget(): FromClause<unknown> {
    return this.from;
  }
  /** What lambdas receive. */
  abstract readonly attrs: object;
  /** What `columnDescriptions` tells of it: the class or alias as its user has it, and the class. */
  get described(): { readonly subject: object; readonly cls: object; readonly aliased: boolean } {
    return { subject: this.attrs, cls: this.attrs, aliased: false };
  }
  /** A column by attribute name. @throws InvalidRequestError naming the class */
  abstract attribute(name: string): ColumnElement;
  /**
   * What a statement writes for values by attribute name: a name that stands for other attributes gives theirs.
   * @throws ArgumentError for one that cannot be written
   */
  written(values: Readonly<Record<string, unknown>>): Readonly<Record<string, unknown>> {
    return values;
  }
}

/** One join on the way to a relationship's target. */
export interface JoinStep {
  readonly right: FromClause<unknown>;
  readonly on: ColumnElement;
}

/** What `u.posts` is at run time. It is no ColumnElement: it can be joined along, not selected. */
export abstract class RelationElement extends Node {
  /** The class or alias on the other side. */
  abstract get target(): EntityElement;
  /** Where the join starts and what it passes: two steps for many-to-many. */
  abstract joinTarget(): { readonly left: FromClause<unknown>; readonly steps: readonly JoinStep[] };
  /** Whether another one leads from and to the same, with no condition of its own. */
  isSamePath(_other: RelationElement): boolean {
    return false;
  }
}

/** A loader option of `select().options(...)`; it takes part in the cache key through its parts. */
export abstract class LoadOption extends Node {
  /** @internal The option's own key, once asked for. */
  memoizedKey: CacheKey | null = null;

  protected override copyWith(fields: Readonly<Record<string, unknown>>): this {
    return super.copyWith({ ...fields, memoizedKey: null });
  }
}

declare const ONE: unique symbol;
declare const JSON_VALUE: unique symbol;
declare const PROXIED: unique symbol;
declare const HIDDEN: unique symbol;
/** Where a collection that cannot be gone through says what it holds; never set at run time. */
export declare const MANY: unique symbol;
/** The key of a declared, never assigned property that names what `create()` may leave out. */
export const OptionalProps: unique symbol = Symbol.for("athanor.optionalProps");
/**
 * Names for `[OptionalProps]` that classes below may add to, which TypeScript does not allow with plain names:
 * `declare [OptionalProps]?: Optionals<"id" | "kind">`, and below it `declare [OptionalProps]?: Optionals<"id" | "kind" | "bonus">`.
 */
export type Optionals<Names extends string> = { readonly [N in Names]: true };
/** The key of a declared, never assigned property that names what `create()` does not take: columns with `init: false`. */
export const NoInitProps: unique symbol = Symbol.for("athanor.noInitProps");
declare const COMPOSITE: unique symbol;
declare const HYBRID: unique symbol;
/** Where a relationship or an entity says which source its columns have; never set at run time. */
export declare const TARGET: unique symbol;
declare const ENTITY_TYPE: unique symbol;

/** A relation to one: `T` with a phantom brand. Plain objects of `T` assign to it. */
export type Relation<T> = T & { readonly [ONE]?: 1 };

/** A JSON column whose value would otherwise look like a relation to many: `Json<Item[]>`. */
export type Json<T> = T & { readonly [JSON_VALUE]?: 1 };

/**
 * A column whose value is kept out of JSON, printing, logs and input unless it is asked for: `@Column(t.string(60), { hidden: true }) password!: Hidden<string>`.
 * The option does it; the type takes it out of what `create()` and schemas take.
 */
export type Hidden<T> = T & { readonly [HIDDEN]?: 1 };

/** What marks a collection that is not in memory as one of `E`: a relation to many, though nothing can be gone through. */
export interface Members<E> {
  readonly [MANY]?: E;
}

/** A value object over several columns, by which `attrs()` knows its parts: `@Composite(...) start!: CompositeOf<Point>`. */
export type CompositeOf<T> = T & { readonly [COMPOSITE]?: T };

/** The result of a method that statements know too: `@HybridMethod(...) contains(x: number): HybridOf<boolean>`. */
export type HybridOf<T> = T & { readonly [HYBRID]?: T };

/** What an association proxy holds: values, or objects, of related objects. */
interface Proxied<T> {
  readonly [PROXIED]?: T;
}
/** An association proxy over an array: `@AssociationProxy("links", "keyword") keywords!: AssociationList<string>`. */
export type AssociationList<T> = T[] & Proxied<T>;
/** An association proxy over a `Set`. */
export type AssociationSet<T> = Set<T> & Proxied<T>;
/** An association proxy over a `Map`. */
export type AssociationMap<K, T> = Map<K, T> & Proxied<T>;

type Scalar = string | number | boolean | bigint | symbol | Date | Uint8Array;
type Fn = (...args: never[]) => unknown;

// maps come first: a Map also looks like a set of its keys and values
type Item<T> = typeof MANY extends keyof T
  ? T extends Members<infer I>
    ? I
    : never
  : T extends readonly (infer I)[]
    ? I
    : T extends ReadonlyMap<infer _K, infer I>
      ? I
      : T extends ReadonlySet<infer I>
        ? I
        : T extends Iterable<infer I>
          ? I
          : never;

/**
 * What an attribute's type makes of it: branded by `Relation`, a relation to one; an array, `Set` or `Map` of
 * objects, a relation to many; everything else a column.
 */
export type Kind<T0, T = NonNullable<T0>> = [T] extends [Scalar]
  ? "column"
  : typeof ONE extends keyof T
    ? "one"
    : typeof JSON_VALUE extends keyof T
      ? "column"
      : typeof PROXIED extends keyof T
        ? "column"
        : [Item<T>] extends [never]
          ? "column"
          : [Item<T>] extends [Scalar | readonly unknown[]]
            ? "column"
            : [Item<T>] extends [object]
              ? "many"
              : "column";

/** Whether an attribute of this type is a relation. */
export type IsRelation<T> = Kind<T> extends "column" ? false : true;

/** The class on the other side of a relation. */
export type TargetOf<T, N = NonNullable<T>> =
  Kind<T> extends "one" ? (N extends Relation<infer E> ? E : never) : Item<N>;

/** The keys of a class's properties that are not methods. */
export type PropertyOf<E> = {
  [K in keyof E]-?: K extends typeof OptionalProps | typeof NoInitProps
    ? never
    : NonNullable<E[K]> extends Fn
      ? [NonNullable<E[K]>] extends [never]
        ? K
        : never
      : K;
}[keyof E];

/** A mapped class. `abstract new` admits classes with any constructor. */
export type Cls<E> = abstract new (...args: never[]) => E;

/** Something that stands for an entity in a statement and says which: attributes, aliases. */
export interface EntityRef<out E, out Src> {
  readonly [ENTITY]: EntityElement;
  readonly [ENTITY_TYPE]: E;
  readonly [TARGET]: Src;
}

/** A relationship in expressions. `E` is the class on the other side, `Src` where it starts, `Name` the attribute. */
export interface RelAttr<E, Src = unknown, TargetSrc = E, Name extends string = string> {
  readonly [ENTITY_TYPE]: E;
  readonly [TARGET]: TargetSrc;
  readonly relationSource: Src;
  readonly relationName: Name;
  /** A condition on some member of a relation to many. */
  any(condition?: (entity: Attrs<E>) => Condition): BoolExpr<boolean, Src>;
  /** A condition on the other side of a relation to one. */
  has(condition?: (entity: Attrs<E>) => Condition): BoolExpr<boolean, Src>;
  /** Whether the relation to many has this object. */
  contains(entity: E): BoolExpr<boolean, Src>;
  /** Whether the relation to one is this object, or null. */
  eq(entity: E | null): BoolExpr<boolean, Src>;
  ne(entity: E | null): BoolExpr<boolean, Src>;
  isNull(): BoolExpr<boolean, Src>;
  isNotNull(): BoolExpr<boolean, Src>;
  /** The relationship to an alias of its target. */
  of<Q>(target: EntityRef<E, Q>): RelAttr<E, Src, Q, Name>;
  of<S extends E>(target: Cls<S>): RelAttr<S, Src, S, Name>;
  /** The relationship with a further condition in its ON. */
  and(condition: Condition | ((entity: Attrs<E>) => Condition)): RelAttr<E, Src, TargetSrc, Name>;
}

/** An association proxy in expressions: its operators ask whether some of the related rows meet them. */
export interface AssociationAttr<T, Src> {
  /** Whether there is one, or one that meets a condition: over the far objects, or over the rows between where the values are plain. */
  any(condition?: (far: Attrs<T>) => Condition): BoolExpr<boolean, Src>;
  /** Whether a value, or an object, is among them. */
  contains(value: T): BoolExpr<boolean, Src>;
  eq(value: T): BoolExpr<boolean, Src>;
  ne(value: T): BoolExpr<boolean, Src>;
  in(values: readonly T[]): BoolExpr<boolean, Src>;
  like(pattern: string): BoolExpr<boolean, Src>;
}

type IsProxied<T> = IsAny<T> extends true ? false : typeof PROXIED extends keyof NonNullable<T> ? true : false;
type ProxiedValue<T> = NonNullable<T> extends Proxied<infer V> ? V : never;

type AttrOf<T, Src, K> =
  IsProxied<T> extends true
    ? AssociationAttr<ProxiedValue<T>, Src>
    : IsRelation<T> extends true
      ? RelAttr<TargetOf<T>, Src, TargetOf<T>, K & string>
      : IsComposite<T> extends true
        ? CompositeAttr<ValueObject<T>, Src, null extends T ? null : never> & Named<K>
        : ExprOf<T, Src> & Named<K>;

/** Whether an attribute of this type is a composite. */
export type IsComposite<T> = [NonNullable<T>] extends [never]
  ? false
  : IsAny<T> extends true
    ? false
    : typeof COMPOSITE extends keyof NonNullable<T>
      ? true
      : false;
type ValueObject<T> = NonNullable<T> extends { readonly [COMPOSITE]?: infer V } ? Exclude<V, undefined> : never;

/** A composite in expressions: its parts by name, and what can be asked of it as a whole. */
export type CompositeAttr<T, Src, Null = never> = CompositeExpr<T, Src, Null> & {
  readonly [P in PropertyOf<T>]: AttrOf<T[P], Src, P>;
};

/** What can be asked of a composite as a whole: a condition holds when it holds for all its columns. */
export interface CompositeExpr<T, Src, Null = never> extends Valued<T | Null, Src> {
  eq(other: T | Null | Valued<T | null>): BoolExpr<boolean, Src>;
  ne(other: T | Null | Valued<T | null>): BoolExpr<boolean, Src>;
  in(values: readonly T[]): BoolExpr<boolean, Src>;
  notIn(values: readonly T[]): BoolExpr<boolean, Src>;
  isNull(): BoolExpr<boolean, Src>;
  isNotNull(): BoolExpr<boolean, Src>;
  /** Its columns in order, for ORDER BY. */
  asc(): OrderExpr<T | Null, Src>;
  desc(): OrderExpr<T | Null, Src>;
  /** An order there is only where the mapping's `comparator` gives one. */
  lt(other: T | Valued<T | null>): BoolExpr<boolean, Src>;
  le(other: T | Valued<T | null>): BoolExpr<boolean, Src>;
  gt(other: T | Valued<T | null>): BoolExpr<boolean, Src>;
  ge(other: T | Valued<T | null>): BoolExpr<boolean, Src>;
}

/** The methods of a class that statements know too. */
type HybridMethodOf<E> = {
  [K in keyof E]-?: E[K] extends (...args: never[]) => infer R
    ? typeof HYBRID extends keyof NonNullable<R>
      ? K
      : never
    : never;
}[keyof E];

type HybridResult<R> = NonNullable<R> extends { readonly [HYBRID]?: infer T } ? Exclude<T, undefined> : never;

type HybridMethods<E, Src> = {
  readonly [K in HybridMethodOf<E>]: E[K] extends (...args: infer A) => infer R
    ? (...args: { [I in keyof A]: Operand<A[I]> }) => ExprOf<HybridResult<R>, Src>
    : never;
};

/** The typed attributes of a mapped class, as lambdas and `attrs(User)` give them. */
export type Attrs<E, Src = E> = EntityRef<E, Src> & {
  readonly [K in PropertyOf<E>]: AttrOf<Exclude<E[K], undefined> | (undefined extends E[K] ? null : never), Src, K>;
} & HybridMethods<E, Src>;

/** The column attributes of a class, as plain values. */
export type Plain<E> = { [K in PropertyOf<E> as IsRelation<E[K]> extends true ? never : K]: E[K] };

/** The columns of a class that are marked as hidden. */
export type HiddenKeys<E> = {
  [K in keyof E]-?: IsAny<E[K]> extends true ? never : typeof HIDDEN extends keyof NonNullable<E[K]> ? K : never;
}[keyof E];
type NoInitKeys<E> = HiddenKeys<E> | (E extends { [NoInitProps]?: infer K } ? Exclude<K, undefined> : never);
type Same<A, B> = (<T>() => T extends A ? 1 : 2) extends <T>() => T extends B ? 1 : 2 ? true : false;
/** Getters without a setter, and what is declared readonly. */
type IsReadonly<E, K extends keyof E> = Same<{ [P in K]: E[P] }, { readonly [P in K]: E[P] }>;
type OptionalKeys<E> = E extends { [OptionalProps]?: infer K } ? NamesIn<Exclude<K, undefined>> : never;
type NamesIn<K> = K extends object ? keyof K : K;
type RequiredKeys<E> = {
  [K in PropertyOf<E>]-?: undefined extends E[K]
    ? never
    : null extends E[K]
      ? never
      : IsRelation<E[K]> extends true
        ? never
        : IsProxied<E[K]> extends true
          ? never
          : K extends OptionalKeys<E>
            ? never
            : IsReadonly<E, K> extends true
              ? never
              : K;
}[PropertyOf<E>];

/**
 * What `create(User, ...)` takes: nullable, optional, readonly, relation, association and `[OptionalProps]` members may be left out, `[NoInitProps]`
 * members and hidden ones must be. In a relationship to one class, what `create()` takes for that class stands for an object of it.
 */
export type Create<E> = { [K in Exclude<RequiredKeys<E>, NoInitKeys<E>>]: E[K] } & {
  -readonly [K in Exclude<PropertyOf<E>, RequiredKeys<E> | NoInitKeys<E>>]?: CreateValue<E[K]>;
};

/** A value for a new object: an entity has all that `create()` takes for its class, so that one type says both. */
type CreateValue<T> = IsRelation<T> extends true ? (IsOne<TargetOf<T>> extends true ? CreateRelated<T> : T) : T;
type CreateRelated<T> =
  | Extract<T, null | undefined>
  | (Kind<T> extends "one" ? Create<TargetOf<T>> : CreateMembers<NonNullable<T>, Create<TargetOf<T>>>);
type CreateMembers<T, I> = T extends readonly unknown[]
  ? readonly I[]
  : T extends ReadonlyMap<infer Key, unknown>
    ? ReadonlyMap<Key, I> | readonly I[]
    : T extends ReadonlySet<unknown>
      ? ReadonlySet<I> | readonly I[]
      : T | readonly I[] | ReadonlySet<I>;
/** Whether this is one class and no union of several. */
type IsOne<T, Each = T> = [T] extends [never] ? false : T extends unknown ? ([Each] extends [T] ? true : false) : never;

/** What `create(User, ...)` takes of the columns. */
export type CreateColumns<E> = { [K in Exclude<RequiredKeys<E>, NoInitKeys<E>>]: E[K] } & {
  -readonly [K in Exclude<keyof Plain<E>, RequiredKeys<E> | NoInitKeys<E>>]?: E[K];
};
