/** Value objects over several columns. SQLAlchemy: `composite`. */
import type { ColumnElement } from "../../sql/element.js";
import { ArgumentError } from "../../sql/errors.js";
import { describeValue } from "../../sql/types/describe-value.js";
import { isType, plainType, type SQLType } from "../../sql/types/type.js";
import { History, NO_HISTORY } from "../history.js";
import { withOperators } from "../loading/comparator.js";
import { type Composer, CompositeElement } from "../loading/composite-element.js";
import {
  type ColumnDeclaration,
  type ColumnDeclarationOptions,
  type ComparatorFactory,
  type DescriptorDeclaration,
  declareProperty,
  PropertySpec,
} from "./declarations.js";
import { Descriptor, type DescriptorOwner } from "./descriptor.js";
import { followParts, type MutableOwner } from "./mutable-composite.js";
import { refuseStandardDecorator } from "./registry.js";

/** What one part of a composite is stored in: a column of this type, a column with options, a mapped attribute by name, or a composite within this one. */
export type CompositePart =
  | SQLType
  | string
  | CompositeSpec
  | (ColumnDeclarationOptions & { readonly type: SQLType /** The attribute's name. */; readonly attribute?: string });

/** Options of `@Composite`. */
export interface CompositeOptions {
  /** What the names of the attributes begin with; default: the property's name, so that `start` with `x` makes `startX`. `""` for none. */
  readonly prefix?: string;
  /** The object may be null: all its columns are. Their columns are nullable then. */
  readonly nullable?: boolean;
  /** Members may be assigned: each assignment, and what methods of the object do, is written to the columns. */
  readonly mutable?: boolean;
  /** Operators of its own: `(c) => ({ gt: (other) => ... })`. */
  readonly comparator?: ComparatorFactory;
}

/** A class of value objects, whose constructor takes the parts in order. */
export type ValueClass<T> = new (...values: never[]) => T;

/** A part, worked out. */
type Part = { readonly name: string } & (
  | { readonly attribute: string; readonly nested: null }
  | { readonly attribute: null; readonly nested: Shape }
);

/** How a value object lies in its columns. */
class Shape implements Composer {
  /** The attributes of all columns, in order. */
  readonly keys: readonly string[];

  constructor(
    readonly label: string,
    readonly cls: ValueClass<object>,
    readonly nullable: boolean,
    readonly parts: readonly Part[],
  ) {
    this.keys = parts.flatMap((part) => (part.nested === null ? [part.attribute] : part.nested.keys));
  }

  compose(values: readonly unknown[]): object | null {
    if (this.nullable && values.every((value) => value === null || value === undefined)) return null;
    let at = 0;
    const args = this.parts.map(({ nested }) => {
      if (nested === null) return values[at++];
      const own = values.slice(at, at + nested.keys.length);
      at += nested.keys.length;
      return nested.compose(own);
    });
    return new (this.cls as new (...args: unknown[]) => object)(...args);
  }

  decompose(value: unknown): readonly unknown[] {
    if (value === null || value === undefined) {
      if (!this.nullable && this.keys.length > 0 && value === undefined)
        throw new ArgumentError(`${this.label} takes an object of ${this.cls.name}, not undefined.`);
      return this.keys.map(() => null);
    }
    if (typeof value !== "object")
      throw new ArgumentError(`${this.label} takes an object of ${this.cls.name}, not ${describeValue(value)}.`);
    const given = value as Record<string, unknown>;
    return this.parts.flatMap(({ name, nested }) => {
      if (nested !== null) return nested.decompose(given[name] ?? null);
      if (given[name] === undefined)
        throw new ArgumentError(
          `${this.label} takes an object of ${this.cls.name}, and the one given has no "${name}".`,
        );
      return [given[name]];
    });
  }
}

/** A value object that was handed out, with the values of the columns that it was made of. */
interface Made {
  values: readonly unknown[];
  /** What is handed out. */
  readonly exposed: object;
}

