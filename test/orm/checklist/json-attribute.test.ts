/** An attribute over one member of a JSON column: a hybrid with a setter does it. */
import { expect, test } from "vitest";
import { type Attrs, attrs, Column, Hybrid, type Json, PrimaryKey, registry, select, t } from "../../../src/index.js";
import { storeFor } from "../support.js";

const reg = registry();

interface Data {
  name?: string;
  tags?: string[];
}

@reg.Entity("json_people")
class Person {
  @PrimaryKey() id!: number;
  @Column(t.json, { mutable: true }) data!: Json<Data>;

  @Hybrid((p: Attrs<Person>) => p.data.get("name").asString())
  get name(): string | null {
    return this.data.name ?? null;
  }
  set name(value: string | null) {
    this.data.name = value ?? undefined;
  }
  @Hybrid((p: Attrs<Person>) => p.data.path("tags", 0).asString())
  get firstTag(): string | null {
    return this.data.tags?.[0] ?? null;
  }
}

test("[XU-02] an attribute reads, writes and filters a member of a JSON column, or an element of its array", async () => {
  const { Session } = await storeFor(reg);
  await Session.begin((s) => {
    s.addAll([
      Object.assign(new Person(), { data: { name: "Ann", tags: ["x", "y"] } }),
      Object.assign(new Person(), { data: { name: "Bob", tags: [] } }),
    ]);
  });
  const p = attrs(Person);
  await Session.begin(async (s) => {
    const ann = await s.scalars(select(Person).where(p.name.eq("Ann"))).one();
    expect([ann.name, ann.firstTag]).toEqual(["Ann", "x"]);
    ann.name = "Anna";
  });
  await using s = Session();
  expect(await s.scalars(select(p.name).orderBy(p.name)).all()).toEqual(["Anna", "Bob"]);
  const tagged = await s.scalars(select(Person).where(p.firstTag.eq("x"))).one();
  expect(tagged.data).toEqual({ name: "Anna", tags: ["x", "y"] });
});
