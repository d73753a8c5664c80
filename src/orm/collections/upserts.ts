/** `getOrInsert()` and `getOrInsertComputed()` for maps that hear of each member: those of the engines that have them put it in past `set()`. */

export function addUpserts(prototype: Map<unknown, unknown>): void {
  const methods = {
    getOrInsert(this: Map<unknown, unknown>, key: unknown, value: unknown): unknown {
      if (!this.has(key)) this.set(key, value);
      return this.get(key);
    },
    getOrInsertComputed(this: Map<unknown, unknown>, key: unknown, make: (key: unknown) => unknown): unknown {
      if (!this.has(key)) this.set(key, make(key));
      return this.get(key);
    },
  };
  for (const [name, value] of Object.entries(methods))
    Object.defineProperty(prototype, name, { value, configurable: true, writable: true });
}
