/** `for await` over streamed rows: those that are there come without an async generator's three turns of the microtask queue. */

/** Stands for "no more rows". */
export const END: unique symbol = Symbol("end");

/** What an iteration reads. */
export interface StreamedRows<T> {
  /** The next element that is there already; END where one has to be waited for. */
  take(): T | typeof END;
  /** The next element after a fetch; END at the end. */
  fetch(): Promise<T | typeof END>;
  /** Called once: at the end, on `break` and on a throw. */
  stop(): Promise<void>;
}

export class RowIteration<T> implements AsyncIterableIterator<T> {
  #over = false;
  /** What is being waited for: calls that overlap it come after it. */
  #waiting: Promise<unknown> | null = null;

  constructor(private readonly rows: StreamedRows<T>) {}

  [Symbol.asyncIterator](): this {
    return this;
  }

  next(): Promise<IteratorResult<T, undefined>> {
    if (this.#waiting !== null) return this.#after(() => this.next());
    if (this.#over) return Promise.resolve({ value: undefined, done: true });
    let value: T | typeof END;
    try {
      value = this.rows.take();
    } catch (error) {
      return this.#alone(this.#fail(error));
    }
    return value === END ? this.#alone(this.#fetch()) : Promise.resolve({ value, done: false });
  }

  return(value?: unknown): Promise<IteratorResult<T, undefined>> {
    if (this.#waiting !== null) return this.#after(() => this.return(value));
    return this.#alone(this.#end(value));
  }

  throw(error: unknown): Promise<IteratorResult<T, undefined>> {
    if (this.#waiting !== null) return this.#after(() => this.throw(error));
    return this.#alone(this.#fail(error));
  }

  /** Lets a step that has to wait run by itself. */
  #alone<R>(step: Promise<R>): Promise<R> {
    const over = (): void => {
      this.#waiting = null;
    };
    this.#waiting = step.then(over, over);
    return step;
  }

  async #after<R>(call: () => Promise<R>): Promise<R> {
    await this.#waiting;
    return await call();
  }

  async #fetch(): Promise<IteratorResult<T, undefined>> {
    try {
      const value = await this.rows.fetch();
      if (value !== END) return { value, done: false };
    } catch (error) {
      return await this.#fail(error);
    }
    return await this.#end(undefined);
  }

  async #end(value: unknown): Promise<IteratorResult<T, undefined>> {
    if (!this.#over) {
      this.#over = true;
      await this.rows.stop();
    }
    return { value: value as undefined, done: true };
  }

  async #fail(error: unknown): Promise<never> {
    await this.#end(undefined);
    throw error;
  }
}
