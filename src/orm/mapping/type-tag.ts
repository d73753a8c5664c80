/** What the column that names a class says of an object: to which of several classes its row refers. */
import type { Column } from "../../sql/schema/column.js";
import type { ColumnAttribute } from "../attributes/column-attribute.js";
import type { InstanceState } from "../state.js";

/** What is needed of a mapper. */
interface ColumnMapper {
  attributeOf(column: Column): ColumnAttribute;
}

/** One class among those that a row may refer to, by the name that its column has for it. */
export class TypeTag {
  constructor(
    /** The column that holds the name. */
    readonly column: Column,
    readonly name: string,
  ) {}

  attribute(state: InstanceState): ColumnAttribute {
    return (state.mapper as unknown as ColumnMapper).attributeOf(this.column);
  }

  /**
   * Whether the object refers to an object of this class; undefined where that is not loaded.
   * @param committed by what its row has, not by what it is to have
   */
  holds(state: InstanceState, committed = false): boolean | undefined {
    const attribute = this.attribute(state);
    const name = committed ? attribute.committedValue(state) : attribute.peek(state);
    return name === undefined && state.key !== null ? undefined : name === this.name;
  }

  /** Whether the object refers to an object of another class: the key that it holds is not this one's to change. */
  isTakenOver(state: InstanceState): boolean {
    const name = this.attribute(state).peek(state);
    return name !== undefined && name !== null && name !== this.name;
  }

  /** The object refers to none of this class any longer. */
  forget(state: InstanceState): void {
    const attribute = this.attribute(state);
    if (attribute.peek(state) === this.name) attribute.assign(state, null);
  }
}
