import { describe, expect, test } from "vitest";
import {
  aliased,
  attrs,
  Column,
  containsEager,
  desc,
  func,
  joinedload,
  type LoadOption,
  ManyToOne,
  OneToMany,
  PrimaryKey,
  type Relation,
  registry,
  select,
  selectinload,
  subqueryload,
} from "../../../src/index.js";
import { make, storeFor } from "../support.js";
import { shelf } from "./fixture.js";
import { Author, Comment, Post, Tag, TreeNode } from "./models.js";

const posts = (authors: readonly Author[]) => authors.map((a) => a.posts.map((p) => p.id));

describe("joinedload", () => {
  test("loads a relation to one in the same statement", async () => {
    const { Session, log } = await shelf();
    await using session = Session();
    const all = await session
      .scalars(
        select(Post)
          .orderBy((p) => p.id)
          .options(joinedload(Post, (p) => p.author)),
      )
      .all();
    expect(all.map((p) => p.author?.name ?? null)).toEqual(["Ann", "Ann", "Ann", "Bob", "Bob", null]);
    expect(all[0].author).toBe(all[1].author);
    expect(log.texts()).toEqual([
      expect.stringContaining("LEFT OUTER JOIN authors AS authors_1 ON posts.author_id = authors_1.id"),
    ]);
  });

  test("[RA-04] joins inside where innerjoin says so, which leaves out parents without", async () => {
    const { Session, log } = await shelf();
    await using session = Session();
    const all = await session
      .scalars(select(Post).options(joinedload(Post, (p) => p.author, { innerjoin: true })))
      .all();
    expect(all.length).toBe(5);
    expect(log.texts()[0]).not.toContain("LEFT");
  });

  test("loads collections, each member once, and orders them by the relationship", async () => {
    const { Session, log } = await shelf();
    await using session = Session();
    const authors = await session
      .scalars(
        select(Author)
          .orderBy((a) => a.id)
          .options(
            joinedload(Author, (a) => a.posts).joinedload((p) => p.tags),
            joinedload(Author, (a) => a.posts).joinedload((p) => p.comments),
          ),
      )
      .unique()
      .all();
    expect(log.count("SELECT")).toBe(1);
    expect(posts(authors)).toEqual([[1, 2, 3], [4, 5], []]);
    expect(authors[0].posts[0].tags.map((g) => g.name)).toEqual(["art", "bread"]);
    expect(authors[0].posts[0].comments.map((c) => c.text)).toEqual(["a", "b"]);
    expect(authors[1].posts[1].comments).toEqual([]);
  });

  test("[QR-16] a joined collection without unique() is an error that names the relationship and the way out", async () => {
    const { Session } = await shelf();
    await using session = Session();
    const joined: LoadOption = joinedload(Author, (a) => a.posts);
    const result = await session.scalars(select(Author).options(joined));
    expect(() => result.all()).toThrow(/Author\.posts.*joinedload.*unique\(\)/s);
  });

  test("counts parents and not rows with limit, offset and distinct", async () => {
    const { Session, log } = await shelf();
    await using session = Session();
    const page = await session
      .scalars(
        select(Author)
          .orderBy((a) => a.name.desc())
          .limit(2)
          .offset(1)
          .options(joinedload(Author, (a) => a.posts)),
      )
      .unique()
      .all();
    expect(page.map((a) => a.name)).toEqual(["Bob", "Ann"]);
    expect(posts(page)).toEqual([
      [4, 5],
      [1, 2, 3],
    ]);
    expect(log.count()).toBe(1);
    expect(log.texts()[0]).toMatch(
      /FROM \(SELECT .* LIMIT (?:\?|\$1) OFFSET (?:\?|\$2)\) AS anon_1 LEFT OUTER JOIN posts AS posts_1/,
    );
  });

  test("an order by a column that is not selected goes through the subquery too", async () => {
    const { Session } = await shelf();
    await using session = Session();
    const a = attrs(Author);
    const p = attrs(Post);
    const page = await session
      .scalars(
        select(Author)
          .join(a.posts)
          .orderBy(p.title.desc())
          .limit(2)
          .options(joinedload(Author, (x) => x.posts)),
      )
      .unique()
      .all();
    expect(page.map((x) => x.name)).toEqual(["Ann"]);
    const lengths = await session
      .scalars(
        select(Author)
          .orderBy((x) => x.bio.desc())
          .limit(1)
          .options(joinedload(Author, (x) => x.posts)),
      )
      .unique()
      .all();
    expect(lengths.map((x) => x.name)).toEqual(["Cid"]);
  });

  test("[RA-04] nests an inner join below an outer one", async () => {
    const { Session, log } = await shelf();
    await using session = Session();
    const all = await session
      .scalars(
        select(Author)
          .orderBy((a) => a.id)
          .options(joinedload(Author, (a) => a.posts).joinedload((p) => p.comments, { innerjoin: true })),
      )
      .unique()
      .all();
    expect(all.length).toBe(3);
    expect(posts(all)).toEqual([[1, 3], [4], []]);
    expect(log.texts()[0]).toContain("LEFT OUTER JOIN (posts AS posts_1 JOIN comments AS comments_1 ON");
  });

  test("goes on with selectinload below a join, and with a join below selectinload", async () => {
    const { Session, log } = await shelf();
    await using session = Session();
    const comments = await session
      .scalars(
        select(Comment)
          .orderBy((c) => c.id)
          .options(joinedload(Comment, (c) => c.post).selectinload((p) => p.tags)),
      )
      .all();
    expect(comments[0].post?.tags.map((g) => g.name)).toEqual(["art", "bread"]);
    expect(log.count()).toBe(2);
    session.expungeAll();
    log.reset();
    const authors = await session
      .scalars(
        select(Author)
          .orderBy((a) => a.id)
          .options(selectinload(Author, (a) => a.posts).joinedload((p) => p.tags)),
      )
      .all();
    expect(authors[0].posts[0].tags.map((g) => g.name)).toEqual(["art", "bread"]);
    expect(log.count()).toBe(2);
  });

  test("joins a class to itself under another name", async () => {
    const { Session, log } = await shelf();
    await using session = Session();
    const nodes = await session
      .scalars(
        select(TreeNode)
          .orderBy((n) => n.id)
          .options(joinedload(TreeNode, (n) => n.parent).joinedload((n) => n.parent)),
      )
      .all();
    expect(nodes[3].parent?.parent?.name).toBe("root");
    expect(log.count()).toBe(1);
    expect(log.texts()[0]).toContain("nodes AS nodes_2");
  });

  test("does not touch what is loaded already", async () => {
    const { Session } = await shelf();
    await using session = Session();
    const ann = (await session.get(Author, 1, { options: [selectinload(Author, (a) => a.posts)] })) as Author;
    const gone = ann.posts.pop();
    await session.noAutoflush(() =>
      session
        .scalars(select(Author).options(joinedload(Author, (a) => a.posts)))
        .unique()
        .all(),
    );
    expect(ann.posts).not.toContain(gone);
  });
});

