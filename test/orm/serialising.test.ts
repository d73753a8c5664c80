import { execFileSync } from "node:child_process";
import { describe, expect, expectTypeOf, test } from "vitest";
import {
  assign,
  attributeKeyedDict,
  attrs,
  Column,
  deserialize,
  fromObject,
  inspect,
  ManyToMany,
  ManyToOne,
  mergeFrozenResult,
  OneToMany,
  PrimaryKey,
  type Relation,
  registry,
  select,
  selectinload,
  serialize,
  t,
  text,
  toObject,
} from "../../src/index.js";
import { recordStatements } from "../support/statements.js";
import { make, storeFor } from "./support.js";

const reg = registry();

@reg.Entity("users")
class User {
  @PrimaryKey() id!: number;
  @Column(t.string(20)) name!: string;
  @Column(t.string(20), { nullable: true }) password!: string | null;
  @Column(t.datetime, { nullable: true }) seen!: Date | null;
  @Column(t.bigint, { nullable: true }) big!: bigint | null;
  @Column(t.binary, { nullable: true }) bytes!: Uint8Array | null;
  @Column(t.json, { nullable: true }) data!: unknown;
  @OneToMany(
    () => Post,
    (p) => p.author,
    { cascade: ["all", "delete-orphan"], orderBy: "id" },
  )
  posts!: Post[];
  @ManyToMany(() => User, { secondary: "friends", joinColumns: ["a_id"], inverseJoinColumns: ["b_id"] })
  friends!: Set<User>;
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
  @OneToMany(
    () => Note,
    (n) => n.post,
    { collectionClass: attributeKeyedDict("kind") },
  )
  notes!: Map<string, Note>;
}

@reg.Entity("notes")
class Note {
  @PrimaryKey() id!: number;
  @Column(t.string(20)) kind!: string;
  @ManyToOne(
    () => Post,
    (p) => p.notes,
  )
  post!: Relation<Post> | null;
}

const FIRST = {
  id: 1,
  name: "Ann",
  password: "secret",
  seen: new Date(Date.UTC(2020, 1, 3)),
  big: 9007199254740993n,
  bytes: Buffer.from([1, 2, 3]),
  data: { $: "x", list: [1, null, { a: true }] },
};

async function filled() {
  const store = await storeFor(reg);
  await store.Session.begin((s) => {
    const ann = make(User, {
      ...FIRST,
      posts: [
        make(Post, { id: 1, title: "one", notes: new Map([["a", make(Note, { id: 1, kind: "a" })]]) }),
        make(Post, { id: 2, title: "two" }),
      ],
    });
    ann.friends.add(make(User, { id: 2, name: "Bob" }));
    s.add(ann);
  });
  return store;
}

/** The author of a post is in memory by then: it takes no statement. */
const graph = () =>
  select(User)
    .where((u) => u.id.eq(1))
    .options(
      selectinload(User, (u) => u.posts).selectinload((p) => p.notes),
      selectinload(User, (u) => u.posts).selectinload((p) => p.author),
      selectinload(User, (u) => u.friends),
    );

describe("toObject", () => {
  test("takes depth, include and exclude, by name and by path; keyed collections are objects", async () => {
    const { Session } = await filled();
    await using session = Session();
    const ann = await session.scalars(graph()).one();
    expect(toObject(ann, { include: ["name", "posts.title"] })).toEqual({
      name: "Ann",
      posts: [{ title: "one" }, { title: "two" }],
    });
    expect(toObject(ann, { include: ["name", "posts"], exclude: ["posts.notes", "posts.authorId"] })).toEqual({
      name: "Ann",
      posts: [
        { id: 1, title: "one" },
        { id: 2, title: "two" },
      ],
    });
    expect(toObject(ann, { depth: 1, exclude: ["seen", "big", "bytes", "data", "password", "friends"] })).toEqual({
      id: 1,
      name: "Ann",
      posts: [
        { id: 1, title: "one", authorId: 1 },
        { id: 2, title: "two", authorId: 1 },
      ],
    });
    expect(toObject(ann.posts[0], { include: ["notes.kind"] })).toEqual({ notes: { a: { kind: "a" } } });
    expect(() => toObject(ann, { include: ["posts.titel"] })).toThrow(
      'toObject(): include names "posts.titel". Post has no mapped attribute "titel"',
    );
    expect(() => toObject(ann, { exclude: ["name.first"] })).toThrow(
      'exclude names "name.first". "first" would be an attribute of a plain value.',
    );
  });
});

