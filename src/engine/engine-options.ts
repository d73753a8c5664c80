/** The options of engines, and what is wrong with those that are. */
import { ArgumentError } from "../sql/errors.js";
import {
  COUNT,
  checkOptions,
  either,
  FLAG,
  FUNCTION,
  isNumber,
  isObject,
  isWhole,
  OBJECT,
  type Rules,
  TEXT,
  words,
} from "../sql/option-rules.js";
import type { DialectOptions, IsolationLevel } from "./dialect.js";
import type { ExecutionOptions } from "./execution-options.js";
import type { Echo } from "./logging.js";
import type { Connector, Pool, PoolLog, PoolOptions } from "./pool/pool.js";

/** Makes a pool; for `poolClass`. */
export type PoolClass = new (connector: Connector, options: PoolOptions, log: PoolLog) => Pool;

/** Options of `createAsyncEngine` and `createEngine`. */
export interface EngineOptions extends PoolOptions, DialectOptions {
  /** Logs SQL with parameters and timings; `"debug"` rows too; a function takes the events itself. Default false. */
  readonly echo?: Echo;
  /** Logs what the pool does. Default false. */
  readonly echoPool?: boolean;
  /** Names the engine in the log. Default "athanor.engine". */
  readonly loggingName?: string;
  /** Keeps parameters out of the log and of error messages. Default false. */
  readonly hideParameters?: boolean;
  /** How many compiled statements are kept; 0 keeps none. Default 500. */
  readonly queryCacheSize?: number;
  /** The isolation level of all transactions that do not say otherwise. */
  readonly isolationLevel?: IsolationLevel;
  /** Options of all connections. */
  readonly executionOptions?: ExecutionOptions;
  /** Warn of a SELECT whose FROM elements nothing ties together (a cartesian product), when it is compiled. Default true. */
  readonly enableFromLinting?: boolean;
  /** The class of the pool, where the dialect's choice does not fit. */
  readonly poolClass?: PoolClass;
}

const RULES: Rules<EngineOptions> = {
  connectArgs: OBJECT,
  creator: FUNCTION,
  dialectOptions: OBJECT,
  echo: ['true, false, "debug" or a function', either(FLAG, words("debug"), FUNCTION)[1]],
  echoPool: FLAG,
  enableFromLinting: FLAG,
  executionOptions: OBJECT,
  hideParameters: FLAG,
  isolationLevel: TEXT,
  jsonDeserializer: FUNCTION,
  jsonSerializer: FUNCTION,
  loggingName: TEXT,
  maxOverflow: ["a whole number from 0 up, or -1 for no bound", (value) => isWhole(value, -1)],
  poolClass: [
    "a class of pools",
    (value) => typeof (value as { readonly prototype?: Partial<Pool> } | null)?.prototype?.checkout === "function",
  ],
  poolDebug: FLAG,
  poolPrePing: FLAG,
  poolRecycle: ["a number of seconds, or -1 for never", (value) => isNumber(value, 0) || value === -1],
  poolResetOnReturn: words("rollback", "commit", null),
  poolSize: ["a whole number from 0 up, where 0 is no bound", (value) => isWhole(value, 0)],
  poolTimeout: ["a number of seconds from 0 up", (value) => isNumber(value, 0)],
  poolUseLifo: FLAG,
  queryCacheSize: COUNT,
};

/** @throws ArgumentError naming an option that there is not, or whose value is none of its kind */
export function checkEngineOptions(options: EngineOptions): void {
  if (!isObject(options)) throw new ArgumentError("The options of an engine are an object, such as { poolSize: 10 }.");
  checkOptions(options, RULES, "An engine", "The engine's option ");
}
