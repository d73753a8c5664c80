/** How definitions are run: on engines and connections, at once or awaited. */
import type { DDLElement } from "./ddl/element.js";
import type { Dialect } from "./dialect.js";
import type { ReflectedColumn, ReflectedTable, ReflectionScope } from "./schema/reflected.js";

/** The protocol method by which `metadata.createAll` runs on engines and connections, sync and async. */
export const RUN_DDL: unique symbol = Symbol.for("athanor.runDDL");

/** An operation that may reach the database: a generator that yields I/O requests. This room only hands them on. */
// the trampoline sends each request's own answer back, whatever its type
export type DDLOp<T> = Generator<unknown, T, any>;

/** What an operation on the schema needs of a connection. */
export interface DDLConnection {
  readonly dialect: Dialect;
  /** There is no database behind it that could be asked what it has. */
  readonly offline?: boolean;
  executeDDL(ddl: DDLElement): DDLOp<void>;
  /** Those of the scope's names that are there. */
  present(scope: ReflectionScope): DDLOp<ReadonlySet<string>>;
  hasSequence(name: string, schema: string | null): DDLOp<boolean>;
  /** Whether there is a type of its own: an enum, a domain. */
  hasType(name: string, schema: string | null): DDLOp<boolean>;
  /** Everything about the tables and views of a scope. */
  reflect(scope: ReflectionScope): DDLOp<readonly ReflectedTable[]>;
  /** Tells those who listen to a table's or a metadata's events, and runs the DDL that they answer with. */
  announce(event: string, target: object): DDLOp<void>;
  /** What handlers of `columnReflect` make of a column. */
  reflectColumn(column: ReflectedColumn, table: ReflectedTable, target: object): ReflectedColumn;
}

/** An async engine or connection. */
export interface AsyncDDLBind {
  [RUN_DDL]<T>(op: (connection: DDLConnection) => DDLOp<T>): Promise<T>;
}

/** A sync engine or connection. */
export interface SyncDDLBind {
  [RUN_DDL]<T>(op: (connection: DDLConnection) => DDLOp<T>): T;
}

/**
 * A verb that runs on engines and connections: a promise for an async one, done at once for a sync one. A bound property,
 * so that `conn.runSync(metadata.createAll)` works.
 */
export interface DDLRunner<Options = { readonly checkfirst?: boolean }> {
  (bind: AsyncDDLBind, options?: Options): Promise<void>;
  (bind: SyncDDLBind, options?: Options): void;
}
