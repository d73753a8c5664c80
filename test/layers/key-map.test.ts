import { describe, expect, test } from "vitest";
import { type KeyHash, KeyMap } from "../../src/orm/key-map.js";

/** The same steps on a Map. */
function compare(steps: readonly (readonly [KeyHash, number | null])[]): void {
  const map = new KeyMap<number>();
  const model = new Map<KeyHash, number>();
  steps.forEach(([key, value], i) => {
    if (value === null) expect(map.delete(key)).toBe(model.delete(key));
    else {
      map.set(key, value);
      model.set(key, value);
    }
    if (i % 50 === 49) map.tidy();
    expect(map.size).toBe(model.size);
    for (const near of [key, typeof key === "number" ? key + 1 : `${key}1`])
      expect(map.get(near)).toBe(model.get(near));
  });
  const seen = new Map<KeyHash, number>();
  map.forEach((value, key) => void seen.set(key, value));
  const sorted = (entries: Iterable<readonly [KeyHash, number]>): unknown[] =>
    [...entries].sort(([a], [b]) => String(a).localeCompare(String(b)));
  expect(sorted(seen)).toEqual(sorted(model));
  expect(sorted(map)).toEqual(sorted(model));
}

describe("a map from keys of rows holds what a Map would", () => {
  const range = (length: number, first = 1): number[] => Array.from({ length }, (_, i) => first + i);
  const set = (keys: readonly KeyHash[]) => keys.map((key, i) => [key, i] as const);

  test("for keys that follow each other, up, down, with gaps, and from any place on", () => {
    compare(set(range(100)));
    compare(set(range(100, -50)));
    compare(set(range(100).reverse()));
    compare(set(range(200).filter((key) => key % 7 !== 0)));
    compare(set([5000, ...range(300), 9000, ...range(20, 4990)]));
    compare(set(range(40).map((i) => i * i)));
  });

  test("for keys that come into the run after they were put elsewhere", () => {
    compare([...set([10, 30, 13, 12]), ...set(range(60, 5)), [12, 7], [30, 8]]);
  });

  test("for keys that are no whole numbers, beside those that are", () => {
    compare([...set(range(20)), ...set(["5", 5.5, 5n, "a", -0, Number.MAX_SAFE_INTEGER, 2 ** 60, 5.5])]);
    compare(set([0.5, 1.5, 2.5, 1, 2]));
  });

  test("for keys that were expected, in one part or in several, close together or not, beside some that are there", () => {
    const shuffled = (keys: readonly number[]): number[] =>
      [...keys].sort((a, b) => ((a * 7919) % 1009) - ((b * 7919) % 1009));
    const batches = (...parts: (readonly KeyHash[])[]): void => {
      const map = new KeyMap<number>();
      const model = new Map<KeyHash, number>();
      for (const keys of parts) {
        map.expect(keys.length, (i) => keys[i]);
        keys.forEach((key, i) => {
          expect(map.get(key)).toBe(model.get(key));
          map.set(key, i);
          model.set(key, i);
        });
        expect(map.size).toBe(model.size);
        for (const key of keys) expect(map.get(key)).toBe(model.get(key));
        for (const key of keys.filter((_, i) => i % 9 === 0)) expect(map.delete(key)).toBe(model.delete(key));
      }
      expect(new Map(map)).toEqual(new Map([...map].map(([key]) => [key, model.get(key) as number])));
      expect(map.size).toBe(model.size);
      for (const [key, value] of model) expect(map.get(key)).toBe(value);
    };
    batches(shuffled(range(500)));
    batches([1], shuffled(range(499, 2)), shuffled(range(500, 501)), range(100, -99));
    batches(shuffled(range(100, 901)), shuffled(range(100, 801)), shuffled(range(400, 401)), shuffled(range(400)));
    batches(
      shuffled(range(200)).map((key) => key * 1000),
      shuffled(range(2000)),
    );
    batches([...range(100), 0.5, "7", 8n], ["x", ...range(100, 50)]);
    batches(range(90, 1000).reverse(), [5, 2000, 1500], shuffled(range(600, 900)));
    batches(shuffled(range(100)).map((key) => key + Number.MAX_SAFE_INTEGER - 100));
  });

  test("while keys come and go in any order", () => {
    let seed = 7;
    const next = (limit: number): number => {
      seed = (seed * 48271) % 2147483647;
      return seed % limit;
    };
    for (const width of [30, 300, 100_000])
      compare(Array.from({ length: 600 }, (_, i) => [next(width), next(3) === 0 ? null : i] as const));
    compare([...set(range(200)), ...range(190, 5).map((key) => [key, null] as const), ...set(range(10, 300))]);
  });
});
