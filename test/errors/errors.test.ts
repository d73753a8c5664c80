import { readFileSync } from "node:fs";
import { afterEach, beforeEach, describe, expect, type MockInstance, test, vi } from "vitest";
import * as athanor from "../../src/index.js";
import {
  ArgumentError,
  AthanorError,
  AthanorWarning,
  asyncSessionmaker,
  catalogue,
  create,
  createAsyncEngine,
  filterWarnings,
  pageOf,
  select,
} from "../../src/index.js";
import * as migrations from "../../src/migrations/index.js";
import { examples, metadata, notRun, Post, User, type World } from "./examples.js";
import { errorsPage } from "./page.js";

async function world(): Promise<World & AsyncDisposable> {
  const engine = createAsyncEngine("sqlite://");
  await metadata.createAll(engine);
  const Session = asyncSessionmaker(engine);
  await Session.begin((s) => {
    const posts = ["first", "second"].map((title) => create(Post, { title, author: null, marks: [] }));
    s.add(create(User, { id: 1, name: "Alice", posts }));
    s.addAll(posts);
  });
  const session = Session();
  return {
    engine,
    Session,
    session,
    async [Symbol.asyncDispose]() {
      await session.close();
      await engine.dispose({ force: true });
    },
  };
}

describe("the example of a page raises what the page is about", () => {
  test.each(Object.keys(examples))("%s", async (code) => {
    using _ = filterWarnings("error", { code });
    await using here = await world();
    let raised: unknown;
    try {
      await examples[code]?.(here);
    } catch (error) {
      raised = error;
    }
    expect((raised as { errorCode?: string })?.errorCode ?? raised, String(raised)).toBe(code);
  });
});

describe("the catalogue", () => {
  test("[CX-05] has a page of its own for each class of errors, and no two with one code", () => {
    const classes = Object.values({ ...athanor, ...migrations }).filter(
      (each): each is typeof AthanorError => typeof each === "function" && each.prototype instanceof AthanorError,
    );
    expect(classes.length).toBeGreaterThan(40);
    for (const each of classes) expect(Object.hasOwn(each, "page"), each.name).toBe(true);
    expect(new Set(classes.map((each) => each.page.code)).size).toBe(classes.length);
    for (const { code, cause, cure } of catalogue()) {
      expect(code).toMatch(/^ATHANOR_[A-Z_]+$/);
      expect(cause).toMatch(/\.$/);
      expect(cure).toMatch(/\.$/);
    }
  });

  test("[CX-05] is what docs/errors.md says, with an example for each code (npm run errors writes it)", () => {
    expect(readFileSync(new URL("../../docs/errors.md", import.meta.url), "utf8")).toBe(errorsPage());
    const codes = catalogue().map((each) => each.code);
    expect([...Object.keys(examples), ...Object.keys(notRun)].filter((each) => !codes.includes(each))).toEqual([]);
  });

  test("is open to programs, and errors show their codes when they are printed", () => {
    expect(pageOf("ATHANOR_STALE_DATA")).toMatchObject({ kind: "error", code: "ATHANOR_STALE_DATA" });
    expect(pageOf("ATHANOR_CARTESIAN")?.kind).toBe("warning");
    expect(pageOf("ELSE")).toBeNull();
    class Own extends ArgumentError {}
    expect(new Own("x").errorCode).toBe("ATHANOR_ARGUMENT");
    expect({ ...new Own("x") }).toEqual({ name: "Own", errorCode: "ATHANOR_ARGUMENT" });
  });
});

describe("warnings", () => {
  let emitted: MockInstance<typeof process.emitWarning>;
  beforeEach(() => {
    emitted = vi.spyOn(process, "emitWarning").mockImplementation(() => {});
  });
  afterEach(() => emitted.mockRestore());
  const codes = () => emitted.mock.calls.splice(0).map((call) => (call[1] as unknown as { code: string }).code);
  const product = async (): Promise<unknown> => {
    await using here = await world();
    return await here.session.execute(select(User, Post));
  };

  test("[CX-06] have one channel, with a type and a code", async () => {
    await product();
    expect(emitted.mock.calls).toEqual([
      [expect.stringMatching(/cartesian product/), { type: "AthanorWarning", code: "ATHANOR_CARTESIAN" }],
    ]);
  });

  test("[CX-06] are dropped, given once or thrown by the newest filter that matches, until it is disposed of", async () => {
    using _once = filterWarnings("once");
    await product();
    await product();
    expect(codes()).toEqual(["ATHANOR_CARTESIAN"]);
    {
      using _ignored = filterWarnings("ignore", { code: ["ATHANOR_LEAK", "ATHANOR_CARTESIAN"] });
      await product();
      expect(codes()).toEqual([]);
      using _thrown = filterWarnings("error", { message: /between .*users/ });
      const thrown = await product().catch((error: unknown) => error);
      expect(thrown).toBeInstanceOf(AthanorWarning);
      expect(thrown).toMatchObject({ errorCode: "ATHANOR_CARTESIAN", message: expect.stringMatching(/cartesian/) });
      using _other = filterWarnings("emit", { message: "no such words" });
      await expect(product()).rejects.toThrow("cartesian");
      using _emitted = filterWarnings("emit");
      await product();
      expect(codes()).toEqual(["ATHANOR_CARTESIAN"]);
    }
    await product();
    expect(codes()).toEqual([]);
  });

  test("of a session go with their codes to the function that it was given", async () => {
    await using here = await world();
    const heard: string[] = [];
    await using session = here.Session({ warn: (_message, code) => void heard.push(code) });
    session.add(create(Post, { title: "x", author: create(User, { name: "Bob", posts: [], badge: null }), marks: [] }));
    await session.flush();
    expect(heard).toEqual(["ATHANOR_NOT_IN_SESSION"]);
    expect(codes()).toEqual([]);
  });

  test("have filters of four kinds", () => {
    expect(() => filterWarnings("raise" as never)).toThrow(
      'filterWarnings() takes "emit", "once", "ignore" or "error", not "raise".',
    );
  });
});
