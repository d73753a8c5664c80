import { describe, expect, test } from "vitest";
import {
  Column,
  event,
  inspect,
  ManyToOne,
  OneToMany,
  PrimaryKey,
  type Relation,
  registry,
  select,
  t,
} from "../../../src/index.js";
import { recordStatements } from "../../support/statements.js";
import { make, storeFor } from "../support.js";

const reg = registry();

@reg.Entity("users")
class User {
  @PrimaryKey() id!: number;
  @Column(t.string(50)) name!: string;
  @Column(t.json, { nullable: true }) data!: { n: number } | null;
  @Column(t.datetime, { nullable: true }) seen!: Date | null;
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
  @ManyToOne(
    () => User,
    (u) => u.posts,
  )
  author!: Relation<User> | null;
}

async function withUser() {
  const store = await storeFor(reg);
  await store.Session.begin((s) =>
    s.add(make(User, { name: "Ann", data: { n: 1 }, seen: new Date(0), posts: [make(Post, { title: "one" })] })),
  );
  const session = store.Session();
  const user = await session.getOne(User, 1);
  await session.refresh(user, ["posts"]);
  return { ...store, session, user };
}

describe("new, dirty, deleted", () => {
  test("[SS-02] are computed, and correct before, during and after a flush", async () => {
    const { session, user } = await withUser();
    await using _ = session;
    const fresh = make(User, { name: "New" });
    const [post] = user.posts;
    session.add(fresh);
    user.name = "Bea";
    await session.delete(post);
    const sets = () => [session.new, session.dirty, session.deleted].map((set) => [...set]);
    expect(sets()).toEqual([[fresh], [user], [post]]);
    const during: unknown[] = [];
    event.listen(session, "beforeFlush", (core) => during.push([[...core.new], [...core.dirty], [...core.deleted]]));
    event.listen(session, "afterFlush", (core) => during.push([[...core.new], [...core.dirty], [...core.deleted]]));
    event.listen(session, "afterFlushPostexec", (core) =>
      during.push([[...core.new], [...core.dirty], [...core.deleted]]),
    );
    await session.flush();
    expect(during[0]).toEqual([[fresh], [user], [post]]);
    expect(during[1]).toEqual([[fresh], [user], [post]]);
    expect(during[2]).toEqual([[], [], []]);
    expect(sets()).toEqual([[], [], []]);
  });

  test("[SS-02] dirty is optimistic: a set of an equal value puts an object there, and the flush emits nothing", async () => {
    const { engine, session, user } = await withUser();
    await using _ = session;
    user.name = "Ann";
    expect(session.dirty).toEqual(new Set([user]));
    expect(session.isModified(user)).toBe(false);
    using log = recordStatements(engine);
    await session.flush();
    expect(log.count()).toBe(0);
    expect(session.dirty.size).toBe(0);
  });

  test("[SS-02] what they give are copies: they cannot change the session", async () => {
    const { session, user } = await withUser();
    await using _ = session;
    user.name = "Bea";
    (session.dirty as Set<object>).clear();
    expect(session.dirty.size).toBe(1);
  });

  test("[SS-02] an object that is marked as deleted is not dirty", async () => {
    const { session, user } = await withUser();
    await using _ = session;
    user.name = "Bea";
    await session.delete(user);
    expect([session.dirty.has(user), session.deleted.has(user)]).toEqual([false, true]);
  });
});

describe("isModified", () => {
  test("[SS-03] is true only for a net change", async () => {
    const { engine, session, user } = await withUser();
    await using _ = session;
    expect(session.isModified(user)).toBe(false);
    user.name = "Bea";
    expect(session.isModified(user)).toBe(true);
    user.name = "Ann";
    expect(session.isModified(user)).toBe(false);
    using log = recordStatements(engine);
    await session.flush();
    expect(log.count()).toBe(0);
  });

  test("[SS-03] compares values, not references: dates and JSON", async () => {
    const { session, user } = await withUser();
    await using _ = session;
    user.seen = new Date(0);
    user.data = { n: 1 };
    expect(session.isModified(user)).toBe(false);
    user.seen = new Date(1);
    expect(session.isModified(user)).toBe(true);
    user.seen = new Date(0);
    user.data = { n: 2 };
    expect(session.isModified(user)).toBe(true);
  });

  test("[SS-03] sees collections, unless they are to be left out", async () => {
    const { session, user } = await withUser();
    await using _ = session;
    user.posts.push(make(Post, { title: "two" }));
    expect(session.isModified(user)).toBe(true);
    expect(session.isModified(user, { includeCollections: false })).toBe(false);
    user.posts.pop();
    expect(session.isModified(user)).toBe(false);
  });

  test("[SS-03] a change of order is no change", async () => {
    const { session, user } = await withUser();
    await using _ = session;
    user.posts.push(make(Post, { title: "two" }));
    await session.flush();
    user.posts.reverse();
    expect(session.isModified(user)).toBe(false);
  });

  test("[SS-03] of a new object is true once something was set", async () => {
    const { session } = await withUser();
    await using _ = session;
    const fresh = new User();
    session.add(fresh);
    expect(session.isModified(fresh)).toBe(false);
    fresh.name = "New";
    expect(session.isModified(fresh)).toBe(true);
  });
});

describe("history", () => {
  test("tells added, unchanged and deleted values since the last flush", async () => {
    const { session, user } = await withUser();
    await using _ = session;
    const { attrs } = inspect(user);
    expect(attrs["name"].history).toMatchObject({ added: [], unchanged: ["Ann"], deleted: [] });
    user.name = "Bea";
    expect(attrs["name"].history).toMatchObject({ added: ["Bea"], unchanged: [], deleted: ["Ann"] });
    const [one] = user.posts;
    const two = make(Post, { title: "two" });
    user.posts.push(two);
    expect(attrs["posts"].history).toMatchObject({ added: [two], unchanged: [one], deleted: [] });
    user.posts.shift();
    expect(attrs["posts"].history).toMatchObject({ added: [two], unchanged: [], deleted: [one] });
    await session.flush();
    expect(attrs["posts"].history).toMatchObject({ added: [], unchanged: [two], deleted: [] });
    expect(attrs["name"].history.hasChanges).toBe(false);
  });

  test("asks nothing of the database: an unloaded attribute has none", async () => {
    const { engine, session, Session } = await withUser();
    await session.close();
    await using other = Session();
    const user = await other.getOne(User, 1);
    using log = recordStatements(engine);
    expect(inspect(user).attrs["posts"].history.empty).toBe(true);
    expect(inspect(user).attrs["posts"].loadedValue).toBeUndefined();
    expect(inspect(user).unloaded).toEqual(new Set(["posts"]));
    expect(log.count()).toBe(0);
  });

  test("a value that changes in place is not seen, assigning a new one is", async () => {
    const { session, user } = await withUser();
    await using _ = session;
    (user.data as { n: number }).n = 5;
    expect(session.dirty.size).toBe(0);
    user.data = { n: 6 };
    await session.commit();
    expect((await session.scalars(select(User)).one()).data).toEqual({ n: 6 });
  });
});
