/** Handles of a session's transactions and savepoints. */
import { runSync } from "../../engine/io.js";
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

  get isActive(): boolean {
    return this.transaction.isActive;
  }
  get nested(): boolean {
    return this.transaction.nested;
  }
  /** Flushes and commits; a savepoint is released. */
  commit(): void {
    runSync(this.transaction.commit());
  }
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
    private readonly run: <T>(op: Generator<never, T, unknown>) => Promise<T>,
  ) {
    transaction.face = this;
  }

  get isActive(): boolean {
    return this.transaction.isActive;
  }
  get nested(): boolean {
    return this.transaction.nested;
  }
  /** Flushes and commits; a savepoint is released. */
  commit(): Promise<void> {
    return this.run(this.transaction.commit() as never);
  }
  rollback(): Promise<void> {
    return this.run(this.transaction.rollback() as never);
  }
  async [Symbol.asyncDispose](): Promise<void> {
    if (this.transaction.isOpen) await this.rollback();
  }
}
