import { describe, expect, test } from "vitest";
import {
  attrs,
  defer,
  func,
  lazyload,
  load,
  loadOnly,
  MissingSyncContextError,
  noload,
  raiseload,
  select,
  selectinload,
  undefer,
  undeferGroup,
  update,
  withLoaderCriteria,
} from "../../../src/index.js";
import { shelf } from "./fixture.js";
import { Author, Post } from "./models.js";

describe("columns", () => {
  test("[QC-04] deferred columns are not selected, and load with their group when read", async () => {
    const { Session, log } = await shelf();
    await using session = Session();
    const ann = (await session.get(Author, 1)) as Author;
    expect(log.texts()[0]).not.toContain("bio");
    log.reset();
    await session.runSync(() => {
      expect(ann.bio).toBe("bio of Ann");
      expect(log.count()).toBe(1);
      expect(ann.photo).toBe("p");
      expect(ann.letter).toBe("l");
    });
    expect(log.count()).toBe(2);
  });

  test("loadOnly selects these columns and the key; one that was left out loads alone", async () => {
    const { Session, log } = await shelf();
    await using session = Session();
    const [ann] = await session
      .scalars(
        select(Author)
          .orderBy((a) => a.id)
          .options(loadOnly(Author, (a) => a.name)),
      )
      .all();
    expect(log.texts()[0]).toMatch(/^SELECT authors\.id, authors\.name FROM/);
    await session.runSync(() => {
      const whole = ann as Author;
      expect(whole.active).toBe(true);
      expect(whole.born).toEqual(new Date(Date.UTC(1990, 0, 1)));
    });
    expect(log.count()).toBe(3);
  });

  test('undefer, undeferGroup and defer("*") say what comes', async () => {
    const { Session, log } = await shelf();
    await using session = Session();
    const [ann] = await session
      .scalars(
        select(Author).options(
          undefer(Author, (a) => a.bio),
          undeferGroup(Author, "big"),
        ),
      )
      .all();
    expect([ann.bio, ann.photo]).toEqual(["bio of Ann", "p"]);
    session.expungeAll();
    await session
      .scalars(
        select(Author).options(
          defer(Author, "*"),
          undefer(Author, (a) => a.name),
        ),
      )
      .all();
    expect(log.texts()[1]).toMatch(/^SELECT authors\.id, authors\.name FROM/);
  });

  test("[QC-05] a column deferred with raiseload is not loaded by reading it", async () => {
    const { Session } = await shelf();
    await using session = Session();
    const [ann] = await session
      .scalars(select(Author).options(defer(Author, (a) => a.name, { raiseload: true })))
      .all();
    await session.runSync(() => {
      expect(() => (ann as Author).name).toThrow(/raiseload/);
      expect(ann.active).toBe(true);
    });
  });

  test("booleans and dates are converted, at once or when first read", async () => {
    const { Session } = await shelf();
    await using session = Session();
    const bob = (await session.get(Author, 2)) as Author;
    expect(bob.active).toBe(false);
    expect(bob.born).toEqual(new Date(Date.UTC(1990, 0, 2)));
  });

  test("rows mix entities and columns, as tuples or as objects", async () => {
    const { Session } = await shelf();
    await using session = Session();
    const a = attrs(Author);
    const p = attrs(Post);
    const rows = await session.execute(select(Author, p.title, a.active).join(a.posts).orderBy(p.id)).all();
    expect(rows.map(([author, title, active]) => [author.name, title, active])[3]).toEqual(["Bob", "four", false]);
    const counts = await session
      .execute(
        select({ author: Author, posts: func.count(p.id), born: a.born })
          .outerjoin(a.posts)
          .groupBy(a.id)
          .orderBy(a.id),
      )
      .all();
    expect(counts.map((row) => [row.author.name, row.posts])).toEqual([
      ["Ann", 3],
      ["Bob", 2],
      ["Cid", 0],
    ]);
    expect(counts[0].born).toEqual(new Date(Date.UTC(1990, 0, 1)));
    const both = await session.execute(select(Post, Author).outerjoin(p.author).orderBy(p.id)).all();
    expect(both[5]).toEqual([expect.anything(), null]);
    expect((await session.execute(select(a.born).orderBy(a.id))).keys()).toEqual(["born"]);
  });
});

describe("objects that are there already", () => {
  test("keep what they have, get what they lack, and forget that they were expired", async () => {
    const { Session } = await shelf();
    await using session = Session();
    const [ann] = await session.scalars(select(Author).options(loadOnly(Author, (a) => a.name))).all();
    ann.name = "mine";
    await session.noAutoflush(() => session.scalars(select(Author)).all());
    expect(ann.name).toBe("mine");
    expect((ann as Author).active).toBe(true);
    await session.rollback();
    expect(() => ann.name).toThrow(MissingSyncContextError);
    await session.scalars(select(Author)).all();
    expect(ann.name).toBe("Ann");
  });

  test("are filled by a refresh and by get, and null says that the row is gone", async () => {
    const { Session, log } = await shelf();
    await using session = Session();
    const ann = (await session.get(Author, 1)) as Author;
    await session.execute(
      update(Author)
        .where((a) => a.id.eq(1))
        .values({ name: "New" }),
      undefined,
      { synchronizeSession: false } as never,
    );
    expect(ann.name).toBe("Ann");
    await session.refresh(ann, ["name"]);
    expect(ann.name).toBe("New");
    await session.refresh(ann, ["posts"]);
    expect(ann.posts.length).toBe(3);
    expect(await session.get(Author, 99)).toBe(null);
    log.reset();
    session.expire(ann);
    await session.get(Author, 1);
    expect(log.count()).toBe(1);
  });
});

