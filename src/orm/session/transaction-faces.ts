/** Handles of a session's transactions and savepoints. */
import { type Op, runSync } from "../../engine/io.js";
import type { SessionCore } from "./session-core.js";
import type { SessionTransaction } from "./transaction.js";

/** A transaction or savepoint of a synchronous session; at the end of a `using` block it rolls back unless it was committed. */
export class SyncTransaction implements Disposable {
  constructor(
    readonly core: SessionCore,
    readonly transaction: SessionTransaction,
  ) {
    transaction.face = this;
  }

  /** False once it is prepared, has failed or has ended. */
  get isActive(): boolean {
    return this.transaction.isActive;
  }
  /** Whether it is a savepoint. */
  get nested(): boolean {
    return this.transaction.nested;
  }
  /** Flushes and commits; a savepoint is released. @throws ResourceClosedError where it has ended */
  commit(): void {
    runSync(this.transaction.commit());
  }
  /** Rolls back, with the savepoints inside it. @throws ResourceClosedError where it has ended */
  rollback(): void {
    runSync(this.transaction.rollback());
  }
  [Symbol.dispose](): void {
    if (this.transaction.isOpen) this.rollback();
  }
}

/** A transaction or savepoint of an asynchronous session; at the end of an `await using` block it rolls back unless it was committed. */
export class AsyncSessionTransaction implements AsyncDisposable {
  constructor(
    readonly core: SessionCore,
    readonly transaction: SessionTransaction,
    private readonly run: <T>(op: Op<T>) => Promise<T>,
  ) {
    transaction.face = this;
  }

  /** False once it is prepared, has failed or has ended. */
  get isActive(): boolean {
    return this.transaction.isActive;
  }
  /** Whether it is a savepoint. */
  get nested(): boolean {
    return this.transaction.nested;
  }
  /** Flushes and commits; a savepoint is released. @throws ResourceClosedError where it has ended */
  commit(): Promise<void> {
    return this.run(this.transaction.commit());
  }
  /** Rolls back, with the savepoints inside it. @throws ResourceClosedError where it has ended */
  rollback(): Promise<void> {
    return this.run(this.transaction.rollback());
  }
  async [Symbol.asyncDispose](): Promise<void> {
    if (this.transaction.isOpen) await this.rollback();
  }
}
