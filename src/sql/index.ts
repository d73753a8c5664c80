/** The expression language: statements, expressions, types, schema and their compilation. No I/O. */
export * from "./capabilities.js";
export { catalogue, type Page, type PageText, pageOf } from "./catalogue.js";
export * from "./compile.js";
export * from "./compiled.js";
export { CompilerBase } from "./compiler/base.js";
export { CompiledStatement } from "./compiler/compiled-statement.js";
export { compiles } from "./compiler/custom.js";
export { DDLCompiler } from "./compiler/ddl.js";
export { SQLCompiler } from "./compiler/dml.js";
export { displayFroms, fromsOf, isSubquery } from "./compiler/froms.js";
export { TypeCompiler } from "./compiler/types.js";
export * from "./ddl/element.js";
export * from "./ddl/elements.js";
export * from "./ddl-runner.js";
export * from "./default-dialect.js";
export * from "./dialect.js";
export * from "./dml/delete.js";
export { DMLStatement, type DMLTarget, type DMLWhere } from "./dml/dml.js";
export {
  type ConflictTarget,
  type ConflictUpdate,
  type EntityValues,
  Excluded,
  type ExcludedColumns,
  Insert,
  insert,
  OnConflict,
} from "./dml/insert.js";
export * from "./dml/update.js";
export { ColumnElement, type LooseElement } from "./element.js";
export * from "./elements/array.js";
export * from "./elements/bind.js";
export { escapeWildcards } from "./elements/build.js";
export { describeElement, expressionOrBind, requireCondition, requireElement } from "./elements/coerce.js";
export * from "./elements/dml-column.js";
export * from "./elements/expression.js";
export { FunctionElement } from "./elements/function-element.js";
export * from "./elements/grouping.js";
export { InlineLiteral } from "./elements/inline-literal.js";
export { asc, desc, LabelReference, nullsFirst, nullsLast } from "./elements/label-reference.js";
export { all, any } from "./elements/quantified.js";
export * from "./elements/sequence-value.js";
export * from "./elements/special.js";
export { type SQLTag, SQLTemplate, sql } from "./elements/template.js";
export { parseText, TextClause, text, textParam } from "./elements/text.js";
export { defineOperators, type OperatorDefinitions } from "./elements/type-operators.js";
export * from "./elements/window.js";
export * from "./entity.js";
export * from "./errors.js";
export * from "./execution-options.js";
export * from "./exists.js";
export type { AsyncExplainBind, SyncExplainBind } from "./explain.js";
export { registerFunction } from "./function-types.js";
export * from "./functions.js";
export type * from "./functions-typing.js";
export * from "./identifiers.js";

export type { InferInsert, InferRow, InferUpdate } from "./infer.js";

import "./introspection.js";
import "./schema/standalone.js";

export { type BoundValue, type CacheKey, KeyContext, type KeyedNode } from "./key-context.js";
export type { Loaded, OnlyColumns, RelationPath, TypeSettings, Whole, WithoutColumns } from "./loaded.js";
export { cacheKeyOf, iterate, Node, type PartKind, type Parts, replaceNodes } from "./node.js";
export { notNullable, nullable } from "./nullability.js";
export { customOperator, type Operator, operators } from "./operators.js";
export { refId } from "./pieces.js";
export { type ActualFigures, type ExplainOptions, type PlanNode, QueryPlan } from "./query-plan.js";
export * from "./schema/column.js";
export * from "./schema/column-specs.js";
export * from "./schema/constraints.js";
export * from "./schema/conv.js";
export type { AttachedDDL, CreateOptions, SchemaMoment } from "./schema/create.js";
export * from "./schema/derived-table.js";
export * from "./schema/generated.js";
export * from "./schema/indexes.js";
export * from "./schema/items.js";
export { MetaData, type MetaDataOptions, metadata, type ViewOptions } from "./schema/metadata.js";
export { namedTable } from "./schema/named-table.js";
export { constraintName, defaultNamingConvention, indexName, type NamingConvention } from "./schema/naming.js";
export type { ReflectOptions } from "./schema/reflect.js";
export type * from "./schema/reflected.js";
export * from "./schema/sort.js";
export * from "./schema/table.js";
export * from "./selectable/alias.js";
export { CompoundSelect, except, exceptAll, intersect, intersectAll, union, unionAll } from "./selectable/compound.js";
export type { ColumnDescription, EntityDescription } from "./selectable/descriptions.js";
export * from "./selectable/from-clause.js";
export { alias, cte, join, lateral, outerjoin, tablesample } from "./selectable/from-methods.js";
export { FromStatement } from "./selectable/from-statement.js";
export { baseColumn, canInferOn, inferOn, Join, type JoinKind, type JoinOptions } from "./selectable/join.js";
export { type NestedRow, NestedRows, nestedRow, nestedRows } from "./selectable/nested-rows.js";
export * from "./selectable/query.js";
export { attributeSets, entityOf, requireFrom, requireSelected } from "./selectable/resolve.js";
export * from "./selectable/select.js";
export * from "./selectable/select-joins.js";
export * from "./selectable/select-parts.js";
export * from "./selectable/select-typing.js";
export { disambiguate, expandColumns } from "./selectable/selected-columns.js";
export { ColumnValued, ScalarTableValued, TableValued, TableValuedColumn } from "./selectable/table-valued.js";
export * from "./selectable/textual.js";
export { Values, ValuesQuery, values } from "./selectable/values.js";
export * from "./statement.js";
export * from "./types/index.js";
export * from "./typing.js";
export { AthanorWarning, filterWarnings, type WarningAction, type WarningMatch } from "./warnings.js";
