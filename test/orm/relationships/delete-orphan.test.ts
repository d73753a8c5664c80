import { describe, expect, test } from "vitest";
import {
  Column,
  InvalidRequestError,
  inspect,
  ManyToOne,
  OneToMany,
  PrimaryKey,
  type Relation,
  registry,
  select,
  t,
  text,
} from "../../../src/index.js";
import { make, storeFor } from "../support.js";

const reg = registry();

@reg.Entity("users")
class User {
  @PrimaryKey() id!: number;
  @OneToMany(
    () => Address,
    (a) => a.user,
    { cascade: ["all", "delete-orphan"], orderBy: "id" },
  )
  addresses!: Address[];
}

@reg.Entity("businesses")
class Business {
  @PrimaryKey() id!: number;
  @OneToMany(
    () => Address,
    (a) => a.business,
    { cascade: ["all", "delete-orphan"] },
  )
  addresses!: Address[];
}

@reg.Entity("addresses")
class Address {
  @PrimaryKey() id!: number;
  @Column(t.string(20)) email!: string;
  @ManyToOne(
    () => User,
    (u) => u.addresses,
  )
  user!: Relation<User> | null;
  @ManyToOne(
    () => Business,
    (b) => b.addresses,
  )
  business!: Relation<Business> | null;
}

@reg.Entity("cars")
class Car {
  @PrimaryKey() id!: number;
  @ManyToOne(() => Engine, { cascade: ["all", "delete-orphan"], singleParent: true }) engine!: Relation<Engine> | null;
}

@reg.Entity("engines")
class Engine {
  @PrimaryKey() id!: number;
}

const address = (email: string) => make(Address, { email });

async function stored() {
  const store = await storeFor(reg, { expireOnCommit: false });
  const session = store.Session();
  const business = make(Business, { addresses: [] });
  const user = make(User, { addresses: [address("a"), address("b")] });
  const other = make(User, { addresses: [] });
  session.add(business);
  for (const each of user.addresses) each.business = business;
  session.addAll([user, other]);
  await session.commit();
  const emails = async () =>
    (await session.scalars(text("select email from addresses order by email")).all()) as string[];
  return { ...store, session, business, user, other, emails };
}

