/** What `inspect()` gives for an object, by a protocol method on it. */
import { NoInspectionAvailable } from "./errors.js";

/** `class[INSPECT]` or `object[INSPECT]`: what `inspect()` gives for it. */
export const INSPECT: unique symbol = Symbol.for("athanor.inspect");

/** Something that `inspect()` knows by itself. `I` is what it gives. */
export interface Inspectable<out I> {
  [INSPECT](): I;
}

type Inspection = (subject: unknown) => unknown;

const inspections: Inspection[] = [];

/**
 * Teaches `inspect()` objects that have no `[INSPECT]`: mapped classes and their instances.
 * @param inspection gives undefined for what it does not know.
 */
export function registerInspection(inspection: Inspection): void {
  inspections.push(inspection);
}

/**
 * The object that tells about another one: an Inspector for an engine or a connection, and what other rooms have
 * registered for mapped classes, instances and attributes.
 *
 * @throws NoInspectionAvailable for what nobody knows
 */
export function inspect<I>(subject: Inspectable<I>): I;
export function inspect(subject: unknown): unknown;
export function inspect(subject: unknown): unknown {
  if ((typeof subject === "object" && subject !== null) || typeof subject === "function") {
    const own = (subject as Partial<Inspectable<unknown>>)[INSPECT];
    if (typeof own === "function") return own.call(subject as Inspectable<unknown>);
  }
  for (const inspection of inspections) {
    const found = inspection(subject);
    if (found !== undefined) return found;
  }
  const what =
    typeof subject === "function"
      ? `the class ${subject.name}, which is not mapped`
      : typeof subject === "object" && subject !== null
        ? (subject.constructor?.name ?? "object")
        : String(subject);
  throw new NoInspectionAvailable(
    `No inspection system is available for ${what}: inspect() takes an engine, a connection, a mapped class or an instance of one`,
  );
}
