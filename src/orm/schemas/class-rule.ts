/** The rule of a whole class: which of its attributes an input may have, and must. */
import type { Column } from "../../sql/schema/column.js";
import type { Table } from "../../sql/schema/table.js";
import type { JsonSchemaTarget } from "../../sql/types/standard-schema.js";
import { ColumnAttribute } from "../attributes/column-attribute.js";
import { RelationAttribute } from "../attributes/relation-attribute.js";
import { CompositeDescriptor } from "../mapping/composite.js";
import { isImplied } from "../mapping/implied-columns.js";
import { type Mapper, mapperOf, type Relationship } from "../mapping/mapper.js";
import { stateOf } from "../stamp.js";
import type { InstanceState } from "../state.js";
import { type Findings, REFUSED } from "./issues.js";
import { type JsonSchema, type Path, ruleOf, schemaRule, type ValueRule } from "./value-rules.js";
import { wholeSchemaOf } from "./whole-schema.js";

/** What an input is for: a new object, changes of one that is there, or what is shown of one. */
export type SchemaMode = "create" | "update" | "read";

/** What a rule takes in beside the columns. */
export interface RuleSettings {
  /** Relationships, with what lies behind them. */
  readonly relations: RelationTree;
  /** Hidden columns, and keys that the database makes. */
  readonly include: ReadonlySet<string>;
  /** Null for all. */
  readonly only: ReadonlySet<string> | null;
  /** Whether names that are not known are left out in silence. */
  readonly ignoresUnknown: boolean;
}

export type RelationTree = ReadonlyMap<string, RelationTree>;

interface Field {
  readonly rule: ValueRule;
  readonly required: boolean;
  readonly nullable: boolean;
  readonly description: string | null;
}

export class ClassRule implements ValueRule {
  readonly expected = "object";
  readonly #fields: Map<string, Field> = new Map();

  constructor(
    readonly mapper: Mapper,
    readonly mode: SchemaMode,
    private readonly settings: RuleSettings,
  ) {
    this.#addColumns();
    this.#addDescriptors();
    for (const [name, below] of settings.relations)
      this.#add(name, relationField(mapper.relationship(name) as Relationship, mode, settings, below));
  }

  #add(name: string, field: Field): void {
    const { only } = this.settings;
    if (only === null || only.has(name)) this.#fields.set(name, field);
  }

  #addColumns(): void {
    const { mapper, mode, settings } = this;
    // Foreign keys that a relationship of the input gives need not be there.
    const given = new Set(
      [...settings.relations.keys()].flatMap((name) =>
        (mapper.relationship(name) as Relationship).direction === "manyToOne"
          ? (mapper.relationship(name) as Relationship).join.pairs.map(({ local }) => mapper.attributeOf(local))
          : [],
      ),
    );
    const parts = partsOfComposites(mapper);
    for (const attribute of mapper.columnAttributes) {
      if (
        attribute.slot < 0 ||
        isImplied(attribute.column) ||
        parts.has(attribute.key) ||
        whyNot(mapper, attribute, mode, settings) !== null
      )
        continue;
      const field = columnField(mapper, attribute, mode);
      this.#add(attribute.key, given.has(attribute) ? { ...field, required: false } : field);
    }
  }

  #addDescriptors(): void {
    const { mapper, mode } = this;
    for (const [name, descriptor] of mapper.descriptors) {
      if (descriptor instanceof CompositeDescriptor) this.#add(name, compositeField(mapper, descriptor, mode));
      // What a setter of the user's own takes is up to it.
      else if (mode !== "read" && descriptor.kind === "hybrid" && descriptor.settable(mapper.cls.prototype as object))
        this.#add(name, { rule: ANY, required: false, nullable: true, description: null });
    }
  }

  check(value: unknown, path: Path, findings: Findings): unknown {
    if (typeof value !== "object" || value === null || Array.isArray(value))
      return findings.refuseType("object", value, path);
    const before = findings.issues.length;
    const entity = this.mode === "read" ? stateOf(value) : undefined;
    const input = entity === undefined ? (value as Record<string, unknown>) : this.#shown(entity, path, findings);
    if (!isPlain(input)) return findings.refuseType("object", value, path);
    if (!this.settings.ignoresUnknown)
      for (const name of Object.keys(input)) if (!this.#fields.has(name)) this.#refuseName(name, path, findings);
    const taken: Record<string, unknown> = {};
    for (const [name, field] of this.#fields) {
      const given = input[name];
      const at = [...path, name];
      if (given === undefined) {
        if (field.required) findings.refuseType(field.rule.expected, given, at);
      } else if (given === null) {
        if (field.nullable || entity !== undefined) taken[name] = null;
        else findings.refuseType(field.rule.expected, given, at);
      } else {
        const made = field.rule.check(given, at, findings);
        if (made instanceof Promise)
          findings.pending.push(
            made.then((known: unknown) => {
              taken[name] = known;
            }),
          );
        else taken[name] = made;
      }
    }
    if (findings.issues.length > before) return REFUSED;
    const whole = this.mode === "create" ? wholeSchemaOf(this.mapper) : null;
    return whole === null || findings.pending.length > 0 ? taken : whole.check(taken, input, path, findings);
  }

  /** What an entity has of the fields; what is not loaded is an issue, and is not loaded for it. */
  #shown(state: InstanceState, path: Path, findings: Findings): Record<string, unknown> {
    const input: Record<string, unknown> = {};
    const mapper = mapperOf(state);
    for (const [name, { required }] of this.#fields) {
      const attribute = mapper.attributes.get(name);
      const descriptor = mapper.descriptors.get(name);
      const parts = descriptor instanceof CompositeDescriptor ? descriptor.attributes : [name];
      if (parts.every((each) => mapper.attributes.get(each)?.isLoaded(state) === true)) {
        input[name] =
          attribute instanceof RelationAttribute
            ? attribute.uselist
              ? [...attribute.loadedMembers(state)]
              : (attribute.loadedMembers(state)[0] ?? null)
            : (state.object as Record<string, unknown>)[name];
      } else if (required) {
        findings.refuse("not_loaded", `Not loaded: ${mapper.className}.${name}`, [...path, name]);
        input[name] = null;
      }
    }
    return input;
  }

  #refuseName(name: string, path: Path, findings: Findings): void {
    const { mapper, mode, settings } = this;
    const attribute = mapper.attributes.get(name);
    let why = "";
    if (attribute instanceof ColumnAttribute)
      why = whyNot(mapper, attribute, mode, settings) ?? "it is not among those that are asked for";
    else if (attribute !== undefined) why = `it is a relationship: say relations: ["${name}"]`;
    findings.refuse("unrecognized_key", `Unrecognized key: "${name}"${why === "" ? "" : ` (${why})`}`, path);
  }

  json(target: JsonSchemaTarget, given: boolean): JsonSchema {
    const properties: Record<string, JsonSchema> = {};
    const required: string[] = [];
    for (const [name, { rule, nullable, required: must, description }] of this.#fields) {
      const own = rule.json(target, given);
      const json = nullable ? orNull(own, target) : own;
      properties[name] = description === null ? json : { ...json, description };
      if (must) required.push(name);
    }
    return {
      type: "object",
      properties,
      ...(required.length === 0 ? {} : { required }),
      additionalProperties: this.settings.ignoresUnknown && given,
    };
  }
}

