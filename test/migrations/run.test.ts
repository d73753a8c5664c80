import { existsSync } from "node:fs";
import { describe, expect, test } from "vitest";
import {
  type AsyncEngine,
  Column,
  column,
  foreignKey,
  inspect,
  PrimaryKey,
  registry,
  select,
  t,
  text,
} from "../../src/index.js";
import {
  currentRevisions,
  downgrade,
  isAtHead,
  MigrationError,
  migrate,
  type Operations,
  pending,
  type RevisionModule,
  stamp,
  withOperations,
} from "../../src/migrations/index.js";
import { freshDatabase } from "../support/database.js";

const countries: RevisionModule = {
  revision: "a1",
  downRevision: null,
  message: "countries",
  async upgrade(op: Operations) {
    const made = await op.createTable("countries", {
      id: column(t.integer, { primaryKey: true }),
      name: column(t.string(50), { nullable: false, unique: "uq_countries_name" }),
    });
    op.bulkInsert(made, [
      { id: 1, name: "Denmark" },
      { id: 2, name: "Chad" },
    ]);
  },
  downgrade(op) {
    op.dropTable("countries");
  },
};

const cities: RevisionModule = {
  revision: "b2",
  downRevision: "a1",
  message: "cities",
  upgrade(op) {
    op.createTable("cities", {
      id: column(t.integer, { primaryKey: true }),
      name: column(t.string(50)),
      country_id: column(t.integer, { foreignKey: foreignKey("countries.id", { name: "fk_cities_country" }) }),
    });
    op.createIndex("ix_cities_name", "cities", ["name"]);
    op.addColumn("countries", "population", column(t.integer, { nullable: false, serverDefault: "0" }));
  },
  downgrade(op) {
    op.dropColumn("countries", "population");
    op.dropTable("cities");
  },
};

const renamed: RevisionModule = {
  revision: "c3",
  downRevision: "b2",
  message: "towns",
  upgrade(op) {
    op.renameTable("cities", "towns");
    op.alterColumn("towns", "name", { name: "title" });
  },
  downgrade(op) {
    op.alterColumn("towns", "title", { name: "name" });
    op.renameTable("towns", "cities");
  },
};

const revisions = [countries, cities, renamed];
const ids = (list: readonly { readonly id: string }[]) => list.map((each) => each.id);
const tables = async (engine: AsyncEngine) => (await engine.tableNames()).filter((name) => name !== "athanor_version");

