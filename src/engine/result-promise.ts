/**
 * Promises of results that carry the results' methods: `await conn.execute(stmt).all()` means the same as
 * `(await conn.execute(stmt)).all()`.
 *
 * They are native promises, already running: no lazy thenables, which would run in the order of their awaits. The methods
 * sit on an object between the promise and `Promise.prototype`, whose `constructor` stays `Promise`, so that `await` takes
 * the engine's fast path and async stacks stay whole.
 */
import type {
  CursorResult,
  FirstOf,
  FrozenResult,
  MappingOf,
  MappingResult,
  Result,
  RowOf,
  ScalarResult,
} from "./result.js";

/** What every kind of result can be asked for through its promise. */
interface RowsPromise<T> {
  /** Everything that is left. */
  all(): Promise<T[]>;
  /** The first element or null. */
  first(): Promise<T | null>;
  /** The only element. Throws NoResultFound or MultipleResultsFound. */
  one(): Promise<T>;
  /** The only element, or null. Throws MultipleResultsFound. */
  oneOrNone(): Promise<T | null>;
  fetchone(): Promise<T | null>;
  fetchmany(count?: number): Promise<T[]>;
  fetchall(): Promise<T[]>;
}

/** A promise of a {@link Result}. */
export interface ResultPromise<R, Res extends Result<R> = Result<R>> extends Promise<Res>, RowsPromise<RowOf<R>> {
  /** The first column of the first row, or null. */
  scalar(): Promise<FirstOf<R> | null>;
  /** The first column of the only row. Throws NoResultFound or MultipleResultsFound. */
  scalarOne(): Promise<FirstOf<R>>;
  /** The first column of the only row, or null. Throws MultipleResultsFound. */
  scalarOneOrNone(): Promise<FirstOf<R> | null>;
  /** The values of one column. */
  scalars<V = FirstOf<R>>(column?: number | string): ScalarResultPromise<V>;
  /** Plain objects with all names. */
  mappings(): MappingResultPromise<MappingOf<R>>;
  /** Rows of some of the columns. */
  columns(...columns: readonly (number | string)[]): ResultPromise<unknown[]>;
  unique(strategy?: (row: RowOf<R>) => unknown): ResultPromise<R>;
  keys(): Promise<readonly string[]>;
  freeze(): Promise<FrozenResult<R>>;
}

/** A promise of a {@link ScalarResult}. */
export interface ScalarResultPromise<T> extends Promise<ScalarResult<T>>, RowsPromise<T> {
  unique(strategy?: (value: T) => unknown): ScalarResultPromise<T>;
}

/** A promise of a {@link MappingResult}. */
export interface MappingResultPromise<T> extends Promise<MappingResult<T>>, RowsPromise<T> {
  columns(...columns: readonly (number | string)[]): MappingResultPromise<Record<string, unknown>>;
  unique(strategy?: (mapping: T) => unknown): MappingResultPromise<T>;
  keys(): Promise<readonly string[]>;
}

// The methods below work for every result that has them.
type Carrier = Promise<any>;

/** Methods that read: each calls the method of its name on the result. */
function readers(names: readonly string[]): PropertyDescriptorMap {
  const methods: PropertyDescriptorMap = {};
  for (const name of names) {
    const plainly = (result: Readonly<Record<string, () => unknown>>): unknown => result[name]();
    methods[name] = {
      value(this: Carrier, ...args: unknown[]) {
        return this.then(args.length === 0 ? plainly : (result) => result[name](...args));
      },
      writable: true,
      configurable: true,
    };
  }
  return methods;
}

/** Methods that give another view: each gives a promise of that view's kind. */
function views(kinds: Readonly<Record<string, () => object>>): PropertyDescriptorMap {
  const methods: PropertyDescriptorMap = {};
  for (const [name, prototype] of Object.entries(kinds)) {
    methods[name] = {
      value(this: Carrier, ...args: unknown[]) {
        return Object.setPrototypeOf(
          this.then((result) => result[name](...args)),
          prototype(),
        );
      },
      writable: true,
      configurable: true,
    };
  }
  return methods;
}

const READ = ["all", "first", "one", "oneOrNone", "fetchone", "fetchmany", "fetchall"] as const;

const scalarPromise: object = Object.create(Promise.prototype, {
  ...readers(READ),
  ...views({ unique: () => scalarPromise }),
});

const mappingPromise: object = Object.create(Promise.prototype, {
  ...readers([...READ, "keys"]),
  ...views({ unique: () => mappingPromise, columns: () => mappingPromise }),
});

const resultPromise: object = Object.create(Promise.prototype, {
  ...readers([...READ, "scalar", "scalarOne", "scalarOneOrNone", "keys", "freeze"]),
  ...views({
    unique: () => resultPromise,
    columns: () => resultPromise,
    scalars: () => scalarPromise,
    mappings: () => mappingPromise,
  }),
});

/** Gives a promise of a result the result's methods. */
export function carry<R>(promise: Promise<CursorResult<R>>): ResultPromise<R, CursorResult<R>>;
export function carry<R>(promise: Promise<Result<R>>): ResultPromise<R>;
export function carry(promise: Promise<unknown>): unknown {
  return Object.setPrototypeOf(promise, resultPromise);
}

/** Gives a promise of a scalar result its methods. */
export function carryScalars<T>(promise: Promise<ScalarResult<T>>): ScalarResultPromise<T> {
  return Object.setPrototypeOf(promise, scalarPromise) as ScalarResultPromise<T>;
}
