import { deserialize, serialize } from "node:v8";
import { describe, expect } from "vitest";
import {
  BinaryType,
  type Bound,
  CreateTable,
  column,
  compiles,
  defineOperators,
  type Expr,
  event,
  func,
  insert,
  MetaData,
  type NumExpr,
  SchemaColumn,
  type SQLType,
  type StrExpr,
  select,
  Table,
  TypeDecorator,
  type TypeDialect,
  t,
  table,
  typeCoerce,
  UserDefinedType,
  type WithOperators,
  sql as written,
} from "../../../src/index.js";
import { chapter } from "./chapter.js";

const example = chapter();

describe("the name of a type", () => {
  class Raw extends BinaryType {}
  compiles(Raw, "sqlite", () => "BYTES");
  compiles(Raw, (type, compiler) => `${compiler.renderBuiltin(type)} /* raw */`);

  example("is told by class and database, over the name that it had", async ({ connection, all, sql, name }) => {
    const own = new MetaData();
    const made = table("raw", own, { data: column(new Raw()) });
    expect(sql(new CreateTable(made as unknown as Table))).toContain(
      name === "sqlite" ? "data BYTES" : "data BYTEA /* raw */",
    );
    await connection.runSync(own.createAll);
    await connection.execute(insert(made).values({ data: new Uint8Array([1, 2]) }));
    expect(await all(select(made.c.data))).toEqual([[Buffer.from([1, 2])]]);
  });
});

describe("types over others", () => {
  class Coerced extends TypeDecorator<string | Uint8Array, string> {
    readonly impl = t.text;
    override processBindParam(value: string | Uint8Array): string {
      return typeof value === "string" ? value : new TextDecoder().decode(value);
    }
  }
  class Rounded extends TypeDecorator<string | number, string> {
    readonly impl: SQLType<string>;
    constructor(
      precision: number,
      readonly scale: number,
    ) {
      super();
      this.impl = t.numeric(precision, scale);
    }
    override processBindParam(value: string | number): string {
      return Number(value).toFixed(this.scale);
    }
  }
  interface Moment {
    readonly at: Date;
    readonly zone: "UTC";
  }
  class ZonedMoment extends TypeDecorator<Moment, Date> {
    readonly impl = t.datetime;
    override processBindParam(value: Moment): Date {
      if (value.zone !== "UTC") throw new TypeError("a zone is required");
      return value.at;
    }
    override processResultValue(value: Date): Moment {
      return { at: value, zone: "UTC" };
    }
  }
  class GUID extends TypeDecorator<string> {
    readonly impl: SQLType = t.char(32) as SQLType;
    override loadDialectImpl(dialect: TypeDialect): SQLType {
      return (dialect.name === "postgresql" ? t.uuid : t.char(32)) as SQLType;
    }
    override processBindParam(value: string, dialect: TypeDialect): string {
      return dialect.name === "postgresql" ? value : value.replaceAll("-", "");
    }
    override processResultValue(value: unknown): string {
      return String(value).replace(/^(\w{8})-?(\w{4})-?(\w{4})-?(\w{4})-?(\w{12})$/, "$1-$2-$3-$4-$5");
    }
  }
  class JsonText extends TypeDecorator<object, string> {
    readonly impl = t.text;
    override processBindParam(value: object): string {
      return JSON.stringify(value);
    }
    override processResultValue(value: string): object {
      return JSON.parse(value) as object;
    }
    override coerceComparedValue(operator: string): SQLType {
      return (operator === "like" || operator === "notLike" ? t.text : this) as SQLType;
    }
  }
  const metadata = new MetaData();
  const things = table("decorated", metadata, {
    id: column(new GUID(), { primaryKey: true }),
    words: column(new Coerced()),
    price: column(new Rounded(8, 2)),
    at: column(new ZonedMoment()),
    data: column(new JsonText()),
  });
  const inside = chapter(metadata);
  const id = "123e4567-e89b-12d3-a456-426614174000";

  inside("convert on the way in and out, in conditions as in rows", async ({ connection, all, values, sql, name }) => {
    expect(sql(new CreateTable(things as unknown as Table))).toContain(name === "sqlite" ? "id CHAR(32)" : "id UUID");
    await connection.execute(
      insert(things).values({
        id,
        words: new TextEncoder().encode("ünïcode"),
        price: 1.006,
        at: { at: new Date("2024-01-01T00:00:00Z"), zone: "UTC" },
        data: { foo: "bar" },
      }),
    );
    expect(await all(select(things).where(things.c.id.eq(id)))).toEqual([
      [id, "ünïcode", "1.01", { at: new Date("2024-01-01T00:00:00Z"), zone: "UTC" }, { foo: "bar" }],
    ]);
    expect(await values(select(things.c.words).where(things.c.data.eq({ foo: "bar" })))).toEqual(["ünïcode"]);
    const zoneless = insert(things).values({ id: id.replace("1", "2"), at: { at: new Date() } as Moment });
    await expect(connection.execute(zoneless)).rejects.toThrow("a zone is required");
  });

  inside("are compared as another type where an operator asks for that", async ({ connection, values }) => {
    await connection.execute(insert(things).values({ id, data: { foo: "bar" } }));
    const coerced = select(things.c.id).where(typeCoerce(things.c.data, t.string).like("%foo%"));
    expect(await values(coerced)).toEqual([id]);
    const built = things.c.data as unknown as StrExpr<string>;
    expect(await values(select(things.c.id).where(built.like("%bar%")))).toEqual([id]);
  });

  inside("two that hold other fields are two types, without a word", ({ sql }) => {
    class Tagged extends TypeDecorator<string> {
      readonly impl: SQLType = t.text as SQLType;
      constructor(readonly tag: unknown) {
        super();
      }
    }
    const key = (tag: unknown): unknown => new Tagged(tag).cacheKey;
    const check = (text: string): boolean => text !== "";
    expect(key("a")).toBe(key("a"));
    expect(key({ deep: [1n, t.string(5)] })).toBe(key({ deep: [1n, t.string(5)] }));
    expect(key(check)).toBe(key(check));
    const tags = [
      "a",
      "b",
      null,
      1,
      1n,
      check,
      () => true,
      new Map([[1, 2]]),
      new Map([[1, 3]]),
      [t.string(5)],
      [t.text],
    ];
    expect(new Set(tags.map(key)).size).toBe(tags.length);
    expect(String(new Tagged("secret"))).toBe("Tagged(text)");
    expect(sql(select(typeCoerce(things.c.data, new Tagged("a"))))).toContain("data");
  });
});

