/** What SQLite tells of its schema: PRAGMAs, and the text of CREATE TABLE where those are silent. */
import { type DriverConnection, type DriverResult, RunRequest } from "../../engine/driver.js";
import type { Op } from "../../engine/io.js";
import { textPlan } from "../../engine/plan.js";
import type { ReflectedRelation, ReflectionDialect } from "../../engine/reflection.js";
import type { IdentifierPreparer, TypeRenderer } from "../../sql/dialect.js";
import type {
  ReflectedCheckConstraint,
  ReflectedColumn,
  ReflectedForeignKey,
  ReflectedIndex,
  ReflectedKind,
  ReflectedPrimaryKey,
  ReflectedUniqueConstraint,
  ReflectionScope,
} from "../../sql/schema/reflected.js";
import { integerType, StringType } from "../../sql/types/base.js";
import type { SQLType } from "../../sql/types/type.js";
import { parseTable, type TableText, withStrings } from "./table-text.js";
import { reflectedType, typeNameText } from "./type-names.js";

const NO_NAMES: ReadonlySet<string> = new Set();

type Rows = unknown[][];

const KINDS: Readonly<Record<string, ReflectedKind>> = { table: "table", virtual: "table", view: "view" };

/** {@link ReflectedRelation.id} of what is temporary. */
const TEMPORARY = 1;

/** Databases answer in process, so that each table is asked about by itself. */
export class SqliteReflection implements ReflectionDialect {
  readonly #texts = new WeakMap<ReflectedRelation, TableText>();

  constructor(
    private readonly dialect: { readonly identifiers: IdentifierPreparer; readonly typeCompiler: TypeRenderer },
  ) {}

  // biome-ignore lint/correctness/useYield: better-sqlite3 answers at once
  *defaultSchemaName(): Op<string | null> {
    return "main";
  }

  *schemaNames(c: DriverConnection): Op<readonly string[]> {
    const rows = yield* query(c, "PRAGMA database_list");
    return rows.map((row) => String(row[1])).filter((name) => name !== "temp");
  }

  *relations(c: DriverConnection, { schema, names, kinds, scope }: ReflectionScope): Op<readonly ReflectedRelation[]> {
    const places =
      scope === "temporary" ? ["temp"] : scope === "any" && schema === null ? ["temp", "main"] : [schema ?? "main"];
    const found = new Map<string, ReflectedRelation>();
    for (const place of places) {
      // sqlite_... are SQLite's own, and the tables that a virtual table keeps itself in (shadow) are its
      const rows = yield* query(
        c,
        "SELECT name, type FROM pragma_table_list WHERE schema = ? COLLATE NOCASE AND name NOT LIKE 'sqlite~_%' ESCAPE '~' ORDER BY name",
        [place],
      );
      const asked = names === null ? null : new Map(names.map((name) => [name.toLowerCase(), name]));
      for (const row of rows) {
        const kind = KINDS[String(row[1])];
        const name = asked === null ? String(row[0]) : asked.get(String(row[0]).toLowerCase());
        if (kind === undefined || name === undefined || !kinds.includes(kind) || found.has(name)) continue;
        found.set(name, { name, schema, kind, id: place === "temp" ? TEMPORARY : 0 });
      }
    }
    return [...found.values()].sort((a, b) => (a.name < b.name ? -1 : 1));
  }

  *viewDefinition(c: DriverConnection, relation: ReflectedRelation): Op<string | null> {
    return yield* this.#sql(c, relation, "view");
  }

