import { describe, expect, test } from "vitest";
import {
  ArgumentError,
  type AsyncConnection,
  and,
  attrs,
  bindparam,
  Column,
  IntegrityError,
  InvalidRequestError,
  literal,
  ManyToOne,
  OneToMany,
  PrimaryKey,
  type Relation,
  registry,
  select,
  selectinload,
  t,
  text,
  UnmappedInstanceError,
  update,
  withParent,
} from "../../src/index.js";
import { make, storeFor } from "./support.js";

const reg = registry();

@reg.Entity("users")
class User {
  @PrimaryKey() id!: number;
  @Column(t.string(50)) name!: string;
  @Column(t.integer, { nullable: true }) age!: number | null;
  @Column(t.bigint, { nullable: true }) visits!: bigint | null;
  @Column(t.json, { nullable: true }) data!: unknown;
  @OneToMany(
    () => Post,
    (p) => p.author,
  )
  posts!: Post[];
}

@reg.Entity("posts")
class Post {
  @PrimaryKey() id!: number;
  @ManyToOne(
    () => User,
    (u) => u.posts,
  )
  author!: Relation<User> | null;
}

const setup = async () => {
  const store = await storeFor(reg, { expireOnCommit: false });
  return { ...store, session: store.Session() };
};

describe("objects", () => {
  test("adding an unmapped object", async () => {
    const { session } = await setup();
    await using _ = session;
    class Stray {}
    const add = () => session.add(new Stray());
    expect(add).toThrow(UnmappedInstanceError);
    expect(add).toThrow(
      "An instance of Stray is not mapped: decorate its class with @Entity(), map it with registry.mapImperatively(), or make the object with create(Class, { ... }).",
    );
  });

  test("an object attached to another session", async () => {
    const { session, Session } = await setup();
    await using _ = session;
    await using other = Session();
    const user = make(User, { name: "Ann" });
    session.add(user);
    for (const attempt of [() => other.add(user), () => other.addAll([user])]) {
      expect(attempt).toThrow(InvalidRequestError);
      expect(attempt).toThrow(
        "new User is already attached to another session. Expunge it there first, or use merge() to have a copy of it here.",
      );
    }
    await session.flush();
    await expect(other.delete(user)).rejects.toThrow(/^User\(1\) is already attached to another session\./);
    expect(() => other.expire(user)).toThrow(
      /^User\(1\) is not present in this session, so it cannot be expired\. Add or merge it first\.$/,
    );
    expect(() => other.expunge(user)).toThrow(/^User\(1\) is not present in this session/);
    await expect(other.refresh(user)).rejects.toThrow(/^User\(1\) is not present in this session/);
  });

  test("a related object attached to another session", async () => {
    const { session, Session } = await setup();
    await using _ = session;
    await using other = Session();
    const post = new Post();
    other.add(post);
    const user = make(User, { name: "Ann", posts: [] });
    session.add(user);
    expect(() => user.posts.push(post)).toThrow(/^new Post is already attached to another session/);
  });

  test("a wrong class in a relationship", () => {
    const user = make(User, { name: "Ann" });
    expect(() => user.posts.push(make(User) as never)).toThrow(
      "User.posts takes objects of Post, not User: new User cannot stand there.",
    );
    expect(() => make(Post, { author: new Post() as never })).toThrow(
      "Post.author takes objects of User, not Post: new Post cannot stand there.",
    );
    expect(() => make(Post, { author: { name: "Ann" } as never })).toThrow(
      "Post.author of new Post takes objects of User, not a plain object. Make one with create(User, { ... }) or new User().",
    );
  });

  test("a collection set to a non-iterable", () => {
    expect(() => make(User, { posts: 5 as never })).toThrow(ArgumentError);
    expect(() => make(User, { posts: 5 as never })).toThrow(
      "User.posts of new User is a collection and takes an array of Post, not 5. To empty it, assign an empty one.",
    );
    expect(() => make(User, { posts: null as never })).toThrow(/takes an array of Post, not null\./);
    expect(() => make(User, { posts: new Post() as never })).toThrow(
      /takes an array of Post, not an instance of Post\./,
    );
  });

  test("a null into a non-nullable column is an IntegrityError that names the row's class", async () => {
    const { session } = await setup();
    await using _ = session;
    session.add(make(User, { name: null as never }));
    const failed = session.flush();
    await expect(failed).rejects.toThrow(IntegrityError);
    await expect(failed).rejects.toThrow(/users/);
    await expect(failed).rejects.toThrow(/\[flush: INSERT of new User\]/);
    await session.rollback();
    const user = make(User, { name: "Ann" });
    session.add(user);
    await session.commit();
    user.name = null as never;
    await expect(session.flush()).rejects.toThrow(/\[flush: UPDATE of User\(\d+\)\]/);
    await session.rollback();
  });

  test("the error of a batch names the class and carries its objects", async () => {
    const { session } = await setup();
    await using _ = session;
    const users = [make(User, { name: "Ann" }), make(User, { name: null as never }), make(User, { name: "Bob" })];
    session.addAll(users);
    const error = await session.flush().catch((e: Error) => e);
    expect(error).toBeInstanceOf(IntegrityError);
    expect((error as Error).message).toMatch(/User/);
    expect((error as unknown as { entities: unknown[] }).entities).toContain(users[1]);
    await session.rollback();
  });
});

