/** What PostgreSQL tells of its schema. */
import { type DriverConnection, type DriverPlan, type DriverResult, RunRequest } from "../../engine/driver.js";
import type { Op } from "../../engine/io.js";
import { nextPlanId } from "../../engine/plan.js";
import type { ReflectedRelation, ReflectionDialect } from "../../engine/reflection.js";
import type { SequenceOptions } from "../../sql/schema/generated.js";
import type {
  ReflectedCheckConstraint,
  ReflectedColumn,
  ReflectedDomain,
  ReflectedEnum,
  ReflectedExcludeConstraint,
  ReflectedForeignKey,
  ReflectedIndex,
  ReflectedKind,
  ReflectedPrimaryKey,
  ReflectedSequence,
  ReflectedUniqueConstraint,
  ReflectionScope,
  TypedSequence,
} from "../../sql/schema/reflected.js";
import { DomainType } from "../../sql/types/domain.js";
import * as catalog from "./catalog.js";
import { domainsOf, type FoundDomain } from "./domains.js";
import { withoutOuterParentheses } from "./expression-text.js";
import { reflectedType } from "./type-names.js";

type Row = unknown[];
type Rows = Row[];

const RELKINDS: Readonly<Record<ReflectedKind, readonly string[]>> = {
  table: ["r", "p"],
  view: ["v"],
  materializedView: ["m"],
  foreignTable: ["f"],
};
const KINDS: Readonly<Record<string, ReflectedKind>> = {
  r: "table",
  p: "table",
  v: "view",
  m: "materializedView",
  f: "foreignTable",
};

/** Every question about tables takes one statement, however many they are. */
export class PostgresqlReflection implements ReflectionDialect {
  *defaultSchemaName(c: DriverConnection): Op<string | null> {
    return (yield* query(c, "SELECT current_schema()"))[0]?.[0] as string | null;
  }

  *schemaNames(c: DriverConnection): Op<readonly string[]> {
    return (yield* query(c, catalog.SCHEMA_NAMES)).map((row) => row[0] as string);
  }

  *relations(c: DriverConnection, scope: ReflectionScope): Op<readonly ReflectedRelation[]> {
    const kinds = scope.kinds.flatMap((kind) => RELKINDS[kind]);
    const rows = yield* query(c, catalog.RELATIONS, [scope.schema, kinds, scope.names, scope.scope]);
    return rows.map(([id, name, kind]) => ({
      name: name as string,
      schema: scope.schema,
      kind: KINDS[kind as string] as ReflectedKind,
      id: id as number,
    }));
  }

  *viewDefinition(c: DriverConnection, relation: ReflectedRelation): Op<string | null> {
    return (yield* query(c, "SELECT pg_catalog.pg_get_viewdef($1::oid, true)", [relation.id]))[0]?.[0] as string;
  }

  *hasSequence(c: DriverConnection, name: string, schema: string | null): Op<boolean> {
    return (yield* query(c, catalog.HAS_SEQUENCE, [name, schema])).length > 0;
  }

  *hasType(c: DriverConnection, name: string, schema: string | null): Op<boolean> {
    return (yield* query(c, catalog.HAS_TYPE, [name, schema])).length > 0;
  }

  *sequences(c: DriverConnection, schema: string | null): Op<readonly ReflectedSequence[]> {
    return (yield* query(c, catalog.SEQUENCES, [schema])).map((row) => ({
      ...reflectedSequence(row, schema),
      ...(row[5] === true ? { owned: true } : {}),
    }));
  }

  *defaultSequences(
    c: DriverConnection,
    relations: readonly ReflectedRelation[],
  ): Op<Map<ReflectedRelation, readonly TypedSequence[]>> {
    return lists(relations, yield* about(c, catalog.DEFAULT_SEQUENCES, relations), (row, { schema }) => {
      const sequence = reflectedSequence(row.slice(1), schema);
      return { ...sequence, type: reflectedType(sequence.typeName) };
    });
  }

  *enums(c: DriverConnection, schema: string | null): Op<readonly ReflectedEnum[]> {
    return (yield* query(c, catalog.ENUMS, [schema])).map(([name, place, visible, labels]) => ({
      name: name as string,
      schema: visible === true ? null : (place as string),
      labels: (labels as string[] | null) ?? [],
    }));
  }

