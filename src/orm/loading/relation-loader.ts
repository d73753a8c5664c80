/**
 * Loads one relationship of many objects with statements of its own: eagerly after their rows were read (selectin, subquery, immediate), and lazily
 * for one object or for siblings at once.
 *
 * The other side is asked for by the columns that refer to the parents, so that the parents' table is not joined. A relation to one that refers to
 * its target's key looks into the identity map first.
 */

import { NO_OPTIONS } from "../../engine/execution-options.js";
import type { Op } from "../../engine/io.js";
import { Result } from "../../engine/result.js";
import type { Dialect } from "../../sql/dialect.js";
import { InvalidRequestError } from "../../sql/errors.js";
import type { Select } from "../../sql/selectable/select.js";
import type { RelationAttribute } from "../attributes/relation-attribute.js";
import type { ToManyAttribute } from "../attributes/to-many-attribute.js";
import { type Mapper, mapperOf, type Relationship } from "../mapping/mapper.js";
import { stateOf } from "../stamp.js";
import type { InstanceState } from "../state.js";
import { SEVERAL_ROWS } from "../warnings.js";
import { ownObject } from "./announced.js";
import { bareElement } from "./bare-element.js";
import { type Converter, converterOf } from "./converters.js";
import {
  dropRepeated,
  type Found,
  FoundMembers,
  FoundObjects,
  FoundRows,
  type Hash,
  hashKey,
} from "./found-members.js";
import { BATCH } from "./keys-condition.js";
import { LoadRun, type NamedValues, type PostLoader } from "./load-run.js";
import type { OptionNode, RelationOption } from "./option-node.js";
import { OptionTree } from "./option-tree.js";
import { ParentKey } from "./parent-key.js";
import type { OrmPlan, PlanSource } from "./plan.js";
import { readOf } from "./read-of.js";
import { formFor, type Key, type KeyForm, namedKeys } from "./relation-keys.js";
import { type KeyedStatement, limitedTo, RelationRows } from "./relation-rows.js";
import { type ParentKeys, statementFor } from "./relation-statement.js";

/** A plan with the columns by which its rows find their parents. */
interface KeyedPlan {
  readonly plan: OrmPlan;
  readonly indexes: readonly number[];
  readonly converters: readonly (Converter | null)[];
}

/** A statement, and what listeners made of it. */
interface Changed {
  readonly keyed: KeyedStatement;
  readonly heard: Select;
}

export class RelationLoader implements PostLoader {
  readonly attribute: RelationAttribute;
  private readonly key: ParentKey;
  private readonly plans: Map<Dialect, Map<KeyForm, KeyedPlan>> = new Map();
  private readonly rows: RelationRows;
  private readonly fromIdentityMap: boolean;

  constructor(
    private readonly relationship: Relationship,
    private readonly option: RelationOption | null,
    private readonly node: OptionNode,
    /** The path to the parents. */
    private readonly path: readonly Mapper[],
    private readonly source: PlanSource,
    private readonly parentKeys: ParentKeys | null,
  ) {
    this.attribute = relationship.attribute;
    this.rows = new RelationRows(relationship, option, source.defaults);
    this.key = new ParentKey(relationship, this.rows.local);
    this.fromIdentityMap =
      relationship.useGet &&
      (option === null || (option.criteria.length === 0 && option.to === null && option.depth === null)) &&
      source.defaults.criteria.length === 0;
  }

  *load(run: LoadRun, states: readonly InstanceState[]): Op<void> {
    const { attribute } = this;
    if (this.option?.depth != null) {
      yield* this.loadFor(run, states);
      return;
    }
    // Going down a tree to its end, rows may lead in a circle back to what is being loaded.
    const recursive = this.option?.recursionDepth != null;
    const kept = states.filter((state) => this.keeps(run, state));
    let wanted = kept.length === 0 ? states : states.filter((state) => !this.keeps(run, state));
    if (run.populateExisting || recursive) wanted = wanted.filter((state) => run.firstLoad(attribute, state));
    if (wanted.length > 0) yield* this.loadFor(run, wanted);
    if (kept.length > 0 && this.node.relations.size > 0 && !recursive) yield* this.passThrough(run, kept);
  }

