import { inject } from "vitest";
import { databaseName } from "../support/database.js";
import { memoryTarget, pgliteTarget, postgresTarget, type Target } from "./targets.js";

/** Where the scenarios of this project run. */
export function projectTarget(): Target {
  const name = databaseName();
  if (name === "sqlite") return memoryTarget("sqlite://");
  if (name === "sqlite-worker") return memoryTarget("sqlite+worker://");
  if (name === "pglite") return pgliteTarget();
  const server = inject("postgresServer");
  if (!server) throw new Error("no PostgreSQL server was provided: run this test in the project `postgres`");
  return postgresTarget(server);
}
