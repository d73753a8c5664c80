/** What the hot paths may cost, in things that can be counted. Times are measured by test/bench. */
import { describe, expect, test, vi } from "vitest";
import {
  type AsyncSession,
  Column,
  create,
  del,
  ManyToOne,
  OneToMany,
  type OptionalProps,
  PrimaryKey,
  type Relation,
  registry,
  select,
  selectinload,
  TypeDecorator,
  t,
  update,
} from "../../src/index.js";
import { constructsNothing } from "../../src/orm/mapping/bare-class.js";
import { mapperFor } from "../../src/orm/mapping/registry.js";
import { KeyCopier } from "../../src/orm/uow/sync.js";
import { databaseName } from "../support/database.js";
import { countMade } from "../support/made.js";
import { writesDuring } from "../support/round-trips.js";
import { recordStatements } from "../support/statements.js";
import { make, storeFor } from "./support.js";

const calls = { bind: 0, result: 0 };

class Counted extends TypeDecorator<string, string> {
  readonly impl = t.text;
  override processBindParam(value: string): string {
    calls.bind++;
    return value;
  }
  override processResultValue(value: string): string {
    calls.result++;
    return value;
  }
}

const reg = registry();

@reg.Entity("makers")
class Maker {
  declare [OptionalProps]?: "id" | "parts";
  @PrimaryKey() id!: number;
  @Column(new Counted()) name!: string;
  @Column() size!: number;
  @OneToMany(
    () => Part,
    (p) => p.maker,
    { cascade: ["all", "delete-orphan"], passiveDeletes: true },
  )
  parts!: Part[];
}

@reg.Entity("parts")
class Part {
  declare [OptionalProps]?: "id" | "makerId" | "maker";
  @PrimaryKey() id!: number;
  @Column({ foreignKey: "makers.id", nullable: true }) makerId!: number | null;
  @Column() title!: string;
  @ManyToOne(
    () => Maker,
    (m) => m.parts,
  )
  maker!: Relation<Maker> | null;
}

const ROWS = 500;
/** Far less than one for each row, and room for what a statement or a flush makes once. */
const FEW = 100;

/** What stands between a call and its answer: PGlite makes some of its own, and not always as many. */
const PROMISES_OF_A_GET = { sqlite: 2, postgresql: 4, "sqlite-worker": 10, pglite: 20 };

/**
 * What a get makes. A turn of the event loop costs a promise where it begins, and more where it has lasted long, as on a busy machine: the cheapest of some
 * that come second in a turn of their own.
 */
async function madeByGet(session: AsyncSession): ReturnType<typeof countMade> {
  let least: Awaited<ReturnType<typeof countMade>> | undefined;
  for (let id = 1; id <= 16; id += 2) {
    await new Promise((resolve) => setImmediate(resolve));
    await session.get(Maker, id);
    const made = await countMade(() => session.get(Maker, id + 1));
    if (least === undefined || made.Promise < least.Promise) least = made;
  }
  return least as Awaited<ReturnType<typeof countMade>>;
}
/** Of a get, an insert, an update and the commit. */
const PROMISES_OF_A_TRANSACTION = { sqlite: 22, postgresql: 28, "sqlite-worker": 80, pglite: 120 };

function makers(count: number, parts = 0): Maker[] {
  return Array.from({ length: count }, (_, i) => {
    const maker = make(Maker, { name: `maker ${i}`, size: i });
    if (parts > 0) maker.parts = Array.from({ length: parts }, (_, j) => make(Part, { title: `part ${j}` }));
    return maker;
  });
}

async function stored(count: number, parts = 0) {
  const store = await storeFor(reg, { expireOnCommit: false });
  await using session = store.Session();
  session.addAll(makers(count, parts));
  await session.commit();
  // Everything that is compiled once has been.
  await using warm = store.Session();
  await warm.scalars(select(Maker).limit(1)).all();
  await warm.get(Maker, 1);
  await warm.close();
  calls.bind = 0;
  calls.result = 0;
  return store;
}

const all = (session: AsyncSession) => session.scalars(select(Maker).orderBy((m) => m.id)).all();

