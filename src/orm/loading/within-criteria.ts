/** Whether rows that are known by their keys lie within the criteria of `withLoaderCriteria`. */
import type { ConnectionCore } from "../../engine/connection-core.js";
import type { Op } from "../../engine/io.js";
import { resultPlanOf } from "../../engine/result-plan.js";
import type { LoadOption } from "../../sql/entity.js";
import { Select } from "../../sql/selectable/select.js";
import type { Mapper } from "../mapping/mapper.js";
import { hashOf, type IdentityKey } from "../state.js";
import { entityOf } from "./entity.js";
import { keysCondition } from "./keys-condition.js";
import { LoaderCriteria } from "./option-steps.js";
import { criteriaAmong } from "./option-tree.js";
import { prepareStatement } from "./statement-entities.js";

/**
 * The keys whose rows the criteria among the options let through; all of them, without a statement, where there are no criteria.
 * Loads and writes by key take their columns from the tables at hand, which need not be those that a criterion is about.
 */
export function* keysWithin<K extends readonly unknown[]>(
  connection: ConnectionCore,
  mapper: Mapper,
  options: readonly LoadOption[],
  keys: readonly K[],
): Op<readonly K[]> {
  const criteria = options.filter((each) => each instanceof LoaderCriteria);
  if (criteria.length === 0) return keys;
  const entity = entityOf(mapper);
  const columns = mapper.primaryKey.map((each) => entity.attribute(each.key));
  const whereCriteria = [keysCondition(columns, keys, connection.dialect)];
  const statement = prepareStatement(new Select(columns, []).with({ whereCriteria }), criteriaAmong(criteria));
  const { compiled, binds } = connection.cached(statement);
  const { rows } = yield* connection.run(compiled, compiled.bind(binds));
  resultPlanOf(compiled, connection.dialect)?.convert?.(rows);
  const hash = (key: readonly unknown[]) => hashOf(mapper.identityKey([...key]) as IdentityKey);
  const seen = new Set(rows.map(hash));
  return keys.filter((key) => seen.has(hash(key)));
}
