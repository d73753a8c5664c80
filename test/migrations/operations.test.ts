import { describe, expect, test } from "vitest";
import {
  type AsyncConnection,
  type AsyncEngine,
  bindparam,
  column,
  DDL,
  func,
  inspect,
  MetaData,
  select,
  t,
  table,
  text,
} from "../../src/index.js";
import {
  type AppliedStep,
  type ComparePlugin,
  compareMetadata,
  downgrade,
  historyOf,
  isAtHead,
  MigrateOperation,
  migrate,
  migrateTenants,
  migrationScript,
  type Operations,
  type RevisionModule,
  renderBody,
  rendersOperation,
  stamp,
  tenantsBehind,
  withOperations,
} from "../../src/migrations/index.js";
import { databaseKind, freshDatabase } from "../support/database.js";

const on = (engine: AsyncEngine, fn: (op: Operations) => unknown) => engine.begin((conn) => withOperations(conn, fn));

const columnsOf = async (engine: AsyncEngine, name: string) =>
  (await inspect(engine).getColumns(name)).map((each) => [each.name, each.nullable, each.default]);

describe("op", () => {
  test("[AP-01] tables and columns are created, renamed, changed and dropped, if they exist or if not where it is said", async () => {
    const { engine, kind } = await freshDatabase({ file: true });
    await on(engine, (op) => {
      op.createTable("a", { id: column(t.integer, { primaryKey: true }), n: column(t.string(10)) });
      op.createTable("a", { id: column(t.integer, { primaryKey: true }) }, { ifNotExists: true });
      op.addColumn("a", "price", column(t.string(10), { serverDefault: "7" }));
      op.renameTable("a", "b");
      op.alterColumn("b", "n", { name: "label" });
      op.dropTable("nowhere", { ifExists: true });
    });
    expect((await columnsOf(engine, "b")).map(([name]) => name)).toEqual(["id", "label", "price"]);
    if (kind !== "sqlite") {
      await on(engine, (op) => {
        op.execute("insert into b (id, label) values (1, 'x')");
        op.addColumn("b", "price", column(t.integer), { ifNotExists: true });
        op.alterColumn(
          "b",
          "price",
          { type: t.integer, using: "price::integer" },
          { existing: { serverDefault: text("7") } },
        );
        op.alterColumn("b", "label", { nullable: false, serverDefault: "none", comment: "what it says" });
        op.alterColumn("b", "id", { identity: { always: true } }, { existing: { identity: {} } });
        op.alterColumn("b", "id", { identity: null }, { existing: { identity: {} } });
        op.alterColumn("b", "id", { identity: { start: 100 } });
        op.dropColumn("b", "missing", { ifExists: true });
      });
      expect(await engine.scalar(text("select price + 1 from b"))).toBe(8);
      await on(engine, (op) => op.execute("insert into b (price) values (3)"));
      expect(await engine.execute(text("select id, label from b where price = 3")).all()).toEqual([[100, "none"]]);
      const [, label] = await inspect(engine).getColumns("b");
      expect(label).toMatchObject({ nullable: false, comment: "what it says" });
      await on(engine, (op) => {
        op.alterColumn("b", "id", { identity: null }, { existing: { identity: {} } });
        op.alterColumn("b", "label", { serverDefault: null, nullable: true, comment: null });
      });
      expect((await inspect(engine).getColumns("b")).slice(0, 2)).toMatchObject([
        { identity: null },
        { default: null, nullable: true, comment: null },
      ]);
    }
    await on(engine, (op) => {
      op.dropColumn("b", "label");
      op.dropTable("b");
    });
    expect(await engine.tableNames()).toEqual([]);
  });

  test("[AP-02] constraints, indexes and comments are created and dropped by name", async () => {
    const { engine, kind } = await freshDatabase({ file: true });
    await on(engine, (op) => {
      op.createTable("p", { id: column(t.integer, { primaryKey: true }) }, { comment: "parents" });
      op.createTable("c", {
        id: column(t.integer),
        p_id: column(t.integer),
        x: column(t.integer),
        y: column(t.integer),
      });
      op.createIndex("ix_xy", "c", ["x", text("y desc")], { unique: true, where: "x > 0" });
    });
    expect((await inspect(engine).getIndexes("c")).map((each) => [each.name, each.unique])).toEqual([["ix_xy", true]]);
    if (kind !== "sqlite") {
      await on(engine, (op) => {
        op.createPrimaryKey("pk_c", "c", ["id"]);
        op.createForeignKey("fk_c_p", "c", "p", ["p_id"], ["id"], { onDelete: "CASCADE", notValid: true });
        op.validateConstraint("fk_c_p", "c");
        op.createUniqueConstraint("uq_x", "c", ["x"], { deferrable: true });
        op.createCheckConstraint("ck_y", "c", "y <> 13");
        op.createExcludeConstraint("ex_c", "c", [["int4range(x, y)", "&&"]], { using: "gist" });
        op.renameConstraint("c", "uq_x", "uq_c_x");
        op.renameIndex("ix_xy", "ix_c_xy");
        op.setColumnComment("c", "x", "an x");
        op.createIndex("ix_include", "c", ["y"], { include: ["x"] });
      });
      const inspector = inspect(engine);
      expect(await inspector.getPkConstraint("c")).toMatchObject({ name: "pk_c" });
      expect(await inspector.getForeignKeys("c")).toMatchObject([{ name: "fk_c_p", options: { onDelete: "CASCADE" } }]);
      expect(await inspector.getUniqueConstraints("c")).toMatchObject([{ name: "uq_c_x", deferrable: true }]);
      expect(await inspector.getCheckConstraints("c")).toMatchObject([{ name: "ck_y" }]);
      expect(await inspector.getExcludeConstraints("c")).toMatchObject([{ name: "ex_c" }]);
      expect(await inspector.getTableComment("p")).toBe("parents");
      await on(engine, (op) => {
        for (const name of ["fk_c_p", "uq_c_x", "ck_y", "ex_c", "pk_c"]) op.dropConstraint(name, "c");
        op.dropIndex("ix_c_xy", "c");
        op.setTableComment("p", null);
      });
      expect(await inspect(engine).getUniqueConstraints("c")).toEqual([]);
    } else await on(engine, (op) => op.dropIndex("ix_xy", "c"));
    expect((await inspect(engine).getIndexes("c")).map((each) => each.name)).not.toContain("ix_xy");
  });

  test("[AP-03] statements run with and without parameters, rows go in by the list, and the connection is at hand", async () => {
    const { engine } = await freshDatabase({ file: true });
    const seen: unknown[] = [];
    await on(engine, async (op) => {
      const words = await op.createTable("words", {
        id: column(t.integer, { primaryKey: true }),
        word: column(t.string(20)),
      });
      op.bulkInsert(words, [
        { id: 1, word: "it's" },
        { id: 2, word: "a:b" },
      ]);
      op.execute("insert into words values (:id, :word)", { id: 3, word: "c" });
      op.execute(
        words
          .update()
          .where(words.c.id.eq(bindparam("which")))
          .values({ word: "changed" }),
        { which: 1 },
      );
      seen.push((await op.execute("select count(*) from words"))?.scalar());
      seen.push(await op.getBind().scalar(select(func.max(words.c.id))));
      seen.push(await op.inspect((conn) => inspect(conn).getTableNames()));
    });
    expect(seen).toEqual([3, 3, ["words"]]);
    expect(await engine.execute(text("select word from words order by id")).scalars().all()).toEqual([
      "changed",
      "a:b",
      "c",
    ]);
  });

  test("[AP-03] [AO-01] the same as a script, which runs by itself", async () => {
    const { engine } = await freshDatabase({ file: true });
    const revision: RevisionModule = {
      revision: "a1",
      downRevision: null,
      message: "words",
      async upgrade(op) {
        const words = await op.createTable("words", {
          id: column(t.integer, { primaryKey: true }),
          word: column(t.string(20)),
        });
        op.bulkInsert(words, [
          { id: 1, word: "it's" },
          { id: 2, word: "a:b" },
        ]);
        op.execute("update words set word = 'x;y' where id = 2");
      },
      async downgrade(op) {
        await op.runAsync(() => {});
      },
    };
    const graph = await historyOf({ revisions: [revision] });
    const script = await migrationScript(graph, engine.dialect, "upgrade", "head");
    for (const statement of script.split(/;\n/).map((each) => each.replaceAll(/^--.*$/gm, "").trim())) {
      if (statement !== "" && !/^(BEGIN|COMMIT)$/.test(statement))
        await engine.begin((conn) => conn.execDriverSql(statement));
    }
    expect(await engine.execute(text("select word from words order by id")).scalars().all()).toEqual(["it's", "x;y"]);
    expect(await isAtHead(engine, { revisions: [revision] })).toBe(true);
    await expect(migrationScript(graph, engine.dialect, "downgrade", "a1:base")).rejects.toThrow(
      /reads from the database or needs a session, and only a script is written/,
    );
  });

  test("[AO-02] names that a migration leaves to the convention are those that the models have", async () => {
    const { engine } = await freshDatabase({ file: true });
    const namingConvention = {
      uq: "uq_%(table_name)s_%(column_0_name)s",
      fk: "fk_%(table_name)s_%(referred_table_name)s",
    };
    const metadata = new MetaData({ namingConvention });
    table("p", metadata, { id: column(t.integer, { primaryKey: true }) });
    table("c", metadata, {
      id: column(t.integer, { primaryKey: true }),
      code: column(t.string(5), { unique: true }),
    });
    const revision: RevisionModule = {
      revision: "a1",
      downRevision: null,
      upgrade(op) {
        op.createTable("p", { id: column(t.integer, { primaryKey: true }) });
        op.createTable("c", {
          id: column(t.integer, { primaryKey: true }),
          code: column(t.string(5), { unique: true }),
        });
      },
    };
    await migrate(engine, { revisions: [revision], namingConvention });
    expect(await inspect(engine).getUniqueConstraints("c")).toMatchObject([{ name: "uq_c_code" }]);
    expect(await engine.connect((conn) => compareMetadata(conn, metadata))).toEqual([]);
  });

  test("[AR-03] a new database is made from the classes and stamped, and skips the history", async () => {
    const { engine } = await freshDatabase({ file: true });
    const metadata = new MetaData();
    table("p", metadata, { id: column(t.integer, { primaryKey: true }) });
    const revisions: RevisionModule[] = [
      { revision: "a1", downRevision: null, upgrade: () => expect.unreachable("the history was run") },
    ];
    await metadata.createAll(engine);
    await stamp(engine, { revisions });
    expect(await migrate(engine, { revisions })).toEqual([]);
  });

  test("[AR-06] a first revision is written from an existing schema, and makes it elsewhere", async () => {
    const old = await freshDatabase({ file: true });
    await old.engine.execute(
      text("create table plants (id integer primary key, name varchar(20) default 'moss' not null)"),
    );
    await old.engine.execute(text("create index ix_plants_name on plants (name)"));
    const reflected = new MetaData();
    await reflected.reflect(old.engine);
    const fresh = await freshDatabase({ file: true });
    const operations = await fresh.engine.connect((conn) => compareMetadata(conn, reflected));
    expect(renderBody(operations, fresh.engine.dialect).upgrade.join("\n")).toContain(
      'op.createIndex("ix_plants_name", "plants", ["name"]);',
    );
    await on(fresh.engine, async (op) => {
      for (const each of operations) await op.invoke(each);
    });
    expect(await fresh.engine.connect((conn) => compareMetadata(conn, reflected))).toEqual([]);
  });

  test("[AG-08] several metadatas are one schema", async () => {
    const { engine } = await freshDatabase({ file: true });
    const one = new MetaData();
    table("ones", one, { id: column(t.integer, { primaryKey: true }) });
    const two = new MetaData();
    table("twos", two, { id: column(t.integer, { primaryKey: true }) });
    const found = await engine.connect((conn) => compareMetadata(conn, [one, two]));
    expect(found.map((each) => each.describe()).sort()).toEqual(["create table ones", "create table twos"]);
  });
});

