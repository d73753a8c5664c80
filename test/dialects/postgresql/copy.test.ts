/** COPY: rows go in from any iterable and come out as bytes, on a server and on PGlite. */
import { Readable } from "node:stream";
import { pipeline } from "node:stream/promises";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import {
  type AsyncEngine,
  asyncSessionmaker,
  Column,
  column,
  computed,
  create,
  createAsyncEngine,
  event,
  func,
  MetaData,
  PrimaryKey,
  registry,
  select,
  t,
  table,
  text,
  withLoaderCriteria,
} from "../../../src/index.js";
import { type LeasedPglite, leasePglite } from "../../support/pglite-databases.js";
import { recordStatements } from "../../support/statements.js";
import { inTime } from "./faults/support.js";
import { rejection, scratchDatabase } from "./support.js";

const db = scratchDatabase();
const reg = registry();
let made = 0;
let embedded: LeasedPglite;

beforeAll(async () => {
  embedded = await leasePglite();
}, 60_000);
afterAll(() => embedded.release());

@reg.Entity("copied_things")
class Thing {
  @PrimaryKey() id!: number;
  @Column(t.text, { name: "full name", nullable: true }) name!: string | null;
  @Column(t.numeric(12, 2), { nullable: true }) price!: string | null;
  @Column(t.json, { nullable: true }) data!: { readonly [key: string]: unknown } | null;
  @Column(t.binary, { nullable: true }) raw!: Uint8Array | null;
  @Column(t.array(t.text), { nullable: true }) tags!: string[] | null;
  @Column(t.datetime, { nullable: true }) at!: Date | null;
  @Column(t.boolean, { default: true }) open!: boolean;
  @Column(t.text, { default: () => `m${++made}` }) code!: string;
  @Column(t.integer, { nullable: true, computed: computed("length(code)", { persisted: true }) }) size!: number | null;
}

@reg.Entity("copied_animals", { polymorphicOn: "kind", polymorphicIdentity: "animal" })
class Animal {
  @PrimaryKey() id!: number;
  @Column(t.string(20)) kind!: string;
  @Column(t.string(20)) name!: string;
}

@reg.Entity({ polymorphicIdentity: "cat" })
class Cat extends Animal {}

@reg.Entity("copied_dogs", { polymorphicIdentity: "dog" })
class Dog extends Animal {
  @Column(t.integer) bones!: number;
}

const plain = table("copied_plain", new MetaData(), {
  id: column(t.integer, { primaryKey: true, autoincrement: false }),
  word: column(t.text, { nullable: true }),
});

/** Text with everything that the formats treat in a way of their own. */
const NASTY = ["", "\\N", "\\.", "a\tb\\c\nd\re", "\"quoted\", 'too'", "NULL", "ä\u{1F600}", " x ", "\\", "\\\\n"];

const engines: [string, () => AsyncEngine][] = [
  ["a server", () => db.engine()],
  [
    "a server, with sockets in a thread",
    () => db.engine({ dialectOptions: { postgresql: { syncTransport: "worker" } } }),
  ],
  ["PGlite", () => createAsyncEngine(embedded.url, embedded.engine)],
];

async function ready(make: () => AsyncEngine): Promise<AsyncEngine> {
  const engine = make();
  await reg.metadata.dropAll(engine);
  await reg.metadata.createAll(engine);
  await plain.metadata.dropAll(engine);
  await plain.metadata.createAll(engine);
  return engine;
}

async function* words(count: number, first = 1) {
  for (let id = first; id < first + count; id++) yield { id, word: `word ${id} ${"x".repeat(100)}` };
}

async function bytesOf(stream: AsyncIterable<Uint8Array>): Promise<Buffer> {
  const chunks: Uint8Array[] = [];
  for await (const chunk of stream) chunks.push(chunk);
  return Buffer.concat(chunks);
}

