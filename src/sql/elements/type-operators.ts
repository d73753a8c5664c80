/** Operators that a type gives to its expressions. */
import { ColumnElement } from "../element.js";
import { ArgumentError, InvalidRequestError } from "../errors.js";
import { type SQLType, TYPE_OPERATORS, type TypeOperator } from "../types/type.js";
import type { ExprOf, OperatorsOf, Valued } from "../typing.js";

type TypeClass<T> = abstract new (...args: never[]) => SQLType<T>;

/** What {@link defineOperators} takes for a type of value `T`: a function for each operator, null for those it has not. */
export type OperatorDefinitions<T> = {
  readonly [K in keyof OperatorsOf<T>]: OperatorsOf<T>[K] extends (...operands: infer A) => infer R
    ? (self: ExprOf<T>, ...operands: A) => R
    : never;
} & { readonly [name: string]: ((self: ExprOf<T>, ...operands: never[]) => Valued) | null };

/**
 * Gives a type operators of its own, and takes others away: each becomes a method of every expression of the type, in place of
 * one that has its name. A `TypeDecorator` has those of the type that it is over, unless it defines them anew.
 *
 * The value type says the same to the compiler, so that the methods are known where an expression has that type.
 *
 * @param type the class of the type
 * @param operators by the method's name: a function of the expression and the operands that gives an expression; null refuses
 * @throws InvalidRequestError when an operator is used that the type has not, naming the type and the operator
 * @example
 * interface VectorOperators { distance(other: Vec | Valued<Vec>): NumExpr<number> }
 * type Vec = WithOperators<number[], VectorOperators, "lt" | "gt">;
 * class Vector extends UserDefinedType<Vec> { getColSpec() { return "vector(3)"; } }
 * defineOperators(Vector, {
 *   distance: (self, other) => self.op("<->", { returnType: t.double })(other),
 *   lt: null,
 *   gt: null,
 * });
 */
export function defineOperators<T>(type: TypeClass<T>, operators: OperatorDefinitions<T>): void {
  const { prototype } = type as { readonly prototype: SQLType };
  const defined = new Map(prototype[TYPE_OPERATORS]);
  for (const [name, operator] of Object.entries(operators)) {
    if (operator !== null && typeof operator !== "function") {
      throw new ArgumentError(`defineOperators(${type.name}): ${name} is neither a function nor null.`);
    }
    if (FIXED.has(name)) {
      throw new ArgumentError(
        `defineOperators(${type.name}): ${name} is a property of every expression, and no operator.`,
      );
    }
    defined.set(name, operator as TypeOperator | null);
    install(name);
  }
  Object.defineProperty(prototype, TYPE_OPERATORS, { value: defined, configurable: true });
}

// What is no operator: how an element names, types and renders itself.
const FIXED: ReadonlySet<string> = new Set([
  "appendKey",
  "as",
  "cast",
  "children",
  "constructor",
  "copyReplacing",
  "key",
  "label",
  "outerOperator",
  "toString",
  "type",
  "typeCoerce",
  "visitName",
]);

const installed = new Set<string>();

// The method asks the type first. It replaces one that is there when the first type defines it, so that operators of programs
// without such types cost nothing.
function install(name: string): void {
  if (installed.has(name)) return;
  installed.add(name);
  const prototype = ColumnElement.prototype as unknown as Record<string, unknown>;
  const plain = prototype[name] as ((...operands: unknown[]) => unknown) | undefined;
  Object.defineProperty(prototype, name, {
    configurable: true,
    writable: true,
    value(this: ColumnElement, ...operands: unknown[]): unknown {
      const own = this.type.operator(name) as ((self: unknown, ...operands: unknown[]) => unknown) | null | undefined;
      if (typeof own === "function") return own(this, ...operands);
      if (own === undefined && plain !== undefined) return plain.apply(this, operands);
      throw new InvalidRequestError(`${this}: the type ${this.type.constructor.name} has no operator ${name}().`);
    },
  });
}
