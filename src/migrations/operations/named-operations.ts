/** Operations on what has a name of its own beside tables: schemas, views, sequences, types, indexes. */
import {
  CreateSchema,
  CreateSequence,
  CreateView,
  DropSchema,
  DropSequence,
  DropView,
  type ExistsOptions,
} from "../../sql/ddl/elements.js";
import { TextClause } from "../../sql/elements/text.js";
import { Sequence, type SequenceOptions } from "../../sql/schema/generated.js";
import type { NamedSchemaType } from "../../sql/schema/named-types.js";
import type { Query } from "../../sql/selectable/query.js";
import { EnumType } from "../../sql/types/structured.js";
import type { SQLType } from "../../sql/types/type.js";
import {
  AddEnumValue,
  AlterSequence,
  type Commented,
  CommentOn,
  ConstraintFromIndex,
  DropType,
  fullName,
  type QualifiedName,
  RenameEnumValue,
  RenameIndex,
  ReplaceType,
  ValidateConstraint,
} from "./alter.js";
import { CreateTypeIfAbsent } from "./missing-types.js";
import { StatementOperation, type StatementTraits } from "./statement-operation.js";

/** The arguments of an `op` method: what is said, and the schema where there is one. */
export function given(on: QualifiedName, args: readonly unknown[], options: object = {}): readonly unknown[] {
  const said: Record<string, unknown> = { ...options, ...(on.schema == null ? {} : { schema: on.schema }) };
  const { name: _name, ...rest } = said;
  return Object.keys(rest).length === 0 ? args : [...args, rest];
}

function enumOf(on: QualifiedName, values: readonly string[]): NamedSchemaType {
  return new EnumType(values, { name: on.name, schema: on.schema ?? null, native: true }) as NamedSchemaType;
}

export function createEnum(on: QualifiedName & { readonly labels: readonly string[] }): StatementOperation {
  const { labels } = on;
  const element = new CreateTypeIfAbsent(enumOf(on, labels));
  return new StatementOperation("createEnum", `create enum ${fullName(on)}`, given(on, [on.name, labels]), element, {
    repeatable: true,
    undo: () => dropEnum({ ...on, labels }),
  });
}

export function dropEnum(
  on: QualifiedName & { readonly labels?: readonly string[] },
  options: ExistsOptions = {},
): StatementOperation {
  const { labels } = on;
  return new StatementOperation(
    "dropEnum",
    `drop enum ${fullName(on)}`,
    given(on, [on.name], options),
    new DropType(on, "TYPE", options),
    {
      repeatable: options.ifExists === true,
      undo: labels === undefined ? null : () => createEnum({ ...on, labels }),
    },
  );
}

/** Gives an enum other values: a new type takes the place of the old one. @param before the values before, for the reverse */
export function replaceEnum(
  on: QualifiedName,
  before: readonly string[] | null,
  labels: readonly string[],
): StatementOperation {
  return new StatementOperation(
    "replaceEnum",
    `replace the values of enum ${fullName(on)}`,
    given({ name: on.name, schema: on.schema ?? null }, [on.name, labels]),
    new ReplaceType(on, enumOf(on, labels)),
    { undo: before === null ? null : () => replaceEnum(on, labels, before) },
  );
}

/** @param traits with an `undo` that takes the value out again; `outside` where it is used by what follows */
export function addEnumValue(
  on: QualifiedName,
  value: string,
  options: ExistsOptions & { readonly before?: string; readonly after?: string } = {},
  traits: StatementTraits = {},
): StatementOperation {
  return new StatementOperation(
    "addEnumValue",
    `add value ${value} to enum ${fullName(on)}`,
    given(on, [on.name, value], options),
    new AddEnumValue(on, value, options),
    { repeatable: options.ifNotExists === true, ...traits },
  );
}

export function renameEnumValue(on: QualifiedName, from: string, to: string): StatementOperation {
  const element = new RenameEnumValue(on, from, to);
  const what = `rename value ${from} of enum ${fullName(on)} to ${to}`;
  return new StatementOperation("renameEnumValue", what, given(on, [on.name, from, to]), element, {
    undo: () => renameEnumValue(on, to, from),
  });
}

/** Options of a sequence, its type and schema. */
export type SequenceChoices = SequenceOptions & { readonly type?: SQLType };

export function createSequence(on: QualifiedName & SequenceChoices, options: ExistsOptions = {}): StatementOperation {
  const { name, schema, ...rest } = on;
  const element = new CreateSequence(new Sequence(name, { ...rest, schema: schema ?? null }), options);
  return new StatementOperation(
    "createSequence",
    `create sequence ${fullName(on)}`,
    given(on, [name], { ...rest, ...options }),
    element,
    {
      undo: () => dropSequence(on),
    },
  );
}

/** @param before the options before, for the reverse */
export function alterSequence(
  on: QualifiedName,
  options: SequenceChoices & { readonly restart?: number | bigint },
  before: SequenceChoices | null = null,
): StatementOperation {
  return new StatementOperation(
    "alterSequence",
    `alter sequence ${fullName(on)}`,
    given(on, [on.name], options),
    new AlterSequence(on, options),
    { repeatable: true, undo: before === null ? null : () => alterSequence(on, before, options) },
  );
}

