/** Windows, and what else stands behind the call of a function. */
import { ColumnElement } from "../element.js";
import { ArgumentError } from "../errors.js";
import { Node, type Parts } from "../node.js";
import { integerType } from "../types/base.js";
import { describeValue } from "../types/describe-value.js";
import type { SQLType } from "../types/type.js";
import type { Condition, ExprOf, Valued } from "../typing.js";
import { bindValue } from "./bind.js";
import { requireCondition, requireElement } from "./coerce.js";

/** One end of a window's frame. */
export type FrameBound = "UNBOUNDED PRECEDING" | "CURRENT ROW" | "UNBOUNDED FOLLOWING" | FrameOffset;

/** So many rows, groups or so much of the ordering's value before or after the current row. */
export class FrameOffset extends Node {
  static override readonly parts: Parts = { offset: "node", direction: "name" };
  override get visitName(): string {
    return "FrameOffset";
  }
  constructor(
    readonly offset: ColumnElement,
    readonly direction: "PRECEDING" | "FOLLOWING",
  ) {
    super();
  }
}

/** `ROWS BETWEEN start AND end`. */
export class Frame extends Node {
  static override readonly parts: Parts = {
    unit: "name",
    startText: "name",
    startNode: "node",
    endText: "name",
    endNode: "node",
    exclude: "name",
  };
  override get visitName(): string {
    return "Frame";
  }
  readonly startText: string | null;
  readonly startNode: FrameOffset | null;
  readonly endText: string | null;
  readonly endNode: FrameOffset | null;
  constructor(
    readonly unit: "ROWS" | "RANGE" | "GROUPS",
    start: FrameBound,
    end: FrameBound,
    readonly exclude: "CURRENT ROW" | "GROUP" | "TIES" | "NO OTHERS" | null,
  ) {
    super();
    this.startText = typeof start === "string" ? start : null;
    this.startNode = typeof start === "string" ? null : start;
    this.endText = typeof end === "string" ? end : null;
    this.endNode = typeof end === "string" ? null : end;
  }
  get start(): FrameBound {
    return this.startNode ?? (this.startText as FrameBound);
  }
  get end(): FrameBound {
    return this.endNode ?? (this.endText as FrameBound);
  }
}

/** What stands in the parentheses after OVER. */
export class WindowSpec extends Node {
  static override readonly parts: Parts = { base: "name", partitionBy: "nodes", orderBy: "nodes", frame: "node" };
  override get visitName(): string {
    return "WindowSpec";
  }
  constructor(
    /** The named window that this one extends. */
    readonly base: string | null,
    readonly partitionBy: readonly ColumnElement[],
    readonly orderBy: readonly ColumnElement[],
    readonly frame: Frame | null,
  ) {
    super();
  }
}

/** `function OVER window`. */
export class Over extends ColumnElement {
  static override readonly parts: Parts = { element: "node", windowName: "name", spec: "node" };
  override get visitName(): string {
    return "Over";
  }
  constructor(
    readonly element: ColumnElement,
    readonly windowName: string | null,
    readonly spec: WindowSpec | null,
  ) {
    super();
  }
  get window(): string | WindowSpec {
    return this.spec ?? (this.windowName as string);
  }
  get type(): SQLType {
    return this.element.type;
  }
}

/** `aggregate FILTER (WHERE condition)`. */
export class FunctionFilter extends ColumnElement {
  static override readonly parts: Parts = { element: "node", condition: "node" };
  override get visitName(): string {
    return "FunctionFilter";
  }
  constructor(
    readonly element: ColumnElement,
    readonly condition: ColumnElement,
  ) {
    super();
  }
  get type(): SQLType {
    return this.element.type;
  }
  over(options: WindowOptions = {}): Over {
    return overNode(this, options);
  }
  filter(...conditions: readonly Condition[]): FunctionFilter {
    return new FunctionFilter(this.element, this.condition.and(...conditions));
  }
}

/** `aggregate WITHIN GROUP (ORDER BY ...)`. */
export class WithinGroup extends ColumnElement {
  static override readonly parts: Parts = { element: "node", orderBy: "nodes", type: "type" };
  override get visitName(): string {
    return "WithinGroup";
  }
  constructor(
    readonly element: ColumnElement,
    readonly orderBy: readonly ColumnElement[],
    readonly type: SQLType,
  ) {
    super();
  }
  over(options: WindowOptions = {}): Over {
    return overNode(this, options);
  }
  filter(...conditions: readonly Condition[]): FunctionFilter {
    return new FunctionFilter(this, filterCondition(conditions));
  }
}

/** `argument ORDER BY ...` inside an aggregate. */
export class AggregateOrderBy extends ColumnElement {
  static override readonly parts: Parts = { element: "node", orderBy: "nodes" };
  override get visitName(): string {
    return "AggregateOrderBy";
  }
  constructor(
    readonly element: ColumnElement,
    readonly orderBy: readonly ColumnElement[],
  ) {
    super();
  }
  get type(): SQLType {
    return this.element.type;
  }
}

