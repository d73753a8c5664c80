/** SELECT and what several of them make together. */
import type { ResultColumn } from "../compiled.js";
import { type Label, True } from "../elements/expression.js";
import type { LabelReference } from "../elements/label-reference.js";
import type { SQLTemplate } from "../elements/template.js";
import { EntityElement } from "../entity.js";
import { CompileError } from "../errors.js";
import type { Node } from "../node.js";
import type { CompoundSelect } from "../selectable/compound.js";
import { FromClause } from "../selectable/from-clause.js";
import type { NestedRows } from "../selectable/nested-rows.js";
import type { Exists, Query, ScalarSelect, SelectedColumn } from "../selectable/query.js";
import type { Select } from "../selectable/select.js";
import type { FetchArg, ForUpdateArg, SelectExtras } from "../selectable/select-parts.js";
import { columnCalled, plainName } from "../selectable/selected-columns.js";
import type { TextualSelect } from "../selectable/textual.js";
import { frameInside, visibleFroms } from "./correlation.js";
import { cartesianProduct } from "./from-linting.js";
import { displayFroms } from "./froms.js";
import { refuseRepeated } from "./repeated-froms.js";
import { WithCompiler } from "./with.js";

type From = FromClause<unknown>;

/** A column of rows that become JSON: the member's name, and its value as SQL. */
export interface NestedCell {
  readonly key: string;
  readonly sql: string;
}

/** Queries: SELECT, set operations, text with columns. */
export abstract class SelectCompiler extends WithCompiler {
  /** Whether the query that is rendered next is a member of a set operation whose rows the statement gives. */
  private givesRows = false;

  visitScalarSelect(node: ScalarSelect): string {
    // a query inside an expression sees the FROM elements around it, one in FROM does not
    return this.placed(false, () => `(${this.nested(node.element)})`);
  }

  visitNestedRows(node: NestedRows): string {
    const rows = this.placed(false, () => `(${this.nested(node.element)}) AS q`);
    const cells = node.element.selectedColumns.map(({ key, name, element }): NestedCell => {
      return { key, sql: this.dialect.jsonCell(element.type).write(`q.${this.quote(name)}`) };
    });
    return `(${node.single ? this.nestedRow(rows, cells) : this.nestedRows(rows, cells)})`;
  }

  /** A query whose value is a JSON array of objects, one for each row of `rows`. */
  protected nestedRows(_rows: string, _cells: readonly NestedCell[]): string {
    return this.refuse("rows inside a row", "Join, or execute a second statement.");
  }

  /** A query whose value is the row of `rows` as a JSON object, or NULL. */
  protected nestedRow(rows: string, cells: readonly NestedCell[]): string {
    return this.nestedRows(rows, cells);
  }

  visitExists(node: Exists): string {
    return this.placed(false, () => `EXISTS (${this.nested(node.element)})`);
  }

  visitSelect(select: Select): string {
    const top = this.depth === 0;
    const gives = this.takeGivesRows();
    const all = displayFroms(select);
    const froms = visibleFroms(select, all, this.frame, this.isolated);
    refuseRepeated(select, froms);
    if (froms.length > 1 && this.dialect.onCartesianProduct != null) this.lintFroms(select, froms, all);
    const outer = this.frame;
    this.frame = frameInside(outer, froms);
    const text = this.placed(false, () =>
      top ? this.selectText(select, froms, true) : this.withOwnCtes(() => this.selectText(select, froms, gives)),
    );
    this.frame = outer;
    return top ? this.withClause() + text : text;
  }

  /** Whether the query that begins gives the statement's rows; what is inside it does not. */
  private takeGivesRows(): boolean {
    const gives = this.depth === 0 || this.givesRows;
    this.givesRows = false;
    return gives;
  }

  private selectText(select: Select, froms: readonly From[], gives: boolean): string {
    const extras = select.extras;
    if (extras !== null) this.addCtes(extras.ctes);
    const list = select.selectedColumns;
    if (list.length === 0) throw noColumns(froms);
    let text = "SELECT ";
    text += this.hintText(extras, "prefix", true);
    if (select.distinctOnClauses.length > 0) {
      if (!this.dialect.capabilities.distinctOn) return this.refuse("DISTINCT ON", "Use a window function.");
      text += `DISTINCT ON (${this.processList(select.distinctOnClauses)}) `;
    } else if (select.distinctFlag) text += "DISTINCT ";
    text += this.selectList(list, gives);
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
    if (select.groupByClauses.length > 0) text += ` GROUP BY ${this.groupList(select.groupByClauses)}`;
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
    text += this.hintText(extras, "statement", false);
    text += this.hintText(extras, "suffix", false);
    return text;
  }

