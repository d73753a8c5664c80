/**
 * How PostgreSQL gives an enum other values, or a domain another type below: it can add values, and change a domain's rules, and
 * has no way to do more.
 */
import { quoteLiteral } from "../../sql/types/base.js";

/** A type that takes the place of the one of its name. */
export interface Replacement {
  /** The type, quoted where it has to be, and with its schema. */
  readonly type: string;
  /** CREATE of the new one. */
  readonly create: string;
  /** The type over which values become those of the new one. */
  readonly over: string;
}

/**
 * A block that the server runs, since only it knows where the type is used: views that read its columns, keys, checks and indexes
 * that mention it go and come back, and so do the domains over it; columns (of lists too) change by the words of their values. A
 * default that is no value any more goes.
 */
export function replaceTypeText({ type, create, over }: Replacement): string {
  const name = quoteLiteral(type);
  const mentions = (catalog: string, object: string): string =>
    `SELECT FROM pg_depend d WHERE d.classid = '${catalog}'::regclass AND d.objid = ${object}
        AND d.refclassid = 'pg_type'::regclass AND d.refobjid = ANY (ids)`;
  return `DO $replace$
DECLARE
  root oid := ${name}::regtype;
  types oid[];
  ids oid[];
  renames text[] := '{}';
  made text[] := '{}';
  plain jsonb := '{}';
  again text[] := '{}';
  views text[] := '{}';
  found record;
BEGIN
  types := ARRAY(
    WITH RECURSIVE standing (id, depth) AS (
      SELECT root, 0
      UNION
      SELECT t.oid, s.depth + 1 FROM standing s JOIN pg_type b ON b.oid = s.id
      JOIN pg_type t ON t.typtype = 'd' AND t.typbasetype IN (b.oid, b.typarray)
    )
    SELECT id FROM standing GROUP BY id ORDER BY max(depth));
  ids := types || ARRAY(SELECT typarray FROM pg_type WHERE oid = ANY (types));
  FOR found IN
    WITH RECURSIVE reading (id, depth) AS (
      SELECT r.ev_class, 1 FROM pg_rewrite r WHERE EXISTS (
        ${mentions("pg_rewrite", "r.oid")}
        UNION ALL
        SELECT FROM pg_depend d JOIN pg_attribute a ON a.attrelid = d.refobjid AND a.attnum = d.refobjsubid
        WHERE d.classid = 'pg_rewrite'::regclass AND d.objid = r.oid AND d.refclassid = 'pg_class'::regclass
          AND a.atttypid = ANY (ids))
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
    FROM pg_constraint c WHERE c.conrelid <> 0 AND (c.contype = 'c' AND c.conislocal AND EXISTS (
      ${mentions("pg_constraint", "c.oid")})
      OR c.contype = 'f' AND c.conparentid = 0 AND EXISTS (SELECT FROM pg_attribute a
        WHERE a.attrelid = c.conrelid AND a.attnum = ANY (c.conkey) AND a.atttypid = ANY (ids)))
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
      pg_get_expr(d.adbin, d.adrelid) AS value, format_type(a.atttypid, NULL) AS type,
      ${quoteLiteral(over)} || CASE WHEN y.typcategory = 'A' THEN '[]' ELSE '' END AS over
    FROM pg_attribute a JOIN pg_class t ON t.oid = a.attrelid JOIN pg_type y ON y.oid = a.atttypid
    LEFT JOIN pg_attrdef d ON d.adrelid = a.attrelid AND d.adnum = a.attnum
    WHERE a.atttypid = ANY (ids) AND t.relkind IN ('r', 'p') AND NOT a.attisdropped AND a.attinhcount = 0
  LOOP
    IF found.value IS NOT NULL THEN
      EXECUTE found.change || 'DROP DEFAULT';
      again := again || (found.change || 'SET DEFAULT ' || found.value);
    END IF;
    again := format('%sTYPE %s USING %I::%s::%s', found.change, found.type, found.column, found.over, found.type)
      || again;
    plain := plain || jsonb_build_object(again[1],
      format('%sTYPE %s USING %I::text::%s', found.change, found.type, found.column, found.type));
  END LOOP;
  FOR found IN
    SELECT format('ALTER TYPE %s RENAME TO %I', t.oid::regtype, left(t.typname, 50) || '__old') AS rename,
      CASE WHEN t.oid = root THEN ${quoteLiteral(create)} ELSE format('CREATE DOMAIN %s AS %s%s%s%s%s', t.oid::regtype,
        format_type(t.typbasetype, t.typtypmod),
        (SELECT ' COLLATE ' || o.oid::regcollation FROM pg_collation o WHERE o.oid = t.typcollation AND t.typcollation <> b.typcollation),
        ' DEFAULT ' || coalesce(regexp_replace(pg_get_expr(t.typdefaultbin, 0), '^NULL::.*', 'NULL'), 'NULL'), CASE WHEN t.typnotnull THEN ' NOT NULL' END,
        (SELECT string_agg(format(' CONSTRAINT %I %s', c.conname, pg_get_constraintdef(c.oid)), '')
         FROM pg_constraint c WHERE c.contypid = t.oid AND c.contype = 'c')) END AS definition
    FROM pg_type t LEFT JOIN pg_type b ON b.oid = t.typbasetype
    WHERE t.oid = ANY (types) ORDER BY array_position(types, t.oid)
  LOOP
    renames := renames || found.rename;
    made := made || found.definition;
  END LOOP;
  again := renames || made || again || views;
  FOR i IN 1 .. cardinality(again) LOOP
    IF again[i] !~ 'SET DEFAULT' AND plain ->> again[i] IS NULL THEN
      EXECUTE again[i];
      CONTINUE;
    END IF;
    BEGIN
      EXECUTE again[i];
    EXCEPTION WHEN invalid_text_representation OR datatype_mismatch OR cannot_coerce THEN
      IF plain ->> again[i] IS NOT NULL THEN EXECUTE plain ->> again[i]; END IF;
    END;
  END LOOP;
  FOR i IN REVERSE cardinality(types) .. 1 LOOP
    EXECUTE format('DROP TYPE %s', types[i]::regtype);
  END LOOP;
END $replace$`;
}
