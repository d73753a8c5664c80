/** One declared class on its way to being mapped: what was said of it, and its mapper. */
import type { MetaData } from "../../sql/schema/metadata.js";
import type { DeclaredOptions } from "./abstract-bases.js";
import type {
  AnyClass,
  ColumnDeclaration,
  DescriptorDeclaration,
  ExpressionDeclaration,
  PropertyDeclaration,
  ReconstructorDeclaration,
  RelationDeclaration,
  ValidatorDeclaration,
} from "./declarations.js";
import type { TypeWords } from "./infer-type.js";
import type { Mapper } from "./mapper.js";
import type { NamingStrategy } from "./naming.js";

/** What a declaration needs of its registry. */
export interface DeclarationHome extends TypeWords {
  readonly metadata: MetaData;
  readonly naming: NamingStrategy;
  /** The columns come from the database, later. */
  readonly deferReflection: boolean;
}

/** Everything that a class may say of itself and its table. */
export interface ClassOptions extends Omit<DeclaredOptions, "tableName"> {
  readonly tableName?: string;
}

export class ClassDeclaration {
  readonly columns: readonly ColumnDeclaration[];
  readonly relations: RelationDeclaration[];
  readonly expressions: readonly ExpressionDeclaration[];
  readonly descriptors: readonly DescriptorDeclaration[];
  readonly validators: readonly ValidatorDeclaration[];
  readonly reconstructors: readonly ReconstructorDeclaration[];

  constructor(
    readonly mapper: Mapper,
    readonly home: DeclarationHome,
    readonly options: ClassOptions,
    properties: readonly PropertyDeclaration[],
    /** The superclass of an imperative mapping; a decorated class's is found on its prototype chain. */
    readonly inherits: AnyClass | undefined = undefined,
  ) {
    const of = <K extends PropertyDeclaration["kind"]>(kind: K): Extract<PropertyDeclaration, { kind: K }>[] =>
      properties.filter((p): p is Extract<PropertyDeclaration, { kind: K }> => p.kind === kind);
    this.relations = of("relation");
    this.expressions = of("expression");
    this.descriptors = of("descriptor");
    this.validators = of("validator");
    this.reconstructors = of("reconstructor");
    this.columns = [...of("column"), ...this.descriptors.flatMap((each) => each.columns)];
  }

  /** More relationships, before anything is worked out. */
  addRelations(properties: readonly PropertyDeclaration[]): void {
    for (const each of properties) if (each.kind === "relation") this.relations.push(each);
  }

  get className(): string {
    return this.mapper.className;
  }
}
