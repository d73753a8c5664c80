import { spawnSync } from "node:child_process";
import { describe, expect, test } from "vitest";
import { createAsyncEngine } from "../../../src/engine/async-engine.js";
import { IntegrityError, OperationalError } from "../../../src/engine/errors.js";
import { update } from "../../../src/sql/dml/update.js";
import { text } from "../../../src/sql/elements/text.js";
import { select } from "../../../src/sql/selectable/select.js";
import { collecting, fileEngine, memoryEngine, metadata, users } from "../../engine/support.js";

const names = select(users.c.name).orderBy(users.c.name);

type Options = Parameters<typeof memoryEngine>[0];

async function filled(engine: ReturnType<typeof memoryEngine>) {
  await metadata.createAll(engine);
  await engine.execute(users.insert(), [
    { name: "a", age: 0 },
    { name: "b", age: 0 },
  ]);
  return engine;
}

describe.each([
  ["in memory", memoryEngine],
  ["in a file", fileEngine],
  ["in memory, in a thread", (options?: Options) => memoryEngine(options, "sqlite+worker")],
  // A thread takes long to start from TypeScript.
  [
    "in a file, in threads",
    (options?: Options) => fileEngine({ poolSize: 3, maxOverflow: 0, ...options }, "", "sqlite+worker"),
  ],
])("a database %s", (_name, make) => {
  test("serves several connections at once, each with its own transaction", async () => {
    const engine = await filled(make());
    await using one = await engine.connect();
    await using other = await engine.connect();
    await one.execute(users.insert(), { name: "c" });
    expect(await other.scalars(select(users.c.id).where(users.c.name.eq("a"))).all()).toEqual([1]);
    await one.rollback();
    expect(await other.scalars(names).all()).toEqual(["a", "b"]);
  });

  test("makes a second writer wait for the first one's commit, without blocking the event loop", async () => {
    const engine = await filled(make());
    await using one = await engine.connect();
    await using other = await engine.connect();
    const log: string[] = [];
    await one.execute(users.insert(), { name: "c" });
    const waiting = other.execute(users.insert(), { name: "d" }).then(() => log.push("other wrote"));
    await new Promise((resolve) => setTimeout(resolve, 20));
    log.push("one commits");
    await one.commit();
    await waiting;
    await other.commit();
    expect(log).toEqual(["one commits", "other wrote"]);
    expect(await engine.execute(names).scalars().all()).toEqual(["a", "b", "c", "d"]);
  });

  test("says after busyTimeout which wait was in vain", async () => {
    const engine = await filled(make({ dialectOptions: { sqlite: { busyTimeout: 30 } } }));
    await using one = await engine.connect();
    await using other = await engine.connect();
    await one.execute(users.insert(), { name: "c" });
    const error = (await other.execute(users.insert(), { name: "d" }).catch((e: unknown) => e)) as OperationalError;
    expect(error).toBeInstanceOf(OperationalError);
    expect(error.message).toMatch(
      /^database is locked: another connection of this process has written to .* and has not committed/,
    );
    expect(error).toMatchObject({
      code: "SQLITE_BUSY",
      retryable: true,
      statement: "INSERT INTO users (name) VALUES (?)",
    });
    expect(() => other.syncConnection.execute(users.insert(), { name: "d" })).toThrow(
      "a synchronous call cannot wait for it",
    );
  });

  test("keeps the sum of 300 overlapping transfers", { timeout: 30_000 }, async () => {
    const engine = await filled(make({ poolSize: 5, maxOverflow: 5 }));
    const transfer = async (i: number) => {
      await engine.begin(async (conn) => {
        const [from, to] = i % 2 ? [1, 2] : [2, 1];
        await conn.execute(
          update(users)
            .values({ age: users.c.age.sub(i) })
            .where(users.c.id.eq(from as number)),
        );
        if (i % 7 === 0) await new Promise((resolve) => setTimeout(resolve, 0));
        await conn.execute(
          update(users)
            .values({ age: users.c.age.add(i) })
            .where(users.c.id.eq(to as number)),
        );
        if (i % 11 === 0) throw new Error("undo");
      });
    };
    await Promise.allSettled(Array.from({ length: 300 }, (_, i) => transfer(i + 1)));
    let expected = 0;
    for (let i = 1; i <= 300; i++) if (i % 11 !== 0) expected += i % 2 ? -i : i;
    expect(await engine.execute(select(users.c.age).orderBy(users.c.id)).scalars().all()).toEqual([
      expected,
      -expected,
    ]);
    expect(engine.status()).toMatchObject({ checkedOut: 0, waiting: 0 });
  });

  test("does not lose updates that were read for update", async () => {
    const engine = await filled(make());
    const increment = () =>
      engine.begin(async (conn) => {
        const age = (await conn.scalar(select(users.c.age).where(users.c.id.eq(1)).withForUpdate())) as number;
        await new Promise((resolve) => setTimeout(resolve, 0));
        await conn.execute(
          update(users)
            .values({ age: age + 1 })
            .where(users.c.id.eq(1)),
        );
      });
    await Promise.all(Array.from({ length: 30 }, increment));
    expect(await engine.scalar(select(users.c.age).where(users.c.id.eq(1)))).toBe(30);
  });

  test("does not lose updates under SERIALIZABLE with retries", async () => {
    const engine = await filled(make());
    let tries = 0;
    const increment = () =>
      engine.transaction(
        async (conn) => {
          tries++;
          const age = (await conn.scalar(select(users.c.age).where(users.c.id.eq(1)))) as number;
          await new Promise((resolve) => setTimeout(resolve, 0));
          await conn.execute(
            update(users)
              .values({ age: age + 1 })
              .where(users.c.id.eq(1)),
          );
        },
        { isolationLevel: "SERIALIZABLE", retries: 50, backoff: 1 },
      );
    await Promise.all(Array.from({ length: 12 }, increment));
    expect(await engine.scalar(select(users.c.age).where(users.c.id.eq(1)))).toBe(12);
    expect(tries).toBeGreaterThanOrEqual(12);
  });

  test("refuses to write in a transaction that only reads", async () => {
    const engine = await filled(make());
    await using conn = await engine.connect();
    await conn.begin({ readOnly: true });
    expect(await conn.scalars(names).all()).toEqual(["a", "b"]);
    await expect(conn.execute(users.insert(), { name: "c" })).rejects.toThrow(
      "attempt to write in a transaction that was begun with readOnly",
    );
    await conn.rollback();
    await conn.execute(users.insert(), { name: "c" });
    await conn.commit();
  });

  test("undoes a commit that deferred foreign keys refuse, and the connection goes on", async () => {
    const engine = await filled(make());
    await engine.execute(text("create table c (u integer references users (id) deferrable initially deferred)"));
    await using conn = await engine.connect();
    await conn.execute(text("insert into c values (99)"));
    await expect(conn.commit()).rejects.toThrow(IntegrityError);
    expect(conn.inTransaction()).toBe(false);
    await conn.execute(text("insert into c values (1)"));
    await conn.commit();
    expect(await engine.execute(text("select u from c")).scalars().all()).toEqual([1]);
  });
});

