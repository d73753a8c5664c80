/** What counts up: sequences and identities without the options that every one has where nothing is said. */

import { t } from "../../sql/types/t.js";
import type { SQLType } from "../../sql/types/type.js";

const LARGEST: Readonly<Record<string, string>> = {
  smallint: "32767",
  integer: "2147483647",
  bigint: "9223372036854775807",
};

/** The type of a sequence. @param name as PostgreSQL writes it */
export function sequenceType(name: string): SQLType {
  return name === "smallint" ? t.smallint : name === "integer" ? t.integer : t.bigint;
}

/** The options that say something. @param typeName the type as PostgreSQL writes it */
export function tellingOptions(options: object, typeName: string): object {
  const descends = Number((options as { readonly increment?: number | bigint }).increment ?? 1) < 0;
  const usual: Readonly<Record<string, unknown>> = {
    always: "false",
    increment: "1",
    cache: "1",
    cycle: "false",
    // Those of a sequence that counts down are others, and are said.
    ...(descends ? {} : { start: "1", minValue: "1", maxValue: LARGEST[typeName] }),
  };
  return Object.fromEntries(Object.entries(options).filter(([key, value]) => usual[key] !== String(value)));
}

/** The options that are others than before; those that follow the type of the column are not said. */
export function changedOptions(before: object, after: object, typeBefore: string, type: string): object {
  const old = before as Readonly<Record<string, unknown>>;
  const follows = (key: string, value: unknown): boolean =>
    key === "maxValue" && String(value) === LARGEST[type] && String(old[key]) === LARGEST[typeBefore];
  return Object.fromEntries(
    Object.entries(after).filter(([key, value]) => String(old[key]) !== String(value) && !follows(key, value)),
  );
}
