/**
 * What a mapped class is: its tables, its attributes in slot order, its identity, its place in an inheritance hierarchy, and its relationships:
 * which rows belong together and which keys flow which way. A mapper is made when its class is declared and filled by the registry's configuration.
 */
import type { ColumnElement } from "../../sql/element.js";
import type { EntityElement } from "../../sql/entity.js";
import { InvalidRequestError } from "../../sql/errors.js";
import { Node } from "../../sql/node.js";
import type { Column } from "../../sql/schema/column.js";
import type { Table } from "../../sql/schema/table.js";
import type { Attribute } from "../attributes/attribute.js";
import type { ColumnAttribute } from "../attributes/column-attribute.js";
import type { RelationAttribute, RelationTraits } from "../attributes/relation-attribute.js";
import type { CascadeOperation, Cascades } from "../cascades.js";
import type { History } from "../history.js";
import {
  CompositeKey,
  type IdentityKey,
  type InstanceState,
  type SessionPort,
  type StateMapper,
  tokenOf,
} from "../state.js";
import { isUnset } from "../unset.js";
import type { AnyClass, LazyStrategy, MapperOptions, RelationDeclarationOptions, Variant } from "./declarations.js";
import type { Descriptor } from "./descriptor.js";
import { keyValuesOf } from "./key-values.js";
import { betweenOthers, type Direction, type RelationshipJoin, type SyncPair } from "./relationship-join.js";
import type { TypeTag } from "./type-tag.js";

/** What a mapper needs of its registry. */
export interface MapperRegistry {
  /** Works out all mappings that are not yet; cheap when there is nothing to do. */
  configure(): void;
}

/** A mapped class: one for each class, shared by all sessions. SQLAlchemy: `Mapper`. */
export class Mapper implements StateMapper {
  static #count = 0;

  /** The position in the order of declaration, for stable sorting. */
  readonly order: number;
  /** Data of the user's own. */
  readonly info: Record<string, unknown>;
  /** Makes an empty instance for a loaded row. */
  newInstance!: () => object;

  /** All attributes by name, those of superclasses first. */
  readonly attributes: Map<string, Attribute> = new Map();
  /** In slot order; a subclass's begin with its superclass's. */
  readonly columnAttributes: ColumnAttribute[] = [];
  readonly byColumn: Map<Column, ColumnAttribute> = new Map();
  /** Names that stand for other attributes: hybrids, synonyms, composites. */
  readonly descriptors: Map<string, Descriptor> = new Map();
  primaryKey: ColumnAttribute[] = [];
  version: ColumnAttribute | null = null;
  /** SQL expressions whose values a write of the row makes stale. */
  readonly expiredByFlush: ColumnAttribute[] = [];
  #bigintKey: boolean | undefined;

  readonly relationships: Relationship[] = [];
  /** How many places for relationships the state of an object has. */
  relationSlots = 0;
  /** Relationships that point here with a delete-orphan cascade. */
  readonly orphanedBy: Relationship[] = [];
  /** Many-to-ones of any class that point at this one. */
  readonly referrers: Relationship[] = [];
  readonly #cascading: Map<CascadeOperation, { readonly count: number; readonly list: readonly Relationship[] }> =
    new Map();

  /** Tables from the root of the hierarchy down; one but for joined-table inheritance. */
  tables: Table[] = [];
  /** The root of the hierarchy: identity belongs to it. */
  base: Mapper = this;
  inherits: Mapper | null = null;
  readonly subclasses: Mapper[] = [];
  readonly #alone: readonly Mapper[] = [this];
  /** Whether it is a subclass without a table of its own. SQLAlchemy: `single`. */
  single = false;
  /** The superclass of a class with `concrete: true`, which shares nothing with it but the class hierarchy. */
  concreteBase: Mapper | null = null;
  /** Classes with `concrete: true` right below this one. */
  readonly concretes: Mapper[] = [];
  polymorphicOn: ColumnAttribute | null = null;
  /** Discriminator value -> mapper; shared by the whole hierarchy. */
  polymorphicMap: Map<unknown, Mapper> = new Map();

  constructor(
    public cls: AnyClass,
    readonly registry: MapperRegistry,
    readonly options: MapperOptions,
  ) {
    this.order = ++Mapper.#count;
    this.info = { ...options.info };
  }

