import { describe, expect, test } from "vitest";
import {
  awaitable,
  Column,
  IntegrityError,
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
import { recordStatements } from "../../support/statements.js";
import { make, storeFor } from "../support.js";

const reg = registry();

@reg.Entity("owners")
class Owner {
  @PrimaryKey() id!: number;
  @Column(t.string(50)) name!: string;
  @OneToMany(
    () => Dog,
    (d) => d.owner,
    { orderBy: "id" },
  )
  dogs!: Dog[];
}

@reg.Entity("dogs")
class Dog {
  @PrimaryKey() id!: number;
  @Column(t.string(50)) name!: string;
  @ManyToOne(
    () => Owner,
    (o) => o.dogs,
  )
  owner!: Relation<Owner> | null;
}

async function withOwner(options = {}) {
  const store = await storeFor(reg, options);
  await store.Session.begin((s) => void s.add(make(Owner, { name: "Ann", dogs: [make(Dog, { name: "Rex" })] })));
  return store;
}

describe("autoflush", () => {
  test("[SB-06] a query sees what was changed before it", async () => {
    const { Session } = await withOwner();
    await using session = Session();
    const ann = await session.getOne(Owner, 1);
    ann.name = "Bea";
    session.add(make(Owner, { name: "Cid" }));
    const names = await session.scalars(select(Owner).orderBy((o) => o.name)).all();
    expect(names.map((o) => o.name)).toEqual(["Bea", "Cid"]);
    expect(await session.scalar(select(Owner).where((o) => o.name.eq("Ann")))).toBeNull();
  });

  test("[SB-06] Core and text statements are preceded by a flush too", async () => {
    const { Session } = await withOwner();
    await using session = Session();
    session.add(make(Owner, { name: "Bob" }));
    expect(await session.scalar(text("select count(*) from owners"))).toBe(2);
    session.add(make(Owner, { name: "Cid" }));
    const owners = reg.metadata.tables.get("owners");
    expect(await session.execute(select(owners as never)).all()).toHaveLength(3);
  });

  test("[SB-06] comes before each of the two statements of a relationship of an expired object: the second sends what the first has put off", async () => {
    const { engine, Session } = await withOwner();
    await using session = Session();
    const [rex, bob, cid] = [make(Dog, { name: "Rex" }), make(Owner, { name: "Bob" }), make(Owner, { name: "Cid" })];
    session.addAll([rex, bob, cid]);
    await session.commit();
    // Whoever takes an object over puts its deletion off, where its members are not loaded.
    rex.owner = bob;
    await session.delete(rex);
    using log = recordStatements(engine);
    expect((await awaitable(cid).dogs).length).toBe(0);
    expect(inspect(rex).state).toBe("deleted");
    expect(
      log
        .texts()
        .map((each) => each.split(" ")[0])
        .slice(-4),
    ).toEqual(["UPDATE", "SELECT", "DELETE", "SELECT"]);
    await session.commit();
    expect((await session.scalars(select(Dog)).all()).length).toBe(1);
  });

  test("[SB-06] a stream is preceded by a flush", async () => {
    const { Session } = await withOwner();
    await using session = Session();
    session.add(make(Owner, { name: "Bob" }));
    expect(await (await session.streamScalars(select(Owner))).all()).toHaveLength(2);
  });

  test("lazy loads, awaitable or in runSync, are preceded by a flush", async () => {
    const { Session } = await withOwner();
    await using session = Session();
    const ann = await session.getOne(Owner, 1);
    session.add(make(Dog, { name: "Fido", owner: ann }));
    expect((await awaitable(ann).dogs).map((d) => d.name)).toEqual(["Rex", "Fido"]);
    expect(session.new.size).toBe(0);
    session.expire(ann);
    session.add(make(Owner, { name: "Bob" }));
    await session.runSync(() => ann.dogs.length);
    expect(session.new.size).toBe(0);
  });

  test("refresh and a get that misses are preceded by a flush", async () => {
    const { Session } = await withOwner();
    await using session = Session();
    const ann = await session.getOne(Owner, 1);
    const bob = make(Owner, { name: "Bob" });
    session.add(bob);
    await session.refresh(ann);
    expect(session.new.size).toBe(0);
    session.add(make(Owner, { name: "Cid" }));
    expect(await session.get(Owner, 999)).toBeNull();
    expect(session.new.size).toBe(0);
  });

  test("a get that hits the identity map does not flush", async () => {
    const { engine, Session } = await withOwner();
    await using session = Session();
    const ann = await session.getOne(Owner, 1);
    session.add(make(Owner, { name: "Bob" }));
    using log = recordStatements(engine);
    expect(await session.get(Owner, 1)).toBe(ann);
    expect(session.new.size).toBe(1);
    expect(log.count()).toBe(0);
  });

  test("an implicit load outside a sync context fails before it has flushed", async () => {
    const { Session } = await withOwner();
    await using session = Session();
    const ann = await session.getOne(Owner, 1);
    const bob = make(Owner, { name: "Bob" });
    session.add(bob);
    expect(() => ann.dogs).toThrow();
    expect(session.new.has(bob)).toBe(true);
  });

  test("autoflush: false leaves it to flush and commit", async () => {
    const { Session } = await withOwner({ autoflush: false });
    await using session = Session();
    session.add(make(Owner, { name: "Bob" }));
    expect(await session.scalars(select(Owner)).all()).toHaveLength(1);
    await session.flush();
    expect(await session.scalars(select(Owner)).all()).toHaveLength(2);
  });

  test("[QA-02] one statement may run without it", async () => {
    const { Session } = await withOwner();
    await using session = Session();
    session.add(make(Owner, { name: "Bob" }));
    expect(await session.scalars(select(Owner).executionOptions({ autoflush: false })).all()).toHaveLength(1);
    expect(await session.scalars(select(Owner), undefined, { autoflush: false }).all()).toHaveLength(1);
    expect(session.new.size).toBe(1);
    expect(await session.scalars(select(Owner)).all()).toHaveLength(2);
  });

  test("an error of an autoflush says where it came from", async () => {
    const { Session } = await withOwner();
    await using session = Session();
    session.add(make(Owner));
    const failed = session.scalars(select(Owner)).all();
    await expect(failed).rejects.toThrow(IntegrityError);
    await expect(failed).rejects.toThrow(/raised by autoflush; wrap the code in session\.noAutoflush/);
  });
});

describe("noAutoflush", () => {
  test("[SB-07] a function runs without autoflush, which is back afterwards", async () => {
    const { Session } = await withOwner();
    await using session = Session();
    session.add(make(Owner, { name: "Bob" }));
    const seen = await session.noAutoflush(async (s) => {
      expect(s).toBe(session);
      return (await s.scalars(select(Owner)).all()).length;
    });
    expect(seen).toBe(1);
    expect(await session.scalars(select(Owner)).all()).toHaveLength(2);
  });

  test("[SB-07] the state before is restored on a throw, synchronous or not", async () => {
    const { Session } = await withOwner();
    await using session = Session();
    const failure = new Error("no");
    await expect(
      session.noAutoflush(async () => {
        throw failure;
      }),
    ).rejects.toBe(failure);
    expect(() =>
      session.noAutoflush(() => {
        throw failure;
      }),
    ).toThrow(failure);
    session.add(make(Owner, { name: "Bob" }));
    expect(await session.scalars(select(Owner)).all()).toHaveLength(2);
  });

  test("[SB-07] the `using` form suspends it until the end of the block, and nests", async () => {
    const { Session } = await withOwner();
    await using session = Session();
    session.add(make(Owner, { name: "Bob" }));
    {
      using _outer = session.noAutoflush();
      {
        using _inner = session.noAutoflush();
        expect(await session.scalars(select(Owner)).all()).toHaveLength(1);
      }
      expect(await session.scalars(select(Owner)).all()).toHaveLength(1);
    }
    expect(await session.scalars(select(Owner)).all()).toHaveLength(2);
  });

  test("[SB-07] an explicit flush and a commit still write inside it", async () => {
    const { Session } = await withOwner();
    await using session = Session();
    session.add(make(Owner, { name: "Bob" }));
    await session.noAutoflush(() => session.flush());
    expect(session.new.size).toBe(0);
  });
});
