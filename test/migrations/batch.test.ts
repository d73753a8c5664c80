import { describe, expect, test } from "vitest";
import {
  type AsyncEngine,
  checkConstraint,
  column,
  foreignKey,
  inspect,
  MetaData,
  t,
  table,
  text,
} from "../../src/index.js";
import { migrate, type Operations, type RevisionModule, withOperations } from "../../src/migrations/index.js";
import { freshDatabase } from "../support/database.js";

/** Authors with books, a view and (on SQLite) a trigger beside them. */
async function library() {
  const { engine, kind } = await freshDatabase({ file: true });
  const metadata = new MetaData();
  table(
    "authors",
    metadata,
    {
      id: column(t.integer, { primaryKey: true }),
      name: column(t.string(50), { nullable: false }),
      born: column(t.integer),
      mood: column(t.string(10), { serverDefault: "fine" }),
    },
    checkConstraint("born > 1000", { name: "ck_authors_born" }),
  );
  table("books", metadata, {
    id: column(t.integer, { primaryKey: true }),
    author_id: column(t.integer, {
      foreignKey: foreignKey("authors.id", { name: "fk_books_author", onDelete: "CASCADE" }),
    }),
  });
  await metadata.createAll(engine);
  await engine.execute(text("create index ix_authors_born on authors (born)"));
  await engine.execute(text("create view old_authors as select id, name from authors where born < 1900"));
  if (kind === "sqlite") {
    await engine.execute(text("create table log (line text)"));
    await engine.execute(
      text("create trigger authors_log after insert on authors begin insert into log values (new.name || ':x'); end"),
    );
  }
  await engine.execute(text("insert into authors (id, name, born) values (1, 'Ibsen', 1828), (2, 'Woolf', 1882)"));
  await engine.execute(text("insert into books values (1, 1), (2, 2)"));
  return { engine, kind };
}

const run = (engine: AsyncEngine, upgrade: (op: Operations) => unknown): Promise<unknown> => {
  const revision: RevisionModule = { revision: "b1", downRevision: null, upgrade };
  return migrate(engine, { revisions: [revision] });
};

