/** How PostgreSQL gives an enum other values: it can add some, and has no way to take one out or put them in another order. */
import { quoteLiteral } from "../../sql/types/base.js";

/**
 * A block that the server runs, since only it knows where the type is used: views that read its columns, checks and indexes
 * that mention its values go and come back; columns (of lists too) change by the words of their values. A default that
 * is no value any more goes.
 *
 * @param type the type, quoted where it has to be, and with its schema
 * @param old a free name for it, with and without the schema
 */
export function replaceEnumText(
  type: string,
  old: { readonly name: string; readonly full: string },
  labels: readonly string[],
): string {
  const name = quoteLiteral(type);
  const mentions = (catalog: string, object: string): string =>
    `SELECT FROM pg_depend d WHERE d.classid = '${catalog}'::regclass AND d.objid = ${object}
        AND d.refclassid = 'pg_type'::regclass AND d.refobjid IN (type_id, list_id)`;
  return `DO $replace$
DECLARE
  type_id oid := ${name}::regtype;
  list_id oid := (SELECT typarray FROM pg_type WHERE oid = ${name}::regtype);
  changes text[] := '{}';
  again text[] := '{}';
  views text[] := '{}';
  found record;
BEGIN
  FOR found IN
    WITH RECURSIVE reading (id, depth) AS (
      SELECT r.ev_class, 1 FROM pg_rewrite r WHERE EXISTS (
        ${mentions("pg_rewrite", "r.oid")}
        UNION ALL
        SELECT FROM pg_depend d JOIN pg_attribute a ON a.attrelid = d.refobjid AND a.attnum = d.refobjsubid
        WHERE d.classid = 'pg_rewrite'::regclass AND d.objid = r.oid AND d.refclassid = 'pg_class'::regclass
          AND a.atttypid IN (type_id, list_id))
      UNION
      SELECT r.ev_class, reading.depth + 1 FROM reading
      JOIN pg_depend d ON d.refclassid = 'pg_class'::regclass AND d.refobjid = reading.id AND d.classid = 'pg_rewrite'::regclass
      JOIN pg_rewrite r ON r.oid = d.objid AND r.ev_class <> reading.id
    )
    SELECT v.oid::regclass::text AS name, CASE v.relkind WHEN 'm' THEN 'MATERIALIZED VIEW' ELSE 'VIEW' END AS kind,
      rtrim(pg_get_viewdef(v.oid), ';') AS query,
      ARRAY(SELECT pg_get_indexdef(i.indexrelid) FROM pg_index i WHERE i.indrelid = v.oid) AS indexes
    FROM reading JOIN pg_class v ON v.oid = reading.id WHERE v.relkind IN ('v', 'm')
    GROUP BY v.oid, v.relkind ORDER BY max(reading.depth) DESC
  LOOP
    views := format('CREATE %s %s AS %s', found.kind, found.name, found.query) || found.indexes || views;
    EXECUTE format('DROP %s %s', found.kind, found.name);
  END LOOP;
  FOR found IN
    SELECT format('ALTER TABLE %s DROP CONSTRAINT %I', c.conrelid::regclass, c.conname) AS gone,
      format('ALTER TABLE %s ADD CONSTRAINT %I %s', c.conrelid::regclass, c.conname, pg_get_constraintdef(c.oid)) AS back
    FROM pg_constraint c WHERE c.contype = 'c' AND c.conrelid <> 0 AND c.conislocal AND EXISTS (
      ${mentions("pg_constraint", "c.oid")})
    UNION ALL
    SELECT format('DROP INDEX %s', i.indexrelid::regclass), pg_get_indexdef(i.indexrelid)
    FROM pg_index i WHERE EXISTS (
      ${mentions("pg_class", "i.indexrelid")})
  LOOP
    again := again || found.back;
    EXECUTE found.gone;
  END LOOP;
  FOR found IN
    SELECT format('ALTER TABLE %s ALTER COLUMN %I ', a.attrelid::regclass, a.attname) AS change, a.attname AS column,
      pg_get_expr(d.adbin, d.adrelid) AS value, CASE WHEN a.atttypid = list_id THEN '[]' ELSE '' END AS list
    FROM pg_attribute a JOIN pg_class t ON t.oid = a.attrelid
    LEFT JOIN pg_attrdef d ON d.adrelid = a.attrelid AND d.adnum = a.attnum
    WHERE a.atttypid IN (type_id, list_id) AND t.relkind IN ('r', 'p') AND NOT a.attisdropped AND a.attinhcount = 0
  LOOP
    IF found.value IS NOT NULL THEN
      EXECUTE found.change || 'DROP DEFAULT';
      again := again || (found.change || 'SET DEFAULT ' || found.value);
    END IF;
    changes := changes || format('%sTYPE %s%s USING %I::text%s::%s%s',
      found.change, ${name}, found.list, found.column, found.list, ${name}, found.list);
  END LOOP;
  ALTER TYPE ${type} RENAME TO ${old.name};
  CREATE TYPE ${type} AS ENUM (${labels.map(quoteLiteral).join(", ")});
  again := changes || again || views;
  FOR i IN 1 .. cardinality(again) LOOP
    BEGIN
      EXECUTE again[i];
    EXCEPTION WHEN invalid_text_representation THEN
      IF again[i] !~ 'SET DEFAULT' THEN RAISE; END IF;
    END;
  END LOOP;
  DROP TYPE ${old.full};
END $replace$`;
}
