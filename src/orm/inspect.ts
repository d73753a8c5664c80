/** `inspect()` for mapped classes and their objects, beside engines and connections. */
import { type Inspectable, inspect as inspectAny, registerInspection } from "../engine/inspection.js";
import type { Cls } from "../sql/entity.js";
import { ObjectInspection } from "./inspection.js";
import { mapperOfPrototype } from "./mapping/instrument.js";
import type { Mapper } from "./mapping/mapper.js";
import { mapperFor } from "./mapping/registry.js";
import { asyncFaceOf } from "./session/async-session.js";
import { syncFaceOf } from "./session/sync-session.js";

registerInspection((subject) => {
  if (typeof subject === "function") {
    const prototype = subject.prototype as object | undefined;
    return prototype && mapperOfPrototype(prototype) ? mapperFor(subject) : undefined;
  }
  if (typeof subject !== "object" || subject === null || mapperOfPrototype(subject, true) === undefined)
    return undefined;
  return new ObjectInspection(subject, (core) => asyncFaceOf(core) ?? syncFaceOf(core));
});

/**
 * What is known of an engine or connection (its schema), of a mapped class (its mapper), or of a mapped object (its state, identity, session and
 * history). Nothing is loaded.
 *
 * @throws NoInspectionAvailable for anything else
 * @example inspect(user).state   // "persistent"
 */
export interface Inspect {
  <I>(subject: Inspectable<I>): I;
  <E>(cls: Cls<E>): Mapper;
  (object: object): ObjectInspection;
}

export const inspect: Inspect = inspectAny as Inspect;
