/** The typed attributes of an entity, which lambdas and `attrs(User)` give. */
import { ENTITY } from "../../sql/entity.js";
import { InvalidRequestError } from "../../sql/errors.js";
import { ColumnAttribute } from "../attributes/column-attribute.js";
import type { Mapper } from "../mapping/mapper.js";
import { withOperators } from "./comparator.js";
import { InstrumentedColumn } from "./instrumented-column.js";
import { InstrumentedRelation } from "./instrumented-relation.js";
import type { OrmEntity } from "./orm-entity.js";

/** The attributes of one entity; asking for one that is not mapped is an error that names those that are. */
export function makeAttrs(entity: OrmEntity, mappers: readonly Mapper[]): object {
  const made = Object.create(missing(entity)) as Record<PropertyKey, unknown>;
  Object.defineProperty(made, ENTITY, { value: entity });
  for (const mapper of mappers) {
    for (const [name, attribute] of mapper.attributes) {
      if (Object.hasOwn(made, name)) continue;
      if (attribute instanceof ColumnAttribute) {
        defineLazily(made, name, () => columnOf(entity, attribute));
      } else {
        const relationship = mapper.relationship(name);
        if (relationship !== undefined) made[name] = new InstrumentedRelation(entity, relationship);
      }
    }
    for (const [name, descriptor] of mapper.descriptors)
      if (!Object.hasOwn(made, name)) defineLazily(made, name, () => descriptor.expression(made));
  }
  return made;
}

function columnOf(entity: OrmEntity, attribute: ColumnAttribute): InstrumentedColumn {
  const { comparator } = attribute;
  const make = (): InstrumentedColumn => new InstrumentedColumn(entity, attribute, entity.elementOf(attribute));
  return comparator === undefined ? make() : withOperators(make(), make(), comparator);
}

/** A column is looked for when it is asked for: a subquery need not have them all. */
function defineLazily(target: object, name: string, make: () => unknown): void {
  Object.defineProperty(target, name, {
    configurable: true,
    enumerable: true,
    get() {
      const value = make();
      Object.defineProperty(target, name, { value, configurable: true, enumerable: true, writable: false });
      return value;
    },
  });
}

function missing(entity: OrmEntity): object {
  return new Proxy(Object.create(null) as object, {
    get(_target, name, receiver: object) {
      // Promise machinery, inspectors and test frameworks ask for these of any object.
      if (
        typeof name === "symbol" ||
        name === "then" ||
        name === "toJSON" ||
        name === "constructor" ||
        name.startsWith("$$")
      )
        return undefined;
      const names = Object.keys(receiver);
      throw new InvalidRequestError(
        `${entity.mapper.className} has no mapped attribute "${name}". It has: ${names.join(", ")}.`,
      );
    },
  });
}
