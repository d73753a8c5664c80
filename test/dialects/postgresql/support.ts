import { randomBytes } from "node:crypto";
import { afterAll, beforeAll, onTestFinished } from "vitest";
import { type AsyncEngine, createAsyncEngine } from "../../../src/index.js";
import { leaseDatabase } from "../../support/postgres-databases.js";
import { dropDatabases, findServer } from "../../support/postgres-server.js";

type Options = NonNullable<Parameters<typeof createAsyncEngine>[1]>;

/** A database that the tests of one file have for themselves; dropped when they are done. */
export interface Scratch {
  readonly url: string;
  /** URL of the server's maintenance database. */
  readonly serverUrl: string;
  /** An engine that is disposed of when the running test ends. `query` is put behind the URL: `?sslmode=...`. */
  engine(options?: Options, query?: string): AsyncEngine;
}

/** Makes a database for the file that calls it at its top level. */
export function scratchDatabase(): Scratch {
  const prefix = `athanor_test_${randomBytes(4).toString("hex")}_`;
  let url = "";
  let serverUrl = "";
  let stop: (() => Promise<void>) | undefined;
  beforeAll(async () => {
    const server = await findServer();
    stop = () => server.stop();
    serverUrl = server.url;
    url = (await leaseDatabase({ url: server.url, prefix })).url;
  });
  afterAll(async () => {
    await dropDatabases(serverUrl, prefix);
    await stop?.();
  });
  return {
    get url() {
      return url;
    },
    get serverUrl() {
      return serverUrl;
    },
    engine(options, query = "") {
      const engine = createAsyncEngine(url + query, options);
      onTestFinished(() => engine.dispose({ force: true }));
      return engine;
    },
  };
}

/** What a promise is rejected with; fails when it is fulfilled. */
export async function rejection<E = Error>(promise: Promise<unknown>): Promise<E> {
  try {
    await promise;
  } catch (error) {
    return error as E;
  }
  throw new Error("it did not fail");
}
