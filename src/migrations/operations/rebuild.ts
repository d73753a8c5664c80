/** Copies a table into its new shape and moves it into the place of the old one. */
import type { Connection } from "../../engine/connection.js";
import { CreateIndex, CreateTable, DDL, DropTable } from "../../sql/ddl/elements.js";
import { MetaData } from "../../sql/schema/metadata.js";
import type { NamingConvention } from "../../sql/schema/naming.js";
import type { Table } from "../../sql/schema/table.js";
import type { MigrationContext } from "../context.js";
import { MigrationError } from "../errors.js";
import { fullName, type QualifiedName, RenameTable } from "./alter.js";
import type { BatchChange, BatchOptions } from "./batch.js";
import { TableShape } from "./table-shape.js";

/** The table as the database has it. @throws NoSuchTableError */
async function reflected(
  context: MigrationContext,
  on: QualifiedName,
  names: NamingConvention | undefined,
): Promise<Table> {
  const metadata = new MetaData(names === undefined ? {} : { namingConvention: names });
  await metadata.reflect(context.connection, { only: [on.name], schema: on.schema ?? null, resolveFks: false });
  return metadata.tables.get(fullName(on)) as Table;
}

/** The triggers of a table, as the statements that make them. */
async function triggersOf(context: MigrationContext, on: QualifiedName): Promise<readonly string[]> {
  if (context.offline) return [];
  const schema = on.schema == null ? "" : `"${on.schema}".`;
  const ask = (sync: Connection): unknown[] =>
    sync
      .execDriverSql(`SELECT sql FROM ${schema}sqlite_master WHERE type = 'trigger' AND tbl_name = ?`, [on.name])
      .scalars()
      .all();
  return (await context.connection.runSync(ask)) as string[];
}

/** What AUTOINCREMENT has counted to, or null where the table has none. */
async function counted(context: MigrationContext, on: QualifiedName): Promise<number | null> {
  if (context.offline) return null;
  const ask = (sync: Connection): unknown => {
    const there = sync.execDriverSql("SELECT 1 FROM sqlite_master WHERE name = 'sqlite_sequence'").scalar();
    return there === null
      ? null
      : sync.execDriverSql("SELECT seq FROM sqlite_sequence WHERE name = ?", [on.name]).scalar();
  };
  const value = await context.connection.runSync(ask);
  return value === null ? null : Number(value);
}

/** Dropping a table deletes its rows first, and those that refer to them, where foreign keys are enforced. */
async function checkUnenforced(context: MigrationContext, on: QualifiedName): Promise<void> {
  if (context.offline) return;
  const enforced = await context.connection.runSync((sync) => sync.execDriverSql("PRAGMA foreign_keys").scalar());
  if (Number(enforced) === 0) return;
  throw new MigrationError(
    `Foreign keys are enforced on this connection, and copying ${fullName(on)} would delete the rows that refer to it. Run it by migrate(), which takes care of that, or execute "PRAGMA foreign_keys = OFF" before the transaction.`,
  );
}

/**
 * Rebuilds a table with changes. The rows, the constraints, the indexes, the triggers and the foreign keys of other
 * tables to it stay; the procedure is the one that SQLite's documentation of ALTER TABLE gives.
 */
export async function rebuildTable(
  context: MigrationContext,
  on: QualifiedName,
  changes: readonly BatchChange[],
  options: BatchOptions,
): Promise<void> {
  const names = options.namingConvention ?? context.options.namingConvention;
  if (context.offline && options.copyFrom === undefined) {
    throw new MigrationError(
      `The script of a batch on ${fullName(on)} needs to know the table: give it as { copyFrom: table(...) }, or run the migration online.`,
    );
  }
  await checkUnenforced(context, on);
  const before = (options.copyFrom as unknown as Table | undefined) ?? (await reflected(context, on, names));
  const shape = new TableShape(before);
  for (const { operation, place } of changes) if (operation.isFor(context.dialect)) shape.apply(operation, place);
  const { table, copied } = shape.build(`_athanor_tmp_${on.name}`);
  const triggers = await triggersOf(context, on);
  const sequence = await counted(context, on);
  const { target, dialect } = context;
  const quote = (name: string): string => dialect.identifiers.quote(name);
  const place = (name: string): string => (on.schema == null ? quote(name) : `${quote(on.schema)}.${quote(name)}`);
  await target.execute(new CreateTable(table));
  const into = [...copied.keys()].map(quote).join(", ");
  const from = [...copied]
    .map(([name, source]) =>
      before.columns.some((each) => each.name === source) ? quote(source) : `${source} AS ${quote(name)}`,
    )
    .join(", ");
  if (copied.size > 0)
    await raw(context, `INSERT INTO ${place(table.name)} (${into}) SELECT ${from} FROM ${place(on.name)}`);
  await target.execute(new DropTable(before));
  // Views and triggers that speak of the table keep its name.
  await raw(context, "PRAGMA legacy_alter_table = ON");
  await target.execute(new RenameTable({ name: table.name, schema: on.schema ?? null }, on.name));
  await raw(context, "PRAGMA legacy_alter_table = OFF");
  if (sequence !== null)
    await raw(
      context,
      `UPDATE sqlite_sequence SET seq = ${sequence} WHERE name = '${on.name.replaceAll("'", "''")}' AND seq < ${sequence}`,
    );
  const metadata = new MetaData();
  const placed = table.toMetadata(metadata, { name: on.name });
  for (const index of shape.indexesOn(placed as unknown as Table))
    if (index.existsOn(target.dialect)) await target.execute(new CreateIndex(index));
  for (const trigger of triggers) await raw(context, trigger);
}

/** SQL as it is: a colon in it is no parameter. */
async function raw(context: MigrationContext, sql: string): Promise<void> {
  await context.target.execute(new DDL(sql));
}
