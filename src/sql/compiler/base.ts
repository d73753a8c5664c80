/** What all compilers have: nodes by the names of their visitors, names in quotes, values as parameters or literals. */
import type { Compiled, CompiledParam, CompileOptions, ResultColumn, StatementKind } from "../compiled.js";
import type { Dialect } from "../dialect.js";
import { BindParameter } from "../elements/bind.js";
import { CompileError } from "../errors.js";
import type { BoundValue } from "../key-context.js";
import { cacheKeyOf, type Node } from "../node.js";
import { stringType } from "../types/base.js";
import { describeValue } from "../types/describe-value.js";
import { type Bound, plainType, type SQLType } from "../types/type.js";
import { CompiledStatement } from "./compiled-statement.js";
import { customCompiler } from "./custom.js";

/** A parameter while its statement is compiled. */
interface Slot {
  readonly bind: BindParameter;
  readonly index: number;
  /** Its place in the list of an expanded IN. */
  readonly element: number | null;
  readonly row: number;
  readonly name: string;
  readonly process: ((value: never) => unknown) | null;
}

// Stands around a slot's number in unfinished text. No name and no literal can hold it, since NUL is refused there.
const MARK = "\0";

/** Rendering of nodes by `visitX` methods, and of parameters in the order in which the text has them. */
export abstract class CompilerBase {
  protected readonly slots: Slot[] = [];
  readonly #slotOf = new Map<string, number>();
  readonly #indexOf = new Map<BoundValue, number>();
  readonly #constants = new Set<BoundValue>();
  #constantDepth = 0;
  readonly #ids = new Map<BindParameter, number>();
  readonly #names = new Map<string, number>();
  protected resultColumns: ResultColumn[] | null = null;
  /** The row of VALUES that is being rendered. */
  protected row = 0;
  /** Set when a list was written out. */
  protected expanded = false;
  /** What a type makes parameters with, inside what it wraps around a value or a column. */
  protected readonly bound: Bound = (value, type = stringType) => this.constantBind(value, plainType(type));

  constructor(
    readonly dialect: Dialect,
    readonly statement: Node,
    readonly options: CompileOptions = {},
  ) {
    const binds = options.binds ?? cacheKeyOf(statement).binds;
    for (let i = 0; i < binds.length; i++) this.#indexOf.set(binds[i] as BoundValue, i);
  }

  /** The whole statement. */
  compile(): Compiled {
    const text = this.process(this.statement);
    return this.finish(text);
  }

  /** What the statement does. */
  protected abstract kindOf(statement: Node): StatementKind;
  /** Whether executing it gives rows. */
  protected abstract returnsRows(statement: Node): boolean;

  /** A node as SQL. */
  process(node: Node): string {
    const custom = customCompiler(node, this.dialect.name);
    if (custom !== null) return custom(node, this as never);
    return this.processBuiltin(node);
  }

  /** A node as SQL, past what `compiles()` says of its class; for rendering that wraps the built-in one. */
  processBuiltin(node: Node): string {
    const visit = (this as Record<string, unknown>)[`visit${node.visitName}`];
    if (typeof visit !== "function") {
      throw new CompileError(
        `${this.dialect.name} cannot compile ${node.visitName} (${node.constructor.name}). Say how with compiles(${node.constructor.name}, ...).`,
      );
    }
    return (visit as (node: Node) => string).call(this, node);
  }

  /** Nodes as SQL with commas between. */
  processList(nodes: readonly Node[]): string {
    let text = "";
    for (let i = 0; i < nodes.length; i++) {
      if (i > 0) text += ", ";
      text += this.process(nodes[i]);
    }
    return text;
  }

  /** A name, in quotes where it needs them. */
  quote(name: string): string {
    return this.dialect.identifiers.quoteIfNeeded(name);
  }

