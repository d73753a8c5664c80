/** What is worked out once for a dialect and an object of the mapping: converters, plans, loaders. */
import type { Dialect } from "../sql/dialect.js";

/** Values made at first use and kept while both the dialect and the object live. */
export class PerDialect<K extends object, V> {
  readonly #known: WeakMap<Dialect, WeakMap<K, V>> = new WeakMap();

  constructor(private readonly make: (key: K, dialect: Dialect) => V) {}

  get(key: K, dialect: Dialect): V {
    let values = this.#known.get(dialect);
    if (values === undefined) {
      values = new WeakMap();
      this.#known.set(dialect, values);
    }
    let value = values.get(key);
    if (value === undefined) {
      value = this.make(key, dialect);
      values.set(key, value);
    }
    return value;
  }
}
