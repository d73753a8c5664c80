/** The back office: the catalogue is kept here, and every edit of it can be read later. */
import { attrs, create, func, StaleDataError, select, selectinload, toObject } from "athanor";
import { AuditEntry, Author, Book, Genre, Letter, OutboxEvent, Stock } from "../entities/index.js";
import { requireClerk } from "../scope.js";
import { db } from "../session.js";
import { KeysetList, type KeysetOrder, type Page, type PageRequest } from "./keyset.js";
import { missing, Refusal } from "./refusals.js";
import { matching } from "./search.js";

/** What of a book is edited. */
export interface BookFields {
  readonly title: string;
  readonly isbn: string;
  readonly blurb: string;
  readonly language: string;
  readonly year: number;
  readonly priceCents: number;
  readonly genreId: number;
  /** Their names; who is not known yet is added. */
  readonly authors: readonly string[];
}

/** Somebody else has edited the book since it was read. */
export class EditConflict extends Refusal {
  override readonly name = "EditConflict";

  constructor(
    /** The book as it is now. */
    readonly theirs: BookFields & { readonly version: number },
    /** As whoever asked would have it. */
    readonly mine: BookFields,
  ) {
    super("conflict", "Somebody has edited this book since you opened it.");
  }
}

const FIELDS = ["title", "isbn", "blurb", "language", "year", "priceCents"] as const;

/** The edited fields of a book as plain values. Its authors and its genre are loaded. */
export function fieldsOf(book: Book): BookFields & { readonly version: number } {
  const plain = toObject(book, { include: [...FIELDS, "version"] }) as unknown as BookFields & { version: number };
  return { ...plain, genreId: book.genre.id, authors: book.authors.map(({ name }) => name) };
}

const EDITED = select(Book).options(
  selectinload(Book, (b) => b.authors),
  selectinload(Book, (b) => b.genre),
  selectinload(Book, (b) => b.stock),
);

/** A book to edit, removed ones too. */
export async function bookToEdit(id: number): Promise<Book> {
  requireClerk();
  const book = await db
    .scalars(
      EDITED.where((b) => b.id.eq(id)),
      {},
      { includeDeleted: true },
    )
    .first();
  if (book === null) throw missing("book");
  return book;
}

export async function addBook(fields: BookFields, copies: number): Promise<Book> {
  requireClerk();
  const { genreId, authors, ...plain } = fields;
  const book = create(Book, { ...plain, genre: await genre(genreId), stock: create(Stock, { onHand: copies }) });
  db.add(book.writtenBy(await authorsNamed(authors)));
  await db.flush();
  return book;
}

/**
 * Edits a book that was read at a version.
 *
 * @param changes the fields that are to be others
 * @throws EditConflict when it has another version by now, with the book as it is and as it would have become
 */
export async function editBook(id: number, version: number, changes: Partial<BookFields>): Promise<Book> {
  const book = await bookToEdit(id);
  const mine = { ...fieldsOf(book), ...changes };
  if (book.version !== version) throw new EditConflict(fieldsOf(book), mine);
  const { genreId, authors, ...plain } = changes;
  // Everything is asked before anything is changed: a query writes first what was changed before it, and this is to be one edit.
  const newGenre = genreId === undefined ? null : await genre(genreId);
  const newAuthors = authors === undefined ? null : await authorsNamed(authors);
  Object.assign(book, plain);
  if (newGenre !== null) book.genre = newGenre;
  if (newAuthors !== null) book.writtenBy(newAuthors);
  try {
    await db.flush();
  } catch (error) {
    // Somebody was faster by a moment: between our reading and our writing.
    if (!(error instanceof StaleDataError)) throw error;
    await db.rollback();
    throw new EditConflict(fieldsOf(await bookToEdit(id)), mine);
  }
  return book;
}

/** Takes a book out of the catalogue. Orders and reviews of it stay, and it can be put back. */
export async function removeBook(id: number): Promise<Book> {
  const book = await bookToEdit(id);
  if (book.deletedAt !== null) throw new Refusal("conflict", "That book was removed already.");
  book.deletedAt = new Date();
  return book;
}

export async function restoreBook(id: number): Promise<Book> {
  const book = await bookToEdit(id);
  book.deletedAt = null;
  return book;
}

/** Adds copies to the stock of a book, or takes some off. */
export async function restock(bookId: number, copies: number): Promise<Stock> {
  requireClerk();
  const stock = await db.get(Stock, bookId, { withForUpdate: true, populateExisting: true });
  if (stock === null) throw missing("book");
  if (stock.onHand + copies < 0) throw new Refusal("conflict", `There are only ${stock.onHand} copies.`, "copies");
  stock.onHand += copies;
  return stock;
}

const NEWEST: KeysetOrder<Book> = { of: "number", by: (b) => b.id, valueOf: (b) => b.id, descending: true };

/** Books of the catalogue by what was typed, or those that were removed. */
export async function officeBooks(
  request: PageRequest & { words?: string | undefined; removed?: boolean },
): Promise<Page<Book>> {
  requireClerk();
  let books = select(Book).options(selectinload(Book, (b) => b.stock));
  const match = request.words === undefined ? null : matching(request.words, db.getBind(Book).dialect.name);
  if (match !== null) books = books.where(match);
  if (request.removed === true) books = books.where((b) => b.deletedAt.isNotNull());
  return await new KeysetList(Book, books, NEWEST).page(request, { includeDeleted: request.removed === true });
}

/** Who changed what of an object, the newest first. */
export async function history(subject: string, id: number): Promise<AuditEntry[]> {
  requireClerk();
  return await db
    .scalars(
      select(AuditEntry)
        .where((e) => e.subject.eq(subject))
        .where((e) => e.subjectId.eq(id))
        .orderBy((e) => e.id.desc())
        .limit(200),
    )
    .all();
}

const EVENT = attrs(OutboxEvent);

/** What the outbox holds: the newest events, and the letters that came of them. */
export async function outbox(): Promise<{ waiting: number; events: OutboxEvent[]; letters: Letter[] }> {
  requireClerk();
  const waiting = await db.scalar(select(func.count(EVENT.id)).where(EVENT.deliveredAt.isNull()));
  return {
    waiting: Number(waiting),
    events: await db
      .scalars(
        select(OutboxEvent)
          .orderBy((e) => e.id.desc())
          .limit(25),
      )
      .all(),
    letters: await db
      .scalars(
        select(Letter)
          .orderBy((l) => l.sentAt.desc())
          .limit(10),
      )
      .all(),
  };
}

async function genre(id: number): Promise<Genre> {
  const found = await db.get(Genre, id);
  if (found === null) throw new Refusal("invalid", "There is no such genre.", "genreId");
  return found;
}

/** Authors by their names; who is new is added. */
async function authorsNamed(names: readonly string[]): Promise<Author[]> {
  const known = await db.scalars(select(Author).where((a) => a.name.in(names))).all();
  return names.map((name) => known.find((author) => author.name === name) ?? create(Author, { name }));
}
