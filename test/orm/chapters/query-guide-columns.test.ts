/** The chapter "Column loading options" of SQLAlchemy's ORM querying guide. */
import { describe, expect, expectTypeOf, test } from "vitest";
import {
  type Attrs,
  attrs,
  awaitable,
  Column,
  ColumnProperty,
  column,
  defaultload,
  defer,
  deferred,
  func,
  InvalidRequestError,
  inspect,
  type LoadOption,
  loadOnly,
  ManyToOne,
  namedColumn,
  OneToMany,
  PrimaryKey,
  QueryExpression,
  type Relation,
  registry,
  select,
  selectinload,
  t,
  table,
  undefer,
  undeferGroup,
  unionAll,
  withExpression,
} from "../../../src/index.js";
import { recordStatements } from "../../support/statements.js";
import { make, storeFor } from "../support.js";

const reg = registry();

@reg.Entity("readers")
class Reader {
  @PrimaryKey() id!: number;
  @Column(t.string(30)) name!: string;
  @Column(t.string(30)) fullName!: string;
  @OneToMany(
    () => Book,
    (b) => b.owner,
    { orderBy: "id" },
  )
  books!: Book[];
  @QueryExpression(t.integer) readonly bookCount!: number | null;
}

@reg.Entity("books")
class Book {
  @PrimaryKey() id!: number;
  @Column(t.integer, { foreignKey: "readers.id" }) ownerId!: number;
  @Column(t.string(30)) title!: string;
  @Column(t.text) summary!: string;
  @Column(t.text) cover!: string;
  @ManyToOne(
    () => Reader,
    (r) => r.books,
  )
  owner!: Relation<Reader>;
}

/** The same table as Book has, with columns that wait. */
@reg.Entity("tomes")
class Tome {
  @PrimaryKey() id!: number;
  @Column(t.string(30)) title!: string;
  @Column(t.text, { deferred: true }) summary!: string;
  @Column(t.text, { deferred: true, group: "images" }) front!: string;
  @Column(t.text, { deferred: true, group: "images" }) back!: string;
  @Column(t.text, { deferred: true, deferredRaiseload: true }) scan!: string;
  @ColumnProperty((x: Attrs<Tome>) => func.upper(x.title), { deferred: true }) readonly loud!: string;
}

const [r, b] = [attrs(Reader), attrs(Book)];

async function readers() {
  const store = await storeFor(reg);
  await store.Session.begin((s) => {
    const book = (title: string) => make(Book, { title, summary: `about ${title}`, cover: "picture" });
    s.addAll([
      make(Reader, { name: "bob", fullName: "Bob B.", books: [book("one"), book("two")] }),
      make(Reader, { name: "sandy", fullName: "Sandy C.", books: [book("three"), book("four"), book("five")] }),
    ]);
    s.add(make(Tome, { title: "tome", summary: "long", front: "f", back: "k", scan: "s" }));
  });
  return { ...store, log: recordStatements(store.engine) };
}

const selected = (text: string | undefined) => /^SELECT (.*?) FROM/s.exec(text ?? "")?.[1].replace(/\s+/g, " ");

describe("loadOnly()", () => {
  test("selects these columns and the key; another loads when it is read, while the object is in a session", async () => {
    const { Session, log } = await readers();
    await using session = Session();
    const books = await session
      .scalars(
        select(Book)
          .orderBy(b.id)
          .options(
            loadOnly(
              Book,
              (x) => x.title,
              (x) => x.summary,
            ),
          ),
      )
      .all();
    expect(selected(log.texts()[0])).toBe("books.id, books.title, books.summary");
    expect(books.map((each) => each.summary)[0]).toBe("about one");
    // @ts-expect-error what is not loaded is not in the type
    expect(() => books[0].cover).toThrow(/not loaded/);
    const book: Book = books[0] as Book;
    expect(await awaitable(book).cover).toBe("picture");
    expect(selected(log.texts().at(-1))).toBe("books.cover");
    const other: Book = books[1] as Book;
    session.expunge(other);
    await expect(awaitable(other).cover).rejects.toThrow(/Book.*session/s);
  });

  test("is about one entity of a statement; each may have its own", async () => {
    const { Session, log } = await readers();
    await using session = Session();
    const one = select(Reader, Book)
      .joinFrom(Reader, Book)
      .options(loadOnly(Book, (x) => x.title));
    await session.execute(one).all();
    expect(selected(log.texts()[0])).toBe("readers.id, readers.name, readers.full_name, books.id AS id_1, books.title");
    const both = one.options(loadOnly(Reader, (x) => x.name));
    await session.execute(both).all();
    expect(selected(log.texts()[1])).toBe("readers.id, readers.name, books.id AS id_1, books.title");
    // @ts-expect-error a column of another class
    expect(() => loadOnly(Book, (x) => x.fullName)).toThrow(/fullName/);
  });

  test("goes on from a relationship, however that is loaded", async () => {
    const { Session, log } = await readers();
    await using session = Session();
    const [bob] = await session
      .scalars(
        select(Reader)
          .orderBy(r.id)
          .options(selectinload(r.books).loadOnly((x) => x.title)),
      )
      .all();
    expect(bob.books.map((each) => each.title)).toEqual(["one", "two"]);
    expect(selected(log.texts()[1])).toBe("books.id, books.owner_id, books.title");
    session.expungeAll();
    log.reset();
    const lazy = await session
      .scalars(
        select(Reader)
          .orderBy(r.id)
          .options(defaultload(r.books).loadOnly((x) => x.title)),
      )
      .all();
    await session.runSync(() => expect(lazy.map((each) => each.books.length)).toEqual([2, 3]));
    expect(log.count("SELECT")).toBe(3);
    expect(log.texts()[1]).not.toContain("summary");
  });
});

