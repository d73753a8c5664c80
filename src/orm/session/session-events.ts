/** The names of the events that sessions send. */

/** Transitions between the states of an object, and its coming into a session. */
export const TRANSITIONS = [
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
] as const;
export type TransitionName = (typeof TRANSITIONS)[number];

/** Everything else. */
const OTHERS = [
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
] as const;
export type SessionEventName = (typeof OTHERS)[number];

export const SESSION_EVENTS: ReadonlySet<string> = new Set<string>([...TRANSITIONS, ...OTHERS]);