describe("BEGIN", () => {
  test("is sent before the first write, as IMMEDIATE, and never for reads alone", async () => {
    const engine = await filled(fileEngine());
    await using conn = await engine.connect();
    const raw = (await conn.getRawConnection()).raw as { inTransaction: boolean };
    await conn.scalars(names);
    expect(raw.inTransaction).toBe(false);
    await conn.execute(users.insert(), { name: "c" });
    expect(raw.inTransaction).toBe(true);
    await conn.rollback();
    expect(raw.inTransaction).toBe(false);
    await conn.beginNested();
    expect(raw.inTransaction).toBe(true);
  });

  test("is sent before the first read under SERIALIZABLE, which sees one state", async () => {
    const engine = await filled(fileEngine());
    await using conn = await engine.executionOptions({ isolationLevel: "SERIALIZABLE" }).connect();
    expect(await conn.scalars(names).all()).toEqual(["a", "b"]);
    await engine.execute(users.insert(), { name: "c" });
    expect(await conn.scalars(names).all()).toEqual(["a", "b"]);
    await expect(conn.execute(users.insert(), { name: "d" })).rejects.toMatchObject({ retryable: true });
    await conn.rollback();
    expect(await conn.scalars(names).all()).toEqual(["a", "b", "c"]);
  });

  test("is sent at once with begin=immediate", async () => {
    const engine = fileEngine({}, "?begin=immediate");
    await using conn = await engine.connect();
    await conn.begin();
    expect(((await conn.getRawConnection()).raw as { inTransaction: boolean }).inTransaction).toBe(true);
  });
});