describe("defer()", () => {
  test("leaves single columns out, several by several options", async () => {
    const { Session, log } = await readers();
    await using session = Session();
    const [book] = await session
      .scalars(
        select(Book)
          .where(b.ownerId.eq(2))
          .orderBy(b.id)
          .options(defer(Book, (x) => x.cover)),
      )
      .all();
    expect(selected(log.texts()[0])).toBe("books.id, books.owner_id, books.title, books.summary");
    expect(`${book.title}: ${book.summary}`).toBe("three: about three");
    await session.runSync(() => expect((book as Book).cover).toBe("picture"));
    expect(log.count("SELECT")).toBe(2);
    session.expungeAll();
    await session
      .scalars(
        select(Book).options(
          defer(Book, (x) => x.cover),
          defer(Book, (x) => x.summary),
        ),
      )
      .all();
    expect(selected(log.texts().at(-1))).toBe("books.id, books.owner_id, books.title");
  });

  test("raiseload: true makes reading an error that names the column, for defer and for loadOnly", async () => {
    const { Session } = await readers();
    await using session = Session();
    const one = await session
      .scalars(
        select(Book)
          .where(b.id.eq(4))
          .options(defer(Book, (x) => x.cover, { raiseload: true })),
      )
      .one();
    await session.runSync(() => {
      expect(() => (one as Book).cover).toThrow('"Book.cover" is not available on Book(4)');
      expect(one.summary).toBe("about four");
    });
    // It ends where the column is expired by name.
    session.expire(one, ["cover"]);
    await session.runSync(() => expect((one as Book).cover).toBe("picture"));
    session.expungeAll();
    const only = await session
      .scalars(
        select(Book)
          .where(b.id.eq(5))
          .options(loadOnly(Book, (x) => x.title, { raiseload: true })),
      )
      .one();
    expect(only.title).toBe("five");
    await session.runSync((s) => {
      expect(() => (only as Book).summary).toThrow(InvalidRequestError);
      expect(() => (only as Book).summary).toThrow('"Book.summary" is not available on Book(5)');
      s.expire(only, ["summary"]);
      expect((only as Book).summary).toBe("about five");
      expect(() => (only as Book).cover).toThrow('"Book.cover" is not available on Book(5)');
    });
    // @ts-expect-error a setting that there is not
    expect(() => loadOnly(Book, (x) => x.title, { raise: true })).toThrow(/columns/);
    session.expungeAll();
    const below = await session
      .scalars(
        select(Reader)
          .where(r.id.eq(1))
          .options(selectinload(r.books).loadOnly((x) => [x.title, x.cover], { raiseload: true })),
      )
      .one();
    await session.runSync(() => {
      expect(() => (below.books[0] as Book).summary).toThrow('"Book.summary" is not available');
      expect(below.books[0].cover).toBe("picture");
    });
  });
});

