/** The inspector: what an existing schema consists of. Asked once, kept until `clearCache()`. */
import {
  ALL_KINDS,
  type ReflectedCheckConstraint,
  type ReflectedColumn,
  type ReflectedDomain,
  type ReflectedEnum,
  type ReflectedExcludeConstraint,
  type ReflectedForeignKey,
  type ReflectedIndex,
  type ReflectedKind,
  type ReflectedPrimaryKey,
  type ReflectedSequence,
  type ReflectedTable,
  type ReflectedUniqueConstraint,
  type ReflectionScope,
} from "../sql/schema/reflected.js";
import type { EngineDialect } from "./dialect.js";
import type { DriverConnection } from "./driver.js";
import { NoSuchTableError } from "./errors.js";
import type { Op } from "./io.js";
import type { AskAbout, ReflectedRelation } from "./reflection.js";

/** Runs a question on a connection. */
export type Ask = <T>(ask: (driver: DriverConnection) => Op<T>) => Op<T>;

/** Where a table is looked for. */
export interface InspectOptions {
  /** Null or left out is the default schema. */
  readonly schema?: string | null;
}

/** Which tables and views `getMulti...` tells of. */
export interface MultiOptions extends InspectOptions {
  /** Only these; all of the schema when left out. */
  readonly filterNames?: readonly string[];
  /** Tables when left out; `"any"` is everything that can be selected from. */
  readonly kind?: ReflectedKind | "any" | readonly ReflectedKind[];
  /** Whether temporary ones are meant: `"default"` (not, the default), `"temporary"` (only) or `"any"`. */
  readonly scope?: ReflectionScope["scope"];
}

/** The questions, as operations; the faces below run them. */
export class InspectorCore {
  readonly #known = new Map<string, unknown>();

  constructor(
    readonly dialect: EngineDialect,
    private readonly ask: Ask,
  ) {}

  clearCache(): void {
    this.#known.clear();
  }

