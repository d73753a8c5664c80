/** Several ways to do one thing: what an object costs beside a row, and a flush beside a statement. */
import {
  type AsyncEngine,
  type AsyncSession,
  asyncSessionmaker,
  attrs,
  bindparam,
  create,
  insert,
  select,
  update,
} from "athanor";
import { Customer, customer, customers } from "./entities.js";

/** One way to do what its group is about. */
export interface Way {
  readonly group: "insert" | "update" | "read";
  readonly title: string;
  /** Only on databases of this dialect. */
  readonly dialect?: string;
  /** @param count of customers; gives what it has read or written, so that all ways of a group can be held against each other */
  run(engine: AsyncEngine, count: number): Promise<number>;
}

const numbers = (count: number): number[] => Array.from({ length: count }, (_, i) => i + 1);

async function inSession<T>(engine: AsyncEngine, work: (session: AsyncSession) => Promise<T>): Promise<T> {
  return asyncSessionmaker(engine).begin(work);
}

const inserts: readonly Omit<Way, "group">[] = [
  {
    title: "new objects, one flush",
    run: (engine, count) =>
      inSession(engine, async (session) => {
        session.addAll(numbers(count).map((n) => create(Customer, customer(n))));
        await session.flush();
        return count;
      }),
  },
  {
    title: "new objects, a flush for each",
    run: (engine, count) =>
      inSession(engine, async (session) => {
        for (const n of numbers(count)) {
          session.add(create(Customer, customer(n)));
          await session.flush();
        }
        return count;
      }),
  },
  {
    title: "insert(Customer) with rows",
    run: (engine, count) =>
      inSession(engine, async (session) => {
        await session.execute(insert(Customer), numbers(count).map(customer));
        return count;
      }),
  },
  {
    title: "Core: insert(table) with rows",
    run: (engine, count) =>
      engine.begin(async (connection) => {
        await connection.execute(insert(customers), numbers(count).map(customer));
        return count;
      }),
  },
  {
    title: "COPY",
    dialect: "postgresql",
    run: (engine, count) => engine.copyFrom(Customer, numbers(count).map(customer)),
  },
];

const updates: readonly Omit<Way, "group">[] = [
  {
    title: "loaded objects changed, one flush",
    run: (engine) =>
      inSession(engine, async (session) => {
        const customers = await session.scalars(select(Customer)).all();
        for (const each of customers) each.points += 1;
        await session.flush();
        return customers.length;
      }),
  },
  {
    title: "update(Customer) with rows by primary key",
    run: (engine, count) =>
      inSession(engine, async (session) => {
        const rows = numbers(count).map((id) => ({ id, points: customer(id).points + 1 }));
        await session.execute(update(Customer), rows);
        return rows.length;
      }),
  },
  {
    title: "update(Customer), one statement",
    run: (engine) =>
      inSession(engine, async (session) => {
        const stmt = update(Customer)
          .values((c) => ({ points: c.points.add(1) }))
          .where((c) => c.id.gt(0));
        return (await session.execute(stmt)).rowcount;
      }),
  },
  {
    title: "Core: update(table) with parameters",
    run: (engine, count) =>
      engine.begin(async (connection) => {
        const stmt = update(customers)
          .where(customers.c.id.eq(bindparam("key")))
          .values({ points: bindparam("next") });
        await connection.execute(
          stmt,
          numbers(count).map((id) => ({ key: id, next: customer(id).points + 1 })),
        );
        return count;
      }),
  },
];

const reads: readonly Omit<Way, "group">[] = [
  {
    title: "objects",
    run: (engine) => inSession(engine, async (session) => total(await session.scalars(select(Customer)).all())),
  },
  {
    title: "objects, streamed",
    run: (engine) =>
      inSession(engine, async (session) => {
        let sum = 0;
        for await (const each of await session.streamScalars(select(Customer))) sum += each.points;
        return sum;
      }),
  },
  {
    title: "columns as tuples",
    run: (engine) =>
      inSession(engine, async (session) => {
        const c = attrs(Customer);
        const rows = await session.execute(select(c.name, c.points)).all();
        return rows.reduce((sum, [, points]) => sum + points, 0);
      }),
  },
  {
    title: "columns as plain objects",
    run: (engine) =>
      inSession(engine, async (session) => {
        const c = attrs(Customer);
        return total(await session.execute(select({ name: c.name, points: c.points })).all());
      }),
  },
  {
    title: "Core: rows of the table",
    run: (engine) =>
      engine.connect(async (connection) => {
        const rows = await connection.execute(select(customers));
        return total(rows.all());
      }),
  },
];

const total = (rows: readonly { readonly points: number }[]): number =>
  rows.reduce((sum, each) => sum + each.points, 0);

export const WAYS: readonly Way[] = [
  ...inserts.map((way) => ({ ...way, group: "insert" as const })),
  ...updates.map((way) => ({ ...way, group: "update" as const })),
  ...reads.map((way) => ({ ...way, group: "read" as const })),
];