describe("columns that the mapping defers", () => {
  test("are not selected, and load when read: alone, or with their group", async () => {
    const { Session, log } = await readers();
    await using session = Session();
    const tome = await session.scalars(select(Tome)).one();
    expect(selected(log.texts()[0])).toBe("tomes.id, tomes.title");
    await session.runSync(() => {
      expect(tome.summary).toBe("long");
      expect(selected(log.texts()[1])).toBe("tomes.summary");
      expect([tome.front, tome.back]).toEqual(["f", "k"]);
      expect(selected(log.texts()[2])).toBe("tomes.front, tomes.back");
      expect(tome.loud).toBe("TOME");
      expect(log.count("SELECT")).toBe(4);
      expect(() => tome.scan).toThrow('"Tome.scan" is not available');
    });
  });

  test("come with the statement by undefer(), undeferGroup() and a wildcard", async () => {
    const { Session, log } = await readers();
    await using session = Session();
    const load = async (option: LoadOption) => {
      session.expungeAll();
      log.reset();
      return session.scalars(select(Tome).options(option)).one();
    };
    expect((await load(undefer(Tome, (x) => x.summary))).summary).toBe("long");
    const grouped = await load(undeferGroup(Tome, "images"));
    expect([grouped.front, grouped.back]).toEqual(["f", "k"]);
    const all = await load(undefer(Tome, "*"));
    expect([all.summary, all.front, all.scan, all.loud]).toEqual(["long", "f", "s", "TOME"]);
    expect(log.count()).toBe(1);
  });

  test("deferredRaiseload gives way to undefer(), also on an object that is loaded, with populateExisting", async () => {
    const { Session } = await readers();
    await using session = Session();
    const tome = await session.scalars(select(Tome)).one();
    await session.runSync(() => expect(() => tome.scan).toThrow("deferredRaiseload: true"));
    await session.scalars(select(Tome).options(undefer(Tome, "*")), undefined, { populateExisting: true }).one();
    expect(tome.scan).toBe("s");
  });

  test("of a class that is mapped by hand too", async () => {
    const own = registry();
    class Leaf {
      id!: number;
      text!: string;
    }
    const leaves = table("leaves", own.metadata, {
      id: column(t.integer, { primaryKey: true }),
      text: column(t.text),
    });
    own.mapImperatively(Leaf, leaves, { properties: { text: deferred(leaves.c.text) } });
    const { Session } = await storeFor(own);
    await Session.begin((s) => s.add(make(Leaf, { id: 1, text: "x" })));
    await using session = Session();
    const leaf = await session.getOne(Leaf, 1);
    expect(inspect(leaf).unloaded.has("text")).toBe(true);
  });
});

describe("expressions of a statement on its objects", () => {
  const count = func.count(b.id);

  test("beside the object they are an element of the row; with withExpression() an attribute of it", async () => {
    const { Session } = await readers();
    await using session = Session();
    const beside = await session
      .execute(select(Reader, count).joinFrom(Reader, Book).groupBy(r.id).orderBy(r.id))
      .all();
    expect(beside.map(([reader, n]) => [reader.name, n])).toEqual([
      ["bob", 2],
      ["sandy", 3],
    ]);
    session.expungeAll();
    const statement = select(Reader)
      .joinFrom(Reader, Book)
      .groupBy(r.id)
      .orderBy(r.id)
      .options(withExpression(Reader, (x) => x.bookCount, count));
    const all = await session.scalars(statement).all();
    expect(all.map((each) => [each.name, each.bookCount])).toEqual([
      ["bob", 2],
      ["sandy", 3],
    ]);
    expectTypeOf(all[0].bookCount).toEqualTypeOf<number | null>();
    // @ts-expect-error the value has the attribute's type
    withExpression(Reader, (x) => x.bookCount, r.name);
  });

  test("without one the attribute is null; an object keeps a value that it has, unless populateExisting; expiry forgets it", async () => {
    const { Session } = await readers();
    await using session = Session();
    const bob = await session.scalars(select(Reader).where(r.id.eq(1))).one();
    expect(bob.bookCount).toBeNull();
    const counted = select(Reader)
      .where(r.id.eq(1))
      .options(withExpression(Reader, (x) => x.bookCount, select(count).where(b.ownerId.eq(r.id)).scalarSubquery()));
    await session.scalars(counted).one();
    expect(bob.bookCount).toBe(2);
    const tens = select(Reader)
      .where(r.id.eq(1))
      .options(
        withExpression(
          Reader,
          (x) => x.bookCount,
          (x) => x.id.mul(10),
        ),
      );
    await session.scalars(tens).one();
    expect(bob.bookCount).toBe(2);
    await session.scalars(tens, undefined, { populateExisting: true }).one();
    expect(bob.bookCount).toBe(10);
    session.expire(bob);
    await session.runSync(() => expect(bob.bookCount).toBeNull());
  });

  test("the attribute itself is NULL in conditions: use the expression there", async () => {
    const { Session } = await readers();
    await using session = Session();
    const number = select(count).where(b.ownerId.eq(r.id)).scalarSubquery();
    const option = withExpression(Reader, (x) => x.bookCount, number);
    expect(await session.scalars(select(Reader).where(r.bookCount.gt(2)).options(option)).all()).toEqual([]);
    const many = await session.scalars(select(Reader).where(number.gt(2)).options(option)).all();
    expect(many.map((each) => [each.name, each.bookCount])).toEqual([["sandy", 3]]);
  });

  test("of a union it is taken from the column that the union has", async () => {
    const { Session } = await readers();
    await using session = Session();
    const counted = (name: string) =>
      select(Reader, count.as("book_count")).joinFrom(Reader, Book).where(r.name.eq(name)).groupBy(r.id);
    const both = unionAll(counted("bob"), counted("sandy"));
    const statement = select(Reader)
      .fromStatement(both)
      .options(withExpression(Reader, (x) => x.bookCount, namedColumn("book_count", t.integer)));
    const all = await session.scalars(statement).all();
    expect(all.map((each) => [each.name, each.bookCount]).sort()).toEqual([
      ["bob", 2],
      ["sandy", 3],
    ]);
  });
});
