/** What a database holds, as plain data; and what it would hold if it were made of the classes. */
import type { AsyncConnection } from "../../engine/async-connection.js";
import { AsyncEngine } from "../../engine/async-engine.js";
import { EngineCore } from "../../engine/engine-core.js";
import { inspect } from "../../engine/inspection.js";
import { RUN_DDL } from "../../sql/ddl-runner.js";
import type { MetaData } from "../../sql/schema/metadata.js";
import type { ReflectedEnum, ReflectedSequence, ReflectedTable } from "../../sql/schema/reflected.js";
import { migrationDialect } from "../dialects/registry.js";
import { keyOf } from "./renames.js";

/** A view and what it selects, in the server's words. */
export interface ReflectedView {
  readonly name: string;
  readonly schema: string | null;
  readonly materialized: boolean;
  readonly definition: string;
}

/** All that is compared; by `schema.name`, or the name in the default schema. */
export interface Snapshot {
  readonly tables: ReadonlyMap<string, ReflectedTable>;
  readonly enums: ReadonlyMap<string, ReflectedEnum>;
  readonly sequences: ReadonlyMap<string, ReflectedSequence>;
  readonly views: ReadonlyMap<string, ReflectedView>;
  /** The schemas that are there, beside the default one. */
  readonly schemas: ReadonlySet<string>;
}

/** Looks at a database. @param schemas the schemas to look into; null is the default one */
export async function takeSnapshot(
  connection: AsyncConnection,
  schemas: readonly (string | null)[],
): Promise<Snapshot> {
  const tables = new Map<string, ReflectedTable>();
  const enums = new Map<string, ReflectedEnum>();
  const sequences = new Map<string, ReflectedSequence>();
  const views = new Map<string, ReflectedView>();
  const inspector = inspect(connection);
  const there = new Set(await inspector.getSchemaNames());
  for (const schema of schemas) {
    if (schema !== null && !there.has(schema)) continue;
    const found = await connection[RUN_DDL]((c) =>
      c.reflect({ schema, names: null, kinds: ["table"], scope: "default" }),
    );
    for (const each of found) tables.set(keyOf(each), each);
    for (const each of await inspector.getEnums({ schema })) enums.set(keyOf({ ...each, schema }), each);
    for (const each of await inspector.getSequences({ schema })) sequences.set(keyOf({ ...each, schema }), each);
    const materialized = new Set(await inspector.getMaterializedViewNames({ schema }));
    for (const name of [...(await inspector.getViewNames({ schema })), ...materialized]) {
      const definition = queryOf((await inspector.getViewDefinition(name, { schema })) ?? "");
      views.set(keyOf({ name, schema }), { name, schema, materialized: materialized.has(name), definition });
    }
  }
  const found = schemas.filter((each): each is string => each !== null && there.has(each));
  return { tables, enums, sequences, views, schemas: new Set(found) };
}

/** The query of a view, where the database keeps the whole statement. */
function queryOf(definition: string): string {
  return definition.replace(
    /^\s*create\s+(?:temp(?:orary)?\s+)?view\s+(?:"[^"]*"|[\w.]+)(?:\s*\([^)]*\))?\s+as\s+/i,
    "",
  );
}

/** The schema that the classes are made in to be looked at; it is gone when the transaction is rolled back. */
const SCRATCH = "athanor_scratch";

/**
 * What the database would hold if it were made of the metadata: they are created in a scratch place of the same server,
 * so that types, defaults, checks and expressions are written in the server's own words on both sides.
 *
 * @param connection with no transaction open; one is begun and rolled back where the database has schemas
 */
export async function snapshotOf(
  connection: AsyncConnection,
  metadatas: readonly MetaData[],
  schemas: readonly (string | null)[],
): Promise<Snapshot> {
  if (migrationDialect(connection.dialect.name).scratch === "memory") return await inMemory(metadatas, schemas);
  await connection.begin();
  try {
    const translate: Record<string, string> = {};
    for (const schema of schemas) {
      const scratch = schema === null ? SCRATCH : `${SCRATCH}_${schema}`;
      await connection.execDriverSql(`CREATE SCHEMA ${connection.dialect.identifiers.quote(scratch)}`);
      if (schema !== null) translate[schema] = scratch;
    }
    const path = String(await connection.execDriverSql("SELECT current_setting('search_path')").scalar());
    await connection.execDriverSql("SELECT set_config('search_path', $1, true)", [`${SCRATCH}, ${path}`]);
    const scratch = connection;
    const before = connection.getExecutionOptions().schemaTranslateMap;
    await scratch.executionOptions({ schemaTranslateMap: translate });
    try {
      for (const metadata of metadatas) await metadata.createAll(scratch, { checkfirst: false });
    } finally {
      await scratch.executionOptions({ schemaTranslateMap: before ?? {} });
    }
    const made = await takeSnapshot(
      connection,
      schemas.map((schema) => (schema === null ? null : (translate[schema] as string))),
    );
    return renamed(made, translate);
  } finally {
    await connection.rollback();
  }
}

async function inMemory(metadatas: readonly MetaData[], schemas: readonly (string | null)[]): Promise<Snapshot> {
  const engine = new AsyncEngine(EngineCore.create("sqlite://"));
  try {
    return await engine.connect(async (connection) => {
      for (const metadata of metadatas) await metadata.createAll(connection);
      return await takeSnapshot(connection, schemas);
    });
  } finally {
    await engine.dispose();
  }
}

/** The scratch names taken back. */
function renamed(snapshot: Snapshot, translate: Readonly<Record<string, string>>): Snapshot {
  const back = new Map(Object.entries(translate).map(([schema, scratch]) => [scratch, schema]));
  if (back.size === 0) return snapshot;
  const plain = (value: unknown): unknown => {
    if (typeof value === "string") {
      let text = value;
      for (const [scratch, schema] of back) text = text.replaceAll(scratch, schema);
      return text;
    }
    if (Array.isArray(value)) return value.map(plain);
    if (value === null || typeof value !== "object" || Object.getPrototypeOf(value) !== Object.prototype) return value;
    return Object.fromEntries(Object.entries(value).map(([key, each]) => [key, plain(each)]));
  };
  const all = <T extends { readonly name: string; readonly schema: string | null }>(from: ReadonlyMap<string, T>) =>
    new Map([...from].map(([key, each]) => [plain(key) as string, plain(each) as T]));
  return {
    tables: all(snapshot.tables),
    enums: all(snapshot.enums),
    sequences: all(snapshot.sequences),
    views: all(snapshot.views),
    schemas: new Set([...snapshot.schemas].map((each) => back.get(each) ?? each)),
  };
}
