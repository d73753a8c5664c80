/** What is found in an existing schema, as plain data. Names and shapes are those of SQLAlchemy's inspector. */
import type { SQLType } from "../types/type.js";
import type { SequenceOptions } from "./generated.js";

/** Kinds of what can be selected from. */
export type ReflectedKind = "table" | "view" | "materializedView" | "foreignTable";

/** All of them. */
export const ALL_KINDS: readonly ReflectedKind[] = ["table", "view", "materializedView", "foreignTable"];

/** A column of a table or view. */
export interface ReflectedColumn {
  readonly name: string;
  /** Under what name the table, and a class that maps it, have the column: a handler of `columnReflect` may say so. The column's own where absent. */
  readonly key?: string;
  /** A type that renders, on the database that it was found in, as it was declared there. */
  readonly type: SQLType;
  /** The type as the database writes it. */
  readonly typeName: string;
  /** Whether it takes NULL; what its domain forbids it does not. */
  readonly nullable: boolean;
  /** Only its domain forbids NULL: the column itself would take it. */
  readonly nullableButForDomain?: boolean;
  /** The server default as SQL text that a definition takes, or null. */
  readonly default: string | null;
  /** The database counts the values up: an identity, a serial, or AUTOINCREMENT. */
  readonly autoincrement: boolean;
  /** The default is a sequence of the column's own (`serial`). */
  readonly serial: boolean;
  readonly comment: string | null;
  readonly computed: { readonly sqltext: string; readonly persisted: boolean } | null;
  /** Options of an identity that differ from the database's defaults. */
  readonly identity: (SequenceOptions & { readonly always: boolean }) | null;
  /** The position in the primary key from 1, or 0. */
  readonly primaryKey: number;
  /** SQLite: what a NULL does, where the column says so. */
  readonly onConflict?: string;
}

/** What every reflected constraint may say. */
interface ReflectedConstraint {
  readonly name: string | null;
  readonly comment?: string | null;
  readonly deferrable?: boolean;
  readonly initially?: string;
  /** Rows that were there before it were not checked. */
  readonly notValid?: boolean;
  /** SQLite: what a violation does. */
  readonly onConflict?: string;
}

export interface ReflectedPrimaryKey extends ReflectedConstraint {
  readonly constrainedColumns: readonly string[];
  readonly include?: readonly string[];
}

export interface ReflectedForeignKey {
  readonly name: string | null;
  readonly constrainedColumns: readonly string[];
  /** Null where the default search finds the table. */
  readonly referredSchema: string | null;
  readonly referredTable: string;
  readonly referredColumns: readonly string[];
  readonly comment?: string | null;
  readonly options: {
    readonly onDelete?: string;
    readonly onUpdate?: string;
    readonly deferrable?: boolean;
    readonly initially?: string;
    readonly match?: string;
    readonly notValid?: boolean;
  };
}

export interface ReflectedUniqueConstraint extends ReflectedConstraint {
  readonly columnNames: readonly string[];
  readonly include?: readonly string[];
  readonly nullsNotDistinct?: boolean;
}

export interface ReflectedCheckConstraint extends ReflectedConstraint {
  readonly sqltext: string;
}

export interface ReflectedExcludeConstraint extends ReflectedConstraint {
  /** Expressions as SQL text, each with its operator. */
  readonly elements: readonly (readonly [string, string])[];
  readonly using: string;
  readonly where: string | null;
}

export interface ReflectedIndex {
  readonly name: string;
  /** Null stands for an expression. */
  readonly columnNames: readonly (string | null)[];
  /** All parts as SQL text, where one of them is an expression. */
  readonly expressions: readonly string[] | null;
  readonly unique: boolean;
  /** By column name or expression: `desc`, `nulls_first`, `nulls_last`. */
  readonly columnSorting: Readonly<Record<string, readonly string[]>>;
  /** The constraint that the index belongs to. */
  readonly duplicatesConstraint: string | null;
  /** It is the part of an index of the table of which this one is a partition, and comes with it. */
  readonly ofParent?: boolean;
  /** The condition of a partial index. */
  readonly where: string | null;
  readonly comment?: string | null;
  /** What only some databases have. */
  readonly dialectOptions: {
    readonly using?: string;
    readonly include?: readonly string[];
    readonly with?: Readonly<Record<string, string>>;
    /** Operator classes by column name or expression. */
    readonly ops?: Readonly<Record<string, string>>;
    /** Collations by column name or expression, where they are not the column's own. */
    readonly collations?: Readonly<Record<string, string>>;
    /** The schemas of those collations that are not found without. */
    readonly collationSchemas?: Readonly<Record<string, string>>;
    readonly nullsNotDistinct?: boolean;
    readonly tablespace?: string;
  };
}

/** A sequence of its own, with what differs from the database's defaults. */
export interface ReflectedSequence extends SequenceOptions {
  readonly name: string;
  readonly schema: string | null;
  /** The type's name. */
  readonly typeName: string;
  /** It belongs to a column (`serial`), and goes with it. */
  readonly owned?: boolean;
}

/** An enum type. */
export interface ReflectedEnum {
  readonly name: string;
  /** Null where the search path finds it. */
  readonly schema: string | null;
  readonly labels: readonly string[];
}

/** A domain: a type over another, with rules. */
export interface ReflectedDomain {
  readonly name: string;
  /** Null where the search path finds it. */
  readonly schema: string | null;
  /** The type below. */
  readonly type: SQLType;
  readonly typeName: string;
  readonly nullable: boolean;
  readonly default: string | null;
  readonly collation: string | null;
  /** Null where the collation is found without. */
  readonly collationSchema: string | null;
  readonly constraints: readonly { readonly name: string; readonly check: string }[];
}

/** Everything about one table or view. */
export interface ReflectedTable {
  readonly name: string;
  readonly schema: string | null;
  readonly kind: ReflectedKind;
  readonly columns: readonly ReflectedColumn[];
  readonly primaryKey: ReflectedPrimaryKey;
  readonly foreignKeys: readonly ReflectedForeignKey[];
  readonly uniqueConstraints: readonly ReflectedUniqueConstraint[];
  readonly checkConstraints: readonly ReflectedCheckConstraint[];
  readonly excludeConstraints: readonly ReflectedExcludeConstraint[];
  readonly indexes: readonly ReflectedIndex[];
  readonly comment: string | null;
  /** Options as the dialect's `dialectOptions` of a table take them. */
  readonly options: Readonly<Record<string, unknown>>;
  /** Sequences of their own that columns' defaults draw from. */
  readonly sequences: readonly TypedSequence[];
  /** Why its columns are not known, or null. */
  readonly unreadable: string | null;
}

/** A sequence with its type as an object. */
export type TypedSequence = ReflectedSequence & { readonly type: SQLType };

/** Which tables and views are meant. */
export interface ReflectionScope {
  /** Null is the default schema. */
  readonly schema: string | null;
  /** Only these; all of the schema where null. */
  readonly names: readonly string[] | null;
  readonly kinds: readonly ReflectedKind[];
  readonly scope: "default" | "temporary" | "any";
}
