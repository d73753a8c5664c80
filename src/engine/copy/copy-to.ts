/** COPY of a query's rows: bytes as they come from the server, which waits while nobody takes them. */
import { compile } from "../../sql/compile.js";
import { ArgumentError } from "../../sql/errors.js";
import { Node } from "../../sql/node.js";
import { Table } from "../../sql/schema/table.js";
import { entityOf } from "../../sql/selectable/resolve.js";
import { select } from "../../sql/selectable/select.js";
import { describeValue } from "../../sql/types/describe-value.js";
import type { ConnectionCore } from "../connection-core.js";
import type { CursorCore } from "../cursor-core.js";
import type { Op } from "../io.js";
import { readableColumns } from "./columns.js";
import { copyDialectOf } from "./copy-from.js";
import type { CopyToOptions } from "./options.js";

/** What is copied, as a query. */
export function copiedQuery(source: unknown, { columns, format }: CopyToOptions): Node {
  if (format !== "text" && format !== "csv") {
    throw new ArgumentError(
      `copyTo() takes { format: "text" } or { format: "csv" }, not ${describeValue(format)}. Rows as values are what stream() gives.`,
    );
  }
  if (source instanceof Table || (typeof source === "function" && entityOf(source) !== null))
    return (select as (...elements: readonly unknown[]) => Node)(...readableColumns(source, columns));
  if (!(source instanceof Node))
    throw new ArgumentError(`copyTo() takes a class, a table or a query, not ${describeValue(source)}.`);
  if (columns !== undefined)
    throw new ArgumentError("copyTo(): a query names its columns itself; { columns } is for classes and tables.");
  return source;
}

/** Opens a cursor over the chunks of a query. */
export function* openCopy(connection: ConnectionCore, query: Node, options: CopyToOptions): Op<CursorCore> {
  const dialect = copyDialectOf(connection);
  // COPY takes no parameters.
  const { text } = compile(query, connection.dialect, { literalBinds: true });
  return yield* connection.openCursor(dialect.read(text, options), [], 1, options.signal);
}

/** What a copy that is read runs on. */
export interface CopySource {
  open(): Promise<CursorCore>;
  run<T>(op: Op<T>): Promise<T>;
  /** What is left is not wanted: the cursor will be closed. */
  stop?(): void;
  /** Called at the end. */
  close?(): Promise<void>;
}

/**
 * The rows of a query as bytes, chunk by chunk: for files, sockets and `stream.pipeline`. It begins when the first chunk is asked for.
 *
 * Another statement on the same connection has what is left read into memory first. Leaving the loop early reads what is left and throws it away;
 * a copy of the engine's own is cancelled.
 */
export class CopyStream implements AsyncIterableIterator<Uint8Array>, AsyncDisposable {
  #cursor: Promise<CursorCore> | null = null;
  #ended = false;

  constructor(private readonly source: CopySource) {}

  async next(): Promise<IteratorResult<Uint8Array, undefined>> {
    if (this.#ended) return { done: true, value: undefined };
    try {
      this.#cursor ??= this.source.open();
      const cursor = await this.#cursor;
      const [row] = await this.source.run(cursor.fetch(1));
      if (row !== undefined) return { done: false, value: row[0] as Uint8Array };
    } catch (error) {
      await this.#end(true).catch(() => {});
      throw error;
    }
    await this.#end(false);
    return { done: true, value: undefined };
  }

  async return(): Promise<IteratorResult<Uint8Array, undefined>> {
    await this.close();
    return { done: true, value: undefined };
  }

  /** Ends it. */
  async close(): Promise<void> {
    if (!this.#ended) await this.#end(true);
  }

  async #end(broken: boolean): Promise<void> {
    this.#ended = true;
    const opening = this.#cursor;
    try {
      if (broken && opening !== null) {
        this.source.stop?.();
        const cursor = await opening.catch(() => null);
        if (cursor !== null) await this.source.run(cursor.close());
      }
    } finally {
      if (opening !== null) await this.source.close?.();
    }
  }

  [Symbol.asyncIterator](): this {
    return this;
  }
  async [Symbol.asyncDispose](): Promise<void> {
    await this.close();
  }
}