describe("a file", () => {
  test("is opened in WAL mode, with foreign keys and a busy timeout", async () => {
    const engine = fileEngine();
    expect(await engine.scalar(text("pragma journal_mode"))).toBe("wal");
    expect(await engine.scalar(text("pragma foreign_keys"))).toBe(1);
    expect(await engine.scalar(text("pragma busy_timeout"))).toBe(5000);
    const other = fileEngine({}, "?journal_mode=delete&foreign_keys=off&busy_timeout=10");
    expect(await other.scalar(text("pragma journal_mode"))).toBe("delete");
    expect(await other.scalar(text("pragma foreign_keys"))).toBe(0);
    expect(await other.scalar(text("pragma busy_timeout"))).toBe(10);
  });

  test("that does not exist is refused with mode=ro and mode=rw, and one of another kind always", async () => {
    const log = collecting();
    for (const mode of ["ro", "rw"]) {
      const engine = createAsyncEngine(`sqlite:////nowhere/at-all.db?mode=${mode}`, { echo: log.echo });
      await expect(engine.connect()).rejects.toThrow(OperationalError);
    }
    const noFolder = createAsyncEngine("sqlite:////nowhere/at-all.db");
    await expect(noFolder.connect()).rejects.toThrow(
      "Cannot open database because the directory does not exist (while connecting to sqlite:////nowhere/at-all.db)",
    );
    const noDatabase = createAsyncEngine(`sqlite:///${process.execPath}`);
    await expect(noDatabase.connect()).rejects.toMatchObject({ code: "SQLITE_NOTADB" });
  });

  test("is shared with other processes, for which SQLite waits", async () => {
    const engine = await filled(fileEngine());
    const path = engine.url.database as string;
    const script = `const D=require("better-sqlite3");const d=new D(${JSON.stringify(path)});d.exec("insert into users(name) values('z')")`;
    const child = spawnSync(process.execPath, ["-e", script], { cwd: process.cwd() });
    expect(String(child.stderr)).toBe("");
    expect(await engine.execute(names).scalars().all()).toEqual(["a", "b", "z"]);
  });
});

describe("an SQLite URL", () => {
  test("with a host, or with options that there are not, is refused", () => {
    expect(() => createAsyncEngine("sqlite://app.db")).toThrow(
      '"sqlite://app.db" is no SQLite URL: after sqlite:// comes a third slash',
    );
    expect(() => createAsyncEngine("sqlite:///a.db?foo=1")).toThrow('SQLite knows no URL option "foo"');
    expect(() => createAsyncEngine("sqlite:///a.db?foreign_keys=perhaps")).toThrow('is true or false, not "perhaps"');
    expect(() => createAsyncEngine("sqlite:///a.db?mode=x")).toThrow('ro, rw, rwc or memory, not "x"');
    expect(() => createAsyncEngine("sqlite+pysqlite://")).toThrow('The dialect "sqlite" has no driver "pysqlite"');
    expect(() => createAsyncEngine("oracle://h")).toThrow('There is no dialect for "oracle"');
  });
});
