import { describe, expect, test } from "vitest";
import {
  awaitable,
  Column,
  DetachedInstanceError,
  InvalidRequestError,
  ManyToMany,
  ManyToOne,
  MissingSyncContextError,
  OneToMany,
  PrimaryKey,
  type Relation,
  raiseload,
  registry,
  select,
  t,
  text,
} from "../../../src/index.js";
import { recordStatements } from "../../support/statements.js";
import { make, storeFor } from "../support.js";

const reg = registry();

@reg.Entity("authors")
class Author {
  @PrimaryKey() id!: number;
  @Column(t.string(50)) name!: string;
  @Column(t.text, { deferred: true, nullable: true }) bio!: string | null;
  @OneToMany(
    () => Book,
    (b) => b.author,
    { orderBy: "id" },
  )
  books!: Book[];
}

@reg.Entity("books")
class Book {
  @PrimaryKey() id!: number;
  @Column(t.string(50)) title!: string;
  @ManyToOne(
    () => Author,
    (a) => a.books,
  )
  author!: Relation<Author> | null;
  @ManyToMany(
    () => Tag,
    (g) => g.books,
    { orderBy: "id" },
  )
  tags!: Tag[];
}

@reg.Entity("tags")
class Tag {
  @PrimaryKey() id!: number;
  @Column(t.string(50)) label!: string;
  @ManyToMany(
    () => Book,
    (b) => b.tags,
  )
  books!: Book[];
}

async function library(authors = 10) {
  const store = await storeFor(reg);
  await store.Session.begin((s) => {
    const tag = make(Tag, { label: "x" });
    for (let i = 1; i <= authors; i++) {
      s.add(
        make(Author, {
          name: `a${i}`,
          bio: `bio${i}`,
          books: [make(Book, { title: `b${i}.1`, tags: [tag] }), make(Book, { title: `b${i}.2` })],
        }),
      );
    }
  });
  return store;
}

describe("awaitable", () => {
  test("[XA-04] loads an attribute without prior eager loading", async () => {
    const { Session } = await library();
    await using session = Session();
    const author = await session.getOne(Author, 1);
    expect((await awaitable(author).books).map((b) => b.title)).toEqual(["b1.1", "b1.2"]);
    expect(author.books).toHaveLength(2);
    expect(await awaitable(author).bio).toBe("bio1");
    expect(await awaitable(author.books[0]).author).toBe(author);
  });

  test("[XA-04] what is loaded is given without a statement, also on a detached object", async () => {
    const { engine, Session } = await library();
    const session = Session();
    const author = await session.getOne(Author, 1);
    await session.close();
    using log = recordStatements(engine);
    expect(await awaitable(author).name).toBe("a1");
    expect(log.count()).toBe(0);
  });

  test("[XA-04] raises on a detached object", async () => {
    const { Session } = await library();
    const session = Session();
    const author = await session.getOne(Author, 1);
    await session.close();
    await expect(awaitable(author).books).rejects.toThrow(DetachedInstanceError);
    await expect(awaitable(author).books).rejects.toThrow(
      /^Author\(1\) belongs to no session, so its unloaded attribute "books" cannot be loaded/,
    );
  });

  test("of a new object gives what it has", async () => {
    const author = make(Author, { name: "New" });
    expect(await awaitable(author).name).toBe("New");
    expect(await awaitable(author).books).toEqual([]);
  });

  test("a name that is not mapped gives the property", async () => {
    const author = Object.assign(make(Author, { name: "New" }), { extra: 7 });
    expect(await awaitable(author).extra).toBe(7);
  });

  test("loads of siblings made together run as one statement, and each gets its own", async () => {
    const { engine, Session } = await library(10);
    await using session = Session();
    const authors = await session.scalars(select(Author).orderBy((a) => a.id)).all();
    using log = recordStatements(engine);
    const books = await Promise.all(authors.map((a) => awaitable(a).books));
    expect(books.map((list) => list.map((b) => b.title))).toEqual(
      authors.map((_, i) => [`b${i + 1}.1`, `b${i + 1}.2`]),
    );
    expect(log.count("SELECT")).toBe(1);
  });

  test("loads of many-to-one and many-to-many siblings too", async () => {
    const { engine, Session } = await library(5);
    await using session = Session();
    const books = await session.scalars(select(Book).orderBy((b) => b.id)).all();
    using log = recordStatements(engine);
    const authors = await Promise.all(books.map((b) => awaitable(b).author));
    expect(authors.map((a) => a?.name)).toEqual(["a1", "a1", "a2", "a2", "a3", "a3", "a4", "a4", "a5", "a5"]);
    expect(log.count()).toBe(1);
    const tags = await Promise.all(books.map((b) => awaitable(b).tags));
    expect(tags.map((list) => list.length)).toEqual([1, 0, 1, 0, 1, 0, 1, 0, 1, 0]);
    expect(log.count()).toBe(2);
  });

  test("a chain of loads over siblings runs one statement for each level", async () => {
    const { engine, Session } = await library(4);
    await using session = Session();
    const authors = await session.scalars(select(Author)).all();
    using log = recordStatements(engine);
    const counts = await Promise.all(
      authors.map(async (a) => {
        const books = await awaitable(a).books;
        return (await Promise.all(books.map((b) => awaitable(b).tags))).flat().length;
      }),
    );
    expect(counts).toEqual([1, 1, 1, 1]);
    expect(log.count("SELECT")).toBe(2);
  });

  test("the same attribute asked for twice is loaded once", async () => {
    const { engine, Session } = await library(1);
    await using session = Session();
    const author = await session.getOne(Author, 1);
    using log = recordStatements(engine);
    const [a, b] = await Promise.all([awaitable(author).books, awaitable(author).books]);
    expect(a).toBe(b);
    expect(log.count()).toBe(1);
  });

  test("any other call on the session closes the batch: order is kept", async () => {
    const { engine, Session } = await library(3);
    await using session = Session();
    const [one, two, three] = await session.scalars(select(Author).orderBy((a) => a.id)).all();
    using log = recordStatements(engine);
    await Promise.all([
      awaitable(one).books,
      awaitable(two).books,
      session.scalar(text("select 1")),
      awaitable(three).books,
    ]);
    expect(log.count()).toBe(3);
    expect(log.texts()[1]).toBe("select 1");
  });

  test("an attribute that a raiseload option covers raises", async () => {
    const { Session } = await library(1);
    await using session = Session();
    const [author] = await session.scalars(select(Author).options(raiseload(Author, (a) => a.books))).all();
    expect(() => author.books).toThrow(InvalidRequestError);
    await expect(session.runSync(() => author.books)).rejects.toThrow(
      /"Author\.books" is not available on Author\(1\) due to lazy: "raise"/,
    );
  });
});

