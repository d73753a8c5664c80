/** What a comparison compares, for filters and plug-ins. */
import type { AsyncConnection } from "../../engine/async-connection.js";
import type { MigrateOperation } from "../operations/operation.js";

/** A thing that autogenerate compares, for filters. */
export interface ComparedObject {
  readonly kind: "schema" | "table" | "column" | "index" | "constraint" | "enum" | "domain" | "sequence" | "view";
  readonly name: string;
  readonly schema: string | null;
  /** The table that it belongs to. */
  readonly table: string | null;
  /** Whether it was found in the database (true) or in the classes (false). */
  readonly reflected: boolean;
}

/** What a plug-in finds: operations before the tables change, and those that need the tables as they will be. */
export interface PluginDifference {
  readonly before?: readonly MigrateOperation[];
  readonly after?: readonly MigrateOperation[];
}

/**
 * Compares what the comparison of tables does not know: functions, triggers, policies (`postgresqlObjects` is one for
 * those). What should be there is made in the scratch place in which the classes are made, and read back from it, so that
 * both sides are in the server's own words; the place is gone afterwards.
 *
 * `Seen` is what it reads: plain data, in which the names of scratch schemas are set right.
 */
export interface ComparePlugin<Seen = unknown> {
  /** For messages. */
  readonly name: string;
  /** Makes what should be there, once before and once after the tables are made. */
  make?(connection: AsyncConnection, moment: "beforeTables" | "afterTables"): Promise<void>;
  /** Reads what is there: of the scratch place, and of the database. @param schemas the schemas to look into; null is the default one */
  read(connection: AsyncConnection, schemas: readonly (string | null)[]): Promise<Seen>;
  /** The operations that bring the database from what it has to what it should have. */
  compare(now: Seen, wanted: Seen): PluginDifference;
}