  /** Conditions joined by AND; one that is always true says nothing beside others. */
  protected whereText(all: readonly Node[]): string {
    const telling = all.filter((each) => !(each instanceof True));
    const conditions = telling.length === 0 ? all.slice(0, 1) : telling;
    if (conditions.length === 1) return this.conditionText(conditions[0]);
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

  private lintFroms(select: Select, froms: readonly From[], all: readonly From[]): void {
    const warning = cartesianProduct(
      select,
      froms,
      all.filter((each) => !froms.includes(each)),
    );
    if (warning !== null) this.dialect.onCartesianProduct?.(warning);
  }

  private selectList(list: readonly SelectedColumn[], gives: boolean): string {
    const result: ResultColumn[] = [];
    let known = true;
    const pieces = list.map((column) => {
      const { element, name } = column;
      if (element.visitName === "TextClause") known = known && this.textIsOneColumn(element);
      result.push({ name, key: column.key, type: element.type, element });
      return this.selectedText(column, gives);
    });
    if (this.depth === 0 && this.resultColumns === null && known) this.resultColumns = result;
    return pieces.join(", ");
  }

  // text in a select list stands for one column each, as SQLAlchemy takes it
  private textIsOneColumn(_text: Node): boolean {
    return true;
  }

  /**
   * One element of a select list or of RETURNING, with its name where it needs one.
   *
   * @param gives whether it is a column of the statement's rows: only those are wrapped as their type says, so that none is twice
   */
  protected selectedText(column: SelectedColumn, gives: boolean): string {
    const { element, name } = column;
    if (element.visitName === "TextClause") return this.process(element);
    const wrapped = gives ? this.dialect.typeImpl(element.type).wrapColumn("\u0001", this.dialect, this.bound) : null;
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

  /** A column of the statement by its name. */
  visitLabelReference(node: LabelReference): string {
    const found = columnCalled(node.name, this.frame.columns, this.frame.nearest, this.dialect.name);
    return this.frame.labels.get(found) ?? this.process(found);
  }

  protected orderList(clauses: readonly Node[]): string {
    return clauses.map((each) => this.orderOperand(each)).join(", ");
  }

  private groupList(clauses: readonly Node[]): string {
    return clauses.map((each) => this.frame.labels.get(each) ?? this.process(each)).join(", ");
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
    const strength = arg.read ? (arg.keyShare ? "KEY SHARE" : "SHARE") : arg.keyShare ? "NO KEY UPDATE" : "UPDATE";
    let text = ` FOR ${strength}`;
    if (arg.of.length > 0) {
      const names = new Set<string>();
      for (const node of arg.of) for (const from of fromsNamed(node)) names.add(this.lockedName(from));
      text += ` OF ${[...names].join(", ")}`;
    }
    if (arg.nowait) text += " NOWAIT";
    if (arg.skipLocked) text += " SKIP LOCKED";
    return text;
  }

  /** What OF calls a FROM element. */
  protected lockedName(from: From): string {
    return this.fromName(from) ?? "";
  }

  private hintText(extras: SelectExtras | null, place: string, spaceAfter: boolean): string {
    if (extras === null) return "";
    let text = "";
    for (const hint of extras.hints) {
      if (hint.place !== place || (hint.dialect !== "*" && hint.dialect !== this.dialect.name)) continue;
      text += spaceAfter ? `${hint.text} ` : ` ${hint.text}`;
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
    const gives = this.takeGivesRows();
    this.addCtes(compound.extraCtes);
    const columns = compound.selectedColumns;
    if (top && this.resultColumns === null) {
      this.resultColumns = columns.map(({ element, name, key }) => ({ name, key, type: element.type, element }));
    }
    this.depth++;
    const members = compound.members.map((query) => {
      this.givesRows = gives;
      return this.setMember(query);
    });
    this.givesRows = false;
    this.depth--;
    let text = members.join(` ${compound.keyword} `);
    const outer = this.frame;
    this.frame = { ...outer, nearest: new Set(), labels: compoundLabels(columns, (name) => this.quote(name)), columns };
    if (compound.groupByClauses.length > 0) text += ` GROUP BY ${this.groupList(compound.groupByClauses)}`;
    if (compound.orderByClauses.length > 0) text += ` ORDER BY ${this.orderList(compound.orderByClauses)}`;
    text += this.limitText(compound.limitClause, compound.offsetClause, compound.fetchClause);
    this.frame = outer;
    return top ? this.withClause() + text : text;
  }

  protected override setMember(query: Query): string {
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
    const top = this.depth === 0 && this.statement === node;
    this.depth++;
    let text = node.strings[0] as string;
    for (let i = 0; i < node.values.length; i++) {
      const value = node.values[i];
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

/** The FROM elements that a part of FOR UPDATE OF means: of an entity over several tables, each of them. */
function fromsNamed(node: Node): readonly From[] {
  if (node instanceof EntityElement)
    return node.from.visitName === "Join" ? node.from.covers.filter((each) => each.visitName !== "Join") : [node.from];
  if (node instanceof FromClause) return [node];
  return [(node as unknown as { table: From }).table];
}

function noColumns(froms: readonly From[]): CompileError {
  const names = froms.map((from) => from.describe()).join(" and ");
  const none = "a SELECT needs at least one column";
  return new CompileError(
    names === ""
      ? `${none}.`
      : `${none}, and ${names} has none here. A view that cannot be read is reflected without columns: mend it and reflect it again, or name its columns, table(..., { isView: true }).`,
  );
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
    let inner = element;
    while (inner.visitName === "Label" || inner.visitName === "TypeCoerce") {
      inner = (inner as Label).element;
      labels.set(inner, quote(name));
    }
  }
  return labels;
}