describe.each(engines)("on %s", (_, make) => {
  test("[PG-17] rows of a class go in from an async iterable, with its types and defaults, and come out as they were", async () => {
    await using engine = await ready(make);
    const rows = NASTY.map((name, i) => ({
      id: i + 1,
      name,
      price: i % 2 === 0 ? null : "12.50",
      data: { name, deep: [1, null] },
      raw: Buffer.from([0, 92, 10, i]),
      tags: i % 2 === 0 ? [name, "b"] : null,
      at: new Date(Date.UTC(2024, 1, i + 1, 3, 4, 5, 6)),
    }));
    async function* slowly() {
      for (const row of rows) {
        await Promise.resolve();
        yield row;
      }
    }
    expect(await engine.copyFrom(Thing, slowly())).toBe(rows.length);
    const Session = asyncSessionmaker(engine);
    await using session = Session();
    const things = await session.scalars(select(Thing).orderBy((x) => x.id)).all();
    expect(
      things.map(({ id, name, price, data, raw, tags, at }) => ({
        id,
        name,
        price,
        data,
        raw: Buffer.from(raw!),
        tags,
        at,
      })),
    ).toEqual(rows);
    expect(new Set(things.map((each) => each.code)).size).toBe(rows.length);
    expect(things[0]).toMatchObject({ open: true, size: things[0]!.code.length });
  });

  test.each(["text", "csv"] as const)(
    "[PG-17] what is read as %s is written again the same, however its bytes are cut",
    async (format) => {
      await using engine = await ready(make);
      await engine.copyFrom(
        plain,
        [...NASTY, null].map((word, id) => ({ id, word })),
      );
      const options = { format, header: true } as const;
      const bytes = await bytesOf(engine.copyTo(select(plain).orderBy(plain.c.id), options));
      expect(bytes.toString().split("\n", 1)[0]).toBe(format === "csv" ? "id,word" : "id\tword");
      await engine.execute(text("TRUNCATE copied_plain"));
      await engine.copyFrom(
        plain,
        Array.from(bytes, (byte) => Uint8Array.of(byte)),
        options,
      );
      expect(await bytesOf(engine.copyTo(select(plain).orderBy(plain.c.id), options))).toEqual(bytes);
      expect(await engine.execute(select(plain.c.word).orderBy(plain.c.id)).scalars().all()).toEqual([...NASTY, null]);
    },
  );

  test("[PG-17] parts are written while the rows are made, which may come over the same connection; all or nothing is there at the end", async () => {
    await using engine = await ready(make);
    await engine.copyFrom(plain, words(12_000));
    await engine.connect(async (conn) => {
      using recorded = recordStatements(engine);
      async function* doubled() {
        for await (const [id, word] of await conn.stream(select(plain.c.id, plain.c.word).orderBy(plain.c.id)))
          yield { id: id + 12_000, word };
      }
      expect(await conn.copyFrom(plain, doubled())).toBe(12_000);
      expect(
        recorded.statements.filter((each) => each.text.startsWith("COPY copied_plain (id, word) FROM STDIN")).length,
      ).toBeGreaterThan(1);
      expect(await conn.scalar(select(func.count()).selectFrom(plain))).toBe(24_000);
    });
    expect(await engine.scalar(select(func.count()).selectFrom(plain))).toBe(12_000);
    const failing = engine.copyFrom(plain, words(12_000, 10_000));
    expect((await rejection(failing)).message).toMatch(/duplicate key.*\n.*\n\(in line 1 of what was copied\)/);
    async function* breaking() {
      yield* words(10_000, 15_000);
      throw new Error("the source is empty");
    }
    expect((await rejection(engine.copyFrom(plain, breaking()))).message).toBe("the source is empty");
    expect(await engine.scalar(select(func.count()).selectFrom(plain))).toBe(12_000);
  });

  test("[PG-17] an error of the server names the line of the whole, and what the server makes of it", async () => {
    await using engine = await ready(make);
    async function* csv() {
      yield "id,word\n";
      for (let id = 1; id <= 12_000; id++) yield `${id},"${"x".repeat(100)}"\n`;
      yield "12001,fine\nnot a number,x\n";
    }
    const error = await rejection(engine.copyFrom(plain, csv(), { format: "csv", header: true }));
    expect(error).toMatchObject({ name: "DataError", code: "22P02" });
    expect(error.message).toContain(`(in line ${1 + 12_000 + 2} of what was copied, column id)`);
    expect(await engine.scalar(select(func.count()).selectFrom(plain))).toBe(0);
    const wrong = engine.copyFrom(plain, ["idd,word\n1,a\n"], { format: "csv", header: "match" });
    expect((await rejection(wrong)).message).toContain("column name mismatch");
    expect(
      await engine.copyFrom(plain, ["x;1\n'a''b\n';2\n"], {
        format: "csv",
        delimiter: ";",
        quote: "'",
        columns: ["word", "id"],
      }),
    ).toBe(2);
    expect(await engine.execute(select(plain.c.word).orderBy(plain.c.id)).scalars().all()).toEqual(["x", "a'b\n"]);
    expect(await engine.copyFrom(plain, [])).toBe(0);
  });

  test("[PG-17] a copy that is read gives way to other statements of its connection, and may be left early", async () => {
    await using engine = await ready(make);
    await engine.copyFrom(plain, words(9_000));
    const size = (await bytesOf(engine.copyTo(plain, { format: "text" }))).length;
    await engine.connect(async (conn) => {
      let length = 0;
      let answer: unknown;
      for await (const chunk of conn.copyTo(plain, { format: "text" })) {
        length += chunk.length;
        answer ??= await inTime(conn.scalar(select(func.max(plain.c.id))));
      }
      expect([length, answer]).toEqual([size, 9_000]);
      for await (const _chunk of conn.copyTo(plain, { format: "text" })) {
        expect(await inTime(conn.runSync((sync) => sync.scalar(select(func.max(plain.c.id)))))).toBe(9_000);
        break;
      }
      expect(await inTime(conn.scalar(select(func.max(plain.c.id))))).toBe(9_000);
      const left = conn.copyTo(plain, { format: "text" });
      await left.next();
    });
    // a connection that was given back in the middle
    expect(await inTime(engine.scalar(select(func.max(plain.c.id))))).toBe(9_000);
    for await (const _chunk of engine.copyTo(plain, { format: "csv" })) break;
    // asked for more before the first answer has come
    const few = engine.copyTo(select(plain.c.id).where(plain.c.id.le(2)), { format: "text" });
    const asked = await inTime(Promise.all([few.next(), few.next(), few.next()]));
    expect(asked.map(({ done }) => done)).toEqual([false, true, true]);
    const into: Uint8Array[] = [];
    await pipeline(engine.copyTo(plain, { format: "csv", columns: ["id"] }), async (chunks) => {
      for await (const chunk of chunks) into.push(chunk);
    });
    expect(Buffer.concat(into).toString().split("\n").length).toBe(9_001);
    expect(engine.status()).toMatchObject({ checkedOut: 0 });
  });

  test("[PG-17] a session writes discriminators, flushes before it reads, and keeps to its criteria", async () => {
    await using engine = await ready(make);
    const Session = asyncSessionmaker(engine);
    await using session = Session();
    session.add(create(Animal, { id: 100, kind: "animal", name: "Ann" }));
    expect(await session.copyFrom(Cat, [{ name: "Tom" }, { name: "Kit" }])).toBe(2);
    const kinds = async (source: object) =>
      (await bytesOf(session.copyTo(source, { format: "csv", columns: undefined as never })))
        .toString()
        .split("\n")
        .slice(0, -1)
        .map((line) => line.split(",").slice(1).join());
    expect(await kinds(Animal)).toEqual(["animal,Ann", "cat,Tom", "cat,Kit"]);
    expect(await kinds(Cat)).toEqual(["cat,Tom", "cat,Kit"]);
    expect(await kinds(select(Animal).options(withLoaderCriteria(Animal, (a) => a.name.startsWith("A"))))).toEqual([
      "animal,Ann",
    ]);
    event.listen(session, "doOrmExecute", (state) =>
      state.addOptions(withLoaderCriteria(Animal, (a) => a.name.startsWith("K"))),
    );
    expect(await kinds(Animal)).toEqual(["cat,Kit"]);
    expect((await rejection(session.copyFrom(Dog, [{ name: "Rex", bones: 1 }]))).message).toMatch(
      /^copyFrom\(Dog\): the class is mapped to several tables/,
    );
    await session.rollback();
    expect(
      await engine.scalar(
        select(func.count(Animal.prototype.constructor === Animal ? (text("*") as never) : (text("*") as never))),
      ),
    ).toBeDefined();
  });
});

