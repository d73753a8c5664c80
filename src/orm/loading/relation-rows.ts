/**
 * The rows of the other side of a relationship, with the columns that refer to the parents: the parents' table is not joined where the condition is
 * nothing but equal keys.
 */
import type { Dialect } from "../../sql/dialect.js";
import type { ColumnElement } from "../../sql/element.js";
import type { Column } from "../../sql/schema/column.js";
import type { FromClause } from "../../sql/selectable/from-clause.js";
import { Join } from "../../sql/selectable/join.js";
import { Select } from "../../sql/selectable/select.js";
import { IntegerType } from "../../sql/types/base.js";
import type { Relationship } from "../mapping/mapper.js";
import { aliasOf, entityOf } from "./entity.js";
import { adapt, InstrumentedRelation } from "./instrumented-relation.js";
import { OptionDefaults, type RelationOption } from "./option-node.js";
import type { OrmEntity } from "./orm-entity.js";

type From = FromClause<unknown>;

/** Rows of the other side, with the columns by which they find their parents. */
export interface KeyedStatement {
  readonly statement: Select;
  /** What its rows are objects of. */
  readonly entity: OrmEntity;
  readonly keys: readonly ColumnElement[];
  /** The keys that are the entity's own columns; the others stand behind them. */
  readonly needed: readonly Column[];
}

/** The condition that columns hold a key of the parents. */
export type KeyCondition = (keys: readonly ColumnElement[]) => ColumnElement;

export class RelationRows {
  /** Whether the condition is nothing but equal keys, and the name of the class where there are several. */
  readonly direct: boolean;
  /** Columns of the parent that its rows are found by. */
  readonly local: readonly Column[];

  constructor(
    readonly relationship: Relationship,
    readonly option: RelationOption | null,
    private readonly defaults: OptionDefaults,
  ) {
    this.direct = relationship.byKeys;
    this.local = this.direct
      ? relationship.join.pairs.map((pair) => pair.local)
      : relationship.parent.primaryKey.map((attribute) => attribute.column);
  }

  /** Whether the rows find their parents by one whole number, on either side. */
  get byWholeNumber(): boolean {
    return this.local.length === 1 && this.#keyColumns.every((column) => column.type instanceof IntegerType);
  }

  /** Whether a list of the parents' keys, where they are of one column, is one parameter. */
  listsAsOne(dialect: Dialect): boolean {
    return this.#keyColumns.every((column) => dialect.listsAsOne(column.type));
  }

  /** The columns of the key on either side. */
  get #keyColumns(): readonly Column[] {
    const { pairs } = this.relationship.join;
    return this.direct ? [...this.local, ...pairs.map((pair) => pair.remote)] : this.local;
  }

  get target(): OrmEntity {
    return this.option?.to ?? (this.relationship.alias as OrmEntity | null) ?? entityOf(this.relationship.target);
  }

  /** The same with further conditions on the classes. */
  narrowedBy({ criteria }: OptionDefaults): RelationRows {
    const both = new OptionDefaults();
    both.criteria.push(...this.defaults.criteria, ...criteria);
    return new RelationRows(this.relationship, this.option, both);
  }

  /** All rows of the other side that the criteria allow, with the columns that hold the parents' key. */
  all(): KeyedStatement {
    const { relationship, target } = this;
    const { secondary, secondaryJoin, pairs } = relationship.join;
    const criteria = [...(this.option?.criteria ?? []), ...this.defaults.criteriaFor(target)];
    const { tag } = relationship;
    // Of several classes that the rows may refer to, this one. Rows that refer to the target name their class before they are asked for.
    if (this.direct && tag !== null && relationship.direction !== "manyToOne")
      criteria.push(target.columnFor(tag.column).eq(tag.name));
    const remote = (column: Column): ColumnElement => target.columnFor(column);
    let keys: readonly ColumnElement[];
    let froms: readonly From[] = [];
    let order: readonly ColumnElement[];
    if (!this.direct) {
      // The condition may say anything: the parents are joined under another name.
      const parent = aliasOf(relationship.parent, null);
      const along = new InstrumentedRelation(parent, relationship, target);
      let from = parent.from;
      for (const step of along.stepsTo(target)) from = new Join(from, step.right, step.on, "inner");
      froms = [from];
      keys = this.local.map((column) => parent.columnFor(column));
      order = along.orderFor(target);
    } else {
      order = new InstrumentedRelation(target, relationship).orderFor(target);
      if (secondary !== null && secondaryJoin !== null) {
        const on = relationship.condition(secondaryJoin, (column) => column, remote);
        froms = [new Join(secondary, target.from, on, "inner")];
        keys = pairs.map((pair) => pair.remote);
      } else keys = pairs.map((pair) => remote(pair.remote));
    }
    const page = this.option?.page ?? null;
    if (page !== null && page.orderBy.length > 0) order = page.orderBy.map((each) => adapt(each, page.entity, target));
    // Of a key in several tables of a hierarchy, an object selects one column: another one stands behind.
    const needed =
      this.direct && secondary === null
        ? pairs.map((pair) => pair.remote).filter((column) => target.mapper.byColumn.get(column)?.column === column)
        : [];
    const behind = needed.length === keys.length ? [] : keys;
    const statement = new Select([target, ...behind], []).with({
      fromObjects: froms,
      whereCriteria: criteria,
      orderByClauses: order,
    });
    return { statement, entity: target, keys, needed };
  }
}

/** The rows that further conditions allow. */
export function limitedTo(rows: KeyedStatement, ...conditions: readonly ColumnElement[]): KeyedStatement {
  const { statement } = rows;
  return { ...rows, statement: statement.with({ whereCriteria: [...statement.whereCriteria, ...conditions] }) };
}
