/** Methods of a mapped class that are called when something happens to its objects. SQLAlchemy: `validates`, `reconstructor`. */
import { ArgumentError } from "../../sql/errors.js";
import { type AnyClass, declareProperty } from "./declarations.js";
import { refuseStandardDecorator } from "./registry.js";

/** Options of `@Validates`. */
export interface ValidatesOptions {
  /** Also call it for members that are removed, with `true` as the third argument. Default false. */
  readonly includeRemoves?: boolean;
  /** Also call it where the other side of the relationship was set. Default true. */
  readonly includeBackrefs?: boolean;
}

type MethodDecorator_ = (target: object, property: string | symbol) => void;

function isMethod(target: object, property: string | symbol, decorator: string): string {
  refuseStandardDecorator(property, decorator);
  if (typeof (target as Record<PropertyKey, unknown>)[property] !== "function")
    throw new ArgumentError(`${target.constructor.name}.${String(property)}: ${decorator} belongs on a method.`);
  return String(property);
}

/**
 * A method that sees each value that is assigned to the attributes named, and each member that comes into their collections. What it returns takes the value's
 * place; where it throws, the old value stays. A subclass's method of the same name stands in for it.
 *
 * @param names attributes of the class
 * @example
 * @Validates("email")
 * checkEmail(key: string, email: string): string {
 *   if (!email.includes("@")) throw new Error(`${key}: no address`);
 *   return email.toLowerCase();
 * }
 */
export function Validates(name: string, ...rest: readonly (string | ValidatesOptions)[]): MethodDecorator_ {
  const names = [name, ...rest.filter((each): each is string => typeof each === "string")];
  const options = rest.find((each): each is ValidatesOptions => typeof each === "object") ?? {};
  return (target, property) => {
    declareProperty(target, {
      kind: "validator",
      property: isMethod(target, property, "@Validates()"),
      names,
      includeRemoves: options.includeRemoves ?? false,
      includeBackrefs: options.includeBackrefs ?? true,
    });
  };
}

/**
 * A method that is called, without arguments, for each object that was loaded from the database, since loading does not run the constructor.
 * It is called once for each object, when its columns are there.
 *
 * @example @Reconstructor() prepare() { this.cache = new Map(); }
 */
export function Reconstructor(): MethodDecorator_ {
  return (target, property) => {
    declareProperty(target, { kind: "reconstructor", property: isMethod(target, property, "@Reconstructor()") });
  };
}

/**
 * A property of a mixin or abstract base that is declared for each class by itself.
 *
 * @param make gives the decorator to apply, for the class that is mapped
 * @example
 * @DeclaredAttr((cls) => OneToMany(() => Address, { primaryJoin: ..., backPopulates: cls.name.toLowerCase() }))
 * addresses!: Address[];
 */
export function DeclaredAttr(
  make: (cls: AnyClass) => (target: object, property: string | symbol) => void,
): (target: object, property: string | symbol) => void {
  return (target, property) => {
    refuseStandardDecorator(property, "@DeclaredAttr");
    declareProperty(target, { kind: "declaredAttr", property: String(property), make });
  };
}
