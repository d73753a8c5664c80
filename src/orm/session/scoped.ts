/** The session of the current scope, reached from anywhere: keyed by AsyncLocalStorage. */
import { AsyncLocalStorage } from "node:async_hooks";
import { InvalidRequestError } from "../../sql/errors.js";
import { AsyncSession } from "./async-session.js";
import { SessionFace } from "./session-face.js";
import type { AsyncSessionMaker, AsyncSessionOptions } from "./sessionmaker.js";

/** What a scope holds: its session, made at first use. */
interface Scope {
  session: AsyncSession | null;
  options: Partial<AsyncSessionOptions> | undefined;
  /** Code that was not awaited may outlive its scope, and must not get a session that nobody would close. */
  ended: boolean;
}

/** What the registry adds to the session's own methods. */
export interface ScopeControl {
  /** The session of the current scope; with options, made with them, which is an error when it exists. */
  (options?: Partial<AsyncSessionOptions>): AsyncSession;
  /**
   * Runs a function in a scope of its own. Its session is closed and forgotten at the end, whatever happens.
   *
   * @example await db.scope(async () => { db.add(user); await db.commit(); });
   */
  scope<T>(fn: () => T | PromiseLike<T>, options?: Partial<AsyncSessionOptions>): Promise<T>;
  /** Closes and forgets the session of the current scope. */
  remove(): Promise<void>;
  /** Whether the current scope has a session by now. */
  has(): boolean;
  has(object: object): boolean;
}

/** All methods of a session, on the session of the current scope. */
export type AsyncScopedSession = ScopeControl & Omit<AsyncSession, "has">;

/** Options of `asyncScopedSession`. */
export interface ScopedOptions {
  /** Another key of the scope: sessions are kept for each value that it gives. Then `scope()` is not needed, and `remove()` ends one. */
  readonly scopefunc?: () => unknown;
}

/**
 * A registry of sessions by scope, with all methods of the session in force.
 *
 * @param maker makes the sessions
 * @throws InvalidRequestError from any use outside a scope, or after its end; the reason of the session's signal after one that was aborted
 * @example const db = asyncScopedSession(Session); await db.scope(async () => { await db.scalars(select(User)).all(); });
 */
export function asyncScopedSession(maker: AsyncSessionMaker, { scopefunc }: ScopedOptions = {}): AsyncScopedSession {
  const scopes = new Scopes(maker, scopefunc ?? null);
  const registry = (options?: Partial<AsyncSessionOptions>): AsyncSession => {
    if (options !== undefined) scopes.setOptions(options);
    return scopes.sessionOf("db()");
  };
  const control = {
    scope<T>(fn: () => T | PromiseLike<T>, options?: Partial<AsyncSessionOptions>): Promise<T> {
      return scopes.run(fn, options);
    },
    async remove(): Promise<void> {
      await scopes.remove();
    },
    has(object?: object): boolean {
      return object === undefined ? scopes.hasSession : scopes.sessionOf("has()").has(object);
    },
  };
  defineProxies(registry, (method) => scopes.sessionOf(method));
  return Object.assign(registry, control) as AsyncScopedSession;
}

/** The scopes of a registry, and their sessions. */
class Scopes {
  readonly #storage = new AsyncLocalStorage<Scope>();
  readonly #byKey = new Map<unknown, Scope>();

  constructor(
    private readonly maker: AsyncSessionMaker,
    /** Gives the key of the current scope; null where scopes are those of `run()`. */
    private readonly keyOf: (() => unknown) | null,
  ) {}

  /** @param method what was called, for messages */
  #current(method: string): Scope {
    const scope = this.keyOf === null ? this.#storage.getStore() : this.#keyed(this.keyOf());
    if (scope !== undefined) return scope;
    throw new InvalidRequestError(
      `The scoped session was used outside a scope (${method}). Run the code inside await db.scope(async () => { ... }), ` +
        `for example in the middleware that handles a request.`,
    );
  }

  #keyed(key: unknown): Scope {
    let scope = this.#byKey.get(key);
    if (scope === undefined) {
      scope = { session: null, options: undefined, ended: false };
      this.#byKey.set(key, scope);
    }
    return scope;
  }

  /** The session of the current scope, made where there is none. */
  sessionOf(method: string): AsyncSession {
    const scope = this.#current(method);
    if (scope.ended) {
      // What was given up is told why, as its statements are.
      scope.options?.signal?.throwIfAborted();
      throw new InvalidRequestError(
        `The scope of this session has ended (${method}), and its session is closed. Something of it went on: await every promise before the function ` +
          `given to db.scope(), or the request's handler, returns. Work that is to outlive it opens a scope of its own: db.scope(async () => { ... }).`,
      );
    }
    scope.session ??= this.maker(scope.options);
    return scope.session;
  }

  /** The options of the session that the current scope will have. */
  setOptions(options: Partial<AsyncSessionOptions>): void {
    const scope = this.#current("db()");
    if (scope.session !== null) {
      throw new InvalidRequestError("The scope has a session already; options can only be given before its first use.");
    }
    scope.options = options;
  }

  /** Whether the current scope has a session by now. */
  get hasSession(): boolean {
    return this.#current("has()").session !== null;
  }

  /** Runs a function in a scope of its own. */
  run<T>(fn: () => T | PromiseLike<T>, options: Partial<AsyncSessionOptions> | undefined): Promise<T> {
    const scope: Scope = { session: null, options, ended: false };
    return this.#storage.run(scope, async () => {
      try {
        return await fn();
      } finally {
        scope.ended = true;
        if (scope.session !== null) await closeSession(scope);
      }
    });
  }

  /** Closes and forgets the session of the current scope. */
  async remove(): Promise<void> {
    await closeSession(this.#current("remove()"));
    if (this.keyOf !== null) this.#byKey.delete(this.keyOf());
  }
}

function closeSession(scope: Scope): Promise<void> {
  const { session } = scope;
  scope.session = null;
  return session === null ? Promise.resolve() : session.close();
}

/** Every public member of the session, once: a method calls the session's, a getter reads it. */
function defineProxies(registry: object, sessionOf: (method: string) => AsyncSession): void {
  for (const proto of [AsyncSession.prototype, SessionFace.prototype] as object[]) {
    for (const key of Reflect.ownKeys(proto)) {
      if (key === "constructor" || key === "has" || Object.hasOwn(registry, key)) continue;
      const descriptor = Object.getOwnPropertyDescriptor(proto, key) as PropertyDescriptor;
      const name = String(key);
      if (typeof descriptor.value === "function") {
        Object.defineProperty(registry, key, {
          configurable: true,
          value: (...args: unknown[]) => {
            const session = sessionOf(`${name}()`) as unknown as Record<PropertyKey, (...args: unknown[]) => unknown>;
            return session[key](...args);
          },
        });
      } else {
        Object.defineProperty(registry, key, {
          configurable: true,
          get: () => (sessionOf(name) as unknown as Record<PropertyKey, unknown>)[key],
        });
      }
    }
  }
  Object.defineProperty(registry, "syncSession", {
    configurable: true,
    get: () => sessionOf("syncSession").syncSession,
  });
}
