/** A loader option while it is made: a path of steps that calls make longer. */
import { ColumnElement } from "../../sql/element.js";
import { expressionOrBind, requireElement } from "../../sql/elements/coerce.js";
import { LoadOption } from "../../sql/entity.js";
import { ArgumentError, InvalidRequestError } from "../../sql/errors.js";
import type { Parts } from "../../sql/node.js";
import { describeValue } from "../../sql/types/describe-value.js";
import type { ColumnAttribute } from "../attributes/column-attribute.js";
import { ExpressionAttribute } from "../attributes/expression-attribute.js";
import { AnyRelation } from "./any-relation.js";
import { CompositeElement } from "./composite-element.js";
import { requireEntity } from "./entity.js";
import { InstrumentedColumn } from "./instrumented-column.js";
import { InstrumentedRelation } from "./instrumented-relation.js";
import type { DeferSettings, JoinedSettings, LevelSettings, MemberSettings, RaiseSettings } from "./loader-settings.js";
import {
  BranchStep,
  type ColumnAction,
  ColumnStep,
  ExpressionStep,
  MemberPage,
  type OptionStep,
  PolymorphicStep,
  type RelationSettings,
  RelationStep,
  type Strategy,
  WildcardStep,
} from "./option-steps.js";
import type { OrmEntity } from "./orm-entity.js";

/** A path of steps from a root entity; null stands for every entity of the statement. */
export class LoaderOption extends LoadOption {
  static override readonly parts: Parts = { root: "node", steps: "nodes" };
  constructor(
    readonly root: OrmEntity | null,
    readonly steps: readonly OptionStep[] = [],
    /** What the path has reached. */
    readonly end: OrmEntity | null = root,
  ) {
    super();
  }
  override get visitName(): string {
    return "LoaderOption";
  }

  /** @internal */
  step(step: OptionStep, end: OrmEntity | null = this.end): LoaderOption {
    return new LoaderOption(this.root, [...this.steps, step], end);
  }

  /** @internal */
  along(pick: unknown, strategy: Strategy | null, settings?: RelationSettings): LoaderOption {
    if (pick === "*") {
      if (strategy === null || strategy === "containsEager")
        throw new ArgumentError(
          `"*" says how all relationships are loaded: containsEager() and defaultload() take one of them.`,
        );
      const [setting] = Object.keys(settings ?? {});
      if (setting !== undefined)
        throw new ArgumentError(
          `"*" speaks of relationships of every kind: ${setting} is a setting of one that is named.`,
        );
      return this.step(new WildcardStep(strategy));
    }
    const picked = this.pick(pick);
    if (picked instanceof AnyRelation) {
      const start = new LoaderOption(this.end);
      return new ForkedOption(
        this,
        picked.members.map((each) => start.along(each, strategy, settings)),
      );
    }
    const relation = relationPicked(picked);
    const members = (settings ?? {}) as MemberSettings<never>;
    checkMembers(relation, strategy, members);
    const narrowed = members.where === undefined ? relation : relation.and(members.where);
    return this.step(new RelationStep(narrowed, strategy, settings, memberPage(relation, members)), relation.target);
  }

  private pick(pick: unknown): unknown {
    const entity = this.end;
    if (typeof pick === "function") {
      if (entity === null)
        throw new ArgumentError("This loader option stands for all classes: it has no attributes to name.");
      return (pick as (attrs: object) => unknown)(entity.attrs);
    }
    if (typeof pick === "string" && entity !== null) return (entity.attrs as Record<string, unknown>)[pick];
    return pick;
  }

  /** @internal */
  columnStep(action: ColumnAction, picks: readonly unknown[]): LoaderOption {
    const keys: string[] = [];
    for (const pick of picks) {
      if (pick === "*") keys.push("*");
      else {
        const picked = [this.pick(pick)].flat();
        for (const each of picked.flatMap((one): readonly unknown[] =>
          one instanceof CompositeElement ? one.elements : [one],
        )) {
          if (each instanceof InstrumentedColumn) keys.push(each.key);
          else if (each instanceof InstrumentedRelation || each instanceof AnyRelation) {
            throw new InvalidRequestError(
              `${each.label} is a relationship and not a column: use lazyload(), raiseload() or noload() for it.`,
            );
          } else
            throw new ArgumentError(
              `This loader option takes columns, for example (x) => x.name, not ${describeValue(each)}.`,
            );
        }
      }
    }
    return this.step(new ColumnStep(action, keys));
  }

