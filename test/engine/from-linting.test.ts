import { describe, expect, test, vi } from "vitest";
import { column, exists, func, literal, MetaData, select, t, table } from "../../src/index.js";
import { memoryEngine } from "./support.js";

const metadata = new MetaData();
const a = table("a", metadata, { id: column(t.integer, { primaryKey: true }), x: column(t.integer) });
const b = table("b", metadata, { id: column(t.integer, { primaryKey: true }), x: column(t.integer) });
const c = table("c", metadata, { id: column(t.integer, { primaryKey: true }), x: column(t.integer) });

/** The warnings that a statement gives when it is run. */
async function warnings(statement: never, enableFromLinting?: boolean): Promise<string[]> {
  const engine = memoryEngine(enableFromLinting === undefined ? {} : { enableFromLinting });
  await metadata.createAll(engine);
  const warned = vi.spyOn(process, "emitWarning").mockImplementation(() => {});
  await engine.execute(statement);
  await engine.execute(statement);
  const messages = warned.mock.calls.map(([message]) => String(message));
  warned.mockRestore();
  return messages;
}

describe("a cartesian product", () => {
  test("[CE-06] is warned about once, with the names of what nothing joins", async () => {
    expect(await warnings(select(a.c.id, b.c.id) as never)).toEqual([
      expect.stringMatching(/^a SELECT has a cartesian product between table a and table b: nothing joins them/),
    ]);
    const half = select(a.c.id).where(a.c.id.eq(b.c.id).and(c.c.x.gt(1)));
    expect(await warnings(half as never)).toEqual([expect.stringMatching(/between table a and table c/)]);
    const either = select(a.c.id).where(a.c.x.eq(1).or(b.c.x.eq(2)));
    expect(await warnings(either as never)).toHaveLength(1);
    const inside = select(func.count()).selectFrom(select(a.c.id, b.c.x).subquery() as never);
    expect(await warnings(inside as never)).toHaveLength(1);
  });

  test("[CE-06] is not seen where a join, a condition or a subquery ties the elements, nor where it is meant", async () => {
    for (const statement of [
      select(a.c.id),
      select(a.c.id, b.c.id).where(a.c.id.eq(b.c.x)),
      select(a.c.id, b.c.id, c.c.id).where(a.c.id.eq(b.c.x), b.c.id.eq(c.c.x)),
      select(a.c.id, b.c.id).joinFrom(a, b, a.c.id.eq(b.c.x)),
      select(a.c.id).crossJoin(b),
      select(a.c.id, b.c.id).where(exists(select(literal(1)).where(c.c.id.eq(a.c.x), c.c.x.eq(b.c.x)))),
      select(a.c.id).where(exists(select(b.c.id).where(b.c.x.eq(a.c.id)))),
    ])
      expect(await warnings(statement as never)).toEqual([]);
    expect(await warnings(select(a.c.id, b.c.id) as never, false)).toEqual([]);
  });
});
