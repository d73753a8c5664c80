/** Dates, times and lengths of time. */
import { ArgumentError } from "../errors.js";
import { doubleType, integerType, quoteLiteral, registerValueType } from "./base.js";
import { describeValue } from "./describe-value.js";
import {
  type BindProcessor,
  type LiteralProcessor,
  type ResultProcessor,
  SQLType,
  type TypeDialect,
  type TypeFamily,
} from "./type.js";

// Temporal is not in every runtime; its values are known by their tag.
function temporalText(value: unknown, ...kinds: readonly string[]): string | null {
  if (value === null || typeof value !== "object") return null;
  const tag = (value as { readonly [Symbol.toStringTag]?: unknown })[Symbol.toStringTag];
  return typeof tag === "string" && kinds.includes(tag) ? String(value) : null;
}

const datePattern = /^[+-]?\d{4,6}-\d\d-\d\d$/;
const timePattern = /^\d\d:\d\d(:\d\d(\.\d{1,9})?)?(Z|[+-]\d\d(:?\d\d)?)?$/;

function realDate(text: string): boolean {
  const [year, month, day] = text.replace(/^[+-]/, "").split("-").map(Number) as [number, number, number];
  const lengths = [
    31,
    (year % 4 === 0 && year % 100 !== 0) || year % 400 === 0 ? 29 : 28,
    31,
    30,
    31,
    30,
    31,
    31,
    30,
    31,
    30,
    31,
  ];
  return month >= 1 && month <= 12 && day >= 1 && day <= (lengths[month - 1] as number);
}

/** A day of the calendar, as `"YYYY-MM-DD"`: no time, no zone, nothing to shift. */
export class DateType extends SQLType<string> {
  override get visitName(): string {
    return "visitDate";
  }
  override get family(): TypeFamily {
    return "date";
  }
  override bindProcessor(_dialect: TypeDialect): BindProcessor {
    return checkDate;
  }
  override resultProcessor(_dialect: TypeDialect): ResultProcessor<string> | null {
    return null;
  }
  override literalProcessor(): LiteralProcessor {
    return (value: unknown) => quoteLiteral(checkDate(value));
  }
  override coerceComparedValue(operator: string, value: unknown): SQLType {
    return typeof value === "number" && isShift(operator) ? integerType : beside(this, operator, value);
  }
}

const isShift = (operator: string): boolean => operator === "add" || operator === "sub";

// `day + "P1M"`: a duration beside a point in time is one.
function beside(type: SQLType, operator: string, value: unknown): SQLType {
  if (!isShift(operator)) return type;
  const isDuration =
    typeof value === "string" ? duration.test(value) : temporalText(value, "Temporal.Duration") !== null;
  return isDuration ? intervalType : type;
}

/** A value for a Date column as `YYYY-MM-DD`, or an ArgumentError. */
export function checkDate(value: unknown): string {
  if (typeof value === "string" && datePattern.test(value) && realDate(value)) return value;
  const temporal = temporalText(value, "Temporal.PlainDate");
  if (temporal !== null) return temporal;
  if (value instanceof Date) {
    throw new ArgumentError(
      `a Date is a point in time, and which day that is depends on the zone. Give "YYYY-MM-DD", for the day in UTC date.toISOString().slice(0, 10), or use t.datetime.`,
    );
  }
  throw new ArgumentError(`${describeValue(value)} is not a day. Give "YYYY-MM-DD".`);
}

/** A time of day, as `"HH:MM:SS"` with a fraction where there is one. */
export class TimeType extends SQLType<string> {
  constructor(
    readonly timezone: boolean = false,
    readonly precision: number | null = null,
  ) {
    super();
  }
  override get visitName(): string {
    return "visitTime";
  }
  override get family(): TypeFamily {
    return "time";
  }
  protected override describe(): string {
    return `time${this.timezone ? " tz" : ""}${this.precision === null ? "" : `(${this.precision})`}`;
  }
  override bindProcessor(_dialect: TypeDialect): BindProcessor {
    return checkTime;
  }
  override resultProcessor(_dialect: TypeDialect): ResultProcessor<string> | null {
    return null;
  }
  override literalProcessor(): LiteralProcessor {
    return (value: unknown) => quoteLiteral(checkTime(value));
  }
  override coerceComparedValue(operator: string, value: unknown): SQLType {
    return beside(this, operator, value);
  }
}

/** A value for a Time column as `HH:MM:SS[.fff]`, or an ArgumentError. */
export function checkTime(value: unknown): string {
  if (typeof value === "string" && timePattern.test(value)) {
    const [hours, minutes, seconds = 0] = value.split(/[:.Z+-]/).map(Number) as [number, number, number];
    if (hours < 24 && minutes < 60 && seconds < 60) return value.length === 5 ? `${value}:00` : value;
  }
  const temporal = temporalText(value, "Temporal.PlainTime");
  if (temporal !== null) return temporal;
  throw new ArgumentError(`${describeValue(value)} is not a time of day. Give "HH:MM:SS".`);
}

