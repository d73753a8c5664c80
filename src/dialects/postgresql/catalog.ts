/** The questions to the system catalogs, as SQL. `$1` are the object ids of relations where nothing else is said. */

/** Relations: oid, name, kind. $1: schema or null, $2: kinds, $3: names or null, $4: default, temporary or any. The catalog's own names hide nobody's. */
export const RELATIONS = `
SELECT c.oid, c.relname, c.relkind::text
FROM pg_catalog.pg_class c JOIN pg_catalog.pg_namespace n ON n.oid = c.relnamespace
WHERE c.relkind = ANY ($2::"char"[]) AND ($3::text[] IS NULL OR c.relname = ANY ($3::text[]))
  AND CASE
    WHEN $4 = 'temporary' THEN c.relpersistence = 't' AND c.relnamespace = pg_catalog.pg_my_temp_schema()
    WHEN $1::text IS NOT NULL THEN n.nspname = $1
    WHEN $3::text[] IS NULL THEN n.nspname = current_schema()
      OR ($4 = 'any' AND c.relnamespace = pg_catalog.pg_my_temp_schema())
    ELSE n.nspname <> 'pg_catalog' AND (pg_catalog.pg_table_is_visible(c.oid)
      OR (n.nspname = current_schema() AND EXISTS (SELECT FROM pg_catalog.pg_class h
        WHERE h.relname = c.relname AND h.relnamespace = 'pg_catalog'::regnamespace)))
  END
  AND ($4 <> 'default' OR c.relpersistence <> 't')
ORDER BY c.relname`;

/** A sequence by name. $1: name, $2: schema or null. */
export const HAS_SEQUENCE = `
SELECT 1 FROM pg_catalog.pg_class c JOIN pg_catalog.pg_namespace n ON n.oid = c.relnamespace
WHERE c.relkind = 'S' AND c.relname = $1
  AND CASE WHEN $2::text IS NULL THEN pg_catalog.pg_table_is_visible(c.oid) ELSE n.nspname = $2 END`;

// The sequence c goes with a column, and is made with it. A column of a domain cannot be serial: its sequence is made by itself.
const OF_SERIAL = `EXISTS (SELECT FROM pg_catalog.pg_depend d
    JOIN pg_catalog.pg_attribute a ON a.attrelid = d.refobjid AND a.attnum = d.refobjsubid
    JOIN pg_catalog.pg_type t ON t.oid = a.atttypid
    WHERE d.classid = 'pg_catalog.pg_class'::regclass AND d.objid = c.oid AND d.deptype = 'a' AND t.typtype <> 'd')`;

/** Sequences that no identity owns: name, visible, schema, type, and start, increment, minimum, maximum, cache, cycle as text. $1: schema or null. */
export const SEQUENCES = `
SELECT c.relname, pg_catalog.pg_table_is_visible(c.oid), n.nspname, pg_catalog.format_type(s.seqtypid, NULL),
  ARRAY[s.seqstart::text, s.seqincrement::text, s.seqmin::text, s.seqmax::text, s.seqcache::text, s.seqcycle::text],
  ${OF_SERIAL}
FROM pg_catalog.pg_class c JOIN pg_catalog.pg_namespace n ON n.oid = c.relnamespace
  JOIN pg_catalog.pg_sequence s ON s.seqrelid = c.oid
WHERE n.nspname = coalesce($1::text, current_schema())
  AND NOT EXISTS (
    SELECT FROM pg_catalog.pg_depend d
    WHERE d.classid = 'pg_catalog.pg_class'::regclass AND d.objid = c.oid AND d.deptype = 'i')
ORDER BY c.relname`;

/** Sequences of their own that defaults draw from: relation, and as {@link SEQUENCES}. */
export const DEFAULT_SEQUENCES = `
SELECT DISTINCT d.adrelid, c.relname, pg_catalog.pg_table_is_visible(c.oid), n.nspname, pg_catalog.format_type(s.seqtypid, NULL),
  ARRAY[s.seqstart::text, s.seqincrement::text, s.seqmin::text, s.seqmax::text, s.seqcache::text, s.seqcycle::text]
FROM pg_catalog.pg_attrdef d
  JOIN pg_catalog.pg_depend p ON p.classid = 'pg_catalog.pg_attrdef'::regclass AND p.objid = d.oid
    AND p.refclassid = 'pg_catalog.pg_class'::regclass
  JOIN pg_catalog.pg_sequence s ON s.seqrelid = p.refobjid
  JOIN pg_catalog.pg_class c ON c.oid = s.seqrelid
  JOIN pg_catalog.pg_namespace n ON n.oid = c.relnamespace
WHERE d.adrelid = ANY ($1::oid[])
  AND NOT ${OF_SERIAL}
  AND NOT EXISTS (
    SELECT FROM pg_catalog.pg_depend o
    WHERE o.classid = 'pg_catalog.pg_class'::regclass AND o.objid = c.oid AND o.deptype = 'i')`;

