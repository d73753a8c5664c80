/** Joins along relationships and beside them, conditions on relationships, and the left side of a statement. */
import { describe, expect, test } from "vitest";
import {
  AmbiguousForeignKeysError,
  ArgumentError,
  aliased,
  attrs,
  Column,
  func,
  InvalidRequestError,
  ManyToMany,
  ManyToOne,
  OneToMany,
  PrimaryKey,
  type Relation,
  registry,
  select,
  selectinload,
  t,
  withParent,
} from "../../../src/index.js";
import { make, storeFor } from "../support.js";

const reg = registry();

@reg.Entity("authors")
class Author {
  @PrimaryKey() id!: number;
  @Column(t.string(50)) name!: string;
  @ManyToOne(
    () => Author,
    (a) => a.pupils,
    { remoteSide: ["id"] },
  )
  teacher!: Relation<Author> | null;
  @OneToMany(
    () => Author,
    (a) => a.teacher,
  )
  pupils!: Author[];
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
  @Column(t.integer) pages!: number;
  @Column({ foreignKey: "authors.id", nullable: true }) authorId!: number | null;
  @ManyToOne(
    () => Author,
    (a) => a.books,
  )
  author!: Relation<Author> | null;
  @ManyToMany(
    () => Label,
    (l) => l.books,
    { secondary: "book_labels", orderBy: "id" },
  )
  labels!: Label[];
}

@reg.Entity("labels")
class Label {
  @PrimaryKey() id!: number;
  @Column(t.string(50)) name!: string;
  @ManyToMany(
    () => Book,
    (b) => b.labels,
  )
  books!: Book[];
}

@reg.Entity("islands")
class Island {
  @PrimaryKey() id!: number;
  @Column(t.string(50)) name!: string;
}

@reg.Entity("letters")
class Letter {
  @PrimaryKey() id!: number;
  @Column({ foreignKey: "authors.id" }) senderId!: number;
  @Column({ foreignKey: "authors.id" }) receiverId!: number;
}

async function library() {
  const store = await storeFor(reg);
  const old = make(Label, { name: "old" });
  const good = make(Label, { name: "good" });
  const ann = make(Author, { name: "Ann", books: [] });
  ann.books.push(
    make(Book, { title: "Long", pages: 900, labels: [old, good] }),
    make(Book, { title: "Short", pages: 90, labels: [old] }),
  );
  const bob = make(Author, {
    name: "Bob",
    teacher: ann,
    books: [make(Book, { title: "Mid", pages: 300, labels: [] })],
  });
  const cid = make(Author, { name: "Cid", teacher: bob, books: [] });
  await store.Session.begin((s) => {
    s.addAll([ann, bob, cid, make(Island, { name: "Ann" }), make(Book, { title: "Nobody's", pages: 1, labels: [] })]);
  });
  return store;
}

const a = attrs(Author);
const b = attrs(Book);
const l = attrs(Label);
const i = attrs(Island);

