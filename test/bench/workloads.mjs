/** What is measured: the workloads, the state of the database that each needs, and the data they write. */

/** @typedef {{ title: string, needs: "empty" | "full", mutates: boolean, target: { sqlite?: number, postgres?: number }, process?: boolean }} Workload */

const load = { sqlite: 0.8, postgres: 0.8 };
const flush = { sqlite: 1.2, postgres: 1.2 };
const small = { sqlite: 2, postgres: 1 };

/** @type {Record<string, Workload>} */
export const WORKLOADS = {
  W1: { title: "insert 10,000 flat objects and know their keys", needs: "empty", mutates: true, target: flush },
  W2: { title: "insert a graph of 200 x 10 x 3", needs: "empty", mutates: true, target: flush },
  W3: { title: "load 10,000 objects", needs: "full", mutates: false, target: load },
  W3r: { title: "load 10,000 objects and read every field", needs: "full", mutates: false, target: {} },
  W4: { title: "load 500 authors with posts and comments", needs: "full", mutates: false, target: load },
  W5: { title: "2,000 gets by primary key", needs: "full", mutates: false, target: small },
  W6: { title: "load 10,000, change 1,000 differently, flush", needs: "full", mutates: true, target: flush },
  W7: { title: "load 10,000, change 1, flush", needs: "full", mutates: true, target: load },
  W8: { title: "1,000 filtered, ordered, limited queries", needs: "full", mutates: false, target: small },
  W9: { title: "delete 500 graphs with cascade", needs: "full", mutates: true, target: flush },
  W10: { title: "500 web transactions", needs: "full", mutates: true, target: small },
  W11: { title: "load 1,000 posts with tags", needs: "full", mutates: false, target: load },
  W12: { title: "stream 1,000,000 rows", needs: "full", mutates: false, target: load },
  W12e: { title: "stream 1,000,000 rows as entities", needs: "full", mutates: false, target: {} },
  W13: {
    title: "20 concurrent sessions doing W10",
    needs: "full",
    mutates: true,
    target: { postgres: 1 },
    connections: 20,
  },
  W14: {
    title: "start-up: import, map 100 classes, first query",
    needs: "full",
    mutates: false,
    target: {},
    process: true,
  },
  W15: { title: "1,000 queries in a session that holds 10,000 objects", needs: "full", mutates: false, target: {} },
};

export const AUTHORS = Number(process.env.BENCH_AUTHORS ?? 10_000);
export const GRAPHS = 500;
export const POSTS_PER_AUTHOR = 10;
export const COMMENTS_PER_POST = 3;
export const TAGS = 100;
export const TAGS_PER_POST = 3;
export const EVENTS = 1_000_000;
export const WEB_TRANSACTIONS = 500;
export const CLASSES = 100;

const EPOCH = Date.UTC(2024, 0, 1);

/** The i-th author without its key: `[name, email, age, active, score, createdAt]`. */
export function authorRow(i) {
  return {
    name: `Author ${i}`,
    email: `author${i}@example.org`,
    age: 20 + (i % 60),
    active: i % 3 !== 0,
    score: (i % 1000) / 8,
    createdAt: new Date(EPOCH + i * 61_000),
  };
}

export function postRow(author, i) {
  return {
    title: `Post ${i} of ${author}`,
    body: `The text of post ${i}, which says something about ${author}.`,
    views: (author * 31 + i * 17) % 1000,
  };
}

export function commentRow(post, i) {
  return { body: `Comment ${i} on ${post}`, likes: (post + i) % 50 };
}

/** Keys of W5: all different, in no order. */
export const GETS = Array.from({ length: 2000 }, (_, i) => ((i * 7919) % AUTHORS) + 1);

/** Queries of W8 and W15: the posts of an author with at least so many views. */
export const QUERIES = Array.from({ length: 1000 }, (_, i) => ({
  author: ((i * 7) % GRAPHS) + 1,
  views: (i * 13) % 500,
}));

/** Transactions of W10 and W13. */
export const TRANSACTIONS = Array.from({ length: WEB_TRANSACTIONS }, (_, i) => ({
  author: ((i * 11) % GRAPHS) + 1,
  title: `News ${i}`,
  body: `What happened in transaction ${i}`,
  views: i % 100,
  age: 20 + (i % 50),
}));

/** Objects that W6 changes, and how: each gets another value. */
export const changedScore = (i) => 1000 + i / 4;
export const CHANGED = 1000;

const time = (value) =>
  value instanceof Date
    ? value.getTime()
    : Date.parse(typeof value === "string" && !value.endsWith("Z") ? `${value.replace(" ", "T")}Z` : value);
const mix = (sum, value) => (sum * 31 + value) % 9_007_199_254_740;

/** Checksums: every contestant's objects must have the same. They are computed outside the measured time. */
export const sums = {
  authors(list) {
    let sum = list.length;
    const ordered = [...list].sort((a, b) => Number(a.id) - Number(b.id));
    for (const a of ordered) {
      const created = a.createdAt ?? a.created_at;
      sum = mix(
        sum,
        Number(a.id) +
          a.name.length +
          a.email.length +
          Number(a.age) +
          (a.active ? 1 : 0) +
          Math.round(Number(a.score) * 8) +
          (time(created) % 1_000_003),
      );
    }
    return sum;
  },
  /** @param list authors with `posts` with `comments` */
  graph(list) {
    let sum = 0;
    for (const a of [...list].sort((x, y) => Number(x.id) - Number(y.id))) {
      sum = mix(sum, Number(a.id));
      for (const p of [...a.posts].sort((x, y) => Number(x.id) - Number(y.id))) {
        sum = mix(sum, Number(p.id) + p.title.length + Number(p.views));
        for (const c of [...p.comments].sort((x, y) => Number(x.id) - Number(y.id)))
          sum = mix(sum, Number(c.id) + c.body.length + Number(c.likes));
      }
    }
    return sum;
  },
  tagged(list) {
    let sum = 0;
    for (const p of [...list].sort((x, y) => Number(x.id) - Number(y.id))) {
      sum = mix(sum, Number(p.id) + p.title.length);
      for (const t of [...p.tags].sort((x, y) => Number(x.id) - Number(y.id)))
        sum = mix(sum, Number(t.id) + t.name.length);
    }
    return sum;
  },
  posts(lists) {
    let sum = 0;
    for (const list of lists) for (const p of list) sum = mix(sum, Number(p.id) + Number(p.views) + p.title.length);
    return sum;
  },
  /** Keys that the database made: distinct and so many. */
  keys(list) {
    return new Set(list.map(Number)).size;
  },
};
