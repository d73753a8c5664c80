/** Stored objects from plain ones. */
import { fromObject, type PlainInput } from "../orm/index.js";
import type { Cls } from "../sql/entity.js";
import type { StoringSession } from "./factory.js";

/**
 * Stores objects that are written as plain ones, under names. Related objects are nested, or are entities that were stored before.
 *
 * @param session they are added to it and flushed
 * @param cls their class
 * @param fixtures attributes by name
 * @returns the entities by name
 * @throws InvalidRequestError for an attribute that is not mapped
 * @example
 * const { ann, bob } = await loadFixtures(session, User, {
 *   ann: { name: "Ann", posts: [{ title: "Hello" }] },
 *   bob: { name: "Bob" },
 * });
 * const { reply } = await loadFixtures(session, Comment, { reply: { text: "Hi", author: bob, post: ann.posts[0] } });
 */
export async function loadFixtures<E extends object, const K extends string>(
  session: StoringSession,
  cls: Cls<E>,
  fixtures: Readonly<Record<K, PlainInput<E>>>,
): Promise<Record<K, E>> {
  const entries = Object.entries<PlainInput<E>>(fixtures).map(
    ([name, input]) => [name, fromObject(cls, input)] as const,
  );
  session.addAll(entries.map(([, entity]) => entity));
  await session.flush();
  return Object.fromEntries(entries) as Record<K, E>;
}
