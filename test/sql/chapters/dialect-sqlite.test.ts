import { describe, expect } from "vitest";
import {
  BigIntType,
  CreateIndex,
  CreateTable,
  column,
  compiles,
  createAsyncEngine,
  Index,
  IntegrityError,
  insert,
  inspect,
  MetaData,
  PrimaryKeyConstraint,
  type SQLType,
  select,
  sqlite,
  type Table,
  t,
  table,
  text,
  UniqueConstraint,
} from "../../../src/index.js";
import { chapter } from "./chapter.js";

const chapterOf = chapter();
const example = (title: string, run: Parameters<typeof chapterOf>[1]): void => chapterOf.on("sqlite", title, run);
const ddl = (made: unknown) => new CreateTable(made as Table);

describe("dates, times and keys", () => {
  example("points in time are text that sorts, in a form of one's own where that is wanted", async (place) => {
    const { connection, all, values } = place;
    const own = new MetaData();
    const compact = sqlite.datetime({
      store: (date) => date.toISOString().replace(/\D/g, "").slice(0, 14),
      load: (stored) =>
        new Date(String(stored).replace(/^(\d{4})(\d\d)(\d\d)(\d\d)(\d\d)(\d\d)$/, "$1-$2-$3T$4:$5:$6Z")),
      name: "DATETIME_CHAR",
    });
    const made = table("dates", own, { id: column(t.integer), plain: column(t.datetime), compact: column(compact) });
    await connection.runSync(own.createAll);
    const at = new Date("1492-10-12T03:04:05Z");
    await connection.execute(insert(made).values({ id: 1, plain: at, compact: at }));
    expect(await all(select(made.c.plain, made.c.compact).where(made.c.compact.eq(at)))).toEqual([[at, at]]);
    expect(await values(text("SELECT compact || ' ' || plain FROM dates"))).toEqual([
      "14921012030405 1492-10-12 03:04:05.000",
    ]);
  });

  example("AUTOINCREMENT where it is asked for, and keys of other types than INTEGER", async ({ connection, sql }) => {
    class SlBigInteger extends BigIntType {}
    compiles(SlBigInteger, "sqlite", () => "INTEGER");
    const own = new MetaData();
    const counted = table(
      "counted",
      own,
      { id: column(t.integer, { primaryKey: true }) },
      { dialectOptions: { sqlite: { autoincrement: true } } },
    );
    const varied = table("varied", own, {
      id: column(t.bigint.withVariant(t.integer as unknown as SQLType<bigint>, "sqlite"), { primaryKey: true }),
    });
    const wide = table("wide", own, { id: column(new SlBigInteger(), { primaryKey: true }), x: column(t.integer) });
    expect(sql(ddl(counted))).toContain("id INTEGER NOT NULL PRIMARY KEY AUTOINCREMENT");
    for (const each of [varied, wide]) expect(sql(ddl(each))).toContain("id INTEGER NOT NULL");
    await connection.runSync(own.createAll);
    const made = await connection.execute(insert(wide).values({ x: 1 }));
    expect(made.insertedPrimaryKey).toEqual([1n]);
  });
});

describe("ON CONFLICT of constraints", () => {
  example("of UNIQUE, of a column, of NOT NULL and of the key", async ({ connection, sql, all }) => {
    const own = new MetaData();
    const made = table(
      "some_table",
      own,
      {
        id: column(t.integer),
        data: column(t.integer, { unique: true, onConflictUnique: "IGNORE" }),
        more: column(t.integer, { nullable: false, onConflictNotNull: "FAIL" }),
      },
      new PrimaryKeyConstraint(["id"], { onConflict: "REPLACE" }),
      new UniqueConstraint(["id", "data"], { onConflict: "IGNORE" }),
    );
    const text = sql(ddl(made));
    for (const each of [
      "more INTEGER NOT NULL ON CONFLICT FAIL",
      "PRIMARY KEY (id) ON CONFLICT REPLACE",
      "UNIQUE (data) ON CONFLICT IGNORE",
      "UNIQUE (id, data) ON CONFLICT IGNORE",
    ])
      expect(text).toContain(each);
    const keyed = { id: column(t.integer, { primaryKey: true, onConflictPrimaryKey: "FAIL" }) };
    expect(sql(ddl(table("keyed", new MetaData(), keyed)))).toContain("PRIMARY KEY (id) ON CONFLICT FAIL");
    await connection.runSync(own.createAll);
    for (const row of [
      { id: 1, data: 1, more: 1 },
      { id: 2, data: 1, more: 2 },
      { id: 1, data: 3, more: 3 },
    ])
      await connection.execute(insert(made).values(row));
    expect(await all(select(made))).toEqual([[1, 3, 3]]);
    const nothing = connection.execute(insert(made).values({ id: 5, data: 5, more: null as never }));
    await expect(nothing).rejects.toBeInstanceOf(IntegrityError);
  });
});

