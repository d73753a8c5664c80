import { describe, expect, test } from "vitest";
import {
  awaitable,
  Column,
  IntegrityError,
  inspect,
  ManyToOne,
  PrimaryKey,
  type Relation,
  registry,
  select,
  t,
  text,
} from "../../../src/index.js";
import { recordStatements } from "../../support/statements.js";
import { make, storeFor } from "../support.js";

const reg = registry();

@reg.Entity("cities")
class City {
  @PrimaryKey() id!: number;
  @Column(t.string(30)) name!: string;
}

@reg.Entity("people")
class Person {
  @PrimaryKey() id!: number;
  @Column(t.string(30)) name!: string;
  @ManyToOne(() => City) home!: Relation<City> | null;
  @ManyToOne(() => City, { nullable: false }) birthplace!: Relation<City>;
}

async function filled() {
  const store = await storeFor(reg, { expireOnCommit: false });
  await store.Session.begin((s) => {
    const [rome, oslo] = ["Rome", "Oslo"].map((name) => make(City, { name }));
    s.addAll([
      make(Person, { name: "Ann", home: rome, birthplace: oslo }),
      make(Person, { name: "Bob", home: null, birthplace: rome }),
    ]);
  });
  return store;
}

describe("many to one", () => {
  test("[RB-02] makes its own foreign-key column, with an attribute beside it", async () => {
    const { Session } = await filled();
    await using session = Session();
    const [ann] = await session.scalars(select(Person).orderBy((p) => p.id)).all();
    const keys = ann as unknown as { homeId: number; birthplaceId: number };
    const home = await awaitable(ann).home;
    expect(home?.name).toBe("Rome");
    expect(keys.homeId).toBe(home?.id);
    expect(keys.birthplaceId).not.toBe(keys.homeId);
  });

  test("[RB-02] a null in a required one is an IntegrityError that names the class", async () => {
    const { Session } = await filled();
    await using session = Session();
    session.add(make(Person, { name: "Nowhere" }));
    const failed = session.flush();
    await expect(failed).rejects.toThrow(IntegrityError);
    await expect(failed).rejects.toThrow(/Person/);
    await session.rollback();
    const ann = await session.getOne(Person, 1);
    ann.birthplace = null as never;
    await expect(session.commit()).rejects.toThrow(/Person\(1\)/);
    await session.rollback();
  });

  test("switching to a new object inserts that first and then writes the key", async () => {
    const { engine, Session } = await filled();
    await using session = Session();
    const ann = await session.getOne(Person, 1);
    using log = recordStatements(engine);
    ann.home = make(City, { name: "Lima" });
    await session.flush();
    expect(log.statements.map((s) => s.verb)).toEqual(["INSERT", "UPDATE"]);
    expect(await session.scalar(text("select home_id from people where id = 1"))).toBe(ann.home.id);
  });

  test("[QR-02] a target that is present is not loaded again, and one that is expired is", async () => {
    const { engine, Session } = await filled();
    await using session = Session();
    const cities = await session.scalars(select(City)).all();
    const people = await session.scalars(select(Person).orderBy((p) => p.id)).all();
    using log = recordStatements(engine);
    expect(people.map((p) => p.birthplace.name).sort()).toEqual(["Oslo", "Rome"]);
    expect(people[1].home).toBeNull();
    expect(log.count()).toBe(0);
    session.expire(people[0], ["home"]);
    for (const city of cities) session.expire(city);
    expect((await awaitable(people[0]).home)?.name).toBe("Rome");
    expect(log.count()).toBe(1);
  });

  test("a target that is deleted leaves the key to the program: the database decides", async () => {
    const { Session } = await filled();
    await using session = Session();
    const ann = await session.getOne(Person, 1);
    const home = (await awaitable(ann).home) as City;
    const bob = await session.getOne(Person, 2);
    bob.birthplace = await awaitable(ann).birthplace;
    ann.home = null;
    await session.delete(home);
    await session.commit();
    expect(await session.scalar(text("select count(*) from cities"))).toBe(1);
    expect(ann.home).toBeNull();
  });

  test("a wrong class is refused with the names, and nothing changes", async () => {
    const { Session } = await filled();
    await using session = Session();
    const ann = await session.getOne(Person, 1);
    const home = await awaitable(ann).home;
    const bob = await session.getOne(Person, 2);
    const set = (value: unknown) => () => {
      ann.home = value as never;
    };
    expect(set(bob)).toThrow(/^Person\.home takes objects of City, not Person: Person\(2\) cannot stand there\.$/);
    expect(set({ name: "Rome" })).toThrow(
      /^Person\.home of Person\(1\) takes objects of City, not a plain object\. Make one with create\(City, \{ \.\.\. \}\) or new City\(\)\.$/,
    );
    expect(set(5)).toThrow(/takes objects of City, not 5/);
    expect(set("Rome")).toThrow(/takes objects of City, not "Rome"/);
    expect(set([home])).toThrow(/takes objects of City, not an array/);
    expect(set(City)).toThrow(/takes objects of City, not the function or class City/);
    expect(set(undefined)).toThrow(
      /^Person\.home was set to undefined\. Write null to remove the object; Person\(1\) keeps its value\.$/,
    );
    expect(ann.home).toBe(home);
    expect(session.isModified(ann)).toBe(false);
  });

  test("expiring the key forgets nothing of the target, and a refresh of the relationship follows a changed row", async () => {
    const { Session } = await filled();
    await using session = Session();
    const ann = await session.getOne(Person, 1);
    const home = (await awaitable(ann).home) as City;
    await session.execute(text("update people set home_id = birthplace_id where id = 1"));
    expect(ann.home).toBe(home);
    session.expire(ann);
    expect((await awaitable(ann).home)?.name).toBe("Oslo");
    expect(inspect(home).state).toBe("persistent");
  });

  test("a key that is copied is a bigint where the column that takes it holds them, and a number where it does not", async () => {
    const reg = registry();
    @reg.Entity("lines")
    class Line {
      @PrimaryKey() id!: number;
      @Column(t.bigint, { foreignKey: "orders.id" }) orderId!: bigint;
      @Column(t.integer, { nullable: true, foreignKey: "bills.id" }) billId!: number | null;
      @ManyToOne(() => Order) order!: Relation<Order>;
      @ManyToOne(() => Bill) bill!: Relation<Bill> | null;
    }
    @reg.Entity("orders")
    class Order {
      @PrimaryKey() id!: number;
    }
    @reg.Entity("bills")
    class Bill {
      @PrimaryKey(t.bigint) id!: bigint;
    }
    const { Session } = await storeFor(reg, { expireOnCommit: false });
    await using session = Session();
    const line = make(Line, { order: make(Order, {}), bill: make(Bill, {}) });
    session.add(line);
    await session.commit();
    expect([line.orderId, line.billId]).toEqual([BigInt(line.order.id), Number(line.bill?.id)]);
    await session.refresh(line);
    expect([typeof line.orderId, typeof line.billId]).toEqual(["bigint", "number"]);
  });
});
