/** Behind a pooler that gives a session to another client after each transaction: what was prepared may be gone at any time. */
import { expect, test } from "vitest";
import {
  asyncSessionmaker,
  attrs,
  Column,
  event,
  ManyToOne,
  OneToMany,
  PrimaryKey,
  type Relation,
  registry,
  select,
  selectinload,
  t,
  text,
} from "../../../src/index.js";
import { scratchDatabase } from "./support.js";

const db = scratchDatabase();
const reg = registry();

@reg.Entity("pool_owners")
class Owner {
  @PrimaryKey() id!: number;
  @Column(t.string(50)) name!: string;
  @OneToMany(
    () => Thing,
    (thing) => thing.owner,
    { orderBy: "id" },
  )
  things!: Thing[];
}

@reg.Entity("pool_things")
class Thing {
  @PrimaryKey() id!: number;
  @Column(t.string(50)) name!: string;
  @ManyToOne(
    () => Owner,
    (owner) => owner.things,
  )
  owner!: Relation<Owner> | null;
}

test("[PG-14] with preparedStatements: false nothing is left prepared between transactions, and all is well when a pooler drops everything there", async () => {
  const engine = db.engine({
    poolSize: 1,
    maxOverflow: 0,
    dialectOptions: { postgresql: { preparedStatements: false } },
  });
  await reg.metadata.dropAll(engine);
  await reg.metadata.createAll(engine);
  const Session = asyncSessionmaker(engine);
  // What pgbouncer's transaction mode amounts to for a client: another session, with nothing of one's own in it.
  const swap = async () => {
    await engine.connect(async (conn) => {
      expect(Number(await conn.scalar(text("SELECT count(*) FROM pg_prepared_statements")))).toBe(0);
      await conn.execDriverSql("DEALLOCATE ALL");
      await conn.commit();
    });
  };
  let errors = 0;
  event.listen(engine, "handleError", () => void errors++);
  for (let round = 0; round < 3; round++) {
    await Session.begin((s) => {
      for (let i = 0; i < 5; i++) {
        const things = [Object.assign(new Thing(), { name: "a" }), Object.assign(new Thing(), { name: "b" })];
        s.add(Object.assign(new Owner(), { name: `owner ${round}-${i}`, things }));
      }
    });
    await swap();
    await Session.begin(async (s) => {
      const owners = await s
        .scalars(
          select(Owner)
            .options(selectinload(attrs(Owner).things))
            .orderBy(attrs(Owner).id),
        )
        .all();
      expect(owners).toHaveLength(5 * (round + 1));
      expect(owners.every((owner) => owner.things.length === 2)).toBe(true);
      for (const owner of owners) owner.name += "!";
      let streamed = 0;
      for await (const _thing of await s.streamScalars(select(Thing))) streamed++;
      expect(streamed).toBe(10 * (round + 1));
    });
    await swap();
    expect(await Session.begin(async (s) => (await s.get(Owner, 1))?.name)).toMatch(/^owner 0-0!+$/);
    await swap();
  }
  expect(errors).toBe(0);
  await reg.metadata.dropAll(engine);
});
