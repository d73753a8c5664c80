import { describe, expect, test } from "vitest";
import {
  attrs,
  Column,
  ManyToOne,
  OneToMany,
  PrimaryKey,
  type Relation,
  registry,
  select,
  selectinload,
  t,
} from "../../../src/index.js";
import { recordStatements } from "../../support/statements.js";
import { make, storeFor } from "../support.js";

const reg = registry();

@reg.Entity("depots")
class Depot {
  @PrimaryKey(t.bigint) id!: bigint;
  @Column(t.string(20)) name!: string;
  @OneToMany(
    () => Crate,
    (c) => c.depot,
  )
  crates!: Crate[];
}

@reg.Entity("crates")
class Crate {
  @PrimaryKey() id!: number;
  @ManyToOne(
    () => Depot,
    (d) => d.crates,
  )
  depot!: Relation<Depot> | null;
}

const far = 2n ** 53n + 1n;

describe("a key of 64 bits", () => {
  test("is read as bigint, exact beyond 2^53", async () => {
    const { Session } = await storeFor(reg);
    await using session = Session();
    session.add(make(Depot, { id: far, name: "far" }));
    await session.commit();
    session.expungeAll();
    const [depot] = (await session.scalars(select(Depot))).all();
    expect(depot.id).toBe(far);
    expect(await session.get(Depot, far)).toBe(depot);
  });

  test("names the same object as number and as bigint", async () => {
    const { engine, Session } = await storeFor(reg);
    await using session = Session();
    session.add(make(Depot, { id: 5n, name: "near" }));
    await session.commit();
    const depot = await session.get(Depot, 5n);
    const statements = recordStatements(engine);
    expect(await session.get(Depot, 5 as unknown as bigint)).toBe(depot);
    expect(statements.statements).toEqual([]);
  });

  test("carries relationships, loaded in either direction", async () => {
    const { Session } = await storeFor(reg);
    {
      await using session = Session();
      session.add(make(Depot, { id: far, name: "far", crates: [make(Crate), make(Crate)] }));
      await session.commit();
    }
    await using session = Session();
    const depot = await session.get(Depot, far, { options: [selectinload(attrs(Depot).crates)] });
    expect(depot?.crates.length).toBe(2);
    session.expungeAll();
    const crates = (await session.scalars(select(Crate).options(selectinload(attrs(Crate).depot)))).all();
    expect(crates.map((c) => (c.depot as Depot).id)).toEqual([far, far]);
  });
});
