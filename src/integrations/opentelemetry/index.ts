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

type Listeners = Pick<EngineEvents, "beforeCursorExecute" | "afterCursorExecute" | "handleError">;

/**
 * Makes a span for each statement of an engine; without an engine, of all engines, those made later included.
 *
 * A span is a child of the one that is active where the call was made, is named after the operation and the database
 * (`SELECT shop`), and has the kind CLIENT. Its attributes: `db.system.name`, `db.namespace`, `server.address`, `server.port`,
 * `db.operation.name`, `db.query.text`, `db.operation.batch.size`, `db.response.returned_rows`, and of a statement that failed
 * `error.type` and `db.response.status_code`.
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

  return {
    beforeCursorExecute(connection, statement, parameters, isMany) {
      const parent = context.active();
      if (options.requireParentSpan === true && trace.getSpan(parent) === undefined) return;
      running.get(connection)?.end();
      let place = fixed.get(connection.engine);
      if (place === undefined) {
        place = attributesOf(connection);
        fixed.set(connection.engine, place);
      }
      const operation = operationOf(statement);
      const attributes: Attributes = { ...place, "db.operation.name": operation };
      if (withText) attributes["db.query.text"] = statement;
      if (isMany && parameters.length > 1) attributes["db.operation.batch.size"] = parameters.length;
      const target = place["db.namespace"] ?? place["server.address"] ?? place["db.system.name"];
      running.set(
        connection,
        tracer.startSpan(`${operation} ${String(target)}`, { kind: SpanKind.CLIENT, attributes }, parent),
      );
    },

    afterCursorExecute(connection, _statement, _parameters, _isMany, result) {
      const span = running.get(connection);
      if (span === undefined) return;
      running.delete(connection);
      if (result.columns !== null) span.setAttribute("db.response.returned_rows", result.rows.length);
      span.end();
    },

    handleError({ connection, error }) {
      const span = connection === null ? undefined : running.get(connection);
      if (span === undefined) return;
      running.delete(connection as ConnectionCore);
      fail(span, error);
      span.end();
    },
  };
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
