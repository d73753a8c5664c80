/** The chapter "ORM API features for querying" of SQLAlchemy's ORM querying guide: execution options, and what statements tell of themselves. */
import { describe, expect, expectTypeOf, test } from "vitest";
import {
  aliased,
  attrs,
  InvalidRequestError,
  insert,
  inspect,
  joinedload,
  loadOnly,
  select,
  selectinload,
  subqueryload,
  text,
  update,
} from "../../../src/index.js";
import { Email, guide, Member, members } from "./guide.js";

const [m, e] = [attrs(Member), attrs(Email)];

describe("populateExisting", () => {
  test("without it an object keeps what it has; with it the row's values are laid over it, pending changes too", async () => {
    const { Session } = await members();
    await using session = Session();
    const ann = await session.getOne(Member, 1, { options: [selectinload(m.emails)] });
    await session.execute(text("UPDATE members SET full_name = 'Changed' WHERE id = 1"));
    await session.execute(text("UPDATE emails SET address = 'new' WHERE member_id = 1"));
    ann.name = "pending";
    const statement = select(Member).where(m.id.eq(1)).executionOptions({ autoflush: false });
    await session.scalars(statement).one();
    expect([ann.name, ann.fullName]).toEqual(["pending", "Ann Archer"]);
    await session.scalars(statement.options(selectinload(m.emails)).executionOptions({ populateExisting: true })).one();
    expect([ann.name, ann.fullName, ann.emails[0].address]).toEqual(["ann", "Changed", "new"]);
    expect(session.isModified(ann)).toBe(false);
  });

  test("with loadOnly() it refreshes these columns, with criteria on a relationship that part of it", async () => {
    const { Session } = await members();
    await using session = Session();
    const bob = await session.getOne(Member, 2, { options: [selectinload(m.emails)] });
    await session.execute(text("UPDATE members SET name = 'robert', full_name = 'Robert' WHERE id = 2"));
    const one = select(Member).where(m.id.eq(2)).executionOptions({ populateExisting: true });
    await session.scalars(one.options(loadOnly(Member, (x) => x.fullName))).one();
    expect(bob.fullName).toBe("Robert");
    await session.scalars(one.options(selectinload(m.emails.and((x) => x.address.eq("bob@two.org"))))).one();
    expect([bob.name, bob.emails.map((each) => each.address)]).toEqual(["robert", ["bob@two.org"]]);
  });
});

test("autoflush: false leaves pending changes where they are, in a statement's own options or in the call's", async () => {
  const { Session } = await members();
  await using session = Session();
  const ann = await session.getOne(Member, 1);
  ann.name = "anna";
  const names = select(m.name).where(m.id.eq(1));
  expect(await session.scalar(names, undefined, { autoflush: false })).toBe("ann");
  expect(await session.scalar(names.executionOptions({ autoflush: false }))).toBe("ann");
  const change = update(Member).where(m.name.eq("ann")).values({ fullName: "A" });
  expect((await session.execute(change, undefined, { autoflush: false })).rowcount).toBe(1);
  expect(await session.scalar(names)).toBe("anna");
});

