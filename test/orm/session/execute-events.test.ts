import { describe, expect, expectTypeOf, test } from "vitest";
import {
  type AsyncSessionMaker,
  attrs,
  awaitable,
  bindparam,
  Column,
  createEngine,
  event,
  type FrozenResult,
  insert,
  inspect,
  type LoadOption,
  lazyload,
  ManyToOne,
  OneToMany,
  ORMExecuteState,
  PrimaryKey,
  type Relation,
  type Relationship,
  registry,
  type Select,
  Session as SyncSession,
  select,
  selectinload,
  sessionmaker,
  subqueryload,
  t,
  text,
  UserDefinedOption,
  update,
  withLoaderCriteria,
} from "../../../src/index.js";
import { recordStatements } from "../../support/statements.js";
import { make, storeFor } from "../support.js";

declare module "../../../src/index.js" {
  interface CustomExecutionOptions {
    /** Who asks. */
    readonly askedBy?: string;
  }
}

const reg = registry();

@reg.Entity("users")
class User {
  @PrimaryKey() id!: number;
  @Column(t.string(50)) name!: string;
  @OneToMany(
    () => Post,
    (p) => p.author,
    { orderBy: "id" },
  )
  posts!: Post[];
}

@reg.Entity("posts")
class Post {
  @PrimaryKey() id!: number;
  @Column(t.string(50)) title!: string;
  @Column(t.boolean, { default: false }) hidden!: boolean;
  @ManyToOne(
    () => User,
    (u) => u.posts,
  )
  author!: Relation<User> | null;
}

async function filled() {
  const store = await storeFor(reg);
  await store.Session.begin((s) => {
    s.addAll([
      make(User, { name: "Ann", posts: [make(Post, { title: "a" }), make(Post, { title: "b", hidden: true })] }),
      make(User, { name: "Bob", posts: [make(Post, { title: "c", hidden: true })] }),
    ]);
  });
  return store;
}

function watch(Session: AsyncSessionMaker): ORMExecuteState[] {
  const seen: ORMExecuteState[] = [];
  event.listen(Session, "doOrmExecute", (state) => {
    expectTypeOf(state).toEqualTypeOf<ORMExecuteState>();
    seen.push(state);
  });
  return seen;
}

