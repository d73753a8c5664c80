/** What the options of a statement say of one place along a path: what is loaded there, and how. Of two that speak of one thing the last wins. */
import type { ColumnElement } from "../../sql/element.js";
import type { LoadOption } from "../../sql/entity.js";
import { ArgumentError, InvalidRequestError } from "../../sql/errors.js";
import type { ColumnAttribute } from "../attributes/column-attribute.js";
import type { Mapper } from "../mapping/mapper.js";
import { entityWith } from "./entity.js";
import { adapt, type InstrumentedRelation } from "./instrumented-relation.js";
import { LoaderOption } from "./loader-option.js";
import {
  BranchStep,
  type ColumnAction,
  ColumnStep,
  ExpressionStep,
  type LoaderCriteria,
  type MemberPage,
  type OptionStep,
  PolymorphicStep,
  RelationStep,
  type Strategy,
  WildcardStep,
} from "./option-steps.js";
import type { OrmEntity } from "./orm-entity.js";

/** What holds for all places of a statement. */
export class OptionDefaults {
  /** Whether the statement has any options. */
  given = false;
  /** Whether options of the application's own go with what the statement loads. */
  carries = false;
  /** How all relationships are loaded that have no option. */
  strategy: Strategy | null = null;
  /** What is done to all columns that have no option. */
  columns: ColumnAction | null = null;
  readonly criteria: LoaderCriteria[] = [];
  /** What holds where no option goes. */
  readonly nowhere: OptionNode = new OptionNode(this);
  #forLoaders: OptionDefaults | null = null;

  get empty(): boolean {
    return this.strategy === null && this.columns === null && this.criteria.length === 0 && !this.carries;
  }

  /** The conditions on an appearance of a class: its discriminator, and those of `withLoaderCriteria`. */
  criteriaFor(entity: OrmEntity): readonly ColumnElement[] {
    const found: ColumnElement[] = entity.criterion === null ? [] : [entity.criterion];
    return [...found, ...this.statedCriteria(entity)];
  }

  /** The conditions of `withLoaderCriteria` on something that the statement names itself: aliases only where they are meant to be included. */
  statedCriteria(entity: OrmEntity): readonly ColumnElement[] {
    return this.addedCriteria(entity, entity.aliased && entity.polymorphic.length === 1);
  }

  /** What holds for the lazy loads of objects that are loaded. */
  get forLoaders(): OptionDefaults {
    if (this.criteria.every((each) => each.propagateToLoaders)) return this;
    this.#forLoaders ??= this.#propagated();
    return this.#forLoaders;
  }

  #propagated(): OptionDefaults {
    const defaults = new OptionDefaults();
    defaults.given = this.given;
    defaults.carries = this.carries;
    defaults.strategy = this.strategy;
    defaults.columns = this.columns;
    for (const each of this.criteria) if (each.propagateToLoaders) defaults.criteria.push(each);
    return defaults;
  }

  /** The conditions of `withLoaderCriteria` alone. */
  addedCriteria(entity: OrmEntity, isOwnAlias = false): readonly ColumnElement[] {
    const found: ColumnElement[] = [];
    for (const { entities, conditions, includeAliases } of this.criteria) {
      if (isOneAlias(entities[0])) {
        if (entities[0].isSame(entity)) found.push(adapt(conditions[0], entities[0], entity));
        continue;
      }
      if (isOwnAlias && !includeAliases) continue;
      // The nearest class decides, where a mixin stands on several of a hierarchy.
      let nearest = -1;
      entities.forEach((each, i) => {
        if (entity.mapper.isA(each.mapper) && (nearest < 0 || each.mapper.isA(entities[nearest].mapper))) nearest = i;
      });
      if (nearest >= 0) found.push(adapt(conditions[nearest], entities[nearest], entity));
    }
    return found;
  }
}

/** Whether criteria are about an alias, or another choice of tables, and not about a class wherever it appears. */
function isOneAlias(entity: OrmEntity): boolean {
  return entity.entityFor(entity.mapper) !== entity;
}

