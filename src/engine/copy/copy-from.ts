/**
 * COPY into a table: parts of about a megabyte, each a statement of its own, while the next one is made. Nothing is held over the caller's code: an
 * iterable may use the very connection that its rows are written through.
 */
import { compile } from "../../sql/compile.js";
import type { Compiled } from "../../sql/compiled.js";
import { Insert } from "../../sql/dml/insert.js";
import { ArgumentError, InvalidRequestError } from "../../sql/errors.js";
import { describeValue } from "../../sql/types/describe-value.js";
import type { ConnectionCore } from "../connection-core.js";
import { NotSupportedError } from "../errors.js";
import { isPromise, type Op } from "../io.js";
import { standsFor } from "../plan.js";
import { writableColumns } from "./columns.js";
import type { CopyDialect, CopyInto } from "./dialect.js";
import type { CopyBytesOptions, CopyFromFormat, CopyRowsOptions } from "./options.js";
import type { CopyPart } from "./part.js";
import { RowWriter } from "./rows.js";

/** Bytes of a part, or characters of lines. */
const PART = 1 << 20;

/** Where operations of a copy run: the connection of an engine or of a session. */
export interface CopyPlace {
  run<T>(op: (connection: ConnectionCore) => Op<T>, signal: AbortSignal | undefined): Promise<T>;
}

/** How the rows of a class go into its table: the statement that the class makes of the first of them. */
export type InsertOf = (first: Readonly<Record<string, unknown>> | null) => Insert;

/** @throws NotSupportedError where the database has none */
export function copyDialectOf({ engine }: ConnectionCore): CopyDialect {
  const { dialect } = engine;
  if (dialect.copy !== undefined) return dialect.copy;
  throw new NotSupportedError(
    `The ${dialect.name} dialect has no COPY, which is PostgreSQL's: execute insert() with a list of rows, and read with stream().`,
    null,
  );
}

/** Writes rows or bytes. @returns how many rows were written */
export async function copyFrom(
  place: CopyPlace,
  target: unknown,
  source: unknown,
  options: CopyRowsOptions | CopyBytesOptions = {},
  insertOf: InsertOf = () => new Insert(target) as Insert,
): Promise<number> {
  const { signal } = options;
  const { format } = options as Partial<CopyFromFormat>;
  const { dialect, table, insert } = await place.run((connection) => begun(connection, insertOf(null)), signal);
  const parts =
    format === undefined
      ? rowParts(place, items(source), options, dialect, table, insertOf)
      : byteParts(items(source), options as CopyBytesOptions, dialect, table, insertOf);
  let count = 0;
  let sending: Promise<number> | null = null;
  try {
    for await (const { into, part } of parts) {
      if (sending !== null) count += await sending;
      const plan = dialect.write(
        into,
        format === undefined ? null : (options as CopyFromFormat),
        part,
        sending === null,
      );
      sending = place.run((connection) => sent(connection, standsFor(plan, insert)), signal);
      // Whoever awaits it is told; until then the next part is made.
      sending.catch(() => {});
    }
  } catch (error) {
    await sending?.catch(() => {});
    throw error;
  }
  return count + ((await sending) ?? 0);
}

/** A part, and where it goes. */
interface Addressed {
  readonly into: CopyInto;
  readonly part: CopyPart;
}

/** What is known before the first row: the table's full name, and an INSERT into it, which stands for the COPY where its columns matter. */
interface Begun {
  readonly dialect: CopyDialect;
  readonly table: string;
  readonly insert: Compiled;
}

function* begun(connection: ConnectionCore, statement: Insert): Op<Begun> {
  const dialect = copyDialectOf(connection);
  if ((yield* connection.isolationLevel()) === "AUTOCOMMIT") {
    throw new InvalidRequestError(
      "copyFrom() sends its rows in several statements, and could not undo those that were written before an error under AUTOCOMMIT: use a " +
        "connection with transactions.",
    );
  }
  const table = connection.dialect.identifiers.format(statement.table);
  return { dialect, table, insert: compile(statement, connection.dialect) };
}

function* sent(connection: ConnectionCore, plan: ReturnType<CopyDialect["write"]>): Op<number> {
  return (yield* connection.runText(plan, [])).rowcount;
}

async function* rowParts(
  place: CopyPlace,
  rows: AsyncIterable<unknown> | Iterable<unknown>,
  { signal }: CopyRowsOptions,
  dialect: CopyDialect,
  table: string,
  insertOf: InsertOf,
): AsyncGenerator<Addressed> {
  // By hand: `for await` waits a turn for each row, also for those of an array.
  const iterator: AsyncIterator<unknown> | Iterator<unknown> =
    Symbol.asyncIterator in rows ? rows[Symbol.asyncIterator]() : rows[Symbol.iterator]();
  let isOver = false;
  let writer: RowWriter | null = null;
  let into: CopyInto = { table, columns: [] };
  let text = "";
  let firstLine = 1;
  let number = 0;
  try {
    for (;;) {
      const step = iterator.next();
      const { done, value: row } = isPromise(step) ? await step : (step as IteratorResult<unknown>);
      if (done) break;
      signal?.throwIfAborted();
      if (writer === null) {
        // biome-ignore lint/correctness/useYield: it compiles, which asks nothing of the database
        const make = function* (connection: ConnectionCore): Op<RowWriter> {
          return new RowWriter(connection, insertOf(row as never), dialect, row);
        };
        writer = await place.run(make, signal);
        into = { table, columns: writer.columns.map(({ name }) => name) };
      }
      text += writer.line(row, ++number);
      if (text.length < PART) continue;
      yield { into, part: { data: Buffer.from(text), firstLine } };
      text = "";
      firstLine = number + 1;
    }
    isOver = true;
  } finally {
    if (!isOver) await iterator.return?.();
  }
  if (text !== "") yield { into, part: { data: Buffer.from(text), firstLine } };
}

async function* byteParts(
  chunks: AsyncIterable<unknown> | Iterable<unknown>,
  options: CopyBytesOptions,
  dialect: CopyDialect,
  table: string,
  insertOf: InsertOf,
): AsyncGenerator<Addressed> {
  const splitter = dialect.splitter(options);
  const statement = insertOf(null);
  const columns = writableColumns(statement, options.columns, "copyFrom()").map(({ name }) => name);
  const into = { table, columns };
  for await (const chunk of chunks) {
    options.signal?.throwIfAborted();
    splitter.push(bytesOf(chunk));
    const part = splitter.take(PART);
    if (part !== null) yield { into, part };
  }
  const part = splitter.rest();
  if (part !== null) yield { into, part };
}

function bytesOf(chunk: unknown): Uint8Array {
  if (chunk instanceof Uint8Array) return chunk;
  if (typeof chunk === "string") return Buffer.from(chunk);
  throw new ArgumentError(
    `copyFrom() with a format takes chunks of bytes or text, not ${describeValue(chunk)}. Leave the format out for rows of the program's own.`,
  );
}

function items(source: unknown): AsyncIterable<unknown> | Iterable<unknown> {
  if (typeof source === "object" && source !== null && !(source instanceof Uint8Array)) {
    if (Symbol.asyncIterator in source || Symbol.iterator in source) return source as Iterable<unknown>;
  }
  throw new ArgumentError(
    `copyFrom() takes an iterable, asynchronous or not, of rows or of chunks of bytes, not ${describeValue(source)}.`,
  );
}
