/** `u.name`: a mapped column in an expression. It compiles as the column it stands for and goes by the attribute's name. */
import { ColumnElement } from "../../sql/element.js";
import type { KeyContext } from "../../sql/key-context.js";
import type { Node, Parts } from "../../sql/node.js";
import type { Operator } from "../../sql/operators.js";
import { refId } from "../../sql/pieces.js";
import type { FromClause } from "../../sql/selectable/from-clause.js";
import type { SQLType } from "../../sql/types/type.js";
import type { ColumnAttribute } from "../attributes/column-attribute.js";
import type { OrmEntity } from "./orm-entity.js";

export class InstrumentedColumn extends ColumnElement {
  static override readonly parts: Parts = { element: "node" };
  readonly type: SQLType;
  private readonly classId: number;
  private readonly attributeId: number;

  constructor(
    readonly entity: OrmEntity,
    readonly attribute: ColumnAttribute,
    readonly element: ColumnElement,
  ) {
    super();
    this.type = element.type;
    this.classId = refId(entity.mapper);
    this.attributeId = refId(attribute);
  }

  override get visitName(): string {
    return "AnnotatedColumn";
  }
  override get key(): string {
    return this.attribute.key;
  }
  /** The name that the database knows it by. */
  get name(): string {
    return (this.element as unknown as { readonly name: string }).name;
  }
  override get outerOperator(): Operator | null {
    return this.element.outerOperator;
  }
  get table(): FromClause<unknown> {
    return (this.element as unknown as { readonly table: FromClause<unknown> }).table;
  }

  // The class and the attribute say all; an alias adds which one it is.
  override appendKey(context: KeyContext): void {
    context.mapped = true;
    context.add(this.classId);
    context.add(this.attributeId);
    if (this.entity.aliased) this.entity.appendName(context);
    // An expression has values of its own.
    if (!this.attribute.writable) this.element.appendKey(context);
  }

  override copyReplacing(replace: (child: Node) => Node): this {
    const element = replace(this.element) as ColumnElement;
    if (element === this.element) return this;
    return new InstrumentedColumn(replace(this.entity) as OrmEntity, this.attribute, element) as this;
  }
}
