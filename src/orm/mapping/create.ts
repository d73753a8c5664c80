/** Typed construction: `create(User, { ... })`. */
import type { Cls, Create } from "../../sql/entity.js";
import { mapperFor } from "./registry.js";

/**
 * Makes an object of a mapped class and sets its attributes. The class's constructor is called without arguments.
 *
 * @param cls the class
 * @param values its attributes; those that an INSERT needs are required by the type. What the database or a default makes is named in the class's
 *   `[OptionalProps]`
 * @throws InvalidRequestError for a name that is no mapped attribute, with the names there are
 * @example create(User, { name: "Alice", posts: [] })
 */
export function create<E extends object>(cls: Cls<E>, values: Create<E>): E {
  const mapper = mapperFor(cls);
  const names = Object.keys(values);
  for (let i = 0; i < names.length; i++) if (!mapper.attributes.has(names[i])) throw mapper.noAttribute(names[i]);
  const object = new (cls as unknown as new () => E)();
  return Object.assign(object, values);
}