/** Rows of a frame: a number before (negative) or after the current row, 0 for it, null for no bound. */
export type FrameRange = readonly [start: number | Valued | null, end: number | Valued | null];

/** A window, as `over()` and `window()` describe it. */
export interface WindowOptions {
  readonly partitionBy?: Valued | readonly Valued[];
  readonly orderBy?: Valued | readonly Valued[];
  /** `[-2, 0]`: from two rows before the current one up to it; `[null, 0]`: from the first. */
  readonly rows?: FrameRange;
  readonly range?: FrameRange;
  readonly groups?: FrameRange;
  readonly exclude?: "CURRENT ROW" | "GROUP" | "TIES" | "NO OTHERS";
  /** A window that `select().window(name, ...)` named. */
  readonly name?: string;
}

/** The node of a window. */
export function windowSpec(options: WindowOptions, base: string | null = null): WindowSpec {
  const frames = (["rows", "range", "groups"] as const).filter((unit) => options[unit] !== undefined);
  if (frames.length > 1) throw new ArgumentError(`a window has one frame; ${frames.join(" and ")} were given.`);
  const unit = frames[0];
  const range = unit === undefined ? undefined : (options[unit] as FrameRange);
  const frame =
    unit === undefined || range === undefined
      ? null
      : new Frame(
          unit.toUpperCase() as "ROWS" | "RANGE" | "GROUPS",
          bound(range[0], "UNBOUNDED PRECEDING"),
          bound(range[1], "UNBOUNDED FOLLOWING"),
          options.exclude ?? null,
        );
  if (frame === null && options.exclude !== undefined) throw new ArgumentError("exclude needs rows, range or groups.");
  return new WindowSpec(base, list(options.partitionBy, "partitionBy"), list(options.orderBy, "orderBy"), frame);
}

function list(value: WindowOptions["orderBy"], place: string): ColumnElement[] {
  if (value === undefined) return [];
  const items: readonly unknown[] = Array.isArray(value) ? (value as readonly unknown[]) : [value];
  return items.map((each) => requireElement(each, `over({ ${place} })`));
}

function bound(value: FrameRange[0], unbounded: "UNBOUNDED PRECEDING" | "UNBOUNDED FOLLOWING"): FrameBound {
  if (value === null) return unbounded;
  if (value instanceof ColumnElement) {
    return new FrameOffset(value, unbounded === "UNBOUNDED PRECEDING" ? "PRECEDING" : "FOLLOWING");
  }
  if (typeof value !== "number" || !Number.isInteger(value)) {
    throw new ArgumentError(`a frame's bound is a whole number or null, not ${describeValue(value)}.`);
  }
  if (value === 0) return "CURRENT ROW";
  return new FrameOffset(bindValue(Math.abs(value), integerType, "frame"), value < 0 ? "PRECEDING" : "FOLLOWING");
}

/** `function OVER (...)`. */
export function over<T>(element: Valued<T>, options: WindowOptions = {}): ExprOf<T> {
  return overNode(requireElement(element, "over()"), options) as unknown as ExprOf<T>;
}

/** The node of {@link over}. */
export function overNode(node: ColumnElement, options: WindowOptions): Over {
  const { name, ...rest } = options;
  const plain = Object.values(rest).every((each) => each === undefined);
  if (name !== undefined && plain) return new Over(node, name, null);
  return new Over(node, null, windowSpec(rest, name ?? null));
}

/** `aggregate WITHIN GROUP (ORDER BY ...)`. */
export function withinGroup<T>(element: Valued<T>, ...orderBy: readonly Valued[]): ExprOf<T> {
  const node = requireElement(element, "withinGroup()");
  const by = orderBy.map((each) => requireElement(each, "withinGroup()"));
  return new WithinGroup(node, by, node.type) as unknown as ExprOf<T>;
}

/** The conditions of `aggregate FILTER (WHERE ...)` as one. */
export function filterCondition(conditions: readonly Condition[]): ColumnElement {
  const [first, ...more] = conditions.map((each) => requireCondition(each, "filter()"));
  if (first === undefined) throw new ArgumentError("filter() needs a condition.");
  return more.length === 0 ? first : first.and(...more);
}

/** `aggregate FILTER (WHERE ...)`. SQLAlchemy: `funcfilter()`. */
export function funcFilter<T>(element: Valued<T>, ...conditions: readonly Condition[]): ExprOf<T> {
  return new FunctionFilter(
    requireElement(element, "funcFilter()"),
    filterCondition(conditions),
  ) as unknown as ExprOf<T>;
}

/**
 * `argument ORDER BY ...`, as the last argument of an aggregate: `func.jsonAgg(aggregateOrderBy(name, id))`. Of a call, its method of
 * this name does it: `func.aggregateStrings(name, ",").aggregateOrderBy(id)`.
 */
export function aggregateOrderBy<T>(element: Valued<T>, ...orderBy: readonly Valued[]): ExprOf<T> {
  const by = orderBy.map((each) => requireElement(each, "aggregateOrderBy()"));
  return new AggregateOrderBy(requireElement(element, "aggregateOrderBy()"), by) as unknown as ExprOf<T>;
}
