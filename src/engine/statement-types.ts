/** The types of what statements give. */
import type { Node } from "../sql/node.js";
import type { RowsOf } from "../sql/typing.js";
import type { CursorResult, FirstOf } from "./result.js";
import type { ResultPromise } from "./result-promise.js";

/** A statement whose rows are `R`. */
export type Executable<R> = RowsOf<R>;

/** Any statement: its rows are not known to the compiler. */
export type AnyStatement = Node;

/** The promise of a connection's result, with the result's own methods. */
export type CursorResultPromise<R> = ResultPromise<R, CursorResult<R>>;

/** The first column of rows `R`. */
export type ScalarOf<R> = FirstOf<R>;
