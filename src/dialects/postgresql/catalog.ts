/** The questions to the system catalogs, as SQL. `$1` is a relation's object id where nothing else is said. */

/** A relation's object id. $1: name, $2: schema or null, $3: kinds. */
export const FIND_RELATION = `
SELECT c.oid, n.nspname
FROM pg_catalog.pg_class c JOIN pg_catalog.pg_namespace n ON n.oid = c.relnamespace
WHERE c.relname = $1 AND c.relkind = ANY ($3::"char"[])
  AND CASE WHEN $2::text IS NULL THEN pg_catalog.pg_table_is_visible(c.oid) AND n.nspname <> 'pg_catalog' ELSE n.nspname = $2 END`;

/** Names of relations. $1: schema or null, $2: kinds. Partitions and what extensions own are listed too. */
export const RELATION_NAMES = `
SELECT c.relname
FROM pg_catalog.pg_class c JOIN pg_catalog.pg_namespace n ON n.oid = c.relnamespace
WHERE c.relkind = ANY ($2::"char"[]) AND n.nspname = coalesce($1::text, current_schema())
  AND (c.relkind <> 'S' OR NOT EXISTS (
    SELECT FROM pg_catalog.pg_depend d
    WHERE d.classid = 'pg_catalog.pg_class'::regclass AND d.objid = c.oid AND d.deptype = 'i'))
ORDER BY c.relname`;

export const TEMP_TABLE_NAMES = `
SELECT c.relname FROM pg_catalog.pg_class c
WHERE c.relkind IN ('r', 'p') AND c.relnamespace = pg_catalog.pg_my_temp_schema()
ORDER BY c.relname`;

export const SCHEMA_NAMES = `
SELECT nspname FROM pg_catalog.pg_namespace
WHERE nspname NOT LIKE 'pg\\_%' ORDER BY nspname`;

/** $1: name, $2: schema or null. */
export const HAS_TYPE = `
SELECT 1 FROM pg_catalog.pg_type t JOIN pg_catalog.pg_namespace n ON n.oid = t.typnamespace
WHERE t.typname = $1
  AND CASE WHEN $2::text IS NULL THEN pg_catalog.pg_type_is_visible(t.oid) ELSE n.nspname = $2 END`;

/** Columns: name, type, notnull, default, generated, identity, comment, key position, enum name, schema, labels, identity options. */
export const COLUMNS = `
SELECT a.attname, pg_catalog.format_type(a.atttypid, a.atttypmod), a.attnotnull,
  pg_catalog.pg_get_expr(d.adbin, d.adrelid), a.attgenerated::text, a.attidentity::text,
  pg_catalog.col_description(a.attrelid, a.attnum),
  coalesce((SELECT pg_catalog.array_position(k.conkey, a.attnum) FROM pg_catalog.pg_constraint k
    WHERE k.conrelid = a.attrelid AND k.contype = 'p'), 0),
  e.typname::text, CASE WHEN pg_catalog.pg_type_is_visible(e.oid) THEN NULL ELSE en.nspname::text END,
  (SELECT pg_catalog.array_agg(l.enumlabel::text ORDER BY l.enumsortorder) FROM pg_catalog.pg_enum l WHERE l.enumtypid = e.oid),
  (SELECT pg_catalog.json_build_object('start', s.seqstart, 'increment', s.seqincrement, 'minValue', s.seqmin, 'maxValue', s.seqmax,
     'cycle', s.seqcycle, 'cache', s.seqcache)
   FROM pg_catalog.pg_depend p JOIN pg_catalog.pg_sequence s ON s.seqrelid = p.objid
   WHERE p.refclassid = 'pg_catalog.pg_class'::regclass AND p.refobjid = a.attrelid AND p.refobjsubid = a.attnum AND p.deptype = 'i'
   LIMIT 1)
FROM pg_catalog.pg_attribute a
  LEFT JOIN pg_catalog.pg_attrdef d ON d.adrelid = a.attrelid AND d.adnum = a.attnum
  JOIN pg_catalog.pg_type t ON t.oid = a.atttypid
  LEFT JOIN pg_catalog.pg_type e ON e.oid = CASE WHEN t.typcategory = 'A' THEN t.typelem ELSE t.oid END AND e.typtype = 'e'
  LEFT JOIN pg_catalog.pg_namespace en ON en.oid = e.typnamespace
WHERE a.attrelid = $1 AND a.attnum > 0 AND NOT a.attisdropped
ORDER BY a.attnum`;

/** Constraints of the kind $2 with their columns in order: name, columns, deferrable, deferred, definition, expression. */
export const CONSTRAINTS = `
SELECT k.conname,
  (SELECT pg_catalog.array_agg(a.attname::text ORDER BY u.ord)
   FROM pg_catalog.unnest(k.conkey) WITH ORDINALITY u(num, ord)
   JOIN pg_catalog.pg_attribute a ON a.attrelid = k.conrelid AND a.attnum = u.num),
  k.condeferrable, k.condeferred, pg_catalog.pg_get_constraintdef(k.oid), pg_catalog.pg_get_expr(k.conbin, k.conrelid)
FROM pg_catalog.pg_constraint k
WHERE k.conrelid = $1 AND k.contype::text = $2
ORDER BY k.conname`;