describe("loads", () => {
  test("make no map, set, weak reference, proxy or promise for each row, and read each value once", async () => {
    const { Session } = await stored(ROWS);
    await using session = Session();
    const made = await countMade(() => all(session));
    for (const [name, count] of Object.entries(made)) expect([name, count < FEW]).toEqual([name, true]);
    expect(calls.result).toBeLessThanOrEqual(ROWS);
    // Objects that are there already are not made again.
    const before = calls.result;
    await all(session);
    expect(calls.result).toBe(before);
  });

  test("of a graph take one statement for each level and make nothing for each row", async () => {
    const { engine, Session } = await stored(50, 10);
    await using session = Session();
    using log = recordStatements(engine);
    const load = () => session.scalars(select(Maker).options(selectinload(Maker, (m) => m.parts))).all();
    const made = await countMade(load);
    expect(log.count()).toBe(2);
    for (const [name, count] of Object.entries(made)) expect([name, count < FEW]).toEqual([name, true]);
  });

  test("by key alone make few promises, and many together one statement", async () => {
    const { engine, Session } = await stored(20);
    await using session = Session();
    const one = await madeByGet(session);
    expect(one.Promise).toBeLessThanOrEqual(PROMISES_OF_A_GET[databaseName()]);
    expect(one.Map + one.Set + one.WeakRef + one.Proxy).toBeLessThanOrEqual(4);
    using log = recordStatements(engine);
    await Promise.all([17, 18, 19, 20].map((id) => session.get(Maker, id)));
    expect(log.count()).toBe(1);
  });
});

describe("a session that a signal may stop", () => {
  test("makes no promise more for a statement: it only listens", async () => {
    const { Session } = await stored(20);
    await using session = Session({ signal: new AbortController().signal });
    const made = await madeByGet(session);
    expect(made.Promise).toBeLessThanOrEqual(PROMISES_OF_A_GET[databaseName()]);
  });
});

describe("flushes", () => {
  test("insert many objects with one statement, bind each value once, and make nothing for each object", async () => {
    const { engine, Session } = await stored(1);
    await using session = Session();
    const objects = makers(ROWS);
    using log = recordStatements(engine);
    const made = await countMade(async () => {
      session.addAll(objects);
      await session.commit();
    });
    expect(log.count()).toBe(1);
    expect(calls.bind).toBe(ROWS);
    for (const [name, count] of Object.entries(made)) expect([name, count < FEW]).toEqual([name, true]);
  });

  test("construct, add and insert a graph without a map, set, proxy or promise for each object", async () => {
    const { Session } = await stored(1);
    await using session = Session();
    const graph = (): Maker[] =>
      Array.from({ length: 50 }, (_, i) => {
        const parts = Array.from({ length: 10 }, (_, j) => create(Part, { title: `part ${j}` }));
        return create(Maker, { name: `maker ${i}`, size: i, parts });
      });
    graph();
    const made = await countMade(async () => {
      session.addAll(graph());
      await session.commit();
    });
    for (const [name, count] of Object.entries(made)) expect([name, count < FEW]).toEqual([name, true]);
  });

  test("ask for the history of no attribute of a new object", async () => {
    const { Session } = await stored(1);
    await using session = Session();
    session.addAll(makers(20, 5));
    const histories = [Maker, Part].flatMap((cls) =>
      mapperFor(cls).relationships.map(({ attribute }) => vi.spyOn(attribute, "history")),
    );
    await session.commit();
    for (const history of histories) expect(history).not.toHaveBeenCalled();
  });

  test("give each new child the key of its parent once, though both sides of the relationship know it", async () => {
    const { Session } = await stored(1);
    await using session = Session();
    session.addAll(makers(20, 5));
    const copied = vi.spyOn(KeyCopier.prototype, "fromMemory");
    await session.commit();
    expect(copied).toHaveBeenCalledTimes(100);
    copied.mockRestore();
  });

  test("leave out the constructor of a class that only declares its attributes", () => {
    class Declared {
      declare id: number;
      static word = "x";
      shout(): string {
        return "=";
      }
    }
    class Below extends Declared {
      get own() {
        return 1;
      }
    }
    class Initialised {
      id = 1;
    }
    for (const cls of [Maker, Part, Declared, Below])
      expect([cls.name, constructsNothing(cls)]).toEqual([cls.name, true]);
    expect(constructsNothing(Initialised)).toBe(false);
  });

  test("insert a graph with one statement for each class", async () => {
    const { engine, Session } = await stored(1);
    await using session = Session();
    using log = recordStatements(engine);
    session.addAll(makers(20, 5));
    await session.commit();
    expect(log.texts().map((text) => text.split(" ").slice(0, 3).join(" "))).toEqual([
      "INSERT INTO makers",
      "INSERT INTO parts",
    ]);
  });

  test("update and delete many objects with one statement each", async () => {
    const { engine, Session } = await stored(ROWS);
    await using session = Session();
    const list = await all(session);
    using log = recordStatements(engine);
    for (const maker of list) maker.size += 1;
    await session.flush();
    expect([log.count(), log.rows("UPDATE")]).toEqual([1, ROWS]);
    log.reset();
    await session.deleteAll(list);
    await session.commit();
    expect([log.count(), log.rows("DELETE")]).toEqual([1, ROWS]);
  });

  test("look at nothing but what has changed", async () => {
    const { engine, Session } = await stored(ROWS);
    await using session = Session();
    const list = await all(session);
    using log = recordStatements(engine);
    list[7].name = "changed";
    const made = await countMade(() => session.flush());
    expect(calls.bind).toBe(1);
    expect(log.rows("UPDATE")).toBe(1);
    for (const [name, count] of Object.entries(made)) expect([name, count < FEW]).toEqual([name, true]);
  });

  test("of a small transaction ask nothing of relationships that nobody touched, and make few maps and promises", async () => {
    const { Session } = await stored(2);
    const work = async () => {
      await using session = Session();
      const maker = await session.getOne(Maker, 1);
      maker.size++;
      session.add(make(Part, { makerId: maker.id, title: "one more" }));
      await session.commit();
    };
    await work();
    const histories = [Maker, Part].flatMap((cls) =>
      mapperFor(cls).relationships.map(({ attribute }) => vi.spyOn(attribute, "history")),
    );
    // Another test may have spied on them.
    for (const history of histories) history.mockClear();
    const made = await countMade(work);
    for (const history of histories) expect(history).not.toHaveBeenCalled();
    expect(made.Map + made.Set).toBeLessThanOrEqual(20);
    expect(made.Promise).toBeLessThanOrEqual(PROMISES_OF_A_TRANSACTION[databaseName()]);
    // A session that was opened long before is held weakly from then on.
    expect(made.WeakRef + made.Proxy).toBeLessThanOrEqual(1);
  });

  test("are nothing to an UPDATE and a DELETE by condition, which are looked through once for each shape", async () => {
    const { Session } = await stored(2);
    await using session = Session();
    const work = async () => {
      await session.execute(
        update(Maker)
          .where((m) => m.id.eq(-1))
          .values({ size: 3 }),
      );
      await session.execute(del(Maker).where((m) => m.id.eq(-1)));
    };
    await work();
    const made = await countMade(work);
    expect(made.Map + made.Set).toBeLessThanOrEqual(8);
  });

  test("before a query do nothing where nothing has changed", async () => {
    const { engine, Session } = await stored(ROWS);
    await using session = Session();
    await all(session);
    using log = recordStatements(engine);
    await session.scalars(select(Part)).all();
    expect(log.count()).toBe(1);
    expect(calls.bind).toBe(0);
  });
});

