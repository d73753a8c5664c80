/** LISTEN and NOTIFY: what is sent arrives typed and in order, and a connection that is lost says what may have been missed. */
import { setTimeout as sleep } from "node:timers/promises";
import { describe, expect, expectTypeOf, onTestFinished, test } from "vitest";
import { z } from "zod";
import {
  type AsyncEngine,
  asyncSessionmaker,
  channel,
  createAsyncEngine,
  event,
  type InvalidNotification,
  type Notification,
  type NotificationGap,
  type NotificationStream,
  text,
} from "../../../src/index.js";
import { tcpProxy } from "../../support/tcp-proxy.js";
import { inTime } from "./faults/support.js";
import { rejection, scratchDatabase } from "./support.js";

const db = scratchDatabase();
const orders = channel("orders").json<{ id: number }>();

/** The next events of a stream. */
async function take<E>(stream: NotificationStream<E>, count: number): Promise<E[]> {
  const events: E[] = [];
  while (events.length < count) {
    const { done, value } = await inTime(stream.next());
    if (done) break;
    events.push(value);
  }
  return events;
}

const payloads = (events: readonly { kind: string; payload?: unknown }[]) =>
  events.map(({ kind, payload }) => payload ?? kind);

/** The backend that listens. */
const listener = text("SELECT pid FROM pg_stat_activity WHERE query LIKE 'LISTEN%' AND datname = current_database()");

async function killListener(engine: AsyncEngine): Promise<void> {
  const pid = await engine.scalar(listener);
  await engine.scalar(text("SELECT pg_terminate_backend(:pid)"), { pid });
}

