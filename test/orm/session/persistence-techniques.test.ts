import { describe, expect, test } from "vitest";
import {
  asyncScopedSession,
  attrs,
  Column,
  func,
  inspect,
  literal,
  ManyToMany,
  ManyToOne,
  null_,
  OneToMany,
  PrimaryKey,
  type Relation,
  registry,
  select,
  t,
  text,
} from "../../../src/index.js";
import { databaseKind } from "../../support/database.js";
import { recordStatements } from "../../support/statements.js";
import { make, storeFor } from "../support.js";

const reg = registry();

@reg.Entity("counters")
class Counter {
  @PrimaryKey() id!: number;
  @Column(t.integer, { default: 5 }) value!: number;
  @Column(t.string(20), { nullable: true, default: "given" }) note!: string | null;
  @Column(t.json, { nullable: true }) data!: unknown;
  @Column(t.string(20), { serverDefault: "made" }) made!: string;
  @Column(t.timestamp, { serverDefault: func.now(), onupdate: func.now() }) touchedAt!: Date;
}

@reg.Entity("parents")
class Parent {
  @PrimaryKey() id!: number;
  @Column(t.string(20)) name!: string;
  @OneToMany(
    () => Child,
    (c) => c.parent,
    { cascade: ["all"], passiveDeletes: true, orderBy: "id" },
  )
  children!: Child[];
  @ManyToMany(
    () => Label,
    (l) => l.parents,
    { secondary: "parent_labels", cascade: ["all"] },
  )
  labels!: Label[];
}

@reg.Entity("children")
class Child {
  @PrimaryKey() id!: number;
  @Column(t.string(20)) name!: string;
  @ManyToOne(
    () => Parent,
    (p) => p.children,
    { onDelete: "CASCADE" },
  )
  parent!: Relation<Parent> | null;
}

@reg.Entity("labels")
class Label {
  @PrimaryKey() id!: number;
  @Column(t.string(20)) text!: string;
  @ManyToMany(
    () => Parent,
    (p) => p.labels,
  )
  parents!: Parent[];
}

async function withCounter() {
  const store = await storeFor(reg, { expireOnCommit: false });
  const session = store.Session();
  const counter = make(Counter, { value: 1 });
  session.add(counter);
  await session.commit();
  return { ...store, session, counter };
}

