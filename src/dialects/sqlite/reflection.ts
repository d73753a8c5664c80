/** What SQLite tells of its schema: PRAGMAs, and the text of CREATE TABLE where those are silent. */
import type { DriverConnection } from "../../engine/driver.js";
import { NoSuchTableError } from "../../engine/errors.js";
import type { Op } from "../../engine/io.js";
import { textPlan } from "../../engine/plan.js";
import type {
  ReflectedCheckConstraint,
  ReflectedColumn,
  ReflectedForeignKey,
  ReflectedIndex,
  ReflectedPrimaryKey,
  ReflectedUniqueConstraint,
  ReflectionDialect,
} from "../../engine/reflection.js";
import type { IdentifierPreparer } from "../../sql/dialect.js";
import { parseTable, type TableText } from "./table-text.js";
import { reflectedType } from "./type-names.js";

type Rows = unknown[][];

export class SqliteReflection implements ReflectionDialect {
  constructor(private readonly dialect: { readonly identifiers: IdentifierPreparer }) {}

  // biome-ignore lint/correctness/useYield: better-sqlite3 answers at once
  *defaultSchemaName(): Op<string | null> {
    return "main";
  }

  *schemaNames(c: DriverConnection): Op<readonly string[]> {
    const rows = yield* query(c, "PRAGMA database_list");
    return rows.map((row) => String(row[1])).filter((name) => name !== "temp");
  }

  *tableNames(c: DriverConnection, schema: string | null): Op<readonly string[]> {
    return yield* this.#names(c, this.#master(schema), "table");
  }

  *tempTableNames(c: DriverConnection): Op<readonly string[]> {
    return yield* this.#names(c, "sqlite_temp_master", "table");
  }

  *viewNames(c: DriverConnection, schema: string | null): Op<readonly string[]> {
    return yield* this.#names(c, this.#master(schema), "view");
  }

  *viewDefinition(c: DriverConnection, name: string, schema: string | null): Op<string | null> {
    const master = this.#master(schema);
    const rows = yield* query(c, `SELECT sql FROM ${master} WHERE type = 'view' AND name = ? COLLATE NOCASE`, [name]);
    return rows.length === 0 ? null : String(rows[0]?.[0]);
  }

