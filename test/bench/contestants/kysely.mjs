/** Kysely: a query builder, no entities. Multi-row inserts and updates as its documentation shows them. */
import SQLite from "better-sqlite3";
import { Kysely, PostgresDialect, SqliteDialect, sql } from "kysely";
import pg from "pg";
import Cursor from "pg-cursor";
import { AUTHORS, CHANGED, CLASSES, changedScore, GETS, GRAPHS } from "../workloads.mjs";
import {
  authorRows,
  chunks,
  day,
  graph,
  groupBy,
  inTurn,
  queries,
  readAll,
  standardSums,
  together,
  transactions,
} from "./common.mjs";

function connect(kind, url) {
  if (kind === "sqlite") {
    const database = new SQLite(url);
    database.pragma("foreign_keys = ON");
    return new Kysely({ dialect: new SqliteDialect({ database }) });
  }
  return new Kysely({
    dialect: new PostgresDialect({ pool: new pg.Pool({ connectionString: url, max: 20 }), cursor: Cursor }),
  });
}

export async function startup(kind, url) {
  const db = connect(kind, url);
  const rows = await db.selectFrom("thing0").select(["id", "name", "size"]).where("id", "=", 1).execute();
  await db.destroy();
  return rows.length + CLASSES;
}

export async function open(kind, url) {
  const db = connect(kind, url);
  const sqlite = kind === "sqlite";
  const AUTHOR = ["id", "name", "email", "age", "active", "score", "created_at"];
  const POST = ["id", "author_id", "title", "body", "views"];
  const authorValues = ({ name, email, age, active, score, createdAt }) => ({
    name,
    email,
    age,
    active: sqlite ? Number(active) : active,
    score,
    created_at: sqlite ? day(createdAt) : createdAt,
  });
  const authors = (on = db) => on.selectFrom("authors").select(AUTHOR).execute();
  const insert = async (on, table, rows) => {
    const ids = [];
    for (const part of chunks(rows, 1000))
      for (const { id } of await on.insertInto(table).values(part).returning("id").execute()) ids.push(id);
    return ids;
  };
  const postsOf = (q, on = db) =>
    on
      .selectFrom("posts")
      .select(POST)
      .where("author_id", "=", q.author)
      .where("views", ">=", q.views)
      .orderBy("views", "desc")
      .orderBy("id")
      .limit(10)
      .execute();
  const web = (t) =>
    db.transaction().execute(async (on) => {
      const author = await on.selectFrom("authors").select(AUTHOR).where("id", "=", t.author).executeTakeFirstOrThrow();
      const posts = await on
        .selectFrom("posts")
        .select(POST)
        .where("author_id", "=", t.author)
        .orderBy("id")
        .limit(10)
        .execute();
      await on
        .insertInto("posts")
        .values({ author_id: author.id, title: t.title, body: t.body, views: t.views })
        .returning("id")
        .execute();
      await on.updateTable("authors").set({ age: t.age }).where("id", "=", author.id).execute();
      return posts.length;
    });
  const within = (fn) => db.transaction().execute(fn);
  return {
    prepare: { W1: authorRows, W15: () => authors() },
    W1: (rows) => within((on) => insert(on, "authors", rows.map(authorValues))),
    W2: () =>
      within(async (on) => {
        const list = graph();
        const authorIds = await insert(on, "authors", list.map(authorValues));
        const posts = list.flatMap((a, i) =>
          a.posts.map((p) => ({ author_id: authorIds[i], title: p.title, body: p.body, views: p.views })),
        );
        const postIds = await insert(on, "posts", posts);
        const comments = list
          .flatMap((a) => a.posts)
          .flatMap((p, i) => p.comments.map((c) => ({ post_id: postIds[i], body: c.body, likes: c.likes })));
        return insert(on, "comments", comments);
      }),
    W3: () => authors(),
    W3r: async () => readAll(await authors()),
    W4: async () => {
      const list = await db.selectFrom("authors").select(AUTHOR).where("id", "<=", GRAPHS).execute();
      const posts = await db.selectFrom("posts").select(POST).where("author_id", "<=", GRAPHS).execute();
      const comments = await db
        .selectFrom("comments as c")
        .innerJoin("posts as p", "p.id", "c.post_id")
        .select(["c.id", "c.post_id", "c.body", "c.likes"])
        .where("p.author_id", "<=", GRAPHS)
        .execute();
      const byPost = groupBy(comments, "post_id");
      for (const post of posts) post.comments = byPost.get(post.id) ?? [];
      const byAuthor = groupBy(posts, "author_id");
      for (const author of list) author.posts = byAuthor.get(author.id) ?? [];
      return list;
    },
    W5: () => inTurn(GETS, (id) => db.selectFrom("authors").select(AUTHOR).where("id", "=", id).executeTakeFirst()),
    W6: () =>
      within(async (on) => {
        const list = await authors(on);
        const rows = [];
        for (let i = 0; i < CHANGED; i++) {
          const author = list[i * (AUTHORS / CHANGED)];
          author.score = changedScore(i);
          rows.push(
            sqlite
              ? sql`(${author.id}, ${author.score})`
              : sql`(${author.id}::integer, ${author.score}::double precision)`,
          );
        }
        await sql`WITH v (id, score) AS (VALUES ${sql.join(rows)}) UPDATE authors SET score = v.score FROM v WHERE authors.id = v.id`.execute(
          on,
        );
        return list;
      }),
    W7: () =>
      within(async (on) => {
        const list = await authors(on);
        list[77].score = 4321;
        await on.updateTable("authors").set({ score: 4321 }).where("id", "=", list[77].id).execute();
        return list;
      }),
    W8: () => within((on) => queries((q) => postsOf(q, on))),
    W9: () =>
      within(async (on) => {
        const list = await on.selectFrom("authors").select(AUTHOR).where("id", "<=", GRAPHS).execute();
        await on
          .deleteFrom("authors")
          .where(
            "id",
            "in",
            list.map((a) => a.id),
          )
          .execute();
      }),
    W10: () => transactions(web),
    W11: async () => {
      const posts = await db.selectFrom("posts").select(POST).where("id", "<=", 1000).execute();
      const tags = await db
        .selectFrom("tags as t")
        .innerJoin("post_tags as pt", "pt.tag_id", "t.id")
        .select(["t.id", "t.name", "pt.post_id"])
        .where("pt.post_id", "<=", 1000)
        .execute();
      const byPost = groupBy(tags, "post_id");
      for (const post of posts) post.tags = byPost.get(post.id) ?? [];
      return posts;
    },
    W12: async () => {
      let sum = 0;
      for await (const row of db.selectFrom("events").select(["id", "kind", "amount", "note"]).stream(1000))
        sum += row.amount;
      return sum;
    },
    W13: () => together(web),
    W15: () => within((on) => queries((q) => postsOf(q, on))),
    sum: standardSums(authors, async (text) => (await sql.raw(text).execute(db)).rows[0].n),
    close: () => db.destroy(),
  };
}
