import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { onTestFinished } from "vitest";
import { registerSqlite } from "../../src/dialects/sqlite/index.js";
import { type AsyncEngine, createAsyncEngine } from "../../src/engine/async-engine.js";
import type { EngineOptions } from "../../src/engine/engine-options.js";
import type { EchoEvent } from "../../src/engine/logging.js";
import "../../src/sql/dml/insert.js";
import "../../src/sql/dml/update.js";
import "../../src/sql/dml/delete.js";
import { column } from "../../src/sql/schema/column-specs.js";
import { MetaData } from "../../src/sql/schema/metadata.js";
import { table } from "../../src/sql/schema/table.js";
import { t } from "../../src/sql/types/t.js";

registerSqlite();

/** An engine on SQLite in memory, disposed of at the end of the test. */
export function memoryEngine(options?: EngineOptions, scheme = "sqlite"): AsyncEngine {
  const engine = createAsyncEngine(`${scheme}://`, options);
  onTestFinished(async () => engine.dispose({ force: true }));
  return engine;
}

/** An engine on a new SQLite file. */
export function fileEngine(options?: EngineOptions, query = "", scheme = "sqlite"): AsyncEngine {
  const folder = mkdtempSync(join(tmpdir(), "athanor-engine-"));
  const engine = createAsyncEngine(`${scheme}:///${folder}/test.db${query}`, options);
  onTestFinished(async () => {
    await engine.dispose({ force: true });
    rmSync(folder, { recursive: true, force: true });
  });
  return engine;
}

export const metadata = new MetaData();

/** A table with a key that the database makes. */
export const users = table("users", metadata, {
  id: column(t.integer, { primaryKey: true }),
  name: column(t.string(50), { nullable: false, unique: true }),
  age: column(t.integer),
});

/** Collects the log. */
export function collecting(): {
  readonly events: EchoEvent[];
  readonly echo: (event: EchoEvent) => void;
  lines(): string[];
} {
  const events: EchoEvent[] = [];
  return {
    events,
    echo: (event) => events.push(event),
    lines: () => events.map((event) => (event.kind === "statement" ? event.statement : event.action)),
  };
}
