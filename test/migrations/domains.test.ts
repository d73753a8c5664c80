/** Domains of PostgreSQL: made, changed, dropped, and found by a comparison. */
import { describe, expect, test } from "vitest";
import {
  type AsyncEngine,
  column,
  DomainType,
  Index,
  inspect,
  MetaData,
  Sequence,
  select,
  t,
  table,
  text,
} from "../../src/index.js";
import {
  compareMetadata,
  historyOf,
  migrate,
  migrationScript,
  postgresqlObjects,
  type RevisionModule,
} from "../../src/migrations/index.js";
import { databaseKind, freshDatabase } from "../support/database.js";
import { described, runGenerated } from "../support/generated-operations.js";

const pg = databaseKind() === "postgresql";
type Rules = ConstructorParameters<typeof DomainType>[2];
type Options = Parameters<typeof compareMetadata>[2];

const key = () => column(t.integer, { primaryKey: true, autoincrement: false });
const rating = (rules: Rules, base = t.integer as never) => new DomainType<number>("rating", base, rules);

/** Films with a rating, or with many. */
function films(type: DomainType<number> | null, how: "one" | "lists" = "one"): MetaData {
  const metadata = new MetaData();
  table("films", metadata, {
    id: key(),
    ...(type === null ? {} : { stars: column(type) }),
    ...(type === null || how === "one" ? {} : { all: column(t.array(type)) }),
  });
  return metadata;
}

async function run(engine: AsyncEngine, ...statements: readonly string[]): Promise<void> {
  for (const each of statements) await engine.execute(text(each));
}

const compare = (engine: AsyncEngine, metadata: MetaData, options?: Options) =>
  engine.connect((conn) => compareMetadata(conn, metadata, options));

/** All that the catalogue says of the domains. */
const domains = async (engine: AsyncEngine) =>
  (await inspect(engine).getDomains({ schema: "*" })).map(({ type: _type, ...each }) => each);

/**
 * Goes from one metadata to the other and back: nothing differs at either end, and the domains are as before.
 *
 * @returns what is written for the way there
 */
async function thereAndBack(from: MetaData, to: MetaData, fill: readonly string[] = [], options?: Options) {
  const { engine } = await freshDatabase();
  await run(engine, "create schema other");
  await from.createAll(engine);
  await run(engine, ...fill);
  expect(described(await compare(engine, from, options))).toEqual([]);
  const before = await domains(engine);
  const operations = await compare(engine, to, options);
  const { upgrade } = await runGenerated(engine, operations, "upgrade");
  expect(described(await compare(engine, to, options))).toEqual([]);
  await runGenerated(engine, operations, "downgrade");
  expect(described(await compare(engine, from, options))).toEqual([]);
  expect(await domains(engine)).toEqual(before);
  return upgrade;
}