  selectinload(pick: unknown, settings?: LevelSettings<never>): LoaderOption {
    return this.along(pick, "selectin", settings);
  }
  joinedload(pick: unknown, settings?: JoinedSettings<never>): LoaderOption {
    return this.along(pick, "joined", settings);
  }
  subqueryload(pick: unknown, settings?: MemberSettings<never>): LoaderOption {
    return this.along(pick, "subquery", settings);
  }
  immediateload(pick: unknown, settings?: LevelSettings<never>): LoaderOption {
    return this.along(pick, "immediate", settings);
  }
  lazyload(pick: unknown, settings?: MemberSettings<never>): LoaderOption {
    return this.along(pick, "select", settings);
  }
  raiseload(pick: unknown, settings: RaiseSettings = {}): LoaderOption {
    return this.along(pick, settings.sqlOnly === true ? "raise_on_sql" : "raise");
  }
  noload(pick: unknown): LoaderOption {
    return this.along(pick, "noload");
  }
  containsEager(pick: unknown): LoaderOption {
    return this.along(pick, "containsEager");
  }
  defaultload(pick: unknown): LoaderOption {
    return this.along(pick, null);
  }
  loadOnly(...given: readonly unknown[]): LoaderOption {
    const settings = given.find((each): each is DeferSettings => Object.hasOwn(Object(each), "raiseload"));
    return this.columnStep(
      settings?.raiseload === true ? "onlyOrRaise" : "only",
      given.filter((each) => each !== settings),
    );
  }
  defer(pick: unknown, settings: DeferSettings = {}): LoaderOption {
    return this.columnStep(settings.raiseload === true ? "raise" : "defer", [pick]);
  }
  undefer(...picks: readonly unknown[]): LoaderOption {
    return this.columnStep("load", picks);
  }
  undeferGroup(group: string): LoaderOption {
    return this.step(new ColumnStep("load", [], group));
  }
  selectinPolymorphic(classes: readonly unknown[]): LoaderOption {
    const entities = classes.map((each) => requireEntity(each));
    for (const entity of entities) {
      if (this.end !== null && !entity.mapper.isA(this.end.mapper))
        throw new ArgumentError(
          `selectinPolymorphic(${this.end.mapper.className}, ...): ${entity.mapper.className} is no subclass of ${this.end.mapper.className}.`,
        );
    }
    return this.step(new PolymorphicStep(entities));
  }
  withExpression(pick: unknown, expression: unknown): LoaderOption {
    const found = this.pick(pick);
    const entity = this.end;
    if (entity === null || !(found instanceof InstrumentedColumn) || !isQueryExpression(found.attribute)) {
      throw new ArgumentError(
        `withExpression() takes an attribute that is mapped with @QueryExpression(), not ${found instanceof InstrumentedColumn ? found.attribute.label : describeValue(found)}.`,
      );
    }
    const lambda = typeof expression === "function" && !(expression instanceof ColumnElement);
    const made = lambda ? (expression as (attrs: object) => unknown)(entity.attrs) : expression;
    const element = expressionOrBind(made, found.type, found.key, "withExpression()");
    return this.step(new ExpressionStep(found.key, entity, element));
  }
  options(...options: readonly LoadOption[]): LoaderOption {
    return this.step(new BranchStep(options));
  }
}

/** A path that has reached several classes at once, along a relation to one of them: what is said further on is said of each. */
class ForkedOption extends LoaderOption {
  constructor(
    private readonly before: LoaderOption,
    private readonly branches: readonly LoaderOption[],
  ) {
    super(before.root, [...before.steps, new BranchStep(branches)], null);
  }

  #each(further: (branch: LoaderOption) => LoaderOption): ForkedOption {
    return new ForkedOption(this.before, this.branches.map(further));
  }

  override step(step: OptionStep): LoaderOption {
    return this.#each((branch) => branch.step(step));
  }
  override along(pick: unknown, strategy: Strategy | null, settings?: RelationSettings): LoaderOption {
    return this.#each((branch) => branch.along(pick, strategy, settings));
  }
  override columnStep(action: ColumnAction, picks: readonly unknown[]): LoaderOption {
    return this.#each((branch) => branch.columnStep(action, picks));
  }
  override selectinPolymorphic(): LoaderOption {
    throw this.#ofOne("selectinPolymorphic()");
  }
  override withExpression(): LoaderOption {
    throw this.#ofOne("withExpression()");
  }
  #ofOne(what: string): InvalidRequestError {
    return new InvalidRequestError(
      `${what} speaks of one class, and the path has reached several: name it, as in selectinload(Comment, (c) => c.subject.of(Post)).`,
    );
  }
}

