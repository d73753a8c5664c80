/** A change of a relationship that is refused: by a validator, a listener, a collection that must know a key, or for what is not in memory. */
import { describe, expect, test } from "vitest";
import {
  attributeKeyedDict,
  attrs,
  Column,
  collection,
  event,
  getHistory,
  inspect,
  ManyToMany,
  ManyToOne,
  MissingSyncContextError,
  OneToMany,
  OneToOne,
  objectState,
  orderingList,
  PrimaryKey,
  type Relation,
  registry,
  t,
  text,
  Validates,
  type WriteOnlyCollection,
} from "../../../src/index.js";
import { make, storeFor } from "../support.js";

const reg = registry();

/** Titles that somebody refuses: the shelf takes no `spam` and gives no `kept` away, a `shy` book goes to no shelf. */
const NAMES = ["a", "b", "c", "d", "kept", "spam", "shy"] as const;

class Pile {
  readonly items: object[] = [];
  @collection.appender put(item: object) {
    this.items.push(item);
  }
  @collection.remover take(item: object) {
    this.items.splice(this.items.indexOf(item), 1);
  }
  @collection.iterator *[Symbol.iterator]() {
    yield* this.items;
  }
}

@reg.Entity("shelves")
class Shelf {
  @PrimaryKey() id!: number;
  @OneToMany(
    () => Book,
    (b) => b.shelf,
    { orderBy: "id", cascade: ["all", "delete-orphan"] },
  )
  books!: Book[];
  @OneToMany(
    () => Book,
    (b) => b.desk,
    { collectionClass: Set },
  )
  open!: Set<Book>;
  @OneToMany(
    () => Book,
    (b) => b.drawer,
    { collectionClass: attributeKeyedDict("title") },
  )
  named!: Map<string, Book>;
  @OneToMany(
    () => Book,
    (b) => b.floor,
    { collectionClass: Pile },
  )
  pile!: Pile & Iterable<Book>;
  @OneToMany(
    () => Book,
    (b) => b.row,
    { collectionClass: orderingList("place"), orderBy: "place" },
  )
  placed!: Book[];
  @OneToMany(
    () => Book,
    (b) => b.cellar,
    { lazy: "write_only" },
  )
  stored!: WriteOnlyCollection<Book>;
  @ManyToMany(
    () => Tag,
    (tag) => tag.shelves,
    { collectionClass: attributeKeyedDict("name") },
  )
  tags!: Map<string, Tag>;

  @Validates("books", "open", "named", "pile", "placed", "stored", { includeRemoves: true })
  check(_key: string, book: Relation<Book>, isRemove: boolean): Relation<Book> {
    if (book.title === (isRemove ? "kept" : "spam")) throw new Error(`refused: ${book.title}`);
    return book;
  }
}

@reg.Entity("books")
class Book {
  @PrimaryKey() id!: number;
  @Column(t.string(10), { nullable: true }) title!: string | null;
  @Column(t.integer, { nullable: true }) place!: number | null;
  @ManyToOne(
    () => Shelf,
    (s) => s.books,
  )
  shelf!: Relation<Shelf> | null;
  @ManyToOne(
    () => Shelf,
    (s) => s.open,
  )
  desk!: Relation<Shelf> | null;
  @ManyToOne(
    () => Shelf,
    (s) => s.named,
  )
  drawer!: Relation<Shelf> | null;
  @ManyToOne(
    () => Shelf,
    (s) => s.pile,
  )
  floor!: Relation<Shelf> | null;
  @ManyToOne(
    () => Shelf,
    (s) => s.placed,
  )
  row!: Relation<Shelf> | null;
  @ManyToOne(
    () => Shelf,
    (s) => s.stored,
  )
  cellar!: Relation<Shelf> | null;

  @Validates("shelf", "desk", "drawer", "floor", "row", "cellar")
  mind(_key: string, shelf: Relation<Shelf> | null): Relation<Shelf> | null {
    if (shelf !== null && this.title === "shy") throw new Error("refused: shy");
    return shelf;
  }
}

@reg.Entity("tags")
class Tag {
  @PrimaryKey() id!: number;
  @Column(t.string(10), { nullable: true }) name!: string | null;
  @ManyToMany(
    () => Shelf,
    (s) => s.tags,
  )
  shelves!: Shelf[];
}

type Books = Readonly<Record<(typeof NAMES)[number], Book>>;

const newBooks = () => Object.fromEntries(NAMES.map((title) => [title, make(Book, { title })])) as unknown as Books;

