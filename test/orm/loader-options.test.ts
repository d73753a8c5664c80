import { describe, expect, expectTypeOf, test } from "vitest";
import {
  awaitable,
  Column,
  defer,
  InvalidRequestError,
  inspect,
  joinedload,
  type LoadOption,
  lazyload,
  load,
  loadOnly,
  ManyToMany,
  ManyToOne,
  MissingSyncContextError,
  noload,
  OneToMany,
  PrimaryKey,
  type Relation,
  raiseload,
  registry,
  select,
  selectinload,
  subqueryload,
  t,
  text,
  undefer,
} from "../../src/index.js";
import { recordStatements } from "../support/statements.js";
import { make, storeFor } from "./support.js";

const reg = registry();

@reg.Entity("authors")
class Author {
  @PrimaryKey() id!: number;
  @Column(t.string(30)) name!: string;
  @Column(t.integer, { nullable: true }) born!: number | null;
  @Column(t.text, { deferred: true, nullable: true }) bio!: string | null;
  @Column(t.text, { group: "media", nullable: true }) photo!: string | null;
  @Column(t.text, { group: "media", nullable: true }) video!: string | null;
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
  @Column(t.string(30)) title!: string;
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
  @OneToMany(
    () => Review,
    (r) => r.book,
    { orderBy: "id", lazy: "selectin" },
  )
  reviews!: Review[];
}

@reg.Entity("tags")
class Tag {
  @PrimaryKey() id!: number;
  @Column(t.string(30)) label!: string;
  @ManyToMany(
    () => Book,
    (b) => b.tags,
  )
  books!: Book[];
}

@reg.Entity("reviews")
class Review {
  @PrimaryKey() id!: number;
  @Column(t.integer) stars!: number;
  @ManyToOne(
    () => Book,
    (b) => b.reviews,
    { lazy: "joined" },
  )
  book!: Relation<Book> | null;
}

async function library(authors = 3) {
  const store = await storeFor(reg);
  await store.Session.begin((s) => {
    const tags = ["x", "y"].map((label) => make(Tag, { label }));
    for (let i = 1; i <= authors; i++) {
      s.add(
        make(Author, {
          name: `a${i}`,
          born: 1900 + i,
          bio: `bio${i}`,
          photo: `p${i}`,
          video: `v${i}`,
          books: [
            make(Book, {
              title: `b${i}.1`,
              tags: [...tags],
              reviews: [make(Review, { stars: i }), make(Review, { stars: 1 })],
            }),
            make(Book, { title: `b${i}.2`, tags: [tags[0]] }),
          ],
        }),
      );
    }
    s.add(make(Author, { name: "none" }));
  });
  return store;
}

const byId = select(Author).orderBy((a) => a.id);
const shape = (authors: readonly Author[]) =>
  authors.map((a) => a.books.map((b) => b.tags.map((g) => g.label).join("")).join("/"));
const SHAPE = ["xy/x", "xy/x", "xy/x", ""];

