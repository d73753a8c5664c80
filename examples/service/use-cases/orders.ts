/** Selling: what is ordered is taken from stock, in the transaction that writes the order and tells of it. */
import { randomInt } from "node:crypto";
import { attrs, containsEager, create, IntegrityError, select, selectinload } from "athanor";
import { Order, OrderLine, OutboxEvent, Stock } from "../entities/index.js";
import { type Actor, currentShop, requireClerk, requireCustomer } from "../scope.js";
import { db } from "../session.js";
import { basket } from "./baskets.js";
import { KeysetList, type KeysetOrder, type Page, type PageRequest } from "./keyset.js";
import { missing, OutOfStock, Refusal } from "./refusals.js";

export interface Wanted {
  readonly bookId: number;
  readonly quantity: number;
}

/** Clerks are told when so few are left. */
const FEW = 3;

/**
 * Orders books, or gives the order that was placed under the same key: a client that got no answer asks again with it.
 *
 * @param requestKey chosen by the client, another one for each order
 * @throws OutOfStock when there are fewer copies than wanted; then nothing is sold
 */
export async function placeOrder(wanted: readonly Wanted[], requestKey: string): Promise<Order> {
  const customer = requireCustomer();
  const quantities = summed(wanted);
  const stocks = await lockedStocks([...quantities.keys()]);
  if (stocks.length < quantities.size) throw missing("book");
  const short = stocks.filter((stock) => stock.onHand < (quantities.get(stock.bookId) as number));
  if (short.length > 0) {
    throw new OutOfStock(short.map(({ bookId, onHand, book }) => ({ bookId, onHand, title: book.title })));
  }
  const lines = stocks.map((stock, i) => {
    const quantity = quantities.get(stock.bookId) as number;
    sell(stock, quantity);
    const { title, priceCents } = stock.book;
    return create(OrderLine, {
      position: i + 1,
      bookId: stock.bookId,
      title,
      unitCents: priceCents,
      quantity,
    });
  });
  const order = create(Order, {
    reference: newReference(),
    requestKey,
    customerId: customer.id,
    totalCents: lines.reduce((sum, { quantity, unitCents }) => sum + quantity * unitCents, 0),
    lines,
  });
  db.addAll([order, orderPlaced(order, customer)]);
  try {
    await db.flush();
  } catch (error) {
    if (!isTwice(error)) throw error;
    await db.rollback();
    return await orderUnder(requestKey, customer);
  }
  return order;
}

/** Orders what is in the basket, and empties it. */
export async function checkOut(requestKey: string): Promise<Order> {
  const customer = requireCustomer();
  const lines = await basket();
  if (lines.length === 0) {
    // It is empty also for a client that asks for the second time.
    return await orderUnder(requestKey, customer);
  }
  const wanted = lines.map(({ bookId, quantity }) => ({ bookId, quantity }));
  await db.deleteAll(lines);
  return await placeOrder(wanted, requestKey);
}

const STOCK = attrs(Stock);
const LOCKED = select(Stock)
  .join(STOCK.book)
  .options(containsEager(Stock, (s) => s.book).loadOnly((b) => [b.title, b.priceCents]))
  .orderBy((s) => s.bookId)
  .withForUpdate({ of: Stock });

/**
 * The stocks of these books, each with its book, locked until the end of the transaction. All lock them in the same order, so that none waits for one that
 * waits for it.
 */
async function lockedStocks(bookIds: readonly number[]) {
  return await db.scalars(LOCKED.where(STOCK.bookId.in(bookIds)), {}, { populateExisting: true }).all();
}

/** A stock with what is loaded of its book: the type knows, and asking for more does not compile. */
type LockedStock = Awaited<ReturnType<typeof lockedStocks>>[number];

function sell(stock: LockedStock, quantity: number): void {
  const before = stock.onHand;
  stock.onHand -= quantity;
  stock.sold += quantity;
  if (before > FEW && stock.onHand <= FEW) {
    const { bookId, onHand, sold, book } = stock;
    const payload = { bookId, title: book.title, onHand };
    db.add(create(OutboxEvent, { key: `stock.low/${bookId}/${sold}`, topic: "stock.low", payload }));
  }
}

