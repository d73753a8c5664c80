/** Arithmetic of dates, times and intervals, which SQLite keeps as text: functions that mean what PostgreSQL's operators do. */
import type { Database } from "better-sqlite3";
import { toDate, utcText } from "../../sql/types/temporal.js";

/** A length of time. Months and days have no fixed length, so that each is counted for itself. */
interface Duration {
  readonly months: number;
  readonly days: number;
  readonly millis: number;
}

const HOUR = 3_600_000;
const DAY = 24 * HOUR;
const UNITS: Readonly<Record<string, readonly [keyof Duration, number]>> = {
  Y: ["months", 12],
  M: ["months", 1],
  W: ["days", 7],
  D: ["days", 1],
  TH: ["millis", HOUR],
  TM: ["millis", 60_000],
  TS: ["millis", 1000],
};

/** Reads an ISO 8601 duration. */
function readDuration(text: string): Duration {
  const form = /^([+-]?)P([^T]*)(?:T(.*))?$/.exec(text);
  if (form === null) throw new Error(`${JSON.stringify(text)} is no ISO 8601 duration`);
  const sign = form[1] === "-" ? -1 : 1;
  const found = { months: 0, days: 0, millis: 0 };
  for (const [part, prefix] of [
    [form[2], ""],
    [form[3] ?? "", "T"],
  ] as const) {
    for (const [, number, unit] of (part as string).matchAll(/([+-]?\d+(?:\.\d+)?)([A-Z])/g)) {
      const [field, factor] = UNITS[prefix + (unit as string)] as readonly [keyof Duration, number];
      found[field] += sign * Number(number) * factor;
    }
  }
  return found;
}

/** A duration as PostgreSQL writes it: every part with a sign of its own. */
function writeDuration({ months, days, millis }: Duration): string {
  const part = (value: number, unit: string): string => (value === 0 ? "" : `${value}${unit}`);
  const date = part(Math.trunc(months / 12), "Y") + part(months % 12, "M") + part(days, "D");
  const rest = Math.round(millis);
  const seconds = Number(((rest % 60_000) / 1000).toFixed(3));
  const time = part(Math.trunc(rest / HOUR), "H") + part(Math.trunc((rest % HOUR) / 60_000), "M") + part(seconds, "S");
  if (date === "" && time === "") return "PT0S";
  return `P${date}${time === "" ? "" : `T${time}`}`;
}

function pointOf(value: unknown): Date {
  const date = toDate(value);
  if (Number.isNaN(date.getTime())) throw new Error(`${JSON.stringify(value)} is no date or time`);
  return date;
}

/** Months first, where the last day of a short month stands in for those after it, then days, then the rest. */
function plus(start: Date, { months, days, millis }: Duration, sign: number): Date {
  const date = new Date(start);
  if (months !== 0) {
    const day = date.getUTCDate();
    date.setUTCDate(1);
    date.setUTCMonth(date.getUTCMonth() + sign * months);
    const last = new Date(Date.UTC(date.getUTCFullYear(), date.getUTCMonth() + 1, 0)).getUTCDate();
    date.setUTCDate(Math.min(day, last));
  }
  return new Date(date.getTime() + sign * (days * DAY + millis));
}

/** Points in time from one to another, a duration apart, as PostgreSQL's generate_series() gives them. */
export function* pointsBetween(start: unknown, stop: unknown, step: unknown): Generator<string> {
  const by = readDuration(String(step));
  const first = pointOf(start);
  const last = pointOf(stop).getTime();
  const ahead = plus(first, by, 1).getTime() - first.getTime();
  if (ahead === 0) throw new Error("the step of a series is no time at all");
  for (let point = first; ahead > 0 ? point.getTime() <= last : point.getTime() >= last; ) {
    yield utcText(point);
    point = plus(point, by, 1);
  }
}

const TRUNCATIONS: Readonly<Record<string, (date: Date) => void>> = {
  milliseconds: () => {},
  second: (date) => date.setUTCMilliseconds(0),
  minute: (date) => date.setUTCSeconds(0, 0),
  hour: (date) => date.setUTCMinutes(0, 0, 0),
  day: (date) => date.setUTCHours(0, 0, 0, 0),
  week: (date) => {
    date.setUTCHours(0, 0, 0, 0);
    date.setUTCDate(date.getUTCDate() - ((date.getUTCDay() + 6) % 7));
  },
  month: (date) => {
    date.setUTCHours(0, 0, 0, 0);
    date.setUTCDate(1);
  },
  quarter: (date) => {
    date.setUTCHours(0, 0, 0, 0);
    date.setUTCMonth(Math.floor(date.getUTCMonth() / 3) * 3, 1);
  },
  year: (date) => {
    date.setUTCHours(0, 0, 0, 0);
    date.setUTCMonth(0, 1);
  },
};

function truncate(unit: string, value: unknown): string {
  const cut = TRUNCATIONS[unit.toLowerCase()];
  if (cut === undefined)
    throw new Error(
      `date_trunc() does not know ${JSON.stringify(unit)}; it knows ${Object.keys(TRUNCATIONS).join(", ")}`,
    );
  const date = pointOf(value);
  cut(date);
  return utcText(date);
}

/** A time of day belongs to no day: it is reckoned with on this one. */
const ANY_DAY = "1970-01-01T";

/** Registers `timestamp_plus`, `time_plus`, `timestamp_minus`, `time_minus`, `interval_plus` and `date_trunc`. */
export function registerTimeArithmetic(database: Database): void {
  const register = (name: string, run: (left: unknown, right: unknown, sign: number) => string): void => {
    database.function(
      name,
      { deterministic: true, directOnly: false, varargs: true },
      (left: unknown, right: unknown, sign: unknown) =>
        left === null || right === null ? null : run(left, right, Number(sign ?? 1)),
    );
  };
  register("timestamp_plus", (point, interval, sign) =>
    utcText(plus(pointOf(point), readDuration(String(interval)), sign)),
  );
  register("timestamp_minus", (a, b) => {
    const millis = pointOf(a).getTime() - pointOf(b).getTime();
    return writeDuration({ months: 0, days: Math.trunc(millis / DAY), millis: millis % DAY });
  });
  register("date_trunc", (unit, point) => truncate(String(unit), point));
  register("time_plus", (time, interval, sign) => {
    const { millis } = readDuration(String(interval));
    const point = pointOf(ANY_DAY + String(time));
    return plus(point, { months: 0, days: 0, millis }, sign)
      .toISOString()
      .slice(11, -1)
      .replace(/\.(\d*?)0*$/, (_, digits: string) => (digits === "" ? "" : `.${digits}`));
  });
  register("time_minus", (a, b) => {
    const millis = pointOf(ANY_DAY + String(a)).getTime() - pointOf(ANY_DAY + String(b)).getTime();
    return writeDuration({ months: 0, days: 0, millis });
  });
  register("interval_plus", (a, b, sign) => {
    const left = readDuration(String(a));
    const right = readDuration(String(b));
    return writeDuration({
      months: left.months + sign * right.months,
      days: left.days + sign * right.days,
      millis: left.millis + sign * right.millis,
    });
  });
}
