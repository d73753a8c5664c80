/** The other sides of relations to one of several classes: a collection that names such a property is tied to the relationship that leads to its class. */
import { and } from "../../sql/index.js";
import type { Column } from "../../sql/schema/column.js";
import { MapperConfigurationError } from "../errors.js";
import type { ClassDeclaration } from "./class-declaration.js";
import type { RelationDeclaration } from "./declarations.js";
import type { Mapper } from "./mapper.js";
import { declarationsByMapper, inverseName, labelOf, targetOf } from "./targets.js";

/** The attributes that hold the name of a class and the key of an object of it. */
export interface SharedKeys {
  readonly type: string;
  readonly id: string;
}

/** The condition between a row that has such keys and the row that it refers to. @param fromHolder whether the former comes first */
export function sharedJoin(keys: SharedKeys, name: string, fromHolder: boolean): (...sides: never[]) => unknown {
  return (...sides: Readonly<Record<string, Column>>[]) => {
    const [holder, target] = fromHolder ? sides : [sides[1], sides[0]];
    const key = Object.values(target).find((column) => column.primaryKey) as Column;
    return and(holder[keys.id].eq(key), holder[keys.type].eq(name));
  };
}

/** Ties relationships that name a relation to one of several classes. To be done before anything is worked out. */
export function tieAnySides(declarations: readonly ClassDeclaration[]): void {
  const byMapper = declarationsByMapper(declarations);
  for (const { mapper, relations } of declarations) {
    relations.forEach((relation, i) => {
      const name = inverseName(relation);
      if (name === null || relation.variant !== undefined) return;
      const target = targetOf(mapper, relation);
      const choice = choicesNamed(target, name, byMapper);
      if (choice.length === 0) return;
      const member = choice.find((each) => mapper.isA(targetOf(target, each)));
      if (member === undefined) {
        const names = choice.map((each) => targetOf(target, each).className).join(", ");
        throw new MapperConfigurationError(
          `${labelOf(mapper, relation)}: its other side is said to be ${target.className}.${name}, which takes objects of ${names} and not of ${mapper.className}. ` +
            `Name ${mapper.className} in its @ManyToAny() too.`,
        );
      }
      relations[i] = backSide(relation, member);
    });
  }
}

/** The relationships of which a property is made. */
function choicesNamed(
  target: Mapper,
  name: string,
  byMapper: ReadonlyMap<Mapper, ClassDeclaration>,
): readonly RelationDeclaration[] {
  for (let mapper: Mapper | null = target; mapper !== null; mapper = mapper.inherits) {
    const found = byMapper.get(mapper)?.descriptors.find((each) => each.property === name)?.relations;
    if (found !== undefined) return found;
  }
  return [];
}

function backSide(relation: RelationDeclaration, { property, variant }: RelationDeclaration): RelationDeclaration {
  const keys = variant?.keys ?? null;
  return {
    ...relation,
    variant,
    options: {
      ...relation.options,
      backPopulates: property,
      ...(keys === null || variant === undefined
        ? {}
        : { foreignKeys: [keys.id], primaryJoin: sharedJoin(keys, variant.name, false) }),
    },
  };
}