export const SCHEMA_NAMES = `
SELECT nspname FROM pg_catalog.pg_namespace
WHERE nspname NOT LIKE 'pg\\_%' ORDER BY nspname`;

// The schema of the collation o, where it is not found without.
const COLLATION_SCHEMA = `CASE WHEN NOT pg_catalog.pg_collation_is_visible(o.oid)
    THEN (SELECT n.nspname::text FROM pg_catalog.pg_namespace n WHERE n.oid = o.collnamespace) END`;

// Of the domain d over the type t.
const domainCollation = (what: string): string =>
  `(SELECT ${what} FROM pg_catalog.pg_collation o WHERE o.oid = d.typcollation AND d.typcollation <> t.typcollation)`;

// Of those parts of the index x whose collation is not the column's.
const indexCollations = (
  what: string,
): string => `(SELECT pg_catalog.array_agg((SELECT ${what} FROM pg_catalog.pg_collation o
     WHERE o.oid = x.indcollation[n - 1] AND x.indkey[n - 1] <> 0 AND o.oid IS DISTINCT FROM a.attcollation) ORDER BY n)
   FROM pg_catalog.generate_series(1, x.indnkeyatts) n
   LEFT JOIN pg_catalog.pg_attribute a ON a.attrelid = x.indrelid AND a.attnum = x.indkey[n - 1])`;

/** $1: name, $2: schema or null. */
export const HAS_TYPE = `
SELECT 1 FROM pg_catalog.pg_type t JOIN pg_catalog.pg_namespace n ON n.oid = t.typnamespace
WHERE t.typname = $1
  AND CASE WHEN $2::text IS NULL THEN pg_catalog.pg_type_is_visible(t.oid) ELSE n.nspname = $2 END`;

// The type t, or what is in its lists.
const ITEM = "CASE WHEN t.typtype = 'b' AND t.typcategory = 'A' THEN t.typelem ELSE t.oid END";

// Name, schema and values of the type e in the schema en, if it is an enum.
const ENUM_FACTS = `CASE WHEN e.typtype = 'e' THEN ARRAY[e.typname::text, CASE WHEN NOT pg_catalog.pg_type_is_visible(e.oid) THEN en.nspname::text END] END,
  CASE WHEN e.typtype = 'e' THEN (SELECT pg_catalog.array_agg(l.enumlabel::text ORDER BY l.enumsortorder) FROM pg_catalog.pg_enum l WHERE l.enumtypid = e.oid) END,
  CASE WHEN e.typtype = 'd' THEN e.oid END`;

/**
 * Columns: relation, name, type, notnull, default, generated, identity, comment, key position, collation (name, schema),
 * array dimensions, enum (name, schema, labels), domain (of {@link DOMAINS}), identity or serial sequence (dependency, type, options; that of
 * a partition is its root's, from PostgreSQL 17 on).
 */
