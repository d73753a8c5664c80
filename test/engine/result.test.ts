import { describe, expect, test } from "vitest";
import { Result } from "../../src/engine/result.js";
import { carry } from "../../src/engine/result-promise.js";
import type { ResultShape } from "../../src/engine/row.js";
import {
  InvalidRequestError,
  MultipleResultsFound,
  NoResultFound,
  NoSuchColumnError,
  ResourceClosedError,
} from "../../src/sql/errors.js";

const shape: ResultShape = { keys: ["id", "name"], kind: "tuple" };
type R = [number, string];
const three = () =>
  new Result<R>(shape, [
    [1, "a"],
    [2, "b"],
    [3, "c"],
  ]);
const result = (...rows: unknown[][]) => new Result<R>(shape, rows);

describe("a row", () => {
  test("can be destructured, indexed, read by name and read as a plain object, and all agree", () => {
    const row = three().first() as unknown as R & {
      name: string;
      _mapping: object;
      _fields: string[];
      _asObject(): object;
    };
    const [id, name] = row;
    expect([id, name, row[0], row.name, row.length]).toEqual([1, "a", 1, "a", 2]);
    expect(row._mapping).toEqual({ id: 1, name: "a" });
    expect(row._asObject()).toEqual({ id: 1, name: "a" });
    expect(row._fields).toEqual(["id", "name"]);
    expect(Array.isArray(row)).toBe(true);
    expect(row).toEqual([1, "a"]);
    expect(JSON.stringify(row)).toBe('[1,"a"]');
    expect(row.map(String)).toEqual(["1", "a"]);
  });

  test("keeps Array's own members where a column has their name, and has it in the mapping", () => {
    const odd = new Result<unknown[]>({ keys: ["length", "map", "__proto__", "0"], kind: "tuple" }, [[10, 20, 30, 40]]);
    const row = odd.first() as unknown as unknown[] & { _mapping: Record<string, unknown> };
    expect(row.length).toBe(4);
    expect(row.map((one) => one)).toEqual([10, 20, 30, 40]);
    expect(Object.entries(row._mapping)).toEqual(
      expect.arrayContaining([
        ["length", 10],
        ["map", 20],
        ["__proto__", 30],
        ["0", 40],
      ]),
    );
  });

  test("refuses a name that several columns have", () => {
    const twice = new Result<unknown[]>({ keys: ["id", "id", "x"], kind: "tuple" }, [[1, 2, 3]]);
    const row = twice.first() as unknown as unknown[] & { id: number; x: number };
    expect(() => row.id).toThrow('Ambiguous column name "id"');
    expect(row.x).toBe(3);
  });
});

