/** Two shops full of books, readers and opinions: the same each time. */
import { attrs, type Cls, insert, metadata, select, type Table } from "athanor";
import { Author, Book, Customer, Genre, Review, Shop, Stock } from "../entities/index.js";
import { EVERY_SHOP, unitOfWork } from "../scope.js";
import { db } from "../session.js";
import { hashPassword } from "../use-cases/customers.js";
import { Random } from "./random.js";
import * as words from "./words.js";

const SHOPS = [
  { slug: "lantern", name: "Lantern Books", motto: "Open until the last page", currency: "EUR", share: 0.6 },
  { slug: "harbour", name: "The Harbour Bookshop", motto: "New arrivals with every tide", currency: "GBP", share: 0.4 },
] as const;

/** The people that the sign-in page names, in both shops. All who are seeded have this password. */
export const PASSWORD = "bookworm";
export const PEOPLE = [
  { email: "ann@example.com", name: "Ann Reader", role: "customer" },
  { email: "clerk@example.com", name: "Cleo Clerk", role: "clerk" },
] as const;

/** The newest book came then; each of the others some minutes before the next. */
const NEWEST = Date.UTC(2026, 5, 1);
const READERS = 60;

/** @param books how many, in both shops together */
export async function seed(books: number): Promise<void> {
  const passwordHash = await hashPassword(PASSWORD, Buffer.alloc(16, 1));
  await unitOfWork({ shop: EVERY_SHOP }, async () => {
    for (const [i, { share, ...shop }] of SHOPS.entries()) {
      const { id } = await db.scalars(insert(Shop).values(shop).returning(Shop)).one();
      await new Filling(id, new Random(2026 + i)).fill(Math.round(books * share), passwordHash);
    }
  });
}

type Keyed = { id: number; shopId: number };
type Row = Readonly<Record<string, unknown>>;

/** Fills one shop. */
class Filling {
  constructor(
    private readonly shopId: number,
    private readonly random: Random,
  ) {}

  async fill(count: number, passwordHash: string): Promise<void> {
    const { random, shopId } = this;
    const genres = await this.#store(
      Genre,
      words.GENRES.map(([slug, name]) => ({ slug, name })),
    );
    const names = Array.from({ length: Math.ceil(count / 4) }, () => this.#person());
    const authors = await this.#store(
      Author,
      names.map((name) => ({ name })),
    );
    const readers = Array.from({ length: READERS }, (_, i) => ({
      email: `reader${i + 1}@example.com`,
      name: this.#person(),
    }));
    const people = [...PEOPLE, ...readers].map((each) => ({
      role: "customer",
      ...each,
      passwordHash,
      joinedAt: new Date(NEWEST),
    }));
    const customers = await this.#store(Customer, people);

    const places = [...authors.keys()];
    const writers = Array.from({ length: count }, () => random.some(places, random.chance(0.15) ? 2 : 1));
    const rows = writers.map((of, i) =>
      this.#book(
        i,
        count,
        of.map((each) => names[each] as string),
        random.one(genres),
      ),
    );
    const books = await this.#store(Book, rows);
    const written = writers.flatMap((of, i) => of.map((each) => ({ book_id: books[i], author_id: authors[each] })));
    await db.execute(insert(metadata.tables.get("book_authors") as Table), written);
    // Some are sold out.
    const stocks = books.map((bookId) => ({
      shopId,
      bookId,
      sold: 0,
      onHand: random.chance(0.08) ? 0 : random.between(1, 40),
    }));
    await db.execute(insert(Stock), stocks);
    await this.#review(books, customers);
  }

  /** Inserts rows of a class, and gives their keys in the same order. */
  async #store(cls: Cls<Keyed>, rows: readonly Row[]): Promise<number[]> {
    const owned = rows.map((row) => ({ ...row, shopId: this.shopId }));
    if (owned.length > 0) await db.execute(insert(cls), owned as never);
    const { id, shopId } = attrs(cls);
    return (await db
      .execute(select(id).where(shopId.eq(this.shopId)).orderBy(id))
      .scalars()
      .all()) as number[];
  }

  /** Opinions on every fifth book, and answers to some of them, and answers to those. */
  async #review(books: readonly number[], customers: readonly number[]): Promise<void> {
    const { random, shopId } = this;
    const common = (bookId: number) => ({ shopId, bookId, writerId: random.one(customers), writtenAt: this.#moment() });
    const reviews = books
      .filter((_, i) => i % 5 === 0)
      .flatMap((bookId) =>
        Array.from({ length: random.between(1, 4) }, () => ({ ...common(bookId), ...this.#opinion() })),
      );
    let ids = await this.#store(Review, reviews);
    let asked = reviews.map(({ bookId }, i) => ({ bookId, parentId: ids[i] as number }));
    for (const share of [0.3, 0.4, 0.3]) {
      const answers = asked
        .filter(() => random.chance(share))
        .map(({ bookId, parentId }) => ({
          ...common(bookId),
          parentId,
          rating: null,
          text: random.one(words.ANSWERS),
        }));
      const known = ids.length;
      ids = await this.#store(Review, answers);
      asked = answers.map(({ bookId }, i) => ({ bookId, parentId: ids[known + i] as number }));
    }
  }

  #book(i: number, count: number, authors: readonly string[], genreId: number): Row {
    const { random } = this;
    const [language] = random.chance(0.7) ? ["en"] : random.one(words.LANGUAGES);
    return {
      title: this.#title(),
      byline: authors.join(", "),
      isbn: `978${String(random.between(0, 9_999_999_999)).padStart(10, "0")}`,
      blurb: `${random.one(words.OPENINGS)}, ${random.one(words.MIDDLES)}. ${random.one(words.CLOSINGS)}`,
      language,
      year: random.between(1950, 2026),
      priceCents: random.between(8, 40) * 100 + random.one([0, 50, 90, 95]),
      addedAt: new Date(NEWEST - (count - i) * 7 * 60_000),
      deletedAt: null,
      version: 1,
      genreId,
    };
  }

  #title(): string {
    const { random } = this;
    const noun = () => random.one(words.NOUNS);
    const described = () => `${random.one(words.ADJECTIVES)} ${noun()}`;
    switch (random.between(0, 7)) {
      case 0:
        return `The ${noun()} of ${random.one(words.PLACES)}`;
      case 1:
        return `The ${noun()} and the ${noun()}`;
      case 2:
        return `${random.one(words.FIRST_NAMES)} and the ${described()}`;
      case 3:
        return `A ${noun()} for ${random.one(words.FIRST_NAMES)}`.replace(/^A (?=[AEIOU])/, "An ");
      case 4:
        return `Letters from the ${described()}`;
      case 5:
        return `${described()}s`.replace(/([^aeiou])ys$/, "$1ies").replace(/(s|ch|x)s$/, "$1es");
      default:
        return `The ${described()}`;
    }
  }

  #person(): string {
    return `${this.random.one(words.FIRST_NAMES)} ${this.random.one(words.LAST_NAMES)}`;
  }

  #opinion(): { rating: number; text: string } {
    const [rating, text] = this.random.one(words.OPINIONS);
    return { rating, text };
  }

  #moment(): Date {
    return new Date(NEWEST + this.random.between(0, 60 * 24 * 60) * 60_000);
  }
}
