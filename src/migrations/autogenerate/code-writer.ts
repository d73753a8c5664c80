/** Values and SQL as TypeScript, with what has to be imported for them. */
import type { EngineDialect } from "../../engine/dialect.js";
import { compile } from "../../sql/compile.js";
import { TextClause, withoutParameters } from "../../sql/elements/text.js";
import { Node } from "../../sql/node.js";

/** Options as code, by name. */
export type Coded = Readonly<Record<string, string>>;

/** Writes code, and notes what it has to import. */
export class CodeWriter {
  readonly imports = new Map<string, Set<string>>();

  constructor(readonly dialect: EngineDialect) {}

  /** A name that is imported; `athanor` where no module is given. */
  use(name: string, module = "athanor"): string {
    const names = this.imports.get(module) ?? new Set();
    this.imports.set(module, names.add(name));
    return name;
  }

  /** SQL of a node as definitions have it: its values as literals, its columns without their table. */
  sql(node: Node): string {
    return new this.dialect.ddlCompiler(this.dialect, node, {}).compile().text;
  }

  /** A value as a literal: SQL expressions as text(...), `undefined` left out of objects. */
  value(value: unknown): string {
    if (value instanceof Node) return this.text(value);
    if (typeof value === "bigint") return `${value}n`;
    if (Array.isArray(value)) return `[${value.map((each) => this.value(each)).join(", ")}]`;
    if (value !== null && typeof value === "object") return this.object(value as Record<string, unknown>);
    return typeof value === "string" ? stringCode(value) : (JSON.stringify(value) ?? "undefined");
  }

  /** An object of values that are code already where `code` says so. */
  object(values: Readonly<Record<string, unknown>>, code: Coded = {}): string {
    const parts = Object.entries(values)
      .filter(([, value]) => value !== undefined)
      .map(([key, value]) => `${keyText(key)}: ${this.value(value)}`);
    for (const [key, text] of Object.entries(code)) parts.push(key === text ? key : `${keyText(key)}: ${text}`);
    return parts.length === 0 ? "{}" : `{ ${parts.join(", ")} }`;
  }

  /** An SQL expression. */
  text(node: Node): string {
    const named = node as unknown as {
      readonly visitName: string;
      readonly name?: string;
      readonly args?: readonly unknown[];
    };
    if (named.visitName === "Function" && /^(now|current_timestamp)$/.test(String(named.name)))
      return `${this.use("func")}.now()`;
    const sql = node instanceof TextClause ? compile(node, this.dialect).text : this.sql(node);
    return `${this.use("text")}(${stringCode(withoutParameters(sql))})`;
  }
}

/** A string as a literal, in the quotes that need no backslashes. */
export function stringCode(text: string): string {
  const plain = JSON.stringify(text);
  const inner = plain.slice(1, -1).replaceAll('\\"', '"');
  return text.includes('"') && !/['\\]/.test(inner) ? `'${inner}'` : plain;
}

/** A text of several lines as a template that stands for itself. A template's own line ends are all of one kind, whatever the file's are. */
export function templateCode(text: string): string {
  if (!text.includes("\n")) return stringCode(text);
  return `\`${text.replaceAll("\\", "\\\\").replaceAll("`", "\\`").replaceAll("${", "\\${").replaceAll("\r", "\\r")}\``;
}

/** A key of an object, in quotes where it needs them. */
export function keyText(key: string): string {
  return /^[A-Za-z_$][\w$]*$/.test(key) ? key : JSON.stringify(key);
}