  get className(): string {
    return this.cls.name;
  }
  get columnSlots(): number {
    return this.columnAttributes.length;
  }
  get constructs(): boolean {
    return this.options.construct ?? false;
  }
  /** The table of the class itself. */
  get table(): Table {
    return this.tables[this.tables.length - 1];
  }
  get polymorphicIdentity(): string | number | undefined {
    return this.options.polymorphicIdentity;
  }

  /** Gives a new object what its class decides: the discriminator of its hierarchy. @throws InvalidRequestError for a class that has no objects of its own */
  initialize(state: InstanceState): void {
    if (this.options.polymorphicAbstract === true)
      throw new InvalidRequestError(
        `${this.className} is mapped with polymorphicAbstract: true: make an object of one of the classes below it.`,
      );
    if (this.polymorphicIdentity !== undefined && this.polymorphicOn?.writable === true)
      this.polymorphicOn.set(state, this.polymorphicIdentity);
  }

  /** Whether objects of this mapper are objects of `other`. */
  isA(other: StateMapper): boolean {
    for (let mapper: Mapper | null = this; mapper !== null; mapper = mapper.inherits) if (mapper === other) return true;
    return false;
  }

  /** Whether a query on `other` gives objects of this mapper: they are its objects, or those of a class with a table of its own below it. */
  isAmong(other: StateMapper): boolean {
    for (let mapper: Mapper | null = this; mapper !== null; mapper = mapper.base.concreteBase)
      if (mapper.isA(other)) return true;
    return false;
  }

  /** This mapper and all below it. */
  selfAndDescendants(): readonly Mapper[] {
    if (this.subclasses.length === 0) return this.#alone;
    const found: Mapper[] = [];
    const stack: Mapper[] = [this];
    while (stack.length > 0) {
      const mapper = stack.pop() as Mapper;
      found.push(mapper);
      stack.push(...mapper.subclasses);
    }
    return found;
  }

  /** Whether the class has no table: a topmost one with `concrete: true` and no objects of its own. SQLAlchemy: `AbstractConcreteBase`. */
  get tableless(): boolean {
    const { concrete, polymorphicAbstract } = this.options;
    return concrete === true && polymorphicAbstract === true && this.concreteBase === null;
  }

  /** The classes that a query on this one unites: itself and those with `concrete: true` below it. */
  get united(): readonly Mapper[] {
    const found: Mapper[] = [this];
    for (const each of found) found.push(...each.concretes);
    return found;
  }

  /** Many-to-ones of any class that point here or at a superclass. */
  get pointedAt(): readonly Relationship[] {
    const inherited = this.inherits?.pointedAt ?? [];
    return inherited.length === 0 ? this.referrers : [...inherited, ...this.referrers];
  }

  /** The relationships that an operation follows. */
  cascading(operation: CascadeOperation): readonly Relationship[] {
    const count = this.relationships.length;
    let known = this.#cascading.get(operation);
    // Relationships may be added to a mapped class.
    if (known?.count !== count) {
      known = { count, list: this.relationships.filter(({ cascades }) => cascades.has(operation)) };
      this.#cascading.set(operation, known);
    }
    return known.list;
  }

  /** An attribute by name. @throws InvalidRequestError with the names there are */
  attribute(name: string): Attribute {
    const attribute = this.attributes.get(name);
    if (attribute === undefined) throw this.noAttribute(name);
    return attribute;
  }

  /** What holds the value of an attribute: itself, or what a descriptor stands for. @throws InvalidRequestError with the names there are */
  attributesBehind(name: string): readonly Attribute[] {
    const behind = this.descriptors.get(name)?.behind ?? [];
    return behind.length > 0 ? behind.flatMap((each) => this.attributesBehind(each)) : [this.attribute(name)];
  }

  /** The change of an attribute, or of what a descriptor makes of several, from memory. @throws InvalidRequestError with the names there are */
  historyOf(state: InstanceState, name: string): History {
    const history = this.descriptors.get(name)?.history((key) => this.historyOf(state, key));
    return history ?? this.attribute(name).history(state);
  }

  /** Whether an object's property of this name belongs to the mapping. */
  maps(name: string): boolean {
    return this.attributes.has(name) || (this.descriptors.size > 0 && this.descriptors.has(name));
  }

  /** SQLAlchemy: `composites`. */
  get composites(): readonly Descriptor[] {
    return [...this.descriptors.values()].filter((each) => each.kind === "composite");
  }

  /** SQLAlchemy: `synonyms`. */
  get synonyms(): readonly Descriptor[] {
    return [...this.descriptors.values()].filter((each) => each.kind === "synonym");
  }