export class CompositeDescriptor extends Descriptor {
  readonly kind = "composite";
  private readonly made = new WeakMap<object, Made>();

  constructor(
    owner: DescriptorOwner,
    key: string,
    readonly shape: Shape,
    private readonly options: CompositeOptions,
  ) {
    super(owner, key);
  }

  /** The attributes that hold its values, in order. */
  get attributes(): readonly string[] {
    return this.shape.keys;
  }

  override get behind(): readonly string[] {
    return this.shape.keys;
  }

  override holds(value: unknown): boolean {
    return value instanceof this.shape.cls;
  }

  override history(of: (key: string) => History): History {
    const parts = this.shape.keys.map(of);
    if (parts.every((part) => part.empty)) return NO_HISTORY;
    const now = this.shape.compose(parts.map((part) => part.nonDeleted()[0] ?? null));
    if (!parts.some((part) => part.hasChanges)) return new History([], [now], []);
    const known = parts.some((part) => part.nonAdded().length > 0);
    return new History([now], [], known ? [this.shape.compose(parts.map((part) => part.nonAdded()[0] ?? null))] : []);
  }

  override install(prototype: object): void {
    const descriptor = this;
    Object.defineProperty(prototype, this.key, {
      configurable: true,
      get(this: Record<string, unknown>) {
        return this === prototype ? undefined : descriptor.read(this);
      },
      set(this: Record<string, unknown>, value: unknown) {
        descriptor.write(this, value);
      },
    });
  }

  private read(object: Record<string, unknown>): object | null | undefined {
    const values = this.shape.keys.map((key) => object[key]);
    const present = this.made.get(object);
    if (present?.values.every((value, i) => value === values[i])) return present.exposed;
    if (values.every((value) => value === undefined)) return this.shape.nullable ? null : undefined;
    const made = this.shape.compose(values.map((value) => (value === undefined ? null : value)));
    return made === null ? null : this.keep(object, made, values);
  }

  private keep(object: Record<string, unknown>, made: object, values: readonly unknown[]): object {
    const exposed = this.options.mutable === true ? followParts(made, this.ownerOf(object)) : made;
    this.made.set(object, { values, exposed });
    return exposed;
  }

  private ownerOf(object: Record<string, unknown>): MutableOwner {
    const { shape } = this;
    return {
      sync: (raw, exposed) => {
        const present = this.made.get(object);
        if (present?.exposed !== exposed) return;
        const values = shape.decompose(raw);
        const before = present.values;
        present.values = values;
        for (let i = 0; i < values.length; i++) if (values[i] !== before[i]) object[shape.keys[i]] = values[i];
      },
    };
  }

  private write(object: Record<string, unknown>, value: unknown): void {
    if (value === undefined) return;
    if (value === null && !this.shape.nullable)
      throw new ArgumentError(
        `${this.label} cannot be null: map it with nullable: true, or give it an object of ${this.shape.cls.name}.`,
      );
    const values = this.shape.decompose(value);
    this.shape.keys.forEach((key, i) => {
      object[key] = values[i];
    });
    // What validators made of the values is what the object reads.
    if (
      value instanceof this.shape.cls &&
      this.options.mutable !== true &&
      values.every((each, i) => object[this.shape.keys[i]] === each)
    )
      this.keep(object, value, values);
    else this.made.delete(object);
  }

  expression(attrs: Readonly<Record<string, unknown>>): CompositeElement {
    const made = elementOf(this.key, this.shape, attrs);
    const { comparator } = this.options;
    return comparator === undefined ? made : withOperators(made, elementOf(this.key, this.shape, attrs), comparator);
  }

  written(_attrs: Readonly<Record<string, unknown>>, value: unknown): Readonly<Record<string, unknown>> {
    const values = value instanceof CompositeElement ? value.elements : this.shape.decompose(value);
    return Object.fromEntries(this.shape.keys.map((key, i) => [key, values[i]]));
  }

  settable(): boolean {
    return true;
  }
}