/** A trigger that refuses rows, as an operation of one's own. */
class CreateGuard extends MigrateOperation {
  override readonly kind = "createGuard";
  constructor(readonly onTable: string) {
    super();
  }
  override describe(): string {
    return `guard ${this.onTable}`;
  }
  override ddl() {
    return [new DDL(`create view guard_${this.onTable} as select 'guarded' as state`)];
  }
  override reverse(): MigrateOperation {
    return new DropGuard(this.onTable);
  }
}

class DropGuard extends MigrateOperation {
  override readonly kind = "dropGuard";
  constructor(readonly onTable: string) {
    super();
  }
  override describe(): string {
    return `drop the guard of ${this.onTable}`;
  }
  override ddl() {
    return [new DDL(`drop view guard_${this.onTable}`)];
  }
}

test("[AP-05] a package adds an operation, with its comparison and the code that is written", async () => {
  const { engine } = await freshDatabase({ file: true });
  rendersOperation((operation, code) =>
    operation instanceof CreateGuard || operation instanceof DropGuard
      ? [`op.invoke(new ${code.use(operation.constructor.name, "my-guards")}(${code.value(operation.onTable)}));`]
      : null,
  );
  const plugin: ComparePlugin<readonly string[]> = {
    name: "guards",
    async make(conn, moment) {
      if (moment === "afterTables") await conn.execDriverSql("create view guard_gate as select 'guarded' as state");
    },
    read: async (conn) => await inspect(conn).getViewNames(),
    compare: (now, wanted) => ({
      after: wanted.filter((each) => !now.includes(each)).map((each) => new CreateGuard(each.replace("guard_", ""))),
    }),
  };
  const options = { plugins: [plugin], include: ({ kind }: { kind: string }) => kind !== "view" };
  const compare = () => engine.connect((conn) => compareMetadata(conn, new MetaData(), options));
  const operations = await compare();
  const body = renderBody(operations, engine.dialect);
  expect(body.upgrade).toEqual(['op.invoke(new CreateGuard("gate"));']);
  expect(body.downgrade).toEqual(['op.invoke(new DropGuard("gate"));']);
  expect([...body.imports]).toEqual([["my-guards", new Set(["CreateGuard", "DropGuard"])]]);
  await on(engine, (op) => op.invoke(operations[0] as MigrateOperation));
  expect(await compare()).toEqual([]);
});

