/** Which engine or connection serves which class. */
import { UnboundExecutionError } from "../errors.js";
import type { AnyClass } from "../mapping/declarations.js";
import type { Mapper } from "../mapping/mapper.js";
import type { Bind } from "./transaction.js";

export interface BindTable {
  readonly bind: Bind | null;
  /** Classes with a bind of their own; a class also serves its subclasses. */
  readonly byClass: Map<AnyClass, Bind>;
}

/** The bind for statements about a mapper, or about none. @throws UnboundExecutionError */
export function resolveBind({ bind, byClass }: BindTable, mapper: Mapper | null): Bind {
  if (byClass.size > 0) {
    for (
      let proto: object | null = mapper?.cls.prototype ?? null;
      proto !== null;
      proto = Object.getPrototypeOf(proto)
    ) {
      for (const [cls, found] of byClass) if (cls.prototype === proto) return found;
    }
  }
  if (bind !== null) return bind;
  throw new UnboundExecutionError(
    `${mapper === null ? "This statement" : `Class ${mapper.className}`} has no bind in this session: give it an engine, asyncSessionmaker(engine), or binds for its classes.`,
  );
}
