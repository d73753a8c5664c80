/** What readers say of books, and to each other. */
import { create, select, selectinload } from "athanor";
import { Book, Review } from "../entities/index.js";
import { requireCustomer } from "../scope.js";
import { db } from "../session.js";
import { missing, Refusal } from "./refusals.js";

/** A review or reply as readers see it: of one that was removed they see only what was answered to it. */
export interface Thread {
  readonly review: Review;
  readonly replies: readonly Thread[];
}

/** The reviews of a book, the newest first, each with its replies, however deep. */
export async function threads(bookId: number): Promise<Thread[]> {
  const reviews = await db
    .scalars(
      select(Review)
        .where((r) => r.bookId.eq(bookId))
        .where((r) => r.parent.isNull())
        .orderBy((r) => r.id.desc())
        .limit(50)
        .options(
          selectinload(Review, (r) => r.writer),
          selectinload(Review, (r) => r.replies, { recursionDepth: -1 }).selectinload((r) => r.writer),
        ),
      {},
      { includeDeleted: true },
    )
    .all();
  return reviews.map(threadOf).filter((thread) => thread !== null);
}

function threadOf(review: Review): Thread | null {
  const replies = review.replies.map(threadOf).filter((thread) => thread !== null);
  return review.deletedAt === null || replies.length > 0 ? { review, replies } : null;
}

/** Reviews a book: once, and then again in place of what was said before. */
export async function review(bookId: number, { rating, text }: { rating: number; text: string }): Promise<Review> {
  const { id } = requireCustomer();
  if ((await db.get(Book, bookId)) === null) throw missing("book");
  const earlier = await db
    .scalars(
      select(Review)
        .where((r) => r.bookId.eq(bookId))
        .where((r) => r.parent.isNull())
        .where((r) => r.writerId.eq(id)),
    )
    .first();
  if (earlier !== null) return Object.assign(earlier, { rating, text, writtenAt: new Date() });
  const review = create(Review, { bookId, writerId: id, rating, text });
  db.add(review);
  await db.flush();
  return review;
}

export async function reply(to: number, text: string): Promise<Review> {
  const { id } = requireCustomer();
  const parent = await db.get(Review, to);
  if (parent === null) throw missing("review");
  const reply = create(Review, { parent, bookId: parent.bookId, writerId: id, rating: null, text });
  db.add(reply);
  await db.flush();
  return reply;
}

/** Takes a review or a reply back: one's own, or as a clerk any. */
export async function removeReview(id: number): Promise<Review> {
  const actor = requireCustomer();
  const review = await db.get(Review, id);
  if (review === null) throw missing("review");
  if (review.writerId !== actor.id && actor.role !== "clerk") {
    throw new Refusal("forbidden", "Only its writer can take a review back.");
  }
  review.deletedAt = new Date();
  return review;
}

/** The number of the book that a review or reply is about. */
export async function bookOfReview(id: number): Promise<number> {
  const found = await db.get(Review, id);
  if (found === null) throw missing("review");
  return found.bookId;
}
