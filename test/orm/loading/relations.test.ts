import { describe, expect, test } from "vitest";
import { aliased, attrs, exists, not, select, text } from "../../../src/index.js";
import { databaseKind } from "../../support/database.js";
import { shelf } from "./fixture.js";
import { Author, Post, Profile, Tag, TreeNode } from "./models.js";

describe("relationships in conditions", () => {
  test("any and has ask for members that meet a condition, across association tables and to the class itself", async () => {
    const { Session } = await shelf();
    await using session = Session();
    const names = async (stmt: ReturnType<typeof byName>) => (await session.scalars(stmt).all()).map((a) => a.name);
    const byName = () => select(Author).orderBy((a) => a.id);
    expect(await names(byName().where((a) => a.posts.any()))).toEqual(["Ann", "Bob"]);
    expect(await names(byName().where((a) => a.posts.any((p) => p.title.eq("four"))))).toEqual(["Bob"]);
    expect(await names(byName().where((a) => a.posts.any((p) => p.tags.any((g) => g.name.eq("bread")))))).toEqual([
      "Ann",
    ]);
    expect(await names(byName().where((a) => not(a.posts.any())))).toEqual(["Cid"]);
    expect(await names(byName().where((a) => a.profile.has((p) => p.motto.eq("on"))))).toEqual(["Ann"]);
    expect(await names(byName().where((a) => a.profile.isNull()))).toEqual(["Bob", "Cid"]);
    const titles = await session
      .scalars(
        select(Post)
          .where((p) => p.author.has((a) => a.name.eq("Bob")))
          .orderBy((p) => p.id),
      )
      .all();
    expect(titles.map((p) => p.title)).toEqual(["four", "five"]);
    const parents = await session.scalars(select(TreeNode).where((n) => n.children.any((c) => c.name.eq("aa")))).all();
    expect(parents.map((n) => n.name)).toEqual(["a"]);
    const below = await session
      .scalars(
        select(TreeNode)
          .where((n) => n.parent.has((p) => p.name.eq("root")))
          .orderBy((n) => n.id),
      )
      .all();
    expect(below.map((n) => n.name)).toEqual(["a", "b"]);
  });

  test("eq, ne, isNull and contains compare with objects", async () => {
    const { Session } = await shelf();
    await using session = Session();
    const ann = (await session.get(Author, 1)) as Author;
    const bread = (await session.get(Tag, 2)) as Tag;
    const one = (await session.get(Post, 1)) as Post;
    const ids = async (stmt: ReturnType<typeof posts>) => (await session.scalars(stmt).all()).map((p) => p.id);
    const posts = () => select(Post).orderBy((p) => p.id);
    expect(await ids(posts().where((p) => p.author.eq(ann)))).toEqual([1, 2, 3]);
    expect(await ids(posts().where((p) => p.author.ne(ann)))).toEqual([4, 5, 6]);
    expect(await ids(posts().where((p) => p.author.eq(null)))).toEqual([6]);
    expect(await ids(posts().where((p) => p.author.isNotNull()))).toEqual([1, 2, 3, 4, 5]);
    expect(await ids(posts().where((p) => p.tags.contains(bread)))).toEqual([1, 2]);
    expect(await ids(posts().filterBy({ author: ann } as never))).toEqual([1, 2, 3]);
    const authors = await session.scalars(select(Author).where((a) => a.posts.contains(one))).all();
    expect(authors).toEqual([ann]);
  });

  test("an object's key is taken when the statement runs, after the flush that gives it one", async () => {
    const { Session } = await shelf();
    await using session = Session();
    // The shelf's authors brought their own keys, of which PostgreSQL's sequence knows nothing.
    if (databaseKind() === "postgresql")
      await session.execute(text("select setval(pg_get_serial_sequence('authors', 'id'), 3)"));
    const dan = Object.assign(new Author(), { name: "Dan", active: true });
    session.add(dan);
    const stmt = select(Post).where((p) => p.author.eq(dan));
    expect(await session.scalars(stmt).all()).toEqual([]);
    expect(dan.id).toBeGreaterThan(3);
  });

  test("what cannot be compared says so", async () => {
    const { Session } = await shelf();
    await using session = Session();
    const ann = (await session.get(Author, 1)) as Author;
    const a = attrs(Author);
    const p = attrs(Post);
    expect(() => (a.posts as never as typeof p.author).has()).toThrow(/use any\(\)/);
    expect(() => (p.author as never as typeof a.posts).any()).toThrow(/use has\(\)/);
    expect(() => p.author.eq(new Post() as never)).toThrow(/takes an object of Author, not new Post/);
    for (const cls of [a, Author])
      expect(() => p.author.eq(cls as never)).toThrow(
        /^Post\.author\.eq\(\) takes an object of Author, not the class Author: rows are tied to rows by a join, select\(\.\.\.\)\.join\(x\.author\), or by their keys, x\.authorId\.eq\(\.\.\.\)\.$/,
      );
    expect(() => a.posts.contains(ann as never)).toThrow(/takes an object of Post, not Author\(1\)/);
    expect(() => a.posts.of(Tag as never)).toThrow(/is no Post/);
  });
});

