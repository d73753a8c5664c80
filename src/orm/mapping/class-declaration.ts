/** One declared class on its way to being mapped: what was said of it, and its mapper. */
import type { MetaData } from "../../sql/schema/metadata.js";
import { MapperConfigurationError } from "../errors.js";
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
import { checkColumnOptions, checkRelationOptions } from "./known-options.js";
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
  readonly columns: ColumnDeclaration[] = [];
  readonly relations: RelationDeclaration[] = [];
  readonly expressions: ExpressionDeclaration[] = [];
  readonly descriptors: DescriptorDeclaration[] = [];
  readonly validators: ValidatorDeclaration[] = [];
  readonly reconstructors: ReconstructorDeclaration[] = [];
  readonly #names = new Set<string>();

  constructor(
    readonly mapper: Mapper,
    readonly home: DeclarationHome,
    readonly options: ClassOptions,
    properties: readonly PropertyDeclaration[],
    /** The superclass of an imperative mapping; a decorated class's is found on its prototype chain. */
    readonly inherits: AnyClass | undefined = undefined,
    /** It is mapped without decorators. */
    readonly imperative = false,
  ) {
    this.add(properties);
    // Columns come in the order of their properties, unless they say otherwise.
    this.columns.sort((one, other) => (one.options.sortOrder ?? 0) - (other.options.sortOrder ?? 0));
  }

  /** Takes declarations in, before anything is worked out. @returns the columns among them */
  add(properties: readonly PropertyDeclaration[]): readonly ColumnDeclaration[] {
    for (const { kind, property } of properties) {
      if (kind === "validator" || kind === "reconstructor") continue;
      if (this.#names.has(property))
        throw new MapperConfigurationError(
          `${this.className}.${property} is declared already: a name is one attribute.`,
        );
      this.#names.add(property);
    }
    const of = <K extends PropertyDeclaration["kind"]>(kind: K): Extract<PropertyDeclaration, { kind: K }>[] =>
      properties.filter((p): p is Extract<PropertyDeclaration, { kind: K }> => p.kind === kind);
    const descriptors = of("descriptor");
    const columns = of("column");
    for (const each of columns) checkColumnOptions(each, this.className);
    for (const each of of("relation")) checkRelationOptions(each, this.className);
    const mapped = new Set([...this.columns, ...columns].map((each) => each.property));
    // What the class maps itself needs no column of a descriptor's.
    columns.push(...descriptors.flatMap((each) => each.columns).filter((each) => !mapped.has(each.property)));
    this.columns.push(...columns);
    this.relations.push(...of("relation"), ...descriptors.flatMap((each) => each.relations ?? []));
    this.expressions.push(...of("expression"));
    this.descriptors.push(...descriptors);
    this.validators.push(...of("validator"));
    this.reconstructors.push(...of("reconstructor"));
    return columns;
  }

  /** Where the table goes, and where tables are looked up by name. */
  get metadata(): MetaData {
    return this.options.metadata ?? this.home.metadata;
  }

  get className(): string {
    return this.mapper.className;
  }
}
