/** Schemas of classes, for input and output: a Standard Schema of what a class maps, with JSON Schema. */
import type { Cls } from "../../sql/entity.js";
import { ArgumentError } from "../../sql/errors.js";
import type { RelationPath } from "../../sql/loaded.js";
import type { JsonSchemaTarget, StandardSchemaV1 } from "../../sql/types/standard-schema.js";
import type { Mapper } from "../mapping/mapper.js";
import { mapperFor } from "../mapping/registry.js";
import { ClassRule, type RelationTree, type SchemaMode } from "./class-rule.js";
import { Findings, type InputIssue, ValidationError } from "./issues.js";
import type { SchemaInput, SchemaOutput } from "./schema-types.js";

/** Options of `schemaOf`. */
export interface SchemaOptions<E, P extends string = string, H extends keyof E = keyof E, K extends keyof E = keyof E> {
  /** Relationships that are part of it, by their paths: `["posts", "posts.tags"]`. Default: none. */
  readonly relations?: readonly P[];
  /** Hidden columns that are part of it, and primary keys that a new object may be given. */
  readonly include?: readonly H[];
  /** Only these attributes. */
  readonly only?: readonly K[];
  /** What becomes of names that it does not know: an issue (the default), or nothing. */
  readonly unknown?: "error" | "ignore";
}

/** What a schema answers to an input. */
export type SchemaResult<T> =
  | { readonly value: T; readonly issues?: undefined }
  | { readonly issues: readonly InputIssue[] };

/** A Standard Schema of a class. */
export interface ClassSchema<Input, Output> extends StandardSchemaV1<Input, Output> {
  /**
   * The output for an input.
   * @throws ValidationError with all issues
   * @throws ArgumentError where a schema of the user's own among its columns takes its time: use `parseAsync`
   */
  parse(input: unknown): Output;
  parseAsync(input: unknown): Promise<Output>;
  /** The same without an error. */
  safeParse(input: unknown): SchemaResult<Output>;
  /** Its JSON Schema. @param options `target`: `"draft-2020-12"` (the default), `"draft-07"` or `"openapi-3.0"`; `io`: of what it takes (the default), or gives */
  toJSONSchema(options?: {
    readonly target?: JsonSchemaTarget;
    readonly io?: "input" | "output";
  }): Record<string, unknown>;
}

/**
 * A Standard Schema of what a class maps, for a validator, a web framework, a form: with `create` what a new object needs (what `create()` takes), with
 * `update` changes of one that is there, with `read` what is shown of one. It knows types, lengths, ranges and enums of the columns, whether they may be
 * null, and what has a default; a column's own `schema` is asked too. From JSON it takes dates as ISO text, bigints as digits and bytes as base64.
 *
 * `read` takes entities as well: what is loaded of them becomes a plain object.
 *
 * @param mode what it is for
 * @throws InvalidRequestError, ArgumentError for names that the class has not
 * @example
 * const input = schemaOf(User, "create", { relations: ["posts"] });
 * app.post("/users", { schema: { body: input.toJSONSchema() } }, async (request) => db.add(create(User, input.parse(request.body))));
 */
export function schemaOf<
  E extends object,
  const M extends SchemaMode,
  const P extends RelationPath<E> = never,
  const H extends keyof E & string = never,
>(
  cls: Cls<E>,
  mode: M,
  options?: SchemaOptions<E, P, H> & { readonly only?: undefined },
): ClassSchema<SchemaInput<E, M, P, H>, SchemaOutput<E, M, P, H>>;
export function schemaOf<
  E extends object,
  const M extends SchemaMode,
  const K extends keyof E & string,
  const P extends RelationPath<E> = never,
  const H extends keyof E & string = never,
>(
  cls: Cls<E>,
  mode: M,
  options: SchemaOptions<E, P, H, K> & { readonly only: readonly K[] },
): ClassSchema<
  Pick<SchemaInput<E, M, P, H>, K & keyof SchemaInput<E, M, P, H>>,
  Pick<SchemaOutput<E, M, P, H>, K & keyof SchemaOutput<E, M, P, H>>
