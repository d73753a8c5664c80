/** What PostgreSQL tells of its schema. */
import { type DriverConnection, type DriverPlan, type DriverResult, RunRequest } from "../../engine/driver.js";
import { NoSuchTableError } from "../../engine/errors.js";
import type { Op } from "../../engine/io.js";
import { nextPlanId } from "../../engine/plan.js";
import type {
  ReflectedCheckConstraint,
  ReflectedColumn,
  ReflectedForeignKey,
  ReflectedIndex,
  ReflectedPrimaryKey,
  ReflectedUniqueConstraint,
  ReflectionDialect,
} from "../../engine/reflection.js";
import * as catalog from "./catalog.js";
import { type ReflectedEnum, reflectedType } from "./type-names.js";

type Rows = unknown[][];

const TABLES = ["r", "p", "f"];
const VIEWS = ["v", "m"];

/** An index with what only PostgreSQL has. */
export interface PostgresqlReflectedIndex extends ReflectedIndex {
  readonly dialectOptions: {
    readonly using?: string;
    readonly include?: readonly string[];
    readonly with?: Readonly<Record<string, string>>;
    readonly ops?: Readonly<Record<string, string>>;
    readonly nullsNotDistinct?: boolean;
  };
}

/** A domain. */
export interface ReflectedDomain {
  readonly name: string;
  readonly typeName: string;
  readonly nullable: boolean;
  readonly default: string | null;
  readonly constraints: readonly string[];
}

export class PostgresqlReflection implements ReflectionDialect {
  *defaultSchemaName(c: DriverConnection): Op<string | null> {
    return (yield* query(c, "SELECT current_schema()"))[0]?.[0] as string | null;
  }

  *schemaNames(c: DriverConnection): Op<readonly string[]> {
    return names(yield* query(c, catalog.SCHEMA_NAMES));
  }

  *tableNames(c: DriverConnection, schema: string | null): Op<readonly string[]> {
    return names(yield* query(c, catalog.RELATION_NAMES, [schema, ["r", "p"]]));
  }

  *tempTableNames(c: DriverConnection): Op<readonly string[]> {
    return names(yield* query(c, catalog.TEMP_TABLE_NAMES));
  }

  *viewNames(c: DriverConnection, schema: string | null): Op<readonly string[]> {
    return names(yield* query(c, catalog.RELATION_NAMES, [schema, VIEWS]));
  }

  *materializedViewNames(c: DriverConnection, schema: string | null): Op<readonly string[]> {
    return names(yield* query(c, catalog.RELATION_NAMES, [schema, ["m"]]));
  }

  *foreignTableNames(c: DriverConnection, schema: string | null): Op<readonly string[]> {
    return names(yield* query(c, catalog.RELATION_NAMES, [schema, ["f"]]));
  }

  *viewDefinition(c: DriverConnection, name: string, schema: string | null): Op<string | null> {
    const found = yield* this.#find(c, name, schema, VIEWS);
    if (found === null) return null;
    return (yield* query(c, "SELECT pg_catalog.pg_get_viewdef($1::oid, true)", [found.oid]))[0]?.[0] as string;
  }

