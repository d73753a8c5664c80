/** Statements that write rows, and must say which. */
import type { ColumnElement } from "../element.js";
import { True } from "../elements/expression.js";
import { ArgumentError, errorKind, InvalidRequestError } from "../errors.js";
import type { KeyContext } from "../key-context.js";
import { DMLStatement, type DMLWhere } from "./dml.js";

const none: readonly never[] = Object.freeze([]);

/** UPDATE and DELETE: statements that say which rows they mean. `Filter` is what `filterBy()` takes. */
export abstract class RestrictedStatement<
  Ent extends readonly unknown[] = [],
  Row = never,
  C = unknown,
  Filter = Readonly<Record<string, unknown>>,
> extends DMLStatement<Row, C> {
  readonly whereCriteria: readonly ColumnElement[] = none;
  /** Every row of the table is meant. */
  readonly wholeTable: boolean = false;
  /** Text after the first word, each with the dialect it is for, in turn. */
  readonly hints: readonly string[] = none;
  /** Hints for the table, each with the dialect it is for, in turn. */
  readonly tableHints: readonly string[] = none;

  override appendKey(context: KeyContext): void {
    // The class may ask for more than its table, which is all that the shape has of it.
    if (this.entity !== null) context.mapped = true;
    super.appendKey(context);
  }

  /** Conditions on the rows, all of which must hold. */
  where(...conditions: readonly DMLWhere<Ent>[]): this {
    const added = conditions.map((each) => this.conditionFor(each, "where()"));
    return this.copyWith({ whereCriteria: [...this.whereCriteria, ...added] });
  }

  /** The same as {@link where}. */
  filter(...conditions: readonly DMLWhere<Ent>[]): this {
    return this.where(...conditions);
  }

  /** Equality with the values given, by attribute or column name. */
  filterBy(values: Filter): this {
    const added = Object.entries(values as object).map(([name, value]) => {
      if (value === undefined)
        throw new ArgumentError(`filterBy(): ${name} is undefined. Write null for NULL, or leave it out.`);
      return (this.entity === null ? this.columnFor(name, "filterBy()") : this.entity.attribute(name)).eq(value);
    });
    return this.copyWith({ whereCriteria: [...this.whereCriteria, ...added] });
  }

  /** Says that every row of the table is meant: a statement without a condition is refused otherwise. */
  all(): this {
    return this.copyWith({ wholeTable: true });
  }

  /** SQL text after UPDATE or DELETE, for one dialect or all. */
  prefixWith(text: string, dialect = "*"): this {
    return this.copyWith({ hints: [...this.hints, text, dialect] });
  }

  /**
   * A hint for the table that is written, for one dialect or all.
   *
   * @example update(base).withHint("ONLY", "postgresql") // not the tables that inherit from it
   */
  withHint(text: string, dialect = "*"): this {
    return this.copyWith({ tableHints: [...this.tableHints, text, dialect] });
  }
}

const noWhere = errorKind(InvalidRequestError, "ATHANOR_NO_WHERE", {
  message: (verb: string, target: string, table: string) =>
    `${verb}(${target}) has no condition and would write every row of ${table}. ` +
    "Add where(...), or say .all() where every row is meant.",
  cause:
    "An update() or del() has no condition, or only ones that are always true, such as and() of an empty list. A forgotten where() would write the whole table.",
  cure: "Add where(...). Where every row is meant, say .all().",
});

/** Whether a statement says which rows it means, or that it means all of them. Conditions that are always true, such as `and()` of an empty list, say nothing. */
export function saysRows(statement: RestrictedStatement<never, unknown, unknown, never>): boolean {
  return statement.wholeTable || statement.whereCriteria.some((each) => !(each instanceof True));
}

/**
 * Refuses a statement that does not.
 *
 * @throws InvalidRequestError naming the table
 */
export function requireRows(statement: RestrictedStatement<never, unknown, unknown, never>): void {
  if (saysRows(statement)) return;
  const verb = statement.visitName === "Update" ? "update" : "del";
  const table = statement.table.fullName;
  throw noWhere(verb, statement.entity?.entityName ?? table, table);
}
