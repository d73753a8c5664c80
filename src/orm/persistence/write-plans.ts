/** The compiled statements of the unit of work: one for each table and set of columns, made once for each dialect. */

import type { ConnectionCore } from "../../engine/connection-core.js";
import { type DriverManyResult, type DriverResult, ValueRows } from "../../engine/driver.js";
import type { Op } from "../../engine/io.js";
import type { Compiled } from "../../sql/compiled.js";
import type { Dialect } from "../../sql/dialect.js";
import type { LooseElement } from "../../sql/element.js";
import { ArgumentError } from "../../sql/errors.js";
import { bindparam, compile, del, insert, select, update } from "../../sql/index.js";
import { keepShape } from "../../sql/keep-shape.js";
import { plainSQL } from "../../sql/mapped.js";
import { cacheKeyOf, type Node } from "../../sql/node.js";
import type { Column } from "../../sql/schema/column.js";
import type { Table } from "../../sql/schema/table.js";
import { PerDialect } from "../per-dialect.js";

/** A column of RETURNING and how its value is read. */
export interface ReturnedColumn {
  readonly column: Column;
  readonly process: ((value: never) => unknown) | null;
}

/** Columns that a statement gives back, as values of a dialect are read. */
export function returnedBy(columns: readonly Column[], dialect: Dialect): readonly ReturnedColumn[] {
  return columns.map((column) => ({ column, process: dialect.typeImpl(column.type).resultProcessor(dialect) }));
}

/** Where a placeholder's value comes from. */
interface Placeholder {
  /** Index in the row of values that is written; -1 where the statement itself has the value. */
  readonly from: number;
  /** The value that a column has by itself where no property maps it: its default, or its value at each UPDATE. */
  readonly own: (context: object) => unknown;
  readonly process: ((value: never) => unknown) | null;
  /** `users.name`, for messages. */
  readonly label: string;
}

/** A value as the driver takes it; one that does not fit its column is refused with the column's name. */
function convert(process: (value: never) => unknown, value: unknown, label: string): unknown {
  try {
    return process(value as never);
  } catch (error) {
    throw misfit(error, label);
  }
}

function misfit(error: unknown, label: string): ArgumentError {
  return new ArgumentError(`${label}: ${(error as Error).message}`, { cause: error });
}

/** A statement that is run with rows of values. */
export class WritePlan {
  readonly #placeholders: readonly Placeholder[];
  readonly #names: readonly string[];
  /** Whether the placeholders take the values of a row in their order. */
  readonly #inOrder: boolean;
  readonly returning: readonly ReturnedColumn[];

