import { describe, expect, it } from "vitest";
import {
  type AsyncConnection,
  bindparam,
  column,
  createAsyncEngine,
  insert,
  MetaData,
  select,
  t,
  table,
  text,
} from "../../../src/index.js";
import { rejection, scratchDatabase } from "./support.js";

const db = scratchDatabase();
const metadata = new MetaData();
const notes = table("notes", metadata, { id: column(t.integer, { primaryKey: true }), body: column(t.text) });

/** What pg's client of a connection has. */
async function raw(
  c: AsyncConnection,
): Promise<{ processID: number; query(text: string): Promise<{ rows: Record<string, unknown>[] }> }> {
  return (await c.getRawConnection()).raw as never;
}

async function setUp(options?: Parameters<typeof db.engine>[0], query?: string): Promise<ReturnType<typeof db.engine>> {
  const engine = db.engine(options, query);
  await engine.begin((c) => c.execute(text("DROP SCHEMA public CASCADE; CREATE SCHEMA public")));
  await metadata.createAll(engine);
  return engine;
}

describe("connecting", () => {
  it("takes the three spellings of the scheme, and libpq's options", async () => {
    for (const scheme of ["postgresql", "postgresql+pg", "postgres"]) {
      const engine = createAsyncEngine(
        `${db.url.replace(/^postgresql/, scheme)}?application_name=athanor&statement_timeout=1234&options=-c%20work_mem%3D5MB&connect_timeout=5`,
      );
      const row = await engine
        .execute(
          text(
            "SELECT current_setting('application_name'), current_setting('statement_timeout'), current_setting('work_mem')",
          ),
        )
        .one();
      expect(row).toEqual(["athanor", "1234ms", "5MB"]);
      await engine.dispose();
    }
  });

  it("reads host, port, user and database from the query too", async () => {
    const { hostname, port, pathname, username, password } = new URL(db.url);
    const secret = password === "" ? "" : `&password=${password}`;
    const engine = createAsyncEngine(
      `postgresql://?host=${hostname}&port=${port || 5432}&user=${username}&dbname=${pathname.slice(1)}${secret}`,
    );
    expect(await engine.scalar(text("SELECT current_database()"))).toBe(pathname.slice(1));
    await engine.dispose();
  });

  const messages: [string, () => string, RegExp][] = [
    ["an unknown option", () => `${db.url}?sslmod=require`, /knows no URL option "sslmod"; it knows .*sslmode/],
    ["a wrong sslmode", () => `${db.url}?sslmode=yes`, /"sslmode" of PostgreSQL is disable, allow/],
    [
      "a certificate that is not there",
      () => `${db.url}?sslmode=verify-full&sslrootcert=/no/such.pem`,
      /"\/no\/such.pem" of the URL option "sslrootcert"/,
    ],
    ["a port that is none", () => "postgresql://localhost/x?port=abc", /"port" of the database URL is a number/],
    ["another encoding", () => `${db.url}?client_encoding=latin1`, /can only be utf8/],
  ];
  it.each(messages)("refuses %s when the engine is made", (_name, url, message) => {
    expect(() => createAsyncEngine(url())).toThrow(message);
  });

  it("says what is wrong when the server does not take us", async () => {
    const at = (change: (url: URL) => void): string => {
      const url = new URL(db.url);
      change(url);
      return url.href;
    };
    // A server that asks for a password does not tell whether there is such a role.
    const stranger: [RegExp, string] =
      new URL(db.url).password === ""
        ? [/role "no_such_role" does not exist/, "28000"]
        : [/password authentication failed for user "no_such_role"/, "28P01"];
    const attempts: [string, RegExp, string | null][] = [
      [at((u) => (u.pathname = "/no_such_database")), /database "no_such_database" does not exist/, "3D000"],
      [at((u) => (u.username = "no_such_role")), ...stranger],
      [at((u) => (u.port = "1")), /Could not reach the server: .*ECONNREFUSED/, null],
      ["postgresql://no.such.host.invalid/x", /Could not reach the server: .*(ENOTFOUND|EAI_AGAIN)/, null],
      [`${db.url}?host=/no/such/dir`, /Could not reach the server: .*ENOENT/, null],
    ];
    for (const [url, message, code] of attempts) {
      const engine = createAsyncEngine(url);
      const error = await rejection<Error & { code: string | null }>(engine.scalar(text("SELECT 1")));
      expect(error.name).toBe("OperationalError");
      expect(error.message).toMatch(message);
      expect(error.code).toBe(code);
      await engine.dispose();
    }
  });

  it("sslmode=prefer does without TLS where the server has none", async () => {
    const engine = db.engine(undefined, "?sslmode=prefer");
    expect(await engine.scalar(text("SELECT 1"))).toBe(1);
  });
});

