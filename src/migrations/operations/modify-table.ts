import type { EngineDialect } from "../../engine/dialect.js";
import type { DDLElement } from "../../sql/ddl/element.js";
import { fullName, type QualifiedName } from "./alter.js";
import { MigrateOperation } from "./operation.js";

/** Several changes of one table, as one batch. */
export class ModifyTableOperation extends MigrateOperation {
  override readonly kind = "batchAlterTable";
  constructor(
    readonly on: QualifiedName,
    readonly operations: readonly MigrateOperation[],
  ) {
    super();
  }
  override describe(): string {
    return `change table ${fullName(this.on)}`;
  }
  override ddl(dialect: EngineDialect): readonly DDLElement[] {
    return this.operations.flatMap((each) => each.ddl(dialect));
  }
  override reverse(): ModifyTableOperation {
    return new ModifyTableOperation(
      this.on,
      [...this.operations].reverse().map((each) => each.reverse()),
    );
  }
}
