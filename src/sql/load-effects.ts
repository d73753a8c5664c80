/** What loader options do to the types of rows. */
import type { Kind, LoadOption } from "./entity.js";
import type { ObjectWith, Tracked } from "./loaded.js";
import type { LOADS, RowsOf } from "./typing.js";

/** Where a loader option says what it does; never set at run time. */
export declare const EFFECT: unique symbol;
/** Where a statement says that its result must be made unique; never set at run time. */
export declare const NEEDS_UNIQUE: unique symbol;

/**
 * What a loader option does: it begins at an `R`, and facts about it hold: paths, `=name` for columns that alone are loaded, `!name` for deferred ones,
 * behind a path `posts.!name`. `J` says whether it joins a collection.
 */
export interface LoadEffect<R, F extends string, J extends boolean> {
  readonly root: (entity: R) => void;
  readonly facts: F;
  readonly joins: J;
}

/** A loader option with its effect in its type. */
export interface EffectiveOption<R, F extends string, J extends boolean> extends LoadOption {
  readonly [EFFECT]: LoadEffect<R, F, J>;
}

/** Whether a relationship holds many objects. */
export type IsMany<E, K> = K extends keyof E ? (Kind<E[K]> extends "many" ? true : false) : false;

type AnyFact<O> = O extends { readonly [EFFECT]: LoadEffect<never, infer F, boolean> } ? F : never;
type RootOf<O, F> = O extends { readonly [EFFECT]: LoadEffect<infer R, infer G, boolean> }
  ? F extends G
    ? R
    : never
  : never;
type AnyJoin<O> = O extends { readonly [EFFECT]: LoadEffect<never, string, infer J> } ? J : never;

/** Facts, each with who it is about. */
type FactsOf<O> = { readonly [F in AnyFact<O>]: (entity: RootOf<O, F>) => void };

/** Whether an option says anything that rows could tell. */
export type Tells<O> = Tracked extends true ? ([AnyFact<O>] extends [never] ? false : true) : false;

/** What a statement gains by loader options. */
export type Loading<O> = FactsOf<O> & (true extends AnyJoin<O> ? JoinsCollection : unknown);

/** What is said of a statement that joins a collection for loading: its parents come once for each member until the result is made `unique()`. */
export interface JoinsCollection {
  readonly [NEEDS_UNIQUE]: true;
}

/** A statement whose rows are `Row` and whose loader options say `Load` of the entities in them; unknown where they say nothing. */
export interface LoadingStatement<Row, Load> extends RowsOf<Row> {
  readonly [LOADS]?: Load;
}

/** A row of a statement with what its options say about the entities in it. */
export type LoadedRow<Row, Load> = unknown extends Load
  ? Row
  : {
      [I in keyof Row]: Row[I] extends object
        ? ObjectWith<Row[I], { [F in keyof Load]: About<Row[I], Load, F> }[keyof Load] & string>
        : Row[I];
    };

/** The same where columns that were left out are loaded when they are read. */
export type SyncLoadedRow<Row, Load> = unknown extends Load ? Row : LoadedRow<Row, OfPaths<Load>>;
type OfPaths<Load> = { [F in keyof Load as F extends `${string}${"=" | "!"}${string}` ? never : F]: Load[F] };

type About<E, Load, F extends keyof Load> = Load[F] extends (entity: E) => void ? F : never;
