/** The options of a PostgreSQL URL and engine: libpq's names, and ours. */
import { readFileSync } from "node:fs";
import type { DialectOptions } from "../../engine/dialect.js";
import { camelCase, OptionReader } from "../../engine/dialect-options.js";
import type { URL } from "../../engine/url.js";
import { ArgumentError } from "../../sql/errors.js";
import type { SyncTransport } from "./wire/link.js";

/**
 * Options of the dialect: as `dialectOptions: { postgresql: { ... } }`, or in the URL with underscores, which wins. The other
 * options of libpq's that the URL takes (`connect_timeout`, `sslmode` ...) can be given here in camelCase as well.
 *
 * What bounds the time that a call may take: a login `connectTimeout`; a wait for the pool `poolTimeout`; a statement
 * `queryTimeout` and its own `signal`, and in blocking calls `syncTimeout`; a ROLLBACK or ping of the pool's 10 and 5 s; the
 * goodbye of a connection 2 s. A statement with neither `queryTimeout` nor `signal` is bounded by TCP alone: a connection whose
 * other end is gone is noticed within 40 s while it is waited for (`keepalives`), and after the system's retransmissions (about
 * 15 minutes on Linux) while our own bytes are not acknowledged. A server that lives and never answers is waited for without
 * end: set `queryTimeout` where that must not be.
 */
export interface PostgresqlOptions {
  /**
   * Milliseconds after which a statement is cancelled on the server, by the client's clock, in blocking calls too. A server that
   * does not react to the request within 5 s more is given up with its connection. Default 0: never.
   */
  readonly queryTimeout?: number;
  /** Milliseconds after which the server cancels a statement by itself. Default 0: as the server says. */
  readonly statementTimeout?: number;
  /** Milliseconds that a statement waits for a lock. Default 0: as the server says. */
  readonly lockTimeout?: number;
  /** Milliseconds after which the server ends a session that sits in a transaction. Default 0: as the server says. */
  readonly idleInTransactionSessionTimeout?: number;
  /** Seconds that a login may take. Default 60; 0 is any time. */
  readonly connectTimeout?: number;
  /** TCP probes of a connection on which nothing moves, so that one whose other end is gone is noticed. Default true. */
  readonly keepalives?: boolean;
  /** Seconds without traffic before the first probe; nine more follow, one a second. Default 30. */
  readonly keepalivesIdle?: number;
  /** The name under which the server lists the sessions. */
  readonly applicationName?: string;
  /** Statements are prepared under a name and kept. Default true; false behind a transaction pooler. */
  readonly preparedStatements?: boolean;
  /** How many prepared statements each connection keeps. Default 200. */
  readonly statementCacheSize?: number;
  /**
   * How blocking calls (`runSync`) reach the server. Default "fd", for plain sockets on POSIX systems; "worker" holds the connection's
   * socket in a thread, which works with TLS and on Windows and slows every statement a little; "none" refuses them.
   */
  readonly syncTransport?: SyncTransport;
  /** Seconds that a blocking call waits for the server. Default 300. */
  readonly syncTimeout?: number;
  /**
   * The time zone of the sessions, in which the server makes a timestamp without time zone of `now()`. Default "UTC", which
   * is how such timestamps are read; "server" leaves the server's own.
   */
  readonly timezone?: string;
  /** How `createAll` writes a single integer key. Default "identity". */
  readonly autoincrement?: "identity" | "serial";
}

declare module "../../engine/dialect.js" {
  interface OptionsOfDialects {
    readonly postgresql?: PostgresqlOptions;
  }
}

/** The options of a session, read. */
export interface SessionSettings {
  readonly statementCacheSize: number;
  /** Null leaves the server's. */
  readonly timezone: string | null;
  readonly autoincrement: "identity" | "serial";
}

