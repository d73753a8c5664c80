import { AsyncLocalStorage } from "node:async_hooks";
import { describe, expect, expectTypeOf, test } from "vitest";
import {
  type AsyncEngine,
  asyncSessionmaker,
  awaitable,
  Column,
  event,
  insert,
  ManyToOne,
  OneToMany,
  PrimaryKey,
  type QueryTags,
  type Relation,
  registry,
  select,
  selectinload,
  text,
  update,
} from "../../../src/index.js";
import { databaseKind, freshDatabase } from "../../support/database.js";
import { make } from "../support.js";

const reg = registry();

@reg.Entity("shelves")
class Shelf {
  @PrimaryKey() id!: number;
  @Column() name!: string;
  @OneToMany(
    () => Jar,
    (jar) => jar.shelf,
  )
  jars!: Jar[];
}

@reg.Entity("jars")
class Jar {
  @PrimaryKey() id!: number;
  @Column() label!: string;
  @ManyToOne(
    () => Shelf,
    (shelf) => shelf.jars,
  )
  shelf!: Relation<Shelf> | null;
}

async function database(): Promise<AsyncEngine> {
  const { engine } = await freshDatabase();
  await reg.metadata.createAll(engine);
  return engine;
}

/** The comments at the ends of the statements that a function sends; an empty string for a bare one. */
async function comments(engine: AsyncEngine, fn: () => Promise<unknown>): Promise<string[]> {
  const sent: string[] = [];
  const listener = (_: unknown, sql: string) => void sent.push(/ \/\*(.*)\*\/$/s.exec(sql)?.[1] ?? "");
  event.listen(engine, "beforeCursorExecute", listener);
  try {
    await fn();
  } finally {
    event.remove(engine, "beforeCursorExecute", listener);
  }
  return sent;
}

