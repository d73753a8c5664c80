import { describe, expect, test } from "vitest";
import {
  type AsyncEngine,
  asyncSessionmaker,
  attrs,
  awaitable,
  Column,
  del,
  func,
  InvalidRequestError,
  inspect,
  ManyToMany,
  ManyToOne,
  OneToMany,
  PrimaryKey,
  type Relation,
  registry,
  select,
  selectinload,
  setShardId,
  t,
  text,
  update,
} from "../../../src/index.js";
import { freshDatabase } from "../../support/database.js";
import { recordStatements } from "../../support/statements.js";
import { make } from "../support.js";

const reg = registry();

@reg.Entity("cities")
class City {
  @PrimaryKey() id!: number;
  @Column(t.string(20)) continent!: string;
  @Column(t.string(20)) name!: string;
  @OneToMany(
    () => Report,
    (r) => r.city,
    { orderBy: "id" },
  )
  reports!: Report[];
  @ManyToMany(
    () => Tag,
    (g) => g.cities,
    { secondary: "city_tags", orderBy: "id" },
  )
  tags!: Tag[];
}

@reg.Entity("reports")
class Report {
  @PrimaryKey() id!: number;
  @Column(t.integer) degrees!: number;
  @ManyToOne(
    () => City,
    (c) => c.reports,
  )
  city!: Relation<City> | null;
}

@reg.Entity("tags")
class Tag {
  @PrimaryKey() id!: number;
  @Column(t.string(20)) word!: string;
  @ManyToMany(
    () => City,
    (c) => c.tags,
  )
  cities!: City[];
}

const CONTINENTS: Record<string, string> = { Europe: "west", Asia: "east" };

/** Two databases that make equal keys; a city goes by its continent, everything else by its city. */
async function store() {
  const engines: AsyncEngine[] = [];
  for (let i = 0; i < 2; i++) {
    const { engine } = await freshDatabase({ file: true });
    await reg.metadata.createAll(engine);
    engines.push(engine);
  }
  const [west, east] = engines;
  const Session = asyncSessionmaker(undefined, {
    expireOnCommit: false,
    sharding: {
      shards: { west, east },
      shardChooser: (object) => {
        const city =
          object instanceof City ? object : object instanceof Report ? object.city : (object as Tag).cities[0];
        return CONTINENTS[(city as City).continent];
      },
      identityChooser: () => ["west", "east"],
      executeChooser: () => ["west", "east"],
    },
  });
  await Session.begin((s) => {
    s.addAll([
      make(City, {
        name: "Rome",
        continent: "Europe",
        reports: [make(Report, { degrees: 20 }), make(Report, { degrees: 21 })],
        tags: [make(Tag, { word: "old" })],
      }),
      make(City, { name: "Oslo", continent: "Europe", reports: [], tags: [] }),
      make(City, {
        name: "Tokyo",
        continent: "Asia",
        reports: [make(Report, { degrees: 30 })],
        tags: [make(Tag, { word: "big" })],
      }),
    ]);
  });
  return { west, east, Session };
}

