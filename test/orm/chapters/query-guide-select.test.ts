/** The chapter "Writing SELECT statements for ORM mapped classes" of SQLAlchemy's ORM querying guide. */
import { describe, expect, expectTypeOf, test } from "vitest";
import {
  aliased,
  attrs,
  bundle,
  inspect,
  join,
  literal,
  not,
  type Relation,
  select,
  text,
  unionAll,
  withParent,
} from "../../../src/index.js";
import { Email, guide, Item, Member, members, Order } from "./guide.js";

const [m, e, o] = [attrs(Member), attrs(Email), attrs(Order)];
const names = (all: readonly Member[]) => all.map((one) => one.name);
const MEMBERS = "SELECT members.id, members.name, members.full_name";
/** The statement on one line. */
const sql = (statement: object) => String(statement).replace(/\s+/g, " ");

describe("selecting entities and attributes", () => {
  test("a statement is built by methods, and execute() gives rows of which scalars() takes the entity", async () => {
    const { Session, log } = await members();
    await using session = Session();
    const result = await session.execute(select(Member).where(m.name.eq("ann")));
    const [ann] = result.scalars().all();
    expect(`${ann.name}: ${ann.fullName}`).toBe("ann: Ann Archer");
    expect(log.texts()).toEqual([
      expect.stringMatching(/^SELECT members\.id.* FROM members\s+WHERE members\.name = /s),
    ]);
  });

  test("an entity is one element of its row; session.scalars() gives the entities themselves", async () => {
    const { Session } = await members();
    await using session = Session();
    const rows = await session.execute(select(Member).orderBy(m.id)).all();
    expect(rows.map((row) => row.length)).toEqual([1, 1, 1, 1, 1]);
    expect(rows[0][0]).toBeInstanceOf(Member);
    expectTypeOf(rows[0][0]).toEqualTypeOf<Member>();
    const all = await session.scalars(select(Member).orderBy(m.id)).all();
    expectTypeOf(all).toEqualTypeOf<Member[]>();
    expect(all).toEqual(rows.map(([one]) => one));
    expect(all[0]).toBe(rows[0][0]);
  });

  test("a connection gives columns, not entities", async () => {
    const { engine } = await members();
    await using connection = await engine.connect();
    const row = await connection.execute(select(Member).where(m.id.eq(1))).first();
    expect([...(row as readonly unknown[])]).toEqual([1, "ann", "Ann Archer"]);
  });

  test("several entities are in each row under the names of their classes, or of their aliases", async () => {
    const { Session, log } = await members();
    await using session = Session();
    const statement = select(Member, Email).join(m.emails).orderBy(m.id, e.id);
    const rows = await session.execute(statement).all();
    expect(rows.map(([member, email]) => `${member.name} ${email.address}`)).toEqual([
      "ann ann@one.org",
      "bob bob@one.org",
      "bob bob@two.org",
      "cid cid@two.org",
      "dan dan@one.org",
    ]);
    const [[member, email]] = rows;
    expect(rows[0]._mapping).toMatchObject({ Member: member, Email: email });
    expectTypeOf(member).toEqualTypeOf<Member>();
    expectTypeOf(email).toEqualTypeOf<Email>();
    const [one, mail] = [aliased(Member, "one"), aliased(Email, "mail")];
    const row = await session.execute(select(one, mail).join(one.emails.of(mail)).orderBy(one.id, mail.id)).first();
    expect([row?.[0].name, row?.[1].address]).toEqual(["ann", "ann@one.org"]);
    expect(row?._mapping).toMatchObject({ one: row?.[0], mail: row?.[1] });
    expect(log.texts().at(-1)).toMatch(/FROM members AS one JOIN emails AS mail ON one\.id = mail\.member_id/);
    const added = select(Member).join(m.emails).addColumns(Email).orderBy(m.id, e.id);
    expect(sql(added)).toBe(sql(statement));
    expectTypeOf((await session.execute(added).all())[0][1]).toEqualTypeOf<Email>();
  });

  test("attributes give rows with a place and a name for each", async () => {
    const { Session } = await members();
    await using session = Session();
    const rows = await session.execute(select(m.name, e.address).join(m.emails).orderBy(m.id, e.id)).all();
    expect(rows.map((row) => `${row[0]} ${row._mapping.address}`)).toEqual([
      "ann ann@one.org",
      "bob bob@one.org",
      "bob bob@two.org",
      "cid cid@two.org",
      "dan dan@one.org",
    ]);
    expectTypeOf(rows[0][0]).toEqualTypeOf<string>();
    // Names are typed where the statement has them as an object's keys.
    const named = await session.execute(select({ name: m.name, mail: e.address }).join(m.emails).orderBy(e.id)).first();
    expect(named?.mail).toBe("ann@one.org");
    expectTypeOf(named).toEqualTypeOf<{ name: string; mail: string } | null>();
  });

  test("bundles group the columns of a row; a function makes another thing of them", async () => {
    const { Session } = await members();
    await using session = Session();
    const statement = select(
      bundle("member", { name: m.name, fullName: m.fullName }),
      bundle("mail", { address: e.address }, ({ address }) => address.split("@")),
    )
      .joinFrom(Member, Email)
      .orderBy(e.id);
    const row = await session.execute(statement).first();
    expect(row?._mapping.member).toEqual({ name: "ann", fullName: "Ann Archer" });
    expect(row?.[1]).toEqual(["ann", "one.org"]);
    type First = NonNullable<typeof row>;
    expectTypeOf<First[0]>().toEqualTypeOf<{ name: string; fullName: string | null }>();
    expectTypeOf<First[1]>().toEqualTypeOf<string[]>();
  });

  test("an alias is anonymous, or has a name that the row knows too", async () => {
    const { Session } = await members();
    await using session = Session();
    const u = aliased(Member);
    expect(sql(select(u).orderBy(u.id))).toBe(
      "SELECT members_1.id, members_1.name, members_1.full_name FROM members AS members_1 ORDER BY members_1.id",
    );
    const u1 = aliased(Member, "u1");
    const row = await session.execute(select(u1).orderBy(u1.id)).first();
    expect(row?._mapping.u1).toBe(row?.[0]);
    expect(row?.[0].name).toBe("ann");
  });
});