test.runIf(databaseKind() === "postgresql")(
  "[AR-04] every tenant is upgraded, several at a time; one that fails keeps no other back, and a second run goes on with it",
  async () => {
    const { engine } = await freshDatabase();
    let broken = true;
    const names = ["north", "south", "west"];
    const together = new Set<string>();
    let all = (): void => {};
    const met = new Promise<void>((resolve) => {
      all = resolve;
    });
    const revisions: RevisionModule[] = [
      {
        revision: "a1",
        downRevision: null,
        async upgrade(op) {
          op.createTable("items", { id: column(t.integer, { primaryKey: true }) });
          // Each waits for the others: they are migrated at the same time.
          if (together.add(String(await op.getBind().scalar(text("select current_schema()")))).size === 3) all();
          await met;
        },
      },
      {
        revision: "b2",
        downRevision: "a1",
        async upgrade(op) {
          const place = await op.getBind().scalar(text("select current_schema()"));
          if (broken && place === "south") await op.execute("insert into nowhere values (1)");
          op.addColumn("items", "name", column(t.text));
        },
      },
    ];
    for (const name of names) await engine.begin((conn) => conn.execDriverSql(`create schema ${name}`));
    const first = await migrateTenants(engine, names, { revisions });
    expect(first.map((each) => [each.tenant, each.applied, each.behind])).toEqual([
      ["north", ["a1", "b2"], []],
      ["south", [], ["b2"]],
      ["west", ["a1", "b2"], []],
    ]);
    expect(first[1]?.error?.message).toMatch(/^The upgrade of revision b2 failed/);
    broken = false;
    const behind = await tenantsBehind(engine, names, { revisions });
    expect(behind.map((each) => each.behind)).toEqual([[], ["b2"], []]);
    const second = await migrateTenants(engine, names, { revisions });
    expect(second.map((each) => each.applied)).toEqual([[], ["b2"], []]);
    expect(await engine.scalar(text("select current_schema()"))).toBe("public");
  },
);

