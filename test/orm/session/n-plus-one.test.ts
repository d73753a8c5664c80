import { describe, expect, test } from "vitest";
import {
  awaitable,
  Column,
  ManyToOne,
  type NPlusOneReport,
  OneToMany,
  PrimaryKey,
  type Relation,
  registry,
  select,
  selectinload,
  t,
} from "../../../src/index.js";
import { make, storeFor } from "../support.js";

const reg = registry();

@reg.Entity("users")
class User {
  @PrimaryKey() id!: number;
  @Column(t.text, { deferred: true, nullable: true }) essay!: string | null;
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

async function users(options: object) {
  const { Session } = await storeFor(reg, options);
  await Session.begin((s) => {
    for (let id = 1; id <= 6; id++) s.add(make(User, { id, essay: "e", posts: [make(Post, { id })] }));
  });
  return Session;
}

describe("the N+1 watch", () => {
  test("names the attribute, the line that reads it and the option that would replace the loads: in runSync", async () => {
    const heard: string[] = [];
    const Session = await users({ nPlusOneWatch: true, warn: (message: string) => heard.push(message) });
    await using session = Session();
    await session.runSync((s) => {
      for (const user of s.scalars(select(User)).all()) expect(user.posts).toHaveLength(1);
    });
    expect(heard).toHaveLength(1);
    expect(heard[0]).toMatch(
      /^N\+1: "User\.posts" was loaded 5 times for one object at a time, at .*n-plus-one\.test\.ts:\d+:\d+\)? \(last for User\(5\)\)\. Load it for all of them with the statement: options\(selectinload\(User, \(x\) => x\.posts\)\)\.$/,
    );
  });

  test("and of awaitable(), one object after the other; of columns too", async () => {
    const reports: NPlusOneReport[] = [];
    const Session = await users({ nPlusOneWatch: { threshold: 3, notify: (r: NPlusOneReport) => reports.push(r) } });
    await using session = Session();
    for (const user of await session.scalars(select(User)).all()) {
      await awaitable(user).posts;
      await awaitable(user).essay;
    }
    expect(reports.map((r) => [r.attribute, r.count])).toEqual([
      ["User.posts", 3],
      ["User.essay", 3],
    ]);
    expect(reports[0].place).toContain("n-plus-one.test.ts");
    expect(reports[1].option).toBe("options(undefer(User, (x) => x.essay))");
    expect(reports[0].stack).toContain("n-plus-one.test.ts");
  });

  test("is silent about loads in one batch, eager loads, what memory answers, and places that load now and then", async () => {
    const reports: NPlusOneReport[] = [];
    const Session = await users({ nPlusOneWatch: { notify: (r: NPlusOneReport) => reports.push(r) } });
    await using session = Session();
    const all = await session.scalars(select(User)).all();
    await Promise.all(all.map((user) => awaitable(user).posts));
    await session.runSync((s) => {
      for (const post of s.scalars(select(Post)).all()) expect(post.author).not.toBeNull();
    });
    await session.close(); // PGlite has one connection
    await using second = Session();
    await second.runSync((s) => {
      const four = s.scalars(select(User).limit(4)).all();
      for (const user of four) expect(user.posts).toHaveLength(1);
    });
    await second.close();
    await using third = Session();
    for (const user of await third.scalars(select(User).options(selectinload(User, (u) => u.posts))).all())
      expect(user.posts).toHaveLength(1);
    expect(reports).toEqual([]);
  });

  test("may throw, so that a test fails where it happens", async () => {
    const Session = await users({
      nPlusOneWatch: {
        threshold: 2,
        notify: (r: NPlusOneReport) => {
          throw new Error(r.message);
        },
      },
    });
    await using session = Session();
    const run = session.runSync((s) =>
      s
        .scalars(select(User))
        .all()
        .map((user) => user.posts.length),
    );
    await expect(run).rejects.toThrow('N+1: "User.posts" was loaded 2 times');
  });
});
