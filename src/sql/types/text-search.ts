/** Full-text search as types: what the operators of documents and queries take and give. */

import type { BoolExpr, Expr, ExprOf, Operand, StrExpr, TextSearchOptions, Valued, WithOperators } from "../typing.js";
import { NamedType } from "./extensible.js";

/** What text has, and neither documents nor queries have. */
type TextOnly = Exclude<keyof StrExpr<string>, keyof Expr<string>>;

interface VectorOperators {
  /** Whether the document has what a query asks for: `vector @@ query`. Plain text is taken as words that must all be there. */
  match(query: Operand<string> | Valued<TsQuery>, options?: TextSearchOptions): BoolExpr<boolean>;
  /** One document behind the other. */
  concat(other: Valued<TsVector>): ExprOf<TsVector>;
}

/** A document prepared for search: its words in their basic form, with their places. */
export type TsVector = WithOperators<string, VectorOperators, TextOnly>;
/** A query of such documents. `func.tsqueryAnd()`, `tsqueryOr()` and `tsqueryNot()` put queries together. */
export type TsQuery = WithOperators<string, object, TextOnly>;

export const textVector: NamedType<TsVector> = new NamedType<TsVector>("tsvector");
export const textQuery: NamedType<TsQuery> = new NamedType<TsQuery>("tsquery");