describe("assign and fromObject", () => {
  test("make entities of plain input, deep into relationships", async () => {
    const { Session } = await filled();
    await using session = Session();
    const user = fromObject(User, {
      name: "Cid",
      posts: [{ title: "x", notes: [{ kind: "k" }] as never }, make(Post, { title: "y" })],
    });
    expectTypeOf(user).toEqualTypeOf<User>();
    expect(user.posts[0]).toBeInstanceOf(Post);
    expect(user.posts[0].author).toBe(user);
    expect(user.posts[0].notes.get("k")?.post).toBe(user.posts[0]);
    session.add(Object.assign(user, { id: 9 }));
    Object.assign(user.posts[0], { id: 10 });
    Object.assign(user.posts[1], { id: 11 });
    Object.assign([...user.posts[0].notes.values()][0], { id: 12 });
    await session.commit();
    expect(await session.scalars(text("select title from posts where author_id = 9 order by id")).all()).toEqual([
      "x",
      "y",
    ]);
  });

  test("write into the loaded members that carry the same key, and drop the others", async () => {
    const { Session } = await filled();
    await using session = Session();
    const ann = await session.scalars(graph()).one();
    const [one] = ann.posts;
    assign(ann, {
      name: "Anna",
      posts: [
        { id: 1, title: "first" },
        { id: 3, title: "three" },
      ],
      password: undefined,
    });
    expect(ann.posts[0]).toBe(one);
    await session.commit();
    expect(await session.execute(text("select id, title from posts order by id")).all()).toEqual([
      [1, "first"],
      [3, "three"],
    ]);
    expect(await session.scalar(text("select password from users where id = 1"))).toBe("secret");
  });

  test("are strict: unknown and forbidden names and other keys are errors, or are passed over when told so", async () => {
    const { Session } = await filled();
    await using session = Session();
    const ann = await session.scalars(graph()).one();
    // @ts-expect-error no such attribute
    expect(() => assign(ann, { admin: true })).toThrow('User has no mapped attribute "admin"');
    expect(() => assign(ann, { posts: [{ titel: "x" }] } as never)).toThrow('Post has no mapped attribute "titel"');
    expect(() => assign(ann, { password: "x" }, { only: ["name", "posts.title"] })).toThrow(
      "User.password may not be set here: only name, posts, posts.title may.",
    );
    expect(() => assign(ann, { id: 5 })).toThrow(
      'User(1) is stored, and the input gives its "id" as 5: a primary key is not assigned from input.',
    );
    expect(() => assign(ann, { posts: "x" as never })).toThrow(
      'User.posts is a collection and takes an array, not "x".',
    );
    expect(() => assign(ann, { posts: ["x"] as never })).toThrow(
      'User.posts takes objects of Post or plain objects, not "x".',
    );
    expect(session.dirty.size).toBe(0);
    assign(ann, { name: "Anna", password: "x", admin: true } as never, { only: ["name"], unknown: "ignore" });
    expect([ann.name, ann.password]).toEqual(["Anna", "secret"]);
  });
});

