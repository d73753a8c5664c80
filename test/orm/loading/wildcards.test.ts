import { describe, expect, test } from "vitest";
import {
  ArgumentError,
  attrs,
  Column,
  containsEager,
  defaultload,
  defer,
  immediateload,
  inspect,
  joinedload,
  type LoadOption,
  lazyload,
  load,
  ManyToOne,
  OneToMany,
  PrimaryKey,
  type Relation,
  raiseload,
  registry,
  select,
  selectinload,
  subqueryload,
  t,
  undefer,
} from "../../../src/index.js";
import { recordStatements } from "../../support/statements.js";
import { make, storeFor } from "../support.js";

const reg = registry();

@reg.Entity("authors")
class Author {
  @PrimaryKey() id!: number;
  @Column(t.text, { nullable: true, deferred: true }) bio!: string | null;
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
  @Column(t.text, { nullable: true, deferred: true }) blurb!: string | null;
  @ManyToOne(
    () => Author,
    (a) => a.books,
  )
  author!: Relation<Author> | null;
  @OneToMany(
    () => Page,
    (p) => p.book,
    { orderBy: "id" },
  )
  pages!: Page[];
}

@reg.Entity("pages")
class Page {
  @PrimaryKey() id!: number;
  @Column(t.string(20)) heading!: string;
  @ManyToOne(
    () => Book,
    (b) => b.pages,
  )
  book!: Relation<Book> | null;
}

@reg.Entity("folders")
class Folder {
  @PrimaryKey() id!: number;
  @ManyToOne(
    () => Folder,
    (f) => f.children,
  )
  parent!: Relation<Folder> | null;
  @OneToMany(
    () => Folder,
    (f) => f.parent,
  )
  children!: Folder[];
}

async function filled() {
  const store = await storeFor(reg);
  await store.Session.begin((s) => {
    const pages = [1, 2].map((id) => make(Page, { id, heading: `page ${id}` }));
    const books = [make(Book, { id: 1, pages }), make(Book, { id: 2, pages: [] })];
    s.addAll([make(Author, { id: 1, books }), make(Folder, { id: 1, children: [make(Folder, { id: 2 })] })]);
  });
  return { ...store, log: recordStatements(store.engine) };
}

/** What is not loaded, but the columns that the mapping defers. */
const unloaded = (object: object) => [...inspect(object).unloaded].filter((key) => key !== "bio" && key !== "blurb");

describe('"*" in place of a relationship', () => {
  const loaders: readonly (readonly [LoadOption, LoadOption, number])[] = [
    [joinedload("*"), joinedload(Folder, "*"), 1],
    [selectinload("*"), selectinload(Folder, "*"), 3],
    [subqueryload("*"), subqueryload(Folder, "*"), 3],
    [immediateload("*"), immediateload(Folder, "*"), 3],
  ];

  test.each(loaders)(
    "loads all relationships at every level, until a class comes again (%#)",
    async (all, of, count) => {
      const { Session, log } = await filled();
      await using session = Session();
      const author = await session.scalars(select(Author).options(all)).unique().one();
      expect(log.count()).toBe(count);
      const [first, second] = author.books;
      expect([author, first, second, first.pages[0]].map(unloaded)).toEqual([[], ["author"], ["author"], ["book"]]);
      expect(first.pages.map((page) => page.heading)).toEqual(["page 1", "page 2"]);
      log.reset();
      const folder = await session
        .scalars(
          select(Folder)
            .where((f) => f.id.eq(1))
            .options(of),
        )
        .unique()
        .one();
      expect(unloaded(folder)).toEqual(["parent", "children"]);
      await session.refresh(folder);
      expect(unloaded(folder)).toEqual(["parent", "children"]);
      expect(log.count()).toBe(2);
    },
  );

  test("speaks of one class, or of what a path has reached, where it stands there", async () => {
    const { Session } = await filled();
    await using session = Session();
    const b = attrs(Book);
    const both = select(Author, Book).join(attrs(Author).books).where(b.id.eq(1)).options(load(Book).selectinload("*"));
    const [[author, book]] = await session.execute(both).all();
    expect(unloaded(author)).toEqual(["books"]);
    expect(book.pages.length).toBe(2);
    session.expungeAll();
    for (const option of [
      selectinload(Author, (a) => a.books).joinedload("*"),
      selectinload(Author, (a) => a.books).subqueryload("*"),
      selectinload(Author, (a) => a.books).immediateload("*"),
    ]) {
      const one = await session.scalars(select(Author).options(option)).one();
      expect([one.books[0], one.books[0].pages[0]].map(unloaded)).toEqual([["author"], ["book"]]);
      session.expungeAll();
    }
  });

  test("gives way to an option that names the relationship, wherever it stands; of several, the last one holds", async () => {
    const { Session } = await filled();
    await using session = Session();
    const named = lazyload(Author, (a) => a.books);
    for (const options of [
      [selectinload("*"), named],
      [named, joinedload("*")],
      [selectinload("*"), lazyload("*")],
    ]) {
      session.expungeAll();
      expect(unloaded(await session.scalars(select(Author).options(...options)).one())).toEqual(["books"]);
    }
    session.expungeAll();
    const options = [raiseload("*"), selectinload("*")];
    expect(unloaded(await session.scalars(select(Author).options(...options)).one())).toEqual([]);
  });

  test("takes no settings, and goes with loaders alone", () => {
    // @ts-expect-error one relationship
    expect(() => containsEager("*")).toThrow(ArgumentError);
    // @ts-expect-error one relationship
    expect(() => defaultload("*")).toThrow(
      '"*" says how all relationships are loaded: containsEager() and defaultload() take one of them.',
    );
    expect(() => selectinload(Author, "*", { limit: 3 })).toThrow(
      '"*" speaks of relationships of every kind: limit is a setting of one that is named.',
    );
  });
});

describe('defer("*") and undefer("*")', () => {
  const withBooks = select(Author).options(selectinload(Author, (a) => a.books).selectinload((b) => b.pages));

  test("speak of the columns of every class that the statement loads", async () => {
    const { Session } = await filled();
    await using session = Session();
    const whole = await session.scalars(withBooks.options(undefer("*"))).one();
    expect([whole.bio, whole.books[0].blurb]).toEqual([null, null]);
    session.expungeAll();
    const lean = await session.scalars(withBooks.options(defer("*"))).one();
    const [page] = lean.books[0].pages;
    expect([page.id, [...inspect(page).unloaded].includes("heading")]).toEqual([1, true]);
    expect(await session.runSync(() => page.heading)).toBe("page 1");
  });

  test("with raiseload, reading one is an error; a column that is named is loaded all the same", async () => {
    const { Session } = await filled();
    await using session = Session();
    const option = selectinload(Author, (a) => a.books).selectinload((b) => b.pages);
    const named = option.undefer((p) => p.heading);
    const author = await session.scalars(select(Author).options(defer("*", { raiseload: true }), named)).one();
    expect(author.books[0].pages[0].heading).toBe("page 1");
    await session.runSync(() => expect(() => author.bio).toThrow('"Author.bio" is not available'));
  });
});
