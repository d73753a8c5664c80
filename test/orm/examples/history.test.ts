import { describe, expect, test } from "vitest";
import {
  type AsyncSessionMaker,
  attrs,
  Column,
  event,
  getHistory,
  inspect,
  PrimaryKey,
  registry,
  type Session,
  StaleDataError,
  select,
  t,
} from "../../../src/index.js";
import { make, storeFor } from "../support.js";

const reg = registry();

/** A row of which every former version is kept. */
abstract class Versioned {
  @Column(t.integer) version!: number;
}

@reg.Entity("articles", { versionIdCol: "version" })
class Article extends Versioned {
  @PrimaryKey() id!: number;
  @Column(t.string(50)) title!: string;
  @Column(t.text, { nullable: true }) body!: string | null;
}

@reg.Entity("articles_history")
class ArticleHistory {
  @PrimaryKey() key!: number;
  @Column(t.integer) id!: number;
  @Column(t.integer) version!: number;
  @Column(t.string(50)) title!: string;
  @Column(t.text, { nullable: true }) body!: string | null;
  @Column(t.string(10)) change!: string;
}

const HISTORIES = new Map<unknown, new () => object>([[Article, ArticleHistory]]);

/** The object as it was before its pending changes, as a row of its history. */
function formerRow(object: Versioned, change: string): object | null {
  const former = new (HISTORIES.get(object.constructor) as new () => object)() as Record<string, unknown>;
  for (const name of inspect(object.constructor as typeof Article).attributes.keys()) {
    const { deleted, unchanged } = getHistory(object as Article, name as "title");
    former[name] = deleted[0] ?? unchanged[0] ?? null;
  }
  former.change = change;
  return former;
}

/** Keeps the former rows of everything that is versioned. */
function keepHistory(Session: AsyncSessionMaker): void {
  event.listen(Session, "beforeFlush", (session: Session) => {
    for (const object of session.dirty)
      if (object instanceof Versioned && session.isModified(object)) session.add(formerRow(object, "update") as object);
    for (const object of session.deleted)
      if (object instanceof Versioned) session.add(formerRow(object, "delete") as object);
  });
}

const rows = (all: readonly ArticleHistory[]) => all.map((h) => [h.id, h.version, h.title, h.body, h.change]);

describe("a history table", () => {
  test("[EX-04] every change keeps the old row, by a base class and one hook", async () => {
    const { Session } = await storeFor(reg, { expireOnCommit: false });
    keepHistory(Session);
    await using session = Session();
    const article = make(Article, { title: "one", body: "first" });
    session.add(article);
    await session.commit();
    article.title = "two";
    await session.commit();
    article.body = null;
    article.title = "three";
    await session.commit();
    article.title = "three";
    await session.commit();
    await session.delete(article);
    await session.commit();
    const history = await session.scalars(select(ArticleHistory).orderBy((h) => h.key)).all();
    expect(rows(history)).toEqual([
      [1, 1, "one", "first", "update"],
      [1, 2, "two", "first", "update"],
      [1, 3, "three", null, "delete"],
    ]);
  });

  test("[EX-04] the state at any version can be read back, and a rollback leaves no trace", async () => {
    const { Session } = await storeFor(reg, { expireOnCommit: false });
    keepHistory(Session);
    await using session = Session();
    const article = make(Article, { title: "v1", body: null });
    session.add(article);
    await session.commit();
    for (const title of ["v2", "v3"]) {
      article.title = title;
      await session.commit();
    }
    article.title = "lost";
    await session.flush();
    await session.rollback();
    const h = attrs(ArticleHistory);
    const at = (version: number) => session.scalar(select(h.title).where(h.id.eq(article.id), h.version.eq(version)));
    await session.refresh(article);
    expect([await at(1), await at(2), await at(3), article.title]).toEqual(["v1", "v2", null, "v3"]);
  });

  test("[EX-04] of two that write at once, the loser's history is not kept", async () => {
    const { Session } = await storeFor(reg, { expireOnCommit: false }, { file: true });
    keepHistory(Session);
    await Session.begin((s) => s.add(make(Article, { title: "a", body: null })));
    const load = async () => {
      await using session = Session();
      return session.getOne(Article, 1);
    };
    const [mine, theirs] = [await load(), await load()];
    theirs.title = "theirs";
    await Session.begin((s) => s.add(theirs));
    mine.title = "mine";
    await expect(Session.begin((s) => s.add(mine))).rejects.toThrow(StaleDataError);
    await using session = Session();
    expect(rows(await session.scalars(select(ArticleHistory)).all())).toEqual([[1, 1, "a", null, "update"]]);
  });
});
