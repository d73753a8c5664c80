import type { Compiled, CompiledParam, ResultColumn, StatementKind } from "../compiled.js";
import { ArgumentError } from "../errors.js";
import type { BoundValue } from "../key-context.js";
import { cacheKeyOf, type Node } from "../node.js";

/** The outcome of a compilation. */
export class CompiledStatement implements Compiled {
  constructor(
    readonly text: string,
    readonly kind: StatementKind,
    readonly returnsRows: boolean,
    readonly statement: Node,
    readonly params: readonly CompiledParam[],
    readonly resultColumns: readonly ResultColumn[] | null,
    readonly expanded: boolean,
  ) {
    this.#computes = params.some((param) => param.bind.callable !== null);
  }
  /** Some values are made by functions, which may ask for the others of their row. */
  readonly #computes: boolean;

  bind(binds: readonly BoundValue[], named?: Readonly<Record<string, unknown>>): unknown[] {
    const params = this.params;
    const count = params.length;
    const values = new Array<unknown>(count);
    const given = this.#computes ? new GivenValues(params, named) : null;
    for (let i = 0; i < count; i++) {
      const param = params[i] as CompiledParam;
      const bind = param.index < 0 ? param.bind : (binds[param.index] as BoundValue);
      let value = bind.value;
      if (param.name !== null || bind.callable !== null) value = givenValue(param, bind, named, given);
      given?.raw.push(value);
      if (param.element !== null) value = (value as readonly unknown[])[param.element];
      if (param.process === null || (value === null && !param.bindsNull)) {
        values[i] = value;
        continue;
      }
      try {
        values[i] = (param.process as (value: unknown) => unknown)(value);
      } catch (error) {
        throw inContext(error, param, this);
      }
    }
    return values;
  }

  values(named?: Readonly<Record<string, unknown>>): unknown[] {
    return this.bind(cacheKeyOf(this.statement).binds, named);
  }

  toString(): string {
    return this.text;
  }
}

function givenValue(
  param: CompiledParam,
  bind: BoundValue,
  named: Readonly<Record<string, unknown>> | undefined,
  given: GivenValues | null,
): unknown {
  const name = param.name;
  if (name !== null && named !== undefined && Object.hasOwn(named, name)) {
    const value = named[name];
    if (value === undefined) throw new ArgumentError(`parameter ${name} is undefined. Write null for SQL NULL.`);
    return value;
  }
  if (bind.callable !== null) {
    return (bind.callable as (context: unknown) => unknown)(new RowContext(given as GivenValues, param.row));
  }
  if (bind.required || bind.value === undefined) {
    throw new ArgumentError(
      `parameter ${name} has no value. Give it at execution: execute(statement, { ${name}: ... }).`,
    );
  }
  return bind.value;
}

/** The values of an execution so far, as they were given. */
class GivenValues {
  readonly raw: unknown[] = [];
  constructor(
    readonly params: readonly CompiledParam[],
    readonly named: Readonly<Record<string, unknown>> | undefined,
  ) {}
}

/** What a column's default function is told of its row. */
class RowContext {
  constructor(
    private readonly given: GivenValues,
    private readonly row: number,
  ) {}
  /** The row's values by column key; of other defaults, those of columns before this one. */
  getCurrentParameters(): Record<string, unknown> {
    const { params, raw, named } = this.given;
    const row: Record<string, unknown> = {};
    raw.forEach((value, i) => {
      const param = params[i] as CompiledParam;
      if (param.row === this.row) row[param.label] = value;
    });
    return Object.assign(row, named);
  }
}

function inContext(error: unknown, param: CompiledParam, compiled: Compiled): unknown {
  if (!(error instanceof ArgumentError)) return error;
  const what = compiled.text.length > 80 ? `${compiled.text.slice(0, 80)}...` : compiled.text;
  return new ArgumentError(`${param.label}: ${error.message} [${what}]`, { cause: error });
}
