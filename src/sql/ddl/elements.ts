/** The statements that define things, one class each. */
import type { Node } from "../node.js";
import type { Column } from "../schema/column.js";
import {
  type Constraint,
  conditionHolds,
  type DDLCondition,
  type ForeignKeyConstraint,
} from "../schema/constraints.js";
import type { Sequence } from "../schema/generated.js";
import type { Index } from "../schema/indexes.js";
import type { Table } from "../schema/table.js";
import type { DomainType } from "../types/domain.js";
import type { SQLType } from "../types/type.js";
import { DDLElement } from "./element.js";

/** IF NOT EXISTS and IF EXISTS. */
export interface ExistsOptions {
  readonly ifNotExists?: boolean;
  readonly ifExists?: boolean;
  readonly cascade?: boolean;
}

/** `CREATE TABLE`. */
export class CreateTable extends DDLElement {
  override get visitName(): string {
    return "CreateTable";
  }
  constructor(
    readonly table: Table,
    readonly options: ExistsOptions & {
      /** The foreign keys to write into the definition; all that are not `useAlter` where absent. */
      readonly includeForeignKeys?: readonly ForeignKeyConstraint[];
    } = {},
  ) {
    super();
  }
}

/** A column as CREATE TABLE writes it: for `compiles()`, which may say something else of some columns, or nothing ("") to leave one out. */
export class CreateColumn extends DDLElement {
  override get visitName(): string {
    return "CreateColumn";
  }
  constructor(readonly column: Column) {
    super();
  }
}

/** `DROP TABLE`. */
export class DropTable extends DDLElement {
  override get visitName(): string {
    return "DropTable";
  }
  constructor(
    readonly table: Table,
    readonly options: ExistsOptions = {},
  ) {
    super();
  }
}

/** `CREATE INDEX`. */
export class CreateIndex extends DDLElement {
  override get visitName(): string {
    return "CreateIndex";
  }
  constructor(
    readonly index: Index,
    readonly options: ExistsOptions = {},
  ) {
    super();
  }
}

/** `DROP INDEX`. */
export class DropIndex extends DDLElement {
  override get visitName(): string {
    return "DropIndex";
  }
  constructor(
    readonly index: Index,
    readonly options: ExistsOptions = {},
  ) {
    super();
  }
}

/** `ALTER TABLE ... ADD CONSTRAINT`. */
export class AddConstraint extends DDLElement {
  override get visitName(): string {
    return "AddConstraint";
  }
  constructor(readonly constraint: Constraint) {
    super();
  }
}

/** `ALTER TABLE ... DROP CONSTRAINT`. */
export class DropConstraint extends DDLElement {
  override get visitName(): string {
    return "DropConstraint";
  }
  constructor(
    readonly constraint: Constraint,
    readonly options: ExistsOptions = {},
  ) {
    super();
  }
}

/** `CREATE SCHEMA`. */
export class CreateSchema extends DDLElement {
  override get visitName(): string {
    return "CreateSchema";
  }
  constructor(
    readonly name: string,
    readonly options: ExistsOptions = {},
  ) {
    super();
  }
}

/** `DROP SCHEMA`. */
export class DropSchema extends DDLElement {
  override get visitName(): string {
    return "DropSchema";
  }
  constructor(
    readonly name: string,
    readonly options: ExistsOptions = {},
  ) {
    super();
  }
}

/** `CREATE SEQUENCE`. */
export class CreateSequence extends DDLElement {
  override get visitName(): string {
    return "CreateSequence";
  }
  constructor(
    readonly sequence: Sequence,
    readonly options: ExistsOptions = {},
  ) {
    super();
  }
}

/** `DROP SEQUENCE`. */
export class DropSequence extends DDLElement {
  override get visitName(): string {
    return "DropSequence";
  }
  constructor(
    readonly sequence: Sequence,
    readonly options: ExistsOptions = {},
  ) {
    super();
  }
}

/** `CREATE TYPE ... AS ENUM`, where the database has it. */
export class CreateEnumType extends DDLElement {
  override get visitName(): string {
    return "CreateEnumType";
  }
  constructor(readonly type: SQLType & NamedEnum) {
    super();
  }
}

/** `DROP TYPE`. */
export class DropEnumType extends DDLElement {
  override get visitName(): string {
    return "DropEnumType";
  }
  constructor(
    readonly type: SQLType & NamedEnum,
    readonly options: ExistsOptions = {},
  ) {
    super();
  }
}

/** `CREATE DOMAIN`. */
export class CreateDomainType extends DDLElement {
  override get visitName(): string {
    return "CreateDomainType";
  }
  constructor(readonly type: DomainType) {
    super();
  }
}

