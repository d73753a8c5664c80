import { expect, test } from "vitest";
// @ts-expect-error a plain script, so that it runs in a project without loader
import { codeBlocks, programsOf } from "./blocks.mjs";

const fence = "```";
const markdown = (...parts: string[]) => parts.join("\n");
const programs = (text: string) => programsOf(codeBlocks(text));

test("a ts block is a program, and one that continues belongs to the program before it", () => {
  const text = markdown(`${fence}ts`, "a();", fence, "words", `${fence}ts continues`, "b();", fence);
  expect(programs(text)).toEqual([{ file: "line-1.ts", code: "a();\n\nb();\n", line: 1, output: null }]);
});

test("a block can have a name to be imported by, and say what it prints", () => {
  const text = markdown(`${fence}ts file=m.ts`, "x", fence, `${fence}text output`, "1", fence);
  expect(programs(text)).toEqual([{ file: "m.ts", code: "x\n", line: 1, output: "1\n" }]);
});

test("a block that is neither a program nor output has to say norun", () => {
  expect(() => programs(markdown(`${fence}sh`, "npm i", fence))).toThrow('line 1: a "sh" block');
  expect(programs(markdown(`${fence}sh norun`, "npm i", fence))).toEqual([]);
});

test("a block that is never closed is an error", () => {
  expect(() => programs(markdown("text", `${fence}ts`, "x"))).toThrow("begins at line 2");
});
