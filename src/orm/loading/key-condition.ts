/** The statement that reads the row of one key, and the condition in it. */
import type { ColumnElement } from "../../sql/element.js";
import { BindParameter } from "../../sql/elements/bind.js";
import { Select } from "../../sql/selectable/select.js";
import type { ColumnAttribute } from "../attributes/column-attribute.js";
import type { Mapper } from "../mapping/mapper.js";
import { entityOf } from "./entity.js";

/** Which parts of a key are NULL, by position. */
export type NullParts = readonly number[];

/** Of nearly all keys. */
export const NO_NULLS: NullParts = [];

/** The parts of a key that are NULL: a statement says so of them, as no equation finds them. */
export function nullsIn(key: readonly unknown[]): NullParts {
  if (!key.includes(null)) return NO_NULLS;
  return key.flatMap((value, i) => (value === null ? [i] : []));
}

/** The condition that a row has the key that parameters give. */
export function keyCondition(
  { className, primaryKey }: Mapper,
  columnOf: (attribute: ColumnAttribute) => ColumnElement,
  nulls: NullParts,
): readonly ColumnElement[] {
  return primaryKey.map((attribute, i) => {
    const column = columnOf(attribute);
    return nulls.includes(i) ? column.isNull() : column.eq(keyBind(attribute, i, className));
  });
}

/** `SELECT ... WHERE key = ?` of a class. */
export function keyStatement(mapper: Mapper, nulls: NullParts): Select {
  const entity = entityOf(mapper);
  const where = keyCondition(mapper, (attribute) => entity.columnFor(attribute.column), nulls);
  return new Select([entity], []).with({ whereCriteria: where });
}

/** The values of a key by the names of its parameters. */
export function namedKey(values: readonly unknown[]): Record<string, unknown> {
  if (values.length === 1) return { __pk_0: values[0] };
  const named: Record<string, unknown> = {};
  for (let i = 0; i < values.length; i++) named[keyName(i)] = values[i];
  return named;
}

function keyName(part: number): string {
  return `__pk_${part}`;
}

// errors call the value by its attribute
function keyBind({ column, key }: ColumnAttribute, part: number, className: string): BindParameter {
  return new BindParameter(undefined, column.type, keyName(part), false, true, null, `${className}.${key}`);
}
