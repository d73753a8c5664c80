/** ALTER statements as executable elements, and how each dialect writes them. */
import { compiles } from "../../sql/compiler/custom.js";
import type { DDLCompiler } from "../../sql/compiler/ddl.js";
import { DDLElement } from "../../sql/ddl/element.js";
import type { ExistsOptions } from "../../sql/ddl/elements.js";
import { Node } from "../../sql/node.js";
import type { Column, TableLike } from "../../sql/schema/column.js";
import type { Computed, Identity, SequenceOptions, SQLExpression } from "../../sql/schema/generated.js";
import { createType, type NamedSchemaType } from "../../sql/schema/named-types.js";
import { shorten } from "../../sql/schema/naming.js";
import { quoteLiteral } from "../../sql/types/base.js";
import { DomainType } from "../../sql/types/domain.js";
import type { SQLType } from "../../sql/types/type.js";
import { replaceTypeText } from "./replace-type.js";

/** A table (or view, or sequence, or type) by its name. */
export interface QualifiedName {
  readonly name: string;
  readonly schema?: string | null;
}

/** `schema.name`, or the name. */
export function fullName(on: QualifiedName): string {
  return on.schema == null ? on.name : `${on.schema}.${on.name}`;
}

/** A statement about something by its name. */
export abstract class AlterTable extends DDLElement {
  override get visitName(): string {
    return "Alter";
  }
  constructor(readonly on: QualifiedName) {
    super();
  }
}

/** `ALTER TABLE ... ADD COLUMN`. */
export class AddColumn extends AlterTable {
  constructor(
    on: QualifiedName,
    /** A column of a table: its constraints are statements of their own. */
    readonly column: Column,
    readonly options: ExistsOptions = {},
  ) {
    super(on);
  }
}

/** `ALTER TABLE ... DROP COLUMN`. */
export class DropColumn extends AlterTable {
  constructor(
    on: QualifiedName,
    readonly columnName: string,
    readonly options: ExistsOptions = {},
  ) {
    super(on);
  }
}

/** `ALTER TABLE ... RENAME COLUMN`. */
export class RenameColumn extends AlterTable {
  constructor(
    on: QualifiedName,
    readonly from: string,
    readonly to: string,
  ) {
    super(on);
  }
}

/** `ALTER TABLE ... ALTER COLUMN ... TYPE`. */
export class AlterColumnType extends AlterTable {
  constructor(
    on: QualifiedName,
    readonly columnName: string,
    readonly type: SQLType,
    readonly using: string | null,
  ) {
    super(on);
  }
}

/** `ALTER TABLE ... ALTER COLUMN ... SET NOT NULL` or `DROP NOT NULL`. */
export class AlterColumnNullable extends AlterTable {
  constructor(
    on: QualifiedName,
    readonly columnName: string,
    readonly nullable: boolean,
  ) {
    super(on);
  }
}

/** A server default: SQL, a plain string as a value, or null for none. */
export type ServerDefault = string | SQLExpression | null;

/** `ALTER TABLE ... ALTER COLUMN ... SET DEFAULT` or `DROP DEFAULT`. */
export class AlterColumnDefault extends AlterTable {
  constructor(
    on: QualifiedName,
    readonly columnName: string,
    readonly value: ServerDefault,
  ) {
    super(on);
  }
}

/** Adds, changes or drops the identity of a column. */
export class AlterColumnIdentity extends AlterTable {
  constructor(
    on: QualifiedName,
    readonly columnName: string,
    readonly identity: Identity | null,
    readonly existing: boolean,
  ) {
    super(on);
  }
}

/** Lets an identity that was just given to a column go on after the values that are there. */
export class ContinueIdentity extends AlterTable {
  constructor(
    on: QualifiedName,
    readonly columnName: string,
    /** Where it begins when no value is there that is as large. */
    readonly start: number | bigint,
  ) {
    super(on);
  }
}

/** Drops or changes the expression of a computed column. */
export class AlterColumnComputed extends AlterTable {
  constructor(
    on: QualifiedName,
    readonly columnName: string,
    readonly computed: Computed | null,
  ) {
    super(on);
  }
}