  *hasTable(c: DriverConnection, name: string, schema: string | null): Op<boolean> {
    return (yield* this.#find(c, name, schema, [...TABLES, ...VIEWS])) !== null;
  }

  *hasIndex(c: DriverConnection, table: string, index: string, schema: string | null): Op<boolean> {
    const found = yield* this.#find(c, table, schema, [...TABLES, ...VIEWS]);
    if (found === null) return false;
    return (yield* query(c, catalog.INDEXES, [found.oid])).some((row) => row[0] === index);
  }

  *hasSequence(c: DriverConnection, name: string, schema: string | null): Op<boolean> {
    return (yield* this.#find(c, name, schema, ["S"])) !== null;
  }

  *hasType(c: DriverConnection, name: string, schema: string | null): Op<boolean> {
    return (yield* query(c, catalog.HAS_TYPE, [name, schema])).length > 0;
  }

  *sequenceNames(c: DriverConnection, schema: string | null): Op<readonly string[]> {
    return names(yield* query(c, catalog.RELATION_NAMES, [schema, ["S"]]));
  }

  /** The enum types of a schema with their labels. */
  *enums(c: DriverConnection, schema: string | null): Op<readonly ReflectedEnum[]> {
    return (yield* query(c, catalog.ENUMS, [schema])).map((row) => ({
      name: row[0] as string,
      schema: row[2] === true ? null : (row[1] as string),
      labels: (row[3] as string[] | null) ?? [],
    }));
  }

  /** The domains of a schema. */
  *domains(c: DriverConnection, schema: string | null): Op<readonly ReflectedDomain[]> {
    return (yield* query(c, catalog.DOMAINS, [schema])).map((row) => ({
      name: row[0] as string,
      typeName: row[1] as string,
      nullable: row[2] as boolean,
      default: row[3] as string | null,
      constraints: (row[4] as string[] | null) ?? [],
    }));
  }

  *columns(c: DriverConnection, table: string, schema: string | null): Op<readonly ReflectedColumn[] | null> {
    const found = yield* this.#find(c, table, schema, [...TABLES, ...VIEWS]);
    if (found === null) return null;
    return (yield* query(c, catalog.COLUMNS, [found.oid])).map(reflectedColumn);
  }

  *primaryKey(c: DriverConnection, table: string, schema: string | null): Op<ReflectedPrimaryKey> {
    const row = (yield* this.#constraints(c, table, schema, "p"))[0];
    if (row === undefined) return { name: null, constrainedColumns: [] };
    return { name: row[0] as string, constrainedColumns: row[1] as string[] };
  }

  *foreignKeys(c: DriverConnection, table: string, schema: string | null): Op<readonly ReflectedForeignKey[]> {
    const { oid } = yield* this.#table(c, table, schema);
    return (yield* query(c, catalog.FOREIGN_KEYS, [oid])).map((row) => {
      const [
        name,
        columns,
        referredSchema,
        visible,
        referredTable,
        referredColumns,
        onDelete,
        onUpdate,
        deferrable,
        deferred,
      ] = row;
      const options = {
        ...action("onDelete", onDelete),
        ...action("onUpdate", onUpdate),
        ...(deferrable === true ? { deferrable: true, initially: deferred === true ? "DEFERRED" : "IMMEDIATE" } : {}),
      };
      return {
        name: name as string,
        constrainedColumns: columns as string[],
        referredSchema: visible === true && referredSchema !== schema ? null : (referredSchema as string),
        referredTable: referredTable as string,
        referredColumns: referredColumns as string[],
        options,
      };
    });
  }

  *uniqueConstraints(
    c: DriverConnection,
    table: string,
    schema: string | null,
  ): Op<readonly ReflectedUniqueConstraint[]> {
    const rows = yield* this.#constraints(c, table, schema, "u");
    return rows.map((row) => ({ name: row[0] as string, columnNames: row[1] as string[] }));
  }

  *checkConstraints(
    c: DriverConnection,
    table: string,
    schema: string | null,
  ): Op<readonly ReflectedCheckConstraint[]> {
    const rows = yield* this.#constraints(c, table, schema, "c");
    return rows.map((row) => ({ name: row[0] as string, sqltext: withoutOuterParentheses(row[5] as string) }));
  }

  *indexes(c: DriverConnection, table: string, schema: string | null): Op<readonly PostgresqlReflectedIndex[]> {
    const { oid } = yield* this.#table(c, table, schema);
    return (yield* query(c, catalog.INDEXES, [oid])).map(reflectedIndex);
  }

  *tableComment(c: DriverConnection, table: string, schema: string | null): Op<string | null> {
    const { oid } = yield* this.#table(c, table, schema);
    return (yield* query(c, catalog.TABLE_FACTS, [oid]))[0]?.[0] as string | null;
  }

  *tableOptions(c: DriverConnection, table: string, schema: string | null): Op<Readonly<Record<string, unknown>>> {
    const { oid } = yield* this.#table(c, table, schema);
    const [, partitionBy, storage, persistence, inherits] = (yield* query(c, catalog.TABLE_FACTS, [
      oid,
    ]))[0] as unknown[];
    return {
      ...(partitionBy === null ? {} : { partitionBy }),
      ...(storage === null ? {} : { with: storageParameters(storage as string[]) }),
      ...(persistence === "u" ? { unlogged: true } : {}),
      ...(inherits === null ? {} : { inherits }),
    };
  }

  // --- inside ------------------------------------------------------------------------------------------------------

  *#find(
    c: DriverConnection,
    name: string,
    schema: string | null,
    kinds: readonly string[],
  ): Op<{ oid: number } | null> {
    const row = (yield* query(c, catalog.FIND_RELATION, [name, schema, kinds]))[0];
    return row === undefined ? null : { oid: row[0] as number };
  }

  *#table(c: DriverConnection, name: string, schema: string | null): Op<{ oid: number }> {
    const found = yield* this.#find(c, name, schema, [...TABLES, ...VIEWS]);
    if (found === null) {
      throw new NoSuchTableError(`There is no table or view "${schema === null ? name : `${schema}.${name}`}"`);
    }
    return found;
  }

  *#constraints(c: DriverConnection, table: string, schema: string | null, kind: string): Op<Rows> {
    const { oid } = yield* this.#table(c, table, schema);
    return yield* query(c, catalog.CONSTRAINTS, [oid, kind]);
  }
}

