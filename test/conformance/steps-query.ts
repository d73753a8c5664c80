import { attrs, joinedload, lazyload, raiseload, select, selectinload, subqueryload } from "../../src/index.js";
import { ScenarioError } from "./errors.js";
import type { Condition, LoadPath, Step, Strategy } from "./format.js";
import type { Handlers } from "./handler.js";
import { after } from "./maybe-promise.js";
import type { ScalarRows } from "./sessions.js";
import { toAttributeValue } from "./values.js";
import type { World } from "./world.js";

/** Steps that load entities. */
export const querySteps: Handlers = {
  get: {
    io: true,
    observes: true,
    run(world, step) {
      const key = step.pk as readonly unknown[];
      const options = { options: loadOptions(world, step), populateExisting: step.populateExisting === true };
      const found = world
        .session(step)
        .get(world.mapping.entity(step.entity), key.length === 1 ? key[0] : key, options);
      return after(found, (object) => bound(world, step, object));
    },
  },
  query: {
    io: true,
    observes: true,
    run: (world, step) =>
      after(world.session(step).scalars(statement(world, step)), (rows) => results(world, step, rows.unique())),
  },
};

function results(world: World, step: Step, rows: ScalarRows): unknown {
  switch (step.result ?? "all") {
    case "all":
      return all(world, step, rows.all());
    case "one":
      return bound(world, step, rows.one());
    case "oneOrNone":
      return bound(world, step, rows.oneOrNone());
    case "first":
      return bound(world, step, rows.first());
    default:
      throw new ScenarioError(`the format has no query result ${step.result}`);
  }
}

function all(world: World, step: Step, objects: readonly object[]): unknown {
  (step.bind as readonly string[] | undefined)?.forEach((name, i) => world.labels.bind(name, objects[i] ?? null));
  return step.orderBy ? objects.map((object) => world.labels.label(object)) : world.labels.sorted(objects);
}

function bound(world: World, step: Step, object: object | null): string | null {
  if (step.as !== undefined) world.labels.bind(String(step.as), object);
  return world.labels.label(object);
}

/** The part of a mapped attribute that conditions and orders need. */
interface AttributeFace {
  eq(value: unknown): unknown;
  ne(value: unknown): unknown;
  lt(value: unknown): unknown;
  le(value: unknown): unknown;
  gt(value: unknown): unknown;
  ge(value: unknown): unknown;
  in(values: readonly unknown[]): unknown;
  like(pattern: unknown): unknown;
  isNull(): unknown;
  isNotNull(): unknown;
  asc(): unknown;
  desc(): unknown;
}
type AttributesFace = Readonly<Record<string, AttributeFace>>;

interface StatementFace {
  where(condition: (attributes: AttributesFace) => unknown): StatementFace;
  orderBy(order: (attributes: AttributesFace) => unknown): StatementFace;
  limit(count: number): StatementFace;
  offset(count: number): StatementFace;
  options(...options: LoaderFace[]): StatementFace;
  executionOptions(options: object): StatementFace;
}

function statement(world: World, step: Step): StatementFace {
  let made = select(world.mapping.entity(step.entity)) as unknown as StatementFace;
  for (const condition of (step.where ?? []) as Condition[]) {
    made = made.where((attributes) => criterion(world, String(step.entity), condition, attributes));
  }
  for (const order of (step.orderBy ?? []) as string[]) {
    const descending = order.startsWith("-");
    made = made.orderBy((attributes) => {
      const by = attribute(attributes, descending ? order.slice(1) : order);
      return descending ? by.desc() : by.asc();
    });
  }
  if (typeof step.limit === "number") made = made.limit(step.limit);
  if (typeof step.offset === "number") made = made.offset(step.offset);
  const options = loadOptions(world, step);
  if (options.length) made = made.options(...options);
  return step.populateExisting ? made.executionOptions({ populateExisting: true }) : made;
}

function attribute(attributes: AttributesFace, name: string): AttributeFace {
  const found = attributes[name];
  if (!found) throw new ScenarioError(`there is no attribute ${name} to query by`);
  return found;
}

function criterion(world: World, entity: string, [name, operator, given]: Condition, attributes: AttributesFace) {
  const by = attribute(attributes, name);
  const kind = world.mapping.columnKind(entity, name);
  const value = toAttributeValue(kind, given);
  switch (operator) {
    case "eq":
    case "ne":
    case "lt":
    case "le":
    case "gt":
    case "ge":
    case "like":
      return by[operator](value);
    case "in":
      return by.in((given as unknown[]).map((item) => toAttributeValue(kind, item)));
    case "isNull":
      return given === false ? by.isNotNull() : by.isNull();
    default:
      throw new ScenarioError(`the format has no operator ${operator}`);
  }
}

type PickRelation = (attributes: Readonly<Record<string, unknown>>) => unknown;

/** A loader option as far as paths need it: each strategy goes one relationship further. */
type LoaderFace = Readonly<Record<LoaderName, LoadFunction>>;
type LoadFunction = {
  (entity: unknown, relation: PickRelation): LoaderFace;
  (relation: PickRelation): LoaderFace;
};

const LOADERS = {
  selectin: "selectinload",
  joined: "joinedload",
  subquery: "subqueryload",
  lazy: "lazyload",
  raise: "raiseload",
} as const satisfies Record<Strategy, string>;
type LoaderName = (typeof LOADERS)[Strategy];

const FIRST: LoaderFace = { selectinload, joinedload, subqueryload, lazyload, raiseload } as unknown as LoaderFace;

/** The `load` of a step: each path is a chain, `Sub/attr` in it a relationship of the subclass Sub. */
function loadOptions(world: World, step: Step): LoaderFace[] {
  return ((step.load ?? []) as LoadPath[]).map(({ path, strategy }) => {
    let chain = FIRST;
    path.split(".").forEach((segment, i) => {
      const [name, subclass] = segment.split("/").reverse() as [string, string?];
      const loader = LOADERS[typeof strategy === "string" ? strategy : (strategy[i] as Strategy)];
      const pick: PickRelation = (attributes) => attributes[name];
      const entity = subclass === undefined ? null : world.mapping.entity(subclass);
      if (i === 0) chain = chain[loader](entity ?? world.mapping.entity(step.entity), pick);
      else chain = chain[loader](entity === null ? pick : () => pick(attrs(entity)));
    });
    return chain;
  });
}
