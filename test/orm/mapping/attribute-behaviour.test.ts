/** Changing attribute behaviour: validators, accessor pairs, synonyms, comparators, events of attributes and objects, values changed in place. */
import { describe, expect, expectTypeOf, test, vi } from "vitest";
import {
  attrs,
  awaitable,
  Column,
  create,
  event,
  filterWarnings,
  func,
  inspect,
  ManyToOne,
  OneToMany,
  type OptionalProps,
  PrimaryKey,
  Reconstructor,
  type Relation,
  registry,
  type SQLType,
  type StrExpr,
  Synonym,
  select,
  TypeDecorator,
  t,
  update,
  Validates,
} from "../../../src/index.js";
import { make, storeFor } from "../support.js";

const reg = registry();

@reg.Entity("users")
class User {
  declare [OptionalProps]?: "id" | "email" | "handle" | "login";
  @PrimaryKey() id!: number;
  @Column(t.text, { nullable: true }) email!: string | null;
  @Column(t.text, {
    nullable: true,
    comparator: (c: StrExpr<string>) => ({
      eq: (other: string) => func.lower(c).eq(other.toLowerCase()),
      desc: () => func.lower(c).desc(),
    }),
  })
  handle!: string | null;
  @Synonym("handle") login!: string | null;
  @OneToMany(
    () => Post,
    (p) => p.user,
    { orderBy: "id" },
  )
  posts!: Post[];

  @Validates("email")
  checkEmail(key: string, email: string | null): string | null {
    if (email !== null && !email.includes("@")) throw new Error(`${key}: "${email}" is no address`);
    return email === null ? null : email.toLowerCase();
  }

  seen: undefined | [string, string, boolean | undefined][];
  @Validates("posts", { includeRemoves: true })
  checkPost(key: string, post: Relation<Post>, isRemove: boolean): Relation<Post> {
    this.seen ??= [];
    this.seen.push([key, post.title, isRemove]);
    if (post.title === "spam") throw new Error("no spam");
    return post;
  }
}

@reg.Entity("posts")
class Post {
  declare [OptionalProps]?: "id";
  @PrimaryKey() id!: number;
  @Column() title!: string;
  @ManyToOne(
    () => User,
    (u) => u.posts,
  )
  user!: Relation<User> | null;

  owners: undefined | string[];
  @Validates("user", { includeBackrefs: false })
  checkUser(_key: string, user: User | null): User | null {
    this.owners ??= [];
    this.owners.push(user?.email ?? "none");
    return user;
  }
}

interface Profile {
  name: string;
  tags: string[];
  deep?: { list: { n: number }[] };
}

@reg.Entity("profiles")
class ProfileRow {
  declare [OptionalProps]?: "id" | "plain";
  @PrimaryKey() id!: number;
  @Column(t.json, { mutable: true }) data!: Profile;
  @Column(t.json, { nullable: true }) plain!: Profile | null;
}

