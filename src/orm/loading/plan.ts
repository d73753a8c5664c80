/** A statement of the ORM, compiled: the SQL, and what makes objects of its rows. It serves every execution of statements of one shape. */
import { type DriverResult, RunRequest } from "../../engine/driver.js";
import type { Op } from "../../engine/io.js";
import type { ResultShape } from "../../engine/row.js";
import type { Compiled } from "../../sql/compiled.js";
import type { Dialect } from "../../sql/dialect.js";
import type { ColumnElement } from "../../sql/element.js";
import type { BoundValue } from "../../sql/key-context.js";
import type { Column } from "../../sql/schema/column.js";
import type { Select } from "../../sql/selectable/select.js";
import type { Mapper } from "../mapping/mapper.js";
import type { CompositeElement } from "./composite-element.js";
import { type Converter, converterOf } from "./converters.js";
import type { EntityLoader, JoinedChild } from "./entity-loader.js";
import type { LoadRun, NamedValues, PostLoader } from "./load-run.js";
import type { OptionDefaults, OptionNode } from "./option-node.js";

/** One thing that a row of the result holds. */
export type RowItem =
  | { readonly kind: "entity"; readonly loader: EntityLoader }
  | { readonly kind: "column"; readonly index: number; readonly convert: Converter | null }
  | {
      readonly kind: "composite";
      readonly index: number;
      readonly converts: readonly (Converter | null)[];
      readonly compose: (values: readonly unknown[]) => unknown;
    };

/** A composite whose columns begin at a place of the row. */
export function compositeItem({ elements, composer }: CompositeElement, index: number, dialect: Dialect): RowItem {
  return {
    kind: "composite",
    index,
    converts: elements.map((each) => converterOf(each.type, dialect)),
    compose: (values) => composer.compose(values),
  };
}

/** Post loaders with the variants whose objects they serve. */
export class PostSchedule {
  private readonly entries: { readonly loader: PostLoader; readonly variants: number[] }[] = [];
  /** Whether one of them runs the statement again, as its subquery. */
  restatesStatement = false;

  get isEmpty(): boolean {
    return this.entries.length === 0;
  }

  add(loader: PostLoader, variant: number): void {
    const entry = this.entries.find((each) => each.loader === loader);
    if (entry === undefined) this.entries.push({ loader, variants: [variant] });
    else entry.variants.push(variant);
  }

  /** Fills the relationships of everything that a run loaded or met. */
  *run(run: LoadRun): Op<void> {
    for (let i = 0; i < this.entries.length; i++) {
      const { loader, variants } = this.entries[i];
      const states = run.statesOf(variants);
      if (states.length > 0) yield* loader.load(run, states);
    }
  }
}

export interface PlanParts {
  readonly compiled: Compiled;
  /** The binds of the statement for which the plan was made. */
  readonly planned: readonly BoundValue[];
  /** Binds that the plan added. */
  readonly extra: readonly BoundValue[];
  readonly items: readonly RowItem[];
  readonly shape: ResultShape;
  readonly children: readonly JoinedChild[];
  readonly posts: PostSchedule;
  /** The statement without what was joined to it for loading, with other columns selected. */
  readonly keySelect: (columns: readonly ColumnElement[]) => Select;
}

export class OrmPlan {
  readonly compiled: Compiled;
  readonly shape: ResultShape;
  readonly planned: readonly BoundValue[];
  readonly keySelect: (columns: readonly ColumnElement[]) => Select;
  /** The loader of the only entity, where the rows hold nothing else. */
  readonly only: EntityLoader | null;
  /** The loader of the first thing that the rows hold, where that is an entity. */
  readonly entity: EntityLoader | null;
  readonly hasCollections: boolean;
  /** Whether something is loaded by running the statement again, as a subquery. */
  readonly restatesStatement: boolean;
  private readonly extra: readonly BoundValue[];
  private readonly items: readonly RowItem[];
  private readonly children: readonly JoinedChild[];
  private readonly posts: PostSchedule;
  /** Rows of nothing but columns stay the arrays that they are. */
  private readonly inPlace: boolean;