function orderPlaced(order: Order, { name, email }: Actor): OutboxEvent {
  const { reference, totalCents, lines } = order;
  const { currency } = currentShop();
  const titles = lines.map(({ title, quantity }) => (quantity === 1 ? title : `${quantity} × ${title}`));
  const payload = { reference, name, email, totalCents, currency, titles };
  return create(OutboxEvent, { key: `order.placed/${reference}`, topic: "order.placed", payload });
}

const isTwice = (error: unknown): boolean =>
  error instanceof IntegrityError && error.violation === "unique" && error.columns.includes("request_key");

async function orderUnder(requestKey: string, customer: Actor): Promise<Order> {
  const order = await db
    .scalars(WITH_LINES.where((o) => o.customerId.eq(customer.id)).where((o) => o.requestKey.eq(requestKey)))
    .first();
  if (order === null) throw new Refusal("conflict", "The basket is empty.");
  return order;
}

const WITH_LINES = select(Order).options(selectinload(Order, (o) => o.lines));
const NEWEST: KeysetOrder<Order> = { of: "number", by: (o) => o.id, valueOf: (o) => o.id, descending: true };

const ALL_ORDERS = new KeysetList(Order, WITH_LINES, NEWEST);

/** The customer's own orders, the newest first. */
export async function myOrders(request: PageRequest): Promise<Page<Order>> {
  const { id } = requireCustomer();
  const own = WITH_LINES.where((o) => o.customerId.eq(id));
  return await new KeysetList(Order, own, NEWEST).page(request);
}

/** One of the customer's own orders; for clerks, any. */
export async function order(reference: string): Promise<Order> {
  const { id, role } = requireCustomer();
  const found = await db.scalars(WITH_LINES.where((o) => o.reference.eq(reference))).first();
  if (found === null || (role !== "clerk" && found.customerId !== id)) throw missing("order");
  return found;
}

/** Takes an order back that was not sent yet, and puts its books on the shelf again. */
export async function cancel(reference: string): Promise<Order> {
  const cancelled = await locked(await order(reference));
  for (const { bookId, quantity } of cancelled.lines) {
    const [stock] = await lockedStocks([bookId]);
    if (stock === undefined) continue;
    stock.onHand += quantity;
    stock.sold -= quantity;
  }
  cancelled.state = "cancelled";
  return cancelled;
}

/** Says that an order is on its way. */
export async function send(reference: string): Promise<Order> {
  requireClerk();
  const sent = await locked(await order(reference));
  sent.state = "sent";
  return sent;
}

/** Locks an order for its next step, which only a placed one has. */
async function locked(order: Order): Promise<Order> {
  await db.refresh(order, undefined, { withForUpdate: true });
  if (order.state !== "placed") throw new Refusal("conflict", `Order ${order.reference} was ${order.state} already.`);
  return order;
}

/** All orders of the shop, from a cursor: for as many as there are. */
export async function everyOrder() {
  requireClerk();
  return await db.streamScalars(
    WITH_LINES.orderBy((o) => o.id),
    {},
    { yieldPer: 200 },
  );
}

/** Orders of the shop, the newest first. */
export async function orders(request: PageRequest): Promise<Page<Order>> {
  requireClerk();
  return await ALL_ORDERS.page(request);
}

function summed(wanted: readonly Wanted[]): Map<number, number> {
  const quantities = new Map<number, number>();
  for (const { bookId, quantity } of wanted) quantities.set(bookId, (quantities.get(bookId) ?? 0) + quantity);
  return quantities;
}

/** Without letters and digits that look alike. */
const ALPHABET = "23456789ABCDEFGHJKLMNPQRSTUVWXYZ";
const newReference = (): string => Array.from({ length: 10 }, () => ALPHABET[randomInt(ALPHABET.length)]).join("");
