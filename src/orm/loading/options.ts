/** Loader options: what a statement says of the relationships and columns of the objects that it loads. */
import { requireCondition } from "../../sql/elements/coerce.js";
import type { Attrs, Cls, EntityRef, LoadOption, RelAttr } from "../../sql/entity.js";
import { ArgumentError } from "../../sql/errors.js";
import type { EffectiveOption, IsMany } from "../../sql/load-effects.js";
import type { Condition, Named, Valued } from "../../sql/typing.js";
import type { AnyClass } from "../mapping/declarations.js";
import type { Mapper } from "../mapping/mapper.js";
import { allMappers } from "../mapping/registry.js";
import type { AliasOf } from "./aliased.js";
import { AnyRelation } from "./any-relation.js";
import { entityOf, findEntity, requireEntity } from "./entity.js";
import { InstrumentedColumn } from "./instrumented-column.js";
import { InstrumentedRelation } from "./instrumented-relation.js";
import { LoaderOption } from "./loader-option.js";
import type { DeferSettings, JoinedSettings, LevelSettings, MemberSettings, RaiseSettings } from "./loader-settings.js";
import { type ColumnAction, LoaderCriteria, type RelationSettings, type Strategy } from "./option-steps.js";

/** A relationship of `E`, picked by a lambda. */
export type PickRelation<E, R, N extends string = string> = (entity: Attrs<E>) => RelAttr<R, unknown, unknown, N>;
/** One or several columns of `E`, picked by a lambda. */
export type PickColumns<E> = (entity: Attrs<E>) => Valued<unknown, unknown> | readonly Valued<unknown, unknown>[];

/** The name of a relationship or column, where the types know it. */
type Known<N extends string> = string extends N ? never : N;
/** The names of picked columns. */
type PickedName<C> = C extends (...args: never[]) => infer X
  ? X extends readonly (infer I)[]
    ? NameOf<I>
    : NameOf<X>
  : NameOf<C>;
type NameOf<X> = X extends Named<infer K extends string> ? Known<K> : never;
/** The class that a relationship starts at. */
type RootOf<Src> = Src extends AliasOf<infer E> ? E : Src extends string ? never : Src;

/** How far a path is part of the statement itself: within it, within it with a collection joined, or beyond it. */
type Reach = "within" | "multiplied" | "beyond" | "multiplied before";
type Beyond<X extends Reach> = X extends "multiplied" | "multiplied before" ? "multiplied before" : "beyond";
type JoinedReach<X extends Reach, E, N> = X extends "within" ? (IsMany<E, N> extends true ? "multiplied" : X) : X;

/** A path that goes on along relationship `N`, which is loaded. */
type Further<R, Root, F extends string, P extends string, N extends string, X extends Reach> = LoaderPath<
  R,
  Root,
  F | `${P}${Known<N>}`,
  `${P}${Known<N>}.`,
  X
>;

/**
 * A loader option that has reached `E`: further calls go on from there, calls that speak of columns or of "*" stay.
 *
 * Its other parameters say what it does, for the types of rows: the class it begins at, facts about it, the path so far, and how far it is part
 * of the statement. They need not be written.
 *
 * @example selectinload(User, (u) => u.posts).selectinload((p) => p.tags).loadOnly((t) => t.name)
 */
