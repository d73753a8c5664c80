/** The chapters "Mutation tracking" and "Indexable" of SQLAlchemy's ORM documentation, on both databases. */
import { describe, expect, expectTypeOf, test } from "vitest";
import {
  type Attrs,
  attrs,
  Column,
  Composite,
  type CompositeOf,
  create,
  deserialize,
  Hybrid,
  inspect,
  type OptionalProps,
  PrimaryKey,
  registry,
  type SQLType,
  type StrExpr,
  select,
  serialize,
  TypeDecorator,
  t,
} from "../../../src/index.js";
import { storeFor } from "../support.js";

type Values = Record<string, string>;

class JsonText extends TypeDecorator<Values, string> {
  readonly impl: SQLType<string> = t.text;
  override processBindParam(value: Values): string {
    return JSON.stringify(value);
  }
  override processResultValue(value: string): Values {
    return JSON.parse(value) as Values;
  }
}

class Point {
  constructor(
    public x: number,
    public y: number,
  ) {}
}

const reg = registry();

@reg.Entity("my_data")
class MyData {
  declare [OptionalProps]?: "id";
  @PrimaryKey() id!: number;
  @Column(new JsonText(), { mutable: true }) data!: Values;
  @Column(t.json<{ list: number[] }>(), { mutable: true }) deep!: { list: number[] };
  @Column(t.json<Values>()) fixed!: Values;
}

@reg.Entity("vertices_mutable")
class Vertex {
  declare [OptionalProps]?: "id";
  @PrimaryKey() id!: number;
  @Composite(Point, { x: t.integer, y: t.integer }, { mutable: true }) start!: CompositeOf<Point>;
  @Composite(Point, { x: t.integer, y: t.integer }, { mutable: true }) end!: CompositeOf<Point>;
}

interface Details {
  name?: string;
  birthday?: { year: number };
  tags?: string[];
}

@reg.Entity("person_indexed")
class Person {
  declare [OptionalProps]?: "id" | "data" | "name" | "year";
  @PrimaryKey() id!: number;
  @Column(t.json<Details>(), { mutable: true, default: () => ({}) }) data!: Details;

  /** An attribute over a member of JSON is a hybrid; what is not there is made. */
  @Hybrid((p: Attrs<Person>) => p.data.get("name").asString())
  get name(): string | null {
    return this.data?.name ?? null;
  }
  set name(value: string | null) {
    this.data ??= {};
    if (value === null) delete this.data.name;
    else this.data.name = value;
  }
  @Hybrid((p: Attrs<Person>) => p.data.path("birthday", "year").asInteger())
  get year(): number | null {
    return this.data?.birthday?.year ?? null;
  }
  @Hybrid((p: Attrs<Person>) => p.data.path("tags", 0).asString())
  get firstTag(): string | null {
    return this.data?.tags?.[0] ?? null;
  }
}

describe("mutable values", () => {
  test("of a type of one's own and of JSON are watched, at any depth, where the column says mutable", async () => {
    const { Session } = await storeFor(reg);
    await using session = Session();
    const object = create(MyData, { data: { value1: "foo" }, deep: { list: [1] }, fixed: {} });
    session.add(object);
    await session.commit();
    await session.refresh(object);
    object.data.value1 = "bar";
    expect(session.dirty).toContain(object);
    await session.commit();
    await session.refresh(object);
    expect(object.data).toEqual({ value1: "bar" });
    object.deep.list.push(2);
    expect(session.dirty).toContain(object);
    await session.commit();
    await session.refresh(object);
    expect(object.deep).toEqual({ list: [1, 2] });
    object.fixed.a = "b";
    expect(session.dirty).not.toContain(object);
  });

  test("are carried over by serialize(), and are watched again", async () => {
    const { Session } = await storeFor(reg, { expireOnCommit: false });
    const object = create(MyData, { data: { a: "1" }, deep: { list: [] }, fixed: {} });
    await Session.begin((s) => s.add(object));
    const copy = deserialize<MyData>(serialize(object), reg);
    copy.data.a = "2";
    expect(inspect(copy).modified).toBe(true);
  });

  test("composites that say so are watched", async () => {
    const { Session } = await storeFor(reg);
    await using session = Session();
    const vertex = create(Vertex, { start: new Point(3, 4), end: new Point(12, 15) });
    session.add(vertex);
    await session.flush();
    vertex.end.x = 8;
    expect(session.dirty).toContain(vertex);
    await session.commit();
    expect(await session.scalars(select(attrs(Vertex).end)).one()).toEqual(new Point(8, 15));
  });
});

describe("attributes over a part of a JSON column", () => {
  test("[XU-02] read, write and take away a member, and filter by it", async () => {
    const person = create(Person, { name: "Alchemist" });
    expect(person.data).toEqual({ name: "Alchemist" });
    person.name = "Renamed";
    expect(person.data).toEqual({ name: "Renamed" });
    person.name = null;
    expect(person.data).toEqual({});
    expect(create(Person, {}).name).toBeNull();
    const { Session } = await storeFor(reg);
    await using session = Session();
    session.addAll([
      create(Person, { data: { name: "Ann", birthday: { year: 1980 }, tags: ["x"] } }),
      create(Person, { data: { name: "Bob" } }),
    ]);
    await session.commit();
    const p = attrs(Person);
    expectTypeOf(p.name).toExtend<StrExpr<string | null, Person>>();
    const ann = await session
      .scalars(select(Person).where(p.name.eq("Ann"), p.year.lt(1990), p.firstTag.eq("x")))
      .one();
    expect([ann.year, ann.firstTag]).toEqual([1980, "x"]);
    ann.name = "Anna";
    await session.commit();
    expect(await session.scalars(select(p.name).orderBy(p.name)).all()).toEqual(["Anna", "Bob"]);
  });
});