describe("validators", () => {
  test("[AB-01] a validator sees each assignment and may replace the value; a throw leaves the old one", () => {
    const user = make(User, { email: "A@X" });
    expect(user.email).toBe("a@x");
    expect(() => {
      user.email = "nobody";
    }).toThrow('email: "nobody" is no address');
    expect(user.email).toBe("a@x");
    user.email = null;
    expect(user.email).toBe(null);
    expect(create(User, { email: "B@Y" }).email).toBe("b@y");
  });

  test("[AB-01] it sees each member that comes into a collection, by append and by assignment", () => {
    const user = new User();
    user.posts.push(make(Post, { title: "a" }));
    expect(() => user.posts.push(make(Post, { title: "spam" }))).toThrow("no spam");
    expect(user.posts.map((p) => p.title)).toEqual(["a"]);
    user.posts = [user.posts[0], make(Post, { title: "b" })];
    expect(user.seen).toEqual([
      ["posts", "a", false],
      ["posts", "spam", false],
      ["posts", "b", false],
    ]);
  });

  test("[AB-01] members that are assigned together come in all or not at all", () => {
    const user = make(User, { email: "a@x" });
    const [first, second] = ["a", "b"].map((title) => make(Post, { title }));
    user.posts = [first];
    expect(() => {
      user.posts = [second, make(Post, { title: "spam" })];
    }).toThrow("no spam");
    expect([user.posts, first.user, second.user ?? null]).toEqual([[first], user, null]);
    user.posts = [first, second];
    expect(user.seen?.map(([, title]) => title)).toEqual(["a", "b", "spam", "b"]);
  });

  test("[AB-02] includeRemoves tells of removals, includeBackrefs of the other side", () => {
    const user = make(User, { email: "a@x" });
    const post = make(Post, { title: "a" });
    user.posts.push(post);
    expect(post.owners).toBe(undefined);
    user.posts.pop();
    expect(user.seen).toEqual([
      ["posts", "a", false],
      ["posts", "a", true],
    ]);
    post.user = user;
    expect(post.owners).toEqual(["a@x"]);
    // The backref calls the user's validator, whose includeBackrefs is the default.
    expect(user.seen?.length).toBe(3);
  });

  test("[AB-02] a subclass's method of the same name stands in for its parent's; its own validators hear its own objects only", () => {
    const own = registry();
    const calls: string[] = [];
    @own.Entity("animals", { polymorphicOn: "kind", polymorphicIdentity: "animal" })
    class Animal {
      @PrimaryKey() id!: number;
      @Column(t.text) kind!: string;
      @Column() name!: string;
      @Validates("name")
      checkName(_key: string, name: string): string {
        calls.push("animal");
        return name;
      }
    }
    @own.Entity({ polymorphicIdentity: "dog" })
    class Dog extends Animal {
      @Validates("name")
      override checkName(_key: string, name: string): string {
        calls.push("dog");
        return `${name}!`;
      }
      @Validates("name")
      second(_key: string, name: string): string {
        calls.push("second");
        return name;
      }
    }
    expect(make(Dog, { name: "Rex" }).name).toBe("Rex!");
    expect(calls).toEqual(["dog", "second"]);
    calls.length = 0;
    expect(make(Animal, { name: "Cat" }).name).toBe("Cat");
    expect(calls).toEqual(["animal"]);
  });

  test("[AB-01] a validator of an attribute that is not there is refused with those that are", () => {
    const own = registry();
    @own.Entity("things")
    class Thing {
      @PrimaryKey() id!: number;
      @Validates("nme") check(): void {}
    }
    expect(() => new Thing()).toThrow(
      /^Thing\.check: @Validates\(\) names "nme"\. Thing has no mapped attribute "nme"\. It has: id\.$/,
    );
  });

  test("[AB-01] loading does not validate", async () => {
    const { engine, Session } = await storeFor(reg);
    await engine.begin(async (c) => void (await c.execute(inserted())));
    await using session = Session();
    expect((await session.getOne(User, 1)).email).toBe("BAD");
  });
});

const inserted = () =>
  reg.metadata.tables
    .get("users")!
    .insert()
    .values({ id: 1, email: "BAD" } as never);

describe("synonyms and comparators", () => {
  test("[AB-04] two names read, write, filter and load one column", async () => {
    const { Session } = await storeFor(reg);
    await using session = Session();
    const user = create(User, { login: "Ed" });
    expect(user.handle).toBe("Ed");
    user.login = "Eve";
    session.add(user);
    await session.commit();
    expect(await awaitable(user).handle).toBe("Eve");
    expect(user.login).toBe("Eve");
    const u = attrs(User);
    expectTypeOf(u.login).toExtend<StrExpr<string | null, User>>();
    expect(await session.scalars(select(User).where(u.login.like("E%"))).one()).toBe(user);
    expect(await session.scalars(select(u.login)).all()).toEqual(["Eve"]);
    expect(await session.scalars(select(User).filterBy({ login: "eve" })).one()).toBe(user);
    await session.execute(update(User).all().values({ login: "Ann" }));
    expect(await session.scalars(select(u.handle)).all()).toEqual(["Ann"]);
    expect(inspect(User).synonyms.map((s) => s.key)).toEqual(["login"]);
  });

  test("[AB-05] a class attribute redefines eq and order", async () => {
    const { Session } = await storeFor(reg);
    await using session = Session();
    session.addAll([
      create(User, { handle: "bob" }),
      create(User, { handle: "ANN" }),
      create(User, { handle: "Carl" }),
    ]);
    await session.commit();
    const u = attrs(User);
    expect(await session.scalars(select(u.handle).where(u.handle.eq("Ann"))).all()).toEqual(["ANN"]);
    expect(await session.scalars(select(u.handle).orderBy(u.handle.desc())).all()).toEqual(["Carl", "bob", "ANN"]);
    // What the comparator leaves out stays as it was.
    expect(await session.scalars(select(u.handle).where(u.handle.like("C%"))).all()).toEqual(["Carl"]);
  });
});

