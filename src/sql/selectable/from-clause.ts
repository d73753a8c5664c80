/** What may stand in FROM. */
import type { ColumnElement } from "../element.js";
import { NoSuchColumnError } from "../errors.js";
import { Node } from "../node.js";
import type { COLUMNS } from "../typing.js";

/** The columns of a FROM element by key; a plain object without a prototype. */
export type ColumnRecord = Readonly<Record<string, ColumnElement>>;

/**
 * Something that rows come from: a table, an alias, a subquery, a join.
 *
 * `C` is the type of its columns by key.
 */
export abstract class FromClause<C = unknown> extends Node {
  declare readonly [COLUMNS]: C;
  /** Its columns, in order. */
  abstract readonly columns: readonly ColumnElement[];
  /** Its columns by key. */
  abstract readonly c: C;

  /** The name under which its columns are written, or null for one that has none (a join, an anonymous alias). */
  get name(): string | null {
    return null;
  }

  /** The FROM elements that this one covers, itself included: a join covers its sides. */
  get covers(): readonly FromClause<unknown>[] {
    return [this];
  }

  /** The FROM elements inside this one, which it takes the place of in a FROM list. */
  get hides(): readonly FromClause<unknown>[] {
    return [];
  }

  /** Whether it may refer to the FROM elements before it, as LATERAL does. */
  get isLateral(): boolean {
    return false;
  }

  /** A column by key. @throws NoSuchColumnError naming the keys there are. */
  column(key: string): ColumnElement {
    const found = (this.c as ColumnRecord)[key];
    if (found !== undefined) return found;
    const keys = this.columns.map((column) => column.key).join(", ");
    throw new NoSuchColumnError(`${this.describe()} has no column ${JSON.stringify(key)}; it has: ${keys || "none"}.`);
  }

  /** How error messages call it. */
  describe(): string {
    return this.name === null
      ? `an anonymous ${this.visitName.toLowerCase()}`
      : `${this.visitName.toLowerCase()} ${this.name}`;
  }
}

/** Columns by key, for `FromClause.c`. The first of two with one key wins. */
export function recordOf<E extends ColumnElement>(columns: readonly E[]): Record<string, E> {
  const record = Object.create(null) as Record<string, E>;
  for (const column of columns) {
    const key = column.key;
    if (key !== null && !(key in record)) record[key] = column;
  }
  return record;
}
