/**
 * A global criterion without holes: what a session sees and writes under it is the same whether the rows outside it are there or not, and those rows
 * stay as they are.
 */
import fc from "fast-check";
import { expect, test } from "vitest";
import {
  type AsyncSession,
  aliased,
  and,
  attrs,
  awaitable,
  Column,
  del,
  event,
  exists,
  func,
  insert,
  joinedload,
  ManyToMany,
  ManyToOne,
  not,
  OneToMany,
  or,
  PrimaryKey,
  type Relation,
  registry,
  select,
  selectinload,
  subqueryload,
  t,
  text,
  update,
  withLoaderCriteria,
} from "../../../src/index.js";
import { storeFor } from "../support.js";

const reg = registry();

/** What belongs to a tenant; the session is of tenant 1. */
abstract class Owned {
  @Column(t.integer) tenantId!: number;
}

@reg.Entity("users")
class User extends Owned {
  @PrimaryKey(t.integer, { autoincrement: false }) id!: number;
  @Column(t.integer) n!: number;
  @OneToMany(
    () => Post,
    (post) => post.author,
    { orderBy: "id" },
  )
  posts!: Post[];
}

@reg.Entity("posts", { polymorphicOn: "kind", polymorphicIdentity: "post" })
class Post extends Owned {
  @PrimaryKey(t.integer, { autoincrement: false }) id!: number;
  @Column(t.integer) n!: number;
  @Column(t.string(10)) kind!: string;
  @ManyToOne(
    () => User,
    (user) => user.posts,
  )
  author!: Relation<User> | null;
  @ManyToMany(() => Tag, { secondary: "post_tags", orderBy: "id" }) tags!: Tag[];
}

@reg.Entity("reviews", { polymorphicIdentity: "review" })
class Review extends Post {
  @Column(t.integer) stars!: number;
}

@reg.Entity("tags")
class Tag extends Owned {
  @PrimaryKey(t.integer, { autoincrement: false }) id!: number;
  @Column(t.integer) n!: number;
}

// --- two databases that differ in the rows outside ------------------------------------------------------------------

/** A row's key, its tenant, and a number. Rows of tenant 2 are outside; those of tenant 1 refer to some of them. */
const users = [1, 2, 3, 4, 5, 6].map((id) => ({ id, tenant: id % 3 === 0 ? 2 : 1, n: id % 4 }));
const tags = [1, 2, 3, 4, 5].map((id) => ({ id, tenant: id % 2 === 0 ? 2 : 1, n: id % 3 }));
const posts = Array.from({ length: 14 }, (_, i) => ({
  id: i + 1,
  tenant: i % 4 === 3 ? 2 : 1,
  n: i % 5,
  author: i % 7 === 6 ? null : (i % 6) + 1,
  review: i % 3 === 0,
  tags: [(i % 5) + 1, ((i + 2) % 5) + 1],
}));

/** @param outside whether the rows of tenant 2 are there */
async function filled(outside: boolean) {
  const store = await storeFor(reg);
  const there = (tenant: number) => outside || tenant === 1;
  const has = (rows: readonly { id: number; tenant: number }[], id: number) =>
    rows.some((row) => row.id === id && there(row.tenant));
  const lines: string[] = [];
  for (const { id, tenant, n } of users)
    if (there(tenant)) lines.push(`INSERT INTO users (id, tenant_id, n) VALUES (${id}, ${tenant}, ${n})`);
  for (const { id, tenant, n } of tags)
    if (there(tenant)) lines.push(`INSERT INTO tags (id, tenant_id, n) VALUES (${id}, ${tenant}, ${n})`);
  for (const { id, tenant, n, author, review, tags: tagged } of posts) {
    if (!there(tenant)) continue;
    const writer = author !== null && has(users, author) ? author : "NULL";
    const kind = review ? "review" : "post";
    lines.push(
      `INSERT INTO posts (id, tenant_id, n, kind, author_id) VALUES (${id}, ${tenant}, ${n}, '${kind}', ${writer})`,
    );
    if (review) lines.push(`INSERT INTO reviews (id, stars) VALUES (${id}, ${n})`);
    for (const tag of tagged)
      if (has(tags, tag)) lines.push(`INSERT INTO post_tags (post_id, tag_id) VALUES (${id}, ${tag})`);
  }
  await store.engine.begin(async (c) => {
    for (const line of lines) await c.execDriverSql(line);
  });
  event.listen(store.Session, "doOrmExecute", (state) => {
    if (!state.isOrmStatement) return;
    state.addOptions(withLoaderCriteria(Owned, (x) => x.tenantId.eq(1), { includeAliases: true }));
  });
  return store;
}

