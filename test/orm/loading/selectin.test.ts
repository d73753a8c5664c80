import { describe, expect, test } from "vitest";
import {
  asyncSessionmaker,
  Column,
  create,
  insert,
  ManyToOne,
  OneToMany,
  PrimaryKey,
  type Relation,
  registry,
  type SQLType,
  select,
  selectinload,
  t,
} from "../../../src/index.js";
import { databaseKind, freshDatabase } from "../../support/database.js";
import { shelf } from "./fixture.js";
import { Author, Post, Tag, TreeNode } from "./models.js";

describe("selectinload", () => {
  test("loads each relationship of each level with one statement more", async () => {
    const { Session, log } = await shelf();
    await using session = Session();
    const authors = await session
      .scalars(
        select(Author)
          .orderBy((a) => a.id)
          .options(
            selectinload(Author, (a) => a.posts).selectinload((p) => p.tags),
            selectinload(Author, (a) => a.posts).selectinload((p) => p.comments),
          ),
      )
      .all();
    expect(log.count("SELECT")).toBe(4);
    expect(
      authors.map((a) => a.posts.map((p) => [p.id, p.tags.map((g) => g.name), p.comments.map((c) => c.text)])),
    ).toEqual([
      [
        [1, ["art", "bread"], ["a", "b"]],
        [2, ["bread"], []],
        [3, [], ["c"]],
      ],
      [
        [4, ["cats"], ["d"]],
        [5, ["art", "cats"], []],
      ],
      [],
    ]);
  });

  test("asks for the children by their foreign key alone, without the parents' table", async () => {
    const { Session, log } = await shelf();
    await using session = Session();
    await session.scalars(select(Author).options(selectinload(Author, (a) => a.posts))).all();
    expect(log.texts("SELECT")[1]).not.toContain("authors");
    expect(log.texts("SELECT")[1]).toContain("ORDER BY posts.id");
  });

  test("takes a relation to one from the identity map and asks only for what is missing", async () => {
    const { Session, log } = await shelf();
    await using session = Session();
    const ann = await session.get(Author, 1);
    log.reset();
    const posts = await session
      .scalars(
        select(Post)
          .orderBy((p) => p.id)
          .options(selectinload(Post, (p) => p.author)),
      )
      .all();
    expect(log.count("SELECT")).toBe(2);
    expect(log.statements[1].parameters.map(Number)).toEqual([2]);
    expect(posts[0].author).toBe(ann);
    expect(posts[3].author?.name).toBe("Bob");
    expect(posts[5].author).toBe(null);
    log.reset();
    session.expungeAll();
    await session.scalars(select(Author)).all();
    await session.scalars(select(Post).options(selectinload(Post, (p) => p.author))).all();
    expect(log.count("SELECT")).toBe(2);
  });

  test("gives objects that are there already what they lack, and leaves what they have", async () => {
    const { Session, log } = await shelf();
    await using session = Session();
    const before = await session.scalars(select(Author).orderBy((a) => a.id)).all();
    await session.refresh(before[0], ["posts"]);
    const [first] = before[0].posts;
    before[0].posts.splice(0, before[0].posts.length, first);
    log.reset();
    await session.noAutoflush(() =>
      session.scalars(select(Author).options(selectinload(Author, (a) => a.posts))).all(),
    );
    expect(log.count("SELECT")).toBe(2);
    expect(before[0].posts).toEqual([first]);
    expect(before[1].posts.length).toBe(2);
  });

  test("overwrites collections with populateExisting", async () => {
    const { Session } = await shelf();
    await using session = Session();
    const ann = (await session.get(Author, 1, { options: [selectinload(Author, (a) => a.posts)] })) as Author;
    ann.posts.pop();
    ann.name = "changed";
    await session.noAutoflush(() =>
      session
        .scalars(
          select(Author)
            .options(selectinload(Author, (a) => a.posts))
            .executionOptions({ populateExisting: true }),
        )
        .all(),
    );
    expect(ann.posts.length).toBe(3);
    expect(ann.name).toBe("Ann");
    expect(session.isModified(ann)).toBe(false);
  });

  test("adds criteria of the path to the load", async () => {
    const { Session, log } = await shelf();
    await using session = Session();
    const read = async (min: number): Promise<number[][]> => {
      session.expungeAll();
      const authors = await session
        .scalars(
          select(Author)
            .orderBy((a) => a.id)
            .options(selectinload(Author, (a) => a.posts.and((p) => p.id.ge(min)))),
        )
        .all();
      return authors.map((a) => a.posts.map((p) => p.id));
    };
    expect(await read(3)).toEqual([[3], [4, 5], []]);
    // the plan is the same, the value is not
    expect(await read(5)).toEqual([[], [5], []]);
    expect(log.texts("SELECT")[1]).toBe(log.texts("SELECT")[3]);
  });

  test("goes down a tree as far as recursionDepth says, and to the end for -1", async () => {
    const { Session, log } = await shelf();
    await using session = Session();
    const root = () => select(TreeNode).where((n) => n.parent.isNull());
    const [one] = await session
      .scalars(root().options(selectinload(TreeNode, (n) => n.children, { recursionDepth: 2 })))
      .all();
    expect(log.count("SELECT")).toBe(3);
    expect(one.children[0].children[0].name).toBe("aa");
    expect(() => one.children[0].children[0].children).toThrow(/not loaded/);
    session.expungeAll();
    log.reset();
    const [all] = await session
      .scalars(root().options(selectinload(TreeNode, (n) => n.children, { recursionDepth: -1 })))
      .all();
    expect(all.children[0].children[0].children[0].name).toBe("aaa");
    expect(all.children[0].children[0].children[0].children).toEqual([]);
    expect(log.count("SELECT")).toBe(5);
  });

  test("loads thousands of parents with two statements", async () => {
    const { engine, Session, log } = await shelf();
    await using session = Session();
    await session.execute(
      insert(Tag),
      Array.from({ length: 1200 }, (_, i) => ({ id: 100 + i, name: `n${i}` })),
    );
    log.reset();
    const tags = await session.scalars(select(Tag).options(selectinload(Tag, (g) => g.posts))).all();
    expect(tags.length).toBe(1203);
    expect(log.count("SELECT")).toBeLessThanOrEqual(engine.core.dialect.capabilities.arrayParameters ? 2 : 4);
    expect(tags[0].posts.map((p) => p.id)).toEqual([1, 5]);
    expect(tags[1202].posts).toEqual([]);
  });

  test("keys that follow each other without a gap are asked for as a range, and others by a list", async () => {
    const { engine, Session, log } = await shelf();
    if (!engine.core.dialect.capabilities.arrayParameters) return;
    await using session = Session();
    const members = new Map([100, 150, 169].map((id, i) => [id, i + 1]));
    for (let id = 100; id < 170; id++) {
      const tag = Object.assign(new Tag(), { id, name: `n${id}` });
      const post = members.get(id);
      if (post !== undefined) tag.posts.push(await session.getOne(Post, post));
      session.add(tag);
    }
    await session.flush();
    const postsOf = async (gap: number): Promise<(readonly unknown[])[]> => {
      session.expungeAll();
      log.reset();
      const tags = await session
        .scalars(
          select(Tag)
            .where((g) => g.id.ge(100).and(g.id.ne(gap)))
            .orderBy((g) => g.id)
            .options(selectinload(Tag, (g) => g.posts)),
        )
        .all();
      return tags.filter((tag) => tag.posts.length > 0).map((tag) => [tag.id, ...tag.posts.map((p) => p.id)]);
    };
    expect(await postsOf(0)).toEqual([
      [100, 1],
      [150, 2],
      [169, 3],
    ]);
    expect(log.texts("SELECT")[1]).toContain("BETWEEN");
    expect(log.statements[1].parameters.map(Number)).toEqual([100, 169]);
    expect(await postsOf(150)).toEqual([
      [100, 1],
      [169, 3],
    ]);
    expect(log.texts("SELECT")[1]).not.toContain("BETWEEN");
  });

  test("one statement shape serves lists of any length", async () => {
    const { Session, log } = await shelf();
    await using session = Session();
    for (const limit of [2, 3]) {
      session.expungeAll();
      await session
        .scalars(
          select(Author)
            .limit(limit)
            .options(selectinload(Author, (a) => a.posts)),
        )
        .all();
    }
    const [, first, , second] = log.texts("SELECT");
    expect(first).toBe(second);
  });

  test("fills a one-to-one from the other side's key", async () => {
    const { Session, log } = await shelf();
    await using session = Session();
    const authors = await session
      .scalars(
        select(Author)
          .orderBy((a) => a.id)
          .options(selectinload(Author, (a) => a.profile)),
      )
      .all();
    expect(authors.map((a) => a.profile?.motto ?? null)).toEqual(["on", null, null]);
    expect(log.count("SELECT")).toBe(2);
  });

  test("loads a foreign key that loadOnly left out, since the relation hangs on it", async () => {
    const { Session, log } = await shelf();
    await using session = Session();
    const { loadOnly } = await import("../../../src/index.js");
    const posts = await session
      .scalars(
        select(Post)
          .orderBy((p) => p.id)
          .options(
            loadOnly(Post, (p) => p.title),
            selectinload(Post, (p) => p.author),
          ),
      )
      .all();
    expect(posts[0].author?.name).toBe("Ann");
    expect(log.count("SELECT")).toBe(2);
  });

  const untyped =
    databaseKind() === "sqlite" ? [["no declared type", t.named(""), (n: number) => `k${n}`] as const] : [];
  test.each<readonly [string, SQLType, (n: number) => unknown]>([
    ["bytes", t.binary, (n) => new Uint8Array([n, 255])],
    ...untyped,
  ])(
    "finds members, and what they refer to, by keys of %s, of which no list is one parameter everywhere",
    async (_name, type, key) => {
      const reg = registry();
      @reg.Entity("boxes")
      class Box {
        @PrimaryKey(type) id!: unknown;
        @OneToMany(
          () => Thing,
          (x) => x.box,
          { orderBy: (x) => x.id },
        )
        things!: Thing[];
      }
      @reg.Entity("things")
      class Thing {
        @PrimaryKey() id!: number;
        @Column(type, { nullable: true, foreignKey: "boxes.id" }) boxId!: unknown;
        @ManyToOne(
          () => Box,
          (b) => b.things,
        )
        box!: Relation<Box> | null;
      }
      const { engine } = await freshDatabase();
      await reg.metadata.createAll(engine);
      const Session = asyncSessionmaker(engine);
      await Session.begin((session) => {
        for (const n of [1, 2, 3]) session.add(create(Box, { id: key(n), things: [{ id: n }, { id: n + 10 }] }));
      });
      await using session = Session();
      const boxes = await session.scalars(select(Box).options(selectinload(Box, (b) => b.things))).all();
      expect(boxes.map((b) => b.things.map((x) => x.id)).sort()).toEqual([
        [1, 11],
        [2, 12],
        [3, 13],
      ]);
      session.expungeAll();
      const things = await session
        .scalars(
          select(Thing)
            .orderBy((x) => x.id)
            .options(selectinload(Thing, (x) => x.box)),
        )
        .all();
      expect(new Set(things.map((x) => x.box)).size).toBe(3);
      expect(things.map((x) => x.box?.id)).toEqual(things.map((x) => x.boxId));
    },
  );
});
