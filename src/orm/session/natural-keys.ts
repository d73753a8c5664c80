/** Objects by natural keys: `getBy`, `getOrCreate`, `merge` with `by`. */
import { IntegrityError } from "../../engine/errors.js";
import type { Op } from "../../engine/io.js";
import type { Cls } from "../../sql/entity.js";
import { InvalidRequestError } from "../../sql/errors.js";
import { Select } from "../../sql/selectable/select.js";
import { entityOf } from "../loading/entity.js";
import type { GetOptions } from "../loading/identity.js";
import { BATCH, keysCondition } from "../loading/keys-condition.js";
import { readOf } from "../loading/read-of.js";
import { create } from "../mapping/create.js";
import { mapperOf } from "../mapping/mapper.js";
import { stateOf } from "../stamp.js";
import type { InstanceState } from "../state.js";
import { execute } from "./execute.js";
import type { MergeOptions } from "./merge.js";
import { NaturalKey } from "./natural-key.js";
import type { SessionCore } from "./session-core.js";

/** Values by attribute name. */
export type Values = Readonly<Record<string, unknown>>;

/** So many objects of a class are gone through in memory; where there are more, the database is asked at once. */
const SCAN = 1000;
/** How often a row may come and go again between two statements before the error is told. */
const ATTEMPTS = 3;

/** The key and its values of what `getBy` was given. */
export function naturalKey(
  session: SessionCore,
  cls: unknown,
  given: Values,
  method: string,
): [NaturalKey, readonly unknown[]] {
  const mapper = session.mapperFor(cls);
  const key = NaturalKey.of(mapper, Object.keys(given ?? {}), method);
  return [key, key.values(given, `${method}(${mapper.className})`)];
}

/** The object with these values, if it is present and can be given without a statement. */
export function presentBy(session: SessionCore, key: NaturalKey, values: readonly unknown[]): object | undefined {
  const { mapper, attributes } = key;
  if (attributes.length === mapper.primaryKey.length && attributes.every((each) => mapper.primaryKey.includes(each)))
    return session.present(mapper, Object.fromEntries(attributes.map((each, i) => [each.key, values[i]])));
  if (session.identity.family(mapper.base).size > SCAN) return undefined;
  const { deleted } = session.membership;
  for (const state of session.identity.states()) {
    if (state.expired || deleted.has(state) || !mapperOf(state).isA(mapper)) continue;
    if (key.matches(state, values)) return state.object;
  }
  return undefined;
}

/** The statement that reads the rows with one of several keys. */
function* statementBy(session: SessionCore, key: NaturalKey, keys: readonly (readonly unknown[])[]): Op<Select> {
  const { mapper } = key;
  const entity = entityOf(mapper);
  const columns = key.attributes.map((attribute) => entity.columnFor(attribute.column));
  const { dialect } = yield* session.connectionFor(mapper, readOf(mapper));
  return new Select([entity], []).with({ whereCriteria: [keysCondition(columns, keys, dialect)] });
}

function* objectsOf(session: SessionCore, statement: Select, options: GetOptions = {}): Op<object[]> {
  let asked = statement;
  if (options.options !== undefined) asked = asked.options(...options.options);
  if (options.withForUpdate) asked = asked.withForUpdate(options.withForUpdate === true ? {} : options.withForUpdate);
  const { populateExisting, bindArguments, executionOptions } = options;
  const result = yield* execute(session, asked, undefined, {
    ...executionOptions,
    ...(populateExisting === undefined ? {} : { populateExisting }),
    ...(bindArguments === undefined ? {} : { bindArguments }),
  });
  return result.scalars().unique().all() as object[];
}

/** The object with these values, from the identity map or the database, or null. */
export function* getBy(
  session: SessionCore,
  key: NaturalKey,
  values: readonly unknown[],
  options: GetOptions = {},
): Op<object | null> {
  if (!options.populateExisting && !options.withForUpdate) {
    const present = presentBy(session, key, values);
    if (present !== undefined) return present;
  }
  return (yield* objectsOf(session, yield* statementBy(session, key, [values]), options))[0] ?? null;
}

