/** The object-relational mapper: mapping, sessions, loading. */
import { installEntityProtocol } from "./loading/entity.js";
import { installPlainSQL } from "./loading/plain-statement.js";
import { installWriteOnlyCollections } from "./loading/write-only.js";
import { ensureState, onClassDeclared } from "./mapping/instrument.js";
import { type AsyncSession, asyncFaceOf } from "./session/async-session.js";
import { makeAwaitable } from "./session/awaitable.js";
import { type Session, syncFaceOf } from "./session/sync-session.js";

onClassDeclared(installEntityProtocol);
installWriteOnlyCollections();
installPlainSQL();

export { type AssignOptions, assign, fromObject, type PlainInput } from "./assign.js";
export type { AttributeInitiator, CollectionAttributeEvents, ScalarAttributeEvents } from "./attribute-events.js";
export {
  Automap,
  type AutomapClass,
  type AutomapClasses,
  type AutomapOptions,
  automapBase,
} from "./automap/automap.js";
export type { AutomapHooks } from "./automap/names.js";
export { type CascadeName, type CascadeText, DEFAULT_CASCADES } from "./cascades.js";
export { type CollectionClass, collection } from "./collections/custom.js";
export type { CollectionChoice } from "./collections/kinds.js";
export { attributeKeyedDict, type KeyedOptions, keyfuncMapping } from "./collections/map.js";
export { type OrderingList, type OrderingListOptions, orderingList } from "./collections/ordering-list.js";
export * from "./errors.js";
export { type EventApi, event, type RegistryEvents, type SessionEvents, type SessionTarget } from "./event.js";
export { History } from "./history.js";
export { type Inspect, inspect } from "./inspect.js";
export { AttributeState, ObjectInspection } from "./inspection.js";
export {
  type AliasedOptions,
  aliased,
  attrs,
  type WithPolymorphicOptions,
  withPolymorphic,
} from "./loading/aliased.js";
export { type Bundle, type BundleValue, bundle } from "./loading/bundle.js";
export type { GetOptions } from "./loading/identity.js";
export { LoaderOption } from "./loading/loader-option.js";
export * from "./loading/loader-settings.js";
export type { RelationSettings } from "./loading/option-steps.js";
export * from "./loading/options.js";
export { UserDefinedOption } from "./loading/user-option.js";
export { withParent } from "./loading/with-parent.js";
export { WriteOnlyCollection } from "./loading/write-only.js";
export type { InstanceEvents, MapperEvents } from "./mapper-events.js";
export type { ReferenceCheck } from "./mapping/any-descriptor.js";
export { AssociationProxy, type AssociationProxyOptions, associationProxy } from "./mapping/association-proxy.js";
export { type DeferredOptions, deferred, relationship } from "./mapping/collect.js";
export { Composite, type CompositeOptions, type CompositePart, composite } from "./mapping/composite.js";
export type { ClassConfigurationEvents } from "./mapping/configuration-events.js";
export { type CreateEntityOptions, create } from "./mapping/create.js";
export type { LazyStrategy, MapperOptions, RelationKind } from "./mapping/declarations.js";
export {
  Column,
  type ColumnOptions,
  Entity,
  ManyToMany,
  ManyToOne,
  OneToMany,
  OneToOne,
  PrimaryKey,
  type RelationOptions,
} from "./mapping/decorators.js";
export {
  ColumnProperty,
  type ColumnPropertyOptions,
  columnProperty,
  QueryExpression,
  type QueryExpressionOptions,
  queryExpression,
} from "./mapping/expression-property.js";
export { DeclaredAttr, Reconstructor, Validates, type ValidatesOptions } from "./mapping/hooks.js";
export { Hybrid, HybridMethod, type HybridOptions } from "./mapping/hybrid.js";
export { type AnyTargets, ManyToAny, type ManyToAnyOptions, manyToAny } from "./mapping/many-to-any.js";
export { Mapper, Relationship } from "./mapping/mapper.js";
export { asWritten, type NamingStrategy, snakeCase } from "./mapping/naming.js";
export {
  configureMappers,
  defaultRegistry,
  type EntityOptions,
  type ImperativeOptions,
  mapperFor,
  Registry,
  type RegistryOptions,
  registry,
} from "./mapping/registry.js";
export { foreign, remote } from "./mapping/remote-column.js";
export { Synonym, synonym } from "./mapping/synonym.js";
export {
  cascadeIterator,
  flagDirty,
  flagModified,
  getAttribute,
  getHistory,
  identityKey,
  identityKeyFromRow,
  objectState,
  setAttribute,
  setCommittedValue,
  wasDeleted,
} from "./object-functions.js";
export type { SchemaMode } from "./schemas/class-rule.js";
export { type ColumnSettings, columnsFrom, type OutputOf } from "./schemas/columns-from.js";
export { type InputIssue, ValidationError } from "./schemas/issues.js";
export { type ClassSchema, type SchemaOptions, type SchemaResult, schemaOf } from "./schemas/schema-of.js";
export type { InputValue, SchemaInput, SchemaOutput } from "./schemas/schema-types.js";
export { deserialize, serialize } from "./serialize.js";
export { AsyncSession } from "./session/async-session.js";
export type { Awaitable } from "./session/awaitable.js";
export type { BindRequest, Router } from "./session/binds.js";
export type { ConnectionOptions } from "./session/connection-options.js";
export type { CollectionOf, CountSettings, MemberOf } from "./session/count-members.js";
export type { SessionExecuteOptions } from "./session/execute-options.js";
export { FlushPlan } from "./session/flush.js";
export { makeTransient, makeTransientToDetached } from "./session/make-transient.js";
export type { MergeOptions } from "./session/merge.js";
export { type MergeFrozenOptions, mergeFrozenResult } from "./session/merge-frozen.js";
export type { NPlusOneReport, NPlusOneWatchOptions } from "./session/n-plus-one.js";
export type { NaturalKeyValues } from "./session/natural-key.js";
export { type InvokeOptions, ORMExecuteState } from "./session/orm-execute-state.js";
export { type ReadWriteSplit, readWriteSplit } from "./session/read-write-split.js";
export { type AsyncScopedSession, asyncScopedSession, type ScopedOptions } from "./session/scoped.js";
export {
  type AsyncSessionMaker,
  type AsyncSessionOptions,
  asyncSessionmaker,
  type SessionMaker,
  type SyncSessionOptions,
  sessionmaker,
} from "./session/sessionmaker.js";
export { type Sharding, setShardId } from "./session/sharding.js";
export { Session } from "./session/sync-session.js";
export { AsyncSessionTransaction, SyncTransaction } from "./session/transaction-faces.js";
export type { Upserted, UpsertOptions } from "./session/upsert.js";
export type { ObjectState } from "./state.js";
export { type ToObjectOptions, toObject } from "./to-object.js";

/**
 * The session that an object belongs to: the asynchronous one, or the synchronous one inside `runSync` and where there is no other; null for none. Where one of
 * the two is meant, `AsyncSession.objectSession(object)` and `Session.objectSession(object)` give that one, so that its results have their types.
 *
 * @throws UnmappedInstanceError
 */
export function objectSession(object: object): AsyncSession | Session | null {
  const { session } = ensureState(object);
  if (session === null) return null;
  const synchronous = syncFaceOf(session);
  return (session.mayBlock ? synchronous : undefined) ?? asyncFaceOf(session) ?? synchronous ?? null;
}

/**
 * The attributes of an object as promises: what is not loaded is loaded first, together with its siblings.
 *
 * @example const posts = await awaitable(user).posts;
 */
export const awaitable = makeAwaitable(asyncFaceOf);
