/** The domains of a database, each with the type below it: an enum, a list, another domain. */
import type { ReflectedDomain } from "../../sql/schema/reflected.js";
import { domainOf } from "../../sql/schema/reflected-domain.js";
import type { DomainType } from "../../sql/types/domain.js";
import { withoutOuterParentheses } from "./expression-text.js";
import { reflectedType } from "./type-names.js";

/** A row of the catalog's list of domains. */
type Row = readonly unknown[];

/** A domain. */
export interface FoundDomain {
  readonly reflected: ReflectedDomain;
  /** As columns have it; null for one that an extension has brought, which is no more than a name. */
  readonly type: DomainType | null;
  /** Whether it is in the schema that was asked for. */
  readonly isWanted: boolean;
}

/** The domains of rows, by their ids. */
export function domainsOf(rows: readonly Row[]): ReadonlyMap<number, FoundDomain> {
  const byId = new Map(rows.map((row) => [row[0] as number, row]));
  const found = new Map<number, FoundDomain>();
  const find = (id: number): FoundDomain | null => {
    const row = byId.get(id);
    if (row === undefined) return null;
    let domain = found.get(id);
    if (domain === undefined) {
      const reflected = reflectedDomain(row, (below) => find(below)?.type ?? null);
      const [isWanted, isBrought] = row.slice(14) as [boolean, boolean];
      domain = { reflected, type: isBrought ? null : domainOf(reflected), isWanted };
      found.set(id, domain);
    }
    return domain;
  };
  return new Map([...byId.keys()].map((id) => [id, find(id) as FoundDomain]));
}

function reflectedDomain(row: Row, typeOf: (id: number) => DomainType | null): ReflectedDomain {
  const [, name, place, visible, typeName, nullable, value, collation, collationSchema, checks] = row as [
    number,
    string,
    string,
    boolean,
    string,
    boolean,
    string | null,
    string | null,
    string | null,
    (readonly [string, string])[] | null,
  ];
  const [dimensions, enumeration, labels, below] = row.slice(10) as [
    number,
    [string, string | null] | null,
    string[] | null,
    number | null,
  ];
  return {
    name,
    schema: visible ? null : place,
    type: reflectedType(typeName, {
      enumeration: enumeration && { name: enumeration[0], schema: enumeration[1], labels: labels ?? [] },
      dimensions,
      domain: below === null ? null : typeOf(below),
    }),
    typeName,
    nullable,
    // A default that takes the one below away is written so.
    default: value !== null && /^NULL(?:::|$)/.test(value) ? null : value,
    collation,
    collationSchema,
    constraints: (checks ?? []).map(([check, definition]) => ({ name: check, check: checkText(definition) })),
  };
}

/** The condition of `CHECK ((VALUE > 0)) NOT VALID`. */
function checkText(definition: string): string {
  return withoutOuterParentheses(withoutOuterParentheses(/^CHECK (\(.*\))/s.exec(definition)?.[1] ?? definition));
}
