/** Composite value objects: several columns read and written as one. */
import { describe, expect, expectTypeOf, test } from "vitest";
import {
  aliased,
  attrs,
  type BoolExpr,
  Column,
  Composite,
  type CompositeOf,
  column,
  composite,
  create,
  defer,
  insert,
  inspect,
  loadOnly,
  type NumExpr,
  type OptionalProps,
  PrimaryKey,
  registry,
  relationship,
  select,
  t,
  table,
  update,
} from "../../../src/index.js";
import { make, storeFor } from "../support.js";

class Point {
  constructor(
    readonly x: number,
    readonly y: number,
  ) {}
  get sum(): number {
    return this.x + this.y;
  }
}

class Segment {
  constructor(
    readonly from: CompositeOf<Point>,
    readonly to: CompositeOf<Point>,
  ) {}
}

class Money {
  amount: number;
  currency: string;
  constructor(amount: number, currency: string) {
    this.amount = amount;
    this.currency = currency;
  }
  double(): this {
    this.amount *= 2;
    return this;
  }
}

const reg = registry();
const point = { x: t.integer, y: t.integer };

@reg.Entity("vertices")
class Vertex {
  declare [OptionalProps]?: "id";
  @PrimaryKey() id!: number;
  @Composite(Point, point, {
    comparator: (c: { x: NumExpr<number>; y: NumExpr<number> }) => ({
      gt: (other: Point) => c.x.gt(other.x).and(c.y.gt(other.y)),
    }),
  })
  start!: CompositeOf<Point>;
  @Composite(
    Point,
    { x: { type: t.integer, name: "x2", attribute: "x2" }, y: { type: t.integer, name: "y2", attribute: "y2" } },
    { nullable: true },
  )
  end!: CompositeOf<Point> | null;
}

@reg.Entity("routes")
class Route {
  declare [OptionalProps]?: "id";
  @PrimaryKey() id!: number;
  @Column() px!: number;
  @Column() py!: number;
  @Composite(Segment, { from: composite(Point, point), to: composite(Point, point, { prefix: "target" }) })
  segment!: CompositeOf<Segment>;
  @Composite(Point, { x: "px", y: "py" })
  origin!: CompositeOf<Point>;
}

@reg.Entity("prices")
class Price {
  declare [OptionalProps]?: "id";
  @PrimaryKey() id!: number;
  @Composite(Money, { amount: t.integer, currency: t.string(3) }, { mutable: true })
  net!: CompositeOf<Money>;
}

async function vertices() {
  const store = await storeFor(reg);
  await store.Session.begin((s) =>
    s.addAll([
      create(Vertex, { start: new Point(3, 4), end: new Point(5, 6) }),
      create(Vertex, { start: new Point(1, 9), end: null }),
    ]),
  );
  return store;
}