describe("attribute events", () => {
  test("[SV-07] a listener may replace the value that is set, or refuse it", async () => {
    const stop = new AbortController();
    const u = attrs(User);
    event.listen(
      u.handle,
      "set",
      (user, value, previous) => {
        expectTypeOf(user).toEqualTypeOf<User>();
        expectTypeOf(value).toEqualTypeOf<string | null>();
        if (value === "no") throw new Error("refused");
        return value === null ? undefined : `${value}:${previous ?? "-"}`;
      },
      { signal: stop.signal },
    );
    const user = make(User, { handle: "a" });
    expect(user.handle).toBe("a:-");
    user.handle = "b";
    expect(user.handle).toBe("b:a:-");
    expect(() => {
      user.handle = "no";
    }).toThrow("refused");
    expect(user.handle).toBe("b:a:-");
    stop.abort();
    user.handle = "c";
    expect(user.handle).toBe("c");
    // @ts-expect-error a column sends no append
    expect(() => event.listen(u.handle, "append", () => {})).toThrow(/User\.handle sends no event "append"/);
  });

  test("[SV-07] append and remove of a collection, and set of a relation to one", () => {
    const u = attrs(User);
    const p = attrs(Post);
    const appended = vi.fn((_user: User, post: Post) =>
      post.title === "swap" ? make(Post, { title: "other" }) : undefined,
    );
    const removed = vi.fn();
    const set = vi.fn();
    event.listen(u.posts, "append", appended);
    event.listen(u.posts, "remove", removed);
    event.listen(p.user, "set", set);
    const user = new User();
    const post = make(Post, { title: "a" });
    user.posts.push(post, make(Post, { title: "swap" }));
    expect(user.posts.map((each) => each.title)).toEqual(["a", "other"]);
    expect(set).toHaveBeenCalledWith(
      post,
      user,
      undefined,
      expect.objectContaining({ key: "posts", operation: "append" }),
    );
    user.posts = [];
    // Each is heard of twice, as in SQLAlchemy: from the list that was replaced, and from the other side, which takes it out of the new one.
    expect(removed).toHaveBeenCalledTimes(4);
    removed.mockClear();
    user.posts.push(post);
    user.posts.splice(0, 1);
    expect(removed).toHaveBeenCalledTimes(1);
    user.posts.push(post);
    post.user = null;
    expect(removed).toHaveBeenCalledTimes(2);
    event.remove(u.posts, "append", appended);
    event.remove(u.posts, "remove", removed);
    event.remove(p.user, "set", set);
    user.posts.push(post);
    expect([appended.mock.calls.length, set.mock.calls.length]).toEqual([4, 8]);
  });

  test("[SV-07] a listener on a subclass's attribute hears the subclass only", () => {
    const own = registry();
    @own.Entity("shapes", { polymorphicOn: "kind", polymorphicIdentity: "shape" })
    class Shape {
      @PrimaryKey() id!: number;
      @Column(t.text) kind!: string;
      @Column() name!: string;
    }
    @own.Entity({ polymorphicIdentity: "circle" })
    class Circle extends Shape {}
    const heard: object[] = [];
    event.listen(attrs(Circle).name, "set", (circle) => void heard.push(circle));
    make(Shape, { name: "s" });
    const circle = make(Circle, { name: "c" });
    expect(heard).toEqual([circle]);
  });
});