describe("yieldPer", () => {
  test("streams so many objects at a time, singly or in partitions of that size", async () => {
    const { Session } = await members();
    await using session = Session();
    const statement = select(Member).orderBy(m.id).executionOptions({ yieldPer: 2 });
    const seen: string[] = [];
    for await (const member of await session.streamScalars(statement)) seen.push(member.name);
    expect(seen).toEqual(["ann", "bob", "cid", "dan", "eve"]);
    const sizes: number[] = [];
    for await (const part of (await session.streamScalars(statement)).partitions()) sizes.push(part.length);
    expect(sizes).toEqual([2, 2, 1]);
    const parts = await session.scalars(select(Member).orderBy(m.id));
    expect([...parts.yieldPer(3).partitions()].map((part) => part.length)).toEqual([3, 2]);
    // Results that are read at once are parted in the same way.
    const atOnce = await session.scalars(statement);
    expect([...atOnce.partitions()].map((part) => part.length)).toEqual([2, 2, 1]);
  });

  test("goes with select-in loads, not with collections that a join fills", async () => {
    const { Session, log } = await members();
    await using session = Session();
    const statement = select(Member).orderBy(m.id).executionOptions({ yieldPer: 3 });
    const loaded: number[] = [];
    for await (const member of await session.streamScalars(statement.options(selectinload(m.emails))))
      loaded.push(member.emails.length);
    expect(loaded).toEqual([1, 2, 1, 1, 0]);
    expect(log.count("SELECT")).toBe(3);
    await expect(session.streamScalars(statement.options(joinedload(m.emails)))).rejects.toThrow(InvalidRequestError);
    // Nor when the rows are read at once, and not with loads that state the statement anew.
    await expect(session.scalars(statement.options(joinedload(m.emails)))).rejects.toThrow(
      "read in parts (stream(), yieldPer) cannot load collections by a join",
    );
    await expect(session.scalars(statement.options(subqueryload(m.emails)))).rejects.toThrow(
      "read in parts (stream(), yieldPer) cannot load by subquery",
    );
    await expect(session.streamScalars(select(Email).options(subqueryload(e.member)))).rejects.toThrow("by subquery");
    expect(
      await session.scalars(select(Email).options(joinedload(e.member)), undefined, { yieldPer: 2 }).all(),
    ).toHaveLength(5);
    // unique() of a stream keeps a key for each object that it has seen.
    const twice = select(Member).join(m.emails).orderBy(m.id).executionOptions({ yieldPer: 1 });
    expect((await (await session.streamScalars(twice)).unique().all()).length).toBe(4);
  });
});

describe("statements tell of themselves", () => {
  test("columnDescriptions: classes, columns and aliases", () => {
    const other = aliased(Member, "user2");
    const statement = select(Member, m.id, other);
    const described = statement.columnDescriptions;
    expect(described.map(({ name, aliased }) => [name, aliased])).toEqual([
      ["Member", false],
      ["id", false],
      ["user2", true],
    ]);
    expect([described[0].entity, described[0].expr, described[0].type]).toEqual([Member, Member, Member]);
    expect([described[1].entity, described[1].expr]).toEqual([Member, m.id]);
    expect(described[1].type).toBe(m.id.type);
    expect([described[2].entity, described[2].expr, described[2].type]).toEqual([other, other, Member]);
    expectTypeOf(described[0].name).toEqualTypeOf<string>();
    const table = guide.metadata.tables.get("members");
    const plain = select(table as never, e.id.as("mail")).columnDescriptions;
    expect(plain.map(({ name, entity }) => [name, entity])).toEqual([
      ["id", null],
      ["name", null],
      ["fullName", null],
      ["mail", null],
    ]);
    expect(select({ who: m.name }).columnDescriptions[0].name).toBe("who");
  });

  test("entityDescription and returningColumnDescriptions of what writes", () => {
    const statement = update(Member).values({ name: "x" }).returning(m.id);
    expect(statement.entityDescription).toMatchObject({ name: "Member", type: Member, expr: Member, entity: Member });
    expect(statement.entityDescription.table).toBe(guide.metadata.tables.get("members"));
    expect(statement.returningColumnDescriptions).toMatchObject([{ name: "id", entity: Member, aliased: false }]);
    expect(insert(Member).returning(Member).returningColumnDescriptions[0].type).toBe(Member);
    expect(update(Member).values({ name: "x" }).returningColumnDescriptions).toEqual([]);
  });

  test("the identity of an object has no token without shards", async () => {
    const { Session } = await members();
    await using session = Session();
    const ann = await session.getOne(Member, 1);
    expect(inspect(ann).identityKey).toEqual([Member, [1]]);
    expect(inspect(ann).identityToken).toBeNull();
  });
});