/** The options of a connection to a server, read. */
export interface ConnectSettings extends SessionSettings {
  /** For pg's Client. */
  readonly config: Readonly<Record<string, unknown>>;
  /** TLS from the first byte, without asking for it (sslnegotiation=direct). */
  readonly directTls: boolean;
  /** Try again without TLS when the server has none (sslmode=prefer). */
  readonly fallbackPlain: boolean;
  /** Try again with TLS when the server refuses a plain connection (sslmode=allow). */
  readonly fallbackTls: object | null;
  readonly syncTransport: SyncTransport;
  /** Milliseconds. */
  readonly syncTimeout: number;
  /** Milliseconds; 0 is none. */
  readonly queryTimeout: number;
}

// Of libpq, as pg has them.
const LIBPQ = [
  "host",
  "port",
  "user",
  "password",
  "dbname",
  "application_name",
  "fallback_application_name",
  "connect_timeout",
  "statement_timeout",
  "lock_timeout",
  "idle_in_transaction_session_timeout",
  "query_timeout",
  "keepalives",
  "keepalives_idle",
  "options",
  "client_encoding",
  "channel_binding",
  "ssl",
  "sslmode",
  "sslcert",
  "sslkey",
  "sslpassword",
  "sslrootcert",
  "sslnegotiation",
  "replication",
] as const;

const OF_SESSION = ["prepared_statements", "statement_cache_size", "timezone", "autoincrement"] as const;
const OF_BLOCKING = ["sync_transport", "sync_timeout"] as const;

/** Seconds that a login may take where nobody says otherwise; `connect_timeout=0` lets it take any time. */
const CONNECT_TIMEOUT_S = 60;
const SSL_MODES = ["disable", "allow", "prefer", "require", "verify-ca", "verify-full", "no-verify"] as const;
type SslMode = (typeof SSL_MODES)[number];
const TRANSPORTS: readonly SyncTransport[] = ["fd", "worker", "none"];

/** The options of a URL and an engine that PostgreSQL knows. @throws ArgumentError naming one that it does not */
function optionsOf(
  url: URL,
  settings: DialectOptions,
  names: readonly string[],
  others?: readonly string[],
): OptionReader {
  const given = settings.dialectOptions?.["postgresql"] ?? {};
  return new OptionReader("PostgreSQL", url, given as Readonly<Record<string, unknown>>, names, others);
}

/** Reads the URL's options and the engine's. @throws ArgumentError naming the option that is wrong */
export function readOptions(url: URL, settings: DialectOptions): ConnectSettings {
  const options = optionsOf(url, settings, [...OF_SESSION, ...LIBPQ, ...OF_BLOCKING]);
  const tls = readTls(options);
  return {
    ...sessionOf(options),
    config: { ...connectConfig(url, options), ...tls.config, ...settings.connectArgs },
    directTls: options.option("sslnegotiation") === "direct",
    fallbackPlain: tls.fallbackPlain,
    fallbackTls: tls.fallbackTls,
    syncTransport: options.oneOf("sync_transport", TRANSPORTS, "fd"),
    syncTimeout: options.milliseconds("sync_timeout", 300, 1000),
    queryTimeout: options.milliseconds("query_timeout", 0),
  };
}

/** Reads the options of a session that is not reached over a network. @throws ArgumentError naming the option that is wrong */
export function readSessionOptions(url: URL, settings: DialectOptions): SessionSettings {
  // One configuration may serve a server and PGlite: what only a server's connections have is no mistake there.
  return sessionOf(optionsOf(url, settings, OF_SESSION, [...LIBPQ, ...OF_BLOCKING].map(camelCase)));
}

function sessionOf(options: OptionReader): SessionSettings {
  const prepared = options.flag("prepared_statements", true);
  const size = options.number("statement_cache_size", 200);
  const timezone = options.option("timezone") ?? (zoneIsGiven(options) ? "server" : "UTC");
  return {
    statementCacheSize: prepared ? size : 0,
    timezone: timezone === "server" ? null : timezone,
    autoincrement: options.oneOf("autoincrement", ["identity", "serial"], "identity"),
  };
}

// A zone that the user asks for in libpq's ways is left alone.
function zoneIsGiven(options: OptionReader): boolean {
  return /timezone/i.test(options.option("options") ?? "") || process.env["PGTZ"] !== undefined;
}

