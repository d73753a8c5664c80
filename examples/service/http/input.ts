/** What comes from outside, checked: shared by the JSON API and the forms of the pages. */
import { z } from "zod";
import { CATALOGUE_ORDERS } from "../use-cases/catalogue.js";
import { PLAIN_TEXT } from "../use-cases/text.js";

/** A line or more of text, without space around it. */
export const text = (max: number, min = 1) => z.string().trim().min(min).max(max).regex(PLAIN_TEXT, "Not text");

const INT = 2 ** 31 - 1;
export const id = z.coerce.number().int().min(1).max(INT);
export const cents = z.coerce.number().int().min(1).max(10_000_000);
export const quantity = z.coerce.number().int().min(0).max(99);
export const email = z.email().max(120).regex(PLAIN_TEXT);
/** A shorter one is guessed, a longer one is an attack on the hash. */
export const password = z.string().min(8).max(200);
export const reference = z.string().regex(/^[2-9A-HJ-NP-Z]{10}$/, "Not a reference of an order");
/** Chosen by a client, another one for each order. */
export const requestKey = z.string().regex(/^[\w-]{8,80}$/, "8 to 80 letters, digits, - and _");

const position = z.string().max(600).optional();

/** Which part of a list. */
export const pageQuery = z.object({
  after: position,
  before: position,
  size: z.coerce.number().int().min(1).max(100).default(24),
});

/** What the catalogue is narrowed to and ordered by. */
export const catalogueQuery = pageQuery.extend({
  words: text(100, 0).optional(),
  genre: z
    .string()
    .regex(/^[a-z-]{1,30}$/)
    .optional(),
  language: z
    .string()
    .regex(/^[a-z]{2}$/)
    .optional(),
  author: id.optional(),
  minCents: cents.optional(),
  maxCents: cents.optional(),
  inStock: z.stringbool().optional(),
  order: z.enum(CATALOGUE_ORDERS).default("newest"),
});

export const account = z.object({ email, name: text(80), password });
export const credentials = z.object({ email: z.string().max(200).regex(PLAIN_TEXT), password: z.string().max(200) });
export const opinion = z.object({ rating: z.coerce.number().int().min(1).max(5), text: text(5_000) });
export const answer = z.object({ text: text(5_000) });

const thisYear = new Date().getFullYear();

/** The edited fields of a book. */
export const bookFields = z.object({
  title: text(200),
  isbn: z.string().regex(/^\d{13}$/, "13 digits"),
  blurb: text(5_000, 0),
  language: z.string().regex(/^[a-z]{2}$/, "Two letters, as en"),
  year: z.coerce
    .number()
    .int()
    .min(1450)
    .max(thisYear + 2),
  priceCents: cents,
  genreId: id,
  authors: z.array(text(80)).min(1).max(8),
});
