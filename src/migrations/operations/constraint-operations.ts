/** Operations on constraints and indexes. */

import type { EngineDialect } from "../../engine/dialect.js";
import { inspect } from "../../engine/inspection.js";
import type { DDLElement } from "../../sql/ddl/element.js";
import type { ExistsOptions } from "../../sql/ddl/elements.js";
import type { Constraint } from "../../sql/schema/constraints.js";
import { constraintDDL, indexDDL } from "../../sql/schema/create.js";
import type { Index } from "../../sql/schema/indexes.js";
import { indexName } from "../../sql/schema/naming.js";
import type { MigrationContext, Recovery } from "../context.js";
import { MigrationError } from "../errors.js";
import { DropConstraintByName, DropIndexByName, fullName, type QualifiedName } from "./alter.js";
import { nameOf, nameOfIndex } from "./names.js";
import { MigrateOperation } from "./operation.js";

/** Options of what drops something that only some databases may have. */
export interface DropOptions extends ExistsOptions {
  /** The databases that have it. Default: all. */
  readonly dialects?: readonly string[];
}

/** Options of `dropIndex()`. */
export interface DropIndexOptions extends DropOptions {
  readonly concurrently?: boolean;
}

/** Adds a primary key, foreign key, unique, check or exclude constraint. */
export class AddConstraintOperation extends MigrateOperation {
  override readonly kind = "addConstraint";
  constructor(readonly constraint: Constraint) {
    super();
  }
  get on(): QualifiedName {
    if (this.constraint.table === null) throw new MigrationError("The constraint belongs to no table.");
    return this.constraint.table;
  }
  get name(): string | null {
    return nameOf(this.constraint);
  }
  override describe(): string {
    return `add constraint ${this.name ?? `(${this.constraint.kind})`} on ${fullName(this.on)}`;
  }
  override isFor(dialect: EngineDialect): boolean {
    return this.constraint.existsOn(dialect);
  }
  override ddl(dialect: EngineDialect): readonly DDLElement[] {
    return constraintDDL(dialect, this.constraint);
  }
  override reverse(): DropConstraintOperation {
    const { dialects } = this.constraint.options;
    return new DropConstraintOperation(this.on, this.name, dialects && { dialects }, this.constraint);
  }
}

/** Drops a constraint by name. */
export class DropConstraintOperation extends MigrateOperation {
  override readonly kind = "dropConstraint";
  constructor(
    readonly on: QualifiedName,
    /** Null for a constraint that has none, or whose name is not known: a batch drops it by what it is. */
    readonly name: string | null,
    readonly options: DropOptions = {},
    /** What is dropped, so that it can be made again. */
    readonly constraint: Constraint | null = null,
  ) {
    super();
  }
  override describe(): string {
    return `drop constraint ${this.name ?? "without a name"} on ${fullName(this.on)}`;
  }
  override isFor(dialect: EngineDialect): boolean {
    return this.options.dialects?.includes(dialect.name) !== false;
  }
  override ddl(dialect: EngineDialect): readonly DDLElement[] {
    if (!this.isFor(dialect)) return [];
    if (this.name === null) {
      throw new MigrationError(
        `A constraint of ${fullName(this.on)} has no name, by which it could be dropped. Drop it in op.batchAlterTable(...).`,
      );
    }
    return [new DropConstraintByName(this.on, this.name, this.options)];
  }
  /**
   * The same by the name that the database has given to it, where it is known only by what it is.
   *
   * @throws MigrationError when there is none, and while a script is written
   */
  async byName(context: MigrationContext): Promise<DropConstraintOperation> {
    const { on, constraint } = this;
    if (this.name !== null || constraint === null) return this;
    const columns = constraint.columns.map((each) => each.name);
    const isMeant = (names: readonly string[]): boolean => names.join() === columns.join();
    const options = { schema: on.schema ?? null };
    const name = await context.connection.runSync((sync) => {
      const inspector = inspect(sync);
      if (constraint.kind === "pk") return inspector.getPkConstraint(on.name, options).name;
      if (constraint.kind === "uq")
        return inspector.getUniqueConstraints(on.name, options).find((each) => isMeant(each.columnNames))?.name;
      return inspector.getForeignKeys(on.name, options).find((each) => isMeant(each.constrainedColumns))?.name;
    });
    if (name != null && constraint.kind !== "ck")
      return new DropConstraintOperation(on, name, this.options, constraint);
    throw new MigrationError(
      `Table ${fullName(on)} has no such constraint that could be found by what it is (${constraint.kind} over ${columns.join(", ")}). Drop it by its name.`,
    );
  }
  override reverse(): AddConstraintOperation {
    if (this.constraint === null) {
      throw new MigrationError(`${this.describe()} cannot be reversed: what it says is not known.`);
    }
    return new AddConstraintOperation(this.constraint);
  }
}

