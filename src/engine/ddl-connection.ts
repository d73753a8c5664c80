import type { DDLElement } from "../sql/ddl/element.js";
import type { DDLConnection } from "../sql/ddl-runner.js";
import type { ConnectionCore } from "./connection-core.js";
import { executeDDL } from "./execute.js";
import type { Op } from "./io.js";

/** What `metadata.createAll` sees of a connection. */
export function ddlConnection(connection: ConnectionCore): DDLConnection {
  const { dialect } = connection;
  const { reflection } = dialect;
  return {
    dialect,
    *executeDDL(ddl: DDLElement): Op<void> {
      yield* executeDDL(connection, ddl);
    },
    *hasTable(name: string, schema: string | null = null): Op<boolean> {
      return yield* connection.reflecting((c) => reflection.hasTable(c, name, schema));
    },
    *hasIndex(table: string, index: string, schema: string | null = null): Op<boolean> {
      return yield* connection.reflecting((c) => reflection.hasIndex(c, table, index, schema));
    },
    *hasSequence(name: string, schema: string | null = null): Op<boolean> {
      return yield* connection.reflecting((c) => reflection.hasSequence(c, name, schema));
    },
    *hasType(name: string, schema: string | null = null): Op<boolean> {
      return yield* connection.reflecting((c) => reflection.hasType(c, name, schema));
    },
    *hasView(name: string, schema: string | null = null): Op<boolean> {
      return (yield* connection.reflecting((c) => reflection.viewNames(c, schema))).includes(name);
    },
  };
}
