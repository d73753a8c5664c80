import { describe, expect, test } from "vitest";
import {
  aliased,
  attrs,
  awaitable,
  Column,
  inspect,
  ManyToMany,
  ManyToOne,
  OneToMany,
  PrimaryKey,
  type Relation,
  ResourceClosedError,
  registry,
  select,
  selectinload,
  t,
  text,
} from "../../../src/index.js";
import { recordStatements } from "../../support/statements.js";
import { make, storeFor } from "../support.js";

const reg = registry();

@reg.Entity("users")
class User {
  @PrimaryKey() id!: number;
  @Column(t.string(20)) name!: string;
  @OneToMany(
    () => Post,
    (p) => p.author,
    { orderBy: "id", cascade: ["all", "delete-orphan"] },
  )
  posts!: Post[];
}

@reg.Entity("posts")
class Post {
  @PrimaryKey() id!: number;
  @Column(t.string(20)) title!: string;
  @ManyToOne(
    () => User,
    (u) => u.posts,
  )
  author!: Relation<User> | null;
  @ManyToMany(
    () => Tag,
    (g) => g.posts,
  )
  tags!: Tag[];
}

@reg.Entity("tags")
class Tag {
  @PrimaryKey() id!: number;
  @Column(t.string(20)) name!: string;
  @ManyToMany(
    () => Post,
    (p) => p.tags,
  )
  posts!: Post[];
}

async function filled(options = {}) {
  const store = await storeFor(reg, options);
  await store.Session.begin((s) =>
    s.add(make(User, { name: "Ann", posts: [make(Post, { title: "a" }), make(Post, { title: "b" })] })),
  );
  return store;
}

const withPosts = { options: [selectinload(User, (u) => u.posts)] };

describe("corners of transactions", () => {
  test("begin(fn) in which the function rolls back by itself ends with nothing committed, and refuses work until then", async () => {
    const { Session } = await filled();
    await using session = Session();
    await session.begin(async (s) => {
      s.add(make(User, { name: "lost" }));
      await s.rollback();
      await expect(s.scalar(text("select 1"))).rejects.toThrow(/ended inside the function/);
    });
    expect(session.isActive).toBe(true);
    expect(await session.scalar(text("select count(*) from users"))).toBe(1);
  });

  test("close inside begin(fn) ends it, and nothing is committed", async () => {
    const { Session } = await filled();
    const session = Session();
    await session
      .begin(async (s) => {
        s.add(make(User, { name: "lost" }));
        await s.close();
      })
      .catch(() => undefined);
    expect(session.inTransaction()).toBe(false);
    expect(await session.scalar(text("select count(*) from users"))).toBe(1);
    await session.close();
  });

  test("a savepoint whose object was deleted inside and is deleted again after its rollback", async () => {
    const { Session } = await filled();
    await using session = Session();
    const user = await session.getOne(User, 1);
    const savepoint = await session.beginNested();
    await session.delete(user);
    await session.flush();
    await savepoint.rollback();
    expect(inspect(user).state).toBe("persistent");
    await session.delete(user);
    await session.commit();
    expect(await session.scalar(text("select count(*) from users"))).toBe(0);
    expect(await session.scalar(text("select count(*) from posts"))).toBe(0);
  });

  test("a collection changed inside a savepoint is as before after its rollback", async () => {
    const { Session } = await filled();
    await using session = Session();
    const user = await session.getOne(User, 1, withPosts);
    const savepoint = await session.beginNested();
    user.posts.pop();
    user.posts.push(make(Post, { title: "c" }));
    await session.flush();
    await savepoint.rollback();
    expect((await awaitable(user).posts).map((p) => p.title)).toEqual(["a", "b"]);
    await session.commit();
    expect(await session.scalars(text("select title from posts order by id")).all()).toEqual(["a", "b"]);
  });

  test("a commit that finds nothing but flushed work commits it", async () => {
    const { Session } = await filled();
    await using session = Session();
    session.add(make(User, { name: "Bob" }));
    await session.flush();
    await session.commit();
    await session.rollback();
    expect(await session.scalar(text("select count(*) from users"))).toBe(2);
  });

  test("an object added, flushed, expunged and added again is written once", async () => {
    const { Session } = await filled();
    await using session = Session();
    const user = make(User, { name: "Bob" });
    session.add(user);
    await session.flush();
    session.expunge(user);
    user.name = "Rob";
    session.add(user);
    await session.commit();
    expect(await session.scalars(text("select name from users order by id")).all()).toEqual(["Ann", "Rob"]);
  });

  test("a rollback after a released savepoint puts deleted objects back", async () => {
    const { Session } = await filled();
    await using session = Session();
    const user = await session.getOne(User, 1);
    await session.beginNested(() => session.delete(user));
    await session.rollback();
    expect(inspect(user).state).toBe("persistent");
    expect(await session.get(User, 1)).toBe(user);
  });
});

