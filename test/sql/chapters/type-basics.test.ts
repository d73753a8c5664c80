import { describe, expect, expectTypeOf } from "vitest";
import {
  CreateTable,
  cast,
  column,
  insert,
  literal,
  MetaData,
  type SQLType,
  select,
  type Table,
  t,
  table,
  type ValueOf,
} from "../../../src/index.js";
import { chapter, errorOf } from "./chapter.js";

const metadata = new MetaData();
const user = table("basic_user", metadata, {
  userName: column(t.string, { name: "user_name", primaryKey: true }),
  email: column(t.string(60), { name: "email_address" }),
  bio: column(t.string(255).withVariant(t.text, "sqlite")),
  isAdmin: column(t.boolean, { name: "is_admin" }),
});
const example = chapter(metadata);

describe("types that any database has", () => {
  example("are given as they are, or called where they have parameters", ({ sql, name }) => {
    const ddl = sql(new CreateTable(user as unknown as Table));
    expect(ddl).toContain("user_name VARCHAR NOT NULL");
    expect(ddl).toContain("email_address VARCHAR(60)");
    expect(ddl).toContain(name === "sqlite" ? "bio TEXT" : "bio VARCHAR(255)");
    expectTypeOf<ValueOf<typeof user.c.bio>>().toEqualTypeOf<string | null>();
  });

  example("give the same values, whatever the database makes of them", async ({ connection, all }) => {
    await connection.execute(insert(user).values({ userName: "jack", bio: "long", isAdmin: true }));
    expect(await all(select(user.c.bio, user.c.isAdmin))).toEqual([["long", true]]);
  });

  const values: readonly (readonly [SQLType<unknown>, unknown, string, string])[] = [
    [t.bigint, 9007199254740993n, "BIGINT", "BIGINT"],
    [t.boolean, false, "BOOLEAN", "BOOLEAN"],
    [t.date, "2024-02-29", "DATE", "DATE"],
    [t.datetime, new Date("2024-02-29T12:30:00.250Z"), "DATETIME", "TIMESTAMP"],
    [t.double, 0.1, "REAL", "DOUBLE PRECISION"],
    [t.float, 0.5, "REAL", "REAL"],
    [t.enum(["one", "two"]), "two", "VARCHAR(3)", "VARCHAR(3)"],
    [t.integer, 7, "INTEGER", "INTEGER"],
    [t.interval, "P1DT2H", "VARCHAR", "INTERVAL"],
    [t.binary, Buffer.from([0, 255]), "BLOB", "BYTEA"],
    [t.numeric(10, 2), "12.50", "NUMERIC(10, 2)", "NUMERIC(10, 2)"],
    [t.smallint, 7, "SMALLINT", "SMALLINT"],
    [t.string(20), "füñ", "VARCHAR(20)", "VARCHAR(20)"],
    [t.text, "t", "TEXT", "TEXT"],
    [t.time, "12:30:00", "TIME", "TIME"],
    [t.uuid, "123e4567-e89b-12d3-a456-426614174000", "CHAR(36)", "UUID"],
    [t.json, { a: [1, null] }, "JSON", "JSON"],
  ];
  example("each of them: its name in DDL, and a value there and back", async ({ connection, engine, name, all }) => {
    const own = new MetaData();
    const columns = Object.fromEntries(values.map(([type], i) => [`c${i}`, column(type as SQLType)]));
    const every = table("basic_every", own, columns);
    await connection.runSync(own.createAll);
    await connection.execute(
      insert(every).values(Object.fromEntries(values.map(([, value], i) => [`c${i}`, value])) as never),
    );
    expect(await all(select(every))).toEqual([values.map(([, value]) => value)]);
    const names = values.map(([type]) => engine.dialect.typeCompiler.render(type as SQLType));
    expect(names).toEqual(values.map(([, , sqlite, postgresql]) => (name === "sqlite" ? sqlite : postgresql)));
  });

  example("an enum takes its values only, and may be checked by the database too", async ({ connection, sql }) => {
    const own = new MetaData();
    const checked = table("basic_enum", own, {
      mood: column(t.enum(["sad", "happy"], { native: false, createConstraint: true, name: "ck_mood" })),
    });
    expect(sql(new CreateTable(checked as unknown as Table))).toContain(
      "CONSTRAINT ck_mood CHECK (mood IN ('sad', 'happy'))",
    );
    expectTypeOf<ValueOf<typeof checked.c.mood>>().toEqualTypeOf<"sad" | "happy" | null>();
    await connection.runSync(own.createAll);
    const wrong = connection.execute(insert(checked).values({ mood: "angry" as "sad" }));
    await expect(wrong).rejects.toThrow('"angry" is not one of "sad", "happy"');
  });
});

describe("exact types", () => {
  example("say in DDL and CAST what they are told, and convert as the type that they are", async ({ values, sql }) => {
    const own = new MetaData();
    const made = table("exact", own, {
      a: column(t.string(20).spelled("NVARCHAR(20)", "sqlite")),
      b: column(t.integer.spelled("INT")),
      c: column(t.named<string>("CHARACTER(3)")),
      d: column(t.decimal(5, 1)),
      e: column(t.double.spelled("FLOAT(53)")),
      f: column(t.varchar(9)),
    });
    expect(sql(new CreateTable(made as unknown as Table))).toMatch(
      /a N?VARCHAR\(20\), b INT, c CHARACTER\(3\), d NUMERIC\(5, 1\), e FLOAT\(53\), f VARCHAR\(9\)/,
    );
    expect(await values(select(cast(literal(7), t.integer.spelled("INT"))))).toEqual([7]);
  });

  example(
    "variants put types of one database together with those of others",
    async ({ connection, all, name, sql }) => {
      const own = new MetaData();
      const type = t.array(t.integer).withVariant(t.json as SQLType<number[]>, "sqlite");
      const made = table("varied", own, {
        id: column(t.bigint.withVariant(t.integer as unknown as SQLType<bigint>, "sqlite"), { primaryKey: true }),
        numbers: column(type),
      });
      expect(sql(new CreateTable(made as unknown as Table))).toContain(
        name === "sqlite" ? "numbers JSON" : "numbers INTEGER[]",
      );
      await connection.runSync(own.createAll);
      await connection.execute(insert(made).values({ numbers: [1, 2, 3] }));
      expect(await all(select(made.c.numbers))).toEqual([[[1, 2, 3]]]);
    },
  );

  example("what a database has no type for is refused by name", ({ name, sql }) => {
    const made = table("arrays", new MetaData(), { numbers: column(t.array(t.integer)) });
    const error = errorOf(() => sql(new CreateTable(made as unknown as Table)));
    if (name === "sqlite") expect(error?.message).toContain('withVariant(t.json(), "sqlite")');
    else expect(error).toBeNull();
  });
});
