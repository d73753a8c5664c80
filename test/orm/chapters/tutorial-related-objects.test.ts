/** The tutorial's chapter "Working with ORM related objects" of SQLAlchemy's documentation. */
import { describe, expect, expectTypeOf, test } from "vitest";
import {
  attrs,
  Column,
  containsEager,
  InvalidRequestError,
  inspect,
  joinedload,
  ManyToOne,
  OneToMany,
  PrimaryKey,
  type Relation,
  registry,
  select,
  selectinload,
  t,
} from "../../../src/index.js";
import { recordStatements } from "../../support/statements.js";
import { make, storeFor } from "../support.js";
import { Email, Member, members } from "./guide.js";

const [m, e] = [attrs(Member), attrs(Email)];

describe("persisting and loading", () => {
  test("both sides agree in memory, the cascade brings all in, and keys are copied by the flush", async () => {
    const { Session, log } = await members();
    await using session = Session();
    const fay = make(Member, { name: "fay", fullName: "Fay", emails: [] });
    expect(fay.emails).toEqual([]);
    const first = make(Email, { address: "fay@one.org" });
    fay.emails.push(first);
    expect(first.member).toBe(fay);
    const second = make(Email, { address: "fay@two.org" });
    second.member = fay;
    expect(fay.emails).toEqual([first, second]);
    session.add(fay);
    expect([first, second].every((each) => session.has(each))).toBe(true);
    expect([fay.id, first.memberId]).toEqual([undefined, undefined]);
    await session.commit();
    expect(log.texts("INSERT").map((text) => /INTO (\w+)/.exec(text)?.[1])).toEqual(["members", "emails"]);
    await session.runSync(() => {
      expect(first.memberId).toBe(fay.id);
      const before = log.count("SELECT");
      expect(fay.emails.map((each) => each.address)).toEqual(["fay@one.org", "fay@two.org"]);
      expect(log.count("SELECT")).toBe(before + 1);
      // Loaded it is kept, with the same objects.
      expect(fay.emails[0]).toBe(first);
      expect(log.count("SELECT")).toBe(before + 1);
    });
  });
});

describe("in queries", () => {
  test("a relationship joins, or the foreign keys of the tables do", async () => {
    const { Session } = await members();
    await using session = Session();
    const along = select(e.address).selectFrom(Member).join(m.emails).orderBy(e.id);
    const inferred = select(e.address).joinFrom(Member, Email).orderBy(e.id);
    expect(await session.scalars(along).all()).toEqual(await session.scalars(inferred).all());
  });
});

describe("loader strategies", () => {
  test("selectinload: one statement more", async () => {
    const { Session, log } = await members();
    await using session = Session();
    const rows = await session.execute(select(Member).options(selectinload(m.emails)).orderBy(m.id)).all();
    expect(rows.map(([member]) => [member.name, member.emails.map((each) => each.address)])).toEqual([
      ["ann", ["ann@one.org"]],
      ["bob", ["bob@one.org", "bob@two.org"]],
      ["cid", ["cid@two.org"]],
      ["dan", ["dan@one.org"]],
      ["eve", []],
    ]);
    expect(log.count("SELECT")).toBe(2);
    expectTypeOf(rows[0][0].emails[0].address).toEqualTypeOf<string>();
  });

  test("joinedload: a join that never changes which rows come, inner where the mapping or the option says so", async () => {
    const { Session, log } = await members();
    await using session = Session();
    const emails = await session
      .scalars(
        select(Email)
          .options(joinedload(e.member, { innerjoin: true }))
          .orderBy(e.id),
      )
      .all();
    expect(emails.map((each) => each.member.name)).toEqual(["ann", "bob", "bob", "cid", "dan"]);
    expect(log.count("SELECT")).toBe(1);
    expect(log.texts()[0]).toMatch(/FROM emails JOIN members AS /);
  });

  test("containsEager takes the statement's own join, where joinedload would join once more", async () => {
    const { Session, log } = await members();
    await using session = Session();
    const joined = select(Email).join(e.member).where(m.name.eq("bob")).orderBy(e.id);
    const own = await session.scalars(joined.options(containsEager(e.member))).all();
    expect(own.map((each) => each.member.name)).toEqual(["bob", "bob"]);
    expect(log.texts()[0].match(/JOIN/g)).toHaveLength(1);
    session.expungeAll();
    await session.scalars(joined.options(joinedload(e.member))).all();
    expect(log.texts()[1].match(/JOIN/g)).toHaveLength(2);
  });

  test('lazy: "raise_on_sql" makes reading an error, which options of the statement take away', async () => {
    const own = registry();
    @own.Entity("parents")
    class Parent {
      @PrimaryKey() id!: number;
      @OneToMany(
        () => Child,
        (c) => c.parent,
        { lazy: "raise_on_sql" },
      )
      children!: Child[];
    }
    @own.Entity("children")
    class Child {
      @PrimaryKey() id!: number;
      @Column(t.integer, { foreignKey: "parents.id" }) parentId!: number;
      @ManyToOne(
        () => Parent,
        (p) => p.children,
        { lazy: "raise_on_sql" },
      )
      parent!: Relation<Parent>;
    }
    const { Session, engine } = await storeFor(own);
    await Session.begin((s) => s.add(make(Parent, { children: [make(Child)] })));
    using log = recordStatements(engine);
    await using session = Session();
    const parent = await session.scalars(select(Parent)).one();
    await session.runSync(() => expect(() => parent.children).toThrow(InvalidRequestError));
    session.expungeAll();
    const loaded = await session.scalars(select(Parent).options(selectinload(Parent, (p) => p.children))).one();
    expect(loaded.children).toHaveLength(1);
    // What is present needs no SQL.
    await session.runSync(() => expect(loaded.children[0].parent).toBe(loaded));
    expect(log.count("SELECT")).toBe(3);
    expect(inspect(loaded).persistent).toBe(true);
  });
});
