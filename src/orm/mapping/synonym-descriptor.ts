/** A second name for an attribute, as the mapper has it. */
import type { History } from "../history.js";
import { Descriptor, type DescriptorOwner } from "./descriptor.js";

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

  override get behind(): readonly string[] {
    return [this.name];
  }

  override history(of: (key: string) => History): History {
    return of(this.name);
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
