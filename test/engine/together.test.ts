/** Operations whose first writes are sent together: what is sent when, who gets which answer, and what becomes of the others when one fails. */
import { describe, expect, test } from "vitest";
import {
  type DriverConnection,
  type DriverPlan,
  RowsFailure,
  type RowsOutcome,
  type RowsWrite,
  RunRowsRequest,
  ValueRows,
} from "../../src/engine/driver.js";
import { type Op, request, runSync } from "../../src/engine/io.js";
import { TOLD, together } from "../../src/engine/together.js";

/** A driver that notes each exchange, and fails at the statements that it is told. */
function driverOf(failing: Readonly<Record<string, unknown>> = {}, joins = true) {
  const exchanges: string[][] = [];
  const answer = ({ plan }: RowsWrite): RowsOutcome =>
    plan.text in failing
      ? new RowsFailure(failing[plan.text])
      : { rows: [[plan.text]], columns: null, rowcount: 1, lastrowid: null, perSet: null, lastrowids: null };
  const driver = {
    joins: () => joins,
    runRowsSync(plan: DriverPlan, rows: ValueRows) {
      exchanges.push([plan.text]);
      const outcome = answer({ plan, rows });
      if (outcome instanceof RowsFailure) throw outcome.error;
      return outcome;
    },
    runTogetherSync(writes: readonly RowsWrite[]) {
      exchanges.push(writes.map(({ plan }) => plan.text));
      const outcomes = writes.map(answer);
      const failed = outcomes.findIndex((outcome) => outcome instanceof RowsFailure);
      return outcomes.map((outcome, i) => (failed >= 0 && i > failed ? "not run" : outcome));
    },
  } as unknown as DriverConnection;
  const log: string[] = [];
  /** Writes, and notes the answers and the errors. */
  function* write(...texts: string[]): Op<void> {
    try {
      for (const text of texts) {
        const plan = { text, returnsRows: text.startsWith("returning"), integers: "number", cacheId: 1 } as const;
        const answered = yield new RunRowsRequest(driver as never, plan, new ValueRows([[1]], 1, false), undefined);
        log.push(`${text} got ${(answered as { rows: unknown[][] }).rows[0][0]}`);
      }
    } catch (error) {
      log.push(`${texts[0]} ended with ${(error as Error).message}`);
      throw error;
    }
  }
  return { write, exchanges, log };
}

const boom = new Error("boom");

