/** Nested objects in `create()`, and lambdas wherever a statement knows whose attributes are meant. */
import { describe, expect, expectTypeOf, test } from "vitest";
import {
  type AssociationList,
  AssociationProxy,
  aliased,
  assign,
  attributeKeyedDict,
  attrs,
  Column,
  Composite,
  type CompositeOf,
  create,
  func,
  type Hidden,
  ManyToAny,
  ManyToMany,
  ManyToOne,
  OneToMany,
  OneToOne,
  type OptionalProps,
  PrimaryKey,
  type Relation,
  registry,
  select,
  t,
  type WriteOnlyCollection,
  withParent,
  withPolymorphic,
} from "../../src/index.js";
import { storeFor } from "./support.js";

const own = registry();

class Place {
  constructor(
    readonly row: number,
    readonly shelf: number,
  ) {}
  next(): Place {
    return new Place(this.row, this.shelf + 1);
  }
}

@own.Entity("authors")
class Author {
  declare [OptionalProps]?: "id";
  @PrimaryKey() id!: number;
  @Column() name!: string;
  @OneToOne(
    () => Profile,
    (p) => p.author,
  )
  profile!: Relation<Profile> | null;
  @OneToMany(
    () => Book,
    (b) => b.author,
    { orderBy: (b) => b.id },
  )
  books!: Book[];
  @OneToMany(
    () => Prize,
    (p) => p.author,
    { collectionClass: attributeKeyedDict("name") },
  )
  prizes!: Map<string, Prize>;
  @OneToMany(
    () => Visit,
    (v) => v.author,
    { lazy: "write_only" },
  )
  visits!: WriteOnlyCollection<Visit>;
  @AssociationProxy("books", "title") titles!: AssociationList<string>;
  @Column(t.json<{ lang: string; words?: number }>(), { nullable: true }) facts!: {
    lang: string;
    words?: number;
  } | null;
  @Composite(Place, { row: t.integer, shelf: t.integer }, { nullable: true }) place!: CompositeOf<Place> | null;
}

@own.Entity("profiles")
class Profile {
  declare [OptionalProps]?: "id";
  @PrimaryKey() id!: number;
  @Column(t.text, { hidden: true, nullable: true }) secret!: Hidden<string> | null;
  @Column() bio!: string;
  @OneToOne(
    () => Author,
    (a) => a.profile,
    { owner: true },
  )
  author!: Relation<Author> | null;
}

@own.Entity("books", { polymorphicOn: "kind", polymorphicIdentity: "book" })
class Book {
  declare [OptionalProps]?: "id" | "kind";
  @PrimaryKey() id!: number;
  @Column() title!: string;
  @Column() kind!: string;
  @ManyToOne(
    () => Author,
    (a) => a.books,
  )
  author!: Relation<Author> | null;
  @ManyToMany(() => Tag, { secondary: "book_tags" }) tags!: Set<Tag>;
}

@own.Entity({ polymorphicIdentity: "audio" })
class AudioBook extends Book {
  @Column() minutes!: number;
}

@own.Entity("tags")
class Tag {
  declare [OptionalProps]?: "id";
  @PrimaryKey() id!: number;
  @Column() label!: string;
}

@own.Entity("prizes")
class Prize {
  declare [OptionalProps]?: "id";
  @PrimaryKey() id!: number;
  @Column() name!: string;
  @ManyToOne(
    () => Author,
    (a) => a.prizes,
  )
  author!: Relation<Author> | null;
}

@own.Entity("visits")
class Visit {
  declare [OptionalProps]?: "id";
  @PrimaryKey() id!: number;
  @Column() place!: string;
  @ManyToOne(
    () => Author,
    (a) => a.visits,
  )
  author!: Relation<Author> | null;
}

@own.Entity("notes")
class Note {
  declare [OptionalProps]?: "id";
  @PrimaryKey() id!: number;
  @ManyToAny({ tag: () => Tag, prize: () => Prize }) subject!: Relation<Tag | Prize> | null;
}

const ann = () =>
  create(Author, {
    name: "Ann",
    profile: { bio: "writes" },
    books: [
      { title: "one", tags: [{ label: "new" }] },
      create(AudioBook, { title: "two", minutes: 90 }),
      { title: "three" },
    ],
    prizes: [{ name: "best" }],
    visits: [{ place: "Rome" }],
  });

