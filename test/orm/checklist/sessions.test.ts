/** What sessions tell and carry: events of transactions, options for every statement, partitions of results. */
import { describe, expect, test } from "vitest";
import {
  attrs,
  Column,
  column,
  event,
  IntegrityError,
  ManyToOne,
  MetaData,
  OneToMany,
  PrimaryKey,
  type Relation,
  registry,
  type SessionEvents,
  select,
  t,
  table,
  text,
} from "../../../src/index.js";
import { databaseKind, freshDatabase } from "../../support/database.js";
import { make, storeFor } from "../support.js";

const reg = registry();

@reg.Entity("teams")
class Team {
  @PrimaryKey() id!: number;
  @Column(t.string(50), { unique: true }) name!: string;
  @OneToMany(
    () => Player,
    (p) => p.team,
    { orderBy: "id" },
  )
  players!: Player[];
}

@reg.Entity("players")
class Player {
  @PrimaryKey() id!: number;
  @Column(t.string(50)) name!: string;
  @ManyToOne(
    () => Team,
    (t) => t.players,
  )
  team!: Relation<Team> | null;
}

describe("[SV-06] events of transactions", () => {
  const NAMES = [
    "afterBegin",
    "beforeCommit",
    "afterCommit",
    "afterRollback",
    "afterSoftRollback",
    "afterTransactionCreate",
    "afterTransactionEnd",
  ] as const;

  test("[SV-06] each is heard in its place, and says whether the transaction or a savepoint ended", async () => {
    const { Session } = await storeFor(reg);
    const heard: string[] = [];
    for (const name of NAMES) {
      const handler = (_session: unknown, transaction?: { readonly nested: boolean }) => {
        heard.push(transaction === undefined ? name : `${name} ${transaction.nested ? "savepoint" : "transaction"}`);
      };
      event.listen(Session, name, handler as SessionEvents[typeof name]);
    }
    const take = () => heard.splice(0);
    await using s = Session();
    s.add(make(Team, { name: "red", players: [] }));
    await s.commit();
    expect(take()).toEqual([
      "afterTransactionCreate transaction",
      "beforeCommit",
      "afterBegin transaction",
      "afterCommit",
      "afterTransactionEnd transaction",
    ]);
    await s.scalars(select(Team));
    take();
    await s.beginNested(async () => void s.add(make(Team, { name: "blue", players: [] })));
    expect(take()).toEqual([
      "afterTransactionCreate savepoint",
      "beforeCommit",
      "afterBegin savepoint",
      "afterCommit",
      "afterTransactionEnd savepoint",
    ]);
    await expect(s.beginNested(async () => void s.add(make(Team, { name: "red", players: [] })))).rejects.toThrow(
      IntegrityError,
    );
    const failed = take();
    expect(failed).toContain("afterSoftRollback savepoint");
    expect(failed).toContain("afterTransactionEnd savepoint");
    expect(failed.join()).not.toContain("Rollback transaction");
    expect(failed.join()).not.toContain("End transaction");
    expect(s.inTransaction()).toBe(true);
    await s.rollback();
    expect(new Set(take())).toEqual(
      new Set(["afterRollback", "afterSoftRollback transaction", "afterTransactionEnd transaction"]),
    );
  });

  test("[SV-06] what a handler of afterBegin says to the connection is in force for the whole transaction and no longer", async () => {
    const { engine, Session } = await storeFor(reg);
    const postgresql = databaseKind() === "postgresql";
    event.listen(Session, "afterBegin", (_session, transaction) => {
      if (transaction.nested) return [];
      return postgresql
        ? text("SET LOCAL application_name = 'tenant seven'")
        : [text("INSERT INTO teams (name) VALUES ('from the handler')")];
    });
    await Session.begin(async (s) => {
      if (postgresql) {
        expect(await s.scalar(text("select current_setting('application_name')"))).toBe("tenant seven");
      } else {
        expect(await s.scalar(select(attrs(Team).name))).toBe("from the handler");
      }
      s.add(make(Team, { name: "red", players: [] }));
    });
    if (postgresql) {
      expect(await engine.scalar(text("select current_setting('application_name')"))).not.toBe("tenant seven");
    } else {
      expect((await engine.connect((c) => c.scalars(select(attrs(Team).name)).all())).length).toBe(2);
    }
  });
});

describe("partitions", () => {
  test("[QA-04] results and streams give batches of n rows or entities", async () => {
    const { Session } = await storeFor(reg);
    await Session.begin((s) => {
      for (let i = 0; i < 7; i++) s.add(make(Team, { name: `team ${i}`, players: [] }));
    });
    await using s = Session();
    const rows = await s.execute(select(attrs(Team).name));
    expect([...rows.partitions(3)].map((part) => part.length)).toEqual([3, 3, 1]);
    const entities = await s.scalars(select(Team).orderBy(attrs(Team).id));
    expect([...entities.partitions(5)].map((part) => part.map((team) => team.name))).toEqual([
      ["team 0", "team 1", "team 2", "team 3", "team 4"],
      ["team 5", "team 6"],
    ]);
    const sizes: number[] = [];
    const stream = await s.streamScalars(select(Team));
    for await (const part of stream.partitions(4)) {
      expect(part[0]).toBeInstanceOf(Team);
      sizes.push(part.length);
    }
    expect(sizes).toEqual([4, 3]);
    await using mine = await s.streamScalars(select(Team));
    for await (const part of mine.yieldPer(2).partitions()) {
      expect(part).toHaveLength(2);
      break;
    }
  });
});

test("[CC-04] one cached statement runs against the schemas of several tenants", async () => {
  const { engine, kind } = await freshDatabase();
  const md = new MetaData();
  const things = table(
    "things",
    md,
    { id: column(t.integer, { primaryKey: true }), name: column(t.string(20)) },
    {
      schema: "tenant",
    },
  );
  const places = kind === "postgresql" ? ["one", "two"] : ["main", "temp"];
  await using conn = await engine.connect();
  if (kind === "postgresql") for (const place of places) await conn.execute(text(`CREATE SCHEMA ${place}`));
  for (const place of places) {
    await conn.commit();
    await conn.executionOptions({ schemaTranslateMap: { tenant: place } });
    await md.createAll(conn);
    await conn.execute(things.insert().values({ name: `of ${place}` }));
  }
  await conn.commit();
  const statement = select(things.c.name);
  for (const place of places) {
    expect(await conn.execute(statement, null, { schemaTranslateMap: { tenant: place } }).scalarOne()).toBe(
      `of ${place}`,
    );
  }
  const before = engine.cacheFigures;
  for (const place of places) {
    expect(await conn.execute(select(things.c.name), null, { schemaTranslateMap: { tenant: place } }).scalarOne()).toBe(
      `of ${place}`,
    );
  }
  expect(engine.cacheFigures.misses).toBe(before.misses);
  expect(engine.cacheFigures.hits).toBe(before.hits + 2);
});