describe("implicit I/O", () => {
  test("[XA-05] is an error that names class and attribute, and the ways to write it", async () => {
    const { Session } = await library(1);
    await using session = Session();
    const author = await session.getOne(Author, 1);
    expect(() => author.books).toThrow(MissingSyncContextError);
    const message = (() => {
      try {
        return String(author.books);
      } catch (error) {
        return (error as Error).message;
      }
    })();
    expect(message).toContain('Attribute "books" of Author(1) is not loaded');
    expect(message).toContain("options(selectinload(Author, (x) => x.books))");
    expect(message).toContain("await awaitable(object).books");
    expect(message).toContain('await session.refresh(object, ["books"])');
    expect(message).toContain("await session.runSync(...)");
  });

  test("[XA-05] of a deferred column advises undefer, and not selectinload", async () => {
    const { Session } = await library(1);
    await using session = Session();
    const author = await session.getOne(Author, 1);
    expect(() => author.bio).toThrow(/undefer\(Author, \(x\) => x\.bio\)/);
    expect(() => author.bio).not.toThrow(/selectinload/);
  });

  test("[QR-02] a many-to-one whose target is present, or whose key is null, needs none", async () => {
    const { engine, Session } = await library(1);
    await using session = Session();
    const author = await session.getOne(Author, 1);
    session.add(make(Book, { title: "anonymous" }));
    const books = await session.scalars(select(Book).orderBy((b) => b.id)).all();
    using log = recordStatements(engine);
    expect(books.map((b) => b.author)).toEqual([author, author, null]);
    expect(log.count()).toBe(0);
  });

  test("setting an unloaded many-to-one needs none; replacing an unloaded collection does", async () => {
    const { Session } = await library(2);
    await using session = Session();
    const book = await session.getOne(Book, 1);
    const other = await session.getOne(Author, 2);
    book.author = other;
    expect(book.author).toBe(other);
    expect(() => {
      other.books = [];
    }).toThrow(MissingSyncContextError);
    await session.commit();
    expect(await session.scalar(text("select author_id from books where id = 1"))).toBe(2);
  });

  test("a new object's collections are empty, and stay so until flushed", async () => {
    const { Session } = await library(1);
    await using session = Session();
    const author = make(Author, { name: "New" });
    session.add(author);
    expect(author.books).toEqual([]);
    expect(author.name).toBe("New");
    expect(author.bio).toBeUndefined();
  });
});