describe("doOrmExecute", () => {
  test("[SV-01] sees statements of every kind with their flags", async () => {
    const { Session } = await filled();
    const seen = watch(Session);
    await using session = Session();
    await session.scalars(select(User)).all();
    await session.execute(
      update(User)
        .where((u) => u.id.eq(1))
        .values({ name: "Anna" }),
    );
    await session.execute(text("select 1"), undefined, { bindArguments: { shard: 1 } });
    expect(
      seen.map((s) => [s.isSelect, s.isUpdate, s.isInsert, s.isDelete, s.isOrmStatement, s.isExecutemany]),
    ).toEqual([
      [true, false, false, false, true, false],
      [false, true, false, false, true, false],
      [false, false, false, false, false, false],
    ]);
    expect(seen[0].bindMapper).toBe(inspect(User));
    expect(seen[2].bindArguments).toEqual({ shard: 1 });
    expect(seen[0].session).toBe(session.syncSession);
    expect(seen[0]).toBeInstanceOf(ORMExecuteState);
  });

  test("an application gives its own execution options a type; undeclared ones are taken as they come", async () => {
    const { Session } = await filled();
    await using session = Session();
    const seen = watch(Session);
    await session.execute(select(User).executionOptions({ askedBy: "statement" }), undefined, { other: 1 });
    await session.scalars(select(User), undefined, { askedBy: "call" });
    expectTypeOf(seen[0].executionOptions.askedBy).toEqualTypeOf<string | undefined>();
    expect(seen.map((s) => [s.executionOptions.askedBy, s.executionOptions.other])).toEqual([
      ["statement", 1],
      ["call", undefined],
    ]);
    // @ts-expect-error of another type
    await session.execute(select(User), undefined, { askedBy: 7 });
    // @ts-expect-error of another type
    select(User).executionOptions({ askedBy: 7 });
  });

  test("[SV-01] sees loads of relationships and columns, and gets by key, and says so", async () => {
    const { Session } = await filled();
    await using session = Session();
    const ann = await session.getOne(User, 1);
    const seen = watch(Session);
    await awaitable(ann).posts;
    expect(seen.map((s) => [s.isRelationshipLoad, s.isColumnLoad, s.relationship?.label])).toEqual([
      [true, false, "User.posts"],
    ]);
    expect(seen[0].lazyLoadedFrom).toBe(ann);
    expect(seen[0].allMappers).toEqual([inspect(Post)]);
    seen.length = 0;
    session.expire(ann);
    await session.refresh(ann);
    expect(seen.map((s) => s.isColumnLoad)).toEqual([true]);
    seen.length = 0;
    await session.get(User, 2);
    expect(seen.map((s) => [s.facts.kind, s.parameters])).toEqual([["get", { __pk_0: 2 }]]);
    seen.length = 0;
    await session.get(User, 3, { bindArguments: { region: "eu" } });
    expect(seen.map((s) => s.bindArguments)).toEqual([{ region: "eu" }]);
  });

  test("[SV-01] a handler changes the statement of an execute, of a get, and of a relationship's load", async () => {
    const { engine, Session } = await filled();
    const p = attrs(Post);
    event.listen(Session, "doOrmExecute", (state) => {
      if (!state.isSelect || !state.allMappers.includes(inspect(Post))) return;
      state.statement = (state.statement as Select).where(p.hidden.eq(false));
    });
    await using session = Session();
    expect((await session.scalars(select(Post)).all()).map((one) => one.title)).toEqual(["a"]);
    const users = await session.scalars(select(User).orderBy((u) => u.id)).all();
    using log = recordStatements(engine);
    expect((await awaitable(users[0]).posts).map((one) => one.title)).toEqual(["a"]);
    expect(log.texts()[0]).toMatch(/hidden/);
    expect(await session.get(Post, 3)).toBeNull();
    session.expungeAll();
    const eager = await session.scalars(select(User).options(selectinload(User, (u) => u.posts))).all();
    expect(eager.map((u) => u.posts.length)).toEqual([1, 0]);
  });

  test("a statement that is kept stays one under an option that a handler has added before, each tenant's its own; values are given by name", async () => {
    const { Session } = await filled();
    const own = [1, 2].map((id) => withLoaderCriteria(User, (u) => u.id.eq(id)));
    let add = (): LoadOption => own[0];
    event.listen(Session, "doOrmExecute", (state) => state.addOptions(add()));
    const seen = watch(Session);
    await using session = Session();
    const but = select(User).where((u) => u.id.ne(bindparam("id", t.integer)));
    const ids: number[][] = [];
    for (const [tenant, id] of [
      [0, 9],
      [1, 9],
      [0, 9],
      [1, 9],
      [0, 1],
      [1, 1],
    ] as const) {
      add = () => own[tenant];
      ids.push((await session.scalars(but, { id }).all()).map((user) => user.id));
    }
    expect(ids).toEqual([[1], [2], [1], [2], [], [2]]);
    expect(seen[4].statement).toBe(seen[2].statement);
    expect(seen[5].statement).toBe(seen[3].statement);
    expect(seen[3].statement).not.toBe(seen[2].statement);
    // One that is made for each run is not kept with the statement.
    add = () => withLoaderCriteria(User, (u) => u.id.eq(2));
    for (let run = 0; run < 2; run++) expect((await session.scalars(but, { id: 1 }).all()).length).toBe(1);
    expect(seen[7].statement).not.toBe(seen[6].statement);
  });

  test("the options of statement and call, and what a handler adds to them, reach the loads that follow at once; a lazy load has none of them", async () => {
    const { Session } = await filled();
    const courses = [
      [selectinload(User, (user) => user.posts), [true, "statement", "call", "handler"]],
      [subqueryload(User, (user) => user.posts), [true, "statement", "call", "handler"]],
      [lazyload(User, (user) => user.posts), [true, undefined, undefined, undefined]],
    ] as const;
    for (const [option, expected] of courses) {
      await using session = Session();
      const seen: unknown[] = [];
      event.listen(session, "doOrmExecute", (state) => {
        const { one, two, three } = state.executionOptions as Record<string, unknown>;
        seen.push([state.isRelationshipLoad, one, two, three]);
        if (!state.isRelationshipLoad) state.updateExecutionOptions({ three: "handler" } as never);
      });
      const statement = select(User)
        .options(option)
        .executionOptions({ one: "statement" } as never);
      const [ann] = await session.scalars(statement, {}, { two: "call" } as never).all();
      await awaitable(ann).posts;
      expect(seen).toEqual([[false, "statement", "call", undefined], expected]);
    }
  });

  test("[SV-02] a handler runs the statement itself, several times, and gives its own result", async () => {
    const { engine, Session } = await filled();
    event.listen(Session, "doOrmExecute", function* (state) {
      if (state.executionOptions.twice !== true) return undefined;
      const first = yield* state.invokeStatement();
      const second = yield* state.invokeStatement({ executionOptions: { twice: false } });
      return first.merge(second as never);
    });
    await using session = Session();
    using log = recordStatements(engine);
    const all = await session
      .scalars(
        select(User).orderBy((u) => u.id),
        undefined,
        { twice: true },
      )
      .all();
    expect(all.map((u) => u.name)).toEqual(["Ann", "Bob", "Ann", "Bob"]);
    expect(log.count("SELECT")).toBe(2);
    expect((await session.scalars(select(User)).all()).length).toBe(2);
  });

  test("[SV-02] handlers run in order; one that answers keeps the later ones from being asked; invokeStatement goes through those that remain", async () => {
    const { Session } = await filled();
    const order: string[] = [];
    event.listen(Session, "doOrmExecute", function* (state) {
      order.push("first");
      return yield* state.invokeStatement();
    });
    event.listen(Session, "doOrmExecute", () => void order.push("second"));
    await using session = Session();
    await session.scalars(select(User)).all();
    expect(order).toEqual(["first", "second"]);
  });

  test("[QA-09] [EX-06] a query cache: a frozen result is thawed into another session, its objects merged without SQL", async () => {
    const { engine, Session } = await filled();
    const cache = new Map<string, FrozenResult<unknown>>();
    event.listen(Session, "doOrmExecute", function* (state) {
      const option = state.userDefinedOptions.find((each) => each instanceof FromCache);
      if (option === undefined || !state.isSelect) return undefined;
      const key = (option as FromCache).payload;
      let frozen = cache.get(key);
      if (frozen === undefined) {
        frozen = (yield* state.invokeStatement()).freeze() as FrozenResult<unknown>;
        cache.set(key, frozen);
      }
      return yield* state.mergeFrozenResult(frozen);
    });
    const cached = select(User)
      .orderBy((u) => u.id)
      .options(new FromCache("users"));
    const first = await (async () => {
      await using session = Session();
      return session.scalars(cached).all();
    })();
    await using session = Session();
    using log = recordStatements(engine);
    const again = await session.scalars(cached).all();
    expect(log.count()).toBe(0);
    expect(again.map((u) => u.name)).toEqual(["Ann", "Bob"]);
    expect(again[0]).not.toBe(first[0]);
    expect(session.has(again[0])).toBe(true);
    expect(await session.get(User, 1)).toBe(again[0]);
    cache.delete("users");
    await session.scalars(cached).all();
    expect(log.count("SELECT")).toBe(1);
  });

  test("[QA-08] an application's own options travel with a statement and do not change its SQL", async () => {
    const { engine, Session } = await filled();
    const seen: unknown[] = [];
    event.listen(Session, "doOrmExecute", (state) => {
      for (const option of state.userDefinedOptions) seen.push(option.payload);
    });
    await using session = Session();
    using log = recordStatements(engine);
    await session.scalars(select(User).options(new UserDefinedOption({ page: 1 }))).all();
    await session.scalars(select(User).options(new UserDefinedOption({ page: 2 }))).all();
    expect(seen).toEqual([{ page: 1 }, { page: 2 }]);
    expect(new Set(log.texts()).size).toBe(1);
  });

  test("[EV-03] [EV-04] [SV-12] is heard once, until a signal, on one session, on a sessionmaker, and on all sessions", async () => {
    const { Session } = await filled();
    const heard: string[] = [];
    const stop = new AbortController();
    await using one = Session();
    await using other = Session();
    event.listen(one, "doOrmExecute", () => void heard.push("one"));
    event.listen(Session, "doOrmExecute", () => void heard.push("once"), { once: true });
    event.listen(SyncSession, "doOrmExecute", () => void heard.push("all"), { signal: stop.signal });
    await other.execute(text("select 1"));
    await other.rollback();
    await one.execute(text("select 1"));
    await one.rollback();
    stop.abort();
    await other.execute(text("select 1"));
    expect(heard).toEqual(["once", "all", "one", "all"]);
  });

  test("works the same on a synchronous session", () => {
    const engine = createEngine("sqlite://");
    reg.metadata.createAll(engine);
    const Session = sessionmaker(engine);
    event.listen(Session, "doOrmExecute", function* (state) {
      return yield* state.invokeStatement();
    });
    using session = Session();
    session.add(make(User, { name: "Ann" }));
    expect(session.scalars(select(User)).one().name).toBe("Ann");
    engine.dispose();
  });

  test("[EV-06] what a handler throws or wrongly gives reaches the caller, and the session goes on", async () => {
    const { Session } = await filled();
    await using session = Session();
    let answer: unknown = 7;
    event.listen(session, "doOrmExecute", () => answer as undefined);
    await expect(session.scalars(select(User)).all()).rejects.toThrow(/returns nothing, or a Result/);
    answer = Promise.resolve();
    await expect(session.scalars(select(User)).all()).rejects.toThrow(/handlers must be synchronous/);
    answer = undefined;
    expect((await session.scalars(select(User)).all()).length).toBe(2);
    await session.close();
    const other = Session();
    const names = (await other.execute(select(attrs(User).name))).freeze();
    const objects = (await other.execute(select(User))).freeze();
    await other.close();
    answer = names.thaw();
    await expect(session.get(User, 1)).rejects.toThrow(/answered a load of User with a value of type string/);
    answer = objects.thaw();
    await expect(session.get(User, 1)).rejects.toThrow(/User\(1\), which is not in this session.*mergeFrozenResult/s);
  });

  test("a handler changes a statement that is streamed", async () => {
    const { Session } = await filled();
    event.listen(Session, "doOrmExecute", (state) => {
      state.statement = (state.statement as Select).where(attrs(User).name.eq("Bob"));
    });
    await using session = Session();
    const names: string[] = [];
    for await (const user of await session.streamScalars(select(User))) names.push((user as User).name);
    expect(names).toEqual(["Bob"]);
  });
});

