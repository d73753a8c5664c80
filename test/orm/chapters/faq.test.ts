/** The frequently asked questions of SQLAlchemy's documentation that are about the ORM: configuration, performance, sessions. */
import { describe, expect, test } from "vitest";
import {
  aliased,
  attrs,
  Column,
  column,
  containsEager,
  event,
  func,
  IntegrityError,
  insert,
  inspect,
  joinedload,
  ManyToOne,
  PendingRollbackError,
  PrimaryKey,
  type Relation,
  registry,
  select,
  subqueryload,
  t,
  table,
  text,
  withLoaderCriteria,
} from "../../../src/index.js";
import { recordStatements } from "../../support/statements.js";
import { make, storeFor } from "../support.js";
import { Email, Item, Member, members, Order } from "./guide.js";

const [m, e] = [attrs(Member), attrs(Email)];

describe("configuration", () => {
  test("a table without a primary key is mapped by columns that tell its rows apart", async () => {
    const own = registry();
    const bare = table("bare", own.metadata, {
      place: column(t.integer),
      day: column(t.integer),
      note: column(t.string(20)),
    });
    class Bare {
      place!: number;
      day!: number;
      note!: string;
    }
    own.mapImperatively(Bare, bare, { primaryKey: ["place", "day"] });
    const { Session } = await storeFor(own);
    await Session.begin((s) => s.add(make(Bare, { place: 1, day: 2, note: "x" })));
    await using session = Session();
    expect((await session.getOne(Bare, [1, 2])).note).toBe("x");
  });

  test("a column may have another name than its attribute, and any name at all", async () => {
    const own = registry();
    @own.Entity("odd")
    class Odd {
      @PrimaryKey({ name: "from" }) origin!: number;
      @Column(t.string(20), { name: "select" }) choice!: string;
    }
    const { Session } = await storeFor(own);
    await Session.begin((s) => s.add(make(Odd, { origin: 1, choice: "c" })));
    await using session = Session();
    const odd = await session.scalars(select(Odd).where((o) => o.choice.eq("c"))).one();
    expect([odd.origin, odd.choice]).toEqual([1, "c"]);
  });

  test("a mapped class tells its columns, relationships and attributes", () => {
    const mapper = inspect(Member);
    expect(mapper.columnAttributes.map((each) => each.key)).toEqual(["id", "name", "fullName"]);
    expect(mapper.relationships.map((each) => each.key)).toEqual(["emails", "orders"]);
    expect([...mapper.attributes.keys()]).toEqual(expect.arrayContaining(["id", "emails"]));
    expect(mapper.primaryKey.map((each) => each.key)).toEqual(["id"]);
  });

  test("LIMIT wants an ORDER BY, with subqueryload above all: then both statements mean the same rows", async () => {
    const { Session } = await members();
    await using session = Session();
    const two = await session.scalars(select(Member).orderBy(m.id).limit(2).options(subqueryload(m.emails))).all();
    expect(two.map((each) => each.emails.length)).toEqual([1, 2]);
  });
});

describe("performance", () => {
  test("many rows: the unit of work batches, insert() with a list takes one statement", async () => {
    const { Session, log } = await members();
    await using session = Session();
    session.addAll(Array.from({ length: 300 }, (_, i) => make(Member, { name: `n${i}`, fullName: null })));
    await session.flush();
    expect(log.count("INSERT")).toBeLessThanOrEqual(2);
    log.reset();
    await session.execute(
      insert(Member),
      Array.from({ length: 300 }, (_, i) => ({ name: `m${i}` })),
    );
    expect(log.count("INSERT")).toBeLessThanOrEqual(2);
    expect(await session.scalar(select(func.count(m.id)))).toBe(605);
  });

  test("statements are timed by events of the engine", async () => {
    const { Session, engine } = await members();
    const took: number[] = [];
    const begun: number[] = [];
    event.listen(engine, "beforeCursorExecute", () => void begun.push(performance.now()));
    event.listen(engine, "afterCursorExecute", () => void took.push(performance.now() - (begun.pop() as number)));
    await using session = Session();
    await session.scalars(select(Member)).all();
    expect(took.length).toBeGreaterThan(0);
    expect(took.every((each) => each >= 0)).toBe(true);
  });
});

