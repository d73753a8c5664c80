import { describe, expect, onTestFinished, test } from "vitest";
import {
  CircularDependencyError,
  Column,
  event,
  func,
  IntegrityError,
  InvalidRequestError,
  inspect,
  ManyToOne,
  OneToMany,
  PrimaryKey,
  type Relation,
  registry,
  select,
  t,
  text,
} from "../../../src/index.js";
import { recordStatements } from "../../support/statements.js";
import { make, storeFor } from "../support.js";

const reg = registry();

@reg.Entity("parents")
class Parent {
  @PrimaryKey() id!: number;
  @Column(t.string(20)) name!: string;
  @OneToMany(
    () => Child,
    (c) => c.parent,
  )
  children!: Child[];
}

@reg.Entity("children")
class Child {
  @PrimaryKey() id!: number;
  @Column(t.string(20)) name!: string;
  @ManyToOne(
    () => Parent,
    (p) => p.children,
  )
  parent!: Relation<Parent> | null;
}

@reg.Entity("slots")
class Slot {
  @PrimaryKey(t.string(5)) code!: string;
  @Column(t.string(20), { nullable: true }) a!: string | null;
  @Column(t.string(20), { nullable: true }) b!: string | null;
}

@reg.Entity("defaults")
class Defaults {
  @PrimaryKey() id!: number;
  @Column(t.string(20), { default: "fixed" }) fixed!: string;
  @Column(t.integer, { default: () => 7 }) made!: number;
  @Column(t.string(20), { serverDefault: "server" }) server!: string;
  @Column(t.integer, { nullable: true, onupdate: () => 99 }) updated!: number | null;
  @Column(t.integer, { nullable: true }) expression!: number | null;
}

@reg.Entity("rings_a")
class RingA {
  @PrimaryKey() id!: number;
  @ManyToOne(() => RingB, { postUpdate: true, useAlter: true }) b!: Relation<RingB> | null;
}

@reg.Entity("rings_b")
class RingB {
  @PrimaryKey() id!: number;
  @ManyToOne(() => RingA) a!: Relation<RingA> | null;
}

