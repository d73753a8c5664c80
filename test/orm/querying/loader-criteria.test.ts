import { describe, expect, test } from "vitest";
import {
  ArgumentError,
  aliased,
  attrs,
  awaitable,
  Column,
  event,
  exists,
  func,
  joinedload,
  literal,
  ManyToOne,
  nestedRows,
  OneToMany,
  type ORMExecuteState,
  PrimaryKey,
  type Relation,
  registry,
  select,
  selectinload,
  subqueryload,
  t,
  update,
  type Valued,
  withLoaderCriteria,
} from "../../../src/index.js";
import { recordStatements } from "../../support/statements.js";
import { make, storeFor } from "../support.js";

const reg = registry();

/** What a row that is only marked as deleted has. */
abstract class SoftDeletes {
  @Column(t.timestamp, { nullable: true }) deletedAt!: Date | null;
}

/** A row that belongs to a tenant. */
abstract class TenantOwned extends SoftDeletes {
  @Column(t.integer) tenantId!: number;
}

@reg.Entity("users")
class User extends TenantOwned {
  @PrimaryKey() id!: number;
  @Column(t.string(50)) name!: string;
  @OneToMany(
    () => Post,
    (p) => p.author,
    { orderBy: "id" },
  )
  posts!: Post[];
}

@reg.Entity("posts")
class Post extends SoftDeletes {
  @PrimaryKey() id!: number;
  @Column(t.string(50)) title!: string;
  @ManyToOne(
    () => User,
    (u) => u.posts,
  )
  author!: Relation<User> | null;
}

abstract class Unused {
  x!: number;
}

const gone = new Date("2020-01-01T00:00:00Z");

async function filled() {
  const store = await storeFor(reg);
  await store.Session.begin((s) => {
    s.addAll([
      make(User, {
        name: "Ann",
        tenantId: 1,
        posts: [make(Post, { title: "a1" }), make(Post, { title: "a2", deletedAt: gone })],
      }),
      make(User, { name: "Bob", tenantId: 1, deletedAt: gone, posts: [make(Post, { title: "b1" })] }),
      make(User, { name: "Cid", tenantId: 2, posts: [make(Post, { title: "c1", deletedAt: gone })] }),
    ]);
  });
  return store;
}

const live = (settings = {}) => withLoaderCriteria(SoftDeletes, (x) => x.deletedAt.isNull(), settings);
const users = () => select(User).orderBy((u) => u.id);
const titles = (all: readonly User[]) => all.map((u) => [u.name, u.posts.map((p) => p.title)]);

const initials = (name: Valued<string>, title: Valued<string>) =>
  func.lower(func.substr(name, 1, 1)).eq(func.substr(title, 1, 1));

