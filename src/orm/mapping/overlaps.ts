/** Warns of relationships that write one column from different sides, as long as nothing says that they mean to. */
import type { Column } from "../../sql/schema/column.js";
import { warn } from "../../sql/warnings.js";
import { OVERLAPS } from "../warnings.js";
import type { Relationship } from "./mapper.js";

/** For each column that a flush fills from another, the relationships that do it. */
const writers = new WeakMap<Column, { readonly relationship: Relationship; readonly source: Column }[]>();

/** Notes what a relationship writes, and warns where another writes it too. SQLAlchemy: `_warn_for_conflicting_sync_targets`. */
export function warnOfOverlaps(relationship: Relationship): void {
  if (relationship.viewonly) return;
  const pairs = [...relationship.syncPairs, ...relationship.secondarySyncPairs];
  for (const { source, dest } of pairs) {
    let known = writers.get(dest);
    if (known === undefined) {
      known = [];
      writers.set(dest, known);
    }
    const others = known.filter(({ relationship: other }) => conflict(relationship, other));
    known.push({ relationship, source });
    if (others.length === 0) continue;
    const names = others
      .map((each) => `"${each.relationship.label}" (copies ${name(each.source)} to ${name(dest)})`)
      .join(", ");
    const keys = [...new Set(others.map((each) => each.relationship.key))].sort();
    warn(OVERLAPS, relationship.label, name(source), name(dest), names, JSON.stringify(keys));
  }
}

function conflict(mine: Relationship, other: Relationship): boolean {
  return (
    mine !== other &&
    !mine.reverseRelationships.includes(other) &&
    // Of several classes that a row may refer to, one writes the key.
    (mine.variant === null || mine.variant.keys !== other.variant?.keys) &&
    !overlapsOf(mine).includes(other.key) &&
    !overlapsOf(other).includes(mine.key) &&
    !areSiblings(mine, other) &&
    (mine.key !== other.key || mine.parent.base !== other.parent.base)
  );
}

function overlapsOf({ options: { overlaps } }: Relationship): readonly string[] {
  if (overlaps === undefined) return [];
  return typeof overlaps === "string" ? overlaps.split(",").map((each) => each.trim()) : overlaps;
}

/** Of two subclasses of one base no row has both. */
function areSiblings(a: Relationship, b: Relationship): boolean {
  for (const one of [a.parent, a.target]) {
    for (const two of [b.parent, b.target])
      if (one !== two && one.base === two.base && !one.isA(two) && !two.isA(one)) return true;
  }
  return false;
}

function name(column: Column): string {
  return `${column.table?.name ?? "?"}.${column.name}`;
}