describe("serialize and deserialize", () => {
  test("carry a graph with its types, cycles and identities; what comes back is detached and can be added", async () => {
    const { Session, engine } = await filled();
    const source = Session();
    const ann = await source.scalars(graph()).one();
    const taken = serialize(ann);
    await source.close();
    const copy = deserialize<User>(taken, reg);
    expect(copy).not.toBe(ann);
    expect(inspect(copy).detached).toBe(true);
    expect(toObject(copy, { depth: 0 })).toEqual(FIRST);
    expect(copy.posts[0].author).toBe(copy);
    expect(copy.posts[0].notes.get("a")?.kind).toBe("a");
    expect([...copy.friends].map((f) => f.name)).toEqual(["Bob"]);
    expect(inspect(copy).modified).toBe(false);
    await using session = Session();
    using log = recordStatements(engine);
    session.add(copy);
    copy.posts.pop();
    copy.name = "Anna";
    await session.commit();
    expect([log.count("SELECT"), log.count("UPDATE"), log.count("DELETE")]).toEqual([0, 1, 1]);
  });

  test("keep changes that were not flushed, expiry and new objects, and give several roots as a list", async () => {
    const { Session } = await filled();
    const source = Session();
    const ann = await source.scalars(graph()).one();
    ann.name = "Anna";
    ann.posts.push(make(Post, { id: 3, title: "three" }));
    const bob = await source.getOne(User, 2);
    source.expire(bob);
    const fresh = make(User, { id: 7, name: "new", posts: [make(Post, { id: 8, title: "p" })] });
    const taken = source.noAutoflush(() => serialize([ann, bob, fresh, ann]));
    await source.close();
    const [a, b, c, again] = deserialize<User[]>(taken, reg);
    expect(again).toBe(a);
    expect([...a.friends][0]).toBe(b);
    expect(inspect(b).expired).toBe(true);
    expect(inspect(a).attrs.name.history.deleted).toEqual(["Ann"]);
    expect(inspect(a).attrs.posts.history.added).toHaveLength(1);
    expect(inspect(c).transient).toBe(true);
    await using session = Session();
    session.addAll([a, c]);
    await session.commit();
    expect(await session.scalars(text("select name from users order by id")).all()).toEqual(["Anna", "Bob", "new"]);
    expect(await session.scalars(text("select title from posts order by id")).all()).toEqual([
      "one",
      "two",
      "three",
      "p",
    ]);
  });

  test("work from one process to another", async () => {
    const { Session } = await filled();
    await using session = Session();
    const taken = serialize(await session.scalars(graph()).one());
    // The text is plain JSON: another process hands it on byte for byte.
    const echoed = execFileSync(process.execPath, ["-e", "process.stdin.pipe(process.stdout)"], {
      input: taken,
    }).toString();
    const copy = deserialize<User>(echoed, reg);
    const merged = await session.merge(copy);
    expect(merged).toBe(await session.getOne(User, 1));
  });

  test("refuse what they cannot hold, and name classes that are not mapped", () => {
    expect(() => serialize(make(User, { data: { f: new URL("http://x") } }))).toThrow(
      "User.data holds an instance of URL, which serialize() cannot write.",
    );
    expect(() => deserialize(serialize(make(User, { name: "x" })), registry())).toThrow(
      "deserialize(): no class User is mapped in this registry.",
    );
    expect(() => deserialize("{}")).toThrow("deserialize() takes the text that serialize() made.");
  });

  test("walk a chain of 20,000 objects without recursion", () => {
    const deep = registry();
    @deep.Entity("links")
    class Link {
      @PrimaryKey() id!: number;
      @ManyToOne(() => Link) next!: Relation<Link> | null;
    }
    let head: Link | null = null;
    for (let id = 0; id < 20_000; id++) head = make(Link, { id, next: head });
    let length = 0;
    for (let at: Link | null = deserialize<Link>(serialize(head as Link), deep); at !== null; at = at.next) length++;
    expect(length).toBe(20_000);
  });
});

describe("a frozen result", () => {
  test("[QA-09] is thawed into another session with that session's own objects, without SQL", async () => {
    const { Session, engine } = await filled();
    const source = Session();
    const frozen = (await source.execute(select(User, attrs(User).name).orderBy(attrs(User).id))).freeze();
    await source.close();
    await using session = Session();
    const bob = await session.getOne(User, 2);
    using log = recordStatements(engine);
    const rows = (await mergeFrozenResult(session, frozen)).all();
    expect(rows.map(([user, name]) => [user.name, name])).toEqual([
      ["Ann", "Ann"],
      ["Bob", "Bob"],
    ]);
    expect(rows[1][0]).toBe(bob);
    expect(session.has(rows[0][0])).toBe(true);
    expect(log.count()).toBe(0);
    const again = (await mergeFrozenResult(session, frozen)).scalars().all();
    expect(again[0]).toBe(rows[0][0]);
    expect(frozen.thaw().all()).toHaveLength(2);
  });

  test("[QA-09] makes a query cache: the second session asks the cache and not the database; an entry can be dropped", async () => {
    const { Session, engine } = await filled();
    using log = recordStatements(engine);
    type Frozen = ReturnType<Awaited<ReturnType<typeof run>>["freeze"]>;
    const run = (session: ReturnType<typeof Session>) => session.execute(graph());
    const cache = new Map<string, Frozen>();
    const load = async (session: ReturnType<typeof Session>, name: string): Promise<User> => {
      let frozen = cache.get(name);
      if (frozen === undefined) {
        // Objects of the cache belong to no session: nothing expires or changes them.
        await using loader = Session();
        frozen = (await run(loader)).freeze();
        cache.set(name, frozen);
      }
      return (await mergeFrozenResult(session, frozen)).scalars().one();
    };
    for (const times of [1, 2]) {
      await using session = Session();
      const ann = await load(session, "ann");
      expect(ann.posts.map((p) => p.title)).toEqual(["one", "two"]);
      expect(session.has(ann.posts[0])).toBe(true);
      expect(log.count()).toBe(4);
      if (times === 2) ann.name = "Changed";
      await session.commit();
    }
    cache.clear();
    await using session = Session();
    expect((await load(session, "ann")).name).toBe("Changed");
  });
});
