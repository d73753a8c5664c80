import { join } from "node:path";
import { describe, expect, onTestFinished, test } from "vitest";
import {
  type AsyncConnection,
  type AsyncEngine,
  asyncSessionmaker,
  Column,
  column,
  createAsyncEngine,
  event,
  inspect,
  MetaData,
  PrimaryKey,
  registry,
  select,
  t,
  table,
  text,
} from "../../../src/index.js";
import { testFolder } from "../../support/test-folder.js";

type Options = NonNullable<Parameters<typeof createAsyncEngine>[1]>;

/** What is used of better-sqlite3 here. */
interface Raw {
  function(name: string, fn: (value: number) => number): void;
  exec(text: string): void;
}

/** What a `connect` handler gets. */
interface Opened {
  readonly raw: Raw;
  runInThread?(fn: (database: Raw, path: string) => void, args: readonly unknown[]): Promise<void>;
}

function engineOn(url: string, options?: Options): AsyncEngine {
  const engine = createAsyncEngine(url, options);
  onTestFinished(() => engine.dispose({ force: true }));
  return engine;
}

const fileUrl = (scheme: string): string => `${scheme}:///${join(testFolder(), "app.db")}`;

/** Calls a function on so many connections at once, each of which has a database object of its own. */
async function onEach(engine: AsyncEngine, count: number, fn: (conn: AsyncConnection) => Promise<void>): Promise<void> {
  const open = await Promise.all(Array.from({ length: count }, () => engine.connect()));
  try {
    await Promise.all(open.map(fn));
  } finally {
    await Promise.all(open.map((conn) => conn.close()));
  }
}