  *hasTable(c: DriverConnection, name: string, schema: string | null): Op<boolean> {
    // Tables and views alike; sqlite_master, read by PRAGMA, also has temporary tables.
    const rows = yield* query(c, this.#pragma("table_info", name, schema));
    return rows.length > 0;
  }

  *hasIndex(c: DriverConnection, table: string, index: string, schema: string | null): Op<boolean> {
    const rows = yield* query(c, this.#pragma("index_list", table, schema));
    return rows.some((row) => String(row[1]) === index);
  }

  // biome-ignore lint/correctness/useYield: SQLite has none
  *hasSequence(): Op<boolean> {
    return false;
  }

  // biome-ignore lint/correctness/useYield: SQLite has none
  *hasType(): Op<boolean> {
    return false;
  }

  // biome-ignore lint/correctness/useYield: SQLite has none
  *sequenceNames(): Op<readonly string[]> {
    return [];
  }

  *columns(c: DriverConnection, table: string, schema: string | null): Op<readonly ReflectedColumn[] | null> {
    const rows = yield* query(c, this.#pragma("table_xinfo", table, schema));
    if (rows.length === 0) return null;
    const text = yield* this.#text(c, table, schema);
    // Hidden columns of virtual tables are 1; generated ones 2 (virtual) and 3 (stored).
    return rows
      .filter((row) => Number(row[6]) !== 1)
      .map((row) => {
        const name = String(row[1]);
        const typeName = String(row[2] ?? "").replace(/\s*\bgenerated always\b.*$/i, "");
        const hidden = Number(row[6]);
        const expression = text.computed.get(name) ?? null;
        const keyPosition = Number(row[5]);
        return {
          name,
          type: reflectedType(typeName),
          typeName,
          nullable: Number(row[3]) === 0 && !(keyPosition > 0 && text.withoutRowid),
          default: row[4] === null || hidden > 1 ? null : String(row[4]),
          autoincrement: keyPosition > 0 && text.autoincrement,
          comment: null,
          computed: hidden > 1 ? { sqltext: expression ?? "", persisted: hidden === 3 } : null,
          identity: null,
          primaryKey: keyPosition,
        };
      });
  }

  *primaryKey(c: DriverConnection, table: string, schema: string | null): Op<ReflectedPrimaryKey> {
    const rows = yield* this.#tableInfo(c, table, schema);
    const text = yield* this.#text(c, table, schema);
    const keys = rows.filter((row) => Number(row[5]) > 0).sort((a, b) => Number(a[5]) - Number(b[5]));
    return { name: text.primaryKeyName, constrainedColumns: keys.map((row) => String(row[1])) };
  }

  *foreignKeys(c: DriverConnection, table: string, schema: string | null): Op<readonly ReflectedForeignKey[]> {
    yield* this.#tableInfo(c, table, schema);
    const rows = yield* query(c, this.#pragma("foreign_key_list", table, schema));
    const text = yield* this.#text(c, table, schema);
    const byId = new Map<number, Rows>();
    for (const row of rows) {
      const list = byId.get(Number(row[0])) ?? [];
      list.push(row);
      byId.set(Number(row[0]), list);
    }
    const found: ReflectedForeignKey[] = [];
    // SQLite numbers them from the last one written.
    for (const id of [...byId.keys()].sort((a, b) => b - a)) {
      const parts = (byId.get(id) as Rows).sort((a, b) => Number(a[1]) - Number(b[1]));
      const first = parts[0] as unknown[];
      const referredTable = String(first[2]);
      const constrainedColumns = parts.map((row) => String(row[3]));
      let referredColumns = parts.map((row) => row[4] as string | null);
      if (referredColumns.some((column) => column === null)) {
        // REFERENCES parent, without columns: its primary key.
        const exists = yield* query(c, this.#pragma("table_info", referredTable, schema));
        const key = exists.filter((row) => Number(row[5]) > 0).sort((a, b) => Number(a[5]) - Number(b[5]));
        referredColumns = key.map((row) => String(row[1]));
      }
      const written = text.foreignKeys.find(
        (one) =>
          one.columns.join("\0").toLowerCase() === constrainedColumns.join("\0").toLowerCase() &&
          one.table.toLowerCase() === referredTable.toLowerCase(),
      );
      const action = (value: unknown) => (String(value) === "NO ACTION" ? undefined : String(value));
      const onDelete = action(first[6]);
      const onUpdate = action(first[5]);
      found.push({
        name: written?.name ?? null,
        constrainedColumns,
        referredSchema: schema,
        referredTable,
        referredColumns: referredColumns as string[],
        options: {
          ...(onDelete === undefined ? {} : { onDelete }),
          ...(onUpdate === undefined ? {} : { onUpdate }),
          ...(written?.deferrable === undefined ? {} : { deferrable: written.deferrable }),
          ...(written?.initially === undefined ? {} : { initially: written.initially }),
        },
      });
    }
    return found;
  }

  *uniqueConstraints(
    c: DriverConnection,
    table: string,
    schema: string | null,
  ): Op<readonly ReflectedUniqueConstraint[]> {
    yield* this.#tableInfo(c, table, schema);
    const text = yield* this.#text(c, table, schema);
    const found: ReflectedUniqueConstraint[] = [];
    for (const row of (yield* query(c, this.#pragma("index_list", table, schema))).reverse()) {
      if (String(row[3]) !== "u") continue;
      const columns = (yield* query(c, this.#pragma("index_info", String(row[1]), schema))).map((one) =>
        String(one[2]),
      );
      const written = text.uniques.find(
        (one) => one.columns.join("\0").toLowerCase() === columns.join("\0").toLowerCase(),
      );
      found.push({ name: written?.name ?? null, columnNames: columns });
    }
    return found;
  }

  *checkConstraints(
    c: DriverConnection,
    table: string,
    schema: string | null,
  ): Op<readonly ReflectedCheckConstraint[]> {
    yield* this.#tableInfo(c, table, schema);
    return (yield* this.#text(c, table, schema)).checks;
  }

  *indexes(c: DriverConnection, table: string, schema: string | null): Op<readonly ReflectedIndex[]> {
    yield* this.#tableInfo(c, table, schema);
    const found: ReflectedIndex[] = [];
    const master = this.#master(schema);
    for (const row of yield* query(c, this.#pragma("index_list", table, schema))) {
      // Those of PRIMARY KEY and UNIQUE are constraints.
      if (String(row[3]) !== "c") continue;
      const name = String(row[1]);
      const parts = (yield* query(c, this.#pragma("index_xinfo", name, schema))).filter((one) => Number(one[5]) === 1);
      const columnNames = parts.map((one) => (one[2] === null ? null : String(one[2])));
      const sorting = parts
        .filter((one) => Number(one[3]) === 1 && one[2] !== null)
        .map((one) => [String(one[2]), ["desc"]] as const);
      const sql = yield* query(c, `SELECT sql FROM ${master} WHERE type = 'index' AND name = ?`, [name]);
      const definition = String(sql[0]?.[0] ?? "");
      found.push({
        name,
        columnNames,
        expressions: columnNames.includes(null) ? indexExpressions(definition) : null,
        unique: Number(row[2]) === 1,
        columnSorting: Object.fromEntries(sorting),
        duplicatesConstraint: null,
        where: Number(row[4]) === 1 ? (/\)\s*where\s+(.*)$/is.exec(definition)?.[1] ?? null) : null,
      });
    }
    return found.sort((a, b) => (a.name < b.name ? -1 : 1));
  }

  // biome-ignore lint/correctness/useYield: SQLite has none
  *tableComment(): Op<string | null> {
    return null;
  }

  *tableOptions(c: DriverConnection, table: string, schema: string | null): Op<Readonly<Record<string, unknown>>> {
    yield* this.#tableInfo(c, table, schema);
    const text = yield* this.#text(c, table, schema);
    return {
      ...(text.withoutRowid ? { withRowid: false } : {}),
      ...(text.strict ? { strict: true } : {}),
    };
  }

  // --- inside ------------------------------------------------------------------------------------------------------

  #master(schema: string | null): string {
    return schema === null ? "sqlite_master" : `${this.dialect.identifiers.quoteIfNeeded(schema)}.sqlite_master`;
  }

  #pragma(name: string, argument: string, schema: string | null): string {
    const { identifiers } = this.dialect;
    const prefix = schema === null ? "" : `${identifiers.quoteIfNeeded(schema)}.`;
    return `PRAGMA ${prefix}${name}(${identifiers.quote(argument)})`;
  }

  *#names(c: DriverConnection, master: string, type: string): Op<readonly string[]> {
    const rows = yield* query(
      c,
      `SELECT name FROM ${master} WHERE type = ? AND name NOT LIKE 'sqlite~_%' ESCAPE '~' ORDER BY name`,
      [type],
    );
    return rows.map((row) => String(row[0]));
  }

  *#tableInfo(c: DriverConnection, table: string, schema: string | null): Op<Rows> {
    const rows = yield* query(c, this.#pragma("table_info", table, schema));
    if (rows.length === 0) {
      throw new NoSuchTableError(`There is no table or view "${schema === null ? table : `${schema}.${table}`}"`);
    }
    return rows;
  }

  *#text(c: DriverConnection, table: string, schema: string | null): Op<TableText> {
    const sources = schema === null ? ["sqlite_master", "sqlite_temp_master"] : [this.#master(schema)];
    for (const source of sources) {
      const rows = yield* query(c, `SELECT sql FROM ${source} WHERE type = 'table' AND name = ? COLLATE NOCASE`, [
        table,
      ]);
      if (rows.length > 0) return parseTable(String(rows[0]?.[0] ?? ""));
    }
    return parseTable("");
  }
}

// biome-ignore lint/correctness/useYield: better-sqlite3 answers at once
function* query(c: DriverConnection, text: string, params: readonly unknown[] = []): Op<Rows> {
  return c.runSync(textPlan(text), params).rows;
}

// The parts between the parentheses of CREATE INDEX ... ON t (...), as written.
function indexExpressions(definition: string): string[] {
  const start = definition.indexOf("(", definition.search(/\bon\b/i));
  if (start < 0) return [];
  const parts: string[] = [];
  let depth = 0;
  let from = start + 1;
  for (let i = start; i < definition.length; i++) {
    const char = definition[i];
    if (char === "(") depth++;
    else if (char === ")" && --depth === 0) {
      parts.push(definition.slice(from, i).trim());
      break;
    } else if (char === "," && depth === 1) {
      parts.push(definition.slice(from, i).trim());
      from = i + 1;
    }
  }
  return parts;
}
