/** UPDATE and DELETE of many objects in one flush, however many statements a database needs for them. */
import { describe, expect, test } from "vitest";
import { Column, PrimaryKey, registry, StaleDataError, select, t, text } from "../../../src/index.js";
import { databaseKind } from "../../support/database.js";
import { make, storeFor } from "../support.js";

const reg = registry();

@reg.Entity("many_things")
class Thing {
  @PrimaryKey() id!: number;
  @Column(t.string(50)) name!: string;
  @Column(t.integer, { nullable: true }) size!: number | null;
  @Column(t.float) score!: number;
  @Column(t.boolean) on!: boolean;
  @Column(t.datetime({ timezone: true })) at!: Date;
  @Column(t.json, { nullable: true }) data!: unknown;
  @Column(t.numeric(10, 2)) price!: string;
}

@reg.Entity("many_counted", { versionIdCol: "version" })
class Counted {
  @PrimaryKey() id!: number;
  @Column(t.integer) version!: number;
  @Column(t.text) name!: string;
}

@reg.Entity("many_places")
class Place {
  @PrimaryKey() id!: number;
  @Column(t.integer, { unique: true }) position!: number;
}

@reg.Entity("many odd $1s")
class Odd {
  @PrimaryKey({ name: "key $1" }) a!: number;
  @PrimaryKey({ name: 'b"b = $2' }) b!: string;
  @Column({ name: "Size" }) size!: number;
  @Column(t.enum(["low", "high"], { name: "many_level" })) level!: string;
}

const COUNT = 12;
const NAMES = ["NULL", 'a "quoted" {word}, with \\', "", "ünïcode 🙂", "tab\tand\nline"];

function fill(thing: Thing, i: number): Thing {
  return Object.assign(thing, {
    name: NAMES[i % NAMES.length],
    size: i % 3 === 0 ? null : i,
    score: i / 4,
    on: i % 2 === 0,
    at: new Date(1_700_000_000_123 + i),
    data: i % 4 === 0 ? { list: [i, null, "x,y"] } : [i],
    price: `${i}.50`,
  });
}

const shown = (thing: Thing): unknown[] => [
  thing.id,
  thing.name,
  thing.size,
  thing.score,
  thing.on,
  thing.at.getTime(),
  thing.data,
  String(thing.price),
];

describe("many rows of one flush", () => {
  test("each object of a large UPDATE has its own values, NULLs and awkward text among them", async () => {
    const { Session } = await storeFor(reg);
    await Session.begin((session) => {
      session.addAll(Array.from({ length: COUNT }, (_, i) => fill(make(Thing), i)));
    });
    const expected = await Session.begin(async (session) => {
      const things = await session.scalars(select(Thing).orderBy((x) => x.id)).all();
      things.forEach((thing, i) => {
        fill(thing, i + 100);
      });
      await session.flush();
      return things.map(shown);
    });
    await Session.begin(async (session) => {
      const things = await session.scalars(select(Thing).orderBy((x) => x.id)).all();
      expect(things.map(shown)).toEqual(expected);
    });
  });

  test("a large UPDATE or DELETE counts versions, and names what another transaction changed", async () => {
    const { Session } = await storeFor(reg);
    await Session.begin((session) => {
      session.addAll(Array.from({ length: COUNT }, (_, i) => make(Counted, { name: `n${i}` })));
    });
    const session = Session();
    const all = await session.scalars(select(Counted).orderBy((x) => x.id)).all();
    for (const each of all) each.name += "!";
    await session.flush();
    expect(all.map((each) => each.version)).toEqual(Array(COUNT).fill(2));
    await session.execute(text("UPDATE many_counted SET version = 9 WHERE id = 5"));
    for (const each of all) each.name += "?";
    await expect(session.flush()).rejects.toThrow(StaleDataError);
    await session.rollback();
    const again = await session.scalars(select(Counted).orderBy((x) => x.id)).all();
    await session.execute(text("UPDATE many_counted SET version = 9 WHERE id = 5"));
    await session.deleteAll(again);
    await expect(session.flush()).rejects.toThrow(
      `expected to delete ${COUNT} row(s); ${COUNT - 1} were matched (${COUNT} objects of Counted)`,
    );
    await session.close();
  });

  test("a large DELETE takes just the rows of its objects", async () => {
    const { Session } = await storeFor(reg);
    await Session.begin((session) => {
      session.addAll(Array.from({ length: COUNT }, (_, i) => fill(make(Thing), i)));
    });
    await Session.begin(async (session) => {
      await session.deleteAll(await session.scalars(select(Thing).where((x) => x.id.gt(3))).all());
    });
    await Session.begin(async (session) => {
      const left = await session.scalars(select(Thing).orderBy((x) => x.id)).all();
      expect(left.map((thing) => thing.id)).toEqual([1, 2, 3]);
    });
  });

  test("unique values move up in the order of the keys", async () => {
    const { Session } = await storeFor(reg);
    await Session.begin((session) => {
      session.addAll(Array.from({ length: COUNT }, (_, i) => make(Place, { position: COUNT - i })));
    });
    await Session.begin(async (session) => {
      for (const place of await session.scalars(select(Place).orderBy((x) => x.id)).all()) place.position += 1;
    });
    await Session.begin(async (session) => {
      const places = await session.scalars(select(Place).orderBy((x) => x.id)).all();
      expect(places.map((place) => place.position)).toEqual(Array.from({ length: COUNT }, (_, i) => COUNT - i + 1));
    });
  });
});