/** The option of one relationship at one place. */
export class RelationOption {
  strategy: Strategy | null = null;
  /** The last step that named it: alias or subclass, further conditions. */
  relation: InstrumentedRelation | null = null;
  innerjoin: boolean | null = null;
  recursionDepth: number | null = null;
  /** How many levels one statement loads; null where it is no tree. */
  depth: number | null = null;
  /** Which members of the collection are loaded; null for all. */
  page: MemberPage | null = null;
  node: OptionNode;
  private beneath: OptionNode | null = null;

  constructor(
    readonly key: string,
    defaults: OptionDefaults,
  ) {
    this.node = new OptionNode(defaults);
  }

  /** Joins a relationship, all of it, with what the options at its place say of the objects at the other end. */
  static joining(key: string, { relations, defaults }: OptionNode): RelationOption {
    const option = new RelationOption(key, defaults);
    option.strategy = "joined";
    const said = relations.get(key);
    if (said === undefined || said.partial) return option;
    option.relation = said.relation;
    option.innerjoin = said.innerjoin;
    option.recursionDepth = said.recursionDepth;
    option.node = said.node;
    return option;
  }

  get to(): OrmEntity | null {
    return this.relation?.to ?? null;
  }
  get criteria(): readonly ColumnElement[] {
    return this.relation?.criteria ?? [];
  }

  /** Whether members may be missing. */
  get partial(): boolean {
    return this.criteria.length > 0 || this.page?.counts === true;
  }
  /** Whether what one row means hangs on others: places are counted, or levels gone down. */
  get gathers(): boolean {
    return this.depth !== null || this.page?.counts === true;
  }

  /** What holds for the objects at the other end: for a recursive option, itself one level less. */
  below(): OptionNode {
    const depth = this.recursionDepth;
    if (depth === null || depth === 1) return this.node;
    if (this.beneath === null) {
      const node = this.node.copy();
      this.beneath = node;
      const next = new RelationOption(this.key, this.node.defaults);
      next.strategy = this.strategy;
      next.relation = this.relation;
      next.innerjoin = this.innerjoin;
      next.page = this.page;
      next.recursionDepth = depth < 0 ? depth : depth - 1;
      next.node = this.node;
      if (depth < 0) next.beneath = node;
      node.relations.set(this.key, next);
    }
    return this.beneath;
  }
}

/** What the steps of an option have reached. */
interface Place {
  readonly node: OptionNode;
  readonly mapper: Mapper;
  /** The classes that the path has named there: several of a polymorphic entity. */
  readonly named: readonly Mapper[];
}

/** What an option says of a column of some classes. */
interface ColumnRule {
  readonly action: ColumnAction;
  readonly named: readonly Mapper[];
}

/** Whether an attribute is one that these classes have; subclasses may have others of its name. */
function isOf(attribute: ColumnAttribute, named: readonly Mapper[]): boolean {
  return named.some((mapper) => mapper.concretes.length > 0 || mapper.attributes.get(attribute.key) === attribute);
}

/** What the options say of one entity at one place. */
export class OptionNode {
  readonly relations: Map<string, RelationOption> = new Map();
  /** What is said of columns, by name: classes beside one another may have columns of one name. */
  private readonly columns: Map<string, readonly ColumnRule[]> = new Map();
  private readonly groups: Set<string> = new Set();
  /** Subclasses whose columns are loaded with statements of their own. */
  private subclasses: readonly Mapper[] | null = null;
  private expressions: Map<string, ExpressionStep> | null = null;
  /** The classes of which no other columns are loaded than those named. */
  private only: readonly Mapper[] = [];
  /** Whether their other columns are errors to read. */
  private othersRaise = false;
  private allColumns: ColumnAction | null = null;
  private allRelations: Strategy | null = null;

  constructor(readonly defaults: OptionDefaults) {}

  get empty(): boolean {
    return (
      this.relations.size === 0 &&
      this.columns.size === 0 &&
      this.groups.size === 0 &&
      this.expressions === null &&
      this.subclasses === null &&
      this.allColumns === null &&
      this.allRelations === null &&
      this.defaults.empty
    );
  }

