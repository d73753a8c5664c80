/** Columns of a class that are taken from a schema of zod, valibot or arktype, so that a model is not written twice. */
import { ArgumentError } from "../../sql/errors.js";
import { wideIntegerType } from "../../sql/types/index.js";
import type { JsonSchemaConverter, StandardSchema } from "../../sql/types/standard-schema.js";
import { t } from "../../sql/types/t.js";
import { isType, plainType, type SQLType } from "../../sql/types/type.js";
import { type ColumnDeclarationOptions, declareProperty } from "../mapping/declarations.js";
import { rememberSource } from "./whole-schema.js";

/** What a schema gives, where its types say so. */
export type OutputOf<S> = S extends { readonly "~standard": { readonly types?: infer T } }
  ? NonNullable<T> extends { readonly output: infer O }
    ? O
    : never
  : never;

/** What is said of columns beside the schema: their types, or options. */
export type ColumnSettings<O> = {
  readonly [K in keyof O]?: SQLType | (ColumnDeclarationOptions & { readonly type?: SQLType });
};

type Json = { readonly [key: string]: unknown };

/**
 * A base class whose columns are the members of an object schema. Input for them must fit the schema: in `schemaOf()` and `assign()`, and as a whole where
 * a new object is made.
 *
 * The types of columns come from the schema's JSON Schema: a text with a greatest length is `t.string(n)`, an integer `t.integer` or `t.bigint` by its
 * range, objects and arrays are JSON. What may be null or left out is nullable.
 *
 * @param schema an object schema
 * @param settings for members of which JSON Schema does not say enough (a `Date`), and for options: a type, or `{ type?, unique, index, hidden, ... }`
 * @throws ArgumentError for a member whose type cannot be told, with what to write
 * @example
 * const SignUp = z.object({ email: z.email(), name: z.string().max(50) });
 * @Entity("users") class User extends columnsFrom(SignUp, { email: { unique: true } }) { @PrimaryKey() id!: number; }
 */
export function columnsFrom<S extends StandardSchema>(
  schema: S,
  settings: ColumnSettings<OutputOf<S>> = {},
): abstract new () => OutputOf<S> {
  abstract class FromSchema {}
  const entries = entriesOf(schema);
  const given = settings as Readonly<
    Record<string, SQLType | (ColumnDeclarationOptions & { readonly type?: SQLType })>
  >;
  for (const name of Object.keys(given))
    if (!entries.has(name))
      throw new ArgumentError(
        `columnsFrom(): the schema has no member "${name}". It has ${[...entries.keys()].join(", ")}.`,
      );
  for (const [name, entry] of entries) {
    const said = given[name];
    const { type, ...options } = said === undefined ? {} : isType(said) ? { type: said } : said;
    const json = entry.json;
    const found = json instanceof Error || json === null ? null : columnOf(json);
    const made = type ?? found?.type ?? null;
    if (made === null) {
      const why = json instanceof Error ? ` (${json.message})` : "";
      throw new ArgumentError(
        `columnsFrom(): the type of "${name}" cannot be told from the schema${why}. Say it: columnsFrom(schema, { ${name}: t.timestamp }).`,
      );
    }
    declareProperty(FromSchema.prototype, {
      kind: "column",
      property: name,
      type: plainType(made),
      options: {
        nullable: found?.nullable === true || entry.optional,
        ...(entry.schema === null ? {} : { schema: entry.schema }),
        ...options,
      },
    });
  }
  rememberSource(FromSchema.prototype, { schema, keys: [...entries.keys()] });
  return FromSchema as never;
}

/** A member of an object schema. */
interface Entry {
  /** Its own schema, where the library gives it away. */
  readonly schema: StandardSchema | null;
  /** Its JSON Schema, or why there is none. */
  readonly json: Json | Error | null;
  readonly optional: boolean;
}

