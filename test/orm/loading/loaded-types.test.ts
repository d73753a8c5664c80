/** What the types of results say about what their statements load. */
import { expect, expectTypeOf, test } from "vitest";
import {
  aliased,
  attrs,
  awaitable,
  Column,
  containsEager,
  defaultload,
  defer,
  inspect,
  joinedload,
  type Loaded,
  type LoadOption,
  lazyload,
  loadOnly,
  ManyToMany,
  ManyToOne,
  OneToMany,
  type OnlyColumns,
  PrimaryKey,
  type Relation,
  registry,
  select,
  selectinload,
  subqueryload,
  t,
} from "../../../src/index.js";
import { make, storeFor } from "../support.js";

const reg = registry();

@reg.Entity("people")
class Person {
  @PrimaryKey() id!: number;
  @Column() name!: string;
  @Column(t.text, { nullable: true }) bio!: string | null;
  @OneToMany(
    () => Note,
    (x) => x.author,
  )
  notes!: Note[];
  get initial(): string {
    return this.name.slice(0, 1);
  }
}

@reg.Entity("notes")
class Note {
  @PrimaryKey() id!: number;
  @Column() title!: string;
  @Column() body!: string;
  @ManyToOne(
    () => Person,
    (x) => x.notes,
  )
  author!: Relation<Person> | null;
  @ManyToMany(
    () => Tag,
    (x) => x.notes,
    { secondary: "note_tags" },
  )
  tags!: Set<Tag>;
}

@reg.Entity("tags")
class Tag {
  @PrimaryKey() id!: number;
  @Column() label!: string;
  @ManyToMany(
    () => Note,
    (x) => x.tags,
  )
  notes!: Note[];
}

async function filled() {
  const store = await storeFor(reg);
  await store.Session.begin((s) => {
    const notes = [make(Note, { title: "one", body: "b", tags: new Set([make(Tag, { label: "x" })]) })];
    s.add(make(Person, { name: "Ann", bio: "long", notes }));
  });
  return store;
}

/** Functions that say what they need. */
const titles = (person: Loaded<Person, "notes">): string[] => person.notes.map((x) => x.title);
const labels = (person: Loaded<Person, "notes" | "notes.tags">): string[] =>
  person.notes.flatMap((x) => [...x.tags].map((tag) => tag.label));
const anyone = (person: Person): string => person.name;

test("[QC-06] a statement with eager options gives entities that say what is loaded, which functions can ask for", async () => {
  const { Session } = await filled();
  await using session = Session();
  const found = await session
    .scalars(select(Person).options(selectinload(Person, (x) => x.notes).selectinload((x) => x.tags)))
    .all();
  expectTypeOf(found).toEqualTypeOf<Loaded<Person, "notes" | "notes.tags">[]>();
  expect(found.map(titles)).toEqual([["one"]]);
  expect(found.map(labels)).toEqual([["x"]]);
  expect(found.map(anyone)).toEqual(["Ann"]);
  const people: Person[] = found;
  expect(people).toHaveLength(1);

  const plain = await session.scalars(select(Person)).one();
  expectTypeOf(plain).toEqualTypeOf<Person>();
  // @ts-expect-error nothing is known to be loaded
  titles(plain);
  const part = await session.scalars(select(Person).options(subqueryload(Person, (x) => x.notes))).one();
  expect(titles(part)).toEqual(["one"]);
  // @ts-expect-error its tags are not
  labels(part);
});

test("[QC-06] what lies behind a relation, a set and a join is known too, and rows of several things keep their places", async () => {
  const { Session } = await filled();
  await using session = Session();
  const [[note, title, person]] = await session
    .execute(
      select(Note, attrs(Note).title, Person)
        .join(attrs(Note).author)
        .options(
          joinedload(Note, (x) => x.author).selectinload((x) => x.notes),
          selectinload(Note, (x) => x.tags).selectinload((x) => x.notes),
        ),
    )
    .all();
  expectTypeOf(note).toEqualTypeOf<Loaded<Note, "author" | "author.notes" | "tags" | "tags.notes">>();
  expectTypeOf(title).toEqualTypeOf<string>();
  expectTypeOf(person).toEqualTypeOf<Person>();
  if (note.author !== null) expect(titles(note.author)).toEqual(["one"]);
  for (const tag of note.tags) expectTypeOf(tag).toEqualTypeOf<Loaded<Tag, "notes">>();

  const rows = await session.execute(select({ who: Person }).options(selectinload(Person, (x) => x.notes))).all();
  expect(rows.map((row) => titles(row.who))).toEqual([["one"]]);
  const p = aliased(Person, "p");
  const other = await session.scalars(select(p).options(selectinload(p, (x) => x.notes))).one();
  expect(titles(other)).toEqual(["one"]);
});

