import { inject, onTestFinished } from "vitest";
import { type AsyncEngine, createAsyncEngine } from "../../src/index.js";
import { leasePglite } from "./pglite-databases.js";
import { leaseDatabase } from "./postgres-databases.js";
import "./provided.js";
import { tempFolder } from "./temp.js";

/** Options of `createAsyncEngine`. */
export type EngineOptions = NonNullable<Parameters<typeof createAsyncEngine>[1]>;

export interface FreshDatabaseOptions {
  /** SQLite: a file in a temp folder instead of memory, so that several engines (and connections) share it. */
  readonly file?: boolean;
  /** Options of {@link TestDatabase.engine}. */
  readonly engine?: EngineOptions;
  /** Run on this database whatever the project says. */
  readonly on?: "sqlite" | "postgresql";
}

/** An empty database that one test has for itself. */
export interface TestDatabase extends AsyncDisposable {
  readonly kind: "sqlite" | "postgresql";
  /** URL for `createAsyncEngine`. In memory (SQLite without `file`) each engine of it is another database. */
  readonly url: string;
  /** An engine on it, disposed together with the database. */
  readonly engine: AsyncEngine;
  /** One more engine, disposed together with the database. */
  createEngine(options?: EngineOptions): AsyncEngine;
}

/** The database and driver that this project's tests run on; `sqlite` outside the projects that are named after one. */
export function databaseName(): "sqlite" | "sqlite-worker" | "postgresql" | "pglite" {
  return inject("database") ?? "sqlite";
}

/** The database that this project's tests run on, whatever its driver. */
export function databaseKind(): "sqlite" | "postgresql" {
  return databaseName().startsWith("sqlite") ? "sqlite" : "postgresql";
}

/**
 * Hands out an empty database, whose engines are disposed when the running test ends.
 *
 * ```ts
 * const { engine } = await freshDatabase();
 * await metadata.createAll(engine);
 * ```
 */
export async function freshDatabase(options: FreshDatabaseOptions = {}): Promise<TestDatabase> {
  const database = await openDatabase(options);
  onTestFinished(() => database[Symbol.asyncDispose]());
  return database;
}

/** {@link freshDatabase} for use outside a running test (`beforeAll`): the caller disposes it. */
export async function openDatabase(options: FreshDatabaseOptions = {}): Promise<TestDatabase> {
  const { url, engine: given, release } = await provide(options.on ?? databaseName(), options.file ?? false);
  const engines: AsyncEngine[] = [];
  const createEngine = (engineOptions?: EngineOptions): AsyncEngine => {
    const engine = createAsyncEngine(url, { ...given, ...engineOptions });
    engines.push(engine);
    return engine;
  };
  return {
    kind: options.on ?? databaseKind(),
    url,
    engine: createEngine(options.engine),
    createEngine,
    async [Symbol.asyncDispose]() {
      for (const engine of engines) await engine.dispose();
      release();
    },
  };
}

interface Provided {
  readonly url: string;
  readonly engine?: EngineOptions;
  release(): void;
}

async function provide(name: ReturnType<typeof databaseName>, file: boolean): Promise<Provided> {
  switch (name) {
    case "sqlite":
      return sqliteDatabase("sqlite", file);
    case "sqlite-worker":
      return sqliteDatabase("sqlite+worker", file);
    case "pglite":
      return leasePglite();
    case "postgresql":
      return postgresDatabase();
  }
}

function sqliteDatabase(scheme: string, file: boolean): Provided {
  if (!file) return { url: `${scheme}://`, release: () => {} };
  const folder = tempFolder();
  return { url: `${scheme}:///${folder.file("test.db")}`, release: () => folder[Symbol.dispose]() };
}

async function postgresDatabase(): Promise<Provided> {
  const server = inject("postgresServer");
  if (!server) throw new Error("no PostgreSQL server was provided: run this test in the project `postgres`");
  return leaseDatabase(server);
}
