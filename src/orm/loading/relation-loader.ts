/**
 * Loads one relationship of many objects with statements of its own: eagerly after their rows were read (selectin, subquery, immediate), and lazily
 * for one object or for siblings at once.
 *
 * The other side is asked for by the columns that refer to the parents, so that the parents' table is not joined. A relation to one that refers to
 * its target's key looks into the identity map first.
 */
import type { Op } from "../../engine/io.js";
import type { Dialect } from "../../sql/dialect.js";
import type { ColumnElement } from "../../sql/element.js";
import { BindParameter } from "../../sql/elements/bind.js";
import { conjunction } from "../../sql/elements/build.js";
import { Label, TupleElement } from "../../sql/elements/expression.js";
import { func } from "../../sql/functions.js";
import { operators } from "../../sql/operators.js";
import type { Column } from "../../sql/schema/column.js";
import type { FromClause } from "../../sql/selectable/from-clause.js";
import { Join } from "../../sql/selectable/join.js";
import { Exists, ScalarSelect } from "../../sql/selectable/query.js";
import { Select } from "../../sql/selectable/select.js";
import type { RelationAttribute } from "../attributes/relation-attribute.js";
import type { ToManyAttribute } from "../attributes/to-many-attribute.js";
import type { ToOneAttribute } from "../attributes/to-one-attribute.js";
import { type Mapper, mapperOf, type Relationship } from "../mapping/mapper.js";
import { type InstanceState, valuesOf } from "../state.js";
import { type Converter, converterOf } from "./converters.js";
import { aliasOf, entityOf } from "./entity.js";
import { adapt, InstrumentedRelation } from "./instrumented-relation.js";
import { LoadRun, type PostLoader } from "./load-run.js";
import type { MemberPage } from "./option-steps.js";
import { type OptionNode, OptionTree, type RelationOption } from "./option-tree.js";
import type { OrmEntity } from "./orm-entity.js";
import type { OrmPlan, PlanSource } from "./plan.js";
import { readOf } from "./read-of.js";
import { loadUnloaded } from "./unloaded.js";

type From = FromClause<unknown>;
type Hash = string | number | bigint;
/** The value of a key of one column, or the values of one of several. */
type Key = {};

/** Takes what the rows hold, by the key of the parents. */
interface Found {
  add(hash: Hash, object: object): void;
}

class FoundMembers implements Found {
  readonly #byKey: Map<Hash, object[]> = new Map();
  // Neighbouring rows mostly belong to one parent.
  #hash: Hash | undefined = undefined;
  #members: object[] = [];

  add(hash: Hash, object: object): void {
    if (hash !== this.#hash) {
      this.#hash = hash;
      const members = this.#byKey.get(hash);
      if (members === undefined) {
        this.#members = [object];
        this.#byKey.set(hash, this.#members);
        return;
      }
      this.#members = members;
    }
    this.#members.push(object);
  }

  /** An array of its own for each parent, no longer than its members: what grows by `push` keeps room for more. */
  membersOf(hash: Hash): object[] {
    return this.#byKey.get(hash)?.slice() ?? [];
  }
}

class FoundObjects implements Found {
  readonly objects: Map<Hash, object> = new Map();
  /** Keys for which there were several objects. */
  readonly several: Set<Hash> = new Set();

  add(hash: Hash, object: object): void {
    const first = this.objects.get(hash);
    if (first === undefined) this.objects.set(hash, object);
    else if (first !== object) this.several.add(hash);
  }
}

/** Keys in one statement where the database does not take a list as one parameter. */
const BATCH = 500;
/** The lengths of lists that are written out; a shorter list is filled up with its last key, so that few statements serve all lengths. */
const LENGTHS = [2, 8, 32, 128, BATCH];
const LIST = "__keys";

/** Selects the keys of the parents, for a load by subquery. */
export type ParentKeys = (columns: readonly Column[]) => Select;

/** A plan with the columns by which its rows find their parents. */
interface KeyedPlan {
  readonly plan: OrmPlan;
  readonly indexes: readonly number[];
  readonly converters: readonly (Converter | null)[];
}

/** A statement of the other side, with the columns by which its rows find their parents. */
interface KeyedStatement {
  readonly statement: Select;
  readonly keys: readonly ColumnElement[];
  readonly needed: readonly Column[];
}

/** How a statement is told the keys. */
type KeyForm = "one" | "list" | "subquery" | number;