  /** Objects that keep what they have of the relationship: what the options say of its members holds for their rows all the same. */
  private *passThrough(run: LoadRun, states: readonly InstanceState[]): Op<void> {
    const keyed: InstanceState[] = [];
    const keys = new Map<Hash, Key>();
    for (const state of states) {
      const key = state.key === null ? null : (this.key.of(state) ?? null);
      if (key === null) continue;
      keyed.push(state);
      keys.set(this.key.hash(key), key);
    }
    if (keyed.length > 0) yield* this.fetch(run, keyed, [...keys.values()], new FoundMembers());
  }

  /** What was loaded in part and not changed since is no answer to another load. */
  private mayReplace(state: InstanceState): boolean {
    return state.extra !== null && state.isPartial(this.attribute) && state.committed?.has(this.attribute) !== true;
  }

  /** Loads the relationship for these objects whatever they have. */
  *loadFor(run: LoadRun, states: readonly InstanceState[]): Op<void> {
    const identities = this.key.identitiesOf(states);
    if (identities !== null) {
      yield* this.loadKeyed(run, states, identities, identities);
      return;
    }
    const keyed: InstanceState[] = [];
    const hashes: Hash[] = [];
    const keys: Key[] = [];
    const seen: Set<Hash> = new Set();
    const present: InstanceState[] = [];
    for (let i = 0; i < states.length; i++) {
      const state = states[i];
      const key = this.key.of(state) ?? (yield* this.key.fetch(run.session, state));
      if (key === null) {
        this.attribute.setCommitted(state, this.relationship.uselist ? [] : null);
        continue;
      }
      if (this.fromIdentityMap && !run.populateExisting) {
        const found = this.lookUp(run, key);
        if (found !== undefined) {
          this.attribute.setCommitted(state, found.object);
          present.push(found);
          continue;
        }
      }
      const hash = this.key.hash(key);
      keyed.push(state);
      hashes.push(hash);
      if (seen.has(hash)) continue;
      seen.add(hash);
      keys.push(key);
    }
    if (keyed.length > 0) yield* this.loadKeyed(run, keyed, hashes, keys);
    if (present.length > 0 && this.node.relations.size > 0) yield* this.fillPresent(run, present);
  }

  /** @param hashes of the key of each object @param keys each once */
  private *loadKeyed(
    run: LoadRun,
    states: readonly InstanceState[],
    hashes: readonly Hash[],
    keys: readonly Key[],
  ): Op<void> {
    if (this.option?.depth != null) yield* this.loadTree(run, states, keys, this.option.depth);
    else if (this.relationship.uselist) yield* this.loadCollections(run, states, hashes, keys);
    else yield* this.loadObjects(run, states, hashes, keys);
  }

  private lookUp(run: LoadRun, key: Key): InstanceState | undefined {
    const { target } = this.relationship;
    const identity = target.identityKey(this.key.single ? [key] : this.targetKey(key as readonly unknown[]));
    const found = identity === null ? undefined : run.session.identity.get(target.base, identity, run.identityToken);
    return found !== undefined && !found.expired && !found.deleted && this.relationship.accepts(found.mapper)
      ? found
      : undefined;
  }

  /** The values of the pairs in the order of the target's primary key. */
  private targetKey(values: readonly unknown[]): readonly unknown[] {
    return this.relationship.identityColumns.map((column) => values[this.key.local.indexOf(column)]);
  }

  private *loadCollections(
    run: LoadRun,
    states: readonly InstanceState[],
    hashes: readonly Hash[],
    keys: readonly Key[],
  ): Op<void> {
    const found = yield* this.fetch(run, states, keys, new FoundMembers());
    const attribute = this.attribute as ToManyAttribute;
    if (this.option?.partial !== true) {
      for (let i = 0; i < states.length; i++) attribute.setCommitted(states[i], found.membersOf(hashes[i]));
    } else for (let i = 0; i < states.length; i++) attribute.setPart(states[i], found.membersOf(hashes[i]));
  }

