/** What migrations need of PostgreSQL: a lock, one transaction for all, what equal definitions look like. */
import type { AsyncConnection } from "../../engine/async-connection.js";
import { collationText, type MigrationDialect, type MigrationLimits, type VersionPlace } from "./migration-dialect.js";
import { takePatiently } from "./patience.js";
import { lintForPostgresql } from "./postgresql-lint.js";
import { safeForPostgresql } from "./postgresql-safe.js";
import { unwrittenOfPostgresql } from "./postgresql-unwritten.js";

async function limit(connection: AsyncConnection, limits: MigrationLimits, local: boolean): Promise<void> {
  const given = [
    ["lock_timeout", limits.lockTimeout],
    ["statement_timeout", limits.statementTimeout],
  ] as const;
  for (const [name, value] of given) {
    if (value !== undefined)
      await connection.execDriverSql("select set_config($1, $2, $3)", [name, `${value}ms`, local]);
  }
}

/**
 * `name IN ('a')` over a varchar becomes `ARRAY['a'::character varying]::text[]`, and that, written again, becomes
 * `ARRAY['a'::character varying::text]`: the casts from text to text are left out, and the brackets around one word.
 */
function withoutTextCasts(sql: string): string {
  const casts = /'(?:[^']|'')*'|"(?:[^"]|"")*"|::(?:text|character varying)(?:\(\d+\))?(?:\[\])?/g;
  const brackets = /(?<!\w)\(('(?:[^']|'')*'|"(?:[^"]|"")*"|\w+|ARRAY\[[^[\]()]*\])\)/g;
  let text = sql.replaceAll(casts, (found) => (found.startsWith("::") ? "" : found));
  for (let before = ""; before !== text; ) {
    before = text;
    text = text.replaceAll(brackets, "$1");
  }
  return text;
}

/** Tenants that are schemas of one database have locks of their own. */
const KEY = "hashtextextended(concat('athanor ', coalesce($2::text, current_schema()), '.', $1::text), 0)";
const keyOf = ({ name, schema }: VersionPlace): (string | null)[] => [name, schema];

const OF_EXTENSIONS = `
select o.name from (
  select 'pg_class'::regclass::oid, c.oid, c.relnamespace, c.relname::text from pg_class c
  union all select 'pg_type'::regclass::oid, t.oid, t.typnamespace, t.typname::text from pg_type t
) o (class, oid, namespace, name)
  join pg_depend d on d.classid = o.class and d.objid = o.oid and d.deptype = 'e'
  join pg_namespace n on n.oid = o.namespace
where n.nspname = coalesce($1::text, current_schema())`;

// By way of others, too. The whole of itself is named by every view of servers before version 16.
const READING_THEMSELVES = `
with recursive reads (view, other) as (
  select r.ev_class, d.refobjid from pg_rewrite r join pg_depend d on d.classid = 'pg_rewrite'::regclass and d.objid = r.oid
    and d.refclassid = 'pg_class'::regclass and d.deptype = 'n'
    and r.rulename = '_RETURN' and (d.refobjid <> r.ev_class or d.refobjsubid > 0)
), reading (view, other) as (
  select view, other from reads
  union
  select reading.view, reads.other from reading join reads on reads.view = reading.other
)
select distinct c.relname::text from reading join pg_class c on c.oid = reading.view join pg_namespace n on n.oid = c.relnamespace
where reading.view = reading.other and c.relkind in ('v', 'm') and n.nspname = coalesce($1::text, current_schema())`;

/** An advisory lock of the session, taken in a transaction of its own. */
export const postgresqlMigrations: MigrationDialect = {
  scratch: "schema",
  canonicalCheck: withoutTextCasts,
  typeText: ({ type, typeName }) => typeName + collationText(type),
  plainType: ({ type }) => type,
  lint: lintForPostgresql,
  safe: safeForPostgresql,
  async ofExtensions(connection, schema) {
    const found = await connection.execDriverSql(OF_EXTENSIONS, [schema]);
    return new Set((found.all() as unknown as readonly (readonly [string])[]).map(([name]) => name));
  },
  async readingThemselves(connection, schema) {
    const found = await connection.execDriverSql(READING_THEMSELVES, [schema]).scalars().all();
    return new Set(found as readonly string[]);
  },
  unwritten: unwrittenOfPostgresql,
  async estimatedRows(connection, tables) {
    const found = await connection.execDriverSql(
      "select name, reltuples from unnest($1::text[]) name join pg_class c on c.oid = to_regclass(name) where reltuples >= 0",
      [tables],
    );
    const rows = found.all() as unknown as readonly (readonly [string, number])[];
    return new Map(rows.map(([name, count]) => [name, Number(count)]));
  },
  batchedUpdate: (table, set, where, size) =>
    `UPDATE ${table} SET ${set} WHERE (${where}) AND ctid = ANY (ARRAY(SELECT ctid FROM ${table} WHERE ${where} LIMIT ${size}))`,
  async lock(connection, versions, { waitTimeout, onWait }) {
    // Not by pg_advisory_lock(): CREATE INDEX CONCURRENTLY of who has the lock waits for all transactions, and so for one that waits for the lock.
    const take = async (): Promise<true | null> => {
      const had = await connection.execDriverSql(`select pg_try_advisory_lock(${KEY})`, keyOf(versions)).scalar();
      await connection.commit();
      return had === true ? had : null;
    };
    return (await takePatiently(take, waitTimeout, onWait)) ?? false;
  },
  async unlock(connection, versions) {
    if (connection.invalidated) return;
    try {
      await connection.execDriverSql(`select pg_advisory_unlock(${KEY})`, keyOf(versions));
      await connection.commit();
    } catch (error) {
      // It has gone with its connection.
      if (!connection.invalidated) throw error;
    }
  },
  async lockTransaction(connection, versions) {
    await connection.execDriverSql(`select pg_advisory_xact_lock(${KEY})`, keyOf(versions));
  },
  async prepare() {},
  async begun(connection, limits) {
    await limit(connection, limits, true);
  },
  async verify() {},
  async restore() {},
};
