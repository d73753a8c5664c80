/** What becomes of events: letters to customers and to the clerks. */
import { insert } from "athanor";
import { Letter, type OutboxEvent } from "../entities/index.js";
import { EVERY_SHOP } from "../scope.js";
import { Session } from "../session.js";

interface OrderPlaced {
  readonly reference: string;
  readonly name: string;
  readonly email: string;
  readonly totalCents: number;
  readonly currency: string;
  readonly titles: readonly string[];
}

interface StockLow {
  readonly title: string;
  readonly onHand: number;
}

type Written = Pick<Letter, "to" | "subject" | "body" | "amountCents">;

/** By topic. An event of a topic that nobody knows fails, and waits for a version of the program that does. */
const WRITE: Readonly<Record<string, (payload: never) => Written>> = {
  "order.placed": ({ reference, name, email, totalCents, currency, titles }: OrderPlaced) => ({
    to: email,
    subject: `Your order ${reference}`,
    body: `Dear ${name},\nthank you for your order:\n${titles.map((title) => `- ${title}`).join("\n")}\nTogether ${currency} ${(totalCents / 100).toFixed(2)}.`,
    amountCents: totalCents,
  }),
  "stock.low": ({ title, onHand }: StockLow) => ({
    to: "clerks",
    subject: `Few copies of ${title}`,
    body: onHand === 0 ? "It is sold out." : `There are ${onHand} left.`,
    amountCents: 0,
  }),
};

/** Sends the letter of an event, once: the event's key is the letter's, and a second letter under it is not written. */
export async function sendLetter({ key, topic, payload, shopId }: OutboxEvent): Promise<void> {
  const write = WRITE[topic];
  if (write === undefined) throw new Error(`Nobody knows what to do about "${topic}".`);
  const letter = { ...write(payload as never), eventKey: key, shopId, sentAt: new Date() };
  await using session = Session({ info: { shop: EVERY_SHOP } });
  await session.execute(insert(Letter).values(letter).onConflictDoNothing());
  await session.commit();
}