export interface LoaderPath<E, Root = E, F extends string = never, P extends string = "", X extends Reach = "within">
  extends EffectiveOption<Root, F, X extends "multiplied" | "multiplied before" ? true : false> {
  /** With one more SELECT for each level, by the keys of the parents. */
  selectinload<R, const N extends string>(
    relation: PickRelation<E, R, N> | "*",
    settings?: LevelSettings<NoInfer<R>>,
  ): Further<R, Root, F, P, N, Beyond<X>>;
  /** In the same SELECT, by an outer join; collections need `unique()` on the result. */
  joinedload<R, const N extends string>(
    relation: PickRelation<E, R, N> | "*",
    settings?: JoinedSettings<NoInfer<R>>,
  ): Further<R, Root, F, P, N, JoinedReach<X, E, N>>;
  /** With one more SELECT that has the first as its subquery. */
  subqueryload<R, const N extends string>(
    relation: PickRelation<E, R, N> | "*",
    settings?: MemberSettings<NoInfer<R>>,
  ): Further<R, Root, F, P, N, Beyond<X>>;
  /** At once, as a lazy load would. */
  immediateload<R, const N extends string>(
    relation: PickRelation<E, R, N> | "*",
    settings?: LevelSettings<NoInfer<R>>,
  ): Further<R, Root, F, P, N, Beyond<X>>;
  /** When first read. */
  lazyload<R>(
    relation: PickRelation<E, R> | "*",
    settings?: MemberSettings<NoInfer<R>>,
  ): LoaderPath<R, Root, F, never, Beyond<X>>;
  /** Never: reading it is an error. */
  raiseload<R>(relation: PickRelation<E, R> | "*", settings?: RaiseSettings): LoaderPath<R, Root, F, never, Beyond<X>>;
  /** Never: it is empty. */
  noload<R>(relation: PickRelation<E, R> | "*"): LoaderPath<R, Root, F, never, Beyond<X>>;
  /** From columns that the statement joins by itself. */
  containsEager<R, const N extends string>(
    relation: PickRelation<E, R, N>,
  ): Further<R, Root, F, P, N, JoinedReach<X, E, N>>;
  /** As the mapping says; only to go further along the path. */
  defaultload<R>(relation: PickRelation<E, R>): LoaderPath<R, Root, F, never, Beyond<X>>;
  /** Only these columns, and the key. */
  loadOnly<const C extends readonly PickColumns<E>[]>(
    ...columns: C
  ): LoaderPath<E, Root, F | `${P}=${PickedName<C[number]>}`, P, X>;
  loadOnly<const C extends PickColumns<E>>(
    columns: C,
    settings: DeferSettings,
  ): LoaderPath<E, Root, F | `${P}=${PickedName<C>}`, P, X>;
  /** Not these columns until they are read; "*" for all. */
  defer<const C extends PickColumns<E> | "*">(
    columns: C,
    settings?: DeferSettings,
  ): LoaderPath<E, Root, F | `${P}!${PickedName<C>}`, P, X>;
  /** These columns although the mapping defers them; "*" for all. */
  undefer(...columns: readonly (PickColumns<E> | "*")[]): LoaderPath<E, Root, F, P, X>;
  /** The deferred columns of a group. */
  undeferGroup(group: string): LoaderPath<E, Root, F, P, X>;
  /** The columns of these subclasses of what the path has reached, with one more SELECT each. */
  selectinPolymorphic<const S extends readonly Cls<E>[]>(classes: S): LoaderPath<E, Root, F, P, X>;
  /** The value of a query-time expression of what the path has reached. */
  withExpression<T>(
    attribute: (entity: Attrs<E>) => Valued<T>,
    expression: Valued<NoInfer<T> | null> | ((entity: Attrs<E>) => Valued<NoInfer<T> | null>),
  ): LoaderPath<E, Root, F, P, X>;
  /** Several options for what the path has reached. */
  options(...options: readonly LoadOption[]): LoaderPath<E, Root, F, P, X>;
}

/** An option that begins at a class or alias, or at the entity of the relationship or column that is given. */
function begin(from: unknown): { readonly option: LoaderOption; readonly direct: unknown } {
  if (from instanceof InstrumentedRelation || from instanceof InstrumentedColumn || from instanceof AnyRelation)
    return { option: new LoaderOption(from.entity), direct: from };
  if (from === "*") return { option: new LoaderOption(null), direct: from };
  const entity = findEntity(from) ?? requireEntity(from);
  return { option: new LoaderOption(entity), direct: undefined };
}

function relationOption(
  from: unknown,
  pick: unknown,
  strategy: Strategy | null,
  settings: RelationSettings | undefined,
): never {
  const { option, direct } = begin(from);
  return option.along(direct ?? pick, strategy, settings) as never;
}

type Root<E> = Cls<E> | EntityRef<E, unknown>;

/**
 * Loads a relationship with one more SELECT for all parents (for every 500 of them where the database does not take a list as one parameter).
 *
 * With `where`, `limit` or `offset` it loads a part of each parent's members, still in that one statement. A partial collection says so
 * (`inspect(user).attrs.posts.partial`), cannot be replaced as a whole, and is loaded whole where a delete or a merge must know all members. The
 * settings hold for later loads of the same objects, too; `refresh(user, ["posts"])` loads it whole.
 *
 * With `depth` it loads a tree along a self-referential relationship, in either direction, with one recursive statement: each object that was reached
 * knows its members, and they their parent. Circles end where they close.
 *
 * `selectinload("*")` speaks of all relationships of the statement that no other option names, at every level, until a class comes again; so do the other
 * loaders. `selectinload(User, "*")` speaks of those of one class. Of several the last one holds.
 *
 * @throws ArgumentError for settings that make no sense together, or for the relationship
 * @example select(User).options(selectinload(User, (u) => u.posts).selectinload((p) => p.tags))
 * @example select(User).options(selectinload("*"), lazyload(User, (u) => u.posts))
 * @example select(User).options(selectinload(User, (u) => u.posts, { orderBy: (p) => p.createdAt.desc(), limit: 3 }))
 * @example select(Folder).options(selectinload(Folder, (f) => f.children, { depth: -1 }))
 */
