/** What a database can do; the compiler, the engine and the ORM ask these and never a dialect's name. */
export interface DialectCapabilities {
  /** INSERT ... RETURNING. */
  readonly returning: boolean;
  /** UPDATE ... RETURNING. */
  readonly updateReturning: boolean;
  /** RETURNING gives a row as triggers have left it. */
  readonly returningSeesTriggers: boolean;
  /** DELETE ... RETURNING. */
  readonly deleteReturning: boolean;
  /** The rows of INSERT ... RETURNING are known to come in the order of the VALUES. */
  readonly insertReturningOrdered: boolean;
  /** Many rows are inserted in few statements with their keys given back. */
  readonly insertMany: boolean;
  /** INSERT ... VALUES (...), (...). */
  readonly multiRowValues: boolean;
  /** INSERT ... DEFAULT VALUES. */
  readonly defaultValuesInsert: boolean;
  /** The keyword DEFAULT in VALUES and SET. */
  readonly defaultKeyword: boolean;
  /** INSERT ... ON CONFLICT. */
  readonly onConflict: boolean;
  /** More than one ON CONFLICT clause on an INSERT. */
  readonly severalConflictClauses: boolean;
  /** `= ANY (...)` and `= ALL (...)`. */
  readonly quantifiedComparison: boolean;
  /** UPDATE ... FROM. */
  readonly updateFrom: boolean;
  /** DELETE ... USING. */
  readonly deleteUsing: boolean;
  /** INSERT, UPDATE and DELETE inside WITH. */
  readonly dmlCte: boolean;
  /** AS [NOT] MATERIALIZED on a CTE. */
  readonly cteMaterialized: boolean;
  /** `(a, b) IN (...)` and other row values. */
  readonly tupleIn: boolean;
  readonly savepoints: boolean;
  /** CREATE TYPE ... AS ENUM. */
  readonly nativeEnum: boolean;
  readonly nativeBoolean: boolean;
  readonly nativeJson: boolean;
  readonly nativeUuid: boolean;
  readonly nativeArray: boolean;
  /** A list may be bound as one parameter (`= ANY($1)`, `json_each(?)`). */
  readonly arrayParameters: boolean;
  readonly distinctOn: boolean;
  readonly ilike: boolean;
  readonly regexp: boolean;
  readonly isDistinctFrom: boolean;
  readonly forUpdate: boolean;
  readonly rightJoin: boolean;
  readonly fullJoin: boolean;
  readonly lateral: boolean;
  /** `key IN (...)` of a correlated subquery with LIMIT is answered by looking its keys up. */
  readonly limitInMembership: boolean;
  readonly tablesample: boolean;
  /** `(VALUES ...) AS v (a, b)`: an alias can name the columns; without it VALUES has `column1`, `column2`. */
  readonly derivedColumnNames: boolean;
  readonly nullsOrdering: boolean;
  readonly groupingSets: boolean;
  /** Aggregate FILTER (WHERE ...). */
  readonly aggregateFilter: boolean;
  /** WITHIN GROUP (ORDER BY ...). */
  readonly withinGroup: boolean;
  /** FETCH FIRST n ROWS [ONLY | WITH TIES]. */
  readonly fetchClause: boolean;
  /** A set operation's members may be written in parentheses. */
  readonly parenthesizedSetMembers: boolean;
  /** INTERSECT ALL and EXCEPT ALL. */
  readonly setOperationsAll: boolean;
  /** ALTER TABLE ... ADD CONSTRAINT. */
  readonly alterAddConstraint: boolean;
  readonly sequences: boolean;
  readonly identityColumns: boolean;
  readonly computedColumns: boolean;
  readonly schemas: boolean;
  /** COMMENT ON TABLE and COMMENT ON COLUMN. */
  readonly comments: boolean;
  readonly materializedViews: boolean;
  readonly excludeConstraints: boolean;
  /** CREATE DOMAIN. */
  readonly domains: boolean;
  /** ON DELETE SET NULL (a, b). */
  readonly setNullColumns: boolean;
  /** CREATE/DROP ... IF [NOT] EXISTS. */
  readonly ifExists: boolean;
  /** NaN and infinities can be stored in a float column. */
  readonly nonFiniteFloats: boolean;
  /** The most parameters that one statement may have. */
  readonly maxParameters: number;
}

/** Everything that standard SQL has; a dialect spreads this and takes away. */
export const standardCapabilities: DialectCapabilities = {
  returning: true,
  updateReturning: true,
  returningSeesTriggers: true,
  deleteReturning: true,
  insertReturningOrdered: false,
  insertMany: true,
  multiRowValues: true,
  defaultValuesInsert: true,
  defaultKeyword: true,
  onConflict: true,
  severalConflictClauses: false,
  quantifiedComparison: true,
  updateFrom: true,
  deleteUsing: true,
  dmlCte: true,
  cteMaterialized: true,
  tupleIn: true,
  savepoints: true,
  nativeEnum: false,
  nativeBoolean: true,
  nativeJson: true,
  nativeUuid: true,
  nativeArray: true,
  arrayParameters: false,
  distinctOn: true,
  ilike: false,
  regexp: true,
  isDistinctFrom: true,
  forUpdate: true,
  rightJoin: true,
  fullJoin: true,
  lateral: true,
  limitInMembership: false,
  tablesample: true,
  derivedColumnNames: true,
  nullsOrdering: true,
  groupingSets: true,
  aggregateFilter: true,
  withinGroup: true,
  fetchClause: true,
  parenthesizedSetMembers: true,
  setOperationsAll: true,
  alterAddConstraint: true,
  sequences: true,
  identityColumns: true,
  computedColumns: true,
  schemas: true,
  comments: true,
  materializedViews: true,
  excludeConstraints: true,
  domains: true,
  setNullColumns: true,
  ifExists: true,
  nonFiniteFloats: true,
  maxParameters: 32_767,
};
