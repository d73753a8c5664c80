/** What the rest of the house knows of a dialect. */
import type { DialectCapabilities } from "./capabilities.js";
import type { Compiled, CompileOptions } from "./compiled.js";
import type { Node } from "./node.js";
import type { SQLType, TypeDialect } from "./types/type.js";

/** How a dialect writes names. */
export interface IdentifierPreparer {
  /** The longest name in bytes; longer generated names are cut and get a hash. */
  readonly maxLength: number;
  /** A name in quotes, whatever it is. @throws ArgumentError for a NUL or an empty name */
  quote(name: string): string;
  /** A name, in quotes where it needs them: capitals, reserved words, characters beyond `[a-z0-9_$]`. */
  quoteIfNeeded(name: string): string;
  /** A table's full name. */
  format(table: { readonly name: string; readonly schema: string | null }): string;
}

/** How the driver marks a parameter in the text. */
export type ParamStyle =
  /** `?` */
  | "qmark"
  /** `$1`: a bind that is used twice is listed once */
  | "numbered"
  /** `:name`, for printing */
  | "named";

/** Renders the names of types in DDL and CAST. */
export interface TypeRenderer {
  /** The type's name, e.g. `VARCHAR(50)`. */
  render(type: SQLType): string;
}

/** Renders statements. The class is `SQLCompiler`. */
export interface StatementRenderer {
  compile(): Compiled;
}

/** What the compiler asks of a database's dialect. It does no I/O; the engine's dialects extend it. */
export interface Dialect extends TypeDialect {
  readonly name: string;
  readonly capabilities: DialectCapabilities;
  readonly identifiers: IdentifierPreparer;
  readonly paramStyle: ParamStyle;
  readonly defaultSchemaName: string | null;
  /** The class that compiles statements, a subclass of `SQLCompiler`. */
  readonly statementCompiler: new (
    dialect: Dialect,
    statement: Node,
    options: CompileOptions,
  ) => StatementRenderer;
  /** The class that compiles DDL, a subclass of `DDLCompiler`. */
  readonly ddlCompiler: new (
    dialect: Dialect,
    statement: Node,
    options: CompileOptions,
  ) => StatementRenderer;
  readonly typeCompiler: TypeRenderer;
  /** Told of a statement whose FROM elements nothing ties together, when it is compiled. An engine sets it. */
  onCartesianProduct?: ((warning: string) => void) | null;
  /** Whether a list of values of a type is bound as one parameter; where it is not, the list is written out. */
  listsAsOne(type: SQLType): boolean;
  /** The dialect's own implementation of a type, memoized. */
  typeImpl<T>(type: SQLType<T>): SQLType<T>;
}
