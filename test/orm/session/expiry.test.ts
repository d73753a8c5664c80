import { describe, expect, test } from "vitest";
import {
  awaitable,
  Column,
  DetachedInstanceError,
  InvalidRequestError,
  inspect,
  ManyToOne,
  MissingSyncContextError,
  ObjectDeletedError,
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

@reg.Entity("users")
class User {
  @PrimaryKey() id!: number;
  @Column(t.string(50)) name!: string;
  @Column(t.integer, { nullable: true }) age!: number | null;
  @Column(t.text, { nullable: true, deferred: true }) essay!: string | null;
  @OneToMany(
    () => Post,
    (p) => p.author,
    { orderBy: "id" },
  )
  posts!: Post[];
  @OneToMany(
    () => Badge,
    (b) => b.user,
    { orderBy: "id", lazy: "selectin", cascade: ["all"] },
  )
  badges!: Badge[];
}

@reg.Entity("posts")
class Post {
  @PrimaryKey() id!: number;
  @Column(t.string(50)) title!: string;
  @ManyToOne(
    () => User,
    (u) => u.posts,
  )
  author!: Relation<User> | null;
}

@reg.Entity("badges")
class Badge {
  @PrimaryKey() id!: number;
  @Column(t.string(50)) label!: string;
  @ManyToOne(
    () => User,
    (u) => u.badges,
  )
  user!: Relation<User> | null;
}

async function withUser(options = {}) {
  const store = await storeFor(reg, options);
  await store.Session.begin((s) =>
    s.add(
      make(User, {
        name: "Ann",
        age: 30,
        essay: "long",
        posts: [make(Post, { title: "one" }), make(Post, { title: "two" })],
        badges: [make(Badge, { label: "gold" })],
      }),
    ),
  );
  const session = store.Session();
  const user = await session.getOne(User, 1);
  return { ...store, session, user };
}

describe("expiry after a commit", () => {
  test("[SB-12] all attributes expire, and reading one says that the commit did it", async () => {
    const { session, user } = await withUser();
    await using _ = session;
    await session.commit();
    expect(inspect(user).expired).toBe(true);
    expect(() => user.name).toThrow(MissingSyncContextError);
    expect(() => user.name).toThrow(/^Attribute "name" of User\(1\) was expired by commit\(\)/);
    expect(inspect(user).identity).toEqual([1]);
  });

  test("an object that was let go after the commit says that its attributes were expired before", async () => {
    const { session, user } = await withUser();
    await session.commit();
    await session.close();
    expect(() => user.name).toThrow(
      /User\(1\) belongs to no session.*It was expired by a commit or rollback before its session let it go/,
    );
  });

  test("expireOnCommit: false leaves what is loaded", async () => {
    const { session, user, engine } = await withUser({ expireOnCommit: false });
    await using _ = session;
    user.name = "Bea";
    await session.commit();
    using log = recordStatements(engine);
    expect([user.id, user.name, user.age]).toEqual([1, "Bea", 30]);
    expect(log.count()).toBe(0);
  });

  test("expireOnCommit: false does not hold for a rollback", async () => {
    const { session, user } = await withUser({ expireOnCommit: false });
    await using _ = session;
    user.name = "Bea";
    await session.rollback();
    expect(() => user.name).toThrow(/was expired by rollback\(\)/);
  });

  test("in a sync context all expired columns load with one SELECT, deferred ones not", async () => {
    const { session, user, engine } = await withUser();
    await using _ = session;
    await session.commit();
    using log = recordStatements(engine);
    await session.runSync(() => expect([user.name, user.age, user.id]).toEqual(["Ann", 30, 1]));
    expect(log.texts("SELECT").filter((sql) => /users/.test(sql))).toHaveLength(1);
    expect(log.texts("SELECT")[0]).not.toMatch(/essay/);
  });

  test("awaitable loads an expired column, and with it all others", async () => {
    const { session, user } = await withUser();
    await using _ = session;
    await session.commit();
    expect(await awaitable(user).name).toBe("Ann");
    expect(user.age).toBe(30);
  });

  test("a query brings expired objects up to date", async () => {
    const { session, user } = await withUser();
    await using _ = session;
    await session.commit();
    await session.execute(text("update users set name = 'Eve' where id = 1"));
    await session.scalars(select(User)).all();
    expect(user.name).toBe("Eve");
  });

  test("an expired attribute can be set without loading it, and the flush needs the key at most", async () => {
    const { session, engine } = await withUser();
    await using _ = session;
    const post = await session.getOne(Post, 1);
    await session.commit();
    using log = recordStatements(engine);
    post.title = "changed";
    expect(post.title).toBe("changed");
    expect(log.count()).toBe(0);
    await session.flush();
    expect(log.texts("UPDATE")).toEqual([expect.stringMatching(/^UPDATE posts SET title/)]);
    // SQLAlchemy reloads the expired key with one SELECT.
    expect(log.count("SELECT")).toBeLessThanOrEqual(1);
  });

  test("an expired object whose row is gone: reading it in a sync context is ObjectDeletedError", async () => {
    const { session, user } = await withUser();
    await using _ = session;
    await session.commit();
    for (const name of ["posts", "badges", "users"]) await session.execute(text(`delete from ${name}`));
    await expect(session.runSync(() => user.name)).rejects.toThrow(ObjectDeletedError);
    await expect(awaitable(user).age).rejects.toThrow(
      /^User\(1\) has been deleted, or its row is otherwise not present/,
    );
  });
});

describe("a row that changes in the database", () => {
  test("does not overwrite loaded state by a query", async () => {
    const { session, user } = await withUser();
    await using _ = session;
    await session.execute(text("update users set name = 'Eve' where id = 1"));
    const [again] = await session.scalars(select(User)).all();
    expect(again).toBe(user);
    expect(user.name).toBe("Ann");
  });

  test("is seen after refresh", async () => {
    const { session, user } = await withUser();
    await using _ = session;
    await session.execute(text("update users set name = 'Eve' where id = 1"));
    await session.refresh(user);
    expect(user.name).toBe("Eve");
  });

  test("is seen after expire and the next load", async () => {
    const { session, user } = await withUser();
    await using _ = session;
    await session.execute(text("update users set name = 'Eve' where id = 1"));
    session.expire(user);
    expect(await awaitable(user).name).toBe("Eve");
  });

  test("[QA-01] overwrites by populateExisting, pending changes included", async () => {
    const { session, user } = await withUser();
    await using _ = session;
    await session.execute(text("update users set name = 'Eve' where id = 1"));
    user.age = 99;
    await session.scalars(select(User), undefined, { populateExisting: true, autoflush: false }).all();
    expect([user.name, user.age]).toEqual(["Eve", 30]);
    await session.execute(text("update users set name = 'Fay' where id = 1"));
    await session.scalars(select(User).executionOptions({ populateExisting: true })).all();
    expect(user.name).toBe("Fay");
    expect(await session.get(User, 1, { populateExisting: true })).toBe(user);
  });
});

describe("expire", () => {
  test("[SB-10] of named attributes leaves the others, and loses their changes", async () => {
    const { session, user } = await withUser();
    await using _ = session;
    user.name = "Bea";
    user.age = 31;
    session.expire(user, ["name"]);
    expect(() => user.name).toThrow(MissingSyncContextError);
    expect(user.age).toBe(31);
    expect(await awaitable(user).name).toBe("Ann");
    await session.commit();
    expect(await session.scalar(text("select age from users"))).toBe(31);
  });

  test("[SB-10] of an object loses all its pending changes", async () => {
    const { session, user, engine } = await withUser();
    await using _ = session;
    user.name = "Bea";
    session.expire(user);
    expect(session.dirty.size).toBe(0);
    using log = recordStatements(engine);
    await session.flush();
    expect(log.count()).toBe(0);
    expect(await awaitable(user).name).toBe("Ann");
  });

  test("[SB-10] of a relationship forgets it, and the collection that was held is nobody's", async () => {
    const { session, user } = await withUser();
    await using _ = session;
    const held = await awaitable(user).posts;
    session.expire(user, ["posts"]);
    expect(() => user.posts).toThrow(MissingSyncContextError);
    held.pop();
    await session.flush();
    expect((await awaitable(user).posts).map((p) => p.title)).toEqual(["one", "two"]);
    expect(user.posts).not.toBe(held);
  });

  test("[SB-10] expireAll expires every object", async () => {
    const { session, user } = await withUser();
    await using _ = session;
    const posts = await awaitable(user).posts;
    session.expireAll();
    for (const object of [user, ...posts]) expect(inspect(object).expired).toBe(true);
  });

  test("[SC-07] follows refresh-expire cascades, and stops where there is none", async () => {
    const { session, user } = await withUser();
    await using _ = session;
    const posts = await awaitable(user).posts;
    const [badge] = user.badges;
    session.expire(user);
    expect(inspect(badge).expired).toBe(true);
    expect(inspect(posts[0]).expired).toBe(false);
  });

  test("of a transient, pending or foreign object is refused with its name", async () => {
    const { session, Session } = await withUser();
    await using _ = session;
    const fresh = make(User, { name: "New" });
    expect(() => session.expire(fresh)).toThrow(/^new User is not present in this session/);
    session.add(fresh);
    expect(() => session.expire(fresh)).toThrow(
      /^new User is not persistent within this session, so it cannot be expired/,
    );
    await using other = Session();
    expect(() => other.expire(fresh)).toThrow(InvalidRequestError);
  });

  test("of an unknown attribute says which there are", async () => {
    const { session, user } = await withUser();
    await using _ = session;
    expect(() => session.expire(user, ["nme"])).toThrow(/^User has no mapped attribute "nme"\. It has: id, name, age/);
  });

  test("reading an expired attribute of a detached object is DetachedInstanceError", async () => {
    const { session, user } = await withUser();
    await session.commit();
    await session.close();
    expect(() => user.name).toThrow(DetachedInstanceError);
    expect(() => user.name).toThrow(
      /^User\(1\) belongs to no session, so its unloaded attribute "name" cannot be loaded/,
    );
    await expect(awaitable(user).posts).rejects.toThrow(DetachedInstanceError);
  });

  test("[TU-19] loaded attributes stay readable after close", async () => {
    const { session, user } = await withUser();
    await session.close();
    expect([user.name, user.badges.map((b) => b.label)]).toEqual(["Ann", ["gold"]]);
    expect(() => user.posts).toThrow(DetachedInstanceError);
  });
});

describe("refresh", () => {
  test("of single columns of an expired object makes its key readable too", async () => {
    const { Session, engine } = await storeFor(reg);
    await using session = Session();
    const user = make(User, { name: "ann", age: 3 });
    session.add(user);
    await session.commit();
    using log = recordStatements(engine);
    await session.refresh(user, ["name"]);
    expect([user.id, user.name, inspect(user).attrs.age.loaded]).toEqual([1, "ann", false]);
    expect(log.count()).toBe(1);
  });

  test("[SB-11] overwrites columns and loads eager relationships again, lazy ones stay as they are", async () => {
    const { session, user } = await withUser();
    await using _ = session;
    const posts = await awaitable(user).posts;
    await session.execute(text("insert into badges (id, label, user_id) values (50, 'silver', 1)"));
    await session.execute(text("insert into posts (id, title, author_id) values (50, 'three', 1)"));
    await session.refresh(user);
    expect(user.badges.map((b) => b.label)).toEqual(["gold", "silver"]);
    expect(inspect(user).attrs["posts"].loaded ? user.posts.map((p) => p.title) : posts.map((p) => p.title)).toEqual([
      "one",
      "two",
    ]);
  });

  test("[SB-11] of named attributes loads those, relationships too", async () => {
    const { session, user, engine } = await withUser();
    await using _ = session;
    await session.execute(text("update users set name = 'Eve', age = 99 where id = 1"));
    await session.refresh(user, ["age", "posts"]);
    expect(user.age).toBe(99);
    expect(user.name).toBe("Ann");
    using log = recordStatements(engine);
    expect(user.posts.map((p) => p.title)).toEqual(["one", "two"]);
    expect(log.count()).toBe(0);
  });

  test("[SB-11] flushes first, so changes of the object itself are kept and not lost", async () => {
    const { session, user } = await withUser();
    await using _ = session;
    user.age = 55;
    const other = make(User, { name: "Other" });
    session.add(other);
    await session.refresh(other).catch(() => undefined);
    session.add(make(Post, { title: "three", author: user }));
    await session.refresh(user, ["posts"]);
    expect(user.posts.map((p) => p.title)).toEqual(["one", "two", "three"]);
  });

  test("[SB-11] of a relationship leaves what its members have loaded, and their pending changes, as they are", async () => {
    const { session, user } = await withUser();
    await using _ = session;
    await session.refresh(user, ["posts"]);
    const [post] = user.posts;
    expect(post.author).toBe(user);
    using _off = session.noAutoflush();
    post.title = "pending";
    await session.refresh(user, ["posts"]);
    expect(user.posts[0]).toBe(post);
    expect(post.title).toBe("pending");
    await session.refresh(post, ["author"]);
    expect(inspect(user).attrs["posts"].loaded).toBe(true);
    expect(inspect(user).attrs["badges"].loaded).toBe(true);
  });

  test("[SS-08] loads no deferred column that is not loaded, unless it is named", async () => {
    const { session, user, engine } = await withUser();
    await using _ = session;
    using log = recordStatements(engine);
    await session.refresh(user);
    expect(log.texts("SELECT").some((sql) => /essay/.test(sql))).toBe(false);
    await session.refresh(user, ["essay"]);
    expect(user.essay).toBe("long");
  });

  test("of a row that is gone, or of an object that is not persistent, is refused", async () => {
    const { session, user } = await withUser();
    await using _ = session;
    await expect(session.refresh(make(User))).rejects.toThrow(
      /^new User is not present in this session, so it cannot be refreshed/,
    );
    for (const name of ["posts", "badges", "users"]) await session.execute(text(`delete from ${name}`));
    await expect(session.refresh(user)).rejects.toThrow(/^Could not refresh User\(1\): its row is gone/);
  });

  test("of named attributes is refused while a new primary key is not flushed", async () => {
    const { session } = await withUser();
    await using _ = session;
    const user = make(User, { name: "Bob", age: 40, essay: "", posts: [], badges: [] });
    session.add(user);
    await session.flush();
    const { id } = user;
    user.id = id + 100;
    await session.noAutoflush(() =>
      expect(session.refresh(user, ["name"])).rejects.toThrow(
        `User(${id}) cannot be refreshed while the change of its primary key (id) is not flushed. Call flush() first.`,
      ),
    );
    await session.refresh(user, ["name"]);
    expect(inspect(user).identity).toEqual([id + 100]);
    user.id = id;
    await session.noAutoflush(() => session.refresh(user));
    expect(user.id).toBe(id + 100);
  });

  test("of an unknown attribute says which there are", async () => {
    const { session, user } = await withUser();
    await using _ = session;
    await expect(session.refresh(user, ["nope"])).rejects.toThrow(/User has no mapped attribute "nope"/);
  });
});