describe("the order of a flush", () => {
  test("parents are inserted before children whatever the order of add, and keys flow", async () => {
    const { engine, Session } = await storeFor(reg);
    await using session = Session();
    const parent = make(Parent, { name: "p" });
    const child = make(Child, { name: "c", parent });
    session.add(child);
    using log = recordStatements(engine);
    await session.flush();
    expect(log.texts().map((sql) => /INTO (\w+)/.exec(sql)?.[1])).toEqual(["parents", "children"]);
    expect((child as unknown as { parentId: number }).parentId).toBe(parent.id);
  });

  test("within a class inserts go in the order of add", async () => {
    const { Session } = await storeFor(reg);
    await using session = Session();
    const names = ["z", "a", "m", "b"];
    const objects = names.map((name) => make(Parent, { name }));
    for (const object of objects) session.add(object);
    await session.flush();
    expect(objects.map((o) => o.id)).toEqual([1, 2, 3, 4]);
  });

  test("children are deleted before parents", async () => {
    const { engine, Session } = await storeFor(reg, { expireOnCommit: false });
    await using session = Session();
    const parent = make(Parent, { name: "p", children: [make(Child, { name: "c" })] });
    session.add(parent);
    await session.commit();
    using log = recordStatements(engine);
    await session.delete(parent);
    await session.delete(parent.children[0]);
    await session.flush();
    expect(log.texts("DELETE").map((sql) => /FROM (\w+)/.exec(sql)?.[1])).toEqual(["children", "parents"]);
    expect(log.count("UPDATE")).toBe(0);
  });

  test("updates go by primary key, in one order whatever the order of changes", async () => {
    const { engine, Session } = await storeFor(reg, { expireOnCommit: false });
    await using session = Session();
    const objects = Array.from({ length: 5 }, (_, i) => make(Parent, { name: `p${i}` }));
    session.addAll(objects);
    await session.commit();
    for (const object of [...objects].reverse()) object.name = `${object.name}!`;
    using log = recordStatements(engine);
    await session.flush();
    const sets = log.statements.flatMap((s) =>
      s.sets > 1 ? (s.parameters as unknown[][]) : [s.parameters as unknown[]],
    );
    const keys = sets.map((set) => Number(set[set.length - 1]));
    expect(keys).toEqual([...keys].sort((x, y) => x - y));
  });

  test("a row that is deleted and one with the same key that is added are one UPDATE, the row switch", async () => {
    const { engine, Session } = await storeFor(reg, { expireOnCommit: false });
    await using session = Session();
    const old = make(Slot, { code: "x", a: "1", b: "2" });
    session.add(old);
    await session.commit();
    await session.delete(old);
    const fresh = make(Slot, { code: "x", a: "new" });
    session.add(fresh);
    using log = recordStatements(engine);
    await session.flush();
    expect(log.statements.map((s) => s.verb)).toEqual(["UPDATE"]);
    expect([inspect(old).state, inspect(fresh).state]).toEqual(["deleted", "persistent"]);
    // The columns that the new object did not set are kept.
    expect([...((await session.execute(text("select a, b from slots")).one()) as unknown[])]).toEqual(["new", "2"]);
  });

  test("two classes that refer to each other need postUpdate on one side", async () => {
    const { engine, Session } = await storeFor(reg);
    await using session = Session();
    const a = new RingA();
    const b = make(RingB, { a });
    a.b = b;
    session.add(a);
    using log = recordStatements(engine);
    await session.commit();
    expect(log.statements.map((s) => s.verb)).toEqual(["INSERT", "INSERT", "UPDATE"]);
    const own = registry();
    @own.Entity("x")
    class X {
      @PrimaryKey() id!: number;
      @ManyToOne(() => Y, { useAlter: true }) y!: Relation<Y> | null;
    }
    @own.Entity("y")
    class Y {
      @PrimaryKey() id!: number;
      @ManyToOne(() => X) x!: Relation<X> | null;
    }
    @own.Entity("z")
    class Z {
      @PrimaryKey() id!: number;
      @ManyToOne(() => Y) y!: Relation<Y> | null;
    }
    const store = await storeFor(own);
    await using other = store.Session();
    const x = new X();
    x.y = make(Y, { x });
    other.addAll([x, make(Z, { y: x.y })]);
    const error = await other.flush().catch((each: unknown) => each);
    expect(error).toBeInstanceOf(CircularDependencyError);
    // What only waits for the circle is not named.
    expect((error as Error).message).toBe(
      "The flush cannot be ordered: rows depend on each other in a circle (save new X; save new Y; link X.y of new X; link Y.x of new Y). " +
        "Set postUpdate: true on one of the relationships, so that its foreign key is written by an UPDATE of its own.",
    );
    await expect(other.rollback()).resolves.toBeUndefined();
  });
});

