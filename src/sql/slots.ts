const empty: (readonly undefined[])[] = [];

/**
 * An array of so many slots without a value: a copy of one that is there. It is made faster than a new one is filled, and always in V8's young generation,
 * where arrays of a literal or of `new Array()` may be made in the old one for good if those of the program's start lived long.
 */
export function emptySlots(count: number): unknown[] {
  const known = empty[count];
  if (known !== undefined) return known.slice();
  while (empty.length <= count) empty.push(new Array<undefined>(empty.length).fill(undefined));
  return (empty[count] as readonly undefined[]).slice();
}
