/** Database URLs. */
import { ArgumentError } from "../sql/errors.js";

/** The parts of a database URL, decoded. */
export interface URLParts {
  /** `postgresql`, or with a driver `postgresql+pg`. */
  readonly drivername: string;
  readonly username?: string | null;
  readonly password?: string | null;
  readonly host?: string | null;
  readonly port?: number | null;
  readonly database?: string | null;
  readonly query?: Readonly<Record<string, string | readonly string[]>>;
}

const FORM =
  /^(?<name>[A-Za-z][\w.+-]*):\/\/(?:(?:(?<user>[^:/?#@]*)(?::(?<password>[^@]*))?@)?(?:\[(?<ipv6>[^\]/?#]+)\]|(?<host>[^/:?#]*))(?::(?<port>[^/?#]*))?)?(?:\/(?<database>[^?#]*))?(?:\?(?<query>[^#]*))?$/;

/**
 * A database URL: `dialect+driver://user:password@host:port/database?option=value`.
 *
 * Immutable. Printing it hides the password; {@link URL.renderAsString} with `hidePassword: false` shows it. Characters
 * that mean something in a URL are percent-encoded in its text form and plain in its fields, so that any password makes
 * the round trip.
 *
 * @example
 * URL.create({ drivername: "postgresql", username: "scott", password: "t/ger@", host: "db", database: "app" })
 */
export class URL {
  readonly drivername: string;
  readonly username: string | null;
  readonly password: string | null;
  readonly host: string | null;
  readonly port: number | null;
  readonly database: string | null;
  readonly query: Readonly<Record<string, string | readonly string[]>>;

  private constructor(parts: URLParts) {
    this.drivername = parts.drivername;
    this.username = parts.username ?? null;
    this.password = parts.password ?? null;
    this.host = parts.host ?? null;
    this.port = parts.port ?? null;
    this.database = parts.database ?? null;
    this.query = Object.freeze({ ...parts.query });
    Object.freeze(this);
  }

  /** Makes a URL of decoded parts. Throws ArgumentError for a driver name or a port that cannot be one. */
  static create(parts: URLParts): URL {
    if (!/^[A-Za-z][\w.-]*(\+[\w.-]+)?$/.test(parts.drivername)) {
      throw new ArgumentError(
        `"${parts.drivername}" is no driver name; write a dialect, or dialect+driver, such as "sqlite" or "postgresql+pg"`,
      );
    }
    const port = parts.port ?? null;
    if (port !== null && !(Number.isInteger(port) && port >= 0 && port <= 65535)) {
      throw new ArgumentError(`The port of a database URL is a whole number from 0 to 65535, not ${String(port)}`);
    }
    return new URL(parts);
  }

  /**
   * Reads a URL.
   *
   * @throws ArgumentError when the text is no database URL; the message never contains the password.
   */
  static parse(text: string): URL {
    const groups = FORM.exec(text)?.groups;
    if (groups === undefined) {
      throw new ArgumentError(
        `Could not read a database URL from "${hidePasswordIn(text)}"; its form is dialect://user:password@host:port/database, ` +
          `for example "sqlite:///app.db" or "postgresql://scott:tiger@localhost/app"` +
          (text.includes("@") ? " (in a password, @ : / ? # are written as %40 %3A %2F %3F %23)" : ""),
      );
    }
    let port: number | null = null;
    if (groups.port !== undefined && groups.port !== "") {
      port = /^\d+$/.test(groups.port) ? Number(groups.port) : Number.NaN;
      if (!(port >= 0 && port <= 65535)) {
        throw new ArgumentError(
          `"${groups.port}" is no port in "${hidePasswordIn(text)}"; a port is a number up to 65535` +
            (text.startsWith("sqlite") ? ". A database in memory is sqlite:///:memory:" : ""),
        );
      }
    }
    return URL.create({
      drivername: groups.name as string,
      username: decode(groups.user),
      password: decode(groups.password),
      host: groups.ipv6 ?? (decode(groups.host) || null),
      port,
      database: groups.database === undefined ? null : (decode(groups.database) ?? null),
      query: groups.query === undefined ? {} : parseQuery(groups.query),
    });
  }

  /** The dialect's part of the driver name: `postgresql` of `postgresql+pg`. */
  get backendName(): string {
    return this.drivername.split("+", 1)[0] as string;
  }

  /** The driver's part of the driver name, or null when the dialect chooses. */
  get driverName(): string | null {
    const at = this.drivername.indexOf("+");
    return at < 0 ? null : this.drivername.slice(at + 1);
  }

  /** A copy with some parts replaced; null removes one. */
  set(parts: Partial<URLParts>): URL {
    return URL.create({ ...this, ...parts });
  }

  /** A copy with query options added or replaced. */
  updateQueryDict(options: Readonly<Record<string, string | readonly string[]>>): URL {
    return this.set({ query: { ...this.query, ...options } });
  }

  /** A copy without the query options named. */
  differenceUpdateQuery(names: readonly string[]): URL {
    return this.set({
      query: Object.fromEntries(Object.entries(this.query).filter(([name]) => !names.includes(name))),
    });
  }

  /** The single value of a query option, or null. Throws ArgumentError when it was given several times. */
  option(name: string): string | null {
    const value = this.query[name];
    if (value === undefined) return null;
    if (typeof value === "string") return value;
    if (value.length === 1) return value[0] as string;
    throw new ArgumentError(`The option "${name}" of the database URL was given ${value.length} times`);
  }

  /** The URL as text. `hidePassword` (default true) writes `***` in the password's place. */
  renderAsString({ hidePassword = true }: { hidePassword?: boolean } = {}): string {
    let text = `${this.drivername}://`;
    if (this.username !== null || this.password !== null) {
      if (this.username !== null) text += encode(this.username);
      if (this.password !== null) text += `:${hidePassword ? "***" : encode(this.password)}`;
      text += "@";
    }
    if (this.host !== null) text += this.host.includes(":") ? `[${this.host}]` : encode(this.host);
    if (this.port !== null) text += `:${this.port}`;
    if (this.database !== null) text += `/${encodeURI(this.database).replaceAll("?", "%3F").replaceAll("#", "%23")}`;
    const options = Object.keys(this.query)
      .sort()
      .flatMap((name) => {
        const value = this.query[name] as string | readonly string[];
        return (typeof value === "string" ? [value] : value).map((one) => `${encode(name)}=${encode(one)}`);
      });
    if (options.length > 0) text += `?${options.join("&")}`;
    return text;
  }

  /** Whether two URLs have the same parts. */
  equals(other: URL): boolean {
    return this.renderAsString({ hidePassword: false }) === other.renderAsString({ hidePassword: false });
  }

  toString(): string {
    return this.renderAsString();
  }

  toJSON(): string {
    return this.renderAsString();
  }

  [Symbol.for("nodejs.util.inspect.custom")](): string {
    return `URL(${this.renderAsString()})`;
  }
}

/** Gives a URL from its text; a URL passes through. Throws ArgumentError. */
export function makeUrl(url: string | URL): URL {
  if (url instanceof URL) return url;
  const given: unknown = url;
  // The platform's own, as in `new URL(process.env.DATABASE_URL)`.
  if (given instanceof globalThis.URL) return URL.parse(given.href);
  if (typeof url !== "string") {
    throw new ArgumentError(`A database URL is a string or a URL made by URL.create, not ${kindOf(url)}`);
  }
  return URL.parse(url);
}

/** What was given, without the value itself: it may hold a password. */
function kindOf(value: unknown): string {
  if (value === undefined) return "undefined (is the environment variable set?)";
  return value === null ? "null" : `a value of type ${typeof value}`;
}

function decode(text: string | undefined): string | null {
  if (text === undefined) return null;
  try {
    return decodeURIComponent(text);
  } catch {
    // A lone percent sign, as in a password that was pasted in as it is.
    return text;
  }
}

function encode(text: string): string {
  return encodeURIComponent(text);
}

function parseQuery(text: string): Record<string, string | string[]> {
  const query: Record<string, string | string[]> = Object.create(null) as Record<string, string | string[]>;
  for (const [name, value] of new URLSearchParams(text)) {
    const before = query[name];
    if (before === undefined) query[name] = value;
    else if (typeof before === "string") query[name] = [before, value];
    else before.push(value);
  }
  return query;
}

function hidePasswordIn(text: string): string {
  return text.replace(/(:\/\/[^:/?#]*:).*@/, "$1***@");
}
