/** Where the statements of a migration go: to a connection, or into a script. */
import type { AsyncConnection } from "../engine/async-connection.js";
import type { EngineDialect } from "../engine/dialect.js";
import type { Parameters } from "../engine/execute.js";
import type { CursorResult } from "../engine/result.js";
import { compile } from "../sql/compile.js";
import { text } from "../sql/elements/text.js";
import type { Node } from "../sql/node.js";
import type { MigrationStatement, MigrationTarget } from "./context.js";
import { MigrationError } from "./errors.js";

/** Statements run on a connection. */
export class OnlineTarget implements MigrationTarget {
  constructor(
    readonly connection: AsyncConnection,
    /** What `autocommit` does; the runner knows, as it owns the transaction. */
    readonly autocommit: (fn: () => Promise<void>) => Promise<void>,
  ) {}

  get dialect(): EngineDialect {
    return this.connection.dialect;
  }

  async execute(statement: MigrationStatement, params?: Parameters): Promise<CursorResult<unknown[]>> {
    const executable = typeof statement === "string" ? text(statement) : statement;
    return await this.connection.execute(executable as never, params);
  }
}

/** Statements are written down, with their values, to be run by somebody else. */
export class ScriptTarget implements MigrationTarget {
  readonly connection = null;
  readonly #lines: string[] = [];

  constructor(readonly dialect: EngineDialect) {}

  /** The script so far. */
  get text(): string {
    return this.#lines.join("\n");
  }

  /** A line as it is. */
  write(line: string): void {
    this.#lines.push(line);
  }

  async execute(statement: MigrationStatement, params?: Parameters): Promise<null> {
    const node = typeof statement === "string" ? text(statement) : statement;
    if (params !== undefined && Object.keys(params).length > 0) {
      const bound = (node as { bindparams?: (values: unknown) => typeof node }).bindparams;
      if (typeof bound !== "function" || Array.isArray(params)) {
        throw new MigrationError(
          "A script holds no parameters: write the values into the statement, as op.bulkInsert does it, or run the migration online.",
        );
      }
      return this.#write(bound.call(node, params));
    }
    return this.#write(node);
  }

  #write(node: Node): null {
    this.#lines.push(`${compile(node, this.dialect, { literalBinds: true }).text};\n`);
    return null;
  }

  async autocommit(fn: () => Promise<void>): Promise<void> {
    this.#lines.push("COMMIT;\n");
    await fn();
    this.#lines.push("BEGIN;\n");
  }
}