>;
export function schemaOf(cls: unknown, mode: SchemaMode, options: AnyOptions = {}): unknown {
  const mapper = mapperFor(cls);
  if (mode !== "create" && mode !== "update" && mode !== "read")
    throw new ArgumentError(
      `schemaOf(${mapper.className}, ...) takes "create", "update" or "read", not ${JSON.stringify(mode)}.`,
    );
  mapper.registry.configure();
  const { relations = [], include = [], only, unknown } = options;
  for (const name of [...include, ...(only ?? [])]) if (!mapper.maps(name)) throw mapper.noAttribute(name);
  const rule = new ClassRule(mapper, mode, {
    relations: relationTree(mapper, relations),
    include: new Set(include),
    only: only === undefined ? null : new Set(only),
    ignoresUnknown: unknown === "ignore",
  });
  return new MappedSchema(rule, `schemaOf(${mapper.className}, "${mode}")`);
}

function relationTree(mapper: Mapper, paths: readonly string[]): RelationTree {
  const tree = new Map<string, RelationTree>();
  for (const path of paths) {
    let node = tree;
    let at = mapper;
    for (const name of path.split(".")) {
      const relationship = at.relationship(name);
      if (relationship === undefined) {
        throw new ArgumentError(
          `schemaOf(${mapper.className}, ...): relations names "${path}", and ${at.className}.${name} is no relationship. ${at.className} has ${at.relationships.map((each) => each.key).join(", ") || "none"}.`,
        );
      }
      let next = node.get(name) as Map<string, RelationTree> | undefined;
      if (next === undefined) {
        next = new Map();
        node.set(name, next);
      }
      node = next;
      at = relationship.target;
    }
  }
  return tree;
}

/** The options as they are at run time. */
interface AnyOptions {
  readonly relations?: readonly string[];
  readonly include?: readonly string[];
  readonly only?: readonly string[];
  readonly unknown?: "error" | "ignore";
}

const DRAFTS: Readonly<Record<string, string>> = {
  "draft-2020-12": "https://json-schema.org/draft/2020-12/schema",
  "draft-07": "http://json-schema.org/draft-07/schema#",
};

class MappedSchema implements ClassSchema<unknown, unknown> {
  readonly #rule: ClassRule;
  readonly #subject: string;
  readonly "~standard": StandardSchemaV1["~standard"];

  constructor(rule: ClassRule, subject: string) {
    this.#rule = rule;
    this.#subject = subject;
    this["~standard"] = {
      version: 1,
      vendor: "athanor",
      validate: (value) => this.#validate(value),
      jsonSchema: {
        input: ({ target }) => this.toJSONSchema({ target, io: "input" }),
        output: ({ target }) => this.toJSONSchema({ target, io: "output" }),
      },
    };
  }

  #validate(input: unknown): SchemaResult<unknown> | Promise<SchemaResult<unknown>> {
    const findings = new Findings();
    const value = this.#rule.check(input, [], findings);
    const result = (made: unknown): SchemaResult<unknown> =>
      findings.issues.length > 0 ? { issues: findings.issues } : { value: made };
    if (findings.pending.length === 0 && !(value instanceof Promise)) return result(value);
    return Promise.all(findings.pending).then(async () => result(await value));
  }

  parse(input: unknown): unknown {
    return this.#given(this.safeParse(input));
  }

  async parseAsync(input: unknown): Promise<unknown> {
    return this.#given(await this.#validate(input));
  }

  #given(result: SchemaResult<unknown>): unknown {
    if (result.issues === undefined) return result.value;
    throw new ValidationError(this.#subject, result.issues);
  }

  safeParse(input: unknown): SchemaResult<unknown> {
    const result = this.#validate(input);
    if (!(result instanceof Promise)) return result;
    throw new ArgumentError(
      `${this.#subject}: a schema of one of the columns is asynchronous, and parse() gives its answer at once. Use parseAsync().`,
    );
  }

  toJSONSchema({
    target = "draft-2020-12",
    io = "input",
  }: {
    readonly target?: JsonSchemaTarget;
    readonly io?: "input" | "output";
  } = {}): Record<string, unknown> {
    if (DRAFTS[target] === undefined && target !== "openapi-3.0")
      throw new ArgumentError(
        `${this.#subject}: there is no JSON Schema for ${JSON.stringify(target)}; there is for ${Object.keys(DRAFTS).join(", ")}, openapi-3.0.`,
      );
    const json = this.#rule.json(target, io === "input");
    const head = { title: this.#rule.mapper.className, ...json };
    return DRAFTS[target] === undefined ? head : { $schema: DRAFTS[target], ...head };
  }
}
