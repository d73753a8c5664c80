import { join } from "node:path";
import { describe, expect, test } from "vitest";
import {
  type AsyncEngine,
  type AsyncSessionMaker,
  asyncSessionmaker,
  attrs,
  automapBase,
  awaitable,
  Column,
  column,
  del,
  event,
  func,
  insert,
  inspect,
  joinedload,
  ManyToMany,
  ManyToOne,
  MetaData,
  nextValue,
  OneToMany,
  PrimaryKey,
  type Relation,
  registry,
  type SchemaTranslateMap,
  Sequence,
  select,
  selectinload,
  subqueryload,
  t,
  table,
  text,
  update,
} from "../../../src/index.js";
import { databaseKind, type EngineOptions, type FreshDatabaseOptions, freshDatabase } from "../../support/database.js";
import { recordStatements } from "../../support/statements.js";
import { testFolder } from "../../support/test-folder.js";
import { make } from "../support.js";

const reg = registry();

@reg.Entity("people", { polymorphicOn: "kind", polymorphicIdentity: "person" })
class Person {
  @PrimaryKey() id!: number;
  @Column(t.string(20), { unique: true }) name!: string;
  @Column(t.enum(["calm", "busy"], { name: "mood" }), { default: "calm" }) mood!: "calm" | "busy";
  @Column(t.text, { nullable: true, deferred: true }) bio!: string | null;
  @Column(t.string(10)) kind!: string;
  @ManyToOne(
    () => Person,
    (p) => p.team,
  )
  boss!: Relation<Person> | null;
  @OneToMany(
    () => Person,
    (p) => p.boss,
  )
  team!: Person[];
  @OneToMany(
    () => Note,
    (n) => n.person,
    { cascade: ["all", "delete-orphan"] },
  )
  notes!: Note[];
  @ManyToMany(() => Topic, { secondary: "person_topics" }) topics!: Topic[];
}

@reg.Entity("engineers", { polymorphicIdentity: "engineer" })
class Engineer extends Person {
  @Column(t.string(20), { nullable: true }) tool!: string | null;
}

@reg.Entity("notes")
class Note {
  @PrimaryKey() id!: number;
  @Column(t.string(40)) body!: string;
  @ManyToOne(
    () => Person,
    (p) => p.notes,
  )
  person!: Relation<Person> | null;
}

@reg.Entity("topics")
class Topic {
  @PrimaryKey() id!: number;
  @Column(t.string(20)) name!: string;
}

/** A database with the schemas `one` and `two`, in whose default schema there is nothing. */
async function tenants(options: FreshDatabaseOptions = {}) {
  const database = await freshDatabase({ file: true, ...options });
  const { engine, kind, createEngine } = database;
  if (kind === "postgresql") {
    await engine.begin(async (c) => {
      for (const name of ["one", "two"]) await c.execute(text(`CREATE SCHEMA ${name}`));
    });
    return { engine, kind, copy: createEngine };
  }
  const folder = testFolder();
  const attached = (each: AsyncEngine): AsyncEngine => {
    event.listen(each, "connect", async (opened) => {
      for (const name of ["one", "two"]) {
        const file = join(folder, `${name}.db`);
        type Raw = { exec(sql: string): void };
        const attach = (db: Raw, path: string, as: string) => db.exec(`attach '${path}' as ${as}`);
        await (opened.runInThread?.(attach, [file, name]) ?? attach(opened.raw as Raw, file, name));
      }
    });
    return each;
  };
  attached(engine);
  return { engine, kind, copy: (given: EngineOptions) => attached(createEngine(given)) };
}

const map = (to: string): SchemaTranslateMap => ({ "": to });

let works = 0;