describe("events of objects", () => {
  test("[SV-08] [MS-21] load runs once for each object and not the constructor; refresh and expire name attributes", async () => {
    const own = registry();
    let constructed = 0;
    @own.Entity("jobs")
    class Job {
      @PrimaryKey() id!: number;
      @Column() name!: string;
      @Column({ serverDefault: func.now() }) at!: Date;
      cache: undefined | Map<string, number>;
      constructor() {
        constructed++;
      }
      @Reconstructor()
      prepare(): void {
        this.cache = new Map([[this.name, 1]]);
      }
    }
    const seen: string[] = [];
    event.listen(Job, "init", (job) => void seen.push(`init ${job instanceof Job}`));
    event.listen(Job, "load", (job) => void seen.push(`load ${job.name}`));
    event.listen(Job, "refresh", (_job, names) => void seen.push(`refresh ${names?.join(",")}`));
    event.listen(Job, "refreshFlush", (_job, names) => void seen.push(`refreshFlush ${names.join(",")}`));
    event.listen(Job, "expire", (_job, names) => void seen.push(`expire ${names?.join(",")}`));
    const { Session } = await storeFor(own);
    await using session = Session({ expireOnCommit: false });
    const made = make(Job, { name: "a" });
    session.add(made);
    await session.flush();
    expect(seen[0]).toBe("init true");
    expect(seen[1]).toMatch(/^refreshFlush (id|id,at|at)$/);
    await session.commit();
    session.expungeAll();
    seen.length = 0;
    const job = await session.getOne(Job, 1);
    expect(await session.scalars(select(Job)).all()).toEqual([job]);
    expect(job.cache?.get("a")).toBe(1);
    expect([constructed, seen]).toEqual([1, ["load a"]]);
    session.expire(job, ["name"]);
    expect(await awaitable(job).name).toBe("a");
    session.expire(job);
    await session.refresh(job);
    expect(seen.slice(1)).toEqual([
      "expire name",
      "refresh name",
      "expire undefined",
      // A refresh expires first.
      "expire undefined",
      "refresh undefined",
    ]);
  });

  test("refreshFlush hears what a flush gives an object: by the program's default and onupdate, or by the database's", async () => {
    const own = registry();
    @own.Entity("tasks")
    class Task {
      @PrimaryKey() id!: number;
      @Column() name!: string;
      @Column(t.integer, { default: () => 5, onupdate: () => 10 }) round!: number;
      @Column(t.integer, { default: 1 }) size!: number;
      @Column(t.integer, { serverDefault: "7" }) made!: number;
    }
    const heard: string[] = [];
    event.listen(Task, "refreshFlush", (task, names) => {
      for (const name of names) if (name !== "id") heard.push(`${name} ${task[name as keyof Task]}`);
    });
    const { Session } = await storeFor(own, { expireOnCommit: false });
    await using session = Session();
    const [first, second] = [make(Task, { name: "a" }), make(Task, { name: "b", size: 3 })];
    session.addAll([first, second]);
    await session.flush();
    expect(heard.sort()).toEqual(["made 7", "made 7", "round 5", "round 5", "size 1"]);
    heard.length = 0;
    first.name = "again";
    await session.flush();
    expect(heard).toEqual(["round 10"]);
    heard.length = 0;
    second.round = 6;
    await session.flush();
    expect(heard).toEqual([]);
  });

  test("[SV-11] a listener on a mixin's or abstract base's class covers classes that are mapped later", async () => {
    const own = registry();
    @own.Entity({ abstract: true })
    class Base {
      @PrimaryKey() id!: number;
    }
    const seen: string[] = [];
    event.listen(Base, "load", (object) => void seen.push(object.constructor.name));
    @own.Entity("late")
    class Late extends Base {}
    const { Session } = await storeFor(own);
    await using session = Session();
    session.add(new Late());
    await session.commit();
    session.expungeAll();
    await session.scalars(select(Late)).all();
    expect(seen).toEqual(["Late"]);
  });
});