// --- statements ----------------------------------------------------------------------------------------------------

type Kind = "user" | "post" | "review" | "tag";
const classes = { user: User, post: Post, review: Review, tag: Tag } as const;
/** Relationships by class, and where they lead. */
const relations: Readonly<Record<Kind, readonly (readonly [name: string, target: Kind, many: boolean])[]>> = {
  user: [["posts", "post", true]],
  post: [
    ["author", "user", false],
    ["tags", "tag", true],
  ],
  review: [
    ["author", "user", false],
    ["tags", "tag", true],
  ],
  tag: [],
};

type Predicate =
  | { readonly is: "n"; readonly op: "gt" | "le" | "eq"; readonly value: number }
  | {
      readonly is: "related" | "inQuery" | "exists" | "counted";
      readonly pick: number;
      readonly inner: Predicate | null;
    }
  | { readonly is: "not"; readonly inner: Predicate }
  | Both;

interface Both {
  readonly is: "and" | "or";
  readonly left: Predicate;
  readonly right: Predicate;
}

const predicate: fc.Arbitrary<Predicate> = fc.letrec<{ all: Predicate; leaf: Predicate }>(
  (tie): Any => ({
    leaf: fc.record({
      is: fc.constant("n" as const),
      op: fc.constantFrom("gt", "le", "eq"),
      value: fc.nat(4),
    }) as never,
    all: fc.oneof(
      { maxDepth: 3, depthSize: "small" },
      tie("leaf"),
      fc.record({
        is: fc.constantFrom("related", "inQuery", "exists", "counted"),
        pick: fc.nat(5),
        inner: fc.option(tie("all"), { nil: null }),
      }) as never,
      fc.record({ is: fc.constant("not" as const), inner: tie("all") }),
      fc.record({ is: fc.constantFrom("and" as const, "or" as const), left: tie("all"), right: tie("all") }),
    ),
  }),
).all;

type Any = any;

/** A condition on an entity's attributes. */
function conditionOn(kind: Kind, x: Any, p: Predicate | null, joins = false): Any {
  if (p === null) return x.n.ge(0);
  if (p.is === "n") return x.n[p.op](p.value);
  if (p.is === "not") return not(conditionOn(kind, x, p.inner, joins));
  if ("left" in p)
    return (p.is === "and" ? and : or)(conditionOn(kind, x, p.left, joins), conditionOn(kind, x, p.right, joins));
  const list = relations[kind];
  if (list.length === 0) return x.n.ge(1);
  const [name, target, many] = list[p.pick % list.length] as (typeof list)[number];
  if (p.is === "related") return x[name][many ? "any" : "has"]((y: Any) => conditionOn(target, y, p.inner, joins));
  // by hand: users and posts refer to each other by a column, tags by their table
  if (name === "tags") return x.tags.any((y: Any) => conditionOn("tag", y, p.inner, joins));
  const other =
    p.pick % 2 === 0 && !joins ? attrs(classes[target] as never as typeof Post) : aliased(classes[target] as Any);
  const y: Any = other;
  const [one, other_] = kind === "user" ? [x.id, y.authorId] : [x.authorId, y.id];
  const inner = conditionOn(target, y, p.inner, joins);
  // a key that refers to a row outside is NULL where that is not there
  if (p.is === "inQuery") return and(one.isNotNull(), one.in(select(other_).where(inner, other_.isNotNull())));
  if (p.is === "exists") return exists(select(y.id).where(one.eq(other_), inner));
  return select(func.count(y.id)).where(one.eq(other_), inner).scalarSubquery().ge(1);
}

