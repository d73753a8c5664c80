/** Athanor: a SQL toolkit and an async object-relational mapper. The public face. */
import { registerPostgresql } from "./dialects/postgresql/index.js";
import { registerSqlite } from "./dialects/sqlite/index.js";

registerSqlite();
registerPostgresql();

export {
  type Hstore,
  MultirangeType,
  type PostgresqlOptions,
  PostgresTextType,
  postgresql,
  Range,
  type RangeBounds,
  RangeType,
} from "./dialects/postgresql/index.js";
// By their own files: the declarations of a dialect name its driver, whose types a user need not have.
export type { SqliteOptions } from "./dialects/sqlite/engine-options.js";
export { type SqliteDateTimeFormat, SqliteDateTimeType, sqlite } from "./dialects/sqlite/own-types.js";
export type { RowOf } from "./engine/index.js";
export * from "./engine/index.js";
export * from "./orm/index.js";
// The mapper's decorator has the name; Core's class is seldom needed by name.
export { Column, type ColumnOptions, inspect } from "./orm/index.js";
export * from "./sql/index.js";
export { Column as SchemaColumn, type ColumnOptions as SchemaColumnOptions } from "./sql/index.js";
