import { inject } from "vitest";
import { databaseKind } from "../support/database.js";
import { memoryTarget, postgresTarget, type Target } from "./targets.js";

/** Where the scenarios of this project run. */
export function projectTarget(): Target {
  if (databaseKind() === "sqlite") return memoryTarget("sqlite://");
  const server = inject("postgresServer");
  if (!server) throw new Error("no PostgreSQL server was provided: run this test in the project `postgres`");
  return postgresTarget(server);
}
