/** Things put together that are alike. */

/**
 * Adds a member to its group.
 *
 * @param groups the groups by what their members have in common, in the order of their first ones
 */
export function addTo<K, V>(groups: Map<K, V[]>, key: K, member: V): void {
  const group = groups.get(key);
  if (group === undefined) groups.set(key, [member]);
  else group.push(member);
}
