/** An engine without a database: the DDL of a metadata as text. */
import { compile } from "../sql/compile.js";
import type { DDLElement } from "../sql/ddl/element.js";
import { type DDLConnection, type DDLOp, RUN_DDL, type SyncDDLBind } from "../sql/ddl-runner.js";
import { ArgumentError } from "../sql/errors.js";
import type { Node } from "../sql/node.js";
import { type EngineDialect, makeDialect } from "./dialect.js";
import { announce, reflectColumn } from "./schema-events.js";
import { makeUrl, type URL } from "./url.js";

/** Takes each statement: as SQL, and as the element that it was made of; null for SQL that came as text. */
export type MockExecutor = (sql: string, element: Node | null) => void;

/** What `metadata.createAll` and its like run on instead of a database. SQLAlchemy: `create_mock_engine`. */
export class MockEngine implements SyncDDLBind {
  constructor(
    readonly dialect: EngineDialect,
    private readonly executor: MockExecutor,
  ) {}

  /** Hands a statement to the executor. */
  execute(statement: Node): void {
    this.executor(compile(statement, this.dialect).text, statement);
  }

  [RUN_DDL]<T>(op: (connection: DDLConnection) => DDLOp<T>): T {
    const step = op(this.#connection()).next();
    if (step.done !== true) throw nothingToAsk();
    return step.value;
  }

  #connection(): DDLConnection {
    const { dialect } = this;
    const run = (ddl: DDLElement): void => this.execute(ddl);
    const face = {
      dialect,
      execute: (statement: Node) => this.execute(statement),
      execDriverSql: (sql: string) => this.executor(sql, null),
    };
    const connection: DDLConnection = {
      dialect,
      offline: true,
      // biome-ignore lint/correctness/useYield: nothing is waited for
      *executeDDL(ddl) {
        run(ddl);
      },
      present: refuse,
      hasSequence: refuse,
      hasType: refuse,
      reflect: refuse,
      *announce(event, target) {
        yield* announce(face, connection.executeDDL, event, target);
      },
      reflectColumn,
    };
    return connection;
  }
}

function nothingToAsk(): ArgumentError {
  return new ArgumentError(
    "A mock engine has no database that could be asked: it takes createAll(), dropAll() and DDL.",
  );
}

// biome-ignore lint/correctness/useYield: it refuses before there is anything to wait for
function* refuse(): Generator<never, never> {
  throw nothingToAsk();
}

/**
 * An engine without a database: the DDL that a metadata would send goes to a function, and nothing is looked up first.
 *
 * @param url the dialect is its scheme's: `"postgresql://"`; nothing is connected to
 * @param executor takes each statement as SQL
 * @throws ArgumentError or NoSuchModuleError for a URL that names no dialect
 * @example
 * const lines: string[] = [];
 * metadata.createAll(createMockEngine("postgresql://", (sql) => lines.push(sql)));
 */
export function createMockEngine(url: string | URL, executor: MockExecutor): MockEngine {
  return new MockEngine(makeDialect(makeUrl(url), {}), executor);
}
