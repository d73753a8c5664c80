/** Dates and times whose values are `Temporal` objects, in runtimes that have them (or a polyfill that is global). */
import { ArgumentError } from "../errors.js";
import { TypeDecorator } from "./extensible.js";
import { DateTimeType, dateType, intervalType, TimeType, toDate } from "./temporal.js";
import type { SQLType, TypeDialect } from "./type.js";

/** The classes of `Temporal` that columns have. */
type TemporalName = "PlainDate" | "PlainTime" | "PlainDateTime" | "Instant" | "Duration";

interface TemporalClass {
  from(text: string): unknown;
}

function classNamed(name: TemporalName): TemporalClass {
  const temporal = (globalThis as { readonly Temporal?: Readonly<Record<TemporalName, TemporalClass>> }).Temporal;
  if (temporal === undefined) {
    throw new ArgumentError(
      `this runtime has no Temporal, whose ${name} a column is to give. Import a polyfill that makes it global, or use t.date, t.time, t.datetime or t.interval.`,
    );
  }
  return temporal[name];
}

/** A type whose values are objects of one of Temporal's classes. */
export class TemporalType<T> extends TypeDecorator<T> {
  constructor(
    readonly temporal: TemporalName,
    readonly impl: SQLType,
  ) {
    super();
  }
  protected override describe(): string {
    return `temporal ${this.temporal} ${this.impl.cacheKey}`;
  }
  override processBindParam(value: T, _dialect: TypeDialect): unknown {
    const tag = (value as { readonly [Symbol.toStringTag]?: string })[Symbol.toStringTag];
    if (tag === `Temporal.${this.temporal}`) return value;
    throw new ArgumentError(`${String(value)} is no Temporal.${this.temporal}.`);
  }
  override processResultValue(value: unknown, _dialect: TypeDialect): T {
    const made = classNamed(this.temporal);
    switch (this.temporal) {
      case "PlainDateTime":
        return made.from(toDate(value).toISOString().slice(0, -1)) as T;
      case "Instant":
        return made.from(toDate(value).toISOString()) as T;
      default:
        return made.from(String(value)) as T;
    }
  }
  override equals(a: T, b: T): boolean {
    return a === b || String(a) === String(b);
  }
  override coerceComparedValue(operator: string, value: unknown): SQLType {
    const beside = this.impl.coerceComparedValue(operator, value);
    return beside === this.impl ? this : beside;
  }
}

/**
 * Types with `Temporal` values. `T` is the value's type: `t.temporal.plainDate<Temporal.PlainDate>()`.
 *
 * Points in time are exact to the millisecond.
 */
export const temporalTypes = {
  /** A day. */
  plainDate: <T>(): TemporalType<T> => new TemporalType<T>("PlainDate", dateType as SQLType),
  /** A time of day. */
  plainTime: <T>(): TemporalType<T> => new TemporalType<T>("PlainTime", new TimeType() as SQLType),
  /** A date and time without a zone. */
  plainDateTime: <T>(): TemporalType<T> => new TemporalType<T>("PlainDateTime", new DateTimeType() as SQLType),
  /** A point in time. */
  instant: <T>(): TemporalType<T> => new TemporalType<T>("Instant", new DateTimeType(true) as SQLType),
  /** A length of time. */
  duration: <T>(): TemporalType<T> => new TemporalType<T>("Duration", intervalType as SQLType),
} as const;