export function selectinload<E, R, const N extends string>(
  root: Root<E>,
  relation: PickRelation<E, R, N> | "*",
  settings?: LevelSettings<NoInfer<R>>,
): Further<R, E, never, "", N, "beyond">;
export function selectinload<R, Src, const N extends string>(
  relation: RelAttr<R, Src, unknown, N> | "*",
  settings?: LevelSettings<NoInfer<R>>,
): Further<R, RootOf<Src>, never, "", N, "beyond">;
export function selectinload(root: unknown, pick?: unknown, settings?: object): never {
  return relationOption(root, pick, "selectin", settingsOf(pick, settings));
}

/**
 * Loads a relationship in the same SELECT, by an outer join to an anonymous alias. A result with a joined collection must be made `unique()`.
 *
 * @example select(Post).options(joinedload(Post, (p) => p.author, { innerjoin: true }))
 */
export function joinedload<E, R, const N extends string>(
  root: Root<E>,
  relation: PickRelation<E, R, N> | "*",
  settings?: JoinedSettings<NoInfer<R>>,
): Further<R, E, never, "", N, JoinedReach<"within", E, N>>;
export function joinedload<R, Src, const N extends string>(
  relation: RelAttr<R, Src, unknown, N> | "*",
  settings?: JoinedSettings<NoInfer<R>>,
): Further<R, RootOf<Src>, never, "", N, JoinedReach<"within", RootOf<Src>, N>>;
export function joinedload(root: unknown, pick?: unknown, settings?: object): never {
  return relationOption(root, pick, "joined", settingsOf(pick, settings));
}

/** Loads a relationship with one more SELECT that has the first one as its subquery. */
export function subqueryload<E, R, const N extends string>(
  root: Root<E>,
  relation: PickRelation<E, R, N> | "*",
  settings?: MemberSettings<NoInfer<R>>,
): Further<R, E, never, "", N, "beyond">;
export function subqueryload<R, Src, const N extends string>(
  relation: RelAttr<R, Src, unknown, N> | "*",
  settings?: MemberSettings<NoInfer<R>>,
): Further<R, RootOf<Src>, never, "", N, "beyond">;
export function subqueryload(root: unknown, pick?: unknown, settings?: object): never {
  return relationOption(root, pick, "subquery", settingsOf(pick, settings));
}

/** Loads a relationship right after its parents, as a lazy load would: what the identity map has is taken from there. */
export function immediateload<E, R, const N extends string>(
  root: Root<E>,
  relation: PickRelation<E, R, N> | "*",
  settings?: LevelSettings<NoInfer<R>>,
): Further<R, E, never, "", N, "beyond">;
export function immediateload<R, Src, const N extends string>(
  relation: RelAttr<R, Src, unknown, N> | "*",
  settings?: LevelSettings<NoInfer<R>>,
): Further<R, RootOf<Src>, never, "", N, "beyond">;
export function immediateload(root: unknown, pick?: unknown, settings?: object): never {
  return relationOption(root, pick, "immediate", settingsOf(pick, settings));
}

/**
 * Leaves a relationship to be loaded when it is read, whatever the mapping says; `lazyload("*")` for all of the statement.
 *
 * @example select(User).options(lazyload(User, (u) => u.posts, { where: (p) => p.published.eq(true) }))
 */
export function lazyload<E, R>(
  root: Root<E>,
  relation: PickRelation<E, R> | "*",
  settings?: MemberSettings<NoInfer<R>>,
): LoaderPath<R, E, never, never, "beyond">;
export function lazyload<R>(
  relation: RelAttr<R, unknown, unknown> | "*",
  settings?: MemberSettings<NoInfer<R>>,
): LoaderPath<R, unknown, never, never, "beyond">;
export function lazyload(root: unknown, pick?: unknown, settings?: object): never {
  return relationOption(root, pick, "select", settingsOf(pick, settings));
}

/**
 * Reading the relationship is an error; `raiseload("*")` for all that the statement does not load.
 *
 * @example select(User).options(selectinload(User, (u) => u.posts), raiseload("*"))
 */
