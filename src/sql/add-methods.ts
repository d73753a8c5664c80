/**
 * Gives a class methods from a room after its own, which declares them by `declare module`: they make things that the class itself need not know.
 *
 * @param prototype the class's; its subclasses keep methods of their own by these names
 */
export function addMethods<T extends object>(
  prototype: T,
  methods: Readonly<Record<string, (...args: never[]) => unknown>> & ThisType<T>,
): void {
  for (const [name, value] of Object.entries(methods))
    Object.defineProperty(prototype, name, { configurable: true, writable: true, value });
}
