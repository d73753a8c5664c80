/** Operations on what has a name of its own beside tables: enums, sequences, views, schemas, comments. */
import type { EngineDialect } from "../../engine/dialect.js";
import type { DDLElement } from "../../sql/ddl/element.js";
import {
  CreateEnumType,
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
import type { Query } from "../../sql/selectable/query.js";
import { NamedType } from "../../sql/types/extensible.js";
import { EnumType } from "../../sql/types/structured.js";
import type { SQLType } from "../../sql/types/type.js";
import {
  AddEnumValue,
  AlterColumnDefault,
  AlterColumnType,
  AlterSequence,
  CommentOn,
  DropType,
  type QualifiedName,
  RenameEnumValue,
  RenameIndex,
  RenameType,
} from "./alter.js";
import { CreateTypeIfAbsent } from "./missing-types.js";
import { MigrateOperation } from "./operation.js";
import { StatementOperation } from "./statement-operation.js";
import { fullName } from "./table-operations.js";

/** The arguments of an `op` method: what is said, and the schema where there is one. */
function given(on: QualifiedName, args: readonly unknown[], options: object = {}): readonly unknown[] {
  const said: Record<string, unknown> = { ...options, ...(on.schema == null ? {} : { schema: on.schema }) };
  const { name: _name, ...rest } = said;
  return Object.keys(rest).length === 0 ? args : [...args, rest];
}

function enumOf(on: QualifiedName, values: readonly string[]): EnumType {
  return new EnumType(values, { name: on.name, schema: on.schema ?? null, native: true });
}

export function createEnum(on: QualifiedName & { readonly labels: readonly string[] }): StatementOperation {
  const { labels } = on;
  const element = new CreateTypeIfAbsent(enumOf(on, labels) as never);
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
    new DropType(on, options),
    {
      repeatable: options.ifExists === true,
      undo: labels === undefined ? null : () => createEnum({ ...on, labels }),
    },
  );
}

/** A column whose values are of an enum. */
export interface EnumColumn {
  readonly table: string;
  readonly schema?: string | null;
  readonly column: string;
  /** Its default as SQL, or null. */
  readonly default?: string | null;
}

/** Gives an enum other values: a new type takes the place of the old one. */
export class ReplaceEnumOperation extends MigrateOperation {
  override readonly kind = "replaceEnum";
  constructor(
    readonly on: QualifiedName,
    readonly before: readonly string[] | null,
    readonly labels: readonly string[],
    readonly columns: readonly EnumColumn[],
  ) {
    super();
  }
  override describe(): string {
    return `replace the values of enum ${fullName(this.on)}`;
  }
  override ddl(dialect: EngineDialect): readonly DDLElement[] {
    const old = { name: `${this.on.name}__old`, schema: this.on.schema ?? null };
    const type = enumOf(this.on, this.labels);
    const name = dialect.identifiers.format({ name: this.on.name, schema: this.on.schema ?? null });
    const ddl: DDLElement[] = [new RenameType(this.on, old.name), new CreateEnumType(type as never)];
    for (const { table, schema, column, default: value = null } of this.columns) {
      const on = { name: table, schema: schema ?? null };
      if (value !== null) ddl.push(new AlterColumnDefault(on, column, null));
      const using = `${dialect.identifiers.quote(column)}::text::${name}`;
      ddl.push(new AlterColumnType(on, column, new NamedType(name) as SQLType, using));
      if (value !== null) ddl.push(new AlterColumnDefault(on, column, new TextClause([value], [])));
    }
    return [...ddl, new DropType(old)];
  }
  override reverse(): ReplaceEnumOperation {
    if (this.before === null) return super.reverse() as never;
    return new ReplaceEnumOperation(this.on, this.labels, this.before, this.columns);
  }
}

export function replaceEnum(
  on: QualifiedName,
  before: readonly string[] | null,
  labels: readonly string[],
  columns: readonly EnumColumn[],
): ReplaceEnumOperation {
  return new ReplaceEnumOperation({ name: on.name, schema: on.schema ?? null }, before, labels, columns);
}

/** @param before the values before, for the reverse, which takes the value out again */
export function addEnumValue(
  on: QualifiedName,
  value: string,
  options: ExistsOptions & { readonly before?: string; readonly after?: string } = {},
  undo: (() => MigrateOperation) | null = null,
): StatementOperation {
  return new StatementOperation(
    "addEnumValue",
    `add value ${value} to enum ${fullName(on)}`,
    given(on, [on.name, value], options),
    new AddEnumValue(on, value, options),
    { repeatable: options.ifNotExists === true, undo },
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

export function createSequence(
  on: QualifiedName & SequenceChoices & { readonly typeName?: string },
  options: ExistsOptions = {},
): StatementOperation {
  const { name, schema, typeName: _typeName, ...rest } = on;
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

export function alterSequence(
  on: QualifiedName,
  options: SequenceOptions & { readonly restart?: number | bigint },
): StatementOperation {
  return new StatementOperation(
    "alterSequence",
    `alter sequence ${fullName(on)}`,
    given(on, [on.name], options),
    new AlterSequence(on, options),
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
}

export function createView(view: ViewSpec, options: { readonly orReplace?: boolean } = {}): StatementOperation {
  const { name, schema, definition, materialized } = view;
  const selectable =
    typeof definition === "string" ? new TextClause([definition.replace(/;\s*$/, "")], []) : definition;
  const choices = { ...options, ...(materialized === true ? { materialized } : {}) };
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

/** @param before the comment before, for the reverse; undefined where it is not known */
export function setTableComment(on: QualifiedName, comment: string | null, before?: string | null): StatementOperation {
  const element = new CommentOn(on, null, comment);
  return new StatementOperation(
    "setTableComment",
    `comment on ${fullName(on)}`,
    given(on, [on.name, comment]),
    element,
    {
      repeatable: true,
      undo: before === undefined ? null : () => setTableComment(on, before, comment),
    },
  );
}

/** @param before the comment before, for the reverse; undefined where it is not known */
export function setColumnComment(
  on: QualifiedName,
  columnName: string,
  comment: string | null,
  before?: string | null,
): StatementOperation {
  const element = new CommentOn(on, columnName, comment);
  const what = `comment on ${fullName(on)}.${columnName}`;
  return new StatementOperation("setColumnComment", what, given(on, [on.name, columnName, comment]), element, {
    repeatable: true,
    undo: before === undefined ? null : () => setColumnComment(on, columnName, before, comment),
  });
}
