/** The chapter "Collection customisation" of SQLAlchemy's ORM documentation, on both databases. */
import { describe, expect, expectTypeOf, test } from "vitest";
import {
  attributeKeyedDict,
  awaitable,
  Column,
  collection,
  inspect,
  joinedload,
  keyfuncMapping,
  ManyToMany,
  ManyToOne,
  OneToMany,
  type OrderingList,
  orderingList,
  PrimaryKey,
  type Relation,
  registry,
  select,
  selectinload,
  t,
  text,
} from "../../../src/index.js";
import { make, storeFor } from "../support.js";

const reg = registry();

/** A class of one's own: knows its members by position from the end. */
class Pile<T extends object> {
  private readonly books: T[] = [];
  @collection.appender put(book: T): void {
    this.books.push(book);
  }
  @collection.remover take(book: T): void {
    this.books.splice(this.books.indexOf(book), 1);
  }
  putAll(...books: T[]): void {
    for (const book of books) this.put(book);
  }
  get top(): T | undefined {
    return this.books.at(-1);
  }
  @collection.iterator *[Symbol.iterator](): IterableIterator<T> {
    yield* this.books;
  }
}

/** Subclasses of what JavaScript has, with methods that are built on its own. */
class Row<T extends object> extends Array<T> {
  get first(): T | undefined {
    return this[0];
  }
  swap(): void {
    this.push(...this.splice(0, 1));
  }
}
class Bag<T extends object> extends Set<T> {
  toggle(member: T): void {
    if (!this.delete(member)) this.add(member);
  }
}
class Index<T extends { readonly keyword: string }> extends Map<string, T> {
  @collection.appender put(member: T): void {
    this.set(member.keyword, member);
  }
  @collection.remover take(member: T): void {
    this.delete(member.keyword);
  }
  @collection.iterator members(): IterableIterator<T> {
    return this.values();
  }
}
/** Holds two at most: taking one in gives another away. */
class Pair<T extends object> {
  private readonly members: T[] = [];
  @collection.appender put(member: T): void {
    if (this.members.length === 2) this.take(this.members[0]);
    this.members.push(member);
  }
  @collection.remover take(member: T): void {
    this.members.splice(this.members.indexOf(member), 1);
  }
  @collection.iterator [Symbol.iterator](): IterableIterator<T> {
    return this.members.values();
  }
}

@reg.Entity("shelves")
class Shelf {
  @PrimaryKey() id!: number;
  @OneToMany(
    () => Book,
    (b) => b.shelf,
    { cascade: ["all", "delete-orphan"] },
  )
  books!: Set<Book>;
  @OneToMany(
    () => Note,
    (n) => n.shelf,
    { collectionClass: attributeKeyedDict("keyword"), cascade: ["all", "delete-orphan"] },
  )
  notes!: Map<string, Note>;
  @OneToMany(() => Note, { collectionClass: keyfuncMapping((n: Note) => n.keyword.length), viewonly: true })
  byLength!: Map<number, Note>;
  @OneToMany(
    () => Bullet,
    (b) => b.shelf,
    { collectionClass: orderingList("position"), orderBy: "position" },
  )
  bullets!: OrderingList<Bullet>;
  @ManyToMany(
    () => Label,
    (l) => l.shelves,
    { secondary: "shelf_labels" },
  )
  labels!: Set<Label>;
}

@reg.Entity("books")
class Book {
  @PrimaryKey() id!: number;
  @Column(t.string(20)) title!: string;
  @ManyToOne(
    () => Shelf,
    (s) => s.books,
  )
  shelf!: Relation<Shelf> | null;
  @ManyToOne(
    () => Corner,
    (c) => c.pile,
  )
  corner!: Relation<Corner> | null;
}

@reg.Entity("corners")
class Corner {
  @PrimaryKey() id!: number;
  @OneToMany(
    () => Book,
    (b) => b.corner,
    { collectionClass: Pile, orderBy: "id" },
  )
  pile!: Pile<Book>;
}

@reg.Entity("notes")
class Note {
  @PrimaryKey() id!: number;
  @Column(t.string(20)) keyword!: string;
  @Column(t.string(20), { nullable: true }) text!: string | null;
  @ManyToOne(
    () => Shelf,
    (s) => s.notes,
  )
  shelf!: Relation<Shelf> | null;
}

