import { context, ROOT_CONTEXT, SpanKind, SpanStatusCode, trace } from "@opentelemetry/api";
import { AsyncLocalStorageContextManager } from "@opentelemetry/context-async-hooks";
import { BasicTracerProvider, InMemorySpanExporter, SimpleSpanProcessor } from "@opentelemetry/sdk-trace-base";
import { instrument } from "athanor/opentelemetry";
import { afterAll, beforeAll, beforeEach, describe, expect, onTestFinished, test } from "vitest";
import {
  asyncSessionmaker,
  Column,
  insert,
  joinedload,
  ManyToOne,
  OneToMany,
  PrimaryKey,
  type Relation,
  registry,
  select,
  t,
  text,
} from "../../src/index.js";
import { scratchDatabase } from "../dialects/postgresql/support.js";
import { freshDatabase } from "../support/database.js";

const exporter = new InMemorySpanExporter();
const provider = new BasicTracerProvider({ spanProcessors: [new SimpleSpanProcessor(exporter)] });
const tracer = provider.getTracer("test");
const reg = registry();
const db = scratchDatabase();

@reg.Entity("spanned")
class Item {
  @PrimaryKey() id!: number;
  @Column(t.string(20)) name!: string;
  @OneToMany(() => Kind) kinds!: Kind[];
}

@reg.Entity("kinds")
class Kind {
  @PrimaryKey() id!: number;
  @ManyToOne(() => Item) item!: Relation<Item> | null;
}

beforeAll(() => {
  context.setGlobalContextManager(new AsyncLocalStorageContextManager().enable());
});
afterAll(async () => {
  context.disable();
  await provider.shutdown();
});
beforeEach(() => exporter.reset());

/** Spans of transactions are told apart from those of statements. */
const CONTROL = /^(BEGIN|COMMIT|ROLLBACK|SAVEPOINT|RELEASE)/;
const allSpans = () => exporter.getFinishedSpans();
const spans = () => allSpans().filter((span) => !CONTROL.test(span.name));