/** Everything that the ORM sends of its own accord, each kind once. */
async function work(Session: AsyncSessionMaker): Promise<void> {
  await using session = Session();
  const [annName, bobName, cidName] = ["ann", "bob", "cid"].map((name) => `${name} ${works}`);
  works++;
  const topics = (await session.scalar(select(func.count()).selectFrom(Topic))) as number;
  const ann = make(Person, { name: annName, bio: "long", topics: [make(Topic, { name: "sql" })] });
  const bob = make(Engineer, { name: bobName, tool: "hammer", boss: ann });
  ann.notes = [make(Note, { body: "first" }), make(Note, { body: "second" })];
  session.addAll([ann, bob]);
  await session.flush();
  const ids = [ann.id, bob.id];
  await session.commit();
  // an expired object, a deferred column, a column of a subclass
  await session.refresh(ann);
  expect(await awaitable(ann).bio).toBe("long");
  session.expungeAll();
  const found = (await session.scalars(select(Person).where((p) => p.name.eq(bobName))).one()) as Engineer;
  await session.runSync(() =>
    expect([found.tool, found.boss?.name, found.boss?.notes.length]).toEqual(["hammer", annName, 2]),
  );
  session.expireAll();
  expect(await awaitable(found).boss).not.toBeNull();
  session.expungeAll();
  const again = await session.get(Person, ids[0], { options: [selectinload(Person, (p) => p.topics)] });
  expect(again?.topics.map((topic) => topic.name)).toEqual(["sql"]);
  session.expungeAll();
  expect(await Promise.all(ids.map((id) => session.get(Person, id)))).toHaveLength(2);
  session.expungeAll();
  for (const load of [selectinload, joinedload, subqueryload] as (typeof selectinload)[]) {
    const [boss] = await session
      .execute(
        select(Person)
          .where((p) => p.name.eq(annName))
          .options(
            load(Person, (p) => p.notes),
            load(Person, (p) => p.team),
          ),
      )
      .unique()
      .scalars()
      .all();
    expect([boss.notes.length, boss.team.length]).toEqual([2, 1]);
    session.expungeAll();
  }
  // flushes: updates, many-to-many, orphans
  const changed = (await session.get(Person, ids[0], { options: [selectinload(Person, (p) => p.topics)] })) as Person;
  await awaitable(changed).notes;
  changed.notes.pop();
  changed.topics = [make(Topic, { name: "ts" })];
  changed.mood = "busy";
  await session.flush();
  // statements of many rows
  await session.execute(insert(Topic), [{ name: "a" }, { name: "b" }]);
  const made = await session.scalars(insert(Topic).values({ name: "c" }).returning(Topic)).all();
  await session.execute(update(Topic), [{ id: made[0].id, name: "cc" }]);
  await session.execute(
    update(Topic)
      .where((x) => x.name.eq("cc"))
      .values({ name: "ccc" }),
  );
  expect(made[0].name).toBe("ccc");
  await session.execute(del(Topic).where((x) => x.name.in(["a", "b"])));
  const kept = await session.getOrCreate(Person, { name: cidName }, { mood: "calm" });
  await session.upsert(Person, [{ name: cidName, mood: "busy" }], { by: "name", update: ["mood"] });
  expect(kept.mood).toBe("busy");
  const merged = await session.merge(make(Topic, { id: made[0].id, name: "merged" }));
  await session.flush();
  expect(await session.scalar(select(func.count()).selectFrom(Topic))).toBe(topics + 3);
  await using stream = await session.streamScalars(
    select(Note)
      .where((n) => n.person.has((p) => p.name.eq(annName)))
      .options(selectinload(Note, (n) => n.person)),
  );
  const bodies: string[] = [];
  for await (const note of stream) bodies.push(`${note.person?.name} ${note.body}`);
  expect(bodies).toHaveLength(1);
  await session.delete(merged);
  await session.delete(changed);
  await session.rollback();
}

/** Tables of the default schema: nothing may ever come there. */
async function strays(engine: AsyncEngine): Promise<readonly string[]> {
  return await inspect(engine.executionOptions({ schemaTranslateMap: {} })).getTableNames();
}

