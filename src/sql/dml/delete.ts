/** DELETE. */
import { addMethods } from "../add-methods.js";
import type { Attrs, Cls, EntityRef } from "../entity.js";
import type { Parts } from "../node.js";
import { Table } from "../schema/table.js";
import type { FromClause } from "../selectable/from-clause.js";
import { requireFrom } from "../selectable/resolve.js";
import type { Selectable } from "../selectable/select-typing.js";
import type { ReturningColumns, ReturningObject, ReturningRow } from "./dml.js";
import { RestrictedStatement } from "./restricted.js";

const none: readonly never[] = Object.freeze([]);

/** A DELETE statement. It is immutable: every method gives a new one. Without `where()` it needs `all()`. */
export class Delete<Row = never, Ent extends readonly unknown[] = [], C = unknown> extends RestrictedStatement<
  Ent,
  Row,
  C
> {
  static override readonly parts: Parts = {
    target: "node",
    froms: "nodes",
    whereCriteria: "nodes",
    wholeTable: "name",
    returningNodes: "nodes",
    rowKeys: "names",
    extraCtes: "nodes",
    loadOptions: "nodes",
    hints: "names",
    tableHints: "names",
    extensions: "nodes",
  };
  override get visitName(): string {
    return "Delete";
  }
  /** USING: further tables, beside those that the conditions use. */
  readonly froms: readonly FromClause<unknown>[] = none;

  constructor(target: unknown) {
    super(target, "del");
  }

  /** DELETE ... USING: tables whose columns the conditions use. They are found by themselves too. */
  using(...froms: readonly (FromClause<unknown> | Cls<unknown> | EntityRef<unknown, unknown>)[]): this {
    return this.copyWith({ froms: [...this.froms, ...froms.map((each) => requireFrom(each, "using()"))] });
  }

  /**
   * What the deleted rows give back: tuples of what is named, everything where nothing is, or objects where one is given.
   *
   * @example returning(users.c.id, users.c.name)
   * @example returning({ id: users.c.id, name: users.c.name })
   */
  returning<const A extends readonly Selectable[]>(
    ...columns: A
  ): Delete<A extends readonly [] ? unknown[] : ReturningRow<A>, Ent, ReturningColumns<A>>;
  returning<A extends ReturningObject>(columns: A): Delete<ReturningRow<A>, Ent, ReturningColumns<A>>;
  returning(...columns: readonly unknown[]): unknown {
    return this.copyWith(this.returningOf(columns));
  }
}

declare module "../schema/table.js" {
  interface Table<Cols, Name> {
    /** A DELETE from this table. */
    delete(): Delete;
  }
}

addMethods(Table.prototype, {
  delete() {
    return new Delete(this);
  },
});

/** A DELETE from a table or the table of a mapped class. */
export function del<Cols, Name>(table: Table<Cols, Name>): Delete;
export function del<E, Src = E>(entity: Cls<E> | EntityRef<E, Src>): Delete<never, [Attrs<E>]>;
export function del(target: unknown): unknown {
  return new Delete(target);
}
