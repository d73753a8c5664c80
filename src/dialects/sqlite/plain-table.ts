/** What a database's schema says of its tables, asked once for each version of the schema. */
import type { SqliteDatabase } from "./database.js";

interface TableFacts {
  /** It is an ordinary table of the main database, and its key is its rowid: whole numbers, each there once, in the order of which its rows lie. */
  readonly isPlain: boolean;
  readonly hasTriggers: boolean;
}

interface KnownTables {
  readonly version: string;
  readonly facts: Map<string, TableFacts>;
}

const known = new WeakMap<SqliteDatabase, KnownTables>();

/** @param key the column that is said to be the table's only key */
export function factsOf(database: SqliteDatabase, table: string, key: string): TableFacts {
  const version = `${ask(database, "PRAGMA main.schema_version")}/${ask(database, "PRAGMA temp.schema_version")}`;
  let tables = known.get(database);
  if (tables?.version !== version) {
    tables = { version, facts: new Map() };
    known.set(database, tables);
  }
  let facts = tables.facts.get(table);
  if (facts === undefined) {
    facts = {
      isPlain: ask(database, PLAIN_TABLE, { table, key }) === 1,
      hasTriggers: ask(database, TRIGGERS, { table }) !== 0,
    };
    tables.facts.set(table, facts);
  }
  return facts;
}

/** One table of that name, which is no view and no virtual one, whose key is its rowid: a key that only looks like it (INTEGER PRIMARY KEY DESC) has an index. */
const PLAIN_TABLE =
  "SELECT (SELECT count(*) FROM pragma_table_list(@table)) = 1 AND (SELECT type = 'table' AND wr = 0 AND schema = 'main' FROM pragma_table_list(@table)) " +
  "AND (SELECT count(*) FROM pragma_table_info(@table) WHERE pk > 0) = 1 " +
  "AND EXISTS (SELECT 1 FROM pragma_table_info(@table) WHERE pk > 0 AND name = @key AND upper(type) = 'INTEGER') " +
  "AND NOT EXISTS (SELECT 1 FROM pragma_index_list(@table) WHERE origin = 'pk')";
const TRIGGERS =
  "SELECT (SELECT count(*) FROM main.sqlite_master WHERE type = 'trigger' AND lower(tbl_name) = lower(@table)) + " +
  "(SELECT count(*) FROM temp.sqlite_master WHERE type = 'trigger' AND lower(tbl_name) = lower(@table))";

/** The one value of a query. */
export function ask(database: SqliteDatabase, text: string, values: Readonly<Record<string, string>> = {}): unknown {
  // As PRAGMA statements change what others mean, `prepare` would not keep them.
  return (database.kept(text).statement.get(values) as unknown[])[0];
}