describe("transactions", () => {
  it("BEGIN travels with the first statement, and a transaction without one sends nothing", async () => {
    const engine = await setUp();
    const c = await engine.connect();
    const { processID } = await raw(c);
    const watch = async (): Promise<unknown> =>
      engine.execute(text("SELECT state, query FROM pg_stat_activity WHERE pid = :pid"), { pid: processID }).one();
    await c.rollback();
    await c.begin();
    expect(((await watch()) as unknown[])[0]).toBe("idle");
    await c.execute(insert(notes).values({ body: "x" }));
    expect(((await watch()) as unknown[])[0]).toBe("idle in transaction");
    await c.commit();
    expect(await engine.execute(select(notes.c.body)).scalars().all()).toEqual(["x"]);
    await c.close();
  });

  it("queries on the raw client are inside the transaction", async () => {
    const engine = await setUp();
    const c = await engine.connect();
    await c.begin();
    const client = await raw(c);
    await client.query("INSERT INTO notes (body) VALUES ('raw')");
    await c.rollback();
    await c.close();
    expect(await engine.execute(select(notes)).all()).toEqual([]);
  });

  it("isolation levels, read-only and deferrable transactions are what they say", async () => {
    const engine = await setUp();
    const modes = async (c: AsyncConnection): Promise<unknown> =>
      c
        .execute(
          text(
            "SELECT current_setting('transaction_isolation'), current_setting('transaction_read_only'), current_setting('transaction_deferrable')",
          ),
        )
        .one();
    expect(await engine.begin(modes)).toEqual(["read committed", "off", "off"]);
    for (const isolationLevel of ["READ UNCOMMITTED", "REPEATABLE READ", "SERIALIZABLE"] as const) {
      expect(await engine.begin(modes, { isolationLevel })).toEqual([isolationLevel.toLowerCase(), "off", "off"]);
    }
    expect(await engine.begin(modes, { isolationLevel: "SERIALIZABLE", readOnly: true, deferrable: true })).toEqual([
      "serializable",
      "on",
      "on",
    ]);
    const write = engine.begin((c) => c.execute(insert(notes).values({ body: "x" })), { readOnly: true });
    expect(await rejection(write)).toMatchObject({ name: "InternalError", code: "25006" });
    expect(await engine.begin(modes)).toEqual(["read committed", "off", "off"]);
  });

  it("AUTOCOMMIT commits each statement, and read-only holds there too", async () => {
    const engine = await setUp({ poolSize: 1, maxOverflow: 0 });
    await engine.connect(async (c) => {
      await c.executionOptions({ isolationLevel: "AUTOCOMMIT" });
      await c.execute(insert(notes).values({ body: "kept" }));
      await c.rollback();
      await c.execute(text("VACUUM notes"));
    });
    expect(await engine.execute(select(notes.c.body)).scalars().all()).toEqual(["kept"]);
    await engine.connect(async (c) => {
      await c.executionOptions({ isolationLevel: "AUTOCOMMIT", readOnly: true });
      await expect(c.execute(insert(notes).values({ body: "no" }))).rejects.toMatchObject({ code: "25006" });
    });
    await engine.begin((c) => c.execute(insert(notes).values({ body: "yes" })));
  });

  it("savepoints keep what was before them", async () => {
    const engine = await setUp();
    await engine.begin(async (c) => {
      await c.execute(insert(notes).values({ id: 1, body: "a" }));
      await rejection(c.beginNested(async () => c.execute(insert(notes).values({ id: 1, body: "b" }))));
      await c.beginNested(() => c.execute(insert(notes).values({ id: 2, body: "c" })));
    });
    expect(await engine.execute(select(notes.c.body).orderBy(notes.c.id)).scalars().all()).toEqual(["a", "c"]);
  });

  it("a commit after a failed statement is an error, since the server rolls back", async () => {
    const engine = await setUp();
    const c = await engine.connect();
    await c.execute(insert(notes).values({ body: "lost" }));
    await rejection(c.execute(text("SELECT 1/0")));
    expect(await rejection(c.commit())).toMatchObject({
      name: "InternalError",
      message: expect.stringMatching(/Nothing was committed/),
    });
    expect(await c.execute(select(notes)).all()).toEqual([]);
    await c.close();
  });

  it("a deferred constraint fails the commit, and nothing stays", async () => {
    const engine = await setUp();
    await engine.begin((c) =>
      c.execute(text("ALTER TABLE notes ADD CONSTRAINT u UNIQUE (body) DEFERRABLE INITIALLY DEFERRED")),
    );
    const failing = engine.begin(async (c) => {
      await c.execute(insert(notes), [{ body: "x" }, { body: "x" }]);
    });
    expect(await rejection(failing)).toMatchObject({ name: "IntegrityError", code: "23505" });
    expect(await engine.execute(select(notes)).all()).toEqual([]);
  });

  it("a connection that returns in a transaction is rolled back", async () => {
    const engine = await setUp({ poolSize: 1, maxOverflow: 0 });
    await engine.connect((c) => c.execute(insert(notes).values({ body: "x" })));
    expect(await engine.execute(select(notes)).all()).toEqual([]);
  });
});

