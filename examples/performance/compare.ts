import { type AsyncEngine, event, func, insert, select } from "athanor";
import { customer, customers } from "./entities.js";
import { WAYS, type Way } from "./ways.js";

/** What one way has taken. */
export interface Taken {
  readonly group: Way["group"];
  readonly title: string;
  readonly milliseconds: number;
  readonly statements: number;
  /** What it gave, which is the same for all ways of its group. */
  readonly result: number;
  /** The points of all customers afterwards, which are too. */
  readonly points: number;
}

/** Does each thing in each way, every time on a table made anew. */
export async function compare(engine: AsyncEngine, count: number): Promise<Taken[]> {
  const found: Taken[] = [];
  for (const way of WAYS) {
    if (way.dialect === undefined || way.dialect === engine.dialect.name) found.push(await measure(engine, way, count));
  }
  return found;
}

async function measure(engine: AsyncEngine, way: Way, count: number): Promise<Taken> {
  const { metadata } = customers;
  await metadata.dropAll(engine);
  await metadata.createAll(engine);
  if (way.group !== "insert") {
    const rows = Array.from({ length: count }, (_, i) => customer(i + 1));
    await engine.begin((connection) => connection.execute(insert(customers), rows));
  }
  let statements = 0;
  const heard = new AbortController();
  event.listen(engine, "beforeCursorExecute", () => void statements++, { signal: heard.signal });
  const start = performance.now();
  const result = await way.run(engine, count);
  const milliseconds = performance.now() - start;
  heard.abort();
  const points = Number(await engine.scalar(select(func.sum(customers.c.points))));
  return { group: way.group, title: way.title, milliseconds, statements, result, points };
}
