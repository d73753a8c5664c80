import { expect, test } from "vitest";
import {
  type AsyncConnection,
  type AsyncEngine,
  CompileError,
  compile,
  event,
  insert,
  type MetaData,
  type Node,
  type Statement,
  text,
} from "../../../src/index.js";
import { bothDatabases, type Name, names, plain } from "../both-databases.js";
import { dept, doc, emp, metadata, rows, sale, seat } from "./world.js";

/** Anything that a connection executes. */
export type Executable = Parameters<AsyncConnection["execute"]>[0];

/** One value for both databases, or one for each. */
type Each<T> = T | { readonly sqlite?: T; readonly postgresql?: T };

/** What must come of a statement. */
export interface Outcome {
  /** The rows, as arrays of values, or as objects where objects are selected. */
  readonly rows?: Each<readonly unknown[]>;
  /** The values of the only column. */
  readonly values?: Each<readonly unknown[]>;
  /** How many rows an INSERT, UPDATE or DELETE wrote. */
  readonly count?: number;
  /** A query to read afterwards in the same transaction, and its rows. */
  readonly after?: readonly [query: () => Executable, rows: readonly unknown[]];
  /** The SQL; a part of it where a regular expression is given. */
  readonly sql?: Each<string | RegExp>;
  /** The construct that a database has not, as the CompileError names it. */
  readonly refused?: { readonly [N in Name]?: string };
  /** Named parameters of the execution, or several sets of them. */
  readonly params?: Readonly<Record<string, unknown>> | readonly Readonly<Record<string, unknown>>[];
}

function isEach<T>(value: Each<T>): value is { readonly sqlite?: T; readonly postgresql?: T } {
  return (
    typeof value === "object" && value !== null && !Array.isArray(value) && ("sqlite" in value || "postgresql" in value)
  );
}

function of<T>(value: Each<T> | undefined, name: Name): T | undefined {
  return value !== undefined && isEach(value) ? value[name] : (value as T | undefined);
}

let engines: Readonly<Record<Name, AsyncEngine>>;

/** Makes the tables and rows on both databases for the file that calls it at its top level. */
export function onBothDatabases(more?: {
  readonly metadata: MetaData;
  readonly fill?: (connection: AsyncConnection, name: Name) => Promise<void>;
  readonly only?: Name;
}): void {
  engines = bothDatabases(async (engine, name) => {
    await metadata.createAll(engine);
    if (more !== undefined && (more.only ?? name) === name) await more.metadata.createAll(engine);
    await engine.begin(async (c) => {
      await c.execute(insert(dept).values(rows.dept));
      await c.execute(insert(emp).values(rows.emp));
      await c.execute(insert(sale).values(rows.sale));
      await c.execute(insert(doc).values(rows.doc));
      await c.execute(insert(seat).values(rows.seat));
      if (name === "postgresql") {
        for (const each of ["dept", "emp", "sale", "doc", "seat"]) {
          await c.execute(text(`SELECT setval(pg_get_serial_sequence('${each}', 'id'), 100)`));
        }
      }
      if ((more?.only ?? name) === name) await more?.fill?.(c, name);
    });
  });
}

/**
 * A statement that is compiled for both databases and executed on both, in a transaction that is rolled back; or that
 * a database refuses.
 */
export function statement(title: string, make: (name: Name) => Executable, outcome: Outcome): void {
  test(title, async () => {
    for (const name of names) {
      const engine = engines[name];
      const refusal = outcome.refused?.[name];
      if (refusal !== undefined) {
        expectRefusal(() => compile(make(name) as Node, engine.dialect), name, refusal);
        continue;
      }
      const text = of(outcome.sql, name);
      if (text instanceof RegExp) expect(compile(make(name) as Node, engine.dialect).text, name).toMatch(text);
      else if (text !== undefined) expect(compile(make(name) as Node, engine.dialect).text, name).toBe(text);
      await check(engine, name, make, outcome);
    }
  });
}

/** The same on one database only, for what the other has no types for. */
export function statementOn(on: Name, title: string, make: () => Executable, outcome: Outcome): void {
  test(title, async () => {
    const engine = engines[on];
    const text = of(outcome.sql, on);
    if (text !== undefined) expect(compile(make() as Node, engine.dialect).text).toMatch(text);
    await check(engine, on, make, outcome);
  });
}

/** A connection to each of the databases. */
export function connections(): Promise<AsyncConnection[]> {
  return Promise.all(names.map((name) => engines[name].connect()));
}

function expectRefusal(run: () => unknown, name: Name, construct: string): void {
  let error: unknown;
  try {
    run();
  } catch (caught) {
    error = caught;
  }
  expect(error, `${name} must refuse`).toBeInstanceOf(CompileError);
  expect((error as Error).message).toContain(construct);
  expect((error as Error).message).toContain(name);
}

async function check(
  engine: AsyncEngine,
  name: Name,
  make: (name: Name) => Executable,
  outcome: Outcome,
): Promise<void> {
  await checkPrinted(engine, name, make(name), outcome);
  await using connection = await engine.connect();
  const result = await connection.execute(make(name), outcome.params as never);
  const expected = of(outcome.rows, name);
  const values = of(outcome.values, name);
  if (expected !== undefined) expect(plain((result as { all(): unknown[] }).all()), name).toEqual(expected);
  else if (values !== undefined) {
    expect(
      plain((result as { all(): unknown[] }).all()).map((row) => (row as unknown[])[0]),
      name,
    ).toEqual(values);
  }
  if (outcome.count !== undefined)
    expect((result as unknown as { rowcount: number }).rowcount, name).toBe(outcome.count);
  if (outcome.after !== undefined) {
    const [query, seen] = outcome.after;
    expect(plain((await connection.execute(query())).all()), `${name}, afterwards`).toEqual(seen);
  }
}

/** What `toSQL()` prints gives what the statement gives: its text is sent in the statement's place, without parameters. */
async function checkPrinted(engine: AsyncEngine, name: Name, statement: Executable, outcome: Outcome): Promise<void> {
  if (outcome.params !== undefined || !("toSQL" in (statement as object))) return;
  const printed = (statement as Statement).toSQL(engine);
  const run = async (sql?: string): Promise<unknown> => {
    await using connection = await engine.connect();
    if (sql !== undefined) {
      event.listen(connection, "beforeCursorExecute", () => ({ statement: sql, parameters: [] }));
    }
    const result = await connection.execute(statement);
    const { rowcount, returnsRows } = result as unknown as { rowcount: number; returnsRows: boolean };
    return { rowcount, rows: returnsRows ? plain(result.all()) : [] };
  };
  expect(await run(printed), `${name}: ${printed}`).toEqual(await run());
}