function elementOf(name: string, shape: Shape, attrs: Readonly<Record<string, unknown>>): CompositeElement {
  const parts: Record<string, unknown> = {};
  const elements = shape.parts.flatMap((part): readonly ColumnElement[] => {
    if (part.nested === null) {
      parts[part.name] = attrs[part.attribute];
      return [attrs[part.attribute] as ColumnElement];
    }
    const inner = elementOf(part.name, part.nested, attrs);
    parts[part.name] = inner;
    return inner.elements;
  });
  return new CompositeElement(name, elements, shape, parts);
}

/** A composite for `registry.mapImperatively` or as a part of another one. */
export class CompositeSpec extends PropertySpec {
  constructor(
    private readonly cls: ValueClass<object>,
    private readonly parts: Readonly<Record<string, CompositePart>>,
    private readonly options: CompositeOptions,
  ) {
    super();
  }

  declare(property: string, label: string): DescriptorDeclaration {
    const columns: ColumnDeclaration[] = [];
    const shape = this.shape(label, this.options.prefix ?? property, this.options.nullable ?? false, columns);
    return {
      kind: "descriptor",
      property,
      columns,
      make: (owner) => new CompositeDescriptor(owner, property, shape, this.options),
    };
  }

  private shape(label: string, prefix: string, nullable: boolean, columns: ColumnDeclaration[]): Shape {
    const parts = Object.entries(this.parts).map(([name, part]): Part => {
      if (typeof part === "string") return { name, attribute: part, nested: null };
      const prefixed = prefix === "" ? name : prefix + name[0].toUpperCase() + name.slice(1);
      if (part instanceof CompositeSpec) {
        const inner = part.options.nullable ?? false;
        const nested = part.shape(`${label}.${name}`, part.options.prefix ?? prefixed, inner || nullable, columns);
        return { name, attribute: null, nested };
      }
      const bare = isType(part);
      const { type, attribute, ...options } = bare
        ? { type: part as SQLType, attribute: undefined }
        : (part as Exclude<CompositePart, SQLType | string | CompositeSpec>);
      columns.push({
        kind: "column",
        property: attribute ?? prefixed,
        type: plainType(type),
        options: { ...(nullable ? { nullable } : {}), ...options },
      });
      return { name, attribute: attribute ?? prefixed, nested: null };
    });
    if (parts.length === 0) throw new ArgumentError(`${label}: a composite has at least one part.`);
    if (typeof this.cls !== "function" || this.cls.prototype === undefined) {
      throw new ArgumentError(
        `${label}: a composite takes the class of its value itself, not ${describeValue(this.cls)}: it is made of the columns by new.`,
      );
    }
    return new Shape(label, this.cls, nullable, parts);
  }
}

/** The same as `@Composite`, as a part of another composite, or for `registry.mapImperatively`. */
export function composite<T extends object>(
  cls: ValueClass<T>,
  parts: { readonly [P in keyof T]?: CompositePart },
  options: CompositeOptions = {},
): CompositeSpec {
  return new CompositeSpec(cls, parts as Readonly<Record<string, CompositePart>>, options);
}

/**
 * A value object over several columns: reading makes it of them, assigning writes them all.
 *
 * @param cls its class; the constructor takes the parts in the order given here
 * @param parts for each property of the object its column: a type (a column of its own), the name of a mapped attribute, or `composite(...)`
 * @param options nullable, prefix, mutable, comparator
 * @example
 * @Composite(Point, { x: t.integer, y: t.integer }) start!: CompositeOf<Point>;   // columns start_x, start_y
 */
export function Composite<T extends object>(
  cls: ValueClass<T>,
  parts: { readonly [P in keyof T]?: CompositePart },
  options: CompositeOptions = {},
): (target: object, property: string | symbol) => void {
  const spec = composite(cls, parts, options);
  return (target, property) => {
    refuseStandardDecorator(property, "@Composite");
    declareProperty(target, spec.declare(String(property), `${target.constructor.name}.${String(property)}`));
  };
}
