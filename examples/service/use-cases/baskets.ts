/** What a customer is about to buy. Nothing is kept for them: stock is taken when they order. */
import { attrs, create, func, select, selectinload } from "athanor";
import { BasketLine, Book } from "../entities/index.js";
import { requireCustomer } from "../scope.js";
import { db } from "../session.js";
import { missing } from "./refusals.js";

/** The lines of the basket, each with its book and its stock. */
export async function basket(): Promise<BasketLine[]> {
  const { id } = requireCustomer();
  const lines = await db
    .scalars(
      select(BasketLine)
        .where((line) => line.customerId.eq(id))
        .orderBy((line) => line.bookId)
        .options(selectinload(BasketLine, (line) => line.book).selectinload((book) => book.stock)),
    )
    .all();
  // A book that has left the catalogue has left the baskets, too.
  return lines.filter((line) => line.book !== null);
}

export const totalCents = (lines: readonly BasketLine[]): number =>
  lines.reduce((sum, { quantity, book }) => sum + quantity * book.priceCents, 0);

const LINE = attrs(BasketLine);

/** How many books are in the basket. */
export async function basketSize(customerId: number): Promise<number> {
  const size = await db.scalar(select(func.sum(LINE.quantity)).where(LINE.customerId.eq(customerId)));
  return Number(size ?? 0);
}

/** Puts so many of a book into the basket; none takes it out. */
export async function setQuantity(bookId: number, quantity: number): Promise<void> {
  const { id } = requireCustomer();
  const line = await db.get(BasketLine, [id, bookId]);
  if (quantity === 0) {
    if (line !== null) await db.delete(line);
  } else if (line !== null) line.quantity = quantity;
  else {
    if ((await db.get(Book, bookId)) === null) throw missing("book");
    db.add(create(BasketLine, { customerId: id, bookId, quantity }));
  }
}
