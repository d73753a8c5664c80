/** A table as it is to be after a batch of changes: what SQLite's ALTER TABLE cannot do is done by copying into it. */
import { Column } from "../../sql/schema/column.js";
import {
  CheckConstraint,
  type Constraint,
  ExcludeConstraint,
  ForeignKeyConstraint,
  PrimaryKeyConstraint,
  UniqueConstraint,
} from "../../sql/schema/constraints.js";
import { conv } from "../../sql/schema/conv.js";
import { Index } from "../../sql/schema/indexes.js";
import { MetaData } from "../../sql/schema/metadata.js";
import { Table, type TableItem } from "../../sql/schema/table.js";
import type { SQLType } from "../../sql/types/type.js";
import { MigrationError } from "../errors.js";
import { literally, mentionsIdentifier, plainIdentifiers, replaceIdentifier } from "../sql-text.js";
import {
  AddConstraintOperation,
  CreateIndexOperation,
  DropConstraintOperation,
  DropIndexOperation,
} from "./constraint-operations.js";
import { nameOf, nameOfIndex, serverName } from "./names.js";
import type { MigrateOperation } from "./operation.js";
import { standIns } from "./schema-objects.js";
import {
  AddColumnOperation,
  AlterColumnOperation,
  type ColumnChanges,
  DropColumnOperation,
} from "./table-operations.js";

/** Where a new column stands. */
export interface ColumnPlace {
  readonly insertBefore?: string;
  readonly insertAfter?: string;
}

interface Entry {
  column: Column;
  /** The column's name before the batch; null for a new one. */
  readonly before: string | null;
  /** How its values are made of the row before, where that is more than copying. */
  using: string | null;
}

/** The table after the changes, built up change by change. */
export class TableShape {
  readonly #entries: Entry[];
  #constraints: Constraint[];
  #indexes: Index[];
  #primaryKey: readonly string[];
  #primaryKeyName: PrimaryKeyConstraint["name"];
  /** New names of columns, by the names before. */
  readonly #renamed = new Map<string, string>();

  constructor(private readonly before: Table) {
    this.#entries = before.columns.map((column) => ({ column, before: column.name, using: null }));
    this.#constraints = before.constraints.filter((each) => each.kind !== "pk");
    this.#indexes = [...before.indexes];
    this.#primaryKey = before.primaryKey.columns.map((each) => each.name);
    this.#primaryKeyName = before.primaryKey.name;
  }

  /** Takes a change in. @throws MigrationError when it names what the table has not */
  apply(operation: MigrateOperation, place: ColumnPlace = {}): void {
    if (operation instanceof AddColumnOperation) this.#add(operation, place);
    else if (operation instanceof DropColumnOperation) this.#drop(operation.columnName);
    else if (operation instanceof AlterColumnOperation) this.#alter(operation.columnName, operation.changes);
    else if (operation instanceof AddConstraintOperation) this.#addConstraint(operation.constraint);
    else if (operation instanceof DropConstraintOperation) this.#dropConstraint(operation.name, operation.constraint);
    else if (operation instanceof CreateIndexOperation) this.#indexes.push(operation.index);
    else if (operation instanceof DropIndexOperation) this.#dropIndex(operation.name);
    else throw new MigrationError(`${operation.describe()} cannot be part of a batch on ${this.before.fullName}.`);
  }

