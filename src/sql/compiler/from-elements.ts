/** What stands in FROM, each kind of it. */
import type { Compiled } from "../compiled.js";
import type { EntityElement } from "../entity.js";
import type { Node } from "../node.js";
import { roomForNumber } from "../schema/naming.js";
import type { Table } from "../schema/table.js";
import { type Alias, AliasedFrom, type TableSample } from "../selectable/alias.js";
import type { FromClause } from "../selectable/from-clause.js";
import type { Join } from "../selectable/join.js";
import type { Subquery } from "../selectable/query.js";
import type { SelectExtras } from "../selectable/select-parts.js";
import type { ScalarTableValued, TableValued, TableValuedColumn } from "../selectable/table-valued.js";
import type { Values, ValuesQuery } from "../selectable/values.js";
import { FunctionCompiler } from "./functions.js";

type From = FromClause<unknown>;

/** FROM elements: their names, and what FROM has for them. */
export abstract class FromCompiler extends FunctionCompiler {
  /** The query in hand is in FROM: it does not see its neighbours. */
  protected isolated = false;
  /** Hints of the select whose FROM is being written. */
  #hints: SelectExtras | null = null;
  readonly #anonymous = new Map<Node, string>();
  readonly #counters = new Map<string, number>();
  /** How many statements enclose the one in hand. */
  protected depth = 0;
  /** Names that the statement gives: those of tables, aliases and CTEs. */
  readonly #given = new Set<string>();
  /** Tables that are named without a schema, and the names that others have with one. */
  readonly #unqualified = new Set<Table>();
  readonly #qualified = new Set<string>();
  /** Names that are not made up, as the statement gives them. */
  #taken: ReadonlySet<string> = new Set();
  /** Tables that have an alias, as one of their name in a schema is named too: `things.id` could be either's. */
  #renamed: ReadonlySet<Table> = new Set();
  /** The table in hand is given its name by an alias. */
  #aliased = false;

