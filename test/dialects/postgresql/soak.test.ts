/** A long day in small: sessions without number, some of which nobody closes. */
import { beforeAll, expect, test, vi } from "vitest";
import {
  type AsyncSession,
  asyncSessionmaker,
  Column,
  create,
  createAsyncEngine,
  type OptionalProps,
  PrimaryKey,
  registry,
  select,
  t,
  text,
} from "../../../src/index.js";
import { collectGarbage, howOften, LONG_RUN, memory } from "../../support/long-runs.js";
import { scratchDatabase } from "./support.js";

const db = scratchDatabase();
const reg = registry();

@reg.Entity("soaked")
class Note {
  declare [OptionalProps]?: "id";
  @PrimaryKey() id!: number;
  @Column(t.text) body!: string;
}

beforeAll(async () => {
  const engine = createAsyncEngine(db.url);
  await reg.metadata.createAll(engine);
  await asyncSessionmaker(engine).begin((session) =>
    session.addAll(Array.from({ length: 20 }, (_, i) => create(Note, { body: `note ${i}` }))),
  );
  await engine.dispose();
});

const COUNT = howOften(3000, 100_000);
const LANES = 8;
const DROPPED_EACH = 100;

test(
  `${COUNT} sessions opened, used and closed, one in ${DROPPED_EACH} dropped: memory stays flat and no connection is lost`,
  LONG_RUN,
  async () => {
    const engine = db.engine({ poolSize: 10, maxOverflow: 10 });
    const Session = asyncSessionmaker(engine);
    const warned = vi.spyOn(process, "emitWarning").mockImplementation(() => {});
    let dropped = 0;
    const use = async (session: AsyncSession, i: number): Promise<void> => {
      const notes = await session.scalars(select(Note).where((n) => n.id.le(10))).all();
      if (i % 10 !== 0) return;
      (notes[i % notes.length] as Note).body = `note ${i}`;
      await session.commit();
      await session.get(Note, 15);
    };
    const one = async (i: number): Promise<void> => {
      const session = Session();
      await use(session, i);
      if (i % DROPPED_EACH === 0) dropped++;
      else await session.close();
    };
    const run = async (from: number, to: number): Promise<void> => {
      let next = from;
      const lane = async (): Promise<void> => {
        while (next < to) {
          // What was dropped comes back when it is collected; a busy program collects by itself, in its own time.
          if (engine.status().checkedOut > LANES + 6) await collectGarbage();
          await one(next++);
        }
      };
      await Promise.all(Array.from({ length: LANES }, lane));
    };

    await run(0, COUNT / 5);
    const before = await memory();
    await run(COUNT / 5, COUNT);
    const after = await memory();
    for (let i = 0; i < 50 && engine.status().checkedOut > 0; i++) await collectGarbage();

    expect(dropped).toBe(COUNT / DROPPED_EACH);
    expect(engine.status()).toMatchObject({ checkedOut: 0, waiting: 0 });
    expect(engine.status().idle).toBeLessThanOrEqual(10);
    const leaks = warned.mock.calls.filter(([message]) =>
      String(message).startsWith("A connection was garbage-collected"),
    );
    expect(leaks).toHaveLength(dropped);
    warned.mockRestore();
    if (process.env["ATHANOR_LONG_RUNS"] === "1") console.log({ before, after, sessions: COUNT });
    expect(after.heap - before.heap).toBeLessThan(4);
    expect(after.rss - before.rss).toBeLessThan(48);
    const open = await engine.scalar(text("SELECT count(*) FROM pg_stat_activity WHERE datname = current_database()"));
    expect(open).toBeLessThanOrEqual(10);
  },
);
