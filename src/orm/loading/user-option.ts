/** Options of an application's own, which travel with a statement for its hooks to read. */
import { LoadOption } from "../../sql/entity.js";
import type { KeyContext } from "../../sql/key-context.js";

/**
 * An option that means nothing to the library: a handler of `doOrmExecute` finds it in `state.userDefinedOptions`.
 *
 * @example select(User).options(new UserDefinedOption({ cacheFor: 60 }))
 */
export class UserDefinedOption<P = unknown> extends LoadOption {
  /** Whether the loads that follow from the statement have it too, lazy ones of its objects among them. A subclass says so. Default false. */
  readonly propagateToLoaders: boolean = false;

  override get visitName(): string {
    return "UserDefinedOption";
  }
  constructor(readonly payload: P) {
    super();
  }
  /** It is no part of the SQL, and so of no cache key, but for whether it travels on. */
  override appendKey(context: KeyContext): void {
    if (this.propagateToLoaders) context.addName("carried");
  }
}

const NONE: readonly UserDefinedOption[] = [];

/** Those among the options of a statement that go with what it loads. */
export function carriedAmong(options: readonly LoadOption[]): readonly UserDefinedOption[] {
  if (options.length === 0) return NONE;
  const found = options.filter(
    (each): each is UserDefinedOption => each instanceof UserDefinedOption && each.propagateToLoaders,
  );
  return found.length === 0 ? NONE : found;
}