const KEPT = text("SELECT statement FROM pg_prepared_statements WHERE statement LIKE '%unnest(%'");

describe.runIf(databaseKind() === "postgresql")("many rows of one flush on PostgreSQL", () => {
  const storeOfOne = (options = {}) => storeFor(reg, options, { engine: { poolSize: 1 } });

  test("are one UPDATE and one DELETE over arrays, whatever the names of the columns", async () => {
    const { Session } = await storeOfOne();
    await using session = Session();
    session.addAll(Array.from({ length: COUNT }, (_, i) => make(Odd, { a: i, b: `'${i}"`, size: i, level: "low" })));
    await session.commit();
    const odds = await session.scalars(select(Odd).orderBy((x) => x.a)).all();
    odds.forEach((odd, i) => {
      odd.size = i * 2 + 1;
      odd.level = "high";
    });
    odds[3].size = 100;
    await session.commit();
    const again = await session.scalars(select(Odd).orderBy((x) => x.a)).all();
    expect(again.map((odd) => [odd.a, odd.size, odd.level])).toEqual(
      Array.from({ length: COUNT }, (_, i) => [i, i === 3 ? 100 : i * 2 + 1, "high"]),
    );
    await session.deleteAll(again.slice(1));
    await session.commit();
    expect(await session.scalars(select(Odd)).all()).toHaveLength(1);
    const texts = (await session.scalars(KEPT).all()).map(String);
    expect(texts.filter((one) => one.startsWith('UPDATE "many odd $1s" SET'))).toHaveLength(1);
    expect(texts.filter((one) => one.startsWith('DELETE FROM "many odd $1s" USING'))).toHaveLength(1);
  });

  test("go one by one where a trigger before them may write other rows of the same statement", async () => {
    const warnings: string[] = [];
    const { engine, Session } = await storeOfOne({ warn: (message: string) => warnings.push(message) });
    await engine.begin(async (connection) => {
      await connection.execute(
        text(
          "CREATE FUNCTION many_takes_next() RETURNS trigger LANGUAGE plpgsql AS " +
            "$$ BEGIN DELETE FROM many_things WHERE id = OLD.id + 100; RETURN OLD; END $$",
        ),
      );
      await connection.execute(
        text("CREATE TRIGGER takes_next BEFORE DELETE ON many_things FOR EACH ROW EXECUTE FUNCTION many_takes_next()"),
      );
    });
    await using session = Session();
    // The server refuses a statement that is to delete a row which its trigger has taken.
    session.addAll(Array.from({ length: COUNT }, (_, i) => fill(make(Thing, { id: i < 6 ? i : i + 94 }), i)));
    await session.commit();
    await session.deleteAll(await session.scalars(select(Thing)).all());
    await session.commit();
    expect(await session.scalars(select(Thing)).all()).toHaveLength(0);
    expect(warnings).toEqual([expect.stringContaining("expected to delete 12 row(s); 6 were matched")]);
  });

  test("go one by one where they move unique values, so that the order of the keys holds whatever the order in the table is", async () => {
    const { engine, Session } = await storeOfOne();
    await using session = Session();
    session.addAll(Array.from({ length: COUNT }, (_, i) => make(Place, { id: i + 1, position: COUNT - i })));
    await session.commit();
    // Rows lie in the table in another order than that of their keys.
    await engine.begin(async (connection) => {
      await connection.execute(text("UPDATE many_places SET position = position + 100 WHERE id < 4"));
      await connection.execute(text("UPDATE many_places SET position = position - 100 WHERE id < 4"));
      await connection.execute(text("ANALYZE many_places"));
    });
    for (const place of await session.scalars(select(Place).orderBy((x) => x.id)).all()) place.position += 1;
    await session.commit();
    const places = await session.scalars(select(Place).orderBy((x) => x.id)).all();
    expect(places.map((place) => place.position)).toEqual(Array.from({ length: COUNT }, (_, i) => COUNT - i + 1));
  });
});
