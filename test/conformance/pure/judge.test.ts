import { describe, expect, test } from "vitest";
import type { Scenario, Step, StepResult } from "../format.js";
import { countsWithin, judge } from "../judge.js";

function scenario(steps: Step[], expected: StepResult[], alternative?: StepResult[]): Scenario {
  const alt = alternative ? { expectedAlt: { version: "2.0", steps: alternative } } : {};
  return { format: 1, name: "n", area: "a", schema: { entities: {} }, steps, expected, ...alt };
}

function passes(step: Step, expected: StepResult, got: StepResult): boolean {
  return judge(scenario([step], [expected]), [got]).passed;
}

const attr = { op: "attr", obj: "x", attr: "name" };

describe("values and errors", () => {
  test("values agree when they are deeply equal, whatever the order of keys", () => {
    expect(passes(attr, { value: [{ a: 1, b: [null] }] }, { value: [{ b: [null], a: 1 }] })).toBe(true);
    expect(passes(attr, { value: [1, 2] }, { value: [2, 1] })).toBe(false);
    expect(passes(attr, { value: 1 }, { value: "1" })).toBe(false);
  });

  test("an error where a value was recorded disagrees, and the other way round", () => {
    expect(passes(attr, { value: 1 }, { error: "ImplicitIO" })).toBe(false);
    expect(passes(attr, { error: "ImplicitIO" }, { value: 1 })).toBe(false);
  });

  test("an action is judged by its error only", () => {
    expect(passes({ op: "flush" }, null, null)).toBe(true);
    expect(passes({ op: "flush" }, null, { error: "FlushError" })).toBe(false);
    expect(passes({ op: "flush" }, { error: "FlushError" }, null)).toBe(false);
  });

  test("a step without a result disagrees", () => {
    expect(judge(scenario([{ op: "flush" }], [null]), []).passed).toBe(false);
  });

  test("an error name is accepted where the format says so, and only in that direction", () => {
    const flush = { op: "flush" };
    expect(passes(flush, { error: "FlushError" }, { error: "IntegrityError" })).toBe(true);
    expect(passes(flush, { error: "IntegrityError" }, { error: "FlushError" })).toBe(false);
    expect(passes(flush, { error: "InvalidRequestError" }, { error: "PendingRollbackError" })).toBe(true);
    expect(passes(flush, { error: "PendingRollbackError" }, { error: "InvalidRequestError" })).toBe(false);
    expect(passes(flush, { error: "ResourceClosedError" }, { error: "InvalidRequestError" })).toBe(true);
  });
});

describe("counts", () => {
  const expected = {
    SELECT: { statements: 2 },
    INSERT: { statements: 1, rows: 3 },
    DELETE: { statements: 0, rows: 0 },
  };

  test("fewer statements are fine, and rows may be written one by one", () => {
    expect(countsWithin(expected, { SELECT: { statements: 1 }, INSERT: { statements: 3, rows: 3 } })).toBe(true);
    expect(countsWithin(expected, {})).toBe(true);
  });

  test("more SELECTs, more writes than rows, or any write where none was recorded are too many", () => {
    expect(countsWithin(expected, { SELECT: { statements: 3 } })).toBe(false);
    expect(countsWithin(expected, { INSERT: { statements: 4 } })).toBe(false);
    expect(countsWithin(expected, { DELETE: { statements: 1 } })).toBe(false);
  });

  test("too many fail at the level strict and are reported at the level advisory", () => {
    const judged = (level: string) =>
      judge(scenario([{ op: "counts", level }], [{ value: { SELECT: { statements: 0 } } }]), [
        { value: { SELECT: { statements: 1 } } },
      ]);
    expect(judged("strict")).toMatchObject({ passed: false, soft: [] });
    expect(judged("advisory")).toMatchObject({ passed: true, hard: [] });
    expect(judged("advisory").soft).toHaveLength(1);
  });

  test("counts can be left out of the judgement", () => {
    const strict = scenario([{ op: "counts", level: "strict" }], [{ value: { SELECT: { statements: 0 } } }]);
    expect(judge(strict, [{ value: { SELECT: { statements: 9 } } }], { ignoreCounts: true }).passed).toBe(true);
  });
});

describe("soft disagreements and alternatives", () => {
  test("isLoaded is reported without failing, but an error of it fails", () => {
    const step = { op: "isLoaded", obj: "x", attr: "y" };
    expect(passes(step, { value: true }, { value: false })).toBe(true);
    expect(passes(step, { value: true }, { error: "ImplicitIO" })).toBe(false);
  });

  test("agreeing entirely with the other recording passes, a mixture does not", () => {
    const two = scenario([attr, attr], [{ value: 1 }, { value: 1 }], [{ value: 2 }, { value: 2 }]);
    expect(judge(two, [{ value: 1 }, { value: 1 }]).passed).toBe(true);
    expect(judge(two, [{ value: 2 }, { value: 2 }]).passed).toBe(true);
    expect(judge(two, [{ value: 1 }, { value: 2 }]).passed).toBe(false);
  });

  test("a disagreement inside runSync is named by its path", () => {
    const nested = scenario(
      [attr, { op: "runSync", steps: [attr, attr] }],
      [{ value: 1 }, { steps: [{ value: 1 }, { value: 1 }] }],
    );
    const verdict = judge(nested, [{ value: 1 }, { steps: [{ value: 1 }, { value: 2 }] }]);
    expect(verdict.hard.map((d) => d.at)).toEqual(["1.1"]);
  });
});