@reg.Entity("bullets")
class Bullet {
  @PrimaryKey() id!: number;
  @Column(t.string(20)) text!: string;
  @Column(t.integer, { nullable: true }) position!: number | null;
  @ManyToOne(
    () => Shelf,
    (s) => s.bullets,
  )
  shelf!: Relation<Shelf> | null;
}

@reg.Entity("labels")
class Label {
  @PrimaryKey() id!: number;
  @Column(t.string(20)) name!: string;
  @ManyToMany(
    () => Shelf,
    (s) => s.labels,
    { secondary: "shelf_labels" },
  )
  shelves!: Set<Shelf>;
}

@reg.Entity("rooms")
class Room {
  @PrimaryKey() id!: number;
  @OneToMany(
    () => Thing,
    (x) => x.row,
    { orderBy: "id" },
  )
  row!: Row<Thing>;
  @OneToMany(
    () => Thing,
    (x) => x.bag,
  )
  bag!: Bag<Thing>;
  @OneToMany(
    () => Thing,
    (x) => x.index,
    { collectionClass: Index as never },
  )
  index!: Index<Thing>;
  @OneToMany(
    () => Thing,
    (x) => x.pair,
    { collectionClass: Pair },
  )
  pair!: Pair<Thing>;
}

@reg.Entity("things")
class Thing {
  @PrimaryKey() id!: number;
  @Column(t.string(20)) keyword!: string;
  @ManyToOne(
    () => Room,
    (r) => r.row,
  )
  row!: Relation<Room> | null;
  @ManyToOne(
    () => Room,
    (r) => r.bag,
  )
  bag!: Relation<Room> | null;
  @ManyToOne(
    () => Room,
    (r) => r.index,
  )
  index!: Relation<Room> | null;
  @ManyToOne(
    () => Room,
    (r) => r.pair,
  )
  pair!: Relation<Room> | null;
}

const book = (title: string) => make(Book, { title });
const note = (keyword: string, text: string | null = null) => make(Note, { keyword, text });
const bullet = (text: string) => make(Bullet, { text });

async function opened() {
  const { Session, engine } = await storeFor(reg, { expireOnCommit: false });
  return { Session, engine };
}

describe("a Set", () => {
  test("[RC-02] tracks add, delete, clear and what other methods build on them; sets made from it are plain ones", async () => {
    const { Session } = await opened();
    await using session = Session();
    const [a, b, c] = ["a", "b", "c"].map(book);
    const shelf = make(Shelf, { books: new Set([a, b]) });
    session.add(shelf);
    expect(a.shelf).toBe(shelf);
    expect(shelf.books).toEqual(new Set([a, b]));
    expect(shelf.books).toBe(shelf.books);
    await session.commit();
    expect(shelf.books.add(c)).toBe(shelf.books);
    expect(c.shelf).toBe(shelf);
    expect(session.has(c)).toBe(true);
    expect(shelf.books.delete(a)).toBe(true);
    expect(shelf.books.delete(a)).toBe(false);
    expect(a.shelf).toBeNull();
    expect(inspect(shelf).attrs.books.history.deleted).toEqual([a]);
    const copy = new Set(shelf.books);
    copy.clear();
    expect(shelf.books.size).toBe(2);
    await session.commit();
    expect(await session.scalars(text("select title from books order by title")).all()).toEqual(["b", "c"]);
    shelf.books.clear();
    await session.commit();
    expect(await session.scalar(text("select count(*) from books"))).toBe(0);
  });

  test("[RC-02] is what every strategy loads, from the back-reference too, and holds each object once", async () => {
    const { Session } = await opened();
    await Session.begin((s) => {
      s.add(
        make(Shelf, { id: 1, books: new Set(["a", "b"].map(book)), labels: new Set([make(Label, { name: "x" })]) }),
      );
    });
    for (const option of [selectinload(Shelf, (s) => s.books), joinedload(Shelf, (s) => s.books)]) {
      await using session = Session();
      const shelf = await session.scalars(select(Shelf).options(option)).unique().one();
      expect(shelf.books).toBeInstanceOf(Set);
      expect([...shelf.books].map((b) => b.title).sort()).toEqual(["a", "b"]);
      const late = book("late");
      late.shelf = shelf;
      late.shelf = shelf;
      expect(shelf.books.has(late)).toBe(true);
      expect(shelf.books.size).toBe(3);
      late.shelf = null;
      expect(shelf.books.has(late)).toBe(false);
    }
    await using session = Session();
    const labels = await awaitable(await session.getOne(Shelf, 1)).labels;
    expectTypeOf(labels).toEqualTypeOf<Set<Label>>();
    expect([...labels].map((l) => l.name)).toEqual(["x"]);
    expect(await session.scalars(select(Shelf).where((s) => s.labels.any((l) => l.name.eq("x")))).all()).toHaveLength(
      1,
    );
  });

  test("[RC-02] is replaced as a whole: common members have no event", async () => {
    const { Session } = await opened();
    await using session = Session();
    const [a, b, c] = ["a", "b", "c"].map(book);
    const shelf = make(Shelf, { books: new Set([a, b]) });
    session.add(shelf);
    await session.commit();
    const old = shelf.books;
    shelf.books = new Set([b, c]);
    expect(inspect(shelf).attrs.books.history.added).toEqual([c]);
    expect(inspect(shelf).attrs.books.history.unchanged).toEqual([b]);
    old.add(book("nobody's"));
    expect(shelf.books.size).toBe(2);
    await session.commit();
    expect(await session.scalars(text("select title from books order by title")).all()).toEqual(["b", "c"]);
    expect(() => {
      shelf.books = new Map() as never;
    }).toThrow("Shelf.books of Shelf(1) is a collection and takes a Set of Book");
  });
});