describe("joins", () => {
  test("run along relationships, association tables included, from classes and from aliases", async () => {
    const { Session } = await shelf();
    await using session = Session();
    const a = attrs(Author);
    const p = attrs(Post);
    const g = attrs(Tag);
    const rows = await session
      .execute(select(a.name, p.title, g.name).join(a.posts).join(p.tags).orderBy(p.id, g.id))
      .all();
    expect(rows.map((r) => r.join(" "))).toEqual([
      "Ann one art",
      "Ann one bread",
      "Ann two bread",
      "Bob four cats",
      "Bob five art",
      "Bob five cats",
    ]);
    const outer = await session
      .execute(select(p.id, g.name).outerjoin(p.tags).where(p.id.gt(4)).orderBy(p.id, g.id))
      .all();
    expect(outer).toEqual([
      [5, "art"],
      [5, "cats"],
      [6, null],
    ]);
    const q = aliased(Post, "q");
    const tagged = await session.execute(select(q.title).join(q.tags).where(g.name.eq("art")).orderBy(q.id)).all();
    expect(tagged).toEqual([["one"], ["five"]]);
  });

  test("of a class with itself take a second name, and say so when there is none", async () => {
    const { Session } = await shelf();
    await using session = Session();
    const n = attrs(TreeNode);
    const up = aliased(TreeNode, "up");
    const rows = await session.execute(select(n.name, up.name).join(n.parent.of(up)).orderBy(n.id)).all();
    expect(rows).toEqual([
      ["a", "root"],
      ["b", "root"],
      ["aa", "a"],
      ["aaa", "aa"],
    ]);
    await expect(session.execute(select(n.name).join(n.parent)).all()).rejects.toThrow(
      /second name.*aliased\(TreeNode\)/,
    );
  });

  test("and() adds to the ON of an outer join", async () => {
    const { Session } = await shelf();
    await using session = Session();
    const a = attrs(Author);
    const p = attrs(Post);
    const rows = await session
      .execute(
        select(a.name, p.id)
          .outerjoin(a.posts.and(p.id.gt(4)))
          .orderBy(a.id),
      )
      .all();
    expect(rows).toEqual([
      ["Ann", null],
      ["Bob", 5],
      ["Cid", null],
    ]);
  });
});

describe("aliases", () => {
  test("give entities of their own name, and entities from subqueries", async () => {
    const { Session } = await shelf();
    await using session = Session();
    const older = aliased(Author, "older");
    const a = attrs(Author);
    const rows = await session
      .execute(select(Author, older).join(older, older.id.lt(a.id)).orderBy(a.id, older.id))
      .all();
    expect(rows.map(([x, y]) => `${x.name}>${y.name}`)).toEqual(["Bob>Ann", "Cid>Ann", "Cid>Bob"]);
    const sub = select(Author)
      .where((x) => x.id.gt(1))
      .subquery("late");
    const late = aliased(Author, sub);
    const found = await session.scalars(select(late).orderBy(late.name.desc())).all();
    expect(found.map((x) => x.name)).toEqual(["Cid", "Bob"]);
    expect(found[1]).toBe(rows[0][0]);
  });

  test("a statement made again with a new alias is the same statement to the cache", async () => {
    const { Session, log } = await shelf();
    await using session = Session();
    for (const id of [1, 2]) {
      const x = aliased(Author);
      const [found] = await session.scalars(select(x).where(x.id.eq(id))).all();
      expect(found.id).toBe(id);
    }
    expect(log.texts()[0]).toBe(log.texts()[1]);
  });

  test("a name that is not mapped is an error that lists those that are", () => {
    const a = attrs(Author) as unknown as Record<string, unknown>;
    expect(() => a.nmae).toThrow(/Author has no mapped attribute "nmae".*name/);
    expect(() => attrs(class Plain {} as never)).toThrow(/Plain is not a mapped class/);
    expect(JSON.stringify(Object.keys(attrs(Profile)))).toContain("motto");
  });

  test("correlated subqueries see the class around them", async () => {
    const { Session } = await shelf();
    await using session = Session();
    const a = attrs(Author);
    const p = attrs(Post);
    const rows = await session
      .scalars(
        select(Author)
          .where(exists(select(p.id).where(p.authorId.eq(a.id))))
          .orderBy(a.id),
      )
      .all();
    expect(rows.map((x) => x.name)).toEqual(["Ann", "Bob"]);
  });
});