describe("on a server", () => {
  test("a backend that is terminated in the middle of a copy is an error in either direction, and nothing is half-written", async () => {
    const engine = await ready(() => db.engine({ poolSize: 2, maxOverflow: 0 }));
    const others = text(
      "SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE datname = current_database() AND pid <> pg_backend_pid()",
    );
    const other = db.engine();
    async function* killing() {
      yield* words(12_000);
      await other.execute(others);
      yield* words(12_000, 12_001);
    }
    expect(await rejection(engine.copyFrom(plain, killing()))).toMatchObject({ connectionInvalidated: true });
    expect(await engine.scalar(select(func.count()).selectFrom(plain))).toBe(0);
    await engine.execute(text("INSERT INTO copied_plain SELECT n, repeat('x', 1000) FROM generate_series(1, 9000) n"));
    const read = async () => {
      for await (const _chunk of engine.copyTo(plain, { format: "text" })) await other.execute(others);
    };
    expect(await rejection(inTime(read()))).toMatchObject({ connectionInvalidated: true });
    expect(await engine.scalar(select(func.count()).selectFrom(plain))).toBe(9000);
    await engine.connect(async (conn) => {
      const cut = conn.copyTo(plain, { format: "text" });
      await cut.next();
      await conn.commit();
      await expect(cut.next()).rejects.toThrow("was ended before all was read");
    });
    expect(engine.status()).toMatchObject({ checkedOut: 0, waiting: 0 });
  });

  test("a signal ends a copy in either direction, and the connection is usable", async () => {
    const engine = await ready(() => db.engine({ poolSize: 1, maxOverflow: 0 }));
    await engine.copyFrom(plain, words(20_000));
    const stop = new AbortController();
    async function* endless() {
      for (let id = 100_000; ; id++) {
        if (id === 115_000) stop.abort(new Error("enough"));
        yield { id, word: "x".repeat(200) };
      }
    }
    expect((await rejection(inTime(engine.copyFrom(plain, endless(), { signal: stop.signal })))).message).toBe(
      "enough",
    );
    const halt = new AbortController();
    const read = async () => {
      for await (const _chunk of engine.copyTo(plain, { format: "csv", signal: halt.signal }))
        halt.abort(new Error("no more"));
    };
    expect((await rejection(inTime(read()))).message).toBe("no more");
    expect(await engine.scalar(select(func.count()).selectFrom(plain))).toBe(20_000);
    // a lock that nobody gives up
    await using other = await db.engine().connect();
    await other.execute(text("LOCK TABLE copied_plain"));
    const blocked = engine.copyFrom(plain, [{ id: 1, word: null }], { signal: AbortSignal.timeout(100) });
    expect((await rejection(inTime(blocked))).name).toBe("TimeoutError");
  });

  test.each(["fd", "worker"] as const)(
    "the server waits while nobody takes what is read (%s)",
    async (syncTransport) => {
      const engine = await ready(() => db.engine({ dialectOptions: { postgresql: { syncTransport } } }));
      await engine.execute(
        text("INSERT INTO copied_plain SELECT n, repeat('x', 1000) FROM generate_series(1, 40000) n"),
      );
      const copy = engine.copyTo(plain, { format: "text" });
      let length = (await copy.next()).value?.length ?? 0;
      const waits = text(
        "SELECT wait_event FROM pg_stat_activity WHERE query LIKE 'COPY (%' AND datname = current_database()",
      );
      await expect.poll(() => engine.scalar(waits)).toBe("ClientWrite");
      for await (const chunk of copy) length += chunk.length;
      expect(length).toBeGreaterThan(9_000_000);
    },
  );

  test("schemas are translated, and listeners and the log see what is sent", async () => {
    const engine = await ready(() => db.engine());
    await engine.execute(text('CREATE SCHEMA "Copy s"'));
    const tenant = engine.executionOptions({ schemaTranslateMap: { "": "Copy s" } });
    await plain.metadata.createAll(tenant);
    using log = recordStatements(engine);
    await tenant.copyFrom(plain, [{ id: 1, word: "there" }]);
    expect((await bytesOf(tenant.copyTo(plain, { format: "csv" }))).toString()).toBe("1,there\n");
    expect((await bytesOf(engine.copyTo(plain, { format: "csv" }))).toString()).toBe("");
    expect(log.statements.map((each) => each.text).filter((each) => each.startsWith("COPY"))).toEqual([
      'COPY "Copy s".copied_plain (id, word) FROM STDIN',
      expect.stringMatching(/^COPY \(SELECT .*"Copy s"\.copied_plain\) TO STDOUT \(FORMAT csv\)$/s),
      expect.stringMatching(/^COPY \(SELECT/),
    ]);
  });
});

test("rows that do not fit are refused with their number", async () => {
  const engine = await ready(() => db.engine());
  const message = async (rows: Iterable<object>, target: object = plain) =>
    (await rejection(engine.copyFrom(target as typeof plain, rows as never))).message;
  expect(await message([{ id: 1, word: "a" }, { id: 2 }])).toBe(
    'copyFrom(copied_plain): row 2 has no value for "word", which the first row has. Write null for NULL.',
  );
  expect(await message([{ id: 1 }, { id: 2, word: "a" }])).toBe(
    'copyFrom(copied_plain): row 2 gives "word", which the first row does not. All rows give the same columns.',
  );
  expect(await message([{ id: 1, nope: "a" }])).toMatch(
    /^copyFrom\(copied_plain\): .*has no column "nope"; it has: id, word\.$/,
  );
  expect(
    await message([
      { id: 1, word: "a" },
      { id: 2.5, word: "b" },
    ]),
  ).toMatch(/^copyFrom\(copied_plain\): row 2: id: /);
  expect(await message([{ id: 1, word: func.now() }])).toMatch(
    /^copyFrom\(copied_plain\): "word" of row 1 is an SQL expression, and COPY takes values/,
  );
  expect(await message([{ id: 1, code: "a", size: 1 }], Thing)).toBe(
    'copyFrom(Thing): "size" is computed by the database and cannot be written.',
  );
  expect(await message(["1,a\n"] as never)).toMatch(
    /^copyFrom\(copied_plain\): row 1 is .*, and rows are objects of values by name. For text or bytes/,
  );
  expect(await message(5 as never)).toMatch(/^copyFrom\(\) takes an iterable, asynchronous or not/);
  const bytes = async (chunks: unknown, options: object) =>
    (await rejection(engine.copyFrom(plain, chunks as never, options as never))).message;
  expect(await bytes([{ id: 1 }], { format: "csv" })).toMatch(
    /^copyFrom\(\) with a format takes chunks of bytes or text, not /,
  );
  expect(await bytes(Readable.from(["1"]), { format: "binary" })).toMatch(
    /^COPY takes \{ format: "text" \} or \{ format: "csv" \}, not "binary"/,
  );
  expect(await bytes(["1"], { format: "csv", quote: "``" })).toBe('COPY: quote is one character of ASCII, not "``".');
  expect(() => engine.copyTo(plain, {} as never)).toThrow(/Rows as values are what stream\(\) gives/);
  expect(() => engine.copyTo(select(plain), { format: "csv", columns: ["id"] })).toThrow(
    "a query names its columns itself",
  );
  const auto = engine.executionOptions({ isolationLevel: "AUTOCOMMIT" });
  expect((await rejection(auto.copyFrom(plain, [{ id: 1, word: "a" }]))).message).toMatch(
    /could not undo those that were written before an error under AUTOCOMMIT/,
  );
  const stamped = table("copied_stamped", new MetaData(), {
    id: column(t.integer, { primaryKey: true }),
    at: column(t.datetime, { default: func.now() }),
  });
  expect(await message([{ id: 1 }], stamped)).toMatch(
    /^copyFrom\(copied_stamped\): "at" is written through an SQL expression/,
  );
  const sqlite = createAsyncEngine("sqlite://");
  expect((await rejection(sqlite.copyFrom(plain, []))).message).toMatch(
    /^The sqlite dialect has no COPY, which is PostgreSQL's/,
  );
  await sqlite.dispose();
});

test("hidden values stay out of errors", async () => {
  const engine = await ready(() => db.engine());
  const secrets = table("copied_secrets", new MetaData(), {
    id: column(t.integer, { primaryKey: true, autoincrement: false }),
    pin: column(t.integer, { unique: true, hidden: true }),
    word: column(t.text, { hidden: true, nullable: false }),
  });
  await secrets.metadata.createAll(engine);
  const row = { id: 1, pin: 4711, word: "sesame" };
  const errors = [
    engine.copyFrom(secrets, [row, { ...row, id: 2 }]),
    engine.copyFrom(secrets, ["3\tsesame\tx\n"], { format: "text" }),
    engine.copyFrom(secrets, ["3\t4711\t\\N\n"], { format: "text" }),
  ];
  for (const error of await Promise.all(errors.map(rejection)))
    expect(`${error.stack} ${(error.cause as Error).message}`).not.toMatch(/4711|sesame/);
});

test("rows have the types of the class or table", async () => {
  const engine = createAsyncEngine("sqlite://");
  const never = async () => {
    await engine.copyFrom(Thing, [{ name: "a", price: null }]);
    // @ts-expect-error: a name is text
    await engine.copyFrom(Thing, [{ name: 5 }]);
    // @ts-expect-error: there is no such column
    await engine.copyFrom(plain, [{ id: 1, word: "a", nope: 1 }]);
    // @ts-expect-error: a class, a table or a query
    engine.copyTo("users", { format: "csv" });
  };
  expect(never).toBeTypeOf("function");
});
