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
  Table,
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

  test("[AG-03] finds functions over the rows, enums and domains of another schema, and rows in views, as they are there", async () => {
    const { engine } = await freshDatabase();
    for (const sql of [
      "create schema music",
      "create type music.mood as enum ('sad', 'ok')",
      "create domain music.year as integer check (value > 1900)",
      "create domain year as integer",
      "create table music.artist (id int primary key, m music.mood, born music.year, heard year)",
      "create type music.pair as (a int, b int)",
      "create table other (id int primary key, p music.pair)",
      "create function music.label(music.mood) returns text language sql immutable as $$ select $1::text $$",
      "create function music.whole(music.artist) returns text language sql immutable as $$ select $1.id::text $$",
      "create function whole(music.artist) returns text language sql immutable as $$ select $1.id::text $$",
      "create function of_year(music.year) returns int language sql immutable as $$ select $1 $$",
      "create function of_year(text) returns int language sql immutable as $$ select 1 $$",
      "create function heard(year) returns int language sql immutable as $$ select $1 $$",
      "create index by_label on music.artist (music.label(m))",
      "create index by_whole on music.artist (music.whole(artist))",
      "create index by_born on music.artist (of_year(born))",
      "create index by_heard on music.artist (heard(heard))",
      "create view artists as select a as whole_row, whole(a) as w, a.m as mood, of_year(a.born) as y from music.artist a",
      "create view pairs as select '(1,2)'::music.pair as p, id from other",
    ])
      await engine.execute(text(sql));
    const metadata = new MetaData();
    await metadata.reflect(engine, { schema: "music" });
    await metadata.reflect(engine);
    const definition = async (view: string) => String(await inspect(engine).getViewDefinition(view));
    for (const name of ["artists", "pairs"])
      new Table(name, metadata, [], { isView: true, definition: await definition(name) });
    const compare = () => engine.connect((conn) => compareMetadata(conn, metadata, { schemas: ["music"] }));
    expect(described(await compare())).toEqual([]);
    await engine.execute(text("create or replace view pairs as select '(1,3)'::music.pair as p, id from other"));
    expect(described(await compare())).toEqual(["drop view pairs", "create view pairs"]);
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

  test("[AG-06] a view is as it was whose words the server changes when it is given them back", async () => {
    const { engine } = await freshDatabase();
    await engine.execute(text("create table a (id integer)"));
    await engine.execute(text("create view v as select id from (select id from a union all select null) q"));
    const metadata = new MetaData();
    await metadata.reflect(engine);
    const definition = String(await inspect(engine).getViewDefinition("v")).replace(/;$/, "");
    expect(definition).toContain("SELECT NULL::integer)");
    new Table("v", metadata, [], { isView: true, definition });
    const compare = (on: typeof engine) => on.connect((conn) => compareMetadata(conn, metadata));
    expect(described(await compare(engine))).toEqual([]);
    const { engine: other } = await freshDatabase();
    await metadata.createAll(other);
    expect(String(await inspect(other).getViewDefinition("v"))).toContain("NULL::integer AS int4");
    expect(described(await compare(other))).toEqual([]);
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
