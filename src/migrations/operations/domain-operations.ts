/** Domains: types over others, with rules. */
import type { ExistsOptions } from "../../sql/ddl/elements.js";
import type { DomainType } from "../../sql/types/domain.js";
import { DropType, fullName, type QualifiedName, ReplaceType } from "./alter.js";
import { AlterDomain, type DomainChange } from "./alter-domain.js";
import { CreateTypeIfAbsent } from "./missing-types.js";
import { given } from "./named-operations.js";
import { StatementOperation } from "./statement-operation.js";

/** The arguments that make a domain: its name, the type below and its rules. */
function definition({ name, schema, baseType, said }: DomainType): readonly unknown[] {
  return given({ name, schema }, [name, baseType], said);
}

export function createDomain(domain: DomainType): StatementOperation {
  const element = new CreateTypeIfAbsent(domain);
  return new StatementOperation("createDomain", `create domain ${fullName(domain)}`, definition(domain), element, {
    repeatable: true,
    undo: () => dropDomain(domain, domain),
  });
}

/** @param domain as it was, for the reverse */
export function dropDomain(
  on: QualifiedName,
  domain: DomainType | null,
  options: ExistsOptions = {},
): StatementOperation {
  const { name, schema = null } = on;
  return new StatementOperation(
    "dropDomain",
    `drop domain ${fullName(on)}`,
    given({ name, schema }, [name], options),
    new DropType({ name, schema }, "DOMAIN", options),
    {
      repeatable: options.ifExists === true,
      undo: domain === null ? null : () => createDomain(domain),
    },
  );
}

/** Gives a domain another type below: a new domain takes the place of the old one. @param before as it was, for the reverse */
export function replaceDomain(domain: DomainType, before: DomainType | null): StatementOperation {
  return new StatementOperation(
    "replaceDomain",
    `replace domain ${fullName(domain)}`,
    definition(domain),
    new ReplaceType(domain, domain),
    { undo: before === null ? null : () => replaceDomain(before, domain) },
  );
}

/** What `op.alterDomain` changes. */
export interface DomainChanges {
  readonly notNull?: boolean;
  /** As SQL text; null for none. */
  readonly default?: string | null;
}

/** @param before the rules before, for the reverse */
export function alterDomain(
  { name, schema = null }: QualifiedName,
  changes: DomainChanges,
  before: DomainChanges | null = null,
): StatementOperation {
  const on = { name, schema };
  const elements: AlterDomain[] = [];
  if (changes.default !== undefined) elements.push(new AlterDomain(on, { kind: "default", value: changes.default }));
  if (changes.notNull !== undefined) elements.push(new AlterDomain(on, { kind: "notNull", value: changes.notNull }));
  return new StatementOperation("alterDomain", `alter domain ${fullName(on)}`, given(on, [name], changes), elements, {
    repeatable: true,
    undo: before === null ? null : () => alterDomain(on, before, changes),
  });
}

/** A CHECK of a domain. */
export interface DomainCheck {
  /** Null lets the database name it. */
  readonly name: string | null;
  readonly check: string;
}

export function createDomainConstraint(
  { name, schema = null }: QualifiedName,
  added: DomainCheck,
  options: { readonly notValid?: boolean } = {},
): StatementOperation {
  const on = { name, schema };
  const change: DomainChange = { kind: "add", ...added, notValid: options.notValid === true };
  return new StatementOperation(
    "createDomainConstraint",
    `create constraint ${added.name ?? `(${added.check})`} on domain ${fullName(on)}`,
    given(on, [added.name, name, added.check], options),
    new AlterDomain(on, change),
    {
      undo:
        added.name === null ? null : () => dropDomainConstraint(on, added as DomainCheck & { readonly name: string }),
    },
  );
}

/** @param dropped its condition too, for the reverse */
export function dropDomainConstraint(
  { name, schema = null }: QualifiedName,
  dropped: { readonly name: string; readonly check?: string },
  options: { readonly ifExists?: boolean } = {},
): StatementOperation {
  const on = { name, schema };
  const { check } = dropped;
  return new StatementOperation(
    "dropDomainConstraint",
    `drop constraint ${dropped.name} on domain ${fullName(on)}`,
    given(on, [dropped.name, name], options),
    new AlterDomain(on, { kind: "drop", name: dropped.name, ifExists: options.ifExists === true }),
    {
      repeatable: options.ifExists === true,
      undo: check === undefined ? null : () => createDomainConstraint(on, { name: dropped.name, check }),
    },
  );
}

export function validateDomainConstraint(
  { name, schema = null }: QualifiedName,
  constraint: string,
): StatementOperation {
  const on = { name, schema };
  return new StatementOperation(
    "validateDomainConstraint",
    `validate constraint ${constraint} on domain ${fullName(on)}`,
    given(on, [constraint, name]),
    new AlterDomain(on, { kind: "validate", name: constraint }),
    { repeatable: true },
  );
}