describe("SQL expressions as values", () => {
  test("[SP-01] an UPDATE carries the expression, and the attribute has what came of it", async () => {
    const { engine, session, counter } = await withCounter();
    await using _ = session;
    using log = recordStatements(engine);
    counter.value = attrs(Counter).value.add(10) as never;
    await session.flush();
    expect(log.texts()[0]).toMatch(/value\s*=\s*\(?counters\.value \+|value = \(?value \+/);
    await session.refresh(counter, ["value"]);
    expect(counter.value).toBe(11);
    expect(await session.scalar(text("select value from counters"))).toBe(11);
  });

  test("[SP-01] [SP-02] so does an INSERT: of a value, and of the key", async () => {
    const { session } = await withCounter();
    await using _ = session;
    const fresh = make(Counter);
    fresh.value = literal(20).add(1) as never;
    fresh.id = select(func.max(attrs(Counter).id).add(41)).scalarSubquery() as never;
    session.add(fresh);
    await session.flush();
    expect([fresh.id, fresh.value]).toEqual([42, 21]);
    expect(await session.get(Counter, 42)).toBe(fresh);
  });

  test("[SP-03] an explicit null takes the default; null_() writes NULL over it, in JSON columns too", async () => {
    const { session } = await withCounter();
    await using _ = session;
    const [plain, forced] = [make(Counter, { note: null }), make(Counter)];
    forced.note = null_() as never;
    forced.data = null_();
    session.addAll([plain, forced]);
    await session.flush();
    expect(plain.note).toBe("given");
    await session.refresh(forced);
    expect([forced.note, forced.data]).toEqual([null, null]);
    expect(await session.scalar(text("select count(*) from counters where note is null and data is null"))).toBe(1);
  });

  test("[SP-04] what the database makes is there after the flush without another statement", async () => {
    const { engine, Session } = await storeFor(reg);
    await using session = Session();
    const many = Array.from({ length: 5 }, (_, i) => make(Counter, { value: i }));
    session.addAll(many);
    using log = recordStatements(engine);
    await session.flush();
    expect(many.map((c) => [c.made, c.touchedAt instanceof Date])).toEqual(many.map(() => ["made", true]));
    expect(log.count("SELECT")).toBe(0);
    many[0].value = 100;
    await session.flush();
    await session.refresh(many[0], ["touchedAt"]);
    expect(many[0].touchedAt).toBeInstanceOf(Date);
  });
});

describe("locks and scopes", () => {
  test("[SB-09] get with a lock always emits SQL and refreshes; refresh takes a lock as well", async () => {
    const { engine, session, counter } = await withCounter();
    await using _ = session;
    await session.execute(text("update counters set value = 70"));
    using log = recordStatements(engine);
    expect(await session.get(Counter, counter.id)).toBe(counter);
    expect(log.count()).toBe(0);
    const locked = await session.get(Counter, counter.id, { withForUpdate: true, populateExisting: true });
    expect(locked).toBe(counter);
    expect(counter.value).toBe(70);
    await session.refresh(counter, undefined, { withForUpdate: { nowait: true } });
    const texts = log.texts();
    expect(texts.length).toBe(2);
    if (databaseKind() === "postgresql") {
      expect(texts[0]).toMatch(/FOR UPDATE$/);
      expect(texts[1]).toMatch(/FOR UPDATE NOWAIT$/);
    }
    await session.execute(text("update counters set value = 71"));
    await session.get(Counter, counter.id, { executionOptions: { populateExisting: true } });
    expect(counter.value).toBe(71);
  });

  test("[SX-04] any function may say which scope it is", async () => {
    const { Session } = await storeFor(reg);
    let tenant = "a";
    const db = asyncScopedSession(Session, { scopefunc: () => tenant });
    const first = db();
    tenant = "b";
    expect(db()).not.toBe(first);
    tenant = "a";
    expect(db()).toBe(first);
    await db.remove();
    expect(db()).not.toBe(first);
    await db.remove();
    tenant = "b";
    await db.remove();
  });

  test("[SA-03] invalidate throws the connection away, and the session goes on with another", async () => {
    const { engine, session, counter } = await withCounter();
    await using _ = session;
    const connection = await session.connection();
    const driver = await connection.getRawConnection();
    await session.invalidate();
    expect(inspect(counter).state).toBe("detached");
    expect(await (await session.connection()).getRawConnection()).not.toBe(driver);
    if (databaseKind() === "postgresql") expect(await session.scalar(text("select count(*) from counters"))).toBe(1);
    await session.rollback();
    expect(engine.dialect.name).toBe(databaseKind());
  });
});

describe("cascades and deletes", () => {
  async function family() {
    const store = await storeFor(reg);
    await store.Session.begin((s) => {
      const shared = make(Label, { text: "shared" });
      s.addAll([
        make(Parent, {
          name: "p",
          children: [make(Child, { name: "a" }), make(Child, { name: "b" })],
          labels: [shared, make(Label, { text: "own" })],
        }),
      ]);
    });
    return store;
  }

  test("[SC-04] delete on many-to-many: link rows go first, the targets after", async () => {
    const { engine, Session } = await family();
    await using session = Session();
    const parent = await session.getOne(Parent, 1);
    using log = recordStatements(engine);
    await session.delete(parent);
    await session.flush();
    const deletes = log.texts().filter((each) => /^DELETE/.test(each));
    const at = (table: string) => deletes.findIndex((each) => each.includes(`FROM ${table}`));
    expect(at("parent_labels")).toBeLessThan(at("labels"));
    expect(await session.scalar(select(func.count()).selectFrom(Label))).toBe(0);
  });

  test("[SC-06] with passiveDeletes loaded children are deleted by the session, the others by the database", async () => {
    const { engine, Session } = await family();
    await using session = Session();
    const parent = await session.getOne(Parent, 1);
    const loaded = await session.scalars(select(Child).where((c) => c.name.eq("a"))).one();
    using log = recordStatements(engine);
    await session.delete(parent);
    await session.flush();
    expect(log.texts().some((each) => /SELECT .* FROM children/s.test(each))).toBe(false);
    expect(await session.scalar(select(func.count()).selectFrom(Child))).toBe(0);
    expect(inspect(loaded).state).toBe("persistent");
    await session.commit();
    expect(await session.get(Child, 1)).toBeNull();
  });

  test("[SC-08] a deleted child stays in a loaded collection until it is expired", async () => {
    const { Session } = await family();
    await using session = Session();
    const parent = await session.getOne(Parent, 1);
    await session.refresh(parent, ["children"]);
    const [first] = parent.children;
    await session.delete(first);
    await session.flush();
    expect(parent.children).toContain(first);
    await session.commit();
    await session.refresh(parent, ["children"]);
    expect(parent.children.map((c) => c.name)).toEqual(["b"]);
  });

  test("[SS-06] merging a child whose parent is null although its key is set, and one that is pending already", async () => {
    const warnings: string[] = [];
    const { Session } = await family();
    await using session = Session({ warn: (message) => void warnings.push(message) });
    const given = make(Child, { id: 1, name: "merged" });
    const merged = await session.merge(given);
    await session.flush();
    expect([merged.id, merged.name, session.has(given)]).toEqual([1, "merged", false]);
    const orphaned = await session.merge(make(Child, { id: 2, name: "b", parent: null }));
    await session.flush();
    expect(
      await session.scalar(
        select(func.count())
          .selectFrom(Child)
          .where(attrs(Child).parent.isNull() as never),
      ),
    ).toBe(1);
    expect(orphaned.parent).toBeNull();
    const pending = make(Child, { name: "pending" });
    session.add(pending);
    const second = await session.merge(pending, { options: [] });
    expect(second === pending || warnings.some((each) => /pending in this session already/.test(each))).toBe(true);
  });
});