describe("errors", () => {
  it("[PG-19] tell which constraint, table and column it was", async () => {
    const engine = await setUp();
    await engine.begin((c) =>
      c.execute(
        text(`CREATE TABLE parents (id int PRIMARY KEY, "Odd, Name" text, b int, CONSTRAINT positive CHECK (b > 0), CONSTRAINT pair UNIQUE ("Odd, Name", b));
              CREATE TABLE kids (id int PRIMARY KEY, parent int NOT NULL CONSTRAINT to_parent REFERENCES parents)`),
      ),
    );
    const fails = (sql: string): Promise<Record<string, unknown>> => rejection(engine.execute(text(sql))) as never;
    await engine.begin((c) => c.execute(text(`INSERT INTO parents VALUES (1, 'x', 1)`)));
    expect(await fails(`INSERT INTO parents VALUES (2, 'x', 1)`)).toMatchObject({
      name: "IntegrityError",
      violation: "unique",
      constraint: "pair",
      table: "parents",
      schema: "public",
      columns: ["Odd, Name", "b"],
      detail: 'Key ("Odd, Name", b)=(x, 1) already exists.',
      retryable: false,
    });
    expect(await fails(`INSERT INTO parents VALUES (3, 'y', -1)`)).toMatchObject({
      violation: "check",
      constraint: "positive",
    });
    expect(await fails(`INSERT INTO kids VALUES (1, 99)`)).toMatchObject({
      violation: "foreignKey",
      constraint: "to_parent",
      table: "kids",
      columns: ["parent"],
    });
    expect(await fails(`INSERT INTO kids VALUES (1, NULL)`)).toMatchObject({
      violation: "notNull",
      table: "kids",
      column: "parent",
    });
    expect(await fails(`SELECT * FROM nowhere`)).toMatchObject({ name: "ProgrammingError", code: "42P01" });
    expect(await fails(`SELEC 1`)).toMatchObject({ name: "ProgrammingError", code: "42601" });
    expect(await fails(`SELECT 1/0`)).toMatchObject({ name: "DataError", code: "22012" });
    expect(await fails(`SELECT lower(1)`)).toMatchObject({
      name: "ProgrammingError",
      hint: expect.stringContaining("explicit type casts"),
    });
  });

  it("serialization failures and deadlocks can be tried again", async () => {
    const engine = await setUp();
    await engine.execute(insert(notes).values({ id: 1, body: "0" }));
    const a = await engine.begin({ isolationLevel: "SERIALIZABLE" });
    const b = await engine.begin({ isolationLevel: "SERIALIZABLE" });
    for (const c of [a, b]) await c.execute(select(notes));
    await a.execute(notes.update().all().values({ body: "a" }));
    await a.commit();
    expect(await rejection(b.execute(notes.update().all().values({ body: "b" })))).toMatchObject({
      name: "OperationalError",
      code: "40001",
      retryable: true,
    });
    await a.close();
    await b.close();
  });

  it("an error in a batch says which of its sets it was", async () => {
    const engine = await setUp();
    const error = await rejection(
      engine.begin((c) => c.execute(insert(notes), [{ id: 1 }, { id: 2 }, { id: 1 }, { id: 3 }])),
    );
    expect(error.message).toMatch(/in set 3 of the batch/);
    expect(await engine.execute(select(notes)).all()).toEqual([]);
  });
});