describe("a Map", () => {
  test("[RC-03] is keyed by an attribute of its members or by a function of them", async () => {
    const { Session } = await opened();
    await Session.begin((s) => {
      const shelf = make(Shelf, { id: 1 });
      shelf.notes.set("red", note("red", "r"));
      note("green", "g").shelf = shelf;
      s.add(shelf);
    });
    await using session = Session();
    const shelf = await session
      .scalars(
        select(Shelf).options(
          selectinload(Shelf, (s) => s.notes),
          selectinload(Shelf, (s) => s.byLength),
        ),
      )
      .one();
    expect([...shelf.notes.keys()].sort()).toEqual(["green", "red"]);
    expect(shelf.notes.get("red")?.text).toBe("r");
    expect(shelf.byLength.get(5)).toBe(shelf.notes.get("green"));
    shelf.notes.set("red", note("red", "new"));
    shelf.notes.delete("green");
    await session.commit();
    expect(await session.scalars(text("select text from notes")).all()).toEqual(["new"]);
  });

  test("[RC-03] hears of what newer engines put into a Map by getOrInsert()", () => {
    const shelf = make(Shelf);
    const notes = shelf.notes as unknown as Record<"getOrInsert", (key: string, made: Note) => Note> &
      Record<"getOrInsertComputed", (key: string, make: (key: string) => Note) => Note>;
    const red = notes.getOrInsert("red", note("red"));
    expect([red.shelf, notes.getOrInsert("red", note("red"))]).toEqual([shelf, red]);
    expect(notes.getOrInsertComputed("blue", (key) => note(key)).shelf).toBe(shelf);
  });

  test("[RC-03] refuses a member under a key that is not its own, and a whole map with one", async () => {
    const shelf = make(Shelf);
    expect(() => shelf.notes.set("blue", note("red"))).toThrow(
      'Shelf.notes: the key "blue" is not that of new Note, which the map keys by "keyword": "red"',
    );
    expect(() => {
      shelf.notes = new Map([["blue", note("red")]]);
    }).toThrow('the key "blue" is not that of new Note');
    const other = registry();
    @other.Entity()
    class Loose {
      @PrimaryKey() id!: number;
      @OneToMany(() => Loose, { foreignKeys: ["parentId"] }) things!: Map<string, Loose>;
      @Column({ foreignKey: "loose.id", nullable: true }) parentId!: number;
    }
    expect(() => new Loose()).toThrow("Loose.things is a Map, and does not say by what its members are keyed");
    const third = registry();
    @third.Entity()
    class Wrong {
      @PrimaryKey() id!: number;
      @OneToMany(() => Wrong, { foreignKeys: ["parentId"], collectionClass: attributeKeyedDict("nmae") }) things!: Map<
        string,
        Wrong
      >;
      @Column({ foreignKey: "wrong.id", nullable: true }) parentId!: number;
    }
    expect(() => new Wrong()).toThrow('Wrong.things is keyed by "nmae". Wrong has no mapped attribute "nmae"');
  });

  test("[RC-04] follows when the key attribute of a member changes", async () => {
    const { Session } = await opened();
    await using session = Session();
    const red = note("red");
    const shelf = make(Shelf, { notes: new Map([["red", red]]) });
    session.add(shelf);
    await session.commit();
    red.keyword = "crimson";
    expect([...shelf.notes.keys()]).toEqual(["crimson"]);
    await session.commit();
    // Loaded again, the member has not read whose it is; its row tells.
    expect([...(await awaitable(shelf).notes).keys()]).toEqual(["crimson"]);
    red.keyword = "scarlet";
    expect([...shelf.notes.keys()]).toEqual(["scarlet"]);
    shelf.notes.delete("scarlet");
    await session.commit();
    expect(await session.scalar(text("select count(*) from notes"))).toBe(0);
  });

  test("[RC-04] back-population with a key that is not set says so, and leaves both sides as they were; the option lets it pass until then", () => {
    const shelf = make(Shelf);
    const blank = make(Note);
    expect(() => {
      blank.shelf = shelf;
    }).toThrow('new Note cannot go into the map Shelf.notes: its "keyword" is not set');
    expect(blank.shelf).toBeNull();
    expect(shelf.notes.size).toBe(0);

    const lenient = registry();
    @lenient.Entity()
    class Folder {
      @PrimaryKey() id!: number;
      @OneToMany(
        () => Page,
        (p) => p.folder,
        { collectionClass: attributeKeyedDict("name", { ignoreUnpopulatedAttribute: true }) },
      )
      pages!: Map<string, Page>;
    }
    @lenient.Entity()
    class Page {
      @PrimaryKey() id!: number;
      @Column(t.string(10)) name!: string;
      @ManyToOne(
        () => Folder,
        (f) => f.pages,
      )
      folder!: Relation<Folder> | null;
    }
    const folder = make(Folder);
    const page = make(Page);
    page.folder = folder;
    expect(folder.pages.size).toBe(0);
    page.name = "one";
    expect(folder.pages.get("one")).toBe(page);
  });
});

