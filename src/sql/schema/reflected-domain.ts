/** A domain that was found in a database, as the type that makes it. */
import { DomainType } from "../types/domain.js";
import type { ReflectedDomain } from "./reflected.js";

/** The domain that was found, as a type. @param written what a program says of it in its own words, in place of the database's */
export function domainOf(found: ReflectedDomain, written: DomainType | null = null): DomainType {
  const { name, schema, type, nullable, default: value, collation, collationSchema, constraints } = found;
  const check = written?.options.check ?? Object.fromEntries(constraints.map((each) => [each.name, each.check]));
  return new DomainType(name, written?.baseType ?? type, {
    schema,
    ...(nullable ? {} : { notNull: true }),
    // Where nothing is said it has the default of the domain below.
    ...(value === null && !(type instanceof DomainType && type.options.default != null) ? {} : { default: value }),
    ...(collation === null ? {} : { collation }),
    ...(collationSchema === null ? {} : { collationSchema }),
    ...(constraints.length === 0 ? {} : { check }),
  });
}