describe("INSERT ... ON CONFLICT", () => {
  const metadata = new MetaData();
  const mine = table("my_table", metadata, {
    id: column(t.text, { primaryKey: true }),
    data: column(t.text, { unique: true }),
    author: column(t.text),
    status: column(t.integer),
  });
  new Index("by_author", [mine.c.author], { unique: true, where: mine.c.author.like("a%") });
  const inside = chapter(metadata, async (connection) => {
    await connection.execute(insert(mine).values({ id: "old", data: "before", author: "ann", status: 1 }));
  });
  const stmt = insert(mine).values({ id: "old", data: "new value", author: "jlh" });

  inside("updates, by columns, with what could not be inserted, where a condition holds", async (place) => {
    const { connection, all, sql, name } = place;
    const update = stmt.onConflictDoUpdate({
      indexElements: ["id"],
      set: { data: "updated value", author: stmt.excluded.author },
      where: mine.c.status.eq(1),
    });
    const [a, b, c, d, e] = name === "sqlite" ? ["?", "?", "?", "?", "?"] : ["$1", "$2", "$3", "$4", "$5"];
    expect(sql(update)).toBe(
      `INSERT INTO my_table (id, data, author) VALUES (${a}, ${b}, ${c}) ON CONFLICT (id) DO UPDATE SET data = ${d}, author = excluded.author WHERE my_table.status = ${e}`,
    );
    await connection.execute(update);
    expect(await all(select(mine))).toEqual([["old", "updated value", "jlh", 1]]);
  });

  inside("finds its target by key, constraint, index and condition", async ({ connection, all, sql }) => {
    const set = { status: 2 };
    const target = (options: object): string =>
      /ON CONFLICT .*DO/.exec(sql(stmt.onConflictDoUpdate({ ...options, set })))?.[0] ?? "";
    expect(target({ constraint: mine.primaryKey })).toBe("ON CONFLICT (id) DO");
    expect(target({ indexElements: [mine.c.id] })).toBe("ON CONFLICT (id) DO");
    const partial = "ON CONFLICT (author) WHERE author LIKE 'a%' DO";
    expect(target({ indexElements: [mine.c.author], indexWhere: mine.c.author.like("a%") })).toBe(partial);
    const index = mine.indexes.find((each) => each.name === "by_author");
    expect(target({ constraint: index })).toBe(partial);
    const again = insert(mine).values({ id: "other", author: "ann" });
    await connection.execute(again.onConflictDoUpdate({ constraint: index as Index, set }));
    const unique = mine.constraints.find((each) => each.kind === "uq") as UniqueConstraint;
    const twice = insert(mine).values({ id: "third", data: "before" });
    await connection.execute(twice.onConflictDoUpdate({ constraint: unique, set: { author: "bob" } }));
    expect(await all(select(mine))).toEqual([["old", "before", "bob", 2]]);
  });

  inside("skips, whatever the conflict is", async ({ connection, all, sql }) => {
    expect(sql(stmt.onConflictDoNothing({ indexElements: ["id"] }))).toMatch(/ON CONFLICT \(id\) DO NOTHING$/);
    expect(sql(stmt.onConflictDoNothing())).toMatch(/ON CONFLICT DO NOTHING$/);
    await connection.execute(stmt.onConflictDoNothing());
    expect(await all(select(mine.c.data))).toEqual([["before"]]);
  });

  inside("has several clauses on SQLite, tried in their order", async ({ connection, all, refuses, name }) => {
    const several = insert(mine)
      .values({ id: "another", data: "before" })
      .onConflictDoUpdate({ indexElements: ["id"], set: { status: 8 } })
      .onConflictDoUpdate({ indexElements: ["data"], set: { status: 9 } })
      .onConflictDoNothing();
    if (name === "postgresql") return refuses(several, "ON CONFLICT");
    await connection.execute(several);
    expect(await all(select(mine.c.status))).toEqual([[9]]);
  });
});

