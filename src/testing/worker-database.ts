/** A database for each worker of a test run, copied from a template that is built once. */
import { createHash, randomBytes } from "node:crypto";
import { constants, copyFileSync, existsSync, mkdtempSync, renameSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import {
  type AsyncConnection,
  type AsyncEngine,
  createAsyncEngine,
  type EngineOptions,
  makeUrl,
  type URL,
} from "../engine/index.js";
import { ArgumentError } from "../sql/errors.js";
import { text } from "../sql/index.js";

/** What {@link workerDatabase} takes. */
export interface WorkerDatabaseOptions {
  /**
   * Where the databases are. PostgreSQL: a URL of the server, with a database that exists; its user may create databases. SQLite: in memory, or the
   * URL of a file of any name, beside which the template is kept.
   */
  readonly url: string | URL;
  /**
   * Names what `build` builds: a template of that name that exists is used as it is. So the name changes when the schema does; a hash of the
   * migrations will do.
   */
  readonly template: string;
  /** Makes the tables and what all tests need, in an empty database. Runs once for a template; once for each database in memory. */
  readonly build: (engine: AsyncEngine) => unknown;
  /** Options of the engines. */
  readonly engine?: EngineOptions;
}

/** A database that one worker has for itself. At its disposal the engine is disposed of and the database is removed. */
export interface WorkerDatabase extends AsyncDisposable {
  readonly engine: AsyncEngine;
  readonly url: URL;
}

/**
 * A copy of the template for this worker, made within milliseconds. The first worker that asks builds the template; others wait for it.
 *
 * @throws ArgumentError for a database that has no templates
 * @throws what `build` throws; then there is no template
 * @example
 * const database = await workerDatabase({ url: "postgresql://localhost/postgres", template: "shop-7", build: (e) => metadata.createAll(e) });
 * afterAll(() => database[Symbol.asyncDispose]());
 */
export async function workerDatabase(options: WorkerDatabaseOptions): Promise<WorkerDatabase> {
  const url = makeUrl(options.url);
  const dialect = url.drivername.split("+")[0];
  if (dialect === "pglite" || (dialect === "sqlite" && isInMemory(url))) return await built(url, options);
  if (dialect === "sqlite") return await copiedFile(url, options);
  if (dialect === "postgresql" || dialect === "postgres") return await copiedDatabase(url, options);
  throw new ArgumentError(
    `workerDatabase() copies databases of SQLite and PostgreSQL, not of "${dialect}". Make an engine for each worker, and its tables with metadata.createAll().`,
  );
}

/**
 * Removes a template, at the end of a test run or when its schema is no more. Databases that were copied from it stay.
 *
 * @example export const teardown = () => dropTemplate({ url, template: "shop-7" });
 */
export async function dropTemplate({
  url: given,
  template,
}: Pick<WorkerDatabaseOptions, "url" | "template">): Promise<void> {
  const url = makeUrl(given);
  if (url.drivername.startsWith("sqlite")) rmSync(templateFile(url, template), { force: true });
  else await onServer(url, (server) => server.execute(text(`DROP DATABASE IF EXISTS "${templateName(template)}"`)));
}

function isInMemory(url: URL): boolean {
  return url.database === null || url.database === "" || url.database === ":memory:";
}

async function built(url: URL, { engine: options, build }: WorkerDatabaseOptions): Promise<WorkerDatabase> {
  const engine = createAsyncEngine(url, options);
  try {
    await build(engine);
  } catch (error) {
    await engine.dispose();
    throw error;
  }
  return { engine, url, [Symbol.asyncDispose]: () => engine.dispose() };
}

/** Builds a database that nobody has seen yet, and leaves no connection to it. */
async function buildIn(url: URL, options: WorkerDatabaseOptions): Promise<void> {
  await (await built(url, options))[Symbol.asyncDispose]();
}

async function copiedFile(url: URL, options: WorkerDatabaseOptions): Promise<WorkerDatabase> {
  const template = templateFile(url, options.template);
  if (!existsSync(template)) {
    const unfinished = `${template}.${randomBytes(6).toString("hex")}`;
    try {
      await buildIn(url.set({ database: unfinished }), options);
      // Whoever comes last with it replaces the same by the same.
      renameSync(unfinished, template);
    } finally {
      for (const suffix of ["", "-wal", "-shm"]) rmSync(unfinished + suffix, { force: true });
    }
  }
  const folder = mkdtempSync(join(tmpdir(), "athanor-worker-"));
  const file = join(folder, "test.db");
  copyFileSync(template, file, constants.COPYFILE_FICLONE);
  const copy = url.set({ database: file });
  const engine = createAsyncEngine(copy, options.engine);
  return {
    engine,
    url: copy,
    async [Symbol.asyncDispose]() {
      await engine.dispose();
      rmSync(folder, { recursive: true, force: true });
    },
  };
}

async function copiedDatabase(url: URL, options: WorkerDatabaseOptions): Promise<WorkerDatabase> {
  const template = templateName(options.template);
  const name = `${template}_${randomBytes(6).toString("hex")}`;
  await onServer(url, async (server) => {
    // Workers are processes: only the server can tell the first from the others. Closing the connection unlocks.
    await server.execute(text("SELECT pg_advisory_lock(hashtext(:template))"), { template });
    const known = await server.scalar(text("SELECT 1 FROM pg_database WHERE datname = :template"), { template });
    if (known === null) await buildTemplate(url, server, template, options);
    await server.execute(text(`CREATE DATABASE "${name}" TEMPLATE "${template}"`));
  });
  const copy = url.set({ database: name });
  const engine = createAsyncEngine(copy, options.engine);
  return {
    engine,
    url: copy,
    async [Symbol.asyncDispose]() {
      await engine.dispose();
      await onServer(url, (server) => server.execute(text(`DROP DATABASE IF EXISTS "${name}" WITH (FORCE)`)));
    },
  };
}

/** Under another name until it is whole, so that a failed build leaves nothing that looks like a template. */
async function buildTemplate(
  url: URL,
  server: AsyncConnection,
  template: string,
  options: WorkerDatabaseOptions,
): Promise<void> {
  const unfinished = `${template}_new`;
  await server.execute(text(`DROP DATABASE IF EXISTS "${unfinished}" WITH (FORCE)`));
  await server.execute(text(`CREATE DATABASE "${unfinished}"`));
  try {
    await buildIn(url.set({ database: unfinished }), options);
    await server.execute(text(`ALTER DATABASE "${unfinished}" RENAME TO "${template}"`));
  } catch (error) {
    await server.execute(text(`DROP DATABASE IF EXISTS "${unfinished}" WITH (FORCE)`));
    throw error;
  }
}

/** Databases are made and dropped outside transactions. */
async function onServer<T>(url: URL, fn: (server: AsyncConnection) => Promise<T>): Promise<T> {
  const engine = createAsyncEngine(url, { isolationLevel: "AUTOCOMMIT", poolSize: 1 });
  try {
    return await engine.connect(fn);
  } finally {
    await engine.dispose();
  }
}

/** Short, as PostgreSQL cuts names at 63 bytes, and without characters that would have to be quoted. */
function templateName(template: string): string {
  return `athanor_template_${createHash("sha256").update(template).digest("hex").slice(0, 12)}`;
}

function templateFile(url: URL, template: string): string {
  return `${url.database}.${templateName(template)}`;
}
