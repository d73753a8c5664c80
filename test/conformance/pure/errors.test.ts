import { expect, test } from "vitest";
import { acceptsError, neutralName, ValueError } from "../errors.js";

class DatabaseError extends Error {}
class OperationalError extends DatabaseError {}
class InvalidRequestError extends Error {}
class DetachedInstanceError extends InvalidRequestError {}
class MapperConfigurationError extends InvalidRequestError {}
class MissingSyncContextError extends InvalidRequestError {}

test("an error has the neutral name of the nearest class that has one", () => {
  expect(neutralName(new DetachedInstanceError())).toBe("DetachedInstanceError");
  expect(neutralName(new MissingSyncContextError())).toBe("ImplicitIO");
  expect(neutralName(new MapperConfigurationError())).toBe("InvalidRequestError");
  expect(neutralName(new OperationalError())).toBe("DatabaseError");
  expect(neutralName(new ValueError("x"))).toBe("ValueError");
});

test("an error that has no neutral name keeps its own name and message, and agrees with nothing recorded", () => {
  expect(neutralName(new TypeError("x is not a function"))).toBe("TypeError: x is not a function");
  expect(neutralName("text")).toBe("a thrown string");
  expect(acceptsError("InvalidRequestError", neutralName(new TypeError("x")))).toBe(false);
});
