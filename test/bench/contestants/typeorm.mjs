/** TypeORM 1: entity schemas, repositories, chunked saves. */
import "reflect-metadata";
import { DataSource, EntitySchema, In, LessThanOrEqual, MoreThanOrEqual } from "typeorm";
import { AUTHORS, CHANGED, CLASSES, changedScore, GETS, GRAPHS } from "../workloads.mjs";
import { authorRows, graph, inTurn, queries, readAll, standardSums, together, transactions } from "./common.mjs";

function schemas(kind) {
  const lite = kind === "sqlite";
  const id = { type: "integer", primary: true, generated: "increment" };
  const text = { type: "text" };
  const integer = { type: "integer" };
  return {
    Author: new EntitySchema({
      name: "Author",
      tableName: "authors",
      columns: {
        id,
        name: text,
        email: text,
        age: integer,
        active: { type: "boolean" },
        score: { type: lite ? "real" : "double precision" },
        createdAt: { type: lite ? "datetime" : "timestamptz", name: "created_at" },
      },
      relations: { posts: { type: "one-to-many", target: "Post", inverseSide: "author", cascade: true } },
    }),
    Post: new EntitySchema({
      name: "Post",
      tableName: "posts",
      columns: { id, authorId: { ...integer, name: "author_id" }, title: text, body: text, views: integer },
      relations: {
        author: {
          type: "many-to-one",
          target: "Author",
          joinColumn: { name: "author_id" },
          inverseSide: "posts",
          onDelete: "CASCADE",
        },
        comments: { type: "one-to-many", target: "Comment", inverseSide: "post", cascade: true },
        tags: {
          type: "many-to-many",
          target: "Tag",
          joinTable: { name: "post_tags", joinColumn: { name: "post_id" }, inverseJoinColumn: { name: "tag_id" } },
        },
      },
    }),
    Comment: new EntitySchema({
      name: "Comment",
      tableName: "comments",
      columns: { id, postId: { ...integer, name: "post_id" }, body: text, likes: integer },
      relations: {
        post: {
          type: "many-to-one",
          target: "Post",
          joinColumn: { name: "post_id" },
          inverseSide: "comments",
          onDelete: "CASCADE",
        },
      },
    }),
    Tag: new EntitySchema({ name: "Tag", tableName: "tags", columns: { id, name: text } }),
    Event: new EntitySchema({
      name: "Event",
      tableName: "events",
      columns: { id: { type: "integer", primary: true }, kind: text, amount: integer, note: text },
    }),
  };
}

function connect(kind, url, entities) {
  return new DataSource(
    kind === "sqlite"
      ? { type: "better-sqlite3", database: url, entities }
      : { type: "postgres", url, entities, poolSize: 20 },
  ).initialize();
}

export async function startup(kind, url) {
  const things = Array.from(
    { length: CLASSES },
    (_, i) =>
      new EntitySchema({
        name: `Thing${i}`,
        tableName: `thing${i}`,
        columns: { id: { type: "integer", primary: true }, name: { type: "text" }, size: { type: "integer" } },
      }),
  );
  const source = await connect(kind, url, things);
  const rows = await source.manager.findBy("Thing0", { id: 1 });
  await source.destroy();
  return rows.length + CLASSES;
}

export async function open(kind, url) {
  const { Author, Post, Comment, Tag, Event } = schemas(kind);
  const source = await connect(kind, url, [Author, Post, Comment, Tag, Event]);
  const { manager } = source;
  const within = (fn) => source.transaction(fn);
  const authors = (on = manager) => on.find(Author);
  const postsOf = (on) => (q) =>
    on.find(Post, {
      where: { authorId: q.author, views: MoreThanOrEqual(q.views) },
      order: { views: "DESC", id: "ASC" },
      take: 10,
    });
  const web = (t) =>
    within(async (on) => {
      const author = await on.findOneByOrFail(Author, { id: t.author });
      const posts = await on.find(Post, { where: { authorId: t.author }, order: { id: "ASC" }, take: 10 });
      await on.insert(Post, { authorId: author.id, title: t.title, body: t.body, views: t.views });
      await on.update(Author, author.id, { age: t.age });
      return posts.length;
    });
  return {
    prepare: { W1: authorRows, W15: () => authors() },
    W1: (rows) =>
      within(async (on) => {
        const list = rows.map((row) => on.create(Author, row));
        await on.save(Author, list, { chunk: 1000 });
        return list.map((a) => a.id);
      }),
    W2: () =>
      within(async (on) => {
        const list = graph().map((a) => on.create(Author, a));
        await on.save(Author, list, { chunk: 100 });
        return list
          .flatMap((a) => a.posts)
          .flatMap((post) => post.comments)
          .map((c) => c.id);
      }),
    W3: () => authors(),
    W3r: async () => readAll(await authors()),
    // Its other strategy, "query", looks through all children for each parent: a minute for this graph.
    W4: () =>
      manager.find(Author, {
        where: { id: LessThanOrEqual(GRAPHS) },
        relations: { posts: { comments: true } },
        relationLoadStrategy: "join",
      }),
    W5: () => inTurn(GETS, (id) => manager.findOneByOrFail(Author, { id })),
    W6: () =>
      within(async (on) => {
        const list = await authors(on);
        const changed = [];
        for (let i = 0; i < CHANGED; i++) {
          const author = list[i * (AUTHORS / CHANGED)];
          author.score = changedScore(i);
          changed.push(author);
        }
        await on.save(Author, changed, { chunk: 1000 });
        return list;
      }),
    W7: () =>
      within(async (on) => {
        const list = await authors(on);
        list[77].score = 4321;
        await on.save(Author, list[77], {});
        return list;
      }),
    W8: () => within((on) => queries(postsOf(on))),
    W9: () =>
      within(async (on) => {
        const list = await on.find(Author, { where: { id: LessThanOrEqual(GRAPHS) } });
        await on.delete(Author, { id: In(list.map((a) => a.id)) });
      }),
    W10: () => transactions(web),
    W11: () =>
      manager.find(Post, {
        where: { id: LessThanOrEqual(1000) },
        relations: { tags: true },
        relationLoadStrategy: "query",
      }),
    W12:
      kind === "sqlite"
        ? undefined
        : async () => {
            let sum = 0;
            const stream = await manager.createQueryBuilder(Event, "e").stream();
            for await (const row of stream) sum += row.e_amount;
            return sum;
          },
    W13: kind === "sqlite" ? undefined : () => together(web),
    W15: () => queries(postsOf(manager)),
    sum: standardSums(authors, async (text) => (await source.query(text))[0].n),
    close: () => source.destroy(),
  };
}