test("[QC-06] options one after the other add up; lazy ones and what lies behind them say nothing", async () => {
  const { Session } = await filled();
  await using session = Session();
  const both = await session
    .scalars(
      select(Note)
        .options(selectinload(Note, (x) => x.author))
        .where((x) => x.id.gt(0))
        .options(selectinload(Note, (x) => x.tags)),
    )
    .one();
  expectTypeOf(both).toExtend<Loaded<Note, "author" | "tags">>();
  const lazy = await session
    .scalars(
      select(Person).options(
        lazyload(Person, (x) => x.notes),
        defaultload(Person, (x) => x.notes).selectinload((x) => x.tags),
      ),
    )
    .one();
  expectTypeOf(lazy).toEqualTypeOf<Person>();
});

test("[QC-06] loadOnly and defer narrow the type to what is there; awaitable() knows the rest", async () => {
  const { Session } = await filled();
  await using session = Session();
  const lean = await session.scalars(select(Person).options(loadOnly(Person, (x) => [x.id, x.name]))).one();
  expectTypeOf(lean).toEqualTypeOf<OnlyColumns<Person, "id" | "name">>();
  expect([lean.name, lean.initial, inspect(lean).attrs.bio.loaded]).toEqual(["Ann", "A", false]);
  // @ts-expect-error it is not loaded
  expect(() => lean.bio).toThrow(/bio/);
  expect(await awaitable(lean).bio).toBe("long");
  // @ts-expect-error a person without its bio is no Person
  anyone(lean);

  session.expungeAll();
  const deferred = await session
    .scalars(
      select(Person).options(
        defer(Person, (x) => x.bio),
        selectinload(Person, (x) => x.notes).loadOnly((x) => x.title),
      ),
    )
    .one();
  expect(deferred.notes[0].title).toBe("one");
  // @ts-expect-error the notes have their titles only
  expect(() => deferred.notes[0].body).toThrow("Note(1) is not loaded");
  // @ts-expect-error deferred
  expect(() => deferred.bio).toThrow("Person(1) is not loaded");
});

test("[QC-06] a synchronous session loads what is read, so that its results are not narrowed", async () => {
  const { Session } = await filled();
  await using session = Session();
  await session.runSync((s) => {
    const stmt = select(Person).options(
      loadOnly(Person, (x) => x.name),
      selectinload(Person, (x) => x.notes),
    );
    const person = s.scalars(stmt).one();
    expectTypeOf(person).toEqualTypeOf<Loaded<Person, "notes">>();
    expect(person.bio).toBe("long");
  });
});

test("[QR-16] a result with a joined collection has unique() and lacks everything that would be wrong before", async () => {
  const { Session } = await filled();
  await using session = Session();
  const stmt = select(Person).options(joinedload(Person, (x) => x.notes).joinedload((x) => x.tags));
  const people = await session.scalars(stmt).unique().all();
  expectTypeOf(people).toEqualTypeOf<Loaded<Person, "notes" | "notes.tags">[]>();
  // @ts-expect-error the types lack what the runtime refuses
  await expect(session.scalars(stmt).all()).rejects.toThrow("call unique()");
  // @ts-expect-error the same
  await expect(session.scalars(stmt).one()).rejects.toThrow("call unique()");
  const result = await session.execute(stmt.limit(1));
  // @ts-expect-error the same
  expect(() => result.all()).toThrow("call unique()");
  expect(result.unique().all()).toHaveLength(1);
  await session.runSync((s) => {
    // @ts-expect-error the same
    expect(() => s.scalars(stmt).all()).toThrow("call unique()");
  });
  const p = attrs(Person);
  const contained = select(Person).join(p.notes).options(containsEager(p.notes));
  expect(await session.scalars(contained).unique().all()).toHaveLength(1);
  // A relation to one multiplies nothing, and what a statement of its own loads neither.
  const one = select(Note).options(joinedload(Note, (x) => x.author));
  expect(await session.scalars(one).all()).toHaveLength(1);
  const apart = select(Person).options(selectinload(Person, (x) => x.notes).joinedload((x) => x.tags));
  expect(await session.scalars(apart).all()).toHaveLength(1);
});

