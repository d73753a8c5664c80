import { describe, expect, test } from "vitest";
import {
  asyncScopedSession,
  asyncSessionmaker,
  awaitable,
  Column,
  column,
  func,
  ManyToOne,
  MetaData,
  OneToMany,
  PrimaryKey,
  type Relation,
  registry,
  type Session as SyncSession,
  select,
  selectinload,
  t,
  table,
  text,
} from "../../src/index.js";
import { freshDatabase } from "../support/database.js";
import { make } from "./support.js";

/** The programs of SQLAlchemy's asyncio page, in TypeScript. */

const reg = registry();

@reg.Entity("a")
class A {
  @PrimaryKey() id!: number;
  @Column(t.string(50)) data!: string;
  @Column({ serverDefault: func.now() }) createDate!: Date;
  @OneToMany(
    () => B,
    (b) => b.a,
    { orderBy: "id" },
  )
  bs!: B[];
}

@reg.Entity("b")
class B {
  @PrimaryKey() id!: number;
  @Column({ foreignKey: "a.id", nullable: true }) aId!: number;
  @Column(t.string(50)) data!: string;
  @ManyToOne(
    () => A,
    (a) => a.bs,
  )
  a!: Relation<A> | null;
}

const three = () => [
  make(A, { data: "a1", bs: [make(B, { data: "b1" }), make(B, { data: "b2" })] }),
  make(A, { data: "a2", bs: [] }),
  make(A, { data: "a3", bs: [make(B, { data: "b3" }), make(B, { data: "b4" })] }),
];

describe("SQLAlchemy's asyncio page", () => {
  test("[EX-07] [XA-01] synopsis: Core", async () => {
    const { engine } = await freshDatabase();
    const meta = new MetaData();
    const t1 = table("t1", meta, { name: column(t.string(50), { primaryKey: true }) });

    await engine.begin(async (conn) => {
      await conn.runSync(meta.dropAll);
      await conn.runSync(meta.createAll);
      await conn.execute(t1.insert(), [{ name: "some name 1" }, { name: "some name 2" }]);
    });

    {
      await using conn = await engine.connect();
      const result = await conn.execute(select(t1).where(t1.c.name.eq("some name 1")));
      expect(result.all().map((row) => [...row])).toEqual([["some name 1"]]);
    }

    {
      await using conn = await engine.connect();
      const seen: string[] = [];
      for await (const row of await conn.stream(select(t1).orderBy(t1.c.name)))
        seen.push((row as unknown as [string])[0]);
      expect(seen).toEqual(["some name 1", "some name 2"]);
    }
    await engine.dispose();
  });

  test("[EX-07] [XA-02] synopsis: ORM", async () => {
    const { engine } = await freshDatabase();
    const session_ = asyncSessionmaker(engine, { expireOnCommit: false });
    await engine.begin((conn) => conn.runSync(reg.metadata.createAll));

    await session_.begin(async (session) => {
      session.addAll(three());
    });

    await using session = session_();
    const result = await session.scalars(
      select(A)
        .orderBy((a) => a.id)
        .options(selectinload(A, (a) => a.bs)),
    );
    const lines: string[] = [];
    for (const a of result) {
      expect(a.createDate).toBeInstanceOf(Date);
      for (const b of a.bs) lines.push(`${a.data} ${b.data}`);
    }
    expect(lines).toEqual(["a1 b1", "a1 b2", "a3 b3", "a3 b4"]);

    const a1 = (await session.scalars(select(A).orderBy((a) => a.id))).first() as A;
    a1.data = "new data";
    await session.commit();
    // expireOnCommit: false allows this without a statement.
    expect(a1.data).toBe("new data");

    expect(await awaitable(a1).data).toBe("new data");
    session.expire(a1, ["bs"]);
    expect((await awaitable(a1).bs).map((b) => b.data)).toEqual(["b1", "b2"]);
    expect(await session.scalar(text("select data from a where id = 1"))).toBe("new data");
  });

  test("a server default of a new object is there after the flush", async () => {
    const { engine } = await freshDatabase();
    await reg.metadata.createAll(engine);
    await using session = asyncSessionmaker(engine)();
    const a = make(A, { data: "x" });
    session.add(a);
    await session.flush();
    expect(a.createDate).toBeInstanceOf(Date);
    expect(Math.abs(a.createDate.getTime() - Date.now())).toBeLessThan(86_400_000);
  });

  test("[EX-07] [XA-03] runSync: ordinary, synchronous code with lazy loads and edits", async () => {
    const { engine } = await freshDatabase();
    await reg.metadata.createAll(engine);
    const seen: string[] = [];

    function fetchAndUpdateObjects(session: SyncSession): void {
      const result = session.execute(select(A).orderBy((a) => a.id));
      for (const a1 of result.scalars()) {
        seen.push(a1.data);
        // lazy loads
        for (const b1 of a1.bs) seen.push(b1.data);
      }
      const a1 = session.scalars(select(A).orderBy((a) => a.id)).first() as A;
      a1.data = "new data";
    }

    await using session = asyncSessionmaker(engine)();
    session.addAll(three());
    await session.runSync(fetchAndUpdateObjects);
    await session.commit();
    expect(seen).toEqual(["a1", "b1", "b2", "a2", "a3", "b3", "b4"]);
    expect(await session.scalar(text("select data from a where id = 1"))).toBe("new data");
  });

  test("[XA-11] a scoped session", async () => {
    const { engine } = await freshDatabase();
    await reg.metadata.createAll(engine);
    const AsyncScoped = asyncScopedSession(asyncSessionmaker(engine, { expireOnCommit: false }));

    async function someFunction(someObject: A): Promise<void> {
      // use the registry as the session itself
      AsyncScoped.add(someObject);
      await AsyncScoped.commit();
    }
    await AsyncScoped.scope(async () => {
      await someFunction(make(A, { data: "scoped" }));
      expect((await AsyncScoped.scalars(select(A)).all()).map((a) => a.data)).toEqual(["scoped"]);
      await AsyncScoped.remove();
    });
  });

  test("[XA-02] streaming with the ORM", async () => {
    const { engine } = await freshDatabase();
    await reg.metadata.createAll(engine);
    await using session = asyncSessionmaker(engine)();
    session.addAll(three());
    await session.commit();
    const result = await session.stream(
      select(A)
        .orderBy((a) => a.id)
        .options(selectinload(A, (a) => a.bs)),
    );
    const seen: [string, number][] = [];
    for await (const a of result.scalars()) seen.push([a.data, a.bs.length]);
    expect(seen).toEqual([
      ["a1", 2],
      ["a2", 0],
      ["a3", 2],
    ]);
  });

  test("[XA-03] conn.runSync hands out a connection that blocks", async () => {
    const { engine } = await freshDatabase();
    await using conn = await engine.connect();
    expect(await conn.runSync((sync) => sync.execute(text("select 1 + 1")).scalar())).toBe(2);
  });
});