describe("corners of objects", () => {
  test("a detached object with a changed collection brings the change along", async () => {
    const { Session } = await filled({ expireOnCommit: false });
    const first = Session();
    const user = await first.getOne(User, 1, withPosts);
    await first.close();
    user.posts.pop();
    user.posts.push(make(Post, { title: "c" }));
    await using session = Session();
    session.add(user);
    await session.commit();
    expect(await session.scalars(text("select title from posts order by id")).all()).toEqual(["a", "c"]);
  });

  test("an object moves from one session to another by expunge and add, with what hangs on it", async () => {
    const { Session } = await filled();
    await using one = Session();
    await using two = Session();
    const user = await one.getOne(User, 1, withPosts);
    one.expunge(user);
    await one.rollback();
    two.add(user);
    expect(user.posts.map((p) => inspect(p).session)).toEqual([two, two]);
    user.posts[0].title = "moved";
    await two.commit();
    expect(await two.scalar(text("select title from posts where id = 1"))).toBe("moved");
  });

  test("an object that is new again after a rollback is merged by its key", async () => {
    const { Session } = await filled();
    await using session = Session();
    const user = make(User, { name: "Bob" });
    session.add(user);
    await session.flush();
    await session.rollback();
    const merged = await session.merge(user);
    await session.commit();
    await session.refresh(merged);
    expect(merged.name).toBe("Bob");
    expect(inspect(user).state).toBe("transient");
  });

  test("a pending object is in no query without a flush, and is the same object after it", async () => {
    const { Session } = await filled();
    await using session = Session({ autoflush: false });
    const bob = make(User, { name: "Bob" });
    session.add(bob);
    const byName = select(User).where((u) => u.name.eq("Bob"));
    expect(await session.scalars(byName).all()).toEqual([]);
    await session.flush();
    expect(await session.scalars(byName).all()).toEqual([bob]);
  });

  test("removing a child and deleting it by hand in one flush is one DELETE", async () => {
    const { engine, Session } = await filled();
    await using session = Session();
    const user = await session.getOne(User, 1, withPosts);
    const [post] = user.posts;
    await session.refresh(post, ["tags"]);
    using log = recordStatements(engine);
    user.posts.shift();
    await session.delete(post);
    await session.flush();
    expect(log.rows("DELETE")).toBe(1);
    expect(user.posts).toHaveLength(1);
  });

  test("a child that moves to a new parent while its old parent is deleted survives", async () => {
    const { Session } = await filled();
    await using session = Session();
    const user = await session.getOne(User, 1, withPosts);
    const [post] = user.posts;
    const heir = make(User, { name: "Heir", posts: [post] });
    session.add(heir);
    expect(user.posts).not.toContain(post);
    await session.noAutoflush(() => session.delete(user));
    await session.commit();
    expect(await session.scalars(text("select title from posts")).all()).toEqual(["a"]);
    await session.refresh(post, ["author"]);
    expect(post.author).toBe(heir);
  });
});

describe("corners of statements", () => {
  test("all() again gives nothing, anything after first() is ResourceClosedError", async () => {
    const { Session } = await filled();
    await using session = Session();
    const result = await session.execute(select(User));
    expect(result.all()).toHaveLength(1);
    expect(result.all()).toEqual([]);
    const once = await session.execute(select(User));
    once.first();
    expect(() => once.all()).toThrow(ResourceClosedError);
  });

  test("[TU-14] filterBy goes to the entity that has the name, an ambiguous or unknown one is an error", async () => {
    const { Session } = await filled();
    await using session = Session();
    const u = attrs(User);
    const found = await session
      .scalars(select(User).join(u.posts).filterBy({ name: "Ann" }))
      .unique()
      .all();
    expect(found).toHaveLength(1);
    expect(() => select(User).filterBy({ nope: 1 } as never)).toThrow(/no mapped attribute "nope"/);
  });

  test("an entity and an alias of it in one row are one object where the row is one", async () => {
    const { Session } = await filled();
    await using session = Session();
    const other = aliased(User, "other");
    const [first, second] = await session.execute(select(User, other).where((u) => u.id.eq(other.id))).one();
    expect(first).toBe(second);
  });

  test("a statement is compiled once and may be run by several sessions with other values", async () => {
    const { Session } = await filled();
    const byName = (name: string) => select(User).where((u) => u.name.eq(name));
    await using one = Session();
    await using two = Session();
    expect(await one.scalars(byName("Ann")).all()).toHaveLength(1);
    expect(await one.scalars(byName("Bob")).all()).toHaveLength(0);
    const shared = byName("Ann");
    const a = await one.scalars(shared).one();
    await one.commit(); // PGlite has one connection
    const b = await two.scalars(shared).one();
    expect(a).not.toBe(b);
    expect([inspect(a).session, inspect(b).session]).toEqual([one, two]);
  });

  test("params of text and expressions are bound, never pasted", async () => {
    const { Session } = await filled();
    await using session = Session();
    const nasty = "x'; drop table users; --";
    session.add(make(User, { name: nasty.slice(0, 20) }));
    await session.commit();
    expect(await session.scalar(text("select count(*) from users where name = :n"), { n: nasty.slice(0, 20) })).toBe(1);
    expect(await session.scalars(select(User).where((u) => u.name.eq(nasty))).all()).toEqual([]);
    expect(await session.scalar(text("select count(*) from users"))).toBe(2);
  });
});
