/** Errors of the ORM, under SQLAlchemy's names. */
import { AthanorError, InvalidRequestError } from "../sql/errors.js";

/** An object that belongs to no mapped class was given where an entity is needed. */
export class UnmappedInstanceError extends InvalidRequestError {}

/** A class that is not mapped was given where a mapped class is needed. */
export class UnmappedClassError extends InvalidRequestError {}

/** A mapping is wrong; raised while classes are decorated or configured. */
export class MapperConfigurationError extends InvalidRequestError {}

/** The unit of work cannot bring the session's state into the database. */
export class FlushError extends AthanorError {}

/** An UPDATE or DELETE matched another number of rows than expected, or a version did not agree. */
export class StaleDataError extends AthanorError {}

/** A relationship would set a primary key column to NULL. */
export class DependencyRuleError extends AthanorError {}

/** Unloaded state was read on an object that belongs to no session. */
export class DetachedInstanceError extends InvalidRequestError {}

/** The row of an expired object is gone. */
export class ObjectDeletedError extends InvalidRequestError {}

/** The session's transaction was rolled back by a failed flush and awaits `rollback()`. */
export class PendingRollbackError extends InvalidRequestError {}

/** Attribute access would have to load, and neither `runSync` nor `awaitable` allows it here. SQLAlchemy: MissingGreenlet. */
export class MissingSyncContextError extends InvalidRequestError {}

/** A session has no engine for the statement or class at hand. */
export class UnboundExecutionError extends InvalidRequestError {}
