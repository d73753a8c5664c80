import { randomBytes } from "node:crypto";
import { afterAll, beforeAll } from "vitest";
import { type AsyncEngine, createAsyncEngine } from "../../src/index.js";
import { leaseDatabase } from "../support/postgres-databases.js";
import { dropDatabases, findServer } from "../support/postgres-server.js";

/** The databases that statements of Core run on. */
export type Name = "sqlite" | "postgresql";
export const names: readonly Name[] = ["sqlite", "postgresql"];

/**
 * An empty database of each kind, with one connection, for the file that calls it at its top level.
 *
 * @param prepare fills each; an engine is there from then on
 */
export function bothDatabases(
  prepare: (engine: AsyncEngine, name: Name) => Promise<void>,
): Readonly<Record<Name, AsyncEngine>> {
  const engines: Partial<Record<Name, AsyncEngine>> = {};
  const prefix = `athanor_test_${randomBytes(4).toString("hex")}_`;
  let serverUrl = "";
  let stop: (() => Promise<void>) | undefined;
  beforeAll(async () => {
    const server = await findServer();
    serverUrl = server.url;
    stop = () => server.stop();
    const database = await leaseDatabase({ url: server.url, prefix });
    engines.sqlite = createAsyncEngine("sqlite://");
    engines.postgresql = createAsyncEngine(database.url, { poolSize: 1 });
    for (const name of names) await prepare(engines[name] as AsyncEngine, name);
  });
  afterAll(async () => {
    for (const name of names) await engines[name]?.dispose({ force: true });
    if (serverUrl !== "") await dropDatabases(serverUrl, prefix);
    await stop?.();
  });
  return engines as Record<Name, AsyncEngine>;
}

/** Rows without their class. */
export function plain(all: readonly unknown[]): unknown[] {
  return all.map((row) => (Array.isArray(row) ? [...(row as unknown[])] : row));
}
