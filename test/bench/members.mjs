/**
 * Parts of collections and trees beside SQL written by hand: the newest three posts of each of 1,000 authors, a tree of 10,000 folders that is 50 deep, and
 * one of as many pages, each with a text of 200 characters.
 *
 *   npm run members -- [--db sqlite|postgres|URL] [--rounds n] [--no-build]
 *
 * Both sides make objects of all rows and hang them together, in one process and in turns. Prints medians, and the median of the ratios of the rounds, of wall
 * time and of CPU time; other work on the machine disturbs the latter less. Ends with 1 where the loader took another number of statements than two: the
 * parents, and all that is behind them.
 */
import { randomBytes } from "node:crypto";
import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { parseArgs } from "node:util";
import SQLite from "better-sqlite3";
import pg from "pg";
import { prepareAthanor } from "./build.mjs";

const { values: options } = parseArgs({
  options: {
    db: { type: "string", multiple: true },
    rounds: { type: "string", default: "15" },
    "no-build": { type: "boolean", default: false },
  },
});
const SERVER = process.env.BENCH_POSTGRES ?? "postgresql://postgres@127.0.0.1:5432/postgres";
if (!options["no-build"]) prepareAthanor();
const {
  asyncSessionmaker,
  column,
  createAsyncEngine,
  event,
  Index,
  insert,
  registry,
  relationship,
  select,
  selectinload,
  t,
  table,
} = await import("../../dist/index.js");

const AUTHORS = 1000;
const POSTS = 20;
const FOLDERS = 10_000;
const DEPTH = 50;

const reg = registry();
const key = () => column(t.integer, { primaryKey: true });
const authors = table("authors", reg.metadata, { id: key(), name: column(t.text, { nullable: false }) });
const posts = table(
  "posts",
  reg.metadata,
  {
    id: key(),
    authorId: column(t.integer, { name: "author_id", nullable: false, foreignKey: "authors.id" }),
    title: column(t.text, { nullable: false }),
    at: column(t.integer, { nullable: false }),
  },
  new Index("ix_posts_newest", ["author_id", "at"]),
);
const treeTable = (name) =>
  table(name, reg.metadata, {
    id: key(),
    parentId: column(t.integer, { name: "parent_id", foreignKey: `${name}.id`, index: true }),
    name: column(t.text, { nullable: false }),
  });
class Author {}
class Post {}
class Folder {}
class Page {}
reg.mapImperatively(Author, authors, { properties: { posts: relationship(() => Post, { kind: "oneToMany" }) } });
reg.mapImperatively(Post, posts);
function mapTree(cls, nodes) {
  const foreignKeys = [nodes.c.parentId];
  reg.mapImperatively(cls, nodes, {
    properties: {
      parent: relationship(() => cls, { kind: "manyToOne", backPopulates: "children", foreignKeys }),
      children: relationship(() => cls, { kind: "oneToMany", backPopulates: "parent", foreignKeys }),
    },
  });
  return nodes;
}
const folders = mapTree(Folder, treeTable("folders"));
const pages = mapTree(Page, treeTable("pages"));

const range = (length) => Array.from({ length }, (_, i) => i + 1);
/** Chains of the full depth under one root: folder 2 and each fiftieth after it hangs on the root. */
const parentOf = (id) => (id === 1 ? null : (id - 2) % (DEPTH - 1) === 0 ? 1 : id - 1);

async function fill(engine) {
  await reg.metadata.createAll(engine);
  const at = (author, n) => ({ authorId: author, title: `post ${n} of ${author}`, at: (n * 7919) % 1000 });
  await engine.begin(async (c) => {
    await c.execute(
      insert(authors),
      range(AUTHORS).map((id) => ({ id, name: `author ${id}` })),
    );
    await c.execute(
      insert(posts),
      range(AUTHORS).flatMap((author) => range(POSTS).map((n) => at(author, n))),
    );
    for (const [nodes, nameOf] of [
      [folders, (id) => `folder ${id}`],
      [pages, (id) => `page ${id} `.padEnd(200, "what it says ")],
    ])
      await c.execute(
        insert(nodes),
        range(FOLDERS).map((id) => ({ id, parentId: parentOf(id), name: nameOf(id) })),
      );
  });
}

/** By hand, with the care that the loader takes: the statements, which circles of parents do not keep from ending, and objects that hang together. */
const NEWEST = {
  sqlite: `SELECT p.id, p.author_id, p.title, p.at FROM authors a JOIN posts p ON p.id IN
    (SELECT q.id FROM posts q WHERE q.author_id = a.id ORDER BY q.at DESC, q.id LIMIT 3) ORDER BY p.author_id, p.at DESC, p.id`,
  postgresql: `SELECT p.id, p.author_id, p.title, p.at FROM authors a CROSS JOIN LATERAL
    (SELECT * FROM posts q WHERE q.author_id = a.id ORDER BY q.at DESC, q.id LIMIT 3) p ORDER BY p.author_id, p.at DESC, p.id`,
};
const treeOf = (nodes) => `WITH RECURSIVE tree AS (SELECT id, parent_id, name FROM ${nodes} WHERE parent_id IS NULL
  UNION SELECT n.id, n.parent_id, n.name FROM tree JOIN ${nodes} n ON n.parent_id = tree.id) SELECT * FROM tree`;

