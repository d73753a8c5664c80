/** Standard Schema and Standard JSON Schema (https://standardschema.dev), version 1: what libraries of schemas have in common. */

/** A path within a value, as issues have it. */
export type IssuePath = readonly (PropertyKey | { readonly key: PropertyKey })[];

/** What is wrong with a value. */
export interface StandardIssue {
  readonly message: string;
  readonly path?: IssuePath | undefined;
}

/** What a Standard Schema answers. */
export type StandardResult<T> =
  | { readonly value: T; readonly issues?: undefined }
  | { readonly issues: readonly StandardIssue[] };

/** The versions of JSON Schema that a schema may be asked for. */
export type JsonSchemaTarget = "draft-2020-12" | "draft-07" | "openapi-3.0" | (string & {});

/** Makes JSON Schema of a schema. */
export interface JsonSchemaConverter {
  readonly input: (options: { readonly target: JsonSchemaTarget }) => Record<string, unknown>;
  readonly output: (options: { readonly target: JsonSchemaTarget }) => Record<string, unknown>;
}

/** The part of a Standard Schema (zod, valibot, arktype) that is asked for where one is taken. `T` is what it gives. */
export interface StandardSchema<T = unknown> {
  readonly "~standard": {
    readonly version: 1;
    validate(value: unknown): StandardResult<T> | Promise<StandardResult<T>>;
    readonly jsonSchema?: JsonSchemaConverter | undefined;
  };
}

/** A whole Standard Schema, with JSON Schema: what {@link schemaOf} makes. */
export interface StandardSchemaV1<Input = unknown, Output = Input> extends StandardSchema<Output> {
  readonly "~standard": {
    readonly version: 1;
    readonly vendor: string;
    readonly validate: (value: unknown) => StandardResult<Output> | Promise<StandardResult<Output>>;
    readonly types?: { readonly input: Input; readonly output: Output } | undefined;
    readonly jsonSchema: JsonSchemaConverter;
  };
}

/** The names of a path. */
export function pathKeys(path: IssuePath | undefined): PropertyKey[] {
  return (path ?? []).map((each) => (typeof each === "object" ? each.key : each));
}

/** `posts.0.title: Too big`. */
export function describeIssue({ path, message }: StandardIssue): string {
  const keys = pathKeys(path);
  return keys.length === 0 ? message : `${keys.map(String).join(".")}: ${message}`;
}
