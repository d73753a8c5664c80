import { beforeAll, describe, expect, it } from "vitest";
import { Range, rangeTypes } from "../../../src/dialects/postgresql/index.js";
import {
  type AsyncConnection,
  type AsyncEngine,
  and,
  bindparam,
  caseWhen,
  cast,
  column,
  createAsyncEngine,
  exists,
  fn,
  func,
  insert,
  literal,
  MetaData,
  not,
  or,
  select,
  t,
  table,
  text,
  tuple,
  union,
  values,
} from "../../../src/index.js";
import { scratchDatabase } from "./support.js";

const db = scratchDatabase();
const metadata = new MetaData();
const items = table("items", metadata, {
  id: column(t.integer, { primaryKey: true }),
  name: column(t.string(20)),
  small: column(t.smallint),
  big: column(t.bigint),
  price: column(t.numeric(10, 2)),
  weight: column(t.double),
  active: column(t.boolean),
  made: column(t.datetime({ timezone: true })),
  day: column(t.date),
  lasts: column(t.interval),
  doc: column(t.jsonb),
  raw: column(t.json),
  tags: column(t.array(t.text)),
  nums: column(t.array(t.integer)),
  mood: column(t.enum(["sad", "happy"], { name: "mood" })),
  code: column(t.uuid),
  span: column(rangeTypes.int4range),
});
const made = new Date("2024-01-15T10:00:00.000Z");
const uuid = "123e4567-e89b-12d3-a456-426614174000";

let engine: AsyncEngine;
beforeAll(async () => {
  engine = createAsyncEngine(db.url);
  await metadata.createAll(engine);
  await engine.begin(async (c) => {
    await c.execute(
      insert(items as never).values([
        {
          id: 1,
          name: "Apple",
          small: 1,
          big: 2n ** 40n,
          price: "1.50",
          weight: 0.5,
          active: true,
          made,
          day: "2024-01-15",
          lasts: "P1D",
          doc: { a: { b: [10, "x"] }, k: 1 },
          raw: { a: 1 },
          tags: ["red", "fruit"],
          nums: [1, 2, 3],
          mood: "happy",
          code: uuid,
          span: new Range(1, 5),
        },
        {
          id: 2,
          name: "Banana",
          small: 2,
          big: 3n,
          price: "2.00",
          weight: 1.5,
          active: false,
          made: null,
          day: null,
          lasts: null,
          doc: { a: null },
          raw: [1, 2],
          tags: [],
          nums: null,
          mood: "sad",
          code: null,
          span: null,
        },
        {
          id: 3,
          name: null,
          small: null,
          big: null,
          price: null,
          weight: null,
          active: null,
          made: null,
          day: null,
          lasts: null,
          doc: null,
          raw: null,
          tags: null,
          nums: null,
          mood: null,
          code: null,
          span: null,
        },
      ] as never),
    );
  });
  return () => engine.dispose();
});

const c = items.c;
const run = <T>(fnc: (connection: AsyncConnection) => Promise<T>): Promise<T> => engine.begin(fnc);
const ids = (...conditions: unknown[]): Promise<unknown[]> =>
  run(async (conn) =>
    (
      await conn.execute(
        select(items.c.id)
          .where(...(conditions as never[]))
          .orderBy(items.c.id),
      )
    )
      .scalars()
      .all(),
  );
const value = (expression: unknown): Promise<unknown> => run((conn) => conn.scalar(select(expression as never)));

