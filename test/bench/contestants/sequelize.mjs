/** Sequelize 6: models, bulkCreate, includes. */
import { DataTypes, Op, Sequelize } from "sequelize";
import { AUTHORS, CHANGED, CLASSES, changedScore, GETS, GRAPHS } from "../workloads.mjs";
import {
  authorRows,
  chunks,
  graph,
  inTurn,
  queries,
  readAll,
  standardSums,
  together,
  transactions,
} from "./common.mjs";

function connect(kind, url) {
  const define = { timestamps: false, underscored: true };
  return kind === "sqlite"
    ? new Sequelize({ dialect: "sqlite", storage: url, logging: false, define })
    : new Sequelize(url, { dialect: "postgres", logging: false, define, pool: { max: 20 } });
}

export async function startup(kind, url) {
  const db = connect(kind, url);
  const things = Array.from({ length: CLASSES }, (_, i) =>
    db.define(`Thing${i}`, { name: DataTypes.TEXT, size: DataTypes.INTEGER }, { tableName: `thing${i}` }),
  );
  const rows = await things[0].findAll({ where: { id: 1 } });
  await db.close();
  return rows.length + CLASSES;
}

export async function open(kind, url) {
  const db = connect(kind, url);
  const { INTEGER, TEXT, BOOLEAN, DOUBLE, DATE } = DataTypes;
  const Author = db.define(
    "author",
    {
      name: TEXT,
      email: TEXT,
      age: INTEGER,
      active: BOOLEAN,
      score: DOUBLE,
      createdAt: { type: DATE, field: "created_at" },
    },
    { tableName: "authors" },
  );
  const Post = db.define(
    "post",
    { authorId: { type: INTEGER, field: "author_id" }, title: TEXT, body: TEXT, views: INTEGER },
    { tableName: "posts" },
  );
  const Comment = db.define(
    "comment",
    { postId: { type: INTEGER, field: "post_id" }, body: TEXT, likes: INTEGER },
    { tableName: "comments" },
  );
  const Tag = db.define("tag", { name: TEXT }, { tableName: "tags" });
  const PostTag = db.define(
    "postTag",
    {
      postId: { type: INTEGER, primaryKey: true, field: "post_id" },
      tagId: { type: INTEGER, primaryKey: true, field: "tag_id" },
    },
    { tableName: "post_tags" },
  );
  Author.hasMany(Post, { foreignKey: "authorId", as: "posts" });
  Post.hasMany(Comment, { foreignKey: "postId", as: "comments" });
  Post.belongsToMany(Tag, { through: PostTag, foreignKey: "postId", otherKey: "tagId", as: "tags" });
  const within = (fn) => db.transaction(fn);
  const authors = (transaction) => Author.findAll({ transaction });
  const postsOf = (transaction) => (q) =>
    Post.findAll({
      where: { authorId: q.author, views: { [Op.gte]: q.views } },
      order: [
        ["views", "DESC"],
        ["id", "ASC"],
      ],
      limit: 10,
      transaction,
    });
  const bulk = async (model, rows, transaction) => {
    const ids = [];
    for (const part of chunks(rows, 1000))
      for (const made of await model.bulkCreate(part, { transaction, returning: ["id"] })) ids.push(made.id);
    return ids;
  };
  const web = (t) =>
    within(async (transaction) => {
      const author = await Author.findByPk(t.author, { transaction });
      const posts = await Post.findAll({
        where: { authorId: t.author },
        order: [["id", "ASC"]],
        limit: 10,
        transaction,
      });
      await Post.create({ authorId: author.id, title: t.title, body: t.body, views: t.views }, { transaction });
      await author.update({ age: t.age }, { transaction });
      return posts.length;
    });
  return {
    prepare: { W1: authorRows, W15: () => authors() },
    W1: (rows) => within((transaction) => bulk(Author, rows, transaction)),
    W2: () =>
      within(async (transaction) => {
        const list = graph();
        const authorIds = await bulk(
          Author,
          list.map(({ posts: _, ...a }) => a),
          transaction,
        );
        const postIds = await bulk(
          Post,
          list.flatMap((a, i) => a.posts.map(({ comments: _, ...post }) => ({ authorId: authorIds[i], ...post }))),
          transaction,
        );
        return bulk(
          Comment,
          list.flatMap((a) => a.posts).flatMap((post, i) => post.comments.map((c) => ({ postId: postIds[i], ...c }))),
          transaction,
        );
      }),
    W3: () => authors(),
    W3r: async () => readAll(await authors()),
    W4: () =>
      Author.findAll({
        where: { id: { [Op.lte]: GRAPHS } },
        include: [
          { model: Post, as: "posts", separate: true, include: [{ model: Comment, as: "comments", separate: true }] },
        ],
      }),
    W5: () => inTurn(GETS, (id) => Author.findByPk(id)),
    W6: () =>
      within(async (transaction) => {
        const list = await authors(transaction);
        const changed = [];
        for (let i = 0; i < CHANGED; i++) {
          const author = list[i * (AUTHORS / CHANGED)];
          author.score = changedScore(i);
          changed.push(author.get({ plain: true }));
        }
        await Author.bulkCreate(changed, { updateOnDuplicate: ["score"], transaction });
        return list;
      }),
    W7: () =>
      within(async (transaction) => {
        const list = await authors(transaction);
        list[77].score = 4321;
        await list[77].save({ transaction });
        return list;
      }),
    W8: () => within((transaction) => queries(postsOf(transaction))),
    W9: () =>
      within(async (transaction) => {
        const list = await Author.findAll({ where: { id: { [Op.lte]: GRAPHS } }, transaction });
        await Author.destroy({ where: { id: list.map((a) => a.id) }, transaction });
      }),
    W10: () => transactions(web),
    W11: () => Post.findAll({ where: { id: { [Op.lte]: 1000 } }, include: [{ model: Tag, as: "tags" }] }),
    W13: kind === "sqlite" ? undefined : () => together(web),
    W15: () => queries(postsOf(undefined)),
    sum: standardSums(
      () => authors(),
      async (text) => (await db.query(text, { plain: true })).n,
    ),
    close: () => db.close(),
  };
}
