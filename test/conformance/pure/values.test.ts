import { expect, test } from "vitest";
import { compareForTable, renderScalar, toAttributeValue } from "../values.js";

test("a datetime without zone is taken and shown as UTC, to the millisecond", () => {
  const value = toAttributeValue("datetime", "2024-02-29T12:34:56.500");
  expect(value).toEqual(new Date(Date.UTC(2024, 1, 29, 12, 34, 56, 500)));
  expect(renderScalar(value)).toBe("2024-02-29T12:34:56.500");
  expect(toAttributeValue("datetime", null)).toBeNull();
});

test("other scalars go and come as they are, and an attribute that was never set shows as null", () => {
  expect(toAttributeValue("json", { a: [1] })).toEqual({ a: [1] });
  expect(renderScalar({ a: [1] })).toEqual({ a: [1] });
  expect(renderScalar(5n)).toBe(5);
  expect(renderScalar(undefined)).toBeNull();
});

test("table rows are sorted null first, numbers numerically, strings by their JSON text", () => {
  expect([10, 2, null, 1].sort(compareForTable)).toEqual([null, 1, 2, 10]);
  expect(["b", "a", "B"].sort(compareForTable)).toEqual(["B", "a", "b"]);
});
