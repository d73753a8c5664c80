/** Rows of the program's own, as lines of COPY: what an INSERT of them would bind, defaults and types included. */
import type { Compiled } from "../../sql/compiled.js";
import type { Insert } from "../../sql/dml/insert.js";
import { ArgumentError } from "../../sql/errors.js";
import type { BoundValue } from "../../sql/key-context.js";
import { Node } from "../../sql/node.js";
import type { Column } from "../../sql/schema/column.js";
import { describeValue } from "../../sql/types/describe-value.js";
import type { ConnectionCore } from "../connection-core.js";
import type { CopyDialect } from "./dialect.js";

type Named = Readonly<Record<string, unknown>>;

/** A value of a line. */
interface Cell {
  /** Its name in rows. */
  readonly name: string;
  readonly process: ((value: unknown) => unknown) | null;
  readonly bindsNull: boolean;
}

export class RowWriter {
  /** Column keys by the names that rows have. */
  readonly #keys = new Map<string, string>();
  readonly #compiled: Compiled;
  readonly #binds: readonly BoundValue[];
  /** The columns that are written, in the order of the lines. */
  readonly columns: readonly Column[];
  /** Where each value of a line is in a row; null where some are made otherwise, by defaults. */
  readonly #cells: readonly Cell[] | null;
  readonly #values: unknown[];

  constructor(
    connection: ConnectionCore,
    private readonly statement: Insert,
    private readonly dialect: CopyDialect,
    first: unknown,
  ) {
    const { table } = statement;
    for (const [name, value] of Object.entries(this.#row(first, 1))) {
      if (value === undefined) continue;
      const column = statement.columnFor(name, this.#place);
      if (column.computed !== null)
        throw new ArgumentError(`${this.#place}: "${name}" is computed by the database and cannot be written.`);
      this.#keys.set(name, column.key);
    }
    const { compiled, binds } = connection.cached(statement, { columnKeys: [...this.#keys.values()] });
    this.#compiled = compiled;
    this.#binds = binds;
    this.columns = compiled.params.map((param) => table.columns.find((each) => each.key === param.label) as Column);
    if (!dialect.takesValues(compiled)) this.#refuse();
    const names = new Map([...this.#keys].map(([name, key]) => [key, name]));
    const cells = compiled.params.map(({ name, process, bindsNull }) => {
      const given = name === null ? undefined : names.get(name);
      return given === undefined ? null : { name: given, process: process as Cell["process"], bindsNull };
    });
    this.#cells = cells.every((cell) => cell !== null) && cells.length === this.#keys.size ? cells : null;
    this.#values = new Array(cells.length);
  }

  /** The line of a row. @param number from 1, for messages */
  line(row: unknown, number: number): string {
    const values = this.#row(row, number);
    return this.#takes(values) ? this.dialect.row(this.#values) : this.#lineOf(values, number);
  }

  /** Reads a row that gives just the columns, and nothing but values that fit. Of any other the long way says what is wrong with it. */
  #takes(row: Named): boolean {
    const cells = this.#cells;
    if (cells === null) return false;
    let given = 0;
    for (const _ in row) given++;
    if (given !== cells.length) return false;
    try {
      for (let i = 0; i < cells.length; i++) {
        const { name, process, bindsNull } = cells[i] as Cell;
        const value = row[name];
        if (value === undefined || (typeof value === "object" && value instanceof Node)) return false;
        this.#values[i] = process === null || (value === null && !bindsNull) ? value : process(value);
      }
    } catch {
      return false;
    }
    return true;
  }

  #lineOf(values: Named, number: number): string {
    const named: Record<string, unknown> = {};
    let given = 0;
    for (const name of Object.keys(values)) {
      const value = values[name];
      if (value === undefined) continue;
      const key = this.#keys.get(name);
      if (key === undefined) {
        throw new ArgumentError(
          `${this.#place}: row ${number} gives "${name}", which the first row does not. All rows give the same columns.`,
        );
      }
      if (value instanceof Node) {
        throw new ArgumentError(
          `${this.#place}: "${name}" of row ${number} is an SQL expression, and COPY takes values: insert such rows with insert().`,
        );
      }
      named[key] = value;
      given++;
    }
    if (given < this.#keys.size) {
      const missing = [...this.#keys].find(([, key]) => !Object.hasOwn(named, key))?.[0];
      throw new ArgumentError(
        `${this.#place}: row ${number} has no value for "${missing}", which the first row has. Write null for NULL.`,
      );
    }
    try {
      return this.dialect.row(this.#compiled.bind(this.#binds, named));
    } catch (error) {
      if (!(error instanceof ArgumentError)) throw error;
      throw new ArgumentError(`${this.#place}: row ${number}: ${error.message}`, { cause: error });
    }
  }

  get #place(): string {
    return `copyFrom(${this.statement.entity?.entityName ?? this.statement.table.fullName})`;
  }

  #row(row: unknown, number: number): Named {
    if (typeof row !== "object" || row === null || Array.isArray(row) || row instanceof Uint8Array) {
      throw new ArgumentError(
        `${this.#place}: row ${number} is ${describeValue(row)}, and rows are objects of values by name. For text or bytes of another program say how they are written: { format: "csv" }.`,
      );
    }
    return this.statement.entity?.written(row as Named) ?? (row as Named);
  }

  #refuse(): never {
    const { table } = this.statement;
    const written = new Set(this.columns);
    const asked = new Set(this.#keys.values());
    const open = table.columns.filter((column) => !written.has(column) && (asked.has(column.key) || column.default));
    throw new ArgumentError(
      `${this.#place}: ${open.map((column) => `"${column.key}"`).join(", ") || "a column"} is written through an SQL expression (its default or its ` +
        "type), and COPY takes values: give the rows values for it, or insert them with insert().",
    );
  }
}
