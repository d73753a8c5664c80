/** Other names for schemas: one mapping, or one statement, for the schemas of many tenants. */
import type { SchemaTranslateMap } from "./compiled.js";
import type { Dialect, IdentifierPreparer } from "./dialect.js";

/** Where the database has what a table calls its schema. */
export function translatedSchema(map: SchemaTranslateMap | undefined, schema: string | null): string | null {
  const to = map?.[schema ?? ""];
  return to === undefined ? schema : to === "" ? null : to;
}

/** What a table would call a schema of the database; the first of several names, `preferred` before all others. */
export function schemaBefore(
  map: SchemaTranslateMap | undefined,
  schema: string | null,
  preferred: string | null,
): string | null {
  if (map === undefined || translatedSchema(map, preferred) === schema) return map === undefined ? schema : preferred;
  for (const name of Object.keys(map)) if (translatedSchema(map, name) === schema) return name === "" ? null : name;
  return schema;
}

class TranslatingIdentifiers implements IdentifierPreparer {
  readonly maxLength: number;

  constructor(
    private readonly of: IdentifierPreparer,
    private readonly map: SchemaTranslateMap,
  ) {
    this.maxLength = of.maxLength;
  }

  quote(name: string): string {
    return this.of.quote(name);
  }
  quoteIfNeeded(name: string): string {
    return this.of.quoteIfNeeded(name);
  }
  format({ name, schema }: { readonly name: string; readonly schema: string | null }): string {
    return this.of.format({ name, schema: translatedSchema(this.map, schema) });
  }
}

/** A program of very many tenants must not fill the memory: those used last are kept, with all that hangs on them. */
const KEPT = 200;

interface Translated {
  readonly [ORIGINAL]?: Dialect;
}
const ORIGINAL = Symbol("the dialect that was translated");
const translations = new WeakMap<Dialect, Map<string, Dialect>>();

/**
 * The dialect with other names for schemas; the same object for the same map, so that what is compiled once for a dialect
 * (plans of loads and flushes) is compiled once for each tenant.
 *
 * It inherits all from the dialect: what a dialect does to compile must not rest on `#private` members, which are not inherited.
 *
 * @param map undefined and an empty one give the dialect as it is
 */
export function translating<D extends Dialect>(dialect: D, map: SchemaTranslateMap | undefined): D {
  const original = ((dialect as Translated)[ORIGINAL] ?? dialect) as D;
  const key = map === undefined ? "{}" : JSON.stringify(map);
  if (map === undefined || key === "{}") return original;
  let known = translations.get(original);
  if (known === undefined) {
    known = new Map();
    translations.set(original, known);
  }
  const found = known.get(key) ?? translate(original, map);
  known.delete(key);
  known.set(key, found);
  if (known.size > KEPT) known.delete(known.keys().next().value as string);
  return found as D;
}

function translate(original: Dialect, map: SchemaTranslateMap): Dialect {
  const dialect = Object.create(original, {
    [ORIGINAL]: { value: original },
    identifiers: { value: new TranslatingIdentifiers(original.identifiers, { ...map }) },
  }) as Dialect;
  return Object.defineProperty(dialect, "typeCompiler", {
    value: Object.create(original.typeCompiler, { dialect: { value: dialect } }),
  });
}