/** All that anybody can see of these objects. */
function picture(shelves: readonly Shelf[], books: Books): unknown {
  const name = (object: object | null) =>
    object instanceof Book ? object.title : object === null ? null : shelves.indexOf(object as Shelf);
  const titles = (members: Iterable<object>) => [...members].map(name);
  const history = (object: object, key: string) => {
    const { added, unchanged, deleted } = getHistory(object, key as never);
    return [titles(added as object[]), titles(unchanged as object[]), titles(deleted as object[])];
  };
  return {
    shelves: shelves.map((shelf) => ({
      books: titles(shelf.books),
      open: titles(shelf.open),
      named: [...shelf.named].map(([key, book]) => [key, book.title]),
      pile: titles(shelf.pile),
      placed: shelf.placed.map((book) => [book.title, book.place]),
      histories: ["books", "open", "named", "pile", "placed", "stored"].map((key) => history(shelf, key)),
    })),
    books: Object.values(books).map((book) => ({
      held: [book.shelf, book.desk, book.drawer, book.floor, book.row, book.cellar].map(name),
      histories: ["shelf", "desk", "drawer", "floor", "row", "cellar"].map((key) => history(book, key)),
      state: objectState(book),
    })),
  };
}

const CHANGES: readonly ((shelf: Shelf, x: Book, y: Book, at: number) => unknown)[] = [
  (shelf, x, y) => shelf.books.push(x, y),
  (shelf, x, y) => shelf.books.unshift(x, y),
  (shelf, x, y, at) => shelf.books.splice(at, 2, x, y),
  (shelf, x, _, at) => {
    shelf.books[Math.min(at, shelf.books.length)] = x;
  },
  (shelf, x) => shelf.books.fill(x),
  (shelf, _x, _y, at) => {
    shelf.books.length = Math.min(at, shelf.books.length);
  },
  (shelf, _x, _y, at) => delete shelf.books[at],
  (shelf) => shelf.books.pop(),
  (shelf) => shelf.books.shift(),
  (shelf, x, y) => {
    shelf.books = [x, y];
  },
  (shelf, x) => {
    x.shelf = shelf;
  },
  (_, x) => {
    x.shelf = null;
  },
  (shelf, x) => shelf.open.add(x),
  (shelf, x) => shelf.open.delete(x),
  (shelf) => shelf.open.clear(),
  (shelf, x, y) => {
    shelf.open = new Set([x, y]);
  },
  (shelf, x) => {
    x.desk = shelf;
  },
  (shelf, x) => shelf.named.set(x.title as string, x),
  (shelf, x) => shelf.named.delete(x.title as string),
  (shelf) => shelf.named.clear(),
  (shelf, x, y) => {
    shelf.named = [x, y] as never;
  },
  (shelf, x) => {
    x.drawer = shelf;
  },
  (shelf, x) => shelf.pile.put(x),
  (shelf, x) => {
    if ([...shelf.pile].includes(x)) shelf.pile.take(x);
  },
  (shelf, x, y) => {
    shelf.pile = [x, y] as never;
  },
  (shelf, x) => {
    x.floor = shelf;
  },
  (shelf, x, y, at) => shelf.placed.splice(at, 1, x, y),
  (shelf, x) => {
    x.row = shelf;
  },
  (shelf, x, y) => shelf.stored.addAll([x, y]),
  (shelf, x) => {
    x.cellar = shelf;
  },
];

