/** Entities as plain data: what is loaded is shown, nothing is loaded for it. */
import { mapperOf } from "./mapping/mapper.js";
import { stateOf } from "./stamp.js";
import type { InstanceState } from "./state.js";

/** Options of `toObject`. */
export interface ToObjectOptions {
  /** How many relationships deep related objects are followed; default: as far as they are loaded. An object on its own path is left out. */
  readonly depth?: number;
}

/**
 * A plain object with the loaded attributes of an entity, related objects included. Nothing is loaded.
 *
 * @throws TypeError for an object that is no entity
 */
export function toObject(entity: object, options: ToObjectOptions = {}): Record<string, unknown> {
  const state = stateOf(entity);
  if (state === undefined) throw new TypeError("toObject() takes an object of a mapped class.");
  return convert(state, options.depth ?? Number.POSITIVE_INFINITY, new Set());
}

function convert(state: InstanceState, depth: number, path: Set<InstanceState>): Record<string, unknown> {
  const result: Record<string, unknown> = {};
  path.add(state);
  for (const attribute of mapperOf(state).columnAttributes) {
    if (!attribute.repr) continue;
    const value = attribute.peek(state);
    if (value !== undefined) result[attribute.key] = value;
  }
  if (depth > 0) {
    for (const { attribute } of mapperOf(state).relationships) {
      if (!attribute.isLoaded(state)) continue;
      const members = attribute.loadedMembers(state).flatMap((member) => {
        const reached = stateOf(member) as InstanceState;
        return path.has(reached) ? [] : [convert(reached, depth - 1, path)];
      });
      if (attribute.uselist) result[attribute.key] = members;
      else if (members.length > 0 || attribute.loadedMembers(state).length === 0)
        result[attribute.key] = members[0] ?? null;
    }
  }
  path.delete(state);
  return result;
}

/**
 * `User { id: 1, name: 'Alice' }`: for `console.log` of an entity; related objects are shown one step deep.
 *
 * @param inspect Node's own `util.inspect`, which gives itself to custom inspection
 */
export function describeEntity(
  entity: object,
  options: object,
  inspect: (value: unknown, options: object) => string,
): string {
  const state = stateOf(entity);
  const name = (entity.constructor as { name?: string } | undefined)?.name ?? "entity";
  return state === undefined ? name : `${name} ${inspect(convert(state, 1, new Set()), options)}`;
}
