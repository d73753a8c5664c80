/**
 * Finds out how the rows of two mappers are joined: from the foreign keys of their tables, or from what the relationship says.
 * SQLAlchemy: `JoinCondition`.
 */

import type { ColumnElement } from "../../sql/element.js";
import { allOf } from "../../sql/elements/build.js";
import { AmbiguousForeignKeysError, ArgumentError, NoForeignKeysError } from "../../sql/errors.js";
import type { Column } from "../../sql/schema/column.js";
import type { ForeignKeyConstraint } from "../../sql/schema/constraints.js";
import type { Table } from "../../sql/schema/table.js";
import { isInheritance } from "./inherit-key.js";
import { explicitHalf } from "./join-condition.js";
import type { JoinRequest } from "./join-request.js";
import type { Mapper } from "./mapper.js";
import type { ColumnPair, RelationshipJoin } from "./relationship-join.js";
import { RemoteColumn } from "./remote-column.js";

/** One way in which foreign keys tie two sides. */
interface Candidate {
  readonly direction: "oneToMany" | "manyToOne";
  readonly pairs: readonly ColumnPair[];
  readonly constraint: ForeignKeyConstraint;
}

/** A join without an association table. */
export function directJoin(request: JoinRequest): RelationshipJoin {
  const { direction, pairs } = chooseCandidate(request);
  return {
    direction,
    pairs,
    primaryJoin: equalities(pairs),
    secondary: null,
    secondaryJoin: null,
    secondaryPairs: [],
    simple: request.alias === null,
  };
}

/** A join through an association table. */
export function associationJoin(
  request: JoinRequest,
  secondary: Table,
  joinColumns: readonly Column[] | null,
  inverseJoinColumns: readonly Column[] | null,
  given: { readonly primaryJoin: ColumnElement | null; readonly secondaryJoin: ColumnElement | null },
): RelationshipJoin {
  const { parent, target, label } = request;
  const near = given.primaryJoin === null ? null : explicitHalf(request, given.primaryJoin, secondary, "primaryJoin");
  const far =
    given.secondaryJoin === null ? null : explicitHalf(request, given.secondaryJoin, secondary, "secondaryJoin");
  const holds = (c: ForeignKeyConstraint) =>
    request.foreignKeys === null || c.columns.every((column) => request.foreignKeys?.includes(column));
  const keys = secondary.distinctForeignKeys.filter(holds);
  const pairs =
    near?.pairs ??
    associationPairs(
      secondary,
      keys,
      parent,
      joinColumns,
      far?.pairs.map((p) => p.local) ?? inverseJoinColumns,
      label,
      "joinColumns",
    );
  // The far pairs run from the association table to the target.
  const secondaryPairs =
    far?.pairs ??
    associationPairs(
      secondary,
      keys,
      target,
      inverseJoinColumns,
      pairs.map((p) => p.remote),
      label,
      "inverseJoinColumns",
    ).map(({ local, remote }) => ({ local: remote, remote: local }));
  return {
    direction: "manyToMany",
    pairs,
    primaryJoin: near?.condition ?? equalities(pairs),
    secondary,
    secondaryJoin: far?.condition ?? equalities(secondaryPairs),
    secondaryPairs,
    simple: (near?.simple ?? true) && (far?.simple ?? true),
  };
}

/** `local = remote AND ...`, with the far side marked. */
function equalities(pairs: readonly ColumnPair[]): ColumnElement {
  return allOf(pairs.map(({ local, remote }) => local.eq(new RemoteColumn(remote))));
}

function associationPairs(
  secondary: Table,
  keys: readonly ForeignKeyConstraint[],
  mapper: Mapper,
  named: readonly Column[] | null,
  taken: readonly Column[] | null,
  label: string,
  option: string,
): ColumnPair[] {
  const all = keys.filter(
    (c) =>
      refersTo(c, mapper) &&
      (named
        ? c.columns.every((column) => named.includes(column))
        : taken?.length !== c.columns.length || !c.columns.every((column) => taken.includes(column))),
  );
  // Of keys over some of the columns named, the one over all of them is meant.
  const whole = all.filter((c) => c.columns.length === named?.length);
  const candidates = whole.length === 1 ? whole : all;
  if (candidates.length === 0) {
    // Without a constraint the columns named stand for the primary key in order.
    if (named && named.length === mapper.primaryKey.length) {
      refuseOtherKeys(named, mapper, `${label}: its ${option}`);
      return named.map((remote, i) => ({ local: mapper.primaryKey[i].column, remote }));
    }
    throw new NoForeignKeysError(
      `${label}: the association table "${secondary.name}" has no foreign key to ${mapper.className} (${mapper.tables.map((t) => t.name).join(", ")}). ` +
        `Add one, or name its columns in ${option}: [...].`,
    );
  }
  if (candidates.length > 1) {
    throw new AmbiguousForeignKeysError(
      `${label}: the association table "${secondary.name}" has several foreign keys to ${mapper.className}: ` +
        `${candidates.map((c) => c.columns.map((x) => x.name).join(" and ")).join("; ")}. Say which one is meant in ${option}: [...].`,
    );
  }
  const [constraint] = candidates;
  return constraint.columns.map((remote, i) => ({ local: constraint.refColumns[i], remote }));
}

