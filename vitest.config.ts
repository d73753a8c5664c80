import { fileURLToPath } from "node:url";
import { defineConfig } from "vitest/config";

/** Files that need a database, and run once for each project named after one. All other tests are `unit`. */
const PER_DATABASE = ["test/orm/**/*.test.ts", "test/conformance/*.test.ts", "test/migrations/*.test.ts"];

/** Files that have their process alone: those that collect garbage or measure memory, which what other files left would spoil, and one that no driver may be loaded before. */
const ALONE = ["test/conformance/garbage.test.ts"];
const UNIT_ALONE = [
  "test/dialects/postgresql/bad-input.test.ts",
  "test/dialects/postgresql/soak.test.ts",
  "test/engine/streaming.test.ts",
];

/**
 * Files that run on the other drivers of those databases as well: all scenarios, and what drivers have a part in, which is values, transactions, flushes,
 * and loading with and without waiting. What they have none in, mappings and statements, two drivers show as well as four.
 */
const EVERY_DRIVER = [
  "test/conformance/scenarios.test.ts",
  "test/orm/{loading,schema,session,uow}/*.test.ts",
  "test/orm/{asyncio-page,cost,serialising}.test.ts",
];
/** Those of them that are about memory. */
const ANY_DRIVER = ["test/orm/session/identity-map.test.ts"];

const path = (name: string) => fileURLToPath(new URL(name, import.meta.url));

const shared = {
  // Examples and README blocks import the package by its name: here that is the source.
  resolve: {
    alias: [
      { find: /^athanor$/, replacement: path("src/index.ts") },
      {
        find: /^athanor\/(express|fastify|hono|opentelemetry|panel)$/,
        replacement: path("src/integrations/$1/index.ts"),
      },
      { find: /^athanor\/(.+)$/, replacement: path("src/$1/index.ts") },
    ],
  },
  // Legacy decorators with `design:type`, as tsc emits them (test/support/decorators.test.ts holds this).
  oxc: { decorator: { legacy: true, emitDecoratorMetadata: true } },
};

/** What each project runs before its tests. */
const setupFiles = ["test/support/properties.ts"];

/**
 * The files of a process share it: the sources are loaded once, threads and PGlite start once. Loading them for each file was three quarters of the time. Two
 * processes work at a time, on one project after the other. None waits for the last file of the other: files that have not run yet are taken by their size,
 * and some of the shortest take longest.
 */
const common = { isolate: false, maxWorkers: 2, setupFiles, testTimeout: 30_000, hookTimeout: 60_000 };

const unit = {
  ...common,
  name: "unit",
  include: ["test/**/*.test.ts"],
  exclude: [...PER_DATABASE, ...UNIT_ALONE, "**/node_modules/**"],
};

const perDatabase = { ...common, include: PER_DATABASE, exclude: ALONE };

const sqlite = { ...perDatabase, name: "sqlite", provide: { database: "sqlite" as const } };

const postgres = {
  ...perDatabase,
  name: "postgres",
  provide: { database: "postgresql" as const },
  globalSetup: ["test/support/postgres-server.ts"],
};

const perDriver = { ...perDatabase, include: EVERY_DRIVER, exclude: [...ALONE, ...ANY_DRIVER] };

const sqliteWorker = {
  ...perDriver,
  name: "sqlite-worker",
  provide: { database: "sqlite-worker" as const },
};

const pglite = {
  ...perDriver,
  name: "pglite",
  testTimeout: 60_000,
  provide: { database: "pglite" as const },
};

/** The same project for files that have their process alone. */
const alone = <T extends { name: string }>(project: T, include: string[]) => ({
  ...project,
  name: `${project.name}-alone`,
  include,
  exclude: [],
  isolate: true,
});

export default defineConfig({
  ...shared,
  test: {
    // What a file was compiled to is kept from one run to the next.
    experimental: { fsModuleCache: true },
    projects: [
      unit,
      sqlite,
      postgres,
      sqliteWorker,
      pglite,
      alone(unit, UNIT_ALONE),
      alone(sqlite, ALONE),
      alone(postgres, ALONE),
    ].map((test) => ({ ...shared, test })),
  },
});
