/** A name that a naming convention must not touch. */
export class Conv {
  constructor(readonly name: string) {}
  toString(): string {
    return this.name;
  }
}

/** Marks a name as final: a naming convention leaves it as it is. */
export function conv(name: string): Conv {
  return new Conv(name);
}
