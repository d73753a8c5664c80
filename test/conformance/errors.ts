/** Neutral error names: which of them an error is, and which are accepted where another was recorded. */

/** Class name -> neutral name. An error is judged by the first class of its prototype chain that is named here. */
const NEUTRAL: Readonly<Record<string, string>> = {
  MissingSyncContextError: "ImplicitIO",
  IntegrityError: "IntegrityError",
  NoResultFound: "NoResultFound",
  MultipleResultsFound: "MultipleResultsFound",
  StaleDataError: "StaleDataError",
  PendingRollbackError: "PendingRollbackError",
  DetachedInstanceError: "DetachedInstanceError",
  ObjectDeletedError: "ObjectDeletedError",
  FlushError: "FlushError",
  CircularDependencyError: "CircularDependencyError",
  DependencyRuleError: "DependencyRuleError",
  ResourceClosedError: "ResourceClosedError",
  UnmappedInstanceError: "UnmappedInstanceError",
  InvalidRequestError: "InvalidRequestError",
  ArgumentError: "InvalidRequestError",
  DatabaseError: "DatabaseError",
  ValueError: "ValueError",
};

/** Recorded name -> the other names that agree with it. */
const ACCEPTED: Readonly<Record<string, readonly string[]>> = {
  InvalidRequestError: [
    "PendingRollbackError",
    "DetachedInstanceError",
    "ResourceClosedError",
    "UnmappedInstanceError",
  ],
  FlushError: ["IntegrityError", "InvalidRequestError"],
  ResourceClosedError: ["InvalidRequestError"],
};

/** What Python's collections raise for a member that is not there. */
export class ValueError extends Error {
  override readonly name = "ValueError";
}

/** The runner itself met something it does not know. It ends the scenario instead of being a result. */
export class ScenarioError extends Error {
  override readonly name = "ScenarioError";
}

/** The neutral name of an error, or the name and message of one that has none (which agrees with nothing). */
export function neutralName(error: unknown): string {
  if (!(error instanceof Error)) return `a thrown ${typeof error}`;
  for (let proto = Object.getPrototypeOf(error); proto; proto = Object.getPrototypeOf(proto)) {
    const neutral = NEUTRAL[proto.constructor?.name];
    if (neutral) return neutral;
  }
  return `${error.name}: ${error.message}`;
}

/** Does an error of name `got` agree with the recorded one? */
export function acceptsError(expected: string, got: string): boolean {
  return got === expected || (ACCEPTED[expected]?.includes(got) ?? false);
}
