import { describe, expect, test } from "vitest";
import {
  and,
  asyncSessionmaker,
  attrs,
  Column,
  type Expr,
  joinedload,
  lazyload,
  ManyToOne,
  OneToMany,
  PrimaryKey,
  type Relation,
  registry,
  type StrExpr,
  select,
  selectinload,
  t,
} from "../../../src/index.js";
import { freshDatabase } from "../../support/database.js";
import { recordStatements } from "../../support/statements.js";

type CustomerColumns = { id: Expr<number> };
type OrderColumns = { customerId: Expr<number>; note: StrExpr<string> };

const eager = registry();
const { Entity: Mapped } = eager;

@Mapped("orders")
class Order {
  @PrimaryKey() shop!: number;
  @PrimaryKey() nr!: number;
  @Column() note!: string;
  @OneToMany(
    () => Line,
    (l) => l.order,
    { lazy: "selectin", orderBy: "id" },
  )
  lines!: Line[];
  @ManyToOne(() => Customer, { lazy: "joined" })
  customer!: Relation<Customer> | null;
}

@Mapped("lines")
class Line {
  @PrimaryKey() id!: number;
  @Column() item!: string;
  @ManyToOne(
    () => Order,
    (o) => o.lines,
    { lazy: "joined" },
  )
  order!: Relation<Order> | null;
}

@Mapped("customers")
class Customer {
  @PrimaryKey() id!: number;
  @Column() name!: string;
  @OneToMany(() => Order, {
    viewonly: true,
    primaryJoin: (c: CustomerColumns, o: OrderColumns) => and(c.id.eq(o.customerId), o.note.like("2%")),
  })
  second!: Order[];
}

@Mapped("parts")
class Part {
  @PrimaryKey() id!: number;
  @Column(t.string(20)) name!: string;
  @ManyToOne(
    () => Part,
    (p) => p.parts,
  )
  whole!: Relation<Part> | null;
  @OneToMany(
    () => Part,
    (p) => p.whole,
    { lazy: "joined", joinDepth: 2, orderBy: "id" },
  )
  parts!: Part[];
}

async function shop() {
  const { engine } = await freshDatabase();
  await eager.metadata.createAll(engine);
  const Session = asyncSessionmaker(engine);
  await using session = Session();
  const customer = Object.assign(new Customer(), { id: 7, name: "Kim" });
  for (const [s, nr] of [
    [1, 1],
    [1, 2],
    [2, 1],
  ]) {
    session.add(
      Object.assign(new Order(), {
        shop: s,
        nr,
        note: `${s}/${nr}`,
        customer: nr === 1 ? customer : null,
        lines: nr === 2 ? [] : [1, 2].map((i) => Object.assign(new Line(), { id: s * 10 + i, item: `i${i}` })),
      }),
    );
  }
  const part = (id: number, parts: Part[]): Part => Object.assign(new Part(), { id, name: `p${id}`, parts });
  session.add(part(1, [part(2, [part(3, [part(4, [])])])]));
  await session.commit();
  return { engine, Session, log: recordStatements(engine) };
}

describe("the mapping's own strategies", () => {
  test("load by composite keys, and end where they would go back", async () => {
    const { Session, log } = await shop();
    await using session = Session();
    const o = attrs(Order);
    const orders = await session.scalars(select(Order).orderBy(o.shop, o.nr)).all();
    expect(orders.map((x) => [x.note, x.customer?.name ?? null, x.lines.map((l) => l.id)])).toEqual([
      ["1/1", "Kim", [11, 12]],
      ["1/2", null, []],
      ["2/1", "Kim", [21, 22]],
    ]);
    expect(log.count()).toBe(2);
    await session.runSync(() => expect(orders[0].lines[0].order).toBe(orders[0]));
    expect(log.count()).toBe(2);
  });

  test("[RA-03] are overruled by options", async () => {
    const { Session, log } = await shop();
    await using session = Session();
    await session.scalars(select(Order).options(lazyload("*"))).all();
    expect(log.count()).toBe(1);
    expect(log.texts()[0]).not.toContain("JOIN");
  });

  test("go from a line to its order and on to the other lines", async () => {
    const { Session, log } = await shop();
    await using session = Session();
    const line = (await session.get(Line, 11)) as Line;
    expect(line.order?.note).toBe("1/1");
    expect(line.order?.customer?.name).toBe("Kim");
    expect(log.texts()[0]).toMatch(/LEFT OUTER JOIN orders AS orders_1 .* LEFT OUTER JOIN customers AS customers_1/);
  });

  test("[RS-03] joinDepth says how often a class is joined to itself", async () => {
    const { Session, log } = await shop();
    await using session = Session();
    const [one] = await session
      .scalars(select(Part).where((p) => p.id.eq(1)))
      .unique()
      .all();
    expect(one.parts[0].parts[0].name).toBe("p3");
    expect(log.count()).toBe(1);
    expect(() => one.parts[0].parts[0].parts).toThrow(/not loaded/);
  });

  test("refresh loads eager relationships again, and get by a composite key works", async () => {
    const { Session, log } = await shop();
    await using session = Session();
    const order = (await session.get(Order, [1, 1])) as Order;
    order.lines.pop();
    log.reset();
    await session.noAutoflush(() => session.refresh(order));
    expect(order.lines.map((l) => l.id)).toEqual([11, 12]);
    expect(order.note).toBe("1/1");
    expect(await session.get(Order, { shop: 2, nr: 1 })).toBeInstanceOf(Order);
    expect(await session.get(Order, [9, 9])).toBe(null);
  });

  test("a condition of one's own is kept by every strategy", async () => {
    const { Session, log } = await shop();
    await using session = Session();
    for (const option of [
      selectinload(Customer, (c) => c.second),
      joinedload(Customer, (c) => c.second),
      lazyload(Customer, (c) => c.second),
    ]) {
      session.expungeAll();
      const [kim] = await session.scalars(select(Customer).options(option)).unique().all();
      await session.runSync(() => expect(kim.second.map((o) => o.note)).toEqual(["2/1"]));
    }
    expect(log.texts()[1]).toContain("customers AS customers_1");
  });

  test("many composite keys load in one statement", async () => {
    const { Session, log } = await shop();
    await using session = Session();
    await session.scalars(select(Line).options(lazyload("*"))).all();
    log.reset();
    const lines = await session
      .scalars(
        select(Line)
          .orderBy((l) => l.id)
          .options(selectinload(Line, (l) => l.order)),
      )
      .all();
    expect(lines.map((l) => l.order?.note)).toEqual(["1/1", "1/1", "2/1", "2/1"]);
    expect(log.count()).toBe(2);
  });
});