describe("what is not to be loaded", () => {
  test('[QR-10] raiseload("*") refuses every relationship that the statement does not load, at every level', async () => {
    const { Session } = await shelf();
    await using session = Session();
    const [ann] = await session
      .scalars(
        select(Author).options(
          selectinload(Author, (a) => a.posts),
          raiseload("*"),
        ),
      )
      .all();
    await session.runSync(() => {
      expect(ann.posts.length).toBe(3);
      expect(() => ann.profile).toThrow(/raiseload/);
      expect(() => ann.posts[0].tags).toThrow(/raiseload/);
    });
  });

  test("sqlOnly lets through what the identity map has", async () => {
    const { Session } = await shelf();
    await using session = Session();
    await session.get(Author, 1);
    const all = await session
      .scalars(
        select(Post)
          .orderBy((p) => p.id)
          .options(raiseload(Post, (p) => p.author, { sqlOnly: true })),
      )
      .all();
    await session.runSync(() => {
      expect(all[0].author?.name).toBe("Ann");
      expect(() => all[3].author).toThrow(/raise_on_sql/);
    });
  });

  test("noload gives empty relationships", async () => {
    const { Session, log } = await shelf();
    await using session = Session();
    const [ann] = await session
      .scalars(
        select(Author).options(
          noload(Author, (a) => a.posts),
          noload(Author, (a) => a.profile),
        ),
      )
      .all();
    expect(ann.posts).toEqual([]);
    expect(ann.profile).toBe(null);
    expect(log.count()).toBe(1);
  });

  test("the last option for a relationship wins", async () => {
    const { Session, log } = await shelf();
    await using session = Session();
    await session
      .scalars(
        select(Author).options(
          selectinload(Author, (a) => a.posts),
          lazyload(Author, (a) => a.posts),
        ),
      )
      .all();
    expect(log.count()).toBe(1);
  });
});

describe("lazy loads", () => {
  test("honour the options of the statement that loaded the object", async () => {
    const { Session, log } = await shelf();
    await using session = Session();
    const [ann] = await session
      .scalars(
        select(Author).options(lazyload(Author, (a) => a.posts.and((p) => p.id.lt(3))).selectinload((p) => p.tags)),
      )
      .all();
    log.reset();
    await session.runSync(() => {
      expect(ann.posts.map((p) => p.id)).toEqual([1, 2]);
      expect(ann.posts[0].tags.length).toBe(2);
    });
    expect(log.count()).toBe(2);
  });

  test("of a relation to one need no statement where the key is null or the target is present", async () => {
    const { Session, log } = await shelf();
    await using session = Session();
    const all = await session.scalars(select(Post).orderBy((p) => p.id)).all();
    log.reset();
    await session.runSync(() => {
      expect(all[5].author).toBe(null);
      expect(all[0].author?.name).toBe("Ann");
      expect(all[1].author?.name).toBe("Ann");
    });
    expect(log.count()).toBe(1);
  });
});

describe("withLoaderCriteria", () => {
  test("holds in the statement, in joins and in the loads that follow, lazy ones included", async () => {
    const { Session } = await shelf();
    await using session = Session();
    const even = (top: number) => withLoaderCriteria(Post, (p) => p.id.lt(top));
    const authors = await session
      .scalars(
        select(Author)
          .orderBy((a) => a.id)
          .options(
            selectinload(Author, (a) => a.posts),
            even(3),
          ),
      )
      .all();
    expect(authors.map((a) => a.posts.length)).toEqual([2, 0, 0]);
    expect((await session.scalars(select(Post).options(even(2))).all()).length).toBe(1);
    session.expungeAll();
    const [ann] = await session
      .scalars(
        select(Author)
          .orderBy((a) => a.id)
          .options(even(3)),
      )
      .all();
    await session.runSync(() => expect(ann.posts.length).toBe(2));
    const a = attrs(Author);
    const joined = await session.execute(select(a.name).join(a.posts).options(even(3))).all();
    expect(joined.length).toBe(2);
  });
});

describe("bad options", () => {
  test("say what they begin at and what there is", async () => {
    const { Session } = await shelf();
    await using session = Session();
    await expect(session.scalars(select(Author).options(selectinload(Post, (p) => p.tags))).all()).rejects.toThrow(
      /begins at Post.*Author/,
    );
    expect(() => selectinload(Author, (a) => (a as unknown as { nope: never }).nope)).toThrow(
      /Author has no mapped attribute "nope".*posts/,
    );
    expect(() => selectinload(Author, (a) => a.name as never)).toThrow(/Author\.name is a column/);
    expect(() => loadOnly(Author, (a) => a.posts as never)).toThrow(/Author\.posts is a relationship/);
    expect(() => load(Author).options(selectinload(Post, (p) => p.tags))).not.toThrow();
    await expect(
      session.scalars(select(Author).options(load(Author).options(selectinload(Post, (p) => p.tags)))).all(),
    ).rejects.toThrow(/does not apply/);
  });
});