describe("engine.listen()", () => {
  test("[PG-18] gives what is sent on a channel as an async iterator, on a connection of its own, until the loop is left", async () => {
    const engine = db.engine({ poolSize: 1, maxOverflow: 0 });
    const stream = engine.listen("orders");
    await stream.ready();
    expect(engine.status()).toMatchObject({ checkedOut: 0, idle: 0 });
    const sent = (async () => {
      for (const word of ["one", "two", "", "drei ä '\" \\ \u{1F600}"]) await engine.notify("orders", word);
      await engine.notify("orders");
      await engine.notify("others", "not for us");
      await engine.notify("orders", "last");
    })();
    const got: string[] = [];
    for await (const each of stream) {
      if (each.kind !== "notification") throw new Error(each.kind);
      expectTypeOf(each).toEqualTypeOf<Notification<string, "orders">>();
      expect(each.channel).toBe("orders");
      expect(each.processId).toBeGreaterThan(0);
      got.push(each.payload);
      if (each.payload === "last") break;
    }
    await sent;
    expect(got).toEqual(["one", "two", "", "drei ä '\" \\ \u{1F600}", "", "last"]);
    expect(await stream.next()).toEqual({ done: true, value: undefined });
    await sleep(50);
    expect(await engine.scalar(listener)).toBeNull();
  });

  test("[PG-18] several channels and typed payloads: each event says which it is, and one that cannot be read is told as such", async () => {
    const engine = db.engine();
    const checked = channel("checked").json(z.object({ n: z.number() }));
    await using stream = engine.listen([orders, checked, channel("Plain words")]);
    await stream.ready();
    await engine.notify(orders, { id: 5 });
    await engine.notify(checked, { n: 1 });
    await engine.notify("checked", '{"n": "x"}');
    await engine.notify("orders", "{");
    await engine.notify("Plain words", "text");
    const events = await take(stream, 5);
    type Event = (typeof events)[number];
    expectTypeOf<Event>().toEqualTypeOf<
      | Notification<{ id: number }, "orders">
      | Notification<{ n: number }, "checked">
      | Notification<string, "Plain words">
      | InvalidNotification
      | NotificationGap
    >();
    expect(events).toMatchObject([
      { kind: "notification", channel: "orders", payload: { id: 5 } },
      { kind: "notification", channel: "checked", payload: { n: 1 } },
      { kind: "invalid", channel: "checked", text: '{"n": "x"}', error: { message: expect.stringMatching(/n: /) } },
      { kind: "invalid", channel: "orders", text: "{" },
      { kind: "notification", channel: "Plain words", payload: "text" },
    ]);
    expect(() => orders.format(undefined as never)).toThrow(/nothing that JSON knows/);
    expect(await rejection(engine.notify(checked, { n: "x" } as never))).toMatchObject({ name: "ArgumentError" });
    // @ts-expect-error: the payloads of the channel are objects
    await rejection(engine.notify(checked, "text"));
  });

  test("[PG-18] a notification is part of its transaction: of a connection, a session, inside runSync; and not sent when that is rolled back", async () => {
    const engine = db.engine();
    await using stream = engine.listen(orders);
    await stream.ready();
    await using session = asyncSessionmaker(engine)();
    await session.notify(orders, { id: 1 });
    await session.rollback();
    await engine.begin(async (c) => {
      await c.notify(orders, { id: 2 });
      await c.notify(orders, { id: 3 });
      await c.notify(orders, { id: 3 });
    });
    await session.notify(orders, { id: 4 });
    await session.runSync((s) => s.notify(orders, { id: 5 }));
    await session.commit();
    await engine.connect((c) =>
      c.runSync((s) => {
        s.notify(orders, { id: 6 });
        s.commit();
      }),
    );
    // Equal payloads of one transaction are one.
    expect(payloads(await take(stream, 5))).toEqual([2, 3, 4, 5, 6].map((id) => ({ id })));
  });

  test("[PG-18] a connection that is lost is made again, and a gap says in which time something may have been missed", async () => {
    const engine = db.engine();
    const connects: unknown[] = [];
    event.listen(engine, "connect", (connection) => void connects.push(connection));
    await using stream = engine.listen("orders");
    await stream.ready();
    await engine.notify("orders", "before");
    const before = new Date();
    await killListener(engine);
    const [first, gap] = await take(stream, 2);
    expect(first).toMatchObject({ kind: "notification", payload: "before" });
    expect(gap).toMatchObject({ kind: "gap", dropped: 0, reason: expect.any(Error) });
    const { since, until } = gap as NotificationGap;
    expect(since.getTime()).toBeLessThanOrEqual(until.getTime());
    expect(until.getTime()).toBeGreaterThanOrEqual(before.getTime());
    await engine.notify("orders", "after");
    expect(payloads(await take(stream, 1))).toEqual(["after"]);
    expect(connects.length).toBeGreaterThanOrEqual(2);
  });

  test("[PG-18] a gap begins when nothing was missed yet, though something was heard later: that may have waited to be read, or come by the new connection", async () => {
    const engine = db.engine();
    await using stream = engine.listen("orders", { heartbeat: 0 });
    await stream.ready();
    const lost = new Date();
    await killListener(engine);
    const stop = new AbortController();
    // Sent all the time: the new connection hears of one at once.
    const sending = (async () => {
      while (!stop.signal.aborted) await engine.notify("orders", "x").catch(() => {});
    })();
    let gap: unknown;
    for await (const each of stream)
      if (each.kind === "gap") {
        gap = each;
        break;
      }
    stop.abort();
    await sending;
    expect((gap as NotificationGap).since.getTime()).toBeLessThanOrEqual(lost.getTime());
  });

  test("[PG-18] a server that is away is tried again until it is there, and one that was silent is found out by the heartbeat", {
    timeout: 30_000,
  }, async () => {
    const proxy = await tcpProxy(db.url);
    onTestFinished(() => proxy[Symbol.asyncDispose]());
    const engine = createAsyncEngine(`${db.url}?port=${proxy.port}&connect_timeout=2`);
    onTestFinished(() => engine.dispose({ force: true }));
    const direct = db.engine();
    await using stream = engine.listen("orders", { heartbeat: 0.2, maxBackoff: 200 });
    await stream.ready();
    proxy.refuse(true);
    proxy.cut("reset");
    await sleep(600);
    await direct.notify("orders", "unheard");
    proxy.refuse(false);
    expect(payloads(await take(stream, 1))).toEqual(["gap"]);
    await direct.notify("orders", "heard");
    expect(payloads(await take(stream, 1))).toEqual(["heard"]);
    // Nobody says that the network is gone: only the heartbeat tells, after five seconds of waiting for its answer.
    proxy.freeze();
    const gap = take(stream, 1);
    await sleep(6000);
    proxy.thaw();
    expect(payloads(await gap)).toEqual(["gap"]);
    await direct.notify("orders", "again");
    expect(payloads(await take(stream, 1))).toEqual(["again"]);
  });

  test("events that nobody takes are kept up to a bound, and what goes beyond is told as a gap", async () => {
    const engine = db.engine();
    await using stream = engine.listen("orders", { bufferSize: 3 });
    await stream.ready();
    const sent = new Date();
    for (let i = 1; i <= 10; i++) await engine.notify("orders", String(i));
    await sleep(100);
    const events = await take(stream, 4);
    // The first of those that were thrown away was sent long before there were too many.
    expect(events[0]).toMatchObject({ kind: "gap", dropped: 7, reason: null });
    expect((events[0] as NotificationGap).since.getTime()).toBeLessThanOrEqual(sent.getTime());
    expect(payloads(events)).toEqual(["gap", "8", "9", "10"]);
  });

  test("a signal ends it with its reason, dispose() of the engine ends it quietly, and its connection is closed", async () => {
    const engine = db.engine();
    const controller = new AbortController();
    const aborted = engine.listen("orders", { signal: controller.signal });
    const waiting = rejection(aborted.next());
    await aborted.ready();
    const reason = new Error("enough");
    controller.abort(reason);
    expect(await inTime(waiting)).toBe(reason);
    expect(await aborted.next()).toEqual({ done: true, value: undefined });
    expect(await rejection(engine.listen("orders", { signal: AbortSignal.abort("no") }).next())).toBe("no");
    const looping = (async () => {
      for await (const each of engine.listen("orders")) throw new Error(each.kind);
      return "left";
    })();
    await sleep(100);
    await engine.dispose();
    expect(await inTime(looping)).toBe("left");
    await sleep(50);
    expect(await db.engine().scalar(listener)).toBeNull();
  });

  test("a first connection that fails is the error of the loop; so is a name that is none, an option that is wrong, another database", async () => {
    const wrong = createAsyncEngine(db.url.replace(/\/[^/]*$/, "/no_such_database"));
    onTestFinished(() => wrong.dispose());
    expect(await rejection(wrong.listen("orders").next())).toMatchObject({ name: "OperationalError", code: "3D000" });
    expect(await rejection(wrong.listen("orders").ready())).toMatchObject({ name: "OperationalError" });
    const engine = db.engine();
    expect(() => engine.listen("")).toThrow(/"" is no name of a channel: it is text of 1 to 63 bytes/);
    expect(() => engine.listen("x".repeat(64))).toThrow(/no name of a channel/);
    expect(() => engine.listen([])).toThrow(/a list of at least one/);
    expect(() => engine.listen("a", { bufferSize: 0 })).toThrow("listen(): bufferSize is a number from 1 up, not 0.");
    expect(() => engine.listen("a", { heartbeat: -1 })).toThrow(/heartbeat is a number from 0 up/);
    expect(await rejection(engine.notify("a", 5 as never))).toMatchObject({
      message: expect.stringMatching(/A payload of the channel "a" is text, not number. Use channel\("a"\).json\(\)/),
    });
    expect(await rejection(engine.notify("a", "x".repeat(9000)))).toMatchObject({ name: "DataError" });
    const lite = createAsyncEngine("sqlite://");
    onTestFinished(() => lite.dispose());
    expect(() => lite.listen("a")).toThrow(
      /The sqlite dialect has no notifications: LISTEN and NOTIFY are PostgreSQL's/,
    );
    expect(await rejection(lite.notify("a"))).toMatchObject({ name: "NotSupportedError" });
  });
});

test("[PG-18] PGlite notifies inside its process, whoever holds its one session", async () => {
  const engine = createAsyncEngine("pglite://");
  onTestFinished(() => engine.dispose());
  const stream = engine.listen([orders, channel("others")]);
  const second = engine.listen(orders);
  await Promise.all([stream.ready(), second.ready()]);
  await engine.notify(orders, { id: 1 });
  await engine.begin(async (c) => {
    await c.execute(text("SELECT 1"));
    await c.notify("others", "x");
  });
  expect(payloads(await take(stream, 2))).toEqual([{ id: 1 }, "x"]);
  expect(payloads(await take(second, 1))).toEqual([{ id: 1 }]);
  await second.return();
  await engine.notify(orders, { id: 2 });
  expect(payloads(await take(stream, 1))).toEqual([{ id: 2 }]);
  await stream.return();
  expect(engine.status()).toMatchObject({ checkedOut: 0 });
});
