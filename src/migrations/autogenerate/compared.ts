/** What a comparison compares, for filters and plug-ins. */
import type { AsyncConnection } from "../../engine/async-connection.js";
import type { MigrateOperation } from "../operations/operation.js";

/** A thing that autogenerate compares, for filters. */
export interface ComparedObject {
  readonly kind: "schema" | "table" | "column" | "index" | "constraint" | "enum" | "sequence" | "view";
  readonly name: string;
  readonly schema: string | null;
  /** The table that it belongs to. */
  readonly table: string | null;
  /** Whether it was found in the database (true) or in the classes (false). */
  readonly reflected: boolean;
}

/** Compares what the comparison of tables does not know: functions, triggers, policies. */
export interface ComparePlugin {
  /** For messages. */
  readonly name: string;
  /** The operations that bring the database to what it should be. The connection is in no transaction that lasts. */
  compare(connection: AsyncConnection): Promise<readonly MigrateOperation[]>;
}
