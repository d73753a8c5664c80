/** What a PostgreSQL schema has that no class says. */
import type { AsyncConnection } from "../../engine/async-connection.js";

// Of the schema $1 (null: the default one), without what extensions have brought: relations c, and what else is in it by its kind.
const PLACE = "(SELECT oid FROM pg_namespace WHERE nspname = coalesce($1::text, current_schema()))";
const own = (catalog: string, object: string): string => `NOT EXISTS (SELECT FROM pg_depend e
    WHERE e.classid = '${catalog}'::regclass AND e.objid = ${object} AND e.deptype = 'e')`;
const RELATION = `c.relnamespace = ${PLACE} AND ${own("pg_class", "c.oid")}`;
const columns = (what: string, condition: string, kinds = "'r', 'p', 'm'"): string => `
  SELECT '${what}', format('%s.%s', c.relname, a.attname)
  FROM pg_class c JOIN pg_attribute a ON a.attrelid = c.oid JOIN pg_type t ON t.oid = a.atttypid
  WHERE c.relkind IN (${kinds}) AND a.attnum > 0 AND NOT a.attisdropped AND ${RELATION} AND ${condition}`;

// As PostgreSQL shortens the two names to what it keeps.
const shortened = (name: string, other: string): string =>
  `left(${name}, least(length(${name}), greatest(29, 58 - length(${other}))))`;
const SERIAL_NAME = `format('%s_%s_seq', ${shortened("c.relname", "a.attname")}, ${shortened("a.attname", "c.relname")})`;

/** Each row: a kind of {@link SAYINGS}, and a name. */
const UNWRITTEN = `${[
  columns("storage", "a.attstorage <> t.typstorage"),
  columns("compression", "a.attcompression <> ''"),
  columns("statistics", "coalesce(a.attstattarget, -1) >= 0", "'r', 'p', 'm', 'i', 'I'"),
  columns("column options", "array_to_string(a.attoptions, ' ') ~ 'n_distinct'"),
].join(" UNION ALL")}
  UNION ALL
  SELECT 'cluster', format('%s (%s)', c.relname, x.indexrelid::regclass)
  FROM pg_index x JOIN pg_class c ON c.oid = x.indrelid WHERE x.indisclustered AND ${RELATION}
  UNION ALL
  SELECT 'replica identity', c.relname FROM pg_class c WHERE c.relkind IN ('r', 'p') AND c.relreplident NOT IN ('d', 'n') AND ${RELATION}
  UNION ALL
  SELECT 'inherited', c.relname FROM pg_class c WHERE c.relkind IN ('r', 'p') AND NOT c.relispartition AND ${RELATION}
    AND EXISTS (SELECT FROM pg_attribute a WHERE a.attrelid = c.oid AND a.attinhcount > 0 AND NOT a.attislocal AND NOT a.attisdropped)
  UNION ALL
  SELECT 'row security', c.relname FROM pg_class c WHERE c.relrowsecurity AND ${RELATION}
  UNION ALL
  SELECT 'policy', format('%s on %s', p.polname, c.relname) FROM pg_policy p JOIN pg_class c ON c.oid = p.polrelid WHERE ${RELATION}
  UNION ALL
  SELECT 'trigger', format('%s on %s', g.tgname, c.relname)
  FROM pg_trigger g JOIN pg_class c ON c.oid = g.tgrelid WHERE NOT g.tgisinternal AND g.tgparentid = 0 AND ${RELATION}
  UNION ALL
  SELECT 'rule', format('%s on %s', r.rulename, c.relname)
  FROM pg_rewrite r JOIN pg_class c ON c.oid = r.ev_class WHERE r.rulename <> '_RETURN' AND ${RELATION}
  UNION ALL
  SELECT 'not valid', format('%s of %s', k.conname, c.relname)
  FROM pg_constraint k JOIN pg_class c ON c.oid = k.conrelid WHERE NOT k.convalidated AND ${RELATION}
  UNION ALL
  SELECT 'not valid', format('%s of %s', k.conname, t.typname)
  FROM pg_constraint k JOIN pg_type t ON t.oid = k.contypid
  WHERE NOT k.convalidated AND t.typnamespace = ${PLACE} AND ${own("pg_type", "t.oid")}
  UNION ALL
  SELECT CASE WHEN t.typtype = 'd' OR NOT pg_get_expr(f.adbin, f.adrelid) ~ '^nextval' THEN 'owned by' ELSE 'serial' END,
    format('%s.%s (%s)', c.relname, a.attname, q.relname)
  FROM pg_depend d JOIN pg_sequence s ON s.seqrelid = d.objid JOIN pg_class q ON q.oid = s.seqrelid
    JOIN pg_class c ON c.oid = d.refobjid
    JOIN pg_attribute a ON a.attrelid = d.refobjid AND a.attnum = d.refobjsubid JOIN pg_type t ON t.oid = a.atttypid
    LEFT JOIN pg_attrdef f ON f.adrelid = a.attrelid AND f.adnum = a.attnum
  WHERE d.classid = 'pg_class'::regclass AND d.refclassid = 'pg_class'::regclass AND d.deptype = 'a' AND ${RELATION}
    AND (t.typtype = 'd' OR f.oid IS NULL OR NOT pg_get_expr(f.adbin, f.adrelid) ~ '^nextval'
      OR (q.relname, s.seqtypid, s.seqstart, s.seqincrement, s.seqmin, s.seqmax, s.seqcache, s.seqcycle) IS DISTINCT FROM
        (${SERIAL_NAME}::name, a.atttypid, 1, 1, 1,
         CASE a.atttypid WHEN 'smallint'::regtype THEN 32767 WHEN 'integer'::regtype THEN 2147483647 ELSE 9223372036854775807 END, 1, false))
  UNION ALL
  SELECT 'comment', coalesce(replace(i.type, ' column', '') || ' ' || i.name || coalesce('.' || a.attname, ''), i.identity)
  FROM pg_description n CROSS JOIN LATERAL pg_identify_object(n.classoid, n.objoid, 0) i
    LEFT JOIN pg_attribute a ON n.objsubid > 0 AND a.attrelid = n.objoid AND a.attnum = n.objsubid
  WHERE (n.classoid IN ('pg_class'::regclass, 'pg_type'::regclass) AND i.type NOT IN ('table', 'composite type')
      AND (i.type <> 'index' OR EXISTS (SELECT FROM pg_constraint k WHERE k.conindid = n.objoid AND k.contype <> 'f'))
      AND i.schema = quote_ident(coalesce($1::text, current_schema()))
      OR n.classoid = 'pg_namespace'::regclass AND n.objoid = ${PLACE} AND n.description <> 'standard public schema')
    AND NOT EXISTS (SELECT FROM pg_depend e WHERE e.classid = n.classoid AND e.objid = n.objoid AND e.deptype = 'e')
  UNION ALL
  SELECT CASE t.typtype WHEN 'r' THEN 'range type' WHEN 'c' THEN 'composite type' WHEN 'e' THEN 'empty enum' ELSE i.type END,
    coalesce(i.name, substr(i.identity, length(i.schema) + 2))
  FROM pg_depend d CROSS JOIN LATERAL pg_identify_object(d.classid, d.objid, 0) i
    LEFT JOIN pg_type t ON d.classid = 'pg_type'::regclass AND t.oid = d.objid
  WHERE d.refclassid = 'pg_namespace'::regclass AND d.refobjid = ${PLACE} AND d.deptype = 'n'
    AND i.identity IS NOT NULL AND i.type NOT IN ('table', 'view', 'materialized view', 'sequence', 'index', 'extension', 'default acl')
    AND (t.oid IS NULL OR t.typtype IN ('r', 'c') OR t.typtype = 'b' AND t.typcategory <> 'A'
      OR t.typtype = 'e' AND NOT EXISTS (SELECT FROM pg_enum l WHERE l.enumtypid = t.oid))
    AND NOT EXISTS (SELECT FROM pg_depend e WHERE e.classid = d.classid AND e.objid = d.objid AND e.deptype IN ('e', 'i'))
  UNION ALL
  SELECT 'extension', extname FROM pg_extension WHERE $1::text IS NULL AND extname <> 'plpgsql'
  ORDER BY 1, 2`;

