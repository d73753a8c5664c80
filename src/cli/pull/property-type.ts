/** The TypeScript type of a column's values. */
import { MultirangeType, RangeType } from "../../dialects/postgresql/ranges.js";
import type { CodeWriter } from "../../migrations/autogenerate/code-writer.js";
import type { DomainType } from "../../sql/types/domain.js";
import { NamedType, TypeDecorator } from "../../sql/types/extensible.js";
import type { ArrayType, EnumType } from "../../sql/types/structured.js";
import type { SQLType } from "../../sql/types/type.js";

const PLAIN: Readonly<Record<string, string>> = {
  visitInteger: "number",
  visitSmallInteger: "number",
  visitBigInteger: "bigint",
  visitNumeric: "string",
  visitFloat: "number",
  visitDouble: "number",
  visitString: "string",
  visitChar: "string",
  visitText: "string",
  visitBoolean: "boolean",
  visitDate: "string",
  visitTime: "string",
  visitDateTime: "Date",
  visitInterval: "string",
  visitUuid: "string",
  visitBinary: "Uint8Array",
};

/** `string`, `"a" | "b"`, `number[]`: what an attribute of a type holds when it is not null. */
export function propertyType(type: SQLType, code: CodeWriter): string {
  const plain = PLAIN[type.visitName];
  if (plain !== undefined) return plain;
  switch (type.visitName) {
    case "visitEnum":
      return (type as unknown as EnumType).values.map((each) => JSON.stringify(each)).join(" | ");
    case "visitJson":
    case "visitJsonb":
      code.use("type Json");
      return "Json<unknown>";
    case "visitDomain":
      return propertyType((type as unknown as DomainType).baseType as SQLType, code);
    case "visitArray": {
      const item = propertyType((type as unknown as ArrayType).itemType, code);
      return /[ |]/.test(item) ? `(${item})[]` : `${item}[]`;
    }
    default:
      if (type instanceof RangeType || type instanceof MultirangeType) {
        code.use("type Range");
        return `Range<${propertyType(type.itemType, code)}>${type instanceof MultirangeType ? "[]" : ""}`;
      }
      if (type instanceof TypeDecorator) return propertyType(type.loadDialectImpl(code.dialect), code);
      return type instanceof NamedType ? namedValue(type.spec, code) : "unknown";
  }
}

/** What is read of a type that has but a name: PostgreSQL writes all as text, and an object's id is a number. SQLite keeps what it is given. */
function namedValue(name: string, { dialect }: CodeWriter): string {
  if (dialect.name !== "postgresql") return "unknown";
  return name === "oid" ? "number" : "string";
}
