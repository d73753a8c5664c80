/** Gathers the declared properties of a class: its own, and those of unmapped bases and mixins. */
import type { EntityRef } from "../../sql/entity.js";
import { ArgumentError } from "../../sql/errors.js";
import { Column } from "../../sql/schema/column.js";
import {
  type AnyClass,
  declaredOn,
  type PropertyDeclaration,
  type RelationDeclarationOptions,
  type RelationKind,
} from "./declarations.js";
import { mapperOfPrototype } from "./instrument.js";

/** The declarations of a decorated class, base classes first, up to the next mapped class. A property declared again replaces the former. */
export function collectDeclarations(cls: AnyClass): PropertyDeclaration[] {
  const chain: object[] = [];
  for (
    let proto: object | null = cls.prototype;
    proto !== null && proto !== Object.prototype;
    proto = Object.getPrototypeOf(proto)
  ) {
    if (proto !== cls.prototype && mapperOfPrototype(proto) !== undefined) break;
    chain.unshift(proto);
  }
  const found = new Map<string, PropertyDeclaration>();
  for (const proto of chain) for (const declaration of declaredOn(proto)) found.set(declaration.property, declaration);
  return [...found.values()];
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
  return new RelationshipSpec(target, options);
}

/** Attributes of an imperative mapping by name. */
export type ImperativeProperties = Readonly<Record<string, RelationshipSpec | object>>;

export function imperativeDeclarations(cls: AnyClass, properties: ImperativeProperties): PropertyDeclaration[] {
  return Object.entries(properties).map(([property, spec]): PropertyDeclaration => {
    if (spec instanceof RelationshipSpec) {
      const { kind, ...options } = spec.options;
      return { kind: "relation", property, relation: kind ?? null, target: spec.target, options };
    }
    if (spec instanceof Column) return { kind: "column", property, type: null, column: spec, options: {} };
    throw new ArgumentError(
      `${cls.name}.${property}: a property of an imperative mapping is a column of its table or relationship(() => Target).`,
    );
  });
}