describe("plain objects in create()", () => {
  test("become objects of the class on the other side, at every depth and in every kind of collection", async () => {
    const { Session } = await storeFor(own, { expireOnCommit: false });
    await using session = Session();
    const author = ann();
    const [one, two] = author.books;
    expect(author.profile).toBeInstanceOf(Profile);
    expect(author.books.map((b) => b.constructor)).toEqual([Book, AudioBook, Book]);
    expect([...one.tags][0]).toBeInstanceOf(Tag);
    expect(two.author).toBe(author);
    expect(author.prizes.get("best")).toBeInstanceOf(Prize);
    session.add(author);
    await session.commit();
    session.expungeAll();
    expect(await session.scalars(select(attrs(Visit).place)).all()).toEqual(["Rome"]);
    expect(await session.count(await session.getOne(Author, author.id), "books")).toBe(3);
  });

  test("are checked by the compiler, and by create() of their class", () => {
    const rome = create(Visit, { place: "Rome" });
    const author = create(Author, { name: "Bob", visits: new Set([rome]), prizes: new Map([["x", { name: "x" }]]) });
    expect(rome.author).toBe(author);
    expect(author.prizes.get("x")?.author).toBe(author);
    expectTypeOf(create(Author, { name: "Ann", books: author.books }).books).toEqualTypeOf<Book[]>();
    // @ts-expect-error the title is missing
    void (() => create(Author, { name: "x", books: [{ tags: [] }] }));
    // @ts-expect-error there is no such attribute
    expect(() => create(Author, { name: "x", books: [{ title: "x", pages: 7 }] })).toThrow(
      /Book has no mapped attribute "pages"/,
    );
    // @ts-expect-error it is hidden
    expect(() => create(Author, { name: "x", profile: { bio: "", secret: "y" } })).toThrow(
      /create\(Profile, \.\.\.\): "secret" is hidden/,
    );
    // @ts-expect-error nobody knows of which class it is to be
    expect(() => create(Note, { subject: { label: "x" } })).toThrow(/takes objects of Tag, Prize, not a plain object/);
    expect(create(Note, { subject: create(Tag, { label: "x" }) }).subject).toBeInstanceOf(Tag);
  });

  test("in assign() have their types too, whatever the collection", () => {
    const author = ann();
    assign(author, {
      profile: { bio: "reads" },
      books: [{ title: "four", tags: [{ label: "x" }] }],
      prizes: [{ name: "y" }],
    });
    expect([author.profile?.bio, [...author.books[0].tags][0].label, [...author.prizes.keys()]]).toEqual([
      "reads",
      "x",
      ["y"],
    ]);
    assign(author, { facts: { lang: "en" }, place: { row: 1, shelf: 2 } });
    expect(author.place?.next()).toEqual(new Place(1, 3));
    // @ts-expect-error JSON is whole
    void (() => assign(author, { facts: { words: 7 } }));
    // @ts-expect-error and so is a composite
    void (() => assign(author, { place: { row: 7 } }));
    // @ts-expect-error a title is text
    expect(() => assign(author, { books: [{ title: 7 }] })).toThrow(/books\.0\.title/);
  });
});

describe("lambdas", () => {
  test("take the classes that selectFrom() names where only expressions are selected", async () => {
    const { Session } = await storeFor(own);
    await using session = Session();
    session.add(ann());
    await session.flush();
    const count = select(func.count()).selectFrom(Book);
    expect(await session.scalar(count.where((b) => b.title.startsWith("t")))).toBe(2);
    expect(await session.scalar(count.filterBy({ title: "one" }))).toBe(1);
    const titles = select(attrs(Book).title)
      .selectFrom(Book)
      .join((b) => b.author)
      .where((b) => b.id.gt(0));
    expect(await session.scalars(titles.orderBy((b) => b.title)).all()).toEqual(["one", "three", "two"]);
    const none = "got a function, and no mapped class is selected whose attributes it could take";
    expect(() => select(func.count()).where((() => null) as never)).toThrow(
      `where() ${none}. Name one by selectFrom() before, or write attrs(Class).`,
    );
    expect(() => select(attrs(Book).title).join((() => null) as never)).toThrow(`join() ${none}`);
  });

  test("name relationships in joins, and take what is joined in the condition", async () => {
    const { Session } = await storeFor(own);
    await using session = Session();
    session.add(ann());
    session.add(create(Author, { name: "Bob" }));
    await session.flush();
    const a = attrs(Author);
    expect(
      (
        await session
          .scalars(
            select(Book)
              .join((b) => b.author)
              .where(a.name.eq("Ann")),
          )
          .all()
      ).length,
    ).toBe(3);
    const other = aliased(Author, "other");
    const pairs = select({ one: a.name, two: other.name })
      .selectFrom(Author)
      .join(other, (x, y) => x.id.lt(y.id));
    expect(await session.execute(pairs).all()).toEqual([{ one: "Ann", two: "Bob" }]);
    const outer = select({ name: a.name, title: attrs(Book).title })
      .selectFrom(Author)
      .outerjoin((x) => x.books);
    const rows = await session.execute(outer.where((x) => x.name.eq("Bob"))).all();
    expectTypeOf(rows[0].title).toEqualTypeOf<string | null>();
    expect(rows).toEqual([{ name: "Bob", title: null }]);
  });

  test("keep the attributes of subclasses, and an alias is its own attributes", async () => {
    const { Session } = await storeFor(own);
    await using session = Session();
    session.add(ann());
    await session.flush();
    const any = withPolymorphic(Book, [AudioBook]);
    const long = await session.scalars(select(any).where((b) => b.minutes.gt(60))).all();
    expect(long.map((b) => b.title)).toEqual(["two"]);
    const other = aliased(Book);
    expect(attrs(other)).toBe(other);
    const author = await session.scalars(select(Author)).one();
    const mine = select(Book)
      .where(withParent(author, (x) => x.books))
      .orderBy((b) => b.id.desc())
      .limit(1);
    expect((await session.scalars(mine).one()).title).toBe("three");
  });
});