/** `DROP DOMAIN`. */
export class DropDomainType extends DDLElement {
  override get visitName(): string {
    return "DropDomainType";
  }
  constructor(
    readonly type: DomainType,
    readonly options: ExistsOptions = {},
  ) {
    super();
  }
}

/** An enum as a type of the database: its name and its values. */
export interface NamedEnum {
  readonly name: string | null;
  readonly schema: string | null;
  readonly values: readonly string[];
}

/** `CREATE [MATERIALIZED] VIEW`. */
export class CreateView extends DDLElement {
  override get visitName(): string {
    return "CreateView";
  }
  constructor(
    readonly name: string,
    readonly selectable: Node,
    readonly options: ExistsOptions & {
      readonly schema?: string | null;
      readonly materialized?: boolean;
      readonly orReplace?: boolean;
      readonly temporary?: boolean;
      readonly columns?: readonly string[];
      /** A materialized view that is not filled yet. */
      readonly withData?: boolean;
      /** Options of views: `{ security_barrier: true }`. */
      readonly with?: Readonly<Record<string, string | number | boolean>>;
      readonly checkOption?: "LOCAL" | "CASCADED";
    } = {},
  ) {
    super();
  }
}

/** `DROP [MATERIALIZED] VIEW`. */
export class DropView extends DDLElement {
  override get visitName(): string {
    return "DropView";
  }
  constructor(
    readonly name: string,
    readonly options: ExistsOptions & { readonly schema?: string | null; readonly materialized?: boolean } = {},
  ) {
    super();
  }
}

/** `CREATE TABLE ... AS SELECT`. */
export class CreateTableAs extends DDLElement {
  override get visitName(): string {
    return "CreateTableAs";
  }
  constructor(
    readonly name: string,
    readonly selectable: Node,
    readonly options: ExistsOptions & { readonly schema?: string | null; readonly temporary?: boolean } = {},
  ) {
    super();
  }
}

/** `COMMENT ON TABLE`. */
export class SetTableComment extends DDLElement {
  override get visitName(): string {
    return "SetTableComment";
  }
  constructor(
    readonly table: Table,
    /** Null takes it away. */
    readonly comment: string | null = table.comment,
  ) {
    super();
  }
}

/** `COMMENT ON COLUMN`. */
export class SetColumnComment extends DDLElement {
  override get visitName(): string {
    return "SetColumnComment";
  }
  constructor(
    readonly table: Table,
    readonly columnName: string,
    readonly comment: string | null,
  ) {
    super();
  }
}

/** `COMMENT ON CONSTRAINT`. */
export class SetConstraintComment extends DDLElement {
  override get visitName(): string {
    return "SetConstraintComment";
  }
  constructor(
    readonly constraint: Constraint,
    readonly comment: string | null = constraint.comment,
  ) {
    super();
  }
}

/** `COMMENT ON INDEX`. */
export class SetIndexComment extends DDLElement {
  override get visitName(): string {
    return "SetIndexComment";
  }
  constructor(
    readonly index: Index,
    readonly comment: string | null = index.options.comment ?? null,
  ) {
    super();
  }
}

/** `REFRESH MATERIALIZED VIEW`. */
export class RefreshMaterializedView extends DDLElement {
  override get visitName(): string {
    return "RefreshMaterializedView";
  }
  constructor(
    readonly view: { readonly name: string; readonly schema: string | null },
    readonly options: {
      /** Others may read meanwhile; the view needs a unique index. */
      readonly concurrently?: boolean;
      readonly withData?: boolean;
    } = {},
  ) {
    super();
  }
}

/**
 * DDL as text, for what has no element of its own.
 *
 * @example new DDL("CREATE EXTENSION IF NOT EXISTS vector")
 */
export class DDL extends DDLElement {
  override get visitName(): string {
    return "DDL";
  }
  constructor(
    readonly statement: string,
    /** Run on these dialects only; on all where absent. */
    readonly options: { readonly dialects?: readonly string[]; readonly when?: DDLCondition["when"] } = {},
  ) {
    super();
  }
  /** The same, run only where the condition holds. */
  executeIf(condition: DDLCondition): DDL {
    const { dialect, when } = condition;
    const dialects = typeof dialect === "string" ? [dialect] : dialect;
    return new DDL(this.statement, {
      ...(dialects === undefined ? {} : { dialects }),
      ...(when === undefined ? {} : { when }),
    });
  }
  /** Whether it is to be run on a dialect when a table or metadata that it was attached to is created or dropped. */
  runsOn(dialect: { readonly name: string }): boolean {
    const { dialects, when } = this.options;
    return conditionHolds({ ...(dialects && { dialect: dialects }), ...(when && { when }) }, dialect);
  }
}
