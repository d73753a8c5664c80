/** Standard SQL: the dialect that others start from. */
import { type DialectCapabilities, standardCapabilities } from "./capabilities.js";
import { DDLCompiler } from "./compiler/ddl.js";
import { SQLCompiler } from "./compiler/dml.js";
import { TypeCompiler } from "./compiler/types.js";
import type { Dialect, IdentifierPreparer, ParamStyle, TypeRenderer } from "./dialect.js";
import { StandardIdentifiers } from "./identifiers.js";
import type { JsonCell } from "./types/json-cell.js";
import { plainType, type SQLType } from "./types/type.js";

/**
 * Standard SQL. It prints statements that no engine is known for, and other dialects start from it.
 *
 * A subclass overrides fields, `adaptType` (its own implementation of a type) and the compiler classes.
 */
export class DefaultDialect implements Dialect {
  readonly name: string = "default";
  readonly capabilities: DialectCapabilities = standardCapabilities;
  readonly identifiers: IdentifierPreparer = new StandardIdentifiers();
  readonly paramStyle: ParamStyle = "named";
  readonly defaultSchemaName: string | null = null;
  readonly statementCompiler: Dialect["statementCompiler"] = SQLCompiler;
  readonly ddlCompiler: Dialect["ddlCompiler"] = DDLCompiler;
  readonly typeCompiler: TypeRenderer = new TypeCompiler(this);
  onCartesianProduct: ((warning: string) => void) | null = null;
  private readonly types = new Map<SQLType, SQLType>();

  typeImpl<T>(type: SQLType<T>): SQLType<T> {
    const known = this.types.get(type as SQLType);
    if (known !== undefined) return known as SQLType<T>;
    const own = plainType(plainType(type).forDialect(this.name));
    const impl = this.adaptType(own as SQLType);
    // types that statements make up as they go (t.string(n), casts) must not fill the memory
    if (this.types.size > 5_000) this.types.clear();
    this.types.set(type as SQLType, impl);
    return impl as SQLType<T>;
  }

  listsAsOne(type: SQLType): boolean {
    return this.capabilities.arrayParameters && this.typeImpl(type).family !== "null";
  }

  jsonCell(type: SQLType): JsonCell {
    return { write: (sql) => sql, read: this.typeImpl(type).resultProcessor(this) as JsonCell["read"] };
  }

  /** The dialect's own implementation of a type; the type itself where there is none. */
  protected adaptType(type: SQLType): SQLType {
    return type;
  }
}

export const defaultDialect: Dialect = new DefaultDialect();
