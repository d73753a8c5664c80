/** The chapter "Composite column types" of SQLAlchemy's ORM documentation, on both databases. */
import { describe, expect, expectTypeOf, test } from "vitest";
import {
  attrs,
  awaitable,
  Column,
  Composite,
  type CompositeOf,
  column,
  composite,
  create,
  type NumExpr,
  type OptionalProps,
  PrimaryKey,
  registry,
  select,
  t,
  table,
  text,
} from "../../../src/index.js";
import { recordStatements } from "../../support/statements.js";
import { make, storeFor } from "../support.js";

class Point {
  constructor(
    readonly x: number,
    readonly y: number,
  ) {}
}

const at = (name: string) => ({ type: t.integer, name, attribute: name });

const reg = registry();

@reg.Entity("vertices")
class Vertex {
  declare [OptionalProps]?: "id";
  @PrimaryKey() id!: number;
  @Composite(Point, { x: at("x1"), y: at("y1") }) start!: CompositeOf<Point>;
  @Composite(Point, { x: at("x2"), y: at("y2") }) end!: CompositeOf<Point>;

  toString(): string {
    return `Vertex(${this.start.x},${this.start.y} to ${this.end.x},${this.end.y})`;
  }
}

async function opened() {
  const store = await storeFor(reg);
  const session = store.Session();
  session.add(create(Vertex, { start: new Point(3, 4), end: new Point(5, 6) }));
  await session.commit();
  return { ...store, session };
}

describe("a composite", () => {
  test("has the columns of its parts", () => {
    expect(reg.metadata.tables.get("vertices")!.columns.map((c) => [c.name, c.type.family, c.nullable])).toEqual([
      ["id", "integer", false],
      ["x1", "integer", false],
      ["y1", "integer", false],
      ["x2", "integer", false],
      ["y2", "integer", false],
    ]);
    // @ts-expect-error both points are required
    void (() => create(Vertex, { start: new Point(1, 2) }));
  });

  test("is stored, and selected as one value", async () => {
    const { session, engine } = await opened();
    await using _ = session;
    using log = recordStatements(engine);
    const v = attrs(Vertex);
    const rows = await session.execute(select(v.start, v.end)).all();
    expectTypeOf(rows[0]).toExtend<readonly [Point, Point]>();
    expect(rows).toEqual([[new Point(3, 4), new Point(5, 6)]]);
    expect(rows[0][0]).toBeInstanceOf(Point);
    expect(log.texts()[0]).toMatch(
      /^SELECT vertices\.x1.*, vertices\.y1.*, vertices\.x2.*, vertices\.y2.*\s+FROM vertices$/s,
    );
  });

  test("is compared with a value; its parts are columns of their own", async () => {
    const { session } = await opened();
    await using _ = session;
    const found = await session
      .scalars(
        select(Vertex)
          .where((v) => v.start.eq(new Point(3, 4)))
          .where((v) => v.end.x.lt(7).and(v.end.y.lt(8))),
      )
      .all();
    expect(found.map(String)).toEqual(["Vertex(3,4 to 5,6)"]);
    // SQLAlchemy compares each column, which is no order: here a composite says itself what it means.
    expect(() => (attrs(Vertex).end as unknown as { lt(p: Point): unknown }).lt(new Point(7, 8))).toThrow(
      /^Vertex\.end has no "lt": a composite has an order only where/,
    );
    // @ts-expect-error no number is a point
    expect(() => attrs(Vertex).start.eq(3)).toThrow(/Vertex\.start/);
  });

  test("is replaced by a new object, and only what changed is written", async () => {
    const { session, engine } = await opened();
    await using _ = session;
    const vertex = await session.scalars(select(Vertex)).one();
    using log = recordStatements(engine);
    vertex.end = new Point(10, 14);
    await session.commit();
    expect(log.texts()).toEqual([
      expect.stringMatching(/^UPDATE vertices SET x2 ?= ?\S+, y2 ?= ?\S+ WHERE vertices\.id = \S+$/),
    ]);
    // It is expired, awaited and refreshed by its name.
    expect(await awaitable(vertex).end).toEqual(new Point(10, 14));
    session.expire(vertex, ["end"]);
    await session.refresh(vertex, ["end"]);
    expect(vertex.end).toEqual(new Point(10, 14));
    // @ts-expect-error and its members are readonly
    void (() => (vertex.end.x = 3));
  });
});

describe("null for a composite", () => {
  const own = registry();

  @own.Entity("optional_vertices")
  class Optional {
    declare [OptionalProps]?: "id";
    @PrimaryKey() id!: number;
    @Composite(Point, { x: t.integer, y: t.integer }, { nullable: true }) start!: CompositeOf<Point> | null;
    @Composite(Point, { x: t.integer, y: t.integer }) end!: CompositeOf<Point>;
  }

  test("is what one is whose columns are all null, where its mapping says nullable", async () => {
    const { Session } = await storeFor(own);
    await using session = Session();
    const vertex = create(Optional, { end: new Point(1, 2) });
    expect(vertex.start).toBeNull();
    session.add(vertex);
    await session.commit();
    const v = attrs(Optional);
    expect(await session.scalars(select(v.start).where(v.start.x.isNull(), v.start.y.isNull())).first()).toBeNull();
    expect((await session.scalars(select(Optional)).one()).start).toBeNull();
  });

  test("without it there is no value until one is given: a point without numbers would be none of its type", () => {
    expect(new Optional().end).toBeUndefined();
    expect(() => {
      new Optional().end = null as never;
    }).toThrow("Optional.end cannot be null: map it with nullable: true");
  });
});