  /** Names that turn out to mean two things are seldom: the statement is written once more, without them. */
  override compile(): Compiled {
    const compiled = super.compile();
    const alike = this.#qualified.size === 0 ? [] : [...this.#unqualified].filter((t) => this.#qualified.has(t.name));
    let clashes = alike.length > 0;
    for (const made of this.#anonymous.values()) clashes ||= this.#given.has(made);
    if (!clashes) return compiled;
    const again = new (this.constructor as new (...of: ConstructorParameters<typeof FromCompiler>) => FromCompiler)(
      this.dialect,
      this.statement,
      this.options,
    );
    again.#taken = this.#given;
    again.#renamed = new Set(alike);
    return again.compile();
  }

  // --- names ---------------------------------------------------------------------------------------------------------

  protected override fromName(from: Node): string | null {
    if (from instanceof AliasedFrom) return this.quote(this.aliasName(from));
    switch (from.visitName) {
      case "Table": {
        const table = from as Table;
        if (this.#renamed.has(table)) return this.quote(this.#madeName(from, table.name));
        const text = this.tableText(table);
        this.#given.add(table.name);
        if (text === this.quote(table.name)) this.#unqualified.add(table);
        else this.#qualified.add(table.name);
        return text;
      }
      case "Join":
        return null;
      default: {
        const name = (from as From).name;
        return name === null ? null : this.quote(name);
      }
    }
  }

  /** The name of an alias, made up where it has none: `users_1`, `anon_1`. */
  protected aliasName(from: AliasedFrom<unknown>): string {
    if (from.aliasName !== null) {
      this.#given.add(from.aliasName);
      return from.aliasName;
    }
    const restated = (from as { restates?: AliasedFrom<unknown> | null }).restates;
    if (restated != null) return this.aliasName(restated);
    return this.#madeName(from, (from.visitName === "Alias" ? (from.element as From).name : null) ?? "anon");
  }

  #madeName(from: Node, of: string): string {
    let name = this.#anonymous.get(from);
    if (name === undefined) {
      // What is too long for the database is cut by it, and two aliases of one table would be one.
      const base = roomForNumber(of, this.dialect.identifiers.maxLength);
      let n = this.#counters.get(base) ?? 0;
      do name = `${base}_${++n}`;
      while (this.#taken.has(name));
      this.#counters.set(base, n);
      this.#anonymous.set(from, name);
    }
    return name;
  }

  /** A table's name with its schema. */
  tableText(table: { readonly name: string; readonly schema: string | null }): string {
    return this.dialect.identifiers.format(table);
  }

  // --- FROM elements -------------------------------------------------------------------------------------------------

  /** A FROM element as FROM has it, with its definition. */
  protected fromText(from: From): string {
    const text = this.placed(true, () => this.process(from));
    const hint = this.tableHint(from);
    return hint === "" ? text : this.hintedTable(text, hint);
  }

  /** FROM with its elements and their hints. */
  protected fromList(froms: readonly From[], extras: SelectExtras | null): string {
    this.#hints = extras;
    const text = froms.map((each) => this.fromText(each)).join(", ");
    this.#hints = null;
    return text;
  }

  private tableHint(from: From): string {
    if (this.#hints === null) return "";
    let text = "";
    for (const hint of this.#hints.hints) {
      if (
        hint.place === "table" &&
        hint.target === from &&
        (hint.dialect === "*" || hint.dialect === this.dialect.name)
      ) {
        text += text === "" ? hint.text : ` ${hint.text}`;
      }
    }
    return text;
  }

  /** Renders with {@link isolated} as given. */
  protected placed(isolated: boolean, render: () => string): string {
    const before = this.isolated;
    this.isolated = isolated;
    const text = render();
    this.isolated = before;
    return text;
  }

  /** A query inside another statement. */
  protected nested(query: Node): string {
    this.depth++;
    const text = this.process(query);
    this.depth--;
    return text;
  }

  /** A table with its hint. */
  protected hintedTable(table: string, hint: string): string {
    return `${table} ${hint}`;
  }

  visitTable(table: Table): string {
    if (this.#aliased) {
      this.#aliased = false;
      return this.tableText(table);
    }
    const name = this.fromName(table);
    if (table.definition !== null) return `${this.definitionText(table.definition)} AS ${name}`;
    return this.namedTable(table);
  }

  /** A table with the alias that it has where another is named as it is. */
  protected namedTable(table: Table): string {
    const text = this.tableText(table);
    return this.#renamed.has(table) ? `${text} AS ${this.fromName(table)}` : text;
  }

  /** The query that stands for a table: its values belong to the table, not to the statement. */
  private definitionText(query: Node): string {
    return this.withConstants(() => `(${this.placed(true, () => this.nested(query))})`);
  }

  visitAlias(alias: Alias): string {
    const sampling = alias.sampling === null ? "" : ` ${this.process(alias.sampling)}`;
    // an alias of an alias takes the other's place
    let element: From = alias.element;
    while (element.visitName === "Alias") element = (element as Alias).element;
    const inner =
      element.visitName === "Join"
        ? `(${this.process(element)})`
        : element.visitName === "Subquery"
          ? this.subqueryText(element as Subquery)
          : element.visitName === "Table" && (element as Table).definition !== null
            ? this.definitionText((element as Table).definition as Node)
            : this.#unnamedText(element);
    return `${inner} AS ${this.quote(this.aliasName(alias))}${sampling}`;
  }

  /** A FROM element that an alias names. */
  #unnamedText(element: From): string {
    this.#aliased = element.visitName === "Table";
    const text = this.process(element);
    this.#aliased = false;
    return text;
  }

  visitTableSample(node: TableSample): string {
    if (!this.dialect.capabilities.tablesample) return this.refuse("TABLESAMPLE");
    const seed = node.seed === null ? "" : ` REPEATABLE (${this.process(node.seed)})`;
    return `TABLESAMPLE ${node.method}(${this.process(node.argument)})${seed}`;
  }

  visitSubquery(subquery: Subquery): string {
    return `${this.subqueryText(subquery)} AS ${this.quote(this.aliasName(subquery))}`;
  }

  private subqueryText(subquery: Subquery): string {
    const lateral = subquery.lateral ? this.lateralKeyword() : "";
    return `${lateral}(${this.placed(!subquery.lateral, () => this.nested(subquery.element))})`;
  }

  private lateralKeyword(): string {
    if (!this.dialect.capabilities.lateral) return this.refuse("LATERAL", "Use a scalar subquery or a join.");
    return "LATERAL ";
  }

  visitJoin(join: Join): string {
    const capabilities = this.dialect.capabilities;
    if (join.kind === "full" && !capabilities.fullJoin) return this.refuse("FULL OUTER JOIN");
    if (join.kind === "right" && !capabilities.rightJoin)
      return this.refuse("RIGHT JOIN", "Swap the sides and use outerjoin().");
    const left = this.fromText(join.left);
    const right = join.right.visitName === "Join" ? `(${this.fromText(join.right)})` : this.fromText(join.right);
    const keyword = {
      inner: "JOIN",
      left: "LEFT OUTER JOIN",
      right: "RIGHT OUTER JOIN",
      full: "FULL OUTER JOIN",
      cross: "CROSS JOIN",
    }[join.kind];
    return join.on === null
      ? `${left} ${keyword} ${right}`
      : `${left} ${keyword} ${right} ON ${this.conditionText(join.on)}`;
  }

  visitValues(values: Values): string {
    const rows = this.rowsText(values.rows);
    const name = this.quote(this.aliasName(values));
    const lateral = values.lateral ? this.lateralKeyword() : "";
    const names = values.columns.map((column) => this.quote(column.name));
    if (this.dialect.capabilities.derivedColumnNames)
      return `${lateral}(VALUES ${rows}) AS ${name} (${names.join(", ")})`;
    const columns = names.map((each, i) => `column${i + 1} AS ${each}`).join(", ");
    return `${lateral}(SELECT ${columns} FROM (VALUES ${rows})) AS ${name}`;
  }

  visitValuesQuery(query: ValuesQuery): string {
    return `VALUES ${this.rowsText(query.rows)}`;
  }

  /** The rows of VALUES. */
  protected rowsText(rows: readonly (readonly Node[])[]): string {
    return rows.map((row) => `(${this.processList(row)})`).join(", ");
  }

  visitTableValued(from: TableValued): string {
    const name = this.quote(this.aliasName(from));
    const ordinality = from.ordinality ? " WITH ORDINALITY" : "";
    const lateral = from.lateral ? this.lateralKeyword() : "";
    const derived = this.namesColumns(from)
      ? ` (${from.columns.map((column) => this.quote(column.name) + (from.typed ? ` ${this.typeName(column.type)}` : "")).join(", ")})`
      : "";
    return `${lateral}${this.process(from.element)}${ordinality} AS ${name}${derived}`;
  }

  /** Whether the alias of a function in FROM is to name its columns. */
  protected namesColumns(from: TableValued): boolean {
    return from.derived;
  }

  visitColumnValued(node: { readonly table: AliasedFrom<unknown> }): string {
    return this.quote(this.aliasName(node.table));
  }

  /** A column of a composite value. */
  visitScalarTableValued(_node: ScalarTableValued): string {
    return this.refuse("composite values", "Use tableValued().");
  }

  /** A row as one value. */
  visitTableValuedColumn(_node: TableValuedColumn): string {
    return this.refuse("composite values", "Select the columns.");
  }

  visitEntity(entity: EntityElement): string {
    return this.processList(entity.columns);
  }
}