/** The members of an object schema: as zod (`shape`) and valibot (`entries`) have them, else from its JSON Schema. */
function entriesOf(schema: StandardSchema): Map<string, Entry> {
  const library = schema as { readonly shape?: unknown; readonly entries?: unknown };
  const own = [library.shape, library.entries].find((each) => typeof each === "object" && each !== null);
  const whole = jsonOf(schema);
  const properties = whole instanceof Error ? {} : ((whole?.properties ?? {}) as Readonly<Record<string, Json>>);
  const required = whole instanceof Error ? null : (whole?.required as readonly string[] | undefined);
  const found = new Map<string, Entry>();
  if (own !== undefined) {
    for (const [name, member] of Object.entries(own as Readonly<Record<string, StandardSchema>>)) {
      const json = properties[name] ?? jsonOf(member);
      found.set(name, { schema: member, json, optional: takesNothing(member) });
    }
  } else {
    for (const [name, json] of Object.entries(properties))
      found.set(name, { schema: null, json, optional: required?.includes(name) !== true });
  }
  if (found.size === 0) {
    const why =
      whole instanceof Error
        ? ` (${whole.message})`
        : whole === null
          ? ": it gives no JSON Schema (for valibot, see toStandardJsonSchema() of @valibot/to-json-schema)"
          : "";
    throw new ArgumentError(`columnsFrom() takes the schema of an object, and found no members in this one${why}.`);
  }
  return found;
}

/** Whether a member may be left out. */
function takesNothing(schema: StandardSchema): boolean {
  const answer = schema["~standard"].validate(undefined);
  return !(answer instanceof Promise) && answer.issues === undefined && answer.value === undefined;
}

function jsonOf(schema: StandardSchema): Json | Error | null {
  const converter: JsonSchemaConverter | undefined = schema["~standard"].jsonSchema;
  if (converter === undefined) return null;
  try {
    return converter.output({ target: "draft-2020-12" });
  } catch (error) {
    return error as Error;
  }
}

/** The column that holds what a JSON Schema describes; null where it does not say. */
function columnOf(json: Json): { readonly type: SQLType; readonly nullable: boolean } | null {
  const choices = (json.anyOf ?? json.oneOf) as readonly Json[] | undefined;
  if (choices !== undefined) {
    const others = choices.filter((each) => each.type !== "null");
    const found = others.length === 1 ? columnOf(others[0]) : { type: t.json as SQLType, nullable: false };
    return found === null ? null : { ...found, nullable: found.nullable || others.length < choices.length };
  }
  const types = Array.isArray(json.type) ? (json.type as readonly string[]) : [json.type as string];
  const nullable = types.includes("null");
  const type = typeOf(
    types.find((each) => each !== "null"),
    json,
  );
  return type === null ? null : { type, nullable };
}

const FORMATS: Readonly<Record<string, SQLType>> = { uuid: t.uuid, date: t.date, time: t.time, duration: t.interval };

function typeOf(name: string | undefined, json: Json): SQLType | null {
  const listed = (json.enum ?? (json.const === undefined ? undefined : [json.const])) as readonly unknown[] | undefined;
  if (listed?.every((each) => typeof each === "string")) return t.enum(listed as readonly string[]);
  switch (name) {
    case "string": {
      const known = FORMATS[json.format as string];
      if (known !== undefined) return plainType(known);
      return typeof json.maxLength === "number" ? t.string(json.maxLength) : plainType(t.text);
    }
    case "integer":
      return isSmall(json.minimum) && isSmall(json.maximum) ? t.integer : wideIntegerType;
    case "number":
      return t.double;
    case "boolean":
      return t.boolean;
    case "object":
    case "array":
      return plainType(t.json);
    default:
      return null;
  }
}

/** A bound of 32 bits; one that says nothing but that a number is exact is none. */
function isSmall(bound: unknown): boolean {
  return typeof bound !== "number" || Math.abs(bound) >= Number.MAX_SAFE_INTEGER || Math.abs(bound) <= 2 ** 31;
}