  constructor(parts: PlanParts) {
    this.compiled = parts.compiled;
    this.shape = parts.shape;
    this.planned = parts.planned;
    this.keySelect = parts.keySelect;
    this.extra = parts.extra;
    this.items = parts.items;
    this.children = parts.children;
    this.posts = parts.posts;
    const first = parts.items[0];
    this.entity = first?.kind === "entity" ? first.loader : null;
    this.only = parts.items.length === 1 ? this.entity : null;
    this.inPlace =
      parts.items.every((item, i) => item.kind === "column" && item.index === i) &&
      parts.items.length === parts.compiled.resultColumns?.length;
    this.hasCollections = parts.shape.requiresUnique !== undefined;
    this.restatesStatement = parts.posts.restatesStatement;
  }

  /** The driver's values. */
  params(binds: readonly BoundValue[], named: NamedValues | undefined): unknown[] {
    return this.compiled.bind(this.extra.length === 0 ? binds : [...binds, ...this.extra], named);
  }

  /** What the rows hold, without what takes further statements. */
  read(run: LoadRun, rows: unknown[][]): unknown[] {
    const { only } = this;
    let values: unknown[];
    if (only !== null) values = this.shape.kind === "scalar" ? only.loadAll(run, rows) : this.readItems(run, rows);
    else values = this.inPlace ? this.convert(rows) : this.readItems(run, rows);
    this.finishRows(run);
    return values;
  }

  /** After the last row: joined collections become those of their parents. */
  finishRows(run: LoadRun): void {
    for (let i = 0; i < this.children.length; i++) this.children[i].finish(run);
  }

  /** Fills what takes further statements. */
  *fill(run: LoadRun): Op<void> {
    yield* this.posts.run(run);
  }

  /** Executes the plan and gives what its rows hold. */
  *execute(run: LoadRun): Op<unknown[]> {
    const { connection } = run;
    const params = this.params(run.binds, run.named);
    let result: DriverResult | null;
    try {
      const started = connection.start(this.compiled, params);
      result = started instanceof RunRequest ? yield started : started;
    } catch (error) {
      result = yield* connection.recover(error, this.compiled, params);
    }
    result ??= yield* connection.run(this.compiled, params);
    const values = this.read(run, result.rows);
    if (!this.posts.isEmpty) yield* this.posts.run(run);
    return values;
  }

  private convert(rows: unknown[][]): unknown[] {
    const { items } = this;
    for (let at = 0; at < items.length; at++) {
      const convert = (items[at] as { readonly convert: Converter | null }).convert;
      if (convert === null) continue;
      for (let i = 0; i < rows.length; i++) {
        const row = rows[i];
        const value = row[at];
        if (value !== null) row[at] = convert(value as never);
      }
    }
    return rows;
  }

  private readItems(run: LoadRun, rows: readonly unknown[][]): unknown[] {
    const { items } = this;
    const values: unknown[] = new Array(rows.length);
    for (let i = 0; i < rows.length; i++) {
      const row = rows[i];
      const made: unknown[] = new Array(items.length);
      for (let at = 0; at < items.length; at++) {
        const item = items[at];
        if (item.kind === "entity") made[at] = item.loader.load(run, row);
        else if (item.kind === "composite") {
          const values = item.converts.map((convert, each) => {
            const value = row[item.index + each];
            return value === null || convert === null ? value : convert(value as never);
          });
          made[at] = item.compose(values);
        } else {
          const value = row[item.index];
          made[at] = value === null || item.convert === null ? value : item.convert(value as never);
        }
      }
      values[i] = made;
    }
    return values;
  }
}

/** What the loads that follow from a statement need of it. */
export interface PlanSource {
  readonly dialect: Dialect;
  /** The binds of the statement at the root. */
  readonly planned: readonly BoundValue[];
  readonly defaults: OptionDefaults;
  /**
   * The plan of a statement of one entity, which stands at a place of the options and at the end of a path; key columns may follow it.
   * @param needed columns of the entity that are selected whatever the options say
   */
  plan(statement: Select, node: OptionNode, path: readonly Mapper[], needed: readonly Column[]): OrmPlan;
  /** The same for another dialect, where the target of a relationship lives in another database. */
  forDialect(dialect: Dialect): PlanSource;
}