describe("schemaTranslateMap reaches all that the ORM sends", () => {
  test("[QA-06] on an engine: its tables are made, used, reflected and dropped in the other schema", async () => {
    const { copy } = await tenants();
    const one = copy({ executionOptions: { schemaTranslateMap: map("one") } });
    await reg.metadata.createAll(one);
    await work(asyncSessionmaker(one, { expireOnCommit: true }));
    expect(await strays(one)).toEqual([]);
    expect(await inspect(one).getTableNames({ schema: "one" })).toContain("people");
    const reflected = new MetaData();
    await reflected.reflect(one);
    expect([...reflected.tables.keys()].sort()).toEqual(["engineers", "notes", "people", "person_topics", "topics"]);
    const [fk] = (reflected.tables.get("notes") as never as { foreignKeys: { column: { table: unknown } }[] })
      .foreignKeys;
    expect(fk.column.table).toBe(reflected.tables.get("people"));
    await reg.metadata.createAll(one);
    await reg.metadata.dropAll(one);
    expect(await inspect(one).getTableNames({ schema: "one" })).toEqual([]);
  });

  test("[QA-06] [CC-02] on a copy of an engine: each tenant has its own rows over one pool", async () => {
    const { engine } = await tenants();
    for (const name of ["one", "two"]) {
      const tenant = engine.executionOptions({ schemaTranslateMap: map(name) });
      await reg.metadata.createAll(tenant);
      await work(asyncSessionmaker(tenant));
      const Session = asyncSessionmaker(tenant);
      await Session.begin((s) => s.add(make(Topic, { name: `of ${name}` })));
    }
    for (const name of ["one", "two"]) {
      await using s = asyncSessionmaker(engine.executionOptions({ schemaTranslateMap: map(name) }))();
      expect(await s.scalars(select(attrs(Topic).name)).all()).toContain(`of ${name}`);
    }
    expect(await strays(engine)).toEqual([]);
  });

  test("[QA-06] on a session's executionOptions, whatever it is bound to, and a borrowed connection gets its own back", async () => {
    const { engine } = await tenants();
    await reg.metadata.createAll(engine.executionOptions({ schemaTranslateMap: map("one") }));
    const executionOptions = { schemaTranslateMap: map("one") };
    await work(asyncSessionmaker(engine, { executionOptions }));
    {
      await using connection = await engine.connect();
      await connection.executionOptions({ loggingToken: "mine" });
      await work(asyncSessionmaker(connection, { executionOptions, joinTransactionMode: "create_savepoint" }));
      await connection.begin();
      await work(asyncSessionmaker(connection, { executionOptions, joinTransactionMode: "create_savepoint" }));
      expect(connection.getExecutionOptions()).toEqual({ loggingToken: "mine" });
    }
    expect(await strays(engine)).toEqual([]);
  });

  test("[QA-06] on the connection that a session is bound to, or asks for with options", async () => {
    const { engine } = await tenants();
    await reg.metadata.createAll(engine.executionOptions({ schemaTranslateMap: map("two") }));
    {
      await using connection = await engine.connect();
      await connection.executionOptions({ schemaTranslateMap: map("two") });
      await work(asyncSessionmaker(connection));
    }
    await using session = asyncSessionmaker(engine)();
    await session.connection({ executionOptions: { schemaTranslateMap: map("two") } });
    session.add(make(Topic, { name: "here" }));
    await session.flush();
    expect((await session.scalars(select(Topic).where((x) => x.name.eq("here"))).one()).name).toBe("here");
  });

  test("[QA-06] a session's other options hold for its statements, and those of a call win over them", async () => {
    const { engine } = await tenants();
    const one = { schemaTranslateMap: map("one") };
    await reg.metadata.createAll(engine.executionOptions(one));
    const Session = asyncSessionmaker(engine, { executionOptions: { ...one, autoflush: false } });
    await using session = Session();
    session.add(make(Topic, { name: "new" }));
    expect(await session.scalars(select(Topic)).all()).toHaveLength(0);
    expect(await session.scalars(select(Topic), undefined, { autoflush: true }).all()).toHaveLength(1);
    expect(Session().core.options.executionOptions).toEqual({ ...one, autoflush: false });
  });

  test("a map on one statement holds for what loads with it, for bulk writes too, and for nothing else", async () => {
    const { engine } = await tenants();
    for (const name of ["one", "two"])
      await reg.metadata.createAll(engine.executionOptions({ schemaTranslateMap: map(name) }));
    await using session = asyncSessionmaker(engine)();
    const two = { schemaTranslateMap: map("two") };
    await session.execute(insert(Topic), [{ name: "a" }, { name: "b" }], two);
    await session.execute(update(Topic), [{ id: 1, name: "aa" }], two);
    await session.execute(
      update(Topic)
        .where((x) => x.id.eq(2))
        .values({ name: "bb" }),
      undefined,
      two,
    );
    const [made] = await session.scalars(insert(Topic).values({ name: "c" }).returning(Topic), undefined, two).all();
    await session.execute(
      del(Topic).where((x) => x.id.eq(made.id)),
      undefined,
      two,
    );
    const found = await session
      .scalars(
        select(Topic).orderBy((x) => x.id),
        undefined,
        two,
      )
      .all();
    expect(found.map((x) => x.name)).toEqual(["aa", "bb"]);
    await session.execute(insert(Person), [{ name: "p", kind: "person" }], two);
    await session.execute(insert(Note), [{ body: "n", personId: 1 } as never], two);
    const [person] = await session
      .scalars(select(Person).options(selectinload(Person, (p) => p.notes)), undefined, two)
      .all();
    expect(person.notes[0].body).toBe("n");
    expect(
      await session.get(Topic, 1, { executionOptions: { schemaTranslateMap: map("one") }, populateExisting: true }),
    ).toBeNull();
    // with a handler that is told of loads, too
    event.listen(session, "doOrmExecute", () => {});
    const again = await session.get(Topic, 1, { executionOptions: two, populateExisting: true });
    expect(again?.name).toBe("aa");
  });
});