describe("composites", () => {
  test("[CO-01] stands for its columns in subqueries and loader options", async () => {
    const { Session } = await vertices();
    await using session = Session();
    const v = attrs(Vertex);
    const starts = select(v.id, v.start).subquery();
    expect(Object.keys(starts.c)).toEqual(["id", "startX", "startY"]);
    const from = aliased(Vertex, starts);
    expect(await session.scalars(select(from.start).where(from.start.x.gt(2))).all()).toEqual([new Point(3, 4)]);
    const [lean] = await session
      .scalars(
        select(Vertex)
          .options(loadOnly(Vertex, (x) => x.start))
          .orderBy(v.id),
      )
      .all();
    expect(lean.start).toEqual(new Point(3, 4));
    expect([...inspect(lean).unloaded].sort()).toEqual(["x2", "y2"]);
    session.expungeAll();
    const [late] = await session
      .scalars(
        select(Vertex)
          .options(defer(Vertex, (x) => [x.end, x.start]))
          .orderBy(v.id),
      )
      .all();
    expect([...inspect(late).unloaded].sort()).toEqual(["startX", "startY", "x2", "y2"]);
    await session.runSync(() => expect((late as Vertex).end).toEqual(new Point(5, 6)));
  });

  test("[CO-01] two columns read and write as one immutable object", async () => {
    const { Session } = await vertices();
    expect(reg.metadata.tables.get("vertices")?.columns.map((c) => c.name)).toEqual([
      "id",
      "start_x",
      "start_y",
      "x2",
      "y2",
    ]);
    await using session = Session();
    const v = await session.getOne(Vertex, 1);
    expect(v.start).toBeInstanceOf(Point);
    expect([v.start.x, v.start.y, v.start.sum]).toEqual([3, 4, 7]);
    expect(v.start).toBe(v.start);
    v.start = new Point(7, 8);
    expect(inspect(v).modified).toBe(true);
    await session.commit();
    await session.refresh(v);
    expect(v.start).toEqual(new Point(7, 8));
    const own = new Point(1, 2);
    v.start = own;
    expect(v.start).toBe(own);
    expect([...inspect(Vertex).composites].map((c) => c.key)).toEqual(["start", "end"]);
  });

  test("[CO-02] equality, IN, order and selection of a composite", async () => {
    const { Session } = await vertices();
    await using session = Session();
    const v = attrs(Vertex);
    expectTypeOf(v.start.x).toExtend<NumExpr<number, Vertex>>();
    expectTypeOf(v.start.eq(new Point(1, 2))).toExtend<BoolExpr<boolean, Vertex>>();
    const ids = (condition: BoolExpr<boolean, Vertex>) =>
      session.scalars(select(v.id).where(condition).orderBy(v.id)).all();
    expect(await ids(v.start.eq(new Point(3, 4)))).toEqual([1]);
    expect(await ids(v.start.ne(new Point(3, 4)))).toEqual([2]);
    expect(await ids(v.start.in([new Point(1, 9), new Point(0, 0)]))).toEqual([2]);
    expect(await ids(v.start.notIn([new Point(1, 9)]))).toEqual([1]);
    expect(await ids(v.end.isNull())).toEqual([2]);
    expect(await ids(v.end.eq(null))).toEqual([2]);
    expect(await ids(v.end.isNotNull())).toEqual([1]);
    expect(await ids(v.start.gt(new Point(2, 2)))).toEqual([1]);
    expect(await ids(v.start.x.gt(2))).toEqual([1]);
    expect(await ids(v.start.eq(v.end))).toEqual([]);
    expect(await session.scalars(select(v.id).orderBy(v.start)).all()).toEqual([2, 1]);
    expect(await session.scalars(select(v.id).orderBy(v.start.desc())).all()).toEqual([1, 2]);
    const rows = await session.execute(select(v.id, v.start, v.end).orderBy(v.id)).all();
    expectTypeOf(rows[0]).toExtend<readonly [number, Point, Point | null]>();
    expect(rows).toEqual([
      [1, new Point(3, 4), new Point(5, 6)],
      [2, new Point(1, 9), null],
    ]);
    expect(await session.execute(select({ at: v.start }).orderBy(v.id)).first()).toEqual({ at: new Point(3, 4) });
    expect(await session.scalars(select(Vertex).filterBy({ start: new Point(1, 9) })).one()).toMatchObject({ id: 2 });
    expect(() => v.end.gt(new Point(1, 1))).toThrow(/^Vertex\.end has no "gt": a composite has an order only where/);
  });

  test("[CO-02] a bulk update and a bulk insert by composite write all columns", async () => {
    const { Session } = await vertices();
    await using session = Session();
    await session.execute(
      update(Vertex)
        .values({ start: new Point(20, 21), end: null })
        .where((v) => v.id.eq(1)),
    );
    await session.execute(insert(Vertex).values({ start: new Point(5, 5), end: new Point(6, 6) } as never));
    const v = attrs(Vertex);
    expect(await session.execute(select(v.start, v.end).orderBy(v.id)).all()).toEqual([
      [new Point(20, 21), null],
      [new Point(1, 9), null],
      [new Point(5, 5), new Point(6, 6)],
    ]);
  });

  test("[CO-03] a nullable composite whose columns are all null is null, before and after a flush", async () => {
    const { Session } = await vertices();
    await using session = Session();
    const v = make(Vertex, { start: new Point(1, 1) });
    expect(v.end).toBe(null);
    session.add(v);
    await session.flush();
    expect(v.end).toBe(null);
    v.end = new Point(1, 2);
    await session.commit();
    await session.refresh(v);
    expect(v.end).toEqual(new Point(1, 2));
    v.end = null;
    await session.commit();
    await session.refresh(v);
    expect(v.end).toBe(null);
    expect(() => {
      v.start = null as never;
    }).toThrow(/^Vertex\.start cannot be null: map it with nullable: true/);
    expect(() => {
      v.start = 3 as never;
    }).toThrow(/^Vertex\.start takes an object of Point, not /);
    expect(new Vertex().start).toBe(undefined);
  });

  test("[CO-04] a member of a mutable composite may be assigned, and methods may change it", async () => {
    const { Session } = await storeFor(reg);
    await using session = Session();
    const price = create(Price, { net: new Money(5, "EUR") });
    session.add(price);
    await session.commit();
    await session.refresh(price);
    const net = price.net;
    expect(inspect(price).modified).toBe(false);
    net.amount = 6;
    expect(inspect(price).modified).toBe(true);
    expect(price.net).toBe(net);
    await session.commit();
    await session.refresh(price);
    expect(price.net.amount).toBe(6);
    expect(price.net.double().amount).toBe(12);
    await session.commit();
    await session.refresh(price);
    expect(price.net).toBeInstanceOf(Money);
    expect(price.net.amount).toBe(12);
    // An object that was replaced speaks for no row any more.
    const old = price.net;
    price.net = new Money(1, "USD");
    old.amount = 99;
    expect(price.net.amount).toBe(1);
    // @ts-expect-error members of an immutable one are readonly
    void (() => (new Vertex().start.x = 3));
  });

  test("[CO-05] one value class stands in several places, within another one, and over mapped attributes", async () => {
    const { Session } = await storeFor(reg);
    await using session = Session();
    const route = create(Route, {
      segment: new Segment(new Point(1, 2), new Point(3, 4)),
      origin: new Point(8, 9),
      px: 0,
      py: 0,
    });
    expect([route.px, route.py]).toEqual([0, 0]);
    route.origin = new Point(8, 9);
    session.add(route);
    await session.commit();
    await session.refresh(route);
    expect(route.segment).toEqual(new Segment(new Point(1, 2), new Point(3, 4)));
    expect([route.px, route.py, route.origin.sum]).toEqual([8, 9, 17]);
    const r = attrs(Route);
    expect(inspect(Route).columnAttributes.map((a) => a.column.name)).toEqual([
      "id",
      "px",
      "py",
      "segment_from_x",
      "segment_from_y",
      "target_x",
      "target_y",
    ]);
    expect(await session.scalars(select(r.segment).where(r.segment.from.x.eq(1))).one()).toEqual(route.segment);
    expect(await session.scalars(select(r.id).where(r.segment.eq(route.segment))).all()).toEqual([1]);
  });

  test("[CO-01] an imperative mapping has composites too", async () => {
    const own = registry();
    class Spot {
      id!: number;
      at!: CompositeOf<Point>;
    }
    const spots = table("spots", own.metadata, {
      id: column(t.integer, { primaryKey: true }),
      x: column(t.integer),
      y: column(t.integer),
    });
    own.mapImperatively(Spot, spots as never, { properties: { at: composite(Point, { x: "x", y: "y" }) } });
    const { Session } = await storeFor(own);
    await using session = Session();
    session.add(make(Spot, { at: new Point(1, 2) }));
    await session.commit();
    expect((await session.scalars(select(Spot).where((s) => s.at.eq(new Point(1, 2)))).one()).at).toEqual(
      new Point(1, 2),
    );
    void relationship;
  });
});