  /** @param names the names of the values of a row, in order */
  constructor(
    readonly compiled: Compiled,
    names: readonly string[],
    returning: readonly Column[],
    dialect: Dialect,
    table: Table,
  ) {
    const position = new Map(names.map((name, i) => [name, i]));
    this.#names = names;
    this.#placeholders = compiled.params.map(({ name, bind, process, label }) => ({
      from: position.get(name as string) ?? -1,
      own: (bind.callable as ((context: object) => unknown) | null) ?? (() => bind.value),
      process,
      label: `${table.name}.${label}`,
    }));
    this.#inOrder = this.#placeholders.length === names.length && this.#placeholders.every(({ from }, i) => from === i);
    this.returning = returnedBy(returning, dialect);
  }

  /**
   * Runs the statement for many rows.
   *
   * @param columns the values, column by column; they are the plan's to change, and become what the driver takes
   */
  runRows(
    connection: ConnectionCore,
    columns: readonly unknown[][],
    length: number,
    wantsKeys: boolean,
  ): Op<DriverManyResult> {
    const rows = new ValueRows(columns, length, wantsKeys);
    if (this.#inOrder) {
      this.#bindColumns(columns);
      return connection.runRows(this.compiled, rows);
    }
    return connection.runMany(
      this.compiled,
      rows.toSets().map((row) => this.bind(row)),
    );
  }

  #bindColumns(columns: readonly unknown[][]): void {
    for (let column = 0; column < columns.length; column++) {
      const { process, label } = this.#placeholders[column];
      if (process === null) continue;
      const values = columns[column];
      try {
        for (let row = 0; row < values.length; row++) {
          const value = values[row];
          if (value !== null) values[row] = process(value as never);
        }
      } catch (error) {
        throw misfit(error, label);
      }
    }
  }

  /** A row of values as the driver takes it. */
  bind(values: readonly unknown[]): unknown[] {
    const placeholders = this.#placeholders;
    const bound = new Array(placeholders.length);
    for (let i = 0; i < placeholders.length; i++) {
      const { from, own, process, label } = placeholders[i];
      const value = from < 0 ? own(this.#contextOf(values)) : values[from];
      bound[i] =
        process === null || value === null || value === undefined ? (value ?? null) : convert(process, value, label);
    }
    return bound;
  }

  /** What a column's default function is told of its row. */
  #contextOf(values: readonly unknown[]): object {
    return { getCurrentParameters: () => Object.fromEntries(this.#names.map((name, i) => [name, values[i]])) };
  }
}

/** The plans of one kind of statement for a table, by the lists of columns that it names. */
class Plans {
  readonly #byKey = new Map<string, WritePlan>();
  /** One transaction after the other writes the same columns. */
  #lists: readonly (readonly Column[])[] = [];
  #last: WritePlan | null = null;

  get(lists: readonly (readonly Column[])[], make: () => WritePlan): WritePlan {
    if (this.#last !== null && lists.every((list, i) => sameColumns(list, this.#lists[i]))) return this.#last;
    const key = lists.map((list) => list.map((c) => c.id).join(",")).join("|");
    let plan = this.#byKey.get(key);
    if (plan === undefined) {
      plan = make();
      this.#byKey.set(key, plan);
    }
    this.#lists = lists.map((list) => [...list]);
    this.#last = plan;
    return plan;
  }
}

function sameColumns(one: readonly Column[], two: readonly Column[]): boolean {
  if (one.length !== two.length) return false;
  for (let i = 0; i < one.length; i++) if (one[i] !== two[i]) return false;
  return true;
}

const inserts = new PerDialect((_: Table) => new Plans());
const updates = new PerDialect((_: Table) => new Plans());
const deletes = new PerDialect((_: Table) => new Plans());
const reads = new PerDialect((_: Table) => new Plans());

/** The name of a column's value in WHERE, where SET may have another value for it. */
function whereName(column: Column): string {
  return `where ${column.key}`;
}

/** A row of an insert: the values of `columns`. */
export function insertPlan(
  dialect: Dialect,
  table: Table,
  columns: readonly Column[],
  returning: readonly Column[],
): WritePlan {
  return inserts.get(table, dialect).get([columns, returning], () => {
    const names = columns.map((c) => c.key);
    const base = insert(table);
    const statement = returning.length > 0 ? base.returning(...returning) : base;
    return new WritePlan(compile(statement, dialect, { columnKeys: names }), names, returning, dialect, table);
  });
}

/** A row of an update: the values of `set`, then those of `where`. */
export function updatePlan(
  dialect: Dialect,
  table: Table,
  set: readonly Column[],
  where: readonly Column[],
  returning: readonly Column[],
): WritePlan {
  return updates.get(table, dialect).get([set, where, returning], () => {
    const names = [...set.map((c) => c.key), ...where.map(whereName)];
    const base = update(table).where(...where.map(equals));
    const statement = returning.length > 0 ? base.returning(...returning) : base;
    return new WritePlan(
      compile(statement, dialect, { columnKeys: set.map((c) => c.key) }),
      names,
      returning,
      dialect,
      table,
    );
  });
}

/** A row of a delete: the values of `where`. */
export function deletePlan(dialect: Dialect, table: Table, where: readonly Column[]): WritePlan {
  return deletes.get(table, dialect).get([where], () => {
    const statement = del(table).where(...where.map(equals));
    return new WritePlan(compile(statement, dialect), where.map(whereName), [], dialect, table);
  });
}

/** Reads columns of a row. A row of values: those of `where`. */
export function readPlan(
  dialect: Dialect,
  table: Table,
  where: readonly Column[],
  columns: readonly Column[],
): WritePlan {
  return reads.get(table, dialect).get([where, columns], () => {
    const statement = select(...columns).where(...where.map(equals));
    return new WritePlan(compile(statement, dialect), where.map(whereName), columns, dialect, table);
  });
}

/** Runs a statement that is compiled for this one use: values that are SQL expressions differ from row to row. */
export function* runStatement(connection: ConnectionCore, given: Node): Op<DriverResult> {
  const statement = plainSQL(given);
  const { binds } = cacheKeyOf(statement);
  const compiled = compile(statement, connection.dialect, { binds });
  return yield* connection.run(compiled, compiled.bind(binds));
}

function equals(column: Column): LooseElement {
  return column.eq(bindparam(whereName(column), undefined, column.type));
}

keepShape(new ValueRows([], 0, false));