test("[QC-06] an option that is held as a plain LoadOption says nothing, for those who do not want it", async () => {
  const { Session } = await filled();
  await using session = Session();
  const options: LoadOption[] = [selectinload(Person, (x) => x.notes), loadOnly(Person, (x) => x.id)];
  const person = await session.scalars(select(Person).options(...options)).one();
  expectTypeOf(person).toEqualTypeOf<Person>();
  expect(person.notes).toHaveLength(1);
  let again = await session.scalars(select(Person)).one();
  again = await session.scalars(select(Person).options(selectinload(Person, (x) => x.notes))).one();
  expect(again).toBe(person);
});

test("objects of one class of which different things are known are compared with ===, and one does not stand for the other", async () => {
  const { Session } = await storeFor(reg, { expireOnCommit: false });
  await using session = Session();
  session.add(
    make(Note, {
      title: "a",
      body: "",
      author: make(Person, { name: "Ann" }),
      tags: new Set([new Tag()].map((tag) => Object.assign(tag, { label: "x" }))),
    }),
  );
  await session.commit();
  const [tagged] = await session.scalars(select(Note).options(selectinload(Note, (n) => n.tags))).all();
  const [signed] = await session
    .scalars(select(Note).options(selectinload(Note, (n) => n.author).selectinload((p) => p.notes)))
    .all();
  expect(tagged === signed).toBe(true);
  expect(signed.author?.notes.filter((note) => note !== tagged)).toEqual([]);
  const tags = (note: Loaded<Note, "tags">) => note.tags.size;
  expect(tags(tagged)).toBe(1);
  // @ts-expect-error its author is known, and not its tags
  tags(signed);
  // @ts-expect-error neither is that of a plain one
  expectTypeOf(tags).toBeCallableWith(new Note());
});

test("what is known of an object holds for a subclass, and a collection is replaced by what is known as well as its members were", async () => {
  const own = registry();
  @own.Entity("shops", { polymorphicOn: "kind", polymorphicIdentity: "shop" })
  class Shop {
    @PrimaryKey() id!: number;
    @Column() kind!: string;
    @OneToMany(
      () => Item,
      (item) => item.shop,
    )
    items!: Item[];
  }
  @own.Entity({ polymorphicIdentity: "bakery", polymorphicLoad: "inline" })
  class Bakery extends Shop {
    @Column(t.integer, { nullable: true }) ovens!: number | null;
  }
  @own.Entity("items")
  class Item {
    @PrimaryKey() id!: number;
    @ManyToOne(
      () => Shop,
      (each) => each.items,
    )
    shop!: Relation<Shop> | null;
    @OneToMany(
      () => Price,
      (price) => price.item,
    )
    prices!: Price[];
  }
  @own.Entity("prices")
  class Price {
    @PrimaryKey() id!: number;
    @ManyToOne(
      () => Item,
      (item) => item.prices,
    )
    item!: Relation<Item> | null;
  }
  const { Session } = await storeFor(own);
  await Session.begin((s) => s.add(make(Bakery, { ovens: 2, items: [make(Item, { prices: [new Price()] })] })));
  await using session = Session();
  const shop = await session
    .scalars(select(Shop).options(selectinload(Shop, (x) => x.items).selectinload((x) => x.prices)))
    .one();
  if (!(shop instanceof Bakery)) throw new Error("it is a bakery");
  expectTypeOf(shop.ovens).toEqualTypeOf<number | null>();
  const priced = (each: Loaded<Shop, "items" | "items.prices">) => each.items.map((item) => item.prices.length);
  expect(priced(shop)).toEqual([1]);
  const bakery = shop as Loaded<Shop, "items"> as Loaded<Bakery, "items">;
  expect(bakery.items).toHaveLength(1);
  const replace = () => {
    // @ts-expect-error nobody knows whether the prices of these are loaded
    shop.items = [new Item()];
  };
  void replace;
  const plain: Shop = shop;
  plain.items = [new Item()];
  shop.items.push(new Item());
  expect(priced(shop)).toEqual([0, 0]);
});
