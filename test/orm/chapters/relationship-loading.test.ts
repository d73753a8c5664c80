/** The chapter "Relationship loading techniques" of SQLAlchemy's ORM documentation, on both databases. What other files show is not repeated. */
import { describe, expect, expectTypeOf, test } from "vitest";
import {
  aliased,
  attrs,
  awaitable,
  Column,
  containsEager,
  defaultload,
  defer,
  immediateload,
  inspect,
  joinedload,
  type LoadOption,
  lazyload,
  load,
  loadOnly,
  ManyToOne,
  OneToMany,
  PrimaryKey,
  type Relation,
  raiseload,
  registry,
  select,
  selectinload,
  subqueryload,
  t,
} from "../../../src/index.js";
import { recordStatements } from "../../support/statements.js";
import { shelf } from "../loading/fixture.js";
import { Author, Comment, Post, Tag } from "../loading/models.js";
import { make, storeFor } from "../support.js";

const STRATEGIES: readonly (readonly [string, typeof subqueryload])[] = [
  ["selectinload", selectinload],
  ["joinedload", joinedload],
  ["subqueryload", subqueryload],
  ["immediateload", immediateload],
  ["lazyload", lazyload as typeof subqueryload],
];

describe("options on a path", () => {
  test("[QR-08] branch as a tree", async () => {
    const { Session, log } = await shelf();
    await using session = Session();
    const authors = await session
      .scalars(
        select(Author)
          .orderBy((a) => a.id)
          .options(
            selectinload(Author, (a) => a.posts).options(
              joinedload(Post, (p) => p.author, { innerjoin: true }),
              selectinload(Post, (p) => p.tags).loadOnly((g) => g.name),
              selectinload(Post, (p) => p.comments).options(defer(Comment, (c) => c.text)),
            ),
          ),
      )
      .all();
    expect(log.count()).toBe(4);
    const [ann] = authors;
    expect(ann.posts[0].tags.map((g) => g.name)).toEqual(["art", "bread"]);
    expect(inspect(ann.posts[0].comments[0]).unloaded.has("text")).toBe(true);
    // @ts-expect-error no such relationship
    expect(() => selectinload(Author, (a) => a.posts).selectinload((p) => p.nothing)).toThrow("nothing");
    expectTypeOf(selectinload(Author, (a) => a.posts).selectinload((p) => p.tags)).toHaveProperty("loadOnly");
  });

  test("[QR-10] a wildcard speaks for all relationships of a statement, or of one entity", async () => {
    const { Session } = await shelf();
    await using session = Session();
    const rows = await session
      .execute(
        select(Author, Post)
          .join(attrs(Author).posts)
          .where(attrs(Post).id.eq(1))
          .options(load(Author).raiseload("*"), load(Post).lazyload("*")),
      )
      .all();
    const [[author, post]] = rows;
    await session.runSync(() => {
      expect(() => author.posts).toThrow('"Author.posts" is not available');
      expect(() => author.profile).toThrow('"Author.profile" is not available');
      expect(post.tags).toHaveLength(2);
    });
    await session.close(); // PGlite has one connection
    await using second = Session();
    const [ann] = await second
      .scalars(
        select(Author).options(
          lazyload("*"),
          selectinload(Author, (a) => a.posts),
        ),
      )
      .all();
    expect(ann.posts).toHaveLength(3);
  });

  test("[QC-02] each entity and each eager path has its own columns", async () => {
    const { Session, log } = await shelf();
    await using session = Session();
    const rows = await session
      .execute(
        select(Author, Post)
          .join(attrs(Author).posts)
          .where(attrs(Post).id.eq(1))
          .options(
            loadOnly(Author, (a) => a.name),
            load(Post).loadOnly((p) => p.title),
            defaultload(Author, (a) => a.posts).selectinload((p) => p.tags),
          ),
      )
      .all();
    const [[author, post]] = rows;
    expect(inspect(author).unloaded.has("active")).toBe(true);
    expect([author.name, post.title]).toEqual(["Ann", "one"]);
    expect(inspect(post).unloaded.has("authorId")).toBe(true);
    expect(log.texts()[0]).not.toMatch(/active|author_id AS/);
  });

  test("[QR-12] of get, refresh and merge load relationships too", async () => {
    const { Session } = await shelf();
    await using session = Session();
    const ann = await session.getOne(Author, 1, {
      options: [selectinload(Author, (a) => a.posts).selectinload((p) => p.tags)],
    });
    expect(ann.posts[0].tags).toHaveLength(2);
    await session.refresh(ann, ["posts", "profile"]);
    expect(ann.profile?.motto).toBe("on");
    await session.close(); // PGlite has one connection
    await using second = Session();
    const given = make(Author, { id: 1, name: "Annie" });
    const merged = await second.merge(given, { options: [selectinload(Author, (a) => a.posts)] });
    expect(merged.name).toBe("Annie");
    expect(merged.posts).toHaveLength(3);
  });
});

