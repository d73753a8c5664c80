/** Many new rows go several in a statement, and each object has the key of its own row, whatever the table's schema does meanwhile. */
import SQLite from "better-sqlite3";
import { describe, expect, test } from "vitest";
import {
  type AsyncEngine,
  asyncSessionmaker,
  Column,
  create,
  createAsyncEngine,
  FlushError,
  IntegrityError,
  type OptionalProps,
  PrimaryKey,
  registry,
  select,
  t,
  text,
} from "../../../src/index.js";

const reg = registry();

@reg.Entity("coins")
class Coin {
  declare [OptionalProps]?: "id";
  @PrimaryKey() id!: number;
  @Column(t.text) face!: string;
  @Column(t.integer, { nullable: true }) worth!: number | null;
}

const COUNT = 150;

async function database(...ddl: string[]): Promise<AsyncEngine> {
  const engine = createAsyncEngine("sqlite://");
  const statements = ddl.length > 0 ? ddl : [TABLE];
  await engine.begin(async (connection) => {
    for (const statement of statements) await connection.execute(text(statement));
  });
  return engine;
}

const TABLE = "CREATE TABLE coins (id INTEGER PRIMARY KEY, face TEXT NOT NULL UNIQUE, worth INTEGER)";

async function insertAll(engine: AsyncEngine, count = COUNT, from = 0): Promise<Coin[]> {
  await using session = asyncSessionmaker(engine, { expireOnCommit: false })();
  const coins = Array.from({ length: count }, (_, i) =>
    create(Coin, { face: `coin ${i + from}`, worth: i % 7 || null }),
  );
  session.addAll(coins);
  await session.commit();
  return coins;
}

/** The keys that the rows have. */
async function stored(engine: AsyncEngine): Promise<Map<string, number>> {
  await using session = asyncSessionmaker(engine)();
  return new Map((await session.scalars(select(Coin)).all()).map((coin) => [coin.face, coin.id]));
}

async function expectOwnKeys(engine: AsyncEngine, coins: readonly Coin[]): Promise<void> {
  const rows = await stored(engine);
  for (const coin of coins) expect(coin.id, coin.face).toBe(rows.get(coin.face));
}

/** How many INSERT statements the driver runs meanwhile. */
async function insertsDuring(work: () => Promise<unknown>): Promise<number> {
  let runs = 0;
  const statement = new SQLite(":memory:").prepare("SELECT 1");
  const prototype = Object.getPrototypeOf(statement) as { run: (...args: unknown[]) => unknown };
  const { run } = prototype;
  prototype.run = function (this: { source: string }, ...args: unknown[]) {
    if (this.source.startsWith("INSERT")) runs++;
    return run.apply(this, args);
  };
  try {
    await work();
  } finally {
    prototype.run = run;
  }
  return runs;
}

describe("rows that go several in a statement", () => {
  test("have their own keys, in an empty table and in one with gaps", async () => {
    const engine = await database();
    await expectOwnKeys(engine, await insertAll(engine));
    await engine.begin((connection) => connection.execute(text("DELETE FROM coins WHERE id > 100 OR id % 2 = 0")));
    await engine.begin((connection) => connection.execute(text("INSERT INTO coins VALUES (5000, 'far', 1)")));
    const more = await insertAll(engine, COUNT, 1000);
    expect(more[0].id).toBe(5001);
    await expectOwnKeys(engine, more);
    await engine.dispose();
  });

  test("need a fraction of the statements that single rows need", async () => {
    const engine = await database();
    expect(await insertsDuring(() => insertAll(engine))).toBeLessThan(20);
    await engine.dispose();
  });

  test("with AUTOINCREMENT, keys of deleted rows do not come again", async () => {
    const engine = await database(TABLE.replace("PRIMARY KEY", "PRIMARY KEY AUTOINCREMENT"));
    const first = await insertAll(engine);
    await engine.begin((connection) => connection.execute(text("DELETE FROM coins")));
    const second = await insertAll(engine);
    expect(second[0].id).toBe(first[COUNT - 1].id + 1);
    await expectOwnKeys(engine, second);
    await engine.dispose();
  });

  test.each([
    [
      "adds rows to the same table",
      "BEGIN INSERT INTO coins (face) SELECT 'copy of ' || new.face WHERE new.face NOT LIKE 'copy%'; END",
    ],
    ["writes another table", "BEGIN INSERT INTO log VALUES (NULL); END"],
  ])("a trigger that %s does not mix the keys up", async (_, body) => {
    const engine = await database(
      TABLE,
      "CREATE TABLE log (id INTEGER PRIMARY KEY)",
      `CREATE TRIGGER meddle AFTER INSERT ON coins ${body}`,
    );
    await expectOwnKeys(engine, await insertAll(engine));
    await engine.dispose();
  });

  test("a trigger that is made later is noticed, a temporary one too", async () => {
    for (const temporary of ["", "TEMPORARY "]) {
      const engine = await database();
      await insertAll(engine);
      await engine.begin((connection) =>
        connection.execute(
          text(
            `CREATE ${temporary}TRIGGER meddle BEFORE INSERT ON coins WHEN new.face NOT LIKE 'copy%' ` +
              "BEGIN INSERT INTO coins (face) VALUES ('copy of ' || new.face); END",
          ),
        ),
      );
      await expectOwnKeys(engine, await insertAll(engine, COUNT, 1000));
      await engine.dispose();
    }
  });

  test("a trigger that skips rows is an error, and nothing is stored", async () => {
    const engine = await database(
      TABLE,
      "CREATE TRIGGER skip BEFORE INSERT ON coins WHEN new.face = 'coin 77' BEGIN SELECT RAISE(IGNORE); END",
    );
    await expect(insertAll(engine)).rejects.toThrow(FlushError);
    expect((await stored(engine)).size).toBe(0);
    await engine.dispose();
  });

  test("a constraint that skips rows is an error", async () => {
    const engine = await database(TABLE.replace("UNIQUE", "UNIQUE ON CONFLICT IGNORE"));
    await insertAll(engine, 1, 70);
    await expect(insertAll(engine)).rejects.toThrow(/INSERT of 150 rows .* made 149/);
    await engine.dispose();
  });

  test("a row that the database refuses is an error that says why, and nothing is stored", async () => {
    const engine = await database();
    await insertAll(engine, 1, 70);
    const failed = insertAll(engine);
    await expect(failed).rejects.toThrow(IntegrityError);
    await expect(failed).rejects.toThrow(/UNIQUE constraint failed: coins.face/);
    expect((await stored(engine)).size).toBe(1);
    await expectOwnKeys(engine, await insertAll(engine, COUNT, 1000));
    await engine.dispose();
  });

  test("where the greatest key is taken, SQLite picks others, and each object has its own", async () => {
    const engine = await database(TABLE, "INSERT INTO coins VALUES (9223372036854775807, 'last', 1)");
    await using session = asyncSessionmaker(engine, { expireOnCommit: false })();
    const coins = Array.from({ length: 20 }, (_, i) => create(Coin, { face: `coin ${i}`, worth: null }));
    session.addAll(coins);
    await session.flush();
    expect(new Set(coins.map((coin) => coin.id)).size).toBe(20);
    await session.rollback();
    await engine.dispose();
  });
});
