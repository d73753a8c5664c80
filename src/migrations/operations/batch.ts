/** `op.batchAlterTable`: several changes of one table, which SQLite makes by copying it. */

import type { ColumnSpec } from "../../sql/schema/column-specs.js";
import type { SQLExpression } from "../../sql/schema/generated.js";
import type { IndexOptions } from "../../sql/schema/indexes.js";
import type { NamingConvention } from "../../sql/schema/naming.js";
import type { AnyTable } from "../../sql/schema/table.js";
import type { QualifiedName } from "./alter.js";
import {
  CreateIndexOperation,
  DropIndexOperation,
  type DropIndexOptions,
  type DropOptions,
} from "./constraint-operations.js";
import type { MigrateOperation } from "./operation.js";
import {
  type ConstraintChoices,
  type ConstraintSelector,
  type ForeignKeyChoices,
  OperationFactory,
  type PrimaryKeyChoices,
  type UniqueChoices,
} from "./operation-factory.js";
import {
  AddColumnOperation,
  AlterColumnOperation,
  type ColumnChanges,
  DropColumnOperation,
  type ExistingColumn,
} from "./table-operations.js";
import type { ColumnPlace } from "./table-shape.js";

/** Options of `op.batchAlterTable`. */
export interface BatchOptions {
  readonly schema?: string | null;
  /**
   * When the table is copied and moved: where ALTER TABLE cannot do the changes (`"auto"`, the default), always, or never.
   */
  readonly recreate?: "auto" | "always" | "never";
  /** The table as it is, in place of asking the database; a script needs it. */
  readonly copyFrom?: AnyTable;
  /** Names by which constraints that have none are addressed. */
  readonly namingConvention?: NamingConvention;
}

/** One change of a batch. */
export interface BatchChange {
  readonly operation: MigrateOperation;
  readonly place: ColumnPlace;
}

/** The changes of one table. Nothing runs before the function that makes them has ended. */
export class BatchOperations {
  readonly changes: BatchChange[] = [];
  readonly #make: OperationFactory;

  constructor(
    private readonly on: QualifiedName,
    names: NamingConvention | undefined,
  ) {
    this.#make = new OperationFactory(on, names);
  }

  #add(operation: MigrateOperation, place: ColumnPlace = {}): void {
    this.changes.push({ operation, place });
  }

  /** Adds a column, at the end or beside another. The place counts where the table is copied. */
  addColumn(name: string, spec: ColumnSpec<unknown>, place: ColumnPlace = {}): void {
    this.#add(this.#make.addColumn(name, spec), place);
  }

  /** Drops a column, with the constraints and indexes that it is part of. */
  dropColumn(name: string): void {
    this.#add(new DropColumnOperation(this.on, name));
  }

  /** Changes a column; see `op.alterColumn`. */
  alterColumn(name: string, changes: ColumnChanges, options: { readonly existing?: ExistingColumn } = {}): void {
    this.#add(new AlterColumnOperation(this.on, name, changes, options.existing));
  }

  /** Gives the table another primary key. */
  createPrimaryKey(name: string | null, columns: readonly string[], options: PrimaryKeyChoices = {}): void {
    this.#add(this.#make.primaryKey(name, columns, options));
  }

  createUniqueConstraint(name: string | null, columns: readonly string[], options: UniqueChoices = {}): void {
    this.#add(this.#make.unique(name, columns, options));
  }

  createCheckConstraint(name: string | null, condition: string | SQLExpression, options: ConstraintChoices = {}): void {
    this.#add(this.#make.check(name, condition, options));
  }

  createForeignKey(
    name: string | null,
    referent: string,
    columns: readonly string[],
    referentColumns: readonly string[],
    options: ForeignKeyChoices = {},
  ): void {
    this.#add(this.#make.foreignKey(name, referent, columns, referentColumns, options));
  }

  /** Drops a constraint by name; one that has none by what it is. */
  dropConstraint(which: string | ConstraintSelector, options: Pick<DropOptions, "dialects"> = {}): void {
    this.#add(this.#make.dropConstraint(which, options));
  }

  createIndex(name: string | null, columns: readonly (string | SQLExpression)[], options: IndexOptions = {}): void {
    this.#add(this.#make.index(name, columns, options));
  }

  dropIndex(name: string, options: Pick<DropIndexOptions, "dialects"> = {}): void {
    this.#add(new DropIndexOperation(name, this.on, options));
  }
}

/** Whether ALTER TABLE of a database that knows little of it can do a change. */
export function isSimple({ operation }: BatchChange): boolean {
  if (operation instanceof CreateIndexOperation || operation instanceof DropIndexOperation) return true;
  if (operation instanceof AlterColumnOperation) {
    return Object.keys(operation.changes).every((key) => key === "name" || key === "comment");
  }
  if (!(operation instanceof AddColumnOperation)) return false;
  const { column, table } = operation;
  const free = column.nullable || column.serverDefault !== null;
  return (
    free && !column.primaryKey && column.computed === null && table.constraints.every((each) => each.kind === "pk")
  );
}