  private *loadObjects(
    run: LoadRun,
    states: readonly InstanceState[],
    hashes: readonly Hash[],
    keys: readonly Key[],
  ): Op<void> {
    const { objects, several } = yield* this.fetch(run, states, keys, new FoundObjects());
    for (let i = 0; i < states.length; i++) {
      if (several.has(hashes[i])) {
        run.session.warn(SEVERAL_ROWS, "found", this.relationship.label, states[i].describe());
      }
      this.attribute.setCommitted(states[i], objects.get(hashes[i]) ?? null);
    }
  }

  /**
   * Loads a tree, and gives its objects what is theirs from the roots down. Those of the last level know nothing of what lies below; where the tree ends
   * before, it is known that nothing does.
   *
   * @param depth how many levels; -1 for all
   */
  private *loadTree(run: LoadRun, roots: readonly InstanceState[], keys: readonly Key[], depth: number): Op<void> {
    const { uselist, parent, direction } = this.relationship;
    const found = yield* this.fetch(run, roots, keys, new FoundMembers());
    // Who has one parent is met once, but for the roots.
    const once = direction === "oneToMany" && this.rows.direct;
    const seen = new Set(roots);
    const upwards = this.rows.direct ? this.relationship.reverse.filter((each) => !each.uselist) : [];
    let level = roots;
    for (let left = depth; left !== 0 && level.length > 0; left--) {
      const next: InstanceState[] = [];
      for (let i = 0; i < level.length; i++) {
        const state = level[i];
        const key = this.key.of(state);
        if (key === undefined) continue;
        const members = key === null ? [] : found.membersOf(this.key.hash(key));
        if (!this.keeps(run, state)) {
          if (!uselist) this.attribute.setCommitted(state, members[0] ?? null);
          else if (this.option?.partial === true) (this.attribute as ToManyAttribute).setPart(state, members);
          else this.attribute.setCommitted(state, members);
        }
        for (let j = 0; j < members.length; j++) {
          const member = stateOf(members[j]) as InstanceState;
          // A foreign key that was set by hand says more than the row.
          if (uselist && !member.modified)
            for (const up of upwards) if (!up.isLoaded(member)) up.setCommitted(member, state.object);
          if (seen.has(member) || (member.mapper !== parent && !mapperOf(member).isA(parent))) continue;
          if (!once) seen.add(member);
          next.push(member);
        }
      }
      level = next;
    }
  }

  /** Whether an object keeps what it has of the relationship. */
  private keeps(run: LoadRun, state: InstanceState): boolean {
    return !run.populateExisting && this.attribute.isLoaded(state) && !this.mayReplace(state);
  }

  /** Reads the rows of all keys, and hands each object out with the hash of its parents' key. */
  private *fetch<F extends Found>(
    run: LoadRun,
    states: readonly InstanceState[],
    keys: readonly Key[],
    found: F,
  ): Op<F> {
    const { mapper } = this.rows.target;
    const connection = yield* run.session.connectionFor(mapper, readOf(mapper), run.bindArguments);
    const { dialect } = connection;
    if (this.parentKeys !== null && dialect === this.source.dialect) {
      yield* this.fetchForm(run, connection, "subquery", run.named, states, keys, found);
      return found;
    }
    const asOne = this.key.single && this.rows.listsAsOne(dialect);
    const size = asOne ? keys.length : BATCH;
    for (let start = 0; start < keys.length; start += size) {
      const batch = size >= keys.length ? keys : keys.slice(start, start + size);
      const form = formFor(batch, asOne, this.rows.byWholeNumber);
      const named = namedKeys(form, batch, this.key.single, run.named);
      yield* this.fetchForm(run, connection, form, named, states, batch, found);
    }
    return found;
  }

