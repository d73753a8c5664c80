import { describe, expect, expectTypeOf, test } from "vitest";
import {
  and,
  asyncScopedSession,
  asyncSessionmaker,
  attrs,
  awaitable,
  Column,
  create,
  Entity,
  func,
  type Loaded,
  ManyToMany,
  ManyToOne,
  MissingSyncContextError,
  metadata,
  OneToMany,
  type OptionalProps,
  PrimaryKey,
  type Relation,
  select,
  selectinload,
  t,
} from "../../src/index.js";
import { freshDatabase } from "../support/database.js";
import { recordStatements } from "../support/statements.js";

@Entity("users")
class User {
  declare [OptionalProps]?: "id" | "createdAt";
  @PrimaryKey() id!: number;
  @Column(t.string(50)) name!: string;
  @Column(t.text, { nullable: true }) bio!: string | null;
  @Column({ serverDefault: func.now() }) createdAt!: Date;
  @OneToMany(
    () => Post,
    (p) => p.author,
    { cascade: ["all", "delete-orphan"], orderBy: (p) => p.id },
  )
  posts!: Post[];
}

@Entity("posts")
class Post {
  @PrimaryKey() id!: number;
  @Column() title!: string;
  @ManyToOne(
    () => User,
    (u) => u.posts,
  )
  author!: Relation<User> | null;
  @ManyToMany(
    () => Tag,
    (g) => g.posts,
    { secondary: "post_tags" },
  )
  tags!: Tag[];
}

@Entity("tags")
class Tag {
  @PrimaryKey() id!: number;
  @Column(t.string(30)) label!: string;
  @ManyToMany(
    () => Post,
    (p) => p.tags,
  )
  posts!: Post[];
}

/** Alice with two posts, one of them tagged. */
async function withAlice() {
  const { engine } = await freshDatabase();
  await metadata.createAll(engine);
  const Session = asyncSessionmaker(engine, { expireOnCommit: false });
  const session = Session();
  const tag = Object.assign(new Tag(), { label: "ts" });
  const posts = [Object.assign(new Post(), { title: "one", tags: [tag] }), Object.assign(new Post(), { title: "two" })];
  session.add(Object.assign(new User(), { name: "Alice", posts }));
  await session.commit();
  await session.close();
  return { engine, Session };
}

describe("the public face, as its design shows it", () => {
  test("a graph of new objects is stored by one commit, keys and server defaults included", async () => {
    const { engine } = await freshDatabase();
    await metadata.createAll(engine);
    const Session = asyncSessionmaker(engine, { expireOnCommit: false });
    await using session = Session();
    const alice = create(User, { name: "Alice", posts: [] });
    session.add(alice);
    await session.commit();
    expect(alice.id).toBe(1);
    expect(alice.createdAt).toBeInstanceOf(Date);
    expect(alice.bio).toBeNull();
  });

  test("an eager option chain loads a graph in one statement for each level", async () => {
    const { engine, Session } = await withAlice();
    await using session = Session();
    using log = recordStatements(engine);
    const stmt = select(User)
      .where((u) => u.name.like("%Ali%"))
      .orderBy((u) => u.id)
      .options(selectinload(User, (u) => u.posts).selectinload((p) => p.tags));
    const users = await session.scalars(stmt).all();
    expectTypeOf(users).toEqualTypeOf<Loaded<User, "posts" | "posts.tags">[]>();
    expect(users.map((u) => u.name)).toEqual(["Alice"]);
    expect(users[0].posts.map((p) => p.title)).toEqual(["one", "two"]);
    expect(users[0].posts[0].tags.map((g) => g.label)).toEqual(["ts"]);
    expect(log.count("SELECT")).toBe(3);
  });

  test("object rows of a grouped join are typed", async () => {
    const { Session } = await withAlice();
    await using session = Session();
    const u = attrs(User);
    const p = attrs(Post);
    const rows = await session
      .execute(
        select({ name: u.name, posts: func.count(p.id) })
          .join(u.posts)
          .groupBy(u.id),
      )
      .all();
    expectTypeOf(rows).toEqualTypeOf<{ name: string; posts: number }[]>();
    expect(rows).toEqual([{ name: "Alice", posts: 2 }]);
  });

  test("an implicit load is an error that says what to write instead", async () => {
    const { Session } = await withAlice();
    await using session = Session();
    const user = await session.getOne(User, 1);
    expect(() => user.posts).toThrow(MissingSyncContextError);
    expect(() => user.posts).toThrow(
      /"posts" of User\(1\) is not loaded.*selectinload\(User, \(x\) => x\.posts\).*awaitable.*runSync/s,
    );
  });

  test("awaitable loads an attribute, batched over siblings", async () => {
    const { engine, Session } = await withAlice();
    await using session = Session();
    const user = await session.getOne(User, 1);
    const posts = await awaitable(user).posts;
    expect(posts.map((p) => p.title)).toEqual(["one", "two"]);
    using log = recordStatements(engine);
    const tags = await Promise.all(posts.map((p) => awaitable(p).tags));
    expect(tags.map((list) => list.length)).toEqual([1, 0]);
    expect(log.count("SELECT")).toBe(1);
  });

  test("lazy loads just work inside runSync", async () => {
    const { Session } = await withAlice();
    await using session = Session();
    const titles = await session.runSync((s) => {
      const found: string[] = [];
      for (const user of s.scalars(select(User)).all()) for (const post of user.posts) found.push(post.title);
      return found;
    });
    expect(titles).toEqual(["one", "two"]);
  });

  test("execute gives 1-tuples of entities, scalars the entities", async () => {
    const { Session } = await withAlice();
    await using session = Session();
    const [[user]] = await session.execute(select(User)).all();
    expect(user).toBeInstanceOf(User);
    expect(await session.scalars(select(User)).one()).toBe(user);
    const u = attrs(User);
    const row = await session.execute(select(u.id, u.name)).one();
    expectTypeOf(row[1]).toEqualTypeOf<string>();
    expect([...row]).toEqual([1, "Alice"]);
    expect((row as unknown as { name: string }).name).toBe("Alice");
  });

  test("a scope's session is reached from anywhere in it and closed at its end", async () => {
    const { Session } = await withAlice();
    const db = asyncScopedSession(Session);
    const names = await db.scope(async () => (await db.scalars(select(User)).all()).map((u) => u.name));
    expect(names).toEqual(["Alice"]);
    expect(() => db.add(new User())).toThrow(/outside a scope/);
  });

  test("conditions combine and filterBy is typed", async () => {
    const { Session } = await withAlice();
    await using session = Session();
    const u = attrs(User);
    expect(await session.scalars(select(User).where(and(u.id.gt(0), u.name.eq("Alice")))).all()).toHaveLength(1);
    expect(await session.scalars(select(User).filterBy({ name: "Bob" })).all()).toHaveLength(0);
    // @ts-expect-error there is no such attribute
    expect(() => select(User).filterBy({ nme: "x" })).toThrow(/no mapped attribute "nme"/);
  });
});