export function dropSequence(on: QualifiedName & SequenceChoices, options: ExistsOptions = {}): StatementOperation {
  const element = new DropSequence(new Sequence(on.name, { schema: on.schema ?? null }), options);
  return new StatementOperation(
    "dropSequence",
    `drop sequence ${fullName(on)}`,
    given(on, [on.name], options),
    element,
    {
      undo: () => createSequence(on),
    },
  );
}

/** A view and what it selects. */
export interface ViewSpec extends QualifiedName {
  readonly definition: string | Query;
  readonly materialized?: boolean;
  /** `{ security_barrier: true }`. */
  readonly with?: Readonly<Record<string, string | number | boolean>>;
}

export function createView(view: ViewSpec, options: { readonly orReplace?: boolean } = {}): StatementOperation {
  const { name, schema, definition, materialized, with: settings } = view;
  const selectable =
    typeof definition === "string" ? new TextClause([definition.replace(/;\s*$/, "")], []) : definition;
  const choices = {
    ...options,
    ...(materialized === true ? { materialized } : {}),
    ...(settings === undefined ? {} : { with: settings }),
  };
  const element = new CreateView(name, selectable as never, { ...choices, schema: schema ?? null });
  return new StatementOperation(
    "createView",
    `create view ${fullName(view)}`,
    given(view, [name, definition], choices),
    element,
    {
      undo: () => dropView(view),
    },
  );
}

export function dropView(view: QualifiedName & Partial<ViewSpec>, options: ExistsOptions = {}): StatementOperation {
  const { name, schema, definition, materialized } = view;
  const choices = { ...options, ...(materialized === true ? { materialized } : {}) };
  const element = new DropView(name, { ...choices, schema: schema ?? null });
  return new StatementOperation("dropView", `drop view ${fullName(view)}`, given(view, [name], choices), element, {
    repeatable: options.ifExists === true,
    undo: definition === undefined ? null : () => createView({ ...view, definition }),
  });
}

export function createSchema(name: string, options: ExistsOptions = {}): StatementOperation {
  return new StatementOperation(
    "createSchema",
    `create schema ${name}`,
    given({ name }, [name], options),
    new CreateSchema(name, options),
    {
      undo: () => dropSchema(name),
    },
  );
}

export function dropSchema(name: string, options: ExistsOptions = {}): StatementOperation {
  return new StatementOperation(
    "dropSchema",
    `drop schema ${name}`,
    given({ name }, [name], options),
    new DropSchema(name, options),
    {
      undo: () => createSchema(name),
    },
  );
}

export function renameIndex(on: QualifiedName, to: string): StatementOperation {
  return new StatementOperation(
    "renameIndex",
    `rename index ${fullName(on)} to ${to}`,
    given(on, [on.name, to]),
    new RenameIndex(on, to),
    {
      undo: () => renameIndex({ name: to, schema: on.schema ?? null }, on.name),
    },
  );
}

export function validateConstraint(on: QualifiedName, name: string): StatementOperation {
  return new StatementOperation(
    "validateConstraint",
    `validate constraint ${name} on ${fullName(on)}`,
    given(on, [name, on.name]),
    new ValidateConstraint(on, name),
    { repeatable: true },
  );
}

/** Options of `op.constraintFromIndex`. */
export interface FromIndexChoices {
  readonly deferrable?: boolean | null;
  readonly initially?: "DEFERRED" | "IMMEDIATE" | null;
}

export function constraintFromIndex(
  on: QualifiedName,
  name: string,
  kind: "pk" | "uq",
  options: FromIndexChoices = {},
): StatementOperation {
  const said = Object.fromEntries(Object.entries(options).filter(([, value]) => value != null));
  return new StatementOperation(
    "constraintFromIndex",
    `make constraint ${name} on ${fullName(on)} of its index`,
    given(on, [name, on.name, kind], said),
    new ConstraintFromIndex(on, name, kind, options),
  );
}

/** How a comment is set: the `op` method, and what comes before the comment among its arguments. */
const COMMENTS: Readonly<
  Record<Commented["kind"], (on: string, part: string) => [method: string, ...names: string[]]>
> = {
  table: (on) => ["setTableComment", on],
  index: (on) => ["setIndexComment", on],
  column: (on, part) => ["setColumnComment", on, part],
  constraint: (on, part) => ["setConstraintComment", part, on],
};

/** @param before the comment before, for the reverse; undefined where it is not known */
export function setComment(
  on: QualifiedName,
  what: Commented,
  comment: string | null,
  before?: string | null,
): StatementOperation {
  const part = "name" in what ? what.name : "";
  const [method, ...names] = COMMENTS[what.kind](on.name, part);
  const title = `comment on ${what.kind === "constraint" ? "constraint " : ""}${fullName(on)}${part === "" ? "" : `.${part}`}`;
  return new StatementOperation(method, title, given(on, [...names, comment]), new CommentOn(on, what, comment), {
    repeatable: true,
    undo: before === undefined ? null : () => setComment(on, what, before, comment),
  });
}