export const COLUMNS = `
SELECT a.attrelid, a.attname, pg_catalog.format_type(a.atttypid, a.atttypmod), a.attnotnull,
  pg_catalog.pg_get_expr(d.adbin, d.adrelid), a.attgenerated::text, a.attidentity::text,
  pg_catalog.col_description(a.attrelid, a.attnum),
  coalesce((SELECT pg_catalog.array_position(k.conkey, a.attnum) FROM pg_catalog.pg_constraint k
    WHERE k.conrelid = a.attrelid AND k.contype = 'p'), 0),
  CASE WHEN a.attcollation <> t.typcollation THEN (SELECT ARRAY[o.collname::text, ${COLLATION_SCHEMA}]
    FROM pg_catalog.pg_collation o WHERE o.oid = a.attcollation) END,
  a.attndims::int,
  ${ENUM_FACTS},
  (SELECT ARRAY[p.deptype::text, pg_catalog.format_type(s.seqtypid, NULL), s.seqstart::text, s.seqincrement::text, s.seqmin::text,
     s.seqmax::text, s.seqcache::text, s.seqcycle::text]
   FROM pg_catalog.pg_depend p JOIN pg_catalog.pg_sequence s ON s.seqrelid = p.objid
     JOIN pg_catalog.pg_attribute o ON o.attrelid = p.refobjid AND o.attnum = p.refobjsubid
   WHERE p.refclassid = 'pg_catalog.pg_class'::regclass AND o.attname = a.attname AND p.deptype IN ('i', 'a')
     AND p.refobjid = CASE WHEN a.attidentity = '' THEN a.attrelid
       ELSE coalesce(pg_catalog.pg_partition_root(a.attrelid), a.attrelid)::oid END
   ORDER BY p.deptype DESC LIMIT 1)
FROM pg_catalog.pg_attribute a
  LEFT JOIN pg_catalog.pg_attrdef d ON d.adrelid = a.attrelid AND d.adnum = a.attnum
  JOIN pg_catalog.pg_type t ON t.oid = a.atttypid
  LEFT JOIN pg_catalog.pg_type e ON e.oid = ${ITEM} AND e.typtype IN ('e', 'd')
  LEFT JOIN pg_catalog.pg_namespace en ON en.oid = e.typnamespace
WHERE a.attrelid = ANY ($1::oid[]) AND a.attnum > 0 AND NOT a.attisdropped
ORDER BY a.attrelid, a.attnum`;

/**
 * Constraints of the kind $2: relation, name, columns, deferrable, deferred, validated, comment, expression, columns
 * only included, NULLS NOT DISTINCT.
 */
export const CONSTRAINTS = `
SELECT k.conrelid, k.conname,
  (SELECT pg_catalog.array_agg(a.attname::text ORDER BY u.ord)
   FROM pg_catalog.unnest(k.conkey) WITH ORDINALITY u(num, ord)
   JOIN pg_catalog.pg_attribute a ON a.attrelid = k.conrelid AND a.attnum = u.num),
  k.condeferrable, k.condeferred, k.convalidated, pg_catalog.obj_description(k.oid, 'pg_constraint'),
  pg_catalog.pg_get_expr(k.conbin, k.conrelid),
  (SELECT pg_catalog.array_agg(a.attname::text ORDER BY n)
   FROM pg_catalog.generate_series(x.indnkeyatts + 1, x.indnatts) n
   JOIN pg_catalog.pg_attribute a ON a.attrelid = k.conrelid AND a.attnum = x.indkey[n - 1]),
  coalesce(x.indnullsnotdistinct, false)
FROM pg_catalog.pg_constraint k
  LEFT JOIN pg_catalog.pg_index x ON x.indexrelid = k.conindid AND k.contype IN ('p', 'u')
WHERE k.conrelid = ANY ($1::oid[]) AND k.contype::text = $2
ORDER BY k.conname`;

/** Exclusions: relation, name, parts, operators, method, condition, deferrable, deferred, comment. */
export const EXCLUSIONS = `
SELECT k.conrelid, k.conname,
  (SELECT pg_catalog.array_agg(pg_catalog.pg_get_indexdef(k.conindid, n, true) ORDER BY n)
   FROM pg_catalog.generate_series(1, x.indnkeyatts) n),
  (SELECT pg_catalog.array_agg(o.oprname::text ORDER BY u.ord)
   FROM pg_catalog.unnest(k.conexclop) WITH ORDINALITY u(op, ord) JOIN pg_catalog.pg_operator o ON o.oid = u.op),
  m.amname, pg_catalog.pg_get_expr(x.indpred, x.indrelid), k.condeferrable, k.condeferred,
  pg_catalog.obj_description(k.oid, 'pg_constraint')
FROM pg_catalog.pg_constraint k
  JOIN pg_catalog.pg_index x ON x.indexrelid = k.conindid
  JOIN pg_catalog.pg_class i ON i.oid = x.indexrelid
  JOIN pg_catalog.pg_am m ON m.oid = i.relam
WHERE k.conrelid = ANY ($1::oid[]) AND k.contype = 'x'
ORDER BY k.conname`;