describe("criteria on an eager load", () => {
  test.each(STRATEGIES)(
    "[QR-09] %s takes only the members that meet them, for this statement",
    async (name, option) => {
      const { Session, log } = await shelf();
      await using session = Session();
      const a = attrs(Author);
      const stmt = select(Author)
        .orderBy(a.id)
        .options(option(a.posts.and((p) => p.title.like("t%"))));
      const authors = await session.scalars(stmt).unique().all();
      const titles = await session.runSync(() => authors.map((x) => x.posts.map((p) => p.title)));
      expect(titles).toEqual([["two", "three"], [], []]);
      if (name === "joinedload") expect(log.count()).toBe(1);
      // The collection is partial, and is not written for that: its other members keep their parent.
      await session.commit();
      await using second = Session();
      expect(await second.scalars(select(Post).where((p) => p.author.eq(null))).all()).toHaveLength(1);
      // Another value, the same statement to the cache.
      const other = await second
        .scalars(
          select(Author)
            .orderBy(a.id)
            .options(option(a.posts.and((p) => p.title.like("o%")))),
        )
        .unique()
        .all();
      expect(await second.runSync(() => other[0].posts.map((p) => p.title))).toEqual(["one"]);
    },
  );

  test("[QR-09] go along the path, and several can be given", async () => {
    const { Session } = await shelf();
    await using session = Session();
    const p = attrs(Post);
    const authors = await session
      .scalars(
        select(Author)
          .orderBy((a) => a.id)
          .options(
            selectinload(Author, (a) => a.posts.and((x) => x.id.le(4)).and((x) => x.id.ne(2))).selectinload((x) =>
              x.tags.and((g) => g.name.ne("art")),
            ),
          ),
      )
      .all();
    expect(p).toBeDefined();
    expect(authors.map((a) => a.posts.map((x) => [x.id, x.tags.map((g) => g.name)]))).toEqual([
      [
        [1, ["bread"]],
        [3, []],
      ],
      [[4, ["cats"]]],
      [],
    ]);
  });
});

describe("containsEager", () => {
  test("[QR-11] takes the rows that the statement's own join and filter leave, each parent once", async () => {
    const { Session, log } = await shelf();
    await using session = Session();
    const [a, p] = [attrs(Author), attrs(Post)];
    const authors = await session
      .scalars(
        select(Author)
          .join(a.posts)
          .where(p.title.like("%o%"))
          .orderBy(a.id, p.id.desc())
          .options(containsEager(a.posts)),
      )
      .unique()
      .all();
    expect(authors.map((x) => x.posts.map((post) => post.id))).toEqual([[2, 1], [4]]);
    expect(log.count()).toBe(1);
    await session.runSync(() => expect(authors[0].posts).toHaveLength(2));
  });

  test("[QR-11] reads aliases, limits in a subquery, and goes several levels down", async () => {
    const { Session, log } = await shelf();
    await using session = Session();
    const newest = select(Post)
      .orderBy((p) => p.id.desc())
      .limit(2)
      .subquery();
    const post = aliased(Post, newest);
    const a = attrs(Author);
    const authors = await session
      .scalars(
        select(Author)
          .join(a.posts.of(post))
          .orderBy(a.id, post.id)
          .options(containsEager(a.posts.of(post))),
      )
      .unique()
      .all();
    expect(authors.map((x) => [x.name, x.posts.map((y) => y.id)])).toEqual([["Bob", [5]]]);
    await session.close(); // PGlite has one connection
    await using second = Session();
    log.reset();
    const p1 = aliased(Post, "p1");
    const g1 = aliased(Tag, "g1");
    const tagged = await second
      .scalars(
        select(Author)
          .join(a.posts.of(p1))
          .join(p1.tags.of(g1))
          .where(g1.name.eq("cats"))
          .orderBy(a.id, p1.id)
          .options(containsEager(a.posts.of(p1)).containsEager((p) => p.tags.of(g1))),
      )
      .unique()
      .all();
    expect(tagged.map((x) => x.posts.map((y) => [y.id, y.tags.map((g) => g.name)]))).toEqual([
      [
        [4, ["cats"]],
        [5, ["cats"]],
      ],
    ]);
    expect(log.count()).toBe(1);
  });

  test("[QR-11] fills what is loaded already only with populateExisting", async () => {
    const { Session } = await shelf();
    await using session = Session();
    const a = attrs(Author);
    const ann = await session.getOne(Author, 1, { options: [selectinload(Author, (x) => x.posts)] });
    const stmt = select(Author).join(a.posts).where(attrs(Post).id.eq(1)).options(containsEager(a.posts));
    await session.scalars(stmt).unique().all();
    expect(ann.posts).toHaveLength(3);
    await session.scalars(stmt, undefined, { populateExisting: true }).unique().all();
    expect(ann.posts).toHaveLength(1);
  });

  test("[QR-16] without unique() the error names the relationship that multiplies the rows", async () => {
    const { Session } = await shelf();
    await using session = Session();
    const a = attrs(Author);
    const joined: LoadOption = containsEager(a.posts);
    await expect(session.scalars(select(Author).join(a.posts).options(joined)).all()).rejects.toThrow(
      "Author.posts is a collection that is loaded by a join (joinedload, containsEager",
    );
    const nested = select(Post).options(joinedload(Post, (p) => p.author).joinedload((x) => x.posts));
    // @ts-expect-error the types say so too
    await expect(session.scalars(nested).all()).rejects.toThrow(
      "Author.posts is a collection that is loaded by a join",
    );
    expect(await session.scalars(nested).unique().all()).toHaveLength(6);
  });
});

