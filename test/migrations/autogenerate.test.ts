import { describe, expect, test } from "vitest";
import * as athanor from "../../src/index.js";
import {
  type AsyncEngine,
  type CheckConstraint,
  checkConstraint,
  column,
  computed,
  foreignKey,
  foreignKeyConstraint,
  func,
  Index,
  identity,
  inspect,
  MetaData,
  primaryKeyConstraint,
  Sequence,
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
import { databaseKind, freshDatabase } from "../support/database.js";
import { described, runGenerated } from "../support/generated-operations.js";

const compare = (engine: AsyncEngine, metadata: MetaData, options?: CompareMetadataOptions) =>
  engine.connect((conn) => compareMetadata(conn, metadata, options));

/** Goes from one metadata to the other and back; nothing may differ at either end. */
async function thereAndBack(
  from: MetaData,
  to: MetaData,
  options: CompareMetadataOptions = {},
  fill: (engine: AsyncEngine) => Promise<void> = async () => {},
) {
  const { engine } = await freshDatabase({ file: true });
  await from.createAll(engine);
  await fill(engine);
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
  // As a class joined to its base has it: a key that does not count by itself.
  table("heirs", metadata, { id: column(t.integer, { primaryKey: true, foreignKey: "children.id" }) });
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
    ).toEqual(["create table children", "create table every_type", "create table heirs", "create table parents"]);
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

  test("[AG-01] constraints that nobody has named come, change and go, both ways", async () => {
    type Item = UniqueConstraint | CheckConstraint;
    type Shape = {
      readonly onDelete?: "CASCADE" | "SET NULL";
      readonly items?: readonly Item[];
      readonly key?: string[];
    };
    const uq = (...names: string[]) => new UniqueConstraint(names);
    const shapes: Readonly<Record<string, readonly [Shape, Shape]>> = {
      come: [{}, { onDelete: "CASCADE", items: [uq("a"), checkConstraint("a > 2"), checkConstraint("b > 1")] }],
      change: [{ onDelete: "CASCADE" }, { onDelete: "SET NULL" }],
      go: [{ onDelete: "CASCADE", items: [uq("a")] }, { items: [uq("a", "b")] }],
      one_of_two: [
        { items: [checkConstraint("a > 2"), checkConstraint("a <> 5")] },
        { items: [checkConstraint("a <> 5"), checkConstraint("a > 3")] },
      ],
      longer_key: [{ key: ["a"] }, { key: ["a", "b"] }],
      no_key: [{ key: [] }, { key: ["b"] }],
    };
    const made = (which: 0 | 1): MetaData => {
      const metadata = new MetaData();
      table("targets", metadata, { id: column(t.integer, { primaryKey: true }) });
      for (const [name, pair] of Object.entries(shapes)) {
        const { onDelete, items = [], key = ["a"] } = pair[which];
        const part = (of: string) =>
          column(t.integer, { primaryKey: key.includes(of), nullable: false, autoincrement: false });
        const refers =
          onDelete === undefined ? [] : [foreignKeyConstraint(["target_id"], ["targets.id"], { onDelete })];
        table(name, metadata, { a: part("a"), b: part("b"), target_id: column(t.integer) }, ...items, ...refers);
      }
      return metadata;
    };
    await thereAndBack(made(0), made(1));
  });

  test("[AG-03] a name of a convention that is too long is the same one however it was cut", async () => {
    if (databaseKind() !== "postgresql") return;
    const namingConvention = { uq: "uq_%(table_name)s_%(column_0_N_name)s", ix: "ix_%(table_name)s_%(column_0_name)s" };
    const made = (more: boolean): MetaData => {
      const metadata = new MetaData({ namingConvention });
      const things = table(`things_${"that_have_a_long_name_".repeat(2)}`, metadata, {
        code_of_the_channel: column(t.integer),
        code_of_the_country: column(t.integer),
      });
      if (!more) return metadata;
      things.addConstraint(new UniqueConstraint(["code_of_the_channel", "code_of_the_country"]));
      things.addIndex(new Index(null, ["code_of_the_channel"]));
      return metadata;
    };
    await thereAndBack(made(true), made(false), {}, async (engine) => {
      const [on] = made(true).tables.keys();
      const [unique] = await inspect(engine).getUniqueConstraints(on as string);
      expect(unique?.name).toMatch(/^uq_things_[a-z_]{45}_[0-9a-f]{4}$/);
      const other = `${unique?.name?.slice(0, 57)}_beef`;
      await engine.execute(text(`ALTER TABLE ${on} RENAME CONSTRAINT ${unique?.name} TO ${other}`));
    });
  });

  test("[AG-01] a key that others refer to changes, and so does the type of both sides", async () => {
    const made = (type: typeof t.integer | typeof t.text, unique: readonly string[]): MetaData => {
      const metadata = new MetaData();
      table(
        "parents",
        metadata,
        {
          id: column(type as typeof t.text, { primaryKey: true, autoincrement: false }),
          code: column(t.integer, { nullable: false }),
        },
        new UniqueConstraint(unique, { name: "uq_parents" }),
        new UniqueConstraint(["code"], { name: `uq_parents_code_${String(unique[0])}` }),
      );
      table("children", metadata, {
        id: column(t.integer, { primaryKey: true }),
        parent_id: column(type as typeof t.text, { foreignKey: foreignKey("parents.id", { name: "fk_parent" }) }),
        code: column(t.integer, { foreignKey: foreignKey("parents.code", { name: "fk_code" }) }),
      });
      return metadata;
    };
    await thereAndBack(made(t.integer, ["id", "code"]), made(t.text, ["code", "id"]));
  });

  test("[AG-04] with a table and its columns go the names in its constraints, indexes and the keys of others", async () => {
    const made = (people: string, id: string, name: string): MetaData => {
      const metadata = new MetaData();
      const was = (old: string) => ({ info: { renamedFrom: old } });
      table(
        people,
        metadata,
        {
          [id]: column(t.integer, { primaryKey: true, ...was("id") }),
          [name]: column(t.string(20), { nullable: false, ...was("name") }),
          size: column(t.integer),
        },
        checkConstraint(`length("${name}") > 1`, { name: "ck_name" }),
        new UniqueConstraint([name], { name: "uq_name" }),
        new Index("ix_lower", [text(`lower("${name}")`)], { where: `${id} > 0` }),
        // Goes and comes back under another definition.
        new Index("ix_size", people === "users" ? ["size"] : ["size", name]),
        was("users"),
      );
      table("posts", metadata, {
        id: column(t.integer, { primaryKey: true }),
        by: column(t.integer, { foreignKey: foreignKey(`${people}.${id}`, { name: "fk_by", onDelete: "CASCADE" }) }),
      });
      return metadata;
    };
    const { operations } = await thereAndBack(made("users", "id", "name"), made("people", "pid", "full name"));
    expect(described(operations).sort()).toEqual([
      "alter column people.id (name)",
      "alter column people.name (name)",
      "create index ix_size on people",
      "drop index ix_size on users",
      "rename table users to people",
    ]);
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
    await thereAndBack(ring, new MetaData());
    const nameless = new MetaData();
    table("cats", nameless, { id: column(t.integer, { primaryKey: true, foreignKey: "dogs.id" }) });
    table("dogs", nameless, { id: column(t.integer, { primaryKey: true, foreignKey: "cats.id" }) });
    await thereAndBack(new MetaData(), nameless);
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

  test("[AG-05] values of an enum are added, removed and put in another order, with the rows and definitions that use them", async () => {
    const moods = (values: readonly string[], initial: string, liked: string): MetaData => {
      const metadata = new MetaData();
      const mood = () => t.enum(values, { name: "mood", createConstraint: true });
      const days = table(
        "days",
        metadata,
        {
          id: column(t.integer, { primaryKey: true }),
          mood: column(mood(), { nullable: false, serverDefault: initial }),
          ...(databaseKind() === "sqlite" ? {} : { all: column(t.array(mood())) }),
        },
        checkConstraint(`mood <> '${liked}' or id < 100`, { name: "ck_liked" }),
        new Index("ix_liked", ["id"], { where: `mood = '${liked}'` }),
      );
      metadata.view("fine_days", athanor.select(days.c.id, days.c.mood).where(days.c.mood.eq("fine")));
      return metadata;
    };
    const insert = async (engine: AsyncEngine) => {
      await engine.execute(text("insert into days (id, mood) values (1, 'fine')"));
      if (databaseKind() === "postgresql") await engine.execute(text("update days set \"all\" = '{fine,fine}'"));
    };
    const from = () => moods(["sad", "fine"], "fine", "fine");
    await thereAndBack(from(), moods(["sad", "soso", "fine", "great"], "great", "great"), {}, insert);
    await thereAndBack(from(), moods(["fine", "bored"], "bored", "fine"), {}, insert);
    const { body } = await thereAndBack(from(), moods(["fine", "sad"], "fine", "fine"), {}, insert);
    if (databaseKind() === "postgresql")
      expect(body.upgrade.join("\n")).toBe('op.replaceEnum("mood", ["fine", "sad"]);');
  });

  test("[AG-05] a default goes with the value of an enum that it is, and comes back with it", async () => {
    const days = (first: string, lists: string | null): MetaData => {
      const metadata = new MetaData();
      const mood = () => t.enum([first, "fine"], { name: "mood" });
      table("days", metadata, {
        id: column(t.integer, { primaryKey: true }),
        mood: column(mood(), { serverDefault: first }),
        last: column(mood(), lists === null ? {} : { serverDefault: lists }),
        ...(databaseKind() === "sqlite" ? {} : { all: column(t.array(mood()), { serverDefault: `{${first}}` }) }),
      });
      return metadata;
    };
    await thereAndBack(days("sad", "sad"), days("blue", null));
  });

  test("a table that goes leaves the names of its indexes to one that comes, and they come back to it", async () => {
    const named = (name: string): MetaData => {
      const metadata = new MetaData();
      const id = column(t.integer);
      const code = column(t.string(9));
      const key = primaryKeyConstraint(["id"], { name: "pk_files" });
      table(
        name,
        metadata,
        { id, code },
        key,
        new Index("ix_code", ["code"]),
        new UniqueConstraint(["code"], { name: "uq_code" }),
      );
      return metadata;
    };
    const { operations } = await thereAndBack(named("files"), named("papers"));
    expect(described(operations)[0]).toBe("drop table files");
  });

  test("[AG-05] a value of an enum that a default needs at once is added outside of the transaction", async () => {
    const days = (values: readonly string[], serverDefault: string): MetaData => {
      const metadata = new MetaData();
      table("days", metadata, { mood: column(t.enum(values, { name: "mood" }), { serverDefault }) });
      return metadata;
    };
    const { body } = await thereAndBack(days(["sad"], "sad"), days(["sad", "fine"], "fine"));
    if (databaseKind() === "postgresql")
      expect(body.upgrade[0]).toBe(
        'await op.autocommitBlock(() => op.addEnumValue("mood", "fine", { after: "sad" }));',
      );
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

  test("[AG-01] [AG-06] views go and come back around a change of what they read, those that stand on others too", async () => {
    const made = (type: typeof t.integer | typeof t.bigint, extra: boolean): MetaData => {
      const metadata = new MetaData();
      const users = table("users", metadata, {
        id: column(t.integer, { primaryKey: true }),
        age: column(type as typeof t.integer),
        ...(extra ? { extra: column(t.text) } : {}),
      });
      const adults = metadata.view("z_adults", athanor.select(users.c.id, users.c.age).where(users.c.age.gt(18)));
      metadata.view("a_old", athanor.select(adults.c.id).where(adults.c.age.gt(80)));
      return metadata;
    };
    await thereAndBack(made(t.integer, true), made(t.bigint, false));
    await thereAndBack(made(t.integer, true), new MetaData());
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

  test.runIf(databaseKind() === "postgresql")("[AG-03] a sequence comes, goes and changes with its type", async () => {
    const sequences = (numbers: athanor.SQLType | null, more = false): MetaData => {
      const metadata = new MetaData();
      if (numbers !== null) new Sequence("numbers", { metadata, type: numbers, cache: 5 });
      if (more) new Sequence("few", { metadata, type: t.smallint });
      return metadata;
    };
    const { body } = await thereAndBack(sequences(t.integer), sequences(t.bigint, true));
    expect(body.upgrade).toEqual([
      'op.createSequence("few", { type: t.smallint });',
      'op.alterSequence("numbers", { type: t.bigint });',
    ]);
    expect(body.downgrade[0]).toBe('op.alterSequence("numbers", { type: t.integer });');
    const { body: gone } = await thereAndBack(sequences(t.integer), sequences(null));
    expect(gone.downgrade).toEqual(['op.createSequence("numbers", { cache: 5, type: t.integer });']);
  });

  test.runIf(databaseKind() === "postgresql")(
    "[AG-03] identities, computed columns, sequences, comments and schemas change, both ways",
    async () => {
      const made = (after: boolean): MetaData => {
        const metadata = new MetaData();
        new Sequence("numbers", { metadata, start: after ? 5 : 1, increment: after ? 10 : 1, cycle: after });
        if (after) new Sequence("later", { metadata, schema: "audit", maxValue: 99 });
        table(
          "things",
          metadata,
          {
            id: column(t.integer, {
              primaryKey: true,
              identity: identity(after ? { increment: 5, maxValue: 1000 } : { always: true, start: 10 }),
            }),
            counted: column(t.integer, { nullable: false, ...(after ? { identity: identity() } : {}) }),
            size: column(t.integer, after ? { comment: "in metres" } : {}),
            twice: column(t.integer, { computed: computed(after ? "size * 2" : "size + size", { persisted: true }) }),
            plain: column(t.integer, after ? {} : { computed: computed("size + 1", { persisted: true }) }),
            code: column(t.integer),
            worked: column(t.integer, after ? { computed: computed("size - 1", { persisted: true }) } : {}),
          },
          new UniqueConstraint(["code"], { name: "uq_code", comment: after ? "no two" : "one each" }),
          new Index("ix_size", ["size"], after ? { comment: "for the list" } : {}),
          checkConstraint("code > 0", { name: "ck_code", ...(after ? {} : { comment: "from one on" }) }),
          ...(after ? [{ comment: "what there is" }] : []),
        );
        if (after)
          table("logs", metadata, { thing_id: column(t.integer, { foreignKey: "things.id" }) }, { schema: "audit" });
        return metadata;
      };
      const { operations } = await thereAndBack(made(false), made(true), { schemas: ["audit"] }, async (engine) => {
        await engine.execute(text("insert into things (counted, size, worked) values (7, 20, 3)"));
      });
      expect(described(operations)[0]).toBe("create schema audit");
      expect(described(operations).filter((each) => each.startsWith("comment"))).toEqual([
        "comment on things.size",
        "comment on things",
        "comment on constraint things.uq_code",
        "comment on constraint things.ck_code",
        "comment on ix_size",
      ]);
    },
  );

  test.runIf(databaseKind() === "postgresql")(
    "an identity that a column gets goes on after the values that are there",
    async () => {
      const made = (own: object): MetaData => {
        const metadata = new MetaData();
        table("things", metadata, { id: column(t.integer, { primaryKey: true, ...own }) });
        return metadata;
      };
      const { engine } = await freshDatabase();
      await made({ autoincrement: false }).createAll(engine);
      await engine.execute(text("insert into things values (1), (41)"));
      await runGenerated(engine, await compare(engine, made({})), "upgrade");
      expect(await engine.execute(text("insert into things default values returning id")).scalar()).toBe(42);
    },
  );

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