describe("parameters have a type wherever they stand", () => {
  it("alone in a select list", async () => {
    expect(
      await run((conn) =>
        conn
          .execute(select(literal(5), literal("x"), literal(true), literal(1.5), literal(made), literal(2n ** 60n)))
          .all(),
      ),
    ).toEqual([[5, "x", true, 1.5, made, 2n ** 60n]]);
    expect(await value(literal<unknown>({ a: 1 }, t.jsonb as never))).toEqual({ a: 1 });
    expect(await value(literal([1, 2], t.array(t.integer)))).toEqual([1, 2]);
  });

  it("in arithmetic, with each other and with columns of other types", async () => {
    expect(await value(literal(1).add(literal(2)))).toBe(3);
    expect(await value((literal(7) as never as { div(x: number): unknown }).div(2))).toBe(3.5);
    expect(await run((conn) => conn.scalar(select(c.small.add(40_000)).where(c.id.eq(1))))).toBe(40_001);
    expect(
      await run((conn) =>
        conn.scalar(select((c.price as never as { mul(x: string): never }).mul("3")).where(c.id.eq(1))),
      ),
    ).toBe("4.50");
    expect(await run((conn) => conn.scalar(select(c.weight.mul(3)).where(c.id.eq(1))))).toBe(1.5);
    expect(await run((conn) => conn.scalar(select((c.id as never as { neg(): never }).neg()).where(c.id.eq(1))))).toBe(
      -1,
    );
  });

  it("in arithmetic with times", async () => {
    const later = await run((conn) =>
      conn.scalar(select((c.made as never as { add(x: string): never }).add("P1D")).where(c.id.eq(1))),
    );
    expect(later).toEqual(new Date("2024-01-16T10:00:00.000Z"));
    expect(await ids(c.made.gt(new Date(0)))).toEqual([1]);
    expect(await ids(c.lasts.ge("PT24H"))).toEqual([1]);
  });

  it("in functions, those that take anything included", async () => {
    expect(
      await run((conn) =>
        conn
          .execute(select(func.coalesce(c.small, 0)).orderBy(c.id))
          .scalars()
          .all(),
      ),
    ).toEqual([1, 2, 0]);
    expect(
      await run((conn) =>
        conn
          .execute(select(func.coalesce(c.name, "none")).orderBy(c.id))
          .scalars()
          .all(),
      ),
    ).toEqual(["Apple", "Banana", "none"]);
    expect(await value(func.concat("a", 1, true))).toBe("a1t");
    expect(await value(fn["json_build_object"]?.("k", 1, "s", "x"))).toEqual({ k: 1, s: "x" });
    expect(await value(func.substr("abcdef", 2, 3))).toBe("bcd");
    expect(await value(fn["to_tsvector"]?.("english", "fat cats"))).toBe("'cat':2 'fat':1");
    expect(await value(fn["date_trunc"]?.("day", made))).toEqual(new Date("2024-01-15T00:00:00.000Z"));
    expect(await value(fn["round"]?.(literal<string>("2.567", t.numeric(10, 3)), 1))).toBe("2.6");
    expect(await value(fn["array_append"]?.(literal([1], t.array(t.integer)), 2))).toEqual([1, 2]);
    expect(await value(func.lower("ABC"))).toBe("abc");
    expect(await value(fn["power"]?.(2, 10))).toBe(1024);
  });

  it("in CASE, CAST, VALUES, set operations and subqueries", async () => {
    expect(
      await run((conn) =>
        conn
          .execute(
            select(
              caseWhen(
                [
                  [c.id.eq(1), 10],
                  [c.id.eq(2), 20],
                ],
                { else: 30 },
              ),
            ).orderBy(c.id),
          )
          .scalars()
          .all(),
      ),
    ).toEqual([10, 20, 30]);
    expect(await value(cast(literal(5), t.text))).toBe("5");
    expect(await value(cast(literal("5"), t.integer))).toBe(5);
    expect(await value(cast(literal(1.6), t.integer))).toBe(2);
    expect(await value(cast(literal("2024-01-15"), t.date))).toBe("2024-01-15");
    const v = values({ n: t.integer, s: t.text, d: t.date }, [
      [1, "a", "2024-01-01"],
      [2, null, null],
    ] as never) as never as { c: Record<string, never> };
    expect(
      await run((conn) => conn.execute(select(v.c["n"] as never, v.c["s"] as never, v.c["d"] as never)).all()),
    ).toEqual([
      [1, "a", "2024-01-01"],
      [2, null, null],
    ]);
    expect(await run((conn) => conn.execute(union(select(c.id), select(literal(9))) as never).all())).toHaveLength(4);
    const sub = select(c.id, literal(7).as("seven")).subquery();
    expect(
      await run((conn) =>
        conn
          .execute(select(sub.c.seven.add(1)).limit(1))
          .scalars()
          .all(),
      ),
    ).toEqual([8]);
  });

  it("compared with each other", async () => {
    expect(await ids(literal(2).gt(literal(10)), c.id.eq(1))).toEqual([]);
    expect(await ids(literal(2).lt(literal(10)), c.id.eq(1))).toEqual([1]);
    expect(await ids(literal(5).between(1, 10), c.id.eq(1))).toEqual([1]);
    expect(await ids((literal(5) as never as { in(x: number[]): never }).in([4, 5]), c.id.eq(1))).toEqual([1]);
  });

  it("in LIMIT, OFFSET and by a name that stands twice", async () => {
    expect(await run((conn) => conn.execute(select(c.id).orderBy(c.id).limit(1).offset(1)).scalars().all())).toEqual([
      2,
    ]);
    const n = bindparam("n", undefined, t.integer);
    const stmt = select(c.id).where(or(c.id.eq(n), c.small.eq(n)));
    expect(await run((conn) => conn.execute(stmt, { n: 2 }).scalars().all())).toEqual([2]);
  });

  it("a number beyond 32 bits compares with a bigint column that is declared as an integer", async () => {
    const loose = table("items", new MetaData(), {
      id: column(t.integer, { primaryKey: true }),
      big: column(t.integer),
    });
    expect(
      await run((conn) =>
        conn
          .execute(select(loose.c.id).where(loose.c.big.eq(2 ** 40)))
          .scalars()
          .all(),
      ),
    ).toEqual([1]);
    expect(
      await run((conn) =>
        conn
          .execute(select(loose.c.id).where(loose.c.big.in([2 ** 40, 3])))
          .scalars()
          .all(),
      ),
    ).toEqual([1, 2]);
  });
});

