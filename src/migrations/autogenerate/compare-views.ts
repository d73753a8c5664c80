/** The difference in views. */
import { createView, dropView } from "../operations/named-operations.js";
import type { MigrateOperation } from "../operations/operation.js";
import { mentionsIdentifier } from "../sql-text.js";
import type { IsIncluded } from "./compare-named.js";
import type { ReflectedView, Snapshot } from "./snapshot.js";

/**
 * Views are dropped before anything else changes and made when all has: one whose query differs, and one that stands on
 * something that is made anew.
 *
 * @param touched keys of tables which cannot change while a view reads them
 * @param foreign keys of views that classes read and do not define
 */
export function compareViews(
  now: Snapshot,
  wanted: Snapshot,
  isIncluded: IsIncluded,
  touched: readonly string[],
  foreign: ReadonlySet<string>,
): { readonly gone: readonly MigrateOperation[]; readonly come: readonly MigrateOperation[] } {
  const gone = new Map(
    [...now.views].filter(
      ([key, view]) =>
        isIncluded("view", view, true) && !foreign.has(key) && wanted.views.get(key)?.definition !== view.definition,
    ),
  );
  const come = new Map(
    [...wanted.views].filter(
      ([key, view]) => isIncluded("view", view, false) && now.views.get(key)?.definition !== view.definition,
    ),
  );
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
  return {
    gone: [...inOrder(gone).values()].reverse().map((view) => dropView(view)),
    come: [...inOrder(come).values()].map((view) => createView(view)),
  };
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
