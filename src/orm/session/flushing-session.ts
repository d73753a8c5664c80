/** How a session flushes: by itself before statements, or when it is told to. */
import type { Op } from "../../engine/io.js";
import { InvalidRequestError } from "../../sql/errors.js";
import type { Attribute } from "../attributes/attribute.js";
import { ColumnAttribute } from "../attributes/column-attribute.js";
import { RelationAttribute } from "../attributes/relation-attribute.js";
import type { InstanceState, StateAttribute } from "../state.js";
import type { FlushContext, FlushSession, Persister } from "../uow/flush-context.js";
import { CHANGED_IN_FLUSH } from "../warnings.js";
import { collectFlush, FlushPlan, finishFlush, type LateChanges, planFlush, shownPlan } from "./flush.js";
import type { SessionTransaction } from "./transaction.js";
import { TransactionalSession } from "./transactional-session.js";

export abstract class FlushingSession extends TransactionalSession {
  /** Writes what the flush has ordered. */
  protected abstract readonly persister: Persister;
  /** The session as the unit of work sees it. */
  protected abstract readonly flushPort: FlushSession;
  /** Reads the expired ones among the objects of a flush that have a row after it. @throws ObjectDeletedError where a row is gone */
  protected abstract readExpired(flush: FlushContext): Op<void> | null;
  /** Checks the references that no foreign key of the database does. @throws IntegrityError */
  protected abstract checkReferences(flush: FlushContext): Op<void> | null;
  /** What brings relationships in memory in step with the flush. */
  protected abstract relinking(flush: FlushContext): { apply(): void };

  /** How many times autoflush is suspended. */
  #noAutoflush = 0;
  #flushing = false;
  /** Whether listeners are told of a flush that is about to begin. */
  #beginning = false;
  #current: FlushContext | null = null;
  #inHandler = 0;
  #late: LateChanges | null = null;
  /** What handlers have changed and the flush does not write. */
  #unwritten: LateChanges | null = null;
  /** Objects whose rows are there, as their listeners were told. */
  #written: Set<InstanceState> | null = null;