  *domains(c: DriverConnection, schema: string | null): Op<readonly ReflectedDomain[]> {
    const found = [...(yield* allDomains(c, schema)).values()];
    return found.filter((each) => each.isWanted).map((each) => each.reflected);
  }

  *columns(
    c: DriverConnection,
    relations: readonly ReflectedRelation[],
  ): Op<Map<ReflectedRelation, readonly ReflectedColumn[]>> {
    const rows = yield* about(c, catalog.COLUMNS, relations);
    const domains = rows.some((row) => row[13] !== null) ? yield* allDomains(c, "*") : null;
    return lists(relations, rows, (row) => reflectedColumn(row, domains?.get(row[13] as number)?.type ?? null));
  }

  *primaryKeys(
    c: DriverConnection,
    relations: readonly ReflectedRelation[],
  ): Op<Map<ReflectedRelation, ReflectedPrimaryKey>> {
    const found = lists(relations, yield* about(c, catalog.CONSTRAINTS, relations, "p"), (row) => ({
      ...constraintFacts(row),
      constrainedColumns: row[2] as string[],
      ...included(row),
    }));
    const none = { name: null, constrainedColumns: [] };
    return new Map(relations.map((relation) => [relation, found.get(relation)?.[0] ?? none]));
  }

  *foreignKeys(
    c: DriverConnection,
    relations: readonly ReflectedRelation[],
  ): Op<Map<ReflectedRelation, readonly ReflectedForeignKey[]>> {
    return lists(relations, yield* about(c, catalog.FOREIGN_KEYS, relations), reflectedForeignKey);
  }

  *uniqueConstraints(
    c: DriverConnection,
    relations: readonly ReflectedRelation[],
  ): Op<Map<ReflectedRelation, readonly ReflectedUniqueConstraint[]>> {
    return lists(relations, yield* about(c, catalog.CONSTRAINTS, relations, "u"), (row) => ({
      ...constraintFacts(row),
      columnNames: row[2] as string[],
      ...included(row),
      ...(row[9] === true ? { nullsNotDistinct: true } : {}),
    }));
  }

  *checkConstraints(
    c: DriverConnection,
    relations: readonly ReflectedRelation[],
  ): Op<Map<ReflectedRelation, readonly ReflectedCheckConstraint[]>> {
    return lists(relations, yield* about(c, catalog.CONSTRAINTS, relations, "c"), (row) => ({
      ...constraintFacts(row),
      sqltext: withoutOuterParentheses(row[7] as string),
    }));
  }

  *excludeConstraints(
    c: DriverConnection,
    relations: readonly ReflectedRelation[],
  ): Op<Map<ReflectedRelation, readonly ReflectedExcludeConstraint[]>> {
    return lists(relations, yield* about(c, catalog.EXCLUSIONS, relations), (row) => {
      const [, name, parts, operators, using, where, deferrable, deferred, comment] = row;
      return {
        name: name as string,
        elements: (parts as string[]).map((part, i) => [part, (operators as string[])[i] as string] as const),
        using: using as string,
        where: where === null ? null : withoutOuterParentheses(where as string),
        ...deferral(deferrable, deferred),
        ...(comment === null ? {} : { comment: comment as string }),
      };
    });
  }

  *indexes(
    c: DriverConnection,
    relations: readonly ReflectedRelation[],
  ): Op<Map<ReflectedRelation, readonly ReflectedIndex[]>> {
    return lists(relations, yield* about(c, catalog.INDEXES, relations), reflectedIndex);
  }

  *tableComments(
    c: DriverConnection,
    relations: readonly ReflectedRelation[],
  ): Op<Map<ReflectedRelation, string | null>> {
    const found = lists(relations, yield* about(c, catalog.TABLE_FACTS, relations), (row) => row[1] as string | null);
    return new Map(relations.map((relation) => [relation, found.get(relation)?.[0] ?? null]));
  }

  *tableOptions(
    c: DriverConnection,
    relations: readonly ReflectedRelation[],
  ): Op<Map<ReflectedRelation, Readonly<Record<string, unknown>>>> {
    const found = lists(relations, yield* about(c, catalog.TABLE_FACTS, relations), tableFacts);
    return new Map(relations.map((relation) => [relation, found.get(relation)?.[0] ?? {}]));
  }
}

