/**
 * Types that know what a statement loads: the result of `select(User).options(selectinload(User, (u) => u.posts))` is `Loaded<User, "posts">`, which a
 * function can ask for in its parameters.
 */
import type { IsRelation, PropertyOf } from "./entity.js";

/**
 * Settings of the types, for a project that wants others. With `loaded: false` statements give plain entities, whatever their options say, and
 * `Loaded<User, ...>` is `User`.
 *
 * @example declare module "athanor" { interface TypeSettings { loaded: false } }
 */
// biome-ignore lint/suspicious/noEmptyInterface: it is there to be merged with
export interface TypeSettings {}

/** Whether types say what is loaded. */
export type Tracked = TypeSettings extends { readonly loaded: false } ? false : true;

/** Where an entity says which relationships are loaded; never set at run time. */
export declare const LOADED: unique symbol;

/** Relationships of a class, and of what lies behind them, by their paths: `"posts" | "posts.tags"`. */
export type RelationPath<E> = RelationKey<E> | `${RelationKey<E>}.${string}`;
type RelationKey<E> = { [K in PropertyOf<E>]: IsRelation<E[K]> extends true ? K : never }[PropertyOf<E>] & string;

/**
 * An entity whose relationships of these paths are loaded: reading them needs no database. It is assignable to `E`; an `E` of which nothing is known is
 * not assignable to it.
 *
 * @example function render(user: Loaded<User, "posts" | "posts.tags">) { return user.posts.map((post) => post.tags.length); }
 */
export type Loaded<E, P extends RelationPath<E>> = Marked<E, P> & MembersBehind<E, P> & Beside<E, NarrowedBehind<P>>;

/** The entity without relationships to objects that lack columns: those are no members of their class. */
type Beside<E, K extends string> = [K] extends [never] ? E : WithoutColumns<E, K & keyof E>;
type NarrowedBehind<P extends string> = P extends `${infer K}.${infer Rest}`
  ? Rest extends `${string}${"=" | "!"}${string}`
    ? K
    : never
  : never;

type Marked<E, P extends string> = Tracked extends true ? { readonly [LOADED]: Facts<E, P> } : unknown;

/** What is known of each relationship. Those of which nothing is are named too: objects of which different things are known can be compared with `===`. */
type Facts<E, P extends string> = {
  readonly [K in RelationKey<E>]: K extends Head<P> ? LoadedPaths<Tail<P, K>> : unknown;
};

/** Relationships that are loaded, with those that are loaded behind each. */
type LoadedPaths<P extends string> = {
  readonly [K in Head<P> as K extends ColumnFact<K> ? never : K]: LoadedPaths<Tail<P, K>>;
};

type Head<P extends string> = P extends `${infer K}.${string}` ? K : P;
type Tail<P extends string, K extends string> = P extends `${K}.${infer Rest}` ? Rest : never;

/** Relationships behind which something is known, with it. */
type MembersBehind<E, P extends string> = Tracked extends true
  ? { [K in Deeper<P> & keyof E]: MembersWith<E[K], Tail<P, K & string>> }
  : unknown;
type Deeper<P extends string> = P extends `${infer K}.${string}` ? K : never;

type MembersWith<T, P extends string> = T extends null | undefined
  ? T
  : T extends readonly (infer M)[]
    ? ObjectWith<M, P>[]
    : T extends ReadonlyMap<infer K, infer M>
      ? Map<K, ObjectWith<M, P>>
      : T extends ReadonlySet<infer M>
        ? Set<ObjectWith<M, P>>
        : ObjectWith<T, P>;

/** An object with facts about it: paths, and `=name` or `!name` about its columns. */
export type ObjectWith<E, F extends string> = [F] extends [never]
  ? E
  : [ColumnFact<F>] extends [never]
    ? WithPaths<E, F>
    : WithPaths<WithColumns<E, ColumnFact<F>>, Exclude<F, ColumnFact<F>>>;

type WithPaths<E, P extends string> = [P] extends [never] ? E : [P] extends [RelationPath<E>] ? Loaded<E, P> : E;

/** Facts about the columns of the object itself. */
type ColumnFact<F extends string> = F extends `!${string}` | `=${string}` ? F : never;

type WithColumns<E, F extends string> = [Extract<F, `=${string}`>] extends [never]
  ? WithoutColumns<E, Unmarked<F> & keyof E>
  : OnlyColumns<E, Unmarked<Extract<F, `=${string}`>> & keyof E>;

type Unmarked<F extends string> = F extends `${"=" | "!"}${infer K}` ? K : never;

type IsReadonly<E, K extends keyof E> =
  (<T>() => T extends { [P in K]: E[P] } ? 1 : 2) extends <T>() => T extends { readonly [P in K]: E[P] } ? 1 : 2
    ? true
    : false;

/** Columns that can be written: the others are getters and the like, which compute. */
type WritableColumn<E> = {
  [K in PropertyOf<E>]: IsRelation<E[K]> extends true ? never : IsReadonly<E, K> extends true ? never : K;
}[PropertyOf<E>];

/** Where an entity that lacks columns says what it is with them; never set at run time. */
declare const WHOLE: unique symbol;
interface PartOf<E> {
  readonly [WHOLE]?: E;
}

/** An entity of whose columns only these are loaded, as `loadOnly` does; relationships, getters and methods are there. */
export type OnlyColumns<E, K extends keyof E> = Omit<E, Exclude<WritableColumn<E>, K>> & PartOf<E>;
/** An entity without these columns, as `defer` does. */
export type WithoutColumns<E, K extends keyof E> = Omit<E, K> & PartOf<E>;
/** The entity with all its columns, for those who can load them. */
export type Whole<E> = typeof WHOLE extends keyof E ? (E extends PartOf<infer W> ? W : E) : E;