function chooseCandidate(request: JoinRequest): { direction: "oneToMany" | "manyToOne"; pairs: readonly ColumnPair[] } {
  const { label, parent, target, foreignKeys, direction } = request;
  let candidates = allCandidates(parent, target);
  if (direction !== null) candidates = candidates.filter((c) => c.direction === direction);
  const possible = candidates;
  if (foreignKeys !== null) {
    candidates = candidates.filter((c) => c.constraint.columns.every((column) => foreignKeys.includes(column)));
    // Several keys may have the same columns in another order: the one in this order is meant.
    const exact = candidates.filter(
      ({ constraint: { columns } }) =>
        columns.length === foreignKeys.length && columns.every((column, i) => column === foreignKeys[i]),
    );
    if (candidates.length > 1 && exact.length > 0) candidates = exact;
    if (candidates.length === 0 && direction !== null) {
      const pairs = pairsByKey(request);
      if (pairs !== null) return { direction: direction as "oneToMany" | "manyToOne", pairs };
    }
  }
  if (request.remoteSide !== null) {
    const { remoteSide } = request;
    candidates = candidates.filter((c) => c.pairs.every((pair) => remoteSide.includes(pair.remote)));
  }
  if (candidates.length === 1) return candidates[0];
  if (candidates.length === 0 && possible.length > 0) {
    const named = [
      ...(foreignKeys === null ? [] : [`foreignKeys (${namesOf(foreignKeys)})`]),
      ...(request.remoteSide === null ? [] : [`remoteSide (${namesOf(request.remoteSide)})`]),
    ].join(" and ");
    throw new NoForeignKeysError(
      `${label}: its ${named} ${named.includes(" and ") ? "leave" : "leaves"} none of the foreign keys between ${describe(parent)} and ${describe(target)}: ` +
        `${possible.map((c) => `${namesOf(c.constraint.columns)}, which makes it ${c.direction} with ${namesOf(c.pairs.map((each) => each.remote))} on the far side`).join("; ")}.`,
    );
  }
  if (candidates.length === 0) {
    throw new NoForeignKeysError(
      `${label}: there is no foreign key between ${describe(parent)} and ${describe(target)}` +
        `${direction ? ` that makes it ${direction}` : ""}. Map a foreign-key column, or name it in foreignKeys: [...].`,
    );
  }
  const directions = new Set(candidates.map((c) => c.direction));
  if (directions.size > 1 && parent.base === target.base) {
    throw new AmbiguousForeignKeysError(
      `${label} refers to its own table and could be one-to-many or many-to-one. Use the decorator of the kind that is meant, or name the far side in remoteSide: [...].`,
    );
  }
  throw new AmbiguousForeignKeysError(
    `${label}: there are several foreign keys between ${describe(parent)} and ${describe(target)}: ` +
      `${candidates.map((c) => c.constraint.columns.map((x) => `${x.table?.name}.${x.name}`).join(" and ")).join("; ")}. ` +
      `Say which one is meant in foreignKeys: [...].`,
  );
}

/** Without a constraint in the schema, the columns named refer to the other side's primary key in order. */
function pairsByKey({ foreignKeys, direction, parent, target }: JoinRequest): ColumnPair[] | null {
  const referred = (direction === "manyToOne" ? target : parent).primaryKey.map((a) => a.column);
  if (foreignKeys === null || referred.length !== foreignKeys.length) return null;
  const holder = direction === "manyToOne" ? parent : target;
  if (foreignKeys.some((each) => !holder.tables.includes(each.table as Table))) return null;
  return foreignKeys.map((key, i) =>
    direction === "manyToOne" ? { local: key, remote: referred[i] } : { local: referred[i], remote: key },
  );
}

function allCandidates(parent: Mapper, target: Mapper): Candidate[] {
  const found: Candidate[] = [];
  for (const constraint of ownFirst(parent)) {
    if (refersTo(constraint, target) && !isInheritance(constraint, parent)) {
      const pairs = constraint.columns.map((local, i) => ({ local, remote: constraint.refColumns[i] }));
      found.push({ direction: "manyToOne", pairs, constraint });
    }
  }
  for (const constraint of ownFirst(target)) {
    if (refersTo(constraint, parent) && !isInheritance(constraint, target)) {
      const pairs = constraint.columns.map((remote, i) => ({ local: constraint.refColumns[i], remote }));
      found.push({ direction: "oneToMany", pairs, constraint });
    }
  }
  return found;
}

function ownFirst(mapper: Mapper): ForeignKeyConstraint[] {
  return [...mapper.tables].reverse().flatMap((table) => table.distinctForeignKeys);
}

/** A key to a table that is not there is not one to this class. */
function refersTo({ elements }: ForeignKeyConstraint, { tables }: Mapper): boolean {
  return tables.some((table) => elements[0].references(table));
}

/** Columns that stand for a key without a constraint refer to nothing else. */
function refuseOtherKeys(columns: readonly Column[], mapper: Mapper, place: string): void {
  for (const column of columns)
    for (const key of column.foreignKeys) {
      const other = key.tryColumn();
      if (other != null)
        throw new ArgumentError(
          `${place} names ${column.table?.name}.${column.name} for ${mapper.className}, and that refers to ${other.table?.name}.${other.name}.`,
        );
    }
}

function namesOf(columns: readonly Column[]): string {
  return columns.map((each) => `${each.table?.name}.${each.name}`).join(" and ");
}

function describe(mapper: Mapper): string {
  return `${mapper.className} (${mapper.tables.map((t) => t.name).join(", ")})`;
}
