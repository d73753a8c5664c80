import type { OpQueue } from "./op-queue.js";
import type { TransactionCore } from "./transaction-core.js";

/**
 * A transaction or savepoint of an asynchronous connection.
 *
 * @example
 * await using tx = await conn.begin();   // rolls back at the end of the block unless committed
 * await conn.execute(stmt);
 * await tx.commit();
 */
export class AsyncTransaction {
  constructor(
    /** The transaction itself, shared with the synchronous face. */
    readonly core: TransactionCore,
    private readonly queue: OpQueue,
  ) {}

  /** Whether it can be committed. */
  get isActive(): boolean {
    return this.core.isActive;
  }

  /** Whether it is active and its connection is alive. */
  get isValid(): boolean {
    return this.core.isValid;
  }

  /** Whether it is a savepoint. */
  get nested(): boolean {
    return this.core.nested;
  }

  /** Commits, or releases the savepoint. Throws InvalidRequestError when it has ended. */
  async commit(): Promise<void> {
    await this.queue.run(this.core.commit());
  }

  /**
   * The first phase of a commit in two phases: from then on the database keeps the transaction, over a crash too, until `commit()` or `rollback()`, or
   * somebody ends it by its name. See `connection.recoverTwophase()`.
   *
   * @param id names it among the database's prepared transactions; made up where it is left out
   * @throws InvalidRequestError where it is not active, is a savepoint, or the database has no such thing
   */
  async prepare(id?: string): Promise<void> {
    await this.queue.run(this.core.prepare(id));
  }

  /** Rolls back; does nothing when it has ended. */
  async rollback(): Promise<void> {
    await this.queue.run(this.core.rollback());
  }

  /** Rolls back unless it has ended. */
  async close(): Promise<void> {
    await this.queue.run(this.core.close());
  }

  async [Symbol.asyncDispose](): Promise<void> {
    if (this.core.isActive) await this.close();
  }
}
