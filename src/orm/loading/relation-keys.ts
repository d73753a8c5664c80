/** How a statement is told the keys of the parents: one key, a range, a list as one parameter, a written-out list, or a subquery. */
import type { DialectCapabilities } from "../../sql/capabilities.js";
import type { ColumnElement } from "../../sql/element.js";
import { BindParameter } from "../../sql/elements/bind.js";
import { allOf, conjunction } from "../../sql/elements/build.js";
import { TupleElement } from "../../sql/elements/expression.js";
import { operators } from "../../sql/operators.js";
import { Exists, ScalarSelect } from "../../sql/selectable/query.js";
import { Select } from "../../sql/selectable/select.js";
import { BATCH } from "./keys-condition.js";
import type { NamedValues } from "./load-run.js";

/** The value of a key of one column, or the values of one of several. */
export type Key = {};

/** How a statement is told the keys; a number is the length of a list that is written out. */
export type KeyForm = "one" | "range" | "list" | "subquery" | number;

/** The lengths of lists that are written out; a shorter list is filled up with its last key, so that few statements serve all lengths. */
const LENGTHS = [2, 8, 32, 128, BATCH];
const LIST = "__keys";
/** So many keys without a gap are asked for as a range; for fewer of them a statement of its own does not pay. */
const RANGE_FROM = 64;

/**
 * The form for a batch of keys. Whole numbers that follow each other, as the keys of pages of a table mostly do, are told as the range that holds them and
 * nothing else: the database goes through its index once, and not once for each key (a third of the time of a list with a thousand keys).
 *
 * @param asOne whether a list of them is one parameter
 * @param whole whether the columns hold whole numbers
 */
export function formFor(batch: readonly Key[], asOne: boolean, whole: boolean): KeyForm {
  if (batch.length === 1) return "one";
  if (!asOne) return LENGTHS.find((length) => length >= batch.length) as number;
  return whole && batch.length >= RANGE_FROM && followEachOther(batch) ? "range" : "list";
}

/** Whether keys are whole numbers in order and without a gap. */
function followEachOther(keys: readonly Key[]): boolean {
  const [first] = keys;
  if (typeof first !== "number") return false;
  for (let i = 1; i < keys.length; i++) if (keys[i] !== first + i) return false;
  return true;
}

/** The condition that columns hold one of the keys that parameters give. */
export function keyParameters(
  keys: readonly ColumnElement[],
  form: Exclude<KeyForm, "subquery">,
  capabilities: DialectCapabilities,
): ColumnElement {
  if (form === "list") {
    const [key] = keys;
    return key.in(new BindParameter(undefined, key.type, LIST, true, true, null, LIST));
  }
  if (form === "one") return allOf(keys.map((key, j) => key.eq(keyBind(key, 0, j))));
  if (form === "range") {
    const [key] = keys;
    return key.between(keyBind(key, 0, 0), keyBind(key, 1, 0));
  }
  const rows = Array.from({ length: form }, (_, i) => keys.map((key, j) => keyBind(key, i, j)));
  if (keys.length === 1) return keys[0].in(rows.map(([bind]) => bind));
  if (capabilities.tupleIn && !capabilities.arrayParameters)
    return new TupleElement(keys).in(rows.map((row) => new TupleElement(row)));
  return conjunction(
    operators.or,
    rows.map((row) => allOf(row.map((bind, j) => keys[j].eq(bind)))),
  );
}

/** The condition that columns hold one of the keys that a query of them gives. */
export function keysAmong(
  keys: readonly ColumnElement[],
  query: Select,
  { tupleIn }: DialectCapabilities,
): ColumnElement {
  const members = new ScalarSelect(query);
  if (keys.length === 1) return keys[0].in(members);
  if (tupleIn) return new TupleElement(keys).in(members);
  const given = query.subquery();
  const equal = given.columns.map((column, i) => column.eq(keys[i]));
  return new Exists(
    new Select([...given.columns], []).with({ whereCriteria: equal }) as ConstructorParameters<typeof Exists>[0],
  );
}

/** The values of the keys' parameters, beside those that were given by name. */
export function namedKeys(
  form: KeyForm,
  batch: readonly Key[],
  single: boolean,
  named: NamedValues | undefined,
): Record<string, unknown> {
  const values: Record<string, unknown> = { ...named };
  if (form === "list") values[LIST] = batch;
  else if (form === "range") {
    values[`${LIST}_0_0`] = batch[0];
    values[`${LIST}_1_0`] = batch[batch.length - 1];
  } else {
    const length = form === "one" ? 1 : (form as number);
    for (let i = 0; i < length; i++) {
      const key = batch[Math.min(i, batch.length - 1)];
      if (single) values[`${LIST}_${i}_0`] = key;
      else
        (key as readonly unknown[]).forEach((part, j) => {
          values[`${LIST}_${i}_${j}`] = part;
        });
    }
  }
  return values;
}

function keyBind(key: ColumnElement, row: number, part: number): BindParameter {
  return new BindParameter(undefined, key.type, `${LIST}_${row}_${part}`, false, true, null, LIST);
}
