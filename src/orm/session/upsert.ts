/** `session.upsert`: rows by natural key, inserted where they are new, else brought up to date through their objects. */
import type { Op } from "../../engine/io.js";
import { insert } from "../../sql/dml/insert.js";
import type { Cls, Plain } from "../../sql/entity.js";
import { ArgumentError, InvalidRequestError } from "../../sql/errors.js";
import { ColumnAttribute } from "../attributes/column-attribute.js";
import type { Mapper } from "../mapping/mapper.js";
import { stateOf } from "../stamp.js";
import type { InstanceState } from "../state.js";
import { execute } from "./execute.js";
import { NaturalKey } from "./natural-key.js";
import { getManyBy, type Values } from "./natural-keys.js";
import type { SessionCore } from "./session-core.js";

/** How `upsert` tells rows apart, and what it does with those that exist. */
export interface UpsertOptions<E> {
  /** The attribute, or attributes, that are unique together. */
  readonly by: (keyof Plain<E> & string) | readonly (keyof Plain<E> & string)[];
  /**
   * What becomes of a row that exists: these attributes take the given values (default: all that are given, but for the key), nothing (`false`), or
   * what a function does with the object.
   */
  readonly update?: readonly (keyof Plain<E> & string)[] | false | ((object: E, row: Partial<Plain<E>>) => void);
}

/** What became of one row of `upsert`. */
export interface Upserted<E> {
  readonly object: E;
  /** "left": the row existed and has the values already, or was not to be changed. */
  readonly outcome: "inserted" | "updated" | "left";
}

interface Work {
  readonly index: number;
  readonly row: Values;
  readonly values: readonly unknown[];
  readonly hash: unknown;
}

/** How often rows may be deleted by others between the two statements. */
const ROUNDS = 10;

/**
 * Inserts rows where they are new by a natural key, and brings the objects of the others up to date.
 *
 * @returns for each row, in order, its object and what became of it
 * @throws ArgumentError where `by` is not unique or a row lacks it, InvalidRequestError for a class of several tables
 */
export function* upsert(
  session: SessionCore,
  mapper: Mapper,
  rows: readonly Values[],
  options: UpsertOptions<object>,
): Op<Upserted<object>[]> {
  const place = `upsert(${mapper.className})`;
  const { key, change } = check(mapper, rows, options, place);
  const answers: Upserted<object>[] = new Array(rows.length);
  let open = rows.map((row, index): Work => {
    const values = key.values(row, `${place} row ${index + 1}`);
    return { index, row, values, hash: key.hash(values) };
  });
  yield* session.flush();
  for (let round = 0; open.length > 0; round++) {
    if (round === ROUNDS)
      throw new InvalidRequestError(
        `${place}: ${open.length} rows were inserted and deleted by others again and again. Try once more.`,
      );
    const inserted = yield* insertNew(session, key, open);
    const rest: Work[] = [];
    for (const work of open) {
      const object = inserted.get(work.hash);
      if (object === undefined) rest.push(work);
      else {
        answers[work.index] = { object, outcome: "inserted" };
        // The next row with this key finds it.
        inserted.delete(work.hash);
      }
    }
    open = yield* bringUpToDate(session, key, rest, change, answers);
  }
  yield* session.flush();
  return answers;
}

type Change = (object: object, row: Values) => void;

function check(
  mapper: Mapper,
  rows: readonly Values[],
  options: UpsertOptions<object>,
  place: string,
): { readonly key: NaturalKey; readonly change: Change | null } {
  if (!Array.isArray(rows)) throw new ArgumentError(`${place} takes an array of plain objects.`);
  const by = options?.by as string | readonly string[] | undefined;
  if (by === undefined)
    throw new ArgumentError(`${place}: { by } is missing: name the attribute, or attributes, by which a row is found.`);
  if (mapper.tables.length > 1) {
    throw new InvalidRequestError(
      `${place}: the class is mapped to several tables, and ON CONFLICT is about one. Use getOrCreate() for each object.`,
    );
  }
  const key = NaturalKey.of(mapper, typeof by === "string" ? [by] : by, "upsert");
  const { update } = options as { readonly update?: readonly string[] | false | Change };
  if (update === false) return { key, change: null };
  if (typeof update === "function") return { key, change: update };
  const fixed = new Set<ColumnAttribute>([...key.attributes, ...mapper.primaryKey]);
  const only = update === undefined ? null : new Set(update);
  for (const name of only ?? []) {
    const attribute = mapper.attribute(name);
    if (!(attribute instanceof ColumnAttribute) || fixed.has(attribute))
      throw new ArgumentError(`${place}: update cannot name "${name}": it takes columns that are not part of the key.`);
  }
  return {
    key,
    change: (object, row) => {
      for (const [name, value] of Object.entries(row)) {
        if (value === undefined || (only !== null && !only.has(name))) continue;
        if (fixed.has(mapper.attribute(name) as ColumnAttribute)) continue;
        (object as Record<string, unknown>)[name] = value;
      }
    },
  };
}

/** Inserts what is not there: the objects by hash of their key. Always in one order, so that two who insert the same rows never wait for one another. */
function* insertNew(session: SessionCore, key: NaturalKey, open: readonly Work[]): Op<Map<unknown, object>> {
  const { mapper } = key;
  const cls = mapper.cls as Cls<object>;
  const firsts = [...new Map([...open].reverse().map((work) => [work.hash, work])).values()];
  firsts.sort((a, b) => (String(a.hash) < String(b.hash) ? -1 : 1));
  const statement = insert(cls)
    .onConflictDoNothing({ indexElements: key.attributes.map((each) => each.column) })
    .returning(cls);
  const result = yield* execute(
    session,
    statement,
    firsts.map((work) => work.row),
  );
  const inserted = new Map<unknown, object>();
  for (const object of result.scalars().all() as object[]) {
    const state = stateOf(object) as InstanceState;
    inserted.set(key.hash(key.attributes.map((each) => each.peek(state))), object);
  }
  return inserted;
}

/** Changes the objects of rows that exist, which are locked and read anew first; gives those that are gone meanwhile. */
function* bringUpToDate(
  session: SessionCore,
  key: NaturalKey,
  rest: readonly Work[],
  change: Change | null,
  answers: Upserted<object>[],
): Op<Work[]> {
  if (rest.length === 0) return [];
  const found = yield* getManyBy(
    session,
    key,
    rest.map((work) => work.values),
    change === null ? { populateExisting: true } : { populateExisting: true, withForUpdate: true },
  );
  const gone: Work[] = [];
  for (const [i, work] of rest.entries()) {
    const object = found[i];
    if (object === null) {
      gone.push(work);
      continue;
    }
    const state = stateOf(object) as InstanceState;
    const before = key.mapper.columnAttributes.map((each) => each.peek(state));
    change?.(object, work.row);
    const changed = key.mapper.columnAttributes.some((each, n) => !each.same(before[n], each.peek(state)));
    answers[work.index] = { object, outcome: changed ? "updated" : "left" };
  }
  return gone;
}