describe("batches", () => {
  it("run pipelined and tell the rows and the count of each set", async () => {
    const engine = await setUp();
    await engine.begin(async (c) => {
      const rows = await c
        .execute(insert(notes).returning(notes.c.id, notes.c.body), [{ body: "a" }, { body: "b" }, { body: "c" }])
        .all();
      expect(rows).toEqual([
        [1, "a"],
        [2, "b"],
        [3, "c"],
      ]);
      const result = await c.execute(
        notes
          .update()
          .where(notes.c.id.eq(bindparam("key", undefined, t.integer)))
          .values({ body: "z" }),
        [{ key: 1 }, { key: 9 }, { key: 3 }],
      );
      expect(result.rowcount).toBe(2);
    });
  });

  it("of an INSERT are one statement, with the keys in the order of the sets", async () => {
    const engine = await setUp();
    await engine.begin(async (c) => {
      await c.execute(
        text(
          "CREATE TYPE mood AS ENUM ('sad', 'it''s ok'); CREATE TABLE wide (id serial PRIMARY KEY, s varchar(5), n numeric, b bytea, j jsonb, m mood, u uuid, big bigint, at timestamp)",
        ),
      );
      const wide = table("wide", new MetaData(), {
        id: column(t.integer, { primaryKey: true }),
        s: column(t.string(5)),
        n: column(t.numeric),
        b: column(t.binary),
        j: column(t.jsonb),
        m: column(t.enum(["sad", "it's ok"], { name: "mood" })),
        // declared otherwise than the database has them
        u: column(t.string),
        big: column(t.integer),
        at: column(t.datetime),
      });
      const row = (i: number): Record<string, unknown> => ({
        s: i % 2 === 0 ? null : `a"${i}`,
        n: `${i}.50`,
        b: Buffer.from([i]),
        j: [i, { x: null }],
        m: i % 3 === 0 ? "it's ok" : "sad",
        u: "123e4567-e89b-12d3-a456-426614174000",
        big: 2 ** 40 + i,
        at: new Date(i * 1000),
      });
      const rows = Array.from({ length: 50 }, (_, i) => row(i));
      const returned = await c.execute(insert(wide).returning(wide.c.id, wide.c.big), rows as never).all();
      expect(returned).toEqual(rows.map((each, i) => [i + 1, each["big"]]));
      expect(await c.execute(select(wide).orderBy(wide.c.id)).mappings().all()).toEqual(
        rows.map((each, i) => ({ id: i + 1, ...each })),
      );
      const long = rows.map((each) => ({ ...each, s: "too long" }));
      expect(await rejection(c.beginNested(() => c.execute(insert(wide), long as never)))).toMatchObject({
        name: "DataError",
        code: "22001",
      });
    });
  });

  it("may be large", async () => {
    const engine = await setUp();
    const sets = Array.from({ length: 20_000 }, (_, i) => ({ body: `number ${i} ${"x".repeat(100)}` }));
    await engine.begin((c) => c.execute(insert(notes), sets));
    expect(await engine.scalar(text("SELECT count(*) FROM notes"))).toBe(20_000);
  });
});

