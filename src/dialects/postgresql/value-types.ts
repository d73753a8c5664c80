/** The types of parameters whose statement does not tell them, by their values. */

const NO_TYPES: readonly number[] = [];

/**
 * The object ids of the types, 0 where the server finds out itself; none where it finds out all of them. It takes a bare parameter of `SELECT $1` for
 * text, where the value says that it is a number.
 */
export function typesOfValues(params: readonly unknown[]): readonly number[] {
  const types = params.map(typeOfValue);
  return types.some((type) => type !== 0) ? types : NO_TYPES;
}

function typeOfValue(value: unknown): number {
  switch (typeof value) {
    case "number":
      if (!Number.isInteger(value)) return 701;
      return value >= -(2 ** 31) && value < 2 ** 31 ? 23 : Number.isSafeInteger(value) ? 20 : 701;
    case "bigint":
      return BigInt.asIntN(64, value) === value ? 20 : 1700;
    case "boolean":
      return 16;
    case "object":
      return value instanceof Date ? 1184 : value instanceof Uint8Array ? 17 : 0;
    default:
      return 0;
  }
}