describe("expressions", () => {
  test("an unknown attribute in an options chain", () => {
    // @ts-expect-error there is no such attribute
    expect(() => selectinload(User, (u) => u.postz)).toThrow(
      /^User has no mapped attribute "postz"\. It has: id, name, age, visits, data, posts\.$/,
    );
    // @ts-expect-error there is no such attribute
    expect(() => selectinload(User, (u) => u.posts).selectinload((p) => p.authr)).toThrow(
      /^Post has no mapped attribute "authr"\. It has: id, authorId, author\.$/,
    );
  });

  test("an unknown attribute in a condition", () => {
    // @ts-expect-error there is no such attribute
    expect(() => select(User).where((u) => u.nme.eq("x"))).toThrow(/User has no mapped attribute "nme"/);
    // @ts-expect-error there is no such attribute
    expect(() => attrs(User).nme).toThrow(/User has no mapped attribute "nme"/);
    // @ts-expect-error there is no such attribute
    expect(() => select(User).filterBy({ nme: "x" })).toThrow(/User has no mapped attribute "nme"/);
  });

  test("a lambda that returns a boolean instead of an expression", () => {
    // @ts-expect-error a comparison of objects
    expect(() => select(User).where((u) => u.name === "Ann")).toThrow(ArgumentError);
    // @ts-expect-error a comparison of objects
    expect(() => select(User).where((u) => u.name === "Ann")).toThrow(
      /got false, not an SQL expression\. JavaScript's ===, &&, \|\| and ! compare objects, not columns: write u\.id\.eq\(5\), and\(a, b\), or\(a, b\), not\(a\)\./,
    );
    // @ts-expect-error nothing is returned
    expect(() => select(User).where(() => undefined)).toThrow(/got undefined\. A lambda must return its condition/);
  });

  test("where(true)", () => {
    // @ts-expect-error no expression
    expect(() => select(User).where(true)).toThrow(/got true, not an SQL expression\./);
    // @ts-expect-error no expression
    expect(() => select(User).where(false)).toThrow(/For a constant, use true_\(\) or false_\(\)\./);
    // @ts-expect-error no expression
    expect(() => and(true, false)).toThrow(/got true, not an SQL expression/);
    // @ts-expect-error no expression
    expect(() => select(User).where("name = 'x'")).toThrow(/got a string\. Write text\(/);
    // @ts-expect-error no expression
    expect(() => select(User).where(Promise.resolve())).toThrow(/got a Promise/);
  });

  test("undefined in a bind", async () => {
    const { session } = await setup();
    await using _ = session;
    const u = attrs(User);
    expect(() => u.name.eq(undefined as never)).toThrow(ArgumentError);
    expect(() => u.name.eq(undefined as never)).toThrow(/name.*undefined.*null/s);
    expect(() => u.age.in([1, undefined as never])).toThrow(/undefined/);
    expect(() => literal(undefined as never)).toThrow(/undefined/);
    await expect((async () => session.execute(text("select :x"), { x: undefined }))()).rejects.toThrow(/undefined/);
    await expect((async () => session.execute(text("select :x"), {}))()).rejects.toThrow(/"?x"?/);
    await expect(
      (async () =>
        session.execute(
          update(User)
            .all()
            .values({ name: undefined as never }),
        ))(),
    ).rejects.toThrow(/undefined/);
    await expect(
      (async () => session.scalars(select(User).where((x) => x.name.eq(bindparam("n") as never))).all())(),
    ).rejects.toThrow(/"?n"?/);
  });

  test("a mapped object as a value", () => {
    const u = attrs(User);
    expect(() => u.id.eq(make(User) as never)).toThrow(/mapped object, not a value/);
  });
});

describe("keys and parents", () => {
  test("a key that is text, as a path has it, is named by class and attribute, alone and among others", async () => {
    const { session } = await setup();
    await using _ = session;
    const said = 'User.id: "7" is not a whole number. It is text: write Number("7"). [SELECT';
    await expect(session.get(User, "7" as never)).rejects.toThrow(said);
    const both = await Promise.allSettled([session.get(User, "7" as never), session.get(User, 1)]);
    expect(String((both[0] as PromiseRejectedResult).reason)).toMatch(/id: "7" is not a whole number\. It is text/);
    await expect(session.runSync((s) => s.get(User, "x" as never))).rejects.toThrow(
      'User.id: "x" is not a whole number. [SELECT',
    );
  });

  test("withParent() of nobody says what it takes", () => {
    expect(() => withParent(null as unknown as User, (u) => u.posts)).toThrow(
      "withParent() takes an object of a mapped class, not null. Rows without a parent: select(Post).where((p) => p.author.eq(null)).",
    );
    expect(() => withParent(7 as unknown as User, attrs(User).posts)).toThrow(
      "withParent() takes an object of a mapped class, not 7.",
    );
  });
});

describe("values that a database cannot hold", () => {
  test.each([
    ["a NUL character", "a\0b", /holds a NUL character/],
    ["a lone surrogate", "a\ud800b", /holds a lone surrogate/],
  ])("a string with %s, in a flush and in a condition", async (_, value, message) => {
    const { session } = await setup();
    await using _s = session;
    await expect((async () => session.scalars(select(User).where((u) => u.name.eq(value))).all())()).rejects.toThrow(
      message,
    );
    session.add(make(User, { name: value }));
    const failed = session.flush();
    await expect(failed).rejects.toThrow(message);
    await expect(failed).rejects.toThrow(/User|name/);
    await session.rollback();
  });

  test("whole characters beyond the basic plane are kept", async () => {
    const { session } = await setup();
    await using _ = session;
    const name = "\u{1F600} é\u0301 \u{10FFFF}\uFFFF";
    session.add(make(User, { name }));
    await session.commit();
    session.expungeAll();
    expect((await session.scalars(select(User)).one()).name).toBe(name);
  });

  test("numbers beyond 2^53 are refused in an integer column, bigint columns are exact", async () => {
    const { session } = await setup();
    await using _ = session;
    for (const age of [2 ** 53, -(2 ** 53), 1.5, Number.NaN, Number.POSITIVE_INFINITY]) {
      session.add(make(User, { name: "Ann", age }));
      await expect(session.flush()).rejects.toThrow(/age|integer|Integer/);
      await session.rollback();
    }
    const values = [2n ** 53n + 1n, 2n ** 63n - 1n, -(2n ** 63n), 0n, 1n];
    session.addAll(values.map((visits, i) => make(User, { name: `u${i}`, visits })));
    await session.commit();
    session.expungeAll();
    const found = await session.scalars(select(User).orderBy((u) => u.name)).all();
    expect(found.map((u) => u.visits)).toEqual(values);
    expect(await session.scalars(select(attrs(User).visits).where(attrs(User).visits.eq(values[0]))).all()).toEqual([
      values[0],
    ]);
  });

  test("a bigint beyond 64 bits is refused", async () => {
    const { session } = await setup();
    await using _ = session;
    session.add(make(User, { name: "Ann", visits: 2n ** 63n }));
    await expect(session.flush()).rejects.toThrow();
    await session.rollback();
    expect(await session.scalar(text("select count(*) from users"))).toBe(0);
  });

  test("JSON that holds a NUL is refused, and what JSON cannot say too", async () => {
    const { session } = await setup();
    await using _ = session;
    session.add(make(User, { name: "Ann", data: { a: "x\0y" } }));
    await expect(session.flush()).rejects.toThrow(/NUL character/);
    await session.rollback();
    const loop: Record<string, unknown> = {};
    loop["self"] = loop;
    session.add(make(User, { name: "Ann", data: loop }));
    await expect(session.flush()).rejects.toThrow();
    await session.rollback();
  });

  test("a value of the wrong type names the column", async () => {
    const { session } = await setup();
    await using _ = session;
    session.add(make(User, { name: "Ann", age: "thirty" as never }));
    const failed = session.flush();
    await expect(failed).rejects.toThrow(/age|thirty/);
    await session.rollback();
  });
});

describe("sessions", () => {
  test("a second runSync inside runSync", async () => {
    const { session } = await setup();
    await using _ = session;
    await await expect(session.runSync(() => session.runSync(() => 1))).rejects.toThrow(
      "The asynchronous session was called inside runSync(). In there, use the synchronous session that the function is given; nothing of it is awaited.",
    );
  });

  test("an async function passed to runSync", async () => {
    const { session } = await setup();
    await using _ = session;
    await await expect(session.runSync(async () => 1)).rejects.toThrow(
      "The function given to runSync() returned a promise. It must be synchronous: everything in it blocks, and nothing is awaited.",
    );
  });

  test("an unknown joinTransactionMode", async () => {
    const { Session } = await storeFor(reg);
    expect(() => Session({ joinTransactionMode: "savepoint" as never })).toThrow(
      new ArgumentError(
        'joinTransactionMode is "savepoint"; it takes "conditional_savepoint", "rollback_only", "control_fully", "create_savepoint".',
      ),
    );
  });

  test("use after close with closeResetsOnly: false", async () => {
    const { Session } = await setup();
    const session = Session({ closeResetsOnly: false });
    await session.close();
    await expect(session.scalars(select(User)).all()).rejects.toThrow(
      "This session has been permanently closed (closeResetsOnly: false) and cannot be used any more. Make a new one.",
    );
  });

  test("a call that fails for its arguments gives a rejected promise and does not throw", async () => {
    const { session } = await setup();
    await using _ = session;
    class Stray {}
    const calls: (() => Promise<unknown>)[] = [
      () => session.get(Stray, 1),
      () => session.getOne(Stray, 1),
      () => session.get(User, undefined),
      () => session.merge(null as never),
      () => session.delete({}),
      () => session.refresh({}),
      () => session.execute(undefined as never),
      () => session.scalars("select 1" as never),
      () => session.stream(5 as never),
    ];
    for (const call of calls) {
      let given: Promise<unknown> | undefined;
      expect(() => {
        given = call();
      }).not.toThrow();
      await expect(given).rejects.toThrow();
    }
  });
});

describe("a parameter that no driver can send", () => {
  const ring: Record<string, unknown> = {};
  ring["self"] = ring;
  const unsendable: [string, unknown][] = [
    ["an object with a bigint", { n: 1n }],
    ["a ring", ring],
    ["an object whose toJSON() throws", { toJSON: () => fail("mine") }],
    ["a date that is none", new Date(Number.NaN)],
    ["a function", () => 1],
    ["a symbol", Symbol("s")],
  ];
  const fail = (message: string): never => {
    throw new Error(message);
  };

  test("is an error of its statement alone: the transaction that was about to begin with it begins with the next, and can be rolled back", async () => {
    const { engine } = await setup();
    const insertOne = text("insert into users (name) values ('Ann')");
    for (const [what, value] of unsendable) {
      const ways: [string, (c: AsyncConnection) => Promise<unknown>][] = [
        ["execute", (c) => c.execute(text("select :x"), { x: value })],
        ["many", (c) => c.execute(text("insert into users (name) values (:x)"), [{ x: "Bob" }, { x: value }])],
        ["stream", (c) => c.stream(text("select :x"), { x: value })],
        ["runSync", (c) => c.runSync((sync) => sync.execute(text("select :x"), { x: value }))],
      ];
      for (const [way, run] of ways) {
        await engine.connect(async (c) => {
          await expect(run(c), `${what}, ${way}`).rejects.toThrow();
          await c.execute(insertOne);
          await c.rollback();
          expect(await c.scalar(text("select count(*) from users")), `${what}, ${way}`).toBe(0);
        });
      }
    }
  });
});