describe("prepared statements", () => {
  const prepared = async (c: AsyncConnection): Promise<number> =>
    Number((await (await raw(c)).query("SELECT count(*) AS n FROM pg_prepared_statements")).rows[0]?.["n"]);

  it("are kept by name up to a bound", async () => {
    const engine = await setUp({ poolSize: 1, maxOverflow: 0 }, "?statement_cache_size=10");
    await engine.connect(async (c) => {
      for (let i = 0; i < 40; i++) await c.execute(text(`SELECT ${i}, :x`), { x: 1 });
      const kept = await prepared(c);
      expect(kept).toBeGreaterThan(4);
      expect(kept).toBeLessThanOrEqual(12);
    });
  });

  it("can be switched off for transaction poolers", async () => {
    const engine = await setUp({ dialectOptions: { postgresql: { preparedStatements: false } } });
    await engine.connect(async (c) => {
      await c.execute(insert(notes), [{ body: "a" }, { body: "b" }]);
      expect(await c.execute(select(notes.c.id, notes.c.body)).all()).toEqual([
        [1, "a"],
        [2, "b"],
      ]);
      expect(await c.execute(text("SELECT :x + 1"), { x: 1 }).scalar()).toBe(2);
      expect(await prepared(c)).toBe(0);
    });
  });

  it("that no longer fit are prepared again, unseen at the beginning of a transaction", async () => {
    const engine = await setUp({ poolSize: 1, maxOverflow: 0 });
    const all = text("SELECT * FROM notes");
    await engine.execute(insert(notes).values({ body: "x" }));
    const other = db.engine();
    const c = await engine.connect();
    expect(await c.execute(all).all()).toEqual([[1, "x"]]);
    await c.commit();
    await other.begin((o) => o.execute(text("ALTER TABLE notes ADD COLUMN more int DEFAULT 7")));
    expect(await c.execute(all).all()).toEqual([[1, "x", 7]]);
    await c.commit();
    await c.close();
  });

  it("that no longer fit in the middle of a transaction are an error that can be tried again", async () => {
    const engine = await setUp({ poolSize: 1, maxOverflow: 0 });
    const all = text("SELECT * FROM notes");
    const other = db.engine();
    await engine.connect((c) => c.execute(all));
    const c = await engine.connect();
    await c.execute(text("SELECT 1"));
    await other.begin((o) => o.execute(text("ALTER TABLE notes ADD COLUMN more int DEFAULT 7")));
    const error = await rejection(c.execute(all));
    expect(error).toMatchObject({
      code: "0A000",
      retryable: true,
      message: expect.stringMatching(/run the transaction again/),
    });
    await c.rollback();
    expect((await c.execute(all)).keys()).toEqual(["id", "body", "more"]);
    await c.close();
  });

  it("that the server has forgotten are prepared again", async () => {
    const engine = await setUp({ poolSize: 1, maxOverflow: 0 });
    const stmt = select(notes.c.id);
    const c = await engine.connect();
    await c.execute(stmt);
    await c.commit();
    await (await raw(c)).query("DEALLOCATE ALL");
    expect(await c.execute(stmt).all()).toEqual([]);
    await c.close();
  });
});

