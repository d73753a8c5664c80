import { expect, expectTypeOf, test } from "vitest";
import {
  Column,
  ForeignKeyConstraint,
  inspect,
  ManyToMany,
  ManyToOne,
  OneToMany,
  PrimaryKey,
  type Relation,
  registry,
  select,
  selectinload,
  t,
  type WriteOnlyCollection,
  withLoaderCriteria,
} from "../../../src/index.js";
import { recordStatements } from "../../support/statements.js";
import { make, storeFor } from "../support.js";

const reg = registry();

@reg.Entity("owners")
class Owner {
  @PrimaryKey(t.string(3)) area!: string;
  @PrimaryKey() number!: number;
  @OneToMany(
    () => Thing,
    (x) => x.owner,
  )
  things!: Thing[];
  @ManyToMany(
    () => Group,
    (x) => x.owners,
    { secondary: "owner_groups" },
  )
  groups!: Set<Group>;
}

@reg.Entity("things", { tableArgs: [new ForeignKeyConstraint(["area", "number"], ["owners.area", "owners.number"])] })
class Thing {
  @PrimaryKey() id!: number;
  @Column(t.boolean) gone!: boolean;
  @Column(t.string(3), { nullable: true }) area!: string | null;
  @Column(t.integer, { nullable: true }) number!: number | null;
  @ManyToOne(
    () => Owner,
    (x) => x.things,
  )
  owner!: Relation<Owner> | null;
  @OneToMany(
    () => Trace,
    (x) => x.thing,
    { lazy: "write_only", passiveDeletes: true },
  )
  traces!: WriteOnlyCollection<Trace>;
}

@reg.Entity("traces")
class Trace {
  @PrimaryKey() id!: number;
  @ManyToOne(
    () => Thing,
    (x) => x.traces,
  )
  thing!: Relation<Thing> | null;
}

@reg.Entity("groups")
class Group {
  @PrimaryKey() id!: number;
  @Column() name!: string;
  @ManyToMany(
    () => Owner,
    (x) => x.groups,
  )
  owners!: Owner[];
}

async function filled() {
  const store = await storeFor(reg);
  await store.Session.begin((s) => {
    const groups = ["x", "y"].map((name) => make(Group, { name }));
    for (const [area, number, count] of [
      ["a", 1, 3],
      ["a", 2, 1],
      ["b", 1, 0],
    ] as const) {
      const things = Array.from({ length: count }, (_, i) => make(Thing, { gone: i === 0 }));
      s.add(make(Owner, { area, number, things, groups: new Set(groups.slice(0, count)) }));
    }
  });
  return store;
}

const owners = select(Owner).orderBy((x) => [x.area, x.number]);

test("the members of siblings' collections are counted with one statement, and nothing is loaded", async () => {
  const { engine, Session } = await filled();
  await using session = Session();
  const all = await session.scalars(owners).all();
  const recorded = recordStatements(engine);
  expect(await Promise.all(all.map((each) => session.count(each, "things")))).toEqual([3, 1, 0]);
  expect(recorded.statements).toHaveLength(1);
  const groups = await session.countEach(all, "groups", { where: (x) => x.name.eq("x") });
  expect(all.map((each) => groups.get(each))).toEqual([1, 1, 0]);
  expect(recorded.statements).toHaveLength(2);
  expect(inspect(all[0]).attrs.things.loaded).toBe(false);
});

test("pending changes count: they are flushed first, and a loaded collection is counted in memory", async () => {
  const { engine, Session } = await filled();
  await using session = Session();
  const [first, second] = await session.scalars(owners).all();
  session.add(make(Thing, { gone: false, owner: first }));
  expect(await session.count(first, "things")).toBe(4);
  await session.refresh(second, ["things"]);
  const recorded = recordStatements(engine);
  using _ = session.noAutoflush();
  second.things.push(make(Thing, { gone: false }));
  expect(await session.count(second, "things")).toBe(2);
  expect(await session.count(make2(session, 9), "things")).toBe(1);
  expect(recorded.statements).toHaveLength(0);
});

function make2(session: { add(object: object): void }, number: number): Owner {
  const owner = make(Owner, { area: "z", number, things: [make(Thing, { gone: false })] });
  session.add(owner);
  return owner;
}

test("a part of a collection is not taken for its number, and criteria on the class hold", async () => {
  const { Session } = await filled();
  await using session = Session();
  const present = withLoaderCriteria(Thing, (x) => x.gone.eq(false));
  const [first] = await session
    .scalars(
      owners.options(
        present,
        selectinload(Owner, (x) => x.things, { limit: 1 }),
      ),
    )
    .all();
  expect([first.things.length, await session.count(first, "things")]).toEqual([1, 2]);
});

test("write-only collections are counted, inside runSync too", async () => {
  const { Session } = await filled();
  await using session = Session();
  const [thing, other] = await session.scalars(select(Thing).orderBy((x) => x.id)).all();
  for (let i = 0; i < 2; i++) thing.traces.add(new Trace());
  await session.runSync((s) => {
    expect(s.count(thing, "traces")).toBe(2);
    expect([...s.countEach([thing, other], "traces").values()]).toEqual([2, 0]);
  });
  expect(await session.count(thing, "traces")).toBe(2);
});

test("what is no collection is refused, by the compiler and by name", async () => {
  const { Session } = await filled();
  await using session = Session();
  const [first] = await session.scalars(owners).all();
  // @ts-expect-error a column is no collection
  await expect(session.count(first, "area")).rejects.toThrow(
    "count(): Owner.area is no collection. Owner has these: things, groups.",
  );
  await expect(session.count(new Owner(), "things")).rejects.toThrow(
    "is not present in this session, so it cannot be asked",
  );
  using _ = session.noAutoflush();
  await expect(session.count(make2(session, 8), "things", { where: (x) => x.gone.eq(true) })).rejects.toThrow(
    "has no row yet, so the database cannot say which of its things meet a condition. Flush first.",
  );
  expectTypeOf(session.count<Owner, "things">).returns.toEqualTypeOf<Promise<number>>();
});