describe("eager loading gives the same graph by every strategy", () => {
  test.each([
    ["selectinload", selectinload(Author, (a) => a.books).selectinload((b) => b.tags), 4],
    ["joinedload", joinedload(Author, (a) => a.books).joinedload((b) => b.tags), 2],
    ["subqueryload", subqueryload(Author, (a) => a.books).subqueryload((b) => b.tags), 4],
    ["joinedload then selectinload", joinedload(Author, (a) => a.books).selectinload((b) => b.tags), 3],
    ["selectinload then joinedload", selectinload(Author, (a) => a.books).joinedload((b) => b.tags), 3],
    ["selectinload then subqueryload", selectinload(Author, (a) => a.books).subqueryload((b) => b.tags), 4],
  ])("[QR-07] %s", async (_, option, statements) => {
    const { engine, Session } = await library();
    await using session = Session();
    using log = recordStatements(engine);
    const authors = await session.scalars(byId.options(option)).unique().all();
    expect(shape(authors)).toEqual(SHAPE);
    expect(authors[0].books.map((b) => b.reviews.length)).toEqual([2, 0]);
    // The reviews come by the mapping's own selectin, one more statement.
    expect(log.count()).toBe(statements);
  });

  test("[QR-03] selectinload of a many-to-one skips SQL for what is present", async () => {
    const { engine, Session } = await library();
    await using session = Session();
    await session.scalars(byId).all();
    using log = recordStatements(engine);
    const books = await session
      .scalars(
        select(Book)
          .orderBy((b) => b.id)
          .options(selectinload(Book, (b) => b.author)),
      )
      .all();
    expect(books.map((b) => b.author?.name)).toEqual(["a1", "a1", "a2", "a2", "a3", "a3"]);
    expect(log.texts().some((sql) => /FROM authors/.test(sql))).toBe(false);
  });

  test("[QR-03] does not touch a collection that is loaded, unless populateExisting says so", async () => {
    const { Session } = await library(1);
    await using session = Session();
    const option = selectinload(Author, (a) => a.books);
    const [author] = await session.scalars(byId.options(option)).all();
    const { books } = author;
    await session.execute(text("insert into books (id, title, author_id) values (90, 'new', 1)"));
    await session.scalars(byId.options(option)).all();
    expect(author.books).toBe(books);
    expect(author.books).toHaveLength(2);
    await session.scalars(byId.options(option).executionOptions({ populateExisting: true })).all();
    expect(author.books).toHaveLength(3);
  });

  test("[QR-04] joinedload gives the same parents as without it; a limit applies to parents", async () => {
    const { engine, Session } = await library();
    await using session = Session();
    using log = recordStatements(engine);
    const authors = await session
      .scalars(
        byId
          .limit(2)
          .offset(1)
          .options(joinedload(Author, (a) => a.books)),
      )
      .unique()
      .all();
    expect(authors.map((a) => a.name)).toEqual(["a2", "a3"]);
    expect(authors.map((a) => a.books.length)).toEqual([2, 2]);
    expect(log.texts()[0]).toMatch(/LEFT OUTER JOIN/);
  });

  test("[QR-04] a collection by joinedload needs unique(), and leaving it out says so", async () => {
    const { Session } = await library(1);
    await using session = Session();
    const joined: LoadOption = joinedload(Author, (a) => a.books);
    await expect(session.scalars(byId.options(joined)).all()).rejects.toThrow(InvalidRequestError);
    await expect(session.scalars(byId.options(joined)).all()).rejects.toThrow(/unique\(\)/);
  });

  test("[QR-04] a many-to-one by joinedload needs none, with innerjoin it is an inner join", async () => {
    const { engine, Session } = await library(1);
    await using session = Session();
    using log = recordStatements(engine);
    const stmt = select(Book).orderBy((b) => b.id);
    const outer = await session.scalars(stmt.options(joinedload(Book, (b) => b.author))).all();
    expect(outer.map((b) => b.author?.name)).toEqual(["a1", "a1"]);
    await session.scalars(stmt.options(joinedload(Book, (b) => b.author, { innerjoin: true }))).all();
    const [first, second] = log.texts("SELECT").filter((sql) => /JOIN authors/.test(sql));
    expect(first).toMatch(/LEFT OUTER JOIN authors/);
    expect(second).not.toMatch(/OUTER/);
  });

  test("[QR-07] several options on one statement, and the last one of a path wins", async () => {
    const { engine, Session } = await library(1);
    await using session = Session();
    using log = recordStatements(engine);
    const [author] = await session
      .scalars(
        byId.options(
          selectinload(Author, (a) => a.books),
          lazyload(Author, (a) => a.books),
        ),
      )
      .all();
    expect(inspect(author).attrs["books"].loaded).toBe(false);
    expect(log.count()).toBe(1);
    const [book] = await session
      .scalars(
        select(Book)
          .orderBy((b) => b.id)
          .options(
            load(Book).options(
              selectinload(Book, (b) => b.tags),
              lazyload(Book, (b) => b.reviews),
            ),
          ),
      )
      .all();
    expect([inspect(book).attrs["tags"].loaded, inspect(book).attrs["reviews"].loaded]).toEqual([true, false]);
  });

  test("the mapping's lazy strategy is the default: joined on a many-to-one, selectin on a collection", async () => {
    const { engine, Session } = await library(1);
    await using session = Session();
    using log = recordStatements(engine);
    const [review] = await session.scalars(select(Review).orderBy((r) => r.id)).all();
    expect(review.book?.title).toBe("b1.1");
    expect(log.texts()[0]).toMatch(/LEFT OUTER JOIN books/);
  });

  test("a thousand parents in batches of 500 keys", async () => {
    const { engine, Session } = await storeFor(reg);
    await Session.begin((s) =>
      s.addAll(
        Array.from({ length: 1_001 }, (_, i) => make(Author, { name: `a${i}`, books: [make(Book, { title: "b" })] })),
      ),
    );
    await using session = Session();
    using log = recordStatements(engine);
    const authors = await session.scalars(select(Author).options(selectinload(Author, (a) => a.books))).all();
    expect(authors.every((a) => a.books.length === 1)).toBe(true);
    expect(log.texts().filter((sql) => /FROM books/.test(sql)).length).toBeLessThanOrEqual(3);
  });
});

