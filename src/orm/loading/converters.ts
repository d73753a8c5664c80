/** What turns a driver's values into those of attributes. */
import type { Dialect } from "../../sql/dialect.js";
import type { SQLType } from "../../sql/types/type.js";
import type { Mapper } from "../mapping/mapper.js";
import { PerDialect } from "../per-dialect.js";

export type Converter = (raw: never) => unknown;

/** What turns the driver's value of a type into ours; null where it is the same. */
export function converterOf(type: SQLType, dialect: Dialect): Converter | null {
  return dialect.typeImpl(type).resultProcessor(dialect);
}

const converters = new PerDialect((mapper: Mapper, dialect): readonly (Converter | null)[] =>
  mapper.columnAttributes.map((attribute) => converterOf(attribute.type, dialect)),
);

/** The converters of a class's columns by slot, one array for each class and dialect. */
export function convertersOf(mapper: Mapper, dialect: Dialect): readonly (Converter | null)[] {
  return converters.get(mapper, dialect);
}

/** The bits of the slots that may keep the driver's value until it is first read. */
export function lazyBits(mapper: Mapper, dialect: Dialect): number {
  const own = convertersOf(mapper, dialect);
  let bits = 0;
  for (const { slot, type, bit } of mapper.columnAttributes) {
    if (own[slot] !== null && dialect.typeImpl(type).lazyResult) bits |= bit;
  }
  return bits;
}
