import { readdirSync, readFileSync } from "node:fs";
import { expect, test } from "vitest";

test("at least 400 statements are compiled for both databases and executed on both, or refused", () => {
  const folder = new URL(".", import.meta.url);
  const files = readdirSync(folder).filter((name) => name.endsWith(".test.ts") && name !== "count.test.ts");
  const count = files.reduce(
    (sum, name) =>
      sum + (readFileSync(new URL(name, folder), "utf8").match(/^ +statement\($|^ +statement\(["`]/gm)?.length ?? 0),
    0,
  );
  expect(count).toBeGreaterThanOrEqual(400);
});
