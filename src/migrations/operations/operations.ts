/** `op`: what the functions of a revision are given. */
import type { AsyncConnection } from "../../engine/async-connection.js";
import type { Connection } from "../../engine/connection.js";
import type { EngineDialect } from "../../engine/dialect.js";
import type { Parameters } from "../../engine/execute.js";
import type { CursorResult } from "../../engine/result.js";
import type { AsyncSession } from "../../orm/session/async-session.js";
import { asyncSessionmaker } from "../../orm/session/sessionmaker.js";
import type { Session } from "../../orm/session/sync-session.js";
import type { DDLElement } from "../../sql/ddl/element.js";
import { DDL, type ExistsOptions } from "../../sql/ddl/elements.js";
import { insert } from "../../sql/dml/insert.js";
import type { ColumnSpec, ColumnSpecs, InsertValues } from "../../sql/schema/column-specs.js";
import type { SQLExpression } from "../../sql/schema/generated.js";
import type { IndexOptions } from "../../sql/schema/indexes.js";
import type { NamingConvention } from "../../sql/schema/naming.js";
import type { Table } from "../../sql/schema/table.js";
import type { Query } from "../../sql/selectable/query.js";
import { type DomainOptions, DomainType } from "../../sql/types/domain.js";
import type { SQLType } from "../../sql/types/type.js";
import type { MigrationContext, MigrationStatement } from "../context.js";
import { migrationDialect } from "../dialects/registry.js";
import { MigrationError } from "../errors.js";
import { type Commented, DropType, fullName, type QualifiedName, RenameConstraint } from "./alter.js";
import { type BatchChange, BatchOperations, type BatchOptions, isSimple } from "./batch.js";
import {
  DropConstraintOperation,
  DropIndexOperation,
  type DropIndexOptions,
  type DropOptions,
} from "./constraint-operations.js";
import * as domains from "./domain-operations.js";
import { CreateTypeIfAbsent } from "./missing-types.js";
import { ModifyTableOperation } from "./modify-table.js";
import type { SequenceChoices } from "./named-operations.js";
import * as named from "./named-operations.js";
import type { MigrateOperation } from "./operation.js";
import {
  type ConstraintChoices,
  type ExcludeChoices,
  type ForeignKeyChoices,
  OperationFactory,
  type PrimaryKeyChoices,
  type UniqueChoices,
} from "./operation-factory.js";
import { rebuildTable } from "./rebuild.js";
import { loneTable, type TableArgument } from "./schema-objects.js";
import { StatementOperation } from "./statement-operation.js";
import {
  AlterColumnOperation,
  type ColumnChanges,
  CreateTableOperation,
  DropColumnOperation,
  DropTableOperation,
  type ExistingColumn,
  RenameTableOperation,
} from "./table-operations.js";

/** Where a table is; the default schema where `schema` is left out. */
export interface InSchema {
  readonly schema?: string | null;
}

/** Options of `op.backfill`. */
export interface BackfillOptions extends InSchema {
  /** How many rows are changed at a time. Default 5,000. */
  readonly size?: number;
}

/**
 * The operations of a migration. Each runs in the order of the calls, and the migration waits for all of them: awaiting
 * one is needed for its answer only.
 *
 * @example
 * export async function upgrade(op: Operations) {
 *   op.createTable("tags", { id: column(t.integer, { primaryKey: true }), name: column(t.string(50), { nullable: false }) });
 *   op.addColumn("posts", "views", column(t.integer, { nullable: false, serverDefault: "0" }));
 *   op.createIndex("ix_posts_views", "posts", ["views"]);
 * }
 */
export class Operations {
  /** The types that were made so far. */
  readonly #types = new Set<string>();

  constructor(readonly context: MigrationContext) {}

  /** The database's dialect; `op.dialect.name` is `"sqlite"` or `"postgresql"`. */
  get dialect(): EngineDialect {
    return this.context.dialect;
  }
  /** Whether a script is written, and nothing can be asked. */
  get offline(): boolean {
    return this.context.offline;
  }
  /** The switches given by `-x name=value`. */
  get x(): Readonly<Record<string, string>> {
    return this.context.options.x ?? {};
  }

  /** Runs an operation: those that autogenerate finds, and those of your own. */
  invoke(operation: MigrateOperation): Promise<void> {
    if (operation instanceof ModifyTableOperation) {
      return this.#modify(
        operation.on,
        operation.operations.map((each) => ({ operation: each, place: {} })),
        {},
      );
    }
    if (operation instanceof StatementOperation && operation.outside) {
      return this.autocommitBlock(() => this.#step(operation));
    }
    return this.#step(operation);
  }