describe("what a flush writes and reads back", () => {
  test("client defaults, server defaults and generated keys are on the object after the flush, without a SELECT", async () => {
    const { engine, Session } = await storeFor(reg);
    await using session = Session();
    const object = new Defaults();
    session.add(object);
    using log = recordStatements(engine);
    await session.flush();
    expect([object.id, object.fixed, object.made, object.server, object.updated]).toEqual([
      1,
      "fixed",
      7,
      "server",
      null,
    ]);
    expect(log.count("SELECT")).toBe(0);
  });

  test("each row of a batch gets its own", async () => {
    const { Session } = await storeFor(reg, { expireOnCommit: false });
    await using session = Session();
    const objects = Array.from({ length: 50 }, (_, i) => make(Defaults, { fixed: `f${i}` }));
    session.addAll(objects);
    await session.commit();
    expect(new Set(objects.map((o) => o.id)).size).toBe(50);
    session.expireAll();
    for (const object of await session.scalars(select(Defaults).orderBy((d) => d.id)).all())
      expect(objects.indexOf(object)).toBe(object.id - 1);
    expect(objects.every((o, i) => o.fixed === `f${i}` && o.server === "server")).toBe(true);
  });

  test("a given value wins over a default; a null gets the default all the same", async () => {
    const { Session } = await storeFor(reg);
    await using session = Session();
    const given = make(Defaults, { fixed: "mine", made: 1, server: "mine" });
    const nulls = make(Defaults, { fixed: null as never, made: null as never });
    session.addAll([given, nulls]);
    await session.flush();
    expect([given.fixed, given.made, given.server]).toEqual(["mine", 1, "mine"]);
    expect([nulls.fixed, nulls.made]).toEqual(["fixed", 7]);
  });

  test("onupdate is set by an UPDATE and not by an INSERT", async () => {
    const { Session } = await storeFor(reg, { expireOnCommit: false });
    await using session = Session();
    const object = new Defaults();
    session.add(object);
    await session.commit();
    object.fixed = "changed";
    await session.commit();
    await session.refresh(object);
    expect(object.updated).toBe(99);
  });

  test("an SQL expression may be assigned; its result is read when it is needed", async () => {
    const { Session } = await storeFor(reg, { expireOnCommit: false });
    await using session = Session();
    const object = make(Defaults, { expression: func.length("four") as never });
    session.add(object);
    await session.flush();
    await session.refresh(object, ["expression"]);
    expect(object.expression).toBe(4);
    object.expression = text("2 + 3") as never;
    await session.flush();
    await session.refresh(object, ["expression"]);
    expect(object.expression).toBe(5);
  });

  test("a primary key that was given is kept, and a clash with a present one is an error that names the class", async () => {
    const { Session } = await storeFor(reg);
    await using session = Session();
    session.add(make(Slot, { code: "x" }));
    await session.flush();
    const clash = make(Slot, { code: "x" });
    session.add(clash);
    await expect(session.flush()).rejects.toThrow(/Slot/);
    await session.rollback();
    session.add(make(Slot));
    await expect(session.flush()).rejects.toThrow(/Slot/);
    await session.rollback();
  });

  test("100 objects of which one fails: nothing of the flush is left", async () => {
    const { Session } = await storeFor(reg);
    await using session = Session();
    for (let i = 0; i < 100; i++) session.add(make(Parent, { name: i === 57 ? (null as never) : `p${i}` }));
    await expect(session.commit()).rejects.toThrow(IntegrityError);
    await session.rollback();
    expect(await session.scalar(text("select count(*) from parents"))).toBe(0);
  });
});

