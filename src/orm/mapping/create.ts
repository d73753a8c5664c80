/** Typed construction: `create(User, { ... })`. */
import type { Cls, Create } from "../../sql/entity.js";
import { InvalidRequestError } from "../../sql/errors.js";
import { ColumnAttribute } from "../attributes/column-attribute.js";
import type { Mapper } from "./mapper.js";
import { mapperFor } from "./registry.js";

/**
 * Makes an object of a mapped class and sets its attributes. The class's constructor is called without arguments.
 *
 * @param cls the class
 * @param values its attributes; those that an INSERT needs are required by the type. What the database or a default makes is named in the class's
 *   `[OptionalProps]`
 * @throws InvalidRequestError for a name that is no mapped attribute, with the names there are, and for one that cannot be given
 * @example create(User, { name: "Alice", posts: [] })
 */
export function create<E extends object>(cls: Cls<E>, values: Create<E>): E {
  const mapper = mapperFor(cls);
  const names = Object.keys(values);
  for (let i = 0; i < names.length; i++) checkName(mapper, names[i]);
  const object = new (cls as unknown as new () => E)();
  return Object.assign(object, values);
}

function checkName(mapper: Mapper, name: string): void {
  const attribute = mapper.attributes.get(name);
  if (attribute !== undefined) {
    if (!(attribute instanceof ColumnAttribute)) return;
    if (!attribute.init)
      throw new InvalidRequestError(
        `create(${mapper.className}, ...): "${name}" is mapped with init: false; assign it to the object.`,
      );
    if (attribute.writable) return;
    throw new InvalidRequestError(
      `create(${mapper.className}, ...): "${name}" is an SQL expression and cannot be given.`,
    );
  }
  const descriptor = mapper.descriptors.get(name);
  if (descriptor === undefined) throw mapper.noAttribute(name);
  if (!descriptor.settable(mapper.cls.prototype as object))
    throw new InvalidRequestError(`create(${mapper.className}, ...): "${name}" has no setter and cannot be given.`);
}
