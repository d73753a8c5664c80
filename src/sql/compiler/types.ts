/** Names of types and collations. */
import type { IdentifierPreparer, TypeRenderer } from "../dialect.js";
import { CompileError } from "../errors.js";
import { type BinaryType, type NumericType, StringType } from "../types/base.js";
import type { DomainType } from "../types/domain.js";
import type { TypeDecorator, UserDefinedType } from "../types/extensible.js";
import type { ArrayType, EnumType } from "../types/structured.js";
import type { DateTimeType, IntervalType, TimeType } from "../types/temporal.js";
import { plainType, type SQLType, type TypeDialect } from "../types/type.js";
import { customCompiler } from "./custom.js";

/** A collation's name, always in quotes: `"de_DE"` is not `de_de`. */
export function collationName(
  { identifiers }: { readonly identifiers: IdentifierPreparer },
  name: string,
  schema: string | null,
): string {
  return `${schema === null ? "" : `${identifiers.quoteIfNeeded(schema)}.`}${identifiers.quote(name)}`;
}

/** Names of types as standard SQL has them; a dialect overrides what differs. */
export class TypeCompiler implements TypeRenderer {
  constructor(readonly dialect: TypeDialect & { readonly identifiers: IdentifierPreparer }) {}

  render(type: SQLType): string {
    const plain = plainType(type);
    const own = plainType(plain.forDialect(this.dialect.name));
    const spelled = own.spelling(this.dialect.name);
    if (spelled !== null) return own instanceof StringType ? this.collated(spelled, own) : spelled;
    const custom = customCompiler(own, this.dialect.name);
    return custom === null ? this.renderBuiltin(plain) : custom(own, this as never);
  }

  /** A type's name, past what `compiles()` says of its class. */
  renderBuiltin(type: SQLType): string {
    const impl = this.dialect.typeImpl(plainType(type));
    const visit = (this as Record<string, unknown>)[impl.visitName];
    if (typeof visit !== "function") {
      throw new CompileError(
        `${this.dialect.name} has no name for the type ${type}. Use withVariant() to give it another there.`,
      );
    }
    return (visit as (type: SQLType) => string).call(this, impl);
  }

  visitNull(_type: SQLType): string {
    throw new CompileError(
      "a column without a type cannot be created. Give it one of t.*, or a foreign key whose column has one.",
    );
  }
  visitInteger(_type: SQLType): string {
    return "INTEGER";
  }
  visitSmallInteger(_type: SQLType): string {
    return "SMALLINT";
  }
  visitWideInteger(type: SQLType): string {
    return this.visitBigInteger(type);
  }
  visitBigInteger(_type: SQLType): string {
    return "BIGINT";
  }
  visitNumeric(type: NumericType): string {
    if (type.precision === null) return "NUMERIC";
    return type.scale === null ? `NUMERIC(${type.precision})` : `NUMERIC(${type.precision}, ${type.scale})`;
  }
  visitFloat(_type: SQLType): string {
    return "REAL";
  }
  visitDouble(_type: SQLType): string {
    return "DOUBLE PRECISION";
  }
  visitString(type: StringType): string {
    return this.collated(type.maxLength === null ? "VARCHAR" : `VARCHAR(${type.maxLength})`, type);
  }
  visitChar(type: StringType): string {
    return this.collated(`CHAR(${type.maxLength ?? 1})`, type);
  }
  visitText(type: StringType): string {
    return this.collated("TEXT", type);
  }
  protected collated(text: string, type: StringType): string {
    const { collation, collationSchema } = type;
    return collation === null ? text : `${text} COLLATE ${collationName(this.dialect, collation, collationSchema)}`;
  }
  visitBoolean(_type: SQLType): string {
    return "BOOLEAN";
  }
  visitDate(_type: SQLType): string {
    return "DATE";
  }
  visitTime(type: TimeType): string {
    const precision = type.precision === null ? "" : `(${type.precision})`;
    return `TIME${precision}${type.timezone ? " WITH TIME ZONE" : ""}`;
  }
  visitDateTime(type: DateTimeType): string {
    const precision = type.precision === null ? "" : `(${type.precision})`;
    return `TIMESTAMP${precision}${type.timezone ? " WITH TIME ZONE" : ""}`;
  }
  visitInterval(type: IntervalType): string {
    const fields = type.fields === null ? "" : ` ${type.fields.toUpperCase()}`;
    return `INTERVAL${fields}${type.precision === null ? "" : `(${type.precision})`}`;
  }
  visitJson(_type: SQLType): string {
    return "JSON";
  }
  visitJsonb(type: SQLType): string {
    return this.visitJson(type);
  }
  visitUuid(_type: SQLType): string {
    return this.dialect.capabilities.nativeUuid ? "UUID" : "CHAR(36)";
  }
  visitBinary(_type: BinaryType): string {
    return "BLOB";
  }
  visitEnum(type: EnumType): string {
    if (type.native && type.name !== null && this.dialect.capabilities.nativeEnum) {
      return this.dialect.identifiers.format({ name: type.name, schema: type.schema });
    }
    return `VARCHAR(${type.length})`;
  }
  visitDomain(type: DomainType): string {
    if (!this.dialect.capabilities.domains) {
      throw new CompileError(
        `${this.dialect.name} has no domains. Give the domain ${type.name} another type there with withVariant().`,
      );
    }
    return this.dialect.identifiers.format(type);
  }
  visitArray(type: ArrayType): string {
    if (!this.dialect.capabilities.nativeArray) {
      throw new CompileError(
        `${this.dialect.name} has no arrays. Use t.json, or t.array(...).withVariant(t.json(), ${JSON.stringify(this.dialect.name)}).`,
      );
    }
    return this.render(type.itemType) + "[]".repeat(type.dimensions ?? 1);
  }
  visitTypeDecorator(type: TypeDecorator<unknown>): string {
    return this.render(type.loadDialectImpl(this.dialect));
  }
  visitUserDefined(type: UserDefinedType<unknown>): string {
    return type.getColSpec(this.dialect);
  }
}
