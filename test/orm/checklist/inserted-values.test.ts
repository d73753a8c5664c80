/** What execution knows of the rows that a Core statement wrote: keys, and values that the database made. */
import { describe, expect, test } from "vitest";
import {
  type AsyncEngine,
  column,
  computed,
  func,
  InvalidRequestError,
  insert,
  literal,
  MetaData,
  t,
  table,
  update,
} from "../../../src/index.js";
import { databaseKind, freshDatabase } from "../../support/database.js";
import { recordStatements } from "../../support/statements.js";

const metadata = new MetaData();
const notes = table("notes", metadata, {
  id: column(t.integer, { primaryKey: true }),
  body: column(t.text, { nullable: false }),
  state: column(t.text, { serverDefault: "new" }),
  loud: column(t.text, { default: func.upper("made") }),
  plain: column(t.integer, { default: 7 }),
  size: column(t.integer, { computed: computed("length(body)", { persisted: true }) }),
});
const pair = table("pair", metadata, {
  a: column(t.integer, { primaryKey: true }),
  b: column(t.text, { primaryKey: true }),
});

async function database(): Promise<AsyncEngine> {
  const { engine } = await freshDatabase();
  await metadata.createAll(engine);
  return engine;
}

describe("[TU-12] [DM-01] keys and values of inserted rows", () => {
  test("the key of one row, made by the database or given, by name", async () => {
    const engine = await database();
    const made = await engine.execute(insert(notes).values({ body: "a" }));
    expect(made.insertedPrimaryKey).toEqual([1]);
    expect((made.insertedPrimaryKey as unknown as { id: number }).id).toBe(1);
    const both = await engine.execute(insert(pair), { a: 1, b: "x" });
    expect((both.insertedPrimaryKey as unknown as { b: string }).b).toBe("x");
  });

  test("returnDefaults() tells what the database made, by name, while the result has no rows", async () => {
    const engine = await database();
    const result = await engine.execute(insert(notes).values({ body: "abc" }).returnDefaults());
    expect(result.returnsRows).toBe(false);
    expect(result.insertedPrimaryKey).toEqual([1]);
    expect(result.returnedDefaults?._mapping).toEqual({ id: 1, state: "new", loud: "MADE", size: 3 });
    expect(() => result.all()).toThrow("does not return rows");
  });

  test("returnDefaults() of the columns named, of values that are expressions, of none when nothing is asked", async () => {
    const engine = await database();
    const some = await engine.execute(insert(notes).values({ body: "abc" }).returnDefaults("size", notes.c.state));
    expect(some.returnedDefaults?._mapping).toEqual({ size: 3, state: "new" });
    const expressions = await engine.execute(
      insert(notes)
        .values({ id: 9, body: func.upper("x"), state: "s", loud: "l" })
        .returnDefaults(),
    );
    expect(expressions.returnedDefaults?._mapping).toEqual({ body: "X", size: 1 });
    const nothing = await engine.execute(insert(notes).values({ body: "abc" }));
    expect([nothing.returnedDefaults, nothing.returnedDefaultsRows]).toEqual([null, null]);
  });

  test("returnDefaults() of each row of a batch, in the order of the sets", async () => {
    const engine = await database();
    const sets = ["a", "bb", "ccc", "dddd", "eeeee", "f"].map((body) => ({ body }));
    const many = await engine.execute(insert(notes).returnDefaults("size"), sets);
    expect(many.insertedPrimaryKeyRows).toEqual([[1], [2], [3], [4], [5], [6]]);
    expect(many.returnedDefaultsRows?.map((row) => [...row])).toEqual([[1], [2], [3], [4], [5], [1]]);
    expect(() => many.returnedDefaults).toThrow(InvalidRequestError);
    expect(() => many.returnedDefaults).toThrow("returnedDefaults is for one row, and 6 were written");
    const rows = await engine.execute(
      insert(notes)
        .values([{ body: "x" }, { body: "yy" }])
        .returnDefaults("size"),
    );
    expect(rows.returnedDefaultsRows?.map((row) => row[0])).toEqual([1, 2]);
  });

  test("[DM-02] an UPDATE tells what expressions and computed columns became", async () => {
    const engine = await database();
    await engine.execute(insert(notes).values({ id: 1, body: "abc" }));
    const result = await engine.execute(
      update(notes)
        .values({ body: literal("x").concat("yz!"), plain: 1 })
        .where(notes.c.id.eq(1))
        .returnDefaults(),
    );
    expect(result.rowcount).toBe(1);
    expect(result.returnedDefaults?._mapping).toEqual({ body: "xyz!", size: 4 });
    const none = await engine.execute(
      update(notes).values({ plain: 2 }).where(notes.c.id.eq(5)).returnDefaults("size"),
    );
    expect([none.rowcount, none.returnedDefaults]).toEqual([0, null]);
  });

  test("inline() asks nothing back", async () => {
    const engine = await database();
    using log = recordStatements(engine);
    const texts = () => log.statements.map((each) => each.text).join();
    const result = await engine.execute(insert(notes).values({ body: "abc" }).inline());
    expect(texts()).not.toContain("RETURNING");
    // SQLite tells the key of its own accord
    expect(result.insertedPrimaryKey).toEqual([databaseKind() === "sqlite" ? 1 : null]);
    await engine.execute(insert(notes).values({ body: "abc" }));
    expect(texts().includes("RETURNING")).toBe(databaseKind() === "postgresql");
  });

  test("returning() and returnDefaults() exclude each other, and unknown columns are named", () => {
    expect(() => insert(notes).returning().returnDefaults()).toThrow("exclude each other");
    expect(() => insert(notes).returnDefaults().returning()).toThrow("exclude each other");
    expect(() => insert(notes).returnDefaults("nope")).toThrow('table notes has no column "nope"; it has: id, body');
  });
});
