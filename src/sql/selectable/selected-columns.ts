/** The select list: which columns it comes to, and their names. */
import { ColumnElement } from "../element.js";
import { ElementList, Label } from "../elements/expression.js";
import { EntityElement } from "../entity.js";
import { CompileError } from "../errors.js";
import type { Node } from "../node.js";
import { roomForNumber } from "../schema/naming.js";
import { FromClause } from "./from-clause.js";
import type { SelectedColumn } from "./query.js";

/** The elements of a select list: FROM elements, entities and lists of columns give those. */
export function expandColumns(nodes: readonly Node[]): ColumnElement[] {
  const elements: ColumnElement[] = [];
  for (const node of nodes) {
    const element = node instanceof Label ? node.element : node;
    if (element instanceof ElementList) elements.push(...element.elements);
    else if (node instanceof ColumnElement) elements.push(node);
    else if (node instanceof FromClause || node instanceof EntityElement) {
      for (const column of node.columns) if ((column as { system?: boolean }).system !== true) elements.push(column);
    }
  }
  return elements;
}

/**
 * The column that ORDER BY or GROUP BY names: a selected one, or one of the FROM elements.
 *
 * @param dialect for the message
 * @throws CompileError where none has the name
 */
export function columnCalled(
  name: string,
  selected: readonly SelectedColumn[],
  froms: Iterable<FromClause<unknown>>,
  dialect: string,
): ColumnElement {
  const found = selected.find((each) => each.name === name) ?? selected.find((each) => each.key === name);
  if (found !== undefined) return found.element;
  for (const from of froms) {
    const column = from.columns.find((each) => each.key === name);
    if (column !== undefined) return column;
  }
  const names = selected.map((each) => each.name).join(", ");
  throw new CompileError(
    `${dialect}: ORDER BY or GROUP BY names ${JSON.stringify(name)}, and the statement selects ${names || "nothing by name"}; no element of its FROM has a column of that name.`,
  );
}

/** The name that the database gives to a selected element by itself, or null when it must be given one. */
export function plainName(element: ColumnElement): string | null {
  let each: unknown = element;
  for (;;) {
    const node = each as { visitName: string; name?: string; element?: unknown };
    switch (node.visitName) {
      case "AnnotatedColumn":
      case "TypeCoerce":
        each = node.element;
        continue;
      case "Column":
      case "AliasedColumn":
      case "Label":
      case "LiteralColumn":
      case "ColumnValued":
      case "ScalarTableValued":
      case "NamedColumn":
        return node.name ?? null;
      default:
        return null;
    }
  }
}

/** How long a name may be on the databases that take the least, which cut others: a select knows of no database. */
const SHORTEST = 63;

/**
 * Names for a select list, each of its own: a second `id` becomes `id_1`, an expression without a name what
 * `func_1`, `anon_1` say.
 */
export function disambiguate(nodes: readonly Node[]): SelectedColumn[] {
  const used = new Set<string>();
  const elements = expandColumns(nodes);
  // names that are asked for are never given to something else
  const asked = new Set<string>();
  for (const element of elements) {
    const name = plainName(element);
    if (name !== null) asked.add(name);
  }
  return elements.map((element) => {
    const plain = plainName(element);
    let name: string;
    if (plain !== null && !used.has(plain)) name = plain;
    else {
      const cast = plain === null ? castName(element) : null;
      const base = roomForNumber(plain ?? cast ?? anonymousBase(element), SHORTEST);
      let n = 1;
      name = cast ?? `${base}_${n++}`;
      while (used.has(name) || asked.has(name)) name = `${base}_${n++}`;
    }
    used.add(name);
    return {
      element,
      name,
      key: plain === name ? (element.key ?? name) : plain === null ? (keyOf(element) ?? name) : name,
    };
  });
}

function anonymousBase(element: ColumnElement): string {
  let each = element as { visitName: string; name?: string; element?: unknown };
  for (;;) {
    switch (each.visitName) {
      case "Function":
        return each.name ?? "anon";
      case "Over":
      case "FunctionFilter":
      case "WithinGroup":
      case "Cast":
        each = each.element as typeof each;
        continue;
      case "BindParameter":
        return "param";
      default:
        return "anon";
    }
  }
}

// CAST(users.id AS TEXT) AS id, as SQLAlchemy has it
function castName(element: ColumnElement): string | null {
  return element.visitName === "Cast" ? plainName((element as unknown as { element: ColumnElement }).element) : null;
}

function keyOf(element: ColumnElement): string | null {
  return element.visitName === "Cast" ? element.key : null;
}