describe("an ordering list", () => {
  const places = (shelf: Shelf) => shelf.bullets.map((b) => [b.text, b.position]);

  test("[XU-03] numbers its members through every operation of an array", async () => {
    const { Session } = await opened();
    await using session = Session();
    const [a, b, c] = ["a", "b", "c"].map(bullet);
    const shelf = make(Shelf, { bullets: [a, b] as OrderingList<Bullet> });
    session.add(shelf);
    expect(places(shelf)).toEqual([
      ["a", 0],
      ["b", 1],
    ]);
    shelf.bullets.unshift(c);
    expect(places(shelf)).toEqual([
      ["c", 0],
      ["a", 1],
      ["b", 2],
    ]);
    shelf.bullets.reverse();
    expect(places(shelf)).toEqual([
      ["b", 0],
      ["a", 1],
      ["c", 2],
    ]);
    shelf.bullets.splice(0, 1);
    shelf.bullets.push(b);
    [shelf.bullets[0], shelf.bullets[1]] = [shelf.bullets[1], shelf.bullets[0]];
    expect(places(shelf)).toEqual([
      ["c", 0],
      ["a", 1],
      ["b", 2],
    ]);
    await session.commit();
    shelf.bullets.sort((x, y) => x.text.localeCompare(y.text));
    shelf.bullets.push(bullet("d"));
    await session.commit();
    await using fresh = Session();
    const stored = await fresh.scalars(select(Shelf).options(selectinload(Shelf, (s) => s.bullets))).one();
    expect(places(stored)).toEqual([
      ["a", 0],
      ["b", 1],
      ["c", 2],
      ["d", 3],
    ]);
    expect(fresh.dirty.size).toBe(0);
    stored.bullets.shift();
    expect(places(stored)).toEqual([
      ["b", 0],
      ["c", 1],
      ["d", 2],
    ]);
  });

  test("[XU-03] numbers what comes by the other side, by assignment and with a place of its own, and what waited for the list to load", async () => {
    const { Session } = await opened();
    await using session = Session();
    const [a, b, c, d] = ["a", "b", "c", "d"].map(bullet);
    const [shelf, other] = [make(Shelf, { bullets: [a, b, c] as OrderingList<Bullet> }), make(Shelf)];
    d.position = 100;
    d.shelf = shelf;
    expect(d.position).toBe(3);
    b.shelf = null;
    expect([a, c, d].map((x) => x.position)).toEqual([0, 1, 2]);
    other.bullets.push(c);
    expect([a, d, c].map((x) => x.position)).toEqual([0, 1, 0]);
    shelf.bullets = [b, d, a] as OrderingList<Bullet>;
    shelf.bullets.copyWithin(2, 0, 1);
    shelf.bullets.length = 2;
    expect(places(shelf)).toEqual([
      ["b", 0],
      ["d", 1],
    ]);
    session.addAll([shelf, other]);
    await session.commit();
    session.expire(shelf);
    a.shelf = shelf;
    expect(a.position).toBe(2);
    a.position = null;
    await session.noAutoflush(() => awaitable(shelf).bullets);
    expect(places(shelf)).toEqual([
      ["b", 0],
      ["d", 1],
      ["a", 2],
    ]);
  });

  test("[XU-03] that was loaded in part is not changed: the places of its members are those in the whole", async () => {
    const { Session } = await opened();
    await Session.begin((s) => s.add(make(Shelf, { bullets: ["a", "b", "c"].map(bullet) as OrderingList<Bullet> })));
    await using session = Session();
    const part = selectinload(Shelf, (s) => s.bullets, { offset: 1, limit: 2 });
    const shelf = await session.scalars(select(Shelf).options(part)).one();
    expect(places(shelf)).toEqual([
      ["b", 1],
      ["c", 2],
    ]);
    const refusal =
      /^Shelf\.bullets of Shelf\(1\) was loaded in part .* Load it whole before it is changed: refresh\(object, \["bullets"\]\)\.$/;
    expect(() => shelf.bullets.push(bullet("x"))).toThrow(refusal);
    expect(() => shelf.bullets.reorder()).toThrow(refusal);
    shelf.bullets[1].shelf = null;
    expect(places(shelf)).toEqual([["b", 1]]);
  });

  test("[XU-03] keeps what the database has until it is changed or reordered, and counts from where it is told", async () => {
    const { Session } = await opened();
    await using session = Session();
    session.add(make(Shelf, { id: 1 }));
    await session.commit();
    await session.execute(
      text("insert into bullets (id, text, position, shelf_id) values (1, 'a', 5, 1), (2, 'b', 9, 1)"),
    );
    const shelf = await session
      .scalars(select(Shelf).options(selectinload(Shelf, (s) => s.bullets)), undefined, { populateExisting: true })
      .one();
    expect(places(shelf)).toEqual([
      ["a", 5],
      ["b", 9],
    ]);
    expect(session.dirty.size).toBe(0);
    shelf.bullets.reorder();
    expect(places(shelf)).toEqual([
      ["a", 0],
      ["b", 1],
    ]);

    const other = registry();
    @other.Entity()
    class Slide {
      @PrimaryKey() id!: number;
      @OneToMany(() => Line, { collectionClass: orderingList("place", { countFrom: 1 }) }) lines!: Line[];
      @OneToMany(() => Line, {
        foreignKeys: ["backId"],
        collectionClass: orderingList("letter", { orderingFunc: (i) => "abc"[i] }),
      })
      lettered!: Line[];
    }
    @other.Entity()
    class Line {
      @PrimaryKey() id!: number;
      @Column({ nullable: true }) place!: number;
      @Column({ nullable: true }) letter!: string;
      @Column({ foreignKey: "slide.id", nullable: true }) backId!: number;
    }
    const [x, y] = [new Line(), new Line()];
    make(Slide, { lettered: [x, y] });
    expect([x.letter, y.letter]).toEqual(["a", "b"]);
  });
});

