/** Columns that make an object together in the rows of a statement. */
import { requireElement } from "../../sql/elements/coerce.js";
import { ArgumentError } from "../../sql/errors.js";
import { ABSENT, END, type KeyContext } from "../../sql/key-context.js";
import { refId } from "../../sql/pieces.js";
import type { SelectedValue } from "../../sql/selectable/select-typing.js";
import type { ExprOf, Named, Valued } from "../../sql/typing.js";
import { CompositeElement } from "./composite-element.js";

/** The object that a bundle of these columns gives. */
export type BundleValue<C> = { -readonly [K in keyof C]: SelectedValue<C[K]> };

/** A bundle in a select list; its columns are under `c`. */
export type Bundle<N extends string, C, V = BundleValue<C>> = ExprOf<V> & Named<N> & { readonly c: C };

/**
 * Columns that come as one object in each row.
 *
 * @param name its name in rows
 * @param columns expressions, or bundles, by the object's keys
 * @param make turns the plain object into something else
 * @example const b = bundle("pair", { id: u.id, name: u.name }); select(b).where(b.c.name.eq("Ann"))   // rows of [{ id, name }]
 */
export function bundle<const N extends string, const C extends Readonly<Record<string, Valued>>>(
  name: N,
  columns: C,
): Bundle<N, C>;
export function bundle<const N extends string, const C extends Readonly<Record<string, Valued>>, V>(
  name: N,
  columns: C,
  make: (values: BundleValue<C>) => V,
): Bundle<N, C, V>;
export function bundle(
  name: string,
  columns: Readonly<Record<string, Valued>>,
  make: (values: never) => unknown = asTheyAre,
): unknown {
  const keys = Object.keys(columns);
  if (keys.length === 0) throw new ArgumentError(`bundle(${JSON.stringify(name)}, {}) has no column.`);
  const parts = keys.map((key) => requireElement(columns[key], `bundle(${JSON.stringify(name)}): ${key}`));
  const compose = (values: readonly unknown[]): unknown => {
    const made: Record<string, unknown> = {};
    let at = 0;
    parts.forEach((part, i) => {
      if (part instanceof CompositeElement) {
        const width = part.elements.length;
        made[keys[i]] = part.composer.compose(values.slice(at, at + width));
        at += width;
      } else made[keys[i]] = values[at++];
    });
    return make(made as never);
  };
  const decompose = (): never => {
    throw new ArgumentError(`The bundle ${JSON.stringify(name)} is no value: compare its columns, ${name}.c.`);
  };
  const appendKey = (context: KeyContext): void => {
    context.add(make === asTheyAre ? ABSENT : refId(make));
    parts.forEach((part, i) => {
      context.addName(keys[i]);
      if (part instanceof CompositeElement) part.appendKey(context);
    });
    context.add(END);
  };
  const elements = parts.flatMap((part) => (part instanceof CompositeElement ? part.elements : [part]));
  return new CompositeElement(name, elements, { label: name, compose, decompose, appendKey }, { c: columns });
}

function asTheyAre(values: unknown): unknown {
  return values;
}