/** `ALTER TABLE ... RENAME TO`. */
export class RenameTable extends AlterTable {
  constructor(
    on: QualifiedName,
    readonly to: string,
  ) {
    super(on);
  }
}

/** `ALTER TABLE ... DROP CONSTRAINT` by name. */
export class DropConstraintByName extends AlterTable {
  constructor(
    on: QualifiedName,
    readonly constraintName: string,
    readonly options: ExistsOptions = {},
  ) {
    super(on);
  }
}

/** `ALTER TABLE ... RENAME CONSTRAINT`. */
export class RenameConstraint extends AlterTable {
  constructor(
    on: QualifiedName,
    readonly from: string,
    readonly to: string,
  ) {
    super(on);
  }
}

/** `ALTER TABLE ... VALIDATE CONSTRAINT`: checks the rows that a `NOT VALID` constraint left alone. */
export class ValidateConstraint extends AlterTable {
  constructor(
    on: QualifiedName,
    readonly constraintName: string,
  ) {
    super(on);
  }
}

/** `ALTER TABLE ... ADD CONSTRAINT ... USING INDEX`: a unique index becomes the constraint of its name. */
export class ConstraintFromIndex extends AlterTable {
  constructor(
    on: QualifiedName,
    readonly constraintName: string,
    readonly constraintKind: "pk" | "uq",
    readonly options: { readonly deferrable?: boolean | null; readonly initially?: string | null } = {},
  ) {
    super(on);
  }
}

/** `DROP INDEX` by name. */
export class DropIndexByName extends AlterTable {
  constructor(
    on: QualifiedName,
    readonly options: ExistsOptions & { readonly concurrently?: boolean } = {},
  ) {
    super(on);
  }
}

/** `ALTER INDEX ... RENAME TO`. */
export class RenameIndex extends AlterTable {
  constructor(
    on: QualifiedName,
    readonly to: string,
  ) {
    super(on);
  }
}

/** `ALTER TYPE ... ADD VALUE`. */
export class AddEnumValue extends AlterTable {
  constructor(
    on: QualifiedName,
    readonly value: string,
    readonly options: ExistsOptions & { readonly before?: string; readonly after?: string } = {},
  ) {
    super(on);
  }
}

/** `ALTER TYPE ... RENAME VALUE`. */
export class RenameEnumValue extends AlterTable {
  constructor(
    on: QualifiedName,
    readonly from: string,
    readonly to: string,
  ) {
    super(on);
  }
}

/** Gives an enum other values, or a domain another type below: a new type takes its place, in every column and definition that uses it. */
export class ReplaceType extends AlterTable {
  constructor(
    on: QualifiedName,
    readonly type: NamedSchemaType,
  ) {
    super(on);
  }
}

/** `DROP TYPE` or `DROP DOMAIN` by name. */
export class DropType extends AlterTable {
  constructor(
    on: QualifiedName,
    readonly what: "TYPE" | "DOMAIN",
    readonly options: ExistsOptions = {},
  ) {
    super(on);
  }
}

/** `ALTER SEQUENCE`. */
export class AlterSequence extends AlterTable {
  constructor(
    on: QualifiedName,
    readonly options: SequenceOptions & { readonly type?: SQLType; readonly restart?: number | bigint },
  ) {
    super(on);
  }
}

/** What a comment is on: the table (or the index) itself, or a part of it. */
export type Commented =
  | { readonly kind: "table" | "index" }
  | { readonly kind: "column" | "constraint"; readonly name: string };

/** `COMMENT ON`, by name. */
export class CommentOn extends AlterTable {
  constructor(
    on: QualifiedName,
    readonly what: Commented,
    readonly comment: string | null,
  ) {
    super(on);
  }
}

// --- how they are written --------------------------------------------------------------------------------------------

/** A name as a statement has it. */
export const named = (compiler: DDLCompiler, on: QualifiedName): string =>
  compiler.tableText({ name: on.name, schema: on.schema ?? null } as TableLike);