  noAttribute(name: string): InvalidRequestError {
    const names = [...this.attributes.keys(), ...this.descriptors.keys()];
    return new InvalidRequestError(`${this.className} has no mapped attribute "${name}". It has: ${names.join(", ")}.`);
  }

  relationship(name: string): Relationship | undefined {
    return this.relationships.find((r) => r.key === name);
  }

  /** The attribute of a column; of one of a superclass with a table of its own, that of its name. @throws InvalidRequestError */
  attributeOf(column: Column): ColumnAttribute {
    const attribute = this.byColumn.get(column) ?? this.#namedAs(column);
    if (attribute === undefined) {
      throw new InvalidRequestError(
        `Column ${column.table?.name ?? "?"}.${column.name} is not mapped by ${this.className}.`,
      );
    }
    return attribute;
  }

  #namedAs(column: Column): ColumnAttribute | undefined {
    const above = this.base.concreteBase;
    if (above === null) return undefined;
    const named = above.byColumn.get(column) ?? above.#namedAs(column);
    return named === undefined ? undefined : (this.attributes.get(named.key) as ColumnAttribute | undefined);
  }

  /** The identity key of primary key values; null where one of them is missing, where all are NULL, and where some are and `allowPartialPks` is false. */
  identityKey(values: readonly unknown[]): IdentityKey | null {
    if (values.length === 1) {
      const key = this.#plainKey(values[0]);
      if (key !== undefined) return key;
    }
    const parts: string[] = [];
    let nulls = 0;
    for (const value of values) {
      // A key that is an SQL expression is known once the row is written.
      if (value === undefined || value instanceof Node) return null;
      if (value === null) nulls++;
      parts.push(hashPart(value));
    }
    if (nulls > 0 && (nulls === values.length || this.base.options.allowPartialPks === false)) return null;
    return new CompositeKey(parts.join("\u0001"), values);
  }

  /** One row, one key, however a caller wrote the number: a BigInteger column's as bigint, any other as number. */
  #plainKey(value: unknown): IdentityKey | undefined {
    switch (typeof value) {
      case "string":
        return value;
      case "number":
        return this.bigintKey && Number.isSafeInteger(value) ? BigInt(value) : value;
      case "bigint":
        return !this.bigintKey && this.primaryKey[0].type.family === "integer" && BigInt(Number(value)) === value
          ? Number(value)
          : value;
      default:
        return undefined;
    }
  }

  /** Whether the key column is read as `bigint`. */
  get bigintKey(): boolean {
    this.#bigintKey ??= this.primaryKey[0].type.visitName === "visitBigInteger";
    return this.#bigintKey;
  }

  /** The identity key that an object's attributes spell, null where one is missing. */
  identityKeyOf(state: InstanceState): IdentityKey | null {
    const { primaryKey } = this;
    if (primaryKey.length === 1) {
      const value = primaryKey[0].peek(state);
      return this.#plainKey(value) ?? this.identityKey([value]);
    }
    return this.identityKey(primaryKey.map((attribute) => attribute.peek(state)));
  }

  /**
   * Primary key values as `get` takes them: one value, a tuple, an object of key attributes, or a composite over them.
   * @throws ArgumentError naming the class and the key's attributes
   */
  keyValues(ident: unknown): readonly unknown[] {
    if (typeof ident !== "object" && ident !== undefined && this.primaryKey.length === 1) return [ident];
    return keyValuesOf(this, ident);
  }

  toString(): string {
    return `Mapper(${this.className})`;
  }
}

function hashPart(value: unknown): string {
  switch (typeof value) {
    case "string":
      return `s${value.length}:${value}`;
    case "number":
    case "bigint":
      return `n${String(value)}`;
    case "boolean":
      return `b${String(value)}`;
    default:
      return value instanceof Date ? `d${value.getTime()}` : `o${JSON.stringify(value)}`;
  }
}

/** The mapper of a state: the one place that knows that a state's mapper is a Mapper. */
export function mapperOf(state: InstanceState): Mapper {
  return state.mapper as Mapper;
}