describe("a result", () => {
  test("gives all rows, and nothing the second time", () => {
    const rows = three();
    expect(rows.all()).toEqual([
      [1, "a"],
      [2, "b"],
      [3, "c"],
    ]);
    expect(rows.all()).toEqual([]);
    expect(rows.fetchone()).toBe(null);
    expect(rows.keys()).toEqual(["id", "name"]);
  });

  test("gives rows one by one, some at a time, and what is left", () => {
    const rows = three();
    expect(rows.fetchone()).toEqual([1, "a"]);
    expect(rows.fetchmany(1)).toEqual([[2, "b"]]);
    expect(rows.fetchall()).toEqual([[3, "c"]]);
    expect(rows.fetchone()).toBe(null);
  });

  test("is iterated from where it stands", () => {
    const rows = three();
    rows.fetchone();
    expect([...rows]).toEqual([
      [2, "b"],
      [3, "c"],
    ]);
  });

  test("closes with first(), and reading on is an error", () => {
    const rows = three();
    expect(rows.first()).toEqual([1, "a"]);
    expect(rows.closed).toBe(true);
    expect(() => rows.all()).toThrow(ResourceClosedError);
    expect(() => rows.fetchone()).toThrow("This result object is closed.");
    expect(result().first()).toBe(null);
  });

  test("one() wants exactly one row", () => {
    expect(result([1, "a"]).one()).toEqual([1, "a"]);
    expect(() => result().one()).toThrow(NoResultFound);
    expect(() => result().one()).toThrow("No row was found when one was required");
    expect(() => three().one()).toThrow(MultipleResultsFound);
    expect(() => three().one()).toThrow("Multiple rows were found when exactly one was required");
  });

  test("oneOrNone() wants one row or none", () => {
    expect(result([1, "a"]).oneOrNone()).toEqual([1, "a"]);
    expect(result().oneOrNone()).toBe(null);
    expect(() => three().oneOrNone()).toThrow("Multiple rows were found when one or none was required");
  });

  test("gives scalars", () => {
    expect(three().scalar()).toBe(1);
    expect(result().scalar()).toBe(null);
    expect(three().scalars().all()).toEqual([1, 2, 3]);
    expect(three().scalars("name").all()).toEqual(["a", "b", "c"]);
    expect(three().scalars(1).first()).toBe("a");
    expect(result([7, "x"]).scalarOne()).toBe(7);
    expect(() => result().scalarOne()).toThrow(NoResultFound);
    expect(result().scalarOneOrNone()).toBe(null);
    expect(() => three().scalarOneOrNone()).toThrow(MultipleResultsFound);
    expect(() => three().scalars("nme")).toThrow(NoSuchColumnError);
    expect(() => three().scalars(5)).toThrow("The result has no column number 5: it has 2 (id, name)");
  });

  test("gives mappings and some of the columns", () => {
    expect(three().mappings().first()).toEqual({ id: 1, name: "a" });
    expect(three().columns("name").all()).toEqual([["a"], ["b"], ["c"]]);
    expect(three().columns(1, 0).mappings().first()).toEqual({ name: "a", id: 1 });
    expect(three().mappings().columns("name").all()).toEqual([{ name: "a" }, { name: "b" }, { name: "c" }]);
  });

  test("leaves out what it has handed out, when unique", () => {
    const twice = () => result([1, "a"], [1, "a"], [2, "b"], [1, "a"]);
    expect(twice().unique().all()).toEqual([
      [1, "a"],
      [2, "b"],
    ]);
    expect(twice().unique().scalars().all()).toEqual([1, 2]);
    expect(twice().scalars().unique().all()).toEqual([1, 2]);
    expect(
      twice()
        .unique((row) => row[0] % 1)
        .all(),
    ).toEqual([[1, "a"]]);
    expect(result([1, "a"], [1, "a"]).unique().one()).toEqual([1, "a"]);
    expect(
      result([1, "bc"] as never, ["1b", "c"] as never)
        .unique()
        .all(),
    ).toHaveLength(2);
  });

  test("insists on unique() where its shape says so", () => {
    const joined = new Result<[object]>({ keys: ["User"], kind: "scalar", requiresUnique: "call unique() first" }, [
      {},
    ]);
    expect(() => joined.all()).toThrow(InvalidRequestError);
    expect(() => joined.scalars().all()).toThrow("call unique() first");
    expect(joined.unique().scalars().all()).toHaveLength(1);
  });

  test("goes through partitions, and takes their size from yieldPer", () => {
    expect([...three().partitions(2)]).toEqual([
      [
        [1, "a"],
        [2, "b"],
      ],
      [[3, "c"]],
    ]);
    expect([...three().scalars().yieldPer(2).partitions()]).toEqual([[1, 2], [3]]);
  });

  test("hands out bare values without making tuples of them", () => {
    const a = { a: 1 };
    const entities: unknown[] = [a];
    const bare = () => new Result<[object]>({ keys: ["User"], kind: "scalar" }, [...entities]);
    expect(bare().scalars().all()[0]).toBe(a);
    expect(bare().all()).toEqual([[a]]);
    expect((bare().first() as unknown as { User: object }).User).toBe(a);
    expect(bare().mappings().all()).toEqual([{ User: a }]);
  });

  test("gives plain objects where the statement selected an object", () => {
    const objects = new Result<{ id: number; n: string }>({ keys: ["id", "n"], kind: "object" }, [[1, "a"]]);
    const row = objects.one();
    expect(row).toEqual({ id: 1, n: "a" });
    expect(Object.getPrototypeOf(row)).toBe(Object.prototype);
  });

  test("can be frozen and thawed any number of times, and merged", () => {
    const frozen = three().freeze();
    expect(frozen.thaw().all()).toHaveLength(3);
    expect(frozen.thaw().scalars().all()).toEqual([1, 2, 3]);
    expect(
      three()
        .merge(result([4, "d"]))
        .scalars()
        .all(),
    ).toEqual([1, 2, 3, 4]);
    expect(
      frozen
        .withNewRows([[9, "z"]])
        .thaw()
        .one(),
    ).toEqual([9, "z"]);
  });

  test("that never had rows says so", () => {
    const none = new Result<never>(
      shape,
      [],
      "This result object does not return rows. It has been closed automatically.",
    );
    expect(none.returnsRows).toBe(false);
    for (const read of ["all", "first", "one", "scalar", "keys", "scalars", "mappings", "fetchone"] as const) {
      expect(() => (none[read] as () => unknown)(), read).toThrow("This result object does not return rows");
    }
  });
});

describe("the promise of a result", () => {
  const promised = () => carry(Promise.resolve(three()));

  test("has the methods of the result", async () => {
    expect(await promised().all()).toHaveLength(3);
    expect(await promised().scalars().all()).toEqual([1, 2, 3]);
    expect(await promised().scalars("name").unique().first()).toBe("a");
    expect(await promised().mappings().first()).toEqual({ id: 1, name: "a" });
    expect(await promised().scalar()).toBe(1);
    expect(await promised().columns(1).scalars().all()).toEqual(["a", "b", "c"]);
    await expect(promised().one()).rejects.toThrow(MultipleResultsFound);
    expect(await promised().unique().fetchmany(2)).toHaveLength(2);
  });

  test("is a native promise", async () => {
    const promise = promised();
    expect(promise).toBeInstanceOf(Promise);
    expect(promise.constructor).toBe(Promise);
    expect((await promise).all()).toHaveLength(3);
    expect(await promise.then((rows) => rows.closed)).toBe(false);
  });

  test("passes its error on to each method", async () => {
    const failed = carry<R>(Promise.reject(new Error("no")));
    await expect(failed.scalars().all()).rejects.toThrow("no");
    await expect(failed).rejects.toThrow("no");
  });
});