const altered = (compiler: DDLCompiler, ddl: AlterTable): string => `ALTER TABLE ${named(compiler, ddl.on)}`;
const column = (compiler: DDLCompiler, ddl: AlterTable & { readonly columnName: string }): string =>
  `${altered(compiler, ddl)} ALTER COLUMN ${compiler.quote(ddl.columnName)}`;
/** The name of a constraint or an index, cut to what the database takes, as it was when it was created. */
const short = (compiler: DDLCompiler, name: string): string =>
  compiler.quote(shorten(name, compiler.dialect.identifiers.maxLength));
const shortNamed = (compiler: DDLCompiler, { name, schema }: QualifiedName): string =>
  `${schema == null ? "" : `${compiler.quote(schema)}.`}${short(compiler, name)}`;
const ifExists = (options: ExistsOptions): string => (options.ifExists === true ? "IF EXISTS " : "");
const ifNotExists = (options: ExistsOptions): string => (options.ifNotExists === true ? "IF NOT EXISTS " : "");
const cascade = (options: ExistsOptions): string => (options.cascade === true ? " CASCADE" : "");

type Compiler = DDLCompiler;

/** What SQLite's ALTER TABLE cannot do, `batchAlterTable` does. */
const BATCH = "Do it in op.batchAlterTable(table, (batch) => ...), which copies the table and moves it into its place.";

function refused(what: string) {
  return (_ddl: AlterTable, compiler: Compiler): string => compiler.refuse(what, BATCH);
}

compiles(AddColumn, (ddl: AddColumn, compiler: Compiler) => {
  return `${altered(compiler, ddl)} ADD COLUMN ${ifNotExists(ddl.options)}${compiler.columnDefinition(ddl.column)}`;
});
compiles(DropColumn, (ddl: DropColumn, compiler: Compiler) => {
  return `${altered(compiler, ddl)} DROP COLUMN ${ifExists(ddl.options)}${compiler.quote(ddl.columnName)}${cascade(ddl.options)}`;
});
compiles(RenameColumn, (ddl: RenameColumn, compiler: Compiler) => {
  return `${altered(compiler, ddl)} RENAME COLUMN ${compiler.quote(ddl.from)} TO ${compiler.quote(ddl.to)}`;
});
compiles(RenameTable, (ddl: RenameTable, compiler: Compiler) => {
  return `${altered(compiler, ddl)} RENAME TO ${compiler.quote(ddl.to)}`;
});

