/** An operation that is SQL of its own, with the SQL that undoes it. */
import type { DDLElement } from "../../sql/ddl/element.js";
import { DDL } from "../../sql/ddl/elements.js";
import { MigrateOperation } from "./operation.js";

/** What a statement does, in words, and how. */
export interface SqlStep {
  readonly what: string;
  readonly statements: readonly string[];
}

/** Executes statements as they are: a colon in them is no parameter. */
export class SqlOperation extends MigrateOperation {
  override readonly kind = "execDriverSql";
  constructor(
    readonly does: SqlStep,
    readonly undoes: SqlStep,
  ) {
    super();
  }
  override describe(): string {
    return this.does.what;
  }
  override ddl(): readonly DDLElement[] {
    return this.does.statements.map((each) => new DDL(each));
  }
  override reverse(): SqlOperation {
    return new SqlOperation(this.undoes, this.does);
  }
}
