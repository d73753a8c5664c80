/** A flush of several classes, whose statements go to the server together where it can be done. What holds for one after the other holds for them. */
import { describe, expect, test } from "vitest";
import {
  Column,
  create,
  event,
  IntegrityError,
  ManyToOne,
  type OptionalProps,
  PrimaryKey,
  type Relation,
  registry,
  StaleDataError,
  select,
  t,
  text,
} from "../../../src/index.js";
import { databaseName } from "../../support/database.js";
import { writesDuring } from "../../support/round-trips.js";
import { storeFor } from "../support.js";

const reg = registry();

@reg.Entity("joined_shelves")
class Shelf {
  declare [OptionalProps]?: "id";
  @PrimaryKey() id!: number;
  @Column() name!: string;
}

@reg.Entity("joined_books", { versionIdCol: "version" })
class Book {
  declare [OptionalProps]?: "id" | "version" | "shelf" | "shelfId" | "made";
  @PrimaryKey() id!: number;
  @Column(t.integer) version!: number;
  @Column(t.string(20), { unique: true }) title!: string;
  @Column(t.integer, { default: () => 7 }) made!: number;
  @Column(t.integer, { foreignKey: "joined_shelves.id", nullable: true }) shelfId!: number | null;
  @ManyToOne(() => Shelf)
  shelf!: Relation<Shelf> | null;
}

@reg.Entity("joined_notes")
class Note {
  declare [OptionalProps]?: "id";
  @PrimaryKey() id!: number;
  @Column(t.string(200)) words!: string;
}

async function stored() {
  const store = await storeFor(reg, { expireOnCommit: false });
  await using session = store.Session();
  session.add(create(Shelf, { name: "low" }));
  session.addAll([create(Book, { title: "one" }), create(Book, { title: "two" })]);
  session.addAll([create(Note, { words: "first" }), create(Note, { words: "second" })]);
  await session.commit();
  return store;
}

const titles = async (Session: Awaited<ReturnType<typeof stored>>["Session"]) => {
  await using session = Session();
  return await session.scalars(select(Book).orderBy((b) => b.id)).all();
};

// PGlite has no round trips.
const overWire = describe.runIf(databaseName() === "postgresql");

overWire("round trips", () => {
  test("of objects of several classes that are changed, made and deleted are one, where none needs another's key", async () => {
    const { Session } = await stored();
    const work = async (name: string) => {
      await using session = Session();
      const shelf = await session.getOne(Shelf, 1);
      const [book] = await session.scalars(select(Book).orderBy((b) => b.id)).all();
      const [note] = await session.scalars(select(Note)).all();
      shelf.name = name;
      book.title = name;
      await session.delete(note);
      session.add(create(Book, { title: `new ${name}`, shelfId: shelf.id }));
      await session.commit();
    };
    await work("once");
    // Three reads, the flush, COMMIT.
    expect(await writesDuring(() => work("twice"))).toBe(5);
  });

  test("of parents and their children are two: a child needs its parent's key", async () => {
    const { Session } = await stored();
    const work = async (name: string) => {
      await using session = Session();
      session.add(create(Book, { title: name, shelf: create(Shelf, { name }) }));
      await session.flush();
      expect(await writesDuring(() => session.rollback())).toBe(1);
    };
    await work("three");
    expect(await writesDuring(() => work("four"))).toBe(3);
  });

  test("are one for each statement where somebody hears of each object", async () => {
    const { Session } = await stored();
    const heard: string[] = [];
    const before = (_m: unknown, _c: unknown, object: object) => void heard.push(`before ${object.constructor.name}`);
    const after = (_m: unknown, _c: unknown, object: object) => void heard.push(`after ${object.constructor.name}`);
    for (const cls of [Shelf, Book]) {
      event.listen(cls, "beforeUpdate", before);
      event.listen(cls, "afterUpdate", after);
    }
    try {
      await using session = Session();
      const shelf = await session.getOne(Shelf, 1);
      const book = await session.getOne(Book, 1);
      shelf.name = "heard";
      book.title = "heard";
      expect(await writesDuring(() => session.commit())).toBe(3);
    } finally {
      for (const cls of [Shelf, Book]) {
        event.remove(cls, "beforeUpdate", before);
        event.remove(cls, "afterUpdate", after);
      }
    }
    expect(heard).toEqual(["before Shelf", "after Shelf", "before Book", "after Book"]);
  });
});

