import { execFile } from "node:child_process";
import { fileURLToPath } from "node:url";
import { promisify } from "node:util";
import { expect, test } from "vitest";
import { freshDatabase } from "../support/database.js";

const root = fileURLToPath(new URL("../../", import.meta.url));

test("the migrations demo keeps every row on the way up, down and up again, and ends without drift", async () => {
  const { engine, url } = await freshDatabase({ file: true });
  const { VITEST: _vitest, ...env } = process.env;
  const { stdout } = await promisify(execFile)(
    process.execPath,
    ["--import", "@oxc-node/core/register", "migrations-demo/main.ts", url],
    { cwd: root, env: { ...env, ATHANOR_DEMO_PEOPLE: "200000" } },
  );
  expect(stdout.match(/^up {3}\d{4}/gm)?.length).toBe(9 + 8 + 2);
  expect(stdout.match(/no drift between the database and the classes/g)?.length).toBe(2);
  expect(stdout).toContain(`on ${engine.dialect.name}.`);
  expect(await engine.tableNames()).toEqual([]);
}, 60_000);
