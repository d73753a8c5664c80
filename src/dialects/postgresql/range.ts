/** The value of a range, with the operators that PostgreSQL has for ranges. */
import { ArgumentError } from "../../sql/errors.js";

/** Which ends belong to a range: `[` and `]` do, `(` and `)` do not. */
export type RangeBounds = "[)" | "[]" | "(]" | "()";

/**
 * A range of values: numbers, bigints, decimals as text, ISO days or Dates.
 *
 * Ranges are compared as PostgreSQL does it: of whole numbers and days, `[1,3]` is `[1,4)`.
 *
 * @example new Range(1, 10)           // [1,10): 10 does not belong to it
 * @example new Range(day, null)       // no upper end
 */
export class Range<T> {
  constructor(
    /** Null for no lower end. */
    readonly lower: T | null = null,
    /** Null for no upper end. */
    readonly upper: T | null = null,
    readonly bounds: RangeBounds = "[)",
    /** Nothing is in it. */
    readonly isEmpty: boolean = false,
  ) {
    if (!["[)", "[]", "(]", "()"].includes(bounds)) {
      throw new ArgumentError(`The bounds of a range are one of [) [] (] (), not ${JSON.stringify(bounds)}`);
    }
  }

  /** The range that nothing is in. */
  static empty<T>(): Range<T> {
    return new Range<T>(null, null, "[)", true);
  }

  get lowerIncluded(): boolean {
    return !this.isEmpty && this.lower !== null && this.bounds.startsWith("[");
  }

  get upperIncluded(): boolean {
    return !this.isEmpty && this.upper !== null && this.bounds.endsWith("]");
  }

  get lowerInfinite(): boolean {
    return !this.isEmpty && this.lower === null;
  }

  get upperInfinite(): boolean {
    return !this.isEmpty && this.upper === null;
  }

  /** Whether a value, or each value of another range, is in this one. */
  contains(other: T | Range<T>): boolean {
    return (other instanceof Range ? other : new Range(other, other, "[]")).containedBy(this);
  }

  /** Whether each value of this range is in another. */
  containedBy(other: Range<T>): boolean {
    const [one, two] = [cutsOf(this), cutsOf(other)];
    if (one === null) return true;
    return two !== null && compareCuts(two[0], one[0]) <= 0 && compareCuts(one[1], two[1]) <= 0;
  }

  /** Whether some value is in both. */
  overlaps(other: Range<T>): boolean {
    const [one, two] = [cutsOf(this), cutsOf(other)];
    return one !== null && two !== null && compareCuts(one[0], two[1]) < 0 && compareCuts(two[0], one[1]) < 0;
  }

  /** Whether this range ends before another begins. */
  strictlyLeftOf(other: Range<T>): boolean {
    const [one, two] = [cutsOf(this), cutsOf(other)];
    return one !== null && two !== null && compareCuts(one[1], two[0]) <= 0;
  }

  /** Whether this range begins behind another's end. */
  strictlyRightOf(other: Range<T>): boolean {
    return other.strictlyLeftOf(this);
  }

  /** Whether this range begins not before another. */
  notExtendLeftOf(other: Range<T>): boolean {
    const [one, two] = [cutsOf(this), cutsOf(other)];
    return one !== null && two !== null && compareCuts(one[0], two[0]) >= 0;
  }

  /** Whether this range ends not behind another. */
  notExtendRightOf(other: Range<T>): boolean {
    const [one, two] = [cutsOf(this), cutsOf(other)];
    return one !== null && two !== null && compareCuts(one[1], two[1]) <= 0;
  }

  /** Whether nothing lies between two ranges that have nothing in common. */
  adjacentTo(other: Range<T>): boolean {
    const [one, two] = [cutsOf(this), cutsOf(other)];
    if (one === null || two === null) return false;
    return meets(one[1], two[0]) || meets(two[1], one[0]);
  }

  /** What either has. @throws ArgumentError where a gap would be left */
  union(other: Range<T>): Range<T> {
    const [one, two] = [cutsOf(this), cutsOf(other)];
    if (one === null) return other;
    if (two === null) return this;
    if (!this.overlaps(other) && !this.adjacentTo(other)) {
      throw new ArgumentError(`the union of ${this} and ${other} is no range: there is a gap between them.`);
    }
    return rangeOf(least(one[0], two[0]), greatest(one[1], two[1]));
  }

  /** What both have. */
  intersection(other: Range<T>): Range<T> {
    const [one, two] = [cutsOf(this), cutsOf(other)];
    if (one === null || two === null) return Range.empty();
    return rangeOf(greatest(one[0], two[0]), least(one[1], two[1]));
  }