describe("a class of one's own", () => {
  test("[RC-05] serves as a collection with the methods that it names", async () => {
    const { Session } = await opened();
    await using session = Session();
    const [a, b, c] = ["a", "b", "c"].map(book);
    const corner = make(Corner, { id: 1 });
    corner.pile.putAll(a, b);
    session.add(corner);
    c.corner = corner;
    session.add(c);
    expect(corner.pile).toBeInstanceOf(Pile);
    expect(corner.pile.top).toBe(c);
    await session.commit();
    corner.pile.take(a);
    expect(a.corner).toBeNull();
    await session.commit();
    await using fresh = Session();
    const stored = await fresh.scalars(select(Corner).options(selectinload(Corner, (x) => x.pile))).one();
    expect([...stored.pile].map((x) => x.title)).toEqual(["b", "c"]);
    stored.pile = new Pile();
    await fresh.commit();
    expect(await fresh.scalar(text("select count(*) from books where corner_id is not null"))).toBe(0);
  });

  test("[RC-05] may be a subclass of Array, Set or Map, by the property's type too, whose own methods are all heard", async () => {
    const { Session } = await opened();
    await using session = Session();
    const things = ["a", "b", "c", "c"].map((keyword) => make(Thing, { keyword }));
    const [a, b, c, other] = things;
    const room = new Room();
    const agree = (key: "row" | "bag" | "index", ...inside: Thing[]) => {
      expect(things.filter((each) => each[key] === room)).toEqual(inside);
      const members = key === "index" ? room.index.values() : room[key];
      expect(new Set(members)).toEqual(new Set(inside));
    };
    room.row.push(a, b, c);
    room.row.swap();
    expect([room.row instanceof Row, room.row.first, room.row.length]).toEqual([true, b, 3]);
    room.row.splice(1, 1);
    agree("row", a, b);
    room.bag.toggle(a);
    room.bag.toggle(b);
    room.bag.toggle(a);
    agree("bag", b);
    room.bag.clear();
    agree("bag");
    c.bag = room;
    room.index.put(a);
    room.index.set("c", c);
    agree("index", a, c);
    room.index.set("c", other);
    agree("index", a, other);
    room.index.put(c);
    room.index.delete("a");
    agree("index", c);
    session.add(room);
    await session.commit();
    await using fresh = Session();
    const options = [
      selectinload(Room, (r) => r.row),
      selectinload(Room, (r) => r.bag),
      selectinload(Room, (r) => r.index),
    ];
    const stored = await fresh.scalars(select(Room).options(...options)).one();
    expect([stored.row instanceof Row, stored.row.first?.keyword]).toEqual([true, "b"]);
    expect([stored.bag instanceof Bag, stored.bag.size]).toEqual([true, 1]);
    expect([stored.index instanceof Index, [...stored.index.keys()]]).toEqual([true, ["c"]]);
    stored.bag.clear();
    stored.index.clear();
    stored.row.length = 1;
    await fresh.commit();
    expect(await fresh.execute(text("select count(row_id), count(bag_id), count(index_id) from things")).one()).toEqual(
      [1, 0, 0],
    );
  });

  test("[RC-05] a method that gives a member away while it takes one in is heard for both", () => {
    const room = new Room();
    const [a, b, c] = ["a", "b", "c"].map((keyword) => make(Thing, { keyword }));
    for (const each of [a, b, c]) room.pair.put(each);
    expect([...room.pair]).toEqual([b, c]);
    expect([a.pair, b.pair, c.pair]).toEqual([null, room, room]);
  });

  test("[RC-05] that cannot give a member away is refused with the decorator to use", () => {
    class Sink {
      add(): void {}
      *[Symbol.iterator](): IterableIterator<object> {}
    }
    const other = registry();
    @other.Entity()
    class Basin {
      @PrimaryKey() id!: number;
      @OneToMany(() => Basin, { foreignKeys: ["parentId"], collectionClass: Sink as never }) drops!: Basin[];
      @Column({ foreignKey: "basin.id", nullable: true }) parentId!: number;
    }
    expect(() => new Basin()).toThrow(
      "The collection class Sink has no remover: mark one of its methods with @collection.remover",
    );
  });
});