describe("streams", () => {
  it("read through a portal, part by part, several at a time", async () => {
    const engine = await setUp();
    await engine.connect(async (c) => {
      const numbers = text("SELECT n, 'row ' || n FROM generate_series(1, :to) n");
      const first = await c.stream(numbers, { to: 2500 });
      const second = await c.stream(numbers, { to: 3 });
      expect(await second.fetchone()).toEqual([1, "row 1"]);
      let count = 0;
      for await (const row of first) {
        count++;
        if (count === 1200) expect(await c.execute(text("SELECT 42")).scalar()).toBe(42);
        expect((row as unknown[])[0]).toBe(count);
      }
      expect(count).toBe(2500);
      expect(await second.all()).toEqual([
        [2, "row 2"],
        [3, "row 3"],
      ]);
    });
  });

  it("one that is left early is closed, and the connection goes on", async () => {
    const engine = await setUp();
    await engine.connect(async (c) => {
      for await (const _row of await c.stream(text("SELECT generate_series(1, 1000000)"))) break;
      await c.execute(text("SELECT 1"));
      const open = await (await raw(c)).query("SELECT count(*) AS n FROM pg_cursors");
      expect(Number(open.rows[0]?.["n"])).toBe(0);
    });
  });

  it("a million rows pass in flat memory", async () => {
    const engine = await setUp();
    await engine.connect(async (c) => {
      let count = 0;
      let most = 0;
      const before = process.memoryUsage().rss;
      for await (const _row of await c.stream(
        text("SELECT n, md5(n::text) FROM generate_series(1, 1000000) n"),
        undefined,
        { yieldPer: 5000 },
      )) {
        if (++count % 100_000 === 0) most = Math.max(most, process.memoryUsage().rss - before);
      }
      expect(count).toBe(1_000_000);
      expect(most).toBeLessThan(200 * 2 ** 20);
    });
  }, 60_000);

  it("in AUTOCOMMIT they are read at once, as no portal outlives its statement", async () => {
    const engine = await setUp();
    await engine.connect(async (c) => {
      await c.executionOptions({ isolationLevel: "AUTOCOMMIT" });
      const result = await c.stream(text("SELECT generate_series(1, 5)"));
      expect(await result.scalars().all()).toEqual([1, 2, 3, 4, 5]);
    });
  });
});

describe("COPY", () => {
  it("through a statement is an error that leads to copyFrom() and copyTo(), and the connection goes on", async () => {
    const engine = await setUp({ poolSize: 1, maxOverflow: 0 });
    expect((await rejection(engine.execute(text("COPY notes FROM STDIN")))).message).toMatch(
      /write it with copyFrom\(\)/,
    );
    expect(await rejection(engine.execute(text("COPY notes TO STDOUT")))).toMatchObject({ name: "NotSupportedError" });
    expect(await engine.scalar(text("SELECT 1"))).toBe(1);
  });
});

describe("two-phase commit", () => {
  it("prepares a transaction and commits it by its name", async () => {
    const engine = await setUp();
    const allowed = Number(await engine.scalar(text("SELECT current_setting('max_prepared_transactions')")));
    const c = await engine.connect();
    await c.execute(insert(notes).values({ body: "x" }));
    const driver = await c.getRawConnection();
    const { runAsync } = await import("../../../src/engine/io.js");
    const prepare = runAsync(engine.dialect.prepareTwophase?.(driver, "athanor-test") as never);
    if (allowed === 0) {
      expect(await rejection(prepare)).toMatchObject({ code: "55000" });
      await c.invalidate();
    } else {
      await prepare;
      await c.commit();
      expect(await engine.execute(select(notes)).all()).toHaveLength(1);
    }
    await c.close();
  });
});
