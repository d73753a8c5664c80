import { bigIntType, binaryType, booleanType, integerType, textType } from "./base.js";
import { dateTimeType } from "./temporal.js";
import type { SQLType } from "./type.js";

/** The type of a property by what TypeScript emits for it (`design:type`), or null when that says nothing. */
export function typeFromMetadata(designType: unknown): SQLType | null {
  switch (designType) {
    case Number:
      return integerType as SQLType;
    case String:
      return textType as SQLType;
    case Boolean:
      return booleanType as SQLType;
    case BigInt:
      return bigIntType as SQLType;
    case Date:
      return dateTimeType as SQLType;
    default:
      return typeof designType === "function" &&
        (designType === Uint8Array || designType.prototype instanceof Uint8Array)
        ? (binaryType as SQLType)
        : null;
  }
}