describe("options that do not load", () => {
  test("[QR-06] raiseload raises with class, attribute and advice, in a sync context too", async () => {
    const { Session } = await library(1);
    await using session = Session();
    const [author] = await session.scalars(byId.options(raiseload(Author, (a) => a.books))).all();
    const message =
      /^"Author\.books" is not available on Author\(1\) due to lazy: "raise" \(raiseload\)\. Load it with the statement, for example options\(selectinload\(Author, \(x\) => x\.books\)\)\.$/;
    expect(() => author.books).toThrow(message);
    await expect(session.runSync(() => author.books)).rejects.toThrow(message);
  });

  test("[QR-06] raiseload('*') covers every relationship that no other option names", async () => {
    const { Session } = await library(1);
    await using session = Session();
    const [book] = await session
      .scalars(
        select(Book).options(
          selectinload(Book, (b) => b.tags),
          raiseload(Book, "*"),
        ),
      )
      .all();
    expect(book.tags.length).toBeGreaterThan(0);
    expect(() => book.author).toThrow(/raiseload/);
  });

  test("[QR-06] sqlOnly lets what the identity map has pass", async () => {
    const { Session } = await library(1);
    await using session = Session();
    const stmt = select(Book)
      .orderBy((b) => b.id)
      .options(raiseload(Book, (b) => b.author, { sqlOnly: true }));
    const [book] = await session.scalars(stmt).all();
    expect(() => book.author).toThrow(/"Book\.author" is not available/);
    const author = await session.getOne(Author, 1);
    expect(book.author).toBe(author);
  });

  test("[QR-05] noload leaves the attribute empty", async () => {
    const { engine, Session } = await library(1);
    await using session = Session();
    using log = recordStatements(engine);
    const [author] = await session.scalars(byId.options(noload(Author, (a) => a.books))).all();
    expect(author.books).toEqual([]);
    expect(log.count()).toBe(1);
    await session.flush();
    expect(await session.scalar(text("select count(*) from books where author_id = 1"))).toBe(2);
  });

  test("[QR-01] lazyload overrides an eager mapping", async () => {
    const { engine, Session } = await library(1);
    await using session = Session();
    using log = recordStatements(engine);
    const [book] = await session.scalars(select(Book).options(lazyload(Book, (b) => b.reviews))).all();
    expect(log.count()).toBe(1);
    expect(() => book.reviews).toThrow(MissingSyncContextError);
    expect((await awaitable(book).reviews).length).toBe(2);
  });
});