describe("a sharded session", () => {
  test("[XS-01] inserts go to the chosen shard, with what hangs on them", async () => {
    const { west, east } = await store();
    const names = async (engine: AsyncEngine) =>
      (await engine.begin((c) => c.execute(text("select name from cities order by id")).all())).map((row) => row[0]);
    expect([await names(west), await names(east)]).toEqual([["Rome", "Oslo"], ["Tokyo"]]);
    const count = (engine: AsyncEngine, table: string) =>
      engine.begin((c) => c.scalar(text(`select count(*) from ${table}`)));
    expect([await count(west, "reports"), await count(east, "reports")]).toEqual([2, 1]);
    expect([await count(west, "city_tags"), await count(east, "city_tags")]).toEqual([1, 1]);
  });

  test("[XS-01] [QA-05] queries fan out and merge; equal keys of two shards are two objects in one session", async () => {
    const { Session } = await store();
    await using session = Session();
    const all = await session.scalars(select(City).orderBy((c) => c.id)).all();
    expect(all.map((c) => [c.id, c.name, inspect(c).identityToken])).toEqual([
      [1, "Rome", "west"],
      [2, "Oslo", "west"],
      [1, "Tokyo", "east"],
    ]);
    expect(new Set(all).size).toBe(3);
    expect(session.identityMap.size).toBe(3);
    expect(await session.scalars(select(City)).all()).toEqual(expect.arrayContaining(all));
    expect(session.identityMap.size).toBe(3);
    const warm = await session
      .execute(
        select(attrs(City).name, func.max(attrs(Report).degrees))
          .join(attrs(City).reports)
          .groupBy(attrs(City).name),
      )
      .all();
    expect(warm.map((row) => [...row])).toEqual([
      ["Rome", 21],
      ["Tokyo", 30],
    ]);
  });

  test("[XS-01] get asks the shards in the chooser's order, memory first; a statement or a get can be pinned to one", async () => {
    const { west, east, Session } = await store();
    await using session = Session();
    using onWest = recordStatements(west);
    using onEast = recordStatements(east);
    const rome = await session.get(City, 1);
    expect(rome?.name).toBe("Rome");
    expect([onWest.count(), onEast.count()]).toEqual([1, 0]);
    const tokyo = await session.get(City, 1, { bindArguments: { shardId: "east" } });
    expect(tokyo?.name).toBe("Tokyo");
    expect(await session.get(City, 1, { bindArguments: { shardId: "east" } })).toBe(tokyo);
    expect(await session.get(City, 77)).toBeNull();
    expect([onWest.count(), onEast.count()]).toEqual([2, 2]);
    const pinned = await session.scalars(select(City).options(setShardId("east"))).all();
    expect(pinned).toEqual([tokyo]);
    expect([onWest.count(), onEast.count()]).toEqual([2, 3]);
  });

  test("[XS-01] lazy and eager loads, refreshes and changes stay on the object's shard", async () => {
    const { west, east, Session } = await store();
    await using session = Session();
    const tokyo = await session.scalars(select(City).where((c) => c.name.eq("Tokyo"))).one();
    using onWest = recordStatements(west);
    using onEast = recordStatements(east);
    expect((await awaitable(tokyo).reports).map((r) => r.degrees)).toEqual([30]);
    expect(await awaitable(tokyo.reports[0]).city).toBe(tokyo);
    tokyo.name = "Edo";
    tokyo.reports.push(make(Report, { degrees: 31 }));
    await session.commit();
    await session.refresh(tokyo, ["name", "reports"]);
    expect(tokyo.name).toBe("Edo");
    await session.delete(tokyo.reports[1]);
    await session.commit();
    expect(onWest.count()).toBe(0);
    expect(onEast.count("UPDATE")).toBe(1);
    expect(onEast.count("DELETE")).toBe(1);
    session.expungeAll();
    const both = await session.scalars(select(City).where((c) => c.id.eq(1))).all();
    const sizes = await Promise.all(both.map(async (c) => (await awaitable(c).reports).length));
    expect(sizes).toEqual([2, 1]);
    session.expungeAll();
    const eager = await session
      .scalars(
        select(City).options(
          selectinload(City, (c) => c.reports),
          selectinload(City, (c) => c.tags),
        ),
      )
      .all();
    expect(eager.map((c) => [c.name, c.reports.length, c.tags.map((g) => g.word)])).toEqual([
      ["Rome", 2, ["old"]],
      ["Oslo", 0, []],
      ["Edo", 1, ["big"]],
    ]);
    expect(new Set(eager.flatMap((c) => c.reports.map((r) => inspect(r).identityToken)))).toEqual(
      new Set(["west", "east"]),
    );
  });

  test("[XS-01] updates and deletes by conditions run on every shard and keep each one's objects in step", async () => {
    const { Session } = await store();
    await using session = Session();
    const all = await session.scalars(select(City).orderBy((c) => c.id)).all();
    const result = await session.execute(
      update(City)
        .where((c) => c.id.eq(1))
        .values({ name: "First" }),
    );
    expect(result.rowcount).toBe(2);
    expect(all.map((c) => c.name)).toEqual(["First", "Oslo", "First"]);
    await session.execute(
      del(Report)
        .where((r) => r.degrees.gt(20))
        .options(setShardId("east")),
    );
    expect(await session.scalars(select(func.count(attrs(Report).id))).all()).toEqual([2, 0]);
    await session.rollback();
  });

  test("[XS-01] a rollback undoes all shards, and what names no shard says so", async () => {
    const { Session } = await store();
    await using session = Session();
    session.addAll([
      make(City, { name: "Bern", continent: "Europe", reports: [], tags: [] }),
      make(City, { name: "Seoul", continent: "Asia", reports: [], tags: [] }),
    ]);
    await session.flush();
    await session.rollback();
    expect((await session.scalars(select(City)).all()).length).toBe(3);
    const failed = session.execute(text("select 1"));
    await expect(failed).rejects.toThrow(InvalidRequestError);
    await expect(failed).rejects.toThrow(/sharded, and nothing says on which shard.*\(west, east\)/s);
    await expect(session.scalars(select(City).options(setShardId("north"))).all()).rejects.toThrow(
      /There is no shard "north"/,
    );
    expect(await session.scalar(text("select 1"), undefined, { bindArguments: { shardId: "east" } })).toBe(1);
  });

  test("[XS-01] identityToken pins a statement, a get and a stream; merged objects of equal keys stay two", async () => {
    const { Session } = await store();
    await using session = Session();
    const identityToken = "east";
    const names = select(City).where((c) => c.id.eq(1));
    const [tokyo] = await session.scalars(names, undefined, { identityToken }).all();
    expect(tokyo.name).toBe("Tokyo");
    expect(await session.get(City, 1, { identityToken })).toBe(tokyo);
    await using stream = await session.streamScalars(names, undefined, { identityToken });
    for await (const each of stream) expect(each).toBe(tokyo);
    const rome = (await session.get(City, 1, { identityToken: "west" })) as City;
    await session.close();
    await using other = Session();
    for (const load of [true, false]) {
      other.expungeAll();
      const merged = [await other.merge(rome, { load }), await other.merge(tokyo, { load })];
      expect(merged.map((each) => [each.name, inspect(each).identityToken])).toEqual([
        ["Rome", "west"],
        ["Tokyo", "east"],
      ]);
    }
  });

  test("[XS-01] columns of subclasses are loaded from the shard of each object", async () => {
    const own = registry();
    @own.Entity("vehicles", { polymorphicOn: "kind", polymorphicIdentity: "vehicle" })
    class Vehicle {
      @PrimaryKey() id!: number;
      @Column(t.string(10)) kind!: string;
      @Column(t.string(10)) where!: string;
    }
    @own.Entity("trucks", { polymorphicIdentity: "truck", polymorphicLoad: "selectin" })
    class Truck extends Vehicle {
      @Column(t.integer) load!: number;
    }
    const shards: Record<string, AsyncEngine> = {};
    for (const name of ["west", "east"]) {
      const { engine } = await freshDatabase({ file: true });
      await own.metadata.createAll(engine);
      shards[name] = engine;
    }
    const both = () => ["west", "east"];
    const Session = asyncSessionmaker(undefined, {
      sharding: {
        shards,
        shardChooser: (object) => (object as Vehicle).where,
        identityChooser: both,
        executeChooser: both,
      },
    });
    await Session.begin((s) =>
      s.addAll([make(Truck, { where: "west", load: 1 }), make(Truck, { where: "east", load: 2 })]),
    );
    await using session = Session();
    const found = await session.scalars(select(Vehicle)).all();
    expect(found.map((each) => [each.id, (each as Truck).load])).toEqual([
      [1, 1],
      [1, 2],
    ]);
  });
});
