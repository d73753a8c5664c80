/** What a database holds, as plain data; and what it would hold if it were made of the classes. */
import type { AsyncConnection } from "../../engine/async-connection.js";
import { AsyncEngine } from "../../engine/async-engine.js";
import { EngineCore } from "../../engine/engine-core.js";
import type { EngineEvents } from "../../engine/engine-events.js";
import { DatabaseError } from "../../engine/errors.js";
import { inspect } from "../../engine/inspection.js";
import { engineEvent } from "../../engine/listen.js";
import { RUN_DDL } from "../../sql/ddl-runner.js";
import type { MetaData } from "../../sql/schema/metadata.js";
import { typesOf } from "../../sql/schema/named-types.js";
import type { ReflectedDomain, ReflectedEnum, ReflectedSequence, ReflectedTable } from "../../sql/schema/reflected.js";
import { migrationDialect } from "../dialects/registry.js";
import { MigrationError } from "../errors.js";
import { replaceSchema } from "../sql-text.js";
import type { ComparePlugin } from "./compared.js";
import { keyOf } from "./renames.js";
import { createCastSchema, type Twin, withCasts, withoutCasts, withStandingEnums } from "./standing-types.js";

/** A view and what it selects, in the server's words. */
export interface ReflectedView {
  readonly name: string;
  readonly schema: string | null;
  readonly materialized: boolean;
  readonly definition: string;
  /** Its options, as `WITH (...)` has them. */
  readonly with?: Readonly<Record<string, string>>;
  /** Of one that keeps its rows: its columns and indexes. */
  readonly table: ReflectedTable | null;
}

/** All that is compared; by `schema.name`, or the name in the default schema. */
export interface Snapshot {
  readonly tables: ReadonlyMap<string, ReflectedTable>;
  readonly enums: ReadonlyMap<string, ReflectedEnum>;
  readonly domains: ReadonlyMap<string, ReflectedDomain>;
  readonly sequences: ReadonlyMap<string, ReflectedSequence>;
  readonly views: ReadonlyMap<string, ReflectedView>;
  /** The schemas that are there, beside the default one. */
  readonly schemas: ReadonlySet<string>;
  /** What extensions have brought, of all of these. */
  readonly brought: ReadonlySet<string>;
}

/** Looks at a database. @param schemas the schemas to look into; null is the default one */
export async function takeSnapshot(
  connection: AsyncConnection,
  schemas: readonly (string | null)[],
): Promise<Snapshot> {
  const tables = new Map<string, ReflectedTable>();
  const enums = new Map<string, ReflectedEnum>();
  const domains = new Map<string, ReflectedDomain>();
  const sequences = new Map<string, ReflectedSequence>();
  const views = new Map<string, ReflectedView>();
  const brought = new Set<string>();
  const inspector = inspect(connection);
  const there = new Set(await inspector.getSchemaNames());
  for (const schema of schemas) {
    if (schema !== null && !there.has(schema)) continue;
    const found = await connection[RUN_DDL]((c) =>
      c.reflect({ schema, names: null, kinds: ["table"], scope: "default" }),
    );
    for (const each of found) tables.set(keyOf(each), each);
    for (const name of await migrationDialect(connection.dialect.name).ofExtensions(connection, schema))
      brought.add(keyOf({ name, schema }));
    for (const each of await inspector.getEnums({ schema })) enums.set(keyOf({ ...each, schema }), each);
    for (const each of await inspector.getDomains({ schema })) domains.set(keyOf({ ...each, schema }), each);
    for (const each of (await inspector.getSequences({ schema })).filter(({ owned }) => owned !== true))
      sequences.set(keyOf({ ...each, schema }), each);
    const kept = await connection[RUN_DDL]((c) =>
      c.reflect({ schema, names: null, kinds: ["materializedView"], scope: "default" }),
    );
    const materialized = new Map(kept.map((each) => [each.name, each]));
    const options = await inspector.getMultiTableOptions({ schema, kind: ["view", "materializedView"] });
    for (const name of [...(await inspector.getViewNames({ schema })), ...materialized.keys()]) {
      const { query: definition } = viewParts((await inspector.getViewDefinition(name, { schema })) ?? "");
      const table = materialized.get(name) ?? null;
      const given = options.get(name)?.["with"] as ReflectedView["with"];
      const more = given === undefined ? {} : { with: given };
      views.set(keyOf({ name, schema }), { name, schema, materialized: table !== null, definition, ...more, table });
    }
  }
  const found = schemas.filter((each): each is string => each !== null && there.has(each));
  return { tables, enums, domains, sequences, views, schemas: new Set(found), brought };
}

