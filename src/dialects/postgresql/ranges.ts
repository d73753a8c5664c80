/** The types of ranges: `int4range`, `tstzrange` and the like, and their multiranges. */
import { ArgumentError } from "../../sql/errors.js";
import { bigIntType, integerType, numericType, quoteLiteral } from "../../sql/types/base.js";
import { DateTimeType, dateTimeType, dateType } from "../../sql/types/temporal.js";
import type { BindProcessor, LiteralProcessor, ResultProcessor, SQLType, TypeDialect } from "../../sql/types/type.js";
import { Range, type RangeBounds } from "./range.js";
import { TextLoadedType } from "./types.js";

type Convert = (value: unknown) => unknown;

/** A range type; its values are {@link Range}s. */
export class RangeType<T> extends TextLoadedType<Range<T>> {
  constructor(
    readonly rangeName: string,
    readonly itemType: SQLType<T>,
  ) {
    super();
  }
  override getColSpec(): string {
    return this.rangeName.toUpperCase();
  }
  override get isRange(): boolean {
    return true;
  }
  protected override describe(): string {
    return `range ${this.rangeName}`;
  }
  override bindProcessor(dialect: TypeDialect): BindProcessor {
    const item = dialect.typeImpl(this.itemType).bindProcessor(dialect) as Convert | null;
    return (value: unknown) => rangeText(value, item);
  }
  override resultProcessor(dialect: TypeDialect): ResultProcessor<Range<T>> {
    const item = itemReader(this.itemType, dialect);
    return (value: unknown) => (typeof value === "string" ? readRange(value, item)[0] : value) as Range<T>;
  }
  override literalProcessor(dialect: TypeDialect): LiteralProcessor {
    const bind = this.bindProcessor(dialect) as (value: unknown) => string;
    return (value: unknown) => quoteLiteral(bind(value));
  }
  override equals(a: Range<T>, b: Range<T>): boolean {
    if (a === b) return true;
    if (a.isEmpty || b.isEmpty) return a.isEmpty && b.isEmpty;
    return a.bounds === b.bounds && this.#sameEnd(a.lower, b.lower) && this.#sameEnd(a.upper, b.upper);
  }
  // A value of the item's type beside a range (contains) keeps its own type.
  override coerceComparedValue(operator: string, value: unknown): SQLType {
    return besideRange(this, operator, value);
  }
  #sameEnd(a: T | null, b: T | null): boolean {
    return a === null || b === null ? a === b : this.itemType.equals(a, b);
  }
}

/** A multirange type; its values are arrays of {@link Range}s. */
export class MultirangeType<T> extends TextLoadedType<Range<T>[]> {
  constructor(
    readonly rangeName: string,
    readonly itemType: SQLType<T>,
  ) {
    super();
  }
  override getColSpec(): string {
    return this.rangeName.toUpperCase();
  }
  override get isRange(): boolean {
    return true;
  }
  protected override describe(): string {
    return `range ${this.rangeName}`;
  }
  override get mutable(): boolean {
    return true;
  }
  override bindProcessor(dialect: TypeDialect): BindProcessor {
    const item = dialect.typeImpl(this.itemType).bindProcessor(dialect) as Convert | null;
    return (value: unknown) => {
      if (!Array.isArray(value)) throw new ArgumentError("the value of a multirange is an array of Ranges.");
      return `{${value.map((each) => rangeText(each, item)).join(",")}}`;
    };
  }
  override resultProcessor(dialect: TypeDialect): ResultProcessor<Range<T>[]> {
    const item = itemReader(this.itemType, dialect);
    return (value: unknown) => (typeof value === "string" ? readMultirange(value, item) : value) as Range<T>[];
  }
  override literalProcessor(dialect: TypeDialect): LiteralProcessor {
    const bind = this.bindProcessor(dialect) as (value: unknown) => string;
    return (value: unknown) => quoteLiteral(bind(value));
  }
  override coerceComparedValue(operator: string, value: unknown): SQLType {
    return besideRange(this, operator, value);
  }
  override equals(a: Range<T>[], b: Range<T>[]): boolean {
    return a === b || (a.length === b.length && a.every((each, i) => String(each) === String(b[i])));
  }
}

