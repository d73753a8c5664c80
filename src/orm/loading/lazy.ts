/** Loads a relationship of objects that are there already: when it is read, for one object or for siblings at once. */

import type { Op } from "../../engine/io.js";
import type { Dialect } from "../../sql/dialect.js";
import { InvalidRequestError } from "../../sql/errors.js";
import type { LoadSession } from "../load-session.js";
import type { Relationship } from "../mapping/mapper.js";
import { PerDialect } from "../per-dialect.js";
import { placeArguments } from "../place.js";
import { type InstanceState, type LoadedWith, tokenOf } from "../state.js";
import { LoadRun, type Said } from "./load-run.js";
import { LoadedOptions } from "./loaded-options.js";
import { OptionDefaults, type OptionNode } from "./option-node.js";
import { Planner } from "./planner.js";
import { readOf } from "./read-of.js";
import { RelationLoader } from "./relation-loader.js";

const plain = new PerDialect((relationship: Relationship, dialect) => {
  const planner = new Planner(dialect, [], defaults, undefined);
  return new RelationLoader(relationship, null, defaults.nowhere, [relationship.parent], planner, null);
});
const withOptions = new PerDialect((_: OptionNode) => new Map<Relationship, RelationLoader>());
const defaults = new OptionDefaults();

/**
 * Loads a relationship for objects with a row and gives it to all of them.
 *
 * A relation to one whose target is in the identity map takes no statement; the others are loaded together, by the keys that the database has.
 *
 * @param options what the statement that loaded the objects said: criteria, and what is loaded with the targets; null for nothing
 * @throws InvalidRequestError for a write-only relationship
 */
export function* loadRelationship(
  session: LoadSession,
  states: readonly InstanceState[],
  relationship: Relationship,
  options: LoadedWith | null,
): Op<void> {
  if (states.length === 0) return;
  if (!relationship.attribute.loads) {
    throw new InvalidRequestError(
      `${relationship.label} is write-only: what ${states[0].describe()} has in the database cannot be loaded for this operation. ` +
        `For a delete, say passiveDeletes: true and leave the members to ON DELETE of the database, or delete them first with its delete() statement.`,
    );
  }
  const place = tokenOf(states[0]);
  if (states.every((state) => tokenOf(state) === place)) {
    yield* loadHere(session, states, relationship, options);
    return;
  }
  // Each place has rows of its own.
  for (const token of new Set(states.map(tokenOf))) {
    const here = states.filter((state) => tokenOf(state) === token);
    yield* loadHere(session, here, relationship, options);
  }
}

function* loadHere(
  session: LoadSession,
  states: readonly InstanceState[],
  relationship: Relationship,
  options: LoadedWith | null,
): Op<void> {
  const connection = yield* session.connectionFor(
    relationship.target,
    readOf(relationship.target),
    placeArguments(states[0]),
  );
  const given = options instanceof LoadedOptions ? options : null;
  const loader =
    given === null ? plain.get(relationship, connection.dialect) : loaderWith(given, relationship, connection.dialect);
  const binds = given?.given ?? [];
  const said: Said = { identityToken: tokenOf(states[0]), carried: given?.carried };
  yield* loader.loadFor(new LoadRun(session, connection, binds, undefined, false, null, said), states);
}

function loaderWith({ node, planned }: LoadedOptions, relationship: Relationship, dialect: Dialect): RelationLoader {
  const loaders = withOptions.get(node, dialect);
  let loader = loaders.get(relationship);
  if (loader === undefined) {
    const planner = new Planner(dialect, planned, node.defaults.forLoaders, undefined);
    const option = node.relations.get(relationship.key) ?? null;
    loader = new RelationLoader(
      relationship,
      option,
      node.below(relationship.key),
      [relationship.parent],
      planner,
      null,
    );
    loaders.set(relationship, loader);
  }
  return loader;
}