const NAME = /(?:"(?:[^"]|"")*"|\[[^\]]*\]|`[^`]*`|\w+)/.source;
const CREATE_VIEW = new RegExp(
  `^\\s*create\\s+(?:temp(?:orary)?\\s+)?view\\s+(?:if\\s+not\\s+exists\\s+)?(?:${NAME}\\s*\\.\\s*)?${NAME}\\s*(\\([^)]*\\))?\\s*as\\s*`,
  "i",
);

/** The query of a view, and the names that it gives to its columns, where the database keeps the whole statement. */
export function viewParts(definition: string): { readonly query: string; readonly columns: string | null } {
  const head = CREATE_VIEW.exec(definition);
  const query = definition
    .slice(head?.[0].length ?? 0)
    .trim()
    .replace(/;$/, "");
  return { query, columns: head?.[1] ?? null };
}

const INSUFFICIENT_PRIVILEGE = "42501";

/** The schema that the classes are made in to be looked at; it is gone when the transaction is rolled back. */
const SCRATCH = "athanor_scratch";

/** What is wanted, and what plug-ins see of it, each in its place. */
export interface Wanted {
  readonly snapshot: Snapshot;
  readonly seen: readonly unknown[];
}

/**
 * What the database would hold if it were made of the metadata: they are created in a scratch place of the same server,
 * so that types, defaults, checks and expressions are written in the server's own words on both sides.
 *
 * @param connection with no transaction open; one is begun and rolled back where the database has schemas
 * @param schemas the schemas to look into; null is the default one
 * @param main the name of the default schema, by which classes may call it
 */
export async function snapshotOf(
  connection: AsyncConnection,
  metadatas: readonly MetaData[],
  schemas: readonly (string | null)[],
  plugins: readonly ComparePlugin[],
  main: string | null,
): Promise<Wanted> {
  if (migrationDialect(connection.dialect.name).scratch === "memory")
    return await inMemory(async (scratch) => {
      await make(scratch, metadatas, plugins);
      return await look(scratch, schemas, plugins);
    });
  try {
    return await inScratch(connection, metadatas, schemas, plugins, main, false);
  } catch (error) {
    if (main === null || !isMissingFunction(error)) throw error;
    // One that takes a type of the schema is found where that is cast to it.
    return await inScratch(connection, metadatas, schemas, plugins, main, true).catch((again: unknown) => {
      throw isMissingFunction(again) ? error : again;
    });
  }
}

const UNDEFINED_FUNCTION = "42883";

function isMissingFunction(error: unknown): boolean {
  return error instanceof DatabaseError && error.code === UNDEFINED_FUNCTION;
}

/** What may call a function with the row of a table. */
const OVER_ROWS = /^\s*CREATE\s+(?:UNIQUE\s+)?(?:INDEX|(?:MATERIALIZED\s+)?VIEW)\b/i;

/** @param casts whether the types that are made are cast to those that are there */
async function inScratch(
  connection: AsyncConnection,
  metadatas: readonly MetaData[],
  schemas: readonly (string | null)[],
  plugins: readonly ComparePlugin[],
  main: string | null,
  casts: boolean,
): Promise<Wanted> {
  await connection.begin();
  const before = connection.getExecutionOptions().schemaTranslateMap;
  try {
    const translate: Record<string, string> = {};
    for (const schema of schemas) {
      const scratch = schema === null ? SCRATCH : `${SCRATCH}_${schema}`;
      await connection.execDriverSql(`CREATE SCHEMA ${connection.dialect.identifiers.quote(scratch)}`);
      if (schema !== null) translate[schema] = scratch;
    }
    const path = String(await connection.execDriverSql("SELECT current_setting('search_path')").scalar());
    await connection.execDriverSql("SELECT set_config('search_path', $1, true)", [`${SCRATCH}, ${path}`]);
    await connection.executionOptions({
      schemaTranslateMap: main === null ? translate : { ...translate, [main]: SCRATCH },
    });
    const others = Object.entries(translate).map(([schema, name]): Twin => [name, schema]);
    const twins: readonly Twin[] = main === null ? others : [[SCRATCH, main], ...others];
    const scratch = schemas.map((schema) => (schema === null ? null : (translate[schema] as string)));
    // What is given as text (defaults, checks, queries of views) names the schemas itself. Functions are made by plug-ins only.
    const made = namesMade(connection, metadatas, main);
    const isMade = (schema: string) => (name: string, isCall: boolean) =>
      made.has(keyOf({ name, schema })) || (isCall && plugins.length > 0);
    const moved: EngineEvents["beforeCursorExecute"] = (_connection, statement) => {
      const made = Object.entries(translate).reduce(
        (sql, [from, to]) => replaceSchema(sql, from, to, isMade(from)),
        main === null ? statement : replaceSchema(statement, main, null, isMade(main)),
      );
      return { statement: casts && OVER_ROWS.test(made) ? withCasts(twins, made) : made };
    };
    if (casts) await connection.execDriverSql(createCastSchema());
    engineEvent.listen(connection, "beforeCursorExecute", moved);
    let standing: () => Promise<readonly ReflectedEnum[]> = async () => [];
    try {
      const all = (): Promise<void> => make(connection, metadatas, plugins);
      if (main === null) await all();
      else standing = await withStandingEnums(connection, metadatas, [SCRATCH, main], casts ? twins : null, all);
    } finally {
      engineEvent.remove(connection, "beforeCursorExecute", moved);
    }
    const back = [...others];
    // A name with which something else in a view hides a table is written with its schema.
    if (main !== null) back.push([`${SCRATCH}.`, `${connection.dialect.identifiers.quoteIfNeeded(main)}.`]);
    const found = await look(connection, scratch, plugins);
    const enums = new Map([...(await standing()).map((each) => [each.name, each] as const), ...found.snapshot.enums]);
    const isType = (name: string, schema: string): boolean => made.has(keyOf({ name, schema }));
    const said = casts && main !== null ? withoutCasts(main, twins, isType) : (sql: string) => sql;
    return renamed({ ...found, snapshot: { ...found.snapshot, enums } }, new Map(back), said);
  } catch (error) {
    if (!(error instanceof DatabaseError && error.code === INSUFFICIENT_PRIVILEGE)) throw error;
    throw new MigrationError(
      `To be compared, the classes are made in a scratch schema that is rolled back, and this user may not: ${error.message}. Let a user compare who may (GRANT CREATE ON DATABASE ... TO ...), or compare with a copy of the database.`,
      { cause: error },
    );
  } finally {
    await connection.rollback();
    await connection.executionOptions({ schemaTranslateMap: before ?? {} });
  }
}

