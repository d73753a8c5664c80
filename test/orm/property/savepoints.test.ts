import fc from "fast-check";
import { expect, test } from "vitest";
import {
  type AsyncSession,
  Column,
  inspect,
  PrimaryKey,
  registry,
  StaleDataError,
  t,
  text,
} from "../../../src/index.js";
import { make, storeFor } from "../support.js";

const reg = registry();

@reg.Entity("items", { polymorphicOn: "kind", polymorphicIdentity: "item", versionIdCol: "version" })
class Item {
  @PrimaryKey(t.integer) id!: number;
  @Column(t.string(10)) kind!: string;
  @Column(t.integer) version!: number;
  @Column(t.integer) amount!: number;
}

@reg.Entity("tools", { polymorphicIdentity: "tool" })
class Tool extends Item {
  @Column(t.integer) weight!: number;
}

/** What a row is thought to hold; weight is null for a plain item. */
interface Row {
  readonly amount: number;
  readonly weight: number | null;
  readonly version: number;
}

type Rows = ReadonlyMap<number, Row>;

/** A transaction in plain maps: what is committed, what each savepoint would go back to, what is pending. */
class Model {
  committed: Rows = new Map();
  current: Map<number, Row> = new Map();
  readonly savepoints: Rows[] = [];
  pending: Map<number, { amount: number; weight: number | null } | null> = new Map();

  live(): number[] {
    const keys = new Set([...this.current.keys(), ...this.pending.keys()]);
    return [...keys].filter((key) => this.pending.get(key) !== null).sort((a, b) => a - b);
  }
  seen(key: number): { amount: number; weight: number | null } {
    return (this.pending.get(key) ?? this.current.get(key)) as Row;
  }
  flush(): void {
    for (const [key, row] of this.pending) {
      const before = this.current.get(key);
      if (row === null) this.current.delete(key);
      else if (before === undefined) this.current.set(key, { ...row, version: 1 });
      else if (before.amount !== row.amount || before.weight !== row.weight)
        this.current.set(key, { ...row, version: before.version + 1 });
    }
    this.pending = new Map();
  }
  begin(): void {
    this.flush();
    this.savepoints.push(new Map(this.current));
  }
  back(to: Rows): void {
    this.current = new Map(to);
    this.pending = new Map();
  }
}

type Step =
  | { readonly do: "add"; readonly tool: boolean; readonly n: number }
  | { readonly do: "set" | "merge" | "delete"; readonly pick: number; readonly n: number; readonly weight: boolean }
  | { readonly do: "flush" | "begin" | "release" | "back" | "commit" | "rollback" };

const step: fc.Arbitrary<Step> = fc.oneof(
  {
    weight: 4,
    arbitrary: fc.record({ do: fc.constant("add" as const), tool: fc.boolean(), n: fc.integer({ min: 0, max: 2 }) }),
  },
  {
    weight: 8,
    arbitrary: fc.record({
      do: fc.constantFrom("set" as const, "merge" as const, "delete" as const),
      pick: fc.nat(20),
      n: fc.integer({ min: 0, max: 2 }),
      weight: fc.boolean(),
    }),
  },
  {
    weight: 7,
    arbitrary: fc.record({
      do: fc.constantFrom(
        "flush" as const,
        "begin" as const,
        "release" as const,
        "back" as const,
        "commit" as const,
        "rollback" as const,
      ),
    }),
  },
);

async function rowsOf(session: AsyncSession): Promise<Rows> {
  const found = await session.execute(
    text("select i.id, i.amount, t.weight, i.version from items i left join tools t on t.id = i.id order by i.id"),
  );
  return new Map(
    found.all().map((row) => {
      const [id, amount, weight, version] = row as number[];
      return [id, { amount, weight, version }];
    }),
  );
}

const sorted = (rows: Rows) => [...rows].sort(([a], [b]) => a - b);

