/** Pools that keep no connection, or have one for all. */
import { InvalidRequestError } from "../../sql/errors.js";
import type { Op } from "../io.js";
import { newRecord, Pool, type PoolStatus } from "./pool.js";
import type { ConnectionRecord } from "./record.js";

/** Keeps nothing: each checkout opens a connection, each return closes it. */
export class NullPool extends Pool {
  readonly kind = "NullPool";

  status(): PoolStatus {
    return {
      kind: this.kind,
      size: 0,
      idle: 0,
      checkedOut: this.out.size,
      overflow: 0,
      waiting: 0,
      disposed: this.disposed,
    };
  }

  // biome-ignore lint/correctness/useYield: an operation by its type
  protected *acquire(): Op<ConnectionRecord> {
    return newRecord();
  }

  protected acquireAtOnce(): null {
    return null;
  }

  protected release(record: ConnectionRecord): Op<void> {
    return this.closeDriver(record);
  }

  protected forget(): void {}

  protected takeIdle(): ConnectionRecord[] {
    return [];
  }

  protected refuseWaiting(): void {}
}

/**
 * For databases that live in one connection, as SQLite's in memory: any number of users at once. The dialect's driver
 * gives each of them a connection object of their own over the one database, and keeps their transactions apart.
 */
export class StaticPool extends Pool {
  readonly kind = "StaticPool";
  readonly #idle: ConnectionRecord[] = [];

  status(): PoolStatus {
    return {
      kind: this.kind,
      size: 1,
      idle: this.#idle.length,
      checkedOut: this.out.size,
      overflow: 0,
      waiting: 0,
      disposed: this.disposed,
    };
  }

  // biome-ignore lint/correctness/useYield: an operation by its type
  protected *acquire(): Op<ConnectionRecord> {
    return this.#idle.pop() ?? newRecord();
  }

  protected acquireAtOnce(): ConnectionRecord | null {
    const next = this.#idle[this.#idle.length - 1];
    return next !== undefined && this.isFresh(next) ? (this.#idle.pop() as ConnectionRecord) : null;
  }

  protected release(record: ConnectionRecord): Op<void> | null {
    if (this.disposed) return this.closeDriver(record);
    if (!record.detached && record.driver !== null) this.#idle.push(record);
    return null;
  }

  protected forget(): void {}

  protected takeIdle(): ConnectionRecord[] {
    return this.#idle.splice(0);
  }

  protected refuseWaiting(): void {}
}

/** Allows one checkout at a time, and throws at a second: finds code that uses more connections than it should. */
export class AssertionPool extends StaticPool {
  protected override acquireAtOnce(): ConnectionRecord | null {
    return this.out.size > 0 ? null : super.acquireAtOnce();
  }

  protected override *acquire(): Op<ConnectionRecord> {
    if (this.out.size > 0) {
      throw new InvalidRequestError(
        `A connection is already checked out of this AssertionPool: ${this.describeHolders()}`,
      );
    }
    return yield* super.acquire();
  }
}
