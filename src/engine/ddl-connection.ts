import type { DDLElement } from "../sql/ddl/element.js";
import type { DDLConnection } from "../sql/ddl-runner.js";
import type { ReflectedTable, ReflectionScope } from "../sql/schema/reflected.js";
import { schemaBefore, translatedSchema } from "../sql/schema-translation.js";
import type { ConnectionCore } from "./connection-core.js";
import { executeDDL } from "./execute.js";
import { type Ask, reflectTables } from "./inspector.js";
import type { Op } from "./io.js";
import { announce, reflectColumn, type SchemaConnection } from "./schema-events.js";

/**
 * What `metadata.createAll` and `metadata.reflect` see of a connection.
 *
 * @param face the synchronous connection, for handlers of events
 */
export function ddlConnection(connection: ConnectionCore, face: SchemaConnection): DDLConnection {
  const { dialect } = connection;
  const { reflection } = dialect;
  const place = (schema: string | null): string | null =>
    translatedSchema(connection.options.schemaTranslateMap, schema);
  return {
    dialect,
    *executeDDL(ddl: DDLElement): Op<void> {
      yield* executeDDL(connection, ddl);
    },
    *present(scope: ReflectionScope): Op<ReadonlySet<string>> {
      const found = yield* connection.reflecting((c) =>
        reflection.relations(c, { ...scope, schema: place(scope.schema) }),
      );
      return new Set(found.map((relation) => relation.name));
    },
    *hasSequence(name: string, schema: string | null): Op<boolean> {
      return yield* connection.reflecting((c) => reflection.hasSequence(c, name, place(schema)));
    },
    *hasType(name: string, schema: string | null): Op<boolean> {
      return yield* connection.reflecting((c) => reflection.hasType(c, name, place(schema)));
    },
    *reflect(scope: ReflectionScope): Op<readonly ReflectedTable[]> {
      const ask: Ask = (op) => connection.reflecting(op);
      const found = yield* reflectTables(dialect, ask, { ...scope, schema: place(scope.schema) });
      const map = connection.options.schemaTranslateMap;
      if (map === undefined) return found;
      return found.map((table) => ({
        ...table,
        schema: scope.schema,
        foreignKeys: table.foreignKeys.map((key) => ({
          ...key,
          referredSchema: schemaBefore(map, key.referredSchema, scope.schema),
        })),
      }));
    },
    *announce(event: string, target: object): Op<void> {
      yield* announce(face, (ddl) => executeDDL(connection, ddl), event, target) as Op<void>;
    },
    reflectColumn,
  };
}
