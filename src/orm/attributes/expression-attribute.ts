/** An attribute whose value is an SQL expression over the row: it is selected with the class and never written. SQLAlchemy: `column_property`, `query_expression`. */
import type { ColumnElement } from "../../sql/element.js";
import { InvalidRequestError } from "../../sql/errors.js";
import type { SQLType } from "../../sql/types/type.js";
import type { InstanceState, StateMapper } from "../state.js";
import { ColumnAttribute, type ColumnAttributeOptions } from "./column-attribute.js";

export interface ExpressionAttributeOptions extends ColumnAttributeOptions {
  /** Forget the value when the object's row is written. */
  readonly expireOnFlush: boolean;
  /** Statements give the expression, by `withExpression`. */
  readonly perQuery: boolean;
}

export class ExpressionAttribute extends ColumnAttribute {
  readonly expireOnFlush: boolean;
  readonly perQuery: boolean;
  #expression: ColumnElement | null = null;

  /**
   * @param make the expression in the terms of the class's own columns, asked for once; null where only statements give one
   * @param type the type that was declared; null takes that of the expression
   */
  constructor(
    owner: StateMapper,
    key: string,
    slot: number,
    private readonly make: (() => ColumnElement) | null,
    type: SQLType,
    private readonly typed: boolean,
    options: ExpressionAttributeOptions,
  ) {
    super(owner, key, slot, [], options, type);
    this.expireOnFlush = options.expireOnFlush;
    this.perQuery = options.perQuery;
  }

  override get writable(): boolean {
    return false;
  }

  /** The mapping's own expression; null where only statements give one. */
  get expression(): ColumnElement | null {
    if (this.#expression === null && this.make !== null) {
      this.#expression = this.make();
      if (!this.typed) this.type = this.#expression.type;
    }
    return this.#expression;
  }

  override get eagerOption(): string {
    return this.perQuery
      ? `options(withExpression(${this.owner.className}, (x) => x.${this.key}, ...))`
      : super.eagerOption;
  }

  override get(state: InstanceState): unknown {
    if (this.perQuery && this.make === null && state.values[this.slot] === undefined) return null;
    return super.get(state);
  }

  override set(state: InstanceState): void {
    throw new InvalidRequestError(
      `${this.label} is an SQL expression and cannot be assigned: set the attributes of ${state.describe()} that it is made of.`,
    );
  }
}
