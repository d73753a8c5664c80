/** What a dialect can tell about an existing schema. */
import type {
  ReflectedCheckConstraint,
  ReflectedColumn,
  ReflectedDomain,
  ReflectedEnum,
  ReflectedExcludeConstraint,
  ReflectedForeignKey,
  ReflectedIndex,
  ReflectedKind,
  ReflectedPrimaryKey,
  ReflectedSequence,
  ReflectedUniqueConstraint,
  ReflectionScope,
  TypedSequence,
} from "../sql/schema/reflected.js";
import type { DriverConnection } from "./driver.js";
import type { Op } from "./io.js";

/** A table or view that was found, for the questions about it. */
export interface ReflectedRelation {
  readonly name: string;
  /** As it was asked for; null is the default schema. */
  readonly schema: string | null;
  readonly kind: ReflectedKind;
  /** What the database knows it by. */
  readonly id: number;
}

/** A question about many tables, answered in a number of statements that does not grow with them. */
export type AskAbout<T> = (
  c: DriverConnection,
  relations: readonly ReflectedRelation[],
) => Op<ReadonlyMap<ReflectedRelation, T>>;

/** One dialect's answers. `schema` null is the default schema. */
export interface ReflectionDialect {
  defaultSchemaName(c: DriverConnection): Op<string | null>;
  schemaNames(c: DriverConnection): Op<readonly string[]>;
  /** The tables and views of a scope, sorted by name. */
  relations(c: DriverConnection, scope: ReflectionScope): Op<readonly ReflectedRelation[]>;
  viewDefinition(c: DriverConnection, relation: ReflectedRelation): Op<string | null>;
  /** The views that the database cannot tell the columns of, and its reason, where it looks at a view only when it is asked. */
  readonly unreadable?: AskAbout<string>;
  hasSequence(c: DriverConnection, name: string, schema: string | null): Op<boolean>;
  hasType(c: DriverConnection, name: string, schema: string | null): Op<boolean>;
  sequences(c: DriverConnection, schema: string | null): Op<readonly ReflectedSequence[]>;
  /** Sequences of their own that the columns' defaults draw from, where there are sequences. */
  readonly defaultSequences?: AskAbout<readonly TypedSequence[]>;
  /** `"*"` asks for all schemas. */
  enums(c: DriverConnection, schema: string | null): Op<readonly ReflectedEnum[]>;
  domains(c: DriverConnection, schema: string | null): Op<readonly ReflectedDomain[]>;
  readonly columns: AskAbout<readonly ReflectedColumn[]>;
  readonly primaryKeys: AskAbout<ReflectedPrimaryKey>;
  readonly foreignKeys: AskAbout<readonly ReflectedForeignKey[]>;
  readonly uniqueConstraints: AskAbout<readonly ReflectedUniqueConstraint[]>;
  readonly checkConstraints: AskAbout<readonly ReflectedCheckConstraint[]>;
  readonly excludeConstraints: AskAbout<readonly ReflectedExcludeConstraint[]>;
  readonly indexes: AskAbout<readonly ReflectedIndex[]>;
  readonly tableComments: AskAbout<string | null>;
  /** Options as the dialect's `dialectOptions` of a table take them. */
  readonly tableOptions: AskAbout<Readonly<Record<string, unknown>>>;
}