/** A point in time, as `Date`. It is written and read in UTC, whatever the machine's zone. */
export class DateTimeType extends SQLType<Date> {
  constructor(
    readonly timezone: boolean = false,
    readonly precision: number | null = null,
  ) {
    super();
  }
  override get visitName(): string {
    return "visitDateTime";
  }
  override get family(): TypeFamily {
    return "datetime";
  }
  protected override describe(): string {
    return `datetime${this.timezone ? " tz" : ""}${this.precision === null ? "" : `(${this.precision})`}`;
  }
  override get lazyResult(): boolean {
    return true;
  }
  override get mutable(): boolean {
    return true;
  }
  override bindProcessor(_dialect: TypeDialect): BindProcessor {
    return checkDateTime;
  }
  override resultProcessor(_dialect: TypeDialect): ResultProcessor<Date> | null {
    return toDate;
  }
  override literalProcessor(_dialect: TypeDialect): LiteralProcessor {
    return (value: unknown) => quoteLiteral(utcText(checkDateTime(value)));
  }
  override equals(a: Date, b: Date): boolean {
    return a === b || (a instanceof Date && b instanceof Date && a.getTime() === b.getTime());
  }
  override coerceComparedValue(operator: string, value: unknown): SQLType {
    return beside(this, operator, value);
  }
}

/** A value for a DateTime column, or an ArgumentError. */
export function checkDateTime(value: unknown): Date {
  if (value instanceof Date) {
    if (Number.isNaN(value.getTime())) throw new ArgumentError("the Date is invalid (its time is NaN).");
    return value;
  }
  const instant = temporalText(value, "Temporal.Instant");
  if (instant !== null) return new Date(instant);
  const plain = temporalText(value, "Temporal.PlainDateTime");
  if (plain !== null) return new Date(`${plain}Z`);
  const zoned = temporalText(value, "Temporal.ZonedDateTime");
  if (zoned !== null) return new Date((value as { readonly epochMilliseconds: number }).epochMilliseconds);
  throw new ArgumentError(`${describeValue(value)} is not a Date. Write new Date(...).`);
}

const DAY = 86_400_000;
const two = (count: number): string => String(count).padStart(2, "0");
/** ` 00:00` for each minute of a day, `:00.` for each second of a minute: a text is put together from few pieces. */
const MINUTES: readonly string[] = Array.from({ length: 1440 }, (_, i) => ` ${two(Math.floor(i / 60))}:${two(i % 60)}`);
const SECONDS: readonly string[] = Array.from({ length: 60 }, (_, i) => `:${two(i)}.`);
// Points in time that are written together are often of one day.
let lastDay = Number.NaN;
let lastDate = "";

/** `YYYY-MM-DD HH:MM:SS.SSS` in UTC, which sorts and compares as text. */
export function utcText(date: Date): string {
  const time = date.getTime();
  const day = Math.floor(time / DAY);
  if (day !== lastDay) {
    lastDate = date.toISOString().slice(0, -14);
    lastDay = day;
  }
  const rest = time - day * DAY;
  const seconds = Math.floor(rest / 1000);
  const thousandths = rest % 1000;
  const zeros = thousandths < 10 ? "00" : thousandths < 100 ? "0" : "";
  return `${lastDate}${MINUTES[Math.floor(seconds / 60)]}${SECONDS[seconds % 60]}${zeros}${thousandths}`;
}

/** Text of a database as a Date: without a zone it is UTC. */
export function toDate(value: unknown): Date {
  if (value instanceof Date) return value;
  const text = String(value);
  const zoned = /(Z|[+-]\d\d(:?\d\d)?)$/.test(text.slice(10));
  return new Date(zoned ? text.replace(" ", "T").replace(/([+-]\d\d)$/, "$1:00") : `${text.replace(" ", "T")}Z`);
}

/** A length of time, as an ISO 8601 duration: `"P1DT2H30M"`. */
export class IntervalType extends SQLType<string> {
  constructor(
    /** What it is limited to: `"day to second"`, `"year"`. */
    readonly fields: string | null = null,
    readonly precision: number | null = null,
  ) {
    super();
    if (fields !== null && !/^[a-z]+( to [a-z]+)?$/i.test(fields)) {
      throw new ArgumentError(`${JSON.stringify(fields)} are no fields of an interval, such as "day to second".`);
    }
  }
  override get visitName(): string {
    return "visitInterval";
  }
  override get family(): TypeFamily {
    return "interval";
  }
  protected override describe(): string {
    return `interval ${this.fields ?? ""}${this.precision ?? ""}`.trim();
  }
  override bindProcessor(_dialect: TypeDialect): BindProcessor {
    return checkInterval;
  }
  override literalProcessor(): LiteralProcessor {
    return (value: unknown) => quoteLiteral(checkInterval(value));
  }
  override coerceComparedValue(_operator: string, value: unknown): SQLType {
    // so many times as long
    return typeof value === "number" ? doubleType : this;
  }
}

const duration = /^[+-]?P(?=.)([+-]?\d+(\.\d+)?[YMWD])*(T(?=.)([+-]?\d+(\.\d+)?[HMS])+)?$/;

/** A value for an Interval column as an ISO 8601 duration, or an ArgumentError. */
export function checkInterval(value: unknown): string {
  if (typeof value === "string" && duration.test(value)) return value;
  const temporal = temporalText(value, "Temporal.Duration");
  if (temporal !== null) return temporal;
  throw new ArgumentError(`${describeValue(value)} is not a duration. Give ISO 8601 text such as "P1D" or "PT2H30M".`);
}

export const dateType = new DateType();
export const timeType = new TimeType();
export const dateTimeType = new DateTimeType();
export const intervalType = new IntervalType();

registerValueType((value) => value instanceof Date, dateTimeType);
registerValueType(
  (value) => temporalText(value, "Temporal.Instant", "Temporal.PlainDateTime", "Temporal.ZonedDateTime") !== null,
  dateTimeType,
);
registerValueType((value) => temporalText(value, "Temporal.PlainDate") !== null, dateType);
registerValueType((value) => temporalText(value, "Temporal.PlainTime") !== null, timeType);
registerValueType((value) => temporalText(value, "Temporal.Duration") !== null, intervalType);
