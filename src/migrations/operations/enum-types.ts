/** Types that the database has to know before a column can be of them. */
import type { EngineDialect } from "../../engine/dialect.js";
import { compiles } from "../../sql/compiler/custom.js";
import type { DDLCompiler } from "../../sql/compiler/ddl.js";
import { DDLElement } from "../../sql/ddl/element.js";
import { CreateEnumType, type NamedEnum } from "../../sql/ddl/elements.js";
import type { Column } from "../../sql/schema/column.js";
import { EnumType } from "../../sql/types/structured.js";
import type { SQLType } from "../../sql/types/type.js";

/** `CREATE TYPE ... AS ENUM` where it is not there yet: another table may have brought it. */
export class CreateEnumIfAbsent extends DDLElement {
  override get visitName(): string {
    return "CreateEnumIfAbsent";
  }
  constructor(readonly type: SQLType & NamedEnum) {
    super();
  }
}

compiles(CreateEnumIfAbsent, (ddl: CreateEnumIfAbsent, compiler: DDLCompiler) => {
  return `DO $create$ BEGIN ${compiler.process(new CreateEnumType(ddl.type))}; EXCEPTION WHEN duplicate_object THEN NULL; END $create$`;
});

/** The native enums of columns, to be created where they are absent. */
export function enumTypes(dialect: EngineDialect, columns: readonly Column[]): readonly DDLElement[] {
  if (!dialect.capabilities.nativeEnum) return [];
  const found = new Map<string, DDLElement>();
  for (const column of columns) {
    let type: SQLType = dialect.typeImpl(column.type);
    const item = (type as { readonly itemType?: SQLType }).itemType;
    if (item !== undefined) type = dialect.typeImpl(item);
    if (!(type instanceof EnumType) || !type.native || type.name === null) continue;
    found.set(`${type.schema ?? ""}.${type.name}`, new CreateEnumIfAbsent(type as SQLType & NamedEnum));
  }
  return [...found.values()];
}
