/** What loader options are made of: steps along a path, each with its part in the statement's cache key. */

import type { ColumnElement } from "../../sql/element.js";
import { LoadOption } from "../../sql/entity.js";
import { Node, type Parts } from "../../sql/node.js";
import type { InstrumentedRelation } from "./instrumented-relation.js";
import type { OrmEntity } from "./orm-entity.js";

/** How a relationship is loaded. */
export type Strategy =
  | "select"
  | "selectin"
  | "joined"
  | "subquery"
  | "immediate"
  | "raise"
  | "raise_on_sql"
  | "noload"
  | "containsEager";

/** What an option does to columns. */
export type ColumnAction = "only" | "onlyOrRaise" | "load" | "defer" | "raise";

/** Settings of one relationship's option. */
export interface RelationSettings {
  /** INNER JOIN instead of LEFT OUTER JOIN. */
  readonly innerjoin?: boolean;
  /** How many levels of a self-referential relationship to load; -1 until nothing is found. */
  readonly recursionDepth?: number;
  /** How many levels of a self-referential relationship to load with one recursive statement; -1 for all. */
  readonly depth?: number;
}

/** In which order members of a collection are loaded, and those of which places. */
export class MemberPage extends Node {
  static override readonly parts: Parts = { orderBy: "nodes", limit: "name", offset: "name" };
  constructor(
    /** Empty for the order that the mapping says. */
    readonly orderBy: readonly ColumnElement[],
    readonly limit: number | null,
    readonly offset: number,
    /** In whose terms the order is. */
    readonly entity: OrmEntity,
  ) {
    super();
  }
  override get visitName(): string {
    return "MemberPage";
  }
  /** Whether members are counted for each parent. */
  get counts(): boolean {
    return this.limit !== null || this.offset > 0;
  }
}

export abstract class OptionStep extends Node {}

/** Goes along a relationship; a strategy of null only passes it. */
export class RelationStep extends OptionStep {
  static override readonly parts: Parts = {
    relation: "node",
    strategy: "name",
    innerjoin: "name",
    recursionDepth: "name",
    depth: "name",
    page: "node",
  };
  readonly innerjoin: boolean | null;
  readonly recursionDepth: number | null;
  readonly depth: number | null;

  constructor(
    readonly relation: InstrumentedRelation,
    readonly strategy: Strategy | null,
    settings: RelationSettings = {},
    readonly page: MemberPage | null = null,
  ) {
    super();
    this.innerjoin = settings.innerjoin ?? null;
    this.recursionDepth = settings.recursionDepth ?? null;
    this.depth = settings.depth ?? null;
  }
  override get visitName(): string {
    return "RelationStep";
  }
}

/** A strategy for all relationships that have none by themselves. */
export class WildcardStep extends OptionStep {
  static override readonly parts: Parts = { strategy: "name" };
  constructor(readonly strategy: Strategy) {
    super();
  }
  override get visitName(): string {
    return "WildcardStep";
  }
}

/** Loads or leaves out columns: those named, those of a group, or all. */
export class ColumnStep extends OptionStep {
  static override readonly parts: Parts = { action: "name", keys: "names", group: "name" };
  constructor(
    readonly action: ColumnAction,
    /** `["*"]` for all. */
    readonly keys: readonly string[],
    readonly group: string | null = null,
  ) {
    super();
  }
  override get visitName(): string {
    return "ColumnStep";
  }
}

/** Gives a query-time expression to an attribute. */
export class ExpressionStep extends OptionStep {
  static override readonly parts: Parts = { key: "name", entity: "node", expression: "node" };
  constructor(
    readonly key: string,
    /** In whose terms the expression is. */
    readonly entity: OrmEntity,
    readonly expression: ColumnElement,
  ) {
    super();
  }
  override get visitName(): string {
    return "ExpressionStep";
  }
}

/** Loads the columns of subclasses with one more SELECT each. */
export class PolymorphicStep extends OptionStep {
  static override readonly parts: Parts = { classes: "nodes" };
  constructor(readonly classes: readonly OrmEntity[]) {
    super();
  }
  override get visitName(): string {
    return "PolymorphicStep";
  }
}

/** Several options for what the path has reached. */
export class BranchStep extends OptionStep {
  static override readonly parts: Parts = { options: "nodes" };
  constructor(readonly options: readonly LoadOption[]) {
    super();
  }
  override get visitName(): string {
    return "BranchStep";
  }
}

/** A condition on every appearance of some classes in a statement and in the loads that follow from it. */
export class LoaderCriteria extends LoadOption {
  static override readonly parts: Parts = {
    entities: "nodes",
    conditions: "nodes",
    includeAliases: "name",
    propagateToLoaders: "name",
  };
  constructor(
    /** The class; of a mixin, every mapped class that has it. */
    readonly entities: readonly OrmEntity[],
    /** For each of them its condition. */
    readonly conditions: readonly ColumnElement[],
    /** Aliases that the statement itself makes of a class too. */
    readonly includeAliases: boolean,
    /** Lazy loads of the objects that are loaded too. */
    readonly propagateToLoaders: boolean,
  ) {
    super();
  }
  override get visitName(): string {
    return "LoaderCriteria";
  }
}
