/** A compiled statement: its text, and what binds its values and reads its rows. */
import type { BoundValue } from "./key-context.js";
import type { Node } from "./node.js";
import type { SQLType } from "./types/type.js";

/** What a compiled statement does. */
export type StatementKind = "select" | "insert" | "update" | "delete" | "text" | "ddl";

/** A placeholder of a compiled statement. */
export interface CompiledParam {
  /** Its place among the binds of the cache key; -1 for a constant of the plan. */
  readonly index: number;
  readonly bind: BoundValue;
  /** The name it was given by `bindparam()`, or null. */
  readonly name: string | null;
  /** The value as the driver takes it; null when it passes unchanged. Called with null only where `bindsNull`. */
  readonly process: ((value: never) => unknown) | null;
  /** What it belongs to, for error messages. */
  readonly label: string;
  /** Its place in the list of an IN that is written out; null for a whole value. */
  readonly element: number | null;
  /** The row of a VALUES of several rows that it belongs to. */
  readonly row: number;
  /** Whether null is a value that `process` converts. */
  readonly bindsNull: boolean;
}

/** A column of the result. */
export interface ResultColumn {
  /** As the database names it. */
  readonly name: string;
  /** As the row names it. */
  readonly key: string;
  readonly type: SQLType;
  readonly element: Node;
}

/** A statement in a dialect's words, ready to be executed with different values. */
export interface Compiled {
  readonly text: string;
  readonly kind: StatementKind;
  readonly returnsRows: boolean;
  readonly statement: Node;
  /** The text depends on the lengths of the bound lists: another execution has to compile again. */
  readonly expanded: boolean;
  /** In the order in which the driver takes them. */
  readonly params: readonly CompiledParam[];
  /** Null where the columns are not known before execution (textual SQL). */
  readonly resultColumns: readonly ResultColumn[] | null;
  /**
   * The values for the driver, in its order.
   *
   * @param binds the binds of the cache key of the statement that is executed, which has this one's shape
   * @param named values given at execution, by the name of their `bindparam` or by column key
   * @throws ArgumentError naming a parameter without a value, or one whose value does not fit its type
   */
  bind(binds: readonly BoundValue[], named?: Readonly<Record<string, unknown>>): unknown[];
  /**
   * The values of the statement that was compiled, as the driver takes them and in its order.
   *
   * @param named values of its named parameters
   * @throws ArgumentError naming a parameter without a value, or one whose value does not fit its type
   * @example client.query(compiled.text, compiled.values())
   */
  values(named?: Readonly<Record<string, unknown>>): unknown[];
}

/**
 * Schemas by the names that tables have, to those that the database has. `""` stands for tables without a schema, and as a
 * target (as null does) for the database's default.
 *
 * @example { "": "tenant_7", shared: "public" }
 */
export type SchemaTranslateMap = Readonly<Record<string, string | null>>;

/** Options of `compile()`. */
export interface CompileOptions {
  /** Write values into the SQL as literals. For printing and DDL; not for execution. */
  readonly literalBinds?: boolean;
  /** Write IN lists with one placeholder for each of their values. */
  readonly renderPostcompile?: boolean;
  /** Column keys whose values come at execution: the columns of an INSERT without `values()`, extra SET of an UPDATE. */
  readonly columnKeys?: readonly string[];
  /** Other names for schemas. Without it those of the dialect hold, where it was made with some. */
  readonly schemaTranslateMap?: SchemaTranslateMap;
  /** Render an UPDATE or DELETE that says neither `where()` nor `all()`. For printing statements that are being built. */
  readonly allowUnrestricted?: boolean;
  /** The binds of the statement's cache key, when the caller has them already. */
  readonly binds?: readonly BoundValue[];
}
