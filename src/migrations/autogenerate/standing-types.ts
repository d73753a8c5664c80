/**
 * Types that the database has: a function over one of them, in an index, a check or a view, takes no other one, though the scratch schema has it under the
 * same name. Enums that are as the classes say are not made a second time there; others, and the rows of tables, are cast.
 */
import type { AsyncConnection } from "../../engine/async-connection.js";
import { inspect } from "../../engine/inspection.js";
import { engineEvent } from "../../engine/listen.js";
import { DDL } from "../../sql/ddl/elements.js";
import { unquoted } from "../../sql/identifiers.js";
import type { MetaData } from "../../sql/schema/metadata.js";
import { typesOf } from "../../sql/schema/named-types.js";
import type { ReflectedEnum } from "../../sql/schema/reflected.js";
import { quoteLiteral } from "../../sql/types/base.js";
import { literally } from "../sql-text.js";

/** Drops those of these enums that the default schema has with the same labels; what something else stands on stays. */
function dropTwins(names: readonly string[], scratch: string, main: string): DDL {
  const labels = (oid: string): string =>
    `ARRAY(SELECT enumlabel FROM pg_catalog.pg_enum WHERE enumtypid = ${oid} ORDER BY enumsortorder)`;
  return new DDL(`DO $twins$
DECLARE twin name;
BEGIN
  FOR twin IN
    SELECT made.typname FROM pg_catalog.pg_type made
      JOIN pg_catalog.pg_namespace here ON here.oid = made.typnamespace AND here.nspname = ${quoteLiteral(scratch)}
      JOIN pg_catalog.pg_type standing ON standing.typname = made.typname AND standing.typtype = 'e'
      JOIN pg_catalog.pg_namespace there ON there.oid = standing.typnamespace AND there.nspname = ${quoteLiteral(main)}
    WHERE made.typtype = 'e' AND made.typname IN (${names.map(quoteLiteral).join(", ")})
      AND ${labels("made.oid")} = ${labels("standing.oid")}
  LOOP
    BEGIN
      EXECUTE format('DROP TYPE %I.%I', ${quoteLiteral(scratch)}, twin);
    EXCEPTION WHEN dependent_objects_still_exist THEN NULL;
    END;
  END LOOP;
END $twins$`);
}

/** The schema of the casts' functions; it is gone when the transaction is rolled back. */
const CASTS = "athanor_standing";

export function createCastSchema(): string {
  return `CREATE SCHEMA ${CASTS}`;
}

/** A schema, and the scratch schema that stands for it. */
export type Twin = readonly [scratch: string, schema: string];

/**
 * Casts of the types of scratch schemas to those of the schemas that they stand for. They are for tables that have no rows, and give
 * nothing.
 *
 * @param statement what is executed with them, where it is no query
 */
export function withCasts(twins: readonly Twin[], statement: string | null = null): string {
  const then = statement === null ? "" : `\n  EXECUTE ${quoteLiteral(statement)};`;
  const pairs = twins.map(([scratch, schema]) => `(${quoteLiteral(scratch)}, ${quoteLiteral(schema)})`).join(", ");
  return `DO $casts$
DECLARE twin record;
BEGIN
  FOR twin IN
    SELECT made.oid AS id, format('%I.%I', here.nspname, made.typname) AS source, format('%I.%I', there.nspname, made.typname) AS target
    FROM (VALUES ${pairs}) twins (scratch, schema)
      JOIN pg_catalog.pg_namespace here ON here.nspname = twins.scratch
      JOIN pg_catalog.pg_type made ON made.typnamespace = here.oid
      JOIN pg_catalog.pg_namespace there ON there.nspname = twins.schema
      JOIN pg_catalog.pg_type standing ON standing.typnamespace = there.oid
        AND standing.typname = made.typname AND standing.typtype = made.typtype
    WHERE made.typtype IN ('e', 'c')
      AND NOT EXISTS (SELECT FROM pg_catalog.pg_cast WHERE castsource = made.oid AND casttarget = standing.oid)
  LOOP
    EXECUTE format('CREATE FUNCTION ${CASTS}.%I(%s) RETURNS %s LANGUAGE plpgsql IMMUTABLE AS %L',
      'of_' || twin.id, twin.source, twin.target, 'BEGIN RETURN NULL; END');
    EXECUTE format('CREATE CAST (%s AS %s) WITH FUNCTION ${CASTS}.%I(%s) AS IMPLICIT',
      twin.source, twin.target, 'of_' || twin.id, twin.source);
  END LOOP;${then}
END $casts$`;
}

/**
 * Takes the casts out of what the server says: `label((mood)::public.mood)` is `label(mood)` where the type is the one that is there. Types that are found without
 * a schema are written without one, so that only the casts name the default one.
 *
 * @param isMade whether a type of another schema is one that is made: what is said of it elsewhere names the scratch schema
 */
export function withoutCasts(
  main: string,
  twins: readonly Twin[],
  isMade: (name: string, schema: string) => boolean,
): (text: string) => string {
  const name = /(?:"(?:[^"]|"")*"|\w+)/.source;
  const schemas = twins.map(([, schema]) => literally(schema));
  const cast = `::(?<schema>${schemas.flatMap((each) => [`"${each}"`, each]).join("|")})\\.(?<type>${name})`;
  const around = new RegExp(`\\((?<value>${name}(?:\\.(?:${name}|\\*))?)\\)${cast}`, "g");
  const plain = new RegExp(cast, "g");
  const without = (...found: readonly unknown[]): string => {
    const { schema = "", type = "", value = "" } = found.at(-1) as Readonly<Record<string, string>>;
    const isCast = unquoted(schema) === main || isMade(unquoted(type), unquoted(schema));
    return isCast ? value : String(found[0]);
  };
  return (sql) => sql.replaceAll(around, without).replaceAll(plain, without);
}

/** The enums of the classes that are found without a schema. */
function enumsOf(connection: AsyncConnection, metadatas: readonly MetaData[], main: string): readonly string[] {
  const types = typesOf(connection.dialect, metadatas);
  const said = new Set(types.filter(({ schema }) => schema === main).map(({ name }) => name));
  return types.filter(({ schema, name }) => schema == null && !said.has(name)).map(({ name }) => name);
}

/**
 * Makes metadata in the scratch schema, with the enums of the default schema in place of their twins.
 *
 * @param casts the schemas whose other types are cast
 * @param fn makes it
 * @returns reads the enums that have taken a place
 */
export async function withStandingEnums(
  connection: AsyncConnection,
  metadatas: readonly MetaData[],
  [scratch, main]: Twin,
  casts: readonly Twin[] | null,
  fn: () => Promise<void>,
): Promise<() => Promise<readonly ReflectedEnum[]>> {
  const names = enumsOf(connection, metadatas, main);
  const undo: (() => void)[] = [];
  for (const metadata of names.length === 0 ? [] : metadatas) {
    let done = false;
    // Types are made before the first table.
    const handler = (): readonly DDL[] => {
      if (done) return [];
      done = true;
      const drop = dropTwins(names, scratch, main);
      return casts === null ? [drop] : [drop, new DDL(withCasts(casts))];
    };
    for (const table of metadata.tables.values()) {
      engineEvent.listen(table, "beforeCreate", handler);
      undo.push(() => engineEvent.remove(table, "beforeCreate", handler));
    }
  }
  try {
    await fn();
  } finally {
    for (const each of undo) each();
  }
  return async () => {
    if (names.length === 0) return [];
    const standing = await inspect(connection).getEnums({ schema: main });
    return standing.filter(({ name }) => names.includes(name)).map((each) => ({ ...each, schema: null }));
  };
}
