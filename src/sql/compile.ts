/** Statements and expressions in a dialect's words. */
import type { Compiled, CompileOptions } from "./compiled.js";
import { DDLElement } from "./ddl/element.js";
import { defaultDialect } from "./default-dialect.js";
import type { Dialect } from "./dialect.js";
import { type Node, setStringifier } from "./node.js";
import { setCompile } from "./printed.js";
import { translating } from "./schema-translation.js";
import type { Valued } from "./typing.js";

/**
 * A statement or an expression in a dialect's words.
 *
 * @throws CompileError naming the construct and the dialect that lacks it
 */
export function compile(
  statement: Node | Valued,
  dialect: Dialect = defaultDialect,
  options: CompileOptions = {},
): Compiled {
  const node = statement as Node;
  const { schemaTranslateMap: map } = options;
  const spoken = map === undefined ? dialect : translating(dialect, map);
  const compiler = node instanceof DDLElement ? spoken.ddlCompiler : spoken.statementCompiler;
  return new compiler(spoken, node, options).compile();
}

/** A node as text for logs and errors: parameters by name, never a throw. */
export function stringify(node: Node): string {
  try {
    return compile(node, defaultDialect, { allowUnrestricted: true }).text;
  } catch (error) {
    return `<${node.visitName}: ${error instanceof Error ? error.message : String(error)}>`;
  }
}

setStringifier(stringify);
setCompile((node, dialect, options) => compile(node, dialect, options));
