import { describe, expect, expectTypeOf, test } from "vitest";
import {
  bindparam,
  Column,
  createEngine,
  del,
  func,
  insert,
  joinedload,
  ManyToOne,
  OneToMany,
  PrimaryKey,
  QueryPlan,
  type Relation,
  registry,
  select,
  sessionmaker,
  t,
  text,
  update,
} from "../../../src/index.js";
import { databaseKind } from "../../support/database.js";
import { make, storeFor } from "../support.js";

const reg = registry();

@reg.Entity("planned_people")
class Person {
  @PrimaryKey() id!: number;
  @Column(t.string(40), { index: true }) name!: string;
  @OneToMany(
    () => Note,
    (n) => n.person,
  )
  notes!: Note[];
}

@reg.Entity("planned_notes")
class Note {
  @PrimaryKey() id!: number;
  @ManyToOne(
    () => Person,
    (p) => p.notes,
  )
  person!: Relation<Person> | null;
}

const postgres = databaseKind() === "postgresql";

async function filled() {
  const store = await storeFor(reg, {}, { file: true });
  await store.Session.begin((s) => {
    for (let i = 0; i < 30; i++) s.add(make(Person, { name: `p${i}`, notes: [make(Note), make(Note)] }));
  });
  if (postgres) await store.engine.execute(text("ANALYZE"));
  return store;
}

const count = select(func.count()).selectFrom(Person);

describe("statement.explain()", () => {
  test("gives the plan of what a session would run, options included, as data", async () => {
    const { Session } = await filled();
    await using session = Session();
    const statement = select(Person)
      .where((p) => p.id.eq(bindparam("id")))
      .options(joinedload(Person, (p) => p.notes));
    const plan = await statement.explain(session, { params: { id: 3 } });
    expectTypeOf(plan).toEqualTypeOf<QueryPlan>();
    expect(plan).toBeInstanceOf(QueryPlan);
    expect(plan.executionTime).toBeNull();
    const steps = [...plan.nodes()];
    expect(steps[0]).toBe(plan.root);
    expect(steps.map((step) => step.relation)).toContain("planned_people");
    expect(steps.every((step) => step.actual === null)).toBe(true);
    if (postgres) {
      expect(plan.root.cost?.total).toBeGreaterThan(0);
      expect(plan.root.rows).toBeGreaterThan(0);
      expect(plan.fullScans).toContain("planned_notes");
    } else {
      expect(plan.indexes).toContain("PRIMARY KEY");
      expect(plan.fullScans).toEqual(["planned_notes_1"]);
    }
    expect(plan.raw).toBeDefined();
  });

  test("with analyze says what was done, and changes nothing: of a query, a DML statement, and of text", async () => {
    const { engine, Session } = await filled();
    await using session = Session();
    const read = await select(Person).explain(session, { analyze: true });
    expect(read.root.actual?.rows).toBe(30);
    expect(read.executionTime).toBeGreaterThan(0);
    const renamed = update(Person)
      .where((p) => p.name.like("p1%"))
      .values({ name: "changed" });
    const writes = [
      renamed,
      del(Note).all(),
      insert(Person).values({ name: "new" }),
      text("DELETE FROM planned_notes"),
    ];
    for (const write of writes) {
      const plan = await write.explain(session, { analyze: true });
      expect(plan.root.actual).not.toBeNull();
    }
    expect(await session.scalar(select(func.count()).selectFrom(Note))).toBe(60);
    expect(await session.scalar(count)).toBe(30);
    expect(await session.scalars(select(Person).where((p) => p.name.eq("changed"))).all()).toEqual([]);
    await session.rollback();
    // A connection of its own, which nothing is left of.
    await renamed.explain(engine, { analyze: true });
    expect(engine.status()).toMatchObject({ checkedOut: 0 });
    expect(await engine.scalar(text("SELECT count(*) FROM planned_people WHERE name = 'changed'"))).toBe(0);
  });

  test("prints as a tree, on a line or more for each step", async () => {
    const { engine, Session } = await filled();
    await using session = Session();
    const printed = String(
      await text("SELECT * FROM planned_people WHERE name = 'p1'").explain(engine, { verbose: true }),
    );
    if (postgres) {
      expect(printed).toMatch(/^(Seq Scan on planned_people|Index Scan|Bitmap Heap Scan)/);
      expect(printed).toMatch(/\n +│? *Output: id, name/);
    } else
      expect(printed).toBe(
        "QUERY PLAN\n└─ SEARCH using ix_planned_people_name on planned_people\n      Condition: (name=?)\n      Index Only: true",
      );
    const joined = String(
      await select(Person)
        .options(joinedload(Person, (p) => p.notes))
        .explain(session, { analyze: true }),
    );
    expect(joined).toMatch(/[├└]─ /);
    expect(joined).toMatch(/\(actual \d+ rows, [\d.]+ ms/);
    expect(joined).toMatch(/Execution time: [\d.]+ ms$/);
  });

  test("flushes before, as the statement itself would, and joins the session's transaction", async () => {
    const { Session } = await filled();
    await using session = Session();
    session.add(make(Person, { name: "pending" }));
    const plan = await select(Person).explain(session, { analyze: true });
    expect(plan.root.actual?.rows).toBe(31);
    await session.rollback();
    expect(await session.scalar(count)).toBe(30);
  });

  test("is had inside runSync, from a synchronous session, a connection and an engine at once", async () => {
    const { Session, engine } = await filled();
    await using session = Session();
    await session.runSync((s) => {
      const plan = select(Person).explain(s);
      expectTypeOf(plan).toEqualTypeOf<QueryPlan>();
      expect(plan.root).toBeDefined();
    });
    await session.rollback();
    await engine.connect(async (c) => {
      expect((await count.explain(c)).root).toBeDefined();
      await c.runSync((s) => expect(count.explain(s).root).toBeDefined());
    });
    const own = createEngine("sqlite://");
    reg.metadata.createAll(own);
    expect(select(Person).explain(own).fullScans).toEqual(["planned_people"]);
    using plain = sessionmaker(own)();
    expect(String(select(Person).explain(plain))).toBe("QUERY PLAN\n└─ SCAN on planned_people");
    own.dispose();
  });

  test("refuses what has no plan, a bind that is none, a parameter without a value, and writes that could not be undone", async () => {
    const { engine } = await filled();
    expect(() => select(Person).explain({} as never)).toThrow(/explain\(\) takes an engine, a connection or a session/);
    await expect(text("SELECT :a").explain(engine)).rejects.toThrow(/parameter a has no value/);
    await expect(text("SELECT 1 FROM nowhere").explain(engine)).rejects.toMatchObject({ name: "ProgrammingError" });
    const bare = engine.executionOptions({ isolationLevel: "AUTOCOMMIT" });
    await expect(del(Note).all().explain(bare, { analyze: true })).rejects.toThrow(
      /could not undo what it writes under AUTOCOMMIT: begin a transaction/,
    );
    expect((await count.explain(bare, { analyze: true })).root.actual?.rows).toBe(1);
    await bare.begin(async (c) => expect((await count.explain(c)).root).toBeDefined());
    // @ts-expect-error: an option that there is not
    await count.explain(engine, { analyse: true });
  });
});