  /** A refusal that names the construct and the dialect. */
  refuse(what: string, wayOut = ""): never {
    throw new CompileError(`${this.dialect.name} has no ${what}.${wayOut === "" ? "" : ` ${wayOut}`}`);
  }

  visitBindParameter(bind: BindParameter): string {
    if (bind.expanding) return this.expandingBind(bind);
    if (this.options.literalBinds === true || bind.literalExecute) return this.literalOfBind(bind);
    return this.placeholder(bind, null);
  }

  /** A placeholder for a value that is not part of the statement: a default, a constant that the dialect adds. */
  constantBind(value: unknown, type: SQLType, name = "param"): string {
    const bind = new BindParameter(value, type, null, false, false, null, name);
    if (this.options.literalBinds === true) return this.literalOfBind(bind);
    this.#constants.add(bind);
    return this.placeholder(bind, null);
  }

  /** Renders something that belongs to the plan and not to the statement (a column's default): its values are fixed. */
  protected withConstants(render: () => string): string {
    this.#constantDepth++;
    const text = render();
    this.#constantDepth--;
    return text;
  }

  /** A placeholder for a value that execution gives by name. */
  namedBind(name: string, type: SQLType): string {
    const bind = new BindParameter(undefined, type, name, false, true, null, name);
    this.#constants.add(bind);
    return this.placeholder(bind, null);
  }

  /** The placeholder of a bind, or of one element of a list. */
  protected placeholder(
    bind: BindParameter,
    element: number | null,
    process: ((value: never) => unknown) | null | undefined = undefined,
  ): string {
    const slot = this.slotFor(bind, element, process);
    const marked = MARK + slot + MARK;
    const wrapped = this.dialect.typeImpl(bind.type).wrapBind(marked, this.dialect, this.bound);
    return wrapped ?? this.decoratePlaceholder(marked, bind);
  }

  /** A dialect may add a cast to a placeholder. */
  protected decoratePlaceholder(placeholder: string, _bind: BindParameter): string {
    return placeholder;
  }

  /**
   * The place of a bind among the parameters.
   *
   * @param process what makes the driver's value; the type's bind processor where undefined
   */
  protected slotFor(
    bind: BindParameter,
    element: number | null,
    process: ((value: never) => unknown) | null | undefined,
  ): number {
    let id = this.#ids.get(bind);
    if (id === undefined) {
      id = this.#ids.size;
      this.#ids.set(bind, id);
    }
    // two of one name that have values of their own are two; those whose value execution gives are one
    const shared = bind.name !== null && bind.required;
    const identity = shared ? `:${bind.name}/${element}/${bind.type.cacheKey}` : `#${id}/${element}`;
    const known = this.#slotOf.get(identity);
    if (known !== undefined) return known;
    let index = this.#indexOf.get(bind);
    if (index === undefined) {
      if (this.#constantDepth === 0 && !this.#constants.has(bind)) {
        throw new CompileError(
          `the value ${describeValue(bind.value)} is in the SQL of ${this.statement.visitName} and not in its cache key: a node does not list it in its static parts.`,
        );
      }
      index = -1;
    }
    const slot: Slot = {
      bind,
      index,
      element,
      row: this.row,
      name: this.parameterName(bind, element),
      process: process === undefined ? this.dialect.typeImpl(bind.type).bindProcessor(this.dialect) : process,
    };
    this.slots.push(slot);
    this.#slotOf.set(identity, this.slots.length - 1);
    return this.slots.length - 1;
  }