describe("delete-orphan", () => {
  test("[SC-05] a child that is removed from its parent is deleted at the flush", async () => {
    const { session, user, emails } = await stored();
    await using _ = session;
    const [a] = user.addresses;
    user.addresses.shift();
    expect(inspect(a).state).toBe("persistent");
    await session.flush();
    expect(inspect(a).state).toBe("deleted");
    expect(await emails()).toEqual(["b"]);
  });

  test("[SC-05] unless it is adopted before", async () => {
    const { session, user, other, emails } = await stored();
    await using _ = session;
    const [a] = user.addresses;
    user.addresses.shift();
    other.addresses.push(a);
    await session.commit();
    expect(await emails()).toEqual(["a", "b"]);
    expect(a.user).toBe(other);
    const [b] = user.addresses;
    b.user = other;
    await session.commit();
    expect(await emails()).toEqual(["a", "b"]);
  });

  test("[SC-05] replacing the collection deletes those that are not in the new one", async () => {
    const { session, user, emails } = await stored();
    await using _ = session;
    user.addresses = [user.addresses[1], Object.assign(address("c"), { business: user.addresses[1].business })];
    await session.commit();
    expect(await emails()).toEqual(["b", "c"]);
  });

  test("[SC-05] setting the many-to-one to null makes an orphan too", async () => {
    const { session, user, emails } = await stored();
    await using _ = session;
    user.addresses[0].user = null;
    await session.commit();
    expect(await emails()).toEqual(["b"]);
  });

  test("setting the foreign-key attribute to null by hand makes none", async () => {
    const { session, user, emails } = await stored();
    await using _ = session;
    const [a] = user.addresses;
    (a as unknown as { userId: number | null }).userId = null;
    await session.commit();
    expect(await emails()).toEqual(["a", "b"]);
  });

  test("a pending child that is removed leaves the session at once and is transient", async () => {
    const { session, user, emails } = await stored();
    await using _ = session;
    const fresh = address("x");
    user.addresses.push(fresh);
    expect(inspect(fresh).state).toBe("pending");
    user.addresses.pop();
    expect(inspect(fresh).state).toBe("transient");
    await session.commit();
    expect(await emails()).toEqual(["a", "b"]);
  });

  test("a pending child that never had a parent is inserted all the same", async () => {
    const { session, emails } = await stored();
    await using _ = session;
    session.add(address("alone"));
    await session.commit();
    expect(await emails()).toEqual(["a", "alone", "b"]);
  });

  test("a child with two such parents is deleted once removed from either", async () => {
    const { session, business, emails } = await stored();
    await using _ = session;
    await session.refresh(business, ["addresses"]);
    business.addresses.shift();
    await session.commit();
    expect(await emails()).toHaveLength(1);
  });

  test("deleting the parent deletes the children", async () => {
    const { session, user, emails } = await stored();
    await using _ = session;
    await session.delete(user);
    await session.commit();
    expect(await emails()).toEqual([]);
  });

  test("an autoflush between removal and adoption deletes for good, and adopting then is refused", async () => {
    const { session, user, other } = await stored();
    await using _ = session;
    const [a] = user.addresses;
    user.addresses.shift();
    await session.scalars(select(User)).all();
    expect(inspect(a).state).toBe("deleted");
    expect(() => other.addresses.push(a)).toThrow(InvalidRequestError);
    expect(() => other.addresses.push(a)).toThrow(/^Address\(1\) has been deleted/);
  });

  test("is undone by a rollback", async () => {
    const { session, user, emails } = await stored();
    await using _ = session;
    const [a] = user.addresses;
    user.addresses.shift();
    await session.flush();
    await session.rollback();
    expect(inspect(a).state).toBe("persistent");
    expect(await emails()).toEqual(["a", "b"]);
    await session.refresh(user, ["addresses"]);
    expect(user.addresses).toContain(a);
  });

  test("a child that was not inserted yet leaves the session when its many-to-one names another parent, and says so at the flush", async () => {
    const warnings: string[] = [];
    const listen = (warning: Error) => warnings.push(warning.message);
    process.on("warning", listen);
    const { session, other, emails } = await stored();
    await using _ = session;
    const first = make(User, { addresses: [address("c")] });
    session.add(first);
    const [c] = first.addresses;
    c.user = other;
    expect(first.addresses).toEqual([]);
    expect([...other.addresses]).toEqual([c]);
    expect(session.has(c)).toBe(false);
    await session.flush();
    expect(await emails()).toEqual(["a", "b"]);
    session.add(c);
    await session.commit();
    expect(await emails()).toEqual(["a", "b", "c"]);
    await new Promise(setImmediate); // a warning is emitted on the next tick
    process.off("warning", listen);
    expect(warnings).toEqual([
      expect.stringMatching(/^new Address is not in the session; .*will not proceed for it\.$/),
    ]);
  });

  test("on a many-to-one deletes the target that is let go", async () => {
    const { session } = await stored();
    await using _ = session;
    const car = make(Car, { engine: new Engine() });
    session.add(car);
    await session.commit();
    car.engine = new Engine();
    await session.commit();
    expect(await session.scalars(text("select id from engines")).all()).toEqual([car.engine.id]);
    car.engine = null;
    await session.commit();
    expect(await session.scalar(text("select count(*) from engines"))).toBe(0);
  });

  test("[RA-05] with singleParent a second parent is refused, with all names", () => {
    const engine = new Engine();
    make(Car, { engine });
    expect(() => make(Car, { engine })).toThrow(InvalidRequestError);
    expect(() => make(Car, { engine })).toThrow(
      /^new Engine is already the engine of another Car: Car\.engine has singleParent: true, so new Car cannot take it over\./,
    );
  });
});