describe("joins", () => {
  test("[QS-10] an explicit condition takes the place of the inferred one, and a missing or ambiguous key is an error that says what there is", async () => {
    const { Session } = await library();
    await using s = Session();
    const rows = await s.execute(select(a.name, i.id).join(Island, i.name.eq(a.name))).all();
    expect(rows.map(([name]) => name)).toEqual(["Ann"]);
    const thick = await s.execute(select(a.name, b.title).join(Book, b.authorId.eq(a.id).and(b.pages.gt(500)))).all();
    expect(thick.map((row) => [...row])).toEqual([["Ann", "Long"]]);
    const refused = (target: typeof Island | typeof Letter) =>
      s.execute(select(Author).join(target)).then(
        () => null,
        (error: unknown) => error as Error,
      );
    expect(await refused(Island)).toBeInstanceOf(InvalidRequestError);
    expect((await refused(Island))?.message).toMatch(/authors.*islands|islands.*authors/s);
    expect(await refused(Letter)).toBeInstanceOf(AmbiguousForeignKeysError);
    expect((await refused(Letter))?.message).toMatch(/sender_id.*receiver_id/s);
  });

  test("[QS-11] what is added to a relationship stands in the ON of its join, and narrows what a loader option loads", async () => {
    const { Session } = await library();
    await using s = Session();
    const statement = select(a.name, b.title)
      .outerjoin(a.books.and(b.pages.gt(500)))
      .orderBy(a.id);
    expect(String(statement)).toMatch(/ON .*pages > /);
    expect(String(statement)).not.toContain("WHERE");
    expect((await s.execute(statement).all()).map((row) => [...row])).toEqual([
      ["Ann", "Long"],
      ["Bob", null],
      ["Cid", null],
    ]);
    const authors = await s
      .scalars(
        select(Author)
          .orderBy(a.id)
          .options(selectinload(a.books.and((book) => book.pages.lt(100)))),
      )
      .all();
    expect(authors.map((author) => author.books.map((book) => book.title))).toEqual([["Short"], [], []]);
  });

  test("[QS-12] self-joins along a relationship take aliases on either side", async () => {
    const { Session } = await library();
    await using s = Session();
    const te = aliased(Author, "teacher");
    const gr = aliased(Author, "grand");
    const rows = await s
      .execute(select(a.name, te.name, gr.name).join(a.teacher.of(te)).outerjoin(te.teacher.of(gr)).orderBy(a.id))
      .all();
    expect(rows.map((row) => [...row])).toEqual([
      ["Bob", "Ann", null],
      ["Cid", "Bob", "Ann"],
    ]);
    const fromAlias = await s.execute(select(te.name, b.title).join(te.books).orderBy(b.title)).all();
    expect(fromAlias.map((row) => [...row])).toEqual([
      ["Ann", "Long"],
      ["Bob", "Mid"],
      ["Ann", "Short"],
    ]);
    await expect(s.execute(select(Author).join(a.teacher))).rejects.toThrow(/needs a second name for the class/);
  });

  test("[QS-13] a subquery is joined by a condition, and stands for the target of a relationship", async () => {
    const { Session } = await library();
    await using s = Session();
    const counts = select({ authorId: b.authorId, books: func.count(b.id) })
      .groupBy(b.authorId)
      .subquery("counts");
    const rows = await s
      .execute(select(a.name, counts.c.books).join(counts, counts.c.authorId.eq(a.id)).orderBy(a.id))
      .all();
    expect(rows.map((row) => [...row].map((value) => (typeof value === "bigint" ? Number(value) : value)))).toEqual([
      ["Ann", 2],
      ["Bob", 1],
    ]);
    const th = aliased(Book, select(Book).where(b.pages.ge(300)).subquery("thick"));
    const along = await s.execute(select(a.name, th.title).join(a.books.of(th)).orderBy(a.id)).all();
    expect(along.map((row) => [...row])).toEqual([
      ["Ann", "Long"],
      ["Bob", "Mid"],
    ]);
  });

  test("[QS-14] selectFrom and joinFrom fix the left side", async () => {
    const { Session } = await library();
    await using s = Session();
    const counted = await s.execute(select(func.count(b.id)).selectFrom(Author).join(a.books)).scalarOne();
    expect(Number(counted)).toBe(3);
    const rows = await s
      .execute(select(b.title, a.name).joinFrom(Author, Book, b.authorId.eq(a.id)).orderBy(a.name))
      .all();
    expect(rows.map((row) => row[1])).toEqual(["Ann", "Ann", "Bob"]);
    expect(String(select(b.title, a.name).joinFrom(Author, Book, b.authorId.eq(a.id)))).toMatch(
      /FROM authors\s+JOIN books/,
    );
  });
});

