import fc from "fast-check";
import { afterAll, beforeAll, expect, test } from "vitest";
import {
  type AsyncEngine,
  CompileError,
  createAsyncEngine,
  DataError,
  IntegrityError,
  insert,
  text,
} from "../../../src/index.js";
import { scratchDatabase } from "../../dialects/postgresql/support.js";
import { dept, doc, emp, metadata, rows, sale, seat } from "../statements/world.js";
import type { Loose } from "./expressions.js";
import {
  combined,
  documents,
  grouped,
  inside,
  nested,
  plain,
  postgresqlOnly,
  recursive,
  windowed,
  written,
} from "./statements.js";

const scratch = scratchDatabase();
let lite: AsyncEngine;
let postgres: AsyncEngine;
beforeAll(async () => {
  lite = createAsyncEngine("sqlite://");
  postgres = createAsyncEngine(scratch.url, { poolSize: 1 });
  for (const engine of [lite, postgres]) {
    await metadata.createAll(engine);
    await engine.begin(async (c) => {
      await c.execute(insert(dept).values(rows.dept));
      await c.execute(insert(emp).values(rows.emp));
      await c.execute(insert(sale).values(rows.sale));
      await c.execute(insert(doc).values(rows.doc));
      await c.execute(insert(seat).values(rows.seat));
      // the keys given above have not moved PostgreSQL's counter on
      if (engine === postgres) await c.execute(text("SELECT setval(pg_get_serial_sequence('seat', 'id'), 100)"));
    });
  }
});
afterAll(async () => {
  for (const engine of [lite, postgres]) await engine.dispose({ force: true });
});

/** A row whose list `all` comes in no order. */
const unordered = (row: unknown): unknown =>
  Object.fromEntries(
    Object.entries(row as object).map(([key, value]) => [
      key,
      key === "all" ? (value as unknown[]).map((each) => JSON.stringify(each)).sort() : value,
    ]),
  );

/** What a database makes of a statement: its rows in no order, or why it has none. Nothing of it is kept. */
async function outcome(engine: AsyncEngine, statement: Loose): Promise<string[] | "value" | "constraint" | "refused"> {
  await using c = await engine.connect();
  try {
    const all = await c.execute(statement).all();
    return all.map((row: unknown) => JSON.stringify(Array.isArray(row) ? [...row] : unordered(row))).sort();
  } catch (error) {
    if (error instanceof DataError) return "value";
    if (error instanceof IntegrityError) return "constraint";
    if (error instanceof CompileError && error.message.startsWith("sqlite has no")) return "refused";
    throw error;
  }
}

// the rows of each kind are few, so that one run costs little; ATHANOR_GENERATED asks for more
const runs = Number(process.env["ATHANOR_GENERATED"] ?? 80);

test.each([
  ["selects", plain],
  ["groups", grouped],
  ["windows", windowed],
  ["set operations", combined],
  ["nested queries", nested],
  ["recursive queries", recursive],
  ["rows inside rows", inside],
  ["queries of documents", documents],
  ["statements that write", written],
] as const)(
  "random %s are never a syntax error, and mean the same on both databases",
  async (_title, statements) => {
    await fc.assert(
      fc.asyncProperty(statements as fc.Arbitrary<Loose>, async (statement) => {
        const [a, b] = await Promise.all([outcome(lite, statement), outcome(postgres, statement)]);
        // a value that does not fit is met by one database and not by the other, which takes larger ones
        if (a !== "value" && b !== "value") expect(a).toEqual(b);
      }),
      { numRuns: runs },
    );
  },
  30_000 + runs * 200,
);

test(
  "random statements of what only PostgreSQL has are never a syntax error there, and refused by name on SQLite",
  async () => {
    await fc.assert(
      fc.asyncProperty(postgresqlOnly as fc.Arbitrary<Loose>, async (statement) => {
        expect(await outcome(lite, statement)).toBe("refused");
        expect(await outcome(postgres, statement)).not.toBe("refused");
      }),
      { numRuns: runs },
    );
  },
  30_000 + runs * 200,
);
