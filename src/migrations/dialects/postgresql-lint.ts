/** What PostgreSQL does to a table in use: which operations rewrite it, read it through, or keep others out meanwhile. */
import type { Column } from "../../sql/schema/column.js";
import type { CheckConstraint, Constraint } from "../../sql/schema/constraints.js";
import type { LintContext, LintRemark } from "../lint/finding.js";
import type { RecordedStep } from "../lint/step.js";
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
import { changesRows, readStatement, statementsOf } from "./postgresql-lint-sql.js";
import { typeChangeRewrites, whyAddingRewrites } from "./postgresql-rewrites.js";

const EXCLUSIVE = "ACCESS EXCLUSIVE";
const SHARED_EXCLUSIVE = "SHARE ROW EXCLUSIVE";
const LOCKED_OUT = "readers and writers wait";

/** What may let PostgreSQL read the rows of all tables that have a domain. */
const RULES_OF_DOMAINS: ReadonlySet<string> = new Set([
  "alterDomain",
  "createDomainConstraint",
  "validateDomainConstraint",
]);

/** What harms, before it is said of which operation and table. */
type Harm = Pick<LintRemark, "rule" | "lock" | "why" | "instead">;

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
  /** Tables that are locked until the transaction that is open ends, with the lock. */
  readonly #locked = new Map<string, string>();
  /** Values that the transaction has added to enums. */
  readonly #labels: string[] = [];
  #waits = false;

  constructor(private readonly context: LintContext) {}

  read(step: RecordedStep): void {
    if (step.outside) {
      this.#added.clear();
      this.#locked.clear();
      this.#labels.length = 0;
    }
    if (step.operation !== null) this.#operation(step.operation, step.outside);
    else if (step.rows !== null) this.#changes(step.rows, step.outside);
    else for (const each of statementsOf(step.sql)) this.#sql(each, step.outside);
  }

  end(): void {
    if (!this.#waits || this.context.lockTimeout !== undefined) return;
    this.remarks.push({
      rule: "lock-timeout",
      operation: "the revision",
      table: null,
      lock: EXCLUSIVE,
      why: "It waits for its lock as long as the oldest transaction on the table runs, and everybody who comes later waits behind it.",
      instead: ["Set lockTimeout in athanor.config.ts (2000, say): the migration gives up, and runs again later."],
    });
  }

  #remark(operation: MigrateOperation, on: QualifiedName | null, harm: Harm): void {
    const table = on === null ? null : fullName(on);
    if (table === null || !this.#made.has(table))
      this.remarks.push({ operation: operation.describe(), table, ...harm });
  }

  /** A lock that waits for those who use the table, and is held to the end of the transaction. */
  #lock(on: QualifiedName, outside: boolean, lock = EXCLUSIVE): void {
    const table = fullName(on);
    if (this.#made.has(table)) return;
    this.#waits = true;
    if (!outside && this.#locked.get(table) !== EXCLUSIVE) this.#locked.set(table, lock);
  }

  #operation(each: MigrateOperation, outside: boolean): void {
    if (each instanceof CreateTableOperation) this.#createTable(each, outside);
    else if (each instanceof RenameTableOperation) this.#renameTable(each, outside);
    else if (each instanceof DropTableOperation) this.#dropTable(each, outside);
    else if (each instanceof AddColumnOperation) this.#addColumn(each, outside);
    else if (each instanceof DropColumnOperation) this.#dropColumn(each, outside);
    else if (each instanceof AlterColumnOperation) this.#alterColumn(each, outside);
    else if (each instanceof CreateIndexOperation) this.#createIndex(each, outside);
    else if (each instanceof DropIndexOperation) this.#dropIndex(each, outside);
    else if (each instanceof AddConstraintOperation) this.#addConstraint(each, each.constraint, outside);
    else if (each instanceof DropConstraintOperation) this.#lock(each.on, outside);
    else if (each instanceof StatementOperation) this.#statement(each, outside);
  }

  // --- tables and columns ------------------------------------------------------------------------------------------------

  #createTable({ table }: CreateTableOperation, outside: boolean): void {
    this.#made.add(table.fullName);
    for (const key of table.foreignKeyConstraints) this.#lock(key.referredTable, outside, SHARED_EXCLUSIVE);
  }

  #renameTable(each: RenameTableOperation, outside: boolean): void {
    this.#lock(each.on, outside);
    this.#remark(each, each.on, {
      rule: "rename",
      lock: EXCLUSIVE,
      why: "Programs that run read the table by its old name, and fail until they are replaced.",
      instead: [
        "Rename it, and create a view with the old name in the same migration.",
        "Drop the view when no program reads it.",
      ],
    });
    if (this.#made.has(fullName(each.on))) this.#made.add(fullName({ ...each.on, name: each.to }));
  }

  #dropTable(each: DropTableOperation, outside: boolean): void {
    this.#lock(each.on, outside);
    const mapped = this.context.mapped?.(fullName(each.on), null) ?? null;
    this.#remark(each, each.on, {
      rule: mapped === null ? "drop-table" : "drop-mapped",
      lock: EXCLUSIVE,
      why:
        mapped === null
          ? "Programs that run may still read it, and its rows are gone."
          : `${mapped} is mapped to it: the program of this very version fails, and its rows are gone.`,
      instead: [
        ...(mapped === null ? [] : [`Take ${mapped} out of the program.`]),
        "Deploy the program that does not read it.",
        "Drop the table in a later migration.",
      ],
    });
  }

  #dropColumn(each: DropColumnOperation, outside: boolean): void {
    this.#lock(each.on, outside);
    const mapped = this.context.mapped?.(fullName(each.on), each.columnName) ?? null;
    this.#remark(each, each.on, {
      rule: mapped === null ? "drop-column" : "drop-mapped",
      lock: EXCLUSIVE,
      why:
        mapped === null
          ? "Programs that run still select and insert it, and fail."
          : `${mapped} is mapped to it: the program of this very version selects it, and fails.`,
      instead: [
        ...(mapped === null ? [] : [`Take ${mapped} out of the class.`]),
        "Deploy the program whose classes do not map it (a column without default must be nullable before).",
        "Drop the column in a later migration.",
      ],
    });
  }

  #addColumn(each: AddColumnOperation, outside: boolean): void {
    const { table, column } = each;
    this.#lock(table, outside);
    const why = whyAddingRewrites(column);
    if (why !== null) {
      this.#remark(each, table, {
        rule: "add-column-rewrites",
        lock: EXCLUSIVE,
        why: `The whole table is written anew (${why}); ${LOCKED_OUT}.`,
        instead: safeFilled(table, column),
      });
    } else if (!column.nullable && column.serverDefault === null) {
      this.#remark(each, table, {
        rule: "add-not-null",
        lock: EXCLUSIVE,
        why: "It fails on a table with rows, and programs that run insert rows without it.",
        instead: [
          "Add it with a serverDefault, or nullable and make it NOT NULL when all rows have a value:",
          ...safeNotNull(table, column.name),
        ],
      });
    }
    for (const constraint of table.constraints) {
      if (constraint.kind !== "pk" && constraint.columns.includes(column))
        this.#addConstraint(each, constraint, outside);
    }
    for (const index of table.indexes) {
      if (index.columns.includes(column)) this.#createIndex(new CreateIndexOperation(index), outside);
    }
  }

  #alterColumn(each: AlterColumnOperation, outside: boolean): void {
    const { on, columnName, changes, existing } = each;
    this.#lock(on, outside);
    if (typeChangeRewrites(columnName, changes, existing) || changes.computed != null) {
      this.#remark(each, on, {
        rule: "type-rewrites",
        lock: EXCLUSIVE,
        why: `The whole table and its indexes are written anew; ${LOCKED_OUT}.`,
        instead: [
          `Add a column of the new type beside "${columnName}", and let the program write both.`,
          `op.backfill("${on.name}", ...) for the rows that are there, in op.autocommitBlock().`,
          "Let the program read the new column, then drop the old one in a later migration.",
        ],
      });
    }
    if (changes.nullable === false && !this.#proven.has(`${fullName(on)}.${columnName}`)) {
      this.#remark(each, on, {
        rule: "not-null-scans",
        lock: EXCLUSIVE,
        why: `Every row is read to see that none is NULL; ${LOCKED_OUT}.`,
        instead: safeNotNull(on, columnName),
      });
    }
    if (changes.name !== undefined) {
      this.#remark(each, on, {
        rule: "rename",
        lock: EXCLUSIVE,
        why: "Programs that run read the column by its old name, and fail until they are replaced.",
        instead: [
          `Keep the column, and map the property to it: @Column({ name: "${columnName}" }).`,
          "Or add a column, write both, move the readers, and drop the old one in a later migration.",
        ],
      });
    }
  }

  // --- indexes and constraints -------------------------------------------------------------------------------------------

  #createIndex(each: CreateIndexOperation, outside: boolean): void {
    const { on, name, index } = each;
    if (index.options.concurrently === true) {
      this.#needsBlock(each, on, outside);
      return;
    }
    this.#lock(on, outside, "SHARE");
    const unique = index.unique ? "unique: true, " : "";
    this.#remark(each, on, {
      rule: "index-blocks",
      lock: "SHARE",
      why: "Writers wait until the index is built.",
      instead: [
        `await op.autocommitBlock(() => op.createIndex("${name}", "${on.name}", [...], { ${unique}concurrently: true }));`,
      ],
    });
  }

  #dropIndex(each: DropIndexOperation, outside: boolean): void {
    const { on, name, options } = each;
    if (options.concurrently === true) {
      this.#needsBlock(each, on, outside);
      return;
    }
    this.#lock(on, outside);
    this.#remark(each, on, {
      rule: "drop-index-blocks",
      lock: EXCLUSIVE,
      why: `It waits for all who use the table, and ${LOCKED_OUT} behind it.`,
      instead: [`await op.autocommitBlock(() => op.dropIndex("${name}", "${on.name}", { concurrently: true }));`],
    });
  }

  #needsBlock(each: MigrateOperation, on: QualifiedName, outside: boolean): void {
    if (outside) return;
    this.#remark(each, on, {
      rule: "concurrently-in-transaction",
      lock: null,
      why: "CONCURRENTLY cannot run in a transaction: it fails.",
      instead: ["Put it into await op.autocommitBlock(() => ...)."],
    });
  }

  #addConstraint(each: MigrateOperation, constraint: Constraint, outside: boolean): void {
    const on = constraint.table as QualifiedName;
    const name = each instanceof AddConstraintOperation ? each.name : null;
    const { kind, notValid } = constraint;
    this.#lock(on, outside, kind === "fk" ? SHARED_EXCLUSIVE : EXCLUSIVE);
    if (kind === "ck" || kind === "fk") {
      if (!notValid) this.#remark(each, on, scanned(kind, name, on));
      else if (name !== null) this.#notValid(name, on, constraint, outside);
      return;
    }
    this.#remark(each, on, {
      rule: "constraint-builds",
      lock: EXCLUSIVE,
      why: `Its index is built; ${LOCKED_OUT} meanwhile.${kind === "ex" ? " PostgreSQL has no other way." : ""}`,
      instead:
        kind === "ex"
          ? ["Run it when the table is little used, with a statementTimeout."]
          : [
              `await op.autocommitBlock(() => op.createIndex("${name ?? "uq"}", "${on.name}", [...], { unique: true, concurrently: true }));`,
              `op.constraintFromIndex("${name ?? "uq"}", "${on.name}", "${kind}");`,
            ],
    });
  }

  #notValid(name: string, on: QualifiedName, constraint: Constraint, outside: boolean): void {
    if (!outside) this.#added.add(name);
    const column = constraint.kind === "ck" ? notNullColumn(constraint as CheckConstraint) : null;
    if (column !== null) this.#unproven.set(name, `${fullName(on)}.${column}`);
  }

  // --- statements --------------------------------------------------------------------------------------------------------

  #statement(each: StatementOperation, outside: boolean): void {
    const { kind, args } = each;
    if (kind === "addEnumValue" && !outside && !each.outside) this.#labels.push(String(args[1]));
    else if (kind === "replaceEnum") {
      this.#replaceType(each, [
        "Add values by op.addEnumValue(), rename them by op.renameEnumValue(): neither touches a row.",
        "Leave a value that is not used any more in the type.",
      ]);
    } else if (kind === "replaceDomain") {
      this.#replaceType(each, [
        "Add a column of a new domain beside each, let the program write both, and drop the old one in a later migration.",
      ]);
    } else if (RULES_OF_DOMAINS.has(kind)) this.#domainRule(each);
    else if (kind === "renameEnumValue") {
      this.#remark(each, null, {
        rule: "rename",
        lock: null,
        why: `Programs that run write '${String(args[1])}' and compare with it, and fail until they are replaced.`,
        instead: ["Add the new value, let the program read both and write the new one, and update the rows then."],
      });
    } else if (kind === "validateConstraint") this.#validate(each, args as readonly string[]);
  }

  #replaceType(each: StatementOperation, instead: readonly string[]): void {
    this.#waits = true;
    this.#remark(each, null, {
      rule: "type-rewrites",
      lock: EXCLUSIVE,
      why: `Every table with a column of the type is written anew; ${LOCKED_OUT}.`,
      instead,
    });
  }

  #domainRule(each: StatementOperation): void {
    const { notNull, notValid } = each.args.at(-1) as { readonly notNull?: boolean; readonly notValid?: boolean };
    if (notValid === true || (each.kind === "alterDomain" && notNull !== true)) return;
    this.#waits = true;
    this.#remark(each, null, {
      rule: "constraint-scans",
      lock: "SHARE",
      why: "Every row of every table with a column of the domain is checked; writers wait meanwhile.",
      instead: [
        ...(each.kind === "validateDomainConstraint"
          ? []
          : ["op.createDomainConstraint(..., { notValid: true }): new values are checked from now on."]),
        "Check the rows that are there when the tables are little used, with a statementTimeout: PostgreSQL has no other way.",
      ],
    });
  }

  #validate(each: StatementOperation, [name = "", table = ""]: readonly string[]): void {
    if (this.#added.has(name)) {
      this.#remark(
        each,
        { name: table },
        {
          rule: "validate-in-transaction",
          lock: EXCLUSIVE,
          why: "The lock of the constraint that was added before it in the same transaction is held until all rows are read.",
          instead: [`await op.autocommitBlock(() => op.validateConstraint("${name}", "${table}"));`],
        },
      );
    }
    const column = this.#unproven.get(name);
    if (column !== undefined) this.#proven.add(column);
  }

  #sql(statement: string, outside: boolean): void {
    const operation = statement.length > 80 ? `${statement.slice(0, 77)}...` : statement;
    const label = this.#labels.find((each) => statement.includes(`'${each.replaceAll("'", "''")}'`));
    if (label !== undefined) {
      this.remarks.push({
        rule: "enum-value-in-use",
        operation,
        table: null,
        lock: null,
        why: `The value '${label}' was added in this transaction, and cannot be used before its end: it fails.`,
        instead: ["await op.autocommitBlock(() => op.addEnumValue(...)), or use it in the next migration."],
      });
    }
    const created = /^create (?:unlogged )?table (?:if not exists )?([\w."]+)/i.exec(statement);
    if (created !== null) this.#made.add((created[1] as string).replaceAll('"', ""));
    for (const each of readStatement(statement)) {
      if (each.table !== null && this.#made.has(each.table)) continue;
      if (each.lock !== "ROW EXCLUSIVE" && each.table !== null)
        this.#lock({ name: each.table }, outside, each.lock ?? EXCLUSIVE);
      this.remarks.push({ operation, ...each });
    }
    if (changesRows(statement)) this.#changes(operation, outside);
  }

  /** Rows are changed: whoever is kept out of a table by now waits for all of them. */
  #changes(operation: string, outside: boolean): void {
    const [held] = this.#locked;
    if (outside || held === undefined) return;
    const [table, lock] = held;
    this.#locked.clear();
    this.remarks.push({
      rule: "lock-held",
      operation,
      table,
      lock,
      why: `The lock on ${table} that an operation before it has taken is held until all these rows are changed.`,
      instead: ["op.backfill(...) in op.autocommitBlock(), or a migration of its own."],
    });
  }
}