describe("migrate()", () => {
  test("[AT-06] brings an empty database to head, and a second call finds nothing to do", async () => {
    const { engine } = await freshDatabase({ file: true });
    expect(await isAtHead(engine, { revisions })).toBe(false);
    expect(ids(await pending(engine, { revisions }))).toEqual(["a1", "b2", "c3"]);
    expect(ids(await migrate(engine, { revisions }))).toEqual(["a1", "b2", "c3"]);
    expect(await migrate(engine, { revisions })).toEqual([]);
    expect(await isAtHead(engine, { revisions })).toBe(true);
    expect(await tables(engine)).toEqual(["countries", "towns"]);
    expect(await engine.execute(text("select name, population from countries order by id")).all()).toEqual([
      ["Denmark", 0],
      ["Chad", 0],
    ]);
    expect((await inspect(engine).getIndexes("towns")).map((each) => each.name)).toEqual(["ix_cities_name"]);
    expect((await inspect(engine).getForeignKeys("towns")).map((each) => each.referredTable)).toEqual(["countries"]);
  });

  test("[AT-03] goes up and down by steps, and knows where it is", async () => {
    const { engine } = await freshDatabase({ file: true });
    await migrate(engine, { revisions, to: "+1" });
    expect(ids(await currentRevisions(engine, { revisions }))).toEqual(["a1"]);
    await migrate(engine, { revisions, to: "head" });
    expect(ids(await downgrade(engine, { revisions, to: "-1" }))).toEqual(["c3"]);
    expect(await tables(engine)).toEqual(["cities", "countries"]);
    expect(ids(await downgrade(engine, { revisions, to: "base" }))).toEqual(["b2", "a1"]);
    expect(await tables(engine)).toEqual([]);
    expect(ids(await migrate(engine, { revisions }))).toEqual(["a1", "b2", "c3"]);
  });

  test("[AP-04] a migration that fails leaves nothing of itself, and says what failed and what was done before", async () => {
    const { engine } = await freshDatabase({ file: true });
    const broken: RevisionModule = {
      ...renamed,
      upgrade(op) {
        op.addColumn("cities", "extra", column(t.integer));
        op.execute("insert into nowhere values (1)");
        op.addColumn("cities", "never", column(t.integer));
      },
    };
    const failed = migrate(engine, { revisions: [countries, cities, broken] });
    await expect(failed).rejects.toThrow(MigrationError);
    await expect(failed).rejects.toThrow(
      /^The upgrade of revision c3 \(towns\) failed at step 2 \(insert into nowhere values \(1\)\): .*nowhere[\s\S]* Nothing of it was kept\. Done in this run before it: a1, b2\.$/,
    );
    expect(ids(await currentRevisions(engine, { revisions }))).toEqual(["b2"]);
    expect((await inspect(engine).getColumns("cities")).map((each) => each.name)).toEqual(["id", "name", "country_id"]);
    expect(engine.status().checkedOut).toBe(0);
  });

  test("a failure of operations that nobody awaits is the failure of the migration, and of nothing else", async () => {
    const { engine } = await freshDatabase({ file: true });
    const bad = [
      (op: Operations) => op.createTable("countries", { id: column(t.integer, { primaryKey: true }) }),
      (op: Operations) => op.batchAlterTable("nowhere", (batch) => batch.alterColumn("x", { nullable: false })),
      (op: Operations) => op.batchAlterTable("countries", (batch) => batch.alterColumn("x", {})),
    ];
    for (const each of bad) {
      const revision: RevisionModule = { ...cities, upgrade: (op) => void each(op) };
      await expect(migrate(engine, { revisions: [countries, revision] })).rejects.toThrow("The upgrade of revision b2");
    }
  });

  test("[AP-04] with one transaction for all, a failure takes back those before it too", async () => {
    const { engine } = await freshDatabase({ file: true });
    const broken: RevisionModule = { ...renamed, upgrade: (op) => op.execute("insert into nowhere values (1)") };
    await expect(migrate(engine, { revisions: [countries, cities, broken], transaction: "all" })).rejects.toThrow(
      /Nothing of it was kept\. The transaction is rolled back, with a1, b2 before it\.$/,
    );
    expect(await tables(engine)).toEqual([]);
    expect(ids(await migrate(engine, { revisions, transaction: "all" }))).toEqual(["a1", "b2", "c3"]);
  });

  test("[AT-06] is part of the transaction that is open on the caller's connection", async () => {
    const { engine } = await freshDatabase({ file: true });
    await using conn = await engine.connect();
    await conn.begin();
    await migrate(conn, { revisions });
    expect(conn.inTransaction()).toBe(true);
    await conn.rollback();
    expect(await tables(engine)).toEqual([]);
  });

  test("[AT-05] a database that was made by createAll is adopted by a stamp", async () => {
    const { engine } = await freshDatabase({ file: true });
    await stamp(engine, { revisions, to: "b2" });
    expect(ids(await currentRevisions(engine, { revisions }))).toEqual(["b2"]);
    await stamp(engine, { revisions, to: "base" });
    expect(ids(await currentRevisions(engine, { revisions }))).toEqual([]);
    await stamp(engine, { revisions });
    expect(await isAtHead(engine, { revisions })).toBe(true);
  });

  test("[AT-07] several applications keep their histories apart in one database", async () => {
    const { engine } = await freshDatabase({ file: true });
    const other: RevisionModule = {
      revision: "z9",
      downRevision: null,
      upgrade: (op) => op.createTable("orders", { id: column(t.integer, { primaryKey: true }) }),
    };
    await migrate(engine, { revisions: [countries] });
    await migrate(engine, { revisions: [other], versionTable: "shop_version" });
    expect(ids(await currentRevisions(engine, { revisions: [countries] }))).toEqual(["a1"]);
    expect(ids(await currentRevisions(engine, { revisions: [other], versionTable: "shop_version" }))).toEqual(["z9"]);
  });

  test("[AT-08] switches reach the migration", async () => {
    const { engine } = await freshDatabase({ file: true });
    const seen: unknown[] = [];
    const reads: RevisionModule = { revision: "a", downRevision: null, upgrade: (op) => void seen.push(op.x) };
    await migrate(engine, { revisions: [reads], x: { tenant: "north" } });
    expect(seen).toEqual([{ tenant: "north" }]);
  });

  test("[AR-05] a data migration has a session on classes of its own, in the migration's transaction", async () => {
    const { engine } = await freshDatabase({ file: true });
    const frozen = registry();
    @frozen.Entity("countries")
    class Country {
      @PrimaryKey() id!: number;
      @Column(t.string(50)) name!: string;
    }
    const shout: RevisionModule = {
      revision: "b2",
      downRevision: "a1",
      async upgrade(op) {
        await op.runAsync(async (session) => {
          for (const each of await session.scalars(select(Country)).all()) each.name = each.name.toUpperCase();
        });
        await op.runSync((session) => {
          for (const each of session.scalars(select(Country)).all()) each.name = `${each.name}!`;
        });
      },
    };
    await migrate(engine, { revisions: [countries, shout] });
    expect(await engine.execute(text("select name from countries order by id")).scalars().all()).toEqual([
      "DENMARK!",
      "CHAD!",
    ]);
  });

  test("rows that a migration leaves pointing nowhere are refused before its commit", async () => {
    const { engine, kind } = await freshDatabase({ file: true });
    const careless: RevisionModule = {
      ...renamed,
      async upgrade(op) {
        await op.execute("insert into cities (id, name, country_id) values (1, 'Atlantis', 99)");
      },
    };
    const run = migrate(engine, { revisions: [countries, cities, careless] });
    await expect(run).rejects.toThrow(
      kind === "sqlite"
        ? /1 row refers to rows that are not there; the first is row 1 of cities, which refers to countries\./
        : /fk_cities_country/,
    );
    expect(await engine.scalar(text("select count(*) from cities"))).toBe(0);
  });

  test("a downgrade of a revision that has none is refused before anything is undone", async () => {
    const { engine } = await freshDatabase({ file: true });
    const { downgrade: _none, ...oneWay } = countries;
    await migrate(engine, { revisions: [oneWay, cities] });
    await expect(downgrade(engine, { revisions: [oneWay, cities], to: "base" })).rejects.toThrow(
      "Revision a1 (countries) has no downgrade: it cannot be undone. Restore a backup, or write the way back as a new revision.",
    );
    expect(ids(await currentRevisions(engine, { revisions: [oneWay, cities] }))).toEqual(["b2"]);
  });

  test("a database that is ahead of the files is left alone", async () => {
    const { engine } = await freshDatabase({ file: true });
    await migrate(engine, { revisions });
    await expect(migrate(engine, { revisions: [countries, cities] })).rejects.toThrow(
      /^The database has revision c3, which no file describes: it is ahead of these migrations\. Deploy the files/,
    );
  });

  test("a squash stands for what it has replaced", async () => {
    const { engine } = await freshDatabase({ file: true });
    await migrate(engine, { revisions });
    const squashed: RevisionModule = {
      revision: "s1",
      downRevision: null,
      replaces: ["a1", "b2", "c3"],
      upgrade: (op) => op.createTable("never", { id: column(t.integer, { primaryKey: true }) }),
    };
    const next: RevisionModule = {
      revision: "s2",
      downRevision: "s1",
      upgrade: (op) => op.addColumn("towns", "area", column(t.integer)),
    };
    expect(ids(await migrate(engine, { revisions: [squashed, next] }))).toEqual(["s2"]);
    expect(await tables(engine)).toEqual(["countries", "towns"]);
    const fresh = (await freshDatabase({ file: true })).engine;
    expect(ids(await migrate(fresh, { revisions: [squashed] }))).toEqual(["s1"]);
  });

  test("a squash is undone on a database that has the revisions which it has replaced", async () => {
    const { engine } = await freshDatabase({ file: true });
    await migrate(engine, { revisions });
    const squashed: RevisionModule = {
      revision: "s1",
      downRevision: null,
      replaces: ["a1", "b2", "c3"],
      upgrade: (op) => op.createTable("towns", { id: column(t.integer, { primaryKey: true }) }),
      downgrade(op) {
        op.dropTable("towns");
        op.dropTable("countries");
      },
    };
    expect(ids(await downgrade(engine, { revisions: [squashed], to: "base" }))).toEqual(["s1"]);
    expect(await tables(engine)).toEqual([]);
    expect(ids(await migrate(engine, { revisions: [squashed] }))).toEqual(["s1"]);
    expect(await tables(engine)).toEqual(["towns"]);
  });

  test("[AR-07] operations run outside of a revision too", async () => {
    const { engine } = await freshDatabase({ file: true });
    await engine.begin((conn) =>
      withOperations(conn, (op) => {
        op.createTable("notes", { id: column(t.integer, { primaryKey: true }) });
        op.addColumn("notes", "body", column(t.text));
      }),
    );
    expect((await inspect(engine).getColumns("notes")).map((each) => each.name)).toEqual(["id", "body"]);
  });

  test("[AP-06] started twenty times at once, each migration runs once and all succeed", async () => {
    const database = await freshDatabase({ file: true });
    let ran = 0;
    const counted = revisions.map((each) => ({
      ...each,
      upgrade(op: Operations) {
        ran++;
        return each.upgrade(op);
      },
    }));
    const engines = Array.from({ length: 20 }, () => database.createEngine({ poolSize: 1 }));
    const all = await Promise.all(engines.map((engine) => migrate(engine, { revisions: counted })));
    expect(ran).toBe(3);
    expect(all.flat().length).toBe(3);
    expect(await isAtHead(database.engine, { revisions })).toBe(true);
    const { database: file } = database.engine.url;
    if (database.kind === "sqlite") expect(existsSync(`${file}-migrating`)).toBe(false);
  });
});

