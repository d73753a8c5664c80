/** A natural key of a class: attributes that are unique together, by which the session finds objects as it does by primary key. */
import type { Plain } from "../../sql/entity.js";
import { ArgumentError } from "../../sql/errors.js";
import { Node } from "../../sql/node.js";
import { ColumnAttribute } from "../attributes/column-attribute.js";
import type { Mapper } from "../mapping/mapper.js";
import { hashOf, type InstanceState } from "../state.js";
import { uniqueKeys } from "../uow/unique-clash.js";

/** Values of a natural key, by attribute name. */
export type NaturalKeyValues<E> = { readonly [K in keyof Plain<E>]?: NonNullable<Plain<E>[K]> };

const known = new WeakMap<Mapper, Map<string, NaturalKey>>();

/** One for each class and set of attributes. */
export class NaturalKey {
  private constructor(
    readonly mapper: Mapper,
    readonly attributes: readonly ColumnAttribute[],
  ) {}

  /**
   * The key that the attributes named make.
   * @throws ArgumentError where they are not unique together
   */
  static of(mapper: Mapper, names: readonly string[], method: string): NaturalKey {
    const sorted = [...names].sort();
    const signature = sorted.join();
    let keys = known.get(mapper);
    if (keys === undefined) {
      keys = new Map();
      known.set(mapper, keys);
    }
    let key = keys.get(signature);
    if (key === undefined) {
      key = new NaturalKey(mapper, attributesOf(mapper, sorted, method));
      keys.set(signature, key);
    }
    return key;
  }

  get names(): readonly string[] {
    return this.attributes.map((attribute) => attribute.key);
  }

  /**
   * The values of this key, in the order of its attributes.
   * @throws ArgumentError for one that is missing, null or an expression
   */
  values(given: Readonly<Record<string, unknown>>, place: string): readonly unknown[] {
    return this.attributes.map(({ key }) => {
      const value = given[key];
      if (value !== undefined && value !== null && !(value instanceof Node)) return value;
      const what = value === undefined ? "missing" : value === null ? "null" : "an SQL expression";
      throw new ArgumentError(
        `${place}: "${key}" is ${what}. A natural key says which row is meant: give a value for each of its attributes.`,
      );
    });
  }

  /** The same for equal values, as a key of maps; null where they make no key. */
  hash(values: readonly unknown[]): unknown {
    const key = this.mapper.identityKey(values);
    return key === null ? null : hashOf(key);
  }

  /** Whether an object has these values now, as far as is loaded. */
  matches(state: InstanceState, values: readonly unknown[]): boolean {
    return this.attributes.every((attribute, i) => {
      const value = attribute.peek(state);
      return value !== undefined && attribute.same(value, values[i]);
    });
  }
}

function attributesOf(mapper: Mapper, names: readonly string[], method: string): readonly ColumnAttribute[] {
  const place = `${method}(${mapper.className})`;
  if (names.length === 0) throw new ArgumentError(`${place}: the natural key names no attribute.`);
  const attributes = names.map((name) => {
    const attribute = mapper.attribute(name);
    if (attribute instanceof ColumnAttribute && attribute.writable) return attribute;
    throw new ArgumentError(
      `${place}: "${name}" is no column. A natural key is made of columns; give foreign keys by their own attributes.`,
    );
  });
  const owns = (column: unknown): boolean => attributes.some((each) => each.columns.includes(column as never));
  const keys = [mapper.primaryKey.map((each) => each.column), ...uniqueKeys(mapper.base)];
  if (keys.some((columns) => columns.length === attributes.length && columns.every(owns))) return attributes;
  throw new ArgumentError(
    `${place}: ${names.join(", ")} ${names.length === 1 ? "is" : "are together"} not unique in the mapping, so several rows could be meant. ` +
      `Declare it (@Column({ unique: true }), or a UniqueConstraint of the table), or use select() with a condition.`,
  );
}
