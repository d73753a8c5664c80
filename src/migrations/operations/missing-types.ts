/** Types that the database has to know before a column can be of them. */
import { compiles } from "../../sql/compiler/custom.js";
import type { DDLCompiler } from "../../sql/compiler/ddl.js";
import { DDLElement } from "../../sql/ddl/element.js";
import type { Dialect } from "../../sql/dialect.js";
import { createType, type NamedSchemaType, namedTypes } from "../../sql/schema/named-types.js";
import type { Table } from "../../sql/schema/table.js";
import { quoteLiteral } from "../../sql/types/base.js";

/** `CREATE TYPE` or `CREATE DOMAIN` where it is not there yet: another table may have brought it. */
export class CreateTypeIfAbsent extends DDLElement {
  override get visitName(): string {
    return "CreateTypeIfAbsent";
  }
  constructor(readonly type: NamedSchemaType) {
    super();
  }
}

// An exception that is caught would do as well, but not in the transaction in which a domain has lost a check.
compiles(CreateTypeIfAbsent, ({ type }: CreateTypeIfAbsent, compiler: DDLCompiler) => {
  const { typeCompiler, identifiers } = compiler.dialect;
  const full = typeCompiler.render(type);
  // Not one that the search path finds elsewhere.
  const here = full === identifiers.quoteIfNeeded(type.name) ? "quote_ident(current_schema()) || " : "";
  const place = here + quoteLiteral(here === "" ? full : `.${full}`);
  return `DO $create$ BEGIN IF to_regtype(${place}) IS NULL THEN ${compiler.process(createType(type))}; END IF; END $create$`;
});

/** The named types of a table's columns, to be created where they are absent. */
export function missingTypes(dialect: Dialect, table: Table): readonly DDLElement[] {
  return namedTypes(dialect, [table]).map((type) => new CreateTypeIfAbsent(type));
}
