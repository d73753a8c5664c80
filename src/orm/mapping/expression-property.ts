/** Attributes whose value is an SQL expression. SQLAlchemy: `column_property` with an expression, `query_expression`. */
import type { Attrs } from "../../sql/entity.js";
import { typeFromMetadata } from "../../sql/types/from-metadata.js";
import { isType, plainType, type SQLType } from "../../sql/types/type.js";
import type { Valued } from "../../sql/typing.js";
import {
  declareProperty,
  type ExpressionDeclaration,
  type ExpressionDeclarationOptions,
  PropertySpec,
} from "./declarations.js";
import { refuseStandardDecorator } from "./registry.js";

/** Options of `@ColumnProperty`. */
export type ColumnPropertyOptions = ExpressionDeclarationOptions;

class ExpressionSpec extends PropertySpec {
  constructor(
    private readonly type: SQLType | null,
    private readonly expression: ExpressionDeclaration["expression"],
    private readonly options: ExpressionDeclaration["options"],
  ) {
    super();
  }

  declare(property: string): ExpressionDeclaration {
    return { kind: "expression", property, type: this.type, expression: this.expression, options: this.options };
  }

  override decorator(): (target: object, property: string | symbol) => void {
    return (target, property) => {
      refuseStandardDecorator(property, this.options.perQuery ? "@QueryExpression" : "@ColumnProperty");
      const type = this.type ?? typeFromMetadata(Reflect.getMetadata("design:type", target, property));
      declareProperty(target, { ...this.declare(String(property)), type });
    };
  }
}

/**
 * The same as `@ColumnProperty` for `registry.mapImperatively(cls, table, { properties: { ... } })`.
 *
 * @param expression from the attributes of the class
 */
export function columnProperty<E extends object>(
  expression: (entity: Attrs<E>) => Valued,
  options: ColumnPropertyOptions = {},
): PropertySpec {
  return new ExpressionSpec(null, expression, { ...options, perQuery: false });
}

/**
 * An attribute that every SELECT of the class computes. It is read-only; after a flush of its object it is loaded anew when read.
 *
 * @param expression the expression from the attributes of the class, other column properties included; it may be a correlated subquery
 * @param options `deferred` and its like for what costs much
 * @example
 * @ColumnProperty((u: Attrs<User>) => u.first.concat(" ").concat(u.last)) readonly fullName!: string;
 */
export function ColumnProperty<E extends object>(
  expression: (entity: Attrs<E>) => Valued,
  options: ColumnPropertyOptions = {},
): (target: object, property: string | symbol) => void {
  return columnProperty(expression, options).decorator();
}

/** Options of `@QueryExpression`. */
export interface QueryExpressionOptions<E> {
  /** The expression where a statement gives none; without it the attribute is null. */
  readonly default?: (entity: Attrs<E>) => Valued;
}

/** The same as `@QueryExpression` for `registry.mapImperatively(cls, table, { properties: { ... } })`. */
export function queryExpression<E extends object = object>(
  type: SQLType,
  options: QueryExpressionOptions<E> = {},
): PropertySpec {
  return new ExpressionSpec(plainType(type), options.default ?? null, { perQuery: true });
}

/**
 * An attribute whose expression each statement gives by `withExpression`; null (or its default) where none does.
 *
 * @param type its type, where the property's own says nothing
 * @example
 * @QueryExpression(t.integer) readonly score!: number | null;
 * select(Book).options(withExpression(Book, (b) => b.score, (b) => b.likes.mul(2)))
 */
export function QueryExpression<E extends object = object>(
  type?: SQLType | QueryExpressionOptions<E>,
  options?: QueryExpressionOptions<E>,
): (target: object, property: string | symbol) => void {
  const typed = type !== undefined && isType(type);
  const given = (typed ? options : (type as QueryExpressionOptions<E> | undefined)) ?? {};
  return new ExpressionSpec(typed ? plainType(type as SQLType) : null, given.default ?? null, {
    perQuery: true,
  }).decorator();
}
