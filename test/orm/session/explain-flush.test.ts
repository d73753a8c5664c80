import { describe, expect, test } from "vitest";
import {
  Column,
  inspect,
  ManyToMany,
  ManyToOne,
  OneToMany,
  PrimaryKey,
  type Relation,
  registry,
  t,
} from "../../../src/index.js";
import { recordStatements } from "../../support/statements.js";
import { make, storeFor } from "../support.js";

const reg = registry();

@reg.Entity("users")
class User {
  @PrimaryKey() id!: number;
  @Column(t.string(50)) name!: string;
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
  @Column(t.string(50)) title!: string;
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

@reg.Entity("tags")
class Tag {
  @PrimaryKey() id!: number;
  @Column(t.string(50)) label!: string;
  @ManyToMany(
    () => Post,
    (p) => p.tags,
  )
  posts!: Post[];
}

describe("explainFlush", () => {
  test("shows the steps of a flush in their order, and runs none of them", async () => {
    const { engine, Session } = await storeFor(reg);
    await using session = Session();
    const user = make(User, { name: "Ann", posts: [make(Post, { title: "one", tags: [make(Tag, { label: "x" })] })] });
    session.add(user);
    using log = recordStatements(engine);
    const plan = await session.explainFlush();
    expect(log.count()).toBe(0);
    expect(inspect(user).state).toBe("pending");
    const steps = plan.steps.map((s) => `${s.action} ${s.subject}`);
    expect(steps.indexOf("insert User")).toBeGreaterThanOrEqual(0);
    expect(steps.indexOf("insert User")).toBeLessThan(steps.indexOf("insert Post"));
    expect(steps).toContain("insert Tag");
    expect(String(plan)).toMatch(/^1\. /);
    expect(String(plan)).toMatch(/insert User \(1\)/);
    await session.commit();
    expect(log.count("INSERT")).toBe(4);
  });

  test("tells inserts, updates and deletes apart, and leaves out what has no net change", async () => {
    const { Session } = await storeFor(reg);
    await using session = Session();
    const [ann, bob, cid] = ["Ann", "Bob", "Cid"].map((name) => make(User, { name }));
    session.addAll([ann, bob, cid]);
    await session.commit();
    for (const user of [ann, bob, cid]) await session.refresh(user);
    ann.name = "Anna";
    bob.name = "Bob";
    await session.noAutoflush(() => session.delete(cid));
    session.add(make(User, { name: "Dan" }));
    const { steps } = await session.explainFlush();
    const find = (action: string) =>
      steps.filter((s) => s.action === action && s.subject === "User").flatMap((s) => s.objects);
    expect(find("insert")).toEqual([expect.any(User)]);
    expect(find("update")).toEqual([ann]);
    expect(find("delete")).toEqual([cid]);
    await session.rollback();
  });

  test("of a clean session is empty, and says so", async () => {
    const { Session } = await storeFor(reg);
    await using session = Session();
    const plan = await session.explainFlush();
    expect(plan.steps).toEqual([]);
    expect(String(plan)).toBe("nothing to flush");
  });

  test("a flush after it does what it does without it", async () => {
    const { Session } = await storeFor(reg);
    await using session = Session();
    const user = make(User, { name: "Ann", posts: [make(Post, { title: "one" }), make(Post, { title: "two" })] });
    session.add(user);
    await session.commit();
    await session.refresh(user, ["posts"]);
    user.posts.shift();
    user.posts.push(make(Post, { title: "three" }));
    await session.explainFlush();
    await session.explainFlush();
    await session.commit();
    await session.refresh(user, ["posts"]);
    expect(user.posts.map((p) => p.title)).toEqual(["two", "three"]);
  });
});
