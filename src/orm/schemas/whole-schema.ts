/** Classes whose columns were taken from a schema are checked by that schema as a whole, too: it may say more than each of its members. */
import type { StandardSchema } from "../../sql/types/standard-schema.js";
import type { Mapper } from "../mapping/mapper.js";
import type { Findings } from "./issues.js";
import { type Path, schemaRule, type ValueRule } from "./value-rules.js";

interface Source {
  readonly schema: StandardSchema;
  readonly keys: readonly string[];
}

const sources = new WeakMap<object, Source>();

/** Remembers what the columns of a prototype were taken from. */
export function rememberSource(prototype: object, source: Source): void {
  sources.set(prototype, source);
}

/** What checks new objects of a class as a whole. */
export interface WholeRule {
  /** @param taken what the members gave; what the schema makes of them takes their place */
  check(
    taken: Record<string, unknown>,
    input: Readonly<Record<string, unknown>>,
    path: Path,
    findings: Findings,
  ): unknown;
}

export function wholeSchemaOf(mapper: Mapper): WholeRule | null {
  for (let at: object | null = mapper.cls.prototype; at !== null; at = Object.getPrototypeOf(at) as object | null) {
    const source = sources.get(at);
    if (source !== undefined) return wholeRule(source);
  }
  return null;
}

const ANY: ValueRule = { expected: "object", check: (value) => value, json: () => ({}) };

function wholeRule({ schema, keys }: Source): WholeRule {
  const rule = schemaRule(schema, ANY);
  return {
    check(taken, input, path, findings) {
      const own = Object.fromEntries(keys.filter((key) => input[key] !== undefined).map((key) => [key, input[key]]));
      const join = (made: unknown): unknown =>
        typeof made === "object" && made !== null ? { ...taken, ...made } : made;
      const made = rule.check(own, path, findings);
      return made instanceof Promise ? made.then(join) : join(made);
    },
  };
}
