/** WITH: queries and statements by name, before the one that names them. */
import { CompileError } from "../errors.js";
import type { FromClause } from "../selectable/from-clause.js";
import type { CTE, Query } from "../selectable/query.js";
import { type Frame, topFrame } from "./correlation.js";
import { FromCompiler } from "./from-elements.js";

type From = FromClause<unknown>;

/** The CTEs of a WITH by their names. */
type WithEntries = Map<string, { readonly cte: CTE<unknown>; text: string; recursive: boolean }>;

/** Common table expressions: each is met where it is named, and written in a WITH. */
export abstract class WithCompiler extends FromCompiler {
  /** What encloses the query in hand. */
  protected frame: Frame = topFrame;
  /** CTEs of the whole statement by their names, in the order in which WITH has them. */
  readonly #ctes: WithEntries = new Map();
  /** CTEs that are written at a query inside the statement, by query, innermost last. */
  readonly #scopes: (WithEntries | null)[] = [];

  visitCTE(cte: CTE): string {
    const name = this.quote(this.aliasName(cte));
    if (cte.aliasOf !== null) {
      const original = this.visitCTE(cte.aliasOf as CTE);
      return `${original} AS ${name}`;
    }
    this.registerCte(cte);
    return name;
  }

  private registerCte(cte: CTE<unknown>): void {
    const name = this.aliasName(cte);
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
    const outer = this.frame;
    this.frame = topFrame;
    this.depth++;
    const body = this.placed(false, () => {
      let text = this.process(cte.element);
      for (const member of cte.recursion) text += ` ${member.keyword} ${this.setMember(member.query)}`;
      return text;
    });
    this.depth--;
    this.frame = outer;
    const named = cte.recursive || cte.element.visitName === "ValuesQuery";
    const columns = named ? ` (${cte.columns.map((column) => this.quote(column.name)).join(", ")})` : "";
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
  protected withClause(): string {
    return this.withText(this.#ctes);
  }

  /** A query inside the statement, with the WITH of the CTEs that nest in it. */
  protected withOwnCtes(render: () => string): string {
    this.#scopes.push(null);
    const text = render();
    return this.withText(this.#scopes.pop()) + text;
  }

  private withText(ctes: WithEntries | null | undefined): string {
    if (ctes == null || ctes.size === 0) return "";
    const all = [...ctes.values()];
    return `WITH ${all.some((each) => each.recursive) ? "RECURSIVE " : ""}${all.map((each) => each.text).join(", ")} `;
  }

  /** Puts CTEs that nothing names into WITH. */
  protected addCtes(ctes: readonly From[]): void {
    for (const cte of ctes) this.registerCte(cte as CTE<unknown>);
  }

  /** A member of a set operation; in parentheses when it has clauses that would apply to the whole. */
  protected abstract setMember(query: Query): string;
}