function relationPicked(found: unknown): InstrumentedRelation {
  if (found instanceof InstrumentedRelation) return found;
  if (found instanceof InstrumentedColumn) {
    throw new InvalidRequestError(
      `${found.entity.entityName}.${found.key} is a column and not a relationship: for columns there are loadOnly(), defer() and undefer().`,
    );
  }
  throw new ArgumentError(
    `A loader option takes a relationship, for example (x) => x.children, not ${describeValue(found)}.`,
  );
}

/** Settings of members, and the strategies that take them. */
const TAKEN_BY: readonly (readonly [readonly (keyof MemberSettings<never>)[], ReadonlySet<Strategy>])[] = [
  [["limit", "offset", "depth"], new Set<Strategy>(["selectin", "subquery", "immediate", "select"])],
  [["where", "orderBy"], new Set<Strategy>(["selectin", "subquery", "immediate", "select", "joined"])],
];

/** @throws ArgumentError for settings that the strategy or the relationship does not take, and numbers that are none */
function checkMembers(
  relation: InstrumentedRelation,
  strategy: Strategy | null,
  settings: MemberSettings<never> & RelationSettings,
): void {
  const { label, relationship } = relation;
  for (const [names, strategies] of TAKEN_BY) {
    for (const name of names) {
      if (settings[name] === undefined) continue;
      if (name !== "depth" && !relationship.uselist)
        throw new ArgumentError(`${label} holds one object: where, orderBy, limit and offset are for collections.`);
      if (strategy === null || !strategies.has(strategy)) {
        throw new ArgumentError(
          strategy === "joined"
            ? `${label}: joinedload() takes no ${name}, as a join does not know one parent from another. selectinload() does.`
            : `${label}: ${name} is a setting of selectinload() and other loaders that ask for members, not of this one.`,
        );
      }
    }
  }
  for (const name of ["limit", "offset"] as const) requireWhole(settings[name], 0, `${label}: ${name}`);
  const { depth } = settings;
  if (depth === undefined) return;
  if (depth !== -1) requireWhole(depth, 1, `${label}: depth is -1 for all levels, or`);
  if (!relationship.selfReferential)
    throw new ArgumentError(`${label} is not self-referential: depth makes no sense for it.`);
  if (relationship.variant !== null)
    throw new ArgumentError(
      `${label} leads through objects of several classes: depth follows one. recursionDepth does not mind.`,
    );
  if (settings.limit !== undefined || settings.offset !== undefined || settings.recursionDepth !== undefined) {
    throw new ArgumentError(
      `${label}: depth loads whole levels with one statement, and goes with where and orderBy. With limit and offset say recursionDepth, which asks for each level by itself.`,
    );
  }
}

function requireWhole(value: number | undefined, least: number, place: string): void {
  if (value === undefined || (Number.isSafeInteger(value) && value >= least)) return;
  throw new ArgumentError(
    `${place}${place.endsWith("or") ? "" : " is"} a whole number from ${least}, not ${describeValue(value)}.`,
  );
}

/** In which order and of which places members are loaded; null where nothing is said of it. */
function memberPage(
  { label, target }: InstrumentedRelation,
  { orderBy, limit, offset }: MemberSettings<never>,
): MemberPage | null {
  if (orderBy === undefined && limit === undefined && offset === undefined) return null;
  const given = orderBy === undefined ? [] : (orderBy as (attrs: object) => unknown)(target.attrs);
  const order = (Array.isArray(given) ? (given as unknown[]) : [given]).map((each) =>
    requireElement(each, `${label}: orderBy`),
  );
  return new MemberPage(order, limit ?? null, offset ?? 0, target);
}

function isQueryExpression(attribute: ColumnAttribute): boolean {
  return attribute instanceof ExpressionAttribute && attribute.perQuery;
}
