/** Errors of the ORM, under SQLAlchemy's names. */
import { errorPage, type Page } from "../sql/catalogue.js";
import { AthanorError, InvalidRequestError } from "../sql/errors.js";

/** An object that belongs to no mapped class was given where an entity is needed. */
export class UnmappedInstanceError extends InvalidRequestError {
  static override readonly page: Page = errorPage("ATHANOR_UNMAPPED_INSTANCE", {
    cause: "An object of a class that is not mapped was given where an entity is needed; often a plain object.",
    cure: "Make the object with create(Class, { ... }) or new Class(); decorate the class with @Entity().",
  });
}

/** A class that is not mapped was given where a mapped class is needed. */
export class UnmappedClassError extends InvalidRequestError {
  static override readonly page: Page = errorPage("ATHANOR_UNMAPPED_CLASS", {
    cause: "A class that is not mapped was given where a mapped class is needed.",
    cure: "Decorate it with @Entity(), or map it with registry.mapImperatively().",
  });
}

/** A mapping is wrong; raised while classes are decorated or configured. */
export class MapperConfigurationError extends InvalidRequestError {
  static override readonly page: Page = errorPage("ATHANOR_MAPPING", {
    cause: "A mapping does not hold together; found while classes are decorated, or when they are first used.",
    cure: "The message names class and attribute, and what is to be said there.",
  });
}

/** The unit of work cannot bring the session's state into the database. */
export class FlushError extends AthanorError {
  static override readonly page: Page = errorPage("ATHANOR_FLUSH", {
    cause:
      "The unit of work cannot bring the session's objects into the database: a collection holds an object of another class, a key is missing, rows came back that fit no object.",
    cure: "The message names the object and what is wrong with it. Nothing of the flush stays: roll back.",
  });
}

/** An UPDATE or DELETE matched another number of rows than expected, or a version did not agree. */
export class StaleDataError extends AthanorError {
  static override readonly page: Page = errorPage("ATHANOR_STALE_DATA", {
    cause:
      "An UPDATE or DELETE of a flush matched fewer rows than there are objects: another transaction has changed (versionId) or deleted them since they were loaded.",
    cure: "Roll back, load the objects again and repeat the change: Session.transaction(fn, { retries: 5 }) does.",
  });

  /**
   * @param message what was expected, and what was found
   * @param retryable whether the transaction may succeed when it is run again from its start, as `Session.transaction()` does
   */
  constructor(
    message: string,
    readonly retryable = true,
  ) {
    super(message);
  }
}

/** A relationship would set a primary key column to NULL. */
export class DependencyRuleError extends AthanorError {
  static override readonly page: Page = errorPage("ATHANOR_DEPENDENCY_RULE", {
    cause:
      "Taking an object from its parent would set its foreign key to NULL, and that key is part of its primary key.",
    cure: 'Delete the object with its parent (cascade: ["all", "delete-orphan"]), or give it another parent.',
  });
}

/** Unloaded state was read on an object that belongs to no session. */
export class DetachedInstanceError extends InvalidRequestError {
  static override readonly page: Page = errorPage("ATHANOR_DETACHED", {
    cause:
      "An attribute that is not loaded was read of an object that belongs to no session, most often after the session was closed.",
    cure: "Load it while the session is open (a loader option on the statement), or give the object to a session with add() or merge(). expireOnCommit: false keeps what is loaded readable after a commit.",
  });
}

/** The row of an expired object is gone. */
export class ObjectDeletedError extends InvalidRequestError {
  static override readonly page: Page = errorPage("ATHANOR_OBJECT_DELETED", {
    cause: "An expired object was read, and its row is gone: another transaction has deleted it.",
    cure: "Treat it as not found. session.get() and refresh() tell beforehand.",
  });
}

/** The session's transaction was rolled back by a failed flush and awaits `rollback()`. */
export class PendingRollbackError extends InvalidRequestError {
  static override readonly page: Page = errorPage("ATHANOR_PENDING_ROLLBACK", {
    cause:
      "A flush has failed, which rolled the transaction back; the session waits to be told that you know, since the work before it is gone too.",
    cure: "Call session.rollback() and do the work again, or put the part that may fail into session.beginNested(fn).",
  });
}

/** Attribute access would have to load, and neither `runSync` nor `awaitable` allows it here. SQLAlchemy: MissingGreenlet. */
export class MissingSyncContextError extends InvalidRequestError {
  static override readonly page: Page = errorPage("ATHANOR_MISSING_SYNC_CONTEXT", {
    cause:
      "An attribute that is not loaded was read where nothing may wait: JavaScript cannot stop to ask the database in the middle of an expression.",
    cure: "Load it with the statement (selectinload, joinedload), await it (await awaitable(user).posts), or read it inside session.runSync(fn).",
  });
}

/** A session has no engine for the statement or class at hand. */
export class UnboundExecutionError extends InvalidRequestError {
  static override readonly page: Page = errorPage("ATHANOR_UNBOUND", {
    cause: "The session has no engine for the statement or class at hand.",
    cure: "Give the session an engine, asyncSessionmaker(engine), or binds for its classes.",
  });
}
