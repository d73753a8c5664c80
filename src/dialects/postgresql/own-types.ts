/** PostgreSQL's own types beside ranges: addresses, bit strings, text search, hstore, vectors and others. */
import { ArgumentError } from "../../sql/errors.js";
import { quoteLiteral } from "../../sql/types/base.js";
import { DomainType } from "../../sql/types/domain.js";
import { checkText, describeValue } from "../../sql/types/text-check.js";
import { textQuery, textVector } from "../../sql/types/text-search.js";
import type { BindProcessor, LiteralProcessor, ResultProcessor, TypeDialect } from "../../sql/types/type.js";
import { rangeTypes } from "./ranges.js";
import { TextLoadedType } from "./types.js";

/** A type whose values travel as text. */
export class PostgresTextType<T = string> extends TextLoadedType<T> {
  /**
   * @param spec the name in DDL: `"inet"`, `"bit(8)"`
   * @param write makes the text of a value; throws ArgumentError for what is none
   * @param read makes a value of the text
   */
  constructor(
    readonly spec: string,
    private readonly write: (value: unknown) => string,
    private readonly read: ((text: string) => T) | null = null,
  ) {
    super();
  }
  override getColSpec(): string {
    return this.spec;
  }
  protected override describe(): string {
    return `postgresql ${this.spec}`;
  }
  override bindProcessor(_dialect: TypeDialect): BindProcessor {
    return this.write;
  }
  override resultProcessor(_dialect: TypeDialect): ResultProcessor<T> | null {
    const { read } = this;
    return read === null ? null : (value: unknown) => (typeof value === "string" ? read(value) : value) as T;
  }
  override literalProcessor(_dialect: TypeDialect): LiteralProcessor {
    return (value: unknown) => `${quoteLiteral(this.write(value))}::${this.spec}`;
  }
  override get mutable(): boolean {
    return this.read !== null;
  }
  override equals(a: T, b: T): boolean {
    return a === b || (typeof a === "object" && this.write(a) === this.write(b));
  }
}

function stringOf(name: string, form?: RegExp): (value: unknown) => string {
  return (value: unknown) => {
    if (typeof value === "string" && (form === undefined || form.test(value))) return checkText(value);
    throw new ArgumentError(`${describeValue(value)} is no value of the type ${name}; it is given as text.`);
  };
}

const text = (spec: string, form?: RegExp): PostgresTextType => new PostgresTextType(spec, stringOf(spec, form));

/** Bit strings, as text of 0 and 1. A cast to `bit` alone would cut them, so that parameters are cast to `bit varying`. */
class BitType extends PostgresTextType {
  readonly castSpec = "bit varying";
  constructor(spec: string, length: number | null) {
    const write = stringOf(spec, /^[01]*$/);
    super(spec, (value) => {
      const bits = write(value);
      if (length !== null && bits.length !== length && !spec.includes("varying")) {
        throw new ArgumentError(`${describeValue(value)} has ${bits.length} bits, and the type ${spec} has ${length}.`);
      }
      return bits;
    });
  }
}

/** Names of things in the catalog. A bare parameter beside one would be taken for a number. */
class RegistryType extends PostgresTextType {
  override wrapBind(sql: string): string {
    return `${sql}::${this.spec}`;
  }
}

/** `hstore`: texts by key. */
type HstoreValue = Readonly<Record<string, string | null>>;

function writeHstore(value: unknown): string {
  if (typeof value !== "object" || value === null || Array.isArray(value)) {
    throw new ArgumentError(`${describeValue(value)} is no object of texts, which an hstore is.`);
  }
  const quoted = (part: string): string => `"${checkText(part).replace(/["\\]/g, "\\$&")}"`;
  // in one order, so that two texts are the same where the values are
  return Object.entries(value)
    .sort(([a], [b]) => (a < b ? -1 : 1))
    .map(([key, each]) => {
      if (each !== null && typeof each !== "string") {
        throw new ArgumentError(
          `hstore: the value of ${JSON.stringify(key)} is ${describeValue(each)}, not a text or null.`,
        );
      }
      return `${quoted(key)}=>${each === null ? "NULL" : quoted(each)}`;
    })
    .join(",");
}