test("sequences, their nextval() and enum types follow the map", async () => {
  if (databaseKind() === "sqlite") return;
  const { engine } = await tenants();
  const md = new MetaData();
  const numbers = new Sequence("numbers", { metadata: md });
  table("moods", md, { mood: column(t.enum(["a", "b"], { name: "letter" })), n: column(t.integer) });
  const one = engine.executionOptions({ schemaTranslateMap: map("one") });
  await md.createAll(one);
  expect(await one.scalar(select(nextValue(numbers)))).toBe(1);
  const inspector = inspect(engine);
  expect((await inspector.getEnums({ schema: "*" })).map((each) => [each.schema, each.name])).toEqual([
    ["one", "letter"],
  ]);
  expect(await inspector.hasSequence("numbers")).toBe(false);
  expect(await inspector.hasSequence("numbers", { schema: "one" })).toBe(true);
  await md.dropAll(one);
  expect(await inspect(engine).getEnums({ schema: "*" })).toEqual([]);
});

test("automap and Table with autoloadWith look where the map says", async () => {
  const { engine } = await tenants();
  const one = engine.executionOptions({ schemaTranslateMap: map("one") });
  await reg.metadata.createAll(one);
  const Base = automapBase();
  await Base.prepare(one);
  expect(Object.keys(Base.classes)).toContain("notes");
  await using session = asyncSessionmaker(one)();
  const Topics = Base.classes.topics as new () => { name: string };
  session.add(Object.assign(new Topics(), { name: "mapped" }));
  await session.flush();
  expect(await session.scalar(select(func.count()).selectFrom(Topics as never))).toBe(1);
});

test("[CC-04] what is compiled for a tenant is compiled once, for loads and flushes too", async () => {
  const origins: unknown[] = [];
  const { copy } = await tenants();
  const engine = copy({ echo: (line) => line.kind === "statement" && origins.push(line.origin) });
  const one = engine.executionOptions({ schemaTranslateMap: map("one") });
  await reg.metadata.createAll(one);
  const Session = asyncSessionmaker(one);
  const use = async () => {
    await using s = Session();
    s.add(make(Topic, { name: "x" }));
    await s.flush();
    await s.scalars(select(Topic)).all();
  };
  await use();
  origins.length = 0;
  await use();
  expect(origins).toEqual(["cached", "cached"]);
});

test("one session holds objects of equal keys from two schemas, told apart by identityToken", async () => {
  const { engine, copy } = await tenants();
  for (const name of ["one", "two"]) {
    const own = copy({ executionOptions: { schemaTranslateMap: map(name) } });
    await reg.metadata.createAll(own);
    await asyncSessionmaker(own).begin((s) =>
      s.add(make(Person, { name, notes: [make(Note, { body: `note of ${name}` })] })),
    );
  }
  await using session = asyncSessionmaker(engine)();
  const from = (name: string) => ({ schemaTranslateMap: map(name), identityToken: name });
  const statement = select(Person).where((p) => p.id.eq(1));
  const one = await session.scalars(statement, undefined, from("one")).one();
  const two = await session
    .scalars(statement.options(selectinload(Person, (p) => p.notes)).executionOptions(from("two")))
    .one();
  expect([one.name, two.name, two.notes[0].body]).toEqual(["one", "two", "note of two"]);
  expect([one.id, two.id]).toEqual([1, 1]);
  expect([inspect(one).identityToken, inspect(two).identityToken]).toEqual(["one", "two"]);
  expect(inspect(two.notes[0]).identityToken).toBe("two");
  // Each is found by its key and token, without a statement.
  const log = recordStatements(engine);
  expect(await session.get(Person, 1, { identityToken: "one" })).toBe(one);
  expect(await session.get(Person, 1, { executionOptions: from("two") })).toBe(two);
  expect(log.count()).toBe(0);
  expect(await session.scalars(statement, undefined, from("one")).one()).toBe(one);
  // A statement that changes rows tells the objects of its token.
  await session.execute(
    update(Person)
      .where((p) => p.id.eq(1))
      .values({ name: "changed" }),
    undefined,
    from("two"),
  );
  expect([one.name, two.name]).toEqual(["one", "changed"]);
  const [made] = await session
    .scalars(insert(Topic).values({ name: "t" }).returning(Topic), undefined, from("one"))
    .all();
  expect(inspect(made).identityToken).toBe("one");
  await using stream = await session.streamScalars(statement, undefined, from("two"));
  for await (const each of stream) expect(each).toBe(two);
  // Merging keeps it.
  await using other = asyncSessionmaker(engine)();
  const [copyOne, copyTwo] = [
    await other.merge(one, { load: false }),
    await other.merge(two.notes[0].person ?? two, { load: false }),
  ];
  expect(copyOne).not.toBe(copyTwo);
  expect([copyOne.name, copyTwo.name]).toEqual(["one", "changed"]);
});