interface Query {
  readonly kind: Kind;
  readonly alias: boolean;
  readonly where: Predicate;
  readonly form:
    | "entities"
    | "columns"
    | "count"
    | "countFrom"
    | "subquery"
    | "cte"
    | "union"
    | "join"
    | "outer"
    | "implicit"
    | "entityOfUnion"
    | "unionOfEntities"
    | "stream"
    | "lateral";
  readonly load: "none" | "selectin" | "joined" | "subquery" | "lazy";
  readonly pick: number;
}

const query: fc.Arbitrary<Query> = fc.record({
  kind: fc.constantFrom<Kind>("user", "post", "review", "tag"),
  alias: fc.boolean(),
  where: predicate,
  form: fc.constantFrom(
    "entities",
    "entities",
    "columns",
    "count",
    "countFrom",
    "subquery",
    "cte",
    "union",
    "join",
    "outer",
    "implicit",
    "entityOfUnion",
    "stream",
  ),
  load: fc.constantFrom("none", "selectin", "joined", "subquery", "lazy"),
  pick: fc.nat(5),
});

const LOADS = { selectin: selectinload, joined: joinedload, subquery: subqueryload } as const;

/** What a session sees by a query: plain data, in an order of its own. */
async function seen(session: AsyncSession, q: Query): Promise<unknown> {
  const cls = classes[q.kind] as Any;
  const entity: Any = q.alias ? aliased(cls) : cls;
  const x: Any = q.alias ? entity : attrs(cls);
  const where = conditionOn(q.kind, x, q.where, q.form === "join" || q.form === "outer");
  const list = relations[q.kind];
  const relation = list.length === 0 ? null : (list[q.pick % list.length] as (typeof list)[number]);
  const rows = async (statement: Any): Promise<unknown> =>
    sorted((await session.execute(statement).all()).map((row: Any) => [...row]));
  switch (q.form) {
    case "columns":
      return rows(select(x.id, x.n).where(where));
    case "count":
      return rows(select(func.count(x.id), func.max(x.n)).where(where));
    case "countFrom":
      return rows(select(func.count()).selectFrom(entity).where(where));
    case "subquery": {
      const sub: Any = select(x.id, x.n).where(where).subquery("sub");
      return rows(select(sub.c.n, func.count()).groupBy(sub.c.n));
    }
    case "cte": {
      const cte: Any = select(x.id.label("id"), x.n.label("n")).where(where).cte("c");
      return rows(select(cte.c.id).where(cte.c.id.in(select(cte.c.id).where(cte.c.n.gt(0)))));
    }
    case "union":
      return rows(
        select(x.id)
          .where(where)
          .union(select(attrs(User).id).where(attrs(User).n.gt(1))),
      );
    case "entityOfUnion": {
      const both: Any = select(x.id.label("id"))
        .where(where)
        .unionAll(select(x.id.label("id")))
        .subquery("both");
      return rows(select(both.c.id, func.count()).groupBy(both.c.id));
    }
    case "join":
    case "outer": {
      if (relation === null) return rows(select(x.id).where(where));
      const [name, target] = relation;
      const y: Any = attrs(classes[target] as Any);
      const statement: Any = select(x.id, y.id, y.n).where(where);
      const from = statement.selectFrom(entity);
      return rows(q.form === "join" ? from.join(x[name]) : from.outerjoin(x[name]));
    }
    case "implicit": {
      if (relation === null || relation[0] === "tags") return rows(select(x.n).where(where));
      const y: Any = aliased(classes[relation[1]] as Any);
      const tie = q.kind === "user" ? y.authorId.eq(x.id) : x.authorId.eq(y.id);
      return rows(select(x.id).where(where, tie, y.n.ge(0)));
    }
    case "stream": {
      const found: unknown[] = [];
      for await (const object of await session.stream(select(entity).where(where)).then((r: Any) => r.scalars()))
        found.push((object as Any).id);
      return sorted(found);
    }
    default: {
      let statement: Any = select(entity).where(where);
      const picks = relation === null || q.alias ? null : relation;
      if (picks !== null && q.load in LOADS) {
        let option: Any = (LOADS as Any)[q.load](cls, (e: Any) => e[picks[0]]);
        const [next] = relations[picks[1]];
        if (next !== undefined && q.pick % 2 === 0) option = option.selectinload((e: Any) => e[next[0]]);
        statement = statement.options(option);
      }
      const objects = (await session.scalars(statement)).unique().all() as Any[];
      const found: unknown[] = [];
      for (const object of objects) {
        const members = picks === null ? [] : await (awaitable(object) as Any)[picks[0]];
        const all = members === null ? [] : Array.isArray(members) ? members : [members];
        const deeper: unknown[] = [];
        for (const member of all as Any[]) {
          const [next] = picks === null ? [] : relations[picks[1]];
          const ends = next === undefined ? [] : await (awaitable(member) as Any)[next[0]];
          deeper.push([
            member.id,
            (ends === null ? [] : Array.isArray(ends) ? ends : [ends]).map((e: Any) => e.id).sort(),
          ]);
        }
        found.push([object.id, object.n, sorted(deeper)]);
      }
      return sorted(found);
    }
  }
}

