/** Columns of many rows as arrays: the quick way writes what the thorough one writes. */
import { describe, expect, test } from "vitest";
import { arrayText, plainArrayText, readArray } from "../../../src/dialects/postgresql/array-text.js";

describe("plainArrayText", () => {
  test.each([
    ["words", ["plain", "with space", "", "NULL", "null"]],
    ["quotes and backslashes", ['a "quoted" word', "back\\slash", '\\"', "\\\\n", "{braces, commas}"]],
    ["control characters", ["tab\there", "line\nbreak", "bell\u0007", "return\r\n"]],
    ["other scripts", ["ünïcode", "🙂", "\u2028line separator", "日本語"]],
    ["nulls among them", ["a", null, "b", null]],
  ])("keeps %s", (_, texts) => {
    expect(readArray(plainArrayText([...texts]), (text) => text)).toEqual(texts);
  });

  test.each([
    ["numbers", [1, -0.5, 1e21, 0, null], ["1", "-0.5", "1e+21", "0", null]],
    ["numbers that are not finite", [Number.NaN, Number.POSITIVE_INFINITY, 1], ["NaN", "Infinity", "1"]],
    ["big integers", [1n, 9007199254740993n], ["1", "9007199254740993"]],
    ["nothing at all", [undefined, null], [null, null]],
  ])("writes %s as the server reads them", (_, values, expected) => {
    expect(readArray(plainArrayText([...values]), (text) => text)).toEqual(expected);
  });

  test("writes truth in words of the server", () => {
    expect(plainArrayText([true, false, null])).toBe("{true,false,null}");
  });

  test("writes points in time as one value does", () => {
    const dates = [
      new Date(Date.UTC(2024, 1, 29, 23, 59, 59, 999)),
      new Date(0),
      new Date(-1),
      new Date(Date.UTC(1600, 0, 1)),
      new Date("+012345-01-01T00:00:00Z"),
      new Date("-000001-06-01T00:00:00Z"),
      new Date(8.64e15),
    ];
    const texts = readArray(plainArrayText([...dates]), (text) => text);
    expect(texts).toEqual(readArray(arrayText(dates, null, 1), (text) => text));
    expect(texts.slice(0, 3)).toEqual([
      "2024-02-29 23:59:59.999+00",
      "1970-01-01 00:00:00.000+00",
      "1969-12-31 23:59:59.999+00",
    ]);
  });

  test("leaves bytes and objects to the thorough way", () => {
    const values = [Buffer.from([1, 2]), { a: "b" }, [1]];
    expect(plainArrayText([...values])).toBe(arrayText(values, null, 1));
  });
});