/** Foreign keys: name, columns, schema, visible, table, referred columns, on delete, on update, deferrable, deferred. */
export const FOREIGN_KEYS = `
SELECT k.conname,
  (SELECT pg_catalog.array_agg(a.attname::text ORDER BY u.ord)
   FROM pg_catalog.unnest(k.conkey) WITH ORDINALITY u(num, ord)
   JOIN pg_catalog.pg_attribute a ON a.attrelid = k.conrelid AND a.attnum = u.num),
  n.nspname, pg_catalog.pg_table_is_visible(r.oid), r.relname,
  (SELECT pg_catalog.array_agg(a.attname::text ORDER BY u.ord)
   FROM pg_catalog.unnest(k.confkey) WITH ORDINALITY u(num, ord)
   JOIN pg_catalog.pg_attribute a ON a.attrelid = k.confrelid AND a.attnum = u.num),
  k.confdeltype::text, k.confupdtype::text, k.condeferrable, k.condeferred
FROM pg_catalog.pg_constraint k
  JOIN pg_catalog.pg_class r ON r.oid = k.confrelid
  JOIN pg_catalog.pg_namespace n ON n.oid = r.relnamespace
WHERE k.conrelid = $1 AND k.contype = 'f' AND k.conparentid = 0
ORDER BY k.conname`;

/**
 * Indexes: name, unique, definition of each column, whether it is an expression, options, predicate, constraint, method,
 * number of key columns, storage parameters, operator classes that are not the default.
 */
export const INDEXES = `
SELECT i.relname, x.indisunique,
  (SELECT pg_catalog.array_agg(CASE WHEN x.indkey[n - 1] = 0 THEN pg_catalog.pg_get_indexdef(x.indexrelid, n, true) ELSE a.attname::text END ORDER BY n)
   FROM pg_catalog.generate_series(1, x.indnatts) n
   LEFT JOIN pg_catalog.pg_attribute a ON a.attrelid = x.indrelid AND a.attnum = x.indkey[n - 1]),
  (SELECT pg_catalog.array_agg(x.indkey[n - 1] = 0 ORDER BY n) FROM pg_catalog.generate_series(1, x.indnatts) n),
  x.indoption::int2[], pg_catalog.pg_get_expr(x.indpred, x.indrelid),
  (SELECT k.conname FROM pg_catalog.pg_constraint k WHERE k.conindid = x.indexrelid AND k.contype IN ('u', 'x', 'p') LIMIT 1),
  m.amname, x.indnkeyatts, i.reloptions,
  (SELECT pg_catalog.array_agg(CASE WHEN o.opcdefault THEN NULL ELSE o.opcname::text END ORDER BY n)
   FROM pg_catalog.generate_series(1, x.indnkeyatts) n JOIN pg_catalog.pg_opclass o ON o.oid = x.indclass[n - 1]),
  pg_catalog.pg_get_indexdef(x.indexrelid) LIKE '%NULLS NOT DISTINCT%'
FROM pg_catalog.pg_index x
  JOIN pg_catalog.pg_class i ON i.oid = x.indexrelid
  JOIN pg_catalog.pg_am m ON m.oid = i.relam
WHERE x.indrelid = $1 AND NOT x.indisprimary
ORDER BY i.relname`;

/** Comment, partition key, storage parameters, persistence, parents. */
export const TABLE_FACTS = `
SELECT pg_catalog.obj_description(c.oid, 'pg_class'),
  CASE WHEN c.relkind = 'p' THEN pg_catalog.pg_get_partkeydef(c.oid) END, c.reloptions, c.relpersistence::text,
  (SELECT pg_catalog.array_agg(p.relname::text ORDER BY h.inhseqno) FROM pg_catalog.pg_inherits h
   JOIN pg_catalog.pg_class p ON p.oid = h.inhparent WHERE h.inhrelid = c.oid AND NOT c.relispartition)
FROM pg_catalog.pg_class c WHERE c.oid = $1`;

/** Enum types: name, schema, visible, labels. $1: schema, null for the default one. */
export const ENUMS = `
SELECT t.typname, n.nspname, pg_catalog.pg_type_is_visible(t.oid),
  (SELECT pg_catalog.array_agg(l.enumlabel::text ORDER BY l.enumsortorder) FROM pg_catalog.pg_enum l WHERE l.enumtypid = t.oid)
FROM pg_catalog.pg_type t JOIN pg_catalog.pg_namespace n ON n.oid = t.typnamespace
WHERE t.typtype = 'e' AND n.nspname = coalesce($1::text, current_schema())
ORDER BY t.typname`;

/** Domains: name, type, nullable, default, checks. $1: schema, null for the default one. */
export const DOMAINS = `
SELECT t.typname, pg_catalog.format_type(t.typbasetype, t.typtypmod), NOT t.typnotnull, t.typdefault,
  (SELECT pg_catalog.array_agg(k.conname || ': ' || pg_catalog.pg_get_constraintdef(k.oid)) FROM pg_catalog.pg_constraint k WHERE k.contypid = t.oid)
FROM pg_catalog.pg_type t JOIN pg_catalog.pg_namespace n ON n.oid = t.typnamespace
WHERE t.typtype = 'd' AND n.nspname = coalesce($1::text, current_schema())
ORDER BY t.typname`;
