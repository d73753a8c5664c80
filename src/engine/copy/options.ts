/** What can be said of COPY, by PostgreSQL's own names. */
import type { Cls, EntityRef, Plain } from "../../sql/entity.js";
import type { RowValues } from "../../sql/schema/column-specs.js";
import type { Table } from "../../sql/schema/table.js";

/** How rows are written as text. */
export interface CopyFormat {
  /** `"text"` has a line for each row and tabs between values; `"csv"` is the format of spreadsheets. */
  readonly format: "text" | "csv";
  /** A first line with the columns' names; `"match"` checks on the way in that they are the right ones. */
  readonly header?: boolean | "match";
  /** Between values: one character. A tab in text, a comma in CSV. */
  readonly delimiter?: string;
  /** What stands for NULL: `\N` in text, nothing in CSV. */
  readonly null?: string;
  /** CSV: what is around values that need it; `"` where nothing is said. */
  readonly quote?: string;
  /** CSV: what stands before a quote within quotes; the quote itself where nothing is said. */
  readonly escape?: string;
  /** The encoding of the bytes, by PostgreSQL's names: `"LATIN1"`. UTF-8 where nothing is said. */
  readonly encoding?: string;
}

/** What can be said on the way in. */
export interface CopyFromFormat extends CopyFormat {
  /** CSV: columns whose empty values are NULL in quotes too. */
  readonly forceNull?: readonly string[];
  /** CSV: columns whose values are never NULL. */
  readonly forceNotNull?: readonly string[];
}

/** How rows of the program's own are written. */
export interface CopyRowsOptions {
  /** Ends the work: nothing of it remains once the transaction is rolled back. */
  readonly signal?: AbortSignal;
}

/** How bytes of another program's are written. */
export interface CopyBytesOptions extends CopyFromFormat, CopyRowsOptions {
  /** The columns in the order of the file, by attribute or column key; those that can be written where nothing is said. */
  readonly columns?: readonly string[];
}

/** How rows are read. */
export interface CopyToOptions extends CopyFormat, CopyRowsOptions {
  /** Of a class or table: the columns, by attribute or column key; all that can be written where nothing is said. */
  readonly columns?: readonly string[];
  /** CSV: columns whose values are in quotes always; `"*"` is all. */
  readonly forceQuote?: readonly string[] | "*";
}

/** What can be gone through, at once or as it comes: arrays, generators, streams. */
export type Items<T> = Iterable<T> | AsyncIterable<T>;

/** A row of a class, by attribute name, or of a table, by column key. */
export type CopyRow<T> =
  T extends Table<infer Cols, infer _Name>
    ? RowValues<Cols>
    : T extends Cls<infer E>
      ? Partial<Plain<E>>
      : T extends EntityRef<infer E, unknown>
        ? Partial<Plain<E>>
        : never;
