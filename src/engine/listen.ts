/** The typed face of the event system for engines, connections, pools, tables and metadata. Other rooms add targets of their own. */
import type { TableLike } from "../sql/schema/column.js";
import type { MetaData } from "../sql/schema/metadata.js";
import type { Table } from "../sql/schema/table.js";
import type { EngineEvents, PoolEvents } from "./engine-events.js";
import { eventKernel, type Handler, type ListenOptions } from "./events.js";
import type { Pool } from "./pool/pool.js";
import type { SchemaEvents } from "./schema-events.js";

/** Where the type of a target's events hangs; never set at run time. */
export declare const EVENTS: unique symbol;

type ClassOf<T> = abstract new (...args: never[]) => T;

/**
 * The events of a target by name, with their handlers. They are found by the target alone: of overloads, the compiler would tell of the last one what is
 * wrong with a handler of the first.
 */
export type EngineEventsOf<T> = [T] extends [never] ? Readonly<Record<string, Handler>> : EventsOfKnown<T>;

type EventsOfKnown<T> = T extends Pool | ClassOf<Pool>
  ? PoolEvents
  : T extends TableLike | MetaData
    ? SchemaEvents<T>
    : T extends typeof Table | typeof MetaData
      ? SchemaEvents<InstanceType<T>>
      : typeof EVENTS extends keyof T
        ? EngineEvents
        : T extends ClassOf<infer I>
          ? typeof EVENTS extends keyof I
            ? EngineEvents
            : never
          : never;

/** What `remove()` and `contains()` look for. */
type Listening = Handler | object;

/** `event.listen`, `event.remove` and `event.contains`. */
export interface EngineEventApi {
  /**
   * Calls `handler` whenever the target sends the event.
   *
   * @param target an engine, a connection, a pool, a table or a metadata, or one of their classes, which stands for all their objects
   * @param options `once`, `signal` to stop listening, `insert` to come before the others
   * @throws ArgumentError when the target sends no such event
   * @example
   * event.listen(engine, "beforeCursorExecute", (conn, statement, parameters) => console.log(statement, parameters));
   * event.listen(users, "afterCreate", new DDL("CREATE TRIGGER ...").executeIf({ dialect: "sqlite" }));
   * event.listen(Table, "columnReflect", (column) => (column.typeName === "BLOB" ? { ...column, type: pickle } : undefined));
   */
  listen<T extends object, N extends keyof EngineEventsOf<T>>(
    target: T,
    name: N,
    handler: EngineEventsOf<T>[N],
    options?: ListenOptions,
  ): void;
  /** Stops listening. Throws InvalidRequestError when the handler does not listen there. */
  remove(target: object, name: string, handler: Listening): void;
  /** Whether the handler listens there. */
  contains(target: object, name: string, handler: Listening): boolean;
}

/** The event system. */
export const engineEvent: EngineEventApi = eventKernel as EngineEventApi;
