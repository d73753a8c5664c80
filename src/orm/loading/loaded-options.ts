/** Loader options that outlive their statement: what they said of an object holds for its lazy loads. */
import type { BoundValue } from "../../sql/key-context.js";
import type { ColumnAttribute } from "../attributes/column-attribute.js";
import type { Mapper } from "../mapping/mapper.js";
import type { LoadedWith } from "../state.js";
import type { OptionNode } from "./option-node.js";
import type { UserDefinedOption } from "./user-option.js";

/** The options in force for objects that were loaded, for their lazy loads; with the values of the execution that loaded them. */
export class LoadedOptions implements LoadedWith {
  constructor(
    readonly node: OptionNode,
    /** The binds of the statement for which the options were put together. */
    readonly planned: readonly BoundValue[],
    /** The binds of the statement that was executed. */
    readonly given: readonly BoundValue[],
    /** Options of the application's own that go with the objects. */
    readonly carried: readonly UserDefinedOption[] = [],
  ) {}

  strategyFor(key: string): string | undefined {
    return this.node.strategyFor(key);
  }

  get strategyForOthers(): string | undefined {
    return this.node.strategyForOthers;
  }

  /** The same without what makes a collection one of a part of its members. */
  wholeOf(key: string): LoadedOptions {
    if (this.node.relations.get(key)?.partial !== true) return this;
    const node = this.node.copy();
    node.relations.delete(key);
    return new LoadedOptions(node, this.planned, this.given, this.carried);
  }

  /** The same where a column is no error to read. */
  readable(attribute: ColumnAttribute, mapper: Mapper): LoadedOptions {
    if (!this.node.raises(attribute)) return this;
    return new LoadedOptions(this.node.readable(attribute, mapper), this.planned, this.given, this.carried);
  }
}