describe("op.batchAlterTable", () => {
  test("[AO-03] [AO-04] one file changes a table on both databases; rows, keys, checks, indexes, triggers, views and incoming keys survive", async () => {
    const { engine, kind } = await library();
    await run(engine, (op) => {
      op.batchAlterTable("authors", (batch) => {
        batch.alterColumn("born", { name: "birth_year", nullable: true });
        batch.alterColumn("mood", { nullable: false });
        batch.addColumn("country", column(t.string(2), { nullable: false, serverDefault: "no" }));
        batch.createUniqueConstraint("uq_authors_name", ["name"]);
        batch.createCheckConstraint("ck_authors_name", "length(name) > 1");
      });
    });
    const columns = await inspect(engine).getColumns("authors");
    expect(columns.map((each) => [each.name, each.nullable])).toEqual([
      ["id", false],
      ["name", false],
      ["birth_year", true],
      ["mood", false],
      ["country", false],
    ]);
    expect(
      await engine.execute(text("select id, name, birth_year, mood, country from authors order by id")).all(),
    ).toEqual([
      [1, "Ibsen", 1828, "fine", "no"],
      [2, "Woolf", 1882, "fine", "no"],
    ]);
    expect((await inspect(engine).getUniqueConstraints("authors")).map((each) => each.name)).toEqual([
      "uq_authors_name",
    ]);
    const checks = await inspect(engine).getCheckConstraints("authors");
    expect(checks.map((each) => each.name).sort()).toEqual(["ck_authors_born", "ck_authors_name"]);
    expect(checks.find((each) => each.name === "ck_authors_born")?.sqltext).toMatch(/birth_year/);
    const [index] = (await inspect(engine).getIndexes("authors")).filter((each) => each.name === "ix_authors_born");
    expect(index?.columnNames).toEqual(["birth_year"]);
    expect((await inspect(engine).getForeignKeys("books"))[0]).toMatchObject({
      referredTable: "authors",
      referredColumns: ["id"],
      options: { onDelete: "CASCADE" },
    });
    expect(await engine.scalar(text("select count(*) from books"))).toBe(2);
    if (kind === "sqlite") {
      await engine.execute(text("insert into authors (name, birth_year) values ('Undset', 1882)"));
      expect(await engine.scalar(text("select line from log order by rowid desc"))).toBe("Undset:x");
      expect(await engine.scalar(text("pragma foreign_keys"))).toBe(1);
    }
    await engine.execute(text("delete from authors where id = 1"));
    expect(await engine.scalar(text("select count(*) from books"))).toBe(1);
  });

  test("[AO-03] a column's type changes with its values, a column goes with what leans on it, a constraint by name", async () => {
    const { engine } = await library();
    await engine.execute(text("drop view old_authors"));
    await run(engine, (op) => {
      op.batchAlterTable("authors", (batch) => {
        batch.dropConstraint("ck_authors_born");
        batch.alterColumn("born", { type: t.string(10), using: "'year ' || born" });
        batch.dropColumn("mood");
      });
    });
    expect(await engine.execute(text("select * from authors order by id")).all()).toEqual([
      [1, "Ibsen", "year 1828"],
      [2, "Woolf", "year 1882"],
    ]);
    expect(await inspect(engine).getCheckConstraints("authors")).toEqual([]);
  });

  test("[AO-03] the primary key changes, and a self-reference follows the renaming of its column", async () => {
    const { engine } = await freshDatabase({ file: true });
    const metadata = new MetaData();
    table("nodes", metadata, {
      id: column(t.integer, { primaryKey: true, autoincrement: false }),
      parent_id: column(t.integer, { foreignKey: foreignKey("nodes.id", { name: "fk_nodes_parent" }) }),
      code: column(t.string(5), { nullable: false }),
    });
    await metadata.createAll(engine);
    await engine.execute(text("insert into nodes values (1, null, 'a'), (2, 1, 'b')"));
    await run(engine, (op) => {
      op.batchAlterTable("nodes", (batch) => batch.alterColumn("id", { name: "node_id" }));
    });
    expect((await inspect(engine).getForeignKeys("nodes"))[0]).toMatchObject({
      constrainedColumns: ["parent_id"],
      referredColumns: ["node_id"],
    });
    expect(await engine.scalar(text("select parent_id from nodes where node_id = 2"))).toBe(1);
  });

  test("what the table has not is refused by name, and nothing is changed", async () => {
    const { engine, kind } = await library();
    if (kind !== "sqlite") return;
    const refused = (fn: Parameters<Operations["batchAlterTable"]>[1]) =>
      expect(run(engine, (op) => op.batchAlterTable("authors", fn))).rejects;
    await refused((batch) => batch.alterColumn("nope", { nullable: false })).toThrow(
      /Table authors has no column "nope"; it has id, name, born, mood\./,
    );
    await refused((batch) => batch.dropConstraint("nope")).toThrow(
      /Table authors has no constraint "nope"; it has ck_authors_born\. One without a name is told by/,
    );
    await refused((batch) => {
      batch.alterColumn("born", { nullable: false });
      batch.dropColumn("id");
    }).toThrow(/Column "id" is part of the primary key of authors\. Give the table another key first/);
    await expect(run(engine, (op) => op.alterColumn("authors", "name", { nullable: true }))).rejects.toThrow(
      /sqlite has no ALTER COLUMN \.\.\. NOT NULL\. Do it in op\.batchAlterTable\(table, \(batch\) => \.\.\.\)/,
    );
    expect((await inspect(engine).getColumns("authors")).length).toBe(4);
  });

  test("copying is refused where the connection enforces foreign keys, as the rows of other tables would go too", async () => {
    const { engine, kind } = await library();
    if (kind !== "sqlite") return;
    await expect(
      engine.begin((conn) =>
        withOperations(conn, (op) =>
          op.batchAlterTable("authors", (batch) => batch.alterColumn("name", { nullable: true })),
        ),
      ),
    ).rejects.toThrow(
      /Foreign keys are enforced on this connection, and copying authors would delete the rows that refer to it\./,
    );
    expect(await engine.scalar(text("select count(*) from books"))).toBe(2);
  });
});
