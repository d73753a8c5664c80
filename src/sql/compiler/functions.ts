import type { FunctionElement } from "../elements/function-element.js";
import type { Frame, FunctionFilter, Over, WindowSpec, WithinGroup } from "../elements/window.js";
import type { Node } from "../node.js";
import { ExpressionCompiler } from "./expressions.js";

/** Functions, and what stands around their calls: windows, filters, orders and groups. */
export abstract class FunctionCompiler extends ExpressionCompiler {
  visitFunction(node: FunctionElement): string {
    const special = (this as Record<string, unknown>)[`function_${node.name}`];
    if (typeof special === "function") return (special as (node: FunctionElement) => string).call(this, node);
    return this.functionCall(node);
  }

  /** `schema.name(arguments)`. */
  protected functionCall(node: FunctionElement): string {
    const schema =
      node.schema === null
        ? ""
        : `${node.schema
            .split(".")
            .map((each) => this.quote(each))
            .join(".")}.`;
    return `${schema}${this.functionName(node.name)}(${this.processList(node.args)})`;
  }

  // names of functions are mostly reserved words somewhere; only odd characters need quotes
  protected functionName(name: string): string {
    return /^[A-Za-z_][A-Za-z0-9_]*$/.test(name) ? name : this.dialect.identifiers.quote(name);
  }

  /** Functions that the standard writes without parentheses. */
  protected function_current_timestamp(): string {
    return "CURRENT_TIMESTAMP";
  }
  protected function_current_date(): string {
    return "CURRENT_DATE";
  }
  protected function_current_time(): string {
    return "CURRENT_TIME";
  }
  protected function_localtime(): string {
    return "LOCALTIME";
  }
  protected function_localtimestamp(): string {
    return "LOCALTIMESTAMP";
  }
  protected function_current_user(node: FunctionElement): string {
    return this.sessionFunction(node);
  }
  protected function_session_user(node: FunctionElement): string {
    return this.sessionFunction(node);
  }
  protected function_user(node: FunctionElement): string {
    return this.sessionFunction(node);
  }
  protected function_current_role(node: FunctionElement): string {
    return this.sessionFunction(node);
  }
  protected function_current_catalog(node: FunctionElement): string {
    return this.sessionFunction(node);
  }
  /** Who is connected, and where. */
  protected sessionFunction(node: FunctionElement): string {
    return node.name.toUpperCase();
  }
  /** Of a sequence. */
  protected function_next_value(node: FunctionElement): string {
    return this.processList(node.args);
  }
  protected function_now(node: FunctionElement): string {
    return node.args.length === 0 ? "CURRENT_TIMESTAMP" : this.functionCall(node);
  }
  /** The texts of a group, with a separator between them. */
  protected function_aggregate_strings(node: FunctionElement): string {
    return `string_agg(${this.processList(node.args)})`;
  }
  protected function_count(node: FunctionElement): string {
    return node.args.length === 0 ? "count(*)" : this.functionCall(node);
  }

  visitOver(node: Over): string {
    return `${this.process(node.element)} OVER ${typeof node.window === "string" ? this.quote(node.window) : this.process(node.window)}`;
  }

  visitWindowSpec(node: WindowSpec): string {
    const parts: string[] = [];
    if (node.base !== null) parts.push(this.quote(node.base));
    if (node.partitionBy.length > 0) parts.push(`PARTITION BY ${this.processList(node.partitionBy)}`);
    if (node.orderBy.length > 0) parts.push(`ORDER BY ${this.processList(node.orderBy)}`);
    if (node.frame !== null) parts.push(this.process(node.frame));
    return `(${parts.join(" ")})`;
  }

  visitFrame(node: Frame): string {
    const exclude = node.exclude === null ? "" : ` EXCLUDE ${node.exclude}`;
    return `${node.unit} BETWEEN ${this.frameBound(node.start)} AND ${this.frameBound(node.end)}${exclude}`;
  }

  private frameBound(bound: Frame["start"]): string {
    if (typeof bound === "string") return bound;
    return `${this.process(bound.offset)} ${bound.direction}`;
  }

  visitFunctionFilter(node: FunctionFilter): string {
    if (!this.dialect.capabilities.aggregateFilter) return this.refuse("FILTER on aggregates");
    return `${this.process(node.element)} FILTER (WHERE ${this.conditionText(node.condition)})`;
  }

  visitWithinGroup(node: WithinGroup): string {
    if (!this.dialect.capabilities.withinGroup) return this.refuse("WITHIN GROUP");
    return `${this.process(node.element)} WITHIN GROUP (ORDER BY ${this.processList(node.orderBy)})`;
  }

  visitAggregateOrderBy(node: { readonly element: Node; readonly orderBy: readonly Node[] }): string {
    return `${this.process(node.element)} ORDER BY ${this.processList(node.orderBy)}`;
  }

  visitGrouping(node: { readonly keyword: string; readonly sets: readonly Node[] }): string {
    if (!this.dialect.capabilities.groupingSets) return this.refuse(node.keyword);
    return `${node.keyword}(${this.processList(node.sets)})`;
  }

  visitSequenceValue(node: { readonly sequence: { readonly name: string; readonly schema: string | null } }): string {
    if (!this.dialect.capabilities.sequences) return this.refuse("sequences");
    return `nextval('${this.dialect.identifiers.format(node.sequence).replaceAll("'", "''")}')`;
  }
}