/** Rows by their text: what has no order of its own. */
function sorted(rows: readonly unknown[]): unknown[] {
  return [...rows].sort((a, b) => (JSON.stringify(a) < JSON.stringify(b) ? -1 : 1));
}

interface Write {
  readonly kind: Kind;
  readonly where: Predicate;
  readonly verb: "update" | "delete" | "updateFrom" | "insertFrom" | "updateBySubquery";
  readonly synchronize: "auto" | "fetch" | "evaluate" | false;
  readonly returning: boolean;
}

const write: fc.Arbitrary<Write> = fc.record({
  kind: fc.constantFrom<Kind>("user", "post", "review", "tag"),
  where: predicate,
  verb: fc.constantFrom("update", "delete", "updateFrom", "insertFrom", "updateBySubquery"),
  synchronize: fc.constantFrom("auto" as const, "fetch" as const, false as const),
  returning: fc.boolean(),
});

/** Writes, and tells what was written. */
async function written(session: AsyncSession, w: Write): Promise<unknown> {
  const cls = classes[w.kind] as Any;
  const x: Any = attrs(cls);
  const where = conditionOn(w.kind, x, w.where, w.verb === "updateFrom");
  const options = { synchronizeSession: w.synchronize };
  switch (w.verb) {
    case "delete": {
      const kind = w.kind === "review" ? "post" : w.kind;
      const target = classes[kind] as Any;
      const statement = del(target).where(conditionOn(kind, attrs(target), w.where));
      return (await session.execute(statement, undefined, options)).rowcount;
    }
    case "updateFrom": {
      if (w.kind !== "post") break;
      const u: Any = attrs(User);
      const result: Any = await session.execute(
        update(Post)
          .where(x.authorId.eq(u.id), u.n.ge(1), where)
          .values({ n: 9 } as never),
        undefined,
        { synchronizeSession: w.synchronize === "fetch" ? false : w.synchronize },
      );
      return result.rowcount;
    }
    case "updateBySubquery": {
      if (w.kind !== "user") break;
      const p: Any = attrs(Post);
      const most = select(func.coalesce(func.max(p.n), 0))
        .where(p.authorId.eq(x.id))
        .scalarSubquery();
      await session.execute(
        update(User)
          .where(where)
          .values({ n: most } as never),
        undefined,
        options,
      );
      break;
    }
    case "insertFrom": {
      if (w.kind !== "tag") break;
      const u: Any = attrs(User);
      await session.execute(
        insert(Tag).fromSelect(
          ["id", "n", "tenantId"] as never,
          select(u.id.add(100), u.n, u.tenantId).where(conditionOn("user", u, w.where)),
        ) as never,
      );
      break;
    }
    default: {
      const statement: Any = update(cls).where(where).values({ n: 8 });
      const result: Any = await session.execute(
        w.returning && w.kind !== "review" ? statement.returning(x.id) : statement,
        undefined,
        options,
      );
      return w.returning && w.kind !== "review" ? sorted(result.all().map((row: Any) => [...row])) : result.rowcount;
    }
  }
  return null;
}

