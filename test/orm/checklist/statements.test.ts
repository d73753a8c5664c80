/** Statements and types of Core, run: caching, batches, custom types, rewriting, and DDL with its events. */
import { randomUUID } from "node:crypto";
import { describe, expect, test } from "vitest";
import {
  attrs,
  column,
  DDL,
  type EchoEvent,
  event,
  func,
  iterate,
  Column as Mapped,
  MetaData,
  type Node,
  PrimaryKey,
  registry,
  replaceNodes,
  select,
  TypeDecorator,
  t,
  table,
  text,
} from "../../../src/index.js";
import { freshDatabase } from "../../support/database.js";
import { recordStatements } from "../../support/statements.js";
import { make, storeFor } from "../support.js";

const md = new MetaData();
const items = table("items", md, {
  id: column(t.integer, { primaryKey: true }),
  name: column(t.string(50)),
});

/** Money as whole cents in the database. */
class Money {
  constructor(readonly cents: number) {}
}
class Cents extends TypeDecorator<Money, number> {
  readonly impl = t.integer;
  override processBindParam(value: Money) {
    return value.cents;
  }
  override processResultValue(value: number) {
    return new Money(value);
  }
  override equals(a: Money, b: Money) {
    return a.cents === b.cents;
  }
}

test("[AB-06] a type's conversion applies in filters, inserts, updates and results alike, in Core and on entities", async () => {
  const own = new MetaData();
  const prices = table("prices", own, {
    id: column(t.integer, { primaryKey: true }),
    price: column(new Cents()),
  });
  const { engine } = await freshDatabase();
  await own.createAll(engine);
  await engine.begin(async (conn) => {
    await conn.execute(prices.insert(), [{ price: new Money(100) }, { price: new Money(250) }]);
    await conn.execute(
      prices
        .update()
        .where(prices.c.price.eq(new Money(100)))
        .values({ price: new Money(120) }),
    );
    const found = await conn
      .scalars(select(prices.c.price).where(prices.c.price.in([new Money(120), new Money(7)])))
      .all();
    expect(found).toEqual([new Money(120)]);
    expect(found[0]).toBeInstanceOf(Money);
    expect(await conn.scalar(text("select sum(price) as total from prices"))).toSatisfy(
      (total) => Number(total) === 370,
    );
    expect(await conn.scalar(select(func.max(prices.c.price)))).toEqual(new Money(250));
  });

  const reg = registry();
  @reg.Entity("orders")
  class Order {
    @PrimaryKey() id!: number;
    @Mapped(new Cents()) total!: Money;
  }
  const { Session } = await storeFor(reg);
  await Session.begin((s) => void s.add(make(Order, { total: new Money(999) })));
  await using s = Session();
  const order = await s.scalars(select(Order).where(attrs(Order).total.eq(new Money(999)))).one();
  expect(order.total).toEqual(new Money(999));
});

test("[CT-13] change detection asks the type: equal values that are other objects write nothing", async () => {
  const reg = registry();
  @reg.Entity("samples")
  class Sample {
    @PrimaryKey() id!: number;
    @Mapped(new Cents()) price!: Money;
    @Mapped(t.timestamp) at!: Date;
    @Mapped() bytes!: Uint8Array;
    @Mapped(t.json) data!: { a: number; b: number[] };
  }
  const { engine, Session } = await storeFor(reg);
  const at = new Date("2024-05-06T07:08:09.123Z");
  await Session.begin((s) => {
    s.add(make(Sample, { price: new Money(5), at, bytes: new Uint8Array([1, 2, 3]), data: { a: 1, b: [2] } }));
  });
  await using s = Session();
  const sample = await s.scalars(select(Sample)).one();
  using log = recordStatements(engine);
  sample.price = new Money(5);
  sample.at = new Date(at);
  sample.bytes = new Uint8Array([1, 2, 3]);
  sample.data = { a: 1, b: [2] };
  await s.flush();
  expect(log.count("UPDATE")).toBe(0);
  sample.price = new Money(6);
  sample.bytes = new Uint8Array([1, 2, 4]);
  await s.flush();
  expect(log.texts("UPDATE")).toHaveLength(1);
  expect(log.texts("UPDATE")[0]).toMatch(/SET .*price.*bytes/);
  expect(log.texts("UPDATE")[0]).not.toMatch(/SET .*(data|at) ?=/);
});

