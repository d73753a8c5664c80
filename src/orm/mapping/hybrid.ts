/** Hybrids: a getter or method of a class that has a second meaning in statements. SQLAlchemy: `hybrid_property`, `hybrid_method`. */
import type { Attrs, Cls } from "../../sql/entity.js";
import { ArgumentError } from "../../sql/errors.js";
import type { Valued } from "../../sql/typing.js";
import { withComparator } from "../loading/comparator.js";
import { type ComparatorFactory, declareProperty } from "./declarations.js";
import { accessorOf, Descriptor, type DescriptorOwner } from "./descriptor.js";
import { refuseStandardDecorator } from "./registry.js";

/** Options of `@Hybrid`. */
export interface HybridOptions<E> {
  /**
   * What `update(Class).values({ name: value })`, `insert(Class).values(...)` and lists of rows write in its place: attributes and their values. It is
   * given all that the row is given, too; `fromDmlColumn(entity.other)` is what the statement writes into another column.
   *
   * @example update: (i, value) => ({ end: i.start.add(value as number) })
   */
  readonly update?: (
    entity: Attrs<E>,
    value: unknown,
    row: Readonly<Record<string, unknown>>,
  ) => Readonly<Record<string, unknown>>;
  /** Operators in place of those of the expression: `(e) => ({ eq: (other) => ... })`. */
  readonly comparator?: ComparatorFactory;
}

type Expression = (attrs: unknown, ...args: unknown[]) => unknown;

class HybridProperty extends Descriptor {
  readonly kind = "hybrid";

  constructor(
    owner: DescriptorOwner,
    key: string,
    private readonly sql: Expression,
    private readonly options: HybridOptions<never>,
  ) {
    super(owner, key);
  }

  expression(attrs: Readonly<Record<string, unknown>>): unknown {
    return withComparator(this.sql(attrs), this.options.comparator, this.key, this.label);
  }

  written(
    attrs: Readonly<Record<string, unknown>>,
    value: unknown,
    row: Readonly<Record<string, unknown>>,
  ): Readonly<Record<string, unknown>> {
    const { update } = this.options;
    if (update === undefined) {
      throw new ArgumentError(
        `${this.label} is a hybrid and cannot be written by a statement: give it update: (entity, value) => ({ attribute: ... }), or set the attributes that it is made of.`,
      );
    }
    return (update as (...given: unknown[]) => Readonly<Record<string, unknown>>)(attrs, value, row);
  }

  settable(prototype: object): boolean {
    return accessorOf(prototype, this.key)?.set !== undefined;
  }
}

class HybridMethodDescriptor extends Descriptor {
  readonly kind = "hybridMethod";

  constructor(
    owner: DescriptorOwner,
    key: string,
    private readonly sql: Expression,
  ) {
    super(owner, key);
  }

  expression(attrs: Readonly<Record<string, unknown>>): unknown {
    return (...args: unknown[]) => this.sql(attrs, ...args);
  }

  written(): never {
    throw new ArgumentError(`${this.label} is a method and cannot be written.`);
  }

  settable(): boolean {
    return false;
  }
}

/**
 * A getter (with or without a setter) that statements know too: on objects the body of the getter computes it, in statements the expression.
 *
 * @param expression the SQL side, from the attributes of the class or of an alias of it; it may be a correlated subquery
 * @param options how bulk statements write it, and operators of its own
 * @example
 * @Hybrid((i: Attrs<Interval>) => i.end.sub(i.start))
 * get length(): number { return this.end - this.start; }
 */
export function Hybrid<E extends object, T>(
  expression: (entity: Attrs<E>) => Valued<T>,
  options: HybridOptions<E> = {},
): <V extends T | null | undefined>(
  target: E,
  property: string | symbol,
  descriptor: TypedPropertyDescriptor<V>,
) => void {
  return (target, property) => {
    refuseStandardDecorator(property, "@Hybrid");
    const key = String(property);
    if (accessorOf(target, key)?.get === undefined) {
      throw new ArgumentError(
        `${target.constructor.name}.${key}: @Hybrid() belongs on a getter, whose body is the value on objects. For a value that comes from the database there is @ColumnProperty(), for a method @HybridMethod().`,
      );
    }
    declareProperty(target, {
      kind: "descriptor",
      property: key,
      columns: [],
      make: (owner) => new HybridProperty(owner, key, expression as Expression, options as HybridOptions<never>),
    });
  };
}

/**
 * A method that statements know too. Its declared result is `HybridOf<T>`, by which `attrs(Class)` has it.
 *
 * @param expression the SQL side: the attributes, then the method's arguments, which may be expressions
 * @example
 * @HybridMethod((i: Attrs<Interval>, point: Operand<number>) => i.start.le(point).and(i.end.gt(point)))
 * contains(point: number): HybridOf<boolean> { return this.start <= point && point < this.end; }
 */
export function HybridMethod<E extends object, A extends readonly unknown[], T>(
  expression: (entity: Attrs<E>, ...args: A) => Valued<T>,
): (target: E, property: string | symbol, descriptor: PropertyDescriptor) => void {
  return (target, property) => {
    refuseStandardDecorator(property, "@HybridMethod");
    const key = String(property);
    if (typeof (target as Record<string, unknown>)[key] !== "function")
      throw new ArgumentError(
        `${(target.constructor as Cls<unknown>).name}.${key}: @HybridMethod() belongs on a method.`,
      );
    declareProperty(target, {
      kind: "descriptor",
      property: key,
      columns: [],
      make: (owner) => new HybridMethodDescriptor(owner, key, expression as unknown as Expression),
    });
  };
}