  /** A view is looked at when it is asked: what it needs may have gone, or be a function of another program. */
  *unreadable(
    c: DriverConnection,
    relations: readonly ReflectedRelation[],
  ): Op<ReadonlyMap<ReflectedRelation, string>> {
    const found = new Map<ReflectedRelation, string>();
    for (const relation of relations) {
      try {
        yield* query(c, this.#pragma("table_xinfo", relation.name, relation));
      } catch (error) {
        found.set(relation, (error as Error).message);
      }
    }
    return found;
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
  *sequences(): Op<readonly []> {
    return [];
  }

  // biome-ignore lint/correctness/useYield: SQLite has none
  *enums(): Op<readonly []> {
    return [];
  }

  // biome-ignore lint/correctness/useYield: SQLite has none
  *domains(): Op<readonly []> {
    return [];
  }

  columns(
    c: DriverConnection,
    relations: readonly ReflectedRelation[],
  ): Op<Map<ReflectedRelation, readonly ReflectedColumn[]>> {
    return forEach(relations, (relation) => this.#columns(c, relation));
  }

  *#columns(c: DriverConnection, relation: ReflectedRelation): Op<readonly ReflectedColumn[]> {
    const rows = yield* query(c, this.#pragma("table_xinfo", relation.name, relation));
    const text = yield* this.#text(c, relation);
    const keys = rows.filter((row) => Number(row[5]) > 0).length;
    const counting = yield* this.#countingKeys(c, relation, rows);
    // Hidden columns of virtual tables are 1; generated ones 2 (virtual) and 3 (stored).
    return rows
      .filter((row) => Number(row[6]) !== 1)
      .map((row) => {
        const name = String(row[1]);
        const typeName = String(row[2] ?? "").replace(/\s*\bgenerated always\b.*$/i, "");
        const hidden = Number(row[6]);
        const keyPosition = Number(row[5]);
        const lower = name.toLowerCase();
        const rowid = keyPosition > 0 && keys === 1 && /^integer$/i.test(typeName) && !text.withoutRowid;
        const onConflict = text.notNullConflicts.get(lower);
        return {
          name,
          type: this.#type(typeName, text.collations.get(lower), counting.has(name)),
          typeName,
          nullable: Number(row[3]) === 0 && !(keyPosition > 0 && text.withoutRowid),
          default: row[4] === null || hidden > 1 ? null : String(row[4]),
          autoincrement: rowid,
          serial: false,
          comment: null,
          computed: hidden > 1 ? { sqltext: text.computed.get(lower) ?? "", persisted: hidden === 3 } : null,
          identity: null,
          primaryKey: keyPosition,
          ...(onConflict === undefined ? {} : { onConflict }),
        };
      });
  }

  primaryKeys(
    c: DriverConnection,
    relations: readonly ReflectedRelation[],
  ): Op<Map<ReflectedRelation, ReflectedPrimaryKey>> {
    return forEach(relations, (relation) => this.#primaryKey(c, relation));
  }

  *#primaryKey(c: DriverConnection, relation: ReflectedRelation): Op<ReflectedPrimaryKey> {
    const text = yield* this.#text(c, relation);
    const constrainedColumns = yield* this.#keyColumns(c, relation.name, relation);
    return {
      name: text.primaryKey.name,
      constrainedColumns,
      ...(text.primaryKey.onConflict === undefined ? {} : { onConflict: text.primaryKey.onConflict }),
    };
  }

  *#keyColumns(c: DriverConnection, table: string, near: ReflectedRelation): Op<string[]> {
    const rows = yield* query(c, this.#pragma("table_xinfo", table, near));
    const keys = rows.filter((row) => Number(row[5]) > 0).sort((a, b) => Number(a[5]) - Number(b[5]));
    return keys.map((row) => String(row[1]));
  }

  foreignKeys(
    c: DriverConnection,
    relations: readonly ReflectedRelation[],
  ): Op<Map<ReflectedRelation, readonly ReflectedForeignKey[]>> {
    return forEach(relations, (relation) => this.#foreignKeys(c, relation));
  }

  *#foreignKeys(c: DriverConnection, relation: ReflectedRelation): Op<readonly ReflectedForeignKey[]> {
    const rows = yield* query(c, this.#pragma("foreign_key_list", relation.name, relation));
    const text = yield* this.#text(c, relation);
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
        referredColumns = yield* this.#keyColumns(c, referredTable, relation);
      }
      const written = text.foreignKeys.find(
        (one) => sameNames(one.columns, constrainedColumns) && one.table.toLowerCase() === referredTable.toLowerCase(),
      );
      const action = (value: unknown) => (String(value) === "NO ACTION" ? undefined : String(value));
      const onDelete = action(first[6]);
      const onUpdate = action(first[5]);
      found.push({
        name: written?.name ?? null,
        constrainedColumns,
        referredSchema: relation.schema,
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

  uniqueConstraints(
    c: DriverConnection,
    relations: readonly ReflectedRelation[],
  ): Op<Map<ReflectedRelation, readonly ReflectedUniqueConstraint[]>> {
    return forEach(relations, (relation) => this.#uniqueConstraints(c, relation));
  }

  *#uniqueConstraints(c: DriverConnection, relation: ReflectedRelation): Op<readonly ReflectedUniqueConstraint[]> {
    const text = yield* this.#text(c, relation);
    const found: ReflectedUniqueConstraint[] = [];
    for (const row of (yield* query(c, this.#pragma("index_list", relation.name, relation))).reverse()) {
      if (String(row[3]) !== "u") continue;
      const columns = (yield* query(c, this.#pragma("index_info", String(row[1]), relation))).map((one) =>
        String(one[2]),
      );
      const written = text.uniques.find((one) => sameNames(one.columns, columns));
      found.push({
        name: written?.name ?? null,
        columnNames: columns,
        ...(written?.onConflict === undefined ? {} : { onConflict: written.onConflict }),
      });
    }
    return found;
  }

  checkConstraints(
    c: DriverConnection,
    relations: readonly ReflectedRelation[],
  ): Op<Map<ReflectedRelation, readonly ReflectedCheckConstraint[]>> {
    return forEach(relations, (relation) => this.#checks(c, relation));
  }

  *#checks(c: DriverConnection, relation: ReflectedRelation): Op<readonly ReflectedCheckConstraint[]> {
    return (yield* this.#text(c, relation)).checks;
  }

  excludeConstraints(
    _c: DriverConnection,
    relations: readonly ReflectedRelation[],
  ): Op<Map<ReflectedRelation, readonly []>> {
    return same(relations, []);
  }

  indexes(
    c: DriverConnection,
    relations: readonly ReflectedRelation[],
  ): Op<Map<ReflectedRelation, readonly ReflectedIndex[]>> {
    return forEach(relations, (relation) => this.#indexes(c, relation));
  }

  *#indexes(c: DriverConnection, relation: ReflectedRelation): Op<readonly ReflectedIndex[]> {
    const found: ReflectedIndex[] = [];
    const { columns } = yield* this.#text(c, relation);
    for (const row of yield* query(c, this.#pragma("index_list", relation.name, relation))) {
      // Those of PRIMARY KEY and UNIQUE are constraints.
      if (String(row[3]) !== "c") continue;
      const name = String(row[1]);
      const parts = (yield* query(c, this.#pragma("index_xinfo", name, relation))).filter(
        (one) => Number(one[5]) === 1,
      );
      const columnNames = parts.map((one) => (one[2] === null ? null : String(one[2])));
      const sql = yield* query(c, `SELECT sql FROM ${this.#master(relation)} WHERE type = 'index' AND name = ?`, [
        name,
      ]);
      const definition = withStrings(String(sql[0]?.[0] ?? ""), columns);
      const written = indexExpressions(definition);
      const texts = columnNames.map((column, i) => column ?? withoutOrder(written[i] ?? ""));
      const sorting = parts
        .map((one, i) => [texts[i] as string, Number(one[3])] as const)
        .filter(([, descending]) => descending === 1)
        .map(([part]) => [part, ["desc"]] as const);
      const collations = written
        .map((part, i) => [texts[i] as string, /\bcollate\s+["`[]?(\w+)/i.exec(part)?.[1]] as const)
        .filter((each, i): each is readonly [string, string] => each[1] !== undefined && columnNames[i] !== null);
      found.push({
        name,
        columnNames,
        expressions: columnNames.includes(null) ? texts : null,
        unique: Number(row[2]) === 1,
        columnSorting: Object.fromEntries(sorting),
        duplicatesConstraint: null,
        where: Number(row[4]) === 1 ? (/\)\s*where\s+(.*)$/is.exec(definition)?.[1] ?? null) : null,
        dialectOptions: collations.length === 0 ? {} : { collations: Object.fromEntries(collations) },
      });
    }
    return found.sort((a, b) => (a.name < b.name ? -1 : 1));
  }

  tableComments(_c: DriverConnection, relations: readonly ReflectedRelation[]): Op<Map<ReflectedRelation, null>> {
    return same(relations, null);
  }

  tableOptions(
    c: DriverConnection,
    relations: readonly ReflectedRelation[],
  ): Op<Map<ReflectedRelation, Readonly<Record<string, unknown>>>> {
    return forEach(relations, (relation) => this.#tableOptions(c, relation));
  }

  *#tableOptions(c: DriverConnection, relation: ReflectedRelation): Op<Readonly<Record<string, unknown>>> {
    const text = yield* this.#text(c, relation);
    return {
      ...(text.autoincrement ? { autoincrement: true } : {}),
      ...(text.withoutRowid ? { withRowid: false } : {}),
      ...(text.strict ? { strict: true } : {}),
    };
  }

  // --- inside ------------------------------------------------------------------------------------------------------

  /** Keys that are NUMERIC without a size: they hold whole numbers, and refer to and are referred to by what is INTEGER. */
  *#countingKeys(c: DriverConnection, relation: ReflectedRelation, rows: Rows): Op<ReadonlySet<string>> {
    const numeric = rows.filter((row) => /^(numeric|decimal)$/i.test(String(row[2] ?? "").trim()));
    if (numeric.length === 0) return NO_NAMES;
    const referring = yield* query(c, this.#pragma("foreign_key_list", relation.name, relation));
    const keys = new Set(referring.map((row) => String(row[3]).toLowerCase()));
    const found = numeric.filter((row) => Number(row[5]) > 0 || keys.has(String(row[1]).toLowerCase()));
    return new Set(found.map((row) => String(row[1])));
  }

  // The type under the name that the table gave it, where ours is another.
  #type(declared: string, collation: string | undefined, counting: boolean): SQLType {
    const type = counting ? integerType : reflectedType(declared);
    const same = declared !== "" && compact(this.dialect.typeCompiler.render(type)) === compact(declared);
    const spelled = same ? type : type.spelled(typeNameText(declared), "sqlite");
    return collation !== undefined && spelled instanceof StringType ? spelled.collated(collation) : spelled;
  }

  #place(relation: ReflectedRelation): string {
    const name = relation.id === TEMPORARY ? "temp" : (relation.schema ?? "main");
    return this.dialect.identifiers.quoteIfNeeded(name);
  }

  #master(relation: ReflectedRelation): string {
    return `${this.#place(relation)}.sqlite_schema`;
  }

  #pragma(name: string, argument: string, relation: ReflectedRelation): string {
    return `PRAGMA ${this.#place(relation)}.${name}(${this.dialect.identifiers.quote(argument)})`;
  }

  *#sql(c: DriverConnection, relation: ReflectedRelation, type: "table" | "view"): Op<string | null> {
    const rows = yield* query(
      c,
      `SELECT sql FROM ${this.#master(relation)} WHERE type = ? AND name = ? COLLATE NOCASE`,
      [type, relation.name],
    );
    return rows.length === 0 ? null : String(rows[0]?.[0] ?? "");
  }

  *#text(c: DriverConnection, relation: ReflectedRelation): Op<TableText> {
    let text = this.#texts.get(relation);
    if (text === undefined) {
      text = parseTable((yield* this.#sql(c, relation, "table")) ?? "");
      this.#texts.set(relation, text);
    }
    return text;
  }
}

function* forEach<T>(
  relations: readonly ReflectedRelation[],
  ask: (relation: ReflectedRelation) => Op<T>,
): Op<Map<ReflectedRelation, T>> {
  const found = new Map<ReflectedRelation, T>();
  for (const relation of relations) found.set(relation, yield* ask(relation));
  return found;
}

function* same<T>(relations: readonly ReflectedRelation[], answer: T): Op<Map<ReflectedRelation, T>> {
  return new Map(relations.map((relation) => [relation, answer]));
}

function sameNames(a: readonly string[], b: readonly string[]): boolean {
  return a.length === b.length && a.every((name, i) => name.toLowerCase() === b[i]?.toLowerCase());
}

function compact(typeName: string): string {
  return typeName.replace(/\s+/g, "").toUpperCase();
}

// `lower(name) DESC` without the order, which the PRAGMA tells.
function withoutOrder(part: string): string {
  return part.replace(/\s+(asc|desc)\s*$/i, "");
}

function* query(c: DriverConnection, text: string, params: readonly unknown[] = []): Op<Rows> {
  const plan = textPlan(text);
  if (c.immediate) return c.runSync(plan, params).rows;
  const result: DriverResult = yield new RunRequest(c, plan, params, undefined);
  return result.rows;
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
