/** Counts what the hot paths must not make for each row: maps, sets, weak references, proxies and promises. */
import { AsyncLocalStorage, createHook } from "node:async_hooks";

const CLASSES = ["Map", "Set", "WeakRef", "Proxy"] as const;

/** Holds in what a function does, here and after its waits: promises of others (the test runner's, a timer's) are not its own. */
const counting = new AsyncLocalStorage<Made>();

export type Made = Record<(typeof CLASSES)[number] | "Promise", number>;

/**
 * Runs a function and counts the objects of some built-in classes that are made meanwhile.
 *
 * ```ts
 * const made = await countMade(() => session.flush());
 * expect(made.Map).toBeLessThan(50);
 * ```
 */
export async function countMade(fn: () => Promise<unknown>): Promise<Made> {
  const made: Made = { Map: 0, Set: 0, WeakRef: 0, Proxy: 0, Promise: 0 };
  const globals = globalThis as unknown as Record<string, new (...args: never[]) => object>;
  const originals = CLASSES.map((name) => globals[name]);
  const hook = createHook({
    init(_id, type) {
      if (type === "PROMISE" && counting.getStore() === made) made.Promise++;
    },
  });
  CLASSES.forEach((name, i) => {
    globals[name] = new Proxy(originals[i], {
      construct(target, args, newTarget) {
        made[name]++;
        return Reflect.construct(target, args, newTarget);
      },
    });
  });
  hook.enable();
  try {
    await counting.run(made, fn);
  } finally {
    hook.disable();
    CLASSES.forEach((name, i) => {
      globals[name] = originals[i];
    });
  }
  return made;
}
