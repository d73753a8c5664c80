import type { ResultColumn } from "../compiled.js";
import type { Label } from "../elements/expression.js";
import type { LabelReference } from "../elements/label-reference.js";
import type { SQLTemplate } from "../elements/template.js";
import { EntityElement } from "../entity.js";
import { CompileError, InvalidRequestError } from "../errors.js";
import type { Node } from "../node.js";
import type { Table } from "../schema/table.js";
import { type Alias, AliasedFrom, type TableSample } from "../selectable/alias.js";
import type { CompoundSelect } from "../selectable/compound.js";
import { FromClause } from "../selectable/from-clause.js";
import type { Join } from "../selectable/join.js";
import type { CTE, Exists, Query, ScalarSelect, SelectedColumn, Subquery } from "../selectable/query.js";
import type { Select } from "../selectable/select.js";
import type { FetchArg, ForUpdateArg, SelectExtras } from "../selectable/select-parts.js";
import { plainName } from "../selectable/selected-columns.js";
import type { ScalarTableValued, TableValued } from "../selectable/table-valued.js";
import type { TextualSelect } from "../selectable/textual.js";
import type { Values } from "../selectable/values.js";
import { ExpressionCompiler } from "./expressions.js";
import { cartesianProduct } from "./from-linting.js";
import { displayFroms } from "./froms.js";

type From = FromClause<unknown>;

/** The CTEs of a WITH by their names. */
type WithEntries = Map<string, { readonly cte: CTE<unknown>; text: string; recursive: boolean }>;

/** What encloses the query that is being compiled. */
interface Frame {
  /** Every FROM element of the enclosing queries. */
  readonly correlatable: ReadonlySet<From>;
  /** Those of the query just around. */
  readonly nearest: ReadonlySet<From>;
  /** Labels of the select list, which ORDER BY names. */
  labels: ReadonlyMap<Node, string>;
  /** The select list, for names in ORDER BY and GROUP BY. */
  columns: readonly SelectedColumn[];
}

const topFrame: Frame = { correlatable: new Set(), nearest: new Set(), labels: new Map(), columns: [] };

/** Queries and FROM elements. */
export abstract class SelectCompiler extends ExpressionCompiler {
  protected frame: Frame = topFrame;
  /** The query in hand is in FROM: it does not see its neighbours. */
  #inFrom = false;
  #lateral = false;
  readonly #anonymous = new Map<Node, string>();
  readonly #counters = new Map<string, number>();
  /** CTEs of the whole statement by their names, in the order in which WITH has them. */
  readonly #ctes: WithEntries = new Map();
  /** CTEs that are written at a query inside the statement, by query, innermost last. */
  readonly #scopes: (WithEntries | null)[] = [];
  protected depth = 0;

  // names