export class Relationship implements RelationTraits {
  attribute!: RelationAttribute;
  target!: Mapper;
  join!: RelationshipJoin;
  /** The alias or subquery that the relationship leads to instead of the target's own tables. */
  alias: EntityElement | null = null;
  cascades!: Cascades;
  /** The relationships that `backPopulates` ties to this one. */
  readonly reverseRelationships: Relationship[] = [];
  /** Only those that events keep in step. */
  readonly reverse: RelationAttribute[] = [];
  /** Made from the declaration: expressions over the target's columns. */
  orderBy: readonly ColumnElement[] = [];
  trackParent = false;
  activeHistory = false;
  /** A many-to-one that refers to its target's whole primary key: answered by the identity map. */
  useGet = false;
  /** Of a relation to one of several classes, or a side that faces it: which of the classes. */
  variant: Variant | null = null;
  /** What tells that a row refers to that class, where one key serves for all. */
  tag: TypeTag | null = null;
  /** Each flush makes sure that what it refers to is there. */
  checked = false;
  /** The relationships to, or from, the other classes. */
  rivals: readonly Relationship[] = [];
  /** Data of the user's own. */
  readonly info: Record<string, unknown>;
  #syncPairs: readonly SyncPair[] | null = null;
  /** For each column of the target's primary key the parent column that holds it, where `useGet`. */
  identityColumns: readonly Column[] = [];

  constructor(
    readonly parent: Mapper,
    readonly key: string,
    readonly options: RelationDeclarationOptions,
  ) {
    this.info = { ...options.info };
  }

  get label(): string {
    return `${this.parent.className}.${this.key}`;
  }
  /** The property that the user reads: of a relation to one of several classes, the one for all. */
  get property(): string {
    return this.variant !== null && this.direction === "manyToOne" ? this.variant.of : this.key;
  }
  get targetName(): string {
    return this.target.className;
  }
  get direction(): Direction {
    return this.join.direction;
  }
  get uselist(): boolean {
    return this.attribute.uselist;
  }
  get viewonly(): boolean {
    return this.options.viewonly ?? false;
  }
  get singleParent(): boolean {
    return this.options.singleParent ?? false;
  }
  get lazy(): LazyStrategy {
    return this.options.lazy ?? "select";
  }
  get passiveDeletes(): boolean | "all" {
    return this.options.passiveDeletes ?? false;
  }
  get passiveUpdates(): boolean {
    return this.options.passiveUpdates ?? true;
  }
  get postUpdate(): boolean {
    return this.options.postUpdate ?? false;
  }
  /** Whether rows belong together when their keys are equal, and name this class where there are several. */
  get byKeys(): boolean {
    return this.join.simple || this.tag !== null;
  }
  get selfReferential(): boolean {
    return this.parent.base === this.target.base;
  }

  /** Keys from the parent (one-to-many, many-to-many) or from the target (many-to-one). */
  get syncPairs(): readonly SyncPair[] {
    if (this.#syncPairs === null) {
      const { direction, pairs } = this.join;
      this.#syncPairs =
        direction === "manyToOne"
          ? pairs.map(({ local, remote }) => ({ source: remote, dest: local }))
          : pairs.map(({ local, remote }) => ({ source: local, dest: remote }));
    }
    return this.#syncPairs;
  }

  /** Keys from the target into the association row. */
  get secondarySyncPairs(): readonly SyncPair[] {
    return this.join.secondaryPairs.map(({ local, remote }) => ({ source: remote, dest: local }));
  }

  /** Whether members may be of classes that have tables, and so attributes, of their own. */
  get mixes(): boolean {
    return this.target.concretes.length > 0;
  }

  reverseFor(mapper: StateMapper): readonly RelationAttribute[] {
    return this.mixes ? this.reverse.filter(({ owner }) => (mapper as Mapper).isA(owner)) : this.reverse;
  }

  accepts(mapper: StateMapper): boolean {
    if ((mapper as Mapper).isA(this.target)) return true;
    // Their rows refer to this one as those of the target do. A key that refers to a row is one of the target's own table.
    if (this.mixes && this.direction === "oneToMany" && (mapper as Mapper).isAmong(this.target)) return true;
    return this.options.enableTypechecks === false && (mapper as Mapper).base === this.target.base;
  }

  /** An object that lost one of the parents without which it may not exist. */
  isOrphan(member: InstanceState): boolean {
    return isOrphan(member);
  }

