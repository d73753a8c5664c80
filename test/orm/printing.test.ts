import { inspect as print } from "node:util";
import { describe, expect, test } from "vitest";
import {
  Column,
  ManyToOne,
  OneToMany,
  PrimaryKey,
  type Relation,
  registry,
  selectinload,
  t,
  toObject,
} from "../../src/index.js";
import { recordStatements } from "../support/statements.js";
import { make, storeFor } from "./support.js";

const reg = registry();

@reg.Entity("users")
class User {
  @PrimaryKey() id!: number;
  @Column(t.string(20)) name!: string;
  @Column(t.text, { deferred: true, nullable: true }) bio!: string | null;
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
  @Column(t.string(20)) title!: string;
  @ManyToOne(
    () => User,
    (u) => u.posts,
  )
  author!: Relation<User> | null;
}

@reg.Entity("secrets")
class Secret {
  @PrimaryKey() id!: number;
  @Column(t.string(20)) word!: string;
  toJSON() {
    return { id: this.id };
  }
}

async function loaded(eager: boolean) {
  const store = await storeFor(reg, { expireOnCommit: false });
  await store.Session.begin((s) =>
    s.add(make(User, { name: "Ann", bio: "long", seen: new Date(0), posts: [make(Post, { title: "one" })] })),
  );
  const session = store.Session();
  const user = await session.getOne(User, 1, { options: eager ? [selectinload(User, (u) => u.posts)] : [] });
  return { ...store, session, user };
}

describe("an entity as text or plain data", () => {
  test("toJSON, console.log and toObject never load", async () => {
    const { engine, session, user } = await loaded(false);
    await using _ = session;
    using log = recordStatements(engine);
    expect(JSON.parse(JSON.stringify(user))).toEqual({ id: 1, name: "Ann", seen: "1970-01-01T00:00:00.000Z" });
    expect(toObject(user)).toEqual({ id: 1, name: "Ann", seen: new Date(0) });
    expect(print(user)).toMatch(/name: 'Ann'/);
    expect(print(user)).not.toMatch(/bio|posts/);
    await session.runSync(() => {
      JSON.stringify(user);
      print(user);
      toObject(user);
    });
    expect(log.count()).toBe(0);
    expect(session.dirty.size).toBe(0);
  });

  test("show what is loaded, related objects included, and no object on its own path", async () => {
    const { session, user } = await loaded(true);
    await using _ = session;
    expect(user.posts[0].author).toBe(user);
    const post = { id: 1, title: "one", authorId: 1 };
    expect(toObject(user)).toEqual({ id: 1, name: "Ann", seen: new Date(0), posts: [post] });
    expect(JSON.parse(JSON.stringify(user)).posts).toEqual([post]);
    expect(toObject(user.posts[0])).toMatchObject({ title: "one", author: { name: "Ann" } });
    expect(toObject(user, { depth: 0 })).toEqual({ id: 1, name: "Ann", seen: new Date(0) });
  });

  test("work on expired, detached and new objects", async () => {
    const { session, user } = await loaded(true);
    session.expire(user);
    expect(JSON.stringify(user)).toBe("{}");
    await session.close();
    expect(toObject(user)).toEqual({});
    expect(print(user)).toBeTypeOf("string");
    expect(toObject(make(User, { name: "New" }))).toEqual({ name: "New" });
    expect(print(make(User, { name: "New" }))).toMatch(/New/);
  });

  test("console.log names the class", async () => {
    const { session, user } = await loaded(false);
    await using _ = session;
    expect(print(user)).toMatch(/User/);
  });

  test("a class's own toJSON wins", () => {
    expect(JSON.stringify(make(Secret, { id: 1, word: "x" }))).toBe('{"id":1}');
  });

  test("the prototype itself can be printed", () => {
    expect(() => print(User.prototype)).not.toThrow();
    expect(() => print(User)).not.toThrow();
  });

  test("toObject refuses what is no entity", () => {
    expect(() => toObject({})).toThrow(/takes an object of a mapped class/);
  });

  test("a collection prints as an array of its members", async () => {
    const { session, user } = await loaded(true);
    await using _ = session;
    expect(JSON.parse(JSON.stringify(user.posts))).toMatchObject([{ title: "one" }]);
    expect(print(user.posts)).toMatch(/one/);
  });
});