/**
 * Foreign keys: relation, name, columns, schema, visible, table, referred columns, on delete, on update, deferrable,
 * deferred, match, columns that ON DELETE sets, validated, comment.
 */
export const FOREIGN_KEYS = `
SELECT k.conrelid, k.conname,
  (SELECT pg_catalog.array_agg(a.attname::text ORDER BY u.ord)
   FROM pg_catalog.unnest(k.conkey) WITH ORDINALITY u(num, ord)
   JOIN pg_catalog.pg_attribute a ON a.attrelid = k.conrelid AND a.attnum = u.num),
  n.nspname, pg_catalog.pg_table_is_visible(r.oid), r.relname,
  (SELECT pg_catalog.array_agg(a.attname::text ORDER BY u.ord)
   FROM pg_catalog.unnest(k.confkey) WITH ORDINALITY u(num, ord)
   JOIN pg_catalog.pg_attribute a ON a.attrelid = k.confrelid AND a.attnum = u.num),
  k.confdeltype::text, k.confupdtype::text, k.condeferrable, k.condeferred, k.confmatchtype::text,
  (SELECT pg_catalog.array_agg(a.attname::text ORDER BY u.ord)
   FROM pg_catalog.unnest(k.confdelsetcols) WITH ORDINALITY u(num, ord)
   JOIN pg_catalog.pg_attribute a ON a.attrelid = k.conrelid AND a.attnum = u.num),
  k.convalidated, pg_catalog.obj_description(k.oid, 'pg_constraint')
FROM pg_catalog.pg_constraint k
  JOIN pg_catalog.pg_class r ON r.oid = k.confrelid
  JOIN pg_catalog.pg_namespace n ON n.oid = r.relnamespace
WHERE k.conrelid = ANY ($1::oid[]) AND k.contype = 'f' AND k.conparentid = 0
ORDER BY k.conname`;

/**
 * Indexes: relation, name, unique, definition of each column, whether it is an expression, options, predicate, constraint,
 * method, number of key columns, storage parameters, operator classes that are not the default, collations that are not the
 * column's, NULLS NOT DISTINCT, comment, tablespace, whether it is a partition's part of its table's index,
 * schemas of those collations.
 */
export const INDEXES = `
SELECT x.indrelid, i.relname, x.indisunique,
  (SELECT pg_catalog.array_agg(CASE WHEN x.indkey[n - 1] = 0 THEN pg_catalog.pg_get_indexdef(x.indexrelid, n, true) ELSE a.attname::text END ORDER BY n)
   FROM pg_catalog.generate_series(1, x.indnatts) n
   LEFT JOIN pg_catalog.pg_attribute a ON a.attrelid = x.indrelid AND a.attnum = x.indkey[n - 1]),
  (SELECT pg_catalog.array_agg(x.indkey[n - 1] = 0 ORDER BY n) FROM pg_catalog.generate_series(1, x.indnatts) n),
  x.indoption::int2[], pg_catalog.pg_get_expr(x.indpred, x.indrelid),
  (SELECT k.conname FROM pg_catalog.pg_constraint k WHERE k.conindid = x.indexrelid AND k.contype IN ('u', 'x', 'p') LIMIT 1),
  m.amname, x.indnkeyatts, i.reloptions,
  (SELECT pg_catalog.array_agg(CASE WHEN o.opcdefault THEN NULL ELSE o.opcname::text END ORDER BY n)
   FROM pg_catalog.generate_series(1, x.indnkeyatts) n JOIN pg_catalog.pg_opclass o ON o.oid = x.indclass[n - 1]),
  ${indexCollations("o.collname::text")},
  x.indnullsnotdistinct, pg_catalog.obj_description(i.oid, 'pg_class'),
  (SELECT s.spcname FROM pg_catalog.pg_tablespace s WHERE s.oid = i.reltablespace), i.relispartition,
  ${indexCollations(COLLATION_SCHEMA)}
FROM pg_catalog.pg_index x
  JOIN pg_catalog.pg_class i ON i.oid = x.indexrelid
  JOIN pg_catalog.pg_am m ON m.oid = i.relam
WHERE x.indrelid = ANY ($1::oid[]) AND NOT x.indisprimary
ORDER BY i.relname`;

