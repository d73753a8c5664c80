/** The search of the catalogue: one construct, which each database writes in its way. */
import { ColumnElement, type Condition, compiles, literal, type SQLType, t } from "athanor";

/** Books whose title or byline has all of these words, or words that begin so. */
class BookMatches extends ColumnElement<boolean> {
  static override readonly parts = { query: "node" } as const;
  override get visitName(): string {
    return "BookMatches";
  }
  constructor(readonly query: ColumnElement) {
    super();
  }
  get type(): SQLType {
    return t.boolean;
  }
}

compiles(
  BookMatches,
  "postgresql",
  ({ query }: BookMatches, compiler) =>
    `to_tsvector('simple', books.title || ' ' || books.byline) @@ to_tsquery('simple', ${compiler.process(query)})`,
);
compiles(
  BookMatches,
  "sqlite",
  ({ query }: BookMatches, compiler) =>
    `books.id IN (SELECT rowid FROM book_words WHERE book_words MATCH ${compiler.process(query)})`,
);

const WORD = /[\p{L}\p{N}]+/gu;

/**
 * The condition for what somebody typed; null where there is no word in it.
 *
 * @param dialect whose query language it is
 */
export function matching(typed: string, dialect: string): Condition | null {
  const words = (typed.toLowerCase().match(WORD) ?? []).slice(0, 8);
  if (words.length === 0) return null;
  const query =
    dialect === "postgresql"
      ? words.map((word) => `${word}:*`).join(" & ")
      : words.map((word) => `"${word}"*`).join(" ");
  return new BookMatches(literal(query) as never) as never;
}
