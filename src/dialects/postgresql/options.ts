/** The options of a PostgreSQL URL and engine: libpq's names, and ours. */
import { readFileSync } from "node:fs";
import { type DialectOptions, flagOption, numberOption } from "../../engine/dialect.js";
import type { URL } from "../../engine/url.js";
import { ArgumentError } from "../../sql/errors.js";
import type { SyncTransport } from "./wire/link.js";

/** Options of the dialect, in the URL (with underscores) or as `dialectOptions: { postgresql: { ... } }`. */
export interface PostgresqlOptions {
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
const SSL_MODES = ["disable", "allow", "prefer", "require", "verify-ca", "verify-full", "no-verify"];
const TRANSPORTS: readonly SyncTransport[] = ["fd", "worker", "none"];

/** Reads the URL's options and the engine's. @throws ArgumentError naming the option that is wrong */
export function readOptions(url: URL, settings: DialectOptions): ConnectSettings {
  const session = readSessionOptions(url, settings, [...LIBPQ, ...OF_BLOCKING]);
  const given = optionsOf(settings);
  const tls = readTls(url);
  return {
    ...session,
    config: { ...connectConfig(url), ...tls.config, ...settings.connectArgs },
    directTls: url.option("sslnegotiation") === "direct",
    fallbackPlain: tls.fallbackPlain,
    fallbackTls: tls.fallbackTls,
    syncTransport: oneOf("sync_transport", url.option("sync_transport") ?? given.syncTransport ?? "fd", TRANSPORTS),
    syncTimeout: numberOption(url, "sync_timeout", given.syncTimeout ?? 300) * 1000,
    queryTimeout: numberOption(url, "query_timeout", 0),
  };
}

/**
 * Reads the options of a session.
 *
 * @param others names of options that the URL may have beside those
 * @throws ArgumentError naming the option that is wrong
 */
export function readSessionOptions(url: URL, settings: DialectOptions, others: readonly string[]): SessionSettings {
  const known: readonly string[] = [...OF_SESSION, ...others];
  for (const name of Object.keys(url.query)) {
    if (!known.includes(name)) {
      throw new ArgumentError(`PostgreSQL knows no URL option "${name}"; it knows ${[...known].sort().join(", ")}`);
    }
  }
  const given = optionsOf(settings);
  const prepared = flagOption(url, "prepared_statements", given.preparedStatements ?? true);
  const size = numberOption(url, "statement_cache_size", given.statementCacheSize ?? 200);
  const timezone = url.option("timezone") ?? given.timezone ?? (zoneIsGiven(url) ? "server" : "UTC");
  return {
    statementCacheSize: prepared ? size : 0,
    timezone: timezone === "server" ? null : timezone,
    autoincrement: oneOf("autoincrement", url.option("autoincrement") ?? given.autoincrement ?? "identity", [
      "identity",
      "serial",
    ]),
  };
}

function optionsOf(settings: DialectOptions): PostgresqlOptions {
  return (settings.dialectOptions?.["postgresql"] ?? {}) as PostgresqlOptions;
}

function oneOf<T extends string>(name: string, value: string, allowed: readonly T[]): T {
  if ((allowed as readonly string[]).includes(value)) return value as T;
  throw new ArgumentError(`The option "${name}" of PostgreSQL is ${allowed.join(" or ")}, not "${value}"`);
}

// A zone that the user asks for in libpq's ways is left alone.
function zoneIsGiven(url: URL): boolean {
  return /timezone/i.test(url.option("options") ?? "") || process.env["PGTZ"] !== undefined;
}

function connectConfig(url: URL): Record<string, unknown> {
  const config: Record<string, unknown> = {};
  const put = (name: string, value: unknown): void => {
    if (value !== null && value !== undefined) config[name] = value;
  };
  put("host", url.option("host") ?? url.host);
  const port = url.option("port");
  if (port !== null && !/^\d+$/.test(port))
    throw new ArgumentError(`The option "port" of the database URL is a number, not "${port}"`);
  put("port", port === null ? url.port : Number(port));
  put("user", url.option("user") ?? url.username);
  put("password", url.option("password") ?? url.password);
  put("database", url.option("dbname") ?? (url.database === "" ? null : url.database));
  for (const name of ["application_name", "fallback_application_name", "options", "replication"])
    put(name, url.option(name));
  for (const name of ["statement_timeout", "lock_timeout", "idle_in_transaction_session_timeout"]) {
    const value = numberOption(url, name, 0);
    if (value > 0) put(name, value);
  }
  const seconds = numberOption(url, "connect_timeout", defaultConnectTimeout());
  if (seconds > 0) put("connectionTimeoutMillis", seconds * 1000);
  if (flagOption(url, "keepalives", true)) {
    put("keepAlive", true);
    put("keepAliveInitialDelayMillis", numberOption(url, "keepalives_idle", 30) * 1000);
  }
  const encoding = url.option("client_encoding");
  if (encoding !== null && !/^(utf-?8|unicode|auto)$/i.test(encoding)) {
    throw new ArgumentError(`The option "client_encoding" can only be utf8, not "${encoding}": strings are Unicode`);
  }
  const binding = url.option("channel_binding");
  if (binding !== null)
    put("enableChannelBinding", oneOf("channel_binding", binding, ["disable", "prefer", "require"]) !== "disable");
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

function readTls(url: URL): Tls {
  const flag = url.option("ssl");
  const fromFlag = flag === null ? null : flagOption(url, "ssl", false) ? "verify-full" : "disable";
  const mode = oneOf("sslmode", url.option("sslmode") ?? fromFlag ?? process.env["PGSSLMODE"] ?? "disable", SSL_MODES);
  const root = url.option("sslrootcert") ?? process.env["PGSSLROOTCERT"] ?? null;
  const cert = url.option("sslcert") ?? process.env["PGSSLCERT"] ?? null;
  const key = url.option("sslkey") ?? process.env["PGSSLKEY"] ?? null;
  const passphrase = url.option("sslpassword");
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
  const negotiation = url.option("sslnegotiation");
  if (negotiation !== null) config["sslnegotiation"] = oneOf("sslnegotiation", negotiation, ["postgres", "direct"]);
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