describe.each(["sqlite", "sqlite+worker"])("%s", (scheme) => {
  test("[LI-01] foreign keys are enforced on every connection, unless the option says otherwise", async () => {
    const url = fileUrl(scheme);
    const engine = engineOn(url);
    await engine.execute(text("create table p (id integer primary key)"));
    await engine.execute(text("create table c (p references p)"));
    await onEach(engine, 2, async (conn) => {
      await expect(conn.execute(text("insert into c values (1)"))).rejects.toMatchObject({ violation: "foreignKey" });
      await conn.rollback();
    });
    const lax = engineOn(`${url}?foreign_keys=off`);
    await lax.execute(text("insert into c values (1)"));
    expect(await lax.scalar(text("select count(*) from c"))).toBe(1);
  });

  test("[LI-02] DDL and savepoints roll back, and nothing is committed in passing", async () => {
    const engine = engineOn(fileUrl(scheme));
    await engine.execute(text("create table kept (n integer)"));
    const conn = await engine.connect();
    await conn.execute(text("insert into kept values (1)"));
    const savepoint = await conn.beginNested();
    await conn.execute(text("create table gone (n integer)"));
    await conn.execute(text("alter table kept add column more integer"));
    await savepoint.rollback();
    await conn.execute(text("create table gone_too (n integer)"));
    await conn.rollback();
    await conn.close();
    expect(await engine.tableNames()).toEqual(["kept"]);
    expect((await inspect(engine).getColumns("kept")).map((each) => each.name)).toEqual(["n"]);
    expect(await engine.scalar(text("select count(*) from kept"))).toBe(0);
  });

  test("[LI-02] a transaction that the database has undone by itself takes no more work, which would be kept alone", async () => {
    const engine = engineOn(fileUrl(scheme), { poolSize: 1, maxOverflow: 0 });
    await engine.execute(text("create table p (id integer primary key)"));
    await engine.execute(
      text("create trigger t before insert on p when new.id < 0 begin select raise(rollback, 'all of it'); end"),
    );
    const insert = text("insert into p values (:id)");
    const undone = /rolled this transaction back by itself.*call rollback\(\)/;
    await engine.connect(async (conn) => {
      await conn.execute(insert, { id: 1 });
      await expect(conn.beginNested(() => conn.execute(insert, { id: -1 }))).rejects.toThrow("all of it");
      await expect(conn.execute(insert, { id: 2 })).rejects.toThrow(undone);
      await expect(conn.execute(insert, [{ id: 3 }, { id: 4 }])).rejects.toThrow(undone);
      await expect(conn.execute(text("select 1"))).rejects.toThrow(undone);
      await expect(conn.beginNested()).rejects.toThrow(undone);
      await expect(conn.commit()).rejects.toThrow(
        "cannot commit: the database has rolled the transaction back by itself",
      );
      await conn.execute(insert, { id: 5 });
      await conn.commit();
    });
    expect(await engine.execute(text("select id from p")).all()).toEqual([[5]]);
  });

  test("[LI-08] all sessions and connections of an engine see one database in memory; two engines have two", async () => {
    const { Entity, metadata } = registry();
    @Entity("notes")
    class Note {
      @PrimaryKey(t.integer) id!: number;
      @Column(t.string(20)) body!: string;
    }
    const engine = engineOn(`${scheme}://`);
    await metadata.createAll(engine);
    const Session = asyncSessionmaker(engine);
    await Session.begin((session) => session.add(Object.assign(new Note(), { body: "seen" })));
    await using one = Session();
    await using two = Session();
    expect((await one.scalars(select(Note)).one()).body).toBe("seen");
    expect((await two.scalars(select(Note)).one()).body).toBe("seen");
    await onEach(engine, 3, async (conn) => {
      expect(await conn.scalar(text("select count(*) from notes"))).toBe(1);
    });
    expect(await engineOn(`${scheme}://`).tableNames()).toEqual([]);
    expect(await engineOn(`${scheme}:///shared?mode=memory`).tableNames()).toEqual([]);
  });

  test("[LI-09] a function of one's own is there on every pooled connection, given by onOpen", async () => {
    const engine = engineOn(fileUrl(scheme), {
      dialectOptions: { sqlite: { onOpen: (db: Raw) => db.function("twice", (value) => value * 2) } },
    });
    await onEach(engine, 3, async (conn) => {
      expect(await conn.scalar(text("select twice(21)"))).toBe(42);
    });
    expect(await engine.scalar(text("select 'abc' regexp '^a.c$'"))).toBe(1);
  });

  test("[LI-09] or by a connect handler, which reaches the database where it is", async () => {
    const engine = engineOn(fileUrl(scheme));
    event.listen(engine, "connect", async (driver: unknown) => {
      const opened = driver as Opened;
      const define = (db: Raw) => db.function("thrice", (value) => value * 3);
      await (opened.runInThread?.(define, []) ?? define(opened.raw));
    });
    await onEach(engine, 3, async (conn) => {
      expect(await conn.scalar(text("select thrice(14)"))).toBe(42);
    });
  });

  test("[LI-10] a database attached on connect is a schema: tables are made, joined and described in it", async () => {
    const path = join(testFolder(), "other.db");
    const engine = engineOn(fileUrl(scheme));
    event.listen(engine, "connect", async (driver: unknown) => {
      const opened = driver as Opened;
      const attach = (db: Raw, file: string) => db.exec(`attach '${file}' as other`);
      await (opened.runInThread?.(attach, [path]) ?? attach(opened.raw, path));
    });
    const metadata = new MetaData();
    const people = table("people", metadata, {
      id: column(t.integer, { primaryKey: true }),
      name: column(t.string(20)),
    });
    const cards = table(
      "cards",
      metadata,
      { id: column(t.integer, { primaryKey: true }), person: column(t.integer), code: column(t.string(9)) },
      { schema: "other" },
    );
    await metadata.createAll(engine);
    await engine.execute(people.insert(), { id: 1, name: "Ann" });
    await engine.execute(cards.insert(), { person: 1, code: "A-1" });
    const joined = select(people.c.name, cards.c.code).join(cards, people.c.id.eq(cards.c.person));
    await onEach(engine, 2, async (conn) => {
      expect(await conn.execute(joined).all()).toEqual([["Ann", "A-1"]]);
    });
    expect(await inspect(engine).getTableNames({ schema: "other" })).toEqual(["cards"]);
    expect(await engine.hasTable("cards")).toBe(false);
    await metadata.dropAll(engine);
    expect(await inspect(engine).getTableNames({ schema: "other" })).toEqual([]);
  });
});
