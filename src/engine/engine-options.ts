/** The options of engines, and what is wrong with those that are. */
import { ArgumentError } from "../sql/errors.js";
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

/** What a value has to be, for the message, and whether it is. */
type Rule = readonly [what: string, holds: (value: unknown) => boolean];

const isNumber = (value: unknown, least: number): boolean => typeof value === "number" && value >= least;
const isWhole = (value: unknown, least: number): boolean => isNumber(value, least) && Number.isInteger(value);

const FLAG: Rule = ["true or false", (value) => typeof value === "boolean"];
const TEXT: Rule = ["text", (value) => typeof value === "string"];
const FUNCTION: Rule = ["a function", (value) => typeof value === "function"];
const OBJECT: Rule = ["an object", (value) => typeof value === "object" && value !== null && !Array.isArray(value)];
const COUNT: Rule = ["a whole number from 0 up", (value) => isWhole(value, 0)];

// Written for every option, or it does not compile.
const RULES: { readonly [K in keyof Required<EngineOptions>]: Rule } = {
  connectArgs: OBJECT,
  creator: FUNCTION,
  dialectOptions: OBJECT,
  echo: ['true, false, "debug" or a function', (value) => FLAG[1](value) || value === "debug" || FUNCTION[1](value)],
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
  poolResetOnReturn: [
    '"rollback", "commit" or null',
    (value) => value === null || value === "rollback" || value === "commit",
  ],
  poolSize: ["a whole number from 0 up, where 0 is no bound", (value) => isWhole(value, 0)],
  poolTimeout: ["a number of seconds from 0 up", (value) => isNumber(value, 0)],
  poolUseLifo: FLAG,
  queryCacheSize: COUNT,
};

/** @throws ArgumentError naming an option that there is not, or whose value is none of its kind */
export function checkEngineOptions(options: EngineOptions): void {
  if (!OBJECT[1](options)) throw new ArgumentError("The options of an engine are an object, such as { poolSize: 10 }.");
  for (const [name, value] of Object.entries(options)) {
    const rule = Object.hasOwn(RULES, name) ? RULES[name as keyof EngineOptions] : undefined;
    if (rule === undefined) throw unknownOption(name);
    if (value === undefined || rule[1](value)) continue;
    const shown = typeof value === "string" ? JSON.stringify(value) : String(value);
    throw new ArgumentError(`The engine's option ${name} is ${rule[0]}, not ${shown}.`);
  }
}

function unknownOption(name: string): ArgumentError {
  const plain = (text: string): string => text.replace(/[_-]/g, "").toLowerCase();
  const names = Object.keys(RULES);
  const meant = names.find((each) => plain(each) === plain(name));
  const rest = meant === undefined ? `It knows ${names.join(", ")}.` : `It is written ${meant}.`;
  return new ArgumentError(`An engine knows no option "${name}". ${rest}`);
}
