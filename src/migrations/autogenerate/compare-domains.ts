/** The difference in domains. */
import type { ReflectedDomain } from "../../sql/schema/reflected.js";
import { domainOf } from "../../sql/schema/reflected-domain.js";
import { DomainType } from "../../sql/types/domain.js";
import {
  alterDomain,
  createDomain,
  createDomainConstraint,
  type DomainChanges,
  dropDomain,
  dropDomainConstraint,
  replaceDomain,
} from "../operations/domain-operations.js";
import type { MigrateOperation } from "../operations/operation.js";
import { type IsIncluded, itemName, listedTypes, namesOf, usedTypes } from "./compare-named.js";
import type { Snapshot } from "./snapshot.js";

/** What a comparison of domains has to know beside them. */
export interface DomainComparisonOptions {
  readonly isIncluded: IsIncluded;
  /** The names of enums that are made anew with other values. */
  readonly replacedTypes: ReadonlySet<string>;
  /** The domains of the classes, by `schema.name` or name. */
  readonly own: ReadonlyMap<string, DomainType>;
  /** The text of a check, so that two that differ in nothing are one. */
  readonly checkText: (sql: string) => string;
}

/** What is to be done about domains, by when it can be done. */
export interface DomainDifference {
  /** New ones, when the types that they are over are there. */
  readonly come: readonly MigrateOperation[];
  /** Those that lose their rules for a while, as they stand on a type that is made anew and may take none of them. */
  readonly bared: readonly MigrateOperation[];
  /** Rules that change, and domains that are made anew over another type. */
  readonly changed: readonly MigrateOperation[];
  /** The others, when no column has them any more. */
  readonly gone: readonly MigrateOperation[];
}

export function compareDomains(now: Snapshot, wanted: Snapshot, options: DomainComparisonOptions): DomainDifference {
  const { isIncluded, own } = options;
  const come: MigrateOperation[] = [];
  const bared: MigrateOperation[] = [];
  const changed: MigrateOperation[] = [];
  const inLists = listedTypes(now, wanted);
  const isShaken = standsOnReplaced(now, wanted, options);
  /** The domain as it is when what it stands on is made anew. */
  const settled = (key: string, before: ReflectedDomain): ReflectedDomain => {
    if (!isShaken(key) || isBare(before)) return before;
    const bare = { ...before, nullable: true, default: null, constraints: [] };
    bared.push(replaceDomain(whole(bare), whole(before)));
    return bare;
  };
  for (const [key, after] of inOrder(wanted.domains)) {
    if (!isIncluded("domain", after, false)) continue;
    const found = now.domains.get(key);
    const written = whole(after, own.get(key));
    if (found === undefined) {
      come.push(createDomain(written));
      continue;
    }
    const isRebased = below(found) !== below(after);
    if (!isRebased && changes(found, after, written, options).length === 0) continue;
    const before = settled(key, found);
    const steps = changes(before, after, written, options);
    // PostgreSQL looks at the rows that a new rule is for, and does not where they have it in lists: it refuses the rule.
    const isRule = steps.some(({ kind }) => kind !== "alterDomain") || before.nullable !== after.nullable;
    if (isRebased || (isRule && inLists(after))) changed.push(replaceDomain(written, whole(before)));
    else changed.push(...steps);
  }
  const used = usedTypes(now);
  const gone = [...inOrder(now.domains)]
    .filter(([key, domain]) => !wanted.domains.has(key) && used(domain) && isIncluded("domain", domain, true))
    .map(([key, domain]) => dropDomain(domain, whole(settled(key, domain))));
  return { come, bared: bared.reverse(), changed, gone: gone.reverse() };
}

/** Tells of a domain, by its key, whether it is over a type that is made anew over another or with other values. */
function standsOnReplaced(
  now: Snapshot,
  wanted: Snapshot,
  { replacedTypes }: DomainComparisonOptions,
): (key: string) => boolean {
  const isReplaced = (key: string): boolean => {
    const [before, after] = [now.domains.get(key), wanted.domains.get(key)];
    return before !== undefined && after !== undefined && below(before) !== below(after);
  };
  const under = keysBelow(now.domains);
  const isShaken = (key: string): boolean => {
    if (replacedTypes.has(now.domains.get(key)?.typeName ?? "")) return true;
    const base = under.get(key);
    return base !== undefined && (isReplaced(base) || isShaken(base));
  };
  return isShaken;
}

/** The domain with all that it is, whatever the domain below has by then. */
function whole(found: ReflectedDomain, written: DomainType | null = null): DomainType {
  const { name, baseType, options } = domainOf(found, written);
  return new DomainType(name, baseType, { ...options, default: found.default });
}

function isBare({ nullable, default: value, constraints }: ReflectedDomain): boolean {
  return nullable && value === null && constraints.length === 0;
}

/** What a domain is over. */
function below({ typeName, collation, collationSchema }: ReflectedDomain): string {
  return JSON.stringify([typeName, collation, collationSchema]);
}

/** Rules that go first, then those that come: each value is in between one that fits. */
function changes(
  before: ReflectedDomain,
  after: ReflectedDomain,
  written: DomainType,
  { checkText }: DomainComparisonOptions,
): readonly MigrateOperation[] {
  const said = written.options.check ?? {};
  const isNamed = typeof said !== "string";
  const left = [...before.constraints];
  const added = after.constraints.filter(({ name, check }) => {
    const twin = left.find((each) => checkText(each.check) === checkText(check) && (!isNamed || each.name === name));
    if (twin !== undefined) left.splice(left.indexOf(twin), 1);
    return twin === undefined;
  });
  const was: { -readonly [K in keyof DomainChanges]: DomainChanges[K] } = {};
  const is: { -readonly [K in keyof DomainChanges]: DomainChanges[K] } = {};
  if (before.default !== after.default) [was.default, is.default] = [before.default, after.default];
  if (before.nullable !== after.nullable) [was.notNull, is.notNull] = [!before.nullable, !after.nullable];
  return [
    ...left.map((each) => dropDomainConstraint(after, each)),
    ...(Object.keys(is).length === 0 ? [] : [alterDomain(after, is, was)]),
    ...added.map(({ name, check }) =>
      createDomainConstraint(after, { name, check: isNamed ? (said[name] ?? check) : said }),
    ),
  ];
}

/** Domains after those that they are over. */
function inOrder(domains: ReadonlyMap<string, ReflectedDomain>): ReadonlyMap<string, ReflectedDomain> {
  const sorted = new Map<string, ReflectedDomain>();
  const under = keysBelow(domains);
  const visit = (key: string, domain: ReflectedDomain): void => {
    if (sorted.has(key)) return;
    const base = under.get(key);
    if (base !== undefined) visit(base, domains.get(base) as ReflectedDomain);
    sorted.set(key, domain);
  };
  for (const [key, domain] of domains) visit(key, domain);
  return sorted;
}

/** The keys of the domains that domains, by key, are over, or whose lists they are over. */
function keysBelow(domains: ReadonlyMap<string, ReflectedDomain>): ReadonlyMap<string, string> {
  const keys = new Map([...domains].flatMap(([key, domain]) => namesOf(domain).map((name) => [name, key] as const)));
  const under = new Map<string, string>();
  for (const [key, { typeName }] of domains) {
    const base = keys.get(itemName(typeName));
    if (base !== undefined) under.set(key, base);
  }
  return under;
}
