/** What migrations need of SQLite: a lock, tables made anew in the place of changes that it has not. */
import { namedType, reflectedType } from "../../dialects/sqlite/type-names.js";
import type { AsyncConnection } from "../../engine/async-connection.js";
import type { Table } from "../../sql/schema/table.js";
import { StringType } from "../../sql/types/base.js";
import { MigrationError } from "../errors.js";
import { collationText, type MigrationDialect } from "./migration-dialect.js";
import { type FileLock, lockFile } from "./sqlite-lock.js";

const locks = new WeakMap<AsyncConnection, FileLock>();

/** What `prepare` has changed on a connection, to be put back. */
const before = new WeakMap<AsyncConnection, { readonly foreignKeys: number; readonly busyTimeout: number }>();

async function pragma(connection: AsyncConnection, name: string): Promise<number> {
  return Number(await connection.execDriverSql(`PRAGMA ${name}`).scalar());
}

/** The file of a connection's database, or null for one in memory, which no other process can reach. */
async function fileOf(connection: AsyncConnection): Promise<string | null> {
  const rows = (await connection.execDriverSql("PRAGMA database_list").all()) as unknown as readonly unknown[][];
  await connection.rollback();
  const [, , path] = rows.find(([, name]) => name === "main") as [unknown, unknown, string];
  return path === "" ? null : path;
}

/**
 * Foreign keys are off while a migration runs, so that a table can be copied and moved, and all are checked before each
 * commit.
 */
export const sqliteMigrations: MigrationDialect = {
  scratch: "memory",
  canonicalCheck: (sql) => sql,
  typeText({ name, type, typeName }, { primaryKey }, dialect) {
    const text = typeName === "" ? "" : dialect.typeCompiler.render(reflectedType(typeName));
    const alone = primaryKey.constrainedColumns.length === 1 && primaryKey.constrainedColumns[0] === name;
    // A key that is INTEGER, in this word, is the number of the row; any other is not.
    const word = alone && text === "INTEGER" ? typeName.toUpperCase() : text;
    return word + collationText(type);
  },
  plainType: ({ type, table, primaryKey }) => {
    const declared = type.spelling("sqlite");
    const known = declared === null ? null : namedType(declared);
    const { strict } = (table as Table | null)?.options.dialectOptions?.["sqlite"] ?? {};
    // Only these names do in a STRICT table, and a key that is no INTEGER is another kind of key.
    if (known === null || strict === true || (primaryKey && known.family === "integer")) return type;
    if (known.family !== type.family) return type;
    return type instanceof StringType && type.collation !== null && known instanceof StringType
      ? known.collated(type.collation)
      : known;
  },
  // One writer at a time, and a table that is copied is a file's worth of work: there is no other way to choose.
  lint: null,
  safe: null,
  async ofExtensions() {
    return new Set();
  },
  async readingThemselves() {
    return new Set();
  },
  async unwritten(connection, schema) {
    const place = connection.dialect.identifiers.format({ name: "sqlite_master", schema });
    const triggers = `SELECT name || ' on ' || tbl_name FROM ${place} WHERE type = 'trigger' ORDER BY name`;
    const names = await connection.execDriverSql(triggers).scalars().all();
    return names.length === 0 ? [] : [`triggers are not written: ${names.join(", ")}`];
  },
  async estimatedRows() {
    return new Map();
  },
  batchedUpdate: () => null,
  async lock(connection, _versions, { waitTimeout, onWait }) {
    const path = await fileOf(connection);
    if (path === null) return true;
    const lock = await lockFile(path, waitTimeout, onWait);
    if (lock !== null) locks.set(connection, lock);
    return lock !== null;
  },
  async unlock(connection) {
    await locks.get(connection)?.release();
    locks.delete(connection);
  },
  // The first thing that a run does there is a write, which keeps other writers out.
  async lockTransaction() {},
  async prepare(connection, limits) {
    before.set(connection, {
      foreignKeys: await pragma(connection, "foreign_keys"),
      busyTimeout: await pragma(connection, "busy_timeout"),
    });
    await connection.rollback();
    await connection.execDriverSql("PRAGMA foreign_keys = OFF");
    await connection.execDriverSql(`PRAGMA busy_timeout = ${limits.lockTimeout ?? 60_000}`);
    await connection.rollback();
  },
  async begun() {},
  async verify(connection) {
    if (before.get(connection)?.foreignKeys === 0) return;
    const broken = (await connection.execDriverSql("PRAGMA foreign_key_check").all()) as readonly unknown[][];
    if (broken.length === 0) return;
    const [table, rowid, parent] = broken[0] as [string, number | bigint | null, string];
    throw new MigrationError(
      `${broken.length} ${broken.length === 1 ? "row refers" : "rows refer"} to rows that are not there; the first is row ${String(rowid)} of ${table}, which refers to ${parent}. Mend the rows before, or in the migration.`,
    );
  },
  async restore(connection) {
    const state = before.get(connection);
    if (state === undefined) return;
    before.delete(connection);
    await connection.execDriverSql(`PRAGMA foreign_keys = ${state.foreignKeys === 0 ? "OFF" : "ON"}`);
    await connection.execDriverSql(`PRAGMA busy_timeout = ${state.busyTimeout}`);
    await connection.rollback();
  },
};
