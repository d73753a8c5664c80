import type { DialectOptions, PoolKind } from "../../engine/dialect.js";
import type { DriverConnection } from "../../engine/driver.js";
import { InterfaceError } from "../../engine/errors.js";
import { type Op, request } from "../../engine/io.js";
import type { URL } from "../../engine/url.js";
import { openConnection } from "./connect.js";
import { PostgresqlDialect } from "./dialect.js";
import { ServerNotifications } from "./notifications.js";
import { type ConnectSettings, readOptions } from "./options.js";

/**
 * A PostgreSQL server, on pg.
 *
 * URLs: `postgresql://user:password@host:port/database?option=value`, also as `postgres://` and `postgresql+pg://`. The options
 * are libpq's (`sslmode`, `host=/var/run/postgresql`, `application_name`, `connect_timeout`, `statement_timeout`, `options`
 * ...) and those of `PostgresqlOptions` with underscores. `connect_timeout` is 60 s where nobody says otherwise.
 */
export class PostgresqlServerDialect extends PostgresqlDialect {
  readonly driverName = "pg";
  readonly poolKind: PoolKind = "queue";
  readonly notifications = new ServerNotifications(this);
  readonly #settings: ConnectSettings;

  constructor(url: URL, options: DialectOptions) {
    const settings = readOptions(url, options);
    super(url, options, settings);
    this.#settings = settings;
  }

  *connect(given?: unknown): Op<DriverConnection> {
    return yield request<DriverConnection>(
      (signal) => openConnection(this.#settings, given, signal),
      () => {
        throw new InterfaceError(
          "PostgreSQL's login needs the event loop, so that no connection can be opened by a blocking call. Take the connection " +
            "with await before runSync, or use createAsyncEngine.",
          null,
        );
      },
    );
  }
}