/** What the metadata makes that SQL text may name with its schema. */
function namesMade(
  connection: AsyncConnection,
  metadatas: readonly MetaData[],
  main: string | null,
): ReadonlySet<string> {
  const tables = metadatas.flatMap((each) => [...each.tables.values()]);
  const all = [...tables, ...metadatas.flatMap((each) => each.sequences), ...typesOf(connection.dialect, metadatas)];
  return new Set(all.map(({ name, schema }) => keyOf({ name, schema: schema ?? main })));
}

async function make(
  connection: AsyncConnection,
  metadatas: readonly MetaData[],
  plugins: readonly ComparePlugin[],
): Promise<void> {
  for (const each of plugins) await each.make?.(connection, "beforeTables");
  for (const metadata of metadatas) await metadata.createAll(connection, { checkfirst: false });
  for (const each of plugins) await each.make?.(connection, "afterTables");
}

async function look(
  connection: AsyncConnection,
  schemas: readonly (string | null)[],
  plugins: readonly ComparePlugin[],
): Promise<Wanted> {
  return { snapshot: await takeSnapshot(connection, schemas), seen: await seenBy(plugins, connection, schemas) };
}

/** What plug-ins see of a database. */
export async function seenBy(
  plugins: readonly ComparePlugin[],
  connection: AsyncConnection,
  schemas: readonly (string | null)[],
): Promise<readonly unknown[]> {
  const seen: unknown[] = [];
  for (const each of plugins) seen.push(await each.read(connection, schemas));
  return seen;
}

async function inMemory<T>(fn: (connection: AsyncConnection) => Promise<T>): Promise<T> {
  const engine = new AsyncEngine(EngineCore.create("sqlite://"));
  try {
    return await engine.connect(fn);
  } finally {
    await engine.dispose();
  }
}

/** The scratch names taken back. @param said what a text is without what only the scratch place brings */
function renamed(
  { snapshot, seen }: Wanted,
  back: ReadonlyMap<string, string>,
  said: (text: string) => string,
): Wanted {
  const plain = (value: unknown): unknown => {
    if (typeof value === "string") {
      let text = said(value);
      for (const [scratch, schema] of back) text = text.replaceAll(scratch, schema);
      return text;
    }
    if (Array.isArray(value)) return value.map(plain);
    if (value === null || typeof value !== "object" || Object.getPrototypeOf(value) !== Object.prototype) return value;
    return Object.fromEntries(Object.entries(value).map(([key, each]) => [key, plain(each)]));
  };
  const all = <T extends { readonly name: string; readonly schema: string | null }>(from: ReadonlyMap<string, T>) =>
    new Map([...from].map(([key, each]) => [plain(key) as string, plain(each) as T]));
  const plainSnapshot = {
    tables: all(snapshot.tables),
    enums: all(snapshot.enums),
    domains: all(snapshot.domains),
    sequences: all(snapshot.sequences),
    views: all(snapshot.views),
    schemas: new Set([...snapshot.schemas].map((each) => back.get(each) ?? each)),
    brought: snapshot.brought,
  };
  return { snapshot: plainSnapshot, seen: seen.map(plain) };
}
