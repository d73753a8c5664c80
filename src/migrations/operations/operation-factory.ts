/** Operations on one table, made of what the methods of `op` and of a batch are given. */
import type { ExistsOptions } from "../../sql/ddl/elements.js";
import { text } from "../../sql/elements/text.js";
import type { ForeignKeyOptions } from "../../sql/schema/column.js";
import type { ColumnSpec } from "../../sql/schema/column-specs.js";
import {
  CheckConstraint,
  type Constraint,
  type ConstraintOptions,
  ExcludeConstraint,
  ForeignKeyConstraint,
  PrimaryKeyConstraint,
  UniqueConstraint,
} from "../../sql/schema/constraints.js";
import { conv } from "../../sql/schema/conv.js";
import type { SQLExpression } from "../../sql/schema/generated.js";
import { Index, type IndexOptions } from "../../sql/schema/indexes.js";
import type { NamingConvention } from "../../sql/schema/naming.js";
import type { QualifiedName } from "./alter.js";
import {
  AddConstraintOperation,
  CreateIndexOperation,
  DropConstraintOperation,
  type DropOptions,
} from "./constraint-operations.js";
import { loneColumn, skeleton } from "./schema-objects.js";
import { AddColumnOperation } from "./table-operations.js";

/** What may be said of a constraint beside its name. */
export type ConstraintChoices = Omit<ConstraintOptions, "name">;
/** The same of a primary key. */
export type PrimaryKeyChoices = Omit<PrimaryKeyConstraint["options"], "name">;
/** The same of a UNIQUE constraint. */
export type UniqueChoices = Omit<UniqueConstraint["options"], "name">;
/** The same of an EXCLUDE constraint. */
export type ExcludeChoices = Omit<ExcludeConstraint["options"], "name">;
/** The same of a foreign key, and where the table is that it refers to. */
export interface ForeignKeyChoices extends Omit<ForeignKeyOptions, "name" | "useAlter"> {
  /** The schema of the table that it refers to. */
  readonly referentSchema?: string | null;
  /** The databases that have it. Default: all. */
  readonly dialects?: readonly string[];
}

/** A constraint by what it is, where it has no name: one over these columns, or a CHECK of this text. */
export type ConstraintSelector =
  | { readonly kind: "pk" | "fk" | "uq"; readonly columns: readonly string[] }
  | { readonly kind: "ck"; readonly sqltext: string };

/** Makes operations on one table. Its other columns need not be known. */
export class OperationFactory {
  constructor(
    private readonly on: QualifiedName,
    /** Names for constraints and indexes that are given none. */
    private readonly names: NamingConvention | undefined,
  ) {}

  addColumn(name: string, spec: ColumnSpec<unknown>, options: ExistsOptions = {}): AddColumnOperation {
    const made = loneColumn(this.on.name, this.on.schema ?? null, name, spec, this.names);
    return new AddColumnOperation(made.table, made.column, options);
  }

  primaryKey(name: string | null, columns: readonly string[], options: PrimaryKeyChoices = {}): AddConstraintOperation {
    return this.#add(columns, new PrimaryKeyConstraint(columns, { ...options, ...final(name) }));
  }

  unique(name: string | null, columns: readonly string[], options: UniqueChoices = {}): AddConstraintOperation {
    return this.#add(columns, new UniqueConstraint(columns, { ...options, ...final(name) }));
  }

  check(
    name: string | null,
    condition: string | SQLExpression,
    options: ConstraintChoices = {},
  ): AddConstraintOperation {
    return this.#add([], new CheckConstraint(condition, { ...options, ...final(name) }));
  }

  foreignKey(
    name: string | null,
    referent: string,
    columns: readonly string[],
    referentColumns: readonly string[],
    options: ForeignKeyChoices = {},
  ): AddConstraintOperation {
    const { referentSchema, ...rest } = options;
    const prefix = referentSchema == null ? referent : `${referentSchema}.${referent}`;
    const targets = referentColumns.map((each) => `${prefix}.${each}`);
    const choices = { ...rest, ...final(name) } as ForeignKeyConstraint["options"];
    return this.#add(columns, new ForeignKeyConstraint(columns, targets, choices));
  }

  exclude(
    name: string | null,
    elements: readonly (readonly [string | SQLExpression, string])[],
    options: ExcludeChoices = {},
  ): AddConstraintOperation {
    const parts = elements.map(([what, operator]) => [typeof what === "string" ? text(what) : what, operator] as const);
    return this.#add([], new ExcludeConstraint(parts, { ...options, ...final(name) }));
  }

  /** @param which its name, or what it is where it has none */
  dropConstraint(which: string | ConstraintSelector, options: DropOptions = {}): DropConstraintOperation {
    if (typeof which === "string") return new DropConstraintOperation(this.on, which, options);
    const likeness = likenessOf(which);
    this.#add(which.kind === "ck" ? [] : which.columns, likeness);
    return new DropConstraintOperation(this.on, null, options, likeness);
  }

  index(
    name: string | null,
    columns: readonly (string | SQLExpression)[],
    options: IndexOptions & { readonly ifNotExists?: boolean } = {},
  ): CreateIndexOperation {
    const { ifNotExists = false, ...rest } = options;
    const plain = [...columns, ...(rest.include ?? [])].filter((each): each is string => typeof each === "string");
    // Its columns may be those of the program's own tables, to which it does not belong.
    const index = new Index(name === null ? null : conv(name), columns, rest, null);
    skeleton(this.on.name, this.on.schema ?? null, plain, [index], this.names);
    return new CreateIndexOperation(index, ifNotExists ? { ifNotExists } : {});
  }

  #add(columns: readonly string[], constraint: Constraint): AddConstraintOperation {
    skeleton(this.on.name, this.on.schema ?? null, columns, [constraint], this.names);
    return new AddConstraintOperation(constraint);
  }
}

/** A name written in a migration is the name, whatever the convention says. */
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
