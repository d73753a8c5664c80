import { expect, test } from "vitest";
import { verbOf } from "./verbs.js";

test.each([
  ["select 1", "SELECT"],
  ["  /* note */ -- line\n (SELECT 1) UNION SELECT 2", "SELECT"],
  ["INSERT INTO t (a) VALUES (?)", "INSERT"],
  ["WITH a AS (SELECT 1), b AS (DELETE FROM t RETURNING *) UPDATE t SET x = 1", "UPDATE"],
  ["WITH RECURSIVE a(n) AS (VALUES (1) UNION ALL SELECT n + 1 FROM a) SELECT ') insert' FROM a", "SELECT"],
  ["PRAGMA foreign_keys=ON", "PRAGMA"],
  ["", ""],
])("counts %j under %j", (statement, verb) => {
  expect(verbOf(statement)).toBe(verb);
});