describe("conditions on relationships", () => {
  const names = (list: readonly { name: string }[]) => list.map((each) => each.name);

  test("[QS-15] any() and has() are correlated, and nest, and can be negated", async () => {
    const { Session } = await library();
    await using s = Session();
    const by = (condition: ReturnType<typeof a.books.any>) =>
      s.scalars(select(Author).where(condition).orderBy(a.id)).all();
    expect(names(await by(a.books.any()))).toEqual(["Ann", "Bob"]);
    expect(names(await by(a.books.any().not()))).toEqual(["Cid"]);
    expect(names(await by(a.books.any((book) => book.pages.gt(500))))).toEqual(["Ann"]);
    expect(names(await by(a.books.any((book) => book.labels.any((label) => label.name.eq("good")))))).toEqual(["Ann"]);
    expect(names(await by(a.teacher.has((teacher) => teacher.name.eq("Ann"))))).toEqual(["Bob"]);
    expect(names(await by(a.teacher.has((teacher) => teacher.teacher.has((grand) => grand.name.eq("Ann")))))).toEqual([
      "Cid",
    ]);
    expect(names(await by(a.pupils.any((pupil) => pupil.books.any())))).toEqual(["Ann"]);
    expect(names(await by(a.teacher.has().not()))).toEqual(["Ann"]);
    expect(String(select(Author).where(a.books.any()))).toMatch(
      /FROM authors\s+WHERE EXISTS \(SELECT 1\s+FROM books\s+WHERE/,
    );
    expect(() => a.books.has()).toThrow(InvalidRequestError);
    expect(() => a.teacher.any()).toThrow(/use has\(\)/);
  });

  test("[QS-16] relationships are compared with objects and with null; a transient object is an error", async () => {
    const { Session } = await library();
    await using s = Session();
    const ann = await s.scalars(select(Author).where(a.name.eq("Ann"))).one();
    const long = await s.scalars(select(Book).where(b.title.eq("Long"))).one();
    const good = await s.scalars(select(Label).where(l.name.eq("good"))).one();
    const titles = async (condition: ReturnType<typeof b.author.eq>) =>
      (await s.scalars(select(Book).where(condition).orderBy(b.title)).all()).map((book) => book.title);
    expect(await titles(b.author.eq(ann))).toEqual(["Long", "Short"]);
    expect(await titles(b.author.ne(ann))).toEqual(["Mid", "Nobody's"]);
    expect(await titles(b.author.eq(null))).toEqual(["Nobody's"]);
    expect(await titles(b.author.ne(null))).toEqual(["Long", "Mid", "Short"]);
    expect(await titles(b.labels.contains(good))).toEqual(["Long"]);
    expect(names(await s.scalars(select(Author).where(a.books.contains(long))).all())).toEqual(["Ann"]);
    const transient = make(Author, { name: "New" });
    await expect(s.scalars(select(Book).where(b.author.eq(transient))).all()).rejects.toThrow(
      /add it to the session and flush first/,
    );
    expect(() => b.author.eq(good as never)).toThrow(ArgumentError);
  });

  test("[QS-16] withParent() gives the rows that belong to an object, along one-to-many, many-to-one and many-to-many", async () => {
    const { Session } = await library();
    await using s = Session();
    const ann = await s.scalars(select(Author).where(a.name.eq("Ann"))).one();
    const bob = await s.scalars(select(Author).where(a.name.eq("Bob"))).one();
    const long = await s.scalars(select(Book).where(b.title.eq("Long"))).one();
    const books = await s.scalars(select(Book).where(withParent(ann, a.books)).orderBy(b.id)).all();
    expect(books.map((book) => book.title)).toEqual(["Long", "Short"]);
    expect(names(await s.scalars(select(Author).where(withParent(bob, a.teacher))).all())).toEqual(["Ann"]);
    expect(names(await s.scalars(select(Author).where(withParent(ann, a.pupils))).all())).toEqual(["Bob"]);
    expect(names(await s.scalars(select(Label).where(withParent(long, b.labels)).orderBy(l.id)).all())).toEqual([
      "old",
      "good",
    ]);
    const th = aliased(Book, "thick");
    const through = await s.scalars(select(th).where(withParent(ann, a.books.of(th)), th.pages.gt(100))).all();
    expect(through.map((book) => book.title)).toEqual(["Long"]);
    await expect(
      s.scalars(select(Book).where(withParent(make(Author, { name: "New" }), a.books))).all(),
    ).rejects.toThrow(/add it to the session and flush first/);
    expect(() => withParent(long as never, a.books)).toThrow(
      /^withParent\(\): Author\.books starts at an object of Author, not at Book/,
    );
  });
});