const counted = (session: AsyncSession) =>
  Promise.all(
    ["users", "posts", "tags"].map(async (name) =>
      (await session.connection()).execute(text(`SELECT id, n FROM ${name} WHERE tenant_id = 1 ORDER BY id`)).all(),
    ),
  );

const outsiders = (session: AsyncSession) =>
  Promise.all(
    ["users", "posts", "tags"].map(async (name) =>
      (await session.connection()).execute(text(`SELECT * FROM ${name} WHERE tenant_id = 2 ORDER BY id`)).all(),
    ),
  );

test("[QA-07] [EX-05] what is read under a global criterion does not depend on the rows outside of it", async () => {
  const [whole, part] = [await filled(true), await filled(false)];
  await fc.assert(
    fc.asyncProperty(query, async (q) => {
      await using a = whole.Session();
      await using b = part.Session();
      expect(await seen(a, q)).toEqual(await seen(b, q));
    }),
    { numRuns: Number(process.env.RUNS ?? 150) },
  );
});

test("[QA-07] [EX-05] bulk statements under a global criterion write none of the rows outside of it, nor by what they hold", async () => {
  const [whole, part] = [await filled(true), await filled(false)];
  await using other = whole.Session();
  const before = await outsiders(other);
  await other.close();
  await fc.assert(
    fc.asyncProperty(write, async (w) => {
      await using a = whole.Session();
      await using b = part.Session();
      if (w.verb === "delete") for (const s of [a, b]) await loosen(s);
      expect(await written(a, w)).toEqual(await written(b, w));
      expect(await counted(a)).toEqual(await counted(b));
      if (w.verb !== "delete") expect(await outsiders(a)).toEqual(before);
      else expect((await outsiders(a)).map((rows) => rows.length)).toEqual(before.map((rows) => rows.length));
      await a.rollback();
      await b.rollback();
    }),
    { numRuns: Number(process.env.RUNS ?? 80) },
  );
});

/** Takes away, within the transaction, what refers to rows that are to be deleted. */
async function loosen(session: AsyncSession): Promise<void> {
  for (const sql of [
    "DELETE FROM post_tags",
    "DELETE FROM reviews",
    "UPDATE posts SET author_id = NULL",
    "UPDATE posts SET kind = 'post'",
  ])
    await (await session.connection()).execDriverSql(sql);
}

test("[QA-07] [EX-05] keys, refreshes, counts, bulk updates by key and set operations as objects stay within it too", async () => {
  const { Session } = await filled(true);
  await using session = Session();
  expect(await session.get(User, 3)).toBeNull();
  expect(await session.getBy(User, { id: 3 })).toBeNull();
  const post = await session.getOne(Post, 3);
  expect(await awaitable(post).author).toBeNull();
  const user = await session.getOne(User, 1);
  const mine = posts.filter((each) => each.author === 1 && each.tenant === 1).length;
  expect((await awaitable(user).posts).length).toBe(mine);
  expect(await session.scalar(select(func.count()).selectFrom(User))).toBe(4);
  expect(await session.scalar(select(func.count()).selectFrom(Review))).toBe(
    posts.filter((p) => p.review && p.tenant === 1).length,
  );
  const u = attrs(User);
  const both = select(User)
    .where(u.n.gt(1))
    .union(select(User).where(u.n.le(1)));
  expect((await session.scalars(select(User).fromStatement(both)).all()).map((each) => each.id).sort()).toEqual([
    1, 2, 4, 5,
  ]);
  await session.execute(text("UPDATE users SET tenant_id = 2 WHERE id = 1"));
  await expect(session.refresh(user)).rejects.toThrow(/User\(1\)/);
  await session.execute(text("UPDATE users SET tenant_id = 1 WHERE id = 1"));
  await session.execute(update(User), [
    { id: 1, n: 50 },
    { id: 3, n: 50 },
  ]);
  expect((await session.execute(text("SELECT id FROM users WHERE n = 50")).all()).map((row) => [...row])).toEqual([
    [1],
  ]);
});
