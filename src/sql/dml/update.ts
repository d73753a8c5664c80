/** UPDATE. */
import { addMethods } from "../add-methods.js";
import type { ColumnElement } from "../element.js";
import type { Attrs, Cls, EntityRef } from "../entity.js";
import { ArgumentError } from "../errors.js";
import { Node, type Parts } from "../node.js";
import type { ColumnInfo } from "../schema/column.js";
import type { UpdateValues } from "../schema/column-specs.js";
import { Table } from "../schema/table.js";
import type { FromClause } from "../selectable/from-clause.js";
import { requireFrom } from "../selectable/resolve.js";
import type { Selectable } from "../selectable/select-typing.js";
import { describeValue } from "../types/describe-value.js";
import type { ReturningColumns, ReturningObject, ReturningRow } from "./dml.js";
import type { EntityValues } from "./insert.js";
import { RestrictedStatement } from "./restricted.js";

const none: readonly never[] = Object.freeze([]);

/** An UPDATE statement. It is immutable: every method gives a new one. Without `where()` it needs `all()`. */
export class Update<
  Row = never,
  Values = Readonly<Record<string, unknown>>,
  Ent extends readonly unknown[] = [],
  C = unknown,
> extends RestrictedStatement<Ent, Row, C, Partial<Values>> {
  static override readonly parts: Parts = {
    target: "node",
    sets: "tuples",
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
    return "Update";
  }
  /** Columns and their new values, in the order in which SET has them. */
  readonly sets: readonly (readonly [ColumnElement, ColumnElement])[] = none;
  /** FROM: further tables, beside those that the conditions use. */
  readonly froms: readonly FromClause<unknown>[] = none;

  constructor(target: unknown) {
    super(target, "update");
  }

  /** New values by column key (attribute name, for a class); a lambda receives the entity's attributes. */
  values(values: Values | ((...entities: Ent) => Values)): this {
    let given: unknown = values;
    if (typeof values === "function") {
      if (this.entity === null)
        throw new ArgumentError(`update ${this.table.fullName}: values() takes a function only for a mapped class.`);
      given = (values as (attrs: object) => unknown)(this.entity.attrs);
    }
    if (given === null || typeof given !== "object" || Array.isArray(given) || given instanceof Node) {
      throw new ArgumentError(
        `update ${this.table.fullName}: values() takes an object of values by column, not ${describeValue(given)}.`,
      );
    }
    const named = given as Readonly<Record<string, unknown>>;
    return this.withSets(Object.entries(this.entity?.written(named) ?? named));
  }

  /** New values as pairs, in the order in which SET is to have them. */
  orderedValues(...pairs: readonly (readonly [keyof Values | object, unknown])[]): this {
    return this.withSets(
      (pairs as readonly (readonly [unknown, unknown])[]).flatMap(([key, value]) =>
        typeof key === "string" && this.entity !== null
          ? Object.entries(this.entity.written({ [key]: value }))
          : [[key, value]],
      ),
    );
  }

  private withSets(pairs: readonly (readonly [unknown, unknown])[]): this {
    const map = new Map(this.sets);
    for (const [key, value] of pairs) {
      const column = this.columnFor(key, `update ${this.table.fullName}`);
      map.set(column, this.valueFor(column, value, "update"));
    }
    return this.copyWith({ sets: [...map] });
  }

  /** UPDATE ... FROM: tables whose columns the values and conditions use. They are found by themselves too. */
  from(...froms: readonly (FromClause<unknown> | Cls<unknown> | EntityRef<unknown, unknown>)[]): this {
    return this.copyWith({ froms: [...this.froms, ...froms.map((each) => requireFrom(each, "from()"))] });
  }

  /**
   * What the updated rows give back: tuples of what is named, everything where nothing is, or objects where one is given.
   *
   * @example returning(users.c.id, users.c.name)
   * @example returning({ id: users.c.id, name: users.c.name })
   */
  returning<const A extends readonly Selectable[]>(
    ...columns: A
  ): Update<A extends readonly [] ? unknown[] : ReturningRow<A>, Values, Ent, ReturningColumns<A>>;
  returning<A extends ReturningObject>(columns: A): Update<ReturningRow<A>, Values, Ent, ReturningColumns<A>>;
  returning(...columns: readonly unknown[]): unknown {
    return this.copyWith(this.returningOf(columns));
  }

  /**
   * Has the result tell what SQL expressions and the database made of the row, `result.returnedDefaults`, while it stays one
   * without rows.
   *
   * @param columns those that are asked for; every one whose new value the statement does not tell where none is named
   */
  returnDefaults(...columns: readonly (keyof Values | ColumnInfo | string)[]): this {
    return this.askDefaults(columns);
  }
}

declare module "../schema/table.js" {
  interface Table<Cols, Name> {
    /** An UPDATE of this table. */
    update(): Update<never, UpdateValues<Cols>>;
  }
}

addMethods(Table.prototype, {
  update() {
    return new Update(this);
  },
});

/** An UPDATE of a table or the table of a mapped class. */
export function update<Cols, Name>(table: Table<Cols, Name>): Update<never, UpdateValues<Cols>>;
export function update<E, Src = E>(entity: Cls<E> | EntityRef<E, Src>): Update<never, EntityValues<E>, [Attrs<E>]>;
export function update(target: unknown): unknown {
  return new Update(target);
}
