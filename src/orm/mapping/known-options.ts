/** The options that classes, columns and relationships take, for those whose compiler does not tell them. */
import { ArgumentError } from "../../sql/errors.js";
import {
  ANY,
  COUNT,
  checkOptions,
  either,
  FLAG,
  FUNCTION,
  NAMES,
  OBJECT,
  type Rule,
  type Rules,
  TEXT,
  words,
} from "../../sql/option-rules.js";
import type { DeclaredOptions } from "./abstract-bases.js";
import type {
  ColumnDeclaration,
  ColumnDeclarationOptions,
  MapperOptions,
  RelationDeclaration,
  RelationDeclarationOptions,
} from "./declarations.js";

// `ANY` stands where the value is judged with what it refers to, when mappings are worked out.

const IDENTITY: Rule = ["text or a number", (value) => typeof value === "string" || typeof value === "number"];
const THUNKS: Rule = ["a list of thunks of classes, [() => Class]", isListOfThunks];

function isListOfThunks(value: unknown): boolean {
  return Array.isArray(value) && value.every((each) => typeof each === "function" && each.prototype === undefined);
}

const MAPPER: Rules<MapperOptions> = {
  info: OBJECT,
  construct: FLAG,
  polymorphicOn: ANY,
  polymorphicIdentity: IDENTITY,
  polymorphicAbstract: FLAG,
  concrete: FLAG,
  polymorphicLoad: words("inline", "selectin"),
  inheritForeignKeys: NAMES,
  withPolymorphic: either(words("*"), THUNKS),
  versionIdCol: ANY,
  versionIdGenerator: ["a function or false", (value) => value === false || typeof value === "function"],
  eagerDefaults: either(FLAG, words("auto")),
  confirmDeletedRows: FLAG,
  passiveDeletes: FLAG,
  includeProperties: either(NAMES, FUNCTION),
  excludeProperties: either(NAMES, FUNCTION),
  primaryKey: ANY,
  allowPartialPks: FLAG,
  abstract: FLAG,
  columns: NAMES,
};

const ENTITY: Rules<DeclaredOptions> = {
  ...MAPPER,
  tableName: either(TEXT, FUNCTION, words(null)),
  table: ANY,
  schema: TEXT,
  metadata: OBJECT,
  comment: TEXT,
  tableArgs: ANY,
  dialectOptions: OBJECT,
  renamedFrom: TEXT,
  tableCls: FUNCTION,
};

const IMPERATIVE: Rules<MapperOptions & { readonly properties?: unknown; readonly inherits?: unknown }> = {
  ...MAPPER,
  properties: OBJECT,
  inherits: FUNCTION,
};

const TEXT_OR_NULL: Rule = either(TEXT, words(null));
const INITIALLY: Rule = words("DEFERRED", "IMMEDIATE", null);
const ON_SERVER: Rule = [
  "SQL text, an expression or true",
  (value) => value === true || TEXT[1](value) || OBJECT[1](value),
];

const COLUMN: Rules<ColumnDeclarationOptions> = {
  name: TEXT,
  primaryKey: FLAG,
  nullable: FLAG,
  default: ANY,
  onupdate: ANY,
  serverDefault: ON_SERVER,
  serverOnupdate: ON_SERVER,
  autoincrement: either(FLAG, words("auto")),
  unique: either(FLAG, TEXT),
  index: either(FLAG, TEXT),
  comment: TEXT_OR_NULL,
  foreignKey: ANY,
  computed: ANY,
  identity: ANY,
  info: OBJECT,
  renamedFrom: TEXT,
  hidden: FLAG,
  system: FLAG,
  onConflictNotNull: TEXT,
  onConflictUnique: TEXT,
  onConflictPrimaryKey: TEXT,
  column: ANY,
  foreignKeyOptions: OBJECT,
  onDelete: TEXT_OR_NULL,
  onUpdate: TEXT_OR_NULL,
  deferred: FLAG,
  group: TEXT,
  deferredRaiseload: FLAG,
  activeHistory: FLAG,
  mutable: FLAG,
  schema: ANY,
  init: FLAG,
  repr: FLAG,
  comparator: FUNCTION,
  useExistingColumn: FLAG,
  sortOrder: ["a number", (value) => typeof value === "number"],
};

const RELATION: Rules<RelationDeclarationOptions> = {
  backPopulates: ANY,
  cascade: ANY,
  foreignKeys: ANY,
  remoteSide: ANY,
  primaryJoin: ANY,
  secondaryJoin: ANY,
  overlaps: either(TEXT, NAMES),
  secondary: ANY,
  joinColumns: NAMES,
  inverseJoinColumns: NAMES,
  orderBy: ANY,
  passiveDeletes: either(FLAG, words("all")),
  passiveUpdates: FLAG,
  postUpdate: FLAG,
  viewonly: FLAG,
  syncBackref: FLAG,
  singleParent: FLAG,
  activeHistory: FLAG,
  uselist: FLAG,
  lazy: ANY,
  innerjoin: FLAG,
  joinDepth: COUNT,
  collectionClass: ANY,
  enableTypechecks: FLAG,
  nullable: FLAG,
  onDelete: TEXT_OR_NULL,
  onUpdate: TEXT_OR_NULL,
  deferrable: FLAG,
  initially: INITIALLY,
  useAlter: FLAG,
  unique: FLAG,
  index: FLAG,
  primaryKey: FLAG,
  columnName: TEXT,
  owner: FLAG,
  info: OBJECT,
};

/** @throws ArgumentError naming the class and the option */
export function checkEntityOptions(options: object, className: string): void {
  checkOptions(options, ENTITY, `${className}: @Entity`, `${className}: `);
}

/** @throws ArgumentError naming the class and the option */
export function checkImperativeOptions(options: object, className: string): void {
  checkOptions(options, IMPERATIVE, `${className}: mapImperatively()`, `${className}: `);
}

/** @throws ArgumentError naming the property and the option */
export function checkColumnOptions({ property, options, inferred }: ColumnDeclaration, className: string): void {
  const label = `${className}.${property}`;
  if ("type" in options)
    throw new ArgumentError(
      `${label}: the type of a column is its decorator's first argument: @Column(t.string(50), { ... }).`,
    );
  checkOptions(options, COLUMN, `${label}: ${inferred?.decorator ?? "a column"}`, `${label}: `);
}

/** @throws ArgumentError naming the property and the option */
export function checkRelationOptions({ property, options }: RelationDeclaration, className: string): void {
  const label = `${className}.${property}`;
  checkOptions(options, RELATION, `${label}: a relationship`, `${label}: `);
}