const byHand = (kind, ask) => {
  const tree = async (nodes) => {
    const found = new Map();
    const rows = await ask(treeOf(nodes));
    for (const { id, parent_id, name } of rows)
      found.set(id, { id, parentId: parent_id, name, parent: null, children: [] });
    for (const node of found.values()) {
      node.parent = found.get(node.parentId) ?? null;
      node.parent?.children.push(node);
    }
    return height(found.get(1));
  };
  return {
    newest: async () => {
      const found = new Map();
      for (const { id, name } of await ask("SELECT id, name FROM authors")) found.set(id, { id, name, posts: [] });
      for (const { id, author_id, title, at } of await ask(NEWEST[kind]))
        found.get(author_id).posts.push({ id, authorId: author_id, title, at });
      return sum([...found.values()].flatMap((author) => author.posts));
    },
    tree: () => tree("folders"),
    wide: () => tree("pages"),
  };
};

const byAthanor = (Session) => {
  const inSession = async (work) => {
    const session = Session();
    return work(session).finally(() => session.close());
  };
  const newest = select(Author).options(
    selectinload(Author, (a) => a.posts, { orderBy: (p) => [p.at.desc(), p.id], limit: 3 }),
  );
  const rootOf = (cls) =>
    select(cls)
      .where((node) => node.parentId.isNull())
      .options(selectinload(cls, (node) => node.children, { depth: -1 }));
  const [folder, page] = [rootOf(Folder), rootOf(Page)];
  const tree = (root) => inSession(async (session) => height(await session.scalars(root).one()));
  return {
    newest: () =>
      inSession(async (session) => sum((await session.scalars(newest).all()).flatMap((author) => author.posts))),
    tree: () => tree(folder),
    wide: () => tree(page),
  };
};

const sum = (list) => list.reduce((total, post) => total + post.at, 0);
function height(root) {
  let [levels, level, count] = [0, [root], 0];
  for (; level.length > 0; levels++) {
    count += level.length;
    level = level.flatMap((node) => node.children);
  }
  return `${count} in ${levels}`;
}

const median = (list) => [...list].sort((a, b) => a - b)[list.length >> 1];

async function timed(run) {
  const before = process.cpuUsage();
  const start = performance.now();
  const result = await run();
  const wall = performance.now() - start;
  const { user, system } = process.cpuUsage(before);
  return { result, wall, cpu: (user + system) / 1000 };
}

async function compare(kind, engine, ask) {
  let statements = 0;
  event.listen(engine, "beforeCursorExecute", () => void statements++);
  const contestants = { hand: byHand(kind, ask), athanor: byAthanor(asyncSessionmaker(engine)) };
  for (const workload of ["newest", "tree", "wide"]) {
    const pairs = [];
    for (let round = -20; round < Number(options.rounds); round++) {
      const pair = {};
      for (const name of round % 2 ? ["hand", "athanor"] : ["athanor", "hand"]) {
        statements = 0;
        pair[name] = await timed(contestants[name][workload]);
        if (name === "athanor" && statements !== 2) {
          console.error(`${kind} ${workload}: ${statements} statements`);
          process.exitCode = 1;
        }
      }
      if (pair.hand.result !== pair.athanor.result)
        throw new Error(`${workload}: ${pair.athanor.result} where SQL by hand has ${pair.hand.result}`);
      if (round >= 0) pairs.push(pair);
    }
    const of = (name, what) => median(pairs.map((pair) => pair[name][what])).toFixed(1);
    const ratio = (what) => median(pairs.map(({ hand, athanor }) => athanor[what] / hand[what])).toFixed(2);
    console.log(
      `${kind.padEnd(11)}${workload.padEnd(7)} by hand ${of("hand", "wall")} ms (CPU ${of("hand", "cpu")}), athanor ${of("athanor", "wall")} ms (CPU ${of("athanor", "cpu")}): ` +
        `${ratio("wall")} of its time, ${ratio("cpu")} of its CPU time`,
    );
  }
}

async function onSqlite() {
  const folder = mkdtempSync(join(tmpdir(), "athanor-members-"));
  const engine = createAsyncEngine(`sqlite:///${folder}/members.db`);
  await fill(engine);
  const driver = new SQLite(`${folder}/members.db`);
  const prepared = new Map();
  await compare("sqlite", engine, (sql) => {
    if (!prepared.has(sql)) prepared.set(sql, driver.prepare(sql));
    return prepared.get(sql).all();
  });
  driver.close();
  await engine.dispose();
  rmSync(folder, { recursive: true });
}

async function onPostgres(server) {
  const name = `athanor_members_${randomBytes(4).toString("hex")}`;
  const admin = new pg.Client({ connectionString: server });
  await admin.connect();
  await admin.query(`create database "${name}"`);
  const url = Object.assign(new URL(server), { pathname: `/${name}` }).href;
  const client = new pg.Client({ connectionString: url });
  const engine = createAsyncEngine(url);
  try {
    await fill(engine);
    await client.connect();
    await client.query("analyze");
    const names = new Map();
    const ask = async (sql) =>
      (await client.query({ name: names.get(sql) ?? names.set(sql, `s${names.size}`).get(sql), text: sql })).rows;
    await compare("postgresql", engine, ask);
  } finally {
    await client.end();
    await engine.dispose();
    await admin.query(`drop database "${name}" with (force)`);
    await admin.end();
  }
}

for (const db of options.db ?? ["sqlite", "postgres"])
  await (db === "sqlite" ? onSqlite() : onPostgres(db.includes("://") ? db : SERVER));
