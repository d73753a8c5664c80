/** PostgreSQL's own types beside ranges: addresses, bit strings, text search, hstore, vectors and others. */
import { ArgumentError } from "../../sql/errors.js";
import { describeValue } from "../../sql/types/describe-value.js";
import { DomainType } from "../../sql/types/domain.js";
import { checkText } from "../../sql/types/text-check.js";
import { textQuery, textVector } from "../../sql/types/text-search.js";
import { hstoreType } from "./hstore.js";
import { rangeTypes } from "./ranges.js";
import { PostgresTextType } from "./text-type.js";

export { PostgresTextType };

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
  hstore: hstoreType,
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
