/** What visitors see: lists of books, and one of them. */
import { joinedload, loadOnly, select, selectinload, undefer } from "athanor";
import { Author, Book, Genre } from "../entities/index.js";
import { db } from "../session.js";
import { KeysetList, type KeysetOrder, type Page, type PageRequest } from "./keyset.js";
import { missing } from "./refusals.js";
import { matching } from "./search.js";

export const CATALOGUE_ORDERS = ["newest", "title", "cheapest", "dearest"] as const;
export type CatalogueOrder = (typeof CATALOGUE_ORDERS)[number];

const BY: Readonly<Record<CatalogueOrder, KeysetOrder<Book>>> = {
  newest: { of: "time", by: (b) => b.addedAt, valueOf: (b) => b.addedAt, descending: true },
  title: { of: "text", by: (b) => b.title, valueOf: (b) => b.title },
  cheapest: { of: "number", by: (b) => b.priceCents, valueOf: (b) => b.priceCents },
  dearest: { of: "number", by: (b) => b.priceCents, valueOf: (b) => b.priceCents, descending: true },
};

export interface CatalogueQuery extends PageRequest {
  readonly words?: string | undefined;
  /** The slug of a genre. */
  readonly genre?: string | undefined;
  readonly language?: string | undefined;
  readonly author?: number | undefined;
  readonly minCents?: number | undefined;
  readonly maxCents?: number | undefined;
  readonly inStock?: boolean | undefined;
  readonly order?: CatalogueOrder | undefined;
}

/** Books as lists show them. */
const LISTED = select(Book).options(
  loadOnly(Book, (b) => [b.title, b.byline, b.language, b.year, b.priceCents, b.addedAt]),
  joinedload(Book, (b) => b.stock, { innerjoin: true }).loadOnly((s) => s.onHand),
);

/** The whole catalogue, which is asked for most. */
const WHOLE: Readonly<Record<CatalogueOrder, KeysetList<Book>>> = {
  newest: new KeysetList(Book, LISTED, BY.newest),
  title: new KeysetList(Book, LISTED, BY.title),
  cheapest: new KeysetList(Book, LISTED, BY.cheapest),
  dearest: new KeysetList(Book, LISTED, BY.dearest),
};

/** A page of the catalogue; of each book what lists show, with its stock. */
export async function browse(query: CatalogueQuery): Promise<Page<Book>> {
  const { words, genre, language, author, minCents, maxCents, inStock, order = "newest" } = query;
  let books = LISTED;
  const match = words === undefined ? null : matching(words, db.getBind(Book).dialect.name);
  if (match !== null) books = books.where(match);
  if (genre !== undefined) books = books.where((b) => b.genre.has((g) => g.slug.eq(genre)));
  if (language !== undefined) books = books.where((b) => b.language.eq(language));
  if (author !== undefined) books = books.where((b) => b.authors.any((a) => a.id.eq(author)));
  if (minCents !== undefined) books = books.where((b) => b.priceCents.ge(minCents));
  if (maxCents !== undefined) books = books.where((b) => b.priceCents.le(maxCents));
  if (inStock === true) books = books.where((b) => b.stock.has((s) => s.onHand.gt(0)));
  const list = books === LISTED ? WHOLE[order] : new KeysetList(Book, books, BY[order]);
  return await list.page(query);
}

const ONE = select(Book).options(
  selectinload(Book, (b) => b.authors),
  selectinload(Book, (b) => b.genre),
  selectinload(Book, (b) => b.stock),
  undefer(
    Book,
    (b) => b.rating,
    (b) => b.ratingCount,
  ),
);

/** A book with its authors, genre, stock and rating. */
export async function bookDetails(id: number): Promise<Book> {
  const book = await db.scalars(ONE.where((b) => b.id.eq(id))).first();
  if (book === null) throw missing("book");
  return book;
}

/** What the catalogue can be narrowed to. */
export async function genres(): Promise<Genre[]> {
  return await db.scalars(select(Genre).orderBy((g) => g.name)).all();
}

export async function author(id: number): Promise<Author> {
  const found = await db.get(Author, id);
  if (found === null) throw missing("author");
  return found;
}
