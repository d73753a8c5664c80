/** Gets of a sharded session. */
import type { Op } from "../../engine/io.js";
import type { LoadSession } from "../load-session.js";
import { type GetOptions, loadByKey } from "../loading/identity.js";
import { type Mapper, mapperOf } from "../mapping/mapper.js";
import type { IdentityToken, InstanceState } from "../state.js";
import type { Shards } from "./sharding.js";

/** What such a get asks of its session. */
export interface ShardedSession extends LoadSession {
  autoflush(): Op<void>;
  /** Loads an expired object; false when its row is gone. */
  ensurePresent(state: InstanceState): Op<boolean>;
}

/** Asks the shards where the object of a key may be: memory of all first. */
export function* getSharded(
  session: ShardedSession,
  shards: Shards,
  mapper: Mapper,
  values: readonly unknown[],
  options: GetOptions,
): Op<object | null> {
  const named = options.identityToken ?? (options.bindArguments?.shardId as IdentityToken | undefined);
  const tokens = named === undefined ? shards.choosers.identityChooser(mapper.cls, values) : [named];
  const key = mapper.identityKey(values);
  if (key !== null && !options.populateExisting && !options.withForUpdate) {
    for (const token of tokens) {
      const found = session.lookup(mapper.base, key, token);
      if (found === undefined || !mapperOf(found).isA(mapper)) continue;
      return found.expired && !(yield* session.ensurePresent(found)) ? null : found.object;
    }
  }
  yield* session.autoflush();
  for (const shardId of tokens) {
    const bindArguments = { ...options.bindArguments, shardId };
    const object = yield* loadByKey(session, mapper, values, { ...options, bindArguments });
    if (object !== null) return object;
  }
  return null;
}
