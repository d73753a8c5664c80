/** Plans of statements, kept by the statements' shapes beside the engine's compiled statements. */

import type { ConnectionCore } from "../../engine/connection-core.js";
import { LRUCache } from "../../sql/cache.js";
import type { CompileOptions } from "../../sql/compiled.js";
import type { Dialect } from "../../sql/dialect.js";
import type { BoundValue } from "../../sql/key-context.js";
import { cacheKeyOf } from "../../sql/node.js";
import type { Column } from "../../sql/schema/column.js";
import type { Select } from "../../sql/selectable/select.js";
import type { Mapper } from "../mapping/mapper.js";
import type { PostMaker, SubclassMaker } from "./loader-factory.js";
import type { OptionDefaults, OptionNode } from "./option-node.js";
import { OptionTree } from "./option-tree.js";
import { OrmEntity } from "./orm-entity.js";
import type { OrmPlan, PlanSource } from "./plan.js";
import { buildPlan } from "./plan-builder.js";
import { RelationLoader } from "./relation-loader.js";
import { prepareStatement } from "./statement-entities.js";
import { SubclassLoader } from "./subclass-loader.js";

/** Makes the plans of everything that one statement loads. */
export class Planner implements PlanSource {
  constructor(
    readonly dialect: Dialect,
    readonly planned: readonly BoundValue[],
    readonly defaults: OptionDefaults,
    private readonly options: CompileOptions | undefined,
  ) {}

  readonly makePost: PostMaker = (relationship, option, node, path, parentKeys) =>
    new RelationLoader(relationship, option, node, path, this, parentKeys);

  readonly makeSubclass: SubclassMaker = (mapper, node, path) => new SubclassLoader(mapper, node, path, this);

  /** The plan of a whole statement with its options. */
  static forStatement(
    statement: Select,
    dialect: Dialect,
    planned: readonly BoundValue[],
    options?: CompileOptions,
  ): OrmPlan {
    const { defaults } = new OptionTree(statement.loadOptions, entitiesOf(statement));
    const prepared = prepareStatement(statement, defaults);
    const tree = new OptionTree(prepared.loadOptions, entitiesOf(prepared));
    const planner = new Planner(dialect, planned, tree.defaults, options);
    const nodes = prepared.rawColumns.map((node) =>
      node instanceof OrmEntity ? tree.nodeOf(node) : tree.defaults.nowhere,
    );
    return buildPlan({
      statement: prepared.with({ loadOptions: [] }),
      dialect,
      planned,
      nodeAt: (i) => nodes[i],
      defaults: tree.defaults,
      pathTo: (entity) => [entity.mapper],
      needed: [],
      keysBehind: false,
      makePost: planner.makePost,
      makeSubclass: planner.makeSubclass,
      options,
    });
  }

  plan(statement: Select, node: OptionNode, path: readonly Mapper[], needed: readonly Column[]): OrmPlan {
    return buildPlan({
      statement,
      dialect: this.dialect,
      planned: this.planned,
      nodeAt: () => node,
      defaults: this.defaults,
      pathTo: () => path,
      needed,
      keysBehind: true,
      makePost: this.makePost,
      makeSubclass: this.makeSubclass,
      options: this.options,
    });
  }

  forDialect(dialect: Dialect): PlanSource {
    return new Planner(dialect, this.planned, this.defaults, this.options);
  }
}

function entitiesOf(statement: Select): OrmEntity[] {
  return statement.rawColumns.filter((node): node is OrmEntity => node instanceof OrmEntity);
}

const caches = new WeakMap<Dialect, LRUCache<number | string, OrmPlan>>();

/** The plans of an engine's dialect; as many as the engine keeps compiled statements. */
function cacheOf({ dialect, engine }: ConnectionCore): LRUCache<number | string, OrmPlan> {
  let cache = caches.get(dialect);
  if (cache === undefined) {
    const compiled = (engine as { readonly cache?: { readonly capacity: number } }).cache;
    cache = new LRUCache(compiled?.capacity ?? 500);
    caches.set(dialect, cache);
  }
  return cache;
}

/** The plan of a statement and the values that the statement brings. */
export function planFor(
  connection: ConnectionCore,
  statement: Select,
  options?: CompileOptions,
): { readonly plan: OrmPlan; readonly binds: readonly BoundValue[] } {
  const { key, binds } = cacheKeyOf(statement);
  const { dialect } = connection;
  if (key === null) return { plan: Planner.forStatement(statement, dialect, binds, options), binds };
  const cache = cacheOf(connection);
  const name = options === undefined ? key : `${key}\u0003${JSON.stringify(options.schemaTranslateMap)}`;
  const known = cache.get(name);
  if (known !== undefined) {
    connection.origin = "cached";
    return { plan: known, binds };
  }
  connection.origin = "generated";
  const plan = Planner.forStatement(statement, dialect, binds, options);
  // A list that is written out is part of the SQL.
  if (!plan.compiled.expanded) cache.set(name, plan);
  return { plan, binds };
}
