/** The inspector: what an existing schema consists of. Asked once, kept until `clearCache()`. */
import type { EngineDialect } from "./dialect.js";
import type { DriverConnection } from "./driver.js";
import { NoSuchTableError } from "./errors.js";
import type { Op } from "./io.js";
import type {
  ReflectedCheckConstraint,
  ReflectedColumn,
  ReflectedForeignKey,
  ReflectedIndex,
  ReflectedPrimaryKey,
  ReflectedUniqueConstraint,
} from "./reflection.js";

/** Runs a question on a connection. */
export type Ask = <T>(ask: (driver: DriverConnection) => Op<T>) => Op<T>;

/** Where a table is looked for. */
export interface InspectOptions {
  /** Null or left out is the default schema. */
  readonly schema?: string | null;
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

  *question<T>(name: string, args: readonly unknown[], op: (driver: DriverConnection) => Op<T>): Op<T> {
    const key = JSON.stringify([name, ...args]);
    if (this.#known.has(key)) return this.#known.get(key) as T;
    const answer = yield* this.ask(op);
    this.#known.set(key, answer);
    return answer;
  }

  *tableNames(schema: string | null): Op<readonly string[]> {
    return yield* this.question("tables", [schema], (c) => this.dialect.reflection.tableNames(c, schema));
  }

  *columns(table: string, schema: string | null): Op<readonly ReflectedColumn[]> {
    const found = yield* this.question("columns", [table, schema], (c) =>
      this.dialect.reflection.columns(c, table, schema),
    );
    if (found === null) {
      throw new NoSuchTableError(`There is no table or view "${schema === null ? table : `${schema}.${table}`}"`);
    }
    return found;
  }

  /** Everything about several tables: all of a schema when none is named. */
  *multi<T>(
    names: readonly string[] | undefined,
    schema: string | null,
    one: (table: string) => Op<T>,
  ): Op<Map<string, T>> {
    const found = new Map<string, T>();
    for (const name of names ?? (yield* this.tableNames(schema))) found.set(name, yield* one(name));
    return found;
  }
}

/** Which tables `getMulti...` tells of. */
export interface MultiOptions extends InspectOptions {
  /** Only these; all tables of the schema when left out. */
  readonly filterNames?: readonly string[];
}

type Run = <T>(op: Op<T>) => unknown;

// The questions by name, written once for both faces.
function questions(core: InspectorCore, run: Run) {
  const { reflection } = core.dialect;
  const q = core.question.bind(core);
  const schemaOf = (options: InspectOptions | undefined) => options?.schema ?? null;
  const primaryKey = (table: string, schema: string | null) =>
    q("pk", [table, schema], (c) => reflection.primaryKey(c, table, schema));
  const foreignKeys = (table: string, schema: string | null) =>
    q("fk", [table, schema], (c) => reflection.foreignKeys(c, table, schema));
  const uniques = (table: string, schema: string | null) =>
    q("uq", [table, schema], (c) => reflection.uniqueConstraints(c, table, schema));
  const checks = (table: string, schema: string | null) =>
    q("ck", [table, schema], (c) => reflection.checkConstraints(c, table, schema));
  const indexes = (table: string, schema: string | null) =>
    q("ix", [table, schema], (c) => reflection.indexes(c, table, schema));
  const multi =
    <T>(one: (table: string, schema: string | null) => Op<T>) =>
    (options?: MultiOptions) =>
      run(core.multi(options?.filterNames, schemaOf(options), (table) => one(table, schemaOf(options))));
  const single =
    <T>(one: (table: string, schema: string | null) => Op<T>) =>
    (table: string, options?: InspectOptions) =>
      run(one(table, schemaOf(options)));
  return {
    dialect: core.dialect,
    clearCache: () => core.clearCache(),
    getSchemaNames: () => run(q("schemas", [], (c) => reflection.schemaNames(c))),
    getDefaultSchemaName: () => run(q("schema", [], (c) => reflection.defaultSchemaName(c))),
    getTableNames: (options?: InspectOptions) => run(core.tableNames(schemaOf(options))),
    getTempTableNames: () => run(q("temp", [], (c) => reflection.tempTableNames(c))),
    getViewNames: (options?: InspectOptions) =>
      run(q("views", [schemaOf(options)], (c) => reflection.viewNames(c, schemaOf(options)))),
    getViewDefinition: single((view, schema) =>
      q("view", [view, schema], (c) => reflection.viewDefinition(c, view, schema)),
    ),
    getSequenceNames: (options?: InspectOptions) =>
      run(q("sequences", [schemaOf(options)], (c) => reflection.sequenceNames(c, schemaOf(options)))),
    hasTable: single((table, schema) => q("hasTable", [table, schema], (c) => reflection.hasTable(c, table, schema))),
    hasIndex: (table: string, index: string, options?: InspectOptions) =>
      run(
        q("hasIndex", [table, index, schemaOf(options)], (c) =>
          reflection.hasIndex(c, table, index, schemaOf(options)),
        ),
      ),
    hasSequence: single((name, schema) =>
      q("hasSequence", [name, schema], (c) => reflection.hasSequence(c, name, schema)),
    ),
    hasSchema: (name: string) =>
      run(
        (function* (): Op<boolean> {
          return (yield* q("schemas", [], (c) => reflection.schemaNames(c))).includes(name);
        })(),
      ),
    getColumns: single((table, schema) => core.columns(table, schema)),
    getPkConstraint: single(primaryKey),
    getForeignKeys: single(foreignKeys),
    getUniqueConstraints: single(uniques),
    getCheckConstraints: single(checks),
    getIndexes: single(indexes),
    getTableComment: single((table, schema) =>
      q("comment", [table, schema], (c) => reflection.tableComment(c, table, schema)),
    ),
    getTableOptions: single((table, schema) =>
      q("options", [table, schema], (c) => reflection.tableOptions(c, table, schema)),
    ),
    getMultiColumns: multi((table, schema) => core.columns(table, schema)),
    getMultiPkConstraint: multi(primaryKey),
    getMultiForeignKeys: multi(foreignKeys),
    getMultiUniqueConstraints: multi(uniques),
    getMultiCheckConstraints: multi(checks),
    getMultiIndexes: multi(indexes),
  };
}

interface Answers {
  getSchemaNames(): readonly string[];
  getDefaultSchemaName(): string | null;
  /** Tables, without views, sorted by name. */
  getTableNames(options?: InspectOptions): readonly string[];
  getTempTableNames(): readonly string[];
  getViewNames(options?: InspectOptions): readonly string[];
  getViewDefinition(view: string, options?: InspectOptions): string | null;
  getSequenceNames(options?: InspectOptions): readonly string[];
  /** Whether there is a table or a view of that name. */
  hasTable(table: string, options?: InspectOptions): boolean;
  hasIndex(table: string, index: string, options?: InspectOptions): boolean;
  hasSequence(name: string, options?: InspectOptions): boolean;
  hasSchema(name: string): boolean;
  /** The columns of a table or view. Throws NoSuchTableError. */
  getColumns(table: string, options?: InspectOptions): readonly ReflectedColumn[];
  getPkConstraint(table: string, options?: InspectOptions): ReflectedPrimaryKey;
  getForeignKeys(table: string, options?: InspectOptions): readonly ReflectedForeignKey[];
  getUniqueConstraints(table: string, options?: InspectOptions): readonly ReflectedUniqueConstraint[];
  getCheckConstraints(table: string, options?: InspectOptions): readonly ReflectedCheckConstraint[];
  getIndexes(table: string, options?: InspectOptions): readonly ReflectedIndex[];
  getTableComment(table: string, options?: InspectOptions): string | null;
  getTableOptions(table: string, options?: InspectOptions): Readonly<Record<string, unknown>>;
  getMultiColumns(options?: MultiOptions): Map<string, readonly ReflectedColumn[]>;
  getMultiPkConstraint(options?: MultiOptions): Map<string, ReflectedPrimaryKey>;
  getMultiForeignKeys(options?: MultiOptions): Map<string, readonly ReflectedForeignKey[]>;
  getMultiUniqueConstraints(options?: MultiOptions): Map<string, readonly ReflectedUniqueConstraint[]>;
  getMultiCheckConstraints(options?: MultiOptions): Map<string, readonly ReflectedCheckConstraint[]>;
  getMultiIndexes(options?: MultiOptions): Map<string, readonly ReflectedIndex[]>;
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
  return questions(new InspectorCore(dialect, ask), run) as unknown as Inspector;
}

/** Makes an asynchronous inspector. */
export function makeAsyncInspector(
  dialect: EngineDialect,
  ask: Ask,
  run: <T>(op: Op<T>) => Promise<T>,
): AsyncInspector {
  return questions(new InspectorCore(dialect, ask), run) as unknown as AsyncInspector;
}