test("[CC-05] a second run does not compile, and hits, misses and what cannot be cached show in the log and as figures", async () => {
  const events: EchoEvent[] = [];
  const { engine } = await freshDatabase({ engine: { echo: (each) => void events.push(each) } });
  await md.createAll(engine);
  const origins = () => events.splice(0).flatMap((each) => (each.kind === "statement" ? [each.origin] : []));
  await engine.connect(async (conn) => {
    origins();
    const by = (name: string) => conn.execute(select(items.c.id).where(items.c.name.eq(name)));
    const before = engine.cacheFigures;
    await by("a");
    await by("b");
    expect(origins()).toEqual(["generated", "cached"]);
    expect(engine.cacheFigures).toMatchObject({ misses: before.misses + 1, hits: before.hits + 1 });
    await conn.execute(select(items.c.id), null, { compiledCache: null });
    await conn.execute(text("select 1"));
    const [uncached] = origins();
    expect(uncached).not.toBe("cached");
    await conn.execute(select(items.c.id), null, { compiledCache: null });
    expect(origins()).toEqual([uncached]);
  });
  engine.clearCompiledCache();
  expect(engine.cacheFigures).toMatchObject({ hits: 0, misses: 0 });
});

test("[CC-06] 10,000 inserts take a handful of statements and give their keys in the order of the rows", async () => {
  const { engine } = await freshDatabase();
  await md.createAll(engine);
  const rows = Array.from({ length: 10_000 }, (_, i) => ({ name: `item ${i}` }));
  await engine.begin(async (conn) => {
    using log = recordStatements(engine);
    const result = await conn.execute(items.insert().returning(items.c.id, items.c.name), rows);
    expect(log.count()).toBeLessThanOrEqual(20);
    const returned = result.all();
    expect(returned).toHaveLength(10_000);
    const byId = new Map((await conn.execute(select(items.c.id, items.c.name)).all()).map(([id, name]) => [id, name]));
    let wrong = 0;
    returned.forEach(([id, name], i) => {
      if (name !== rows[i].name || byId.get(id) !== rows[i].name) wrong++;
    });
    expect(wrong).toBe(0);
  });
});

test("[CC-07] tables with keys that the client makes are inserted in batches and come back in order too", async () => {
  const reg = registry();
  @reg.Entity("tokens")
  class Token {
    @PrimaryKey(t.uuid, { default: () => randomUUID() }) id!: string;
    @Mapped(t.integer) n!: number;
    @Mapped(t.integer, { serverDefault: text("7") }) made!: number;
  }
  const { engine, Session } = await storeFor(reg);
  await using s = Session({ expireOnCommit: false });
  const tokens = Array.from({ length: 500 }, (_, n) => make(Token, { n }));
  using log = recordStatements(engine);
  s.addAll(tokens);
  await s.commit();
  expect(log.count("INSERT")).toBeLessThanOrEqual(3);
  expect(tokens.every((token) => token.made === 7)).toBe(true);
  const stored = new Map((await s.execute(select(attrs(Token).id, attrs(Token).n)).all()).map(([id, n]) => [id, n]));
  expect(tokens.every((token) => stored.get(token.id) === token.n)).toBe(true);
});

test("[SL-15] a statement's tree can be walked, and rewritten with the old one left as it was", async () => {
  const { engine } = await freshDatabase();
  await md.createAll(engine);
  await engine.execute(items.insert(), [{ name: "a" }, { name: "b" }]);
  const old = select(items.c.name).where(items.c.name.eq("a"));
  const columns = [...iterate(old as unknown as Node)].filter((node) => node.visitName === "Column");
  expect(new Set(columns.map(String))).toEqual(new Set(["items.name"]));
  const other = items.alias("other");
  const moved = replaceNodes(old as unknown as Node, (node) => {
    if ((node as unknown) === items) return other as unknown as Node;
    return (node as unknown) === items.c.name ? (other.c.name as unknown as Node) : undefined;
  }) as unknown as typeof old;
  expect(String(moved)).toContain("FROM items AS other");
  expect(String(old)).not.toContain("other");
  await engine.connect(async (conn) => expect(await conn.execute(moved).scalar()).toBe("a"));
});

describe("[EV-07] events of DDL", () => {
  test("[EV-07] triggers and the like are created with their table, and dropped with it", async () => {
    const own = new MetaData();
    const things = table("things", own, { id: column(t.integer, { primaryKey: true }), name: column(t.string(20)) });
    const heard: string[] = [];
    event.listen(things, "beforeCreate", (target) => void heard.push(`before ${target.name}`));
    event.listen(things, "afterCreate", () => [
      new DDL("CREATE UNIQUE INDEX things_lower ON things (lower(name))"),
      new DDL("CREATE VIEW things_view AS SELECT name FROM things"),
    ]);
    event.listen(things, "beforeDrop", () => new DDL("DROP VIEW things_view"));
    event.listen(own, "afterDrop", () => void heard.push("after all"));
    const { engine } = await freshDatabase();
    await own.createAll(engine);
    await engine.execute(things.insert().values({ name: "Ann" }));
    expect(await engine.scalar(text("select name from things_view"))).toBe("Ann");
    await expect(engine.execute(things.insert().values({ name: "ANN" }))).rejects.toThrow(/unique/i);
    await own.dropAll(engine);
    expect(heard).toEqual(["before things", "after all"]);
    expect(await engine.hasTable("things")).toBe(false);
  });
});
