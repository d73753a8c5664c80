/** Connections that outlive the engines of tests: beginning one costs the server more than most tests do. */
import { sessionSettings } from "../../src/dialects/postgresql/connect.js";
import type { PostgresConnection } from "../../src/dialects/postgresql/connection.js";
import type { DriverConnection } from "../../src/engine/driver.js";
import type { EngineOptions, PoolClass } from "../../src/engine/engine-options.js";
import type { Op } from "../../src/engine/io.js";
import type { Connector, PoolLog, PoolOptions } from "../../src/engine/pool/pool.js";
import { QueuePool } from "../../src/engine/pool/queue-pool.js";
import type { ConnectionRecord } from "../../src/engine/pool/record.js";

/** Options that make other connections than those of other engines. */
const OF_CONNECTIONS: readonly (keyof EngineOptions)[] = ["connectArgs", "creator", "dialectOptions"];

/** What makes a connection as new, down to what each is told when it is opened. */
const AS_NEW = ["DISCARD ALL", sessionSettings({ timezone: "UTC" }, {})];

/**
 * A pool that takes its connections from a list, and leaves them there when it is disposed of, with nothing in them that a new
 * one would not have. One that an engine has thrown away is closed, and so is one that was opened apart from the pool.
 */
export function keptPool(free: PostgresConnection[]): PoolClass {
  return class extends QueuePool {
    constructor(connector: Connector, options: PoolOptions, log: PoolLog) {
      const isPlain = OF_CONNECTIONS.every((name) => (options as EngineOptions)[name] === undefined);
      super(isPlain ? { ...connector, connect: () => connect(connector, free) } : connector, options, log);
    }

    override *invalidate(record: ConnectionRecord, error?: unknown, soft?: boolean): Op<void> {
      throwAway(record);
      yield* super.invalidate(record, error, soft);
    }

    override *closeApart(record: ConnectionRecord): Op<void> {
      throwAway(record);
      yield* super.closeApart(record);
    }
  };
}

function* connect(connector: Connector, free: PostgresConnection[]): Op<DriverConnection> {
  for (let kept = free.pop(); kept !== undefined; kept = free.pop()) if (!kept.dead) return keep(kept, free);
  return keep((yield* connector.connect()) as PostgresConnection, free);
}

/** Has the connection go to the list in place of being closed. */
function keep(connection: PostgresConnection, free: PostgresConnection[]): PostgresConnection {
  connection.close = async () => {
    closeAsUsual(connection);
    if (connection.dead || connection.reset("rollback") !== null) return connection.close();
    for (const text of AS_NEW) await connection.perform(connection.control(text));
    connection.statements.forget();
    free.push(connection);
  };
  return connection;
}

function throwAway({ driver }: ConnectionRecord): void {
  if (driver !== null) closeAsUsual(driver as PostgresConnection);
}

/** Uncovers the method of its class. */
function closeAsUsual(connection: PostgresConnection): void {
  delete (connection as Partial<PostgresConnection>).close;
}