describe("lists", () => {
  it("are one array parameter, for every type", async () => {
    expect(
      String(
        select(c.id)
          .where(c.id.in([1, 2]))
          .compile(engine.dialect),
      ),
    ).toContain("= ANY ($1)");
    expect(await ids(c.id.in([1, 3, 99]))).toEqual([1, 3]);
    expect(await ids(c.name.in(["Apple", "x'y\"z,{}"]))).toEqual([1]);
    expect(await ids(c.small.in([2]))).toEqual([2]);
    expect(await ids(c.big.in([3n]))).toEqual([2]);
    expect(await ids(c.price.in(["1.5", "7"]))).toEqual([1]);
    expect(await ids(c.weight.in([0.5]))).toEqual([1]);
    expect(await ids(c.active.in([true]))).toEqual([1]);
    expect(await ids(c.made.in([made]))).toEqual([1]);
    expect(await ids(c.day.in(["2024-01-15"]))).toEqual([1]);
    expect(await ids(c.lasts.in(["P1D"]))).toEqual([1]);
    expect(await ids(c.mood.in(["happy", "sad"]))).toEqual([1, 2]);
    expect(await ids(c.code.in([uuid]))).toEqual([1]);
    expect(await ids(c.doc.in([{ a: null }] as never))).toEqual([2]);
    expect(await ids(func.lower(c.name).in(["apple"]))).toEqual([1]);
    expect(await ids((c.tags as never as { in(x: string[][]): never }).in([["red", "fruit"]]))).toEqual([1]);
  });
  it("that are empty hold nothing, and everything is not in them", async () => {
    expect(await ids(c.id.in([]))).toEqual([]);
    expect(await ids(c.id.notIn([]))).toEqual([1, 2, 3]);
    expect(await ids(c.id.notIn([1]))).toEqual([2, 3]);
    expect(await ids(c.name.notIn(["Apple"]))).toEqual([2]);
  });
  it("of rows compare several columns", async () => {
    expect(
      await ids(
        (tuple(c.id, c.name) as never as { in(x: unknown[][]): never }).in([
          [1, "Apple"],
          [2, "x"],
        ]),
      ),
    ).toEqual([1]);
  });
  it("may be of any length", async () => {
    const many = Array.from({ length: 100_000 }, (_, i) => i + 2);
    expect(await ids(c.id.in(many))).toEqual([2, 3]);
  });
});

