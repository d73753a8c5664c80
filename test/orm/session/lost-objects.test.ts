import { describe, expect, test } from "vitest";
import {
  Column,
  DetachedInstanceError,
  InvalidRequestError,
  inspect,
  ManyToOne,
  OneToMany,
  PrimaryKey,
  type Relation,
  registry,
  select,
  t,
} from "../../../src/index.js";
import { recordStatements } from "../../support/statements.js";
import { make, storeFor } from "../support.js";

const reg = registry();

@reg.Entity("shelves")
class Shelf {
  @PrimaryKey() id!: number;
  @Column(t.string(20)) name!: string;
  @OneToMany(
    () => Book,
    (b) => b.shelf,
    { orderBy: "id", cascade: ["all"] },
  )
  books!: Book[];
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
}

const stateOf = (object: object) => inspect(object).state;

describe("an object whose INSERT is undone", () => {
  test("is not modified by what was written with its row, only by what is set after", async () => {
    const { Session } = await storeFor(reg);
    await using session = Session();
    const shelf = make(Shelf, { name: "a", books: [make(Book, { title: "b" })] });
    session.add(shelf);
    await session.flush();
    await session.rollback();
    expect(inspect(shelf).attrs.name?.history.unchanged).toEqual(["a"]);
    shelf.name = "a";
    expect(session.isModified(shelf)).toBe(false);
    shelf.name = "c";
    expect(session.isModified(shelf)).toBe(true);
    session.add(shelf);
    await session.commit();
    expect((await session.scalars(select(Shelf)).all()).map((s) => s.name)).toEqual(["c"]);
  });

  test("was expunged meanwhile: it is transient after the rollback, as if it had stayed", async () => {
    const { Session } = await storeFor(reg);
    await using session = Session();
    const shelf = make(Shelf, { name: "a" });
    session.add(shelf);
    await session.flush();
    session.expunge(shelf);
    expect(stateOf(shelf)).toBe("detached");
    await session.rollback();
    expect(stateOf(shelf)).toBe("transient");
    expect(inspect(shelf).identity).toBeNull();
    session.add(shelf);
    await session.commit();
    expect(stateOf(shelf)).toBe("persistent");
  });

  test("was expunged after a savepoint began: only the rollback of all makes it transient", async () => {
    const { Session } = await storeFor(reg);
    await using session = Session();
    const shelf = make(Shelf, { name: "a" });
    session.add(shelf);
    const savepoint = await session.beginNested();
    session.expungeAll();
    await savepoint.rollback();
    expect(stateOf(shelf)).toBe("detached");
    await session.rollback();
    expect(stateOf(shelf)).toBe("transient");
  });

  test("was expired: what it had is lost, and reading, flushing or merging it says so until it is assigned anew", async () => {
    const { Session } = await storeFor(reg);
    await using session = Session();
    const shelf = make(Shelf, { name: "a" });
    session.add(shelf);
    await session.flush();
    session.expireAll();
    await session.rollback();
    expect(stateOf(shelf)).toBe("transient");
    expect(() => shelf.name).toThrow(DetachedInstanceError);
    expect(() => shelf.name).toThrow(/new Shelf has no row: it was rolled back while the object was expired/);
    await expect(session.merge(shelf)).rejects.toThrow(/its "id" is lost/);
    session.add(shelf);
    await expect(session.flush()).rejects.toThrow(InvalidRequestError);
    await session.rollback();
    shelf.id = 7;
    shelf.name = "again";
    session.add(shelf);
    await session.commit();
    expect((await session.scalars(select(Shelf)).all()).map((s) => [s.id, s.name])).toEqual([[7, "again"]]);
  });
});

describe("deleted objects", () => {
  test("what is set on one after its DELETE is not written, and does not keep the session from committing", async () => {
    const { Session } = await storeFor(reg);
    await using session = Session();
    const [shelf, book] = [make(Shelf, { name: "a" }), make(Book, { title: "b" })];
    session.addAll([shelf, book]);
    await session.commit();
    await session.delete(book);
    await session.flush();
    book.title = "late";
    book.shelf = shelf;
    await session.commit();
    expect(stateOf(book)).toBe("detached");
    expect(await session.scalars(select(Book)).all()).toEqual([]);
  });

  test("one that comes back with a savepoint counts its changes again", async () => {
    const { Session } = await storeFor(reg);
    await using session = Session();
    const book = make(Book, { title: "b" });
    session.add(book);
    await session.commit();
    const savepoint = await session.beginNested();
    await session.delete(book);
    await session.flush();
    book.title = "late";
    await savepoint.rollback();
    expect(stateOf(book)).toBe("persistent");
    book.title = "kept";
    await session.commit();
    expect(await session.scalars(select(Book)).all()).toHaveLength(1);
    expect((await session.get(Book, book.id))?.title).toBe("kept");
  });

  test("one whose DELETE was flushed has it sent again, by itself or by its parent's cascade, and a warning says so", async () => {
    const warnings: string[] = [];
    const { Session, engine } = await storeFor(reg, { warn: (message: string) => warnings.push(message) });
    await using session = Session();
    const book = make(Book, { title: "b" });
    const shelf = make(Shelf, { name: "a", books: [book] });
    session.add(shelf);
    await session.flush();
    await session.delete(book);
    await session.flush();
    using log = recordStatements(engine);
    await session.delete(shelf);
    expect([...session.deleted]).toEqual([shelf, book]);
    expect([stateOf(shelf), stateOf(book)]).toEqual(["persistent", "deleted"]);
    await session.commit();
    expect(log.count("DELETE")).toBe(2);
    expect(warnings.join()).toMatch(/expected to delete 1 row\(s\); 0 were matched/);
    expect([stateOf(shelf), stateOf(book)]).toEqual(["detached", "detached"]);
  });

  test("one whose DELETE was committed may be deleted again: nothing is there, and a warning says so", async () => {
    const warnings: string[] = [];
    const { Session } = await storeFor(reg, { warn: (message: string) => warnings.push(message) });
    await using session = Session();
    const book = make(Book, { title: "b" });
    session.add(book);
    await session.commit();
    await session.delete(book);
    await session.commit();
    await session.delete(book);
    await session.commit();
    expect(warnings.join()).toMatch(/expected to delete 1 row\(s\); 0 were matched/);
    expect(stateOf(book)).toBe("detached");
  });

  test("a detached object is deleted alone: what it refers to stays outside the session", async () => {
    const { Session } = await storeFor(reg);
    await using session = Session();
    const book = make(Book, { title: "b" });
    session.add(book);
    await session.commit();
    session.expungeAll();
    const shelf = make(Shelf, { name: "new", books: [book] });
    await session.delete(book);
    expect(session.has(shelf)).toBe(false);
    await session.commit();
    expect(await session.scalars(select(Shelf)).all()).toEqual([]);
    expect(await session.scalars(select(Book)).all()).toEqual([]);
  });

  test("after its DELETE a many-to-one without a related row reads as null, without a session", async () => {
    const { Session } = await storeFor(reg);
    await using session = Session();
    const book = make(Book, { title: "b" });
    session.add(book);
    await session.commit();
    await session.delete(book);
    await session.commit();
    expect(book.shelf).toBeNull();
  });

  test("get() of an expired object that is to be deleted deletes it first, and finds nothing", async () => {
    const { Session } = await storeFor(reg);
    await using session = Session();
    const book = make(Book, { id: 1, title: "b" });
    session.add(book);
    await session.commit();
    await session.delete(book);
    expect(await session.get(Book, 1)).toBeNull();
    expect(stateOf(book)).toBe("deleted");
  });
});
