/** Drizzle: prepared statements and relational queries, as its page on performance recommends. */
import SQLite from "better-sqlite3";
import { and, asc, desc, eq, gte, inArray, lte, relations, sql } from "drizzle-orm";
import { drizzle as drizzleSqlite } from "drizzle-orm/better-sqlite3";
import { drizzle as drizzlePostgres } from "drizzle-orm/node-postgres";
import * as p from "drizzle-orm/pg-core";
import * as s from "drizzle-orm/sqlite-core";
import pg from "pg";
import { AUTHORS, CHANGED, CLASSES, changedScore, GETS, GRAPHS } from "../workloads.mjs";
import {
  authorRows,
  chunks,
  day,
  graph,
  inTurn,
  queries,
  readAll,
  standardSums,
  together,
  transactions,
} from "./common.mjs";

function tables(kind) {
  const lite = kind === "sqlite";
  const table = lite ? s.sqliteTable : p.pgTable;
  const integer = lite ? s.integer : p.integer;
  const text = lite ? s.text : p.text;
  const key = () => (lite ? s.integer("id").primaryKey() : p.integer("id").primaryKey().generatedByDefaultAsIdentity());
  const authors = table("authors", {
    id: key(),
    name: text("name").notNull(),
    email: text("email").notNull(),
    age: integer("age").notNull(),
    active: lite ? s.integer("active", { mode: "boolean" }).notNull() : p.boolean("active").notNull(),
    score: lite ? s.real("score").notNull() : p.doublePrecision("score").notNull(),
    createdAt: lite
      ? s.text("created_at").notNull()
      : p.timestamp("created_at", { withTimezone: true, mode: "date" }).notNull(),
  });
  const posts = table("posts", {
    id: key(),
    authorId: integer("author_id").notNull(),
    title: text("title").notNull(),
    body: text("body").notNull(),
    views: integer("views").notNull(),
  });
  const comments = table("comments", {
    id: key(),
    postId: integer("post_id").notNull(),
    body: text("body").notNull(),
    likes: integer("likes").notNull(),
  });
  const tags = table("tags", { id: key(), name: text("name").notNull() });
  const postTags = table("post_tags", { postId: integer("post_id").notNull(), tagId: integer("tag_id").notNull() });
  return {
    authors,
    posts,
    comments,
    tags,
    postTags,
    authorsRelations: relations(authors, ({ many }) => ({ posts: many(posts) })),
    postsRelations: relations(posts, ({ one, many }) => ({
      author: one(authors, { fields: [posts.authorId], references: [authors.id] }),
      comments: many(comments),
      postTags: many(postTags),
    })),
    commentsRelations: relations(comments, ({ one }) => ({
      post: one(posts, { fields: [comments.postId], references: [posts.id] }),
    })),
    tagsRelations: relations(tags, ({ many }) => ({ postTags: many(postTags) })),
    postTagsRelations: relations(postTags, ({ one }) => ({
      post: one(posts, { fields: [postTags.postId], references: [posts.id] }),
      tag: one(tags, { fields: [postTags.tagId], references: [tags.id] }),
    })),
  };
}

function connect(kind, url, schema) {
  if (kind === "sqlite") {
    const client = new SQLite(url);
    client.pragma("foreign_keys = ON");
    return { db: drizzleSqlite(client, { schema }), close: () => client.close() };
  }
  const pool = new pg.Pool({ connectionString: url, max: 20 });
  return { db: drizzlePostgres(pool, { schema }), close: () => pool.end() };
}

export async function startup(kind, url) {
  const lite = kind === "sqlite";
  const table = lite ? s.sqliteTable : p.pgTable;
  const [integer, text] = lite ? [s.integer, s.text] : [p.integer, p.text];
  const things = Array.from({ length: CLASSES }, (_, i) =>
    table(`thing${i}`, { id: integer("id").primaryKey(), name: text("name"), size: integer("size") }),
  );
  const { db, close } = connect(kind, url, {});
  const rows = await db.select().from(things[0]).where(eq(things[0].id, 1));
  await close();
  return rows.length + CLASSES;
}