  fromMemory(
    state: InstanceState,
    session: SessionPort,
    committed: boolean,
    evenExpired = false,
  ): object | null | undefined {
    if (!this.useGet) return undefined;
    if (this.tag !== null) {
      const here = this.tag.holds(state, committed);
      if (here !== true) return here === false ? null : undefined;
    }
    const values: unknown[] = [];
    let nulls = 0;
    for (const column of this.identityColumns) {
      const attribute = (state.mapper as Mapper).attributeOf(column);
      // What was before a change and is not known may have been anything: the present value it was not.
      const unknown =
        committed && state.committed?.has(attribute) === true && state.committed.get(attribute) === undefined;
      const value = unknown ? null : committed ? attribute.committedValue(state) : attribute.peek(state);
      if (value === undefined) return undefined;
      if (value === null) nulls++;
      values.push(value);
    }
    // A key that is null in part only may be matched by a row: it is asked for.
    if (nulls > 0) return nulls === values.length ? null : undefined;
    const key = this.target.identityKey(values);
    if (key === null) return null;
    const found = session.lookup(this.target.base, key, tokenOf(state));
    if (found === undefined || (found.expired && !evenExpired)) return undefined;
    return this.accepts(found.mapper) ? found.object : null;
  }

  keyUnset(state: InstanceState): boolean {
    return (
      this.useGet &&
      this.identityColumns.some((column) => {
        const attribute = (state.mapper as Mapper).attributeOf(column);
        return attribute.peek(state) === null && isUnset(state, attribute);
      })
    );
  }

  /** The strategy in force for one object: its statement's options, else the mapping's. */
  strategyFor(state: InstanceState): string {
    return state.origin?.options?.strategyFor(this.key) ?? this.unnamedStrategyFor(state);
  }

  /** The same where no option names the relationship: eager loading of objects of the same class ends where it began. */
  private unnamedStrategyFor(state: InstanceState): string {
    const strategy = state.origin?.options?.strategyForOthers ?? this.lazy;
    const circles = state.mapper === this.target && this.options.joinDepth === undefined;
    return circles && EAGERLY.has(strategy) ? "select" : strategy;
  }

  /** The strategy for reading it where it is not loaded: a later statement that met the object may have said another, and what expires forgets them. */
  private readStrategyFor(state: InstanceState): string {
    if (state.expired) return this.lazy;
    const since = state.extra?.saidSince;
    return since?.strategyFor(this.key) ?? since?.strategyForOthers ?? this.strategyFor(state);
  }

  neverLoads(state: InstanceState): boolean {
    return this.readStrategyFor(state) === "noload";
  }

  refuses(state: InstanceState, sqlNeeded: boolean): boolean {
    const strategy = this.readStrategyFor(state);
    return strategy === "raise" || (strategy === "raise_on_sql" && sqlNeeded);
  }

  checkRaise(state: InstanceState, sqlNeeded: boolean): void {
    if (!this.refuses(state, sqlNeeded)) return;
    throw new InvalidRequestError(
      `"${this.label}" is not available on ${state.describe()} due to lazy: "${this.readStrategyFor(state)}" (raiseload). ` +
        `Load it with the statement, for example options(selectinload(${this.parent.className}, (x) => x.${this.property})).`,
    );
  }

  /**
   * The condition between rows of the parent (or of the association table) and rows of the target.
   * @param local what stands for a column of the near side
   * @param remote what stands for a column of the far side
   */
  condition(
    expression: ColumnElement,
    local: (c: Column) => ColumnElement,
    remote: (c: Column) => ColumnElement,
  ): ColumnElement {
    const { parent, target, join } = this;
    return betweenOthers(expression, [...parent.tables, ...target.tables, join.secondary], local, remote);
  }

  toString(): string {
    return this.label;
  }
}

/** The one among several whose class is the object's, or the nearest above it. */
export function nearest<T>(choices: readonly T[], classOf: (choice: T) => Mapper, mapper: Mapper): T | undefined {
  for (let at: Mapper | null = mapper; at !== null; at = at.inherits) {
    const found = choices.find((each) => classOf(each) === at);
    if (found !== undefined) return found;
  }
  return undefined;
}

/** Strategies that load a relationship together with its object. */
export const EAGERLY: ReadonlySet<string> = new Set(["selectin", "joined", "subquery", "immediate"]);

/** SQLAlchemy: `Mapper._is_orphan`. */
export function isOrphan(member: InstanceState): boolean {
  for (let mapper = member.mapper as Mapper | null; mapper !== null; mapper = mapper.inherits) {
    for (const relationship of mapper.orphanedBy) {
      if (relationship.attribute.hasParent(member, member.key !== null)) continue;
      // Of several classes one has it.
      if (!relationship.rivals.some((rival) => rival.attribute.hasParent(member, false))) return true;
    }
  }
  return false;
}
