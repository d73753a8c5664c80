/** The parts of a select beside its columns. */
import type { ColumnElement } from "../element.js";
import type { EntityElement } from "../entity.js";
import { Node, type Parts } from "../node.js";
import type { FromClause } from "./from-clause.js";
import type { JoinKind } from "./join.js";

/** One call of `join()`. The compiler finds its left side and its condition. */
export class JoinEntry extends Node {
  static override readonly parts: Parts = { target: "node", on: "node", kind: "name", left: "node", further: "node" };
  override get visitName(): string {
    return "JoinEntry";
  }
  constructor(
    /** A FROM element, an EntityElement or a RelationElement. */
    readonly target: Node,
    readonly on: ColumnElement | null,
    readonly kind: JoinKind,
    /** The left side, when `joinFrom()` named it. */
    readonly left: FromClause<unknown> | null,
    /** What holds beside the condition, also where that follows from foreign keys. */
    readonly further: ColumnElement | null = null,
  ) {
    super();
  }
}

/** FOR UPDATE and its variants. */
export class ForUpdateArg extends Node {
  static override readonly parts: Parts = {
    read: "name",
    keyShare: "name",
    nowait: "name",
    skipLocked: "name",
    of: "nodes",
  };
  override get visitName(): string {
    return "ForUpdateArg";
  }
  constructor(
    readonly read: boolean,
    readonly keyShare: boolean,
    readonly nowait: boolean,
    readonly skipLocked: boolean,
    readonly of: readonly Node[],
  ) {
    super();
  }
}

/** FETCH FIRST n ROWS. */
export class FetchArg extends Node {
  static override readonly parts: Parts = { count: "node", withTies: "name", percent: "name" };
  override get visitName(): string {
    return "FetchArg";
  }
  constructor(
    readonly count: ColumnElement,
    readonly withTies: boolean,
    readonly percent: boolean,
  ) {
    super();
  }
}

/** SQL text at a fixed place of a statement, for one dialect or all. */
export class Hint extends Node {
  static override readonly parts: Parts = { place: "name", text: "name", dialect: "name", target: "node" };
  override get visitName(): string {
    return "Hint";
  }
  constructor(
    readonly place: "prefix" | "suffix" | "statement" | "table",
    readonly text: string,
    /** The dialect's name, or `"*"`. */
    readonly dialect: string,
    readonly target: FromClause<unknown> | null,
  ) {
    super();
  }
}

/** A clause that this library does not know, put after a known one. */
export class Extension extends Node {
  static override readonly parts: Parts = { after: "name", clause: "node" };
  override get visitName(): string {
    return "Extension";
  }
  constructor(
    readonly after: "select" | "from" | "where" | "groupBy" | "having" | "orderBy",
    readonly clause: Node,
  ) {
    super();
  }
}

const none: readonly never[] = Object.freeze([]);

/** What few selects have; kept apart so that the many are copied cheaply. */
export class SelectExtras extends Node {
  static override readonly parts: Parts = {
    hints: "nodes",
    ctes: "nodes",
    fromEntities: "nodes",
    correlated: "nodes",
    correlateMode: "name",
    fetch: "node",
    windows: "tuples",
    extensions: "nodes",
  };
  override get visitName(): string {
    return "SelectExtras";
  }
  readonly hints: readonly Hint[] = none;
  /** CTEs that are written though nothing in the statement names them. */
  readonly ctes: readonly FromClause<unknown>[] = none;
  /** The entities that `selectFrom()` and `joinFrom()` named, whose FROM elements alone tell nothing of their classes. */
  readonly fromEntities: readonly EntityElement[] = none;
  readonly correlated: readonly FromClause<unknown>[] = none;
  readonly correlateMode: "auto" | "only" | "except" = "auto";
  readonly fetch: FetchArg | null = null;
  /** Named windows. */
  readonly windows: readonly (readonly [string, Node])[] = none;
  readonly extensions: readonly Extension[] = none;

  /** A copy with some fields changed. */
  with(
    fields: Partial<
      Pick<
        SelectExtras,
        "hints" | "ctes" | "fromEntities" | "correlated" | "correlateMode" | "fetch" | "windows" | "extensions"
      >
    >,
  ): SelectExtras {
    return this.copyWith(fields);
  }
}

export const noExtras: SelectExtras = new SelectExtras();

/** Extras that know which classes FROM elements were named by. */
export function naming(extras: SelectExtras | null, entities: readonly EntityElement[]): SelectExtras | null {
  if (entities.length === 0) return extras;
  const known = extras ?? noExtras;
  return known.with({ fromEntities: [...known.fromEntities, ...entities] });
}
