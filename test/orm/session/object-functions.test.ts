import { describe, expect, test } from "vitest";
import {
  AsyncSession,
  Column,
  createEngine,
  flagDirty,
  flagModified,
  getHistory,
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
  sessionmaker,
  setCommittedValue,
  t,
  UnmappedInstanceError,
  wasDeleted,
} from "../../../src/index.js";
import { recordStatements } from "../../support/statements.js";
import { make, storeFor } from "../support.js";

const reg = registry();

@reg.Entity("users")
class User {
  @PrimaryKey() id!: number;
  @Column(t.string(50)) name!: string;
  @Column(t.json, { nullable: true }) settings!: { theme?: string } | null;
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