compiles(AlterColumnType, (ddl: AlterColumnType, compiler: Compiler) => {
  const using = ddl.using === null ? "" : ` USING ${ddl.using}`;
  return `${column(compiler, ddl)} TYPE ${compiler.dialect.typeCompiler.render(ddl.type)}${using}`;
});
compiles(AlterColumnNullable, (ddl: AlterColumnNullable, compiler: Compiler) => {
  return `${column(compiler, ddl)} ${ddl.nullable ? "DROP" : "SET"} NOT NULL`;
});
compiles(AlterColumnDefault, (ddl: AlterColumnDefault, compiler: Compiler) => {
  if (ddl.value === null) return `${column(compiler, ddl)} DROP DEFAULT`;
  const text = ddl.value instanceof Node ? compiler.process(ddl.value) : quoteLiteral(String(ddl.value));
  return `${column(compiler, ddl)} SET DEFAULT ${text}`;
});
compiles(AlterColumnIdentity, (ddl: AlterColumnIdentity, compiler: Compiler) => {
  if (ddl.identity === null) return `${column(compiler, ddl)} DROP IDENTITY`;
  const kind = ddl.identity.always === true ? "ALWAYS" : "BY DEFAULT";
  const options = compiler.sequenceOptions(ddl.identity).trim();
  if (!ddl.existing) {
    return `${column(compiler, ddl)} ADD GENERATED ${kind} AS IDENTITY${options === "" ? "" : ` (${options})`}`;
  }
  const sets =
    options === ""
      ? ""
      : ` ${options.replaceAll(/(^| )((?:NO )?(?:INCREMENT|START|MINVALUE|MAXVALUE|CACHE|CYCLE))\b/g, "$1SET $2")}`;
  return `${column(compiler, ddl)} SET GENERATED ${kind}${sets}`;
});
compiles(ContinueIdentity, (ddl: ContinueIdentity, compiler: Compiler) => {
  const table = named(compiler, ddl.on);
  const place = `pg_get_serial_sequence(${quoteLiteral(table)}, ${quoteLiteral(ddl.columnName)})`;
  const last = `max(${compiler.quote(ddl.columnName)})`;
  return `SELECT setval(${place}, ${last}) FROM ${table} HAVING ${last} >= ${ddl.start}`;
});
compiles(AlterColumnComputed, (ddl: AlterColumnComputed, compiler: Compiler) => {
  if (ddl.computed === null) return `${column(compiler, ddl)} DROP EXPRESSION`;
  const text = ddl.computed.sqltext instanceof Node ? compiler.process(ddl.computed.sqltext) : ddl.computed.sqltext;
  return `${column(compiler, ddl)} SET EXPRESSION AS (${String(text)})`;
});
compiles(DropConstraintByName, (ddl: DropConstraintByName, compiler: Compiler) => {
  return `${altered(compiler, ddl)} DROP CONSTRAINT ${ifExists(ddl.options)}${short(compiler, ddl.constraintName)}${cascade(ddl.options)}`;
});
compiles(RenameConstraint, (ddl: RenameConstraint, compiler: Compiler) => {
  return `${altered(compiler, ddl)} RENAME CONSTRAINT ${short(compiler, ddl.from)} TO ${short(compiler, ddl.to)}`;
});
compiles(ValidateConstraint, (ddl: ValidateConstraint, compiler: Compiler) => {
  return `${altered(compiler, ddl)} VALIDATE CONSTRAINT ${short(compiler, ddl.constraintName)}`;
});
compiles(ConstraintFromIndex, (ddl: ConstraintFromIndex, compiler: Compiler) => {
  const { deferrable, initially } = ddl.options;
  const deferral =
    (deferrable == null ? "" : ` ${deferrable ? "" : "NOT "}DEFERRABLE`) +
    (initially == null ? "" : ` INITIALLY ${initially}`);
  const name = short(compiler, ddl.constraintName);
  const kind = ddl.constraintKind === "pk" ? "PRIMARY KEY" : "UNIQUE";
  return `${altered(compiler, ddl)} ADD CONSTRAINT ${name} ${kind} USING INDEX ${name}${deferral}`;
});
compiles(DropIndexByName, (ddl: DropIndexByName, compiler: Compiler) => {
  const concurrently = ddl.options.concurrently === true ? "CONCURRENTLY " : "";
  return `DROP INDEX ${concurrently}${ifExists(ddl.options)}${shortNamed(compiler, ddl.on)}${cascade(ddl.options)}`;
});
compiles(DropIndexByName, "sqlite", (ddl: DropIndexByName, compiler: Compiler) => {
  return `DROP INDEX ${ifExists(ddl.options)}${shortNamed(compiler, ddl.on)}`;
});
compiles(RenameIndex, (ddl: RenameIndex, compiler: Compiler) => {
  return `ALTER INDEX ${shortNamed(compiler, ddl.on)} RENAME TO ${short(compiler, ddl.to)}`;
});
compiles(AddEnumValue, (ddl: AddEnumValue, compiler: Compiler) => {
  const { before, after } = ddl.options;
  const place =
    before !== undefined
      ? ` BEFORE ${quoteLiteral(before)}`
      : after !== undefined
        ? ` AFTER ${quoteLiteral(after)}`
        : "";
  return `ALTER TYPE ${named(compiler, ddl.on)} ADD VALUE ${ifNotExists(ddl.options)}${quoteLiteral(ddl.value)}${place}`;
});
compiles(RenameEnumValue, (ddl: RenameEnumValue, compiler: Compiler) => {
  return `ALTER TYPE ${named(compiler, ddl.on)} RENAME VALUE ${quoteLiteral(ddl.from)} TO ${quoteLiteral(ddl.to)}`;
});
compiles(ReplaceType, ({ on, type }: ReplaceType, compiler: Compiler) => {
  const over = type instanceof DomainType ? compiler.dialect.typeCompiler.render(type.baseType) : "text";
  return replaceTypeText({ type: named(compiler, on), create: compiler.process(createType(type)), over });
});
compiles(DropType, (ddl: DropType, compiler: Compiler) => {
  return `DROP ${ddl.what} ${ifExists(ddl.options)}${named(compiler, ddl.on)}${cascade(ddl.options)}`;
});
compiles(AlterSequence, (ddl: AlterSequence, compiler: Compiler) => {
  const restart = ddl.options.restart === undefined ? "" : ` RESTART WITH ${ddl.options.restart}`;
  const { type } = ddl.options;
  const kind = type === undefined ? "" : ` AS ${compiler.dialect.typeCompiler.render(type)}`;
  return `ALTER SEQUENCE ${named(compiler, ddl.on)}${kind}${compiler.sequenceOptions(ddl.options)}${restart}`;
});
compiles(CommentOn, (ddl: CommentOn, compiler: Compiler) => {
  const { what } = ddl;
  const table = named(compiler, ddl.on);
  const places = {
    table: () => `TABLE ${table}`,
    index: () => `INDEX ${shortNamed(compiler, ddl.on)}`,
    column: (name: string) => `COLUMN ${table}.${compiler.quote(name)}`,
    constraint: (name: string) => `CONSTRAINT ${short(compiler, name)} ON ${table}`,
  };
  const place = places[what.kind]("name" in what ? what.name : "");
  return `COMMENT ON ${place} IS ${ddl.comment === null ? "NULL" : quoteLiteral(ddl.comment)}`;
});

