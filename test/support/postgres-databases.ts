import { randomBytes } from "node:crypto";
import pg from "pg";
import type { PostgresConnection } from "../../src/dialects/postgresql/connection.js";
import type { EngineOptions } from "../../src/engine/engine-options.js";
import { keptPool } from "./kept-connections.js";

/** A scratch database of this process. */
export interface LeasedDatabase {
  readonly url: string;
  /** Options with which an engine's connections are kept for the next one. */
  readonly engine: Pick<EngineOptions, "poolClass">;
  /** Gives it back for the next test. */
  release(): void;
}

interface Scratch {
  readonly url: string;
  readonly connections: PostgresConnection[];
  /** Empties it before it is leased again; null until then. */
  keeper: pg.Client | null;
}

const free = new Map<string, Scratch[]>();

/**
 * Hands out an empty database that nobody else uses. Its name starts with the prefix of this run, by which the global
 * set-up drops all of them at the end. The process's next test takes it again instead of making another (a database costs
 * 50 ms, emptying one 5 ms).
 */
export async function leaseDatabase(server: {
  readonly url: string;
  readonly prefix: string;
}): Promise<LeasedDatabase> {
  const { url, prefix } = server;
  const known = free.get(prefix) ?? [];
  free.set(prefix, known);
  let scratch = known.pop();
  if (scratch === undefined) scratch = await makeDatabase(url, `${prefix}${randomBytes(4).toString("hex")}`);
  else await empty(scratch);
  const leased = scratch;
  return {
    url: leased.url,
    engine: { poolClass: keptPool(leased.connections) },
    release: () => void known.push(leased),
  };
}

// What a crash of the machine would leave of it is of no interest.
async function makeDatabase(serverUrl: string, name: string): Promise<Scratch> {
  const server = await connect(serverUrl);
  try {
    await server.query(`create database "${name}" template template0 encoding 'UTF8'`);
    await server.query(`alter database "${name}" set synchronous_commit = off`);
  } finally {
    await server.end();
  }
  return { url: withDatabase(serverUrl, name), connections: [], keeper: null };
}

/** Drops everything in the database, and the connections that a test has left open. */
async function empty(scratch: Scratch): Promise<void> {
  scratch.keeper ??= await connect(scratch.url);
  const { keeper } = scratch;
  const kept = scratch.connections.map(
    ({ client }) => (client as pg.Client & { readonly processID: number }).processID,
  );
  await keeper.query(
    "select pg_terminate_backend(pid) from pg_stat_activity where datname = current_database() and pid <> pg_backend_pid() and pid <> all($1)",
    [kept],
  );
  const schemas = await keeper.query<{ nspname: string }>(
    "select nspname from pg_namespace where nspname not like 'pg\\_%' and nspname <> 'information_schema'",
  );
  const drops = schemas.rows.map(({ nspname }) => `drop schema "${nspname}" cascade`);
  await keeper.query([...drops, "create schema public"].join("; "));
}

async function connect(url: string): Promise<pg.Client> {
  const client = new pg.Client({ connectionString: url });
  client.on("error", () => {}); // the server drops the database while it is connected, at the end
  await client.connect();
  return client;
}

function withDatabase(url: string, name: string): string {
  const changed = new URL(url);
  changed.pathname = `/${name}`;
  return changed.href;
}
