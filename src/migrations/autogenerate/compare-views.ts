/** The difference in views. */
import type { Index } from "../../sql/schema/indexes.js";
import { CreateIndexOperation, DropIndexOperation } from "../operations/constraint-operations.js";
import { createView, dropView } from "../operations/named-operations.js";
import type { MigrateOperation } from "../operations/operation.js";
import { mentionsIdentifier } from "../sql-text.js";
import type { IsIncluded } from "./compare-named.js";
import { type Content, canonical } from "./contents.js";
import type { ReflectedView, Snapshot } from "./snapshot.js";

/** What a comparison of views has to know beside them. */
export interface ViewComparisonOptions {
  readonly isIncluded: IsIncluded;
  /** Keys of tables which cannot change while a view reads them. */
  readonly touched: readonly string[];
  /** Keys of views that classes read and do not define. */
  readonly foreign: ReadonlySet<string>;
  /** What classes say that a view selects. */
  readonly written: (key: string) => string | undefined;
  /** The indexes of a view that keeps its rows. */
  readonly indexes: (view: ReflectedView) => readonly Content<Index>[];
}

/**
 * Views are dropped before anything else changes and made when all has: one whose query differs, and one that stands on
 * something that is made anew. Their indexes go and come with them.
 */
export function compareViews(
  now: Snapshot,
  wanted: Snapshot,
  options: ViewComparisonOptions,
): { readonly gone: readonly MigrateOperation[]; readonly come: readonly MigrateOperation[] } {
  const { isIncluded, touched, foreign, indexes, written } = options;
  // The server may say a thing in other words when it is given its own: a class that has those says the same all the same.
  const stays = (key: string): boolean => {
    const [was, is] = [now.views.get(key), wanted.views.get(key)];
    if (was === undefined || is === undefined || canonical(was.with) !== canonical(is.with)) return false;
    return was.definition === is.definition || written(key)?.trim() === was.definition;
  };
  const gone = new Map(
    [...now.views].filter(([key, view]) => isIncluded("view", view, true) && !foreign.has(key) && !stays(key)),
  );
  const come = new Map([...wanted.views].filter(([key, view]) => isIncluded("view", view, false) && !stays(key)));
  const names = new Set(touched.map((key) => key.slice(key.lastIndexOf(".") + 1)));
  for (const view of gone.values()) names.add(view.name);
  for (const [key, view] of inOrder(now.views)) {
    const twin = wanted.views.get(key);
    if (gone.has(key) || twin === undefined || !isIncluded("view", view, true)) continue;
    if (![...names].some((name) => mentionsIdentifier(view.definition, name))) continue;
    names.add(view.name);
    gone.set(key, view);
    come.set(key, twin);
  }
  const { drops, adds } = changedIndexes(now, wanted, gone, options);
  const dropped = (view: ReflectedView) => indexes(view).map((each) => dropIndex(view, each));
  const created = (view: ReflectedView) => indexes(view).map(({ made }) => new CreateIndexOperation(made));
  return {
    gone: [...drops, ...[...inOrder(gone).values()].reverse().flatMap((view) => [...dropped(view), dropView(view)])],
    come: [...[...inOrder(come).values()].flatMap((view) => [createView(view), ...created(view)]), ...adds],
  };
}

/** The indexes that differ on views that stay. */
function changedIndexes(
  now: Snapshot,
  wanted: Snapshot,
  gone: ReadonlyMap<string, ReflectedView>,
  { isIncluded, indexes }: ViewComparisonOptions,
): { readonly drops: readonly MigrateOperation[]; readonly adds: readonly MigrateOperation[] } {
  const drops: MigrateOperation[] = [];
  const adds: MigrateOperation[] = [];
  for (const [key, after] of wanted.views) {
    const before = now.views.get(key);
    if (before === undefined || gone.has(key) || !isIncluded("view", after, false)) continue;
    const [was, is] = [indexes(before), indexes(after)];
    const has = (list: readonly Content<Index>[], { name, text }: Content<Index>) =>
      list.some((each) => each.name === name && each.text === text);
    drops.push(...was.filter((each) => !has(is, each)).map((each) => dropIndex(before, each)));
    adds.push(...is.filter((each) => !has(was, each)).map(({ made }) => new CreateIndexOperation(made)));
  }
  return { drops, adds };
}

function dropIndex({ name, schema }: ReflectedView, { name: index, made }: Content<Index>): MigrateOperation {
  return new DropIndexOperation(index as string, { name, schema }, {}, made);
}

/** Views after those that they read. */
function inOrder(views: ReadonlyMap<string, ReflectedView>): ReadonlyMap<string, ReflectedView> {
  const sorted = new Map<string, ReflectedView>();
  const visit = (key: string, view: ReflectedView, above: ReadonlySet<string>): void => {
    if (sorted.has(key) || above.has(key)) return;
    const under = new Set([...above, key]);
    for (const [other, each] of views) if (mentionsIdentifier(view.definition, each.name)) visit(other, each, under);
    sorted.set(key, view);
  };
  for (const [key, view] of views) visit(key, view, new Set());
  return sorted;
}
