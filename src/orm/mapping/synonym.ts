/** A second name for an attribute. SQLAlchemy: `synonym`. */
import { InvalidRequestError } from "../../sql/errors.js";
import { type DescriptorDeclaration, declareProperty, PropertySpec } from "./declarations.js";
import { Descriptor, type DescriptorOwner } from "./descriptor.js";
import { refuseStandardDecorator } from "./registry.js";

export class SynonymDescriptor extends Descriptor {
  readonly kind = "synonym";

  constructor(
    owner: DescriptorOwner,
    key: string,
    /** The attribute that it stands for. */
    readonly name: string,
  ) {
    super(owner, key);
  }

  override install(prototype: object): void {
    const { name } = this;
    Object.defineProperty(prototype, this.key, {
      configurable: true,
      get(this: Record<string, unknown>) {
        return this[name];
      },
      set(this: Record<string, unknown>, value: unknown) {
        this[name] = value;
      },
    });
  }

  expression(attrs: Readonly<Record<string, unknown>>): unknown {
    return attrs[this.name];
  }

  written(_attrs: Readonly<Record<string, unknown>>, value: unknown): Readonly<Record<string, unknown>> {
    return { [this.name]: value };
  }

  settable(): boolean {
    return true;
  }
}

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
