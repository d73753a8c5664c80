/** Points in time and lengths of time as PostgreSQL writes them. */
import { ArgumentError } from "../../sql/errors.js";
import { utcText } from "../../sql/types/temporal.js";

/** The points in time furthest off that a Date knows; they stand for PostgreSQL's `infinity` and `-infinity`. */
const FOREVER = 8.64e15;

const YEAR_1 = -62_135_596_800_000;
const YEAR_10000 = 253_402_300_800_000;

/** A Date as PostgreSQL reads it, in UTC, with an offset that a timestamp without time zone ignores. Years before 1 are written with BC. */
export function timestampText(date: Date): string {
  const time = date.getTime();
  if (time === FOREVER) return "infinity";
  if (time === -FOREVER) return "-infinity";
  if (Number.isNaN(time)) throw new ArgumentError("the Date is invalid (its time is NaN).");
  if (time >= YEAR_1 && time < YEAR_10000) return `${utcText(date)}+00`;
  const text = date.toISOString();
  const year = date.getUTCFullYear();
  // +012345-01-01T... and -000001-01-01T...: there is no year 0
  const rest = text.slice(7, -1);
  const digits = String(year > 0 ? year : 1 - year).padStart(4, "0");
  return `${digits}${rest}+00${year > 0 ? "" : " BC"}`;
}

const ZERO = 48;

function two(text: string, at: number): number {
  return (text.charCodeAt(at) - ZERO) * 10 + text.charCodeAt(at + 1) - ZERO;
}

/**
 * Reads a timestamp, with or without time zone; without one it is UTC. What is finer than a millisecond is cut off.
 * The usual forms are read by position, several times as fast as `new Date(text)`.
 */
export function readTimestamp(text: string): Date {
  const { length } = text;
  if (length >= 19 && text.charCodeAt(4) === 45 && text.charCodeAt(13) === 58 && text.charCodeAt(0) !== ZERO) {
    let at = 19;
    let millis = 0;
    if (text.charCodeAt(19) === 46) {
      let scale = 100;
      at = 20;
      for (let code = text.charCodeAt(at); code >= ZERO && code <= 57; code = text.charCodeAt(++at)) {
        millis += Math.floor((code - ZERO) * scale);
        scale /= 10;
      }
    }
    const utc = at === length || (length === at + 3 && text.endsWith("+00"));
    if (utc) {
      return new Date(
        Date.UTC(
          two(text, 0) * 100 + two(text, 2),
          two(text, 5) - 1,
          two(text, 8),
          two(text, 11),
          two(text, 14),
          two(text, 17),
          millis,
        ),
      );
    }
  }
  return readOtherTimestamp(text);
}

const FORM =
  /^(\d+)-(\d\d)-(\d\d)(?:[ T](\d\d):(\d\d):(\d\d)(?:\.(\d+))?)?(?:([+-])(\d\d)(?::?(\d\d))?(?::?(\d\d))?|Z)?( BC)?$/;

function readOtherTimestamp(text: string): Date {
  if (text === "infinity") return new Date(FOREVER);
  if (text === "-infinity") return new Date(-FOREVER);
  const parts = FORM.exec(text);
  if (parts === null) throw new ArgumentError(`${JSON.stringify(text)} is no timestamp in the ISO style (DateStyle).`);
  const number = (i: number): number => Number(parts[i] ?? 0);
  const year = parts[12] === undefined ? number(1) : 1 - number(1);
  const date = new Date(0);
  date.setUTCFullYear(year, number(2) - 1, number(3));
  date.setUTCHours(number(4), number(5), number(6), Math.floor(Number(`0.${parts[7] ?? 0}`) * 1000));
  const offset = (number(9) * 60 + number(10)) * 60 + number(11);
  return new Date(date.getTime() - (parts[8] === "-" ? -offset : offset) * 1000);
}

const UNITS: Readonly<Record<string, "Y" | "M" | "D">> = {
  year: "Y",
  years: "Y",
  mon: "M",
  mons: "M",
  day: "D",
  days: "D",
};

/**
 * An interval as an ISO 8601 duration. Reads PostgreSQL's own style (`1 year 2 mons -3 days 04:05:06.7`), which servers
 * send by default, and passes on the ISO style.
 */
export function readInterval(text: string): string {
  if (text.startsWith("P") || text.startsWith("-P")) return text;
  let date = "";
  let time = "";
  const words = text.split(" ");
  for (let i = 0; i < words.length; i++) {
    const word = words[i] as string;
    const clock = /^([+-]?)(\d+):(\d\d):(\d\d(?:\.\d+)?)$/.exec(word);
    if (clock !== null) {
      const sign = clock[1] === "-" ? "-" : "";
      const part = (value: string, unit: string): string =>
        Number(value) === 0 ? "" : `${sign}${plainNumber(value)}${unit}`;
      time = part(clock[2] as string, "H") + part(clock[3] as string, "M") + part(clock[4] as string, "S");
      continue;
    }
    const unit = UNITS[words[i + 1] ?? ""];
    if (unit === undefined || !/^[+-]?\d+$/.test(word)) return text;
    if (Number(word) !== 0) date += plainNumber(word) + unit;
    i++;
  }
  if (date === "" && time === "") return "PT0S";
  return `P${date}${time === "" ? "" : `T${time}`}`;
}

function plainNumber(text: string): string {
  const number = text.replace(/^\+/, "").replace(/^(-?)0+(?=\d)/, "$1");
  return number.includes(".") ? number.replace(/0+$/, "").replace(/\.$/, "") : number;
}