/** Makes an index. */
export class CreateIndexOperation extends MigrateOperation {
  override readonly kind = "createIndex";
  constructor(
    readonly index: Index,
    readonly options: ExistsOptions = {},
  ) {
    super();
  }
  get on(): QualifiedName {
    if (this.index.table === null) throw new MigrationError(`Index ${String(this.index.name)} belongs to no table.`);
    return this.index.table;
  }
  get name(): string {
    return nameOfIndex(this.index);
  }
  override describe(): string {
    return `create index ${this.name} on ${fullName(this.on)}`;
  }
  override isFor(dialect: EngineDialect): boolean {
    return this.index.existsOn(dialect);
  }
  override ddl(dialect: EngineDialect): readonly DDLElement[] {
    return indexDDL(dialect, this.index, this.options);
  }
  // CREATE INDEX CONCURRENTLY leaves an index behind that is not valid when it is interrupted.
  override async recover(context: MigrationContext): Promise<Recovery> {
    const { name, schema } = this.on;
    const indexes = await context.connection.runSync((sync) =>
      inspect(sync).getIndexes(name, { schema: schema ?? null }),
    );
    const made = indexName(this.index, context.dialect.identifiers.maxLength);
    const found = indexes.find((each) => each.name === made);
    if (found === undefined) return "again";
    if ((found as { readonly valid?: boolean }).valid !== false) return "done";
    for (const each of new DropIndexOperation(this.name, this.on, { concurrently: true }).ddl(context.dialect)) {
      await context.target.execute(each);
    }
    return "again";
  }
  override reverse(): DropIndexOperation {
    const { concurrently, dialects } = this.index.options;
    const options = { ...(concurrently === true && { concurrently }), ...(dialects !== undefined && { dialects }) };
    return new DropIndexOperation(this.name, this.on, options, this.index);
  }
}

/** Drops an index by name. */
export class DropIndexOperation extends MigrateOperation {
  override readonly kind = "dropIndex";
  constructor(
    readonly name: string,
    /** Its table, whose schema the index is in. */
    readonly on: QualifiedName,
    readonly options: DropIndexOptions = {},
    /** What is dropped, so that it can be made again. */
    readonly index: Index | null = null,
  ) {
    super();
  }
  override describe(): string {
    return `drop index ${this.name} on ${fullName(this.on)}`;
  }
  override async recover(): Promise<Recovery> {
    return this.options.ifExists === true ? "again" : "unknown";
  }
  override isFor(dialect: EngineDialect): boolean {
    return this.options.dialects?.includes(dialect.name) !== false;
  }
  override ddl(dialect: EngineDialect): readonly DDLElement[] {
    if (!this.isFor(dialect)) return [];
    const { dialects: _dialects, ...options } = this.options;
    return [new DropIndexByName({ name: this.name, schema: this.on.schema ?? null }, options)];
  }
  override reverse(): CreateIndexOperation {
    if (this.index === null) {
      throw new MigrationError(`${this.describe()} cannot be reversed: what it indexes is not known.`);
    }
    return new CreateIndexOperation(this.index);
  }
}
