/** Value objects whose members may be assigned: what happens to them is written to their columns. SQLAlchemy: `MutableComposite`. */

export interface MutableOwner {
  /** Writes what has changed in the object to the columns; does nothing once another object has taken its place. */
  sync(raw: object, exposed: object): void;
}

/** The object behind a Proxy that tells the owner of each assignment, and of each call of a method, which may have assigned. */
export function followParts(raw: object, owner: MutableOwner): object {
  const methods = new Map<unknown, unknown>();
  const exposed: object = new Proxy(raw, {
    get(target, key) {
      // The object itself runs its getters and methods: it may have private members.
      const value: unknown = Reflect.get(target, key, target);
      if (typeof value !== "function" || key === "constructor") return value;
      let method = methods.get(value);
      if (method === undefined) {
        method = (...args: unknown[]) => {
          const result = (value as (...args: unknown[]) => unknown).apply(target, args);
          owner.sync(target, exposed);
          return result === target ? exposed : result;
        };
        methods.set(value, method);
      }
      return method;
    },
    set(target, key, value) {
      const done = Reflect.set(target, key, value, target);
      owner.sync(target, exposed);
      return done;
    },
  });
  return exposed;
}
