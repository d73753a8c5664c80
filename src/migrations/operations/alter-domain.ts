/** `ALTER DOMAIN`, one rule at a time. */
import { compiles } from "../../sql/compiler/custom.js";
import type { DDLCompiler } from "../../sql/compiler/ddl.js";
import { AlterTable, named, type QualifiedName } from "./alter.js";

/** What becomes of a rule of a domain. */
export type DomainChange =
  /** DEFAULT, as SQL text; null for none. */
  | { readonly kind: "default"; readonly value: string | null }
  | { readonly kind: "notNull"; readonly value: boolean }
  /** A CHECK; with `notValid`, values that are there already are not looked at. */
  | { readonly kind: "add"; readonly name: string | null; readonly check: string; readonly notValid: boolean }
  | { readonly kind: "drop"; readonly name: string; readonly ifExists: boolean }
  | { readonly kind: "validate"; readonly name: string };

/** `ALTER DOMAIN`. */
export class AlterDomain extends AlterTable {
  constructor(
    on: QualifiedName,
    readonly change: DomainChange,
  ) {
    super(on);
  }
}

function changeText(change: DomainChange, compiler: DDLCompiler): string {
  switch (change.kind) {
    case "default":
      return change.value === null ? "DROP DEFAULT" : `SET DEFAULT ${change.value}`;
    case "notNull":
      return `${change.value ? "SET" : "DROP"} NOT NULL`;
    case "add": {
      const prefix = change.name === null ? "" : `CONSTRAINT ${compiler.quote(change.name)} `;
      return `ADD ${prefix}CHECK (${change.check})${change.notValid ? " NOT VALID" : ""}`;
    }
    case "drop":
      return `DROP CONSTRAINT ${change.ifExists ? "IF EXISTS " : ""}${compiler.quote(change.name)}`;
    case "validate":
      return `VALIDATE CONSTRAINT ${compiler.quote(change.name)}`;
  }
}

compiles(AlterDomain, ({ on, change }: AlterDomain, compiler: DDLCompiler) => {
  return `ALTER DOMAIN ${named(compiler, on)} ${changeText(change, compiler)}`;
});
compiles(AlterDomain, "sqlite", (_ddl: AlterDomain, compiler: DDLCompiler) =>
  compiler.refuse("ALTER DOMAIN", "There are no domains: a column has its type and its checks here."),
);