describe("two runs at once", () => {
  test("[AP-06] a revision that commits in its middle runs once, and the second run waits until it has ended", async () => {
    const database = await freshDatabase({ file: true });
    let ran = 0;
    const middle: RevisionModule = {
      revision: "b2",
      downRevision: "a1",
      async upgrade(op) {
        ran++;
        op.addColumn("countries", "code", column(t.string(2)));
        await op.autocommitBlock(async () => {
          await op.context.ask(() => new Promise((resolve) => setTimeout(resolve, 200)));
          // It waits for all transactions of others: those who wait for their turn are in none.
          op.createIndex("ix_countries_code", "countries", ["code"], { concurrently: true });
          op.execute("update countries set code = coalesce(code, '') || 'x'");
        });
      },
    };
    const waited: string[] = [];
    const given = { revisions: [countries, middle] };
    const run = (name: string) =>
      migrate(database.createEngine({ poolSize: 1 }), { ...given, onWait: () => waited.push(name) });
    const all = await Promise.all([run("first"), run("second"), run("third")]);
    expect(ran).toBe(1);
    expect(all.map(ids).filter((each) => each.length > 0)).toEqual([["a1", "b2"]]);
    expect(waited.length).toBe(2);
    expect(await database.engine.execute(text("select distinct code from countries")).all()).toEqual([["x"]]);
  });

  test("[AP-06] waiting for another run ends after waitTimeout, and says so", async () => {
    const database = await freshDatabase({ file: true });
    let release = (): void => {};
    const held = new Promise<void>((resolve) => {
      release = resolve;
    });
    let begun = (): void => {};
    const inside = new Promise<void>((resolve) => {
      begun = resolve;
    });
    const slow: RevisionModule = {
      revision: "a1",
      downRevision: null,
      async upgrade(op) {
        op.execute("create table slow (id integer)");
        await op.autocommitBlock(() => {
          begun();
          return held;
        });
      },
    };
    const given = { revisions: [slow] };
    const first = migrate(database.createEngine({ poolSize: 1 }), given);
    await inside;
    await expect(migrate(database.createEngine({ poolSize: 1 }), { ...given, waitTimeout: 150 })).rejects.toThrow(
      "Another migration of this database has been running for 150 ms. Wait until it has ended, or give a longer waitTimeout.",
    );
    release();
    expect(ids(await first)).toEqual(["a1"]);
    expect(await isAtHead(database.engine, given)).toBe(true);
  });

  test("[AP-06] [AT-06] runs inside of transactions of their callers take turns too", async () => {
    const database = await freshDatabase({ file: true });
    const engines = Array.from({ length: 4 }, () => database.createEngine({ poolSize: 1 }));
    const all = await Promise.all(engines.map((engine) => engine.begin((conn) => migrate(conn, { revisions }))));
    expect(all.map((each) => each.length).sort()).toEqual([0, 0, 0, 3]);
  });
});