describe("handlers of flush events", () => {
  test("beforeFlush may change the session: what it adds and changes is part of the flush", async () => {
    const { Session } = await storeFor(reg, { expireOnCommit: false });
    await using session = Session();
    event.listen(session, "beforeFlush", (core) => {
      for (const object of core.new) if (object instanceof Parent) object.name = object.name.toUpperCase();
      if (core.new.size === 1) core.add(make(Child, { name: "added" }));
    });
    session.add(make(Parent, { name: "p" }));
    await session.commit();
    expect(await session.scalar(text("select name from parents"))).toBe("P");
    expect(await session.scalar(text("select count(*) from children"))).toBe(1);
  });

  test.each(["beforeInsert", "afterInsert", "afterFlush"] as const)(
    "a relationship that a handler of %s changes is written by the next flush, from either side",
    async (name) => {
      const { Session } = await storeFor(reg, { expireOnCommit: false });
      const warnings: string[] = [];
      await using session = Session({ warn: (message) => warnings.push(message) });
      const [parent, other] = [make(Parent, { name: "p" }), make(Parent, { name: "q" })];
      const [first, second, third] = ["a", "b", "c"].map((each) => make(Child, { name: each }));
      parent.children = [first, second, third];
      const stop = new AbortController();
      onTestFinished(() => stop.abort());
      const options = { once: true, signal: stop.signal };
      const change = () => {
        parent.children.splice(0, 1);
        second.parent = null;
        third.parent = other;
        parent.children.push(make(Child, { name: "d" }));
      };
      if (name === "afterFlush") event.listen(session, name, change, options);
      else event.listen(Parent, name, change, options);
      session.addAll([parent, other]);
      await session.commit();
      const rows = await session
        .execute(
          text("select c.name, p.name from children c left join parents p on p.id = c.parent_id order by c.name"),
        )
        .all();
      expect(rows).toEqual([
        ["a", null],
        ["b", null],
        ["c", "q"],
        ["d", "p"],
      ]);
      expect(warnings).toEqual([]);
    },
  );

  test("a column that a handler changes when its row is written is not stored, which a warning says; an equal value is no change", async () => {
    const { Session } = await storeFor(reg, { expireOnCommit: false });
    const warnings: string[] = [];
    await using session = Session({ warn: (message) => warnings.push(message) });
    const stop = new AbortController();
    onTestFinished(() => stop.abort());
    const options = { signal: stop.signal };
    let late: string | null = null;
    const change = (parent: Parent) => {
      parent.name = late ?? parent.name;
    };
    event.listen(Parent, "afterInsert", (_mapper, _connection, parent) => change(parent), options);
    event.listen(Parent, "afterUpdate", (_mapper, _connection, parent) => change(parent), options);
    const first = make(Parent, { name: "p" });
    session.add(first);
    await session.flush();
    first.name = "q";
    await session.flush();
    expect(warnings).toEqual([]);
    late = "late";
    first.name = "r";
    session.add(make(Parent, { name: "s" }));
    await session.flush();
    expect(warnings).toEqual([
      "Handlers of a flush have changed Parent(2), Parent(1), which the flush does not write: the change is not stored. " +
        "Make it in a handler of beforeFlush, or with setCommittedValue() where the row has the value already.",
    ]);
    expect(await session.execute(text("select name from parents order by id")).all()).toEqual([["r"], ["s"]]);
  });

  test("flushPlanned tells what a flush is about to do, as explainFlush() does, and the flush does it", async () => {
    const { Session } = await storeFor(reg, { expireOnCommit: false });
    await using session = Session();
    const told: string[] = [];
    event.listen(session, "flushPlanned", (_session, plan) => void told.push(plan.toString()));
    const [parent, child] = [make(Parent, { name: "p" }), make(Child, { name: "c" })];
    parent.children = [child];
    session.add(parent);
    const explained = (await session.explainFlush()).toString();
    await session.commit();
    expect(told).toEqual([explained]);
    expect(explained).toBe("1. insert Parent (1)\n2. insert Child (1)");
    parent.name = "q";
    await session.delete(child);
    await session.commit();
    await session.flush();
    expect(told.slice(1)).toEqual(["1. update Parent (1)\n2. delete Child (1)"]);
    expect(await session.scalar(text("select name from parents"))).toBe("q");
    expect(await session.scalar(text("select count(*) from children"))).toBe(0);
  });

  test("afterFlushPostexec may change it again for the next flush, and commit flushes until it is clean", async () => {
    const { Session } = await storeFor(reg, { expireOnCommit: false });
    await using session = Session();
    let left = 3;
    event.listen(session, "afterFlushPostexec", (core) => {
      if (left-- > 0) core.add(make(Child, { name: `c${left}` }));
    });
    session.add(make(Parent, { name: "p" }));
    await session.commit();
    expect(await session.scalar(text("select count(*) from children"))).toBe(3);
  });

  test("a handler that never leaves it clean is stopped after 100 flushes", async () => {
    const { Session } = await storeFor(reg);
    await using session = Session();
    event.listen(session, "afterFlushPostexec", (core) => core.add(make(Child, { name: "more" })));
    session.add(make(Parent, { name: "p" }));
    await expect(session.commit()).rejects.toThrow(/Over 100 flushes have occurred within commit\(\)/);
    await session.rollback();
  });

  test("flush from within a flush is refused", async () => {
    const { Session } = await storeFor(reg);
    await using session = Session();
    let failure: unknown;
    event.listen(session, "afterFlush", () => {
      try {
        session.syncSession.core.flush().next();
      } catch (error) {
        failure = error;
      }
    });
    session.add(make(Parent, { name: "p" }));
    await session.flush();
    expect(failure).toBeInstanceOf(InvalidRequestError);
    expect((failure as Error).message).toMatch(/flushing already/);
  });
});