  copy(): OptionNode {
    const node = new OptionNode(this.defaults);
    for (const [key, option] of this.relations) node.relations.set(key, option);
    for (const [key, rules] of this.columns) node.columns.set(key, rules);
    for (const group of this.groups) node.groups.add(group);
    node.expressions = this.expressions;
    node.subclasses = this.subclasses;
    node.only = this.only;
    node.othersRaise = this.othersRaise;
    node.allColumns = this.allColumns;
    node.allRelations = this.allRelations;
    return node;
  }

  /** The same without what the statement was to join by itself, and without its expressions, for loads of an object alone. */
  withoutContained(): OptionNode {
    const contained = [...this.relations.values()].some((option) => option.strategy === "containsEager");
    if (!contained && this.expressions === null) return this;
    const node = this.copy();
    node.expressions = null;
    for (const [key, option] of this.relations) if (option.strategy === "containsEager") node.relations.delete(key);
    return node;
  }

  /** The same, but that a column may be loaded when it is read. */
  readable(attribute: ColumnAttribute, mapper: Mapper): OptionNode {
    const node = this.copy();
    node.say(attribute.key, { action: "defer", named: [mapper] });
    return node;
  }

  /** What holds where these columns and relationships alone are loaded, the relationships by joins and whole. */
  onlyJoining(mapper: Mapper, columns: readonly ColumnAttribute[], keys: readonly string[]): OptionNode {
    const node = new OptionNode(this.defaults);
    node.allColumns = "defer";
    node.allRelations = "select";
    for (const { key } of columns) node.say(key, { action: "load", named: [mapper] });
    for (const key of keys) node.relations.set(key, RelationOption.joining(key, this));
    return node;
  }

  private say(key: string, rule: ColumnRule): void {
    this.columns.set(key, [...(this.columns.get(key) ?? []), rule]);
  }

  /** The last word on a column by its name. */
  private saidOf(attribute: ColumnAttribute): ColumnAction | undefined {
    const rules = this.columns.get(attribute.key) ?? [];
    for (let i = rules.length - 1; i >= 0; i--) if (isOf(attribute, rules[i].named)) return rules[i].action;
    return undefined;
  }

  /** The strategy that an option gives to a relationship by its name. */
  strategyFor(key: string): Strategy | undefined {
    return this.relations.get(key)?.strategy ?? undefined;
  }

  /** The strategy that the options give to the relationships that none of them names; undefined where the mapping decides. */
  get strategyForOthers(): Strategy | undefined {
    return this.allRelations ?? this.defaults.strategy ?? undefined;
  }

  /** What holds at the other end of a relationship. */
  below(key: string): OptionNode {
    return this.relations.get(key)?.below() ?? this.defaults.nowhere;
  }

  /**
   * The class whose columns are loaded with a statement of its own for rows of `mapper`: the nearest to it of those that the options name or whose mapping says
   * so; null where there is none below `base`.
   */
  subclassFor(mapper: Mapper, base: Mapper): Mapper | null {
    for (let at: Mapper | null = mapper; at !== null && at !== base; at = at.inherits)
      if (at.options.polymorphicLoad === "selectin" || this.subclasses?.includes(at)) return at;
    return null;
  }

  /** The expression that the statement gives to an attribute. */
  expressionFor(key: string): ExpressionStep | undefined {
    return this.expressions?.get(key);
  }

  /** Whether a column is part of the SELECT. */
  loads(attribute: ColumnAttribute): boolean {
    if (this.expressions?.has(attribute.key)) return true;
    const action = this.columnAction(attribute);
    return action === undefined ? !attribute.deferred : action === "load" || action === "only";
  }

  /** Whether the options have a word of their own on a column. */
  says(attribute: ColumnAttribute): boolean {
    return this.columnAction(attribute) !== undefined;
  }

  /** Whether the options leave a column out. */
  defers(attribute: ColumnAttribute): boolean {
    const action = this.columnAction(attribute);
    return action === "defer" || action === "raise";
  }

  /** Whether reading a column is an error. */
  raises(attribute: ColumnAttribute): boolean {
    return this.columnAction(attribute) === "raise";
  }

