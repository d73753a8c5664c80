/** What COPY asks of a dialect. */
import type { Compiled } from "../../sql/compiled.js";
import type { DriverPlan } from "../driver.js";
import type { CopyFormat, CopyFromFormat } from "./options.js";
import type { CopyPart } from "./part.js";

/** Cuts a stream of bytes between records, so that each part can be sent by itself. */
export interface RecordSplitter {
  /** Takes bytes in. */
  push(bytes: Uint8Array): void;
  /** The whole records that were taken in, and the line on which they begin; null where there are fewer bytes of them than asked for. */
  take(atLeast: number): CopyPart | null;
  /** What is left at the end. */
  rest(): CopyPart | null;
}

/** Where is written to. */
export interface CopyInto {
  /** The table's full name, in quotes where it needs them. */
  readonly table: string;
  /** The columns' names. */
  readonly columns: readonly string[];
}

/** How a dialect copies. */
export interface CopyDialect {
  /** Whether an INSERT takes a plain value for each of its columns, and the database computes none. */
  takesValues(insert: Compiled): boolean;
  /** The line of a row of driver's values. */
  row(values: readonly unknown[]): string;
  /** @throws ArgumentError for options that do not fit */
  splitter(format: CopyFromFormat): RecordSplitter;
  /**
   * The statement that writes a part.
   *
   * @param format null is the format of `row()`
   * @param first the part has the header, if there is one
   */
  write(into: CopyInto, format: CopyFromFormat | null, part: CopyPart, first: boolean): DriverPlan;
  /** The statement that reads a query's rows: its cursor has a chunk of bytes in each row. */
  read(query: string, format: CopyFormat): DriverPlan;
}
