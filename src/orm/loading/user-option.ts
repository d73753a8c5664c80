/** Options of an application's own, which travel with a statement for its hooks to read. */
import { LoadOption } from "../../sql/entity.js";
import type { KeyContext } from "../../sql/key-context.js";

/**
 * An option that means nothing to the library: a handler of `doOrmExecute` finds it in `state.userDefinedOptions`.
 *
 * @example select(User).options(new UserDefinedOption({ cacheFor: 60 }))
 */
export class UserDefinedOption<P = unknown> extends LoadOption {
  override get visitName(): string {
    return "UserDefinedOption";
  }
  constructor(readonly payload: P) {
    super();
  }
  /** It is no part of the SQL, and so of no cache key. */
  override appendKey(_context: KeyContext): void {}
}
