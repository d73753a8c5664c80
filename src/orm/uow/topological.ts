/** Sorting by dependency; linear in items and edges, and as stable as the order of the items. */

/** `[before, after]`. */
export type Edge<T> = readonly [T, T];

export interface Levels<T> {
  /** Each level depends on earlier levels only. */
  readonly levels: T[][];
  /** What depends on itself in a circle, or on something that does. */
  readonly stuck: readonly T[];
}

/** Sorts items into levels. @param edges those between other items say nothing */
export function sortAsLevels<T>(edges: Iterable<Edge<T>>, items: readonly T[]): Levels<T> {
  const waiting = new Map<T, number>(items.map((item) => [item, 0]));
  const followers = new Map<T, T[]>();
  for (const [before, after] of edges) {
    if (!waiting.has(before) || !waiting.has(after)) continue;
    waiting.set(after, (waiting.get(after) as number) + 1);
    const list = followers.get(before);
    if (list === undefined) followers.set(before, [after]);
    else list.push(after);
  }
  const position = new Map<T, number>(items.map((item, i) => [item, i]));
  const levels: T[][] = [];
  let level = items.filter((item) => waiting.get(item) === 0);
  while (level.length > 0) {
    levels.push(level);
    const next: T[] = [];
    for (const item of level) {
      for (const follower of followers.get(item) ?? []) {
        const left = (waiting.get(follower) as number) - 1;
        waiting.set(follower, left);
        if (left === 0) next.push(follower);
      }
    }
    level = next.sort((a, b) => (position.get(a) as number) - (position.get(b) as number));
  }
  return { levels, stuck: items.filter((item) => (waiting.get(item) as number) > 0) };
}

/** All items that lie on some cycle (Tarjan's strongly connected components, with an explicit stack). */
export function findCycles<T>(edges: Iterable<Edge<T>>, items: readonly T[]): Set<T> {
  const followers = new Map<T, T[]>(items.map((item) => [item, []]));
  const found = new Set<T>();
  for (const [before, after] of edges) {
    if (before === after) found.add(before);
    if (followers.has(after)) followers.get(before)?.push(after);
  }
  const index = new Map<T, number>();
  const low = new Map<T, number>();
  const onStack = new Set<T>();
  const component: T[] = [];
  for (const root of items) {
    if (index.has(root)) continue;
    const path: { item: T; next: number }[] = [];
    const enter = (item: T): void => {
      low.set(item, index.size);
      index.set(item, index.size);
      component.push(item);
      onStack.add(item);
      path.push({ item, next: 0 });
    };
    enter(root);
    while (path.length > 0) {
      const frame = path[path.length - 1];
      const { item } = frame;
      const list = followers.get(item) as T[];
      if (frame.next < list.length) {
        const follower = list[frame.next++];
        if (!index.has(follower)) enter(follower);
        else if (onStack.has(follower)) low.set(item, Math.min(low.get(item) as number, index.get(follower) as number));
        continue;
      }
      path.pop();
      const parent = path[path.length - 1];
      if (parent) low.set(parent.item, Math.min(low.get(parent.item) as number, low.get(item) as number));
      if (low.get(item) !== index.get(item)) continue;
      const members: T[] = [];
      let member: T;
      do {
        member = component.pop() as T;
        onStack.delete(member);
        members.push(member);
      } while (member !== item);
      if (members.length > 1) for (const m of members) found.add(m);
    }
  }
  return found;
}