describe("other forms", () => {
  test("over columns that the class maps itself, by their names", async () => {
    const own = registry();
    @own.Entity("mapped_vertices")
    class Mapped {
      declare [OptionalProps]?: "id" | "x1" | "y1";
      @PrimaryKey() id!: number;
      @Column() x1!: number;
      @Column() y1!: number;
      @Composite(Point, { x: "x1", y: "y1" }) start!: CompositeOf<Point>;
    }
    const { Session } = await storeFor(own);
    await using session = Session();
    const vertex = create(Mapped, { start: new Point(3, 4) });
    expect([vertex.x1, vertex.y1]).toEqual([3, 4]);
    vertex.x1 = 7;
    expect(vertex.start).toEqual(new Point(7, 4));
    session.add(vertex);
    await session.commit();
    expect(await session.scalars(select(Mapped).where((m) => m.start.eq(new Point(7, 4)))).all()).toHaveLength(1);
  });

  test("in an imperative mapping", async () => {
    const own = registry();
    const vertices = table("plain_vertices", own.metadata, {
      id: column(t.integer, { primaryKey: true }),
      x1: column(t.integer),
      y1: column(t.integer),
    });
    class Plain {
      declare id: number;
      declare start: CompositeOf<Point>;
    }
    own.mapImperatively(Plain, vertices, { properties: { start: composite(Point, { x: "x1", y: "y1" }) } });
    const { Session } = await storeFor(own);
    await using session = Session();
    session.add(make(Plain, { start: new Point(1, 2) }));
    await session.commit();
    expect((await session.scalars(select(Plain)).one()).start).toEqual(new Point(1, 2));
  });

  test("of a class that changes in place, where its mapping says mutable", async () => {
    class Place {
      constructor(
        public x: number,
        public y: number,
      ) {}
    }
    const own = registry();
    @own.Entity("moving")
    class Moving {
      declare [OptionalProps]?: "id";
      @PrimaryKey() id!: number;
      @Composite(Place, { x: t.integer, y: t.integer }, { mutable: true }) at!: CompositeOf<Place>;
    }
    const { Session } = await storeFor(own);
    await using session = Session();
    const moving = create(Moving, { at: new Place(1, 2) });
    session.add(moving);
    await session.commit();
    await session.refresh(moving);
    moving.at.x = 8;
    expect(session.dirty.has(moving)).toBe(true);
    await session.commit();
    expect(await session.execute(text("select at_x, at_y from moving")).one()).toEqual([8, 2]);
  });

  test("with operators of its own", async () => {
    const own = registry();
    @own.Entity("compared_vertices")
    class Compared {
      declare [OptionalProps]?: "id";
      @PrimaryKey() id!: number;
      @Composite(
        Point,
        { x: at("x1"), y: at("y1") },
        {
          comparator: (c: { x: NumExpr<number>; y: NumExpr<number> }) => ({
            gt: (other: Point) => c.x.gt(other.x).and(c.y.gt(other.y)),
          }),
        },
      )
      start!: CompositeOf<Point>;
    }
    const c = attrs(Compared) as unknown as { start: { gt(p: Point): { toString(): string } } };
    expect(String(c.start.gt(new Point(5, 6)))).toMatch(
      /^compared_vertices\.x1 > \S+ AND compared_vertices\.y1 > \S+$/,
    );
    const { Session } = await storeFor(own);
    await using session = Session();
    session.addAll([new Point(6, 7), new Point(6, 1)].map((start) => create(Compared, { start })));
    await session.commit();
    expect(await session.scalars(select(Compared).where(c.start.gt(new Point(5, 6)) as never)).all()).toHaveLength(1);
  });

  test("within another composite", async () => {
    class Segment {
      constructor(
        readonly start: CompositeOf<Point>,
        readonly end: CompositeOf<Point>,
      ) {}
    }
    const own = registry();
    @own.Entity("has_vertex")
    class HasVertex {
      declare [OptionalProps]?: "id";
      @PrimaryKey() id!: number;
      @Composite(Segment, {
        start: composite(Point, { x: at("x1"), y: at("y1") }),
        end: composite(Point, { x: at("x2"), y: at("y2") }),
      })
      vertex!: CompositeOf<Segment>;
    }
    const { Session } = await storeFor(own);
    await using session = Session();
    const segment = new Segment(new Point(1, 2), new Point(3, 4));
    session.add(create(HasVertex, { vertex: segment }));
    await session.commit();
    const found = await session.scalars(select(HasVertex).where((h) => h.vertex.eq(segment))).one();
    expect([found.vertex.start, found.vertex.end]).toEqual([new Point(1, 2), new Point(3, 4)]);
    expect(own.metadata.tables.get("has_vertex")!.columns.map((c) => c.name)).toEqual(["id", "x1", "y1", "x2", "y2"]);
  });
});
