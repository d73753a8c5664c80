/** INSERT, UPDATE and DELETE. */
import type { StatementKind } from "../compiled.js";
import type { Delete } from "../dml/delete.js";
import type { DMLStatement } from "../dml/dml.js";
import type { Insert, OnConflict } from "../dml/insert.js";
import { requireRows } from "../dml/restricted.js";
import type { Update } from "../dml/update.js";
import { ColumnElement } from "../element.js";
import { BindParameter } from "../elements/bind.js";
import type { DMLColumn } from "../elements/dml-column.js";
import { ArgumentError, CompileError } from "../errors.js";
import { Node } from "../node.js";
import type { Column } from "../schema/column.js";
import type { Table } from "../schema/table.js";
import type { FromClause } from "../selectable/from-clause.js";
import type { Select } from "../selectable/select.js";
import { fromsOf } from "./froms.js";
import { SelectCompiler } from "./select.js";

type From = FromClause<unknown>;

/** INSERT, UPDATE and DELETE; with the rest, the compiler of statements. */
export class SQLCompiler extends SelectCompiler {
  /** What the row that is being written gives a column; null for one that it gives nothing. */
  #written: ((column: Column) => string | null) | null = null;
  /** The values of the row that is being written, by column key: what its defaults' functions may ask for. */
  #rowValues: Record<string, unknown> = {};

  protected override kindOf(statement: Node): StatementKind {
    switch (statement.visitName) {
      case "Insert":
        return "insert";
      case "Update":
        return "update";
      case "Delete":
        return "delete";
      case "TextClause":
      case "SQLTemplate":
        return "text";
      default:
        return "select";
    }
  }

  protected override returnsRows(statement: Node): boolean {
    switch (statement.visitName) {
      case "Insert":
      case "Update":
      case "Delete":
        return (statement as DMLStatement).returningNodes.length > 0;
      case "TextClause":
      case "SQLTemplate":
        return false;
      default:
        return true;
    }
  }

  visitInsert(insert: Insert): string {
    const top = this.enter(insert);
    const table = insert.table;
    let text = "INSERT ";
    text += this.dmlHints(insert.hints);
    text += `INTO ${insert.target.visitName === "Alias" ? this.process(insert.target) : this.namedTable(table)}`;
    text += this.insertBody(insert, table);
    if (insert.conflicts.length > 0) text += this.conflictsText(insert.conflicts);
    text += this.dmlExtensions(insert);
    text += this.returningText(insert, top, true);
    return this.leave(text, top);
  }

  private insertBody(insert: Insert, table: Table): string {
    if (insert.source !== null) return this.insertFromSelect(insert, table, insert.source);
    const keys = this.depth > 1 ? [] : (this.options.columnKeys ?? []);
    const given = new Map<Column, number>();
    insert.columns.forEach((column, i) => {
      given.set(column, i);
    });
    const columns: Column[] = [...insert.columns];
    // what comes at execution takes the place of what values() says
    for (const key of keys) {
      const column = this.columnByKey(insert, table, key);
      if (given.has(column) && insert.rows.length > 1) {
        throw new ArgumentError(
          `insert into ${table.fullName}: values() gives ${key} for ${insert.rows.length} rows, and so do the parameters. Leave one out, or execute the statement with a list of rows.`,
        );
      }
      given.delete(column);
      if (!columns.includes(column)) columns.push(column);
    }
    const defaults = table.columns.filter((column) => !columns.includes(column) && hasClientDefault(column));
    const all = [...columns, ...defaults];
    // a table's own order, so that statements read alike however the values were given
    all.sort((a, b) => table.columns.indexOf(a) - table.columns.indexOf(b));
    const rows = insert.rows.length === 0 ? [[]] : insert.rows;
    if (all.length === 0) {
      if (rows.length > 1)
        throw new ArgumentError(`insert into ${table.fullName}: several rows without a column cannot be written.`);
      return this.emptyInsert(table);
    }
    if (rows.length > 1 && !this.dialect.capabilities.multiRowValues)
      return this.refuse("INSERT of several rows", "Execute it with a list of rows.");
    const tuples = rows.map((row, at) => {
      this.row = at;
      this.startRow([...given].map(([column, i]) => [column, row[i]]));
      const cellText = (column: Column): string | null => {
        const place = given.get(column);
        if (place !== undefined) return this.valueText(row[place], column);
        return columns.includes(column) ? this.givenBind(column) : null;
      };
      this.#written = cellText;
      const cells = all.map((column) => cellText(column) ?? this.defaultText(column, column.default));
      this.#written = null;
      return `(${cells.join(", ")})`;
    });
    return ` (${all.map((column) => this.quote(column.name)).join(", ")})${this.overriding(all)} VALUES ${tuples.join(", ")}`;
  }

