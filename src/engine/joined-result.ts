/**
 * The result of a statement that joins a collection for loading, in types: a parent comes once for each of its members until `unique()` is called, and
 * there is nothing else that could be called before.
 */
import type { FirstOf, MappingOf, MappingResult, Result, RowOf, ScalarResult } from "./result.js";
import type { MappingResultPromise, ResultPromise, ScalarResultPromise } from "./result-promise.js";

/** What there is before `unique()`: a {@link Result} whose rows cannot be read yet. */
export interface JoinedResult<R> {
  /** Makes the result one of distinct rows. */
  unique(strategy?: (row: RowOf<R>) => unknown): Result<R>;
  scalars(): JoinedScalars<FirstOf<R>>;
  mappings(): { unique(strategy?: (mapping: MappingOf<R>) => unknown): MappingResult<MappingOf<R>> };
  keys(): readonly string[];
  close(): void;
  readonly closed: boolean;
}

/** The same of the first column. */
export interface JoinedScalars<T> {
  /** Makes the result one of distinct objects. */
  unique(strategy?: (value: T) => unknown): ScalarResult<T>;
  close(): void;
  readonly closed: boolean;
}

/** The promise of a {@link JoinedResult}. */
export interface JoinedResultPromise<R> extends Promise<JoinedResult<R>> {
  unique(strategy?: (row: RowOf<R>) => unknown): ResultPromise<R>;
  scalars(): JoinedScalarsPromise<FirstOf<R>>;
  mappings(): { unique(strategy?: (mapping: MappingOf<R>) => unknown): MappingResultPromise<MappingOf<R>> };
  keys(): Promise<readonly string[]>;
}

/** The promise of {@link JoinedScalars}. */
export interface JoinedScalarsPromise<T> extends Promise<JoinedScalars<T>> {
  unique(strategy?: (value: T) => unknown): ScalarResultPromise<T>;
}
