/** Types as the TypeScript that makes them. */
import { MultirangeType, RangeType, rangeTypes } from "../../dialects/postgresql/ranges.js";
import type { BinaryType, NumericType, StringType } from "../../sql/types/base.js";
import type { DomainType } from "../../sql/types/domain.js";
import { TypeDecorator } from "../../sql/types/extensible.js";
import type { ArrayType, EnumType } from "../../sql/types/structured.js";
import type { DateTimeType, IntervalType } from "../../sql/types/temporal.js";
import { plainType, type SQLType } from "../../sql/types/type.js";
import { type Coded, type CodeWriter, stringCode } from "./code-writer.js";

/** Renders a type of your own; null leaves it to the others. */
export type TypeWriter = (type: SQLType, code: CodeWriter) => string | null;

const writers: TypeWriter[] = [];

/** Registers how types of your own are written into files. Left out, a file has the type that they stand on. */
export function rendersType(writer: TypeWriter): void {
  writers.push(writer);
}

const PLAIN: Readonly<Record<string, string>> = {
  visitInteger: "integer",
  visitSmallInteger: "smallint",
  visitBigInteger: "bigint",
  visitFloat: "float",
  visitDouble: "double",
  visitBoolean: "boolean",
  visitDate: "date",
  visitJson: "json",
  visitJsonb: "jsonb",
  visitUuid: "uuid",
};

/** A type as code: `t.string(50)`, with what stands in for it on other databases. */
export function renderType(given: SQLType, code: CodeWriter): string {
  const type = plainType(given);
  for (const writer of writers) {
    const text = writer(type, code);
    if (text !== null) return text;
  }
  if (type instanceof TypeDecorator) return renderType(type.loadDialectImpl(code.dialect), code);
  const { variants, spellings } = type.adaptations;
  let text = unadapted(type, code);
  for (const [dialect, variant] of variants)
    text += `.withVariant(${renderType(variant, code)}, ${JSON.stringify(dialect)})`;
  if (text.includes(".named(")) return text; // by that name already
  for (const [dialect, name] of spellings)
    text += `.spelled(${stringCode(name)}${dialect === "*" ? "" : `, ${JSON.stringify(dialect)}`})`;
  return text;
}

function unadapted(type: SQLType, code: CodeWriter): string {
  const t = code.use("t");
  const plain = PLAIN[type.visitName];
  if (plain !== undefined) return `${t}.${plain}`;
  switch (type.visitName) {
    case "visitNumeric": {
      const { precision, scale } = type as unknown as NumericType;
      return precision === null ? `${t}.numeric` : `${t}.numeric(${precision}${scale === null ? "" : `, ${scale}`})`;
    }
    case "visitString":
    case "visitChar":
    case "visitText":
      return stringTypeCode(type as unknown as StringType, code);
    case "visitTime":
      return `${t}.time${timeOptions(type as unknown as DateTimeType, code)}`;
    case "visitDateTime":
      return `${t}.datetime${timeOptions(type as unknown as DateTimeType, code)}`;
    case "visitInterval": {
      const { fields, precision } = type as unknown as IntervalType;
      const options = code.object({ fields: fields ?? undefined, precision: precision ?? undefined });
      return options === "{}" ? `${t}.interval` : `${t}.interval(${options})`;
    }
    case "visitBinary": {
      const { maxLength } = type as unknown as BinaryType;
      return maxLength === null ? `${t}.binary` : `${t}.binary(${maxLength})`;
    }
    case "visitEnum":
      return enumCode(type as unknown as EnumType, code);
    case "visitArray": {
      const { itemType, dimensions } = type as unknown as ArrayType;
      return `${t}.array(${renderType(itemType, code)}${dimensions === null ? "" : `, { dimensions: ${dimensions} }`})`;
    }
    case "visitDomain":
      return domainCode(type as unknown as DomainType, code);
    default:
      if (isBuiltInRange(type)) return `${code.use("postgresql")}.${type.rangeName}`;
      return `${t}.named(${JSON.stringify(code.dialect.typeCompiler.render(type))})`;
  }
}

/** @param more options that are code already */
export function enumCode({ values, options }: EnumType, code: CodeWriter, more: Coded = {}): string {
  const { validate: _validate, metadata: _metadata, schema, ...rest } = options;
  const said = code.object({ ...rest, schema: schema ?? undefined }, more);
  return `${code.use("t")}.enum(${code.value(values)}${said === "{}" ? "" : `, ${said}`})`;
}

/** @param more options that are code already */
export function domainCode(type: DomainType, code: CodeWriter, more: Coded = {}): string {
  const said = code.object({ schema: type.schema ?? undefined, ...type.said }, more);
  return `new ${code.use("DomainType")}(${stringCode(type.name)}, ${renderType(type.baseType, code)}${said === "{}" ? "" : `, ${said}`})`;
}

function isBuiltInRange(type: SQLType): type is RangeType<unknown> | MultirangeType<unknown> {
  return (
    (type instanceof RangeType || type instanceof MultirangeType) &&
    (rangeTypes as Readonly<Record<string, SQLType>>)[type.rangeName] === type
  );
}

function stringTypeCode(type: StringType, code: CodeWriter): string {
  const t = code.use("t");
  const { collation: name, collationSchema: schema } = type;
  const collation = name === null ? null : code.object({ collation: name, collationSchema: schema ?? undefined });
  if (type.kind === "text") return collation === null ? `${t}.text` : `${t}.text(${collation})`;
  const collated =
    name === null ? "" : `.collated(${code.value(name)}${schema === null ? "" : `, ${code.value(schema)}`})`;
  if (type.kind === "char") return `${t}.char(${type.maxLength ?? 1})${collated}`;
  if (type.maxLength === null) return `${t}.string${collated}`;
  return collation === null ? `${t}.string(${type.maxLength})` : `${t}.string(${type.maxLength}, ${collation})`;
}

function timeOptions(type: DateTimeType, code: CodeWriter): string {
  const options = code.object({ timezone: type.timezone || undefined, precision: type.precision ?? undefined });
  return options === "{}" ? "" : `(${options})`;
}