  /** One statement, as listeners of `doOrmExecute` leave it, or their answer in its place. */
  private *fetchForm(
    run: LoadRun,
    connection: LoadRun["connection"],
    form: KeyForm,
    named: NamedValues | undefined,
    states: readonly InstanceState[],
    keys: readonly Key[],
    found: Found,
  ): Op<void> {
    const { session, said } = run;
    // All rows are the members of the only parent, but for those of a tree.
    const only = form === "one" && this.option?.depth == null ? this.key.hash(keys[0]) : undefined;
    if (!session.hearsLoads)
      return yield* this.fetchWith(run, connection, this.planFor(connection.dialect, form), named, only, found);
    const { relationship } = this;
    const keyed = this.keyedStatement(connection.dialect, form);
    const carried = said?.carried ?? [];
    const statement = carried.length === 0 ? keyed.statement : keyed.statement.options(...carried);
    const load = this.loadHeard.bind(this);
    const answer = yield* session.announceLoad({
      statement,
      params: named ?? {},
      kind: "relationship",
      relationship,
      states,
      path: [...this.path, relationship],
      executionOptions: said?.executionOptions ?? NO_OPTIONS,
      *run(heard, params, bindArguments) {
        const { target } = relationship;
        const at =
          bindArguments === undefined
            ? connection
            : yield* session.connectionFor(target, heard, { ...run.bindArguments, ...bindArguments });
        const rows = new FoundRows();
        yield* load(run, at, form, heard === statement ? null : { keyed, heard }, params, only, rows);
        return new Result<unknown>({ keys: [relationship.key, "ownerKey"], kind: "tuple" }, rows.rows);
      },
    });
    const given = keys.length === 1 ? this.key.hash(keys[0]) : undefined;
    const hashes: Hash[] = [];
    const objects: object[] = [];
    for (const [object, hash = given] of answer.all() as unknown[][]) {
      if (hash === undefined) throw this.ownerless(keys.length);
      hashes.push(hash as Hash);
      objects.push(ownObject(session, object, relationship.target));
    }
    found.add(hashes, objects);
  }

  private ownerless(count: number): InvalidRequestError {
    return new InvalidRequestError(
      `A handler of doOrmExecute answered the load of ${this.relationship.label} for ${count} objects without saying whose each row is: ` +
        "its rows hold an object and the key that it finds its owners by, as those of state.invokeStatement() do.",
    );
  }

  /**
   * @param changed what listeners made of the statement; null where they left it alone
   * @param only the hash of the parent of all rows; undefined where the rows tell whose they are
   */
  private *loadHeard(
    run: LoadRun,
    connection: LoadRun["connection"],
    form: KeyForm,
    changed: Changed | null,
    named: NamedValues,
    only: Hash | undefined,
    rows: Found,
  ): Op<void> {
    const { dialect } = connection;
    const plan = changed === null ? this.planFor(dialect, form) : this.heardPlan(dialect, form, changed);
    yield* this.fetchWith(run, connection, plan, named, only, rows);
  }

  /** The plan of the statement as listeners of `doOrmExecute` leave it. */
  private heardPlan(dialect: Dialect, form: KeyForm, { keyed, heard }: Changed): KeyedPlan {
    const { defaults } = new OptionTree(heard.loadOptions, [keyed.entity]);
    if (this.option?.gathers !== true) {
      const whereCriteria = [...heard.whereCriteria, ...defaults.addedCriteria(keyed.entity)];
      return this.planOf(dialect, { ...keyed, statement: heard.with({ whereCriteria, loadOptions: [] }) });
    }
    // What is counted, or gone down, must not have the members that the listener leaves out.
    const narrowed = statementFor(this.rows.narrowedBy(defaults), dialect, form, this.parentKeys);
    const added = heard.whereCriteria.filter((each) => !keyed.statement.whereCriteria.includes(each));
    return this.planOf(dialect, limitedTo(narrowed, ...added));
  }

