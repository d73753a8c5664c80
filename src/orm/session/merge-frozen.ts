/** Frozen results of one session in another: what a query cache gives out. SQLAlchemy: `merge_frozen_result`. */
import type { FrozenResult, Result } from "../../engine/result.js";
import { AsyncSession } from "./async-session.js";
import { mergeFrozenRows } from "./frozen-rows.js";
import type { Session } from "./sync-session.js";

/** Options of `mergeFrozenResult`. */
export interface MergeFrozenOptions {
  /** Whether to look into the database for what each object is now; false (the default) takes the frozen state as it is, without SQL. */
  readonly load?: boolean;
}

/**
 * The rows of a frozen result with this session's own objects in place of those that were frozen: what is in the session already stays as it is in
 * identity, everything else is made from the frozen object.
 *
 * @example
 * const frozen = (await session.execute(stmt)).freeze();
 * const users = (await mergeFrozenResult(other, frozen)).scalars().all();
 */
export function mergeFrozenResult<R>(
  session: AsyncSession,
  frozen: FrozenResult<R>,
  options?: MergeFrozenOptions,
): Promise<Result<R>>;
export function mergeFrozenResult<R>(
  session: Session,
  frozen: FrozenResult<R>,
  options?: MergeFrozenOptions,
): Result<R>;
export function mergeFrozenResult(
  session: AsyncSession | Session,
  frozen: FrozenResult,
  options: MergeFrozenOptions = {},
): unknown {
  const op = mergeFrozenRows(session.core, frozen, options.load ?? false);
  return session instanceof AsyncSession ? session.run(op) : session.core.block(op);
}