  /** Asks once. */
  *question<T>(name: string, args: readonly unknown[], op: (driver: DriverConnection) => Op<T>): Op<T> {
    const key = JSON.stringify([name, ...args]);
    if (this.#known.has(key)) return this.#known.get(key) as T;
    const answer = yield* this.ask(op);
    this.#known.set(key, answer);
    return answer;
  }

  *relations(scope: ReflectionScope): Op<readonly ReflectedRelation[]> {
    return yield* this.question("relations", [scope], (c) => this.dialect.reflection.relations(c, scope));
  }

  *names(kind: ReflectedKind, schema: string | null, scope: ReflectionScope["scope"]): Op<readonly string[]> {
    const found = yield* this.relations({ schema, names: null, kinds: [kind], scope });
    return found.map((relation) => relation.name);
  }

  /** One table or view, or null. */
  *find(name: string, schema: string | null): Op<ReflectedRelation | null> {
    const found = yield* this.relations({ schema, names: [name], kinds: ALL_KINDS, scope: "any" });
    return found[0] ?? null;
  }

  /** A question about one table or view. @throws NoSuchTableError */
  *about<T>(facet: Facet, name: string, schema: string | null): Op<T> {
    const relation = yield* this.find(name, schema);
    if (relation === null) {
      throw new NoSuchTableError(`There is no table or view "${schema === null ? name : `${schema}.${name}`}"`);
    }
    return yield* this.question(
      facet,
      [name, schema],
      function* (this: InspectorCore, c: DriverConnection) {
        return (yield* this.#facet<T>(facet)(c, [relation])).get(relation) as T;
      }.bind(this),
    );
  }

  /** The same about many, in as many statements as about one. */
  *multi<T>(facet: Facet, options: MultiOptions = {}): Op<Map<string, T>> {
    const { kind = "table", scope = "default", filterNames, schema = null } = options;
    const wanted: ReflectionScope = {
      schema,
      names: filterNames ?? null,
      kinds: kind === "any" ? ALL_KINDS : typeof kind === "string" ? [kind] : kind,
      scope,
    };
    const relations = yield* this.relations(wanted);
    return yield* this.question(
      `multi ${facet}`,
      [wanted],
      function* (this: InspectorCore, c: DriverConnection) {
        const found =
          relations.length === 0 ? new Map<ReflectedRelation, T>() : yield* this.#facet<T>(facet)(c, relations);
        return new Map(relations.map((relation) => [relation.name, found.get(relation) as T]));
      }.bind(this),
    );
  }

  #facet<T>(facet: Facet): AskAbout<T> {
    const { reflection } = this.dialect;
    return (c, relations) => (reflection[facet] as AskAbout<T>).call(reflection, c, relations);
  }
}

type Facet =
  | "columns"
  | "primaryKeys"
  | "foreignKeys"
  | "uniqueConstraints"
  | "checkConstraints"
  | "excludeConstraints"
  | "indexes"
  | "tableComments"
  | "tableOptions";

/** Everything about the tables and views of a scope, in a number of statements that does not grow with them. */
export function* reflectTables(
  dialect: EngineDialect,
  ask: Ask,
  scope: ReflectionScope,
): Op<readonly ReflectedTable[]> {
  return yield* ask(function* (c) {
    const { reflection } = dialect;
    const all = yield* reflection.relations(c, scope);
    if (all.length === 0) return [];
    const views = all.filter(({ kind }) => kind === "view");
    const isAsked = views.length > 0 && reflection.unreadable !== undefined;
    const unreadable = isAsked ? yield* reflection.unreadable(c, views) : null;
    const relations = all.filter((relation) => unreadable?.has(relation) !== true);
    const columns = yield* reflection.columns(c, relations);
    const primaryKeys = yield* reflection.primaryKeys(c, relations);
    const foreignKeys = yield* reflection.foreignKeys(c, relations);
    const uniques = yield* reflection.uniqueConstraints(c, relations);
    const checks = yield* reflection.checkConstraints(c, relations);
    const excludes = yield* reflection.excludeConstraints(c, relations);
    const indexes = yield* reflection.indexes(c, relations);
    const comments = yield* reflection.tableComments(c, relations);
    const options = yield* reflection.tableOptions(c, relations);
    const sequences =
      reflection.defaultSequences === undefined ? null : yield* reflection.defaultSequences(c, relations);
    return all.map((relation) => ({
      name: relation.name,
      schema: relation.schema,
      kind: relation.kind,
      columns: columns.get(relation) ?? [],
      primaryKey: primaryKeys.get(relation) ?? { name: null, constrainedColumns: [] },
      foreignKeys: foreignKeys.get(relation) ?? [],
      uniqueConstraints: uniques.get(relation) ?? [],
      checkConstraints: checks.get(relation) ?? [],
      excludeConstraints: excludes.get(relation) ?? [],
      indexes: indexes.get(relation) ?? [],
      comment: comments.get(relation) ?? null,
      options: options.get(relation) ?? {},
      sequences: sequences?.get(relation) ?? [],
      unreadable: unreadable?.get(relation) ?? null,
    }));
  });
}

type Run = <T>(op: Op<T>) => unknown;

// The questions by name, written once for both faces.
function questions(core: InspectorCore, run: Run) {
  const { reflection } = core.dialect;
  const schemaOf = (options: InspectOptions | undefined): string | null => options?.schema ?? null;
  const inSchema =
    <T>(name: string, ask: (c: DriverConnection, schema: string | null) => Op<T>) =>
    (options?: InspectOptions) =>
      run(core.question(name, [schemaOf(options)], (c) => ask(c, schemaOf(options))));
  const namesOf =
    (kind: ReflectedKind, scope: ReflectionScope["scope"] = "default") =>
    (options?: InspectOptions) =>
      run(core.names(kind, schemaOf(options), scope));
  const about = (facet: Facet) => (table: string, options?: InspectOptions) =>
    run(core.about(facet, table, schemaOf(options)));
  const multi = (facet: Facet) => (options?: MultiOptions) => run(core.multi(facet, options));
  const has =
    (name: string, ask: (c: DriverConnection, name: string, schema: string | null) => Op<boolean>) =>
    (item: string, options?: InspectOptions) =>
      run(core.question(name, [item, schemaOf(options)], (c) => ask(c, item, schemaOf(options))));
  return {
    dialect: core.dialect,
    clearCache: () => core.clearCache(),
    getSchemaNames: () => run(core.question("schemas", [], (c) => reflection.schemaNames(c))),
    getDefaultSchemaName: () => run(core.question("schema", [], (c) => reflection.defaultSchemaName(c))),
    getTableNames: namesOf("table"),
    getViewNames: namesOf("view"),
    getMaterializedViewNames: namesOf("materializedView"),
    getForeignTableNames: namesOf("foreignTable"),
    getTempTableNames: namesOf("table", "temporary"),
    getTempViewNames: namesOf("view", "temporary"),
    getViewDefinition: (view: string, options?: InspectOptions) =>
      run(
        (function* (): Op<string | null> {
          const relation = yield* core.find(view, schemaOf(options));
          if (relation === null || !relation.kind.toLowerCase().endsWith("view")) return null;
          return yield* core.question("view", [view, schemaOf(options)], (c) => reflection.viewDefinition(c, relation));
        })(),
      ),
    getSequences: inSchema("sequences", (c, schema) => reflection.sequences(c, schema)),
    getSequenceNames: (options?: InspectOptions) =>
      run(
        (function* (): Op<readonly string[]> {
          const schema = schemaOf(options);
          const found = yield* core.question("sequences", [schema], (c) => reflection.sequences(c, schema));
          return found.map((sequence) => sequence.name);
        })(),
      ),
    getEnums: inSchema("enums", (c, schema) => reflection.enums(c, schema)),
    getDomains: inSchema("domains", (c, schema) => reflection.domains(c, schema)),
    hasTable: (table: string, options?: InspectOptions) =>
      run(
        (function* (): Op<boolean> {
          return (yield* core.find(table, schemaOf(options))) !== null;
        })(),
      ),
    hasIndex: (table: string, index: string, options?: InspectOptions) =>
      run(
        (function* (): Op<boolean> {
          if ((yield* core.find(table, schemaOf(options))) === null) return false;
          const found = yield* core.about<readonly ReflectedIndex[]>("indexes", table, schemaOf(options));
          return found.some((each) => each.name === index);
        })(),
      ),
    hasSequence: has("hasSequence", (c, name, schema) => reflection.hasSequence(c, name, schema)),
    hasType: has("hasType", (c, name, schema) => reflection.hasType(c, name, schema)),
    hasSchema: (name: string) =>
      run(
        (function* (): Op<boolean> {
          return (yield* core.question("schemas", [], (c) => reflection.schemaNames(c))).includes(name);
        })(),
      ),
    getColumns: about("columns"),
    getPkConstraint: about("primaryKeys"),
    getForeignKeys: about("foreignKeys"),
    getUniqueConstraints: about("uniqueConstraints"),
    getCheckConstraints: about("checkConstraints"),
    getExcludeConstraints: about("excludeConstraints"),
    getIndexes: about("indexes"),
    getTableComment: about("tableComments"),
    getTableOptions: about("tableOptions"),
    getMultiColumns: multi("columns"),
    getMultiPkConstraint: multi("primaryKeys"),
    getMultiForeignKeys: multi("foreignKeys"),
    getMultiUniqueConstraints: multi("uniqueConstraints"),
    getMultiCheckConstraints: multi("checkConstraints"),
    getMultiExcludeConstraints: multi("excludeConstraints"),
    getMultiIndexes: multi("indexes"),
    getMultiTableComment: multi("tableComments"),
    getMultiTableOptions: multi("tableOptions"),
  };
}

interface Answers {
  /** Schemas, without the database's own. SQLite: `main` and attached databases. */
  getSchemaNames(): readonly string[];
  /** The schema that names without one are looked for in. */
  getDefaultSchemaName(): string | null;
  /** Tables, without views, foreign and temporary tables, sorted by name. */
  getTableNames(options?: InspectOptions): readonly string[];
  /** Foreign tables, sorted by name. */
  getForeignTableNames(options?: InspectOptions): readonly string[];
  /** Temporary tables of this connection. */
  getTempTableNames(): readonly string[];
  /** Views, without materialized ones, sorted by name. */
  getViewNames(options?: InspectOptions): readonly string[];
  /** Materialized views, sorted by name. */
  getMaterializedViewNames(options?: InspectOptions): readonly string[];
  /** Temporary views of this connection. */
  getTempViewNames(): readonly string[];
  /** The text of a view, as the database gives it; null when there is no such view. */
  getViewDefinition(view: string, options?: InspectOptions): string | null;
  /** Sequences of their own, without those of identities. */
  getSequenceNames(options?: InspectOptions): readonly string[];
  /** The same sequences with their settings. */
  getSequences(options?: InspectOptions): readonly ReflectedSequence[];
  /** Enum types; `schema: "*"` asks for all schemas. */
  getEnums(options?: InspectOptions): readonly ReflectedEnum[];
  /** Domains; `schema: "*"` asks for all schemas. */
  getDomains(options?: InspectOptions): readonly ReflectedDomain[];
  /** Whether there is a table or a view of that name, temporary ones included. */
  hasTable(table: string, options?: InspectOptions): boolean;
  /** Whether a table has an index of that name. */
  hasIndex(table: string, index: string, options?: InspectOptions): boolean;
  /** Whether there is a sequence of that name. */
  hasSequence(name: string, options?: InspectOptions): boolean;
  /** Whether there is a type (enum, domain) of that name. */
  hasType(name: string, options?: InspectOptions): boolean;
  /** Whether there is a schema of that name. */
  hasSchema(name: string): boolean;
  /** The columns of a table or view, in order. @throws NoSuchTableError */
  getColumns(table: string, options?: InspectOptions): readonly ReflectedColumn[];
  /** The primary key: its name and columns. @throws NoSuchTableError */
  getPkConstraint(table: string, options?: InspectOptions): ReflectedPrimaryKey;
  /** Foreign keys, with their names and options. @throws NoSuchTableError */
  getForeignKeys(table: string, options?: InspectOptions): readonly ReflectedForeignKey[];
  /** UNIQUE constraints. @throws NoSuchTableError */
  getUniqueConstraints(table: string, options?: InspectOptions): readonly ReflectedUniqueConstraint[];
  /** CHECK constraints, with their text as the database gives it. @throws NoSuchTableError */
  getCheckConstraints(table: string, options?: InspectOptions): readonly ReflectedCheckConstraint[];
  /** EXCLUDE constraints. @throws NoSuchTableError */
  getExcludeConstraints(table: string, options?: InspectOptions): readonly ReflectedExcludeConstraint[];
  /** Indexes, without those of the primary key. @throws NoSuchTableError */
  getIndexes(table: string, options?: InspectOptions): readonly ReflectedIndex[];
  /** The comment on a table; null where there is none. @throws NoSuchTableError */
  getTableComment(table: string, options?: InspectOptions): string | null;
  /** Options as `dialectOptions` of a table take them. @throws NoSuchTableError */
  getTableOptions(table: string, options?: InspectOptions): Readonly<Record<string, unknown>>;
  /** The columns of all tables of a schema, by the table's name, in as many statements as for one table. */
  getMultiColumns(options?: MultiOptions): Map<string, readonly ReflectedColumn[]>;
  /** {@link getPkConstraint} for all tables of a schema, as `getMultiColumns`. */
  getMultiPkConstraint(options?: MultiOptions): Map<string, ReflectedPrimaryKey>;
  /** {@link getForeignKeys} for all tables of a schema, as `getMultiColumns`. */
  getMultiForeignKeys(options?: MultiOptions): Map<string, readonly ReflectedForeignKey[]>;
  /** {@link getUniqueConstraints} for all tables of a schema, as `getMultiColumns`. */
  getMultiUniqueConstraints(options?: MultiOptions): Map<string, readonly ReflectedUniqueConstraint[]>;
  /** {@link getCheckConstraints} for all tables of a schema, as `getMultiColumns`. */
  getMultiCheckConstraints(options?: MultiOptions): Map<string, readonly ReflectedCheckConstraint[]>;
  /** {@link getExcludeConstraints} for all tables of a schema, as `getMultiColumns`. */
  getMultiExcludeConstraints(options?: MultiOptions): Map<string, readonly ReflectedExcludeConstraint[]>;
  /** {@link getIndexes} for all tables of a schema, as `getMultiColumns`. */
  getMultiIndexes(options?: MultiOptions): Map<string, readonly ReflectedIndex[]>;
  /** {@link getTableComment} for all tables of a schema, as `getMultiColumns`. */
  getMultiTableComment(options?: MultiOptions): Map<string, string | null>;
  /** {@link getTableOptions} for all tables of a schema, as `getMultiColumns`. */
  getMultiTableOptions(options?: MultiOptions): Map<string, Readonly<Record<string, unknown>>>;
}

/** Tells of an existing schema at once. `inspect(engine)` and `inspect(connection)` of the synchronous face. */
export interface Inspector extends Answers {
  readonly dialect: EngineDialect;
  /** Forgets all answers: the schema has changed. */
  clearCache(): void;
}

/** The same, each answer a promise. `inspect(asyncEngine)` and `inspect(asyncConnection)`. */
export type AsyncInspector = {
  readonly [K in keyof Answers]: (...args: Parameters<Answers[K]>) => Promise<ReturnType<Answers[K]>>;
} & {
  readonly dialect: EngineDialect;
  /** Forgets all answers: the schema has changed. */
  clearCache(): void;
};

/** Makes a synchronous inspector. */
export function makeInspector(dialect: EngineDialect, ask: Ask, run: <T>(op: Op<T>) => T): Inspector {
  return questions(new InspectorCore(dialect, ask), run) as Inspector;
}

/** Makes an asynchronous inspector. */
export function makeAsyncInspector(
  dialect: EngineDialect,
  ask: Ask,
  run: <T>(op: Op<T>) => Promise<T>,
): AsyncInspector {
  return questions(new InspectorCore(dialect, ask), run) as AsyncInspector;
}