const SQLITE_REFUSES: readonly (readonly [abstract new (...args: never[]) => AlterTable, string])[] = [
  [AlterColumnType, "ALTER COLUMN ... TYPE"],
  [AlterColumnNullable, "ALTER COLUMN ... NOT NULL"],
  [AlterColumnDefault, "ALTER COLUMN ... DEFAULT"],
  [AlterColumnIdentity, "ALTER COLUMN ... IDENTITY"],
  [AlterColumnComputed, "ALTER COLUMN ... EXPRESSION"],
  [DropConstraintByName, "DROP CONSTRAINT"],
  [RenameConstraint, "RENAME CONSTRAINT"],
  [ValidateConstraint, "VALIDATE CONSTRAINT"],
  [ConstraintFromIndex, "ADD CONSTRAINT ... USING INDEX"],
];
for (const [element, what] of SQLITE_REFUSES) compiles(element, "sqlite", refused(what));

const ABSENT: readonly (readonly [abstract new (...args: never[]) => AlterTable, string, string])[] = [
  [RenameIndex, "ALTER INDEX", "Drop the index and create it under its new name."],
  [AddEnumValue, "ALTER TYPE", "The values of an enum are a CHECK here; change it in op.batchAlterTable(...)."],
  [RenameEnumValue, "ALTER TYPE", "The values of an enum are a CHECK here; change it in op.batchAlterTable(...)."],
  [DropType, "DROP TYPE", "There are no named types."],
  [AlterSequence, "ALTER SEQUENCE", "There are no sequences."],
  [CommentOn, "COMMENT ON", "Comments are not kept."],
];
for (const [element, what, wayOut] of ABSENT) {
  compiles(element, "sqlite", (_ddl: AlterTable, compiler: Compiler) => compiler.refuse(what, wayOut));
}
compiles(ReplaceType, "sqlite", ({ type }: ReplaceType, compiler: Compiler) =>
  type instanceof DomainType
    ? compiler.refuse("ALTER DOMAIN", "There are no domains: change the columns in op.batchAlterTable(...).")
    : compiler.refuse("ALTER TYPE", "The values of an enum are a CHECK here; change it in op.batchAlterTable(...)."),
);