  visitDMLColumn({ column }: DMLColumn): string {
    const text = this.#written?.(column) ?? null;
    if (text === null) {
      throw new CompileError(
        `fromDmlColumn(${column}): it stands in no UPDATE, and in no INSERT that writes this column by values() or parameters.`,
      );
    }
    return `(${text})`;
  }

  /** What stands between the columns and VALUES: OVERRIDING SYSTEM VALUE where an identity column is given. */
  protected overriding(_columns: readonly Column[]): string {
    return "";
  }

  /** INSERT of a row of defaults. */
  protected emptyInsert(table: Table): string {
    if (this.dialect.capabilities.defaultValuesInsert) return " DEFAULT VALUES";
    if (this.dialect.capabilities.defaultKeyword)
      return ` (${this.quote((table.columns[0] as Column).name)}) VALUES (DEFAULT)`;
    return " () VALUES ()";
  }

  private insertFromSelect(insert: Insert, table: Table, source: Node): string {
    const columns = [...insert.columns];
    let query = source;
    if (insert.includeDefaults && query.visitName === "Select") {
      const defaults = table.columns.filter((column) => !columns.includes(column) && hasClientDefault(column));
      if (defaults.length > 0) {
        const select = query as Select;
        const extra = defaults.map((column) => new DefaultOf(column));
        query = select.with({ rawColumns: [...select.rawColumns, ...extra] });
        columns.push(...defaults);
      }
    }
    const text = this.nested(query);
    return ` (${columns.map((column) => this.quote(column.name)).join(", ")}) ${text}`;
  }

  visitDefaultOf(node: DefaultOf): string {
    return this.defaultText(node.column, node.column.default);
  }

  private columnByKey(statement: DMLStatement, table: Table, key: string): Column {
    const column =
      (table.c as Readonly<Record<string, unknown>>)[key] ?? table.columns.find((each) => each.name === key) ?? null;
    if (column === null) {
      const keys = table.columns.map((each) => each.key).join(", ");
      throw new ArgumentError(
        `${statement.visitName.toLowerCase()} of ${table.fullName}: the table has no column ${JSON.stringify(key)}; it has: ${keys}.`,
      );
    }
    return column as Column;
  }

  /** A value of VALUES or SET. */
  protected valueText(value: ColumnElement, _column: Column): string {
    const text = this.process(value);
    return value.visitName === "Select" ? `(${text})` : text;
  }

  private givenBind(column: Column): string {
    return this.namedBind(column.key, column.type);
  }

  /** A client-side default: a value, a function called at each execution, an SQL expression, a sequence. */
  protected defaultText(column: Column, value: unknown): string {
    if (value instanceof ColumnElement) return this.withConstants(() => this.process(value));
    if (value instanceof Node) {
      if (value.visitName === "Sequence") return this.sequenceValue(value as never);
      return this.withConstants(() => `(${this.nested(value)})`);
    }
    if (typeof value === "function") {
      const make = value as (context: unknown) => unknown;
      return this.computedBind(column, make);
    }
    return this.constantBind(value, column.type, column.key);
  }

  /** The next value of a sequence. */
  protected sequenceValue(sequence: { readonly name: string; readonly schema: string | null }): string {
    return this.visitSequenceValue({ sequence });
  }

  private computedBind(column: Column, make: (context: unknown) => unknown): string {
    if (this.options.literalBinds === true) return this.computedLiteral(column, make);
    const bind = new BindParameter(undefined, column.type, null, false, false, make as () => unknown, column.key);
    return this.withConstants(() => this.placeholder(bind, null));
  }

  private computedLiteral(column: Column, make: (context: unknown) => unknown): string {
    const values = this.#rowValues;
    const value = make({ getCurrentParameters: () => ({ ...values }) });
    values[column.key] = value;
    return this.constantBind(value, column.type, column.key);
  }

  /** Starts the values of another row with those that are given. */
  private startRow(cells: Iterable<readonly [ColumnElement, ColumnElement]>): void {
    if (this.options.literalBinds !== true) return;
    this.#rowValues = {};
    for (const [column, value] of cells) {
      if (value instanceof BindParameter) this.#rowValues[(column as Column).key] = value.value;
    }
  }