test("[AR-04] tenants may be databases of their own", async () => {
  const { engine } = await freshDatabase({ file: true });
  const { engine: own } = await freshDatabase({ file: true });
  const upgrade = (op: Operations) => op.createTable("items", { id: column(t.integer, { primaryKey: true }) });
  const tenants = [{ name: "shared" }, { name: "apart", engine: own }];
  const reports = await migrateTenants(engine, tenants, {
    revisions: [{ revision: "a1", downRevision: null, upgrade }],
  });
  expect(reports.map((each) => [each.tenant, each.applied, each.error])).toEqual([
    ["shared", ["a1"], null],
    ["apart", ["a1"], null],
  ]);
  expect(await own.tableNames()).toContain("items");
});

test("[AT-08] each applied step is recorded elsewhere, in its own transaction", async () => {
  const { engine } = await freshDatabase({ file: true });
  await engine.execute(text("create table audit (what varchar(40))"));
  const made = (revision: string, downRevision: string | null, fails = false): RevisionModule => ({
    revision,
    downRevision,
    upgrade: (op) =>
      fails ? op.execute("insert into nowhere values (1)") : op.execute(`create table ${revision} (id integer)`),
    downgrade: (op) => op.dropTable(revision),
  });
  const given = {
    revisions: [made("a1", null), made("b2", "a1"), made("c3", "b2", true)],
    onApply: ({ direction, revision }: AppliedStep, connection: AsyncConnection) =>
      connection.execute(text(`insert into audit values ('${direction} ${revision.id}')`)),
  };
  await expect(migrate(engine, given)).rejects.toThrow(/c3 failed/);
  await downgrade(engine, { ...given, to: "-1" });
  const rows = await engine.execute(text("select what from audit order by what")).scalars().all();
  expect(rows).toEqual(["downgrade b2", "upgrade a1", "upgrade b2"]);
});