test("savepoints, merges, versions and a joined hierarchy: whatever is done, the rows are those of a model in plain maps", async () => {
  const { Session } = await storeFor(reg);
  let next = 0;
  await fc.assert(
    fc.asyncProperty(fc.array(step, { minLength: 5, maxLength: 30 }), async (steps) => {
      await Session.begin(async (s) => {
        await s.execute(text("delete from tools"));
        await s.execute(text("delete from items"));
      });
      await using session = Session({ autoflush: false });
      const model = new Model();
      for (const each of steps) {
        switch (each.do) {
          case "add": {
            const id = ++next;
            const weight = each.tool ? 7 : null;
            session.add(each.tool ? make(Tool, { id, amount: each.n, weight: 7 }) : make(Item, { id, amount: each.n }));
            model.pending.set(id, { amount: each.n, weight });
            break;
          }
          case "set":
          case "merge":
          case "delete": {
            // Pending objects are met by key once they are flushed.
            const keys = model.live().filter((key) => model.current.has(key));
            if (keys.length === 0) break;
            const key = keys[each.pick % keys.length];
            const now = model.seen(key);
            const isTool = now.weight !== null;
            if (each.do === "merge") {
              const given = isTool ? make(Tool, { id: key, amount: each.n }) : make(Item, { id: key, amount: each.n });
              await session.merge(given);
              model.pending.set(key, { ...now, amount: each.n });
              break;
            }
            const object = (await session.get(Item, key)) as Item;
            expect(object instanceof Tool).toBe(isTool);
            if (each.do === "delete") {
              await session.delete(object);
              model.pending.set(key, null);
              break;
            }
            if (isTool && each.weight) (object as Tool).weight = each.n;
            else object.amount = each.n;
            model.pending.set(key, isTool && each.weight ? { ...now, weight: each.n } : { ...now, amount: each.n });
            break;
          }
          case "flush":
            await session.flush();
            model.flush();
            break;
          case "begin":
            await session.beginNested();
            model.begin();
            break;
          case "release":
            if (model.savepoints.length === 0) break;
            await session.getNestedTransaction()?.commit();
            model.flush();
            model.savepoints.pop();
            break;
          case "back":
            if (model.savepoints.length === 0) break;
            await session.getNestedTransaction()?.rollback();
            model.back(model.savepoints.pop() as Rows);
            break;
          case "commit":
            await session.commit();
            model.flush();
            model.committed = new Map(model.current);
            model.savepoints.length = 0;
            break;
          case "rollback":
            await session.rollback();
            model.back(model.committed);
            model.savepoints.length = 0;
            break;
        }
        if (each.do === "add" || each.do === "set" || each.do === "merge" || each.do === "delete") continue;
        expect(sorted(await rowsOf(session))).toEqual(sorted(model.current));
        expect(session.inNestedTransaction()).toBe(model.savepoints.length > 0);
      }
      await session.flush();
      model.flush();
      expect(sorted(await rowsOf(session))).toEqual(sorted(model.current));
      // What the session holds agrees with the rows.
      for (const [id, row] of model.current) {
        const object = (await session.get(Item, id)) as Item;
        expect(inspect(object).state).toBe("persistent");
        await session.refresh(object);
        expect([object.amount, object.version]).toEqual([row.amount, row.version]);
      }
    }),
    { numRuns: 60 },
  );
}, 60_000);

test("two sessions in turn: who writes with an outdated version loses, everybody else's writes are counted exactly", async () => {
  const { Session } = await storeFor(reg, { expireOnCommit: false }, { file: true });
  const KEYS = [1, 2, 3];
  await fc.assert(
    fc.asyncProperty(
      fc.array(
        fc.record({
          who: fc.constantFrom(0, 1),
          key: fc.constantFrom(...KEYS),
          do: fc.constantFrom("read", "write", "write", "touch", "drop"),
        }),
        { minLength: 4, maxLength: 25 },
      ),
      async (steps) => {
        await Session.begin(async (s) => {
          await s.execute(text("delete from tools"));
          await s.execute(text("delete from items"));
          s.addAll(
            KEYS.map((id) => (id === 2 ? make(Tool, { id, amount: 0, weight: 1 }) : make(Item, { id, amount: 0 }))),
          );
        });
        const rows = new Map(KEYS.map((id) => [id, { amount: 0, version: 1 }]));
        const sessions = [Session(), Session()];
        const known: Map<number, { amount: number; version: number }>[] = [new Map(), new Map()];
        for (const { who, key, do: what } of steps) {
          const [session, seen] = [sessions[who], known[who]];
          const object = await session.get(Item, key);
          if (!seen.has(key)) {
            const row = rows.get(key);
            expect(object === null).toBe(row === undefined);
            if (row !== undefined) seen.set(key, row);
          }
          await session.commit();
          if (object === null || what === "read") continue;
          const mine = seen.get(key) as { amount: number; version: number };
          expect([object.amount, object.version]).toEqual([mine.amount, mine.version]);
          if (what === "touch") {
            // No net change: nothing is written, so nobody can lose.
            object.amount = mine.amount;
            await session.commit();
            continue;
          }
          const current = rows.get(key)?.version === mine.version;
          if (what === "drop") await session.delete(object);
          else object.amount = mine.amount + 1;
          const outcome = await session.commit().then(
            () => "done",
            (error: unknown) => error,
          );
          if (!current) {
            expect(outcome).toBeInstanceOf(StaleDataError);
            await session.rollback();
            session.expungeAll();
            seen.clear();
            continue;
          }
          expect(outcome).toBe("done");
          if (what === "drop") {
            rows.delete(key);
            seen.delete(key);
            session.expungeAll();
            seen.clear();
          } else {
            const row = { amount: mine.amount + 1, version: mine.version + 1 };
            rows.set(key, row);
            seen.set(key, row);
          }
        }
        for (const session of sessions) await session.close();
        await using check = Session();
        const found = await rowsOf(check);
        expect([...found].map(([id, { amount, version }]) => [id, amount, version])).toEqual(
          [...rows].map(([id, { amount, version }]) => [id, amount, version]).sort((a, b) => a[0] - b[0]),
        );
      },
    ),
    { numRuns: 40 },
  );
}, 60_000);
