import { AssertionError } from "node:assert";
import { randomBytes } from "node:crypto";
import { existsSync } from "node:fs";
import { join } from "node:path";
import {
  assertEntitiesEqual,
  defineFactory,
  dropTemplate,
  entityEquality,
  expectStatements,
  inTestTransaction,
  loadFixtures,
  registerEqualityTesters,
  rollBackEachTest,
  statementsOf,
  workerDatabase,
} from "athanor/testing";
import {
  afterAll,
  afterEach,
  beforeAll,
  beforeEach,
  describe,
  expect,
  expectTypeOf,
  onTestFinished,
  test,
} from "vitest";
import {
  type AsyncEngine,
  asyncSessionmaker,
  Column,
  create,
  createAsyncEngine,
  ManyToOne,
  OneToMany,
  OptionalProps,
  PrimaryKey,
  type Relation,
  registry,
  select,
  selectinload,
  t,
  text,
} from "../../src/index.js";
import { openDatabase, type TestDatabase } from "../support/database.js";
import { findServer } from "../support/postgres-server.js";
import { testFolder } from "../support/test-folder.js";

const reg = registry();

@reg.Entity("users")
class User {
  declare [OptionalProps]?: "id";
  @PrimaryKey() id!: number;
  @Column(t.string(50), { unique: true }) name!: string;
  @OneToMany(
    () => Post,
    (p) => p.author,
    { cascade: ["all", "delete-orphan"] },
  )
  posts!: Post[];
}

@reg.Entity("posts")
class Post {
  declare [OptionalProps]?: "id";
  @PrimaryKey() id!: number;
  @Column(t.string(50)) title!: string;
  @ManyToOne(
    () => User,
    (u) => u.posts,
  )
  author!: Relation<User> | null;
}

registerEqualityTesters(expect);

const user = (name: string, titles: readonly string[] = []) =>
  create(User, { name, posts: titles.map((title) => create(Post, { title })) });

let database: TestDatabase;
let engine: AsyncEngine;
const Session = asyncSessionmaker();

beforeAll(async () => {
  database = await openDatabase();
  engine = database.engine;
  await reg.metadata.createAll(engine);
  Session.configure({ bind: engine });
});
afterAll(() => database[Symbol.asyncDispose]());

describe("equality of entities", () => {
  test("entities are equal when their class and what is loaded of them are", () => {
    expect(user("Ann")).toEqual(user("Ann"));
    expect(user("Ann")).not.toEqual(user("Bob"));
    expect([user("Ann", ["one"])]).toStrictEqual([user("Ann", ["one"])]);
    expect([user("Ann", ["one"])]).not.toEqual([user("Ann", ["two"])]);
    expect(create(Post, { title: "Ann" })).not.toEqual(user("Ann"));
  });

  test("an entity and a plain object are equal when what is loaded is, with matchers and parts as everywhere", () => {
    expect(user("Ann", ["one"])).toEqual({ name: "Ann", posts: [{ title: "one" }] });
    expect(user("Ann")).not.toEqual({ name: "Ann" });
    expect(user("Ann", ["one"])).toMatchObject({ posts: [{ title: expect.stringMatching(/^o/) }] });
    expect(user("Ann", ["one"])).not.toMatchObject({ posts: [{ title: "two" }] });
    expect([user("Ann")]).toContainEqual({ name: "Ann", posts: [] });
    expect({ plain: 1 }).toEqual({ plain: 1 });
  });

  test("the tester says nothing of other values", () => {
    expect(entityEquality.call({ equals: () => false }, { a: 1 }, { a: 2 }, [])).toBeUndefined();
  });

  test("node:assert compares them with assertEntitiesEqual", () => {
    assertEntitiesEqual([user("Ann", ["one"])], [{ name: "Ann", posts: [{ title: "one" }] }]);
    assertEntitiesEqual(new Map([["a", { user: user("Ann") }]]), new Map([["a", { user: user("Ann") }]]));
    expect(() => assertEntitiesEqual(user("Ann"), user("Bob"))).toThrow(AssertionError);
    expect(() => assertEntitiesEqual({ user: user("Ann") }, { user: user("Bob") })).toThrow(/Ann[\s\S]*Bob/);
    expect(() => assertEntitiesEqual(create(Post, { title: "x" }), user("x"))).toThrow(/Post[\s\S]*User/);
  });
});

