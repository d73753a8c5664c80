/** What the API shows of what is stored: schemas of its answers, and what makes them of entities. */
import { z } from "zod";
import type { AuditEntry, BasketLine, Book, Customer, Order } from "../../entities/index.js";
import { totalCents } from "../../use-cases/baskets.js";
import type { Page } from "../../use-cases/keyset.js";
import { fieldsOf } from "../../use-cases/office.js";
import type { Thread } from "../../use-cases/reviews.js";

const moment = z.iso.datetime();

export const failure = z.object({
  error: z.object({ message: z.string(), fields: z.record(z.string(), z.string()).optional() }).loose(),
});

export const bookSummary = z.object({
  id: z.int(),
  title: z.string(),
  byline: z.string(),
  language: z.string(),
  year: z.int(),
  priceCents: z.int(),
  onHand: z.int(),
});

export const summaryOf = ({
  id,
  title,
  byline,
  language,
  year,
  priceCents,
  stock,
}: Book): z.input<typeof bookSummary> => ({
  id,
  title,
  byline,
  language,
  year,
  priceCents,
  onHand: stock.onHand,
});

export const bookView = bookSummary.extend({
  isbn: z.string(),
  blurb: z.string(),
  genre: z.object({ slug: z.string(), name: z.string() }),
  authors: z.array(z.object({ id: z.int(), name: z.string() })),
  rating: z.number().nullable(),
  ratingCount: z.int(),
});

export const bookOf = (book: Book): z.input<typeof bookView> => ({
  ...summaryOf(book),
  isbn: book.isbn,
  blurb: book.blurb,
  genre: { slug: book.genre.slug, name: book.genre.name },
  authors: book.authors.map(({ id, name }) => ({ id, name })),
  rating: book.rating === null ? null : Number(book.rating),
  ratingCount: Number(book.ratingCount),
});

/** A page of a list. */
export const pageOf = <S extends z.ZodType>(item: S) =>
  z.object({ items: z.array(item), next: z.string().nullable(), previous: z.string().nullable() });

export const mapPage = <T, R>({ items, next, previous }: Page<T>, of: (item: T) => R) => ({
  items: items.map(of),
  next,
  previous,
});

export const customerView = z.object({
  id: z.int(),
  email: z.string(),
  name: z.string(),
  role: z.string(),
  joinedAt: moment,
});

export const customerOf = ({ id, email, name, role, joinedAt }: Customer): z.input<typeof customerView> => ({
  id,
  email,
  name,
  role,
  joinedAt: joinedAt.toISOString(),
});

export const ticketView = z.object({ token: z.string(), expiresAt: moment });

export const basketView = z.object({
  lines: z.array(z.object({ book: bookSummary, quantity: z.int() })),
  totalCents: z.int(),
});

export const basketOf = (lines: readonly BasketLine[]): z.input<typeof basketView> => ({
  lines: lines.map(({ book, quantity }) => ({ book: summaryOf(book), quantity })),
  totalCents: totalCents(lines),
});

export const orderView = z.object({
  reference: z.string(),
  state: z.string(),
  placedAt: moment,
  totalCents: z.int(),
  lines: z.array(z.object({ bookId: z.int(), title: z.string(), quantity: z.int(), unitCents: z.int() })),
});

export const orderOf = ({ reference, state, placedAt, totalCents, lines }: Order): z.input<typeof orderView> => ({
  reference,
  state,
  placedAt: placedAt.toISOString(),
  totalCents,
  lines: lines.map(({ bookId, title, quantity, unitCents }) => ({ bookId, title, quantity, unitCents })),
});

export const threadView = z.object({
  id: z.int(),
  /** Null for a reply. */
  rating: z.int().nullable(),
  /** Null for one that was taken back. */
  text: z.string().nullable(),
  writer: z.string().nullable(),
  writtenAt: moment,
  get replies() {
    return z.array(threadView);
  },
});

export const threadOf = ({ review, replies }: Thread): z.input<typeof threadView> => ({
  id: review.id,
  rating: review.rating,
  text: review.deletedAt === null ? review.text : null,
  writer: review.deletedAt === null ? review.writer.name : null,
  writtenAt: review.writtenAt.toISOString(),
  replies: replies.map(threadOf),
});

export const editView = z.object({
  id: z.int(),
  version: z.int(),
  title: z.string(),
  isbn: z.string(),
  blurb: z.string(),
  language: z.string(),
  year: z.int(),
  priceCents: z.int(),
  genreId: z.int(),
  authors: z.array(z.string()).readonly(),
  onHand: z.int(),
  removed: z.boolean(),
});

export const editOf = (book: Book): z.input<typeof editView> => ({
  id: book.id,
  ...fieldsOf(book),
  onHand: book.stock.onHand,
  removed: book.deletedAt !== null,
});

export const auditView = z.object({
  action: z.string(),
  actor: z.string(),
  at: moment,
  changes: z.record(z.string(), z.tuple([z.unknown(), z.unknown()])),
});

export const auditOf = ({ action, actor, at, changes }: AuditEntry): z.input<typeof auditView> => ({
  action,
  actor,
  at: at.toISOString(),
  changes: changes as Record<string, [unknown, unknown]>,
});
