/**
 * `athanor/opentelemetry`: a span for each statement, by OpenTelemetry's semantic conventions for database clients.
 *
 * It listens to the engine's events, so that an engine that was not given to {@link instrument} pays nothing, and neither does a
 * program that does not import this. `@opentelemetry/api` is an optional peer dependency.
 */
import { type Attributes, context, type Span, SpanKind, SpanStatusCode, type Tracer, trace } from "@opentelemetry/api";
import {
  AsyncEngine,
  type ConnectionCore,
  DatabaseError,
  type Engine,
  type EngineEvents,
  engineEvent,
} from "../../engine/index.js";
import type { Compiled } from "../../sql/compiled.js";
import { iterate } from "../../sql/node.js";

/** In characters, as the conventions have it. */
const LONGEST_SUMMARY = 255;

/** What {@link instrument} takes. */
export interface InstrumentOptions {
  /** Makes the spans. Default: the tracer "athanor" of the global provider. */
  readonly tracer?: Tracer;
  /** Whether spans carry the statement, `db.query.text`. Parameters are not recorded (but a server's
   * error message may quote a value). Default true. */
  readonly queryText?: boolean;
  /** Only makes spans inside another span. Default false. */
  readonly requireParentSpan?: boolean;
}

type Listeners = Pick<
  EngineEvents,
  "beforeCursorExecute" | "afterCursorExecute" | "beforeTransactionControl" | "afterTransactionControl" | "handleError"
>;

/**
 * Makes a span for each statement of an engine; without an engine, of all engines, those made later included.
 *
 * A span is a child of the one that is active where the call was made, is named after the operation and its table or the
 * database (`SELECT users`, `COMMIT shop`), and has the kind CLIENT. Its attributes are the stable ones: `db.system.name`,
 * `db.namespace`, `server.address`, `server.port`, `db.operation.name`, `db.collection.name` (where there is one table),
 * `db.query.summary` and `db.query.text`, `db.operation.batch.size`, `db.response.returned_rows`, and of a statement that failed
 * `error.type` and `db.response.status_code`.
 *
 * BEGIN, COMMIT, ROLLBACK and savepoints have spans too. PostgreSQL's BEGIN travels with the first statement, whose span has its time.
 *
 * @returns a function that stops it
 * @example
 * import { instrument } from "athanor/opentelemetry";
 * const stop = instrument(engine);
 */
export function instrument(target?: AsyncEngine | Engine, options: InstrumentOptions = {}): () => void {
  const listeners = makeListeners(options);
  // The events of a synchronous engine and of the asynchronous one over it are the same.
  const on = target ?? AsyncEngine;
  const names = Object.keys(listeners) as (keyof Listeners)[];
  for (const name of names) engineEvent.listen(on, name, listeners[name]);
  return () => {
    for (const name of names) engineEvent.remove(on, name, listeners[name]);
  };
}

function makeListeners(options: InstrumentOptions): Listeners {
  const tracer = options.tracer ?? trace.getTracer("athanor");
  const withText = options.queryText ?? true;
  // A connection runs one statement at a time.
  const running = new WeakMap<ConnectionCore, Span>();
  const fixed = new WeakMap<object, Attributes>();

  const start = (
    connection: ConnectionCore,
    operation: string,
    tables: readonly string[],
    text: string,
  ): Span | null => {
    const parent = context.active();
    if (options.requireParentSpan === true && trace.getSpan(parent) === undefined) return null;
    running.get(connection)?.end();
    let place = fixed.get(connection.engine);
    if (place === undefined) {
      place = attributesOf(connection);
      fixed.set(connection.engine, place);
    }
    const attributes: Attributes = { ...place, "db.operation.name": operation };
    const summary = [operation, ...tables].join(" ").slice(0, LONGEST_SUMMARY);
    if (tables.length > 0) attributes["db.query.summary"] = summary;
    if (tables.length === 1) attributes["db.collection.name"] = tables[0];
    if (withText) attributes["db.query.text"] = text;
    const target = place["db.namespace"] ?? place["server.address"] ?? place["db.system.name"];
    const name = tables.length > 0 ? summary : `${operation} ${String(target)}`;
    const span = tracer.startSpan(name, { kind: SpanKind.CLIENT, attributes }, parent);
    running.set(connection, span);
    return span;
  };
  const stop = (connection: ConnectionCore | null, finish?: (span: Span) => void): void => {
    const span = connection === null ? undefined : running.get(connection);
    if (span === undefined) return;
    running.delete(connection as ConnectionCore);
    finish?.(span);
    span.end();
  };

  return {
    beforeCursorExecute(connection, statement, parameters, isMany, { compiled }) {
      const span = start(connection, operationOf(statement), compiled === null ? [] : tablesOf(compiled), statement);
      if (isMany && parameters.length > 1) span?.setAttribute("db.operation.batch.size", parameters.length);
    },

    afterCursorExecute(connection, _statement, _parameters, _isMany, result) {
      stop(connection, (span) => {
        if (result.columns !== null) span.setAttribute("db.response.returned_rows", result.rows.length);
      });
    },

    beforeTransactionControl(connection, statement) {
      // The name of a savepoint is not part of the operation.
      start(connection, statement.replace(/ (sa_|athanor_).*/, ""), [], statement);
    },

    afterTransactionControl(connection) {
      stop(connection);
    },

    handleError({ connection, error }) {
      stop(connection, (span) => fail(span, error));
    },
  };
}

const known = new WeakMap<Compiled, readonly string[]>();

/** The tables of a statement, each once. */
function tablesOf(compiled: Compiled): readonly string[] {
  let names = known.get(compiled);
  if (names === undefined) {
    const found = new Set<string>();
    for (const node of iterate(compiled.statement))
      if (node.visitName === "Table") found.add((node as unknown as { readonly fullName: string }).fullName);
    names = [...found];
    known.set(compiled, names);
  }
  return names;
}

function attributesOf(connection: ConnectionCore): Attributes {
  const { url } = connection.engine;
  const attributes: Attributes = { "db.system.name": connection.dialect.name };
  if (url.database !== null && url.database !== "") attributes["db.namespace"] = url.database;
  const host = url.host ?? url.option("host");
  if (host !== null) attributes["server.address"] = host;
  if (url.port !== null) attributes["server.port"] = url.port;
  return attributes;
}

/** The statement's first word; a span's name must not have more than a few values. */
function operationOf(statement: string): string {
  const first = /^(?:\s|\/\*[\s\S]*?\*\/|--[^\n]*\n|\()*(\w+)/.exec(statement)?.[1];
  return first === undefined ? "QUERY" : first.toUpperCase();
}

function fail(span: Span, error: unknown): void {
  // The message of a database error has the parameters in it; its reason has not.
  const [name, message] =
    error instanceof DatabaseError
      ? [error.name, error.reason]
      : error instanceof Error
        ? [error.name, error.message]
        : ["Error", String(error)];
  const code = error instanceof DatabaseError ? error.code : null;
  span.setAttribute("error.type", code ?? name);
  if (code !== null) span.setAttribute("db.response.status_code", code);
  span.recordException({ name, message });
  span.setStatus({ code: SpanStatusCode.ERROR, message });
}
