/** A second name for an attribute. SQLAlchemy: `synonym`. */
import { InvalidRequestError } from "../../sql/errors.js";
import { type DescriptorDeclaration, declareProperty, PropertySpec } from "./declarations.js";
import { refuseStandardDecorator } from "./registry.js";
import { SynonymDescriptor } from "./synonym-descriptor.js";

class SynonymSpec extends PropertySpec {
  constructor(private readonly name: string) {
    super();
  }

  declare(property: string, label: string): DescriptorDeclaration {
    if (property === this.name)
      throw new InvalidRequestError(`${label} is a synonym of itself: name another attribute.`);
    return {
      kind: "descriptor",
      property,
      columns: [],
      make: (owner) => new SynonymDescriptor(owner, property, this.name),
    };
  }
}

/** The same as `@Synonym` for `registry.mapImperatively(cls, table, { properties: { ... } })`. */
export function synonym(name: string): PropertySpec {
  return new SynonymSpec(name);
}

/**
 * Another name for an attribute: both read, write, filter and load one value.
 *
 * @param name the attribute
 * @example @Column() jobStatus!: string; @Synonym("jobStatus") status!: string;
 */
export function Synonym(name: string): (target: object, property: string | symbol) => void {
  return (target, property) => {
    refuseStandardDecorator(property, "@Synonym");
    declareProperty(
      target,
      synonym(name).declare(
        String(property),
        `${target.constructor.name}.${String(property)}`,
      ) as DescriptorDeclaration,
    );
  };
}