const ANY: ValueRule = { expected: "value", check: (value) => value, json: () => ({}) };

/** What comes from outside as JSON, and nothing that does things when it is read. */
function isPlain(value: object): boolean {
  const prototype: unknown = Object.getPrototypeOf(value);
  return prototype === Object.prototype || prototype === null;
}

/** Why a column is no part of an input; null where it is. */
function whyNot(
  mapper: Mapper,
  attribute: ColumnAttribute,
  mode: SchemaMode,
  { include }: RuleSettings,
): string | null {
  const { key, column } = attribute;
  if (attribute.hidden) return include.has(key) ? null : `it is hidden: say include: ["${key}"]`;
  if (mode === "read") return attribute.repr ? null : "it is mapped with repr: false";
  if (!attribute.writable || column.computed !== null) return "the database computes it";
  if (!attribute.init) return "it is mapped with init: false";
  if (mapper.version === attribute || mapper.polymorphicOn === attribute || column.system)
    return "it is kept by the mapping itself";
  if (!mapper.primaryKey.includes(attribute)) return null;
  if (mode === "update") return "a primary key is not assigned from input";
  const made = isMade(column);
  return made && !include.has(key) ? `it is made for a new object: say include: ["${key}"]` : null;
}

/** Whether a new row has a value for the column that nobody gave. */
function isMade(column: Column): boolean {
  return column.hasDefault || (column.table as Table | null)?.primaryKey.autoincrementColumn === column;
}

function columnField(mapper: Mapper, attribute: ColumnAttribute, mode: SchemaMode): Field {
  const { column } = attribute;
  const makes = isMade(column);
  const required =
    mode === "read"
      ? !attribute.deferred
      : mode === "create" && !column.nullable && !makes && !initialised(mapper).has(attribute.key);
  return {
    rule: columnRule(attribute),
    required,
    nullable: column.nullable || !attribute.writable,
    description: column.comment,
  };
}

/** The rule of one column: its own schema, and what its type says. */
export function columnRule(attribute: ColumnAttribute): ValueRule {
  let found = columnRules.get(attribute);
  if (found === undefined) {
    const own = ruleOf(attribute.type);
    found = attribute.schema === null ? own : schemaRule(attribute.schema, own);
    columnRules.set(attribute, found);
  }
  return found;
}

