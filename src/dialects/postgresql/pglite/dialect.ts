/** The dialect of PGlite, which is PostgreSQL in this process. */
import { mkdirSync, realpathSync } from "node:fs";
import { basename, dirname, join, resolve } from "node:path";
import type { DialectOptions, PoolKind } from "../../../engine/dialect.js";
import type { DriverConnection } from "../../../engine/driver.js";
import { InterfaceError, OperationalError } from "../../../engine/errors.js";
import { refuseGiven } from "../../../engine/given.js";
import { type Op, request } from "../../../engine/io.js";
import type { Hear, ListenerAccess, NotificationDialect, Subscription } from "../../../engine/notifications/dialect.js";
import type { URL } from "../../../engine/url.js";
import { ArgumentError } from "../../../sql/errors.js";
import { sessionSettings } from "../connect.js";
import { PostgresConnection } from "../connection.js";
import { PostgresqlDialect } from "../dialect.js";
import { listening, notifyStatement } from "../notifications.js";
import { readSessionOptions, type SessionSettings } from "../options.js";
import { hearOf, PgliteLink } from "./link.js";
import { loadPglite, type Pglite } from "./pglite.js";

// Folders that databases of this process have open: two servers on one folder would ruin it.
const foldersInUse = new Set<string>();

/**
 * PostgreSQL inside this process, on `@electric-sql/pglite`.
 *
 * URLs: `pglite://` is a database in memory, one for the engine; `pglite:///data/app` a folder beside the working directory,
 * `pglite:////var/app` an absolute path. Options in the URL: `timezone`, `autoincrement`, `prepared_statements`,
 * `statement_cache_size`. `connectArgs` go to `PGlite.create` (extensions and the like); `creator` gives a PGlite of your
 * own, which is not closed with the engine.
 *
 * There is one session: connections are lent out one after the other, and a call that takes a second one while it holds the
 * first waits for itself. `runSync` needs nothing; a statement cannot be cancelled, as it holds the thread until it ends.
 */
export class PgliteDialect extends PostgresqlDialect {
  readonly driverName = "@electric-sql/pglite";
  readonly poolKind: PoolKind = "single";
  readonly #settings: SessionSettings;
  readonly #connectArgs: Readonly<Record<string, unknown>> | undefined;
  /** Null is a database in memory. */
  readonly #folder: string | null;
  #database: Pglite | null = null;
  /** How many listen to each channel. */
  readonly #listened = new Map<string, number>();
  /** The entry of `foldersInUse` that is ours. */
  #place: string | null = null;

  constructor(url: URL, options: DialectOptions) {
    const settings = readSessionOptions(url, options);
    super(url, options, settings);
    if (url.host !== null || url.username !== null) {
      throw new ArgumentError(
        `"${url}" is no PGlite URL: after pglite:// comes a third slash and the folder's path, as in "pglite:///data/app" ` +
          'or, absolute, "pglite:////var/app"; "pglite://" is a database in memory',
      );
    }
    this.#settings = settings;
    this.#connectArgs = options.connectArgs;
    const path = url.database ?? "";
    this.#folder = path === "" || path === ":memory:" ? null : resolve(path);
  }

  *connect(given?: unknown): Op<DriverConnection> {
    const database = given === undefined ? yield* this.#opened() : givenPglite(given);
    const link = new PgliteLink(database, () => this.#forget());
    const connection = new PostgresConnection(link, database, this.#settings.statementCacheSize);
    // What an earlier connection has left in the session.
    connection.performSync(connection.control("ROLLBACK; DEALLOCATE ALL"));
    connection.performSync(connection.control(sessionSettings(this.#settings, {})));
    return connection;
  }

  /** There is one session, which everybody has in turn: it listens for all. */
  readonly notifications: NotificationDialect = {
    notify: notifyStatement,
    subscribe: this.#subscribe.bind(this),
  };

  *#subscribe(access: ListenerAccess, channels: readonly string[], hear: Hear): Op<Subscription> {
    yield* access.borrow((connection) => listening(this, connection, "LISTEN", channels));
    const database = this.#database;
    const stop = database === null ? () => {} : hearOf(database, hear);
    const others = this.#listened;
    for (const name of channels) others.set(name, (others.get(name) ?? 0) + 1);
    const host = this;
    return {
      // biome-ignore lint/correctness/useYield: PGlite is in this process
      *alive() {
        return database !== null && host.#database === database && !database.closed;
      },
      *close() {
        stop();
        const last = channels.filter((name) => {
          const left = (others.get(name) ?? 1) - 1;
          others.set(name, left);
          return left === 0;
        });
        if (last.length > 0 && host.#database === database)
          yield* access.borrow((connection) => listening(host, connection, "UNLISTEN", last));
      },
    };
  }

  *dispose(): Op<void> {
    const database = this.#database;
    if (database === null) return;
    this.#forget();
    yield request<void>(
      () => database.close(),
      () => void database.close(),
    );
  }

  *#opened(): Op<Pglite> {
    if (this.#database?.closed) this.#forget();
    this.#database ??= yield request<Pglite>(
      () => this.#open(),
      () => {
        throw new InterfaceError(
          "PGlite needs the event loop to start, so that it cannot be opened by a blocking call. Use createAsyncEngine and take " +
            "the connection with await before runSync, or give a PGlite that is ready: creator: () => database.",
          null,
        );
      },
    );
    return this.#database as Pglite;
  }

  async #open(): Promise<Pglite> {
    const { PGlite } = loadPglite();
    const folder = this.#folder;
    if (folder === null) return PGlite.create("memory://", this.#connectArgs);
    mkdirSync(dirname(folder), { recursive: true });
    const place = join(realpathSync(dirname(folder)), basename(folder));
    if (foldersInUse.has(place)) {
      throw new OperationalError(
        `The PGlite database in "${place}" is open in another engine of this process, and a folder can only be open once: use ` +
          "one engine, or dispose of the other first",
        null,
      );
    }
    foldersInUse.add(place);
    this.#place = place;
    try {
      return await PGlite.create(place, this.#connectArgs);
    } catch (error) {
      this.#forget();
      throw new OperationalError(
        `PGlite could not open "${place}": ${error instanceof Error ? error.message : String(error)}`,
        null,
        error,
      );
    }
  }

  // After a crash the next connection opens the folder anew; what was in memory is gone.
  #forget(): void {
    this.#database = null;
    if (this.#place !== null) foldersInUse.delete(this.#place);
    this.#place = null;
  }
}

function givenPglite(given: unknown): Pglite {
  if (typeof (given as Partial<Pglite> | null)?.execProtocolRawSync === "function") return given as Pglite;
  return refuseGiven(given, "a PGlite of @electric-sql/pglite");
}
