/** Prisma 7 with its driver adapters: no engine binary, queries are compiled by WebAssembly. */
import { createRequire } from "node:module";
import { AUTHORS, CHANGED, CLASSES, changedScore, GETS, GRAPHS } from "../workloads.mjs";
import { authorRows, graph, inTurn, queries, readAll, standardSums, together, transactions } from "./common.mjs";

const require = createRequire(import.meta.url);

function connect(kind, url) {
  const { PrismaClient } = require(`../.build/prisma-${kind}/client/index.js`);
  if (kind === "sqlite") {
    const { PrismaBetterSqlite3 } = require("@prisma/adapter-better-sqlite3");
    return new PrismaClient({ adapter: new PrismaBetterSqlite3({ url: `file:${url}` }) });
  }
  const { PrismaPg } = require("@prisma/adapter-pg");
  return new PrismaClient({ adapter: new PrismaPg({ connectionString: url, max: 20 }) });
}

export async function startup(kind, url) {
  const prisma = connect(kind, url);
  const rows = await prisma.thing0.findMany({ where: { id: 1 } });
  await prisma.$disconnect();
  return rows.length + CLASSES;
}

export async function open(kind, url) {
  const prisma = connect(kind, url);
  const sqlite = kind === "sqlite";
  const within = (fn) => prisma.$transaction(fn, { timeout: 60_000, maxWait: 60_000 });
  const keys = (rows) => rows.map(({ id }) => id);
  const insert = async (model, data) => keys(await model.createManyAndReturn({ data, select: { id: true } }));
  const authors = (on = prisma) => on.author.findMany();
  const postsOf = (on) => (q) =>
    on.post.findMany({
      where: { authorId: q.author, views: { gte: q.views } },
      orderBy: [{ views: "desc" }, { id: "asc" }],
      take: 10,
    });
  const web = (t) =>
    within(async (on) => {
      const author = await on.author.findUnique({ where: { id: t.author } });
      const posts = await on.post.findMany({ where: { authorId: t.author }, orderBy: { id: "asc" }, take: 10 });
      await on.post.create({ data: { authorId: author.id, title: t.title, body: t.body, views: t.views } });
      await on.author.update({ where: { id: author.id }, data: { age: t.age } });
      return posts.length;
    });
  return {
    prepare: { W1: authorRows, W15: () => authors() },
    W1: (rows) => within((on) => insert(on.author, rows)),
    W2: () =>
      within(async (on) => {
        const list = graph();
        const authorIds = await insert(
          on.author,
          list.map(({ posts: _, ...a }) => a),
        );
        const postIds = await insert(
          on.post,
          list.flatMap((a, i) => a.posts.map(({ comments: _, ...post }) => ({ authorId: authorIds[i], ...post }))),
        );
        return insert(
          on.comment,
          list.flatMap((a) => a.posts).flatMap((post, i) => post.comments.map((c) => ({ postId: postIds[i], ...c }))),
        );
      }),
    W3: () => authors(),
    W3r: async () => readAll(await authors()),
    W4: () =>
      prisma.author.findMany({ where: { id: { lte: GRAPHS } }, include: { posts: { include: { comments: true } } } }),
    W5: () => inTurn(GETS, (id) => prisma.author.findUnique({ where: { id } })),
    W6: () =>
      within(async (on) => {
        const list = await authors(on);
        for (let i = 0; i < CHANGED; i++) {
          const author = list[i * (AUTHORS / CHANGED)];
          author.score = changedScore(i);
          await on.author.updateMany({ where: { id: author.id }, data: { score: author.score } });
        }
        return list;
      }),
    W7: () =>
      within(async (on) => {
        const list = await authors(on);
        list[77].score = 4321;
        await on.author.updateMany({ where: { id: list[77].id }, data: { score: 4321 } });
        return list;
      }),
    W8: () => queries(postsOf(prisma)),
    W9: () =>
      within(async (on) => {
        const list = await on.author.findMany({ where: { id: { lte: GRAPHS } } });
        await on.author.deleteMany({ where: { id: { in: keys(list) } } });
      }),
    W10: () => transactions(web),
    W11: async () => {
      const posts = await prisma.post.findMany({
        where: { id: { lte: 1000 } },
        include: { tags: { include: { tag: true } } },
      });
      for (const post of posts) post.tags = post.tags.map(({ tag }) => tag);
      return posts;
    },
    W13: sqlite ? undefined : () => together(web),
    W15: () => queries(postsOf(prisma)),
    sum: standardSums(
      () => authors(),
      async (text) => (await prisma.$queryRawUnsafe(text))[0].n,
    ),
    close: () => prisma.$disconnect(),
  };
}