describe("other sources of entities", () => {
  test("text, as the whole statement or as a subquery", async () => {
    const { Session, log } = await members();
    await using session = Session();
    const textual = text("SELECT id, name, full_name FROM members ORDER BY id").columns(m.id, m.name, m.fullName);
    const direct = await session.scalars(select(Member).fromStatement(textual)).all();
    expectTypeOf(direct).toEqualTypeOf<Member[]>();
    expect(names(direct)).toEqual(["ann", "bob", "cid", "dan", "eve"]);
    expect(log.texts().at(-1)).toBe("SELECT id, name, full_name FROM members ORDER BY id");
    const inner = aliased(Member, textual.subquery());
    const wrapped = await session.scalars(select(inner).orderBy(inner.id)).all();
    expect(wrapped).toEqual(direct);
    expect(log.texts().at(-1)).toMatch(/FROM \(SELECT id, name, full_name FROM members ORDER BY id\) AS /);
  });

  test("a subquery of the class by its columns, or a made-up one by their names", async () => {
    const { Session } = await members();
    await using session = Session();
    const low = aliased(Member, select(Member).where(m.id.lt(3)).orderBy(m.id).subquery());
    expect(names(await session.scalars(select(low).orderBy(low.id)).all())).toEqual(["ann", "bob"]);
    const madeUp = select({ id: literal(14), name: literal("made up"), fullName: literal("Made Up") }).subquery();
    const made = aliased(Member, madeUp, { adaptOnNames: true });
    const one = await session.scalars(select(made)).one();
    expect([one.id, one.name, one.fullName]).toEqual([14, "made up", "Made Up"]);
    await expect(session.scalars(select(aliased(Member, madeUp))).all()).rejects.toThrow(
      "Member: an anonymous subquery has no column members.id, which Member maps.",
    );
  });

  test("a union is the whole statement, or a subquery that is filtered and ordered further", async () => {
    const { Session, log } = await members();
    await using session = Session();
    const both = unionAll(select(Member).where(m.id.lt(2)), select(Member).where(m.id.eq(3)));
    const whole = await session.scalars(select(Member).fromStatement(both.orderBy("id"))).all();
    expect(names(whole)).toEqual(["ann", "cid"]);
    expect(log.texts().at(-1)).not.toMatch(/FROM \(/);
    const u = aliased(Member, both.subquery());
    const further = await session.scalars(select(u).where(u.name.ne("ann")).orderBy(u.id)).all();
    expect(names(further)).toEqual(["cid"]);
  });
});

describe("joins", () => {
  test("along a relationship, and from wherever the chain has been", () => {
    expect(sql(select(Member).join(m.emails))).toBe(
      `${MEMBERS} FROM members JOIN emails ON members.id = emails.member_id`,
    );
    expect(sql(select(Member).join(m.orders).join(o.items).join(m.emails))).toMatch(
      /FROM members JOIN orders ON members\.id = orders\.member_id JOIN order_items ON orders\.id = order_items\.order_id JOIN items ON order_items\.item_id = items\.id JOIN emails ON members\.id = emails\.member_id$/,
    );
  });

  test("that is joined along already is not joined again, unless it leads elsewhere or in another way", async () => {
    const { Session } = await members();
    await using session = Session();
    const once = sql(select(Member).join(m.orders).join(o.items));
    expect(
      sql(
        select(Member)
          .join(m.orders)
          .join((member) => member.orders)
          .join(o.items)
          .join(o.items),
      ),
    ).toBe(once);
    const other = aliased(Order, "other");
    const twice = select(Member).join(m.orders).join(m.orders.of(other)).join(m.orders.of(other));
    expect(sql(twice).match(/ JOIN orders/g)).toHaveLength(2);
    for (const again of [
      select(Member).join(m.orders).outerjoin(m.orders),
      select(Member)
        .join(m.orders)
        .join(m.orders.and((order) => order.id.gt(1))),
      select(Member).join(m.orders).join(m.orders, o.memberId.eq(m.id)),
    ])
      await expect(session.scalars(again).all()).rejects.toThrow(/^table orders stands twice in one FROM under one/);
  });

  test("a link whose left side is not there yet begins a FROM element of its own, which is refused", async () => {
    const { Session } = await members();
    await using session = Session();
    await expect(session.scalars(select(Member).join(o.items).join(m.orders)).all()).rejects.toThrow(
      /^table orders stands twice in one FROM under one name, .*A link that begins at what another one brings comes after that/,
    );
  });

  test("to a class the condition follows from the foreign keys, and from those alone", async () => {
    const { Session } = await members();
    await using session = Session();
    expect(sql(select(Member).join(Email))).toBe(sql(select(Member).join(m.emails)));
    await expect(session.scalars(select(Member).join(Item)).all()).rejects.toThrow(
      "there is nothing that table items could be joined to by a foreign key (looked at table members)",
    );
  });

  test("the condition is an expression, or a relationship for the second argument's part", () => {
    const plain = sql(select(Member).join(m.emails));
    expect(sql(select(Member).join(Email, m.id.eq(e.memberId)))).toBe(plain);
    expect(sql(select(Member).join(m.emails.of(Email)))).toBe(plain);
  });

  test("and() adds to the relationship's condition", async () => {
    const { Session, log } = await members();
    await using session = Session();
    const found = await session
      .execute(select(m.fullName).join(m.emails.and((x) => x.address.eq("bob@two.org"))))
      .all();
    expect(found.map((row) => [...row])).toEqual([["Bob Baker"]]);
    expect(log.texts()[0]).toMatch(/JOIN emails ON members\.id = emails\.member_id AND emails\.address = /);
  });

  test("to one class twice by its aliases, and from an alias by its own relationships", async () => {
    const { Session } = await members();
    await using session = Session();
    const [first, second] = [aliased(Email, "first_mail"), aliased(Email, "second_mail")];
    const found = await session
      .scalars(
        select(Member)
          .join(m.emails.of(first))
          .where(first.address.eq("bob@one.org"))
          .join(m.emails.of(second))
          .where(second.address.eq("bob@two.org")),
      )
      .all();
    expect(names(found)).toEqual(["bob"]);
    const u = aliased(Member);
    expect(sql(select(u.name).join(u.emails))).toBe(
      "SELECT members_1.name FROM members AS members_1 JOIN emails ON members_1.id = emails.member_id",
    );
  });

  test("to a subquery by a condition, by its foreign key, and along a relationship", async () => {
    const { Session } = await members();
    await using session = Session();
    const cids = select(Email).where(e.address.eq("cid@two.org")).subquery();
    expect(names(await session.scalars(select(Member).join(cids, m.id.eq(cids.c.memberId))).all())).toEqual(["cid"]);
    const mail = aliased(Email, cids, "mail");
    const inferred = await session.execute(select(Member, mail).join(mail)).one();
    expect([inferred[0].name, inferred[1].address]).toEqual(["cid", "cid@two.org"]);
    expect(inferred._mapping.mail).toBe(inferred[1]);
    const [member, email] = await session.execute(select(Member, mail).join(m.emails.of(mail))).one();
    expect([member, email]).toEqual([...inferred]);
    expectTypeOf(email).toEqualTypeOf<Email>();
  });

  test("one subquery may hold several entities", async () => {
    const { Session, log } = await members();
    await using session = Session();
    const both = select(m.id, m.name, m.fullName, e.id, e.address)
      .joinFrom(Member, Email)
      .where(e.address.in(["cid@two.org", "bob@two.org"]))
      .subquery();
    const [member, email] = [aliased(Member, both, "member"), aliased(Email, both, "email")];
    const rows = await session.execute(select(member, email).where(member.name.eq("bob"))).all();
    expect(rows.map(([one, mail]) => [one.name, mail.address])).toEqual([["bob", "bob@two.org"]]);
    expect(
      log
        .texts()
        .at(-1)
        ?.match(/FROM \(/g),
    ).toHaveLength(1);
    // What the subquery does not select is not loaded.
    expect([...inspect(rows[0][1]).unloaded]).toContain("memberId");
  });

  test("joinFrom() and selectFrom() say what is on the left", () => {
    const wanted =
      "SELECT emails.id, emails.member_id, emails.address FROM members JOIN emails ON members.id = emails.member_id WHERE members.name = :name_1";
    expect(sql(select(Email).joinFrom(Member, m.emails).where(m.name.eq("bob")))).toBe(wanted);
    expect(sql(select(Email).joinFrom(Member, Email).where(m.name.eq("bob")))).toBe(wanted);
    expect(sql(select(Email).selectFrom(Member).join(Email).where(m.name.eq("bob")))).toBe(wanted);
    // A link that runs the other way has the last word.
    const other = select(Email).selectFrom(Member).join(e.member).where(m.name.eq("bob"));
    expect(sql(other)).toMatch(/FROM emails JOIN members ON /);
    const [members, emails] = [guide.metadata.tables.get("members"), guide.metadata.tables.get("emails")];
    const joined = join(emails as never, members as never);
    expect(sql(select(Email).selectFrom(joined).where(m.name.eq("bob")))).toMatch(/FROM emails JOIN members ON /);
  });
});

describe("relationships in WHERE", () => {
  test("any() and has() are EXISTS, and not() of them finds what has no relative", async () => {
    const { Session, log } = await members();
    await using session = Session();
    const some = select(m.fullName).where(m.emails.any((x) => x.address.eq("bob@two.org")));
    expect(await session.scalars(some).all()).toEqual(["Bob Baker"]);
    expect(log.texts()[0]).toMatch(
      /WHERE EXISTS \(SELECT 1 FROM emails AS emails_1 WHERE members\.id = emails_1\.member_id AND /,
    );
    expect(await session.scalars(select(m.fullName).where(not(m.emails.any()))).all()).toEqual(["Eve Earl"]);
    const bobs = select(e.address)
      .where(e.member.has((x) => x.name.eq("bob")))
      .orderBy(e.id);
    expect(await session.scalars(bobs).all()).toEqual(["bob@one.org", "bob@two.org"]);
  });

  test("are compared with objects, whose keys are taken", async () => {
    const { Session } = await members();
    await using session = Session();
    const bob = await session.getOne(Member, 2);
    const addresses = async (condition: ReturnType<typeof e.member.eq>) =>
      session.scalars(select(e.address).where(condition).orderBy(e.id)).all();
    expect(await addresses(e.member.eq(bob))).toEqual(["bob@one.org", "bob@two.org"]);
    expect(await addresses(e.member.ne(bob))).toEqual(["ann@one.org", "cid@two.org", "dan@one.org"]);
    expect(sql(select(e.id).where(e.member.ne(bob)))).toMatch(/member_id != .* OR emails\.member_id IS NULL/);
    const mail = await session.getOne(Email, 3);
    expect(await session.scalars(select(m.name).where(m.emails.contains(mail))).all()).toEqual(["bob"]);
    expect(await addresses(withParent(bob, m.emails) as never)).toEqual(["bob@one.org", "bob@two.org"]);
    // @ts-expect-error another class
    expect(() => e.member.eq(mail)).toThrow(/Member/);
    expectTypeOf(mail.member).toEqualTypeOf<Relation<Member>>();
  });
});
