import { describe, expect, test } from "vitest";
import {
  Column,
  create,
  inspect,
  ManyToMany,
  ManyToOne,
  OneToMany,
  OneToOne,
  PrimaryKey,
  type Relation,
  registry,
  t,
} from "../../../src/index.js";
import { make, storeFor } from "../support.js";

const reg = registry();

@reg.Entity("users")
class User {
  @PrimaryKey() id!: number;
  @OneToMany(
    () => Post,
    (p) => p.author,
    { orderBy: "id" },
  )
  posts!: Post[];
  @OneToMany(
    () => Post,
    (p) => p.editor,
  )
  edited!: Post[];
  @OneToOne(() => Desk, { backPopulates: "user" }) desk!: Relation<Desk> | null;
}

@reg.Entity("posts")
class Post {
  @PrimaryKey() id!: number;
  @Column(t.string(20), { nullable: true }) title!: string | null;
  @ManyToOne(
    () => User,
    (u) => u.posts,
  )
  author!: Relation<User> | null;
  @ManyToOne(() => User, { backPopulates: "edited" }) editor!: Relation<User> | null;
  @ManyToMany(
    () => Tag,
    (g) => g.posts,
  )
  tags!: Tag[];
}

@reg.Entity("tags")
class Tag {
  @PrimaryKey() id!: number;
  @ManyToMany(
    () => Post,
    (p) => p.tags,
  )
  posts!: Post[];
}

@reg.Entity("desks")
class Desk {
  @PrimaryKey() id!: number;
  @OneToOne(
    () => User,
    (u) => u.desk,
    { owner: true },
  )
  user!: Relation<User> | null;
}

describe("[RB-07] both sides agree in memory right after the assignment, before any flush", () => {
  test("setting the many-to-one puts the object into the collection", () => {
    const [user, post] = [new User(), new Post()];
    post.author = user;
    expect(user.posts).toEqual([post]);
    expect(user.posts).toBe(user.posts);
  });

  test("appending to the collection sets the many-to-one", () => {
    const [user, post] = [new User(), new Post()];
    user.posts.push(post);
    expect(post.author).toBe(user);
  });

  test("moving along the many-to-one leaves the former collection", () => {
    const [alice, bob, post] = [new User(), new User(), new Post()];
    post.author = alice;
    post.author = bob;
    expect([alice.posts, bob.posts]).toEqual([[], [post]]);
    post.author = null;
    expect(bob.posts).toEqual([]);
  });

  test("appending to another collection leaves the former one", () => {
    const [alice, bob, post] = [new User(), new User(), new Post()];
    alice.posts.push(post);
    bob.posts.push(post);
    expect(alice.posts).toEqual([]);
    expect(post.author).toBe(bob);
  });

  test("setting the same value again does not add it twice", () => {
    const [user, post] = [new User(), new Post()];
    post.author = user;
    post.author = user;
    user.posts.push(post);
    post.author = user;
    expect(user.posts.filter((p) => p === post).length).toBeGreaterThanOrEqual(1);
    const other = new User();
    post.author = other;
    expect(other.posts).toEqual([post]);
    expect(post.author).toBe(other);
  });

  test("two relationships between the same classes are kept apart", () => {
    const [alice, bob, post] = [new User(), new User(), new Post()];
    post.author = alice;
    bob.edited.push(post);
    expect([post.author, post.editor]).toEqual([alice, bob]);
    expect([alice.posts.length, alice.edited.length, bob.posts.length, bob.edited.length]).toEqual([1, 0, 0, 1]);
  });

  test("a one-to-one, named by a string on one side, holds both ways and lets go of former partners", () => {
    const [alice, bob] = [new User(), new User()];
    const [one, two] = [new Desk(), new Desk()];
    alice.desk = one;
    bob.desk = two;
    expect([one.user, two.user]).toEqual([alice, bob]);
    two.user = alice;
    expect([alice.desk, bob.desk]).toEqual([two, null]);
  });

  test("many-to-many, from either side", () => {
    const [post, tag] = [new Post(), new Tag()];
    tag.posts.push(post);
    expect(post.tags).toEqual([tag]);
    post.tags = [];
    expect(tag.posts).toEqual([]);
  });

  test("in the constructor's values, by create() and Object.assign", () => {
    const post = make(Post, { title: "x" });
    const user = create(User, { id: 1, posts: [post] } as never);
    expect(post.author).toBe(user);
    const other = Object.assign(new Post(), { author: user });
    expect(user.posts).toEqual([post, other]);
  });
});

describe("back-population in a session", () => {
  async function filled() {
    const store = await storeFor(reg, { expireOnCommit: false });
    await store.Session.begin((s) => {
      s.add(make(User, { posts: [make(Post, { title: "a" }), make(Post, { title: "b" })] }));
      s.add(make(User, { posts: [] }));
    });
    return store;
  }

  test("an unloaded collection on the other side is left alone, and is right when it loads", async () => {
    const { Session } = await filled();
    await using session = Session();
    const [alice, bob] = [await session.getOne(User, 1), await session.getOne(User, 2)];
    const post = await session.getOne(Post, 1);
    expect(post.author).toBe(alice);
    post.author = bob;
    expect([inspect(alice).attrs["posts"].loaded, inspect(bob).attrs["posts"].loaded]).toEqual([false, false]);
    await session.noAutoflush(async () => {
      await session.runSync(() => {
        expect(alice.posts.map((p) => p.title)).toEqual(["b"]);
        expect(bob.posts).toEqual([post]);
      });
    });
    await session.commit();
    await session.refresh(bob, ["posts"]);
    expect(bob.posts).toEqual([post]);
  });

  test("[SC-02] appending to a session's object adds the child; the reverse assignment does not", async () => {
    const { Session } = await filled();
    await using session = Session();
    const alice = await session.getOne(User, 1);
    await session.refresh(alice, ["posts"]);
    const pushed = new Post();
    alice.posts.push(pushed);
    expect(session.has(pushed)).toBe(true);
    const assigned = new Post();
    assigned.author = alice;
    expect(session.has(assigned)).toBe(false);
    expect(alice.posts).toContain(assigned);
  });

  test("a loaded collection that a move emptied stays so after the flush", async () => {
    const { Session } = await filled();
    await using session = Session();
    const [alice, bob] = [await session.getOne(User, 1), await session.getOne(User, 2)];
    await session.refresh(alice, ["posts"]);
    await session.refresh(bob, ["posts"]);
    bob.posts = alice.posts;
    await session.flush();
    expect([alice.posts.length, bob.posts.length]).toEqual([0, 2]);
    session.expireAll();
    await session.runSync(() => expect([alice.posts.length, bob.posts.length]).toEqual([0, 2]));
  });
});
