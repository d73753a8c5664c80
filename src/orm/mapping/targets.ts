/** Finds what a relationship's declaration refers to: its target class and its other side. */
import { ENTITY, type EntityElement } from "../../sql/entity.js";
import { ArgumentError } from "../../sql/errors.js";
import { MapperConfigurationError } from "../errors.js";
import type { ClassDeclaration } from "./class-declaration.js";
import type { AnyClass, RelationDeclaration } from "./declarations.js";
import { mapperOfPrototype } from "./instrument.js";
import type { Mapper } from "./mapper.js";

/** `User.posts`, for messages. */
export function labelOf(mapper: Mapper, relation: RelationDeclaration): string {
  return `${mapper.className}.${relation.property}`;
}

/** The mapper of a relationship's target. @throws MapperConfigurationError saying what is wrong with the thunk */
export function targetOf(mapper: Mapper, relation: RelationDeclaration): Mapper {
  const label = labelOf(mapper, relation);
  const entity = aliasOf(relation);
  if (entity !== null) return entity.mapper;
  let cls: AnyClass | undefined;
  try {
    cls = relation.target() as AnyClass;
  } catch (cause) {
    throw new MapperConfigurationError(
      `${label}: its target could not be found (${(cause as Error).message}). The target is a thunk, () => Target, that is called when mappings are first used: ` +
        `the module that defines the target must be imported by then.`,
      { cause },
    );
  }
  if (typeof cls !== "function") {
    throw new MapperConfigurationError(
      `${label}: its target is ${String(cls)} and not a class. In files that import each other a class may not be there yet: ` +
        `write a thunk, () => Target, and make sure that the module that defines the target is imported before mappings are first used.`,
    );
  }
  const target = mapperOfPrototype(cls.prototype);
  if (target === undefined) {
    throw new MapperConfigurationError(`${label}: its target ${cls.name} is not mapped. Decorate it with @Entity().`);
  }
  return target;
}

interface AliasEntity extends EntityElement {
  readonly mapper: Mapper;
}

const aliases = new WeakMap<RelationDeclaration, AliasEntity | null>();

/** The alias that a relationship leads to, asked for once, since its thunk may make it; null where it leads to a class. */
export function aliasOf(relation: RelationDeclaration): AliasEntity | null {
  const known = aliases.get(relation);
  if (known !== undefined) return known;
  let found: unknown;
  try {
    found = relation.target();
  } catch {
    return null;
  }
  const entity =
    typeof found === "object" && found !== null ? ((found as { [ENTITY]?: AliasEntity })[ENTITY] ?? null) : null;
  aliases.set(relation, entity);
  return entity;
}

/** The name of the relationship on the other side, null where there is none. */
export function inverseName(relation: RelationDeclaration): string | null {
  const inverse = relation.options.backPopulates;
  if (inverse === undefined) return null;
  if (typeof inverse === "string") return inverse;
  const name = typeof inverse === "function" ? propertyOf(inverse as (target: unknown) => unknown) : "";
  if (name !== "") return name;
  throw new ArgumentError(
    `${relation.property}: its backPopulates names no property of ${nameOfTarget(relation)}: it is a name, "posts", or a function that reads it, (target) => target.posts.`,
  );
}

function nameOfTarget({ target }: RelationDeclaration): string {
  return (target() as Partial<AnyClass> & { readonly name?: string }).name ?? "its target";
}

/** The property that a lambda such as `(p) => p.author` reads. */
export function propertyOf(read: (target: unknown) => unknown): string {
  let name = "";
  const recorder = new Proxy(
    {},
    {
      get(_, key) {
        name ||= String(key);
        return undefined;
      },
    },
  );
  try {
    read(recorder);
  } catch {
    // Reading further than one property deep fails; the first one is what counts.
  }
  return name;
}

/** The declaration of a class's mapper among those that are being configured. */
export function declarationsByMapper(declarations: readonly ClassDeclaration[]): Map<Mapper, ClassDeclaration> {
  return new Map(declarations.map((declaration) => [declaration.mapper, declaration]));
}
