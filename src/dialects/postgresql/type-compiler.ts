import { TypeCompiler } from "../../sql/compiler/types.js";
import type { StringType } from "../../sql/types/base.js";
import { TypeDecorator, UserDefinedType } from "../../sql/types/extensible.js";
import { ArrayType, EnumType } from "../../sql/types/structured.js";
import { plainType, type SQLType } from "../../sql/types/type.js";

/** Names of types. */
export class PostgresqlTypeCompiler extends TypeCompiler {
  override visitJsonb(_type: SQLType): string {
    return "JSONB";
  }
  override visitBinary(_type: SQLType): string {
    return "BYTEA";
  }

  /**
   * The name that a parameter is cast to: without length, precision or collation, since a cast to `varchar(5)` cuts in
   * silence what an INSERT would refuse. Null for a type without a name.
   */
  castName(type: SQLType): string | null {
    const impl = this.dialect.typeImpl(plainType(type));
    if (impl instanceof TypeDecorator) return this.castName(plainType(impl.loadDialectImpl(this.dialect)));
    if (impl.family === "null") return null;
    if (impl instanceof ArrayType) {
      const item = this.castName(impl.itemType);
      return item === null ? null : `${item}[]`;
    }
    if (impl.family === "string") return (impl as StringType).kind === "char" ? "BPCHAR" : "VARCHAR";
    if (impl instanceof EnumType && !(impl.native && impl.name !== null)) return "VARCHAR";
    if (impl.family === "numeric") return "NUMERIC";
    const cast = (impl as { readonly castSpec?: string }).castSpec;
    if (cast !== undefined) return cast;
    if (impl instanceof UserDefinedType) return impl.getColSpec(this.dialect).replace(/\s*\([^()]*\)/, "");
    return this.render(impl).replace(/\(\d+\)/, "");
  }
}
