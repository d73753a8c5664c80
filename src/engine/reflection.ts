/** What a dialect can tell about an existing schema. Names and shapes are those of SQLAlchemy's inspector. */
import type { SQLType } from "../sql/types/type.js";
import type { DriverConnection } from "./driver.js";
import type { Op } from "./io.js";

export interface ReflectedColumn {
  readonly name: string;
  readonly type: SQLType;
  /** The type as the database writes it. */
  readonly typeName: string;
  readonly nullable: boolean;
  /** The server default as SQL text, or null. */
  readonly default: string | null;
  readonly autoincrement: boolean;
  readonly comment: string | null;
  readonly computed: { readonly sqltext: string; readonly persisted: boolean } | null;
  readonly identity: Readonly<Record<string, unknown>> | null;
  /** The position in the primary key from 1, or 0. */
  readonly primaryKey: number;
}

export interface ReflectedPrimaryKey {
  readonly name: string | null;
  readonly constrainedColumns: readonly string[];
}

export interface ReflectedForeignKey {
  readonly name: string | null;
  readonly constrainedColumns: readonly string[];
  readonly referredSchema: string | null;
  readonly referredTable: string;
  readonly referredColumns: readonly string[];
  readonly options: {
    readonly onDelete?: string;
    readonly onUpdate?: string;
    readonly deferrable?: boolean;
    readonly initially?: string;
  };
}

export interface ReflectedUniqueConstraint {
  readonly name: string | null;
  readonly columnNames: readonly string[];
}

export interface ReflectedCheckConstraint {
  readonly name: string | null;
  readonly sqltext: string;
}

export interface ReflectedIndex {
  readonly name: string;
  /** Null stands for an expression. */
  readonly columnNames: readonly (string | null)[];
  readonly expressions: readonly string[] | null;
  readonly unique: boolean;
  readonly columnSorting: Readonly<Record<string, readonly string[]>>;
  /** The constraint that the index belongs to. */
  readonly duplicatesConstraint: string | null;
  /** The condition of a partial index. */
  readonly where: string | null;
}

/** One dialect's answers. `schema` null is the default schema. */
export interface ReflectionDialect {
  defaultSchemaName(c: DriverConnection): Op<string | null>;
  schemaNames(c: DriverConnection): Op<readonly string[]>;
  tableNames(c: DriverConnection, schema: string | null): Op<readonly string[]>;
  tempTableNames(c: DriverConnection): Op<readonly string[]>;
  viewNames(c: DriverConnection, schema: string | null): Op<readonly string[]>;
  viewDefinition(c: DriverConnection, name: string, schema: string | null): Op<string | null>;
  hasTable(c: DriverConnection, name: string, schema: string | null): Op<boolean>;
  hasIndex(c: DriverConnection, table: string, index: string, schema: string | null): Op<boolean>;
  hasSequence(c: DriverConnection, name: string, schema: string | null): Op<boolean>;
  hasType(c: DriverConnection, name: string, schema: string | null): Op<boolean>;
  sequenceNames(c: DriverConnection, schema: string | null): Op<readonly string[]>;
  /** The following give null when there is no such table or view. */
  columns(c: DriverConnection, table: string, schema: string | null): Op<readonly ReflectedColumn[] | null>;
  primaryKey(c: DriverConnection, table: string, schema: string | null): Op<ReflectedPrimaryKey>;
  foreignKeys(c: DriverConnection, table: string, schema: string | null): Op<readonly ReflectedForeignKey[]>;
  uniqueConstraints(
    c: DriverConnection,
    table: string,
    schema: string | null,
  ): Op<readonly ReflectedUniqueConstraint[]>;
  checkConstraints(c: DriverConnection, table: string, schema: string | null): Op<readonly ReflectedCheckConstraint[]>;
  indexes(c: DriverConnection, table: string, schema: string | null): Op<readonly ReflectedIndex[]>;
  tableComment(c: DriverConnection, table: string, schema: string | null): Op<string | null>;
  tableOptions(c: DriverConnection, table: string, schema: string | null): Op<Readonly<Record<string, unknown>>>;
}
