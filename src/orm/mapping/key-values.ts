/** The forms in which a primary key may be given: one value, a tuple, an object of key attributes, or a composite over them. */
import { ArgumentError } from "../../sql/errors.js";
import type { Descriptor } from "./descriptor.js";

/** A class as its keys know it. */
export interface KeyedClass {
  readonly className: string;
  readonly primaryKey: readonly { readonly key: string }[];
  readonly composites: readonly Descriptor[];
  keyValues(ident: unknown): readonly unknown[];
}

/** The values of a key. @throws ArgumentError naming the class and the key's attributes */
export function keyValuesOf(mapper: KeyedClass, ident: unknown): readonly unknown[] {
  const names = mapper.primaryKey.map((a) => a.key);
  const wrong = (what: string): ArgumentError =>
    new ArgumentError(
      `The primary key of ${mapper.className} is ${names.length === 1 ? names[0] : `(${names.join(", ")})`}; ${what}. ` +
        `Give ${names.length === 1 ? "its value" : `an array of ${names.length} values`} or an object { ${names.join(", ")} }.`,
    );
  if (ident === null || ident === undefined) throw wrong(`${String(ident)} is no key`);
  if (Array.isArray(ident)) {
    if (ident.length !== names.length) throw wrong(`${ident.length} values were given`);
    for (const value of ident) if (value === undefined) throw wrong("a value is undefined");
    return ident;
  }
  if (typeof ident === "object" && Object.getPrototypeOf(ident) === Object.prototype) {
    const given = ident as Record<string, unknown>;
    for (const name of Object.keys(given)) if (!names.includes(name)) throw wrong(`"${name}" is not part of it`);
    return names.map((name) => {
      if (given[name] === undefined) throw wrong(`"${name}" is missing`);
      return given[name];
    });
  }
  const whole = mapper.composites.find((each) => each.holds(ident) && each.behind.every((key) => names.includes(key)));
  if (whole !== undefined) return mapper.keyValues(whole.written({}, ident, {}));
  if (names.length !== 1) throw wrong("one value was given");
  return [ident];
}