describe("operators of PostgreSQL", () => {
  it("ILIKE and regular expressions", async () => {
    expect(await ids(c.name.ilike("aPP%"))).toEqual([1]);
    expect(await ids(c.name.regexpMatch("^B.n"))).toEqual([2]);
    expect(await ids(c.name.regexpMatch("^b.n", "i"))).toEqual([2]);
    expect(await ids(not(c.name.regexpMatch("^b.n", "i")))).toEqual([1]);
    expect(await ids(c.name.regexpMatch("b . n", "ix"))).toEqual([2]);
    expect(await run((conn) => conn.scalar(select(c.name.regexpReplace("[aeiou]", "-", "g")).where(c.id.eq(2))))).toBe(
      "B-n-n-",
    );
    expect(await ids(c.name.icontains("NAN"))).toEqual([2]);
  });
  it("text search", async () => {
    expect(await ids((c.name as never as { match(x: string): never }).match("apple"))).toEqual([1]);
  });
  it("IS DISTINCT FROM", async () => {
    expect(await ids(c.name.isDistinctFrom("Apple"))).toEqual([2, 3]);
    expect(await ids(c.mood.isNotDistinctFrom("sad"))).toEqual([2]);
  });
  it("JSON by path, key and containment, with jsonb and with json", async () => {
    const doc = c.doc as never as Record<string, (...args: unknown[]) => never>;
    const raw = c.raw as never as Record<string, (...args: unknown[]) => never>;
    expect(
      await run((conn) =>
        conn
          .execute(select(doc["path"]!("a", "b", 0)).where(c.id.eq(1)))
          .scalars()
          .all(),
      ),
    ).toEqual([10]);
    expect(await ids((doc["getText"]!("k") as never as typeof doc)["eq"]!("1"))).toEqual([1]);
    expect(
      await ids(((doc["path"]!("a", "b", 1) as never as typeof doc)["asString"]!() as never as typeof doc)["eq"]!("x")),
    ).toEqual([1]);
    expect(
      await ids(((doc["get"]!("k") as never as typeof doc)["asInteger"]!() as never as typeof doc)["gt"]!(0)),
    ).toEqual([1]);
    expect(await ids(doc["contains"]!({ k: 1 }))).toEqual([1]);
    expect(await ids(doc["hasKey"]!("k"))).toEqual([1]);
    expect(await ids(doc["eq"]!({ a: null }))).toEqual([2]);
    expect(await ids(raw["contains"]!({ a: 1 }))).toEqual([1]);
    expect(await ids(raw["hasKey"]!("a"))).toEqual([1]);
    expect(await ids(raw["eq"]!([1, 2]))).toEqual([2]);
    expect(
      await run((conn) =>
        conn
          .execute(select(raw["get"]!("a")).where(c.id.eq(1)))
          .scalars()
          .all(),
      ),
    ).toEqual([1]);
  });
  it("arrays", async () => {
    const tags = c.tags as never as Record<string, (...args: unknown[]) => never>;
    const nums = c.nums as never as Record<string, (...args: unknown[]) => never>;
    expect(await ids(tags["contains"]!(["red"]))).toEqual([1]);
    expect(await ids(tags["overlap"]!(["blue", "fruit"]))).toEqual([1]);
    expect(await ids(tags["containedBy"]!(["red", "fruit", "x"]))).toEqual([1, 2]);
    expect(await ids((nums["at"]!(1) as never as typeof nums)["eq"]!(1))).toEqual([1]);
    expect(await run((conn) => conn.scalar(select(nums["slice"]!(2, 3)).where(c.id.eq(1))))).toEqual([2, 3]);
    expect(await ids((literal(2) as never as typeof nums)["eq"]!(nums["any"]!()))).toEqual([1]);
    expect(await run((conn) => conn.scalar(select(tags["concat"]!("new")).where(c.id.eq(2))))).toEqual(["new"]);
    expect(await run((conn) => conn.scalar(select(nums["concat"]!([4])).where(c.id.eq(1))))).toEqual([1, 2, 3, 4]);
    expect(await run((conn) => conn.scalar(select(func.array_agg(c.id))))).toEqual([1, 2, 3]);
  });
  it("ranges", async () => {
    const span = c.span as never as Record<string, (...args: unknown[]) => never>;
    expect(
      await ids(span["contains"] === undefined ? c.id.eq(0) : (span["op"]!("@>") as never as (x: unknown) => never)(3)),
    ).toEqual([1]);
    expect(await ids(span["overlap"]!(new Range(4, 9)))).toEqual([1]);
  });
  it("DISTINCT ON, LATERAL and FOR UPDATE with all its words", async () => {
    const stmt = select(c.active, c.id).distinctOn(c.active).orderBy(c.active, c.id);
    expect(await run((conn) => conn.execute(stmt).all())).toHaveLength(3);
    const lock = (options: object): string =>
      String(
        select(c.id)
          .withForUpdate(options as never)
          .compile(engine.dialect),
      );
    expect(lock({})).toContain(" FOR UPDATE");
    expect(lock({ of: [items], nowait: true })).toContain(" FOR UPDATE OF items NOWAIT");
    expect(lock({ skipLocked: true, read: true })).toContain(" FOR SHARE SKIP LOCKED");
    expect(lock({ keyShare: true })).toContain(" FOR NO KEY UPDATE");
    expect(
      await run((conn) => conn.execute(select(c.id).withForUpdate({ of: [items], skipLocked: true } as never)).all()),
    ).toHaveLength(3);
  });
  it("ON CONFLICT and RETURNING", async () => {
    const stmt = (
      insert(items as never) as never as Record<
        string,
        (...args: unknown[]) => Record<string, (...args: unknown[]) => never>
      >
    )["values"]!({ id: 1, name: "Cherry" });
    const upsert = (
      stmt["onConflictDoUpdate"]!({
        indexElements: ["id"],
        set: { name: "Changed", small: c.small.add(1) },
      }) as never as { returning(...x: unknown[]): never }
    ).returning(c.name, c.small);
    await engine.connect(async (conn) => {
      expect(await conn.execute(upsert as never).all()).toEqual([["Changed", 2]]);
      await conn.rollback();
    });
  });
  it("exists and and()", async () => {
    expect(await ids(and(exists(select(literal(1)).where(text("true"))), c.id.eq(1)))).toEqual([1]);
  });
});