export function raiseload<E, R>(
  root: Root<E>,
  relation: PickRelation<E, R> | "*",
  settings?: RaiseSettings,
): LoaderPath<R, E, never, never, "beyond">;
export function raiseload<R>(
  relation: RelAttr<R, unknown, unknown> | "*",
  settings?: RaiseSettings,
): LoaderPath<R, unknown, never, never, "beyond">;
export function raiseload(root: unknown, pick?: unknown, settings?: RaiseSettings): never {
  const given = (settingsOf(pick, settings) ?? {}) as RaiseSettings;
  return relationOption(root, pick, given.sqlOnly === true ? "raise_on_sql" : "raise", undefined);
}

/** The relationship is taken to be empty and is never loaded. */
export function noload<E, R>(
  root: Root<E>,
  relation: PickRelation<E, R> | "*",
): LoaderPath<R, E, never, never, "beyond">;
export function noload<R>(relation: RelAttr<R, unknown, unknown> | "*"): LoaderPath<R, unknown, never, never, "beyond">;
export function noload(root: unknown, pick?: unknown): never {
  return relationOption(root, pick, "noload", undefined);
}

/**
 * Fills a relationship from what the statement joins itself.
 *
 * @example select(User).join(u.posts).options(containsEager(u.posts))
 * @example select(User).join(u.posts.of(p1)).options(containsEager(u.posts.of(p1)))
 */
export function containsEager<E, R, const N extends string>(
  root: Root<E>,
  relation: PickRelation<E, R, N>,
): Further<R, E, never, "", N, JoinedReach<"within", E, N>>;
export function containsEager<R, Src, const N extends string>(
  relation: RelAttr<R, Src, unknown, N>,
): Further<R, RootOf<Src>, never, "", N, JoinedReach<"within", RootOf<Src>, N>>;
export function containsEager(root: unknown, pick?: unknown): never {
  return relationOption(root, pick, "containsEager", undefined);
}

/** Goes along a relationship without saying how it is loaded. */
export function defaultload<E, R>(
  root: Root<E>,
  relation: PickRelation<E, R>,
): LoaderPath<R, E, never, never, "beyond">;
export function defaultload<R>(relation: RelAttr<R, unknown, unknown>): LoaderPath<R, unknown, never, never, "beyond">;
export function defaultload(root: unknown, pick?: unknown): never {
  return relationOption(root, pick, null, undefined);
}

/** Options for one class of the statement. @example load(User).options(selectinload(...), defer(...)) */
export function load<E>(root: Root<E>): LoaderPath<E> {
  return new LoaderOption(requireEntity(root)) as unknown as LoaderPath<E>;
}

/**
 * Loads only these columns, and the key; the others are loaded when they are read.
 *
 * @param columns lambdas that pick one or several of them
 * @param settings what becomes of reading another
 * @example select(User).options(loadOnly(User, (u) => [u.id, u.name], { raiseload: true }))
 */
export function loadOnly<E, const C extends readonly PickColumns<E>[]>(
  root: Root<E>,
  ...columns: C
): LoaderPath<E, E, `=${PickedName<C[number]>}`>;
export function loadOnly<E, const C extends PickColumns<E>>(
  root: Root<E>,
  columns: C,
  settings: DeferSettings,
): LoaderPath<E, E, `=${PickedName<C>}`>;
export function loadOnly(root: unknown, ...picks: readonly unknown[]): never {
  const { option, direct } = begin(root);
  return option.loadOnly(...(direct === undefined ? picks : [direct, ...picks])) as never;
}

/** Leaves columns out until they are read; `"*"` for all, `defer("*")` for those of every class that the statement loads. */
export function defer<E, const C extends PickColumns<E> | "*">(
  root: Root<E>,
  columns: C,
  settings?: DeferSettings,
): LoaderPath<E, E, `!${PickedName<C>}`>;
export function defer(all: "*", settings?: DeferSettings): LoaderPath<unknown>;
export function defer(root: unknown, pick?: unknown, settings?: DeferSettings): never {
  const given = (root === "*" ? pick : settings) as DeferSettings | undefined;
  return columnOption(given?.raiseload === true ? "raise" : "defer", root, root === "*" ? [] : [pick]);
}

/** Loads columns that the mapping defers; `"*"` for all, `undefer("*")` for those of every class that the statement loads. */
export function undefer<E>(root: Root<E>, ...columns: readonly (PickColumns<E> | "*")[]): LoaderPath<E>;
export function undefer(all: "*"): LoaderPath<unknown>;
export function undefer(root: unknown, ...picks: readonly unknown[]): never {
  return columnOption("load", root, picks);
}

/** Loads the deferred columns of a group. */
export function undeferGroup<E>(root: Root<E>, group: string): LoaderPath<E> {
  return new LoaderOption(requireEntity(root)).undeferGroup(group) as unknown as LoaderPath<E>;
}

