import { describe, expect, test } from "vitest";
import * as athanor from "../../src/index.js";
import {
  type AsyncEngine,
  checkConstraint,
  column,
  computed,
  foreignKey,
  foreignKeyConstraint,
  func,
  Index,
  identity,
  MetaData,
  t,
  table,
  text,
  UniqueConstraint,
} from "../../src/index.js";
import {
  type CompareMetadataOptions,
  compareMetadata,
  type MigrateOperation,
  renderBody,
} from "../../src/migrations/index.js";
import { freshDatabase } from "../support/database.js";
import { described, runGenerated } from "../support/generated-operations.js";

const compare = (engine: AsyncEngine, metadata: MetaData, options?: CompareMetadataOptions) =>
  engine.connect((conn) => compareMetadata(conn, metadata, options));

/** Goes from one metadata to the other and back; nothing may differ at either end. */
async function thereAndBack(from: MetaData, to: MetaData, options: CompareMetadataOptions = {}) {
  const { engine } = await freshDatabase({ file: true });
  await from.createAll(engine);
  expect(described(await compare(engine, from, options))).toEqual([]);
  const operations = await compare(engine, to, options);
  const body = await runGenerated(engine, operations, "upgrade");
  expect(described(await compare(engine, to, options))).toEqual([]);
  await runGenerated(engine, operations, "downgrade");
  expect(described(await compare(engine, from, options))).toEqual([]);
  return { operations, body };
}

function everything(): MetaData {
  const metadata = new MetaData();
  table(
    "every_type",
    metadata,
    {
      id: column(t.integer, { primaryKey: true }),
      small: column(t.smallint),
      big: column(t.bigint),
      price: column(t.numeric(10, 2), { serverDefault: "1.50" }),
      any_number: column(t.numeric),
      ratio: column(t.double),
      real_one: column(t.float),
      yes: column(t.boolean, { nullable: false, serverDefault: text("true") }),
      name: column(t.string(50), { nullable: false, serverDefault: "it's" }),
      code: column(t.char(3)),
      body: column(t.text, { serverDefault: "" }),
      day: column(t.date),
      at_time: column(t.time),
      made: column(t.datetime, { nullable: false, serverDefault: func.now() }),
      zoned: column(t.datetime({ timezone: true })),
      lasts: column(t.interval),
      data: column(t.json),
      more: column(t.jsonb),
      key: column(t.uuid),
      bytes: column(t.binary),
      mood: column(t.enum(["sad", "fine"], { name: "mood" }), { serverDefault: "fine" }),
      level: column(t.enum(["low", "high"], { name: "level", native: false, createConstraint: true })),
      "odd name": column(t.integer, { serverDefault: text("(1 + 2)") }),
    },
    checkConstraint("price > 0 and price <> 13", { name: "ck_price" }),
    checkConstraint("length(name) between 1 and 50"),
    new UniqueConstraint(["name", "code"], { name: "uq_name_code" }),
    new UniqueConstraint(["big"]),
    new Index("ix_lower_name", [func.lower(athanor.literalColumn("name"))]),
    new Index("ix_small", ["small", "big"], { unique: true, where: "small > 0" }),
  );
  table("parents", metadata, {
    a: column(t.integer, { primaryKey: true, autoincrement: false }),
    b: column(t.integer, { primaryKey: true, autoincrement: false }),
  });
  table(
    "children",
    metadata,
    {
      id: column(t.integer, { primaryKey: true, identity: identity({ start: 10 }) }),
      a: column(t.integer),
      b: column(t.integer),
      own: column(t.integer, { foreignKey: foreignKey("children.id", { onDelete: "SET NULL" }), index: true }),
      width: column(t.integer, { nullable: false }),
      area: column(t.integer, { computed: computed("width * 2", { persisted: true }) }),
    },
    foreignKeyConstraint(["a", "b"], ["parents.a", "parents.b"], { name: "fk_parent", onUpdate: "CASCADE" }),
  );
  return metadata;
}

