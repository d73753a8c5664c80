import { expect, test } from "vitest";
import {
  type AsyncConnection,
  type AsyncEngine,
  CompileError,
  compile,
  type MetaData,
  type Node,
} from "../../../src/index.js";
import { bothDatabases, type Name, names, plain } from "../both-databases.js";

type Executable = Parameters<AsyncConnection["execute"]>[0];
type Params = Parameters<AsyncConnection["execute"]>[1];

/** What an example works with: one database, and a transaction on it that is rolled back when the example ends. */
export interface Place {
  readonly name: Name;
  readonly engine: AsyncEngine;
  readonly connection: AsyncConnection;
  /** The rows of a statement, as arrays of values, or as objects where objects are selected. */
  all(statement: Executable, params?: Params): Promise<unknown[]>;
  /** The values of the only column. */
  values(statement: Executable, params?: Params): Promise<unknown[]>;
  /** The statement in the words of this database, on one line. */
  sql(statement: unknown): string;
  /** Expects a CompileError that names the construct and this database. */
  refuses(statement: unknown, construct: string): void;
}

/** What runs an example of a chapter on both databases, or on one that alone can say it. */
export interface Example {
  (title: string, run: (place: Place) => Promise<void> | void): void;
  readonly on: (name: Name, title: string, run: (place: Place) => Promise<void> | void) => void;
}

/**
 * The examples of one chapter: each is executed on SQLite and on PostgreSQL.
 *
 * @param metadata its tables are made first
 * @param fill puts rows in
 */
export function chapter(
  metadata?: MetaData | null,
  fill?: (connection: AsyncConnection, name: Name) => Promise<void>,
): Example {
  const engines = bothDatabases(async (engine, name) => {
    await metadata?.createAll(engine);
    await engine.begin(async (connection) => fill?.(connection, name));
  });
  const on: Example["on"] = (name, title, run) =>
    test(`${title} (${name})`, async () => {
      const engine = engines[name];
      await using connection = await engine.connect();
      await run(placeOf(name, engine, connection));
    });
  return Object.assign(
    (title: string, run: (place: Place) => Promise<void> | void) => {
      for (const name of names) on(name, title, run);
    },
    { on },
  );
}

function placeOf(name: Name, engine: AsyncEngine, connection: AsyncConnection): Place {
  const all: Place["all"] = async (statement, params) => {
    const result = await connection.execute(statement, params as never);
    return plain((result as { all(): unknown[] }).all());
  };
  const sql = (statement: unknown): string =>
    compile(statement as Node, engine.dialect)
      .text.replace(/\s+/g, " ")
      .trim();
  return {
    name,
    engine,
    connection,
    all,
    values: async (statement, params) => (await all(statement, params)).map((row) => (row as unknown[])[0]),
    sql,
    refuses(statement, construct) {
      const error = errorOf(() => sql(statement));
      expect(error).toBeInstanceOf(CompileError);
      expect(error?.message).toContain(construct);
      expect(error?.message).toContain(name);
    },
  };
}

/** What a call throws; null for nothing. */
export function errorOf(run: () => unknown): Error | null {
  try {
    run();
    return null;
  } catch (error) {
    return error as Error;
  }
}
