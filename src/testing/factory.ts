/** Factories of objects for tests. */
import { type AsyncSession, create } from "../orm/index.js";
import type { Cls, Create } from "../sql/entity.js";

/** What factories and fixtures need of a session, scoped or not. */
export type StoringSession = Pick<AsyncSession, "addAll" | "flush">;

/** Attributes of an object, each as a value or as a function that makes it: it is not called where the attribute is given. */
export type Recipe<E> = { readonly [K in keyof Create<E>]: Create<E>[K] | (() => Create<E>[K]) };

/** Attributes for one object; for several, also a function of the position from 0. */
export type Overrides<E> = Partial<Create<E>>;

/** What a recipe is told. */
export interface RecipeContext {
  /** How many the factory has made, this one included: 1 for the first. */
  readonly n: number;
}

/** Makes objects of a class. */
export class Factory<E extends object> {
  #made = 0;

  /** @internal See {@link defineFactory}. */
  constructor(
    private readonly cls: Cls<E>,
    private readonly recipe: (context: RecipeContext) => Recipe<E>,
  ) {}

  /** An object that is in no session. */
  build(overrides: Overrides<E> = {}): E {
    const values: Record<string, unknown> = { ...this.recipe({ n: ++this.#made }), ...overrides };
    for (const [name, value] of Object.entries(values)) if (typeof value === "function") values[name] = value();
    return create(this.cls, values as Create<E>);
  }

  /** Several, all with these attributes, or each with its own. */
  buildMany(count: number, overrides: Overrides<E> | ((index: number) => Overrides<E>) = {}): E[] {
    return Array.from({ length: count }, (_, i) =>
      this.build(typeof overrides === "function" ? overrides(i) : overrides),
    );
  }

  /** An object that is stored, with what hangs on it: added to the session and flushed. */
  async create(session: StoringSession, overrides: Overrides<E> = {}): Promise<E> {
    return (await this.#store(session, [this.build(overrides)]))[0] as E;
  }

  /** Several that are stored, by one flush. */
  createMany(
    session: StoringSession,
    count: number,
    overrides: Overrides<E> | ((index: number) => Overrides<E>) = {},
  ): Promise<E[]> {
    return this.#store(session, this.buildMany(count, overrides));
  }

  async #store(session: StoringSession, objects: E[]): Promise<E[]> {
    session.addAll(objects);
    await session.flush();
    return objects;
  }

  /** A factory with other attributes, and a sequence of its own. @example const admins = users.with({ role: "admin" }); */
  with(recipe: Partial<Recipe<E>> | ((context: RecipeContext) => Partial<Recipe<E>>)): Factory<E> {
    return new Factory(this.cls, (context) => ({
      ...this.recipe(context),
      ...(typeof recipe === "function" ? recipe(context) : recipe),
    }));
  }

  /** Begins the sequence anew. */
  reset(): void {
    this.#made = 0;
  }
}

/**
 * A factory of objects for tests. The recipe names every attribute that an INSERT needs; each test gives those that it is about.
 *
 * @param cls the class
 * @param recipe gives the attributes; a function in place of a value is only called where the test does not give that attribute
 * @example
 * const users = defineFactory(User, ({ n }) => ({ name: `user ${n}` }));
 * const posts = defineFactory(Post, ({ n }) => ({ title: `post ${n}`, author: () => users.build() }));
 * const post = await posts.create(session, { title: "Hello" });                // stores a user, too
 * const author = await users.create(session, { posts: posts.buildMany(3) });
 */
export function defineFactory<E extends object>(
  cls: Cls<E>,
  recipe: (context: RecipeContext) => Recipe<E>,
): Factory<E> {
  return new Factory(cls, recipe);
}