  protected override fromName(from: Node): string | null {
    if (from instanceof AliasedFrom) return this.quote(this.aliasName(from));
    switch (from.visitName) {
      case "Table": {
        const table = from as unknown as Table;
        return this.tableText(table);
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
    if (from.aliasName !== null) return from.aliasName;
    const restated = (from as { restates?: AliasedFrom<unknown> | null }).restates;
    if (restated != null) return this.aliasName(restated);
    let name = this.#anonymous.get(from);
    if (name === undefined) {
      const of = from.visitName === "Alias" ? (from.element as From).name : null;
      const base = of ?? "anon";
      const n = (this.#counters.get(base) ?? 0) + 1;
      this.#counters.set(base, n);
      name = `${base}_${n}`;
      this.#anonymous.set(from, name);
    }
    return name;
  }

  /** A table's name with its schema, translated where the options say so. */
  tableText(table: { readonly name: string; readonly schema: string | null }): string {
    const map = this.options.schemaTranslateMap;
    let schema = table.schema;
    if (map !== undefined) {
      const to = map[schema ?? ""];
      if (to !== undefined) schema = to === "" ? null : to;
    }
    return this.dialect.identifiers.format({ name: table.name, schema });
  }

  // FROM elements

  /** A FROM element as FROM has it, with its definition. */
  protected fromText(from: From): string {
    const wasInFrom = this.#inFrom;
    this.#inFrom = true;
    const text = this.process(from);
    this.#inFrom = wasInFrom;
    const hint = this.tableHint(from);
    return hint === "" ? text : this.hintedTable(text, hint);
  }

  /** A table with its hint. */
  protected hintedTable(table: string, hint: string): string {
    return `${table} ${hint}`;
  }

  visitTable(table: Table): string {
    return this.tableText(table as unknown as Table);
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
          : this.process(element);
    return `${inner} AS ${this.quote(this.aliasName(alias as AliasedFrom<unknown>))}${sampling}`;
  }

  visitTableSample(node: TableSample): string {
    if (!this.dialect.capabilities.tablesample) return this.refuse("TABLESAMPLE");
    const seed = node.seed === null ? "" : ` REPEATABLE (${this.process(node.seed)})`;
    return `TABLESAMPLE ${node.method}(${this.process(node.argument)})${seed}`;
  }

  visitSubquery(subquery: Subquery): string {
    return `${this.subqueryText(subquery)} AS ${this.quote(this.aliasName(subquery as AliasedFrom<unknown>))}`;
  }

  private subqueryText(subquery: Subquery): string {
    const lateral = subquery.lateral ? this.lateralKeyword() : "";
    const wasLateral = this.#lateral;
    this.#lateral = subquery.lateral;
    const text = this.nested(subquery.element);
    this.#lateral = wasLateral;
    return `${lateral}(${text})`;
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
    const rows = values.rows.map((row) => `(${this.processList(row)})`).join(", ");
    const name = this.quote(this.aliasName(values as AliasedFrom<unknown>));
    const lateral = values.lateral ? this.lateralKeyword() : "";
    const names = values.columns.map((column) => this.quote(column.name));
    if (this.dialect.capabilities.derivedColumnNames)
      return `${lateral}(VALUES ${rows}) AS ${name} (${names.join(", ")})`;
    const columns = names.map((each, i) => `column${i + 1} AS ${each}`).join(", ");
    return `${lateral}(SELECT ${columns} FROM (VALUES ${rows})) AS ${name}`;
  }

  visitTableValued(from: TableValued): string {
    const name = this.quote(this.aliasName(from as AliasedFrom<unknown>));
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

  visitEntity(entity: EntityElement): string {
    return this.processList(entity.columns);
  }

  // WITH

  visitCTE(cte: CTE): string {
    const name = this.quote(this.aliasName(cte as AliasedFrom<unknown>));
    if (cte.aliasOf !== null) {
      const original = this.visitCTE(cte.aliasOf as CTE);
      return `${original} AS ${name}`;
    }
    this.registerCte(cte as CTE<unknown>);
    return name;
  }

  private registerCte(cte: CTE<unknown>): void {
    const name = this.aliasName(cte as AliasedFrom<unknown>);
    const ctes = this.#withOf(cte, name);
    const known = ctes.get(name);
    if (known !== undefined) {
      if (known.cte === cte || known.cte.restates === cte) return;
      if (cte.restates !== known.cte) {
        throw new CompileError(`two CTEs are called ${JSON.stringify(name)}. Give them names of their own.`);
      }
    }
    if (!this.dialect.capabilities.dmlCte && /^(Insert|Update|Delete)$/.test(cte.element.visitName)) {
      this.refuse(`${cte.element.visitName.toUpperCase()} inside WITH`, "Execute it as a statement of its own.");
    }
    const entry = { cte, text: "", recursive: cte.recursive };
    // entered before its body is compiled: the recursive part names it
    ctes.set(name, entry);
    const saved = { frame: this.frame, inFrom: this.#inFrom, lateral: this.#lateral };
    this.frame = topFrame;
    this.#inFrom = false;
    this.#lateral = false;
    this.depth++;
    let body = this.process(cte.element);
    for (const member of cte.recursion) body += ` ${member.keyword} ${this.setMember(member.query)}`;
    this.depth--;
    this.frame = saved.frame;
    this.#inFrom = saved.inFrom;
    this.#lateral = saved.lateral;
    const columns = cte.recursive ? ` (${cte.columns.map((column) => this.quote(column.name)).join(", ")})` : "";
    const hint =
      cte.materialized === null || !this.dialect.capabilities.cteMaterialized
        ? ""
        : cte.materialized
          ? "MATERIALIZED "
          : "NOT MATERIALIZED ";
    entry.text = `${this.quote(name)}${columns} AS ${hint}(${body})`;
    // after the CTEs that it uses
    ctes.delete(name);
    ctes.set(name, entry);
  }

  /** Where a CTE is written: one that nests at the innermost query that is being compiled, all others at the top. */
  #withOf(cte: CTE<unknown>, name: string): WithEntries {
    const last = this.#scopes.length - 1;
    for (let i = last; i >= 0; i--) {
      const known = this.#scopes[i]?.get(name);
      if (known !== undefined && (known.cte === cte || known.cte.restates === cte || cte.restates === known.cte)) {
        return this.#scopes[i] as WithEntries;
      }
    }
    if (!cte.nesting || last < 0) return this.#ctes;
    const scope: WithEntries = this.#scopes[last] ?? new Map();
    this.#scopes[last] = scope;
    return scope;
  }

  /** WITH and the CTEs met so far, for the front of the whole statement. */
  protected withClause(ctes: WithEntries | null | undefined = this.#ctes): string {
    if (ctes == null || ctes.size === 0) return "";
    const all = [...ctes.values()];
    return `WITH ${all.some((each) => each.recursive) ? "RECURSIVE " : ""}${all.map((each) => each.text).join(", ")} `;
  }

  /** Puts CTEs that nothing names into WITH. */
  protected addCtes(ctes: readonly From[]): void {
    for (const cte of ctes) this.registerCte(cte as CTE<unknown>);
  }

  // queries

  visitScalarSelect(node: ScalarSelect): string {
    return this.aside(() => `(${this.nested(node.element)})`);
  }

  visitExists(node: Exists): string {
    return this.aside(() => `EXISTS (${this.nested(node.element)})`);
  }

  // a query inside an expression sees the FROM elements around it, one in FROM does not
  private aside(render: () => string): string {
    const saved = { inFrom: this.#inFrom, lateral: this.#lateral };
    this.#inFrom = false;
    this.#lateral = false;
    const text = render();
    this.#inFrom = saved.inFrom;
    this.#lateral = saved.lateral;
    return text;
  }

  /** A query inside another statement. */
  protected nested(query: Node): string {
    this.depth++;
    const text = this.process(query);
    this.depth--;
    return text;
  }

  visitSelect(select: Select): string {
    const top = this.depth === 0;
    const all = displayFroms(select);
    const froms = this.visibleFroms(select, all);
    if (froms.length > 1 && this.dialect.onCartesianProduct != null) this.lintFroms(select, froms, all);
    const outer = this.frame;
    const own = new Set<From>();
    for (const from of froms) for (const each of from.covers) own.add(each);
    this.frame = {
      correlatable: new Set([...outer.correlatable, ...own]),
      nearest: own,
      labels: new Map(),
      columns: [],
    };
    this.#inFrom = false;
    const extras = select.extras;
    if (!top) this.#scopes.push(null);
    if (extras !== null) this.addCtes(extras.ctes);

    const list = select.selectedColumns;
    let text = "SELECT ";
    text += this.hintText(extras, "prefix", " ", true);
    if (select.distinctOnClauses.length > 0) {
      if (!this.dialect.capabilities.distinctOn) return this.refuse("DISTINCT ON", "Use a window function.");
      text += `DISTINCT ON (${this.processList(select.distinctOnClauses)}) `;
    } else if (select.distinctFlag) text += "DISTINCT ";
    text += this.selectList(list, top);
    text += this.extensionText(extras, "select");
    if (froms.length > 0) text += ` FROM ${this.fromList(froms, extras)}`;
    else text += this.defaultFrom();
    text += this.extensionText(extras, "from");
    const where = select.whereCriteria;
    if (where.length > 0) text += ` WHERE ${this.whereText(where)}`;
    text += this.extensionText(extras, "where");
    // after the list: a label is named by GROUP BY and ORDER BY
    this.frame.labels = labelsOf(list, (name) => this.quote(name));
    this.frame.columns = list;
    if (select.groupByClauses.length > 0) text += ` GROUP BY ${this.orderList(select.groupByClauses)}`;
    text += this.extensionText(extras, "groupBy");
    if (select.havingCriteria.length > 0)
      text += ` HAVING ${this.withoutLabels(() => this.whereText(select.havingCriteria))}`;
    text += this.extensionText(extras, "having");
    if (extras !== null && extras.windows.length > 0) {
      text += ` WINDOW ${extras.windows.map(([name, spec]) => `${this.quote(name)} AS ${this.process(spec)}`).join(", ")}`;
    }
    if (select.orderByClauses.length > 0) text += ` ORDER BY ${this.orderList(select.orderByClauses)}`;
    text += this.extensionText(extras, "orderBy");
    text += this.limitText(select.limitClause, select.offsetClause, extras?.fetch ?? null);
    if (select.forUpdateArg !== null) text += this.forUpdateText(select.forUpdateArg);
    text += this.hintText(extras, "statement", " ", false);
    text += this.hintText(extras, "suffix", " ", false);
    this.frame = outer;
    return this.withClause(top ? this.#ctes : this.#scopes.pop()) + text;
  }

  /** Conditions joined by AND. */
  protected whereText(conditions: readonly Node[]): string {
    if (conditions.length === 1) return this.conditionText(conditions[0] as Node);
    return conditions
      .map((each) => {
        const text = this.conditionText(each);
        const operator = (each as { outerOperator?: { name: string } | null }).outerOperator;
        return operator?.name === "or" || each.visitName === "TextClause" || each.visitName === "SQLTemplate"
          ? `(${text})`
          : text;
      })
      .join(" AND ");
  }

  /** What a SELECT without tables has after its columns. */
  protected defaultFrom(): string {
    return "";
  }

  private fromList(froms: readonly From[], extras: SelectExtras | null): string {
    this.#hints = extras;
    const text = froms.map((each) => this.fromText(each)).join(", ");
    this.#hints = null;
    return text;
  }

  #hints: SelectExtras | null = null;

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

  // What the enclosing statement has is left out of a correlated subquery's own FROM.
  private visibleFroms(select: Select, froms: From[]): From[] {
    const { correlatable, nearest } = this.frame;
    const explicit = this.#inFrom && !this.#lateral ? difference(correlatable, nearest) : correlatable;
    const implicit: ReadonlySet<From> = this.#inFrom && !this.#lateral ? new Set() : nearest;
    const mode = select.extras?.correlateMode ?? "auto";
    if (mode === "only") {
      const given = new Set(select.extras?.correlated);
      return froms.filter((each) => !(given.has(each) && explicit.has(each)));
    }
    if (mode === "except") {
      const kept = new Set(select.extras?.correlated);
      return froms.filter((each) => kept.has(each) || !explicit.has(each));
    }
    if (froms.length < 2 || implicit.size === 0) return froms;
    const left = froms.filter((each) => !implicit.has(each));
    if (left.length === 0) {
      throw new InvalidRequestError(
        `a subquery of ${froms.map((each) => each.describe()).join(" and ")} is left without FROM, since the statement around it has them all. Say correlate(...) or use an alias inside.`,
      );
    }
    return left;
  }

  private lintFroms(select: Select, froms: readonly From[], all: readonly From[]): void {
    const warning = cartesianProduct(
      select,
      froms,
      all.filter((each) => !froms.includes(each)),
    );
    if (warning !== null) this.dialect.onCartesianProduct?.(warning);
  }

  private selectList(list: readonly SelectedColumn[], top: boolean): string {
    const result: ResultColumn[] = [];
    let known = true;
    const pieces = list.map((column) => {
      const { element, name } = column;
      if (element.visitName === "TextClause") known = known && this.textIsOneColumn(element);
      result.push({ name, key: column.key, type: element.type, element });
      return this.selectedText(column);
    });
    if (top && this.resultColumns === null && known) this.resultColumns = result;
    if (pieces.length === 0) throw new CompileError("a SELECT needs at least one column.");
    return pieces.join(", ");
  }

  // text in a select list stands for one column each, as SQLAlchemy takes it
  private textIsOneColumn(_text: Node): boolean {
    return true;
  }

  /** One element of a select list or of RETURNING, with its name where it needs one. */
  protected selectedText(column: SelectedColumn): string {
    const { element, name } = column;
    if (element.visitName === "TextClause") return this.process(element);
    const wrapped = this.dialect.typeImpl(element.type).wrapColumn("\u0001", this.dialect);
    let text = this.withoutLabels(() => this.process(element));
    if (wrapped !== null) text = wrapped.replace("\u0001", () => text);
    else if (plainName(element) === name && element.visitName !== "Label" && !isLabelInside(element)) return text;
    return `${text} AS ${this.quote(name)}`;
  }

  private withoutLabels(render: () => string): string {
    const labels = this.frame.labels;
    this.frame.labels = new Map();
    const text = render();
    this.frame.labels = labels;
    return text;
  }

  override visitLabel(label: Label): string {
    return this.process(label.element);
  }

  /** A selected column by its name. */
  visitLabelReference(node: LabelReference): string {
    const { columns } = this.frame;
    const found =
      columns.find((each) => each.name === node.name) ?? columns.find((each) => each.key === node.name) ?? null;
    if (found === null) {
      const names = columns.map((each) => each.name).join(", ");
      throw new CompileError(
        `${this.dialect.name}: ORDER BY or GROUP BY names ${JSON.stringify(node.name)}, and the statement selects ${names || "nothing by name"}.`,
      );
    }
    return this.frame.labels.get(found.element) ?? this.process(found.element);
  }

  protected orderList(clauses: readonly Node[]): string {
    return clauses.map((each) => this.orderOperand(each)).join(", ");
  }

  protected override orderOperand(node: Node): string {
    return this.frame.labels.get(node) ?? this.process(node);
  }

  /** LIMIT, OFFSET and FETCH. */
  protected limitText(limit: Node | null, offset: Node | null, fetch: FetchArg | null): string {
    if (fetch !== null) {
      if (!this.dialect.capabilities.fetchClause) {
        if (fetch.withTies) return this.refuse("FETCH FIRST ... WITH TIES", "Use limit(), or rank() in a subquery.");
        if (fetch.percent) return this.refuse("FETCH FIRST ... PERCENT", "Use limit().");
        return this.limitText(fetch.count, offset, null);
      }
      const skip = offset === null ? "" : ` OFFSET ${this.process(offset)} ROWS`;
      const kind = fetch.withTies ? "WITH TIES" : "ONLY";
      return `${skip} FETCH FIRST (${this.process(fetch.count)})${fetch.percent ? " PERCENT" : ""} ROWS ${kind}`;
    }
    let text = "";
    if (limit !== null) text += ` LIMIT ${this.process(limit)}`;
    else if (offset !== null) text += this.noLimit();
    if (offset !== null) text += ` OFFSET ${this.process(offset)}`;
    return text;
  }

  /** What stands before OFFSET where there is no LIMIT. */
  protected noLimit(): string {
    return "";
  }

  /** FOR UPDATE; a dialect without it leaves it out. */
  protected forUpdateText(arg: ForUpdateArg): string {
    if (!this.dialect.capabilities.forUpdate) return "";
    let text = arg.read
      ? arg.keyShare
        ? " FOR KEY SHARE"
        : " FOR SHARE"
      : arg.keyShare
        ? " FOR NO KEY UPDATE"
        : " FOR UPDATE";
    if (arg.of.length > 0) {
      const tables = new Set<string>();
      for (const node of arg.of) {
        const from =
          node instanceof EntityElement
            ? node.from
            : node instanceof FromClause
              ? node
              : (node as unknown as { table: From }).table;
        tables.add(this.fromName(from) ?? "");
      }
      text += ` OF ${[...tables].join(", ")}`;
    }
    if (arg.nowait) text += " NOWAIT";
    if (arg.skipLocked) text += " SKIP LOCKED";
    return text;
  }

  private hintText(extras: SelectExtras | null, place: string, space: string, after: boolean): string {
    if (extras === null) return "";
    let text = "";
    for (const hint of extras.hints) {
      if (hint.place !== place || (hint.dialect !== "*" && hint.dialect !== this.dialect.name)) continue;
      text += after ? hint.text + space : space + hint.text;
    }
    return text;
  }

  private extensionText(extras: SelectExtras | null, after: string): string {
    if (extras === null) return "";
    let text = "";
    for (const each of extras.extensions) if (each.after === after) text += ` ${this.process(each.clause)}`;
    return text;
  }

  visitCompoundSelect(compound: CompoundSelect): string {
    if (!this.dialect.capabilities.setOperationsAll && /^(INTERSECT|EXCEPT) ALL$/.test(compound.keyword)) {
      return this.refuse(compound.keyword);
    }
    const top = this.depth === 0;
    const columns = compound.selectedColumns;
    if (top && this.resultColumns === null) {
      this.resultColumns = columns.map(({ element, name, key }) => ({ name, key, type: element.type, element }));
    }
    this.depth++;
    const members = compound.members.map((query) => this.setMember(query));
    this.depth--;
    let text = members.join(` ${compound.keyword} `);
    const outer = this.frame;
    this.frame = { ...outer, labels: compoundLabels(columns, (name) => this.quote(name)), columns };
    if (compound.groupByClauses.length > 0) text += ` GROUP BY ${this.orderList(compound.groupByClauses)}`;
    if (compound.orderByClauses.length > 0) text += ` ORDER BY ${this.orderList(compound.orderByClauses)}`;
    text += this.limitText(compound.limitClause, compound.offsetClause, compound.fetchClause);
    this.frame = outer;
    return top ? this.withClause() + text : text;
  }

  /** A member of a set operation; in parentheses when it has clauses that would apply to the whole. */
  protected setMember(query: Query): string {
    const text = this.process(query);
    const own = query as unknown as Partial<Select>;
    const grouped =
      query.visitName === "CompoundSelect" ||
      (own.orderByClauses !== undefined && own.orderByClauses.length > 0) ||
      own.limitClause != null ||
      own.offsetClause != null ||
      own.extras?.fetch != null ||
      own.forUpdateArg != null;
    if (!grouped && !text.startsWith("WITH ")) return text;
    if (this.dialect.capabilities.parenthesizedSetMembers) return `(${text})`;
    return `SELECT * FROM (${text})`;
  }

  visitSQLTemplate(node: SQLTemplate): string {
    const top = this.depth === 0 && (this.statement as Node) === node;
    this.depth++;
    let text = node.strings[0] as string;
    for (let i = 0; i < node.values.length; i++) {
      const value = node.values[i] as Node;
      text += value instanceof FromClause ? this.fromText(value) : this.process(value);
      text += node.strings[i + 1] as string;
    }
    this.depth--;
    return top ? this.withClause() + text : text;
  }

  visitTextualSelect(query: TextualSelect): string {
    const top = this.depth === 0;
    if (top && this.resultColumns === null) {
      this.resultColumns = query.selectedColumns.map(({ element, name, key }) => ({
        name,
        key,
        type: element.type,
        element,
      }));
    }
    const text = this.process(query.text);
    return top ? this.withClause() + text : text;
  }
}

function difference(all: ReadonlySet<From>, without: ReadonlySet<From>): ReadonlySet<From> {
  return new Set([...all].filter((each) => !without.has(each)));
}

function isLabelInside(element: Node): boolean {
  let each = element as unknown as { visitName: string; element: Node };
  while (each.visitName === "AnnotatedColumn" || each.visitName === "TypeCoerce")
    each = each.element as unknown as typeof each;
  return each.visitName === "Label";
}

function labelsOf(list: readonly SelectedColumn[], quote: (name: string) => string): ReadonlyMap<Node, string> {
  const labels = new Map<Node, string>();
  for (const { element, name } of list) if (element.visitName === "Label") labels.set(element, quote(name));
  return labels;
}

// a set operation is ordered by the names of its columns: by those of its first member
function compoundLabels(list: readonly SelectedColumn[], quote: (name: string) => string): ReadonlyMap<Node, string> {
  const labels = new Map<Node, string>();
  for (const { element, name } of list) {
    labels.set(element, quote(name));
    // by what stands behind the name, too
    let inner = element as Node;
    while (inner.visitName === "Label" || inner.visitName === "TypeCoerce") {
      inner = (inner as Label).element;
      labels.set(inner, quote(name));
    }
  }
  return labels;
}