describe("withLoaderCriteria", () => {
  test("[QA-07] of a class: in the statement, and in eager loads of every kind", async () => {
    const { Session } = await filled();
    await using session = Session();
    const criteria = withLoaderCriteria(Post, (p) => p.deletedAt.isNull());
    for (const load of [
      selectinload(User, (u) => u.posts),
      joinedload(User, (u) => u.posts),
      subqueryload(User, (u) => u.posts),
    ]) {
      session.expungeAll();
      const found = (await session.scalars(users().options(load, criteria))).unique().all();
      expect(titles(found)).toEqual([
        ["Ann", ["a1"]],
        ["Bob", ["b1"]],
        ["Cid", []],
      ]);
    }
  });

  test("[QA-07] of a mixin: every class that has it, in joins, subqueries, any() and has()", async () => {
    const { Session } = await filled();
    await using session = Session();
    const [u, p] = [attrs(User), attrs(Post)];
    expect((await session.scalars(users().options(live())).all()).map((x) => x.name)).toEqual(["Ann", "Cid"]);
    const joined = select(u.name, p.title).join(u.posts).orderBy(p.id).options(live());
    expect((await session.execute(joined).all()).map((row) => [...row])).toEqual([["Ann", "a1"]]);
    const outer = select(u.name, p.title).outerjoin(u.posts).orderBy(u.id).options(live());
    expect((await session.execute(outer).all()).map((row) => [...row])).toEqual([
      ["Ann", "a1"],
      ["Cid", null],
    ]);
    const withAny = users()
      .where(u.posts.any((x) => x.title.like("%1")) as never)
      .options(live());
    expect((await session.scalars(withAny).all()).map((x) => x.name)).toEqual(["Ann"]);
    const withHas = select(Post)
      .where(p.author.has((x) => x.name.eq("Bob")) as never)
      .options(live());
    expect(await session.scalars(withHas).all()).toEqual([]);
    const inSub = users()
      .where(u.id.in(select(u.id).join(u.posts) as never) as never)
      .options(live());
    expect((await session.scalars(inSub).all()).map((x) => x.name)).toEqual(["Ann"]);
  });

  test("[QA-07] one subquery object in two statements takes a class from one of them, and has it with its criteria in the other", async () => {
    const { Session } = await filled();
    await using session = Session();
    const [u, p] = [attrs(User), attrs(Post)];
    const pairs = select(func.count()).where(initials(u.name, p.title)).scalarSubquery();
    const annHasOne = exists(select(u.name).where(u.name.eq("Ann"), pairs.eq(1)));
    const statement = select(p.title, pairs).where(annHasOne).orderBy(p.id).options(live());
    expect((await session.execute(statement).all()).map((row) => [...row])).toEqual([
      ["a1", 1],
      ["b1", 0],
    ]);
  });

  test("[QA-07] rows inside rows are those that the criteria leave", async () => {
    const { Session } = await filled();
    await using session = Session();
    const [u, p] = [attrs(User), attrs(Post)];
    const posts = nestedRows(
      select({ title: p.title, gone: p.deletedAt }).where(initials(u.name, p.title)).orderBy(p.id),
    );
    const statement = select({ name: u.name, posts }).orderBy(u.id);
    expect(await session.execute(statement.options(live())).all()).toEqual([
      { name: "Ann", posts: [{ title: "a1", gone: null }] },
      { name: "Cid", posts: [] },
    ]);
    expect((await session.execute(statement).all())[0]?.posts[1]).toEqual({ title: "a2", gone });
  });

  test("[QA-07] a class that a subquery has itself, though a statement further out has it too, keeps its criteria", async () => {
    const { Session } = await filled();
    await using session = Session();
    const [u, p] = [attrs(User), attrs(Post)];
    // the innermost query takes users from the one around it, and posts from nowhere
    const innermost = exists(select(literal(1)).where(initials(u.name, p.title), p.title.like("%2")));
    const statement = select(p.title).where(exists(select(u.id).where(u.name.eq("Ann"), innermost)));
    expect(await session.execute(statement.options(live())).all()).toEqual([]);
    const alone = select(p.title).where(exists(select(literal(1)).where(p.title.eq("a2"))));
    expect(await session.execute(alone.options(live())).all()).toEqual([]);
  });

  test("[QA-07] lazy loads of what was loaded with it keep it, with propagateToLoaders false they do not", async () => {
    const { Session } = await filled();
    await using session = Session();
    const [ann] = await session.scalars(users().options(live())).all();
    expect((await awaitable(ann).posts).map((p) => p.title)).toEqual(["a1"]);
    session.expungeAll();
    const [again] = await session.scalars(users().options(live({ propagateToLoaders: false }))).all();
    expect((await awaitable(again).posts).map((p) => p.title)).toEqual(["a1", "a2"]);
  });

  test("[QA-07] an alias of the statement's own is left alone, unless includeAliases says otherwise", async () => {
    const { Session } = await filled();
    await using session = Session();
    const other = aliased(User, "other");
    const statement = select(other).orderBy(other.id);
    expect((await session.scalars(statement.options(live())).all()).length).toBe(3);
    const included = await session.scalars(statement.options(live({ includeAliases: true }))).all();
    expect(included.map((x) => x.name)).toEqual(["Ann", "Cid"]);
  });

  test("[QA-07] of an alias: that alias alone, whether it is selected, joined or part of a condition", async () => {
    const { Session } = await filled();
    await using session = Session();
    const [u, p, other, others] = [attrs(User), attrs(Post), aliased(User), aliased(Post)];
    const notAnn = withLoaderCriteria(other, (x) => x.name.ne("Ann"));
    const pairs = select(other.name, u.name).where(other.id.eq(u.id)).orderBy(u.id).options(notAnn);
    expect((await session.execute(pairs).all()).map((row) => [...row])).toEqual([
      ["Bob", "Bob"],
      ["Cid", "Cid"],
    ]);
    const firsts = withLoaderCriteria(others, others.title.like("%1"));
    const joined = select(u.name, others.title, p.title).outerjoin(u.posts.of(others)).outerjoin(u.posts);
    const rows = await session.execute(joined.where(u.id.le(1)).orderBy(others.id, p.id).options(firsts)).all();
    expect(rows.map((row) => [...row])).toEqual([
      ["Ann", "a1", "a1"],
      ["Ann", "a1", "a2"],
    ]);
    const seconds = withLoaderCriteria(others, others.title.like("%2"));
    const having = users().where(u.posts.of(others).any()).options(seconds);
    expect((await session.scalars(having).all()).map((x) => x.name)).toEqual(["Ann"]);
    // over a subquery that has criteria of its own
    const sub = aliased(User, select(User).subquery());
    const within = select(sub).options(
      live(),
      withLoaderCriteria(sub, (x) => x.name.ne("Ann")),
    );
    expect((await session.scalars(within).all()).map((x) => x.name)).toEqual(["Cid"]);
  });

  test("[QA-07] options of a union are those of its queries", async () => {
    const { Session } = await filled();
    await using session = Session();
    const u = attrs(User);
    const names = select(u.name)
      .where(u.id.eq(1))
      .union(select(u.name).where(u.id.ne(1)));
    expect((await session.scalars(names.options(live())).all()).sort()).toEqual(["Ann", "Cid"]);
    expect(() => users().options(selectinload(u.posts).options(live()) as never)).not.toThrow();
    await expect(session.scalars(users().options(selectinload(u.posts).options(live()))).all()).rejects.toThrow(
      "options(...) of a loader option takes loader options. withLoaderCriteria() is an option of the whole statement",
    );
  });

  test("[QA-07] a closure's values are parameters: one statement of the cache serves them all", async () => {
    const { engine, Session } = await filled();
    await using session = Session();
    using log = recordStatements(engine);
    const of = async (tenant: number) =>
      (await session.scalars(users().options(withLoaderCriteria(TenantOwned, (x) => x.tenantId.eq(tenant)))).all()).map(
        (u) => u.name,
      );
    expect(await of(1)).toEqual(["Ann", "Bob"]);
    expect(await of(2)).toEqual(["Cid"]);
    expect(new Set(log.texts()).size).toBe(1);
  });

  test("[QA-07] a mixin that no mapped class has, and a condition that is none, are refused", () => {
    expect(() => withLoaderCriteria(Unused, (x) => x.x.eq(1))).toThrow(
      /Unused is no mapped class, and no mapped class inherits from it/,
    );
    expect(() => withLoaderCriteria(SoftDeletes, attrs(User).deletedAt.isNull())).toThrow(ArgumentError);
  });
});