describe("instrument()", () => {
  test("makes a span by the semantic conventions for each statement, as a child of the active one", async () => {
    const engine = db.engine();
    await reg.metadata.createAll(engine);
    const stop = instrument(engine, { tracer });
    onTestFinished(stop);
    const parent = tracer.startSpan("request");
    await context.with(trace.setSpan(ROOT_CONTEXT, parent), async () => {
      await engine.execute(insert(Item).values({ name: "secret" }));
      await engine.execute(select(Item));
    });
    parent.end();
    const [inserted, selected] = spans();
    const { hostname, port, pathname } = new URL(db.url);
    const namespace = pathname.slice(1);
    expect(inserted).toMatchObject({ name: "INSERT spanned", kind: SpanKind.CLIENT });
    expect(inserted?.parentSpanContext?.spanId).toBe(parent.spanContext().spanId);
    expect(selected?.attributes).toEqual({
      "db.system.name": "postgresql",
      "db.namespace": namespace,
      "server.address": hostname,
      "server.port": Number(port),
      "db.operation.name": "SELECT",
      "db.collection.name": "spanned",
      "db.query.summary": "SELECT spanned",
      "db.query.text": "SELECT spanned.id, spanned.name FROM spanned",
      "db.response.returned_rows": 1,
    });
    expect(JSON.stringify(spans().map((span) => span.attributes))).not.toContain("secret");
  });

  test("tells failures without parameters, batches, streams, and what ran in runSync", async () => {
    const engine = db.engine();
    await reg.metadata.dropAll(engine);
    await reg.metadata.createAll(engine);
    onTestFinished(instrument(engine, { tracer }));
    await engine.execute(insert(Item), [{ name: "a" }, { name: "b" }]);
    await engine.execute(text("SELECT CAST(:x AS integer)"), { x: "secret" }).catch(() => {});
    await engine.connect(async (c) => {
      const stream = await c.stream(select(Item));
      await stream.all();
      await c.runSync((s) => s.execute(text("SELECT 1")));
      const signal = AbortSignal.timeout(30);
      await c.execute(text("SELECT pg_sleep(10)"), null, { signal }).catch(() => {});
    });
    const [batch, failed, streamed, sync, aborted] = spans();
    expect(batch?.attributes).toMatchObject({ "db.operation.batch.size": 2, "db.operation.name": "INSERT" });
    expect(failed?.attributes).toMatchObject({ "error.type": "22P02", "db.response.status_code": "22P02" });
    expect(failed?.status.code).toBe(SpanStatusCode.ERROR);
    expect(failed?.events[0]).toMatchObject({ name: "exception", attributes: { "exception.type": "DataError" } });
    expect(JSON.stringify(failed?.attributes)).not.toContain("secret");
    expect(streamed?.attributes["db.operation.name"]).toBe("SELECT");
    expect(sync?.attributes["db.query.text"]).toBe("SELECT 1");
    expect(aborted?.attributes["error.type"]).toBe("TimeoutError");
    expect(spans()).toHaveLength(5);
  });

  test("without an engine hears all of them, made later too, until it is stopped", async () => {
    const stop = instrument(undefined, { tracer, queryText: false });
    const { engine } = await freshDatabase();
    await reg.metadata.createAll(engine);
    exporter.reset();
    const session = asyncSessionmaker(engine)();
    await session.scalars(select(Item)).all();
    await session.close();
    expect(spans().map((span) => [span.name, span.attributes])).toEqual([
      [
        "SELECT spanned",
        {
          "db.system.name": "sqlite",
          "db.operation.name": "SELECT",
          "db.collection.name": "spanned",
          "db.query.summary": "SELECT spanned",
          "db.response.returned_rows": 0,
        },
      ],
    ]);
    stop();
    await engine.scalar(text("SELECT 1"));
    expect(spans()).toHaveLength(1);
  });

  test("makes a span for each BEGIN, COMMIT, ROLLBACK and savepoint, and of one that fails says how", async () => {
    const engine = db.engine();
    await engine.execute(text("CREATE TABLE late (id integer UNIQUE DEFERRABLE INITIALLY DEFERRED)"));
    onTestFinished(instrument(engine, { tracer }));
    await engine.begin(async (c) => {
      await c.execute(text("SELECT 1"));
      await c.beginNested(() => c.execute(text("SELECT 2")));
      await c.beginNested((savepoint) => savepoint.rollback());
    });
    await engine.connect((c) => c.execute(text("SELECT 3")));
    const namespace = new URL(db.url).pathname.slice(1);
    expect(allSpans().map((span) => span.name)).toEqual(
      [
        ...["BEGIN", "SELECT", "SAVEPOINT", "SELECT", "RELEASE SAVEPOINT", "SAVEPOINT", "ROLLBACK TO SAVEPOINT"],
        ...["COMMIT", "BEGIN", "SELECT", "ROLLBACK"],
      ].map((operation) => `${operation} ${namespace}`),
    );
    expect(allSpans()[7]?.attributes).toEqual({
      "db.system.name": "postgresql",
      "db.namespace": namespace,
      "server.address": new URL(db.url).hostname,
      "server.port": Number(new URL(db.url).port),
      "db.operation.name": "COMMIT",
      "db.query.text": "COMMIT",
    });
    exporter.reset();
    await engine.execute(text("INSERT INTO late VALUES (1), (1)")).catch(() => {});
    const failed = allSpans().find((span) => span.name.startsWith("COMMIT"));
    expect(failed?.attributes).toMatchObject({ "error.type": "23505", "db.response.status_code": "23505" });
    expect(failed?.status.code).toBe(SpanStatusCode.ERROR);
  });

  test("names the tables of flushes and loads: one as the collection, several in the summary", async () => {
    const { engine } = await freshDatabase();
    await reg.metadata.createAll(engine);
    onTestFinished(instrument(engine, { tracer }));
    await using session = asyncSessionmaker(engine)();
    session.add(Object.assign(new Item(), { kinds: [new Kind()], name: "x" }));
    await session.flush();
    await session
      .execute(select(Item).options(joinedload(Item, (i) => i.kinds)))
      .unique()
      .all();
    expect(spans().map((span) => [span.name, span.attributes["db.collection.name"]])).toEqual([
      ["INSERT spanned", "spanned"],
      ["INSERT kinds", "kinds"],
      ["SELECT spanned kinds", undefined],
    ]);
  });

  test("makes none outside another span where one is required, and by default uses the global tracer", async () => {
    const { engine } = await freshDatabase();
    onTestFinished(instrument(engine, { tracer, requireParentSpan: true }));
    onTestFinished(instrument(engine));
    await engine.scalar(text("SELECT 1"));
    expect(spans()).toEqual([]);
    trace.setGlobalTracerProvider(provider);
    onTestFinished(() => trace.disable());
    await engine.scalar(text("SELECT 2"));
    expect(spans().map((span) => span.attributes["db.query.text"])).toEqual(["SELECT 2"]);
  });
});