  /** Whether changes made now come from outside a flush that is under way. */
  get inFlush(): boolean {
    return this.#flushing && this.#inHandler === 0;
  }
  /** Whether a flush is under way, its listeners included. */
  get flushing(): boolean {
    return this.#flushing;
  }
  noteChangeInFlush(state: InstanceState, attribute: StateAttribute, previous: unknown): void {
    this.#current?.keep(state, attribute as Attribute);
    if (!this.#flushing) return;
    if (this.#inHandler > 0) {
      const isWritten = this.#current?.has(state) === true;
      // Columns become part of the row, where it is not there yet; relationships wait for the next flush, as this one goes on with what they were.
      if (!(isWritten && attribute instanceof RelationAttribute)) {
        if (!isWritten || this.#written?.has(state)) {
          this.#unwritten ??= new Map();
          noteChange(this.#unwritten, state, attribute, previous);
        }
        return;
      }
    }
    this.#late ??= new Map();
    noteChange(this.#late, state, attribute, previous);
  }

  /** Whether something waits that is to be written before a statement. */
  get needsAutoflush(): boolean {
    return (
      this.options.autoflush &&
      this.#noAutoflush === 0 &&
      !this.#flushing &&
      !this.#beginning &&
      !this.membership.isClean
    );
  }

  *autoflush(): Op<void> {
    if (!this.needsAutoflush) return;
    try {
      yield* this.flush();
    } catch (error) {
      if (error instanceof Error && !error.message.includes("(raised by autoflush")) {
        error.message +=
          "\n(raised by autoflush; wrap the code in session.noAutoflush(...) if this flush comes too early)";
      }
      throw error;
    }
  }

  /** Suspends autoflush until the returned function is called. */
  suspendAutoflush(): () => void {
    this.#noAutoflush++;
    let over = false;
    return () => {
      if (!over) this.#noAutoflush--;
      over = true;
    };
  }

  /** The flush under way. */
  protected get currentFlush(): FlushContext | null {
    return this.#current;
  }

  *flush(): Op<void> {
    if (this.#flushing || this.#beginning)
      throw new InvalidRequestError("This session is flushing already: flush() cannot be called from within a flush.");
    if (this.membership.isClean) return;
    this.autobegin();
    (this.transaction as SessionTransaction).check();
    if (this.hearsEvent("beforeFlush")) this.#tellOfBeginning();
    const { flush, dropped } = collectFlush(this.flushPort, this.persister, this.membership);
    this.membership.expunge(dropped);
    if (!flush.hasWork) return;
    this.#flushing = true;
    this.#current = flush;
    this.hasWritten = true;
    this.#late = null;
    this.#unwritten = null;
    this.#written = null;
    try {
      const levels = yield* flush.plan();
      if (this.hearsEvent("flushPlanned")) this.emit("flushPlanned", shownPlan(flush, levels));
      yield* flush.execute(levels);
      const checks = this.checkReferences(flush);
      if (checks !== null) yield* checks;
      if (this.hearsEvent("afterFlush")) this.fromHandler(() => this.emit("afterFlush", flush), flush.states());
      const reads = this.readExpired(flush);
      if (reads !== null) yield* reads;
      const relinking = this.options.relinkOnFlush ? this.relinking(flush) : null;
      finishFlush(flush, this.membership, this.#late);
      if (this.#unwritten !== null) this.#warnOfUnwritten(this.#unwritten);
      relinking?.apply();
      this.#endFlush(flush);
      this.emit("afterFlushPostexec", flush);
    } catch (error) {
      this.#endFlush(flush);
      yield* this.#failFlush(error);
      throw error;
    }
  }

  /** What the listeners ask the database about does not flush: they come before what is to be written. */
  #tellOfBeginning(): void {
    this.#beginning = true;
    try {
      this.emit("beforeFlush");
    } finally {
      this.#beginning = false;
    }
  }

  #warnOfUnwritten(changes: LateChanges): void {
    const changed: string[] = [];
    for (const [state, previous] of changes) {
      // What is new is written by the next flush.
      if (state.key === null || !this.membership.contains(state)) continue;
      if ([...previous].some(([attribute, value]) => isOther(attribute, state, value))) changed.push(state.describe());
    }
    if (changed.length > 0) this.warn(CHANGED_IN_FLUSH, changed.join(", "));
  }

  #endFlush(flush: FlushContext): void {
    if (this.#current !== flush) return;
    this.#flushing = false;
    this.#current = null;
    flush.release();
  }

  *#failFlush(error: unknown): Op<void> {
    const boundary = this.transaction as SessionTransaction;
    try {
      yield* boundary.deactivate(error);
    } catch {
      // The error of the flush is the one to tell; the connection is lost with the other.
    }
  }

  /** Runs listeners of the flush: what they change belongs to it. @param written the objects whose rows are there by now */
  protected fromHandler<T>(fn: () => T, written: Iterable<InstanceState> | null = null): T {
    if (written !== null) {
      this.#written ??= new Set();
      for (const state of written) this.#written.add(state);
    }
    this.#inHandler++;
    try {
      return fn();
    } finally {
      this.#inHandler--;
    }
  }

  *explainFlush(): Op<FlushPlan> {
    if (this.#flushing) throw new InvalidRequestError("explainFlush() was called from within a flush.");
    if (this.membership.isClean) return new FlushPlan([]);
    const { flush } = collectFlush(this.flushPort, this.persister, this.membership);
    // What the plan has to load must not flush.
    const resume = this.suspendAutoflush();
    try {
      return yield* planFlush(flush);
    } finally {
      resume();
      flush.release();
    }
  }
}

function noteChange(changes: LateChanges, state: InstanceState, attribute: StateAttribute, previous: unknown): void {
  let known = changes.get(state);
  if (known === undefined) {
    known = new Map();
    changes.set(state, known);
  }
  if (!known.has(attribute)) known.set(attribute, previous);
}

/** Whether a column has another value than before; a relationship that was touched counts. */
function isOther(attribute: StateAttribute, state: InstanceState, previous: unknown): boolean {
  return !(attribute instanceof ColumnAttribute && attribute.same(attribute.peek(state), previous));
}
