/** One declared class on its way to being mapped: what was said of it, and its mapper. */
import type { MetaData } from "../../sql/schema/metadata.js";
import type { Table } from "../../sql/schema/table.js";
import type {
  AnyClass,
  ColumnDeclaration,
  MapperOptions,
  PropertyDeclaration,
  RelationDeclaration,
} from "./declarations.js";
import type { Mapper } from "./mapper.js";
import type { NamingStrategy } from "./naming.js";

/** What a declaration needs of its registry. */
export interface DeclarationHome {
  readonly metadata: MetaData;
  readonly naming: NamingStrategy;
  /** The columns come from the database, later. */
  readonly deferReflection: boolean;
}

/** Everything that a class may say of itself and its table. */
export interface ClassOptions extends MapperOptions {
  readonly tableName?: string;
  readonly table?: Table;
  readonly schema?: string;
  readonly comment?: string;
  readonly tableArgs?: readonly unknown[] | (() => readonly unknown[]);
}

export class ClassDeclaration {
  readonly columns: readonly ColumnDeclaration[];
  readonly relations: RelationDeclaration[];

  constructor(
    readonly mapper: Mapper,
    readonly home: DeclarationHome,
    readonly options: ClassOptions,
    properties: readonly PropertyDeclaration[],
    /** The superclass of an imperative mapping; a decorated class's is found on its prototype chain. */
    readonly inherits: AnyClass | undefined = undefined,
  ) {
    this.columns = properties.filter((p): p is ColumnDeclaration => p.kind === "column");
    this.relations = properties.filter((p): p is RelationDeclaration => p.kind === "relation");
  }

  /** More relationships, before anything is worked out. */
  addRelations(properties: readonly PropertyDeclaration[]): void {
    for (const each of properties) if (each.kind === "relation") this.relations.push(each);
  }

  get className(): string {
    return this.mapper.className;
  }
}