  /** ON CONFLICT, once or several times. */
  protected conflictsText(conflicts: readonly OnConflict[]): string {
    if (conflicts.length > 1 && !this.dialect.capabilities.severalConflictClauses) {
      return this.refuse("INSERT with several ON CONFLICT clauses", "Give one, or merge in two statements.");
    }
    return conflicts.map((each) => this.conflictText(each)).join("");
  }

  /** ON CONFLICT. */
  protected conflictText(conflict: OnConflict): string {
    if (!this.dialect.capabilities.onConflict) return this.refuse("ON CONFLICT");
    let text = " ON CONFLICT";
    if (conflict.constraint !== null) text += ` ON CONSTRAINT ${this.quote(conflict.constraint)}`;
    else if (conflict.elements.length > 0) {
      text += ` (${this.bare(() => conflict.elements.map((each) => this.indexElement(each)).join(", "))})`;
      if (conflict.indexWhere !== null) text += ` WHERE ${this.bare(() => this.process(conflict.indexWhere as Node))}`;
    }
    if (conflict.action === "nothing") return `${text} DO NOTHING`;
    const sets = conflict.sets.map(
      ([column, value]) => `${this.quote((column as Column).name)} = ${this.valueText(value, column as Column)}`,
    );
    text += ` DO UPDATE SET ${sets.join(", ")}`;
    if (conflict.where !== null) text += ` WHERE ${this.process(conflict.where)}`;
    return text;
  }

  private indexElement(element: ColumnElement): string {
    const text = this.process(element);
    return element.visitName === "Column" || element.visitName === "Function" ? text : `(${text})`;
  }

  visitUpdate(update: Update): string {
    if (this.options.allowUnrestricted !== true) requireRows(update);
    const top = this.enter(update);
    const table = update.table;
    const froms = this.furtherFroms(
      update.target,
      [...update.froms],
      [...update.sets.map((pair) => pair[1]), ...update.whereCriteria],
    );
    const saved = this.pushFroms([update.target, ...froms]);
    let text = `UPDATE ${this.dmlHints(update.hints)}${this.targetText(update)} SET `;
    const sets = new Map<Column, string>();
    this.startRow(update.sets);
    const given = (top ? (this.options.columnKeys ?? []) : []).map((key) => this.columnByKey(update, table, key));
    const written = new Map(update.sets as readonly (readonly [Column, ColumnElement])[]);
    const textOf = (column: Column): string => {
      if (given.includes(column)) return this.givenBind(column);
      const value = written.get(column);
      return value === undefined ? this.process(column) : this.valueText(value, column);
    };
    this.#written = textOf;
    for (const [column, value] of update.sets) {
      if (given.includes(column as Column)) continue;
      if ((column as Column).table !== (table as unknown)) {
        throw new ArgumentError(
          `update ${table.fullName}: ${column} belongs to another table. A class mapped to several tables is updated by a session: session.execute(update(...)).`,
        );
      }
      sets.set(column as Column, this.valueText(value, column as Column));
    }
    this.#written = null;
    // what comes at execution takes the place of what values() says
    for (const column of given) sets.set(column, this.givenBind(column));
    if (sets.size === 0) throw new ArgumentError(`update ${table.fullName} sets nothing. Call values({ ... }).`);
    for (const column of table.columns) {
      if (column.onupdate !== undefined && !sets.has(column))
        sets.set(column, this.defaultText(column, column.onupdate));
    }
    text += [...sets].map(([column, value]) => `${this.quote(column.name)} = ${value}`).join(", ");
    if (froms.length > 0) {
      if (!this.dialect.capabilities.updateFrom) return this.refuse("UPDATE ... FROM", "Use a subquery.");
      text += ` FROM ${froms.map((each) => this.fromText(each)).join(", ")}`;
    }
    if (update.whereCriteria.length > 0) text += ` WHERE ${this.whereText(update.whereCriteria)}`;
    text += this.dmlExtensions(update);
    text += this.returningText(update, top, froms.length === 0 && update.target.visitName === "Table");
    this.frame = saved;
    return this.leave(text, top);
  }

