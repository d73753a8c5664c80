/**
 * Statements to which a handler adds an option. A program that keeps its statements, and adds the same options to each run of them (the conditions of a
 * tenant, soft delete), gets the same objects again, whose keys, SQL and plans are found at once.
 */
import { LRUCache } from "../../sql/cache.js";
import type { LoadOption } from "../../sql/entity.js";
import type { Select } from "../../sql/selectable/select.js";

/** With how many different options a statement is remembered: one for each tenant that is busy. */
const KEPT = 50;

/** Options that were added before. One that is made for each run is never met again, and its statement need not be kept. */
const met = new WeakSet<LoadOption>();

/** A statement with one option more. Most get one and the same, or are run once. */
class Extended {
  #others: LRUCache<LoadOption, Select> | null = null;

  constructor(
    private readonly option: LoadOption,
    private readonly statement: Select,
  ) {}

  with(option: LoadOption, base: Select): Select {
    if (option === this.option) return this.statement;
    this.#others ??= new LRUCache(KEPT);
    let statement = this.#others.get(option);
    if (statement === undefined) {
      statement = base.options(option) as Select;
      this.#others.set(option, statement);
    }
    return statement;
  }
}

/** A statement with options added; the same one for the same options. */
export function withOptions(given: Select, options: readonly LoadOption[]): Select {
  let statement = given;
  for (const option of options) {
    const { extended } = statement;
    if (!met.has(option)) {
      met.add(option);
      statement = statement.options(option) as Select;
    } else if (extended === null) {
      const made = statement.options(option) as Select;
      statement.extended = new Extended(option, made);
      statement = made;
    } else statement = (extended as Extended).with(option, statement);
  }
  return statement;
}
