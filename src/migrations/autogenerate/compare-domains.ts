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
import { type IsIncluded, listedTypes, usedTypes } from "./compare-named.js";
import { keyOf } from "./renames.js";
import type { Snapshot } from "./snapshot.js";

/** What a comparison of domains has to know beside them. */
export interface DomainComparisonOptions {
  readonly isIncluded: IsIncluded;
  /** The domains of the classes, by `schema.name` or name. */
  readonly own: ReadonlyMap<string, DomainType>;
  /** The text of a check, so that two that differ in nothing are one. */
  readonly checkText: (sql: string) => string;
}

/** What is to be done about domains, by when it can be done. */
export interface DomainDifference {
  /** New ones, when the types that they are over are there. */
  readonly come: readonly MigrateOperation[];
  /** Rules that change, and domains that are made anew over another type. */
  readonly changed: readonly MigrateOperation[];
  /** The others, when no column has them any more. */
  readonly gone: readonly MigrateOperation[];
}

export function compareDomains(now: Snapshot, wanted: Snapshot, options: DomainComparisonOptions): DomainDifference {
  const { isIncluded, own } = options;
  const come: MigrateOperation[] = [];
  const changed: MigrateOperation[] = [];
  const inLists = listedTypes(now, wanted);
  for (const [key, after] of inOrder(wanted.domains)) {
    if (!isIncluded("domain", after, false)) continue;
    const before = now.domains.get(key);
    const written = domainOf(after, own.get(key));
    if (before === undefined) come.push(createDomain(written));
    else if (below(before) !== below(after)) changed.push(replaceDomain(written, domainOf(before)));
    else {
      const found = changes(before, after, written, options);
      // PostgreSQL looks at the rows that a new rule is for, and does not where they have it in lists: it refuses the rule.
      const isRule = found.some(({ kind }) => kind !== "alterDomain") || before.nullable !== after.nullable;
      changed.push(...(isRule && inLists(before) ? [replaceDomain(written, domainOf(before))] : found));
    }
  }
  const used = usedTypes(now);
  const gone = [...inOrder(now.domains)]
    .filter(([key, domain]) => !wanted.domains.has(key) && used(domain) && isIncluded("domain", domain, true))
    .map(([, domain]) => dropDomain(domain, domainOf(domain)));
  return { come, changed, gone: gone.reverse() };
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
  const isNamed = typeof written.options.check !== "string";
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
    ...added.map((each) => createDomainConstraint(after, each)),
  ];
}

/** Domains after those that they are over. */
function inOrder(domains: ReadonlyMap<string, ReflectedDomain>): ReadonlyMap<string, ReflectedDomain> {
  const sorted = new Map<string, ReflectedDomain>();
  const visit = (key: string, domain: ReflectedDomain): void => {
    if (sorted.has(key)) return;
    let type: unknown = domain.type;
    while (type !== undefined && !(type instanceof DomainType)) type = (type as { itemType?: unknown }).itemType;
    const base = type instanceof DomainType ? keyOf(type) : null;
    const under = base === null ? undefined : domains.get(base);
    if (base !== null && under !== undefined) visit(base, under);
    sorted.set(key, domain);
  };
  for (const [key, domain] of domains) visit(key, domain);
  return sorted;
}
