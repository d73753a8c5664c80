/** Operations as data: what autogenerate finds, what a file says, and what runs. */
import type { EngineDialect } from "../../engine/dialect.js";
import type { DDLElement } from "../../sql/ddl/element.js";
import type { MigrationContext, Recovery } from "../context.js";
import { MigrationError } from "../errors.js";

/** One change of a schema. */
export abstract class MigrateOperation {
  /** The name of the `op` method that makes it. */
  abstract readonly kind: string;
  /** What it does, for messages and for the log: `create table users`. */
  abstract describe(): string;
  /** Whether it has anything to do on a database: what it is about may be for others only. */
  isFor(_dialect: EngineDialect): boolean {
    return true;
  }
  /** The statements, for operations that are nothing but statements. */
  abstract ddl(dialect: EngineDialect): readonly DDLElement[];
  /** The operation that undoes it. @throws MigrationError when it does not know enough of what was there */
  reverse(): MigrateOperation {
    throw new MigrationError(`${this.describe()} cannot be reversed.`);
  }
  /** What became of it when it was interrupted outside of a transaction. */
  async recover(_context: MigrationContext): Promise<Recovery> {
    return "unknown";
  }
}
