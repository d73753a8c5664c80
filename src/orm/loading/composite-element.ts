/** A composite in a statement: its columns, and what can be asked of them together. */
import type { ColumnElement } from "../../sql/element.js";
import { allOf, conjunction } from "../../sql/elements/build.js";
import { ElementList } from "../../sql/elements/expression.js";
import { ArgumentError } from "../../sql/errors.js";
import type { KeyContext } from "../../sql/key-context.js";
import { operators } from "../../sql/operators.js";
import { refId } from "../../sql/pieces.js";
import { describeValue } from "../../sql/types/describe-value.js";

/** How a value object and its columns become each other. */
export interface Composer {
  readonly label: string;
  /** The value of each column, of an object or of null. @throws ArgumentError for anything else */
  decompose(value: unknown): readonly unknown[];
  compose(values: readonly unknown[]): unknown;
  /** Adds to the shape of a statement what tells this composer from others; itself where absent. */
  appendKey?(context: KeyContext): void;
}

export class CompositeElement extends ElementList {
  readonly partNames: readonly string[];

  constructor(
    private readonly name: string,
    elements: readonly ColumnElement[],
    readonly composer: Composer,
    /** The parts by name, each an expression or a composite itself. */
    parts: Readonly<Record<string, unknown>>,
  ) {
    super(elements);
    this.partNames = Object.keys(parts);
    for (const [part, value] of Object.entries(parts))
      Object.defineProperty(this, part, { value, enumerable: false, configurable: true });
    for (const [operator, run] of Object.entries(OPERATORS))
      Object.defineProperty(this, operator, { value: run.bind(null, this), enumerable: false, configurable: true });
  }

  override get key(): string {
    return this.name;
  }

  override appendKey(context: KeyContext): void {
    context.addName(this.name);
    if (this.composer.appendKey === undefined) context.add(refId(this.composer));
    else this.composer.appendKey(context);
    super.appendKey(context);
  }

  /** The columns of another composite, or the values of an object. */
  operands(other: unknown): readonly unknown[] {
    return other instanceof CompositeElement ? other.elements : this.composer.decompose(other);
  }
}

function eq(self: CompositeElement, other: unknown): ColumnElement {
  const operands = self.operands(other);
  return allOf(self.elements.map((element, i) => element.eq(operands[i])));
}

function among(self: CompositeElement, values: unknown): ColumnElement {
  if (!Array.isArray(values))
    throw new ArgumentError(`${self.composer.label}.in() takes an array of objects, not ${describeValue(values)}.`);
  return conjunction(
    operators.or,
    values.map((value) => eq(self, value)),
  );
}

function unordered(self: CompositeElement, operator: string): never {
  throw new ArgumentError(
    `${self.composer.label} has no "${operator}": a composite has an order only where its mapping gives one, by comparator: (c) => ({ ${operator}: (other) => ... }).`,
  );
}

/** What stands in place of the operators of a single column. They are set on each element, since some are made anew for every type. */
const OPERATORS: Readonly<Record<string, (self: CompositeElement, other?: unknown) => ColumnElement>> = {
  eq,
  ne: (self, other) => eq(self, other).not(),
  in: among,
  notIn: (self, values) => among(self, values).not(),
  isNull: (self) => allOf(self.elements.map((each) => each.isNull())),
  isNotNull: (self) => allOf(self.elements.map((each) => each.isNull())).not(),
  asc: (self) => new ElementList(self.elements.map((each) => each.asc())),
  desc: (self) => new ElementList(self.elements.map((each) => each.desc())),
  lt: (self) => unordered(self, "lt"),
  le: (self) => unordered(self, "le"),
  gt: (self) => unordered(self, "gt"),
  ge: (self) => unordered(self, "ge"),
};