  /** What another does not have of this. @throws ArgumentError where two pieces would be left */
  difference(other: Range<T>): Range<T> {
    const [one, two] = [cutsOf(this), cutsOf(other)];
    if (one === null || two === null || !this.overlaps(other)) return this;
    const before = compareCuts(one[0], two[0]) < 0;
    const behind = compareCuts(two[1], one[1]) < 0;
    if (before && behind) throw new ArgumentError(`${this} without ${other} is no range: it has two pieces.`);
    return before ? rangeOf(one[0], two[0]) : behind ? rangeOf(two[1], one[1]) : Range.empty();
  }

  toString(): string {
    if (this.isEmpty) return "empty";
    return `${this.bounds[0]}${String(this.lower ?? "")},${String(this.upper ?? "")}${this.bounds[1]}`;
  }
}

/** A place between values: before a value, behind it, or beyond all. */
interface Cut<T> {
  /** Null is beyond all values, before (-1) or behind them (1). */
  readonly value: T | null;
  readonly side: -1 | 0 | 1;
}

/** The cuts that a range lies between; null for an empty one. */
function cutsOf<T>(range: Range<T>): readonly [Cut<T>, Cut<T>] | null {
  if (range.isEmpty) return null;
  const lower: Cut<T> =
    range.lower === null
      ? { value: null, side: -1 }
      : before(
          range.lowerIncluded ? range.lower : (next(range.lower) ?? range.lower),
          range.lowerIncluded || next(range.lower) !== null,
        );
  const upper: Cut<T> =
    range.upper === null
      ? { value: null, side: 1 }
      : before(
          range.upperIncluded ? (next(range.upper) ?? range.upper) : range.upper,
          !range.upperIncluded || next(range.upper) !== null,
        );
  return compareCuts(lower, upper) < 0 ? [lower, upper] : null;
}

const before = <T>(value: T, isBefore: boolean): Cut<T> => ({ value, side: isBefore ? 0 : 1 });

/** The value that follows one; null where there is another between any two. */
function next<T>(value: T): T | null {
  if (typeof value === "number") return Number.isInteger(value) ? ((value + 1) as T) : null;
  if (typeof value === "bigint") return (value + 1n) as T;
  if (typeof value !== "string" || !/^\d{4,6}-\d\d-\d\d$/.test(value)) return null;
  const day = new Date(`${value}T00:00:00Z`);
  day.setUTCDate(day.getUTCDate() + 1);
  return day.toISOString().slice(0, -14) as T;
}

function rangeOf<T>(lower: Cut<T>, upper: Cut<T>): Range<T> {
  if (compareCuts(lower, upper) >= 0) return Range.empty();
  const open = lower.value === null || lower.side === 1 ? "(" : "[";
  const close = upper.value === null || upper.side === 0 ? ")" : "]";
  return new Range(lower.value, upper.value, `${open}${close}` as RangeBounds);
}

function compareCuts<T>(a: Cut<T>, b: Cut<T>): number {
  if (a.value === null || b.value === null) return (a.value === null ? a.side : 0) - (b.value === null ? b.side : 0);
  return compareValues(a.value, b.value) || a.side - b.side;
}

const meets = <T>(end: Cut<T>, start: Cut<T>): boolean =>
  end.value !== null && start.value !== null && compareCuts(end, start) === 0;
const least = <T>(a: Cut<T>, b: Cut<T>): Cut<T> => (compareCuts(a, b) <= 0 ? a : b);
const greatest = <T>(a: Cut<T>, b: Cut<T>): Cut<T> => (compareCuts(a, b) >= 0 ? a : b);

const DECIMAL = /^([+-]?)(\d*)\.?(\d*)$/;

function compareValues<T>(a: T, b: T): number {
  if (typeof a === "string" && typeof b === "string") {
    const [one, two] = [DECIMAL.exec(a), DECIMAL.exec(b)];
    if (one !== null && two !== null) {
      const digits = Math.max((one[3] as string).length, (two[3] as string).length);
      [a, b] = [scaled(one, digits) as T, scaled(two, digits) as T];
    }
  }
  return a < b ? -1 : a > b ? 1 : 0;
}

function scaled([, sign, whole, fraction]: RegExpExecArray, digits: number): bigint {
  const value = BigInt(`${whole}${(fraction as string).padEnd(digits, "0")}` || "0");
  return sign === "-" ? -value : value;
}