describe("a transaction for each test", () => {
  rollBackEachTest({ beforeEach, afterEach }, () => engine, Session);

  test.for([1, 2])("[ST-06] code under test commits and rolls back, and nothing of it is left (%i)", async () => {
    await using session = Session();
    expect(await session.scalars(select(User)).all()).toEqual([]);
    session.add(user("Ann"));
    await session.commit();
    session.add(user("lost"));
    await session.flush();
    await session.rollback();
    session.add(user("Bob"));
    await session.commit();
    await using other = Session();
    expect((await other.scalars(select(User).orderBy((u) => u.id)).all()).map((u) => u.name)).toEqual(["Ann", "Bob"]);
  });

  test("[ST-06] a statement that fails ends what its session did, not the test's transaction", async () => {
    await Session.begin((session) => session.add(user("Ann")));
    await expect(Session.begin((session) => session.add(user("Ann")))).rejects.toThrow(/unique/i);
    await using session = Session();
    expect(await session.scalars(select(User)).all()).toHaveLength(1);
  });
});

test("[ST-06] inTestTransaction undoes its work also when it throws, and gives the connection back", async () => {
  const failure = new Error("no");
  const work = inTestTransaction(engine, Session, async () => {
    await Session.begin((session) => session.add(user("Ann")));
    throw failure;
  });
  await expect(work).rejects.toBe(failure);
  expect(engine.pool.status().checkedOut).toBe(0);
  await using session = Session();
  expect(await session.scalars(select(User)).all()).toEqual([]);
});

describe("statements", () => {
  test("expectStatements gives the function's value, and lists the statements where there are more or fewer", async () => {
    await inTestTransaction(engine, Session, async () => {
      await using session = Session();
      expect(await expectStatements(1, () => session.scalars(select(User)).all())).toEqual([]);
      const failure = await expectStatements(1, async () => {
        await session.scalars(select(User)).all();
        await session.scalars(select(Post)).all();
      }).catch((error: unknown) => error);
      expect(failure).toBeInstanceOf(AssertionError);
      expect((failure as Error).message).toBe(
        "1 statement was expected, and 2 sent:\n  1. SELECT users.id, users.name FROM users\n  2. SELECT posts.id, posts.title, posts.author_id FROM posts",
      );
      await expect(expectStatements(2, () => 1, engine)).rejects.toThrow(/^2 statements were expected, and 0 sent:$/);
    });
  });

  test("statementsOf gives a snapshot of what a block sent, without what begins and ends transactions", async () => {
    await inTestTransaction(engine, Session, async () => {
      const sent = await statementsOf(async () => {
        await using session = Session();
        await session.scalars(select(User).options(selectinload(User, (u) => u.posts))).all();
        await session.commit();
      }, engine);
      expect(sent).toMatchInlineSnapshot(`
        [
          "SELECT users.id, users.name FROM users",
        ]
      `);
    });
  });
});