describe("values that are changed in place", () => {
  async function row(data: Profile) {
    const { Session } = await storeFor(reg);
    const session = Session();
    const object = create(ProfileRow, { data });
    session.add(object);
    await session.commit();
    await session.refresh(object);
    return { session, object };
  }
  const stored = async (object: ProfileRow, session: Awaited<ReturnType<typeof row>>["session"]) => {
    await session.commit();
    await session.refresh(object);
    return object.data;
  };

  test("[XU-01] a change at any depth marks the owner as modified and is written", async () => {
    const { session, object } = await row({ name: "a", tags: ["x"], deep: { list: [{ n: 1 }] } });
    await using _ = session;
    expect(inspect(object).modified).toBe(false);
    object.data.name = "b";
    expect(inspect(object).modified).toBe(true);
    expect(inspect(object).attrs["data"].history.deleted).toEqual([
      { name: "a", tags: ["x"], deep: { list: [{ n: 1 }] } },
    ]);
    expect((await stored(object, session)).name).toBe("b");
    object.data.tags.push("y");
    expect((await stored(object, session)).tags).toEqual(["x", "y"]);
    object.data.deep!.list[0].n = 2;
    object.data.deep!.list.unshift({ n: 0 });
    expect((await stored(object, session)).deep).toEqual({ list: [{ n: 0 }, { n: 2 }] });
    delete object.data.deep;
    expect(await stored(object, session)).toEqual({ name: "b", tags: ["x", "y"] });
  });

  test("[XU-01] a change that is taken back writes nothing, and reading changes nothing", async () => {
    const { session, object } = await row({ name: "a", tags: ["x"] });
    await using _ = session;
    expect(object.data).toBe(object.data);
    expect(object.data.tags.map((tag) => tag.toUpperCase())).toEqual(["X"]);
    expect(JSON.stringify(object.data)).toBe('{"name":"a","tags":["x"]}');
    expect(inspect(object).modified).toBe(false);
    object.data.tags.push("y");
    object.data.tags.pop();
    expect(session.isModified(object)).toBe(false);
  });

  test("[XU-01] a value given to another object is a copy there; a replaced value speaks for no object", async () => {
    const { session, object } = await row({ name: "a", tags: [] });
    await using _ = session;
    const other = create(ProfileRow, { data: object.data });
    session.add(other);
    await session.flush();
    other.data.name = "b";
    expect([object.data.name, inspect(object).modified]).toEqual(["a", false]);
    const old = object.data;
    object.data = { name: "new", tags: [] };
    await session.commit();
    await session.refresh(object);
    old.name = "late";
    expect([object.data.name, inspect(object).modified]).toEqual(["new", false]);
  });

  test("[XU-01] a value is the object's own: what was given, a default, and what it had before are not changed with it", async () => {
    const own = registry();
    @own.Entity("shared")
    class Shared {
      @PrimaryKey() id!: number;
      @Column(t.json, { mutable: true, default: { list: [] } }) data!: { list: number[]; name?: string };
    }
    const { Session } = await storeFor(own, { expireOnCommit: false });
    await using session = Session();
    const given = { list: [1] };
    const [a, b, c, d] = [make(Shared, { data: given }), make(Shared, { data: given }), new Shared(), new Shared()];
    session.addAll([a, b, c, d]);
    await session.commit();
    given.list.push(2);
    a.data.list.push(3);
    c.data.list.push(4);
    expect([a, b, c, d].map((each) => each.data.list)).toEqual([[1, 3], [1], [4], []]);
    expect([a, b, c, d].map((each) => inspect(each).modified)).toEqual([true, false, true, false]);
    await session.commit();
    // Assigned to itself it stays, and what it was is known.
    const itself = a.data;
    a.data = itself;
    a.data.name = "a";
    expect(inspect(a).attrs["data"].history.deleted).toEqual([{ list: [1, 3] }]);
    const old = b.data;
    b.data = { list: [5] };
    old.list[0] = 5;
    expect([session.isModified(a), session.isModified(b)]).toEqual([true, true]);
    await session.commit();
    await session.refresh(b);
    expect(b.data).toEqual({ list: [5] });
    await session.commit();
    await using other = Session();
    const merged = await other.merge(b);
    merged.data.list.push(6);
    expect([b.data.list, inspect(merged).modified]).toEqual([[5], true]);
  });

  test("[XU-01] a change to a value that its object lost by expiry is a warning; what cannot be watched is refused", async () => {
    const { session, object } = await row({ name: "a", tags: [] });
    await using _ = session;
    const { data } = object;
    session.expire(object);
    using _warnings = filterWarnings("error");
    expect(() => {
      data.name = "lost";
    }).toThrow(/^What was read from ProfileRow\.data is no longer that of ProfileRow\(1\)/);
    class Odd {
      name = "x";
      tags = [];
    }
    expect(() => {
      object.data = new Odd();
    }).toThrow(
      'ProfileRow.data is mutable: true, which watches plain objects, arrays, Sets and Maps, and was given an instance of Odd, whose changes nobody would see. Give it a plain value, or leave mutable: true out and call flagModified(object, "data") after a change.',
    );
  });

  test("[XU-01] Sets and Maps are watched as objects and arrays are", async () => {
    class Labels extends TypeDecorator<Map<string, Set<string>>, string> {
      readonly impl: SQLType<string> = t.text;
      override processBindParam(value: Map<string, Set<string>>): string {
        return JSON.stringify([...value].map(([key, set]) => [key, [...set]]));
      }
      override processResultValue(text: string): Map<string, Set<string>> {
        return new Map((JSON.parse(text) as [string, string[]][]).map(([key, list]) => [key, new Set(list)]));
      }
      override equals(a: Map<string, Set<string>>, b: Map<string, Set<string>>): boolean {
        return this.processBindParam(a) === this.processBindParam(b);
      }
    }
    const own = registry();
    @own.Entity("labelled")
    class Labelled {
      @PrimaryKey() id!: number;
      @Column(new Labels(), { mutable: true }) labels!: Map<string, Set<string>>;
    }
    const { Session } = await storeFor(own);
    await using session = Session();
    const object = make(Labelled, { labels: new Map([["a", new Set(["x"])]]) });
    session.add(object);
    const stored = async () => {
      await session.commit();
      await session.refresh(object);
      return object.labels;
    };
    const labels = await stored();
    expect([labels instanceof Map, labels.size, labels.get("a")?.has("x"), [...labels.keys()]]).toEqual([
      true,
      1,
      true,
      ["a"],
    ]);
    labels.get("a")?.add("x");
    labels.delete("none");
    expect(inspect(object).modified).toBe(false);
    labels.get("a")?.add("y");
    expect(inspect(object).attrs["labels"].history.deleted).toEqual([new Map([["a", new Set(["x"])]])]);
    expect((await stored()).get("a")).toEqual(new Set(["x", "y"]));
    for (const [, set] of object.labels) set.delete("x");
    object.labels.set("b", new Set()).set("c", new Set(["z"]));
    expect([...(await stored())]).toEqual([
      ["a", new Set(["y"])],
      ["b", new Set()],
      ["c", new Set(["z"])],
    ]);
    object.labels.forEach((set) => set.clear());
    object.labels.delete("b");
    expect([...(await stored()).values()]).toEqual([new Set(), new Set()]);
    object.labels.clear();
    expect((await stored()).size).toBe(0);
  });

  test("[XU-01] without mutable: true a change in place is not noticed", async () => {
    const { session, object } = await row({ name: "a", tags: [] });
    await using _ = session;
    object.plain = { name: "p", tags: [] };
    await session.commit();
    await session.refresh(object);
    (object.plain as Profile).name = "q";
    expect(inspect(object).modified).toBe(false);
  });
});