  #entry(name: string): Entry {
    const found = this.#entries.find((each) => each.column.name === name);
    if (found !== undefined) return found;
    const names = this.#entries.map((each) => each.column.name).join(", ");
    throw new MigrationError(`Table ${this.before.fullName} has no column "${name}"; it has ${names}.`);
  }

  #add({ table, column }: AddColumnOperation, place: ColumnPlace): void {
    if (this.#entries.some((each) => each.column.name === column.name)) {
      throw new MigrationError(`Table ${this.before.fullName} has a column "${column.name}" already.`);
    }
    const beside = place.insertBefore ?? place.insertAfter;
    const at =
      beside === undefined
        ? this.#entries.length
        : this.#entries.indexOf(this.#entry(beside)) + (place.insertBefore === undefined ? 1 : 0);
    this.#entries.splice(at, 0, { column, before: null, using: null });
    this.#constraints.push(...table.constraints.filter((each) => each.kind !== "pk" && each.columns.includes(column)));
    this.#indexes.push(...table.indexes.filter((each) => each.columns.includes(column)));
    if (column.primaryKey) this.#primaryKey = [...this.#primaryKey, column.name];
  }

  #drop(name: string): void {
    const entry = this.#entry(name);
    if (this.#primaryKey.includes(name)) {
      throw new MigrationError(
        `Column "${name}" is part of the primary key of ${this.before.fullName}. Give the table another key first: batch.createPrimaryKey(...).`,
      );
    }
    this.#entries.splice(this.#entries.indexOf(entry), 1);
    const uses = (columns: readonly Column[]): boolean => columns.some((each) => this.#now(each.name) === name);
    this.#constraints = this.#constraints.filter(
      (each) => !uses(each.columns) && !mentions(each, entry.before ?? name),
    );
    this.#indexes = this.#indexes.filter((each) => !uses(each.columns));
  }

  #alter(name: string, changes: ColumnChanges): void {
    const entry = this.#entry(name);
    const { name: newName = name, type, using, serverDefault, computed, identity, nullable, comment } = changes;
    if (type !== undefined) {
      // The check of the old type's values goes with the type.
      const old = entry.before ?? name;
      this.#constraints = this.#constraints.filter((each) => !isValueCheck(each, old));
    }
    const { column } = entry;
    entry.column = new Column(newName, (type ?? column.type) as SQLType, {
      ...column.copy().options,
      name: newName,
      key: newName,
      nullable: nullable ?? column.nullable,
      ...(serverDefault === undefined ? {} : { serverDefault: serverDefault as never }),
      ...(computed === undefined ? {} : { computed: computed as never }),
      ...(identity === undefined ? {} : { identity: identity as never }),
      ...(comment === undefined ? {} : { comment }),
      foreignKeys: [],
    }) as Column;
    if (using !== undefined) entry.using = this.#overRowBefore(using);
    if (newName === name) return;
    this.#renamed.set(entry.before ?? name, newName);
    this.#primaryKey = this.#primaryKey.map((each) => (each === name ? newName : each));
  }

  /** An expression over the columns as they are called by now, as one over the row before the batch. */
  #overRowBefore(text: string): string {
    return [...this.#renamed].reduce((sql, [from, to]) => replaceIdentifier(sql, to, from), text);
  }

  #addConstraint(constraint: Constraint): void {
    if (constraint instanceof PrimaryKeyConstraint) {
      this.#primaryKey = constraint.columnRefs.map((each) => (typeof each === "string" ? each : (each as Column).name));
      this.#primaryKeyName = constraint.name;
    } else this.#constraints.push(constraint);
  }

  #dropConstraint(name: string | null, likeness: Constraint | null): void {
    const key = this.before.primaryKey;
    const isMeant = (each: Constraint): boolean =>
      name === null ? likeness !== null && isAlike(each, likeness) : isNamed(each, name);
    const found = this.#constraints.find(isMeant);
    if (found !== undefined) this.#constraints.splice(this.#constraints.indexOf(found), 1);
    else if (isMeant(key)) this.#primaryKey = [];
    else {
      const what = name === null ? likeness && describe(likeness) : `"${name}"`;
      const names = this.#constraints.map((each) => nameOf(each) ?? describe(each)).join(", ");
      throw new MigrationError(
        `Table ${this.before.fullName} has no constraint ${what}; it has ${names || "none"}. One without a name is told by what it is, or by the name that { namingConvention } gives it.`,
      );
    }
  }

  #dropIndex(name: string): void {
    const found = this.#indexes.find((each) => nameOfIndex(each) === name);
    if (found === undefined) throw new MigrationError(`Table ${this.before.fullName} has no index "${name}".`);
    this.#indexes.splice(this.#indexes.indexOf(found), 1);
  }

  #now(name: string): string {
    return this.#renamed.get(name) ?? name;
  }

  /** The table, under a name of its own, and how its columns are filled: by name, the SQL over the row before. */
  build(name: string): { readonly table: Table; readonly copied: ReadonlyMap<string, string> } {
    const metadata = new MetaData();
    const rename = (columns: readonly Column[]): string[] => columns.map((each) => this.#now(each.name));
    const items: TableItem[] = this.#entries.map(({ column }) => detached(column));
    if (this.#primaryKey.length > 0)
      items.push(new PrimaryKeyConstraint(this.#primaryKey, { name: this.#primaryKeyName }));
    for (const each of this.#constraints) items.push(this.#rewritten(each, rename));
    const { autoloadWith: _bind, ...options } = this.before.options;
    const table = new Table(name, metadata, items, options) as unknown as Table;
    standIns(table);
    const copied = new Map<string, string>();
    for (const { column, before, using } of this.#entries) {
      if (column.computed !== null) continue;
      if (using !== null) copied.set(column.name, using);
      else if (before !== null) copied.set(column.name, before);
    }
    return { table, copied };
  }

  /** The indexes, for the table when it stands in the place of the one before. */
  indexesOn(table: Table): readonly Index[] {
    return this.#indexes.map((each) => {
      const parts = each.expressions.map((part) =>
        part.visitName === "Column" ? this.#now((part as Column).name) : (part as never),
      );
      const { where, ...rest } = each.options;
      const made = new Index(conv(nameOfIndex(each)), parts, {
        ...rest,
        ...(where === undefined ? {} : { where: typeof where === "string" ? this.#renamedText(where) : where }),
      });
      table.addIndex(made);
      return made;
    });
  }

  #renamedText(text: string): string {
    let now = text;
    for (const [from, to] of this.#renamed) now = replaceIdentifier(now, from, to);
    return now;
  }

  #rewritten(constraint: Constraint, rename: (columns: readonly Column[]) => string[]): Constraint {
    if (constraint instanceof UniqueConstraint)
      return new UniqueConstraint(rename(constraint.columns), constraint.options);
    if (constraint instanceof ForeignKeyConstraint) {
      const self = `${this.before.fullName}.`;
      const targets = constraint.elements.map(({ target }) => {
        if (typeof target !== "string" || !target.startsWith(self)) return target;
        return self + this.#now(target.slice(self.length));
      });
      return new ForeignKeyConstraint(rename(constraint.columns), targets, { ...constraint.options });
    }
    if (constraint instanceof CheckConstraint) {
      const { sqltext } = constraint;
      return new CheckConstraint(
        typeof sqltext === "string" ? this.#renamedText(sqltext) : sqltext,
        constraint.options,
      );
    }
    if (constraint instanceof ExcludeConstraint) return new ExcludeConstraint(constraint.elements, constraint.options);
    throw new MigrationError(`A ${constraint.kind} constraint cannot be part of a batch.`);
  }
}

// A copy without what the table's constraints say already.
function detached(column: Column): Column<never> {
  return column.copy({
    foreignKeys: [],
    unique: false,
    index: false,
    primaryKey: false,
  } as never) as unknown as Column<never>;
}

/** Whether a constraint has a name, or none and is called so by PostgreSQL: a file that was written there drops it here too. */
function isNamed(constraint: Constraint, name: string): boolean {
  return (nameOf(constraint) ?? serverName(constraint)) === name;
}

function isAlike(constraint: Constraint, other: Constraint): boolean {
  if (constraint.kind !== other.kind) return false;
  if (constraint.kind === "ck")
    return plainIdentifiers(textOf(constraint)?.trim() ?? "") === plainIdentifiers(textOf(other)?.trim() ?? "");
  return namesOf(constraint) === namesOf(other);
}

function namesOf(constraint: Constraint): string {
  return constraint.columns.map((each) => each.name).join(", ");
}

const KINDS = { pk: "PRIMARY KEY", fk: "FOREIGN KEY", uq: "UNIQUE", ck: "CHECK", ex: "EXCLUDE" } as const;

/** `UNIQUE (a, b)`, for a constraint that has no name. */
function describe(constraint: Constraint): string {
  return `${KINDS[constraint.kind]} (${textOf(constraint) ?? namesOf(constraint)})`;
}

function textOf(constraint: Constraint): string | null {
  if (!(constraint instanceof CheckConstraint)) return null;
  return typeof constraint.sqltext === "string" ? constraint.sqltext : String(constraint.sqltext);
}

function mentions(constraint: Constraint, column: string): boolean {
  const text = textOf(constraint);
  return text !== null && mentionsIdentifier(text, column);
}

/** Whether a CHECK does no more than list a column's values, as a checked enum's does. */
function isValueCheck(constraint: Constraint, column: string): boolean {
  const text = textOf(constraint);
  const name = literally(column);
  return text !== null && new RegExp(`^\\(*["\`[]?${name}["\`\\]]?\\s+in\\s*\\([^()]*\\)\\)*$`, "i").test(text.trim());
}