describe("outside of a transaction", () => {
  const interrupted = (fail: { now: boolean }): RevisionModule => ({
    revision: "b2",
    downRevision: "a1",
    message: "index",
    upgrade(op) {
      op.addColumn("countries", "code", column(t.string(2)));
      op.autocommitBlock(() => {
        op.createIndex("ix_countries_code", "countries", ["code"], { concurrently: true });
        if (fail.now) op.execute("insert into nowhere values (1)");
      });
      op.addColumn("countries", "last", column(t.integer));
    },
  });

  test("[AP-04] what an interrupted migration has committed is not done again", async () => {
    const { engine } = await freshDatabase({ file: true });
    const fail = { now: true };
    const given = { revisions: [countries, interrupted(fail)] };
    await expect(migrate(engine, given)).rejects.toThrow(
      /Its first 2 steps are committed; the next upgrade goes on after them\. Done in this run before it: a1\.$/,
    );
    expect(ids(await currentRevisions(engine, given))).toEqual(["a1"]);
    await expect(downgrade(engine, { ...given, to: "base" })).rejects.toThrow(
      "The upgrade of revision b2 was interrupted after 2 steps. Finish it first: run the upgrade again.",
    );
    fail.now = false;
    await expect(migrate(engine, given)).resolves.toHaveLength(1);
    expect((await inspect(engine).getColumns("countries")).map((each) => each.name)).toEqual([
      "id",
      "name",
      "code",
      "last",
    ]);
    expect((await inspect(engine).getIndexes("countries")).map((each) => each.name)).toContain("ix_countries_code");
    expect(await isAtHead(engine, given)).toBe(true);
  });

  test("[AP-04] a step whose outcome nothing tells is asked about, and goes on as the person says", async () => {
    const { engine } = await freshDatabase({ file: true });
    const given = { revisions: [countries, { ...interrupted({ now: true }), message: "" }] };
    await expect(migrate(engine, given)).rejects.toThrow();
    await expect(migrate(engine, given)).rejects.toThrow(
      /nothing tells whether it took effect: insert into nowhere values \(1\)\. Look at the database, and upgrade again with --resume skip if it did, or --resume retry if it did not\. Its first 2 steps are committed/,
    );
    await expect(migrate(engine, { ...given, resume: "retry" })).rejects.toThrow(/nowhere/);
    await migrate(engine, { ...given, resume: "skip" });
    expect(await isAtHead(engine, given)).toBe(true);
  });
});