/** Answers several `getBy` of one key together. */
export function* getManyBy(
  session: SessionCore,
  key: NaturalKey,
  asked: readonly (readonly unknown[])[],
  options: GetOptions = {},
): Op<(object | null)[]> {
  if (asked.length === 1) return [yield* getBy(session, key, asked[0], options)];
  const fresh = options.populateExisting || options.withForUpdate;
  const answers = asked.map((values) => (fresh ? null : (presentBy(session, key, values) ?? null)));
  const missing = answers.flatMap((answer, i) => (answer === null ? [i] : []));
  for (let start = 0; start < missing.length; start += BATCH) {
    const part = missing.slice(start, start + BATCH);
    const statement = yield* statementBy(
      session,
      key,
      part.map((i) => asked[i]),
    );
    const states = (yield* objectsOf(session, ordered(statement, key), options)).map(
      (each) => stateOf(each) as InstanceState,
    );
    const byHash = new Map(states.map((state) => [key.hash(key.attributes.map((each) => each.peek(state))), state]));
    const met = new Set<InstanceState>();
    const open: number[] = [];
    for (const i of part) {
      const state = byHash.get(key.hash(asked[i]));
      if (state === undefined) open.push(i);
      else {
        met.add(state);
        answers[i] = state.object;
      }
    }
    // What the database finds equal need not be so here: another case, by its collation; or the object was changed since.
    if (states.some((state) => !met.has(state))) {
      for (const i of open)
        answers[i] = (yield* objectsOf(session, yield* statementBy(session, key, [asked[i]]), options))[0] ?? null;
    }
  }
  return answers;
}

/** In the order of the key, so that those who lock rows lock them in one order. */
function ordered(statement: Select, key: NaturalKey): Select {
  const entity = entityOf(key.mapper);
  return statement.orderBy(...key.attributes.map((each) => entity.columnFor(each.column))) as Select;
}

/**
 * The object with these values; made with the defaults where there is none. It is written in a savepoint, so that another one who makes the same row
 * first costs nothing but a second look.
 */
export function* getOrCreate(
  session: SessionCore,
  key: NaturalKey,
  values: readonly unknown[],
  defaults: Values | (() => Values) = {},
): Op<object> {
  const given = Object.fromEntries(key.attributes.map((attribute, i) => [attribute.key, values[i]]));
  for (let attempt = 1; ; attempt++) {
    const found = yield* getBy(session, key, values);
    if (found !== null) return found;
    const others = typeof defaults === "function" ? defaults() : defaults;
    const savepoint = yield* session.beginNested();
    try {
      const object = create(key.mapper.cls as Cls<object>, { ...others, ...given });
      session.add(object);
      yield* savepoint.commit();
      return object;
    } catch (error) {
      if (savepoint.isOpen) yield* savepoint.rollback();
      if (!(error instanceof IntegrityError) || error.violation !== "unique") throw error;
      const winner = yield* getBy(session, key, values);
      if (winner !== null) return winner;
      if (attempt === ATTEMPTS) throw error;
    }
  }
}

/** Merges an object into the session, its row found by primary key or, with `by`, by a natural key. */
export function* merge(session: SessionCore, object: object, options: MergeOptions = {}): Op<object> {
  const { by } = options;
  if (by === undefined) return yield* session.merge(object, options);
  if (options.load === false) {
    throw new InvalidRequestError(
      "merge() with { by } looks into the database, and with load: false it must not. Give one of them.",
    );
  }
  const source = session.stateFor(object);
  const mapper = mapperOf(source);
  const key = NaturalKey.of(mapper, typeof by === "string" ? [by] : by, "merge");
  const given = Object.fromEntries(key.attributes.map((each) => [each.key, each.peek(source)]));
  const values = key.values(given, `merge(${mapper.className})`);
  const found = yield* getBy(session, key, values, { options: options.options as GetOptions["options"] });
  return yield* session.merge(object, options, found === null ? null : (stateOf(found) ?? null));
}