/** What is said of a kind; of those that are not here, that they are not written. */
const SAYINGS: Readonly<Record<string, string>> = {
  storage: "STORAGE of columns is not written",
  compression: "COMPRESSION of columns is not written",
  statistics: "STATISTICS of columns are not written",
  "column options": "options of columns are not written",
  cluster: "CLUSTER ON of tables is not written",
  "replica identity": "REPLICA IDENTITY of tables is not written",
  inherited: "columns that tables inherit are their own too where they are made anew",
  "row security": "row security of tables is not written, postgresqlObjects() takes it",
  policy: "policies are not written, postgresqlObjects() takes them",
  trigger: "triggers are not written, postgresqlObjects() takes them",
  function: "functions are not written, postgresqlObjects() takes them",
  procedure: "procedures are not written, postgresqlObjects() takes them",
  "not valid": "constraints that are NOT VALID are valid where they are made anew",
  serial: "sequences of serial columns have the usual name, type and numbers where they are made anew",
  "owned by": "OWNED BY of sequences is not written",
  comment: "comments are written of tables, columns, constraints and indexes only, and not these",
  extension: "extensions are not written, and are to be there before the tables",
};

/** How many names are said of a kind. */
const MOST = 12;

/**
 * What is lost where the schema is made anew of its classes, a line for each kind.
 *
 * @param schema null is the default one
 */
export async function unwrittenOfPostgresql(
  connection: AsyncConnection,
  schema: string | null,
): Promise<readonly string[]> {
  const rows = (await connection.execDriverSql(UNWRITTEN, [schema]).all()) as unknown as readonly [string, string][];
  const names = new Map<string, string[]>();
  for (const [kind, name] of rows) names.set(kind, [...(names.get(kind) ?? []), name]);
  const place = schema === null ? "" : `schema ${schema}: `;
  return [...names].map(([kind, all]) => {
    const more = all.length > MOST ? ` and ${all.length - MOST} more` : "";
    const saying = SAYINGS[kind] ?? `no ${kind} is written`;
    return `${place}${saying}: ${all.slice(0, MOST).join(", ")}${more}`;
  });
}