describe("global criteria by a hook", () => {
  test("[EX-05] soft delete: deleted rows are seen by nobody, unless an execution option says so", async () => {
    const { Session } = await filled();
    event.listen(Session, "doOrmExecute", (state: ORMExecuteState) => {
      const ownStatement = !state.isColumnLoad && !state.isRelationshipLoad;
      if (ownStatement && state.isOrmStatement && !state.isInsert && state.executionOptions.withDeleted !== true)
        state.addOptions(withLoaderCriteria(SoftDeletes, (x) => x.deletedAt.isNull(), { includeAliases: true }));
    });
    await using session = Session();
    const [ann, ...rest] = await session.scalars(users().options(selectinload(User, (u) => u.posts))).all();
    expect([ann.name, ...rest.map((u) => u.name)]).toEqual(["Ann", "Cid"]);
    expect(ann.posts.map((p) => p.title)).toEqual(["a1"]);
    expect(await session.get(User, 2)).toBeNull();
    expect((await session.execute(update(User).all().values({ name: "x" }))).rowcount).toBe(2);
    await session.rollback();
    const all = await session.scalars(users(), undefined, { withDeleted: true }).all();
    expect(all.length).toBe(3);
    all[0].deletedAt = gone;
    await session.commit();
    expect((await session.scalars(users()).all()).map((u) => u.name)).toEqual(["Cid"]);
  });

  test("[QA-07] a row that has left the criteria is not read again by a refresh either, unless the handler leaves loads of columns alone", async () => {
    const { Session } = await filled();
    let evenColumns = true;
    event.listen(Session, "doOrmExecute", (state) => {
      if (evenColumns || !state.isColumnLoad) state.addOptions(live());
    });
    await using session = Session();
    const ann = await session.getOne(User, 1);
    ann.deletedAt = gone;
    await session.commit();
    const hint = "what a handler of doOrmExecute adds leaves it out (state.isColumnLoad tells such loads)";
    await expect(session.refresh(ann)).rejects.toThrow(`Could not refresh User(1): its row is gone, or ${hint}.`);
    await expect(awaitable(ann).name).rejects.toThrow(
      `User(1) has been deleted, or its row is otherwise not present, or ${hint}: its User.name cannot be loaded.`,
    );
    evenColumns = false;
    await session.refresh(ann);
    expect([ann.name, ann.deletedAt]).toEqual(["Ann", gone]);
    session.expire(ann);
    expect(await awaitable(ann).name).toBe("Ann");
    expect(await session.scalars(users()).all()).not.toContain(ann);
  });

  test("[EX-05] [QA-07] multi-tenancy: the session's tenant limits reads, lazy loads, updates and deletes, and fills new rows", async () => {
    const { Session } = await filled();
    event.listen(Session, "doOrmExecute", (state) => {
      if (!state.isOrmStatement || state.isInsert || state.isColumnLoad) return;
      const { tenant } = (state.session as { info: { tenant: number } }).info;
      state.addOptions(withLoaderCriteria(TenantOwned, (x) => x.tenantId.eq(tenant), { includeAliases: true }));
    });
    event.listen(Session, "beforeFlush", (session) => {
      for (const object of session.new)
        if (object instanceof TenantOwned) object.tenantId = session.info.tenant as number;
    });
    await using two = Session({ info: { tenant: 2 } });
    expect((await two.scalars(users()).all()).map((u) => u.name)).toEqual(["Cid"]);
    expect(await two.get(User, 1)).toBeNull();
    two.add(make(User, { name: "Dan", posts: [] }));
    await two.commit();
    const post = await two.scalars(select(Post).where((p) => p.title.eq("a1"))).one();
    expect(await awaitable(post).author).toBeNull();
    expect((await two.execute(update(User).all().values({ name: "mine" }))).rowcount).toBe(2);
    await two.commit();
    await using one = Session({ info: { tenant: 1 } });
    expect((await one.scalars(users()).all()).map((u) => u.name)).toEqual(["Ann", "Bob"]);
    expect(await one.scalar(select(func.count()).selectFrom(Post))).toBe(4);
  });
});
