/** Gathers the declared properties of a class: its own, and those of unmapped bases and mixins. */
import type { EntityRef } from "../../sql/entity.js";
import { ArgumentError } from "../../sql/errors.js";
import { Column, type ColumnInfo } from "../../sql/schema/column.js";
import {
  type AnyClass,
  type DeclaredAttrDeclaration,
  declaredOn,
  type PropertyDeclaration,
  PropertySpec,
  type RelationDeclarationOptions,
  type RelationKind,
} from "./declarations.js";
import { mapperOfPrototype } from "./instrument.js";

/** The declarations of a decorated class, base classes first, up to the next mapped class. A property declared again replaces the former. A concrete class has those of mapped superclasses too. */
export function collectDeclarations(cls: AnyClass, concrete = false): PropertyDeclaration[] {
  const chain: object[] = [];
  for (
    let proto: object | null = cls.prototype;
    proto !== null && proto !== Object.prototype;
    proto = Object.getPrototypeOf(proto)
  ) {
    if (!concrete && proto !== cls.prototype && mapperOfPrototype(proto) !== undefined) break;
    chain.unshift(proto);
  }
  const found = new Map<string, PropertyDeclaration>();
  for (const proto of chain) {
    for (const declaration of declaredOn(proto)) {
      // Each class has a declaration of its own, though several share a mixin's property.
      const own = declaration.kind === "declaredAttr" ? forClass(declaration, cls, proto) : { ...declaration };
      found.set(own.property, own);
    }
    // A method or accessor of a class below a mixin takes the place of the mixin's column or relationship.
    for (const name of Object.getOwnPropertyNames(proto)) {
      const hidden = found.get(name);
      if (hidden === undefined || !HIDDEN.has(hidden.kind) || mapperOfPrototype(proto)?.maps(name)) continue;
      if (!declaredOn(proto).some((each) => each.property === name)) found.delete(name);
    }
  }
  return [...found.values()];
}

const HIDDEN: ReadonlySet<PropertyDeclaration["kind"]> = new Set(["column", "relation", "expression"]);

/** What a mixin's property declares for one class. */
function forClass({ make, property }: DeclaredAttrDeclaration, cls: AnyClass, proto: object): PropertyDeclaration {
  const label = `${cls.name}.${property}`;
  const decorate = make(cls);
  if (typeof decorate !== "function")
    throw new ArgumentError(
      `${label}: @DeclaredAttr() takes a function that gives a decorator, such as (cls) => Column(t.string(cls.name.length)).`,
    );
  // The types that the compiler emitted are found on the prototype behind it.
  const stage = Object.create(proto, { constructor: { value: cls } }) as object;
  (decorate as (target: object, property: string) => void)(stage, property);
  const made = declaredOn(stage).find((each) => each.property === property);
  if (made === undefined)
    throw new ArgumentError(`${label}: the decorator that @DeclaredAttr() was given declares nothing.`);
  return made;
}

/** The target of a relationship is given by a function. @throws ArgumentError for a class itself, or anything else */
export function requireThunk(target: unknown, name: string): void {
  if (typeof target !== "function" || target.prototype !== undefined)
    throw new ArgumentError(
      `${name} takes a thunk of the target class: ${name}(() => Target), since classes in files that import each other may not be there yet.`,
    );
}

/** A relationship for `mapImperatively`. */
export class RelationshipSpec {
  constructor(
    readonly target: () => AnyClass | EntityRef<unknown, unknown>,
    readonly options: RelationDeclarationOptions & { readonly kind?: RelationKind },
  ) {}
}

/**
 * A relationship for `registry.mapImperatively(cls, table, { properties: { posts: relationship(() => Post) } })`.
 *
 * @param target a thunk of the target class
 * @param options as the decorators take them; `kind` where the foreign keys do not decide
 */
export function relationship(
  target: () => AnyClass | EntityRef<unknown, unknown>,
  options: RelationDeclarationOptions & { readonly kind?: RelationKind } = {},
): RelationshipSpec {
  requireThunk(target, "relationship");
  return new RelationshipSpec(target, options);
}

/** Options of `deferred`. */
export interface DeferredOptions {
  /** Deferred columns of one group load together. */
  readonly group?: string;
  /** Reading it where it was not loaded is an error. */
  readonly raiseload?: boolean;
}

class DeferredSpec extends PropertySpec {
  constructor(
    private readonly column: Column,
    private readonly options: DeferredOptions,
  ) {
    super();
  }
  declare(property: string): PropertyDeclaration {
    const { group, raiseload = false } = this.options;
    const options = {
      column: this.column,
      deferred: true,
      deferredRaiseload: raiseload,
      ...(group === undefined ? {} : { group }),
    };
    return { kind: "column", property, type: null, options };
  }
}

/**
 * A column that is not part of the class's ordinary SELECT, for `registry.mapImperatively()`; decorated classes say `@Column({ deferred: true })`.
 *
 * @example registry.mapImperatively(Book, books, { properties: { cover: deferred(books.c.cover) } })
 */
export function deferred(column: ColumnInfo, options: DeferredOptions = {}): PropertySpec {
  return new DeferredSpec(column as Column, options);
}

/** Attributes of an imperative mapping by name. */
export type ImperativeProperties = Readonly<Record<string, RelationshipSpec | object>>;

export function imperativeDeclarations(cls: AnyClass, properties: ImperativeProperties): PropertyDeclaration[] {
  return Object.entries(properties).map(([property, spec]): PropertyDeclaration => {
    if (spec instanceof RelationshipSpec) {
      const { kind, ...options } = spec.options;
      return { kind: "relation", property, relation: kind ?? null, target: spec.target, options };
    }
    if (spec instanceof PropertySpec) return spec.declare(property, `${cls.name}.${property}`);
    const columns = [spec].flat();
    if (columns.every((each) => each instanceof Column))
      return { kind: "column", property, type: null, options: { column: columns } };
    throw new ArgumentError(
      `${cls.name}.${property}: a property of an imperative mapping is a column of its table, a list of columns that are equal, or relationship(() => Target).`,
    );
  });
}
