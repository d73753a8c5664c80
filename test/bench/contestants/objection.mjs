/** Objection 3 on Knex: models, graphs by insertGraph and withGraphFetched. */
import knexFactory from "knex";
import { Model } from "objection";
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

function connect(kind, url) {
  return kind === "sqlite"
    ? knexFactory({
        client: "better-sqlite3",
        connection: { filename: url },
        useNullAsDefault: true,
        pool: {
          min: 1,
          max: 1,
          afterCreate: (db, done) => {
            db.pragma("foreign_keys = ON");
            done();
          },
        },
      })
    : knexFactory({ client: "pg", connection: url, pool: { min: 0, max: 20 } });
}

export async function startup(kind, url) {
  const knex = connect(kind, url);
  const things = Array.from(
    { length: CLASSES },
    (_, i) =>
      class extends Model {
        static tableName = `thing${i}`;
      },
  );
  const rows = await things[0].query(knex).where("id", 1);
  await knex.destroy();
  return rows.length + CLASSES;
}

export async function open(kind, url) {
  const knex = connect(kind, url);
  const sqlite = kind === "sqlite";
  class Tag extends Model {
    static tableName = "tags";
  }
  class Comment extends Model {
    static tableName = "comments";
  }
  class Post extends Model {
    static tableName = "posts";
    static relationMappings = () => ({
      comments: {
        relation: Model.HasManyRelation,
        modelClass: Comment,
        join: { from: "posts.id", to: "comments.post_id" },
      },
      tags: {
        relation: Model.ManyToManyRelation,
        modelClass: Tag,
        join: { from: "posts.id", through: { from: "post_tags.post_id", to: "post_tags.tag_id" }, to: "tags.id" },
      },
    });
  }
  class Author extends Model {
    static tableName = "authors";
    static relationMappings = () => ({
      posts: { relation: Model.HasManyRelation, modelClass: Post, join: { from: "authors.id", to: "posts.author_id" } },
    });
  }
  Model.knex(knex);
  const within = (fn) => Model.transaction(fn);
  const values = ({ createdAt, active, ...a }) => ({
    ...a,
    active: sqlite ? Number(active) : active,
    created_at: sqlite ? day(createdAt) : createdAt,
  });
  const authors = (on) => Author.query(on);
  const postsOf = (on) => (q) =>
    Post.query(on)
      .where("author_id", q.author)
      .where("views", ">=", q.views)
      .orderBy("views", "desc")
      .orderBy("id")
      .limit(10);
  const insert = async (on, model, rows) => {
    const ids = [];
    for (const part of chunks(rows, 500))
      for (const { id } of await knex(model.tableName).transacting(on).insert(part).returning("id")) ids.push(id);
    return ids;
  };
  const web = (t) =>
    within(async (on) => {
      const author = await Author.query(on).findById(t.author);
      const posts = await Post.query(on).where("author_id", t.author).orderBy("id").limit(10);
      await Post.query(on).insert({ author_id: author.id, title: t.title, body: t.body, views: t.views });
      await Author.query(on).findById(author.id).patch({ age: t.age });
      return posts.length;
    });
  return {
    prepare: { W1: authorRows, W15: () => authors() },
    W1: (rows) => within((on) => insert(on, Author, rows.map(values))),
    W2: () =>
      within(async (on) => {
        const list = graph();
        const authorIds = await insert(
          on,
          Author,
          list.map(({ posts: _, ...a }) => values(a)),
        );
        const postIds = await insert(
          on,
          Post,
          list.flatMap((a, i) => a.posts.map(({ comments: _, ...post }) => ({ author_id: authorIds[i], ...post }))),
        );
        return insert(
          on,
          Comment,
          list.flatMap((a) => a.posts).flatMap((post, i) => post.comments.map((c) => ({ post_id: postIds[i], ...c }))),
        );
      }),
    W3: () => authors(),
    W3r: async () => readAll(await authors()),
    W4: () => Author.query().where("id", "<=", GRAPHS).withGraphFetched("posts.comments"),
    W5: () => inTurn(GETS, (id) => Author.query().findById(id)),
    W6: () =>
      within(async (on) => {
        const list = await authors(on);
        const bindings = [];
        for (let i = 0; i < CHANGED; i++) {
          const author = list[i * (AUTHORS / CHANGED)];
          author.score = changedScore(i);
          bindings.push(author.id, author.score);
        }
        const row = sqlite ? "(?, ?)" : "(?::integer, ?::double precision)";
        await on.raw(
          `WITH v (id, score) AS (VALUES ${Array(CHANGED).fill(row).join(", ")}) UPDATE authors SET score = v.score FROM v WHERE authors.id = v.id`,
          bindings,
        );
        return list;
      }),
    W7: () =>
      within(async (on) => {
        const list = await authors(on);
        list[77].score = 4321;
        await Author.query(on).findById(list[77].id).patch({ score: 4321 });
        return list;
      }),
    W8: () => within((on) => queries(postsOf(on))),
    W9: () =>
      within(async (on) => {
        const list = await Author.query(on).where("id", "<=", GRAPHS);
        await Author.query(on)
          .delete()
          .whereIn(
            "id",
            list.map((a) => a.id),
          );
      }),
    W10: () => transactions(web),
    W11: () => Post.query().where("id", "<=", 1000).withGraphFetched("tags"),
    W12: sqlite
      ? undefined
      : async () => {
          let sum = 0;
          for await (const row of knex("events").select("id", "kind", "amount", "note").stream()) sum += row.amount;
          return sum;
        },
    W13: sqlite ? undefined : () => together(web),
    W15: () => queries(postsOf(undefined)),
    sum: standardSums(
      () => authors(),
      async (text) => {
        const answer = await knex.raw(text);
        return (answer.rows ?? answer)[0].n;
      },
    ),
    close: () => knex.destroy(),
  };
}
