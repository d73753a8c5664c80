/** Functions of the user, which go to a thread as their text. */
import { createRequire } from "node:module";
import { join } from "node:path";
import { ArgumentError } from "../../../sql/errors.js";

/**
 * The text of a function that is to run in a thread.
 *
 * @param what names the function's place, for the message: `runInThread()`
 */
export function sourceOf(fn: unknown, what: string): string {
  if (typeof fn !== "function") throw new ArgumentError(`${what} takes a function, not ${typeof fn}`);
  const source = Function.prototype.toString.call(fn);
  if (/\{\s*\[native code\]\s*\}$/.test(source)) {
    throw new ArgumentError(
      `The function given to ${what} is a built-in or bound one, which has no text that could be sent to the thread. Write a ` +
        "function that calls it.",
    );
  }
  return source;
}

type AnyFunction = (...args: readonly unknown[]) => unknown;

/** Makes the function again, in the thread. It sees globals, and `require` from the working directory. */
export function compileSource(source: string): AnyFunction {
  const fn = evaluated(source);
  return (...args) => {
    try {
      return fn(...args);
    } catch (error) {
      throw explained(error);
    }
  };
}

function evaluated(source: string): AnyFunction {
  try {
    return evaluate(`(${source}\n)`) as AnyFunction;
  } catch (error) {
    if (!(error instanceof SyntaxError)) throw error;
    // The text of a method stands in an object only.
    return Object.values(evaluate(`({ ${source}\n})`) as object)[0] as AnyFunction;
  }
}

function evaluate(expression: string): unknown {
  const require = createRequire(join(process.cwd(), "in-thread.js"));
  // `__name` is what esbuild wraps named functions in.
  return new Function("require", "__name", `return ${expression}`)(require, (named: unknown) => named);
}

/** Calls a function that was sent as its text. */
export async function callSource(source: string, database: unknown, args: readonly unknown[]): Promise<unknown> {
  try {
    return await compileSource(source)(database, ...args);
  } catch (error) {
    throw explained(error);
  }
}

const HINT = ". The function runs in a thread, and sees nothing from outside itself: give what it needs as arguments";

function explained(error: unknown): unknown {
  if (error instanceof ReferenceError && !error.message.endsWith(HINT)) error.message += HINT;
  return error;
}
