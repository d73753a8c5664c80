import { describe, expect, test } from "vitest";
import {
  Column,
  DetachedInstanceError,
  func,
  inspect,
  ManyToOne,
  OneToMany,
  PrimaryKey,
  type Relation,
  registry,
  select,
  setCommittedValue,
  t,
  text,
} from "../../../src/index.js";
import { recordStatements } from "../../support/statements.js";
import { make, storeFor } from "../support.js";

const reg = registry();

@reg.Entity("unset_rivers", { versionIdCol: "revision" })
class River {
  @PrimaryKey() id!: number;
  @Column(t.string(20), { nullable: true }) name!: string | null;
  @Column(t.integer) revision!: number;
  @ManyToOne(
    () => River,
    (r) => r.tributaries,
    { nullable: true },
  )
  mouth!: Relation<River> | null;
  @OneToMany(
    () => River,
    (r) => r.mouth,
  )
  tributaries!: River[];
}

describe("a column that was not set at the INSERT", () => {
  test("reads as null without a statement, and does not count as loaded", async () => {
    const { Session, engine } = await storeFor(reg);
    await using session = Session();
    const river = make(River, {});
    session.add(river);
    await session.flush();
    using log = recordStatements(engine);
    expect([river.name, river.mouth]).toEqual([null, null]);
    expect(inspect(river).unloaded.has("name")).toBe(true);
    expect(log.count("SELECT")).toBe(0);
  });

  test("is filled by the next query that meets the object with what the row holds by then", async () => {
    const { Session } = await storeFor(reg);
    await using session = Session();
    const [unset, set] = [make(River, {}), make(River, { name: null })];
    session.addAll([unset, set]);
    await session.flush();
    await session.execute(text("UPDATE unset_rivers SET name = 'Elbe'"));
    await session.scalars(select(River)).all();
    expect([unset.name, set.name]).toEqual(["Elbe", null]);
  });

  test("is known once an UPDATE has brought its value back, or setCommittedValue() has given it one", async () => {
    const own = registry();
    @own.Entity("unset_gauges")
    class Gauge {
      @PrimaryKey() id!: number;
      @Column(t.string(20), { nullable: true }) name!: string | null;
      @Column(t.integer, { nullable: true, onupdate: func.length("seven") }) level!: number | null;
    }
    const { Session } = await storeFor(own, { expireOnCommit: false });
    await using session = Session({ autoflush: false });
    const gauge = make(Gauge, {});
    session.add(gauge);
    await session.flush();
    expect([...inspect(gauge).unloaded]).toEqual(["name", "level"]);
    setCommittedValue(gauge, "name", null);
    expect([...inspect(gauge).unloaded]).toEqual(["level"]);
    gauge.name = "g";
    await session.flush();
    expect([gauge.level, [...inspect(gauge).unloaded]]).toEqual([5, []]);
    gauge.level = null;
    await session.scalars(select(Gauge)).all();
    expect(gauge.level).toBeNull();
    await session.commit();
    expect(await session.scalar(text("SELECT count(*) FROM unset_gauges WHERE level IS NULL"))).toBe(1);
  });

  test("is not copied by merge", async () => {
    const { Session } = await storeFor(reg);
    await using session = Session();
    const [unset, set] = [make(River, {}), make(River, { name: null })];
    session.addAll([unset, set]);
    await session.flush();
    session.expungeAll();
    await session.execute(text("UPDATE unset_rivers SET name = 'Elbe'"));
    const merged = [await session.merge(unset), await session.merge(set)];
    expect(merged.map((each) => each.name)).toEqual(["Elbe", null]);
  });

  test("is written, and counts as a version, when it is set to null, by itself or by its relationship", async () => {
    const { Session } = await storeFor(reg);
    await using session = Session();
    const [named, linked, neither] = [make(River, {}), make(River, {}), make(River, {})];
    session.addAll([named, linked, neither]);
    await session.flush();
    named.name = null;
    linked.mouth = null;
    await session.flush();
    expect([named, linked, neither].map((each) => each.revision)).toEqual([2, 2, 1]);
    named.name = null;
    linked.mouth = null;
    await session.flush();
    expect([named, linked].map((each) => each.revision)).toEqual([2, 2]);
  });

  test("does not tell what is related once the object has left its session, unless it was read there", async () => {
    const { Session } = await storeFor(reg);
    await using session = Session();
    const [unread, read] = [make(River, {}), make(River, {})];
    session.addAll([unread, read]);
    await session.flush();
    expect(read.mouth).toBeNull();
    session.expungeAll();
    expect(read.mouth).toBeNull();
    expect(() => unread.mouth).toThrow(DetachedInstanceError);
  });

  test("is loaded like any other once the object has expired", async () => {
    const { Session } = await storeFor(reg);
    await using session = Session();
    const river = make(River, {});
    session.add(river);
    await session.commit();
    expect(await session.runSync(() => river.name)).toBeNull();
    await session.execute(text("UPDATE unset_rivers SET name = 'Elbe'"));
    await session.scalars(select(River)).all();
    expect(river.name).toBeNull();
  });
});

describe("what a flush could not write", () => {
  test("has the null that was set, not the default that the INSERT would have had", async () => {
    const keyed = registry();
    @keyed.Entity("unset_lakes")
    class Lake {
      @PrimaryKey({ autoincrement: false }) id!: number;
      @Column(t.string(20), { nullable: true, default: "nameless" }) name!: string | null;
    }
    const { Session } = await storeFor(keyed);
    await using session = Session();
    session.add(make(Lake, { id: 1 }));
    await session.commit();
    session.expungeAll();
    const [given, open] = [make(Lake, { id: 1, name: null }), make(Lake, { id: 2 })];
    session.addAll([given, open]);
    await expect(session.flush()).rejects.toThrow();
    await session.rollback();
    expect([given.name, open.name]).toEqual([null, undefined]);
    keyed.dispose();
  });
});
