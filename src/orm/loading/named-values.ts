/** Values that are given to a statement by name when it is run. */
import type { BindParameter } from "../../sql/elements/bind.js";
import { cacheKeyOf } from "../../sql/node.js";
import type { Select } from "../../sql/selectable/select.js";
import type { NamedValues } from "./load-run.js";

const direct = new WeakMap<Select, ReadonlySet<string> | null>();

/** The names that a statement has; null where its SQL depends on the value of one, or an option keeps one for later loads. */
function directNames(statement: Select): ReadonlySet<string> | null {
  let names = direct.get(statement);
  if (names === undefined) {
    names = findNames(statement);
    direct.set(statement, names);
  }
  return names;
}

function findNames(statement: Select): ReadonlySet<string> | null {
  const { key, binds } = cacheKeyOf(statement);
  if (key === null) return null;
  for (const option of statement.loadOptions)
    if (cacheKeyOf(option).binds.some((bind) => bind.name !== null)) return null;
  const names = new Set<string>();
  for (const bind of binds) {
    if (bind.name === null) continue;
    if (bind.expanding || (bind as BindParameter).literalExecute) return null;
    names.add(bind.name);
  }
  return names;
}

/**
 * The statement to be run with these values: the same object, whose SQL, plan and key are found at once, where they go to the driver as they are; else a
 * copy that holds them.
 *
 * @throws ArgumentError for a name that it does not have
 */
export function takingValues(statement: Select, values: NamedValues): Select {
  if (isEmpty(values)) return statement;
  const names = Array.isArray(values) ? null : directNames(statement);
  if (names === null) return statement.params(values);
  for (const name in values) if (!names.has(name)) return statement.params(values);
  return statement;
}

/** No value is given, where a list of them or a single one may be. */
function isEmpty(values: NamedValues): boolean {
  if (Array.isArray(values)) return false;
  for (const _ in values) return false;
  return true;
}
