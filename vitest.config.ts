import { fileURLToPath } from "node:url";
import { defineConfig } from "vitest/config";

/** Files that need a database, and run once for each project named after one. All other tests are `unit`. */
const PER_DATABASE = ["test/orm/**/*.test.ts", "test/conformance/*.test.ts", "test/migrations/*.test.ts"];

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

const perDatabase = { include: PER_DATABASE, setupFiles, testTimeout: 30_000, hookTimeout: 60_000 };

const postgres = {
  ...shared,
  test: {
    ...perDatabase,
    name: "postgres",
    provide: { database: "postgresql" as const },
    globalSetup: ["test/support/postgres-server.ts"],
  },
};

/** SQLite in threads. A thread is kept for the next file of the same process, as it takes long to start from TypeScript. */
const sqliteWorker = {
  ...shared,
  test: {
    ...perDatabase,
    name: "sqlite-worker",
    include: EVERY_DRIVER,
    isolate: false,
    provide: { database: "sqlite-worker" as const },
  },
};

/** PGlite is PostgreSQL in the test's own process: it starts once for each process, so that files share theirs. */
const pglite = {
  ...shared,
  test: {
    ...perDatabase,
    name: "pglite",
    testTimeout: 60_000,
    include: EVERY_DRIVER,
    isolate: false,
    provide: { database: "pglite" as const },
  },
};

export default defineConfig({
  ...shared,
  test: {
    projects: [
      {
        ...shared,
        test: { name: "unit", setupFiles, hookTimeout: 60_000, include: ["test/**/*.test.ts"], exclude: PER_DATABASE },
      },
      { ...shared, test: { ...perDatabase, name: "sqlite", provide: { database: "sqlite" as const } } },
      postgres,
      sqliteWorker,
      pglite,
    ],
  },
});
