/** The names of the events that sessions send. */

/** Transitions between the states of an object, and its coming into a session. */
export type TransitionName =
  | "beforeAttach"
  | "afterAttach"
  | "transientToPending"
  | "pendingToTransient"
  | "pendingToPersistent"
  | "persistentToTransient"
  | "persistentToDeleted"
  | "persistentToDetached"
  | "deletedToPersistent"
  | "deletedToDetached"
  | "detachedToPersistent"
  | "loadedAsPersistent";

/** Everything else. */
export type SessionEventName =
  | "beforeFlush"
  | "flushPlanned"
  | "afterFlush"
  | "afterFlushPostexec"
  | "afterBegin"
  | "beforeCommit"
  | "afterCommit"
  | "afterRollback"
  | "afterSoftRollback"
  | "afterTransactionCreate"
  | "afterTransactionEnd"
  | "doOrmExecute"
  | "afterBulkUpdate"
  | "afterBulkDelete";

export const TRANSITIONS: readonly TransitionName[] = [
  "beforeAttach",
  "afterAttach",
  "transientToPending",
  "pendingToTransient",
  "pendingToPersistent",
  "persistentToTransient",
  "persistentToDeleted",
  "persistentToDetached",
  "deletedToPersistent",
  "deletedToDetached",
  "detachedToPersistent",
  "loadedAsPersistent",
];

export const SESSION_EVENTS: ReadonlySet<string> = new Set<TransitionName | SessionEventName>([
  ...TRANSITIONS,
  "beforeFlush",
  "flushPlanned",
  "afterFlush",
  "afterFlushPostexec",
  "afterBegin",
  "beforeCommit",
  "afterCommit",
  "afterRollback",
  "afterSoftRollback",
  "afterTransactionCreate",
  "afterTransactionEnd",
  "doOrmExecute",
  "afterBulkUpdate",
  "afterBulkDelete",
]);