// One plan for each question, so that it is prepared once for each connection.
const plans = new Map<string, DriverPlan>();

function* query(c: DriverConnection, text: string, params: readonly unknown[] = []): Op<Rows> {
  let plan = plans.get(text);
  if (plan === undefined) {
    plan = { text, returnsRows: true, integers: "number", cacheId: nextPlanId() };
    plans.set(text, plan);
  }
  const result: DriverResult = yield new RunRequest(c, plan, params, undefined);
  return result.rows;
}

function names(rows: Rows): string[] {
  return rows.map((row) => row[0] as string);
}

function reflectedColumn(row: unknown[]): ReflectedColumn {
  const [
    name,
    typeName,
    notNull,
    expression,
    generated,
    identity,
    comment,
    key,
    enumName,
    enumSchema,
    labels,
    sequence,
  ] = row;
  const enumeration =
    enumName === null
      ? null
      : { name: enumName as string, schema: enumSchema as string | null, labels: (labels as string[] | null) ?? [] };
  const text = expression as string | null;
  const computed =
    generated === "" ? null : { sqltext: withoutOuterParentheses(text ?? ""), persisted: generated === "s" };
  return {
    name: name as string,
    type: reflectedType(typeName as string, enumeration),
    typeName: typeName as string,
    nullable: notNull !== true,
    default: computed === null ? text : null,
    autoincrement: identity !== "" || /^nextval\(/.test(text ?? ""),
    comment: comment as string | null,
    computed,
    identity: identity === "" ? null : { always: identity === "a", ...(sequence as Record<string, unknown> | null) },
    primaryKey: key as number,
  };
}

function reflectedIndex(row: unknown[]): PostgresqlReflectedIndex {
  const [
    name,
    unique,
    parts,
    isExpression,
    options,
    where,
    constraint,
    method,
    keyCount,
    storage,
    classes,
    notDistinct,
  ] = row as [
    string,
    boolean,
    string[],
    boolean[],
    number[],
    string | null,
    string | null,
    string,
    number,
    string[] | null,
    (string | null)[] | null,
    boolean,
  ];
  const keys = parts.slice(0, keyCount);
  const sorting: Record<string, string[]> = {};
  const ops: Record<string, string> = {};
  keys.forEach((part, i) => {
    const bits = options[i] ?? 0;
    const words: string[] = [];
    if ((bits & 1) !== 0) words.push("desc");
    // NULLS FIRST is what DESC has by itself
    if ((bits & 2) !== 0 && (bits & 1) === 0) words.push("nulls_first");
    if ((bits & 2) === 0 && (bits & 1) !== 0) words.push("nulls_last");
    if (words.length > 0) sorting[part] = words;
    const operatorClass = classes?.[i] ?? null;
    if (operatorClass !== null) ops[part] = operatorClass;
  });
  const include = parts.slice(keyCount);
  return {
    name,
    columnNames: keys.map((part, i) => (isExpression[i] === true ? null : part)),
    expressions: isExpression.some((each) => each) ? keys : null,
    unique,
    columnSorting: sorting,
    duplicatesConstraint: constraint,
    where: where === null ? null : withoutOuterParentheses(where),
    dialectOptions: {
      ...(method === "btree" ? {} : { using: method }),
      ...(include.length === 0 ? {} : { include }),
      ...(storage === null ? {} : { with: storageParameters(storage) }),
      ...(Object.keys(ops).length === 0 ? {} : { ops }),
      ...(notDistinct ? { nullsNotDistinct: true } : {}),
    },
  };
}

const ACTIONS: Readonly<Record<string, string>> = { r: "RESTRICT", c: "CASCADE", n: "SET NULL", d: "SET DEFAULT" };

function action(name: string, code: unknown): Record<string, string> {
  const text = ACTIONS[String(code)];
  return text === undefined ? {} : { [name]: text };
}

function storageParameters(list: readonly string[]): Record<string, string> {
  return Object.fromEntries(list.map((each) => [each.slice(0, each.indexOf("=")), each.slice(each.indexOf("=") + 1)]));
}

/** `((a > 0) AND (b > 0))` without the pair around the whole. */
function withoutOuterParentheses(text: string): string {
  if (!text.startsWith("(") || !text.endsWith(")")) return text;
  let depth = 0;
  for (let i = 0; i < text.length; i++) {
    const char = text[i];
    if (char === "'") {
      i = text.indexOf("'", i + 1);
      if (i < 0) return text;
    } else if (char === "(") depth++;
    else if (char === ")" && --depth === 0 && i < text.length - 1) return text;
  }
  return text.slice(1, -1);
}
