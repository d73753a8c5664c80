/** The engine's public names. */

export type { CacheFigures } from "../sql/cache.js";
export { AsyncConnection } from "./async-connection.js";
export { AsyncEngine, asyncEngineFromConfig, createAsyncEngine } from "./async-engine.js";
export { AsyncMappingResult, AsyncResult, AsyncScalarResult, type RowStream } from "./async-result.js";
export { AsyncTransaction } from "./async-transaction.js";
export { type CachedStatement, CompiledCache } from "./compiled-cache.js";
export { Connection, Transaction } from "./connection.js";
export { ConnectionCore } from "./connection-core.js";
export { type CopySource, CopyStream } from "./copy/copy-to.js";
export type {
  CopyBytesOptions,
  CopyFormat,
  CopyFromFormat,
  CopyRow,
  CopyRowsOptions,
  CopyToOptions,
  Items,
} from "./copy/options.js";
export { CursorCore } from "./cursor-core.js";
export {
  type DialectFactory,
  type DialectOptions,
  type EngineDialect,
  type IsolationLevel,
  registerDialect,
  type SettingValues,
  type TransactionOptions,
  type TransactionSettings,
} from "./dialect.js";
export type * from "./driver.js";
export { createEngine, Engine } from "./engine.js";
export { EngineCore } from "./engine-core.js";
export type { EngineEvents, ExceptionContext, PoolEvents } from "./engine-events.js";
export type { EngineOptions, PoolClass } from "./engine-options.js";
export * from "./errors.js";
export { DISPATCH, Dispatch, eventKernel, type ListenOptions, registerEventTargets } from "./events.js";
export type { Parameters } from "./execute.js";
export type { ExecutionOptions } from "./execution-options.js";
export { INSPECT, type Inspectable, inspect, registerInspection } from "./inspection.js";
export type { AsyncInspector, InspectOptions, Inspector, MultiOptions } from "./inspector.js";
export type { JoinedResult, JoinedResultPromise, JoinedScalars, JoinedScalarsPromise } from "./joined-result.js";
export { type EngineEventApi, engineEvent } from "./listen.js";
export { type Echo, type EchoEvent, type EchoFunction, formatEcho } from "./logging.js";
export { createMockEngine, type MockEngine, type MockExecutor } from "./mock-engine.js";
export { type AnyChannel, Channel, type ChannelLike, channel } from "./notifications/channel.js";
export type { ChannelFor } from "./notifications/listen.js";
export {
  type InvalidNotification,
  type Notification,
  type NotificationEvent,
  type NotificationGap,
  NotificationStream,
  type NotificationStreamOptions,
} from "./notifications/stream.js";
export { AssertionPool, NullPool, StaticPool } from "./pool/other-pools.js";
export { Pool, type PoolOptions, type PoolStatus } from "./pool/pool.js";
export { QueuePool } from "./pool/queue-pool.js";
export type { AskAbout, ReflectedRelation, ReflectionDialect } from "./reflection.js";
export {
  CursorResult,
  type FirstOf,
  FrozenResult,
  type MappingOf,
  MappingResult,
  Result,
  type RowOf,
  ScalarResult,
} from "./result.js";
export type { MappingResultPromise, ResultPromise, ScalarResultPromise } from "./result-promise.js";
export type { RetryOptions } from "./retry.js";
export type { ResultShape, Row } from "./row.js";
export type { SchemaEvents } from "./schema-events.js";
export type { CursorResultPromise } from "./statement-types.js";
export type { QueryTags, QueryTagValues } from "./tags.js";
export { makeUrl, URL, type URLParts } from "./url.js";
