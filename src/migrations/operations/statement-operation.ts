/** An operation that is a statement, with the statement that undoes it. */
import type { DDLElement } from "../../sql/ddl/element.js";
import type { Recovery } from "../context.js";
import { MigrateOperation } from "./operation.js";

/** Enums, sequences, views, comments, schemas and renames: one statement each, undone by another. */
export class StatementOperation extends MigrateOperation {
  constructor(
    override readonly kind: string,
    private readonly what: string,
    /** The arguments of the `op` method, for the file that is written. */
    readonly args: readonly unknown[],
    readonly element: DDLElement,
    /** Whether it may run twice and do no harm. */
    private readonly repeatable = false,
    private readonly undo: (() => MigrateOperation) | null = null,
  ) {
    super();
  }
  override describe(): string {
    return this.what;
  }
  override ddl(): readonly DDLElement[] {
    return [this.element];
  }
  override reverse(): MigrateOperation {
    return this.undo === null ? super.reverse() : this.undo();
  }
  override async recover(): Promise<Recovery> {
    return this.repeatable ? "again" : "unknown";
  }
}
