/** Rows: arrays that also know their columns' names. */
import { errorKind, InvalidRequestError, NoSuchColumnError } from "../sql/errors.js";

/** How the rows of a result look. One shape serves all executions of a compiled statement. */
export interface ResultShape {
  readonly keys: readonly string[];
  /**
   * `tuple`: each raw row is an array in the order of `keys`. `object`: the same, handed out as plain objects.
   * `scalar`: each raw row is the bare value of the only column (entities), and becomes a tuple only when asked for as one.
   */
  readonly kind: "tuple" | "object" | "scalar";
  /** When set, rows can only be had after `unique()`: the text of the error. */
  readonly requiresUnique?: string | undefined;
  /** For each column the function that makes the value by which rows are compared in `unique()`; null: the value itself. */
  readonly uniqueBy?: readonly (((value: unknown) => unknown) | null)[] | undefined;
}

/** The error of a result whose rows a join repeats. */
export const uniqueNeeded = errorKind(InvalidRequestError, "ATHANOR_UNIQUE_NEEDED", {
  message: (why: string) => why,
  cause: "The statement fills a collection by a join, so that the rows repeat the object that has it.",
  cure: "Call unique() on the result before all(), or load the collection with selectinload.",
});

/** What every row has beside its elements. Names start with an underscore since all other names belong to columns. */
export interface RowMethods {
  /** The row as a plain object with all names. */
  readonly _mapping: Readonly<Record<string, unknown>>;
  /** The names, in order. */
  readonly _fields: readonly string[];
  /** A new plain object of the row. */
  _asObject(): Record<string, unknown>;
  /** The row as a plain array. */
  _tuple(): unknown[];
}

/** A row of a result: a tuple, with the row's own methods. */
export type Row<T extends readonly unknown[] = readonly unknown[]> = T & RowMethods;

/** What a shape is turned into once, at its first row. */
export interface RowMaker {
  readonly prototype: object;
  readonly toObject: (row: readonly unknown[]) => Record<string, unknown>;
  readonly index: ReadonlyMap<string, number>;
}

const makers = new WeakMap<ResultShape, RowMaker>();

/** The row maker of a shape, made once. */
export function rowMaker(shape: ResultShape): RowMaker {
  let maker = makers.get(shape);
  if (maker === undefined) {
    maker = makeRowMaker(shape.keys);
    makers.set(shape, maker);
  }
  return maker;
}

// In the index: the column's name occurs more than once.
const AMBIGUOUS = -1;

function makeRowMaker(keys: readonly string[]): RowMaker {
  const index = new Map<string, number>();
  keys.forEach((key, i) => {
    index.set(key, index.has(key) ? AMBIGUOUS : i);
  });
  const toObject = objectMaker(keys, index);
  // Between the row and Array.prototype. It must never get an own `constructor`: that would make `map` slow on every
  // array of the process; `"length" in Array.prototype` keeps such names out.
  const prototype = Object.create(Array.prototype) as object;
  Object.defineProperties(prototype, {
    _fields: { value: Object.freeze([...keys]) },
    _mapping: {
      get(this: readonly unknown[]) {
        return toObject(this);
      },
    },
    _asObject: {
      value(this: readonly unknown[]) {
        return toObject(this);
      },
    },
    _tuple: {
      value(this: readonly unknown[]) {
        return Array.from(this);
      },
    },
  });
  for (const [key, at] of index) {
    // Names of Array's own members and of the row's methods stay what they are; `_mapping` has every column.
    if (key in prototype || isArrayIndex(key)) continue;
    Object.defineProperty(prototype, key, {
      configurable: true,
      get(this: readonly unknown[]) {
        if (at === AMBIGUOUS) throw ambiguous(key);
        return this[at];
      },
    });
  }
  return { prototype, toObject, index };
}

function isArrayIndex(key: string): boolean {
  return /^(0|[1-9]\d*)$/.test(key);
}

function ambiguous(key: string): InvalidRequestError {
  return new InvalidRequestError(
    `Ambiguous column name "${key}": the result has several columns of that name; give them labels with .as("..."), ` +
      "or read the row by position",
  );
}

function objectMaker(
  keys: readonly string[],
  index: ReadonlyMap<string, number>,
): (row: readonly unknown[]) => Record<string, unknown> {
  const names = [...index.keys()];
  if (names.every((name) => index.get(name) !== AMBIGUOUS && name !== "__proto__")) {
    try {
      // An object literal is ten times as fast as a loop over the names.
      const fields = keys.map((key, i) => `${JSON.stringify(key)}: row[${i}]`).join(", ");
      return new Function("row", `return { ${fields} };`) as (row: readonly unknown[]) => Record<string, unknown>;
    } catch {
      // The process forbids code generation from strings: the loop below serves.
    }
  }
  return (row) => {
    const object: Record<string, unknown> = {};
    for (const name of names) {
      const at = index.get(name) as number;
      const property =
        at === AMBIGUOUS
          ? {
              get(): never {
                throw ambiguous(name);
              },
            }
          : { value: row[at], writable: true };
      Object.defineProperty(object, name, { ...property, enumerable: at !== AMBIGUOUS, configurable: true });
    }
    return object;
  };
}

/** The position of a column that is named or numbered. Throws NoSuchColumnError or InvalidRequestError. */
export function columnIndex(shape: ResultShape, column: string | number): number {
  if (typeof column === "number") {
    const at = column < 0 ? column + shape.keys.length : column;
    if (Number.isInteger(at) && at >= 0 && at < shape.keys.length) return at;
    throw new NoSuchColumnError(
      `The result has no column number ${column}: it has ${shape.keys.length} (${shape.keys.join(", ")})`,
    );
  }
  const at = rowMaker(shape).index.get(column);
  if (at === undefined) {
    throw new NoSuchColumnError(`The result has no column "${column}"; its columns are ${shape.keys.join(", ")}`);
  }
  if (at === AMBIGUOUS) throw ambiguous(column);
  return at;
}
