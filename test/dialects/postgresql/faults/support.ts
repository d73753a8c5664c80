import { expect } from "vitest";
import {
  type AsyncEngine,
  asyncSessionmaker,
  Column,
  create,
  DatabaseError,
  func,
  OperationalError,
  type OptionalProps,
  PrimaryKey,
  registry,
  select,
  t,
  text,
} from "../../../../src/index.js";

const reg = registry();

/** A part of a piece of work: of each work all {@link PARTS} are written, or none. */
@reg.Entity("fault_parts")
export class Part {
  declare [OptionalProps]?: "id" | "body";
  @PrimaryKey() id!: number;
  @Column() work!: number;
  @Column(t.text, { default: "" }) body!: string;
}

export const PARTS = 3;

/** Makes the table anew. */
export async function makeTables(engine: AsyncEngine): Promise<void> {
  await reg.metadata.dropAll(engine);
  await reg.metadata.createAll(engine);
}

/** Keeps account of pieces of work, each a unit of work in a transaction of its own, and holds the database to it. */
export class Ledger {
  readonly committed = new Set<number>();
  readonly failed = new Set<number>();
  /** Works whose COMMIT said that it does not know. */
  readonly uncertain = new Set<number>();
  readonly errors: unknown[] = [];
  #works = 0;

  /** Does one piece of work, and never throws. */
  async work(engine: AsyncEngine): Promise<void> {
    const work = ++this.#works;
    const Session = asyncSessionmaker(engine);
    try {
      await Session.begin(async (session) => {
        session.add(create(Part, { work }));
        await session.flush();
        await session.scalar(select(func.count()).where(text("true")));
        for (let i = 1; i < PARTS; i++) session.add(create(Part, { work, body: "later" }));
      });
      this.committed.add(work);
    } catch (error) {
      this.errors.push(error);
      if (error instanceof DatabaseError && error.commitUncertain) this.uncertain.add(work);
      else this.failed.add(work);
    }
  }

  /** Does work after work, so many at a time, until told to stop. */
  async load(engine: AsyncEngine, lanes: number, goesOn: () => boolean): Promise<void> {
    const lane = async (): Promise<void> => {
      while (goesOn()) await this.work(engine);
    };
    await inTime(Promise.all(Array.from({ length: lanes }, lane)));
  }

  /** Every committed work is there whole, no failed one is, and none is half-written. */
  async check(engine: AsyncEngine): Promise<void> {
    const rows = await engine.execute(text("SELECT work, count(*) FROM fault_parts GROUP BY work")).all();
    const found = new Map(rows.map((row) => [Number(row[0]), Number(row[1])]));
    for (const [work, parts] of found) expect([work, parts]).toEqual([work, PARTS]);
    for (const work of this.committed) expect(found.has(work), `work ${work} was committed`).toBe(true);
    for (const work of this.failed) expect(found.has(work), `work ${work} has failed`).toBe(false);
    for (const work of found.keys()) expect(this.committed.has(work) || this.uncertain.has(work)).toBe(true);
  }

  /** All errors were of the kind that a lost server is. */
  checkErrors(): void {
    for (const error of this.errors) expect(error).toBeInstanceOf(OperationalError);
  }
}

/** Fails when a promise has not settled within 20 s: nothing may hang. */
export async function inTime<T>(promise: Promise<T>): Promise<T> {
  let timer: NodeJS.Timeout | undefined;
  const late = new Promise<never>((_, reject) => {
    timer = setTimeout(() => reject(new Error("it hangs: not settled within 20 s")), 20_000);
  });
  try {
    return await Promise.race([promise, late]);
  } finally {
    clearTimeout(timer);
  }
}

/** The engine has nothing checked out, nobody waits, and it works as before, all its connections at once. */
export async function atRest(engine: AsyncEngine): Promise<void> {
  const { size } = engine.status();
  expect(engine.status()).toMatchObject({ checkedOut: 0, waiting: 0 });
  const answers = await inTime(
    Promise.all(Array.from({ length: 12 }, (_, i) => engine.scalar(text("SELECT :i"), { i }))),
  );
  expect(answers).toEqual(Array.from({ length: 12 }, (_, i) => i));
  const after = engine.status();
  expect(after).toMatchObject({ checkedOut: 0, waiting: 0, overflow: 0 });
  expect(after.idle).toBeLessThanOrEqual(size);
}

/** Tries until it works, for a server that is coming up. */
export async function untilUp(engine: AsyncEngine): Promise<void> {
  for (let attempt = 0; ; attempt++) {
    try {
      await engine.scalar(text("SELECT 1"));
      return;
    } catch (error) {
      if (attempt === 200) throw error;
      await sleep(50);
    }
  }
}

export function sleep(milliseconds: number): Promise<void> {
  return new Promise((resolve) => setTimeout(resolve, milliseconds));
}
