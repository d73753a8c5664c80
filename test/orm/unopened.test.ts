/** Objects that were loaded and not looked into have no state of their own, and nobody can tell. */
import { describe, expect, test } from "vitest";
import {
  Column,
  event,
  inspect,
  ManyToOne,
  OneToMany,
  PrimaryKey,
  type Relation,
  registry,
  select,
  selectinload,
  t,
} from "../../src/index.js";
import { IdentityMap } from "../../src/orm/identity-map.js";
import { LoadedAlike } from "../../src/orm/loaded-alike.js";
import { peekState } from "../../src/orm/stamp.js";
import { collectGarbage } from "../support/long-runs.js";
import { make, storeFor } from "./support.js";

const reg = registry();

@reg.Entity("shelves")
class Shelf {
  @PrimaryKey(t.integer, { autoincrement: false }) id!: number;
  @Column(t.text) name!: string;
  @Column(t.datetime({ timezone: true })) since!: Date;
  @OneToMany(
    () => Book,
    (b) => b.shelf,
  )
  books!: Book[];
}

@reg.Entity("shelved_books")
class Book {
  @PrimaryKey(t.integer, { autoincrement: false }) id!: number;
  @Column(t.text) title!: string;
  @Column(t.integer, { nullable: true }) pages!: number | null;
  @ManyToOne(
    () => Shelf,
    (s) => s.books,
  )
  shelf!: Relation<Shelf> | null;
}

const since = new Date("2024-05-06T07:08:09.000Z");

async function shelves(books = 3) {
  const store = await storeFor(reg, { expireOnCommit: false });
  await using session = store.Session();
  const shelf = make(Shelf, { id: 1, name: "novels", since, books: [] });
  for (let id = 1; id <= books; id++) shelf.books.push(make(Book, { id, title: `book ${id}`, pages: null }));
  session.add(shelf);
  await session.commit();
  return store;
}

const isUnopened = (object: object): boolean => peekState(object) instanceof LoadedAlike;

describe("a loaded object is not opened", () => {
  test("by being made, nor by reading its columns, NULL included, nor by a second load of the same statement", async () => {
    const { Session } = await shelves();
    await using session = Session();
    const books = await session.scalars(select(Book).orderBy((b) => b.id)).all();
    expect(books.map((book) => [book.id, book.title, book.pages])).toEqual([
      [1, "book 1", null],
      [2, "book 2", null],
      [3, "book 3", null],
    ]);
    expect(await session.scalars(select(Book).orderBy((b) => b.id)).all()).toEqual(books);
    expect(books.every(isUnopened)).toBe(true);
  });

  test("by being loaded into a collection; what has collections of its own is", async () => {
    const { Session } = await shelves();
    await using session = Session();
    const [shelf] = await session.scalars(select(Shelf).options(selectinload(Shelf, (s) => s.books))).all();
    expect(shelf.books.every(isUnopened)).toBe(true);
    expect(isUnopened(shelf)).toBe(false);
  });

  test("by a value that has to be converted, which is the same each time", async () => {
    const { Session } = await shelves();
    await using session = Session();
    const shelf = await session.getOne(Shelf, 1);
    expect(shelf.since).toEqual(since);
    expect(shelf.since).toBe(shelf.since);
    expect(isUnopened(shelf)).toBe(true);
    shelf.name = "opened";
    expect(shelf.since).toEqual(since);
    expect(inspect(shelf).attrs.since.history.unchanged).toEqual([since]);
  });

  test("by get, nor by a second get", async () => {
    const { Session } = await shelves();
    await using session = Session();
    const book = await session.getOne(Book, 2);
    expect(book.title).toBe("book 2");
    expect(isUnopened(book)).toBe(true);
    expect(await session.getOne(Book, 2)).toBe(book);
  });
});

describe("an object that is opened", () => {
  test("by a change is modified, and the change is written", async () => {
    const { Session } = await shelves();
    await using session = Session();
    const book = await session.getOne(Book, 1);
    expect(session.isModified(book)).toBe(false);
    book.pages = 250;
    expect(session.dirty).toContain(book);
    await session.commit();
    await using other = Session();
    expect((await other.getOne(Book, 1)).pages).toBe(250);
  });

  test("is what it was: its identity, its session, its life cycle", async () => {
    const { Session } = await shelves();
    await using session = Session();
    const [one, two, three] = await session.scalars(select(Book).orderBy((b) => b.id)).all();
    expect(inspect(one).state).toBe("persistent");
    expect(session.has(two)).toBe(true);
    expect([...session.identityMap]).toEqual([one, two, three]);
    session.expunge(three);
    expect(inspect(three).state).toBe("detached");
    expect(three.title).toBe("book 3");
    expect(await session.getOne(Book, 3)).not.toBe(three);
  });
});

describe("unopened objects", () => {
  test("are detached with their session all at once, keep their values, and can come into another session", async () => {
    const { Session } = await shelves();
    const session = Session();
    const books = await session.scalars(select(Book).orderBy((b) => b.id)).all();
    await session.close();
    expect(books.every(isUnopened)).toBe(true);
    expect(books.map((book) => book.title)).toEqual(["book 1", "book 2", "book 3"]);
    expect(inspect(books[0]).state).toBe("detached");
    await using other = Session();
    other.add(books[1]);
    books[1].title = "another";
    await other.commit();
    await using third = Session();
    expect((await third.getOne(Book, 2)).title).toBe("another");
  });

  test("of a session that is used again are of another life than those loaded after", async () => {
    const { Session } = await shelves();
    await using session = Session();
    const before = await session.getOne(Book, 1);
    await session.close();
    const after = await session.getOne(Book, 1);
    expect(after).not.toBe(before);
    expect(session.has(before)).toBe(false);
    expect(session.has(after)).toBe(true);
  });

  test("expire with all others on commit, rollback and expireAll", async () => {
    const { store } = { store: await shelves() };
    for (const how of ["commit", "rollback", "expireAll"] as const) {
      await using session = store.Session({ expireOnCommit: true });
      const book = await session.getOne(Book, 1);
      await session[how]();
      expect(() => book.title).toThrow(how === "commit" ? /expired by commit\(\)/ : /expired|not loaded/);
      await session.refresh(book);
      expect(book.title).toBe("book 1");
    }
  });

  test("are opened at once where somebody listens to loads", async () => {
    const { Session } = await shelves();
    await using session = Session();
    const heard: object[] = [];
    event.listen(session, "loadedAsPersistent", (_session, object) => {
      heard.push(object);
    });
    const books = await session.scalars(select(Book)).all();
    expect(heard).toEqual(books);
    expect(books.some(isUnopened)).toBe(false);
  });

  test("that the program holds stay in the identity map when it holds them weakly", async () => {
    const { Session } = await shelves(200);
    const nursery = IdentityMap.nursery;
    IdentityMap.nursery = 0;
    try {
      await using session = Session();
      const held = await (async () => {
        const books = await session.scalars(select(Book).orderBy((b) => b.id)).all();
        return books[99];
      })();
      await collectGarbage();
      expect(session.identityMap.size).toBeLessThan(200);
      expect(isUnopened(held)).toBe(true);
      expect(await session.getOne(Book, 100)).toBe(held);
      held.pages = 7;
      await session.commit();
      await collectGarbage();
      expect(await session.getOne(Book, 100)).toBe(held);
    } finally {
      IdentityMap.nursery = nursery;
    }
  });
});