describe.runIf(pg)("domains", () => {
  test("[AG-05] a new one comes before the table that has it, and goes after it", async () => {
    const made = rating({ notNull: true, default: "3", check: { rating_check: "VALUE between 1 and 5" } });
    const upgrade = await thereAndBack(new MetaData(), films(made, "lists"));
    expect(upgrade[0]).toBe(
      'op.createDomain("rating", t.integer, { notNull: true, default: "3", check: { rating_check: "VALUE between 1 and 5" } });',
    );
    const back = await thereAndBack(films(made, "lists"), films(null));
    expect(back.at(-1)).toBe('op.dropDomain("rating");');
  });

  test("[AG-05] a changed check, default or NOT NULL is an ALTER DOMAIN, and what is written otherwise only is none", async () => {
    const from = rating({ check: { low: "VALUE > 0", high: "VALUE < 10" } });
    const fill = ["insert into films values (1, 3)"];
    expect(
      await thereAndBack(films(from), films(rating({ check: { low: "VALUE >= 1", high: "(VALUE < 10)" } })), fill),
    ).toEqual([
      'op.dropDomainConstraint("low", "rating");',
      'op.createDomainConstraint("low", "rating", "VALUE >= 1");',
    ]);
    expect(await thereAndBack(films(from), films(rating({ check: { small: "VALUE > 0" } })))).toEqual([
      'op.dropDomainConstraint("high", "rating");',
      'op.dropDomainConstraint("low", "rating");',
      'op.createDomainConstraint("small", "rating", "VALUE > 0");',
    ]);
    const ruled = rating({ check: { low: "VALUE > 0", high: "VALUE < 10" }, notNull: true, default: "1 + 2" });
    expect(await thereAndBack(films(from), films(ruled), fill)).toEqual([
      'op.alterDomain("rating", { default: "(1 + 2)", notNull: true });',
    ]);
    const other = rating({ check: { low: "VALUE > 0", high: "VALUE < 10" }, notNull: true, default: "4" });
    expect(await thereAndBack(films(ruled), films(other))).toEqual(['op.alterDomain("rating", { default: "4" });']);
    expect(await thereAndBack(films(from), films(rating({})))).toHaveLength(2);
  });

  test("[AG-05] a check without a name is the one that the database has, whatever that calls it", async () => {
    const { engine } = await freshDatabase();
    await run(engine, "create domain rating as integer constraint stars check (value > 0)");
    await run(engine, "create table films (id integer primary key, stars rating)");
    expect(await compare(engine, films(rating({ check: "VALUE > 0" })))).toEqual([]);
    expect(described(await compare(engine, films(rating({ check: "VALUE > 1" }))))).toEqual([
      "drop constraint stars on domain rating",
      "create constraint rating_check on domain rating",
    ]);
    expect(described(await compare(engine, films(rating({ check: { low: "VALUE > 0" } }))))).toEqual([
      "drop constraint stars on domain rating",
      "create constraint low on domain rating",
    ]);
  });

  test("[AG-05] a rule of a domain that is in lists is a domain made anew: PostgreSQL refuses to look through them", async () => {
    const fill = ["insert into films values (1, 3, '{3,4}')"];
    const [from, to] = [rating({ check: { low: "VALUE > 0" } }), rating({ check: { low: "VALUE > 1" }, default: "2" })];
    expect(await thereAndBack(films(from, "lists"), films(to, "lists"), fill)).toEqual([
      'op.replaceDomain("rating", t.integer, { default: "2", check: { low: "VALUE > 1" } });',
    ]);
    await thereAndBack(films(from, "lists"), films(to), fill);
    await thereAndBack(films(from), films(to, "lists"), ["insert into films values (1, 3)"]);
    const ruled = rating({ check: { low: "VALUE > 0" }, default: "2" });
    expect(await thereAndBack(films(from, "lists"), films(ruled, "lists"), fill)).toEqual([
      'op.alterDomain("rating", { default: "2" });',
    ]);
  });

  test("[AG-05] another type below takes the place of the old one in columns, lists, defaults, keys, indexes, checks, views and domains over it", async () => {
    const made = (base: unknown, rules: Rules): MetaData => {
      const metadata = new MetaData();
      const type = new DomainType<number>("rating", base as never, rules);
      const best = new DomainType<number>("best rating", type, { check: { best: "VALUE > 2" }, default: "4" });
      const all = new DomainType<number[]>("ratings", t.array(type), { notNull: true });
      const kinds = table("kinds", metadata, { stars: column(type, { primaryKey: true, autoincrement: false }) });
      table(
        "films",
        metadata,
        {
          id: key(),
          stars: column(type, { serverDefault: text("3"), foreignKey: "kinds.stars" }),
          all: column(t.array(type)),
          best: column(best),
          lists: column(all),
        },
        new Index("ix_films_stars", ["stars"], { where: "stars > 2" }),
        new Index("ix_films_more", [text("(stars + 1)") as never]),
      );
      metadata.view("good", select(kinds.c.stars).where(kinds.c.stars.gt(2)));
      return metadata;
    };
    const upgrade = await thereAndBack(
      made(t.integer, { check: { low: "VALUE > 0" } }),
      made(t.numeric(3, 1), { check: { low: "VALUE > 0.5" }, default: "1.5" }),
      ["insert into kinds values (3)", "insert into films values (1, 3, '{1,2}', 5, '{3}')"],
    );
    expect(upgrade).toContain(
      'op.replaceDomain("rating", t.numeric(3, 1), { default: "1.5", check: { low: "VALUE > 0.5" } });',
    );
    // A collation, or a length, is of the type below as well.
    const word = (length: number, rules: Rules) => {
      const metadata = new MetaData();
      table("words", metadata, { id: key(), word: column(new DomainType("word", t.string(length), rules)) });
      return metadata;
    };
    expect(
      await thereAndBack(word(20, {}), word(30, { collation: "C" }), ["insert into words values (1, 'a')"]),
    ).toEqual(['op.replaceDomain("word", t.string(30), { collation: "C" });']);
  });

  test("[AG-05] domains over domains, enums and lists come in the order in which they stand on each other, and go in reverse", async () => {
    const metadata = new MetaData();
    const mood = t.enum(["sad", "fine"], { name: "mood" });
    const good = new DomainType("a_good", mood, { check: { good: "VALUE <> 'sad'" } });
    const best = new DomainType("a_best", good, { default: "'fine'" });
    const many = new DomainType("a_many", t.array(good), { check: { some: "cardinality(VALUE) > 0" } });
    table("days", metadata, { id: key(), best: column(best), many: column(many), lists: column(t.array(many)) });
    const upgrade = await thereAndBack(new MetaData(), metadata);
    expect(upgrade.slice(0, 4).map((each) => each.slice(0, each.indexOf(",")))).toEqual([
      'op.createEnum("mood"',
      'op.createDomain("a_good"',
      'op.createDomain("a_best"',
      'op.createDomain("a_many"',
    ]);
    const { engine } = await freshDatabase();
    await metadata.createAll(engine);
    const found = new MetaData();
    await found.reflect(engine);
    expect(described(await compare(engine, found))).toEqual([]);
    expect(described(await compare(engine, new MetaData()))).toEqual([
      "drop table days",
      "drop domain a_many",
      "drop domain a_best",
      "drop domain a_good",
      "drop enum mood",
    ]);
  });

  test("[AG-05] an enum below a domain gets its values, and its place is taken, with the domain and its rows", async () => {
    const days = (...values: string[]) => {
      const metadata = new MetaData();
      const mood = t.enum(values, { name: "mood" });
      const good = new DomainType("good", mood, { check: { good: "VALUE <> 'sad'" }, default: "'fine'" });
      table("days", metadata, { id: key(), mood: column(good) });
      return metadata;
    };
    const fill = ["insert into days values (1, 'fine')"];
    await thereAndBack(days("sad", "fine"), days("sad", "soso", "fine"), fill);
    await thereAndBack(days("sad", "fine"), days("fine", "sad"), fill);
  });

  test("[AG-05] a domain over one that gets another type below has its own rules for it, before and after", async () => {
    const made = (base: unknown, low: string, best: Rules, lists: boolean) => {
      const metadata = new MetaData();
      const type = new DomainType("rating", base as never, { check: { low } });
      const over = new DomainType("best", type, best);
      table("films", metadata, {
        id: key(),
        stars: column(type),
        best: column(over),
        ...(lists ? { all: column(t.array(over)) } : {}),
      });
      return metadata;
    };
    const numbers = (lists: boolean) =>
      made(t.integer, "VALUE > 0", { check: { best: "VALUE % 2 = 0" }, default: "4", notNull: true }, lists);
    const texts = (lists: boolean) =>
      made(t.text, "VALUE <> ''", { check: { best: "VALUE like '4%'" }, default: "'4 stars'" }, lists);
    const one = await thereAndBack(numbers(false), texts(false), ["insert into films values (1, 3, 4)"]);
    expect(one).toEqual([
      'op.replaceDomain("best", new DomainType("rating", t.integer, { check: { low: "VALUE > 0" } }), { default: null });',
      `op.replaceDomain("rating", t.text, { check: { low: "VALUE <> ''" } });`,
      'op.alterDomain("best", { default: "\'4 stars\'::text" });',
      'op.createDomainConstraint("best", "best", "VALUE like \'4%\'");',
    ]);
    await thereAndBack(numbers(true), texts(true), ["insert into films values (1, 3, 4, '{4,4}')"]);
    await thereAndBack(texts(true), numbers(true), ["insert into films values (1, '3', '4', '{4,4}')"]);
    const gone = new MetaData();
    table("films", gone, { id: key(), stars: column(new DomainType("rating", t.text, {})) });
    const ruled = made(t.integer, "VALUE > 0", { check: { best: "VALUE % 2 = 0" }, default: "4" }, false);
    await thereAndBack(ruled, gone, ["insert into films values (1, 3, 4)"]);
  });

  test("[AG-05] a domain loses the value of its enum that its check and its default were", async () => {
    const days = (values: readonly string[], bad: string) => {
      const metadata = new MetaData();
      const mood = t.enum(values, { name: "mood" });
      const rules = { check: { known: `VALUE <> '${bad}'` }, default: `'${values[1]}'` };
      table("days", metadata, { id: key(), mood: column(new DomainType("some_mood", mood, rules)) });
      return metadata;
    };
    const fill = ["insert into days values (1, 'fine')"];
    await thereAndBack(days(["sad", "fine"], "sad"), days(["fine", "good", "bad"], "bad"), fill);
    await thereAndBack(days(["sad", "blue", "fine"], "sad"), days(["fine", "good"], "good"), fill);
  });

  test("[AG-05] a domain over another has its default, or none where it says so, whatever the other has by then", async () => {
    const made = (below: Rules, above: Rules) => {
      const metadata = new MetaData();
      const type = rating(below);
      table("films", metadata, { id: key(), stars: column(type), best: column(new DomainType("best", type, above)) });
      return metadata;
    };
    await thereAndBack(made({ default: "1" }, {}), made({ default: "2" }, { default: null }));
    await thereAndBack(made({ default: "1" }, { default: null }), made({}, {}));
    await thereAndBack(films(rating({ default: "1" })), made({}, {}));
    await thereAndBack(made({}, {}), films(rating({ default: "1" })));
    const { engine } = await freshDatabase();
    await made({ default: "1" }, { default: null }).createAll(engine);
    const found = new MetaData();
    await found.reflect(engine);
    const { engine: other } = await freshDatabase();
    await found.createAll(other);
    expect(await domains(other)).toMatchObject([{ name: "best", default: null }, { default: "1" }]);
  });

  test("[AG-05] a check may call a function, which is made before; a domain may be of another schema, and have any name", async () => {
    const metadata = new MetaData();
    const odd = new DomainType("Odd name", t.integer, {
      schema: "other",
      check: { "is odd": "is_odd(VALUE)" },
      default: "nextval('odds')",
    });
    new Sequence("odds", { increment: 2, metadata });
    table("numbers", metadata, { id: key(), odd: column(odd), all: column(t.array(odd)) });
    const plugins = [
      postgresqlObjects([
        {
          kind: "function",
          name: "is_odd",
          args: "n integer",
          returns: "boolean",
          language: "sql",
          options: "immutable",
          body: "select n % 2 = 1",
          beforeTables: true,
        },
      ]),
    ];
    const { engine } = await freshDatabase();
    await run(engine, "create schema other");
    const options = { plugins, schemas: ["other"] };
    const operations = await compare(engine, metadata, options);
    expect(described(operations)).toEqual([
      "create function is_odd(n integer)",
      "create sequence odds",
      "create domain other.Odd name",
      "create table numbers",
    ]);
    const { upgrade } = await runGenerated(engine, operations, "upgrade");
    expect(upgrade[2]).toContain('op.createDomain("Odd name", t.integer, {');
    expect(described(await compare(engine, metadata, options))).toEqual([]);
    await runGenerated(engine, operations, "downgrade");
    expect(await domains(engine)).toEqual([]);
  });

  test("[AG-05] the column of a domain that comes to forbid NULL says itself what it said before", async () => {
    const made = (notNull: boolean, nullable: boolean) => {
      const metadata = new MetaData();
      table("films", metadata, { id: key(), stars: column(rating({ notNull }), { nullable }) });
      return metadata;
    };
    expect(await thereAndBack(made(false, true), made(true, true))).toEqual([
      'op.alterDomain("rating", { notNull: true });',
    ]);
    expect(await thereAndBack(made(true, false), made(false, true))).toEqual([
      'op.alterDomain("rating", { notNull: false });',
      'op.alterColumn("films", "stars", { nullable: true }, { existing: { nullable: false } });',
    ]);
    // What the domain forbids, the column need not.
    expect(await thereAndBack(made(true, false), made(true, true))).toEqual([]);
  });

  test("[AG-05] a column goes from the type below to a domain, and back", async () => {
    const metadata = new MetaData();
    table("films", metadata, { id: key(), stars: column(t.integer), all: column(t.array(t.integer)) });
    const upgrade = await thereAndBack(metadata, films(rating({ check: { low: "VALUE > 0" } }), "lists"), [
      "insert into films values (1, 3, '{3,4}')",
    ]);
    expect(upgrade).toHaveLength(3);
  });

  test("[AG-05] one that nobody's column has, or that an extension has brought, is left alone; a filter is asked of the others", async () => {
    const { engine } = await freshDatabase();
    await run(engine, "create domain unused as integer", "create domain rating as integer");
    await run(engine, "create table films (id integer primary key, stars rating)");
    expect(described(await compare(engine, new MetaData()))).toEqual(["drop table films", "drop domain rating"]);
    const asked: unknown[] = [];
    const include = ({ kind, name, reflected }: { kind: string; name: string; reflected: boolean }) => {
      if (kind === "domain") asked.push([name, reflected]);
      return kind !== "domain";
    };
    expect(described(await compare(engine, films(rating({ notNull: true })), { include }))).toEqual([]);
    expect(asked).toEqual([["rating", false]]);
  });

  test("[AG-05] are written as a script too, and dropped by name where they are there", async () => {
    const revision: RevisionModule = {
      revision: "a1",
      downRevision: null,
      upgrade(op) {
        op.createDomain("rating", t.integer, { check: { low: "VALUE > 0" } });
        op.alterDomain("rating", { notNull: true, default: "1" });
        op.createDomainConstraint("high", "rating", "VALUE < 10", { notValid: true });
        op.validateDomainConstraint("high", "rating");
        op.createDomainConstraint(null, "rating", "VALUE <> 7");
        op.dropDomainConstraint("gone", "rating", { ifExists: true });
        op.replaceDomain("rating", t.bigint);
        op.dropDomain("rating", { schema: "other", ifExists: true, cascade: true });
      },
      downgrade() {},
    };
    const { engine } = await freshDatabase();
    const script = await migrationScript(await historyOf({ revisions: [revision] }), engine.dialect, "upgrade", "head");
    const lines = script.split("\n");
    expect(lines.filter((each) => /DOMAIN/.test(each) && !/format/.test(each))).toEqual([
      "DO $create$ BEGIN IF to_regtype(quote_ident(current_schema()) || '.rating') IS NULL THEN CREATE DOMAIN rating AS INTEGER CONSTRAINT low CHECK (VALUE > 0); END IF; END $create$;",
      "ALTER DOMAIN rating SET DEFAULT 1;",
      "ALTER DOMAIN rating SET NOT NULL;",
      "ALTER DOMAIN rating ADD CONSTRAINT high CHECK (VALUE < 10) NOT VALID;",
      "ALTER DOMAIN rating VALIDATE CONSTRAINT high;",
      "ALTER DOMAIN rating ADD CHECK (VALUE <> 7);",
      "ALTER DOMAIN rating DROP CONSTRAINT IF EXISTS gone;",
      "DROP DOMAIN IF EXISTS other.rating CASCADE;",
    ]);
    await run(engine, "create schema other");
    await migrate(engine, { revisions: [revision] });
    expect(await domains(engine)).toMatchObject([
      { name: "rating", typeName: "bigint", nullable: true, constraints: [] },
    ]);
  });
});

test.runIf(!pg)("domains are refused by a database that has none, with the way out", async () => {
  const { engine } = await freshDatabase({ file: true });
  const tried = (upgrade: RevisionModule["upgrade"]) =>
    migrate(engine, { revisions: [{ revision: "a1", downRevision: null, upgrade, downgrade() {} }] });
  await expect(tried((op) => op.createDomain("rating", t.integer))).rejects.toThrow(
    "sqlite has no domains. Give the domain rating another type there with withVariant().",
  );
  await expect(tried((op) => op.alterDomain("rating", { notNull: true }))).rejects.toThrow(
    "There are no domains: a column has its type and its checks here.",
  );
  await expect(tried((op) => op.replaceDomain("rating", t.integer))).rejects.toThrow(
    "There are no domains: change the columns in op.batchAlterTable(...).",
  );
  await expect(tried((op) => op.dropDomain("rating"))).rejects.toThrow("There are no named types.");
});