export class RelationLoader implements PostLoader {
  readonly attribute: RelationAttribute;
  /** Columns of the parent that its rows are found by. */
  private readonly local: readonly Column[];
  private readonly single: boolean;
  private readonly plans: Map<Dialect, Map<KeyForm, KeyedPlan>> = new Map();
  /** Whether the condition is nothing but equal keys. */
  private readonly direct: boolean;
  private readonly fromIdentityMap: boolean;
  private readonly toParent: boolean;

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
    this.direct = relationship.join.simple;
    this.local = this.direct
      ? relationship.join.pairs.map((pair) => pair.local)
      : relationship.parent.primaryKey.map((a) => a.column);
    this.single = this.local.length === 1;
    this.toParent = relationship.direction === "manyToOne";
    this.fromIdentityMap =
      relationship.useGet &&
      (option === null || (option.criteria.length === 0 && option.to === null)) &&
      source.defaults.criteria.length === 0;
  }

  *load(run: LoadRun, states: readonly InstanceState[]): Op<void> {
    const { attribute } = this;
    const wanted: InstanceState[] = [];
    // Going down a tree to its end, rows may lead in a circle back to what is being loaded.
    const recursive = this.option?.recursionDepth != null;
    for (let i = 0; i < states.length; i++) {
      const state = states[i];
      if (!run.populateExisting && attribute.isLoaded(state) && !this.mayReplace(state)) continue;
      if ((!run.populateExisting && !recursive) || run.firstLoad(attribute, state)) wanted.push(state);
    }
    if (wanted.length > 0) yield* this.loadFor(run, wanted);
  }

  /** What was loaded in part and not changed since is no answer to another load. */
  private mayReplace(state: InstanceState): boolean {
    return state.extra !== null && state.isPartial(this.attribute) && state.committed?.has(this.attribute) !== true;
  }

  /** Loads the relationship for these objects whatever they have. */
  *loadFor(run: LoadRun, states: readonly InstanceState[]): Op<void> {
    const keyed: InstanceState[] = [];
    const hashes: Hash[] = [];
    const keys: Key[] = [];
    const seen: Set<Hash> = new Set();
    const present: InstanceState[] = [];
    for (let i = 0; i < states.length; i++) {
      const state = states[i];
      const key = this.keyOf(state) ?? (yield* this.fetchKey(run, state));
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
      const hash = this.single ? hashValue(key) : hashKey(key as readonly unknown[]);
      keyed.push(state);
      hashes.push(hash);
      if (seen.has(hash)) continue;
      seen.add(hash);
      keys.push(key);
    }
    if (keyed.length > 0) {
      if (this.relationship.uselist) yield* this.loadCollections(run, keyed, hashes, keys);
      else yield* this.loadObjects(run, keyed, hashes, keys);
    }
    if (present.length > 0 && this.node.relations.size > 0) yield* this.fillPresent(run, present);
  }

  private lookUp(run: LoadRun, key: Key): InstanceState | undefined {
    const { target } = this.relationship;
    const identity = target.identityKey(this.single ? [key] : this.targetKey(key as readonly unknown[]));
    const found = identity === null ? undefined : run.session.identity.get(target.base, identity, run.identityToken);
    return found !== undefined && !found.expired && !found.deleted && this.relationship.accepts(found.mapper)
      ? found
      : undefined;
  }

  /** The values of the pairs in the order of the target's primary key. */
  private targetKey(values: readonly unknown[]): readonly unknown[] {
    return this.relationship.identityColumns.map((column) => values[this.local.indexOf(column)]);
  }

  /** The key of an object's related rows; null where a part of it is NULL, undefined where a part is not loaded. */
  private keyOf(state: InstanceState): Key | null | undefined {
    if (this.single) return this.keyPart(state, this.local[0]);
    const values: unknown[] = new Array(this.local.length);
    for (let i = 0; i < values.length; i++) {
      const value = this.keyPart(state, this.local[i]);
      if (value === undefined || value === null) return value;
      values[i] = value;
    }
    return values;
  }

  private keyPart(state: InstanceState, column: Column): Key | null | undefined {
    const mapper = mapperOf(state);
    const attribute = mapper.attributeOf(column);
    // The rows on the other side know the key that the database has; a foreign key of our own may have been set just now.
    const value = this.toParent ? attribute.peek(state) : attribute.committedValue(state);
    if (value !== undefined || state.key === null) return value as Key | null | undefined;
    const at = mapper.primaryKey.indexOf(attribute);
    return at >= 0 ? (valuesOf(state.key)[at] as Key) : undefined;
  }

  private *fetchKey(run: LoadRun, state: InstanceState): Op<Key | null> {
    if (this.keyOf(state) === null) return null;
    const mapper = mapperOf(state);
    for (const column of this.local) {
      const attribute = mapper.attributeOf(column);
      if (!attribute.isLoaded(state) && !mapper.primaryKey.includes(attribute)) {
        if (state.key === null || !(yield* loadUnloaded(run.session, state, attribute))) return null;
      }
    }
    return this.keyOf(state) ?? null;
  }

  private *loadCollections(
    run: LoadRun,
    states: readonly InstanceState[],
    hashes: readonly Hash[],
    keys: readonly Key[],
  ): Op<void> {
    const found = new FoundMembers();
    yield* this.fetch(run, states, keys, found);
    const attribute = this.attribute as ToManyAttribute;
    if (this.option?.page?.isPart !== true) {
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
        run.session.warn(
          `Several rows were found for ${this.relationship.label} of ${states[i].describe()}, which holds one object: the first is kept.`,
        );
      }
      (this.attribute as ToOneAttribute).setCommitted(states[i], objects.get(hashes[i]) ?? null);
    }
  }

  /** Reads the rows of all keys, and hands each object out with the hash of its parents' key. */
  private *fetch<F extends Found>(
    run: LoadRun,
    states: readonly InstanceState[],
    keys: readonly Key[],
    found: F,
  ): Op<F> {
    const { mapper } = this.target;
    const connection = yield* run.session.connectionFor(mapper, readOf(mapper), run.bindArguments);
    const { dialect } = connection;
    const heard = run.session.hearsLoads;
    if (this.parentKeys !== null && dialect === this.source.dialect) {
      const keyed = heard
        ? yield* this.heardPlan(run, dialect, "subquery", run.named, states)
        : this.planFor(dialect, "subquery");
      yield* this.fetchWith(run, connection, keyed, run.named, found);
      return found;
    }
    const asOne = this.single && dialect.capabilities.arrayParameters;
    const size = asOne ? keys.length : BATCH;
    for (let start = 0; start < keys.length; start += size) {
      const batch = size >= keys.length ? keys : keys.slice(start, start + size);
      const form: KeyForm =
        batch.length === 1 ? "one" : asOne ? "list" : (LENGTHS.find((length) => length >= batch.length) as number);
      const named = namedKeys(form, batch, this.single, run.named);
      const keyed = heard ? yield* this.heardPlan(run, dialect, form, named, states) : this.planFor(dialect, form);
      yield* this.fetchWith(run, connection, keyed, named, found);
    }
    return found;
  }

  /** The plan of the statement as listeners of `doOrmExecute` leave it. */
  private *heardPlan(
    run: LoadRun,
    dialect: Dialect,
    form: KeyForm,
    named: LoadRun["named"],
    states: readonly InstanceState[],
  ): Op<KeyedPlan> {
    const keyed = this.keyedStatement(dialect, form);
    const { relationship } = this;
    const heard = yield* run.session.announceLoad({
      statement: keyed.statement,
      params: named ?? {},
      kind: "relationship",
      relationship,
      states,
    });
    if (heard === keyed.statement) return this.planFor(dialect, form);
    const { defaults } = new OptionTree(heard.loadOptions, [this.target]);
    const whereCriteria = [...heard.whereCriteria, ...defaults.addedCriteria(this.target)];
    return this.planOf(dialect, { ...keyed, statement: heard.with({ whereCriteria, loadOptions: [] }) });
  }

  private *fetchWith(
    run: LoadRun,
    connection: LoadRun["connection"],
    keyed: KeyedPlan,
    named: LoadRun["named"],
    found: Found,
  ): Op<void> {
    const { plan, indexes, converters } = keyed;
    const inner = new LoadRun(run.session, connection, run.binds, named, run.populateExisting, run);
    const { rows } = yield* connection.run(plan.compiled, plan.params(run.binds, named));
    const loader = plan.entity ?? unreachable();
    const single = indexes.length === 1 && converters[0] === null ? indexes[0] : -1;
    // With a collection joined to them, members come once for each of its rows.
    const met = plan.hasCollections ? new Map<Hash, Set<object>>() : null;
    for (let i = 0; i < rows.length; i++) {
      const row = rows[i];
      // The key is read first: the row may become the storage of its object, without the columns behind.
      const value = single >= 0 ? row[single] : undefined;
      const hash =
        typeof value === "number" || typeof value === "string" ? value : hashKey(readKey(row, indexes, converters));
      const object = loader.load(inner, row);
      if (object !== null && (met === null || isFirst(met, hash, object))) found.add(hash, object);
    }
    plan.finishRows(inner);
    yield* plan.fill(inner);
  }

  /** Objects that were there already are given what the options say of them. */
  private *fillPresent(run: LoadRun, present: readonly InstanceState[]): Op<void> {
    const { mapper } = this.target;
    const connection = yield* run.session.connectionFor(mapper, readOf(mapper), run.bindArguments);
    const { plan } = this.planFor(connection.dialect, this.parentKeys === null ? "one" : "subquery");
    const inner = new LoadRun(run.session, connection, run.binds, run.named, run.populateExisting, run);
    for (const state of present) plan.entity?.variantFor(mapperOf(state)).noteMet(inner, state);
    yield* plan.fill(inner);
  }

  private get target(): OrmEntity {
    return this.option?.to ?? (this.relationship.alias as OrmEntity | null) ?? entityOf(this.relationship.target);
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
    const { statement, keys, needed } = this.statement();
    const whereCriteria = [...statement.whereCriteria, this.keyCondition(keys, form, dialect)];
    const keyed = { statement: statement.with({ whereCriteria }), keys, needed };
    const page = this.option?.page ?? null;
    return page === null ? keyed : this.paged(keyed, page);
  }

  private planOf(dialect: Dialect, { statement, keys, needed }: KeyedStatement): KeyedPlan {
    const source = dialect === this.source.dialect ? this.source : this.source.forDialect(dialect);
    const { target } = this;
    const plan = source.plan(statement, this.node, [...this.path, target.mapper], needed);
    const columns = plan.compiled.resultColumns ?? [];
    // Keys that belong to the other side's own columns are read from there, those of an association from behind them.
    const indexes = keys.map((key) => columns.findIndex((column) => strip(column.element) === strip(key)));
    return { plan, indexes, converters: keys.map((key) => converterOf(key.type, dialect)) };
  }

  /** The rows of the other side, with the columns that hold the parents' key. */
  private statement(): KeyedStatement {
    const { relationship, target } = this;
    const { secondary, secondaryJoin, pairs } = relationship.join;
    const criteria = [...(this.option?.criteria ?? []), ...this.source.defaults.criteriaFor(target)];
    const remote = (column: Column): ColumnElement => target.columnFor(column);
    let keys: readonly ColumnElement[];
    let froms: readonly From[] = [];
    let order: readonly ColumnElement[];
    if (!this.direct) {
      // The condition may say anything: the parents are joined under another name.
      const parent = aliasOf(relationship.parent, null);
      const along = new InstrumentedRelation(parent, relationship, target);
      let from = parent.from;
      for (const step of along.stepsTo(target)) from = new Join(from, step.right, step.on, "inner") as From;
      froms = [from];
      keys = this.local.map((column) => parent.columnFor(column));
      order = along.orderFor(target);
    } else {
      order = new InstrumentedRelation(target, relationship).orderFor(target);
      if (secondary !== null && secondaryJoin !== null) {
        const on = relationship.condition(secondaryJoin, (column) => column, remote);
        froms = [new Join(secondary as unknown as From, target.from, on, "inner") as From];
        keys = pairs.map((pair) => pair.remote);
      } else keys = pairs.map((pair) => remote(pair.remote));
    }
    const needed =
      this.direct && secondary === null
        ? pairs.map((pair) => pair.remote).filter((column) => target.mapper.byColumn.has(column))
        : [];
    const behind = needed.length === keys.length ? [] : keys;
    const statement = new Select([target, ...behind], []).with({
      fromObjects: froms,
      whereCriteria: criteria,
      orderByClauses: order,
    });
    return { statement, keys, needed };
  }

  /** Only the members of certain places among those of their parent: numbered in a subquery that has their keys alone. */
  private paged({ statement, keys, needed }: KeyedStatement, page: MemberPage): KeyedStatement {
    const { target } = this;
    const order =
      page.orderBy.length === 0
        ? statement.orderByClauses
        : page.orderBy.map((each) => adapt(each, page.entity, target));
    if (!page.counts) return { statement: statement.with({ orderByClauses: order }), keys, needed };
    const identity = target.mapper.primaryKey.map(({ column }) => target.columnFor(column));
    const place = func.rowNumber().over({ partitionBy: keys as never, orderBy: [...order, ...identity] as never });
    const numbered = new Select(
      [
        ...identity.map((column, i) => new Label(`i${i}`, column)),
        ...keys.map((key, i) => new Label(`k${i}`, key)),
        new Label("place", place as unknown as ColumnElement),
      ],
      [],
    )
      .with({ fromObjects: statement.fromObjects, whereCriteria: statement.whereCriteria })
      .subquery();
    const of = (name: string): ColumnElement => numbered.column(name);
    const on = conjunction(
      operators.and,
      identity.map((column, i) => column.eq(of(`i${i}`))),
    );
    const places = [of("place").gt(page.offset)];
    if (page.limit !== null) places.push(of("place").le(page.offset + page.limit));
    const outer = keys.map((_, i) => of(`k${i}`));
    return {
      statement: new Select([target, ...outer], []).with({
        fromObjects: [new Join(target.from, numbered as unknown as From, on, "inner") as From],
        whereCriteria: places,
        orderByClauses: [of("place")],
      }),
      keys: outer,
      needed: [],
    };
  }

  private keyCondition(keys: readonly ColumnElement[], form: KeyForm, dialect: Dialect): ColumnElement {
    if (form === "subquery") return this.subqueryCondition(keys, dialect);
    if (form === "list") {
      const [key] = keys;
      return key.in(new BindParameter(undefined, key.type, LIST, true, true, null, LIST));
    }
    if (form === "one") {
      return conjunction(
        operators.and,
        keys.map((key, j) => key.eq(keyBind(key, 0, j))),
      );
    }
    const rows = Array.from({ length: form }, (_, i) => keys.map((key, j) => keyBind(key, i, j)));
    if (keys.length === 1) return keys[0].in(rows.map(([bind]) => bind));
    if (dialect.capabilities.tupleIn && !dialect.capabilities.arrayParameters) {
      return new TupleElement(keys).in(rows.map((row) => new TupleElement(row)));
    }
    return conjunction(
      operators.or,
      rows.map((row) =>
        conjunction(
          operators.and,
          row.map((bind, j) => keys[j].eq(bind)),
        ),
      ),
    );
  }

  private subqueryCondition(keys: readonly ColumnElement[], dialect: Dialect): ColumnElement {
    const parents = (this.parentKeys as ParentKeys)(this.local).subquery();
    const query = new Select([...parents.columns], []);
    if (keys.length === 1)
      return keys[0].in(new ScalarSelect(query as unknown as ConstructorParameters<typeof ScalarSelect>[0]));
    if (dialect.capabilities.tupleIn) {
      return new TupleElement(keys).in(
        new ScalarSelect(query as unknown as ConstructorParameters<typeof ScalarSelect>[0]),
      );
    }
    const equal = parents.columns.map((column, i) => column.eq(keys[i]));
    return new Exists(query.with({ whereCriteria: equal }) as unknown as ConstructorParameters<typeof Exists>[0]);
  }
}

