/** The options of a statement put together, for each of its entities. */
import type { LoadOption } from "../../sql/entity.js";
import { ArgumentError, InvalidRequestError } from "../../sql/errors.js";
import { LoaderOption } from "./loader-option.js";
import { OptionDefaults, OptionNode } from "./option-node.js";
import { ColumnStep, LoaderCriteria, WildcardStep } from "./option-steps.js";
import type { OrmEntity } from "./orm-entity.js";
import { UserDefinedOption } from "./user-option.js";

/** The options of one statement. */
export class OptionTree {
  readonly defaults: OptionDefaults = new OptionDefaults();
  private readonly roots: Map<OrmEntity, OptionNode> = new Map();

  /** @throws InvalidRequestError for an option of a class that the statement does not select */
  constructor(options: readonly LoadOption[], entities: readonly OrmEntity[]) {
    this.defaults.given = options.length > 0;
    for (const option of options) {
      if (option instanceof LoaderCriteria) this.defaults.criteria.push(option);
      else if (option instanceof LoaderOption) this.apply(option, entities);
      else if (option instanceof UserDefinedOption) this.defaults.carries ||= option.propagateToLoaders;
      else throw new ArgumentError(`${option.constructor.name} is not an option that the ORM knows.`);
    }
  }

  private apply(option: LoaderOption, entities: readonly OrmEntity[]): void {
    const { root } = option;
    if (root === null) {
      for (const step of option.steps) {
        if (step instanceof WildcardStep) this.defaults.strategy = step.strategy;
        else if (step instanceof ColumnStep) this.defaults.columns = step.action;
        else for (const entity of entities) this.nodeOf(entity).apply(new LoaderOption(entity, [step]), entity.mapper);
      }
      return;
    }
    const matching = matchingEntities(root, entities);
    if (matching.length === 0) {
      const names = entities.map((entity) => entity.entityName).join(", ");
      throw new InvalidRequestError(
        `A loader option begins at ${root.entityName}, which is none of the entities that the statement selects (${names || "none"}). ` +
          `Begin the path at one of them: selectinload(${entities[0]?.entityName ?? "Entity"}, (x) => x...).`,
      );
    }
    for (const entity of matching) this.nodeOf(entity).apply(option, entity.mapper);
  }

  nodeOf(entity: OrmEntity): OptionNode {
    let node = this.roots.get(entity);
    if (node === undefined) {
      node = new OptionNode(this.defaults);
      this.roots.set(entity, node);
    }
    return node;
  }
}

function matchingEntities(root: OrmEntity, entities: readonly OrmEntity[]): readonly OrmEntity[] {
  const same = entities.filter((entity) => entity === root);
  if (same.length > 0 || root.aliased) return same;
  // An option of a subclass applies to its rows among those of the base.
  return entities.filter(
    (entity) =>
      (!entity.aliased || entity.polymorphic.length > 1) &&
      (root.mapper.isA(entity.mapper) || entity.mapper.isA(root.mapper)),
  );
}

/** What the criteria among options say of every class. */
export function criteriaAmong(options: readonly LoadOption[]): OptionDefaults {
  return new OptionTree(
    options.filter((each) => each instanceof LoaderCriteria),
    [],
  ).defaults;
}
