/** Column loading options: loadOnly along paths, deferred groups, columns that raise; what was never assigned. */
import { describe, expect, test } from "vitest";
import {
  attrs,
  awaitable,
  Column,
  defer,
  func,
  inspect,
  joinedload,
  load,
  loadOnly,
  ManyToOne,
  OneToMany,
  PrimaryKey,
  type Relation,
  registry,
  select,
  selectinload,
  t,
  text,
  undeferGroup,
} from "../../../src/index.js";
import { recordStatements } from "../../support/statements.js";
import { make, storeFor } from "../support.js";

const reg = registry();

@reg.Entity("authors")
class Author {
  @PrimaryKey() id!: number;
  @Column() name!: string;
  @Column(t.text, { nullable: true }) bio!: string | null;
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
  @Column() title!: string;
  @Column(t.text, { nullable: true }) summary!: string | null;
  @Column(t.text, { group: "art", nullable: true }) cover!: string | null;
  @Column(t.text, { group: "art", nullable: true }) back!: string | null;
  @ManyToOne(
    () => Author,
    (a) => a.books,
  )
  author!: Relation<Author> | null;
}

async function library() {
  const store = await storeFor(reg);
  await store.Session.begin((s) =>
    s.add(
      make(Author, { name: "A", bio: "b", books: [make(Book, { title: "t", summary: "s", cover: "c", back: "k" })] }),
    ),
  );
  return store;
}

const missing = (object: object) => [...inspect(object).unloaded].sort();

describe("column options", () => {
  test("[QC-02] each entity of a statement and each eager path has its own set of columns", async () => {
    const { Session } = await library();
    await using session = Session();
    const [[author, book]] = await session
      .execute(
        select(Author, Book)
          .join(attrs(Author).books)
          .options(
            load(Author).loadOnly((a) => a.name),
            loadOnly(Book, (b) => b.title),
          ),
      )
      .all();
    expect([missing(author), missing(book)]).toEqual([
      ["bio", "books"],
      ["author", "authorId", "back", "cover", "summary"],
    ]);
    session.expungeAll();
    const eager = await session
      .scalars(select(Author).options(selectinload(Author, (a) => a.books).loadOnly((b) => b.title)))
      .one();
    expect(missing(eager.books[0])).toEqual(["author", "back", "cover", "summary"]);
    session.expungeAll();
    const joined = await session
      .scalars(
        select(Book).options(
          joinedload(Book, (b) => b.author).defer((a) => a.bio),
          defer(Book, (b) => b.summary),
        ),
      )
      .one();
    expect([missing(joined), missing(joined.author as Author)]).toEqual([
      ["back", "cover", "summary"],
      ["bio", "books"],
    ]);
  });

  test("[QC-04] touching one column of a group loads all of it in one SELECT", async () => {
    const { engine, Session } = await library();
    await using session = Session();
    const book = await session.scalars(select(Book)).one();
    using log = recordStatements(engine);
    expect(await awaitable(book).cover).toBe("c");
    expect(book.back).toBe("k");
    expect(log.count()).toBe(1);
    session.expungeAll();
    const open = await session.scalars(select(Book).options(undeferGroup(Book, "art"))).one();
    expect([open.cover, open.back]).toEqual(["c", "k"]);
  });

  test("[QC-05] a column that is deferred with raiseload raises in a sync context too, naming the attribute", async () => {
    const { Session } = await library();
    await using session = Session();
    const book = await session.scalars(select(Book).options(defer(Book, (b) => b.summary, { raiseload: true }))).one();
    await session.runSync(() =>
      expect(() => (book as Book).summary).toThrow(
        /^"Book\.summary" is not available on Book\(1\): the statement that loaded it said/,
      ),
    );
    expect(book.title).toBe("t");
  });

  test("a mapping's raiseload is lifted by a plain defer() of the statement, and outlives expiry, which ends what an option said", async () => {
    const own = registry();
    @own.Entity("notes")
    class Note {
      @PrimaryKey() id!: number;
      @Column() title!: string;
      @Column({ deferred: true, deferredRaiseload: true }) body!: string;
    }
    const { Session } = await storeFor(own);
    await Session.begin((s) => s.add(make(Note, { id: 1, title: "t", body: "b" })));
    await using session = Session();
    await session.runSync((s) => {
      const [lifted] = s.scalars(select(Note).options(defer(Note, (n) => n.body))).all();
      expect(lifted.body).toBe("b");
      s.expire(lifted);
      expect(() => lifted.body).toThrow('"Note.body" is not available on Note(1): it is mapped with deferredRaiseload');
      s.expungeAll();
      const [note] = s.scalars(select(Note).options(defer(Note, (n) => n.title, { raiseload: true }))).all();
      s.expire(note);
      expect(note.title).toBe("t");
    });
  });
});

describe("what was never assigned", () => {
  test("[DC-04] is not sent, and takes its default; null is sent; a class field that is undefined counts as unset", async () => {
    const own = registry();
    @own.Entity("rows")
    class Row {
      @PrimaryKey() id!: number;
      @Column(t.text, { nullable: true, serverDefault: "made" }) a: string | null | undefined = undefined;
      @Column(t.text, { nullable: true }) b!: string | null;
      @Column({ serverDefault: func.now() }) at!: Date;
    }
    const { engine, Session } = await storeFor(own);
    await using session = Session();
    using log = recordStatements(engine);
    session.add(new Row());
    await session.flush();
    expect(log.texts("INSERT")[0]).not.toMatch(/\ba\b.*VALUES|\bat\b.*VALUES/);
    session.add(make(Row, { a: "x", b: null }));
    await session.flush();
    expect(await session.execute(text("select a, b from rows order by id")).all()).toEqual([
      ["made", null],
      ["x", null],
    ]);
  });
});