describe("a change that is refused", () => {
  test.each(["transient", "pending", "persistent"] as const)(
    "[AB-01] [RC-01] leaves collections, their other sides, histories and the session as they were, wherever it is refused: %s",
    async (life) => {
      let seed = 11;
      const random = (below: number) => {
        seed = (seed * 48_271) % 2_147_483_647;
        return seed % below;
      };
      const { Session } = await storeFor(reg);
      let refused = 0;
      for (let round = 0; round < 25; round++) {
        await using session = Session({ autoflush: false });
        const shelves = [new Shelf(), new Shelf()];
        const books = newBooks();
        if (life !== "transient") session.addAll(shelves);
        if (life === "persistent") {
          shelves[0].books = [books.a, books.kept];
          shelves[0].open = new Set([books.b, books.kept]);
          await session.commit();
          for (const shelf of shelves) await session.refresh(shelf, ["books", "open", "named", "pile", "placed"]);
          for (const book of [books.a, books.b, books.kept])
            await session.refresh(book, ["shelf", "desk", "drawer", "floor", "row", "cellar"]);
        }
        picture(shelves, books);
        for (let step = 0; step < 40; step++) {
          const change = CHANGES[random(CHANGES.length)];
          const [x, y] = [books[NAMES[random(NAMES.length)]], books[NAMES[random(NAMES.length)]]];
          const before = picture(shelves, books);
          try {
            change(shelves[random(2)], x, y, random(3));
          } catch (error) {
            refused++;
            expect(picture(shelves, books), `${String(error)}: ${String(change)}`).toEqual(before);
          }
        }
      }
      expect(refused).toBeGreaterThan(100);
    },
  );

  test("[AB-01] writes nothing: a member that was to be replaced keeps its key, and what was refused is not inserted", async () => {
    const { Session } = await storeFor(reg);
    await using session = Session();
    const books = newBooks();
    const shelf = make(Shelf, { books: [books.a, books.b, books.kept] });
    session.add(shelf);
    await session.commit();
    await session.refresh(shelf, ["books"]);
    await Promise.all(["a", "b", "kept"].map((title) => session.refresh(books[title as "a"])));
    for (const refused of [
      () => {
        shelf.books = [books.d];
      },
      () => shelf.books.splice(0, 1, books.shy),
      () => shelf.books.push(books.c, books.spam),
      () => {
        shelf.books.length = 0;
      },
    ])
      expect(refused).toThrow("refused");
    expect([...session.new]).toEqual([]);
    await session.commit();
    const rows = await session.execute(text("select title, shelf_id from books order by id"));
    expect(rows.all().map((row) => [...row])).toEqual(["a", "b", "kept"].map((title) => [title, 1]));
  });

  test("[SV-07] by a listener of one's own is taken back as well, and what the listener did by itself stays", async () => {
    const { Session } = await storeFor(reg);
    await using session = Session();
    const shelf = new Shelf();
    session.add(shelf);
    const note = make(Book, { title: "note" });
    const [x, y] = [make(Book, { title: "x" }), make(Book, { title: "torn" })];
    event.listen(attrs(Shelf).books, "append", (_, book) => {
      if ((book as Book).title !== "torn") return;
      session.add(note);
      note.desk = shelf;
      throw new Error("torn");
    });
    expect(() => shelf.books.push(x, y)).toThrow("torn");
    expect([shelf.books, x.shelf, y.shelf, objectState(x)]).toEqual([[], null, null, "transient"]);
    expect([objectState(note), [...shelf.open]]).toEqual(["pending", [note]]);
  });

  test("[RC-04] as the other side's map does not know its key takes nobody into the session", async () => {
    const { Session } = await storeFor(reg);
    await using session = Session();
    const tag = make(Tag, { name: null });
    const shelf = new Shelf();
    session.addAll([tag]);
    expect(() => tag.shelves.push(shelf)).toThrow('its "name" is not set');
    expect([tag.shelves, objectState(shelf)]).toEqual([[], "transient"]);
  });
});

test("[RB-07] a takeover that would have to ask who held the object before, and may not, changes nothing", async () => {
  const own = registry();
  @own.Entity("cars")
  class Car {
    @PrimaryKey() id!: number;
    @OneToMany(
      () => Wheel,
      (w) => w.car,
    )
    wheels!: Wheel[];
  }
  @own.Entity("wheels")
  class Wheel {
    @PrimaryKey() id!: number;
    @OneToOne(
      () => Cap,
      (c) => c.wheel,
    )
    cap!: Relation<Cap> | null;
    @ManyToOne(
      () => Car,
      (c) => c.wheels,
      { activeHistory: true },
    )
    car!: Relation<Car> | null;
  }
  @own.Entity("caps")
  class Cap {
    @PrimaryKey() id!: number;
    @OneToOne(
      () => Wheel,
      (w) => w.cap,
      { owner: true },
    )
    wheel!: Relation<Wheel> | null;
  }
  const { Session } = await storeFor(own);
  await Session.begin((s) => s.add(make(Car, { wheels: [new Wheel()] })));
  await using session = Session();
  const wheel = await session.getOne(Wheel, 1);
  const car = new Car();
  session.add(car);
  const fresh = new Wheel();
  expect(() => car.wheels.push(fresh, wheel)).toThrow(MissingSyncContextError);
  expect([car.wheels, fresh.car, objectState(fresh), inspect(wheel).unloaded.has("car")]).toEqual([
    [],
    null,
    "transient",
    true,
  ]);
});

test("[RC-01] a collection cannot be frozen, sealed or made read-only in part, and says how to freeze a copy", () => {
  const [a, b] = [make(Book, { title: "a" }), make(Book, { title: "b" })];
  const shelf = make(Shelf, { books: [a] });
  const refusal = "Shelf.books of new Shelf cannot be frozen, sealed or made read-only in part";
  expect(() => Object.freeze(shelf.books)).toThrow(refusal);
  expect(() => Object.seal(shelf.books)).toThrow("Freeze a copy: Object.freeze([...collection])");
  expect(() => Object.preventExtensions(shelf.books)).toThrow(refusal);
  expect(() => Object.defineProperty(shelf.books, 0, { value: b, configurable: false })).toThrow(refusal);
  expect(() => Object.defineProperty(shelf.books, 0, { get: () => b })).toThrow(refusal);
  expect(() => Object.defineProperty(shelf.books, "length", { writable: false })).toThrow(refusal);
  expect([shelf.books[0], a.shelf, b.shelf]).toEqual([a, shelf, null]);
  shelf.books.push(b);
  expect(Object.freeze([...shelf.books])).toEqual([a, b]);
});
