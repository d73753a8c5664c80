import { expect, test } from "vitest";
import { compare } from "../../../examples/performance/compare.js";
import { databaseKind, freshDatabase } from "../../support/database.js";

test("[EX-08] the ways to insert, update and read do the same, each with its own number of statements", async () => {
  const { engine } = await freshDatabase();
  const taken = await compare(engine, 40);
  for (const group of ["insert", "update", "read"] as const) {
    const ways = taken.filter((each) => each.group === group);
    expect(ways.length).toBeGreaterThanOrEqual(4);
    expect(new Set(ways.map(({ result, points }) => `${result} ${points}`)).size).toBe(1);
  }
  const statements = Object.fromEntries(taken.map((each) => [each.title, each.statements]));
  expect(statements).toMatchObject({
    "new objects, one flush": 1,
    "new objects, a flush for each": 40,
    "update(Customer), one statement": 1,
    objects: 1,
  });
  expect("COPY" in statements).toBe(databaseKind() === "postgresql");
});