  private *fetchWith(
    run: LoadRun,
    connection: LoadRun["connection"],
    keyed: KeyedPlan,
    named: LoadRun["named"],
    only: Hash | undefined,
    found: Found,
  ): Op<void> {
    const { plan } = keyed;
    const inner = new LoadRun(run.session, connection, run.binds, named, run.populateExisting, run);
    const { rows } = yield* connection.run(plan.compiled, plan.params(run.binds, named));
    // The keys are read first: rows become the storage of their objects, without the columns behind.
    const hashes = only === undefined ? hashesOf(rows, keyed) : new Array<Hash>(rows.length).fill(only);
    const objects = (plan.entity ?? unreachable()).loadAll(inner, rows) as (object | null)[];
    // With a collection joined to them, members come once for each of its rows.
    if (plan.hasCollections || objects.includes(null)) dropRepeated(hashes, objects);
    found.add(hashes, objects as object[]);
    plan.finishRows(inner);
    yield* plan.fill(inner);
  }

  /** Objects that were there already are given what the options say of them. */
  private *fillPresent(run: LoadRun, present: readonly InstanceState[]): Op<void> {
    const { mapper } = this.rows.target;
    const connection = yield* run.session.connectionFor(mapper, readOf(mapper), run.bindArguments);
    const { plan } = this.planFor(connection.dialect, this.parentKeys === null ? "one" : "subquery");
    const inner = new LoadRun(run.session, connection, run.binds, run.named, run.populateExisting, run);
    for (const state of present) plan.entity?.variantFor(mapperOf(state)).noteMet(inner, state);
    yield* plan.fill(inner);
  }

  private planFor(dialect: Dialect, form: KeyForm): KeyedPlan {
    let forms = this.plans.get(dialect);
    if (forms === undefined) {
      forms = new Map();
      this.plans.set(dialect, forms);
    }
    let plan = forms.get(form);
    if (plan === undefined) {
      plan = this.makePlan(dialect, form);
      forms.set(form, plan);
    }
    return plan;
  }

  private makePlan(dialect: Dialect, form: KeyForm): KeyedPlan {
    return this.planOf(dialect, this.keyedStatement(dialect, form));
  }

  private keyedStatement(dialect: Dialect, form: KeyForm): KeyedStatement {
    return statementFor(this.rows, dialect, form, this.parentKeys);
  }

  private planOf(dialect: Dialect, { statement, entity, keys, needed }: KeyedStatement): KeyedPlan {
    const source = dialect === this.source.dialect ? this.source : this.source.forDialect(dialect);
    const plan = source.plan(statement, this.node, [...this.path, entity.mapper], needed);
    const columns = plan.compiled.resultColumns ?? [];
    // Keys that belong to the other side's own columns are read from there, those of an association from behind them.
    const indexes = keys.map((key) => columns.findIndex((column) => bareElement(column.element) === bareElement(key)));
    return { plan, indexes, converters: keys.map((key) => converterOf(key.type, dialect)) };
  }
}

/** The keys by which rows find their parents. */
function hashesOf(rows: readonly unknown[][], { indexes, converters }: KeyedPlan): Hash[] {
  const hashes: Hash[] = new Array(rows.length);
  const single = indexes.length === 1 && converters[0] === null ? indexes[0] : -1;
  for (let i = 0; i < rows.length; i++) {
    const row = rows[i];
    const value = single >= 0 ? row[single] : undefined;
    hashes[i] =
      typeof value === "number" || typeof value === "string" ? value : hashKey(readKey(row, indexes, converters));
  }
  return hashes;
}

function readKey(
  row: readonly unknown[],
  indexes: readonly number[],
  converters: readonly (Converter | null)[],
): readonly unknown[] {
  return indexes.map((index, i) => {
    const value = row[index];
    const convert = converters[i];
    return value === null || convert === null ? value : convert(value as never);
  });
}

function unreachable(): never {
  throw new Error("A relationship's plan has one entity.");
}
