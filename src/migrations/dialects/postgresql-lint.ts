/** What PostgreSQL does to a table in use: which statements rewrite it, read it through, or keep others out meanwhile. */

import type { CheckConstraint, Constraint } from "../../sql/schema/constraints.js";
import { StringType } from "../../sql/types/base.js";
import { plainType, type SQLType } from "../../sql/types/type.js";
import type { LintRemark } from "../lint/finding.js";
import type { RecordedStep } from "../lint/recording.js";
import { fullName, type QualifiedName } from "../operations/alter.js";
import {
  AddConstraintOperation,
  CreateIndexOperation,
  DropConstraintOperation,
  DropIndexOperation,
} from "../operations/constraint-operations.js";
import type { MigrateOperation } from "../operations/operation.js";
import { StatementOperation } from "../operations/statement-operation.js";
import {
  AddColumnOperation,
  AlterColumnOperation,
  CreateTableOperation,
  DropColumnOperation,
  DropTableOperation,
  RenameTableOperation,
} from "../operations/table-operations.js";
import type { MigrationLimits } from "./migration-dialect.js";

const EXCLUSIVE = "ACCESS EXCLUSIVE";
const LOCKED_OUT = "readers and writers wait";

/** Functions whose value differs from row to row, so that an added column has to be written into every row. */
const VOLATILE = /\b(?:random|gen_random_uuid|uuid_generate_v\w+|uuidv\d|clock_timestamp|timeofday|nextval)\s*\(/i;

/** Reads the steps of one revision in order. */
class Linter {
  readonly remarks: LintRemark[] = [];
  /** Tables that the revision makes: nobody uses them yet. */
  readonly #made = new Set<string>();
  /** Columns that a validated CHECK says are not null, as `table.column`. */
  readonly #proven = new Set<string>();
  /** NOT NULL checks by name, not validated yet. */
  readonly #unproven = new Map<string, string>();
  /** Constraints that were added NOT VALID in the transaction that is open. */
  readonly #added = new Set<string>();
  readonly #labels: string[] = [];
  #waits = false;

  read(step: RecordedStep): void {
    if (step.outside) {
      this.#added.clear();
      this.#labels.length = 0;
    }
    if (step.sql !== null) this.#sql(step.sql);
    else if (step.operation !== null) this.#operation(step.operation, step.outside);
  }

  end(limits: MigrationLimits): void {
    if (!this.#waits || limits.lockTimeout !== undefined) return;
    this.remarks.push({
      rule: "lock-timeout",
      operation: "the revision",
      table: null,
      lock: EXCLUSIVE,
      why: "It waits for its lock as long as the oldest transaction on the table runs, and everybody who comes later waits behind it.",
      instead: ["Set lockTimeout in athanor.config.ts (2000, say): the migration gives up, and runs again later."],
    });
  }

  #remark(
    rule: string,
    operation: MigrateOperation,
    on: QualifiedName | null,
    lock: string | null,
    why: string,
    instead: readonly string[],
  ): void {
    if (on !== null && this.#made.has(fullName(on))) return;
    this.remarks.push({
      rule,
      operation: operation.describe(),
      table: on === null ? null : fullName(on),
      lock,
      why,
      instead,
    });
  }

  #operation(each: MigrateOperation, outside: boolean): void {
    if (each instanceof CreateTableOperation) this.#made.add(each.table.fullName);
    else if (each instanceof RenameTableOperation) this.#renameTable(each);
    else if (each instanceof DropTableOperation) this.#dropTable(each);
    else if (each instanceof AddColumnOperation) this.#addColumn(each);
    else if (each instanceof DropColumnOperation) this.#dropColumn(each);
    else if (each instanceof AlterColumnOperation) this.#alterColumn(each);
    else if (each instanceof CreateIndexOperation) this.#createIndex(each, outside);
    else if (each instanceof DropIndexOperation) this.#dropIndex(each, outside);
    else if (each instanceof AddConstraintOperation) this.#addConstraint(each, each.constraint, outside);
    else if (each instanceof DropConstraintOperation) this.#lock(each.on);
    else if (each instanceof StatementOperation) this.#statement(each, outside);
  }

  #lock(on: QualifiedName): void {
    if (!this.#made.has(fullName(on))) this.#waits = true;
  }

  #renameTable(each: RenameTableOperation): void {
    this.#lock(each.on);
    this.#remark(
      "rename",
      each,
      each.on,
      EXCLUSIVE,
      "Programs that run read the table by its old name, and fail until they are replaced.",
      [
        "Rename it, and create a view with the old name in the same migration.",
        "Drop the view when no program reads it.",
      ],
    );
    if (this.#made.has(fullName(each.on))) this.#made.add(fullName({ ...each.on, name: each.to }));
  }

  #dropTable(each: DropTableOperation): void {
    this.#lock(each.on);
    this.#remark(
      "drop-table",
      each,
      each.on,
      EXCLUSIVE,
      "Programs that run may still read it, and its rows are gone.",
      ["Deploy the program that does not read it.", "Drop the table in a later migration."],
    );
  }

  #dropColumn(each: DropColumnOperation): void {
    this.#lock(each.on);
    this.#remark("drop-column", each, each.on, EXCLUSIVE, "Programs that run still select and insert it, and fail.", [
      "Deploy the program whose classes do not map it (a column without default must be nullable before).",
      "Drop the column in a later migration.",
    ]);
  }

  #addColumn(each: AddColumnOperation): void {
    const { table, column } = each;
    this.#lock(table);
    const written = column.serverDefault === null ? "" : String(column.serverDefault);
    const why =
      column.identity !== null
        ? "an identity is counted for each row"
        : column.computed !== null
          ? "a stored computed column is worked out for each row"
          : VOLATILE.test(written)
            ? `its default ${written} gives each row another value`
            : null;
    if (why !== null) {
      this.#remark(
        "add-column-rewrites",
        each,
        table,
        EXCLUSIVE,
        `The whole table is written anew (${why}); ${LOCKED_OUT}.`,
        [
          `op.addColumn("${table.name}", "${column.name}", ...) without default, nullable.`,
          `op.alterColumn("${table.name}", "${column.name}", { serverDefault }) for the rows that come.`,
          "Fill the rows that are there in batches, in op.autocommitBlock().",
        ],
      );
    } else if (!column.nullable && column.serverDefault === null) {
      this.#remark(
        "add-not-null",
        each,
        table,
        EXCLUSIVE,
        "It fails on a table with rows, and programs that run insert rows without it.",
        [
          "Add it with a serverDefault, or nullable and make it NOT NULL when all rows have a value:",
          ...this.#safeNotNull(table.name, column.name),
        ],
      );
    }
    for (const constraint of table.constraints) {
      if (constraint.kind !== "pk" && constraint.columns.includes(column)) this.#addConstraint(each, constraint, false);
    }
    for (const index of table.indexes) {
      if (index.columns.includes(column)) this.#createIndex(new CreateIndexOperation(index), false);
    }
  }

  #safeNotNull(table: string, column: string): readonly string[] {
    const check = `ck_${table}_${column}`;
    return [
      `op.createCheckConstraint("${check}", "${table}", "${column} is not null", { notValid: true });`,
      `op.autocommitBlock(() => op.validateConstraint("${check}", "${table}"));`,
      `op.alterColumn("${table}", "${column}", { nullable: false }); op.dropConstraint("${check}", "${table}");`,
    ];
  }

  #alterColumn(each: AlterColumnOperation): void {
    const { on, columnName, changes, existing } = each;
    this.#lock(on);
    if (
      changes.type !== undefined &&
      !(isPlainCast(changes.using, columnName) && widens(existing.type, changes.type))
    ) {
      this.#remark(
        "type-rewrites",
        each,
        on,
        EXCLUSIVE,
        `The whole table and its indexes are written anew; ${LOCKED_OUT}.`,
        [
          `Add a column of the new type beside "${columnName}", and let the program write both.`,
          "Fill the rows that are there in batches, in op.autocommitBlock().",
          "Let the program read the new column, then drop the old one in a later migration.",
        ],
      );
    }
    if (changes.nullable === false && !this.#proven.has(`${fullName(on)}.${columnName}`)) {
      this.#remark(
        "not-null-scans",
        each,
        on,
        EXCLUSIVE,
        `Every row is read to see that none is NULL; ${LOCKED_OUT}.`,
        this.#safeNotNull(on.name, columnName),
      );
    }
    if (changes.name !== undefined) {
      this.#remark(
        "rename",
        each,
        on,
        EXCLUSIVE,
        "Programs that run read the column by its old name, and fail until they are replaced.",
        [
          `Keep the column, and map the property to it: @Column({ name: "${columnName}" }).`,
          "Or add a column, write both, move the readers, and drop the old one in a later migration.",
        ],
      );
    }
  }

  #createIndex(each: CreateIndexOperation, outside: boolean): void {
    const { on, name } = each;
    if (each.index.options.concurrently !== true) {
      this.#remark("index-blocks", each, on, "SHARE", "Writers wait until the index is built.", [
        `await op.autocommitBlock(() => op.createIndex("${name}", "${on.name}", [...], { concurrently: true }));`,
      ]);
    } else this.#needsBlock(each, on, outside);
  }

  #dropIndex(each: DropIndexOperation, outside: boolean): void {
    if (each.options.concurrently === true) {
      this.#needsBlock(each, each.on, outside);
      return;
    }
    this.#lock(each.on);
    this.#remark(
      "drop-index-blocks",
      each,
      each.on,
      EXCLUSIVE,
      `It waits for all who use the table, and ${LOCKED_OUT} behind it.`,
      [`await op.autocommitBlock(() => op.dropIndex("${each.name}", "${each.on.name}", { concurrently: true }));`],
    );
  }

  #needsBlock(each: MigrateOperation, on: QualifiedName, outside: boolean): void {
    if (outside) return;
    this.#remark("concurrently-in-transaction", each, on, null, "CONCURRENTLY cannot run in a transaction: it fails.", [
      "Put it into await op.autocommitBlock(() => ...).",
    ]);
  }

  #addConstraint(each: MigrateOperation, constraint: Constraint, outside: boolean): void {
    const on = constraint.table as QualifiedName;
    const name = each instanceof AddConstraintOperation ? each.name : null;
    const { kind } = constraint;
    if (kind === "ck" || kind === "fk") {
      if (kind === "ck") this.#lock(on);
      if (!constraint.notValid) {
        const lock = kind === "ck" ? EXCLUSIVE : "SHARE ROW EXCLUSIVE";
        const who = kind === "ck" ? LOCKED_OUT : "writers of both tables wait";
        const create = kind === "ck" ? "createCheckConstraint" : "createForeignKey";
        this.#remark("constraint-scans", each, on, lock, `Every row is checked; ${who} meanwhile.`, [
          `op.${create}(..., { notValid: true }): new rows are checked from now on.`,
          `await op.autocommitBlock(() => op.validateConstraint(${JSON.stringify(name ?? "...")}, "${on.name}")): reads the rows and keeps nobody out.`,
        ]);
      } else if (name !== null) {
        if (!outside) this.#added.add(name);
        const column = kind === "ck" ? notNullColumn(constraint as CheckConstraint) : null;
        if (column !== null) this.#unproven.set(name, `${fullName(on)}.${column}`);
      }
      return;
    }
    this.#lock(on);
    if (kind === "ex") {
      this.#remark(
        "constraint-builds",
        each,
        on,
        EXCLUSIVE,
        `Its index is built; ${LOCKED_OUT} meanwhile. PostgreSQL has no other way.`,
        ["Run it when the table is little used, with a statementTimeout."],
      );
      return;
    }
    const key = kind === "pk" ? "PRIMARY KEY" : "UNIQUE";
    this.#remark("constraint-builds", each, on, EXCLUSIVE, `Its index is built; ${LOCKED_OUT} meanwhile.`, [
      `await op.autocommitBlock(() => op.createIndex("${name ?? "uq"}", "${on.name}", [...], { unique: true, concurrently: true }));`,
      `op.execute('alter table ${on.name} add constraint ${name ?? "uq"} ${key} using index ${name ?? "uq"}');`,
    ]);
  }

  #replaceEnum(each: StatementOperation): void {
    this.#waits = true;
    this.#remark(
      "type-rewrites",
      each,
      null,
      EXCLUSIVE,
      `Every table with a column of the type is written anew; ${LOCKED_OUT}.`,
      [
        "Add values by op.addEnumValue(), rename them by op.renameEnumValue(): neither touches a row.",
        "Leave a value that is not used any more in the type.",
      ],
    );
  }

  #statement(each: StatementOperation, outside: boolean): void {
    if (each.kind === "addEnumValue" && !outside) this.#labels.push(String(each.args[1]));
    if (each.kind === "replaceEnum") this.#replaceEnum(each);
    if (each.kind !== "validateConstraint") return;
    const [name, table] = each.args as [string, string];
    if (this.#added.has(name)) {
      this.#remark(
        "validate-in-transaction",
        each,
        { name: table },
        EXCLUSIVE,
        "The lock of the constraint that was added before it in the same transaction is held until all rows are read.",
        [`await op.autocommitBlock(() => op.validateConstraint("${name}", "${table}"));`],
      );
    }
    const column = this.#unproven.get(name);
    if (column !== undefined) this.#proven.add(column);
  }

  #sql(sql: string): void {
    const words = sql.trim().replaceAll(/\s+/g, " ");
    const remark = (
      rule: string,
      table: string | null,
      lock: string | null,
      why: string,
      instead: readonly string[],
    ): void => {
      if (table !== null && this.#made.has(table)) return;
      const operation = words.length > 80 ? `${words.slice(0, 77)}...` : words;
      this.remarks.push({ rule, operation, table, lock, why, instead });
    };
    const label = this.#labels.find((each) => words.includes(`'${each.replaceAll("'", "''")}'`));
    if (label !== undefined) {
      remark(
        "enum-value-in-use",
        null,
        null,
        `The value '${label}' was added in this transaction, and cannot be used before its end: it fails.`,
        ["await op.autocommitBlock(() => op.addEnumValue(...)), or use it in the next migration."],
      );
    }
    const index = /^create (?:unique )?index (?!concurrently).*? on (?:only )?([\w.]+)/i.exec(words);
    if (index !== null) {
      remark("index-blocks", index[1] as string, "SHARE", "Writers wait until the index is built.", [
        "CREATE INDEX CONCURRENTLY, in op.autocommitBlock().",
      ]);
    }
    const rows = /^(?:update (?:only )?([\w.]+)|delete from (?:only )?([\w.]+))(?!.* where )/i.exec(words);
    if (rows !== null) {
      remark(
        "all-rows-at-once",
        (rows[1] ?? rows[2]) as string,
        "ROW EXCLUSIVE",
        "Every row is locked until the migration ends, and writers of those rows wait.",
        ["Change the rows in batches of some thousands, each committed, in op.autocommitBlock()."],
      );
    }
    const whole = /^(vacuum (?:\(.*\bfull\b.*\)|full)|cluster|lock table|truncate)\b/i.exec(words);
    if (whole !== null)
      remark(
        "locks-table",
        null,
        EXCLUSIVE,
        `${(whole[1] as string).toUpperCase()} keeps everybody out of the table until it ends.`,
        ["Run it in a maintenance window, outside of migrations."],
      );
  }
}

