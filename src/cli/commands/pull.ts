/** `athanor pull`: classes for the tables that a database has. */
import { existsSync, mkdirSync, writeFileSync } from "node:fs";
import { dirname, join, resolve } from "node:path";
import { inspect } from "../../engine/inspection.js";
import { sequenceType } from "../../migrations/autogenerate/sequences.js";
import { viewParts } from "../../migrations/autogenerate/snapshot.js";
import { migrationDialect } from "../../migrations/dialects/registry.js";
import { MigrationError } from "../../migrations/errors.js";
import { fullName } from "../../migrations/operations/alter.js";
import { RUN_DDL } from "../../sql/ddl-runner.js";
import { Sequence } from "../../sql/schema/generated.js";
import { MetaData } from "../../sql/schema/metadata.js";
import { type NamedSchemaType, typesOf } from "../../sql/schema/named-types.js";
import { ALL_KINDS } from "../../sql/schema/reflected.js";
import { domainOf } from "../../sql/schema/reflected-domain.js";
import { DomainType } from "../../sql/types/domain.js";
import { NamedType } from "../../sql/types/extensible.js";
import { ArrayType, EnumType } from "../../sql/types/structured.js";
import type { SQLType } from "../../sql/types/type.js";
import { type GlobalOptions, Project, STARTED_IN } from "../project.js";
import { type FoundView, pulledModel } from "../pull/model.js";
import { type ModuleOptions, manyModules, oneModule } from "../pull/modules.js";

/** Options of `pull`. */
export interface PullOptions extends GlobalOptions {
  /** A file, or a folder that gets one file for each class; standard output where left out. */
  readonly out?: string;
  readonly force?: boolean;
  readonly schema?: readonly string[];
  readonly table?: readonly string[];
  /** `view=column,column`. */
  readonly viewKey?: readonly string[];
}

/** Writes classes for the tables that the database has. */
export async function run(options: PullOptions): Promise<undefined> {
  const project = await Project.open(options);
  const { out, config } = project;
  try {
    const metadata = new MetaData();
    const own = config.versionTable ?? "athanor_version";
    const wanted = options.table === undefined ? null : new Set(options.table);
    const main = await inspect(project.engine).getDefaultSchemaName();
    const named = options.schema ?? [null, ...(config.schemas ?? [])];
    const schemas = new Set(named.map((each) => (each === main ? null : each)));
    const { ofExtensions } = migrationDialect(project.engine.dialect.name);
    for (const schema of schemas) {
      const brought = await project.engine.connect((connection) => ofExtensions(connection, schema));
      await metadata.reflect(project.engine, {
        schema,
        views: true,
        only: (name) => (wanted === null ? name !== own && !brought.has(name) : wanted.has(name)),
      });
    }
    const missing = [...(wanted ?? [])].filter((name) => [...metadata.tables.values()].every((t) => t.name !== name));
    if (missing.length > 0) throw new MigrationError(`The database has no table ${missing.join(", ")}.`);
    const views = await readViews(project, metadata);
    const left: string[] = [];
    if (wanted === null) {
      await addSequences(project, metadata, schemas);
      left.push(...(await addTypes(project, metadata, schemas)));
      left.push(...(await unwritten(project, schemas, options.schema === undefined)));
    }
    const model = pulledModel(metadata, views, viewKeys(options.viewKey ?? []));
    const notes = [...model.notes, ...left];
    const how: ModuleOptions = {
      dialect: project.engine.dialect,
      namesAll: config.namingConvention !== undefined,
    };
    for (const note of notes) out.progress(`note: ${note}`);
    if (options.out === undefined) {
      const text = oneModule(model, how);
      out.data({ text, notes }, () => out.raw(text));
      return;
    }
    const place = resolve(STARTED_IN, options.out);
    const files = /\.[cm]?ts$/.test(place)
      ? new Map([[place, oneModule(model, how)]])
      : new Map([...manyModules(model, how)].map(([name, text]) => [join(place, name), text]));
    await write(files, options.force === true);
    for (const path of files.keys()) await config.afterWrite?.(path);
    out.data({ files: [...files.keys()], notes }, () => {
      for (const path of files.keys()) out.line(`wrote ${path}`);
    });
  } finally {
    await project.close();
  }
}

