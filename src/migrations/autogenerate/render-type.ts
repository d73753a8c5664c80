/** Types as the TypeScript that makes them. */
import type { BinaryType, NumericType, StringType } from "../../sql/types/base.js";
import type { DomainType } from "../../sql/types/domain.js";
import { TypeDecorator } from "../../sql/types/extensible.js";
import type { ArrayType, EnumType } from "../../sql/types/structured.js";
import type { DateTimeType, IntervalType } from "../../sql/types/temporal.js";
import { plainType, type SQLType } from "../../sql/types/type.js";
import { type CodeWriter, stringCode } from "./code-writer.js";

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
    case "visitEnum": {
      const { values, options } = type as unknown as EnumType;
      const { validate: _validate, metadata: _metadata, schema, ...rest } = options;
      const said = code.object({ ...rest, schema: schema ?? undefined } as Readonly<Record<string, unknown>>);
      return `${t}.enum(${code.value(values)}${said === "{}" ? "" : `, ${said}`})`;
    }
    case "visitArray": {
      const { itemType, dimensions } = type as unknown as ArrayType;
      return `${t}.array(${renderType(itemType, code)}${dimensions === null ? "" : `, { dimensions: ${dimensions} }`})`;
    }
    case "visitDomain": {
      const { name, baseType, schema, options } = type as unknown as DomainType;
      const { schema: _schema, metadata: _metadata, ...rest } = options;
      const said = code.object({ schema: schema ?? undefined, ...withoutNulls(rest) });
      const more = said === "{}" ? "" : `, ${said}`;
      return `new ${code.use("DomainType")}(${stringCode(name)}, ${renderType(baseType, code)}${more})`;
    }
    default:
      return `${t}.named(${JSON.stringify(code.dialect.typeCompiler.render(type))})`;
  }
}

function withoutNulls(options: object): Readonly<Record<string, unknown>> {
  return Object.fromEntries(Object.entries(options).filter(([, value]) => value !== null && value !== false));
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