const HSTORE_PAIR = /"((?:[^"\\]|\\.)*)"=>(?:"((?:[^"\\]|\\.)*)"|NULL)(?:, )?/gsy;

function readHstore(source: string): Record<string, string | null> {
  const found: [string, string | null][] = [];
  const plain = (part: string): string => part.replace(/\\(.)/gs, "$1");
  HSTORE_PAIR.lastIndex = 0;
  while (HSTORE_PAIR.lastIndex < source.length) {
    const pair = HSTORE_PAIR.exec(source);
    if (pair === null) throw new ArgumentError(`${JSON.stringify(source)} is no hstore of PostgreSQL.`);
    found.push([plain(pair[1] as string), pair[2] === undefined ? null : plain(pair[2])]);
  }
  return Object.fromEntries(found);
}

function writeNumbers(spec: string, size: number | null): (value: unknown) => string {
  return (value: unknown) => {
    const list = ArrayBuffer.isView(value) ? Array.from(value as unknown as ArrayLike<number>) : value;
    if (!Array.isArray(list) || !list.every((each) => typeof each === "number" && Number.isFinite(each))) {
      throw new ArgumentError(`${describeValue(value)} is no list of finite numbers, which a ${spec} is.`);
    }
    if (size !== null && list.length !== size) {
      throw new ArgumentError(`a list of ${list.length} numbers does not fit into ${spec}.`);
    }
    return `[${list.join(",")}]`;
  };
}

const writeOid = (value: unknown): string => {
  if (typeof value === "number" && Number.isInteger(value) && value >= 0 && value < 2 ** 32) return String(value);
  throw new ArgumentError(`${describeValue(value)} is no object id, a whole number below 2^32.`);
};

const vector = (size?: number): PostgresTextType<number[]> => {
  const spec = size === undefined ? "vector" : `vector(${size})`;
  return new PostgresTextType<number[]>(
    spec,
    writeNumbers(spec, size ?? null),
    (found) => JSON.parse(found) as number[],
  );
};

/**
 * Types that only PostgreSQL has. Values are text where nothing else is said.
 *
 * @example column(postgresql.inet, { nullable: false })
 */
export const postgresql = {
  ...rangeTypes,
  inet: text("inet"),
  cidr: text("cidr"),
  macaddr: text("macaddr"),
  macaddr8: text("macaddr8"),
  /** Text that compares without case; needs the extension. */
  citext: text("citext"),
  /** Texts by key, as an object; needs the extension. */
  hstore: new PostgresTextType<HstoreValue>("hstore", writeHstore, readHstore),
  /** So many bits, as text of 0 and 1. */
  bit: (length = 1): PostgresTextType => new BitType(`bit(${length})`, length),
  varbit: (length?: number): PostgresTextType =>
    new BitType(length === undefined ? "bit varying" : `bit varying(${length})`, length ?? null),
  /** A document prepared for search, as a column that is computed of others: `computed("to_tsvector('english', body)", { persisted: true })`. */
  tsvector: textVector,
  tsquery: textQuery,
  /** In the server's own form: `"$1.50"`. */
  money: text("money"),
  oid: new PostgresTextType<number>("oid", writeOid, Number),
  regclass: new RegistryType("regclass", stringOf("regclass")),
  regconfig: new RegistryType("regconfig", stringOf("regconfig")),
  xml: text("xml"),
  jsonpath: text("jsonpath"),
  ltree: text("ltree"),
  /** Numbers of pgvector; needs the extension. */
  vector,
  /** A type over another with rules, created with the first table that has it. */
  domain: <T>(...args: ConstructorParameters<typeof DomainType<T>>): DomainType<T> => new DomainType<T>(...args),
} as const;
