/** What a SELECT can be asked about itself. */
import { addMethods } from "./add-methods.js";
import { displayFroms, fromsOf } from "./compiler/froms.js";
import { allOf } from "./elements/build.js";
import type { FromClause } from "./selectable/from-clause.js";
import { Select } from "./selectable/select.js";
import type { BoolExpr } from "./typing.js";

declare module "./selectable/select.js" {
  interface Select<Row, Ent extends readonly unknown[], Sel, Nul, Load> {
    /** The FROM elements of the statement as it would be written alone, joins made. */
    getFinalFroms(): readonly FromClause<unknown>[];
    /** The FROM elements that the select list alone asks for. */
    readonly columnsClauseFroms: readonly FromClause<unknown>[];
    /** The whole condition, or null for none. */
    readonly whereclause: BoolExpr<boolean> | null;
  }
}

const getters: Record<string, (this: Select) => unknown> = {
  columnsClauseFroms() {
    const froms = new Set<FromClause<unknown>>();
    for (const node of this.rawColumns) fromsOf(node, froms);
    return [...froms];
  },
  whereclause() {
    return this.whereCriteria.length === 0 ? null : allOf(this.whereCriteria);
  },
};

for (const [name, get] of Object.entries(getters))
  Object.defineProperty(Select.prototype, name, { configurable: true, get });

addMethods(Select.prototype, {
  getFinalFroms() {
    return displayFroms(this);
  },
});
