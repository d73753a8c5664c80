/** Transfers between accounts, many at once: no money comes or goes. */
import fc from "fast-check";
import { beforeEach, describe, expect, test } from "vitest";
import {
  type AsyncSession,
  asyncSessionmaker,
  Column,
  create,
  DatabaseError,
  type OptionalProps,
  PrimaryKey,
  type RetryOptions,
  registry,
  select,
  text,
} from "../../../src/index.js";
import { howOften, LONG_RUN } from "../../support/long-runs.js";
import { rejection, scratchDatabase } from "./support.js";

const db = scratchDatabase();
const reg = registry();

@reg.Entity("accounts")
class Account {
  @PrimaryKey({ autoincrement: false }) id!: number;
  @Column() balance!: number;
}

@reg.Entity("transfers")
class Transfer {
  declare [OptionalProps]?: "id";
  @PrimaryKey() id!: number;
  @Column() source!: number;
  @Column() target!: number;
  @Column() amount!: number;
}

const ACCOUNTS = 40;
const OPENING = 1000;
const COUNT = howOften(300, 5000);

beforeEach(async () => {
  const engine = db.engine();
  await reg.metadata.dropAll(engine);
  await reg.metadata.createAll(engine);
  await asyncSessionmaker(engine).begin((session) =>
    session.addAll(Array.from({ length: ACCOUNTS }, (_, i) => create(Account, { id: i + 1, balance: OPENING }))),
  );
});

interface Order {
  readonly source: number;
  readonly target: number;
  readonly amount: number;
}

function orders(): Order[] {
  const id = fc.noBias(fc.integer({ min: 1, max: ACCOUNTS }));
  const order = fc
    .record({ source: id, target: id, amount: fc.noBias(fc.integer({ min: 1, max: 50 })) })
    .filter(({ source, target }) => source !== target);
  return fc.sample(order, COUNT);
}

async function transfer(session: AsyncSession, order: Order, withForUpdate: boolean): Promise<void> {
  // Locks are taken in one order, so that nobody waits in a circle.
  const accounts = new Map<number, Account>();
  for (const id of [order.source, order.target].sort((a, b) => a - b))
    accounts.set(id, await session.getOne(Account, id, { withForUpdate }));
  const [source, target] = [accounts.get(order.source) as Account, accounts.get(order.target) as Account];
  source.balance -= order.amount;
  target.balance += order.amount;
  session.add(create(Transfer, order));
}

/** Balances, transfers and what was told to the callers agree to the last coin. */
async function settle(done: readonly Order[]): Promise<void> {
  const expected = new Map(Array.from({ length: ACCOUNTS }, (_, i) => [i + 1, OPENING]));
  for (const { source, target, amount } of done) {
    expected.set(source, (expected.get(source) as number) - amount);
    expected.set(target, (expected.get(target) as number) + amount);
  }
  await using session = asyncSessionmaker(db.engine())();
  const accounts = await session.scalars(select(Account)).all();
  expect(new Map(accounts.map((a) => [a.id, a.balance] as const).sort(([a], [b]) => a - b))).toEqual(expected);
  expect(accounts.reduce((sum, a) => sum + a.balance, 0)).toBe(ACCOUNTS * OPENING);
  expect(await session.scalar(text("SELECT count(*) FROM transfers"))).toBe(done.length);
}

