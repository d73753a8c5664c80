/** Bare better-sqlite3: the best SQL written by hand, statements prepared once, the driver's own object rows. */
import SQLite from "better-sqlite3";
import {
  AUTHORS,
  authorRow,
  CHANGED,
  CLASSES,
  COMMENTS_PER_POST,
  changedScore,
  commentRow,
  GETS,
  GRAPHS,
  POSTS_PER_AUTHOR,
  postRow,
  QUERIES,
  sums,
  TRANSACTIONS,
} from "../workloads.mjs";

const day = (date) => date.toISOString().slice(0, 23).replace("T", " ");

export async function startup(_kind, url) {
  const db = new SQLite(url);
  const rows = db.prepare("SELECT id, name, size FROM thing0 WHERE id = ?").all(1);
  db.close();
  return rows.length + CLASSES;
}

export async function open(_kind, url) {
  const db = new SQLite(url);
  db.pragma("foreign_keys = ON");
  const prepared = new Map();
  const sql = (text) => {
    let statement = prepared.get(text);
    if (statement === undefined) {
      statement = db.prepare(text);
      prepared.set(text, statement);
    }
    return statement;
  };
  const atOnce = (fn) => {
    sql("BEGIN IMMEDIATE").run();
    const result = fn();
    sql("COMMIT").run();
    return result;
  };
  const authors = () => sql("SELECT id, name, email, age, active, score, created_at FROM authors").all();
  const group = (rows, key) => {
    const by = new Map();
    for (const row of rows) {
      const list = by.get(row[key]);
      if (list === undefined) by.set(row[key], [row]);
      else list.push(row);
    }
    return by;
  };
  const postsOf = (q) =>
    sql(
      "SELECT id, author_id, title, body, views FROM posts WHERE author_id = ? AND views >= ? ORDER BY views DESC, id LIMIT 10",
    ).all(q.author, q.views);
  const web = (t) =>
    atOnce(() => {
      const author = sql("SELECT id, name, email, age, active, score, created_at FROM authors WHERE id = ?").get(
        t.author,
      );
      const posts = sql(
        "SELECT id, author_id, title, body, views FROM posts WHERE author_id = ? ORDER BY id LIMIT 10",
      ).all(t.author);
      sql("INSERT INTO posts (author_id, title, body, views) VALUES (?, ?, ?, ?)").run(
        author.id,
        t.title,
        t.body,
        t.views,
      );
      sql("UPDATE authors SET age = ? WHERE id = ?").run(t.age, author.id);
      return posts.length;
    });

  return {
    prepare: {
      W1: () => Array.from({ length: AUTHORS }, (_, i) => authorRow(i + 1)),
      W15: authors,
    },
    W1: (rows) =>
      atOnce(() => {
        const insert = sql(
          "INSERT INTO authors (name, email, age, active, score, created_at) VALUES (?, ?, ?, ?, ?, ?)",
        );
        const keys = [];
        for (const a of rows)
          keys.push(insert.run(a.name, a.email, a.age, a.active ? 1 : 0, a.score, day(a.createdAt)).lastInsertRowid);
        return keys;
      }),
    W2: () =>
      atOnce(() => {
        const insertAuthor = sql(
          "INSERT INTO authors (name, email, age, active, score, created_at) VALUES (?, ?, ?, ?, ?, ?)",
        );
        const insertPost = sql("INSERT INTO posts (author_id, title, body, views) VALUES (?, ?, ?, ?)");
        const insertComment = sql("INSERT INTO comments (post_id, body, likes) VALUES (?, ?, ?)");
        const keys = [];
        for (let i = 0; i < 200; i++) {
          const a = authorRow(i);
          const author = insertAuthor.run(
            a.name,
            a.email,
            a.age,
            a.active ? 1 : 0,
            a.score,
            day(a.createdAt),
          ).lastInsertRowid;
          for (let j = 0; j < POSTS_PER_AUTHOR; j++) {
            const p = postRow(i, j);
            const post = insertPost.run(author, p.title, p.body, p.views).lastInsertRowid;
            for (let k = 0; k < COMMENTS_PER_POST; k++) {
              const c = commentRow(j, k);
              keys.push(insertComment.run(post, c.body, c.likes).lastInsertRowid);
            }
          }
        }
        return keys;
      }),
    W3: authors,
    W3r: () => {
      const list = authors();
      let n = 0;
      for (const a of list)
        n +=
          a.id +
          a.name.length +
          a.email.length +
          a.age +
          (a.active === 1 ? 1 : 0) +
          a.score +
          new Date(`${a.created_at.replace(" ", "T")}Z`).getTime();
      return [list, n];
    },
    W4: () => {
      const list = sql("SELECT id, name, email, age, active, score, created_at FROM authors WHERE id <= ?").all(GRAPHS);
      const posts = sql("SELECT id, author_id, title, body, views FROM posts WHERE author_id <= ?").all(GRAPHS);
      const comments = sql(
        "SELECT c.id, c.post_id, c.body, c.likes FROM comments c JOIN posts p ON p.id = c.post_id WHERE p.author_id <= ?",
      ).all(GRAPHS);
      const byPost = group(comments, "post_id");
      for (const post of posts) post.comments = byPost.get(post.id) ?? [];
      const byAuthor = group(posts, "author_id");
      for (const author of list) author.posts = byAuthor.get(author.id) ?? [];
      return list;
    },
    W5: () => {
      const get = sql("SELECT id, name, email, age, active, score, created_at FROM authors WHERE id = ?");
      return GETS.map((id) => get.get(id));
    },
    W6: () =>
      atOnce(() => {
        const list = authors();
        const update = sql("UPDATE authors SET score = ? WHERE id = ?");
        for (let i = 0; i < CHANGED; i++) {
          const author = list[i * (AUTHORS / CHANGED)];
          author.score = changedScore(i);
          update.run(author.score, author.id);
        }
        return list;
      }),
    W7: () =>
      atOnce(() => {
        const list = authors();
        list[77].score = 4321;
        sql("UPDATE authors SET score = ? WHERE id = ?").run(4321, list[77].id);
        return list;
      }),
    W8: () => QUERIES.map(postsOf),
    W9: () =>
      atOnce(() => {
        const list = sql("SELECT id, name, email, age, active, score, created_at FROM authors WHERE id <= ?").all(
          GRAPHS,
        );
        const remove = sql("DELETE FROM authors WHERE id = ?");
        for (const author of list) remove.run(author.id);
        return list;
      }),
    W10: () => TRANSACTIONS.map(web),
    W11: () => {
      const posts = sql("SELECT id, author_id, title, body, views FROM posts WHERE id <= 1000").all();
      const tags = sql(
        "SELECT t.id, t.name, pt.post_id FROM tags t JOIN post_tags pt ON pt.tag_id = t.id WHERE pt.post_id <= 1000",
      ).all();
      const byPost = group(tags, "post_id");
      for (const post of posts) post.tags = byPost.get(post.id) ?? [];
      return posts;
    },
    W12: () => {
      let sum = 0;
      for (const row of sql("SELECT id, kind, amount, note FROM events").iterate()) sum += row.amount;
      return sum;
    },
    W13: () => TRANSACTIONS.map(web),
    W15: () => QUERIES.map(postsOf),
    sum: {
      W1: sums.keys,
      W2: sums.keys,
      W3: sums.authors,
      W3r: ([list]) => sums.authors(list),
      W4: sums.graph,
      W5: sums.authors,
      W6: () => sums.authors(authors()),
      W7: () => sums.authors(authors()),
      W8: sums.posts,
      W9: () =>
        db.prepare("SELECT (SELECT count(*) FROM authors) * 1000 + (SELECT count(*) FROM comments)").pluck().get(),
      W10: (lengths) =>
        lengths.reduce((a, b) => a + b, 0) +
        db.prepare("SELECT (SELECT count(*) FROM posts) * 1000 + (SELECT sum(age) FROM authors)").pluck().get(),
      W13: () =>
        db.prepare("SELECT (SELECT count(*) FROM posts) * 1000 + (SELECT sum(age) FROM authors)").pluck().get(),
      W11: sums.tagged,
      W12: (n) => n,
      W15: sums.posts,
    },
    close: () => db.close(),
  };
}
