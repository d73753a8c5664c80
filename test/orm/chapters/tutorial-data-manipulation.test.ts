/** The tutorial's chapter "Data manipulation with the ORM" of SQLAlchemy's documentation. */
import { describe, expect, expectTypeOf, test } from "vitest";
import { attrs, create, DetachedInstanceError, del, insert, inspect, select, update } from "../../../src/index.js";
import { make } from "../support.js";
import { Member, members } from "./guide.js";

const m = attrs(Member);

describe("inserting through the unit of work", () => {
  test("a new object is transient without a key; added it is pending; the flush stores it and gives it its key", async () => {
    const { Session, log } = await members();
    await using session = Session();
    const fay = make(Member, { name: "fay", fullName: "Fay Fisher" });
    const gus = make(Member, { name: "gus", fullName: "Gus Gray" });
    expect([fay.id, inspect(fay).state]).toEqual([undefined, "transient"]);
    session.add(fay);
    session.add(gus);
    expect(session.new).toEqual(new Set([fay, gus]));
    expect(log.count()).toBe(0);
    await session.flush();
    expect(log.count("INSERT")).toBe(1);
    expect(gus.id).toBeGreaterThan(0);
    expect(gus.id).not.toBe(fay.id);
    // The same object for the same row, without asking.
    const count = log.count();
    expect(await session.get(Member, fay.id)).toBe(fay);
    expect(log.count()).toBe(count);
    await session.commit();
    expect(await session.scalar(select(m.name).where(m.fullName.eq("Gus Gray")))).toBe("gus");
  });

  test("create() is typed: what a class requires is required", () => {
    const made = create(Member, { id: 9, name: "x", fullName: null });
    expectTypeOf(made).toEqualTypeOf<Member>();
    // @ts-expect-error a name is required
    const later = () => create(Member, { id: 9, fullName: null });
    expect(later).toBeTypeOf("function");
    // @ts-expect-error of another type
    expect(() => create(Member, { id: 9, name: 5, fullName: null })).toBeTypeOf("function");
  });
});

describe("changing and deleting", () => {
  test("a set attribute makes the object dirty; a query flushes the change first", async () => {
    const { Session, log } = await members();
    await using session = Session();
    const bob = await session.execute(select(Member).filterBy({ name: "bob" })).scalarOne();
    expectTypeOf(bob).toEqualTypeOf<Member>();
    bob.fullName = "Robert Baker";
    expect(session.dirty.has(bob)).toBe(true);
    log.reset();
    expect(await session.execute(select(m.fullName).where(m.id.eq(2))).scalarOne()).toBe("Robert Baker");
    expect(log.statements.map((each) => each.verb)).toEqual(["UPDATE", "SELECT"]);
    expect(session.dirty.has(bob)).toBe(false);
  });

  test("delete() waits for the flush; the object is out of the session then", async () => {
    const { Session } = await members();
    await using session = Session();
    const eve = await session.getOne(Member, 5);
    await session.delete(eve);
    expect(session.has(eve)).toBe(true);
    expect(await session.execute(select(Member).where(m.name.eq("eve"))).first()).toBeNull();
    expect(session.has(eve)).toBe(false);
  });

  test("many rows at once are a matter of statements", async () => {
    const { Session } = await members();
    await using session = Session();
    await session.execute(insert(Member), [{ name: "fay" }, { name: "gus" }]);
    await session.execute(
      update(Member)
        .where((x) => x.name.in(["fay", "gus"]))
        .values({ fullName: "new" }),
    );
    expect((await session.execute(del(Member).where((x) => x.fullName.eq("new")))).rowcount).toBe(2);
  });
});

describe("rolling back and closing", () => {
  test("rollback() expires what was changed and brings back what was deleted", async () => {
    const { Session, log } = await members();
    await using session = Session();
    const [bob, eve] = [await session.getOne(Member, 2), await session.getOne(Member, 5)];
    bob.fullName = "Robert";
    await session.delete(eve);
    await session.flush();
    await session.rollback();
    expect([...inspect(bob).unloaded]).toEqual(expect.arrayContaining(["id", "name", "fullName"]));
    log.reset();
    await session.runSync(() => expect(bob.fullName).toBe("Bob Baker"));
    expect(log.count("SELECT")).toBe(1);
    expect(session.has(eve)).toBe(true);
    expect(await session.execute(select(Member).where(m.name.eq("eve"))).scalarOne()).toBe(eve);
  });

  test("close() lets all objects go: what is expired cannot be read until the object is in a session again", async () => {
    const { Session } = await members();
    const session = Session();
    const bob = await session.getOne(Member, 2);
    await session.commit();
    await session.close();
    expect(() => bob.name).toThrow(DetachedInstanceError);
    await using second = Session();
    second.add(bob);
    await second.runSync(() => expect(bob.name).toBe("bob"));
  });
});
