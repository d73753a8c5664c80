// Ten revisions in the life of a program, with its data in them. The README tells the story.
//
//   npm run migrations-demo [-- DATABASE-URL]
//
// Without a URL the database is a file that is removed at the end. The database of a URL has to be empty, and is again
// at the end.
import { deepEqual, equal } from "node:assert/strict";
import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { type AsyncEngine, asyncSessionmaker, createAsyncEngine, defaultRegistry, select, text } from "athanor";
import { compareMetadata, downgrade, isAtHead, type MigrationEvent, migrate, pending } from "athanor/migrations";
import { storeAtlas } from "./data.js";
import { Capital } from "./entities.js";
import { digest, FIRST, LAST, rowCounts, tablesOf } from "./facts.js";

const folder = (name: string): string => fileURLToPath(new URL(name, import.meta.url));
/** The files of the program's first years. */
const BEFORE = { directory: folder("before-squash"), onEvent: tell };
/** The files that are in use since the squash. */
const NOW = { directory: folder("migrations"), onEvent: tell };
const PEOPLE = Number(process.env["ATHANOR_DEMO_PEOPLE"] ?? 15_000);

function title(words: string): void {
  console.log(`\n${words}\n${"-".repeat(words.length)}`);
}

function tell({ phase, direction, revision, elapsed }: MigrationEvent): void {
  if (phase === "begin") return;
  const arrow = direction === "upgrade" ? "up  " : "down";
  console.log(`${arrow} ${revision.id} ${revision.message.padEnd(44)} ${elapsed.toFixed(0).padStart(6)} ms`);
}

/** The differences between the database and the classes, in words. */
async function drift(engine: AsyncEngine): Promise<readonly string[]> {
  defaultRegistry.configure();
  const found = await engine.connect((connection) => compareMetadata(connection, defaultRegistry.metadata));
  return found.map((each) => each.describe());
}

async function live(engine: AsyncEngine): Promise<void> {
  title("The first schema, and a world to keep in it");
  await migrate(engine, { ...BEFORE, to: "0001" });
  await engine.begin((connection) => storeAtlas(connection, PEOPLE));
  console.log(`     ${await rowCounts(engine)}`);
  const first = await digest(engine, FIRST);

  title("Seven changes, one after the other");
  for (const { id } of await pending(engine, BEFORE)) {
    await migrate(engine, { ...BEFORE, to: id });
    console.log(`     ${await rowCounts(engine)}`);
  }

  title("The squash: eight files became one, which this database has already");
  deepEqual(
    (await pending(engine, NOW)).map((each) => each.id),
    ["0010"],
  );
  await migrate(engine, NOW);
  const last = await digest(engine, LAST);
  equal(await isAtHead(engine, NOW), true);

  title("The classes read what the revisions have moved");
  await using session = asyncSessionmaker(engine)();
  const largest = await session
    .scalars(
      select(Capital)
        .orderBy((c) => c.population.desc())
        .limit(3),
    )
    .all();
  for (const { name, flag, status, population } of largest) {
    console.log(`${flag} ${name}, ${status}, ${population.toLocaleString("en")} people`);
  }
  await session.close();

  title("Back to the first schema: every row is as it was");
  await downgrade(engine, { ...NOW, to: "-1" });
  await downgrade(engine, { ...BEFORE, to: "0001" });
  equal(await digest(engine, FIRST), first);
  console.log(`     ${await rowCounts(engine)} (digest ${first})`);

  title("And up again: the same again");
  await migrate(engine, BEFORE);
  await migrate(engine, NOW);
  equal(await digest(engine, LAST), last);
  console.log(`     ${await rowCounts(engine)} (digest ${last})`);
  deepEqual(await drift(engine), []);
  console.log("     no drift between the database and the classes");

  title("Down to nothing, and up by the squashed history");
  await downgrade(engine, { ...NOW, to: "base" });
  deepEqual(await tablesOf(engine), []);
  await migrate(engine, NOW);
  deepEqual(await drift(engine), []);
  console.log("     no drift between the database and the classes");
}

async function main(): Promise<void> {
  const temporary = process.argv[2] === undefined ? mkdtempSync(join(tmpdir(), "athanor-migrations-demo-")) : null;
  const engine = createAsyncEngine(process.argv[2] ?? `sqlite:///${join(temporary as string, "atlas.db")}`);
  try {
    const found = await engine.tableNames();
    if (found.length > 0) throw new Error(`The demo needs an empty database, and this one has ${found.join(", ")}.`);
    const start = performance.now();
    await live(engine);
    await downgrade(engine, { directory: NOW.directory, to: "base" });
    await engine.begin((connection) => connection.execute(text("drop table athanor_version")));
    console.log(`\nAll of it took ${((performance.now() - start) / 1000).toFixed(1)} s on ${engine.dialect.name}.`);
  } finally {
    await engine.dispose();
    if (temporary !== null) rmSync(temporary, { recursive: true, force: true });
  }
}

await main();
