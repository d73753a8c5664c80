import { type ChildProcess, fork } from "node:child_process";
import { once } from "node:events";
import { fileURLToPath } from "node:url";
import { beforeEach, describe, expect, onTestFinished, test } from "vitest";
import { Letter, OutboxEvent } from "../../../examples/service/entities/index.js";
import { sendLetter } from "../../../examples/service/outbox/letters.js";
import { deliverBatch } from "../../../examples/service/outbox/worker.js";
import { EVERY_SHOP } from "../../../examples/service/scope.js";
import { Session } from "../../../examples/service/session.js";
import { del, func, insert, select, text } from "../../../src/index.js";
import { howOften, LONG_RUN } from "../../support/long-runs.js";
import { bookshop } from "./support.js";

const worker = fileURLToPath(new URL("../../../examples/service/outbox/main.ts", import.meta.url));

/** A worker as a process of its own, whose leases are over soon. */
function startWorker(url: string): ChildProcess {
  const child = fork(worker, [url, "400"], { execArgv: ["--import", "@oxc-node/core/register"] });
  onTestFinished(() => void child.kill("SIGKILL"));
  return child;
}

const inEveryShop = <T>(fn: (session: ReturnType<typeof Session>) => Promise<T>): Promise<T> => {
  const session = Session({ info: { shop: EVERY_SHOP } });
  return fn(session).finally(() => session.close());
};

async function addEvents(count: number, topic = "order.placed"): Promise<void> {
  await inEveryShop(async (session) => {
    const rows = Array.from({ length: count }, (_, i) => ({
      shopId: 1 + (i % 2),
      key: `${topic}/${i}`,
      topic,
      payload: {
        reference: `R${i}`,
        name: "Ann",
        email: "ann@example.com",
        totalCents: i,
        currency: "EUR",
        titles: ["T"],
      },
      createdAt: new Date(),
      availableAt: new Date(Date.now() - 1000),
      attempts: 0,
      error: null,
      deliveredAt: null,
    }));
    await session.execute(insert(OutboxEvent), rows);
    await session.commit();
  });
}

const events = () => inEveryShop((session) => session.scalars(select(OutboxEvent).orderBy((e) => e.id)).all());
const letters = () => inEveryShop((session) => session.scalars(select(Letter).orderBy((l) => l.amountCents)).all());
const waiting = () =>
  inEveryShop((session) => session.scalar(text("select count(*) from outbox_events where delivered_at is null"))).then(
    Number,
  );

async function eventually(check: () => Promise<boolean>): Promise<void> {
  for (let turn = 0; !(await check()); turn++) {
    if (turn === 600) throw new Error("it did not happen");
    await new Promise((resolve) => setTimeout(resolve, 25));
  }
}

describe.each(["sqlite", "postgresql"] as const)("the outbox on %s", (kind) => {
  const shop = bookshop(kind, 10);
  beforeEach(() =>
    inEveryShop(async (session) => {
      await session.execute(del(OutboxEvent).all());
      await session.execute(del(Letter).all());
      await session.commit();
    }),
  );

  test(
    "two workers, of which one is killed again and again, deliver each event, and send each letter once",
    LONG_RUN,
    async () => {
      const { url } = shop.database;
      await addEvents(400);
      let doomed = startWorker(url);
      const steady = startWorker(url);
      for (let kills = 0; kills < howOften(1, 12); kills++) {
        const before = await waiting();
        await eventually(async () => (await waiting()) < before - 40 || (await waiting()) === 0);
        doomed.kill("SIGKILL");
        await once(doomed, "exit");
        doomed = startWorker(url);
      }
      await eventually(async () => (await waiting()) === 0);
      for (const child of [doomed, steady]) {
        // A worker that is told to ends by itself. One may be just starting.
        if (child === doomed) await eventually(async () => child.exitCode !== null || child.kill("SIGTERM"));
        child.kill("SIGTERM");
        expect((await once(child, "exit"))[0] ?? 0).toBe(0);
      }
      expect((await letters()).map((each) => each.amountCents)).toEqual(Array.from({ length: 400 }, (_, i) => i));
      expect((await events()).every((each) => each.deliveredAt !== null && each.attempts >= 1)).toBe(true);
    },
  );

  test("workers at the same time never have the same event", async () => {
    await addEvents(40);
    const taken: string[] = [];
    const deliver = async ({ key }: OutboxEvent) => {
      taken.push(key);
      await new Promise((resolve) => setTimeout(resolve, 1));
    };
    const counts = await Promise.all(Array.from({ length: 4 }, () => deliverBatch(deliver, { batch: 15 })));
    for (let left = 40 - counts.reduce((a, b) => a + b); left > 0; ) left -= await deliverBatch(deliver, { batch: 15 });
    expect(new Set(taken).size).toBe(40);
    expect(taken).toHaveLength(40);
  });

  test("what cannot be delivered is put off, for longer each time, and says why; the others are not held up", async () => {
    await addEvents(3);
    await addEvents(1, "unheard.of");
    expect(await deliverBatch(sendLetter)).toBe(4);
    expect(await letters()).toHaveLength(3);
    const failed = async () => (await events()).find((each) => each.topic === "unheard.of") as OutboxEvent;
    const first = await failed();
    expect(first).toMatchObject({
      attempts: 1,
      deliveredAt: null,
      error: 'Nobody knows what to do about "unheard.of".',
    });
    expect(first.availableAt.getTime()).toBeGreaterThan(Date.now());
    expect(await deliverBatch(sendLetter)).toBe(0);
    await inEveryShop((session) =>
      session
        .execute(text("update outbox_events set attempts = 5, available_at = created_at where delivered_at is null"))
        .then(() => session.commit()),
    );
    expect(await deliverBatch(sendLetter)).toBe(1);
    expect((await failed()).availableAt.getTime()).toBeGreaterThan(Date.now() + 20_000);
  });

  test("an event that comes twice is one letter", async () => {
    await addEvents(1);
    const [event] = (await events()) as [OutboxEvent];
    await Promise.all([sendLetter(event), sendLetter(event)]);
    await sendLetter(event);
    expect(await inEveryShop((session) => session.scalar(select(func.count()).selectFrom(Letter)))).toBe(1);
  });
});