function keyBind(key: ColumnElement, row: number, part: number): BindParameter {
  return new BindParameter(undefined, key.type, `${LIST}_${row}_${part}`, false, true, null, LIST);
}

function namedKeys(
  form: KeyForm,
  batch: readonly Key[],
  single: boolean,
  named: LoadRun["named"],
): Record<string, unknown> {
  const values: Record<string, unknown> = { ...named };
  if (form === "list") values[LIST] = batch;
  else {
    const length = form === "one" ? 1 : (form as number);
    for (let i = 0; i < length; i++) {
      const key = batch[Math.min(i, batch.length - 1)];
      if (single) values[`${LIST}_${i}_0`] = key;
      else
        (key as readonly unknown[]).forEach((part, j) => {
          values[`${LIST}_${i}_${j}`] = part;
        });
    }
  }
  return values;
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

/** One hash for equal keys, whether they came from an attribute or from a row. */
function hashKey(values: readonly unknown[]): Hash {
  return values.length === 1 ? hashValue(values[0]) : values.map(hashPart).join("\u0001");
}

function hashValue(value: unknown): Hash {
  if (typeof value === "number" || typeof value === "string") return value;
  if (typeof value === "bigint") return BigInt(Number(value)) === value ? Number(value) : value;
  return hashPart(value);
}

function hashPart(value: unknown): string {
  if (value instanceof Date) return `d${value.getTime()}`;
  if (value instanceof Uint8Array) return `u${Buffer.from(value).toString("hex")}`;
  return typeof value === "string"
    ? `s${value.length}:${value}`
    : `${typeof value === "bigint" ? "number" : typeof value}:${String(value)}`;
}

function strip(element: unknown): unknown {
  let each = element as { readonly visitName?: string; readonly element?: unknown };
  while (each.visitName === "AnnotatedColumn" || each.visitName === "Label") each = each.element as typeof each;
  return each;
}

function unreachable(): never {
  throw new Error("A relationship's plan has one entity.");
}

function isFirst(met: Map<Hash, Set<object>>, hash: Hash, object: object): boolean {
  const seen = met.get(hash);
  if (seen === undefined) met.set(hash, new Set([object]));
  else if (seen.has(object)) return false;
  else seen.add(object);
  return true;
}