  private columnAction(attribute: ColumnAttribute): ColumnAction | undefined {
    const own = this.saidOf(attribute);
    if (own !== undefined) return own;
    if (attribute.deferredGroup !== null && this.groups.has(attribute.deferredGroup)) return "load";
    if (this.allColumns !== null) return this.allColumns;
    if (isOf(attribute, this.only)) return this.othersRaise ? "raise" : "defer";
    return this.defaults.columns ?? undefined;
  }

  /** Takes in the steps of one option. */
  apply(option: LoaderOption, mapper: Mapper): void {
    let place: Place = { node: this, mapper, named: option.root === null ? [mapper] : classesOf(option.root) };
    for (const step of option.steps)
      if (step instanceof RelationStep) place = place.node.along(step);
      else place.node.take(step, place);
  }

  /** Takes in what a step says of a relationship, and gives the place at its other end. */
  private along(step: RelationStep): Place {
    const { relation, strategy } = step;
    const option = this.relationOption(relation.key);
    if (strategy !== null || relation.to !== null || relation.criteria.length > 0)
      option.relation = strategy === "containsEager" ? relation : wholeRelation(relation);
    if (strategy !== null) {
      option.strategy = strategy;
      option.page = step.page;
      option.depth = step.depth;
    }
    if (step.innerjoin !== null) option.innerjoin = step.innerjoin;
    if (step.recursionDepth !== null) {
      if (!relation.relationship.selfReferential)
        throw new InvalidRequestError(
          `${relation.label} is not self-referential: recursionDepth makes no sense for it.`,
        );
      option.recursionDepth = step.recursionDepth;
    }
    const { mapper } = relation.target;
    return { node: option.node, mapper, named: relation.to === null ? [mapper] : classesOf(relation.to) };
  }

  /** Takes in a step that stays at its place. */
  private take(step: OptionStep, { mapper, named }: Place): void {
    if (step instanceof WildcardStep) this.allRelations = step.strategy;
    else if (step instanceof ColumnStep) this.applyColumns(step, named);
    else if (step instanceof ExpressionStep) this.expressions = new Map(this.expressions).set(step.key, step);
    else if (step instanceof PolymorphicStep)
      this.subclasses = [...(this.subclasses ?? []), ...step.classes.map((each) => each.mapper)];
    else if (step instanceof BranchStep) for (const each of step.options) this.applyBranch(each, mapper);
  }

  private applyBranch(option: LoadOption, at: Mapper): void {
    if (!(option instanceof LoaderOption))
      throw new ArgumentError(
        "options(...) of a loader option takes loader options. withLoaderCriteria() is an option of the whole statement: select(...).options(...).",
      );
    if (option.root !== null && !option.root.mapper.isA(at) && !at.isA(option.root.mapper)) {
      throw new InvalidRequestError(
        `A loader option for ${option.root.entityName} stands where ${at.className} is loaded: it does not apply there.`,
      );
    }
    this.apply(option, at);
  }

  private relationOption(key: string): RelationOption {
    let option = this.relations.get(key);
    if (option === undefined) {
      option = new RelationOption(key, this.defaults);
      this.relations.set(key, option);
    }
    return option;
  }

  /** @param named the classes that the path has reached */
  private applyColumns({ action, keys, group }: ColumnStep, named: readonly Mapper[]): void {
    if (group !== null) this.groups.add(group);
    for (const key of keys) {
      if (key === "*") {
        this.allColumns = action;
        this.only = [];
        this.othersRaise = false;
      } else this.say(key, { action: action === "onlyOrRaise" ? "only" : action, named });
    }
    if (action === "only" || action === "onlyOrRaise") this.only = [...this.only, ...named];
    if (action === "onlyOrRaise") this.othersRaise = true;
  }
}

/** What is loaded along a relation to a subclass: all that there is, with the columns of the subclass. A statement's own join is another matter. */
function wholeRelation(relation: InstrumentedRelation): InstrumentedRelation {
  const { to, relationship } = relation;
  if (to === null || to.aliased || to.mapper === relationship.target) return relation;
  return relation.leadingTo(entityWith(relationship.target, to.mapper));
}

/** The classes that an entity names: a polymorphic one all that it was made of. */
function classesOf(entity: OrmEntity): readonly Mapper[] {
  return entity.aliased && entity.polymorphic.length > 1 ? entity.polymorphic : [entity.mapper];
}
