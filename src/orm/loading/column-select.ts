/** The SELECT of some columns of one object by its key. */
import { compile } from "../../sql/compile.js";
import type { Compiled } from "../../sql/compiled.js";
import type { Dialect } from "../../sql/dialect.js";
import type { ColumnElement } from "../../sql/element.js";
import { allOf } from "../../sql/elements/build.js";
import type { BoundValue } from "../../sql/key-context.js";
import { cacheKeyOf, iterate } from "../../sql/node.js";
import type { Column } from "../../sql/schema/column.js";
import type { Table } from "../../sql/schema/table.js";
import type { FromClause } from "../../sql/selectable/from-clause.js";
import { Join } from "../../sql/selectable/join.js";
import { type ForUpdateOptions, Select } from "../../sql/selectable/select.js";
import type { ColumnAttribute } from "../attributes/column-attribute.js";
import { ExpressionAttribute } from "../attributes/expression-attribute.js";
import type { Mapper } from "../mapping/mapper.js";
import { PerDialect } from "../per-dialect.js";
import { type Converter, converterOf } from "./converters.js";
import { entityOf } from "./entity.js";
import { keyCondition, type NullParts } from "./key-condition.js";
import { OptionDefaults } from "./option-node.js";
import { prepareExpression } from "./statement-entities.js";

type From = FromClause<unknown>;

/** The locking clause of a load by key. */
export type LockOptions = Omit<ForUpdateOptions, "of">;

/** A compiled statement, and what its rows are converted by. */
interface ColumnStatement {
  readonly compiled: Compiled;
  readonly binds: readonly BoundValue[];
  readonly converters: readonly (Converter | null)[];
}

/** Of each class, by the columns and by what else is part of the text. */
const statements = new PerDialect((_: Mapper) => new Map<string, ColumnStatement>());

/** The statement for some columns of a class, compiled once for each dialect. */
export function statementFor(
  mapper: Mapper,
  attributes: readonly ColumnAttribute[],
  dialect: Dialect,
  lock: LockOptions | null,
  nulls: NullParts,
): ColumnStatement {
  const known = statements.get(mapper, dialect);
  const name = `${attributes.map((each) => each.slot).join(",")}|${nulls.join(",")}${lock === null ? "" : JSON.stringify(lock)}`;
  let statement = known.get(name);
  if (statement === undefined) {
    statement = compiledSelect(columnSelect(mapper, attributes, lock, nulls), attributes, dialect);
    known.set(name, statement);
  }
  return statement;
}

/** The same of a statement that somebody else gave. */
export function compiledSelect(
  select: Select,
  attributes: readonly ColumnAttribute[],
  dialect: Dialect,
): ColumnStatement {
  const bare = select.with({ loadOptions: [] });
  const { binds } = cacheKeyOf(bare);
  const converters = attributes.map((attribute) => converterOf(attribute.type, dialect));
  return { compiled: compile(bare, dialect, { binds }), binds, converters };
}

/** Only the tables that hold the columns are asked, in a joined hierarchy. */
export function columnSelect(
  mapper: Mapper,
  attributes: readonly ColumnAttribute[],
  lock: LockOptions | null,
  nulls: NullParts,
): Select {
  const tables = new Set<Table>();
  const expressions = new Map<ColumnAttribute, ColumnElement>();
  for (const attribute of attributes)
    if (attribute instanceof ExpressionAttribute) {
      for (const table of tablesIn(attribute)) tables.add(table);
      const entity = entityOf(mapper);
      const element = entity.elementOf(attribute);
      const plain = prepareExpression(element, new OptionDefaults(), entity);
      expressions.set(attribute, plain);
      // What its subqueries name is the key in any table of the class.
      if (plain !== element) for (const table of mapper.tables) tables.add(table);
    } else if (!mapper.primaryKey.includes(attribute)) tables.add(attribute.column.table as Table);
  if (tables.size === 0) tables.add(mapper.tables[0]);
  const used = mapper.tables.filter((table) => tables.has(table));
  const [first] = used;
  let from: From = first;
  for (const table of used.slice(1)) {
    const on = mapper.primaryKey.map((attribute) =>
      keyColumn(mapper, attribute, first).eq(keyColumn(mapper, attribute, table)),
    );
    from = new Join(from, table, allOf(on), "inner");
  }
  const where = keyCondition(mapper, (attribute) => keyColumn(mapper, attribute, first), nulls);
  const columns = attributes.map((attribute) =>
    mapper.primaryKey.includes(attribute)
      ? keyColumn(mapper, attribute, first)
      : (expressions.get(attribute) ?? attribute.column),
  );
  const select = new Select(columns as readonly ColumnElement[], []).with({
    fromObjects: [from],
    whereCriteria: where,
  });
  return lock === null ? select : select.withForUpdate(lock);
}

/** The tables whose columns an expression names, in its subqueries too. */
function tablesIn({ expression }: ExpressionAttribute): Set<Table> {
  const found = new Set<Table>();
  for (const node of expression === null ? [] : iterate(expression))
    if (node.visitName === "Column") found.add((node as Column).table as Table);
  return found;
}

/** The column of a table that holds a part of the key. */
function keyColumn(mapper: Mapper, attribute: ColumnAttribute, table: Table): ColumnElement {
  for (const [column, each] of mapper.byColumn)
    if (each === attribute && (column.table as unknown) === table) return column;
  return attribute.column;
}
