/** Gets that were asked for together. */
import type { Op } from "../../engine/io.js";
import { loadByKeys } from "../loading/identity.js";
import { type Mapper, mapperOf } from "../mapping/mapper.js";
import type { IdentityKey } from "../state.js";
import type { SessionCore } from "./session-core.js";

/**
 * Answers several gets of one class together: what is present without a statement, the rest with one.
 * @returns for each key its object, null, or the error of that key
 */
export function* getMany(
  session: SessionCore,
  mapper: Mapper,
  idents: readonly unknown[],
): Op<(object | null | Error)[]> {
  if (session.shards !== null) {
    const found: (object | null)[] = [];
    for (const ident of idents) found.push(yield* session.get(mapper, ident));
    return found;
  }
  const answers: (object | null | Error | undefined)[] = [];
  const missing: (readonly unknown[])[] = [];
  const keyOf: IdentityKey[] = [];
  for (const [i, ident] of idents.entries()) {
    try {
      const values = mapper.keyValues(ident);
      const key = mapper.identityKey(values);
      keyOf[i] = key as IdentityKey;
      if (key === null) answers[i] = null;
      else if (session.lookup(mapper.base, key) !== undefined) answers[i] = yield* session.get(mapper, ident);
      else missing.push(values);
    } catch (error) {
      answers[i] = error as Error;
    }
  }
  if (missing.length > 0) {
    yield* session.autoflush();
    yield* loadByKeys(session, mapper, missing);
  }
  return idents.map((_, i) => {
    if (answers[i] !== undefined) return answers[i] as object | null | Error;
    const found = session.lookup(mapper.base, keyOf[i]);
    return found !== undefined && mapperOf(found).isA(mapper) ? found.object : null;
  });
}
