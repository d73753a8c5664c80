/** What loader options take beside the relationship or the columns. */
import type { Attrs } from "../../sql/entity.js";
import type { Condition, Valued } from "../../sql/typing.js";

/** Which members of a collection are loaded, and in which order. */
export interface MemberChoice<R> {
  /** Only members that meet this condition; the collection is partial then: `inspect(user).attrs.posts.partial`. */
  readonly where?: Condition | ((member: Attrs<R>) => Condition);
  /** Their order, in place of the mapping's. Where members are counted, the primary key decides between equals. */
  readonly orderBy?: (member: Attrs<R>) => Valued | readonly Valued[];
}

/** Options of `joinedload`. */
export interface JoinedSettings<R = never> extends MemberChoice<R> {
  /** INNER JOIN, for relations to one that are never empty. Default: what the mapping says, else LEFT OUTER JOIN. */
  readonly innerjoin?: boolean;
}

/** Options of the loaders that take statements of their own: `selectinload`, `subqueryload`, `immediateload`, `lazyload`. */
export interface MemberSettings<R> extends MemberChoice<R> {
  /** At most so many members of each parent; the collection is partial then. */
  readonly limit?: number;
  /** Leaves out so many members of each parent; the collection is partial then. */
  readonly offset?: number;
  /** How many levels of a self-referential relationship to load, all with one recursive statement; -1 for all that there are. */
  readonly depth?: number;
}

/** Options of `selectinload` and `immediateload`. */
export interface LevelSettings<R> extends MemberSettings<R> {
  /** How many levels of a self-referential relationship to load, with a statement for each level; -1 until nothing is found. */
  readonly recursionDepth?: number;
}

/** Options of `raiseload`. */
export interface RaiseSettings {
  /** Raise only where SQL would be emitted: what the identity map has is given. */
  readonly sqlOnly?: boolean;
}

/** Options of `defer`. */
export interface DeferSettings {
  /** Reading the column raises instead of loading it. */
  readonly raiseload?: boolean;
}
