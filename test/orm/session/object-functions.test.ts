import { describe, expect, test } from "vitest";
import {
  AsyncSession,
  attrs,
  Column,
  Composite,
  type CompositeOf,
  createEngine,
  event,
  flagDirty,
  flagModified,
  getHistory,
  type History,
  InvalidRequestError,
  identityKey,
  inspect,
  ManyToOne,
  makeTransient,
  makeTransientToDetached,
  OneToMany,
  objectSession,
  PrimaryKey,
  type Relation,
  registry,
  Session as SyncSession,
  Synonym,
  sessionmaker,
  setAttribute,
  setCommittedValue,
  t,
  UnmappedInstanceError,
  wasDeleted,
} from "../../../src/index.js";
import { recordStatements } from "../../support/statements.js";
import { make, storeFor } from "../support.js";

const reg = registry();

class Point {
  constructor(
    public x: number,
    public y: number,
  ) {}
}

@reg.Entity("users")
class User {
  @PrimaryKey() id!: number;
  @Column(t.string(50)) name!: string;
  @Column(t.json, { nullable: true }) settings!: { theme?: string } | null;
  @Synonym("name") login!: string;
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

@reg.Entity("spots")
class Spot {
  @PrimaryKey() id!: number;
  @Composite(Point, { x: t.integer, y: t.integer }, { nullable: true }) place!: CompositeOf<Point> | null;
}

const parts = ({ added, unchanged, deleted }: History) => [added, unchanged, deleted];

async function withAnn() {
  const store = await storeFor(reg, { expireOnCommit: false });
  const session = store.Session();
  const ann = make(User, { name: "Ann", settings: { theme: "light" }, posts: [] });
  session.add(ann);
  await session.commit();
  return { ...store, session, ann };
}

describe("functions over objects", () => {
  test("inspect(obj) tells what is in memory, what expired, and the history of an attribute", async () => {
    const { session, ann } = await withAnn();
    const state = inspect(ann);
    expect(state.dict).toEqual({ id: 1, name: "Ann", settings: { theme: "light" }, posts: [] });
    expect(state.dict.posts).toBe(ann.posts);
    ann.name = "Anna";
    expect(state.getHistory("name").deleted).toEqual(["Ann"]);
    expect(state.expiredAttributes).toEqual(new Set());
    session.expire(ann);
    expect(state.dict).toEqual({});
    expect(state.expiredAttributes).toEqual(new Set(["id", "name", "settings"]));
    expect(() => state.getHistory("nothing")).toThrow(InvalidRequestError);
    await session.close();
  });

  test("[SB-16] an object knows its session: objectSession, the class's own, and inspect(obj).session", async () => {
    const { session, ann } = await withAnn();
    expect(objectSession(ann)).toBe(session);
    expect(AsyncSession.objectSession(ann)).toBe(session);
    expect(inspect(ann).session).toBe(session);
    session.expunge(ann);
    expect(objectSession(ann)).toBeNull();
    expect(objectSession(make(User))).toBeNull();
    expect(() => objectSession({})).toThrow(UnmappedInstanceError);
    await session.close();
    const engine = createEngine("sqlite://");
    const sync = sessionmaker(engine)();
    sync.add(ann);
    expect(objectSession(ann)).toBe(sync);
    expect(SyncSession.objectSession(ann)).toBe(sync);
    expect(AsyncSession.objectSession(ann)).toBeNull();
    sync.close();
    engine.dispose();
  });

  test("[SA-02] identityKey of an object and of a class; wasDeleted after the row's DELETE", async () => {
    const { session, ann } = await withAnn();
    await using _ = session;
    expect(identityKey(ann)).toEqual([User, [1]]);
    expect(identityKey(User, 7)).toEqual([User, [7]]);
    expect(AsyncSession.identityKey(User, { id: 7 })).toEqual([User, [7]]);
    expect(identityKey(make(User))).toBeNull();
    expect(wasDeleted(ann)).toBe(false);
    await session.delete(ann);
    await session.flush();
    expect(wasDeleted(ann)).toBe(true);
    expect(inspect(ann).wasDeleted).toBe(true);
    await session.rollback();
    expect(wasDeleted(ann)).toBe(false);
  });

  test("[SS-10] flagModified has a value written that was changed in place, once", async () => {
    const { engine, session, ann } = await withAnn();
    await using _ = session;
    (ann.settings as { theme?: string }).theme = "dark";
    flagModified(ann, "settings");
    expect(session.isModified(ann)).toBe(true);
    using log = recordStatements(engine);
    await session.flush();
    expect(log.count("UPDATE")).toBe(1);
    await session.flush();
    expect(log.count("UPDATE")).toBe(1);
    await session.commit();
    await session.refresh(ann);
    expect(ann.settings).toEqual({ theme: "dark" });
    session.expire(ann, ["settings"]);
    expect(() => flagModified(ann, "settings")).toThrow(
      /"User.settings" cannot be flagged as modified: it is not loaded/,
    );
    // @ts-expect-error no such attribute
    expect(() => flagModified(ann, "nothing")).toThrow(InvalidRequestError);
  });

  test("[SS-10] flagDirty shows the object to a flush, which writes nothing for it", async () => {
    const { engine, session, ann } = await withAnn();
    await using _ = session;
    flagDirty(ann);
    expect(session.dirty.has(ann)).toBe(true);
    expect(session.isModified(ann)).toBe(false);
    using log = recordStatements(engine);
    await session.flush();
    expect(log.count("UPDATE")).toBe(0);
    expect(session.dirty.size).toBe(0);
  });

  test("[SS-10] setCommittedValue is no change: of a column, of a to-one, of a collection", async () => {
    const { session, ann } = await withAnn();
    await using _ = session;
    const post = make(Post, { title: "one", author: ann });
    session.add(post);
    await session.commit();
    setCommittedValue(ann, "name", "From elsewhere");
    expect(ann.name).toBe("From elsewhere");
    session.expire(ann, ["posts"]);
    setCommittedValue(ann, "posts", [post]);
    expect(ann.posts).toEqual([post]);
    session.expire(post, ["author"]);
    setCommittedValue(post, "author", ann);
    expect(post.author).toBe(ann);
    expect([...session.dirty]).toEqual([]);
    expect(() => setCommittedValue(ann, "posts", null as never)).toThrow(/is a collection/);
  });

  test("[SS-04] getHistory tells added, unchanged and deleted values of columns, to-ones and collections", async () => {
    const { session, ann } = await withAnn();
    await using _ = session;
    const [one, two] = [make(Post, { title: "one" }), make(Post, { title: "two" })];
    ann.posts.push(one);
    await session.commit();
    await session.refresh(ann, ["posts"]);
    ann.name = "Anna";
    expect(getHistory(ann, "name")).toMatchObject({ added: ["Anna"], unchanged: [], deleted: ["Ann"] });
    ann.posts.push(two);
    ann.posts.shift();
    expect(getHistory(ann, "posts")).toMatchObject({ added: [two], unchanged: [], deleted: [one] });
    expect(getHistory(one, "author")).toMatchObject({ added: [null], deleted: [ann] });
    await session.flush();
    expect(getHistory(ann, "name")).toMatchObject({ added: [], unchanged: ["Anna"], deleted: [] });
    session.expire(ann);
    expect(getHistory(ann, "name").empty).toBe(true);
  });

  test("[SS-04] a history of what is not in memory is loaded where attributes may load: what is unloaded, and what a to-one held when it was replaced", async () => {
    const { Session, session, ann } = await withAnn();
    const bob = make(User, { name: "Bob" });
    ann.posts = [make(Post, { title: "one" }), make(Post, { title: "two" })];
    session.add(bob);
    await session.commit();
    await session.close();
    await using fresh = Session();
    const [one, two] = [await fresh.getOne(Post, 1), await fresh.getOne(Post, 2)];
    expect(() => inspect(one).attrs["author"].loadHistory()).toThrow('Attribute "author" of Post(1) is not loaded');
    one.author = null;
    expect(parts(getHistory(one, "author"))).toEqual([[null], [], []]);
    expect(() => inspect(one).attrs["author"].loadHistory()).toThrow(
      'What "author" of Post(1) held before it was replaced is not in memory, and asking for it here would need the database without an await. Give the relationship activeHistory: true',
    );
    const third = make(Post, { title: "three" });
    const read = (object: object, key: string) => parts(inspect(object).attrs[key].loadHistory());
    const other = await fresh.runSync((sync) =>
      sync.noAutoflush(() => {
        const [, , [owner]] = read(one, "author");
        expect(owner).toBe(sync.getOne(User, 1));
        expect(parts(getHistory(one, "author"))).toEqual([[null], [], [owner]]);
        expect(read(two, "author")).toEqual([[], [owner], []]);
        third.author = owner as User;
        expect(parts(getHistory(owner as User, "posts"))).toEqual([[], [], []]);
        expect(read(owner as User, "posts")).toEqual([[third], [one, two], []]);
        two.author = sync.getOne(User, 2);
        expect(read(two, "author")).toEqual([[two.author], [], [owner]]);
        return two.author;
      }),
    );
    await fresh.flush();
    expect([one.author, two.author]).toEqual([null, other]);
  });

  test("[SS-04] a collection that holds an object twice has it twice in its history; a synonym and a composite have that of what they stand for", async () => {
    const { session, ann } = await withAnn();
    await using _ = session;
    const [one, two] = [make(Post, { title: "one" }), make(Post, { title: "two" })];
    ann.posts.push(one, two, one);
    expect(parts(getHistory(ann, "posts"))).toEqual([[one, two, one], [], []]);
    setCommittedValue(ann, "posts", [one, two, one]);
    ann.posts.pop();
    expect(parts(getHistory(ann, "posts"))).toEqual([[], [one, two], []]);
    ann.posts = [];
    expect(parts(getHistory(ann, "posts"))).toEqual([[], [], [one, two, one]]);
    ann.login = "Anna";
    expect(parts(getHistory(ann, "login"))).toEqual([["Anna"], [], ["Ann"]]);
    const spot = new Spot();
    expect(getHistory(spot, "place").empty).toBe(true);
    spot.place = new Point(1, 2);
    expect(parts(getHistory(spot, "place"))).toEqual([[new Point(1, 2)], [], []]);
    session.add(spot);
    await session.flush();
    expect(parts(inspect(spot).getHistory("place"))).toEqual([[], [new Point(1, 2)], []]);
    spot.place = new Point(3, 2);
    expect(parts(inspect(spot).getHistory("place"))).toEqual([[new Point(3, 2)], [], [new Point(1, 2)]]);
    spot.place = null;
    expect(parts(inspect(spot).getHistory("place"))).toEqual([[null], [], [new Point(1, 2)]]);
  });

  test("[SV-07] setAttribute hands on what began a change: two attributes that follow each other end there", () => {
    const stop = new AbortController();
    const seen: string[] = [];
    const follow =
      (key: "title" | "name", other: "title" | "name") =>
      (object: User | Post, value: string, _old: unknown, initiator: { key: string }) => {
        seen.push(key);
        if (initiator.key === key)
          setAttribute(twins.get(object) as never, other as never, value as never, initiator as never);
      };
    const [user, post] = [new User(), new Post()];
    const twins = new Map<object, object>([
      [user, post],
      [post, user],
    ]);
    event.listen(attrs(User).name, "set", follow("name", "title"), { signal: stop.signal });
    event.listen(attrs(Post).title, "set", follow("title", "name"), { signal: stop.signal });
    user.name = "a";
    expect([post.title, seen]).toEqual(["a", ["name", "title"]]);
    post.title = "b";
    expect([user.name, seen]).toEqual(["b", ["name", "title", "title", "name"]]);
    stop.abort();
  });

  test("[SS-09] makeTransient and a new key insert a copy; makeTransientToDetached stands for a stored row", async () => {
    const { Session, session, ann } = await withAnn();
    await using _ = session;
    session.expunge(ann);
    makeTransient(ann);
    (ann as { id?: number }).id = undefined;
    session.add(ann);
    await session.commit();
    expect(ann.id).toBe(2);
    const stub = make(User, { id: 1 });
    makeTransientToDetached(stub);
    expect(inspect(stub).state).toBe("detached");
    await using other = Session();
    other.add(stub);
    await other.refresh(stub);
    expect(stub.name).toBe("Ann");
  });
});
