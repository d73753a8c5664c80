/** Arrays whose members know their place: an attribute of each holds its position. SQLAlchemy: `orderinglist`. */
import type { CollectionKind } from "../attributes/to-many-attribute.js";
import { arrayKind } from "./array.js";

/** An array that keeps the positions of its members. */
export type OrderingList<T> = T[] & {
  /** Numbers all members anew, where their positions were changed by hand. */
  reorder(): void;
};

/** Options of `orderingList`. */
export interface OrderingListOptions {
  /** The position of the first member. Default 0. */
  readonly countFrom?: number;
  /** The position at an index; wins over `countFrom`. */
  readonly orderingFunc?: (index: number, collection: readonly object[]) => unknown;
}

/**
 * An array that writes the position of each member into one of its attributes, after every operation. Give the relationship the `orderBy` that reads
 * it in the same order. Positions in the database that have gaps stay as they are until the array is changed or `reorder()` is called.
 *
 * @param attribute the attribute of the members
 * @example
 * @OneToMany(() => Bullet, (b) => b.slide, { collectionClass: orderingList("position"), orderBy: "position" }) bullets!: Bullet[];
 */
export function orderingList(attribute: string, options: OrderingListOptions = {}): CollectionKind<object[]> {
  const { countFrom = 0, orderingFunc = (index: number) => index + countFrom } = options;
  return {
    ...arrayKind,
    arranged: (storage) => {
      for (let i = 0; i < storage.length; i++) {
        const member = storage[i] as Record<string, unknown>;
        const position = orderingFunc(i, storage);
        if (member[attribute] !== position) member[attribute] = position;
      }
    },
  };
}
