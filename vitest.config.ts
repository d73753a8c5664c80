import { fileURLToPath } from "node:url";
import { defineConfig } from "vitest/config";

/** Files that need a database, and run once for each project named after one. All other tests are `unit`. */
const PER_DATABASE = ["test/orm/**/*.test.ts", "test/conformance/*.test.ts", "test/migrations/*.test.ts"];

/** Forcing a collection after each step is dear in a process that holds what other files left: these have theirs alone. */
const ALONE = ["test/conformance/garbage.test.ts"];

/** Files that run on the other drivers of those databases as well: the metamorphic runs need not. */
const EVERY_DRIVER = ["test/orm/**/*.test.ts", "test/conformance/scenarios.test.ts"];

const path = (name: string) => fileURLToPath(new URL(name, import.meta.url));

const shared = {
  // Examples and README blocks import the package by its name: here that is the source.
  resolve: {
    alias: [
      { find: /^athanor$/, replacement: path("src/index.ts") },
      { find: /^athanor\/(express|fastify|hono|opentelemetry)$/, replacement: path("src/integrations/$1/index.ts") },
      { find: /^athanor\/(.+)$/, replacement: path("src/$1/index.ts") },
    ],
  },
  // Legacy decorators with `design:type`, as tsc emits them (test/support/decorators.test.ts holds this).
  oxc: { decorator: { legacy: true, emitDecoratorMetadata: true } },
};

/** What each project runs before its tests. */
const setupFiles = ["test/support/properties.ts"];

/** The files of a process share it: the sources are loaded once, threads and PGlite start once. Loading them for each file was three quarters of the time. */
const perDatabase = {
  include: PER_DATABASE,
  exclude: ALONE,
  isolate: false,
  setupFiles,
  testTimeout: 30_000,
  hookTimeout: 60_000,
};

const sqlite = { ...perDatabase, name: "sqlite", provide: { database: "sqlite" as const } };

const postgres = {
  ...perDatabase,
  name: "postgres",
  provide: { database: "postgresql" as const },
  globalSetup: ["test/support/postgres-server.ts"],
};

const sqliteWorker = {
  ...perDatabase,
  name: "sqlite-worker",
  include: EVERY_DRIVER,
  provide: { database: "sqlite-worker" as const },
};

const pglite = {
  ...perDatabase,
  name: "pglite",
  testTimeout: 60_000,
  include: EVERY_DRIVER,
  provide: { database: "pglite" as const },
};

/** The same database for the files that have their process alone. */
const alone = <T extends { name: string }>(project: T) => ({
  ...project,
  name: `${project.name}-alone`,
  include: ALONE,
  exclude: [],
  isolate: true,
});

export default defineConfig({
  ...shared,
  test: {
    projects: [
      { name: "unit", setupFiles, include: ["test/**/*.test.ts"], exclude: PER_DATABASE },
      sqlite,
      postgres,
      sqliteWorker,
      pglite,
      alone(sqlite),
      alone(postgres),
    ].map((test) => ({ ...shared, test })),
  },
});
