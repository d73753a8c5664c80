/** The scenario files: small programs in JSON whose results were recorded from the real SQLAlchemy (format 1). */

export interface Scenario {
  readonly format: 1;
  readonly name: string;
  readonly area: string;
  readonly description?: string;
  readonly tags?: readonly string[];
  readonly options?: ScenarioOptions;
  readonly schema: Schema;
  readonly steps: readonly Step[];
  /** `expected[i]` belongs to `steps[i]`. */
  readonly expected: readonly StepResult[];
  /** What SQLAlchemy 2 does where it differs: agreeing with it entirely passes too. */
  readonly expectedAlt?: { readonly version: string; readonly steps: readonly StepResult[] };
}

export interface ScenarioOptions {
  readonly autoflush?: boolean;
  readonly expireOnCommit?: boolean;
  readonly foreignKeys?: boolean;
}

export interface Schema {
  /** In dependency order for inheritance: a base precedes its subclasses. */
  readonly entities: Readonly<Record<string, EntitySchema>>;
  /** Plain tables without an entity. */
  readonly tables?: Readonly<Record<string, TableSchema>>;
}

export interface TableSchema {
  readonly columns: Readonly<Record<string, ColumnSchema>>;
  readonly foreignKeys?: readonly CompositeForeignKey[];
  readonly uniques?: readonly (readonly string[])[];
}

export interface EntitySchema extends TableSchema {
  /** Absent for single-table subclasses. */
  readonly table?: string;
  readonly relationships?: Readonly<Record<string, RelationshipSchema>>;
  readonly versionColumn?: string;
  readonly extends?: string;
  readonly inheritance?: {
    readonly kind: "single" | "joined";
    readonly discriminatorColumn?: string;
    readonly discriminatorValue?: string;
    readonly withPolymorphic?: boolean | "*";
  };
}

export type ColumnKind = "integer" | "string" | "text" | "boolean" | "float" | "datetime" | "json";

export interface ColumnSchema {
  readonly type: ColumnKind;
  readonly length?: number;
  readonly nullable?: boolean;
  readonly primaryKey?: boolean;
  readonly autoincrement?: boolean;
  readonly unique?: boolean;
  readonly default?: unknown;
  readonly foreignKey?: {
    readonly table: string;
    readonly column: string;
    readonly onDelete?: string;
    readonly onUpdate?: string;
    readonly deferrable?: boolean;
    readonly useAlter?: boolean;
  };
}

export interface CompositeForeignKey {
  readonly columns: readonly string[];
  readonly refTable: string;
  readonly refColumns: readonly string[];
  readonly onDelete?: string;
}

export interface RelationshipSchema {
  readonly kind: "oneToMany" | "manyToOne" | "oneToOne" | "manyToMany";
  readonly target: string;
  readonly foreignKey?: { readonly columns: readonly string[]; readonly references?: readonly string[] };
  /** One to one only: this side holds the foreign key. */
  readonly owner?: boolean;
  readonly secondary?: {
    readonly table: string;
    readonly localColumns: readonly string[];
    readonly remoteColumns: readonly string[];
  };
  readonly backPopulates?: string;
  readonly cascade?: readonly string[];
  readonly passiveDeletes?: true | "all";
  readonly orderBy?: readonly string[];
  readonly remoteSide?: readonly string[];
  readonly postUpdate?: boolean;
  readonly viewonly?: boolean;
  readonly singleParent?: boolean;
  readonly lazy?: string;
}

/** Which loader strategy a `load` path asks for, for all of its segments or for each. */
export interface LoadPath {
  readonly path: string;
  readonly strategy: Strategy | readonly Strategy[];
}

export type Strategy = "selectin" | "joined" | "subquery" | "lazy" | "raise";

export type Condition = readonly [attribute: string, operator: string, value: unknown];

/** One step. `op` says which of the other fields it has: see the handlers. */
export interface Step {
  readonly op: string;
  readonly session?: string | null;
  readonly [field: string]: unknown;
}

export interface VerbCount {
  readonly statements: number;
  readonly rows?: number;
}

/** null: an action succeeded. */
export type StepResult = null | { readonly value: unknown } | { readonly error: string } | RunSyncResult;

export interface RunSyncResult {
  readonly steps: readonly StepResult[];
}