  visitDelete(statement: Delete): string {
    if (this.options.allowUnrestricted !== true) requireRows(statement);
    const top = this.enter(statement);
    const froms = this.furtherFroms(statement.target, [...statement.froms], statement.whereCriteria);
    const saved = this.pushFroms([statement.target, ...froms]);
    let text = `DELETE ${this.dmlHints(statement.hints)}FROM ${this.targetText(statement)}`;
    if (froms.length > 0) {
      if (!this.dialect.capabilities.deleteUsing)
        return this.refuse("DELETE ... USING", "Use exists() or in() with a subquery.");
      text += ` USING ${froms.map((each) => this.fromText(each)).join(", ")}`;
    }
    if (statement.whereCriteria.length > 0) text += ` WHERE ${this.whereText(statement.whereCriteria)}`;
    text += this.dmlExtensions(statement);
    text += this.returningText(statement, top, froms.length === 0 && statement.target.visitName === "Table");
    this.frame = saved;
    return this.leave(text, top);
  }

  private targetText({ target, tableHints }: Update | Delete): string {
    const hint = this.dmlHints(tableHints).trimEnd();
    const text = this.fromText(target);
    return hint === "" ? text : this.hintedTable(text, hint);
  }

  // tables that the conditions use and that are not the target
  private furtherFroms(target: From, named: From[], nodes: readonly Node[]): From[] {
    const froms = new Set<From>(named);
    for (const node of nodes) fromsOf(node, froms);
    froms.delete(target);
    const hidden = new Set<From>();
    for (const from of froms) for (const each of from.hides) hidden.add(each);
    return [...froms].filter((each) => !hidden.has(each) && each.visitName !== "Excluded");
  }

  private pushFroms(froms: readonly From[]): SelectCompiler["frame"] {
    const outer = this.frame;
    const own = new Set<From>();
    for (const from of froms) for (const each of from.covers) own.add(each);
    this.frame = { correlatable: own, nearest: own, labels: new Map(), columns: [] };
    return outer;
  }

  /** RETURNING. `plain`: only the target's columns can be meant, and they need no table before them. */
  protected returningText(statement: DMLStatement, top: boolean, plain: boolean): string {
    if (statement.returningNodes.length === 0) return "";
    const { returning, updateReturning, deleteReturning } = this.dialect.capabilities;
    const able = { Insert: returning, Update: updateReturning, Delete: deleteReturning }[statement.visitName];
    if (able !== true) return this.refuse(`${statement.visitName.toUpperCase()} ... RETURNING`);
    const list = statement.selectedColumns;
    if (top && this.resultColumns === null) {
      this.resultColumns = list.map(({ element, name, key }) => ({ name, key, type: element.type, element }));
    }
    const render = (): string => list.map((column) => this.selectedText(column, top)).join(", ");
    this.bareAlias = statement.target;
    const text = plain ? this.bare(render) : render();
    this.bareAlias = null;
    return ` RETURNING ${text}`;
  }

  private dmlExtensions({ extensions }: { readonly extensions: readonly Node[] }): string {
    return extensions.map((each) => ` ${this.process(each)}`).join("");
  }

  private dmlHints(hints: readonly string[]): string {
    let text = "";
    for (let i = 0; i < hints.length; i += 2) {
      if (hints[i + 1] === "*" || hints[i + 1] === this.dialect.name) text += `${hints[i]} `;
    }
    return text;
  }

  private enter(statement: { readonly extraCtes: readonly From[] }): boolean {
    const top = this.depth === 0;
    this.addCtes(statement.extraCtes);
    this.depth++;
    return top;
  }

  private leave(text: string, top: boolean): string {
    this.depth--;
    return top ? this.withClause() + text : text;
  }

  /** Renders with columns written without their table. */
  protected bare(render: () => string): string {
    const before = this.bareColumns;
    this.bareColumns = true;
    const text = render();
    this.bareColumns = before;
    return text;
  }

  // inside a query columns need their tables again
  override visitSelect(select: Select): string {
    const before = this.bareColumns;
    this.bareColumns = false;
    const text = super.visitSelect(select);
    this.bareColumns = before;
    return text;
  }

  visitNamedColumn(node: { readonly name: string }): string {
    return this.quote(node.name);
  }
}

function hasClientDefault(column: Column): boolean {
  return column.default !== undefined && column.default !== null;
}

/** A column's default in the select list of INSERT ... SELECT. */
class DefaultOf extends ColumnElement {
  override get visitName(): string {
    return "DefaultOf";
  }
  constructor(readonly column: Column) {
    super();
  }
  get type(): Column["type"] {
    return this.column.type;
  }
}