  #step(operation: MigrateOperation): Promise<void> {
    const ddl = operation.ddl(this.dialect).filter((each) => this.#isNews(each));
    const run = async () => {
      for (const each of ddl) await this.context.target.execute(each);
    };
    return this.context.step(operation.describe(), run, () => operation.recover(this.context));
  }

  /** Whether a statement has anything to do: a table asks for the type that `createEnum` has made before it. */
  #isNews(ddl: DDLElement): boolean {
    if (ddl instanceof DropType) this.#types.delete(fullName(ddl.on));
    if (!(ddl instanceof CreateTypeIfAbsent)) return true;
    const name = fullName(ddl.type);
    if (this.#types.has(name)) return false;
    this.#types.add(name);
    return true;
  }

  get #names(): NamingConvention | undefined {
    return this.context.options.namingConvention;
  }

  // --- tables ----------------------------------------------------------------------------------------------------------

  /**
   * Creates a table, with its constraints, indexes, comments and the native enums that it needs.
   *
   * @param columns by name, as `table()` takes them
   * @param items constraints, indexes, and at most one object of options (`schema`, `comment`, `dialectOptions`)
   * @returns the table, for `bulkInsert` and statements
   */
  createTable<const Name extends string, Cols extends ColumnSpecs>(
    name: Name,
    columns: Cols,
    ...items: readonly (TableArgument | { readonly ifNotExists?: boolean })[]
  ): Promise<Table<Cols, Name>> {
    const ifNotExists = items.some((each) => "ifNotExists" in each && each.ifNotExists === true);
    const made = loneTable(name, columns, items as readonly TableArgument[], this.#names);
    const create = new CreateTableOperation(made as unknown as Table, ifNotExists ? { ifNotExists } : {});
    return unawaited(this.invoke(create).then(() => made));
  }

  /** Drops a table. */
  dropTable(name: string, options: InSchema & ExistsOptions = {}): Promise<void> {
    return this.invoke(new DropTableOperation(on(name, options), options));
  }

  /** Renames a table. */
  renameTable(from: string, to: string, options: InSchema = {}): Promise<void> {
    return this.invoke(new RenameTableOperation(on(from, options), to));
  }

  /** Adds a column, with the foreign key, constraint and index that it declares. */
  addColumn(
    tableName: string,
    columnName: string,
    spec: ColumnSpec<unknown>,
    options: InSchema & ExistsOptions = {},
  ): Promise<void> {
    return this.invoke(this.#make(tableName, options).addColumn(columnName, spec, options));
  }

  /** Drops a column. */
  dropColumn(tableName: string, columnName: string, options: InSchema & ExistsOptions = {}): Promise<void> {
    return this.invoke(new DropColumnOperation(on(tableName, options), columnName, options));
  }

  /**
   * Changes a column: its type, nullability, default, name, comment, identity or expression.
   *
   * @param existing what the column was before, so that `downgrade` can be written from it
   * @example op.alterColumn("items", "price", { type: t.numeric(12, 2), using: "price::numeric" })
   */
  alterColumn(
    tableName: string,
    columnName: string,
    changes: ColumnChanges,
    options: InSchema & { readonly existing?: ExistingColumn } = {},
  ): Promise<void> {
    return this.invoke(new AlterColumnOperation(on(tableName, options), columnName, changes, options.existing));
  }

  /**
   * Several changes of one table. Where ALTER TABLE cannot make them (SQLite), the table is copied into its new shape and
   * moved into its place: rows, constraints, indexes, triggers and the keys of other tables stay.
   *
   * @param fn makes the changes; they run when it has ended
   * @example op.batchAlterTable("users", (batch) => { batch.alterColumn("name", { nullable: false }); batch.dropColumn("age"); })
   */
  batchAlterTable(tableName: string, fn: (batch: BatchOperations) => void, options: BatchOptions = {}): Promise<void> {
    const place = on(tableName, options);
    const batch = new BatchOperations(place, options.namingConvention ?? this.#names);
    fn(batch);
    return this.#modify(place, batch.changes, options);
  }

  #modify(place: QualifiedName, changes: readonly BatchChange[], options: BatchOptions): Promise<void> {
    const { recreate = "auto" } = options;
    const alters = this.dialect.capabilities.alterAddConstraint || recreate === "never";
    if (alters || (recreate === "auto" && changes.every(isSimple))) {
      return unawaited(Promise.all(changes.map(({ operation }) => this.#alone(operation))).then(() => {}));
    }
    return this.context.step(`rebuild table ${fullName(place)}`, () =>
      rebuildTable(this.context, place, changes, options),
    );
  }

  /** One change of a batch, where the database can make it alone. */
  #alone(operation: MigrateOperation): Promise<void> {
    const isKnown = !(operation instanceof DropConstraintOperation) || operation.name !== null;
    if (isKnown || !operation.isFor(this.dialect)) return this.invoke(operation);
    return this.context.step(operation.describe(), async () => {
      const { context } = this;
      for (const each of (await operation.byName(context)).ddl(this.dialect)) await context.target.execute(each);
    });
  }

  // --- constraints and indexes -----------------------------------------------------------------------------------------

  /** Creates a primary key. */
  createPrimaryKey(
    name: string | null,
    tableName: string,
    columns: readonly string[],
    options: InSchema & PrimaryKeyChoices = {},
  ): Promise<void> {
    return this.invoke(this.#make(tableName, options).primaryKey(name, columns, options));
  }

  /** Creates a UNIQUE constraint. */
  createUniqueConstraint(
    name: string | null,
    tableName: string,
    columns: readonly string[],
    options: InSchema & UniqueChoices = {},
  ): Promise<void> {
    return this.invoke(this.#make(tableName, options).unique(name, columns, options));
  }

  /** Creates a CHECK constraint. */
  createCheckConstraint(
    name: string | null,
    tableName: string,
    condition: string | SQLExpression,
    options: InSchema & ConstraintChoices = {},
  ): Promise<void> {
    return this.invoke(this.#make(tableName, options).check(name, condition, options));
  }

  /**
   * Creates a foreign key.
   *
   * @param name null for the name that the naming convention makes
   * @param options with `notValid` existing rows are not checked: `op.validateConstraint()` does that later, under a lighter lock
   * @example op.createForeignKey("fk_posts_author", "posts", "users", ["author_id"], ["id"], { onDelete: "CASCADE" })
   */
  createForeignKey(
    name: string | null,
    source: string,
    referent: string,
    columns: readonly string[],
    referentColumns: readonly string[],
    options: InSchema & ForeignKeyChoices = {},
  ): Promise<void> {
    return this.invoke(this.#make(source, options).foreignKey(name, referent, columns, referentColumns, options));
  }

  /** Creates an EXCLUDE constraint. */
  createExcludeConstraint(
    name: string | null,
    tableName: string,
    elements: readonly (readonly [string | SQLExpression, string])[],
    options: InSchema & ExcludeChoices = {},
  ): Promise<void> {
    return this.invoke(this.#make(tableName, options).exclude(name, elements, options));
  }

  #make(tableName: string, options: InSchema): OperationFactory {
    return new OperationFactory(on(tableName, options), this.#names);
  }

  /** Drops a constraint by name. */
  dropConstraint(name: string, tableName: string, options: InSchema & DropOptions = {}): Promise<void> {
    return this.invoke(this.#make(tableName, options).dropConstraint(name, options));
  }

  /** Renames a constraint. */
  renameConstraint(tableName: string, from: string, to: string, options: InSchema = {}): Promise<void> {
    const place = on(tableName, options);
    return this.invoke(
      new StatementOperation(
        "renameConstraint",
        `rename constraint ${from} on ${fullName(place)} to ${to}`,
        [tableName, from, to],
        new RenameConstraint(place, from, to),
      ),
    );
  }

  /** Checks the rows that a `notValid` constraint has left alone; readers and writers go on meanwhile. */
  validateConstraint(name: string, tableName: string, options: InSchema = {}): Promise<void> {
    return this.invoke(named.validateConstraint(on(tableName, options), name));
  }

  /**
   * Makes a constraint of the unique index that has its name: the way to a key that keeps nobody waiting while the index
   * is built.
   *
   * @example
   * await op.autocommitBlock(() => op.createIndex("uq_email", "users", ["email"], { unique: true, concurrently: true }));
   * op.constraintFromIndex("uq_email", "users", "uq");
   */
  constraintFromIndex(
    name: string,
    tableName: string,
    kind: "pk" | "uq",
    options: InSchema & named.FromIndexChoices = {},
  ): Promise<void> {
    return this.invoke(named.constraintFromIndex(on(tableName, options), name, kind, options));
  }

  /**
   * Creates an index over columns by name, or over expressions (`text("lower(email)")`).
   *
   * @param options as an `Index` takes them; `concurrently: true` belongs into `op.autocommitBlock()`
   */
  createIndex(
    name: string | null,
    tableName: string,
    columns: readonly (string | SQLExpression)[],
    options: InSchema & IndexOptions & { readonly ifNotExists?: boolean } = {},
  ): Promise<void> {
    const { schema: _schema, ...rest } = options;
    return this.invoke(this.#make(tableName, options).index(name, columns, rest));
  }

  /** Drops an index by name. */
  dropIndex(name: string, tableName: string, options: InSchema & DropIndexOptions = {}): Promise<void> {
    return this.invoke(new DropIndexOperation(name, on(tableName, options), options));
  }

  /** Renames an index. */
  renameIndex(from: string, to: string, options: InSchema = {}): Promise<void> {
    return this.invoke(named.renameIndex(on(from, options), to));
  }

  // --- enums, domains, sequences, views, schemas, comments ----------------------------------------------------------------------

  /** Creates a native enum, where it is not there yet. */
  createEnum(name: string, values: readonly string[], options: InSchema = {}): Promise<void> {
    return this.invoke(named.createEnum({ ...on(name, options), labels: values }));
  }

  /** Drops a native enum. */
  dropEnum(name: string, options: InSchema & ExistsOptions = {}): Promise<void> {
    return this.invoke(named.dropEnum(on(name, options), options));
  }

  /** Adds a value to a native enum. It can be used after the transaction that adds it. */
  addEnumValue(
    name: string,
    value: string,
    options: InSchema & ExistsOptions & { readonly before?: string; readonly after?: string } = {},
  ): Promise<void> {
    return this.invoke(named.addEnumValue(on(name, options), value, options));
  }

  /** Renames a value of a native enum; the rows that have it follow. */
  renameEnumValue(name: string, from: string, to: string, options: InSchema = {}): Promise<void> {
    return this.invoke(named.renameEnumValue(on(name, options), from, to));
  }

  /**
   * Gives a native enum other values: a new type takes the place of the old one in every column, default, CHECK and index
   * that uses it, which rewrites those tables. The rows must have values that the new type has.
   */
  replaceEnum(name: string, values: readonly string[], options: InSchema = {}): Promise<void> {
    return this.invoke(named.replaceEnum(on(name, options), null, values));
  }

  /**
   * Creates a domain, where it is not there yet.
   *
   * @param type the type below
   * @param options its rules, as a `DomainType` takes them
   * @example op.createDomain("rating", t.integer, { check: { rating_check: "VALUE between 1 and 5" } });
   */
  createDomain(name: string, type: SQLType, options: DomainOptions = {}): Promise<void> {
    return this.invoke(domains.createDomain(new DomainType(name, type, options)));
  }

  /** Changes whether a domain takes NULL, and its default (as SQL text, null for none). The rows that are there must fit. */
  alterDomain(name: string, changes: domains.DomainChanges & InSchema): Promise<void> {
    const { schema: _schema, ...rest } = changes;
    return this.invoke(domains.alterDomain(on(name, changes), rest));
  }

  /**
   * Adds a CHECK to a domain. Rows of all tables that have it must fit, unless it is `notValid`: then only what is written
   * from now on, until `op.validateDomainConstraint`.
   *
   * @param check as SQL text, in which VALUE stands for the value
   */
  createDomainConstraint(
    name: string | null,
    domainName: string,
    check: string,
    options: InSchema & { readonly notValid?: boolean } = {},
  ): Promise<void> {
    const { schema: _schema, ...rest } = options;
    return this.invoke(domains.createDomainConstraint(on(domainName, options), { name, check }, rest));
  }

  /** Drops a CHECK of a domain. */
  dropDomainConstraint(
    name: string,
    domainName: string,
    options: InSchema & { readonly ifExists?: boolean } = {},
  ): Promise<void> {
    return this.invoke(domains.dropDomainConstraint(on(domainName, options), { name }, options));
  }

  /** Checks the rows that a `notValid` CHECK of a domain has left alone. */
  validateDomainConstraint(name: string, domainName: string, options: InSchema = {}): Promise<void> {
    return this.invoke(domains.validateDomainConstraint(on(domainName, options), name));
  }

  /**
   * Gives a domain another type below, and the rules that are said: a new domain takes the place of the old one in every column,
   * default, CHECK and index that uses it and in the domains over it, which rewrites those tables.
   */
  replaceDomain(name: string, type: SQLType, options: DomainOptions = {}): Promise<void> {
    return this.invoke(domains.replaceDomain(new DomainType(name, type, options), null));
  }

  /** Drops a domain. */
  dropDomain(name: string, options: InSchema & ExistsOptions = {}): Promise<void> {
    return this.invoke(domains.dropDomain(on(name, options), null, options));
  }

  /** Creates a sequence. */
  createSequence(name: string, options: InSchema & SequenceChoices & ExistsOptions = {}): Promise<void> {
    return this.invoke(named.createSequence({ ...options, ...on(name, options) }, options));
  }

  /** Changes a sequence. */
  alterSequence(
    name: string,
    options: InSchema & SequenceChoices & { readonly restart?: number | bigint },
  ): Promise<void> {
    return this.invoke(named.alterSequence(on(name, options), options));
  }

  /** Drops a sequence. */
  dropSequence(name: string, options: InSchema & ExistsOptions = {}): Promise<void> {
    return this.invoke(named.dropSequence(on(name, options), options));
  }

  /** Creates a view of SQL text or a query. */
  createView(
    name: string,
    query: string | Query,
    options: InSchema & Pick<named.ViewSpec, "materialized" | "with"> & { readonly orReplace?: boolean } = {},
  ): Promise<void> {
    const { schema: _schema, orReplace, ...rest } = options;
    const choices = orReplace === undefined ? {} : { orReplace };
    return this.invoke(named.createView({ ...rest, ...on(name, options), definition: query }, choices));
  }

  /** Drops a view. */
  dropView(name: string, options: InSchema & ExistsOptions & { readonly materialized?: boolean } = {}): Promise<void> {
    const { schema: _schema, materialized = false, ...rest } = options;
    return this.invoke(named.dropView({ ...on(name, options), materialized }, rest));
  }

  /** Creates a schema. */
  createSchema(name: string, options: ExistsOptions = {}): Promise<void> {
    return this.invoke(named.createSchema(name, options));
  }

  /** Drops a schema. */
  dropSchema(name: string, options: ExistsOptions = {}): Promise<void> {
    return this.invoke(named.dropSchema(name, options));
  }

  /** Sets or (null) removes the comment of a table. Comments are left out where the database keeps none. */
  setTableComment(tableName: string, comment: string | null, options: InSchema = {}): Promise<void> {
    return this.#comment(on(tableName, options), { kind: "table" }, comment);
  }

  /** Sets or (null) removes the comment of a column. */
  setColumnComment(
    tableName: string,
    columnName: string,
    comment: string | null,
    options: InSchema = {},
  ): Promise<void> {
    return this.#comment(on(tableName, options), { kind: "column", name: columnName }, comment);
  }

  /** Sets or (null) removes the comment of a constraint. */
  setConstraintComment(name: string, tableName: string, comment: string | null, options: InSchema = {}): Promise<void> {
    return this.#comment(on(tableName, options), { kind: "constraint", name }, comment);
  }

  /** Sets or (null) removes the comment of an index. */
  setIndexComment(name: string, comment: string | null, options: InSchema = {}): Promise<void> {
    return this.#comment(on(name, options), { kind: "index" }, comment);
  }

  #comment(place: QualifiedName, what: Commented, comment: string | null): Promise<void> {
    if (!this.dialect.capabilities.comments) return Promise.resolve();
    return this.invoke(named.setComment(place, what, comment));
  }

  // --- data ------------------------------------------------------------------------------------------------------------

  /**
   * Executes SQL text or a statement.
   *
   * @returns its result; null while a script is written
   */
  execute(statement: MigrationStatement, params?: Parameters): Promise<CursorResult<unknown[]> | null> {
    const run = () => this.context.target.execute(statement, params);
    return reads(statement) && !this.offline ? this.context.ask(run) : this.context.step(titled(statement), run);
  }

  /** Executes SQL as it is: a colon in it is no parameter, as the bodies of functions and triggers need it. */
  execDriverSql(statement: string): Promise<void> {
    return this.context.step(titled(statement), async () => {
      await this.context.target.execute(new DDL(statement));
    });
  }

  /** Inserts rows into a table that `createTable` gave, or that `table()` describes. Written as one statement each offline. */
  bulkInsert<Cols, Name>(into: Table<Cols, Name>, rows: readonly InsertValues<Cols>[]): Promise<void> {
    return this.context.step(
      `insert ${rows.length} ${rows.length === 1 ? "row" : "rows"} into ${into.fullName}`,
      async () => {
        if (rows.length === 0) return;
        const statement = insert(into as unknown as Table);
        if (!this.offline) await this.context.target.execute(statement, rows as Parameters);
        else for (const row of rows) await this.context.target.execute(statement.values(row as never));
      },
    );
  }

  /**
   * Gives values to the rows of a large table, in batches where that lets others go on meanwhile. In `op.autocommitBlock()`
   * each batch is committed, and an interrupted migration goes on with the rows that are left.
   *
   * @param set what follows SET: `"search_name = lower(name)"`
   * @param where which rows are left to do; a row that was done must not fit it any more: `"search_name is null"`
   * @throws MigrationError when rows that were changed still fit
   * @example await op.autocommitBlock(() => op.backfill("users", "search_name = lower(name)", "search_name is null"));
   */
  backfill(tableName: string, set: string, where: string, options: BackfillOptions = {}): Promise<void> {
    const { size = 5_000 } = options;
    const place = this.dialect.identifiers.format({ name: tableName, schema: options.schema ?? null });
    const whole = `UPDATE ${place} SET ${set} WHERE ${where}`;
    const batch = migrationDialect(this.dialect.name).batchedUpdate(place, set, where, size);
    // Asked for again when an interrupted migration goes on, since nobody knows how far it came.
    return this.context.ask(async () => {
      const { target } = this.context;
      if (this.offline || batch === null) {
        await target.execute(new DDL(whole));
        return;
      }
      const { connection } = this.context;
      const count = await connection.execDriverSql(`SELECT count(*) FROM ${place} WHERE ${where}`);
      const limit = 2 * Number(count.scalar()) + size;
      for (let done = 0; ; ) {
        const { rowcount } = await connection.execDriverSql(batch);
        if (rowcount === 0) return;
        done += rowcount;
        this.context.options.onProgress?.({ operation: `backfill ${tableName}`, rows: done });
        if (done <= limit) continue;
        throw new MigrationError(
          `backfill of ${tableName} has changed ${done} rows and comes to no end: rows that were changed still fit "${where}". Say a condition that a row does not meet any more when it is done.`,
        );
      }
    });
  }

  /** The connection that the migration runs on. @throws MigrationError offline */
  getBind(): AsyncConnection {
    return this.context.connection;
  }

  /**
   * Runs `fn` with a session in the migration's transaction, for data migrations on classes that are mapped in the
   * revision's own file (not those of the application: they change, and the migration must not).
   */
  runAsync<T>(fn: (session: AsyncSession) => T | PromiseLike<T>): Promise<T> {
    const { connection } = this.context;
    const Session = asyncSessionmaker(connection, { joinTransactionMode: "create_savepoint" });
    return this.context.step("a data migration", () => Session.begin(fn));
  }

  /** The same with the synchronous session, in which lazy loads just work. */
  runSync<T>(fn: (session: Session) => T): Promise<T> {
    return this.runAsync((session) => session.runSync(fn));
  }

  /** Calls `fn` with the synchronous connection, for the inspector: `op.inspect((conn) => inspect(conn).getTableNames())`. */
  inspect<T>(fn: (connection: Connection) => T): Promise<T> {
    const { connection } = this.context;
    return this.context.ask(() => connection.runSync(fn));
  }

  /**
   * Runs operations outside of the transaction, as `CREATE INDEX CONCURRENTLY` asks for: what the migration did before is
   * committed, and an interrupted run goes on after the last operation that was.
   */
  autocommitBlock(fn: () => unknown): Promise<void> {
    return this.context.ask(() =>
      this.context.target.autocommit(() =>
        this.context.inside(async () => {
          await fn();
        }),
      ),
    );
  }
}

/** The migration itself waits for every step and reports the first that failed: nobody else has to. */
function unawaited<T>(promise: Promise<T>): Promise<T> {
  promise.catch(() => {});
  return promise;
}

function on(name: string, options: InSchema): QualifiedName {
  if (typeof name !== "string" || name === "")
    throw new MigrationError("An operation needs the name of what it works on.");
  return { name, schema: options.schema ?? null };
}

function reads(statement: MigrationStatement): boolean {
  if (typeof statement === "string")
    return /^\s*(?:select|values|show|explain|table|pragma\s+\w+\s*(?:;|$))/i.test(statement);
  return (statement as { readonly visitName?: string }).visitName === "Select";
}

function titled(statement: MigrationStatement): string {
  const line = (typeof statement === "string" ? statement : String(statement)).trim().replaceAll(/\s+/g, " ");
  return line.length > 100 ? `${line.slice(0, 97)}...` : line;
}