function scanned(kind: "ck" | "fk", name: string | null, on: QualifiedName): Harm {
  const create = kind === "ck" ? "createCheckConstraint" : "createForeignKey";
  return {
    rule: "constraint-scans",
    lock: kind === "ck" ? EXCLUSIVE : SHARED_EXCLUSIVE,
    why: `Every row is checked; ${kind === "ck" ? LOCKED_OUT : "writers of both tables wait"} meanwhile.`,
    instead: [
      `op.${create}(..., { notValid: true }): new rows are checked from now on.`,
      `await op.autocommitBlock(() => op.validateConstraint(${JSON.stringify(name ?? "...")}, "${on.name}")): reads the rows and keeps nobody out.`,
    ],
  };
}

function safeFilled({ name: table }: QualifiedName, column: Column): readonly string[] {
  const backfill = `op.backfill("${table}", ..., "${column.name} is null") for the rows that are there, in op.autocommitBlock().`;
  if (column.computed !== null) {
    return [
      "Let it be computed when it is read: { persisted: false } (from PostgreSQL 18 on), or an expression in the class.",
      `Or add a plain column that the program writes, and ${backfill}`,
    ];
  }
  const counts = column.identity !== null || column.serverDefault === true;
  return [
    `op.addColumn("${table}", "${column.name}", ...) without ${counts ? "identity" : "default"}, nullable.`,
    ...(counts ? [`op.createSequence("${table}_${column.name}_seq");`] : []),
    `op.alterColumn("${table}", "${column.name}", { serverDefault${counts ? ": nextval" : ""} }) for the rows that come.`,
    backfill,
  ];
}

function safeNotNull({ name: table }: QualifiedName, column: string): readonly string[] {
  const check = `ck_${table}_${column}`;
  return [
    `op.createCheckConstraint("${check}", "${table}", "${column} is not null", { notValid: true });`,
    `op.autocommitBlock(() => op.validateConstraint("${check}", "${table}"));`,
    `op.alterColumn("${table}", "${column}", { nullable: false }); op.dropConstraint("${check}", "${table}");`,
  ];
}

function notNullColumn(check: CheckConstraint): string | null {
  const found = /^\(*\s*"?(\w+)"?\s+is\s+not\s+null\s*\)*$/i.exec(String(check.sqltext));
  return found === null ? null : (found[1] as string);
}

/** What is to be said of a revision's steps. */
export function lintForPostgresql(steps: readonly RecordedStep[], context: LintContext): readonly LintRemark[] {
  const linter = new Linter(context);
  for (const each of steps) linter.read(each);
  linter.end();
  return linter.remarks;
}