describe("column options", () => {
  test("[QC-01] loadOnly selects the named columns and the key; the rest load later or raise", async () => {
    const { engine, Session } = await library(1);
    await using session = Session();
    using log = recordStatements(engine);
    const [author] = await session.scalars(byId.options(loadOnly(Author, (a) => [a.id, a.name]))).all();
    expect(log.texts()[0]).toMatch(/^SELECT authors\.id, authors\.name\s+FROM authors/);
    expect([author.id, author.name]).toEqual([1, "a1"]);
    // @ts-expect-error it is not loaded
    expect(() => author.born).toThrow(MissingSyncContextError);
    expect(await awaitable(author).born).toBe(1901);
  });

  test("[QC-02] [QC-01] loadOnly takes several, as a list or one by one, and works along a path", async () => {
    const { engine, Session } = await library(1);
    await using session = Session();
    using log = recordStatements(engine);
    await session.scalars(byId.options(loadOnly(Author, (a) => [a.name, a.born]))).all();
    await session
      .scalars(
        byId.options(
          loadOnly(
            Author,
            (a) => a.name,
            (a) => a.born,
          ),
        ),
      )
      .all();
    expect(log.texts()[0]).toBe(log.texts()[1]);
    session.expungeAll();
    const [author] = await session
      .scalars(byId.options(selectinload(Author, (a) => a.books).loadOnly((b) => b.id)))
      .all();
    expect(inspect(author.books[0]).attrs["title"].loaded).toBe(false);
  });

  test("[QC-03] a deferred column is not in the SELECT; undefer brings it", async () => {
    const { engine, Session } = await library(1);
    await using session = Session();
    using log = recordStatements(engine);
    const [author] = await session.scalars(byId).all();
    expect(log.texts()[0]).not.toMatch(/bio/);
    expect(inspect(author).attrs["bio"].loaded).toBe(false);
    session.expungeAll();
    const [again] = await session.scalars(byId.options(undefer(Author, (a) => a.bio))).all();
    expect(again.bio).toBe("bio1");
    session.expungeAll();
    const [all] = await session.scalars(byId.options(undefer(Author, "*"))).all();
    expect([all.bio, all.photo, all.video]).toEqual(["bio1", "p1", "v1"]);
  });

  test("[QC-03] deferred columns of one group load together", async () => {
    const { engine, Session } = await library(1);
    await using session = Session();
    const author = await session.getOne(Author, 1);
    using log = recordStatements(engine);
    expect(await awaitable(author).photo).toBe("p1");
    expect(author.video).toBe("v1");
    expect(inspect(author).attrs["bio"].loaded).toBe(false);
    expect(log.count()).toBe(1);
  });

  test("[QC-03] defer leaves out one column for one query, and raiseload makes reading it an error", async () => {
    const { Session } = await library(1);
    await using session = Session();
    const [author] = await session.scalars(byId.options(defer(Author, (a) => a.born))).all();
    expect(inspect(author).attrs["born"].loaded).toBe(false);
    expect(await awaitable(author).born).toBe(1901);
    session.expungeAll();
    const [raising] = await session.scalars(byId.options(defer(Author, (a) => a.born, { raiseload: true }))).all();
    await expect(session.runSync(() => (raising as Author).born)).rejects.toThrow(/born/);
  });

  test("a column that was not loaded is not written by a flush of the others", async () => {
    const { Session } = await library(1);
    await using session = Session();
    const [author] = await session.scalars(byId.options(loadOnly(Author, (a) => a.id))).all();
    (author as Author).name = "changed";
    await session.commit();
    expect(
      (await session.execute(text("select name, born, bio from authors where id = 1")).one()) as unknown[],
    ).toEqual(["changed", 1901, "bio1"]);
  });
});

describe("wrong options", () => {
  test("an unknown attribute in a chain names class and attribute, and does not compile", () => {
    // @ts-expect-error there is no such relationship
    expect(() => selectinload(Author, (a) => a.bookz)).toThrow(/Author has no mapped attribute "bookz"/);
    // @ts-expect-error there is no such relationship
    expect(() => selectinload(Author, (a) => a.books).joinedload((b) => b.tagz)).toThrow(
      /Book has no mapped attribute "tagz"/,
    );
    // @ts-expect-error there is no such column
    expect(() => loadOnly(Author, (a) => a.nme)).toThrow(/Author has no mapped attribute "nme"/);
  });

  test("a column where a relationship belongs, and the other way round, is refused with both names", () => {
    // @ts-expect-error a column
    expect(() => selectinload(Author, (a) => a.name)).toThrow(/Author\.name/);
    // @ts-expect-error a relationship
    expect(() => loadOnly(Author, (a) => a.books)).toThrow(/Author\.books/);
  });

  test("an option for a class that the statement does not select is refused with both", async () => {
    const { Session } = await library(1);
    await using session = Session();
    await expect(session.scalars(select(Tag).options(selectinload(Author, (a) => a.books))).all()).rejects.toThrow(
      /Author/,
    );
  });

  test("the chain is typed by what it has reached", () => {
    const option = selectinload(Author, (a) => a.books).selectinload((b) => b.tags);
    expectTypeOf(option.loadOnly((t) => t.label)).toExtend<LoadOption>();
    // @ts-expect-error a tag has no title
    expect(() => option.loadOnly((t) => t.title)).toThrow('Tag has no mapped attribute "title"');
    expect(option).toBeDefined();
  });
});