function columnOption(action: ColumnAction, root: unknown, picks: readonly unknown[]): never {
  const { option, direct } = begin(root);
  return option.columnStep(action, direct === undefined ? picks : [direct, ...picks]) as never;
}

// selectinload(u.posts, { recursionDepth: 2 }): the settings come second where the relationship comes first
function settingsOf<S extends object>(pick: unknown, settings: S | undefined): S | undefined {
  return (
    settings ??
    (typeof pick === "object" && pick !== null && !(pick instanceof InstrumentedRelation || pick instanceof AnyRelation)
      ? (pick as S)
      : undefined)
  );
}

/**
 * Loads the columns of subclasses for the objects that a query on their base finds, with one more SELECT for each of them. What further options of the
 * path say of relationships of a subclass holds there.
 *
 * @throws ArgumentError for a class that is no subclass
 * @example select(Employee).options(selectinPolymorphic(Employee, [Manager, Engineer]))
 */
export function selectinPolymorphic<E, const S extends readonly Cls<E>[]>(root: Root<E>, classes: S): LoaderPath<E> {
  return new LoaderOption(requireEntity(root)).selectinPolymorphic(classes) as unknown as LoaderPath<E>;
}

/**
 * Gives a `@QueryExpression` attribute its value in this statement. Objects that are loaded already keep theirs, unless `populateExisting`.
 *
 * @param attribute the attribute of `root`
 * @param expression the expression, or a lambda over the attributes of `root`
 * @throws ArgumentError for an attribute that is no query expression
 * @example select(Book).options(withExpression(Book, (b) => b.score, (b) => b.likes.mul(2)))
 */
export function withExpression<E, T>(
  root: Root<E>,
  attribute: (entity: Attrs<E>) => Valued<T>,
  expression: Valued<NoInfer<T> | null> | ((entity: Attrs<E>) => Valued<NoInfer<T> | null>),
): LoaderPath<E> {
  const entity = requireEntity(root);
  return new LoaderOption(entity).withExpression(attribute, expression) as unknown as LoaderPath<E>;
}

/** Options of `withLoaderCriteria`. */
export interface CriteriaSettings {
  /** Aliases that the statement makes of the class (`aliased(...)`) too. Default false. */
  readonly includeAliases?: boolean;
  /** Lazy loads of the objects that are loaded, too. Default true. */
  readonly propagateToLoaders?: boolean;
}

/** What a condition on a mixin may use: the attributes that the mixin itself declares. */
export type CriteriaOf<E> = Condition | ((entity: Attrs<E>) => Condition);

/**
 * A condition on every appearance of a class: in the statement and its FROM, in its joins, conditions, subqueries and unions, in what bulk statements write, and in all loads that follow from it,
 * lazy ones included. A class that is not mapped itself stands for every mapped class that inherits from it (that is `instanceof` it); its function is
 * then called once for each. An alias stands for itself alone.
 *
 * @example select(User).options(withLoaderCriteria(Post, (p) => p.deleted.eq(false)))
 * @example select(User).options(withLoaderCriteria(SoftDeletes, (x) => x.deletedAt.isNull(), { includeAliases: true }))
 * @throws ArgumentError for a class that no mapped class inherits from
 */
export function withLoaderCriteria<E>(
  cls: Root<E>,
  condition: CriteriaOf<E>,
  settings: CriteriaSettings = {},
): LoadOption {
  const isMapped = findEntity(cls) !== null;
  const entities = isMapped ? [requireEntity(cls)] : mappedWith(cls as AnyClass).map(entityOf);
  if (!isMapped && typeof condition !== "function") {
    throw new ArgumentError(
      "withLoaderCriteria() of a mixin takes a function of its attributes: the condition is another one for each class that has it.",
    );
  }
  const conditions = entities.map((entity) => {
    const given =
      typeof condition === "function"
        ? (condition as (attrs: object) => unknown)(entity.attrs)
        : (condition as unknown);
    return requireCondition(given, "withLoaderCriteria()");
  });
  return new LoaderCriteria(
    entities,
    conditions,
    settings.includeAliases === true,
    settings.propagateToLoaders !== false,
  );
}

/** The mapped classes that have a mixin: the topmost of each hierarchy. */
function mappedWith(mixin: AnyClass): readonly Mapper[] {
  const found = allMappers().filter((mapper) => mapper.cls.prototype instanceof mixin);
  if (found.length === 0) {
    const name = typeof mixin === "function" ? mixin.name : String(mixin);
    throw new ArgumentError(
      `withLoaderCriteria(): ${name} is no mapped class, and no mapped class inherits from it. Import the modules of the classes that do.`,
    );
  }
  return found;
}
