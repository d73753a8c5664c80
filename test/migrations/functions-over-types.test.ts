/** What a comparison makes in its scratch schema, and what only the schema that is there has. */
import { describe, expect, test } from "vitest";
import {
  checkConstraint,
  column,
  Index,
  inspect,
  MetaData,
  type Select,
  select,
  t,
  table,
  text,
  UniqueConstraint,
} from "../../src/index.js";
import { compareMetadata } from "../../src/migrations/index.js";
import { databaseKind, freshDatabase } from "../support/database.js";
import { described, runGenerated } from "../support/generated-operations.js";

const pg = databaseKind() === "postgresql";

describe.runIf(pg)("a comparison with PostgreSQL", () => {
  test("[AG-03] finds functions over the schema's own enums and rows, in checks, indexes and views", async () => {
    const { engine } = await freshDatabase();
    const compare = (to: MetaData) => engine.connect(async (conn) => described(await compareMetadata(conn, to)));
    for (const sql of [
      "create type mood as enum ('sad', 'ok')",
      "create function label(mood) returns text language sql immutable as $$ select case $1 when 'sad' then 'S' else 'O' end $$",
      "create table people (id int primary key, m mood not null default 'ok', constraint ck check (label(m) <> 'z'))",
      "create index by_label on people (label(m))",
    ])
      await engine.execute(text(sql));
    const made = (...moods: string[]) => {
      const metadata = new MetaData();
      const people = table(
        "people",
        metadata,
        {
          id: column(t.integer, { primaryKey: true, autoincrement: false }),
          m: column(t.enum(moods, { name: "mood" }), { nullable: false, serverDefault: "ok" }),
        },
        checkConstraint("label(m) <> 'z'", { name: "ck" }),
      );
      people.addIndex(new Index("by_label", [text("label(m)") as never]));
      return { metadata, people };
    };
    expect(await compare(made("sad", "ok").metadata)).toEqual([]);
    // An enum that is to be another is not the one that the function takes.
    expect(await compare(made("sad", "ok", "glad").metadata)).toEqual(["add value glad to enum mood"]);

    await engine.execute(
      text("create function whole(people) returns text language sql immutable as $$ select $1.id::text $$"),
    );
    await engine.execute(text("create index by_whole on people (whole(people))"));
    await engine.execute(text("create view wholes as select whole(people) as w, label(m) as l from people"));
    const { metadata, people } = made("sad", "ok");
    people.addIndex(new Index("by_whole", [text("whole(people)") as never]));
    metadata.view("wholes", select(text("whole(people) as w"), text("label(m) as l")).selectFrom(people) as Select);
    expect(await compare(metadata)).toEqual([]);
    await engine.execute(text("drop view wholes"));
    await engine.execute(text("drop index by_whole"));
    await engine.execute(text("drop function whole"));
    // A function that nobody has is still an error, which names the statement that asks for it.
    await expect(compare(metadata)).rejects.toThrow(/function whole\(people\) does not exist.*CREATE INDEX by_whole/s);
  });

  test("[AG-01] a key of the columns of a UNIQUE is a key by its name, and a column stops counting before it has another type", async () => {
    const { engine } = await freshDatabase();
    const compare = (to: MetaData) => engine.connect((conn) => compareMetadata(conn, to));
    const made = (type: typeof t.integer | typeof t.text, ...more: UniqueConstraint[]) => {
      const metadata = new MetaData();
      table("keyed", metadata, { id: column(type as typeof t.integer, { primaryKey: true }) }, ...more);
      return metadata;
    };
    await made(t.integer).createAll(engine);
    const to = made(t.text, new UniqueConstraint(["id"], { name: "uq_keyed" }));
    const operations = await compare(to);
    expect(described(operations)).toEqual([
      "drop constraint keyed_pkey on keyed",
      "alter column keyed.id (type, using, identity)",
      "add constraint uq_keyed on keyed",
    ]);
    await runGenerated(engine, operations, "upgrade");
    expect(described(await compare(to))).toEqual([]);
    expect((await inspect(engine).getPkConstraint("keyed")).name).toBe("uq_keyed");
    await runGenerated(engine, operations, "downgrade");
    expect(described(await compare(made(t.integer)))).toEqual([]);
  });

  test("a view that is called as one of the catalog's is found, and compared", async () => {
    const { engine } = await freshDatabase();
    await engine.execute(text("create view pg_stats as select 1 as n"));
    expect(await inspect(engine).getViewDefinition("pg_stats")).toContain("1 AS n");
    const found = await engine.connect((conn) => compareMetadata(conn, new MetaData()));
    expect(described(found)).toEqual(["drop view pg_stats"]);
  });
});

test.skipIf(pg)("a key without columns to a table that is not there stops no comparison", async () => {
  const { engine } = await freshDatabase();
  await engine.execute(text("create table lonely (id integer primary key, other integer references missing)"));
  const metadata = new MetaData();
  table("lonely", metadata, { id: column(t.integer, { primaryKey: true }), other: column(t.integer) });
  const found = await engine.connect((conn) => compareMetadata(conn, metadata));
  expect(described(found)).toEqual([]);
});
