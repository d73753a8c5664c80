/** Functions, triggers and policies as PostgreSQL's catalogue has them. */
import type { AsyncConnection } from "../../engine/async-connection.js";

/** An object as a server describes it. */
export interface FoundObject {
  readonly kind: "function" | "procedure" | "trigger" | "row security" | "policy";
  /** Null in the default schema. */
  readonly schema: string | null;
  readonly name: string;
  /** Its table; null for functions. */
  readonly table: string | null;
  /** What it is one and the same by: its kind, place and name, and of a function the types of its arguments. */
  readonly key: string;
  /** In words: `function total(integer)`. */
  readonly title: string;
  readonly create: readonly string[];
  readonly drop: readonly string[];
  /** What must be the same for CREATE OR REPLACE to do; null where it never does. */
  readonly replaceable: string | null;
}

const OWNED = "to_regnamespace(quote_ident($1))";

// Each query: kind, name, table, arguments, create, drop, replaceable; in the order in which they were made.
const FUNCTIONS = `
  SELECT kind, p.proname, null, pg_get_function_identity_arguments(p.oid), pg_get_functiondef(p.oid), '',
    concat(pg_get_function_result(p.oid), ' ', pg_get_function_arguments(p.oid))
  FROM pg_proc p
  CROSS JOIN LATERAL (SELECT CASE p.prokind WHEN 'p' THEN 'procedure' ELSE 'function' END AS kind) k
  WHERE p.pronamespace = ${OWNED} AND p.prokind IN ('f', 'p')
    AND NOT EXISTS (SELECT FROM pg_depend d WHERE d.classid = 'pg_proc'::regclass AND d.objid = p.oid AND d.deptype = 'e')
  ORDER BY p.oid`;

const TRIGGERS = `
  SELECT 'trigger', t.tgname, c.relname, '', pg_get_triggerdef(t.oid, true),
    format('DROP TRIGGER %I ON %s', t.tgname, c.oid::regclass), null
  FROM pg_trigger t JOIN pg_class c ON c.oid = t.tgrelid
  WHERE c.relnamespace = ${OWNED} AND NOT t.tgisinternal AND t.tgparentid = 0 ORDER BY t.oid`;

const ROW_SECURITY = `
  SELECT 'row security', c.relname, c.relname, '',
    concat(turn || 'ENABLE ROW LEVEL SECURITY', CASE WHEN c.relforcerowsecurity THEN ';' || turn || 'FORCE ROW LEVEL SECURITY' END),
    concat(turn || 'DISABLE ROW LEVEL SECURITY', CASE WHEN c.relforcerowsecurity THEN ';' || turn || 'NO FORCE ROW LEVEL SECURITY' END),
    null
  FROM pg_class c CROSS JOIN LATERAL (SELECT format('ALTER TABLE %s ', c.oid::regclass) AS turn) t
  WHERE c.relnamespace = ${OWNED} AND c.relkind IN ('r', 'p') AND c.relrowsecurity ORDER BY c.oid`;

const POLICIES = `
  SELECT 'policy', p.polname, c.relname, '', concat(
      format('CREATE POLICY %I ON %s AS %s FOR %s TO %s', p.polname, c.oid::regclass,
        CASE WHEN p.polpermissive THEN 'PERMISSIVE' ELSE 'RESTRICTIVE' END,
        CASE p.polcmd WHEN 'r' THEN 'SELECT' WHEN 'a' THEN 'INSERT' WHEN 'w' THEN 'UPDATE' WHEN 'd' THEN 'DELETE' ELSE 'ALL' END,
        CASE WHEN p.polroles = '{0}' THEN 'PUBLIC'
          ELSE (SELECT string_agg(quote_ident(r.rolname), ', ' ORDER BY r.rolname) FROM pg_roles r WHERE r.oid = ANY (p.polroles)) END),
      ' USING (' || pg_get_expr(p.polqual, p.polrelid) || ')', ' WITH CHECK (' || pg_get_expr(p.polwithcheck, p.polrelid) || ')'),
    format('DROP POLICY %I ON %s', p.polname, c.oid::regclass), null
  FROM pg_policy p JOIN pg_class c ON c.oid = p.polrelid WHERE c.relnamespace = ${OWNED} ORDER BY p.oid`;

type Row = readonly [
  kind: FoundObject["kind"],
  name: string,
  table: string | null,
  args: string,
  create: string,
  drop: string,
  replaceable: string | null,
];

/** The objects of schemas: functions, then what is on tables. @param schemas null is the default one */
export async function readObjects(
  connection: AsyncConnection,
  schemas: readonly (string | null)[],
): Promise<readonly FoundObject[]> {
  const own = String(await connection.execDriverSql("SELECT current_schema()").scalar());
  const found: FoundObject[] = [];
  for (const query of [FUNCTIONS, ROW_SECURITY, TRIGGERS, POLICIES]) {
    for (const schema of schemas) {
      const rows = (await connection.execDriverSql(query, [schema ?? own]).all()) as unknown as readonly Row[];
      const place = (name: string): string => connection.dialect.identifiers.format({ name, schema });
      for (const row of rows)
        found.push(row[2] === null ? functionOf(row, schema, place(row[1])) : onTable(row, schema));
    }
  }
  return found;
}

/** @param place its name, with the schema where that is not the default */
function functionOf(
  [kind, name, table, args, create, , replaceable]: Row,
  schema: string | null,
  place: string,
): FoundObject {
  return {
    kind,
    schema,
    name,
    table,
    key: JSON.stringify([kind, schema, name, args]),
    title: `${kind} ${place}(${args})`,
    // The server writes the schema in any case.
    create: [create.trimEnd().replace(/^(CREATE OR REPLACE \w+ )[^(]*\(/, `$1${place}(`)],
    drop: [`DROP ${kind.toUpperCase()} ${place}(${args})`],
    replaceable,
  };
}

function onTable([kind, name, table, , create, drop, replaceable]: Row, schema: string | null): FoundObject {
  const place = schema === null ? table : `${schema}.${table}`;
  return {
    kind,
    schema,
    name,
    table,
    key: JSON.stringify([kind, schema, table, name]),
    title: kind === "row security" ? `row security of ${place}` : `${kind} ${name} on ${place}`,
    create: kind === "row security" ? create.split(";") : [create],
    drop: drop.split(";"),
    replaceable,
  };
}
