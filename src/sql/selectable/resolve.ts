/** What a statement is given in the place of its own elements: classes, attribute sets, names. */
import { ColumnElement } from "../element.js";
import { EntityElement, RelationElement } from "../entity.js";
import { ArgumentError } from "../errors.js";
import type { Node } from "../node.js";
import { AS_OPERAND, ENTITY } from "../protocol.js";
import { describeValue } from "../types/describe-value.js";
import { FromClause } from "./from-clause.js";

/** The EntityElement of a class or of an attribute set, or null for anything else. */
export function entityOf(value: unknown): EntityElement | null {
  if (value instanceof EntityElement) return value;
  if (value === null || (typeof value !== "object" && typeof value !== "function")) return null;
  const entity = (value as { [ENTITY]?: unknown })[ENTITY];
  return entity instanceof EntityElement ? entity : null;
}

/** One thing of a select list as a node: an element, a FROM element or an entity; null for anything else. */
export function selectedNode(value: unknown): Node | null {
  if (value instanceof ColumnElement || value instanceof FromClause) return value;
  if (value === null || (typeof value !== "object" && typeof value !== "function")) return null;
  const entity = entityOf(value);
  if (entity !== null) return entity;
  if (AS_OPERAND in value) return (value as { [AS_OPERAND](): ColumnElement })[AS_OPERAND]();
  return null;
}

/** The same, or an ArgumentError. */
export function requireSelected(value: unknown, place: string): Node {
  const node = selectedNode(value);
  if (node !== null) return node;
  if (value instanceof RelationElement) {
    throw new ArgumentError(`${place}: a relationship cannot be selected. Select its class and join along it.`);
  }
  if (typeof value === "function") {
    const name = value.name === "" ? "a function" : value.name;
    throw new ArgumentError(`${place}: ${name} is not a mapped class. Is @Entity missing, or its module not imported?`);
  }
  if (typeof value === "string") {
    throw new ArgumentError(
      `${place} got the string ${JSON.stringify(value)}. Name a column (users.c.name, u.name), or write text(...) for SQL, literal(...) for a value.`,
    );
  }
  throw new ArgumentError(
    `${place} takes columns, expressions, tables and mapped classes, not ${describeValue(value)}.`,
  );
}

/** Something that rows come from: a FROM element, a mapped class or an alias of one. */
export function requireFrom(value: unknown, place: string): FromClause<unknown> {
  if (value instanceof FromClause) return value;
  const entity = entityOf(value);
  if (entity !== null) return entity.from;
  if (typeof value === "function") {
    const name = value.name === "" ? "a function" : value.name;
    throw new ArgumentError(`${place}: ${name} is not a mapped class. Is @Entity missing, or its module not imported?`);
  }
  const hint =
    value !== null && typeof value === "object" && AS_OPERAND in value ? " A select becomes one by .subquery()." : "";
  throw new ArgumentError(
    `${place} takes a table, an alias, a subquery or a mapped class, not ${describeValue(value)}.${hint}`,
  );
}

/** The entities among things that FROM elements are made of. */
export function entitiesAmong(values: readonly unknown[]): readonly EntityElement[] {
  return values.flatMap((each) => (each instanceof FromClause ? [] : (entityOf(each) ?? [])));
}

/** A function that is no class: what takes the attributes of entities. */
export function isLambda(value: unknown): value is (...sets: object[]) => unknown {
  return typeof value === "function" && !("prototype" in value);
}

/** What lambdas of a SELECT receive: the attributes of each selected entity, or, where none is selected, of those that FROM names. */
export function lambdaSets(selected: readonly Node[], named: readonly EntityElement[] | undefined): object[] {
  const sets = attributeSets(selected);
  return sets.length === 0 && named !== undefined ? attributeSets(named) : sets;
}

/** The same for a lambda that needs one at least, given to `place`. */
export function requireSets(sets: object[], place: string): object[] {
  if (sets.length > 0) return sets;
  throw new ArgumentError(
    `${place} got a function, and no mapped class is selected whose attributes it could take. Name one by selectFrom() before, or write attrs(Class).`,
  );
}

/** What each selected entity gives to lambdas, in order. */
export function attributeSets(nodes: readonly Node[]): object[] {
  const sets: object[] = [];
  for (const node of nodes) if (node instanceof EntityElement) sets.push(node.attrs);
  return sets;
}