describe("factories and fixtures", () => {
  const users = defineFactory(User, ({ n }) => ({ name: `user ${n}` }));
  const posts = defineFactory(Post, ({ n }) => ({ title: `post ${n}`, author: () => users.build() }));
  beforeEach(() => {
    users.reset();
    posts.reset();
  });

  test("a factory numbers its objects, and makes related ones only where none is given", () => {
    expect(posts.build()).toMatchObject({ title: "post 1", author: { name: "user 1" } });
    const ann = users.build({ name: "Ann" });
    expect(posts.build({ author: ann }).author).toBe(ann);
    expect(posts.build({ author: null }).author).toBeNull();
    expect(users.build().name).toBe("user 3");
    expect(users.buildMany(2, (i) => ({ name: `u${i}` })).map((u) => u.name)).toEqual(["u0", "u1"]);
    const quiet = posts.with({ author: null });
    expect(quiet.build()).toMatchObject({ title: "post 1", author: null });
  });

  test("a graph is stored by one flush", async () => {
    await inTestTransaction(engine, Session, async () => {
      await using session = Session();
      const ann = await users.create(session, { posts: posts.with({ author: null }).buildMany(3) });
      expect(ann.id).toBeGreaterThan(0);
      expect(ann.posts.every((post) => post.id > 0)).toBe(true);
      expect(await users.createMany(session, 2)).toHaveLength(2);
    });
  });

  test("a recipe and what a test gives are typed", () => {
    expectTypeOf(users.build()).toEqualTypeOf<User>();
    // @ts-expect-error a name is text
    const wrong = () => users.build({ name: 1 });
    // @ts-expect-error an INSERT needs the name
    const incomplete = () => defineFactory(User, () => ({ posts: [] }));
    expect(wrong).toBeTypeOf("function");
    expect(incomplete).toBeTypeOf("function");
    expect(() => users.build({ nome: "x" } as never)).toThrow(/User has no mapped attribute "nome"/);
  });

  test("fixtures are plain objects under names, nested or referring to one another", async () => {
    await inTestTransaction(engine, Session, async () => {
      await using session = Session();
      const { ann, bob } = await loadFixtures(session, User, {
        ann: { name: "Ann", posts: [{ title: "Hello" }] },
        bob: { name: "Bob" },
      });
      const { reply } = await loadFixtures(session, Post, { reply: { title: "Hi", author: bob } });
      expectTypeOf(reply).toEqualTypeOf<Post>();
      expect(ann.posts[0]?.id).toBeGreaterThan(0);
      expect(reply.author).toBe(bob);
      await expect(loadFixtures(session, User, { eve: { nome: "Eve" } as never })).rejects.toThrow(
        /User has no mapped attribute "nome"/,
      );
    });
  });
});

describe("a database for each worker", () => {
  const template = `test-${randomBytes(6).toString("hex")}`;
  const build = async (engine: AsyncEngine) => {
    built++;
    await reg.metadata.createAll(engine);
    await asyncSessionmaker(engine).begin((session) => session.add(user("from the template")));
  };
  let built = 0;
  const namesIn = async (engine: AsyncEngine) => {
    await using session = asyncSessionmaker(engine)();
    return (await session.scalars(select(User).orderBy((u) => u.id)).all()).map((u) => u.name);
  };

  async function copies(url: string) {
    built = 0;
    const first = await workerDatabase({ url, template, build });
    const second = await workerDatabase({ url, template, build });
    try {
      await asyncSessionmaker(first.engine).begin((session) => session.add(user("Ann")));
      return [await namesIn(first.engine), await namesIn(second.engine), first.url.database, built] as const;
    } finally {
      await first[Symbol.asyncDispose]();
      await second[Symbol.asyncDispose]();
    }
  }

  test("PostgreSQL copies a template that is built once, and drops the copy", async () => {
    const server = await findServer();
    onTestFinished(() => server.stop());
    onTestFinished(() => dropTemplate({ url: server.url, template }));
    const [first, second, name, times] = await copies(server.url);
    expect([first, second, times]).toEqual([["from the template", "Ann"], ["from the template"], 1]);
    const failing = workerDatabase({
      url: server.url,
      template: `${template}-bad`,
      build: () => Promise.reject(new Error("no")),
    });
    await expect(failing).rejects.toThrow("no");
    const maintenance = createAsyncEngine(server.url);
    onTestFinished(() => maintenance.dispose());
    expect(await maintenance.scalar(text("select count(*) from pg_database where datname = :name"), { name })).toEqual(
      await maintenance.scalar(text("select count(*) from pg_database where false")),
    );
  });

  test("SQLite copies a file, and removes the copy", async () => {
    const url = `sqlite:///${join(testFolder(), "app.db")}`;
    const [first, second, name, times] = await copies(url);
    expect([first, second, times]).toEqual([["from the template", "Ann"], ["from the template"], 1]);
    expect(existsSync(name as string)).toBe(false);
    await dropTemplate({ url, template });
  });

  test("in memory each is built", async () => {
    const [first, second, , times] = await copies("sqlite://");
    expect([first, second, times]).toEqual([["from the template", "Ann"], ["from the template"], 2]);
  });

  test("another database is told what to do", async () => {
    await expect(workerDatabase({ url: "oracle://host/x", template, build })).rejects.toThrow(
      /^workerDatabase\(\) copies databases of SQLite and PostgreSQL, not of "oracle"\. Make an engine for each worker/,
    );
  });
});