function notNullColumn(check: CheckConstraint): string | null {
  const found = /^\(*\s*"?(\w+)"?\s+is\s+not\s+null\s*\)*$/i.exec(String(check.sqltext));
  return found === null ? null : (found[1] as string);
}

/** Whether the values stay as they are stored: a longer varchar, or text in its place. */
function widens(before: SQLType | undefined, after: SQLType): boolean {
  const [from, to] = [before === undefined ? null : plainType(before), plainType(after)];
  if (!(from instanceof StringType && to instanceof StringType)) return false;
  if (from.kind === "char" || to.kind === "char" || from.collation !== to.collation) return false;
  if (to.kind === "text" || to.maxLength === null) return true;
  return from.kind !== "text" && from.maxLength !== null && from.maxLength <= to.maxLength;
}

/** Whether USING says no more than PostgreSQL does by itself: a cast of the column. */
function isPlainCast(using: string | undefined, column: string): boolean {
  if (using === undefined) return true;
  const found = /^(?:CAST\("?([^"]+?)"? AS [^()]+(?:\(\d+\))?\)|"?([^":]+)"?::[^()]+(?:\(\d+\))?)$/i.exec(using.trim());
  return found !== null && (found[1] ?? found[2]) === column;
}

/** What is to be said of a revision's steps. */
export function lintForPostgresql(steps: readonly RecordedStep[], limits: MigrationLimits): readonly LintRemark[] {
  const linter = new Linter();
  for (const each of steps) linter.read(each);
  linter.end(limits);
  return linter.remarks;
}