describe("reflection", () => {
  example("types are found by name, and by SQLite's affinity where the name is another", async ({ connection }) => {
    const kinds = {
      a: ["BIGINT", "integer"],
      b: ["VARCHAR(30)", "string"],
      c: ["SPECIAL_INT", "integer"],
      d: ["LONGTEXT", "string"],
      e: ["FLOAT", "float"],
      f: ["DOUBLY", "float"],
      g: ["DECIMAL(5, 2)", "numeric"],
      h: ["BLOB", "binary"],
      i: ["DATETIME", "datetime"],
      j: ["BOOLEAN", "boolean"],
      k: ["WHATEVER", "numeric"],
    } as const;
    const columns = Object.entries(kinds).map(([name, [type]]) => `${name} ${type}`);
    await connection.execute(text(`CREATE TABLE every_affinity (${columns.join(", ")})`));
    const found = await connection.runSync((sync) => inspect(sync).getColumns("every_affinity"));
    expect(Object.fromEntries(found.map((each) => [each.name, each.type.family]))).toEqual(
      Object.fromEntries(Object.entries(kinds).map(([name, [, family]]) => [name, family])),
    );
  });

  example("partial indexes, options of tables, and no tables of SQLite's own", async ({ connection, sql }) => {
    const own = new MetaData();
    const made = table(
      "testtbl",
      own,
      { id: column(t.integer, { primaryKey: true }), data: column(t.integer) },
      { dialectOptions: { sqlite: { autoincrement: true, strict: true } } },
    );
    table(
      "rowless",
      own,
      { id: column(t.text, { primaryKey: true }) },
      { dialectOptions: { sqlite: { withRowid: false } } },
    );
    const index = new Index("test_idx1", [made.c.data], { where: made.c.data.gt(5).and(made.c.data.lt(10)) });
    expect(sql(new CreateIndex(index))).toBe("CREATE INDEX test_idx1 ON testtbl (data) WHERE data > 5 AND data < 10");
    await connection.runSync(own.createAll);
    const [names, indexes, options] = await connection.runSync((sync) => {
      const inspector = inspect(sync);
      return [
        inspector.getTableNames(),
        inspector.getIndexes("testtbl"),
        [inspector.getTableOptions("testtbl"), inspector.getTableOptions("rowless")],
      ] as const;
    });
    expect(names.filter((each) => each.startsWith("sqlite_"))).toEqual([]);
    expect(indexes[0]).toMatchObject({ name: "test_idx1", where: "data > 5 AND data < 10" });
    expect(options).toEqual([{ autoincrement: true, strict: true }, { withRowid: false }]);
  });

  example("names with dots in them stay what they are", async ({ connection }) => {
    const made = table("dotted", new MetaData(), { "a.b": column(t.integer), "x.y": column(t.integer) });
    await connection.runSync((sync) => made.create(sync));
    await connection.execute(insert(made).values({ "a.b": 1, "x.y": 2 }));
    const both = select(made.c["a.b"]).union(select(made.c["x.y"]));
    const result = await connection.execute(both);
    expect([...result.keys()]).toEqual(["a.b"]);
    expect(result.all().map((row) => [...row])).toEqual([[1], [2]]);
  });
});

describe("transactions and foreign keys", () => {
  example("DDL and savepoints are part of the transaction, and keys are enforced", async () => {
    await using engine = createAsyncEngine("sqlite://");
    const own = new MetaData();
    const parent = table("parent", own, { id: column(t.integer, { primaryKey: true }) });
    const child = table("child", own, {
      id: column(t.integer, { primaryKey: true }),
      parentId: column(t.integer, { foreignKey: parent.c.id }),
    });
    await engine.connect(async (connection) => {
      await connection.begin();
      await own.createAll(connection);
      await connection.rollback();
    });
    expect(await inspect(engine).getTableNames()).toEqual([]);
    await own.createAll(engine);
    await expect(engine.execute(insert(child).values({ parentId: 7 }))).rejects.toBeInstanceOf(IntegrityError);
  });

  example("without a transaction where that is asked for", async ({ connection }) => {
    const auto = await connection.executionOptions({ isolationLevel: "AUTOCOMMIT" });
    await auto.execute(text("CREATE TABLE IF NOT EXISTS at_once (id integer)"));
    await auto.rollback();
    expect(await auto.scalar(text("SELECT count(*) FROM at_once"))).toBe(0);
  });
});