describe("containsEager", () => {
  test("[QR-11] fills a collection from the statement's own join", async () => {
    const { Session, log } = await shelf();
    await using session = Session();
    const a = attrs(Author);
    const p = attrs(Post);
    const authors = await session
      .scalars(select(Author).join(a.posts).where(p.id.gt(2)).orderBy(a.id, p.id).options(containsEager(a.posts)))
      .unique()
      .all();
    expect(posts(authors)).toEqual([[3], [4, 5]]);
    expect(log.count()).toBe(1);
  });

  test("[QR-11] takes the columns of an alias, and goes on from there", async () => {
    const { Session, log } = await shelf();
    await using session = Session();
    const a = attrs(Author);
    const p = aliased(Post, "p");
    const authors = await session
      .scalars(
        select(Author)
          .outerjoin(a.posts.of(p))
          .orderBy(a.id, p.id)
          .options(containsEager(a.posts.of(p)).selectinload((x) => x.tags)),
      )
      .unique()
      .all();
    expect(posts(authors)).toEqual([[1, 2, 3], [4, 5], []]);
    expect(authors[0].posts[0].tags.length).toBe(2);
    expect(log.count()).toBe(2);
  });
});

describe("joinedload beside what the statement itself orders and groups by", () => {
  test("a name in ORDER BY is one of the statement's columns, never one of those that are loaded", async () => {
    const { Session, log } = await shelf();
    await using session = Session();
    const [a, p] = [attrs(Author), attrs(Post)];
    const withPosts = select(Author).options(joinedload(a.posts));
    const authors = await session
      .scalars(
        withPosts
          .join(a.posts)
          .where(p.id.in([3, 4]))
          .orderBy("title"),
      )
      .unique()
      .all();
    expect(authors.map((each) => each.name)).toEqual(["Bob", "Ann"]);
    expect(log.texts()[0]).toContain("ORDER BY posts.title, ");
    const limited = await session
      .scalars(withPosts.orderBy(desc("name")).limit(2))
      .unique()
      .all();
    expect(posts(limited)).toEqual([[], [4, 5]]);
    await expect(session.scalars(withPosts.orderBy("title")).unique().all()).rejects.toThrow(
      'ORDER BY or GROUP BY names "title", and the statement selects id, name, active, born; no element',
    );
  });

  test("the rows of a GROUP BY or DISTINCT are a subquery, also for a relation to one", async () => {
    const { Session, log } = await shelf();
    await using session = Session();
    const [p, g] = [attrs(Post), attrs(Tag)];
    const counted = await session
      .execute(select(Post, func.count(g.id)).join(p.tags).groupBy(p.id).orderBy(p.id).options(joinedload(p.author)))
      .all();
    expect(counted.map(([post, tags]) => [post.author?.name, Number(tags)])).toEqual([
      ["Ann", 2],
      ["Ann", 1],
      ["Bob", 1],
      ["Bob", 2],
    ]);
    expect(log.texts()[0]).toMatch(/FROM \(SELECT .*GROUP BY posts\.id.*\) AS anon_1\s+LEFT OUTER JOIN authors/s);
    const once = await session.scalars(select(Post).distinct().orderBy(p.id).options(joinedload(p.author))).all();
    expect(once.map((post) => post.author?.id ?? null)).toEqual([1, 1, 1, 2, 2, null]);
  });
});

