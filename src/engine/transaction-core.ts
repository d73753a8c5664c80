import { InvalidRequestError } from "../sql/errors.js";
import { keepShape } from "../sql/keep-shape.js";
import type { TransactionContext } from "./context.js";
import type { Op } from "./io.js";

/** A transaction or a savepoint of a connection. */
export class TransactionCore {
  #state: "active" | "inactive" | "closed" = "active";

  /**
   * @param parent the enclosing transaction or savepoint, for a savepoint.
   * @param savepoint the savepoint's name; null for a transaction.
   */
  constructor(
    readonly connection: TransactionContext,
    readonly parent: TransactionCore | null,
    readonly savepoint: string | null,
  ) {}

  /** Whether this is a savepoint. */
  get nested(): boolean {
    return this.savepoint !== null;
  }

  /** Whether it can be committed: neither committed nor rolled back, and no enclosing transaction has ended. */
  get isActive(): boolean {
    return this.#state === "active";
  }

  /** Whether the transaction and its connection can still be used. */
  get isValid(): boolean {
    return this.isActive && !this.connection.invalidated;
  }

  /** Commits the transaction, or releases the savepoint. Throws InvalidRequestError when it is not active. */
  *commit(): Op<void> {
    const waiting = this.commitSoon();
    if (waiting !== null) yield* waiting;
  }

  /** The same; null where it was done at once. */
  commitSoon(): Op<void> | null {
    if (this.#state !== "active") {
      throw new InvalidRequestError(
        this.#state === "closed"
          ? "This transaction has ended: it was committed, rolled back or closed before, and cannot be committed"
          : "This transaction is inactive: an enclosing transaction or savepoint has ended, and it cannot be committed",
      );
    }
    return this.connection.endTransaction(this, true);
  }

  /**
   * The first phase of a commit in two phases: the database keeps the transaction until it is committed or rolled back, over a crash too.
   *
   * @param id names it among the server's prepared transactions
   * @throws InvalidRequestError where it is not active, is a savepoint, or the database has no such thing
   */
  *prepare(id?: string): Op<void> {
    if (this.#state !== "active" || this.nested) {
      throw new InvalidRequestError("Only a transaction that is active can be prepared, and no savepoint.");
    }
    yield* this.connection.prepareTransaction(id);
  }

  /** Rolls back; does nothing when the transaction has ended before. */
  *rollback(): Op<void> {
    if (this.#state === "active") {
      const waiting = this.connection.endTransaction(this, false);
      if (waiting !== null) yield* waiting;
    } else if (this.#state === "inactive") this.#state = "closed";
  }

  /** Rolls back if the transaction is still active. */
  *close(): Op<void> {
    yield* this.rollback();
  }

  /** For the connection: the transaction has ended (`closed`), or one around it has (`inactive`). */
  ended(how: "inactive" | "closed"): void {
    if (this.#state !== "closed") this.#state = how;
  }
}

keepShape(new TransactionCore(null as never, null, null));