const columnRules = new WeakMap<ColumnAttribute, ValueRule>();

/** The attributes that a new object has from its constructor. */
function initialised(mapper: Mapper): ReadonlySet<string> {
  let found = constructed.get(mapper);
  if (found === undefined) {
    let object: object | null = null;
    try {
      object = new (mapper.cls as new () => object)();
    } catch {
      // A constructor that wants arguments sets nothing that could be known here.
    }
    const state = object === null ? undefined : stateOf(object);
    found = new Set(
      state === undefined
        ? []
        : mapper.columnAttributes.filter((each) => each.peek(state) !== undefined).map((each) => each.key),
    );
    constructed.set(mapper, found);
  }
  return found;
}

const constructed = new WeakMap<Mapper, ReadonlySet<string>>();

function partsOfComposites(mapper: Mapper): ReadonlySet<string> {
  const found = new Set<string>();
  for (const descriptor of mapper.descriptors.values())
    if (descriptor instanceof CompositeDescriptor) for (const key of descriptor.attributes) found.add(key);
  return found;
}

function compositeField(mapper: Mapper, { shape }: CompositeDescriptor, mode: SchemaMode): Field {
  return {
    rule: compositeRule(mapper, shape),
    required: mode !== "update" && !shape.nullable,
    nullable: shape.nullable,
    description: null,
  };
}

/** A value object, or a plain object with its parts. */
function compositeRule(mapper: Mapper, shape: CompositeDescriptor["shape"]): ValueRule {
  const parts = shape.parts.map((part) => ({
    name: part.name,
    // The columns of an object that may be null as a whole are nullable for that alone.
    nullable:
      part.nested === null &&
      !shape.nullable &&
      (mapper.attributes.get(part.attribute) as ColumnAttribute).column.nullable,
    rule:
      part.nested === null
        ? columnRule(mapper.attributes.get(part.attribute) as ColumnAttribute)
        : compositeRule(mapper, part.nested),
  }));
  return {
    expected: "object",
    check(value, path, findings) {
      if (typeof value !== "object" || value === null || Array.isArray(value))
        return findings.refuseType("object", value, path);
      if (value instanceof shape.cls) return value;
      const input = value as Record<string, unknown>;
      const taken = parts.map(({ name, rule, nullable }) => {
        const given = input[name];
        if (nullable && (given === null || given === undefined)) return null;
        if (given === null || given === undefined) return findings.refuseType(rule.expected, given, [...path, name]);
        return rule.check(given, [...path, name], findings);
      });
      for (const name of Object.keys(input))
        if (!parts.some((part) => part.name === name))
          findings.refuse("unrecognized_key", `Unrecognized key: "${name}"`, path);
      return taken.includes(REFUSED) ? REFUSED : new (shape.cls as new (...values: unknown[]) => object)(...taken);
    },
    json: (target, given) => ({
      type: "object",
      properties: Object.fromEntries(
        parts.map(({ name, rule, nullable }) => [
          name,
          nullable ? orNull(rule.json(target, given), target) : rule.json(target, given),
        ]),
      ),
      required: parts.filter(({ nullable }) => !nullable).map(({ name }) => name),
      additionalProperties: false,
    }),
  };
}

function relationField(
  relationship: Relationship,
  mode: SchemaMode,
  settings: RuleSettings,
  below: RelationTree,
): Field {
  // What is related may be told by its key, or be new.
  const include = new Set(mode === "read" ? [] : relationship.target.primaryKey.map((each) => each.key));
  const member = new ClassRule(relationship.target, mode === "update" ? "create" : mode, {
    relations: below,
    include,
    only: null,
    ignoresUnknown: settings.ignoresUnknown,
  });
  const { uselist } = relationship;
  return {
    rule: uselist ? membersRule(member) : member,
    required: mode === "read",
    nullable: !uselist,
    description: null,
  };
}

function membersRule(member: ClassRule): ValueRule {
  return {
    expected: "array",
    check(value, path, findings) {
      if (!Array.isArray(value)) return findings.refuseType("array", value, path);
      const taken = value.map((each, i): unknown => member.check(each, [...path, i], findings));
      return taken.includes(REFUSED) ? REFUSED : taken;
    },
    json: (target, given) => ({ type: "array", items: member.json(target, given) }),
  };
}

/** JSON Schema of a value that may be null. */
function orNull(json: JsonSchema, target: JsonSchemaTarget): JsonSchema {
  if (target === "openapi-3.0") return { ...json, nullable: true };
  if (Object.keys(json).length === 0) return json;
  return typeof json.type === "string" && json.enum === undefined
    ? { ...json, type: [json.type, "null"] }
    : { anyOf: [json, { type: "null" }] };
}
