import { describe, expect, test, vi } from "vitest";
import {
  ArgumentError,
  attrs,
  bindparam,
  Column,
  ManyToOne,
  OneToMany,
  PrimaryKey,
  type Relation,
  registry,
  Select,
  select,
  selectinload,
  subqueryload,
  t,
  withLoaderCriteria,
} from "../../../src/index.js";
import { make, storeFor } from "../support.js";

const reg = registry();

@reg.Entity("named_shelves")
class Shelf {
  @PrimaryKey() id!: number;
  @Column(t.string(40)) room!: string;
  @Column(t.integer) height!: number;
  @OneToMany(
    () => Volume,
    (v) => v.shelf,
  )
  volumes!: Volume[];
}

@reg.Entity("named_volumes")
class Volume {
  @PrimaryKey() id!: number;
  @Column(t.integer) pages!: number;
  @ManyToOne(
    () => Shelf,
    (s) => s.volumes,
  )
  shelf!: Relation<Shelf> | null;
}

async function filled() {
  const store = await storeFor(reg);
  await store.Session.begin((s) => {
    for (let i = 1; i <= 6; i++)
      s.add(
        make(Shelf, {
          room: i % 2 === 0 ? "even" : "odd",
          height: i,
          volumes: [make(Volume, { pages: i }), make(Volume, { pages: 100 * i })],
        }),
      );
  });
  return store;
}

const shelvesIn = select(Shelf)
  .where((s) => s.room.eq(bindparam("room", t.string)).and(s.height.ge(bindparam("least", t.integer))))
  .orderBy((s) => s.id);

const heights = (shelves: readonly Shelf[]): number[] => shelves.map((s) => s.height);

describe("a statement that is kept takes values by name at each run", () => {
  test("as it is: no other one is made of it", async () => {
    await using session = (await filled()).Session();
    const copies = vi.spyOn(Select.prototype, "params");
    try {
      expect(heights(await session.scalars(shelvesIn, { room: "even", least: 3 }).all())).toEqual([4, 6]);
      expect(heights(await session.scalars(shelvesIn, { room: "odd", least: 0 }).all())).toEqual([1, 3, 5]);
      expect((await session.execute(shelvesIn, { room: "odd", least: 5 }).all()).map(([s]) => s.height)).toEqual([5]);
      expect(copies).not.toHaveBeenCalled();
    } finally {
      copies.mockRestore();
    }
  });

  test("in what is loaded with it too", async () => {
    await using session = (await filled()).Session();
    for (const load of [selectinload, subqueryload]) {
      session.expungeAll();
      const [shelf] = await session
        .scalars(shelvesIn.options(load(Shelf, (s) => s.volumes)), { room: "even", least: 6 })
        .all();
      expect(shelf.volumes.map((v) => v.pages).sort((a, b) => a - b)).toEqual([6, 600]);
    }
  });

  test("and in its options, which hold for what is loaded later", async () => {
    await using session = (await filled()).Session();
    const thick = shelvesIn.options(withLoaderCriteria(Volume, (v) => v.pages.ge(bindparam("pages", t.integer))));
    const [shelf] = await session.scalars(thick, { room: "even", least: 6, pages: 100 }).all();
    await session.runSync(() => expect(shelf.volumes.map((v) => v.pages)).toEqual([600]));
  });

  test("as a list, and in LIMIT", async () => {
    await using session = (await filled()).Session();
    const some = select(Shelf)
      .where((s) => s.height.in(bindparam("heights", { options: { expanding: true, type: t.integer } })))
      .orderBy((s) => s.id)
      .limit(bindparam("count", t.integer));
    expect(heights(await session.scalars(some, { heights: [2, 3, 4], count: 2 }).all())).toEqual([2, 3]);
    expect(heights(await session.scalars(some, { heights: [5], count: 9 }).all())).toEqual([5]);
  });

  test("and says which one it has not, or was not given", async () => {
    await using session = (await filled()).Session();
    const asked = (values: Record<string, unknown>) => session.scalars(shelvesIn, values).all();
    await expect(asked({ room: "even", least: 1, rom: 2 })).rejects.toThrow(
      'the statement has no parameter "rom"; it has: room, least.',
    );
    await expect(asked({ room: "even" })).rejects.toThrow("parameter least has no value. Give it at execution");
    await expect(asked({ room: "even", least: undefined })).rejects.toThrow(
      "parameter least is undefined. Write null for SQL NULL.",
    );
    await expect(asked({ room: "even", least: "tall" })).rejects.toThrow(ArgumentError);
    expect(await asked({ room: null, least: 1 })).toEqual([]);
  });
});

test("one name in two places is one value where it is given at the run, and two where each place has its own", async () => {
  await using session = (await filled()).Session();
  const s = attrs(Shelf);
  const between = (low: unknown, high: unknown) =>
    select(Shelf)
      .where(s.height.ge(bindparam("h", low as number)), s.height.le(bindparam("h", high as number)))
      .orderBy(s.id);
  expect(heights(await session.scalars(between(t.integer, t.integer), { h: 3 }).all())).toEqual([3]);
  expect(heights(await session.scalars(between(2, 4)).all())).toEqual([2, 3, 4]);
  expect(heights(await session.scalars(between(t.integer, t.integer), { h: 5 }).all())).toEqual([5]);
});