// The schema is said where it is another one, and not found without being said.
function parentName(parent: string, child: string): string {
  const schema = `(SELECT n.nspname || '.' FROM pg_catalog.pg_namespace n WHERE n.oid = ${parent}.relnamespace)`;
  return `(CASE WHEN ${parent}.relnamespace = ${child}.relnamespace OR pg_catalog.pg_table_is_visible(${parent}.oid) THEN '' ELSE ${schema} END || ${parent}.relname)::text`;
}

/** Relation, comment, partition key, storage parameters, persistence, parents, access method, tablespace. */
export const TABLE_FACTS = `
SELECT c.oid, pg_catalog.obj_description(c.oid, 'pg_class'),
  CASE WHEN c.relkind = 'p' THEN pg_catalog.pg_get_partkeydef(c.oid) END, c.reloptions, c.relpersistence::text,
  (SELECT pg_catalog.array_agg(${parentName("p", "c")} ORDER BY h.inhseqno) FROM pg_catalog.pg_inherits h
   JOIN pg_catalog.pg_class p ON p.oid = h.inhparent WHERE h.inhrelid = c.oid AND NOT c.relispartition),
  (SELECT m.amname FROM pg_catalog.pg_am m WHERE m.oid = c.relam AND m.amname <> current_setting('default_table_access_method')),
  (SELECT s.spcname FROM pg_catalog.pg_tablespace s WHERE s.oid = c.reltablespace),
  CASE WHEN c.relispartition THEN (SELECT ARRAY[${parentName("p", "c")}, pg_catalog.pg_get_expr(c.relpartbound, c.oid)]
    FROM pg_catalog.pg_inherits h JOIN pg_catalog.pg_class p ON p.oid = h.inhparent WHERE h.inhrelid = c.oid) END
FROM pg_catalog.pg_class c WHERE c.oid = ANY ($1::oid[])`;

/** Enum types: name, schema, visible, labels. $1: schema, null for the default one, * for all. */
export const ENUMS = `
SELECT t.typname, n.nspname, pg_catalog.pg_type_is_visible(t.oid),
  (SELECT pg_catalog.array_agg(l.enumlabel::text ORDER BY l.enumsortorder) FROM pg_catalog.pg_enum l WHERE l.enumtypid = t.oid)
FROM pg_catalog.pg_type t JOIN pg_catalog.pg_namespace n ON n.oid = t.typnamespace
WHERE t.typtype = 'e' AND CASE WHEN $1 = '*' THEN true ELSE n.nspname = coalesce($1::text, current_schema()) END
ORDER BY n.nspname, t.typname`;

/**
 * All domains: id, name, schema, visible, type, nullable, default, collation and its schema, names and checks, dimensions of the
 * arrays that it is over, and of what it is over the enum (name, schema, labels) or the domain; whether it is in the schema $1
 * (null: the default one, *: any), and whether an extension has brought it.
 */
export const DOMAINS = `
SELECT d.oid, d.typname, n.nspname, pg_catalog.pg_type_is_visible(d.oid), pg_catalog.format_type(d.typbasetype, d.typtypmod),
  NOT d.typnotnull, pg_catalog.pg_get_expr(d.typdefaultbin, 0),
  ${domainCollation("o.collname::text")}, ${domainCollation(COLLATION_SCHEMA)},
  (SELECT pg_catalog.array_agg(ARRAY[k.conname::text, pg_catalog.pg_get_constraintdef(k.oid)] ORDER BY k.conname)
   FROM pg_catalog.pg_constraint k WHERE k.contypid = d.oid AND k.contype = 'c'),
  d.typndims, ${ENUM_FACTS},
  $1::text IS NOT DISTINCT FROM '*' OR n.nspname = coalesce($1::text, current_schema()),
  EXISTS (SELECT FROM pg_catalog.pg_depend b
    WHERE b.classid = 'pg_catalog.pg_type'::regclass AND b.objid = d.oid AND b.deptype = 'e')
FROM pg_catalog.pg_type d JOIN pg_catalog.pg_namespace n ON n.oid = d.typnamespace
  JOIN pg_catalog.pg_type t ON t.oid = d.typbasetype
  LEFT JOIN pg_catalog.pg_type e ON e.oid = ${ITEM} AND e.typtype IN ('e', 'd')
  LEFT JOIN pg_catalog.pg_namespace en ON en.oid = e.typnamespace
WHERE d.typtype = 'd' AND n.nspname NOT IN ('pg_catalog', 'information_schema')
ORDER BY n.nspname, d.typname`;