describe("query tags", () => {
  test("of a session are on its queries, gets, flushes, bulk statements, eager and lazy loads", async () => {
    const engine = await database();
    const Session = asyncSessionmaker(engine, { executionOptions: { tags: { route: "/shelves/:id", step: 2 } } });
    await using session = Session();
    const sent = await comments(engine, async () => {
      const shelf = make(Shelf, { name: "top", jars: [] });
      shelf.jars.push(...["a", "b", "c", "d", "e", "f"].map((label) => make(Jar, { label })));
      session.add(shelf);
      await session.flush();
      shelf.name = "upper";
      await session.flush();
      session.expungeAll();
      const found = (await session.get(Shelf, shelf.id)) as Shelf;
      await awaitable(found).jars;
      session.expungeAll();
      await session.scalars(select(Shelf).options(selectinload(Shelf, (s) => s.jars))).all();
      await session.runSync((s) => (s.get(Jar, 1) as Jar).shelf);
      await session.execute(insert(Jar), [{ label: "x" }, { label: "y" }]);
      await session.execute(
        update(Jar)
          .where((jar) => jar.label.eq("x"))
          .values({ label: "z" }),
      );
      for await (const jar of await session.stream(select(Jar))) expect(jar).toBeDefined();
      await session.execute(text("SELECT 1"));
      await session.delete(await session.getOne(Jar, 1));
      await session.flush();
      await session.rollback();
    });
    expect(sent.length).toBeGreaterThanOrEqual(11);
    expect(new Set(sent)).toEqual(new Set(["route='%2Fshelves%2F%3Aid',step='2'"]));
  });

  test("of engine, session and statement add up, the narrower over the wider, and those of a statement reach what it loads and nothing after it", async () => {
    const engine = (await database()).executionOptions({ tags: { application: "shop", route: "none" } });
    await using session = asyncSessionmaker(engine, { executionOptions: { tags: { route: "/a" } } })();
    session.add(make(Shelf, { name: "one", jars: [make(Jar, { label: "j" })] }));
    await session.commit();
    session.expungeAll();
    const tagged = select(Shelf)
      .options(selectinload(Shelf, (s) => s.jars))
      .executionOptions({ tags: { action: "list" } });
    const all = "action='list',application='shop',route='%2Fa'";
    expect(await comments(engine, () => session.scalars(tagged).all())).toEqual([all, all]);
    expect(await comments(engine, () => session.execute(select(Jar), undefined, { tags: { action: "list" } }))).toEqual(
      [all],
    );
    expect(await comments(engine, () => session.execute(select(Jar)))).toEqual(["application='shop',route='%2Fa'"]);
    session.expungeAll();
    expect(
      await comments(engine, () => session.get(Jar, 1, { executionOptions: { tags: { action: "get", route: null } } })),
    ).toEqual(["action='get',application='shop'"]);
    await session.close();
    expect(await comments(engine, () => engine.execute(text("SELECT 1"), {}, { tags: { route: "raw" } }))).toEqual([
      "application='shop',route='raw'",
    ]);
    await using connection = await engine.connect();
    await connection.executionOptions({ tags: { job: "nightly" } });
    expect(await comments(engine, () => connection.execDriverSql("SELECT 1"))).toEqual([
      "application='shop',job='nightly',route='none'",
    ]);
    expect(await comments(engine, () => connection.execute(tagged))).toEqual([
      "action='list',application='shop',job='nightly',route='none'",
    ]);
  });

  test("a function is asked at each statement, and statements with new tags each time still give their rows", async () => {
    const engine = await database();
    const requests = new AsyncLocalStorage<{ readonly id: number }>();
    const tags = () => ({ request: requests.getStore()?.id });
    expectTypeOf(tags).toExtend<QueryTags>();
    const Session = asyncSessionmaker(engine, { executionOptions: { tags } });
    await Session.begin((session) => session.add(make(Shelf, { name: "only" })));
    const run = (id: number) =>
      requests.run({ id }, async () => {
        await using session = Session();
        return (await session.scalars(select(Shelf)).one()).name;
      });
    const sent = await comments(engine, async () => {
      for (const id of [1, 2, 2, 2, 3, ...Array.from({ length: 20 }, (_, i) => i + 10), 2])
        expect(await run(id)).toBe("only");
      await using session = Session();
      await session.scalars(select(Shelf)).one();
    });
    expect(sent.slice(0, 5)).toEqual(["request='1'", "request='2'", "request='2'", "request='2'", "request='3'"]);
    expect(sent.at(-1)).toBe("");
  });

  test("hostile names and values stay inside the comment", async () => {
    const engine = await database();
    const hostile = [
      "*/ DROP TABLE jars; --",
      "'; DROP TABLE jars; --",
      "\\'",
      "/*",
      "\u0000",
      "\ud800",
      "--\n",
      "ü$1 :a ?",
    ];
    await using session = asyncSessionmaker(engine)();
    session.add(make(Jar, { label: "kept" }));
    await session.flush();
    for (const value of hostile) {
      const tags = { [value]: value, plain: "x" };
      const rows = await session
        .execute(
          select(Jar).where((jar) => jar.label.eq("kept")),
          undefined,
          { tags },
        )
        .all();
      expect(rows).toHaveLength(1);
      const [comment] = await comments(engine, () => session.execute(select(Jar), undefined, { tags }));
      expect(comment).toMatch(/^[\w%!()~.-]+='[\w%!()~.-]*',[\w%!()~.-]+='[\w%!()~.-]*'$/);
      const values = [...(comment as string).matchAll(/='([^']*)'/g)].map(([, each]) =>
        decodeURIComponent(each as string),
      );
      expect(values).toContain(value.replace("\ud800", "\ufffd"));
    }
  });

  test("what are no tags is refused, with the way out", async () => {
    const engine = await database();
    const run = (tags: unknown) => engine.execute(text("SELECT 1"), {}, { tags } as never);
    await expect(run("route")).rejects.toThrow(
      'executionOptions: tags is an object of names and values such as { route: "/users" }, or a function that gives one at once; not a string.',
    );
    await expect(run(async () => ({}))).rejects.toThrow("that gives one at once; not a promise.");
    await expect(run({ a: {} })).rejects.toThrow('the tag "a" is a string, a number or a boolean.');
    // @ts-expect-error: an object is no tag
    await expect(engine.execute(text("SELECT 1"), {}, { tags: { a: {} } })).rejects.toThrow('the tag "a"');
  });

  test("the server sees them", async ({ skip }) => {
    if (databaseKind() !== "postgresql") skip();
    const engine = await database();
    await using session = asyncSessionmaker(engine, { executionOptions: { tags: { route: "/seen" } } })();
    const mine = text("SELECT query FROM pg_stat_activity WHERE pid = pg_backend_pid()");
    expect(await session.scalar(mine)).toMatch(/ \/\*route='%2Fseen'\*\/$/);
  });
});