  private parameterName(bind: BindParameter, element: number | null): string {
    if (bind.name !== null) return element === null ? bind.name : `${bind.name}_${element + 1}`;
    const base = (bind.hint ?? "param").replace(/[^A-Za-z0-9_]/g, "_");
    const n = (this.#names.get(base) ?? 0) + 1;
    this.#names.set(base, n);
    return `${base}_${n}`;
  }

  /** A bound list outside of IN, such as in text: in parentheses, each value with its placeholder; a query without rows if empty. */
  protected expandingBind(bind: BindParameter): string {
    return `(${this.listOf(bind).length === 0 ? this.noRows([bind.type]) : this.expandList(bind)})`;
  }

  /** A query without rows, of columns of the types given. */
  protected abstract noRows(types: readonly SQLType[]): string;

  /** The elements of a bound list, each with its placeholder, or as literals. */
  protected expandList(bind: BindParameter): string {
    if (this.options.literalBinds === true || bind.literalExecute) return this.literalOfBind(bind);
    const values = this.listOf(bind);
    this.expanded = true;
    return values.map((_value, i) => this.placeholder(bind, i)).join(", ");
  }

  /** The values of a bound list at compile time. */
  protected listOf(bind: BindParameter): readonly unknown[] {
    const value = bind.callable === null ? bind.value : bind.callable();
    if (!Array.isArray(value)) {
      throw new CompileError(`the list for ${bind.name ?? bind.hint ?? "IN"} must be known to be written out.`);
    }
    return value as readonly unknown[];
  }

  /** A bound value as an SQL literal. */
  protected literalOfBind(bind: BindParameter): string {
    if (bind.required) {
      throw new CompileError(
        `parameter ${bind.name} has no value, so that it cannot be written as a literal. Use params().`,
      );
    }
    const value = bind.callable === null ? bind.value : bind.callable();
    if (bind.expanding) {
      return (value as readonly unknown[]).map((each) => this.literalInPlace(each, bind)).join(", ");
    }
    return this.literalInPlace(value, bind);
  }

  /** A value as a literal in the place of a bind, inside what stands around the placeholder. */
  private literalInPlace(value: unknown, bind: BindParameter): string {
    const text = this.literal(value, bind.type);
    return (
      this.dialect.typeImpl(bind.type).wrapBind(text, this.dialect, this.bound) ?? this.decorateLiteral(text, bind)
    );
  }

  /** A dialect may add a cast to a literal that stands for a bind. */
  protected decorateLiteral(literal: string, _bind: BindParameter): string {
    return literal;
  }

  /** A value as an SQL literal. */
  literal(value: unknown, type: SQLType): string {
    const impl = this.dialect.typeImpl(type);
    if (value === null && !impl.bindsNull) return "NULL";
    const render = impl.literalProcessor(this.dialect);
    if (render === null) {
      throw new CompileError(`a value of type ${type} cannot be written as a literal for ${this.dialect.name}.`);
    }
    return (render as (value: unknown) => string)(value);
  }

  private finish(marked: string): Compiled {
    const pieces = marked.split(MARK);
    const params: CompiledParam[] = [];
    const numbers = new Map<number, number>();
    const style = this.dialect.paramStyle;
    let text = pieces[0] as string;
    for (let i = 1; i < pieces.length; i += 2) {
      const at = Number(pieces[i]);
      const slot = this.slots[at];
      if (slot === undefined) throw new CompileError("the SQL text holds a NUL character.");
      if (style === "qmark") {
        params.push(paramOf(slot));
        text += "?";
      } else {
        let number = numbers.get(at);
        if (number === undefined) {
          number = params.push(paramOf(slot));
          numbers.set(at, number);
        }
        text += style === "numbered" ? `$${number}` : `:${slot.name}`;
      }
      text += pieces[i + 1] as string;
    }
    return new CompiledStatement(
      text,
      this.kindOf(this.statement),
      this.returnsRows(this.statement),
      this.statement,
      params,
      this.resultColumns,
      this.expanded,
    );
  }
}

function paramOf(slot: Slot): CompiledParam {
  return {
    index: slot.index,
    bind: slot.bind,
    name: slot.bind.name,
    process: slot.process,
    label: slot.bind.hint ?? slot.bind.name ?? "a value",
    element: slot.element,
    row: slot.row,
    bindsNull: slot.bind.type.bindsNull,
  };
}
