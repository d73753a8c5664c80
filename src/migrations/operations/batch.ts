/** `op.batchAlterTable`: several changes of one table, which SQLite makes by copying it. */
import {
  CheckConstraint,
  type Constraint,
  type ConstraintOptions,
  conv,
  ForeignKeyConstraint,
  PrimaryKeyConstraint,
  UniqueConstraint,
} from "../../sql/schema/constraints.js";
import type { SQLExpression } from "../../sql/schema/generated.js";
import { Index, type IndexOptions } from "../../sql/schema/indexes.js";
import type { NamingConvention } from "../../sql/schema/naming.js";
import type { ColumnSpec, Table } from "../../sql/schema/table.js";
import type { QualifiedName } from "./alter.js";
import {
  AddConstraintOperation,
  CreateIndexOperation,
  DropConstraintOperation,
  DropIndexOperation,
  type DropIndexOptions,
} from "./constraint-operations.js";
import type { MigrateOperation } from "./operation.js";
import { loneColumn, skeleton } from "./schema-objects.js";
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
  readonly copyFrom?: Table<unknown, unknown>;
  /** Names by which constraints that have none are addressed. */
  readonly namingConvention?: NamingConvention;
}

/** A foreign key's actions, and the referred table's schema. */
type ForeignKeyChoices = Omit<ConstructorParameters<typeof ForeignKeyConstraint>[2] & object, "name"> & {
  readonly referentSchema?: string | null;
};

/** A constraint by what it is, where it has no name: one over these columns, or a CHECK of this text. */
export type ConstraintSelector =
  | { readonly kind: "pk" | "fk" | "uq"; readonly columns: readonly string[] }
  | { readonly kind: "ck"; readonly sqltext: string };

/** One change of a batch. */
export interface BatchChange {
  readonly operation: MigrateOperation;
  readonly place: ColumnPlace;
}

/** The changes of one table. Nothing runs before the function that makes them has ended. */
export class BatchOperations {
  readonly changes: BatchChange[] = [];

  constructor(
    private readonly on: QualifiedName,
    private readonly names: NamingConvention | undefined,
  ) {}

  #add(operation: MigrateOperation, place: ColumnPlace = {}): void {
    this.changes.push({ operation, place });
  }

  #constraint(columns: readonly string[], constraint: Constraint): void {
    skeleton(this.on.name, this.on.schema ?? null, columns, [constraint], this.names);
    this.#add(new AddConstraintOperation(constraint));
  }

  /** Adds a column, at the end or beside another. The place counts where the table is copied. */
  addColumn(name: string, spec: ColumnSpec<unknown>, place: ColumnPlace = {}): void {
    const made = loneColumn(this.on.name, this.on.schema ?? null, name, spec, this.names);
    this.#add(new AddColumnOperation(made.table, made.column), place);
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
  createPrimaryKey(name: string | null, columns: readonly string[]): void {
    this.#constraint(columns, new PrimaryKeyConstraint(columns, final(name)));
  }

  createUniqueConstraint(name: string | null, columns: readonly string[], options: ConstraintOptions = {}): void {
    this.#constraint(columns, new UniqueConstraint(columns, { ...options, ...final(name) }));
  }

  createCheckConstraint(name: string | null, condition: string | SQLExpression, options: ConstraintOptions = {}): void {
    this.#constraint([], new CheckConstraint(condition, { ...options, ...final(name) }));
  }

  createForeignKey(
    name: string | null,
    referent: string,
    columns: readonly string[],
    referentColumns: readonly string[],
    options: ForeignKeyChoices = {},
  ): void {
    const { referentSchema, ...rest } = options;
    const prefix = referentSchema == null ? referent : `${referentSchema}.${referent}`;
    const targets = referentColumns.map((each) => `${prefix}.${each}`);
    this.#constraint(columns, new ForeignKeyConstraint(columns, targets, { ...rest, name }));
  }

  /** Drops a constraint by name; one that has none by its kind and columns. */
  dropConstraint(which: string | ConstraintSelector): void {
    if (typeof which === "string") {
      this.#add(new DropConstraintOperation(this.on, which));
      return;
    }
    const likeness = likenessOf(which);
    const columns = which.kind === "ck" ? [] : which.columns;
    skeleton(this.on.name, this.on.schema ?? null, columns, [likeness], this.names);
    this.#add(new DropConstraintOperation(this.on, null, {}, likeness));
  }

  createIndex(name: string | null, columns: readonly (string | SQLExpression)[], options: IndexOptions = {}): void {
    const index = new Index(name, columns, options);
    const plain = columns.filter((each): each is string => typeof each === "string");
    skeleton(this.on.name, this.on.schema ?? null, plain, [index], this.names);
    this.#add(new CreateIndexOperation(index));
  }

  dropIndex(name: string, options: Pick<DropIndexOptions, "dialects"> = {}): void {
    this.#add(new DropIndexOperation(name, this.on, options));
  }
}

function final(name: string | null): ConstraintOptions {
  return name === null ? {} : { name: conv(name) };
}

/** A constraint as a selector describes it. */
function likenessOf(which: ConstraintSelector): Constraint {
  switch (which.kind) {
    case "ck":
      return new CheckConstraint(which.sqltext);
    case "pk":
      return new PrimaryKeyConstraint(which.columns);
    case "uq":
      return new UniqueConstraint(which.columns);
    default:
      return new ForeignKeyConstraint(
        which.columns,
        which.columns.map(() => "t.c"),
      );
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