describe("sessions", () => {
  test("what is loaded stays as it was until it expires, is refreshed, or is asked for with populateExisting", async () => {
    const { Session } = await members();
    await using session = Session();
    const ann = await session.getOne(Member, 1);
    await session.execute(text("UPDATE members SET name = 'changed' WHERE id = 1"));
    expect((await session.scalars(select(Member).where(m.id.eq(1))).one()).name).toBe("ann");
    await session.refresh(ann);
    expect(ann.name).toBe("changed");
  });

  test("after a failed flush the session says why it wants rollback(), with the first error as its cause", async () => {
    const { Session } = await members();
    await using session = Session();
    session.add(make(Member, { id: 1, name: "twice", fullName: null }));
    const first = await session.flush().catch((error: unknown) => error);
    expect(first).toBeInstanceOf(IntegrityError);
    const second = (await session
      .scalars(select(Member))
      .all()
      .catch((error: unknown) => error)) as Error;
    expect(second).toBeInstanceOf(PendingRollbackError);
    expect(second.message).toContain("rollback()");
    await session.rollback();
    expect(await session.scalars(select(Member)).all()).toHaveLength(5);
  });

  test("a filter on every query is a listener with withLoaderCriteria", async () => {
    const { Session } = await members();
    event.listen(Session, "doOrmExecute", (state) => {
      if (state.isSelect) state.addOptions(withLoaderCriteria(Member, (x) => x.id.lt(3)));
    });
    await using session = Session();
    expect(await session.scalars(select(m.name).orderBy(m.id)).all()).toEqual(["ann", "bob"]);
  });

  test("a count counts rows, and a joined collection gives each object once: they need not agree", async () => {
    const { Session } = await members();
    await using session = Session();
    const joined = select(Member).join(m.emails);
    expect(await session.scalar(select(func.count()).selectFrom(joined.subquery()))).toBe(5);
    expect(await session.scalars(joined).all()).toHaveLength(5);
    expect(await session.scalars(joined).unique().all()).toHaveLength(4);
  });

  test("the join of joinedload() is nobody's to filter by: join() for that, and containsEager() to load from it", async () => {
    const { Session } = await members();
    await using session = Session();
    const wrong = select(Member).options(joinedload(m.emails)).where(e.address.eq("bob@two.org")).orderBy(m.id);
    // The condition is about another, unjoined appearance of the table: every member comes.
    expect(await session.scalars(wrong).unique().all()).toHaveLength(5);
    session.expungeAll();
    const right = select(Member).join(m.emails).where(e.address.eq("bob@two.org")).options(containsEager(m.emails));
    const found = await session.scalars(right).unique().all();
    expect(found.map((each) => each.emails.map((mail) => mail.address))).toEqual([["bob@two.org"]]);
  });

  test("a deleted object is in its parent's loaded collection until that is loaded again", async () => {
    const { Session } = await members();
    await using session = Session();
    const bob = await session.getOne(Member, 2);
    await session.runSync(() => bob.emails.length);
    await session.delete(bob.emails[0]);
    await session.flush();
    expect(bob.emails).toHaveLength(2);
    session.expire(bob, ["emails"]);
    await session.runSync(() => expect(bob.emails).toHaveLength(1));
  });

  test("a foreign key that is set by hand loads its object only after the flush, or an expiry", async () => {
    const { Session } = await members();
    await using session = Session();
    const mail = await session.getOne(Email, 1, { options: [joinedload(e.member)] });
    expect(mail.member.name).toBe("ann");
    mail.memberId = 2;
    expect(mail.member.name).toBe("ann");
    await session.flush();
    session.expire(mail, ["member"]);
    await session.runSync(() => expect(mail.member.name).toBe("bob"));
    const fresh = make(Email, { address: "x", memberId: 3 });
    session.add(fresh);
    await session.flush();
    await session.runSync(() => expect(fresh.member.name).toBe("cid"));
  });

  test("all objects that hang on one are walked along its relationships", async () => {
    const { Session } = await members();
    await using session = Session();
    const ann = await session.getOne(Member, 1);
    const seen = new Set<object>();
    await session.runSync(() => {
      const queue: object[] = [ann];
      for (let object = queue.shift(); object !== undefined; object = queue.shift()) {
        if (seen.has(object)) continue;
        seen.add(object);
        for (const { key } of inspect(object).mapper.relationships) {
          const value = (object as Record<string, object | object[] | null>)[key];
          if (value !== null) queue.push(...(Array.isArray(value) ? value : [value]));
        }
      }
    });
    expect([...seen].map((object) => object.constructor)).toEqual([Member, Email, Order, Item, Item]);
  });

  test("a unique object is found or made by its natural key", async () => {
    const own = registry();
    @own.Entity("keywords")
    class Keyword {
      @PrimaryKey() id!: number;
      @Column(t.string(20), { unique: true }) word!: string;
    }
    const { Session } = await storeFor(own);
    await using session = Session();
    const one = await session.getOrCreate(Keyword, { word: "sql" });
    expect(await session.getOrCreate(Keyword, { word: "sql" })).toBe(one);
    await session.commit();
    await using second = Session();
    await second.getOrCreate(Keyword, { word: "sql" });
    await second.commit();
    expect(await second.scalar(select(func.count()).selectFrom(Keyword))).toBe(1);
  });

  test("postUpdate is one UPDATE more, which another change of the row does not take in", async () => {
    const own = registry();
    @own.Entity("nodes")
    class Node {
      @PrimaryKey() id!: number;
      @Column(t.string(20)) name!: string;
      @Column(t.integer, { foreignKey: "nodes.id", nullable: true }) favouriteId!: number | null;
      @ManyToOne(() => Node, { postUpdate: true, remoteSide: ["id"] }) favourite!: Relation<Node> | null;
    }
    const { Session, engine } = await storeFor(own);
    await using session = Session();
    const node = make(Node, { name: "self" });
    node.favourite = node;
    session.add(node);
    using log = recordStatements(engine);
    await session.commit();
    expect(log.statements.map((each) => each.verb).filter((verb) => verb !== "SELECT")).toEqual(["INSERT", "UPDATE"]);
    expect(await session.scalar(select(attrs(Node).favouriteId))).toBe(1);
  });
});

test("what a class over an outer join would be is a statement of two entities", async () => {
  const { Session } = await members();
  await using session = Session();
  const mail = aliased(Email, "mail");
  const rows = await session.execute(select(Member, mail).outerjoin(m.emails.of(mail)).orderBy(m.id, mail.id)).all();
  expect(rows.at(-1)?.[1]).toBeNull();
  expect(rows).toHaveLength(6);
});