describe("compareMetadata", () => {
  test("[AG-02] [AG-03] finds nothing straight after createAll, for every type, default, constraint and index", async () => {
    const { engine } = await freshDatabase({ file: true });
    const metadata = everything();
    metadata.view(
      "names",
      athanor.select(athanor.literalColumn("name").label("n")).selectFrom(metadata.tables.get("every_type") as never),
    );
    await metadata.createAll(engine);
    expect(described(await compare(engine, metadata))).toEqual([]);
    expect(await engine.tableNames()).not.toContain("athanor_scratch");
  });

  test("[AG-01] creates a whole schema from nothing and takes it back", async () => {
    const { operations } = await thereAndBack(new MetaData(), everything());
    expect(
      described(operations)
        .filter((each) => each.startsWith("create table"))
        .sort(),
    ).toEqual(["create table children", "create table every_type", "create table parents"]);
  });

  test("[AG-01] [AG-02] finds columns, types, nullability, defaults, constraints, indexes and keys, both ways", async () => {
    const from = new MetaData();
    table("tags", from, { id: column(t.integer, { primaryKey: true }), name: column(t.string(20)) });
    table(
      "posts",
      from,
      {
        id: column(t.integer, { primaryKey: true }),
        title: column(t.string(20)),
        rating: column(t.string(10)),
        old: column(t.integer, { index: true }),
        tag_id: column(t.integer, { foreignKey: foreignKey("tags.id", { name: "fk_posts_tag" }) }),
      },
      checkConstraint("old > 1", { name: "ck_old" }),
    );
    const to = new MetaData();
    table("tags", to, {
      id: column(t.integer, { primaryKey: true }),
      name: column(t.string(20), { unique: "uq_tags_name" }),
    });
    table(
      "posts",
      to,
      {
        id: column(t.integer, { primaryKey: true }),
        title: column(t.string(40), { nullable: false, serverDefault: "none" }),
        rating: column(t.integer),
        views: column(t.bigint, { nullable: false, serverDefault: text("0") }),
        tag_id: column(t.integer, {
          foreignKey: foreignKey("tags.id", { name: "fk_posts_tag", onDelete: "CASCADE" }),
          index: true,
        }),
      },
      checkConstraint("views >= 0", { name: "ck_views" }),
    );
    const { operations } = await thereAndBack(from, to);
    expect(described(operations).sort()).toEqual([
      "add column posts.views",
      "add constraint ck_views on posts",
      "add constraint fk_posts_tag on posts",
      "add constraint uq_tags_name on tags",
      "alter column posts.rating (type, using)",
      "alter column posts.title (type, using, nullable, serverDefault)",
      "create index ix_posts_tag_id on posts",
      "drop column posts.old",
      "drop constraint ck_old on posts",
      "drop constraint fk_posts_tag on posts",
      "drop index ix_posts_old on posts",
    ]);
  });

  test("[AG-06] an index of one database is written with its name, and one revision runs on both", async () => {
    const make = (...indexes: Index[]) => {
      const metadata = new MetaData();
      const columns = { id: column(t.integer, { primaryKey: true }), name: column(t.text), body: column(t.text) };
      table("notes", metadata, columns, ...indexes);
      return metadata;
    };
    const words = (dialect: string) =>
      new Index(`ix_${dialect}`, [text("lower(name)")], {
        dialects: [dialect],
        ...(dialect === "postgresql" && { using: "btree" }),
      });
    const both = () => make(words("postgresql"), words("sqlite"));
    const whole = await thereAndBack(new MetaData(), both());
    expect(whole.body.upgrade.join("\n")).toMatch(/dialects: \["postgresql"\][\s\S]*dialects: \["sqlite"\]/);
    const { body } = await thereAndBack(make(), both());
    expect(body.upgrade.join("\n")).toMatch(/createIndex\("ix_(sqlite|postgresql)".*dialects: \["\1"\]/);
    expect(body.downgrade.join("\n")).toMatch(/dropIndex\("ix_(sqlite|postgresql)".*dialects: \["\1"\]/);
  });

  test("tables that refer to each other are created, and dropped again", async () => {
    const ring = new MetaData();
    table("hens", ring, {
      id: column(t.integer, { primaryKey: true }),
      egg_id: column(t.integer, { foreignKey: foreignKey("eggs.id", { name: "fk_hens_egg" }) }),
    });
    table("eggs", ring, {
      id: column(t.integer, { primaryKey: true }),
      hen_id: column(t.integer, { foreignKey: foreignKey("hens.id", { name: "fk_eggs_hen" }) }),
    });
    await thereAndBack(new MetaData(), ring);
  });

  test("[AG-04] a rename is hinted or asked for, and keeps the rows; unanswered it is a drop and an add", async () => {
    const from = new MetaData();
    table("users", from, { id: column(t.integer, { primaryKey: true }), name: column(t.string(20)) });
    const to = new MetaData();
    table(
      "people",
      to,
      {
        id: column(t.integer, { primaryKey: true }),
        full_name: column(t.string(20), { info: { renamedFrom: "name" } }),
      },
      { info: { renamedFrom: "users" } },
    );
    const { operations } = await thereAndBack(from, to);
    expect(described(operations)).toEqual(["rename table users to people", "alter column people.name (name)"]);
    const plain = new MetaData();
    table("people", plain, { id: column(t.integer, { primaryKey: true }), name: column(t.string(20)) });
    const asked: unknown[] = [];
    const answered = await thereAndBack(from, plain, {
      isRename(candidate) {
        asked.push(candidate);
        return true;
      },
    });
    expect(asked).toContainEqual({ kind: "table", table: null, from: "users", to: "people" });
    expect(described(answered.operations)).toEqual(["rename table users to people"]);
    expect(described((await thereAndBack(from, plain)).operations)).toEqual([
      "create table people",
      "drop table users",
    ]);
  });

  test("[AG-05] values of an enum are added, removed and put in another order, with the rows and defaults that use them", async () => {
    const moods = (values: readonly string[], initial: string): MetaData => {
      const metadata = new MetaData();
      table("days", metadata, {
        id: column(t.integer, { primaryKey: true }),
        mood: column(t.enum(values, { name: "mood", createConstraint: true }), {
          nullable: false,
          serverDefault: initial,
        }),
      });
      return metadata;
    };
    await thereAndBack(moods(["sad", "fine"], "fine"), moods(["sad", "soso", "fine", "great"], "fine"));
    await thereAndBack(moods(["sad", "fine"], "fine"), moods(["fine", "bored"], "fine"));
  });

  test("[AG-05] a column goes from one enum to another, and back", async () => {
    const feeling = (name: string, values: readonly string[]): MetaData => {
      const metadata = new MetaData();
      table("days", metadata, {
        id: column(t.integer, { primaryKey: true }),
        feeling: column(t.enum(values, { name })),
      });
      return metadata;
    };
    await thereAndBack(feeling("mood", ["sad", "fine"]), feeling("temper", ["fine", "sad", "hot"]));
  });

  test("[AG-06] views are compared by what they select", async () => {
    const withView = (limit: number): MetaData => {
      const metadata = new MetaData();
      const users = table("users", metadata, { id: column(t.integer, { primaryKey: true }), age: column(t.integer) });
      metadata.view(
        "adults",
        athanor.select(users.c.id).where(users.c.age.gt(athanor.literalColumn(String(limit)) as never)),
      );
      return metadata;
    };
    const { operations } = await thereAndBack(withView(18), withView(21));
    expect(described(operations)).toEqual(["drop view adults", "create view adults"]);
  });

  test("[AG-07] what belongs to others is left alone", async () => {
    const { engine } = await freshDatabase({ file: true });
    await engine.execute(text("create table theirs (id integer primary key)"));
    const mine = new MetaData();
    table("mine", mine, { id: column(t.integer, { primaryKey: true }) });
    const include = ({ name, reflected }: { name: string; reflected: boolean }) => !(reflected && name === "theirs");
    expect(described(await compare(engine, mine, { include }))).toEqual(["create table mine"]);
    expect(described(await compare(engine, mine))).toEqual(["create table mine", "drop table theirs"]);
  });

  test("[AG-09] a hook changes or drops what was found", async () => {
    const { engine } = await freshDatabase({ file: true });
    const metadata = everything();
    const process = (found: readonly MigrateOperation[]) => found.filter((each) => each.describe().endsWith("parents"));
    expect(described(await compare(engine, metadata, { process }))).toEqual(["create table parents"]);
  });

  test("[AG-10] what is written is TypeScript that reads well", async () => {
    const { engine } = await freshDatabase({ file: true });
    const metadata = new MetaData();
    table("authors", metadata, { id: column(t.integer, { primaryKey: true }) });
    table("books", metadata, {
      id: column(t.integer, { primaryKey: true }),
      title: column(t.string(80), { nullable: false, index: true }),
      made: column(t.datetime, { serverDefault: func.now() }),
      author_id: column(t.integer, { foreignKey: foreignKey("authors.id", { onDelete: "CASCADE" }) }),
    });
    const body = renderBody(await compare(engine, metadata), engine.dialect);
    expect(body.upgrade.join("\n")).toBe(`op.createTable(
  "authors",
  {
    id: column(t.integer, { primaryKey: true }),
  },
);
op.createTable(
  "books",
  {
    id: column(t.integer, { primaryKey: true }),
    title: column(t.string(80), { nullable: false }),
    made: column(t.datetime, { serverDefault: func.now() }),
    author_id: column(t.integer),
  },
  foreignKeyConstraint(["author_id"], ["authors.id"], { onDelete: "CASCADE" }),
);
op.createIndex("ix_books_title", "books", ["title"]);`);
    expect([...body.imports.keys()]).toEqual(["athanor"]);
  });
});
