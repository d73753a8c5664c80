/** What contestants share: their data, and how their answers are summed up. */
import {
  AUTHORS,
  authorRow,
  COMMENTS_PER_POST,
  commentRow,
  POSTS_PER_AUTHOR,
  postRow,
  QUERIES,
  sums,
  TRANSACTIONS,
} from "../workloads.mjs";

export const authorRows = () => Array.from({ length: AUTHORS }, (_, i) => authorRow(i + 1));

/** SQLite's text for a date, as Athanor and the seed write it. */
export const day = (date) => date.toISOString().slice(0, 23).replace("T", " ");

/** The graph of W2 as plain objects. */
export function graph() {
  return Array.from({ length: 200 }, (_, i) => ({
    ...authorRow(i),
    posts: Array.from({ length: POSTS_PER_AUTHOR }, (_, j) => {
      const { title, body, views } = postRow(i, j);
      return { title, body, views, comments: Array.from({ length: COMMENTS_PER_POST }, (_, k) => commentRow(j, k)) };
    }),
  }));
}

export function groupBy(rows, key) {
  const by = new Map();
  for (const row of rows) {
    const list = by.get(row[key]);
    if (list === undefined) by.set(row[key], [row]);
    else list.push(row);
  }
  return by;
}

export function chunks(list, size) {
  const found = [];
  for (let i = 0; i < list.length; i += size) found.push(list.slice(i, i + size));
  return found;
}

/** Queries one after the other. */
export async function inTurn(list, ask) {
  const found = [];
  for (const each of list) found.push(await ask(each));
  return found;
}

export const queries = (ask) => inTurn(QUERIES, ask);
export const transactions = (web) => inTurn(TRANSACTIONS, web);
export const together = (web) =>
  Promise.all(
    Array.from({ length: 20 }, async (_, s) => {
      for (let i = s; i < TRANSACTIONS.length; i += 20) await web(TRANSACTIONS[i]);
    }),
  );

export function readAll(list) {
  let n = 0;
  for (const a of list)
    n +=
      a.id +
      a.name.length +
      a.email.length +
      a.age +
      (a.active ? 1 : 0) +
      a.score +
      new Date(a.createdAt ?? a.created_at).getTime();
  return [list, n];
}

/** @param everyAuthor all authors as the database has them @param scalar runs SQL and gives its only value */
export function standardSums(everyAuthor, scalar) {
  const all = async () => sums.authors(await everyAuthor());
  const state = async () =>
    Number(await scalar("SELECT (SELECT count(*) FROM posts) * 1000 + (SELECT sum(age) FROM authors) AS n"));
  return {
    W1: sums.keys,
    W2: sums.keys,
    W3: sums.authors,
    W3r: ([list]) => sums.authors(list),
    W4: sums.graph,
    W5: sums.authors,
    W6: all,
    W7: all,
    W8: sums.posts,
    W9: async () =>
      Number(await scalar("SELECT (SELECT count(*) FROM authors) * 1000 + (SELECT count(*) FROM comments) AS n")),
    W10: async (lengths) => lengths.reduce((a, b) => a + b, 0) + (await state()),
    W11: sums.tagged,
    W12: (n) => n,
    W13: state,
    W15: sums.posts,
  };
}