describe("loads that follow from something else", () => {
  test("[SV-02] are run by a handler as often as it likes, and answered by it", async () => {
    const { engine, Session } = await filled();
    const kinds: unknown[] = [];
    event.listen(Session, "doOrmExecute", function* (state) {
      const result = yield* state.invokeStatement();
      const again = yield* state.invokeStatement();
      kinds.push([state.facts.kind, state.relationship?.key, again.all().length]);
      return result;
    });
    await using session = Session();
    using log = recordStatements(engine);
    const ann = await session.getOne(User, 1);
    expect((await awaitable(ann).posts).map((post) => post.title)).toEqual(["a", "b"]);
    session.expire(ann, ["name"]);
    expect(await awaitable(ann).name).toBe("Ann");
    expect(await awaitable(ann.posts[0]).author).toBe(ann);
    expect(kinds).toEqual([
      ["get", undefined, 1],
      ["relationship", "posts", 2],
      ["column", undefined, 1],
    ]);
    expect(log.count("SELECT")).toBe(6);
    kinds.length = 0;
    session.expungeAll();
    const all = await session.scalars(select(User).options(selectinload(User, (u) => u.posts))).all();
    expect(all.map((user) => user.posts.map((post) => post.title))).toEqual([["a", "b"], ["c"]]);
    expect(kinds).toEqual([
      ["relationship", "posts", 3],
      ["execute", undefined, 2],
    ]);
  });

  test("gets that are answered together are heard, and have the criteria of a handler", async () => {
    const { Session } = await filled();
    event.listen(Session, "doOrmExecute", (state) => {
      if (state.bindMapper === inspect(Post)) state.addOptions(withLoaderCriteria(Post, (x) => x.hidden.eq(false)));
    });
    const seen = watch(Session);
    await using session = Session();
    const posts = await Promise.all([1, 2, 3].map((id) => session.get(Post, id)));
    expect(posts.map((post) => post?.title)).toEqual(["a", undefined, undefined]);
    expect(seen.map((each) => each.facts.kind)).toEqual(["get"]);
  });

  test("[EX-06] a cache of relationships: an option that travels on says which, a handler answers the lazy and the eager load", async () => {
    const { engine, Session } = await filled();
    const cache = new Map<string, FrozenResult<unknown>>();
    event.listen(Session, "doOrmExecute", function* (state) {
      const option = state.userDefinedOptions.find(
        (each): each is RelationshipCache => each instanceof RelationshipCache,
      );
      const [owner, relationship] = state.loaderStrategyPath.slice(-2);
      if (option?.payload !== relationship) return undefined;
      const key = JSON.stringify([owner === inspect(User), relationship.key, state.parameters]);
      if (!cache.has(key)) cache.set(key, (yield* state.invokeStatement()).freeze());
      return yield* state.mergeFrozenResult(cache.get(key) as FrozenResult<unknown>);
    });
    const posts = inspect(User).relationship("posts");
    const lazily = select(User)
      .orderBy((u) => u.id)
      .options(new RelationshipCache(posts as Relationship));
    const titles = async (eagerly: boolean) => {
      await using session = Session();
      using log = recordStatements(engine);
      const users = await session.scalars(eagerly ? lazily.options(selectinload(User, (u) => u.posts)) : lazily).all();
      const found: string[][] = [];
      for (const user of users) found.push((await session.runSync(() => user.posts)).map((post) => post.title));
      // What comes with the members has the option too.
      for (const post of users[0].posts) expect(session.has(post)).toBe(true);
      return [found, log.count("SELECT")];
    };
    const all = [["a", "b"], ["c"]];
    expect(await titles(false)).toEqual([all, 3]);
    expect(await titles(false)).toEqual([all, 1]);
    expect(await titles(true)).toEqual([all, 2]);
    expect(await titles(true)).toEqual([all, 1]);
  });

  test("rows of objects alone answer the load of one owner; for several it must be said whose they are", async () => {
    const { Session } = await filled();
    event.listen(Session, "doOrmExecute", function* (state) {
      if (!state.isRelationshipLoad) return undefined;
      return (yield* state.invokeStatement()).columns(0) as never;
    });
    await using session = Session();
    const ann = await session.getOne(User, 1);
    expect((await awaitable(ann).posts).map((post) => post.title)).toEqual(["a", "b"]);
    session.expungeAll();
    await expect(session.scalars(select(User).options(selectinload(User, (u) => u.posts))).all()).rejects.toThrow(
      /answered the load of User.posts for 2 objects without saying whose each row is/,
    );
  });

  test("a handler answers a statement that is streamed", async () => {
    const { engine, Session } = await filled();
    let frozen: FrozenResult<unknown> | undefined;
    event.listen(Session, "doOrmExecute", function* (state) {
      frozen ??= (yield* state.invokeStatement()).freeze();
      return yield* state.mergeFrozenResult(frozen);
    });
    const log = recordStatements(engine);
    for (let i = 0; i < 2; i++) {
      await using session = Session();
      const names: string[] = [];
      for await (const part of (await session.streamScalars(select(User).orderBy((u) => u.id))).partitions(1))
        names.push(...part.map((user) => user.name));
      expect(names).toEqual(["Ann", "Bob"]);
    }
    expect(log.count()).toBe(1);
  });

  test("parameters given to invokeStatement() are laid over the statement's own", async () => {
    const { Session } = await filled();
    event.listen(Session, "doOrmExecute", function* (state) {
      return yield* state.invokeStatement({
        params: Array.isArray(state.parameters) ? [{ extra: 1 }] : { two: "Bob" },
      });
    });
    await using session = Session();
    const u = attrs(User);
    const either = select(u.name).where(u.name.in([bindparam("one"), bindparam("two")]));
    expect(await session.scalars(either.orderBy(u.id), { one: "Ann", two: "none" }).all()).toEqual(["Ann", "Bob"]);
    await expect(session.execute(insert(User), [{ name: "x" }, { name: "y" }])).rejects.toThrow(
      /was given 1 sets of parameters for a statement that has 2/,
    );
  });
});

class FromCache extends UserDefinedOption<string> {}

class RelationshipCache extends UserDefinedOption<Relationship> {
  override readonly propagateToLoaders: boolean = true;
}