describe("a flush of several statements", () => {
  test("gives each object what its own statement told", async () => {
    const { Session } = await stored();
    await using session = Session();
    const shelf = await session.getOne(Shelf, 1);
    const [one, two] = await session.scalars(select(Book).orderBy((b) => b.id)).all();
    shelf.name = "high";
    one.title = "first";
    two.shelfId = 1;
    const three = create(Book, { title: "three", shelfId: 1 });
    const notes = ["a", "b"].map((words) => create(Note, { words }));
    session.addAll([three, ...notes]);
    await session.commit();
    expect([one.version, two.version, three.version, three.id, three.made]).toEqual([2, 2, 1, 3, 7]);
    expect(notes.map(({ id }) => id)).toEqual([3, 4]);
    const found = await titles(Session);
    expect(found.map(({ title, shelfId, version }) => [title, shelfId, version])).toEqual([
      ["first", null, 2],
      ["two", 1, 2],
      ["three", 1, 1],
    ]);
  });

  test("may have an INSERT take the unique value that an UPDATE frees", async () => {
    const { Session } = await stored();
    await using session = Session();
    const one = await session.getOne(Book, 1);
    session.add(create(Book, { title: "one" }));
    one.title = "was one";
    await session.commit();
    expect((await titles(Session)).map(({ title }) => title)).toEqual(["was one", "two", "one"]);
  });

  test("tells of a row that is gone before it tells of anything behind it, and nothing of it stays", async () => {
    const { engine, Session } = await stored();
    await using session = Session();
    const two = await session.getOne(Book, 2);
    await session.commit();
    await engine.begin((other) => other.execute(text("UPDATE joined_books SET version = 9 WHERE id = 2")));
    const shelf = await session.getOne(Shelf, 1);
    shelf.name = "changed";
    two.title = "mine";
    const clashing = create(Book, { title: "one" });
    session.add(clashing);
    session.add(create(Note, { words: "never" }));
    const failure = await session.commit().catch((error: unknown) => error);
    expect(failure).toBeInstanceOf(StaleDataError);
    expect((failure as Error).message).toContain("Book(2)");
    await session.rollback();
    expect((await session.scalars(select(Note)).all()).map(({ words }) => words)).toEqual(["first", "second"]);
    expect((await session.getOne(Shelf, 1, { populateExisting: true })).name).toBe("low");
    await session.commit();
    expect((await titles(Session)).map(({ title }) => title)).toEqual(["one", "two"]);
  });

  test("names the statement and the object of the one that the database refuses; the session goes on after a rollback", async () => {
    const { Session } = await stored();
    await using session = Session();
    const shelf = await session.getOne(Shelf, 1);
    shelf.name = "changed";
    const clashing = create(Book, { title: "two" });
    const orphan = create(Book, { title: "orphan", shelfId: 99 });
    session.add(clashing);
    session.add(create(Note, { words: "never" }));
    const refused = (await session.commit().catch((error: unknown) => error)) as IntegrityError;
    expect(refused).toBeInstanceOf(IntegrityError);
    expect(refused.violation).toBe("unique");
    expect(refused.statement).toContain("INSERT INTO joined_books");
    expect(refused.message).toContain("[flush: INSERT of new Book]");
    expect((refused as unknown as { entities: object[] }).entities).toEqual([clashing]);
    // The default is made anew with the next try.
    expect(Object.hasOwn(clashing, "made")).toBe(false);
    await session.rollback();
    await session.refresh(shelf);
    expect(shelf.name).toBe("low");
    session.add(orphan);
    shelf.name = "changed";
    const other = (await session.commit().catch((error: unknown) => error)) as IntegrityError;
    expect(other).toBeInstanceOf(IntegrityError);
    await session.rollback();
    await session.refresh(shelf);
    session.add(create(Book, { title: "well", shelfId: 1 }));
    shelf.name = "changed";
    await session.commit();
    expect((await titles(Session)).map(({ title }) => title)).toEqual(["one", "two", "well"]);
  });
});
