/** Pages of an ordered list, each read from where the one before ended: the thousandth costs what the first does, and no row is shown twice when others come in. */
import {
  type Attrs,
  attrs,
  bindparam,
  type Cls,
  type Expr,
  type Select,
  type SessionExecuteOptions,
  t,
  tuple,
} from "athanor";
import { db } from "../session.js";
import { Refusal } from "./refusals.js";
import { PLAIN_TEXT } from "./text.js";

/** What the rows of a list are ordered by; their key decides between equals. */
export interface KeysetOrder<E> {
  readonly of: "text" | "number" | "time";
  readonly by: (entity: Attrs<E>) => Expr<unknown, unknown>;
  readonly valueOf: (entity: E) => string | number | Date;
  readonly descending?: boolean;
}

/** Where a page begins, as an earlier one has said it. */
export interface PageRequest {
  readonly after?: string | undefined;
  readonly before?: string | undefined;
  readonly size: number;
}

export interface Page<T> {
  readonly items: readonly T[];
  /** For the page after this one; null for the last. */
  readonly next: string | null;
  readonly previous: string | null;
}

/**
 * A list that is read page by page. One at the top of a module makes its statements once, and gives them their values at each run.
 *
 * @param statement has its conditions and options, and no order
 */
export class KeysetList<E extends { readonly id: number }> {
  readonly #pages = new Map<string, Select<[E], [Attrs<E>], [Cls<E>]>>();

  constructor(
    readonly cls: Cls<E>,
    readonly statement: Select<[E], [Attrs<E>], [Cls<E>]>,
    readonly order: KeysetOrder<E>,
  ) {}

  /**
   * One page.
   *
   * @throws Refusal for a position that no page has given
   */
  async page({ after, before, size }: PageRequest, options: SessionExecuteOptions = {}): Promise<Page<E>> {
    const { order } = this;
    const backwards = after === undefined && before !== undefined;
    const descending = (order.descending === true) !== backwards;
    const position = backwards ? before : after;
    const values: Record<string, unknown> = { rows: size + 1 };
    if (position !== undefined) [values["value"], values["id"]] = decode(position, order.of);
    const found = await db.scalars(this.#rows(descending, position !== undefined), values, options).all();
    const more = found.length > size;
    const items = found.slice(0, size);
    if (backwards) items.reverse();
    const [first, last] = [items[0], items.at(-1)];
    const hasNext = backwards ? items.length > 0 : more;
    const hasPrevious = backwards ? more : after !== undefined && items.length > 0;
    return {
      items,
      next: hasNext && last !== undefined ? encode(order.valueOf(last), last.id) : null,
      previous: hasPrevious && first !== undefined ? encode(order.valueOf(first), first.id) : null,
    };
  }

  /** The first `rows` of the list, or of what comes behind `value` and `id`. */
  #rows(descending: boolean, isPlaced: boolean): Select<[E], [Attrs<E>], [Cls<E>]> {
    const name = `${descending} ${isPlaced}`;
    let rows = this.#pages.get(name);
    if (rows === undefined) {
      const entity = attrs(this.cls);
      const key = (entity as unknown as Attrs<{ id: number }>).id;
      const by = this.order.by(entity);
      rows = this.statement
        .orderBy(...(descending ? [by.desc(), key.desc()] : [by, key]))
        .limit(bindparam("rows", t.integer));
      if (isPlaced) {
        const place = tuple(by, key);
        const there = tuple(bindparam("value", by.type), bindparam("id", t.integer));
        rows = rows.where(descending ? place.lt(there as never) : place.gt(there as never));
      }
      this.#pages.set(name, rows);
    }
    return rows;
  }
}

function encode(value: string | number | Date, id: number): string {
  const plain = value instanceof Date ? { time: value.getTime() } : value;
  return Buffer.from(JSON.stringify([plain, id])).toString("base64url");
}

function decode(position: string, of: KeysetOrder<never>["of"]): [value: string | number | Date, id: number] {
  try {
    const [plain, id] = JSON.parse(Buffer.from(position, "base64url").toString()) as [unknown, unknown];
    const value = PLAIN_VALUE[of](plain);
    if (value !== null && isInteger(id)) return [value, id];
  } catch {}
  throw new Refusal("invalid", "That is no position in this list: take the links from page to page.", "after");
}

const isInteger = (value: unknown): value is number => Number.isInteger(value) && Math.abs(value as number) < 2 ** 31;

/** What a position may hold, by what the list is ordered by; null for what no page has given. */
const PLAIN_VALUE: Readonly<Record<KeysetOrder<never>["of"], (plain: unknown) => string | number | Date | null>> = {
  text: (plain) => (typeof plain === "string" && plain.length <= 300 && PLAIN_TEXT.test(plain) ? plain : null),
  number: (plain) => (isInteger(plain) ? plain : null),
  time(plain) {
    const time = (plain as { time?: unknown } | null)?.time;
    return typeof time === "number" && Math.abs(time) < 8e12 ? new Date(Math.trunc(time)) : null;
  },
};
