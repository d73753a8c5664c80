/** What a program knows of NULL and types cannot find out. */
import type { ExprOf, Named, Valued } from "./typing.js";

/**
 * The same expression, of a type without null: a condition of the statement, or something that only you know, leaves no NULL.
 * Nothing is checked, and nothing is rendered.
 *
 * @example select({ name: notNullable(users.c.nickname) }).where(users.c.nickname.isNotNull())
 */
export function notNullable<T, Src, K>(element: Valued<T, Src> & Named<K>): ExprOf<NonNullable<T>, Src> & Named<K>;
export function notNullable<T, Src>(element: Valued<T, Src>): ExprOf<NonNullable<T>, Src>;
export function notNullable(element: unknown): unknown {
  return element;
}

/**
 * The same expression, of a type with null. For where NULL comes from what types do not see, such as text or the outer side of a join
 * built elsewhere.
 */
export function nullable<T, Src, K>(element: Valued<T, Src> & Named<K>): ExprOf<T | null, Src> & Named<K>;
export function nullable<T, Src>(element: Valued<T, Src>): ExprOf<T | null, Src>;
export function nullable(element: unknown): unknown {
  return element;
}
