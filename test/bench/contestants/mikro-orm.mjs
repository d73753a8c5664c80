/** MikroORM 7: unit of work and identity map, entities by `defineEntity`, select-in loading, batched flushes. */
import { defineEntity, p } from "@mikro-orm/core";
import { AUTHORS, CHANGED, CLASSES, changedScore, GETS, GRAPHS } from "../workloads.mjs";
import { authorRows, graph, inTurn, queries, readAll, standardSums, together, transactions } from "./common.mjs";

const Author = defineEntity({
  name: "Author",
  tableName: "authors",
  properties: {
    id: p.integer().primary(),
    name: p.text(),
    email: p.text(),
    age: p.integer(),
    active: p.boolean(),
    score: p.double(),
    createdAt: p.datetime(3).name("created_at"),
    posts: () => p.oneToMany(Post).mappedBy("author"),
  },
});
const Post = defineEntity({
  name: "Post",
  tableName: "posts",
  properties: {
    id: p.integer().primary(),
    author: () => p.manyToOne(Author).name("author_id").deleteRule("cascade"),
    title: p.text(),
    body: p.text(),
    views: p.integer(),
    comments: () => p.oneToMany(Comment).mappedBy("post"),
    tags: () => p.manyToMany(Tag).owner().pivotTable("post_tags").joinColumn("post_id").inverseJoinColumn("tag_id"),
  },
});
const Comment = defineEntity({
  name: "Comment",
  tableName: "comments",
  properties: {
    id: p.integer().primary(),
    post: () => p.manyToOne(Post).name("post_id").deleteRule("cascade"),
    body: p.text(),
    likes: p.integer(),
  },
});
const Tag = defineEntity({ name: "Tag", tableName: "tags", properties: { id: p.integer().primary(), name: p.text() } });
const Event = defineEntity({
  name: "Event",
  tableName: "events",
  properties: { id: p.integer().primary(), kind: p.text(), amount: p.integer(), note: p.text() },
});

async function connect(kind, url, entities) {
  const { MikroORM } = await import(kind === "sqlite" ? "@mikro-orm/sqlite" : "@mikro-orm/postgresql");
  const where = kind === "sqlite" ? { dbName: url } : { clientUrl: url, pool: { min: 0, max: 20 } };
  return MikroORM.init({ ...where, entities, ensureDatabase: false, forceUtcTimezone: true, debug: false });
}

export async function startup(kind, url) {
  const things = Array.from({ length: CLASSES }, (_, i) =>
    defineEntity({
      name: `Thing${i}`,
      tableName: `thing${i}`,
      properties: { id: p.integer().primary(), name: p.text(), size: p.integer() },
    }),
  );
  const orm = await connect(kind, url, things);
  const rows = await orm.em.fork().find(things[0], { id: 1 });
  await orm.close();
  return rows.length + CLASSES;
}

export async function open(kind, url) {
  const orm = await connect(kind, url, [Author, Post, Comment, Tag, Event]);
  const fork = () => orm.em.fork();
  const within = (fn) => fork().transactional(fn);
  const authors = (em = fork()) => em.find(Author, {});
  const postsOf = (em) => (q) =>
    em.find(Post, { author: q.author, views: { $gte: q.views } }, { orderBy: { views: "desc", id: "asc" }, limit: 10 });
  const web = (t) =>
    within(async (em) => {
      const author = await em.findOneOrFail(Author, t.author);
      const posts = await em.find(Post, { author: t.author }, { orderBy: { id: "asc" }, limit: 10 });
      em.persist(em.create(Post, { author, title: t.title, body: t.body, views: t.views }));
      author.age = t.age;
      return posts.length;
    });
  return {
    prepare: {
      W1: authorRows,
      W15: async () => {
        const em = fork();
        return { em, list: await authors(em) };
      },
    },
    W1: async (rows) => {
      const em = fork();
      const list = rows.map((row) => em.create(Author, row));
      await em.persist(list).flush();
      return list.map((a) => a.id);
    },
    W2: async () => {
      const em = fork();
      const comments = [];
      for (const { posts, ...a } of graph()) {
        const author = em.create(Author, a);
        for (const { comments: list, ...post } of posts) {
          const made = em.create(Post, { ...post, author });
          for (const c of list) comments.push(em.create(Comment, { ...c, post: made }));
        }
        em.persist(author);
      }
      await em.persist(comments).flush();
      return comments.map((c) => c.id);
    },
    W3: () => authors(),
    W3r: async () => readAll(await authors()),
    W4: () => fork().find(Author, { id: { $lte: GRAPHS } }, { populate: ["posts.comments"], strategy: "select-in" }),
    W5: () => {
      const em = fork();
      return inTurn(GETS, (id) => em.findOneOrFail(Author, id));
    },
    W6: async () => {
      const em = fork();
      const list = await authors(em);
      for (let i = 0; i < CHANGED; i++) list[i * (AUTHORS / CHANGED)].score = changedScore(i);
      await em.flush();
      return list;
    },
    W7: async () => {
      const em = fork();
      const list = await authors(em);
      list[77].score = 4321;
      await em.flush();
      return list;
    },
    W8: () => within((em) => queries(postsOf(em))),
    W9: async () => {
      const em = fork();
      const list = await em.find(Author, { id: { $lte: GRAPHS } });
      for (const author of list) em.remove(author);
      await em.flush();
    },
    W10: () => transactions(web),
    W11: () => fork().find(Post, { id: { $lte: 1000 } }, { populate: ["tags"], strategy: "select-in" }),
    W12: async () => {
      let sum = 0;
      for await (const event of fork().stream(Event, {})) sum += event.amount;
      return sum;
    },
    W13: kind === "sqlite" ? undefined : () => together(web),
    W15: ({ em }) => queries(postsOf(em)),
    sum: standardSums(authors, async (text) => (await orm.em.getConnection().execute(text))[0].n),
    close: () => orm.close(),
  };
}
