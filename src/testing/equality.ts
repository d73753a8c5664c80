/** Equality of entities in tests. Their state is no enumerable property, so that test frameworks find any two of a class equal. */
import assert from "node:assert/strict";
import { toObject } from "../orm/index.js";
import { stateOf } from "../orm/stamp.js";

/** What vitest's and Jest's testers are called on. */
export interface TesterContext {
  equals(a: unknown, b: unknown, customTesters?: never[]): boolean;
}

/** A tester as `expect.addEqualityTesters` takes it: undefined says nothing of these two. */
export type EqualityTester = (
  this: TesterContext,
  a: unknown,
  b: unknown,
  customTesters: never[],
) => boolean | undefined;

/** An `expect` that takes testers: vitest's, Jest's. */
export interface ExpectWithTesters {
  addEqualityTesters(testers: never[]): void;
}

const isEntity = (value: unknown): boolean =>
  typeof value === "object" && value !== null && stateOf(value) !== undefined;

const classOf = (entity: unknown): { readonly name: string } => (entity as object).constructor;

/**
 * Compares entities by class and by what is loaded of them, relationships included, and an entity with a plain object by what is loaded.
 * An attribute that is loaded on one side only is a difference. Nothing is loaded.
 */
export const entityEquality: EqualityTester = function (a, b, customTesters) {
  const first = isEntity(a);
  const second = isEntity(b);
  if (!first && !second) return undefined;
  if (a === b) return true;
  if (first && second && classOf(a) !== classOf(b)) return false;
  return this.equals(first ? toObject(a as object) : a, second ? toObject(b as object) : b, customTesters);
};

/**
 * Has `expect` compare entities by what is loaded of them. Call it once, in a set-up file: without it `toEqual` finds any two entities of a class equal.
 *
 * @param expect vitest's or Jest's
 * @example
 * import { expect } from "vitest";
 * registerEqualityTesters(expect);
 * expect(await session.get(User, 1)).toEqual({ id: 1, name: "Ann" });
 */
export function registerEqualityTesters(expect: ExpectWithTesters): void {
  expect.addEqualityTesters([entityEquality as never]);
}

/** Entities anywhere in a value as plain objects, for `node:assert`. */
function plain(value: unknown, path: readonly unknown[] = []): unknown {
  if (typeof value !== "object" || value === null || path.includes(value)) return value;
  if (isEntity(value)) return toObject(value);
  const within = [...path, value];
  if (Array.isArray(value)) return Array.from(value, (each) => plain(each, within));
  if (value instanceof Set) return new Set(Array.from(value, (each) => plain(each, within)));
  if (value instanceof Map) return new Map(Array.from(value, ([key, each]) => [key, plain(each, within)]));
  const prototype: unknown = Object.getPrototypeOf(value);
  if (prototype !== Object.prototype && prototype !== null) return value;
  return Object.fromEntries(Object.entries(value).map(([key, each]) => [key, plain(each, within)]));
}

/**
 * `assert.deepStrictEqual` of `node:assert` for values with entities in them, which it would find equal: they are compared by what is loaded.
 *
 * @throws AssertionError
 * @example assertEntitiesEqual(await session.scalars(select(User)).all(), [{ id: 1, name: "Ann" }]);
 */
export function assertEntitiesEqual(actual: unknown, expected: unknown, message?: string): void {
  if (isEntity(actual) && isEntity(expected)) assert.equal(classOf(actual).name, classOf(expected).name, message);
  assert.deepStrictEqual(plain(actual), plain(expected), message);
}
