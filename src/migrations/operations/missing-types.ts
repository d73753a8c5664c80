/** Types that the database has to know before a column can be of them. */
import { compiles } from "../../sql/compiler/custom.js";
import type { DDLCompiler } from "../../sql/compiler/ddl.js";
import { DDLElement } from "../../sql/ddl/element.js";
import type { Dialect } from "../../sql/dialect.js";
import { createType, type NamedSchemaType, namedTypes } from "../../sql/schema/named-types.js";
import type { Table } from "../../sql/schema/table.js";

/** `CREATE TYPE` or `CREATE DOMAIN` where it is not there yet: another table may have brought it. */
export class CreateTypeIfAbsent extends DDLElement {
  override get visitName(): string {
    return "CreateTypeIfAbsent";
  }
  constructor(readonly type: NamedSchemaType) {
    super();
  }
}

compiles(CreateTypeIfAbsent, (ddl: CreateTypeIfAbsent, compiler: DDLCompiler) => {
  return `DO $create$ BEGIN ${compiler.process(createType(ddl.type))}; EXCEPTION WHEN duplicate_object THEN NULL; END $create$`;
});

/** The named types of a table's columns, to be created where they are absent. */
export function missingTypes(dialect: Dialect, table: Table): readonly DDLElement[] {
  return namedTypes(dialect, [table]).map((type) => new CreateTypeIfAbsent(type));
}