// PGlite has no round trips.
describe.runIf(databaseName() === "postgresql")("round trips", () => {
  test("of a transaction are one for each statement and one for COMMIT: BEGIN travels with the first", async () => {
    const { Session } = await stored(2);
    const work = async () => {
      await using session = Session();
      const maker = await session.get(Maker, 1);
      (maker as Maker).size += 1;
      await session.commit();
    };
    await work();
    expect(await writesDuring(work)).toBe(3);
  });

  test("of a small transaction are one for each query, one for the flush and one for COMMIT", async () => {
    const { Session } = await stored(2);
    const work = async () => {
      await using session = Session();
      const maker = await session.getOne(Maker, 1);
      await session.scalars(select(Part).limit(2)).all();
      maker.size++;
      session.add(make(Part, { makerId: maker.id, title: "one more" }));
      await session.commit();
    };
    await work();
    expect(await writesDuring(work)).toBe(4);
  });

  test("of many changed or deleted objects are one for each class, where their statements were made before", async () => {
    const { Session } = await stored(200);
    const work = async () => {
      await using session = Session();
      const list = await all(session);
      for (const maker of list) maker.size += 1;
      await session.flush();
      await session.deleteAll(list.slice(0, 50));
      await session.commit();
    };
    await work();
    // The query, UPDATE, DELETE and COMMIT.
    expect(await writesDuring(work)).toBe(4);
  });

  test("of a flush are one for each class, however many objects there are", async () => {
    const { Session } = await stored(1);
    const work = async () => {
      await using session = Session();
      session.addAll(makers(100, 5));
      await session.commit();
    };
    await work();
    expect(await writesDuring(work)).toBe(3);
  });
});
