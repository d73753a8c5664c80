import { describe, expect, test } from "vitest";
import {
  Column,
  inspect,
  makeTransient,
  makeTransientToDetached,
  PrimaryKey,
  registry,
  select,
  t,
} from "../../../src/index.js";
import { storeFor } from "../support.js";

const reg = registry();

@reg.Entity("things")
class Thing {
  @PrimaryKey() id!: number;
  @Column(t.string(20)) name!: string;
}

describe("[SS-09] objects taken out of their life cycle", () => {
  test("a loaded object made transient is inserted as a copy", async () => {
    const { Session } = await storeFor(reg);
    await using session = Session();
    const thing = Object.assign(new Thing(), { name: "a" });
    session.add(thing);
    await session.commit();
    await session.refresh(thing);
    makeTransient(thing);
    expect(inspect(thing).state).toBe("transient");
    thing.id = 100;
    session.add(thing);
    await session.commit();
    expect((await session.scalars(select(Thing).orderBy((x) => x.id)).all()).map((x) => x.name)).toEqual(["a", "a"]);
  });

  test("a deleted object made transient can be added again", async () => {
    const { Session } = await storeFor(reg);
    await using session = Session();
    const thing = Object.assign(new Thing(), { name: "a" });
    session.add(thing);
    await session.commit();
    await session.refresh(thing);
    await session.delete(thing);
    await session.flush();
    expect(() => session.add(thing)).toThrow(/makeTransient/);
    makeTransient(thing);
    session.add(thing);
    await session.commit();
    expect(inspect(thing).state).toBe("persistent");
  });

  test("a hand-made object stands for a stored one", async () => {
    const { Session } = await storeFor(reg);
    await using session = Session();
    session.add(Object.assign(new Thing(), { name: "a" }));
    await session.commit();
    session.expungeAll();
    const stand = Object.assign(new Thing(), { id: 1 });
    makeTransientToDetached(stand);
    session.add(stand);
    await session.refresh(stand);
    expect(stand.name).toBe("a");
    expect(() => makeTransientToDetached(new Thing())).toThrow(/its key \(id\) is not set/);
  });
});