describe("conversion in SQL", () => {
  class Sealed extends TypeDecorator<string, string> {
    readonly impl = t.text;
    constructor(readonly passphrase: string) {
      super();
    }
    override wrapBind(sql: string, dialect: TypeDialect, bound: Bound): string {
      if (dialect.name === "sqlite") return `(${bound(this.passphrase)} || ':' || ${sql})`;
      return `(CAST(${bound(this.passphrase)} AS text) || ':' || CAST(${sql} AS text))`;
    }
    override wrapColumn(sql: string, _dialect: TypeDialect, bound: Bound): string {
      return `replace(${sql}, ${bound(this.passphrase)}, '')`;
    }
  }
  class Twice extends TypeDecorator<string> {
    readonly impl: SQLType = new Sealed("inner") as SQLType;
  }
  const metadata = new MetaData();
  const message = table("message", metadata, {
    username: column(t.string(50)),
    message: column(new Sealed("it's a secret")),
    other: column(new Twice()),
  });
  const inside = chapter(metadata);

  inside("goes around values and outermost columns, its own values are parameters", async (place) => {
    const { connection, all, sql, values, name } = place;
    const mark = name === "sqlite" ? "?" : "\\$\\d";
    expect(sql(insert(message).values({ username: "x", message: "y" }))).toMatch(
      name === "sqlite" ? /VALUES \(\?, \(\? \|\| ':' \|\| \?\)\)$/ : /VALUES \(\$1, \(CAST\(\$2 AS text\)/,
    );
    expect(sql(select(message.c.message))).toMatch(
      new RegExp(`^SELECT replace\\(message.message, ${mark.replace("?", "\\?")}, ''\\) AS message`),
    );
    await connection.execute(insert(message), [
      { username: "some user", message: "first", other: "o" },
      { username: "another", message: "second", other: null },
    ]);
    expect(await all(select(message).orderBy(message.c.message))).toEqual([
      ["some user", ":first", ":o"],
      ["another", ":second", null],
    ]);
    expect(await values(select(message.c.username).where(message.c.message.eq("second")))).toEqual(["another"]);
    const inner = select(message.c.message.label("m")).subquery("s");
    expect(sql(select(inner.c.m))).toMatch(/^SELECT replace\(s.m, .+\) AS m FROM \(SELECT message.message AS m FROM/);
    expect(await values(select(inner.c.m).orderBy(inner.c.m))).toEqual([":first", ":second"]);
    const returned = await all(
      insert(message).values({ username: "r", message: "third" }).returning(message.c.message),
    );
    expect(returned).toEqual([[":third"]]);
  });

  inside("literals are wrapped alike", async ({ connection, engine }) => {
    await connection.execute(insert(message).values({ username: "u", message: "x'y" }));
    const stmt = select(message.c.username).where(message.c.message.eq("x'y"));
    const written = await connection.execDriverSql(stmt.compile(engine, { literalBinds: true }).text);
    expect(written.all().map((row) => [...(row as unknown as string[])])).toEqual([["u"]]);
  });
});

describe("operators of a type", () => {
  interface MyOperators {
    add(other: number): Expr<MyNumber>;
    log(other: number): NumExpr<number>;
    isFrobnozzled(other: number): Expr<boolean>;
    factorial(): Expr<MyNumber>;
  }
  type MyNumber = WithOperators<number, MyOperators>;
  class MyInt extends UserDefinedType<MyNumber> {
    getColSpec(): string {
      return "INTEGER";
    }
  }
  defineOperators(MyInt, {
    add: (self, other) => self.op("goofy", { returnType: new MyInt() })(other) as never,
    log: (self, other) => func.log(self as never, other) as never,
    isFrobnozzled: (self, other) => self.op("--is_frobnozzled->", { returnType: t.boolean })(other) as never,
    factorial: (self) => written`${self} !`.returns(new MyInt()) as never,
  });
  const data = table("operators_of_types", new MetaData(), { data: column(new MyInt(), { nullable: false }) });

  example("take the place of others, are new ones, compare, and stand behind what they are about", ({ sql }) => {
    expect(sql(select(data.c.data.add(5)))).toMatch(/SELECT operators_of_types.data goofy (\?|\$1)/);
    expect(sql(select(data.c.data.log(5)))).toMatch(/SELECT log\(operators_of_types.data, (\?|\$1)/);
    expect(sql(select(data).where(data.c.data.isFrobnozzled(5)))).toContain("--is_frobnozzled->");
    expect(sql(select(data.c.data.factorial().as("f")))).toBe(
      "SELECT operators_of_types.data ! AS f FROM operators_of_types",
    );
  });
});

describe("new types", () => {
  class Precise extends UserDefinedType<string> {
    constructor(readonly precision = 8) {
      super();
    }
    getColSpec(): string {
      return `VARCHAR(${this.precision})`;
    }
    override bindProcessor() {
      return (value: string) => value.toUpperCase();
    }
    override resultProcessor() {
      return (value: string) => `<${value}>`;
    }
  }

  example("say their name and how values are sent and read", async ({ connection, all, sql }) => {
    const own = new MetaData();
    const foo = table("precise", own, { id: column(t.integer, { primaryKey: true }), data: column(new Precise(16)) });
    expect(sql(new CreateTable(foo as unknown as Table))).toContain("data VARCHAR(16)");
    await connection.runSync(own.createAll);
    await connection.execute(insert(foo).values({ data: "abc" }));
    expect(await all(select(foo.c.data).where(foo.c.data.eq("abc")))).toEqual([["<ABC>"]]);
  });
});

describe("custom types and reflection", () => {
  class Pickle extends TypeDecorator<unknown, Uint8Array> {
    readonly impl = t.binary;
    override processBindParam(value: unknown): Uint8Array {
      return serialize(value);
    }
    override processResultValue(value: Uint8Array): unknown {
      return deserialize(value);
    }
  }

  example("what is reflected is the database's type, until a column or a handler says more", async (place) => {
    const { connection, all } = place;
    const own = new MetaData();
    const made = table("pickled", own, { id: column(t.integer), data: column(new Pickle()) });
    await connection.runSync(own.createAll);
    await connection.execute(insert(made).values({ id: 1, data: new Map([["a", 1n]]) }));
    const reflected = (metadata: MetaData, columns: readonly SchemaColumn[] = []) =>
      connection.runSync(
        (sync) => new Table("pickled", metadata, columns as never, { autoloadWith: sync, extendExisting: true }),
      );
    expect((await reflected(new MetaData())).column("data").type).toBeInstanceOf(BinaryType);
    const overridden = await reflected(new MetaData(), [new SchemaColumn("data", new Pickle()) as never]);
    expect(await all(select(overridden.column("data")))).toEqual([[new Map([["a", 1n]])]]);

    const ruled = new MetaData();
    event.listen(ruled, "columnReflect", (each) =>
      each.type.family === "binary" ? { ...each, type: new Pickle() as SQLType } : undefined,
    );
    expect((await reflected(ruled)).column("data").type).toBeInstanceOf(Pickle);
  });
});
