/** SQL as text. */
import { ColumnElement } from "../element.js";
import { ArgumentError } from "../errors.js";
import type { StatementOptions } from "../execution-options.js";
import { type AsyncExplainBind, explainOn, type SyncExplainBind } from "../explain.js";
import type { CacheKey } from "../key-context.js";
import type { Node, Parts } from "../node.js";
import { type PrintTarget, printed } from "../printed.js";
import type { ExplainOptions, QueryPlan } from "../query-plan.js";
import { nullType, typeOfValue } from "../types/base.js";
import { plainType, type SQLType } from "../types/type.js";
import { BindParameter } from "./bind.js";

/** SQL text with named parameters: a statement of its own, or a part of one. */
export class TextClause extends ColumnElement<never, never> {
  static override readonly parts: Parts = { pieces: "names", binds: "nodes" };
  override get visitName(): string {
    return "TextClause";
  }
  /** @internal The cache key, once asked for. */
  memoizedKey: CacheKey | null = null;
  readonly execOptions: StatementOptions;

  constructor(
    /** The text between the parameters, one piece more than there are parameters. */
    readonly pieces: readonly string[],
    readonly binds: readonly BindParameter[],
    execOptions: StatementOptions = {},
  ) {
    super();
    this.execOptions = execOptions;
  }
  get type(): SQLType {
    return nullType;
  }

  /** Text and parameters in turn. */
  get segments(): readonly (string | Node)[] {
    const out: (string | Node)[] = [];
    this.pieces.forEach((piece, i) => {
      if (piece !== "") out.push(piece);
      const bind = this.binds[i];
      if (bind !== undefined) out.push(bind);
    });
    return out;
  }

  /** How the database means to run this text; see `explain()` of statements. */
  explain(bind: AsyncExplainBind, options?: ExplainOptions): Promise<QueryPlan>;
  explain(bind: SyncExplainBind, options?: ExplainOptions): QueryPlan;
  explain(bind: AsyncExplainBind | SyncExplainBind, options: ExplainOptions = {}): Promise<QueryPlan> | QueryPlan {
    return explainOn(bind, this, options);
  }

  /** The text with its values in it, and a semicolon; see `toSQL()` of statements. */
  toSQL(bind?: PrintTarget, params?: Readonly<Record<string, unknown>>): string {
    return printed(this, bind, params);
  }

  /** The names of its parameters, in order of appearance. */
  get paramNames(): readonly string[] {
    return [...new Set(this.binds.map((bind) => bind.name as string))];
  }

  /** Gives parameters their values, or by `bindparam()` their types. */
  bindparams(values: Readonly<Record<string, unknown>>, ...typed: readonly unknown[]): TextClause {
    const byName = new Map<string, BindParameter>();
    for (const each of typed) {
      if (!(each instanceof BindParameter) || each.name === null)
        throw new ArgumentError("bindparams() takes bindparam(...)s.");
      byName.set(each.name, each);
    }
    const known = new Set(this.paramNames);
    for (const name of [...Object.keys(values), ...byName.keys()]) {
      if (!known.has(name)) {
        throw new ArgumentError(
          `bindparams(): the text has no parameter :${name}; it has: ${[...known].join(", ") || "none"}.`,
        );
      }
    }
    const binds = this.binds.map((bind) => {
      const name = bind.name as string;
      const given = byName.get(name);
      if (given !== undefined) return given;
      if (!Object.hasOwn(values, name)) return bind;
      const value = values[name];
      if (value === undefined) throw new ArgumentError(`parameter ${name} is undefined. Write null for SQL NULL.`);
      const type = bind.type.family === "null" ? typeOfValue(value) : bind.type;
      return new BindParameter(value, type, name, bind.expanding, false, null, name);
    });
    return new TextClause(this.pieces, binds, this.execOptions);
  }

  /** This statement with options for its execution. */
  executionOptions(options: StatementOptions): TextClause {
    return new TextClause(this.pieces, this.binds, { ...this.execOptions, ...options });
  }

  override copyReplacing(replace: (child: Node) => Node): this {
    const copy = super.copyReplacing(replace);
    if (copy !== this) copy.memoizedKey = null;
    return copy;
  }
}

/**
 * SQL text. `:name` is a parameter; `\:` is a colon; `::type` casts, colons in quotes, in comments and after a name
 * are left alone. Never put input into the text: bind it.
 *
 * @example conn.execute(text("SELECT * FROM users WHERE id = :id"), { id: 5 })
 */
export function text(sql: string): TextClause {
  if (typeof sql !== "string") throw new ArgumentError("text() takes a string of SQL.");
  if (sql.includes("\0")) throw new ArgumentError("text(): the SQL holds a NUL character.");
  const { pieces, names } = parseText(sql);
  const made = new Map<string, BindParameter>();
  const binds = names.map((name) => {
    let bind = made.get(name);
    if (bind === undefined) {
      bind = new BindParameter(undefined, nullType, name, false, true, null, name);
      made.set(name, bind);
    }
    return bind;
  });
  return new TextClause(pieces, binds);
}

/** A parameter of a text with a type, for `text(...).bindparams({}, ...)`. */
export function textParam<T>(name: string, type: SQLType<T>): BindParameter {
  return new BindParameter(undefined, plainType(type) as SQLType, name, false, true, null, name);
}

// What is passed over whole: quoted text and names, dollar quotes, comments, casts, escaped colons. Then parameters.
const token =
  /'(?:[^']|'')*'|"(?:[^"]|"")*"|`(?:[^`]|``)*`|\$([A-Za-z_]\w*)?\$[\s\S]*?\$\1\$|--[^\n]*|\/\*[\s\S]*?\*\/|::+|\\:|(?<![\w:\\]):([A-Za-z_]\w*)/g;

/** Splits SQL text at its parameters. */
export function parseText(sql: string): { readonly pieces: string[]; readonly names: string[] } {
  const pieces: string[] = [];
  const names: string[] = [];
  let piece = "";
  let at = 0;
  for (const match of sql.matchAll(token)) {
    piece += sql.slice(at, match.index);
    at = match.index + match[0].length;
    if (match[2] !== undefined) {
      pieces.push(piece);
      names.push(match[2]);
      piece = "";
    } else piece += match[0] === "\\:" ? ":" : match[0];
  }
  pieces.push(piece + sql.slice(at));
  return { pieces, names };
}

/** SQL in which no colon begins a parameter, as `text()` takes it. */
export function withoutParameters(sql: string): string {
  return sql.replaceAll(token, (match, _tag, name: string | undefined) => (name === undefined ? match : `\\${match}`));
}