export async function open(kind, url) {
  const schema = tables(kind);
  const { authors, posts, comments } = schema;
  const { db, close } = connect(kind, url, schema);
  const sqlite = kind === "sqlite";
  const within = async (fn) => {
    if (!sqlite) return db.transaction(fn);
    // Its synchronous driver takes synchronous transactions only.
    db.run(sql`BEGIN IMMEDIATE`);
    const result = await fn(db);
    db.run(sql`COMMIT`);
    return result;
  };
  const prepared = (query, name) => query.prepare(name);
  const allAuthors = prepared(db.select().from(authors), "all_authors");
  const oneAuthor = prepared(
    db
      .select()
      .from(authors)
      .where(eq(authors.id, sql.placeholder("id"))),
    "one_author",
  );
  const graphs = prepared(
    db.query.authors.findMany({ where: lte(authors.id, GRAPHS), with: { posts: { with: { comments: true } } } }),
    "graphs",
  );
  const postsQuery = (on) =>
    on
      .select()
      .from(posts)
      .where(and(eq(posts.authorId, sql.placeholder("author")), gte(posts.views, sql.placeholder("views"))))
      .orderBy(desc(posts.views), asc(posts.id))
      .limit(10)
      .prepare("posts_of");
  const tagged = prepared(
    db.query.posts.findMany({ where: lte(posts.id, 1000), with: { postTags: { with: { tag: true } } } }),
    "tagged",
  );
  const values = (a) => ({ ...a, createdAt: sqlite ? day(a.createdAt) : a.createdAt });
  const insert = async (on, table, rows) => {
    const ids = [];
    for (const part of chunks(rows, 1000))
      for (const { id } of await on.insert(table).values(part).returning({ id: table.id })) ids.push(id);
    return ids;
  };
  const ask = async () => {
    if (sqlite) {
      const query = postsQuery(db);
      return queries((q) => query.all(q));
    }
    return db.transaction(async (on) => {
      const query = postsQuery(on);
      return queries((q) => query.execute(q));
    });
  };
  const given = sql.placeholder;
  const webQueries = (on) => ({
    one: on
      .select()
      .from(authors)
      .where(eq(authors.id, given("author")))
      .prepare("web_author"),
    list: on
      .select()
      .from(posts)
      .where(eq(posts.authorId, given("author")))
      .orderBy(asc(posts.id))
      .limit(10)
      .prepare("web_posts"),
    add: on
      .insert(posts)
      .values({ authorId: given("author"), title: given("title"), body: given("body"), views: given("views") })
      .returning({ id: posts.id })
      .prepare("web_add"),
    change: on
      .update(authors)
      .set({ age: given("age") })
      .where(eq(authors.id, given("author")))
      .prepare("web_change"),
  });
  // A transaction of a pool has a connection of its own, on which its queries are prepared anew.
  const once = sqlite ? webQueries(db) : null;
  const web = (t) =>
    within(async (on) => {
      const { one, list, add, change } = once ?? webQueries(on);
      await one.execute({ author: t.author });
      const found = await list.execute({ author: t.author });
      await add.execute(t);
      await change.execute(t);
      return found.length;
    });
  const everyAuthor = () => allAuthors.execute();
  const runner = {
    prepare: { W1: authorRows, W15: everyAuthor },
    W1: (rows) => within((on) => insert(on, authors, rows.map(values))),
    W2: () =>
      within(async (on) => {
        const list = graph();
        const authorIds = await insert(
          on,
          authors,
          list.map(({ posts: _, ...a }) => values(a)),
        );
        const postIds = await insert(
          on,
          posts,
          list.flatMap((a, i) =>
            a.posts.map(({ title, body, views }) => ({ authorId: authorIds[i], title, body, views })),
          ),
        );
        return insert(
          on,
          comments,
          list
            .flatMap((a) => a.posts)
            .flatMap((post, i) => post.comments.map(({ body, likes }) => ({ postId: postIds[i], body, likes }))),
        );
      }),
    W3: everyAuthor,
    W3r: async () => readAll(await everyAuthor()),
    W4: () => graphs.execute(),
    W5: () => inTurn(GETS, async (id) => (await oneAuthor.execute({ id }))[0]),
    W6: () =>
      within(async (on) => {
        const list = await on.select().from(authors);
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
        const update = sql`WITH v (id, score) AS (VALUES ${sql.join(rows, sql`, `)}) UPDATE authors SET score = v.score FROM v WHERE authors.id = v.id`;
        await (sqlite ? on.run(update) : on.execute(update));
        return list;
      }),
    W7: () =>
      within(async (on) => {
        const list = await on.select().from(authors);
        list[77].score = 4321;
        await on.update(authors).set({ score: 4321 }).where(eq(authors.id, list[77].id));
        return list;
      }),
    W8: ask,
    W9: () =>
      within(async (on) => {
        const list = await on.select().from(authors).where(lte(authors.id, GRAPHS));
        await on.delete(authors).where(
          inArray(
            authors.id,
            list.map((a) => a.id),
          ),
        );
      }),
    W10: () => transactions(web),
    W11: async () => {
      const list = await tagged.execute();
      for (const post of list) post.tags = post.postTags.map((pt) => pt.tag);
      return list;
    },
    W15: ask,
    sum: standardSums(
      everyAuthor,
      async (text) => (sqlite ? db.get(sql.raw(text)) : (await db.execute(sql.raw(text))).rows[0]).n,
    ),
    close,
  };
  // Transactions over one synchronous connection do not interleave.
  if (!sqlite) runner.W13 = () => together(web);
  return runner;
}
