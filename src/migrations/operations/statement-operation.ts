/** An operation that is a statement, or a few, with what undoes it. */
import type { DDLElement } from "../../sql/ddl/element.js";
import type { Recovery } from "../context.js";
import { MigrateOperation } from "./operation.js";

/** What else is known of a statement. */
export interface StatementTraits {
  /** Whether it may run twice and do no harm. */
  readonly repeatable?: boolean;
  readonly undo?: (() => MigrateOperation) | null;
  /** Whether what follows needs it committed: it runs outside of the transaction. */
  readonly outside?: boolean;
}

/** Types, sequences, views, comments, schemas and renames: mostly one statement each, undone by another. */
export class StatementOperation extends MigrateOperation {
  constructor(
    override readonly kind: string,
    private readonly what: string,
    /** The arguments of the `op` method, for the file that is written. */
    readonly args: readonly unknown[],
    private readonly element: DDLElement | readonly DDLElement[],
    private readonly traits: StatementTraits = {},
  ) {
    super();
  }
  get outside(): boolean {
    return this.traits.outside === true;
  }
  override describe(): string {
    return this.what;
  }
  override ddl(): readonly DDLElement[] {
    return [this.element].flat();
  }
  override reverse(): MigrateOperation {
    return this.traits.undo == null ? super.reverse() : this.traits.undo();
  }
  override async recover(): Promise<Recovery> {
    return this.traits.repeatable === true ? "again" : "unknown";
  }
}