function* allDomains(c: DriverConnection, schema: string | null): Op<ReadonlyMap<number, FoundDomain>> {
  return domainsOf(yield* query(c, catalog.DOMAINS, [schema]));
}

function about(
  c: DriverConnection,
  text: string,
  relations: readonly ReflectedRelation[],
  ...more: readonly unknown[]
): Op<Rows> {
  return query(c, text, [relations.map((relation) => relation.id), ...more]);
}

// Rows whose first column is a relation's id, by relation.
function lists<T>(
  relations: readonly ReflectedRelation[],
  rows: Rows,
  make: (row: Row, relation: ReflectedRelation) => T,
): Map<ReflectedRelation, T[]> {
  const byId = new Map(relations.map((relation) => [relation.id, relation]));
  const found = new Map<ReflectedRelation, T[]>(relations.map((relation) => [relation, []]));
  for (const row of rows) {
    const relation = byId.get(row[0] as number);
    if (relation !== undefined) found.get(relation)?.push(make(row, relation));
  }
  return found;
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

function tableFacts(row: Row): Record<string, unknown> {
  const [, , partitionBy, storage, persistence, inherits, using, tablespace, partition] = row;
  const [parent, bound] = (partition as [string, string] | null) ?? [];
  return {
    ...(partitionBy === null ? {} : { partitionBy }),
    ...(storage === null ? {} : { with: storageParameters(storage as string[]) }),
    ...(persistence === "u" ? { unlogged: true } : {}),
    ...(inherits === null ? {} : { inherits }),
    ...(using === null ? {} : { using }),
    ...(tablespace === null ? {} : { tablespace }),
    ...(parent === undefined ? {} : { partitionOf: parent, forValues: bound }),
  };
}

function reflectedSequence([name, visible, place, typeName, options]: Row, schema: string | null): ReflectedSequence {
  return {
    name: name as string,
    schema: visible === true ? schema : (place as string),
    typeName: typeName as string,
    ...sequenceOptions(options as string[]),
  };
}

function reflectedColumn(row: Row, domain: DomainType | null): ReflectedColumn {
  const [, name, typeName, notNull, expression, generated, identity, comment, key, collation, dimensions] = row;
  const [enumeration, labels, , sequence] = row.slice(11) as [
    [string, string | null] | null,
    string[] | null,
    number | null,
    string[] | null,
  ];
  const text = expression as string | null;
  const computed =
    generated === "" ? null : { sqltext: withoutOuterParentheses(text ?? ""), persisted: generated === "s" };
  const type = reflectedType(typeName as string, {
    enumeration: enumeration && { name: enumeration[0], schema: enumeration[1], labels: labels ?? [] },
    collation: collation as [string, string | null] | null,
    dimensions: dimensions as number,
    domain,
  });
  const own = type instanceof DomainType ? type : null;
  const serial = own === null && sequence?.[0] === "a" && /^nextval\(/.test(text ?? "");
  return {
    name: name as string,
    type,
    typeName: typeName as string,
    nullable: notNull !== true && own?.forbidsNull !== true,
    ...(notNull !== true && own?.forbidsNull === true ? { nullableButForDomain: true } : {}),
    default: computed === null ? text : null,
    autoincrement: identity !== "" || serial,
    serial,
    comment: comment as string | null,
    computed,
    identity: identity === "" ? null : { always: identity === "a", ...sequenceOptions(sequence?.slice(2) ?? []) },
    primaryKey: key as number,
  };
}

// start, increment, minimum, maximum, cache, cycle
function sequenceOptions(texts: readonly string[]): SequenceOptions {
  const [start, increment, minValue, maxValue, cache, cycle] = texts as [
    string,
    string,
    string,
    string,
    string,
    string,
  ];
  return {
    start: exactInteger(start),
    increment: exactInteger(increment),
    minValue: exactInteger(minValue),
    maxValue: exactInteger(maxValue),
    cache: Number(cache),
    cycle: cycle === "true",
  };
}

function exactInteger(text: string): number | bigint {
  const number = Number(text);
  return Number.isSafeInteger(number) ? number : BigInt(text);
}

function constraintFacts(row: Row): Omit<ReflectedPrimaryKey, "constrainedColumns"> & { readonly name: string } {
  const [, name, , deferrable, deferred, validated, comment] = row;
  return {
    name: name as string,
    ...deferral(deferrable, deferred),
    ...(validated === false ? { notValid: true } : {}),
    ...(comment === null ? {} : { comment: comment as string }),
  };
}

function deferral(deferrable: unknown, deferred: unknown): { deferrable?: boolean; initially?: string } {
  return deferrable === true ? { deferrable: true, initially: deferred === true ? "DEFERRED" : "IMMEDIATE" } : {};
}

function included(row: Row): { include?: string[] } {
  return row[8] === null ? {} : { include: row[8] as string[] };
}

function reflectedForeignKey(row: Row, relation: ReflectedRelation): ReflectedForeignKey {
  const [, name, columns, referredSchema, visible, referredTable, referredColumns] = row;
  const [onDelete, onUpdate, deferrable, deferred, match, setColumns, validated, comment] = row.slice(7);
  const setting = action("onDelete", onDelete);
  if (setColumns !== null) setting["onDelete"] += ` (${(setColumns as string[]).join(", ")})`;
  return {
    name: name as string,
    constrainedColumns: columns as string[],
    referredSchema: visible === true && referredSchema !== relation.schema ? null : (referredSchema as string),
    referredTable: referredTable as string,
    referredColumns: referredColumns as string[],
    options: {
      ...setting,
      ...action("onUpdate", onUpdate),
      ...deferral(deferrable, deferred),
      ...(match === "f" ? { match: "FULL" } : {}),
      ...(validated === false ? { notValid: true } : {}),
    },
    ...(comment === null ? {} : { comment: comment as string }),
  };
}

function reflectedIndex(row: Row): ReflectedIndex {
  const [, name, unique, parts, isExpression, options, where, constraint, method, keyCount, storage] = row as [
    number,
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
  ];
  const [classes, collations, notDistinct, comment, tablespace, ofParent, collationSchemas] = row.slice(11) as [
    (string | null)[] | null,
    (string | null)[] | null,
    boolean,
    string | null,
    string | null,
    boolean,
    (string | null)[] | null,
  ];
  const keys = parts.slice(0, keyCount);
  const sorting: Record<string, string[]> = {};
  const byPart = (values: readonly (string | null)[] | null): Record<string, string> =>
    Object.fromEntries(keys.flatMap((part, i) => (values?.[i] == null ? [] : [[part, values[i] as string]])));
  keys.forEach((part, i) => {
    const bits = options[i] ?? 0;
    const words: string[] = [];
    if ((bits & 1) !== 0) words.push("desc");
    // NULLS FIRST is what DESC has by itself
    if ((bits & 2) !== 0 && (bits & 1) === 0) words.push("nulls_first");
    if ((bits & 2) === 0 && (bits & 1) !== 0) words.push("nulls_last");
    if (words.length > 0) sorting[part] = words;
  });
  const include = parts.slice(keyCount);
  const ops = byPart(classes);
  const collated = byPart(collations);
  const places = byPart(collationSchemas);
  return {
    name,
    columnNames: keys.map((part, i) => (isExpression[i] === true ? null : part)),
    expressions: isExpression.some((each) => each) ? keys : null,
    unique,
    columnSorting: sorting,
    duplicatesConstraint: constraint,
    where: where === null ? null : withoutOuterParentheses(where),
    ...(comment === null ? {} : { comment }),
    ...(ofParent ? { ofParent } : {}),
    dialectOptions: {
      ...(method === "btree" ? {} : { using: method }),
      ...(include.length === 0 ? {} : { include }),
      ...(storage === null ? {} : { with: storageParameters(storage) }),
      ...(Object.keys(ops).length === 0 ? {} : { ops }),
      ...(Object.keys(collated).length === 0 ? {} : { collations: collated }),
      ...(Object.keys(places).length === 0 ? {} : { collationSchemas: places }),
      ...(notDistinct ? { nullsNotDistinct: true } : {}),
      ...(tablespace === null ? {} : { tablespace }),
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