function connectConfig(url: URL, options: OptionReader): Record<string, unknown> {
  const config: Record<string, unknown> = {};
  const put = (name: string, value: unknown): void => {
    if (value !== null && value !== undefined) config[name] = value;
  };
  put("host", options.option("host") ?? url.host);
  const port = options.option("port");
  if (port !== null && !/^\d+$/.test(port))
    throw new ArgumentError(`The option "port" of the database URL is a number, not "${port}"`);
  put("port", port === null ? url.port : Number(port));
  put("user", options.option("user") ?? url.username);
  put("password", options.option("password") ?? url.password);
  put("database", options.option("dbname") ?? (url.database === "" ? null : url.database));
  for (const name of ["application_name", "fallback_application_name", "options", "replication"])
    put(name, options.option(name));
  for (const name of ["statement_timeout", "lock_timeout", "idle_in_transaction_session_timeout"]) {
    const value = options.number(name, 0);
    if (value > 0) put(name, value);
  }
  const loginTime = options.milliseconds("connect_timeout", defaultConnectTimeout(), 1000);
  if (loginTime > 0) put("connectionTimeoutMillis", loginTime);
  if (options.flag("keepalives", true)) {
    put("keepAlive", true);
    put("keepAliveInitialDelayMillis", options.number("keepalives_idle", 30) * 1000);
  }
  const encoding = options.option("client_encoding");
  if (encoding !== null && !/^(utf-?8|unicode|auto)$/i.test(encoding)) {
    throw new ArgumentError(`The option "client_encoding" can only be utf8, not "${encoding}": strings are Unicode`);
  }
  const binding = options.option("channel_binding");
  if (binding !== null)
    put(
      "enableChannelBinding",
      options.oneOf("channel_binding", ["disable", "prefer", "require"], "prefer") !== "disable",
    );
  return config;
}

// A server that takes the connection and never answers must not hold a call for ever.
function defaultConnectTimeout(): number {
  const given = process.env["PGCONNECT_TIMEOUT"];
  return given === undefined ? CONNECT_TIMEOUT_S : Number(given) || 0;
}

interface Tls {
  readonly config: Record<string, unknown>;
  readonly fallbackPlain: boolean;
  readonly fallbackTls: object | null;
}

function readTls(options: OptionReader): Tls {
  const flag = options.option("ssl");
  const fromFlag = flag === null ? null : options.flag("ssl", false) ? "verify-full" : "disable";
  const mode = options.oneOf("sslmode", SSL_MODES, (fromFlag ?? process.env["PGSSLMODE"] ?? "disable") as SslMode);
  const root = options.option("sslrootcert") ?? process.env["PGSSLROOTCERT"] ?? null;
  const cert = options.option("sslcert") ?? process.env["PGSSLCERT"] ?? null;
  const key = options.option("sslkey") ?? process.env["PGSSLKEY"] ?? null;
  const passphrase = options.option("sslpassword");
  const tls: Record<string, unknown> = {
    ...(root === null || root === "system" ? {} : { ca: file("sslrootcert", root) }),
    ...(cert === null ? {} : { cert: file("sslcert", cert) }),
    ...(key === null ? {} : { key: file("sslkey", key) }),
    ...(passphrase === null ? {} : { passphrase }),
  };
  // As in libpq: a root certificate makes "require" check it.
  if (mode === "verify-ca" || (mode === "require" && root !== null)) tls["checkServerIdentity"] = () => undefined;
  else if (mode !== "verify-full") tls["rejectUnauthorized"] = false;
  const config: Record<string, unknown> = { ssl: mode === "disable" || mode === "allow" ? false : tls };
  if (options.option("sslnegotiation") !== null)
    config["sslnegotiation"] = options.oneOf("sslnegotiation", ["postgres", "direct"], "postgres");
  return { config, fallbackPlain: mode === "prefer", fallbackTls: mode === "allow" ? tls : null };
}

function file(option: string, path: string): string {
  try {
    return readFileSync(path, "utf8");
  } catch (error) {
    throw new ArgumentError(
      `The file "${path}" of the URL option "${option}" cannot be read: ${(error as Error).message}`,
      {
        cause: error,
      },
    );
  }
}