const ordered = registry();

@ordered.Entity("boxes")
class Box {
  @PrimaryKey() id!: number;
  @OneToMany(
    () => Thing,
    (x) => x.box,
    { orderBy: ["-size", "name"] },
  )
  things!: Thing[];
  @OneToMany(() => Thing, { viewonly: true, orderBy: (x) => [x.name.desc().nullsLast(), x.id] }) byName!: Thing[];
}

@ordered.Entity("things")
class Thing {
  @PrimaryKey() id!: number;
  @Column(t.integer) size!: number;
  @Column(t.string(10), { nullable: true }) name!: string | null;
  @ManyToOne(
    () => Box,
    (b) => b.things,
    { innerjoin: true, nullable: false },
  )
  box!: Relation<Box>;
}

async function boxes() {
  const store = await storeFor(ordered);
  await store.Session.begin((s) => {
    const thing = (id: number, size: number, name: string | null) => make(Thing, { id, size, name });
    s.add(make(Box, { id: 1, things: [thing(1, 1, "b"), thing(2, 2, "a"), thing(3, 1, "a"), thing(4, 2, null)] }));
    s.add(make(Box, { id: 2, things: [thing(5, 9, "z")] }));
  });
  return store;
}

describe("order", () => {
  test.each(STRATEGIES)(
    "[RA-01] by several columns and directions holds with %s, nulls where they are told",
    async (_, option) => {
      const { Session } = await boxes();
      await using session = Session();
      const stmt = select(Box)
        .orderBy((b) => b.id)
        .options(
          option(Box, (b) => b.things),
          option(Box, (b) => b.byName),
        );
      const [box] = await session.scalars(stmt).unique().all();
      await session.runSync(() => {
        expect(box.things.map((x) => x.id).filter((id) => id !== 4)).toEqual([2, 3, 1]);
        expect(box.byName.map((x) => x.id)).toEqual([1, 2, 3, 4]);
      });
    },
  );

  test("[RA-04] a required relation to one is joined inside, and nested right below an outer join", async () => {
    const { Session, engine } = await boxes();
    using log = recordStatements(engine);
    await using session = Session();
    await session.scalars(select(Thing).options(joinedload(Thing, (x) => x.box))).all();
    expect(log.texts()[0]).toMatch(/FROM things JOIN boxes/);
    await session
      .scalars(select(Box).options(joinedload(Box, (b) => b.things).joinedload((x) => x.box)))
      .unique()
      .all();
    expect(log.texts()[1]).toMatch(/LEFT OUTER JOIN \(things AS \S+ JOIN boxes AS/);
  });
});

describe("streams", () => {
  test("[QA-03] select-in loads go part by part, chained ones too, and joined collections are refused", async () => {
    const { Session, log } = await shelf();
    await using session = Session();
    log.reset();
    const stream = await session.streamScalars(
      select(Post)
        .orderBy((p) => p.id)
        .options(
          selectinload(Post, (p) => p.comments),
          selectinload(Post, (p) => p.tags),
        ),
      undefined,
      { yieldPer: 2 },
    );
    const seen: number[][] = [];
    for await (const part of stream.partitions()) seen.push(part.map((p) => p.comments.length + p.tags.length));
    expect(seen).toEqual([
      [4, 1],
      [1, 2],
      [2, 0],
    ]);
    expect(log.count("SELECT")).toBe(1 + 3 * 2);
    await expect(session.streamScalars(select(Author).options(joinedload(Author, (a) => a.posts)))).rejects.toThrow(
      "cannot load collections by a join",
    );
  });
});

describe("objects on two paths", () => {
  test("[QR-13] are loaded as the shallower path says, whatever comes first", async () => {
    const { Session } = await shelf();
    await using session = Session();
    const authors = await session
      .scalars(
        select(Author)
          .orderBy((a) => a.id)
          .options(
            selectinload(Author, (a) => a.posts)
              .selectinload((p) => p.author)
              .raiseload((a) => a.profile),
          ),
      )
      .all();
    await session.runSync(() => expect(authors[0].posts[0].author?.profile?.motto).toBe("on"));
  });

  test("[QR-14] options hold for lazy loads later, along the path", async () => {
    const { Session, log } = await shelf();
    await using session = Session();
    const ann = await session
      .scalars(
        select(Author)
          .where((a) => a.id.eq(1))
          .options(
            lazyload(Author, (a) => a.posts).joinedload((p) => p.tags),
            raiseload(Author, (a) => a.profile),
          ),
      )
      .one();
    log.reset();
    const posts = await awaitable(ann).posts;
    expect(posts[0].tags).toHaveLength(2);
    expect(log.count()).toBe(1);
    await expect(awaitable(ann).profile).rejects.toThrow('"Author.profile" is not available');
  });
});