describe(`${COUNT} transfers at once over a pool of 10`, LONG_RUN, () => {
  const engineOfTen = () => db.engine({ poolSize: 10, maxOverflow: 0, poolTimeout: 600 });

  test("with locked rows leave exact balances", async () => {
    const engine = engineOfTen();
    const Session = asyncSessionmaker(engine);
    const all = orders();
    await Promise.all(all.map((order) => Session.begin((session) => transfer(session, order, true))));
    await settle(all);
    expect(engine.status()).toMatchObject({ checkedOut: 0, waiting: 0 });
  });

  test("under SERIALIZABLE with retries leave exact balances, and each try has a session of its own", async () => {
    const engine = engineOfTen();
    const Session = asyncSessionmaker(engine);
    const all = orders();
    const options: RetryOptions = { isolationLevel: "SERIALIZABLE", retries: 1000, backoff: 2, maxBackoff: 100 };
    let tries = 0;
    const sessions = new WeakSet<AsyncSession>();
    await Promise.all(
      all.map((order) =>
        Session.transaction(async (session) => {
          tries++;
          expect(sessions.has(session)).toBe(false);
          sessions.add(session);
          expect([...session]).toEqual([]);
          await transfer(session, order, false);
        }, options),
      ),
    );
    await settle(all);
    expect(tries).toBeGreaterThan(COUNT);
    expect(engine.status()).toMatchObject({ checkedOut: 0, waiting: 0 });
  });
});

describe("a transaction that is retried", () => {
  test("is tried so often as it says, with time between that grows, and then throws the database's error", async () => {
    const engine = db.engine();
    let attempts = 0;
    const attempt = async (): Promise<never> => {
      attempts++;
      throw new DatabaseError("could not serialize", null, undefined, { retryable: true });
    };
    for (const transaction of [
      (options: RetryOptions) => asyncSessionmaker(engine).transaction(attempt, options),
      (options: RetryOptions) => engine.transaction(attempt, options),
    ]) {
      attempts = 0;
      const started = performance.now();
      await expect(transaction({ retries: 3, backoff: 10 })).rejects.toThrow("could not serialize");
      expect(attempts).toBe(4);
      // 10, 20 and 40 ms, each between half and one and a half of that
      expect(performance.now() - started).toBeGreaterThanOrEqual(34);
      attempts = 0;
      await expect(transaction({ retries: 0 })).rejects.toThrow("could not serialize");
      expect(attempts).toBe(1);
    }
  });

  test("is not tried again after another error, nor when it was aborted while it waited", async () => {
    const engine = db.engine();
    const Session = asyncSessionmaker(engine);
    let attempts = 0;
    const other = Session.transaction(() => {
      attempts++;
      throw new Error("mine");
    });
    await expect(other).rejects.toThrow("mine");
    const controller = new AbortController();
    const aborted = Session.transaction(
      () => {
        attempts++;
        setTimeout(() => controller.abort("stop"), 10);
        throw new DatabaseError("busy", null, undefined, { retryable: true });
      },
      { backoff: 10_000, signal: controller.signal },
    );
    expect(await rejection(aborted)).toBe("stop");
    expect(attempts).toBe(2);
    // For a connection, of which there is none.
    const full = db.engine({ poolSize: 1, maxOverflow: 0 });
    await using _ = await full.connect();
    const signal = AbortSignal.timeout(30);
    const waiting = [
      asyncSessionmaker(full).transaction((session) => session.scalar(text("SELECT 1")), { signal }),
      full.transaction((conn) => conn.scalar(text("SELECT 1")), { signal }),
    ];
    for (const each of await Promise.allSettled(waiting)) expect(each).toMatchObject({ reason: signal.reason });
  });

  test("begins as it is told: isolation level, read only, for sessions and their factory", async () => {
    const engine = db.engine();
    const modes = text("SELECT current_setting('transaction_isolation'), current_setting('transaction_read_only')");
    const Session = asyncSessionmaker(engine, { transactionOptions: { readOnly: true } });
    expect(
      await Session.transaction((session) => session.execute(modes).one(), { isolationLevel: "REPEATABLE READ" }),
    ).toEqual(["repeatable read", "on"]);
    expect(await Session.transaction((session) => session.execute(modes).one(), { readOnly: false })).toEqual([
      "read committed",
      "off",
    ]);
    expect(await Session.begin((session) => session.execute(modes).one())).toEqual(["read committed", "on"]);
    expect(await engine.execute(modes).one()).toEqual(["read committed", "off"]);
  });
});