describe("subqueryload", () => {
  test("loads by the first statement as a subquery, limit included", async () => {
    const { Session, log } = await shelf();
    await using session = Session();
    const authors = await session
      .scalars(
        select(Author)
          .orderBy((a) => a.id)
          .limit(2)
          .offset(1)
          .options(subqueryload(Author, (a) => a.posts).subqueryload((p) => p.tags)),
      )
      .all();
    expect(posts(authors)).toEqual([[4, 5], []]);
    expect(authors[0].posts[1].tags.map((g) => g.name)).toEqual(["art", "cats"]);
    expect(log.count()).toBe(3);
    expect(log.texts()[1]).toContain("LIMIT");
  });
});

test("tables and columns may have names as long as the database takes: those that are made of them are cut before the number", async () => {
  const own = registry();
  const name = "an_organisational_unit_with_a_name_that_leaves_no_room_for_more_";
  @own.Entity(name.slice(0, 63))
  class Unit {
    @PrimaryKey() id!: number;
    @Column({ name: `${name.slice(0, 62)}n` }) title!: string;
    @ManyToOne(
      () => Unit,
      (u) => u.below,
      { nullable: true },
    )
    above!: Relation<Unit> | null;
    @OneToMany(
      () => Unit,
      (u) => u.above,
    )
    below!: Unit[];
  }
  const { Session } = await storeFor(own);
  await using session = Session();
  session.add(
    make(Unit, { title: "top", below: [make(Unit, { title: "mid", below: [make(Unit, { title: "low" })] })] }),
  );
  await session.commit();
  session.expungeAll();
  const statement = select(Unit)
    .where((u) => u.title.eq("mid"))
    .limit(1)
    .options(
      joinedload(Unit, (u) => u.below),
      joinedload(Unit, (u) => u.above),
    );
  const mid = await session.scalars(statement).unique().one();
  expect([mid.above?.title, mid.below.map((u) => u.title)]).toEqual(["top", ["low"]]);
  const above = aliased(Unit);
  const both = select(Unit, above)
    .join((u) => u.above.of(above))
    .subquery();
  expect((await session.execute(select(both)).all()).map((row) => [...row])).toEqual([
    [2, "mid", 1, 1, "top", null],
    [3, "low", 2, 2, "mid", 1],
  ]);
});
