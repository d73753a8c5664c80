/** A FROM in which one table stands twice under one name: no database can tell whose columns are meant. */
import { EntityElement, RelationElement } from "../entity.js";
import { InvalidRequestError } from "../errors.js";
import type { FromClause } from "../selectable/from-clause.js";
import { Join } from "../selectable/join.js";
import type { Select } from "../selectable/select.js";

type From = FromClause<unknown>;

/**
 * Refuses joins that bring a table which is there already, as those of two subclasses bring that of their base.
 *
 * @param froms the FROM list of `select`
 * @throws InvalidRequestError naming the table and who brings it
 */
export function refuseRepeated(select: Select, froms: readonly From[]): void {
  const seen = new Set<From>();
  for (const from of froms)
    for (const each of from.covers) {
      if (each instanceof Join) continue;
      if (seen.has(each)) throw repeated(select, each);
      seen.add(each);
    }
}

function repeated(select: Select, from: From): InvalidRequestError {
  const entities = entitiesOf(select)
    .filter((entity) => entity.from.covers.includes(from))
    .map((entity) => entity.entityName);
  const several = new Set(entities).size > 1;
  const who = several ? ` ${listed([...new Set(entities)])} share it.` : "";
  const way =
    entities.length === 0
      ? "alias() or aliased() gives a second name"
      : `write aliased(${entities.at(-1)}) for the second`;
  return new InvalidRequestError(
    `${from.describe()} stands twice in one FROM under one name, and no database could tell whose columns are meant.${who} ` +
      `Each after the first needs a name of its own: ${way}. (A link that begins at what another one brings comes after that.)`,
  );
}

/** What is selected, and what is joined. */
function entitiesOf(select: Select): readonly EntityElement[] {
  return [...select.rawColumns, ...select.joins.map(({ target }) => target)].flatMap((node) =>
    node instanceof EntityElement ? node : node instanceof RelationElement ? node.target : [],
  );
}

function listed(names: readonly string[]): string {
  return `${names.slice(0, -1).join(", ")} and ${names.at(-1)}`;
}
