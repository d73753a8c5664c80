import type { DDLElement } from "./ddl/element.js";
import type { Dialect } from "./dialect.js";

/** The protocol method by which `metadata.createAll` runs on engines and connections, sync and async. */
export const RUN_DDL: unique symbol = Symbol.for("athanor.runDDL");

/** An operation that may reach the database: a generator that yields I/O requests. This room only hands them on. */
// the trampoline sends each request's own answer back, whatever its type
export type DDLOp<T> = Generator<unknown, T, any>;

/** What an operation on the schema needs of a connection. */
export interface DDLConnection {
  readonly dialect: Dialect;
  executeDDL(ddl: DDLElement): DDLOp<void>;
  hasTable(name: string, schema?: string | null): DDLOp<boolean>;
  hasIndex(table: string, index: string, schema?: string | null): DDLOp<boolean>;
  hasSequence(name: string, schema?: string | null): DDLOp<boolean>;
  /** Named types (native enums), where the database has them. */
  hasType?(name: string, schema?: string | null): DDLOp<boolean>;
  hasView?(name: string, schema?: string | null): DDLOp<boolean>;
}

/** An async engine or connection. */
export interface AsyncDDLBind {
  [RUN_DDL]<T>(op: (connection: DDLConnection) => DDLOp<T>): Promise<T>;
}

/** A sync engine or connection. */
export interface SyncDDLBind {
  [RUN_DDL]<T>(op: (connection: DDLConnection) => DDLOp<T>): T;
}