describe("operations that do not depend on each other", () => {
  test("have their first writes sent as one, and the others one after the other", () => {
    const { write, exchanges, log } = driverOf();
    runSync(together([write("a", "b"), write("c"), write("d", "e")]));
    expect(exchanges).toEqual([["a", "c", "d"], ["b"], ["e"]]);
    expect(log).toEqual(["a got a", "b got b", "c got c", "d got d", "e got e"]);
  });

  test("run one after the other where the driver does not join, or nobody may be joined", () => {
    const alone = driverOf({}, false);
    runSync(together([alone.write("a", "b"), alone.write("c")]));
    expect(alone.exchanges).toEqual([["a"], ["b"], ["c"]]);
    const forbidden = driverOf();
    runSync(together([forbidden.write("a"), forbidden.write("b")], () => false));
    expect(forbidden.exchanges).toEqual([["a"], ["b"]]);
  });

  test("are waited for where what follows needs what the database has told, and only there", () => {
    const { write, exchanges } = driverOf();
    runSync(together([write("a"), TOLD, write("returning b"), TOLD, write("c"), TOLD]));
    expect(exchanges).toEqual([["a", "returning b"], ["c"]]);
  });

  test("are not overtaken by one that asks for something else first", () => {
    const { write, exchanges } = driverOf();
    const asked: number[] = [];
    function* asking(): Op<void> {
      yield request(
        () => {},
        () => void asked.push(exchanges.length),
      );
      yield* write("c");
    }
    runSync(together([write("a"), write("b"), asking()]));
    expect(exchanges).toEqual([["a", "b"], ["c"]]);
    expect(asked).toEqual([1]);
  });

  test("may themselves be several that are sent together", () => {
    const { write, exchanges, log } = driverOf();
    runSync(together([together([write("a"), write("b", "c")]), write("d")]));
    expect(exchanges).toEqual([["a", "b", "d"], ["c"]]);
    expect(log).toEqual(["a got a", "b got b", "c got c", "d got d"]);
  });

  test("may have steps: what such a one writes before its last step is not sent with what comes after it", () => {
    const { write, exchanges } = driverOf();
    runSync(together([together([write("returning base"), TOLD, write("sub")]), write("d")]));
    expect(exchanges).toEqual([["returning base"], ["sub", "d"]]);
    const known = driverOf();
    runSync(together([together([known.write("base"), TOLD, known.write("sub")]), known.write("d")]));
    expect(known.exchanges).toEqual([["base", "sub", "d"]]);
  });

  test("may have writes that cannot be joined: what comes after them waits", () => {
    const { write, exchanges } = driverOf();
    function* apart(): Op<void> {
      yield request(
        () => {},
        () => void exchanges.push(["apart"]),
      );
    }
    runSync(together([together([write("a"), apart(), write("b")]), write("c")]));
    expect(exchanges).toEqual([["a"], ["apart"], ["b", "c"]]);
  });

  test("ask for nothing more where a later one has failed, so that its error is the one that is heard", () => {
    const { write, log, exchanges } = driverOf({ c: boom });
    expect(() => runSync(together([write("a", "b"), write("c")]))).toThrow(boom);
    expect(exchanges).toEqual([["a", "c"]]);
    expect(log).toEqual([
      "a got a",
      expect.stringMatching(/^a ended with This statement was not run/),
      "c ended with boom",
    ]);
  });

  test("may ask for something more when they fail, before they say so", () => {
    const { write, exchanges, log } = driverOf({ a: boom });
    function* caring(): Op<void> {
      try {
        yield* write("a");
      } catch (error) {
        yield request(
          () => {},
          () => void exchanges.push(["asked"]),
        );
        throw error;
      }
    }
    expect(() => runSync(together([caring(), write("b")]))).toThrow(boom);
    expect(exchanges).toEqual([["a", "b"], ["asked"]]);
    expect(log).toEqual(["a ended with boom", expect.stringMatching(/^b ended with This statement was not run/)]);
  });

  test("end with the error of the first that fails: those before it have their answers, those after it are given up", () => {
    const { write, log } = driverOf({ b: boom });
    expect(() => runSync(together([write("a"), together([write("b"), write("c")]), write("d")]))).toThrow(boom);
    expect(log[0]).toBe("a got a");
    expect(log[1]).toBe("b ended with boom");
    expect(log.slice(2)).toEqual([
      expect.stringMatching(/^c ended with This statement was not run/),
      expect.stringMatching(/^d ended with This statement was not run/),
    ]);
  });

  test("end with the error of one that does not like its answer, also where a later one has failed before it is heard", () => {
    const { write, log } = driverOf({ b: new Error("later") });
    function* checking(): Op<void> {
      yield* write("a");
      throw boom;
    }
    expect(() => runSync(together([checking(), write("b")]))).toThrow(boom);
    expect(log).toEqual(["a got a", expect.stringMatching(/^b ended with This statement was not run/)]);
  });

  test("fail in their order: one that cannot begin waits for those before it", () => {
    const { write, exchanges } = driverOf({ a: new Error("first") });
    // biome-ignore lint/correctness/useYield: it fails before it asks for anything
    function* broken(): Op<void> {
      throw boom;
    }
    expect(() => runSync(together([write("a"), broken()]))).toThrow("first");
    const { write: well } = driverOf();
    expect(() => runSync(together([well("a"), broken()]))).toThrow(boom);
    expect(exchanges).toEqual([["a"]]);
  });
});
