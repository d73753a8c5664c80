/** Bare pg: the best SQL written by hand, named prepared statements, unnest, the driver's own object rows. */
import pg from "pg";
import Cursor from "pg-cursor";
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

export async function startup(_kind, url) {
  const client = new pg.Client({ connectionString: url });
  await client.connect();
  const { rows } = await client.query("SELECT id, name, size FROM thing0 WHERE id = $1", [1]);
  await client.end();
  return rows.length + CLASSES;
}

const AUTHOR = "SELECT id, name, email, age, active, score, created_at FROM authors";
const POST = "SELECT id, author_id, title, body, views FROM posts";
const INSERT_AUTHORS =
  "INSERT INTO authors (name, email, age, active, score, created_at) SELECT * FROM unnest($1::text[], $2::text[], $3::integer[], $4::boolean[], $5::double precision[], $6::timestamptz[]) RETURNING id";
const INSERT_POSTS =
  "INSERT INTO posts (author_id, title, body, views) SELECT * FROM unnest($1::integer[], $2::text[], $3::text[], $4::integer[]) RETURNING id";
const INSERT_COMMENTS =
  "INSERT INTO comments (post_id, body, likes) SELECT * FROM unnest($1::integer[], $2::text[], $3::integer[]) RETURNING id";

export async function open(_kind, url) {
  const pool = new pg.Pool({ connectionString: url, max: 20 });
  const names = new Map();
  const named = (text, values) => {
    let name = names.get(text);
    if (name === undefined) {
      name = `s${names.size}`;
      names.set(text, name);
    }
    return { name, text, values };
  };
  const within = async (fn) => {
    const client = await pool.connect();
    try {
      await client.query("BEGIN");
      const result = await fn((text, values) => client.query(named(text, values)));
      await client.query("COMMIT");
      return result;
    } finally {
      client.release();
    }
  };
  const query = async (text, values) => (await pool.query(named(text, values))).rows;
  const authors = () => query(AUTHOR, []);
  const group = (rows, key) => {
    const by = new Map();
    for (const row of rows) {
      const list = by.get(row[key]);
      if (list === undefined) by.set(row[key], [row]);
      else list.push(row);
    }
    return by;
  };
  const columns = (rows) => [
    rows.map((a) => a.name),
    rows.map((a) => a.email),
    rows.map((a) => a.age),
    rows.map((a) => a.active),
    rows.map((a) => a.score),
    rows.map((a) => a.createdAt),
  ];
  const ids = ({ rows }) => rows.map((r) => r.id);
  const postsOf = (run) => async (q) =>
    (await run(`${POST} WHERE author_id = $1 AND views >= $2 ORDER BY views DESC, id LIMIT 10`, [q.author, q.views]))
      .rows;
  // As in a session, the queries run on one connection inside one transaction.
  const queries = () =>
    within(async (run) => {
      const found = [];
      const ask = postsOf(run);
      for (const q of QUERIES) found.push(await ask(q));
      return found;
    });
  const web = (t) =>
    within(async (run) => {
      const [author] = (await run(`${AUTHOR} WHERE id = $1`, [t.author])).rows;
      const { rows } = await run(`${POST} WHERE author_id = $1 ORDER BY id LIMIT 10`, [t.author]);
      await run("INSERT INTO posts (author_id, title, body, views) VALUES ($1, $2, $3, $4) RETURNING id", [
        author.id,
        t.title,
        t.body,
        t.views,
      ]);
      await run("UPDATE authors SET age = $1 WHERE id = $2", [t.age, author.id]);
      return rows.length;
    });
  const scalar = async (text) => Number((await pool.query({ text, rowMode: "array" })).rows[0][0]);

  return {
    prepare: {
      W1: () => Array.from({ length: AUTHORS }, (_, i) => authorRow(i + 1)),
      W15: authors,
    },
    W1: (rows) => within(async (run) => ids(await run(INSERT_AUTHORS, columns(rows)))),
    W2: () =>
      within(async (run) => {
        const rows = [];
        for (let i = 0; i < 200; i++) rows.push(authorRow(i));
        const authorIds = ids(await run(INSERT_AUTHORS, columns(rows)));
        const posts = [[], [], [], []];
        for (let i = 0; i < 200; i++) {
          for (let j = 0; j < POSTS_PER_AUTHOR; j++) {
            const p = postRow(i, j);
            posts[0].push(authorIds[i]);
            posts[1].push(p.title);
            posts[2].push(p.body);
            posts[3].push(p.views);
          }
        }
        const postIds = ids(await run(INSERT_POSTS, posts));
        const comments = [[], [], []];
        for (let i = 0; i < postIds.length; i++) {
          for (let k = 0; k < COMMENTS_PER_POST; k++) {
            const c = commentRow(i % POSTS_PER_AUTHOR, k);
            comments[0].push(postIds[i]);
            comments[1].push(c.body);
            comments[2].push(c.likes);
          }
        }
        return ids(await run(INSERT_COMMENTS, comments));
      }),
    W3: authors,
    W3r: async () => {
      const list = await authors();
      let n = 0;
      for (const a of list)
        n += a.id + a.name.length + a.email.length + a.age + (a.active ? 1 : 0) + a.score + a.created_at.getTime();
      return [list, n];
    },
    W4: async () => {
      const list = await query(`${AUTHOR} WHERE id <= $1`, [GRAPHS]);
      const posts = await query(`${POST} WHERE author_id <= $1`, [GRAPHS]);
      const comments = await query(
        "SELECT c.id, c.post_id, c.body, c.likes FROM comments c JOIN posts p ON p.id = c.post_id WHERE p.author_id <= $1",
        [GRAPHS],
      );
      const byPost = group(comments, "post_id");
      for (const post of posts) post.comments = byPost.get(post.id) ?? [];
      const byAuthor = group(posts, "author_id");
      for (const author of list) author.posts = byAuthor.get(author.id) ?? [];
      return list;
    },
    // As in a session, on one connection inside one transaction.
    W5: () =>
      within(async (run) => {
        const found = [];
        for (const id of GETS) found.push((await run(`${AUTHOR} WHERE id = $1`, [id])).rows[0]);
        return found;
      }),
    W6: () =>
      within(async (run) => {
        const { rows: list } = await run(AUTHOR, []);
        const keys = [];
        const scores = [];
        for (let i = 0; i < CHANGED; i++) {
          const author = list[i * (AUTHORS / CHANGED)];
          author.score = changedScore(i);
          keys.push(author.id);
          scores.push(author.score);
        }
        await run(
          "UPDATE authors SET score = v.score FROM unnest($1::integer[], $2::double precision[]) AS v (id, score) WHERE authors.id = v.id",
          [keys, scores],
        );
        return list;
      }),
    W7: () =>
      within(async (run) => {
        const { rows: list } = await run(AUTHOR, []);
        list[77].score = 4321;
        await run("UPDATE authors SET score = $1 WHERE id = $2", [4321, list[77].id]);
        return list;
      }),
    W8: queries,
    W9: () =>
      within(async (run) => {
        const { rows: list } = await run(`${AUTHOR} WHERE id <= $1`, [GRAPHS]);
        await run("DELETE FROM authors WHERE id = ANY ($1::integer[])", [list.map((a) => a.id)]);
        return list;
      }),
    W10: async () => {
      const lengths = [];
      for (const t of TRANSACTIONS) lengths.push(await web(t));
      return lengths;
    },
    W11: async () => {
      const posts = await query(`${POST} WHERE id <= 1000`, []);
      const tags = await query(
        "SELECT t.id, t.name, pt.post_id FROM tags t JOIN post_tags pt ON pt.tag_id = t.id WHERE pt.post_id <= 1000",
        [],
      );
      const byPost = group(tags, "post_id");
      for (const post of posts) post.tags = byPost.get(post.id) ?? [];
      return posts;
    },
    W12: () =>
      within(async () => {
        const client = await pool.connect();
        const cursor = client.query(new Cursor("SELECT id, kind, amount, note FROM events"));
        let sum = 0;
        for (;;) {
          const rows = await cursor.read(1000);
          for (const row of rows) sum += row.amount;
          if (rows.length < 1000) break;
        }
        await cursor.close();
        client.release();
        return sum;
      }),
    W13: () =>
      Promise.all(
        Array.from({ length: 20 }, async (_, s) => {
          for (let i = s; i < TRANSACTIONS.length; i += 20) await web(TRANSACTIONS[i]);
        }),
      ),
    W15: queries,
    sum: {
      W1: sums.keys,
      W2: sums.keys,
      W3: sums.authors,
      W3r: ([list]) => sums.authors(list),
      W4: sums.graph,
      W5: sums.authors,
      W6: async () => sums.authors(await authors()),
      W7: async () => sums.authors(await authors()),
      W8: sums.posts,
      W9: () => scalar("SELECT (SELECT count(*) FROM authors) * 1000 + (SELECT count(*) FROM comments)"),
      W10: async (lengths) =>
        lengths.reduce((a, b) => a + b, 0) +
        (await scalar("SELECT (SELECT count(*) FROM posts) * 1000 + (SELECT sum(age) FROM authors)")),
      W13: () => scalar("SELECT (SELECT count(*) FROM posts) * 1000 + (SELECT sum(age) FROM authors)"),
      W11: sums.tagged,
      W12: (n) => n,
      W15: sums.posts,
    },
    close: () => pool.end(),
  };
}
