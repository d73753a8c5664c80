/** A value, or a promise of it: handlers serve the asynchronous and the synchronous session alike. */
export type MaybePromise<T> = T | PromiseLike<T>;

export function isPromise(value: unknown): value is PromiseLike<unknown> {
  return typeof value === "object" && value !== null && typeof (value as { then?: unknown }).then === "function";
}

/** Goes on with a value when it is there: at once, or when its promise is fulfilled. */
export function after<T, R>(value: MaybePromise<T>, next: (value: T) => MaybePromise<R>): MaybePromise<R> {
  return isPromise(value) ? (value as PromiseLike<T>).then(next) : next(value as T);
}

/** Runs `body` and then `cleanup`, however the body ends. */
export function always<T>(body: () => MaybePromise<T>, cleanup: () => MaybePromise<unknown>): MaybePromise<T> {
  let value: MaybePromise<T>;
  try {
    value = body();
  } catch (error) {
    return after(cleanup(), (): T => {
      throw error;
    });
  }
  if (!isPromise(value)) return after(cleanup(), () => value);
  return (async () => {
    try {
      return await value;
    } finally {
      await cleanup();
    }
  })();
}
