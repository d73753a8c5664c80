/** Finds the kind of collection that a relationship asks for, by what `collectionClass` says or by the type of the property. */
import { ArgumentError } from "../../sql/errors.js";
import type { CollectionKind } from "../attributes/to-many-attribute.js";
import { arrayKind } from "./array.js";
import { type CollectionClass, customKind } from "./custom.js";
import { setKind } from "./set.js";

/** What `collectionClass` takes. */
export type CollectionChoice = ArrayConstructor | SetConstructor | CollectionKind | CollectionClass;

/**
 * @param choice what the relationship says
 * @param design the property's type as the compiler emitted it
 * @param label `Item.notes`, for messages
 * @throws ArgumentError for a Map that does not say how it is keyed, and for a class that cannot be a collection
 */
export function kindOf(choice: CollectionChoice | undefined, design: unknown, label: string): CollectionKind {
  const asked = choice ?? design;
  if (asked === Set) return setKind as CollectionKind;
  if (asked === Map) {
    throw new ArgumentError(
      `${label} is a Map, and does not say by what its members are keyed: write collectionClass: attributeKeyedDict("attribute") or keyfuncMapping((member) => ...).`,
    );
  }
  if (asked === Array || (choice === undefined && !isSubclass(design))) return arrayKind as CollectionKind;
  if (typeof asked === "function") return customKind(asked as CollectionClass) as CollectionKind;
  return asked as CollectionKind;
}

/** Whether the type of a property is a class of collections that JavaScript has, made into one's own. */
function isSubclass(design: unknown): boolean {
  if (typeof design !== "function") return false;
  return [Array, Set, Map].some((kind) =>
    Object.prototype.isPrototypeOf.call(kind.prototype, design.prototype as object),
  );
}