test("[CO-01] a composite over the primary key is a key for get(), and may be changed", async () => {
  class Version {
    constructor(
      public id: number,
      public number: number,
    ) {}
  }
  const own = registry();
  @own.Entity("graphs")
  class Graph {
    @PrimaryKey({ autoincrement: false }) id!: number;
    @PrimaryKey({ autoincrement: false }) number!: number;
    @Composite(Version, { id: "id", number: "number" }) version!: CompositeOf<Version>;
  }
  const { Session } = await storeFor(own);
  await using session = Session();
  const graph = make(Graph, { version: new Version(1, 1) });
  session.add(graph);
  await session.commit();
  expect(await session.get(Graph, new Version(1, 1))).toBe(graph);
  graph.version = new Version(2, 1);
  await session.commit();
  expect(await session.get(Graph, new Version(2, 1))).toBe(graph);
  expect(await session.get(Graph, new Version(1, 1))).toBeNull();
});

test("a composite is given the class of its value, not a function that gives it", () => {
  expect(() => {
    class Line {
      @PrimaryKey() id!: number;
      // @ts-expect-error no class
      @Composite(() => Point, { x: t.integer, y: t.integer }) start!: Point;
    }
    return Line;
  }).toThrow(/^Line\.start: a composite takes the class of its value itself, not a function/);
});
