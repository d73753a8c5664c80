/** Options that travel with a statement, a connection or an engine. */
import type { SchemaTranslateMap } from "../sql/compiled.js";
import type { CustomExecutionOptions } from "../sql/execution-options.js";
import type { IsolationLevel, TransactionSettings } from "./dialect.js";
import { mergeTags, type QueryTags } from "./tags.js";

/**
 * Options that travel with a statement, a connection or an engine. Those of the call win over the statement's, which win
 * over the connection's, which win over the engine's. Names that are not listed are kept for whoever reads them (hooks, the
 * ORM); {@link CustomExecutionOptions} gives them types.
 */
export interface ExecutionOptions extends CustomExecutionOptions {
  /** For engines and connections outside a transaction: the isolation level of the transactions to come. */
  readonly isolationLevel?: IsolationLevel;
  /** For engines and connections outside a transaction: transactions that only read. */
  readonly readOnly?: boolean;
  readonly deferrable?: boolean;
  /** For engines and connections outside a transaction: settings that the transactions to come begin with. */
  readonly settings?: TransactionSettings;
  /** Read the result through a server-side cursor; `stream()` always does. */
  readonly streamResults?: boolean;
  /** Rows for each fetch of a server-side cursor, and the size of partitions. */
  readonly yieldPer?: number;
  /** Put before the lines of the log that this connection or statement writes. */
  readonly loggingToken?: string;
  /**
   * Other names for schemas: `{ "": "tenant_7" }` for tables without one. On an engine, a connection or a session it holds for
   * all that the ORM sends too; an identity map knows nothing of it, so that a session is for one map.
   */
  readonly schemaTranslateMap?: SchemaTranslateMap;
  /**
   * Facts about who asks, which each statement carries to the database as a comment at its end, in the format of sqlcommenter:
   * they show in the server's log and its list of activity. Tags of an engine, a connection, a session and a statement add up.
   * Those of a session are on its lazy loads and flushes too, those of a statement on the loads that belong to it.
   *
   * @example asyncSessionmaker(engine, { executionOptions: { tags: () => ({ route: requests.getStore()?.route }) } })
   */
  readonly tags?: QueryTags;
  /** Null compiles the statement anew and does not keep it. */
  readonly compiledCache?: null;
  /** Cancels the statement. */
  readonly signal?: AbortSignal;
  readonly [name: string]: unknown;
}

/** No options; one object, so that "nothing was said" is a comparison. */
export const NO_OPTIONS: ExecutionOptions = Object.freeze({});

/** Options with others over them. */
export function mergeOptions(base: ExecutionOptions, over: ExecutionOptions | undefined): ExecutionOptions {
  if (over === undefined || over === NO_OPTIONS) return base;
  if (base === NO_OPTIONS) return over;
  const tags = mergeTags(base.tags, over.tags);
  return tags === undefined ? { ...base, ...over } : { ...base, ...over, tags };
}
