/** A class with concrete subclasses in a statement: its rows are a UNION over the tables of all of them. SQLAlchemy: `ConcreteBase`, `polymorphic_union`. */
import type { ColumnElement } from "../../sql/element.js";
import { Label } from "../../sql/elements/expression.js";
import { InvalidRequestError } from "../../sql/errors.js";
import { cast, literal } from "../../sql/index.js";
import type { Column } from "../../sql/schema/column.js";
import type { FromClause } from "../../sql/selectable/from-clause.js";
import { Select } from "../../sql/selectable/select.js";
import { textType } from "../../sql/types/base.js";
import { ColumnAttribute } from "../attributes/column-attribute.js";
import { ExpressionAttribute } from "../attributes/expression-attribute.js";
import type { Mapper } from "../mapping/mapper.js";

type From = FromClause<unknown>;

/** Whether the rows of a class come from a union. */
export function isUnited(mapper: Mapper): boolean {
  return mapper.concretes.length > 0 || mapper.tableless;
}

/** The column of the union that tells of which class a row is. */
const CLASS = "concrete_class";

/** What tells the classes of a union apart in its rows. */
export function concreteIdentity(mapper: Mapper): string {
  return String(mapper.polymorphicIdentity ?? mapper.className);
}

const discriminators = new WeakMap<Mapper, ColumnAttribute>();

/** The attribute, of no object, that stands for the union's column. */
export function concreteDiscriminator(mapper: Mapper): ColumnAttribute {
  let attribute = discriminators.get(mapper);
  if (attribute === undefined) {
    attribute = new ExpressionAttribute(mapper, CLASS, -1, null, textType, true, {
      expireOnFlush: false,
      perQuery: false,
    });
    discriminators.set(mapper, attribute);
  }
  return attribute;
}

/** `SELECT ... FROM employees UNION ALL SELECT ... FROM managers`: every attribute of any of the classes is a column. */
export function concreteUnion(mapper: Mapper, name: string | null): From {
  const { united } = mapper;
  const types = new Map<string, ColumnAttribute>();
  for (const each of united)
    for (const attribute of each.columnAttributes)
      if (attribute.writable && !types.has(attribute.key)) types.set(attribute.key, attribute);
  const stored = united.filter((each) => !each.tableless);
  if (stored.length === 0) {
    throw new InvalidRequestError(
      `${mapper.className} has no table, and no class below it is mapped: there is nothing to select from.`,
    );
  }
  const selects = stored.map((each) => {
    const columns: ColumnElement[] = [...types].map(([key, { type }]) => {
      const own = each.attributes.get(key);
      const element = own instanceof ColumnAttribute && own.writable ? own.column : cast(null as never, type);
      return new Label(key, element as ColumnElement);
    });
    columns.push(new Label(CLASS, cast(literal(concreteIdentity(each)), textType) as unknown as ColumnElement));
    return new Select(columns, []).with({ fromObjects: [each.table] });
  });
  const [first, ...others] = selects;
  const union = others.length === 0 ? first : first.unionAll(...others);
  return union.subquery(name ?? undefined);
}

/** The column of the union for a column of one of the classes. */
export function unitedColumn(from: From, polymorphic: readonly Mapper[], column: Column): ColumnElement | undefined {
  for (const mapper of polymorphic) {
    const attribute = mapper.byColumn.get(column);
    if (attribute !== undefined) return from.column(attribute.key);
  }
  return undefined;
}

/** The column of the union that tells the classes apart. */
export function classColumn(from: From): ColumnElement {
  return from.column(CLASS);
}