/** The type of a value beside a range or a multirange: a range, several, or one that may lie in it. */
function besideRange(type: RangeType<unknown> | MultirangeType<unknown>, operator: string, value: unknown): SQLType {
  const { rangeName, itemType } = type;
  if (value instanceof Range) {
    return type instanceof RangeType ? type : new RangeType(rangeName.replace("multirange", "range"), itemType);
  }
  if (Array.isArray(value)) {
    return type instanceof RangeType ? new MultirangeType(rangeName.replace("range", "multirange"), itemType) : type;
  }
  return operator === "eq" || operator === "ne" ? type : itemType;
}

function rangeText(value: unknown, item: Convert | null): string {
  if (!(value instanceof Range))
    throw new ArgumentError("the value of a range column is a Range: new Range(lower, upper).");
  if (value.isEmpty) return "empty";
  const end = (each: unknown): string => {
    if (each === null || each === undefined) return "";
    const text = String(item === null ? each : item(each));
    return `"${text.replace(/["\\]/g, "\\$&")}"`;
  };
  return `${value.bounds[0]}${end(value.lower)},${end(value.upper)}${value.bounds[1]}`;
}

function itemReader(type: SQLType, dialect: TypeDialect): (text: string) => unknown {
  const impl = dialect.typeImpl(type);
  const convert = impl.resultProcessor(dialect) as Convert | null;
  if (convert !== null) return convert;
  if (impl.visitName === "visitBigInteger") return BigInt;
  return impl.family === "integer" ? Number : (text) => text;
}

// Reads the range that begins at `from`. @returns it, and the place behind it
function readRange(text: string, item: (text: string) => unknown, from = 0): [Range<unknown>, number] {
  if (text.startsWith("empty", from)) return [Range.empty(), from + 5];
  let at = from + 1;
  const end = (): unknown => {
    let found = "";
    let given = false;
    while (at < text.length) {
      const char = text[at] as string;
      if (char === "," || char === ")" || char === "]") break;
      given = true;
      if (char !== '"') {
        found += char === "\\" ? text[++at] : char;
        at++;
        continue;
      }
      for (at++; text[at] !== '"' || text[at + 1] === '"'; at++) {
        if (text[at] === "\\" || text[at] === '"') at++;
        found += text[at];
        if (at >= text.length) throw new ArgumentError(`${JSON.stringify(text)} is no range of PostgreSQL.`);
      }
      at++;
    }
    return given ? item(found) : null;
  };
  const lower = end();
  at++;
  const upper = end();
  const bounds = `${text[from]}${text[at]}` as RangeBounds;
  return [new Range(lower, upper, bounds), at + 1];
}

function readMultirange(text: string, item: (text: string) => unknown): Range<unknown>[] {
  const found: Range<unknown>[] = [];
  let at = 1;
  while (at < text.length && text[at] !== "}") {
    const [range, next] = readRange(text, item, at);
    found.push(range);
    at = text[next] === "," ? next + 1 : next;
  }
  return found;
}

const zoned = new DateTimeType(true);

/** The built-in range types by name. */
export const rangeTypes = {
  int4range: new RangeType("int4range", integerType as SQLType<number>),
  int8range: new RangeType("int8range", bigIntType as SQLType<bigint>),
  numrange: new RangeType("numrange", numericType as SQLType<string>),
  daterange: new RangeType("daterange", dateType as SQLType<string>),
  tsrange: new RangeType("tsrange", dateTimeType as SQLType<Date>),
  tstzrange: new RangeType("tstzrange", zoned as SQLType<Date>),
  int4multirange: new MultirangeType("int4multirange", integerType as SQLType<number>),
  int8multirange: new MultirangeType("int8multirange", bigIntType as SQLType<bigint>),
  nummultirange: new MultirangeType("nummultirange", numericType as SQLType<string>),
  datemultirange: new MultirangeType("datemultirange", dateType as SQLType<string>),
  tsmultirange: new MultirangeType("tsmultirange", dateTimeType as SQLType<Date>),
  tstzmultirange: new MultirangeType("tstzmultirange", zoned as SQLType<Date>),
} as const;