/** What the views select. */
async function readViews({ engine }: Project, metadata: MetaData): Promise<ReadonlyMap<string, FoundView>> {
  const inspector = inspect(engine);
  const { readingThemselves } = migrationDialect(engine.dialect.name);
  const found = new Map<string, FoundView>();
  const views = [...metadata.tables.values()].filter(({ isView }) => isView);
  for (const schema of new Set(views.map((view) => view.schema))) {
    const keptRows = new Set(await inspector.getMaterializedViewNames({ schema }));
    const readThemselves = await engine.connect((c) => readingThemselves(c, schema));
    for (const { name, fullName } of views.filter((view) => view.schema === schema)) {
      const { query, columns } = viewParts((await inspector.getViewDefinition(name, { schema })) ?? "");
      const readsItself = readThemselves.has(name);
      const why = readsItself ? "it reads itself" : "it names its columns apart";
      const isWritten = !readsItself && columns === null && query !== "";
      found.set(fullName, { definition: isWritten ? query : null, materialized: keptRows.has(name), why });
    }
  }
  return found;
}

/** The sequences that no table has for its own. */
async function addSequences({ engine }: Project, metadata: MetaData, schemas: Iterable<string | null>): Promise<void> {
  if (!engine.dialect.capabilities.sequences) return;
  const known = new Set(metadata.sequences.map((each) => each.fullName));
  for (const schema of schemas) {
    for (const { name, typeName, owned = false, ...options } of await inspect(engine).getSequences({ schema })) {
      const sequence = new Sequence(name, { ...options, schema, type: sequenceType(typeName) });
      if (!owned && !known.has(sequence.fullName)) metadata.addSequence(sequence);
    }
  }
}

/** The enums and domains that no column has. One without values is no type of a column. @returns notes of those that are left out */
async function addTypes({ engine }: Project, metadata: MetaData, schemas: Iterable<string | null>): Promise<string[]> {
  const placeOf = ({ name, schema }: NamedSchemaType): string => JSON.stringify([schema, name]);
  const known = new Set(typesOf(engine.dialect, [metadata]).map(placeOf));
  const { ofExtensions } = migrationDialect(engine.dialect.name);
  const notes: string[] = [];
  for (const schema of schemas) {
    const brought = await engine.connect((connection) => ofExtensions(connection, schema));
    const enums = (await inspect(engine).getEnums({ schema }))
      .filter(({ labels }) => labels.length > 0)
      .map(({ labels, ...place }) => new EnumType(labels, place) as NamedSchemaType);
    const domains = (await inspect(engine).getDomains({ schema })).map((each) => domainOf(each));
    for (const type of [...enums, ...domains]) {
      if (brought.has(type.name) || known.has(placeOf(type))) continue;
      // Types are made before the tables.
      if (isOverRows(type, metadata))
        notes.push(`domain ${fullName(type)} is not written, as it is over the rows of a table`);
      else metadata.addType(type);
    }
  }
  return notes;
}

function isOverRows(type: SQLType, metadata: MetaData): boolean {
  if (type instanceof DomainType) return isOverRows(type.baseType as SQLType, metadata);
  if (type instanceof ArrayType) return isOverRows(type.itemType, metadata);
  return type instanceof NamedType && metadata.tables.has(type.spec);
}

/** What is lost where the database is made anew of the classes. @param all whether schemas that nobody has named are said too */
async function unwritten(
  { engine }: Project,
  schemas: ReadonlySet<string | null>,
  all: boolean,
): Promise<readonly string[]> {
  const ways = migrationDialect(engine.dialect.name);
  const inspector = inspect(engine);
  const main = await inspector.getDefaultSchemaName();
  const others: string[] = [];
  for (const schema of all ? await inspector.getSchemaNames() : []) {
    if (schema === main || schema === "information_schema" || schemas.has(schema)) continue;
    const has = await engine.connect((c) =>
      c[RUN_DDL]((d) => d.present({ schema, names: null, kinds: ALL_KINDS, scope: "default" })),
    );
    if (has.size > 0) others.push(schema);
  }
  const notes =
    others.length === 0 ? [] : [`what other schemas hold is not written, --schema takes it: ${others.join(", ")}`];
  for (const schema of schemas) notes.push(...(await engine.connect((c) => ways.unwritten(c, schema))));
  return notes;
}

async function write(files: ReadonlyMap<string, string>, force: boolean): Promise<void> {
  const there = [...files.keys()].filter((path) => existsSync(path));
  if (there.length > 0 && !force) {
    throw new MigrationError(
      `${there.length === 1 ? `${there[0]} is` : `${there[0]} and ${there.length - 1} more are`} there already. --force writes over what is there.`,
    );
  }
  for (const [path, text] of files) {
    mkdirSync(dirname(path), { recursive: true });
    writeFileSync(path, text);
  }
}

function viewKeys(given: readonly string[]): ReadonlyMap<string, readonly string[]> {
  return new Map(
    given.map((each) => {
      const at = each.indexOf("=");
      if (at < 1 || at === each.length - 1)
        throw new MigrationError(`--view-key takes view=column,column, not "${each}".`);
      return [each.slice(0, at), each.slice(at + 1).split(",")];
    }),
  );
}
