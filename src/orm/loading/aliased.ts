/** How a program names mapped classes in its statements: their attributes, further names for them, and with the columns of subclasses. */
import type { Attrs, Cls, EntityRef } from "../../sql/entity.js";
import { ArgumentError } from "../../sql/errors.js";
import { AliasedFrom } from "../../sql/selectable/alias.js";
import { FromClause } from "../../sql/selectable/from-clause.js";
import { Query } from "../../sql/selectable/query.js";
import { mapperFor } from "../mapping/registry.js";
import { isUnited } from "./concrete-entity.js";
import { aliasOf, entityOf, MapperEntity, polymorphicEntity, requireEntity } from "./entity.js";
import { subclassesOf } from "./inheritance.js";

/**
 * The typed attributes of a mapped class, for use anywhere in statements. Those of an alias are the alias itself.
 *
 * @param subclass of an entity with several classes, the one whose attributes are meant: for names that two subclasses have
 * @example const u = attrs(User); select(u.id).where(u.name.eq("Alice"))
 * @example const staff = withPolymorphic(Employee, "*"); attrs(staff, Manager).level.gt(3)
 * @throws UnmappedClassError
 */
export function attrs<E>(cls: Cls<E>): Attrs<E>;
export function attrs<X extends EntityRef<unknown, unknown>>(alias: X): X;
export function attrs<B, S extends B, Src>(entity: EntityRef<B, Src>, subclass: Cls<S>): Attrs<S, AliasOf<S>>;
export function attrs(what: unknown, subclass?: unknown): unknown {
  const entity = requireEntity(what);
  return subclass === undefined ? entity.attrs : entity.attrsOf(requireEntity(subclass).mapper);
}

/** The source of columns of an alias without a name. */
export interface AliasOf<E> {
  readonly aliasOf: E;
}

/** Options of `aliased` over a subquery. */
export interface AliasedOptions<N extends string = string> {
  /** The name in rows. */
  readonly name?: N;
  /** Columns that do not come from the class's tables stand for its attributes by their names. */
  readonly adaptOnNames?: boolean;
}

/**
 * A second name for a class in one statement: for self-joins, or to take its rows from a subquery. Attributes that a subquery has no column for are
 * not loaded; the key must be among its columns.
 *
 * @param what the name in SQL (and in rows); a literal name lets the types tell aliases apart. Or a subquery, an alias or a CTE with the class's columns.
 * @example const manager = aliased(Employee, "manager"); select(Employee).join(e.manager.of(manager))
 */
export function aliased<E>(cls: Cls<E>): Attrs<E, AliasOf<E>>;
export function aliased<E, const N extends string>(cls: Cls<E>, name: N): Attrs<E, N>;
export function aliased<E, const N extends string = string>(
  cls: Cls<E> | EntityRef<E, unknown>,
  from: FromClause<unknown> | Query<unknown, unknown>,
  name?: N | AliasedOptions<N>,
): Attrs<E, string extends N ? AliasOf<E> : N>;
export function aliased(cls: unknown, what?: unknown, options: string | AliasedOptions = {}): unknown {
  const origin = requireEntity(cls);
  const { mapper } = origin;
  const { name, adaptOnNames = false } = typeof options === "string" ? { name: options } : options;
  if (what === undefined || typeof what === "string") return aliasOf(mapper, what ?? null).attrs;
  const from = what instanceof Query ? what.subquery(name) : what;
  if (!(from instanceof FromClause)) {
    throw new ArgumentError(`aliased(${mapper.className}, ...): give a name, a subquery or another FROM element.`);
  }
  const named = name ?? (from instanceof AliasedFrom ? from.aliasName : null) ?? mapper.className;
  return new MapperEntity(mapper, from, named, adaptOnNames ? "named" : "alias", [mapper], origin).attrs;
}

type Intersection<U> = (U extends unknown ? (x: U) => void : never) extends (x: infer I) => void ? I : never;

/** Options of `withPolymorphic`. */
export interface WithPolymorphicOptions {
  /** An alias of the tables, so that several of one hierarchy can stand in a statement. */
  readonly aliased?: boolean;
  /** The same: each table of the join has an alias of its own, and no subquery is made. */
  readonly flat?: boolean;
  /** The alias's name in SQL and in rows; implies `aliased`. */
  readonly name?: string;
  /** INNER JOIN to the subclasses' tables: only objects that are of all of them. */
  readonly innerjoin?: boolean;
  /** Where the rows come from in place of the join: a subquery or another FROM element with the columns of all the classes. */
  readonly selectable?: FromClause<unknown>;
}

/**
 * A class with the columns of its subclasses, so that their attributes come loaded and can be used in the statement.
 *
 * @param subclasses those that are wanted, or `"*"` for all
 * @param options an alias, or another source of the rows
 * @example const e = withPolymorphic(Employee, [Manager]); select(e).where(or(e.name.eq("x"), e.level.gt(3)))
 */
export function withPolymorphic<E>(
  cls: Cls<E>,
  subclasses: "*",
  options?: WithPolymorphicOptions,
): Attrs<E, AliasOf<E>>;
export function withPolymorphic<E, const S extends readonly Cls<E>[]>(
  cls: Cls<E>,
  subclasses: S,
  options?: WithPolymorphicOptions,
): Attrs<E, AliasOf<E>> &
  Intersection<
    { [I in keyof S]: S[I] extends Cls<infer X> ? Omit<Attrs<X, AliasOf<X>>, keyof EntityRef<X, X>> : never }[number]
  >;
export function withPolymorphic(
  cls: unknown,
  subclasses: "*" | readonly unknown[],
  options: WithPolymorphicOptions = {},
): unknown {
  const mapper = requireEntity(cls).mapper;
  if (subclasses !== "*" && !Array.isArray(subclasses))
    throw new ArgumentError(`withPolymorphic(${mapper.className}, ...) takes a list of subclasses, or "*" for all.`);
  const named = subclasses === "*" ? subclasses : subclasses.map(mapperFor);
  const united = isUnited(mapper);
  if (named !== "*") {
    for (const each of named) {
      if (!each.isA(mapper) && !mapper.united.includes(each))
        throw new ArgumentError(
          `withPolymorphic(${mapper.className}, ...): ${each.className} is no subclass of ${mapper.className}.`,
        );
    }
  }
  const polymorphic = united ? mapper.united : subclassesOf(mapper, named);
  const { name, selectable } = options;
  if (selectable !== undefined)
    return new MapperEntity(mapper, selectable, name ?? mapper.className, "alias", polymorphic).attrs;
  const kind = options.innerjoin === true ? "inner" : "left";
  if (name !== undefined || options.aliased === true || options.flat === true)
    return aliasOf(mapper, name ?? null, polymorphic, kind).attrs;
  // The union over concrete classes has the columns of all of them.
  return (united ? entityOf(mapper) : polymorphicEntity(mapper, polymorphic, kind)).attrs;
}
