/** The typed face of the event system for engines, connections and pools. Other rooms add overloads of their own. */
import type { TableLike } from "../sql/schema/column.js";
import type { MetaData } from "../sql/schema/metadata.js";
import type { Table } from "../sql/schema/table.js";
import type { EngineEvents, PoolEvents } from "./engine-events.js";
import { eventKernel, type Handler, type ListenOptions } from "./events.js";
import type { Pool } from "./pool/pool.js";
import type { SchemaEvents } from "./schema-events.js";

/** Where the type of a target's events hangs; never set at run time. */
export declare const EVENTS: unique symbol;

/** An object or a class that sends the events of `E`. */
export interface Sends<E> {
  readonly [EVENTS]?: E;
}

/** A class whose instances send the events of `E`. */
export type ClassSending<E> = abstract new (...args: never[]) => Sends<E>;

/** `event.listen`, `event.remove` and `event.contains`. */
export interface EngineEventApi {
  /**
   * Calls `handler` whenever the target sends the event.
   *
   * @param target an engine, a connection or a pool, or one of their classes, which stands for all their objects
   * @param options `once`, `signal` to stop listening, `insert` to come before the others
   * @throws ArgumentError when the target sends no such event
   * @example
   * event.listen(engine, "beforeCursorExecute", (conn, statement, parameters) => console.log(statement, parameters));
   */
  listen<N extends keyof PoolEvents>(
    target: Pool | (abstract new (...args: never[]) => Pool),
    name: N,
    handler: PoolEvents[N],
    options?: ListenOptions,
  ): void;
  listen<N extends keyof EngineEvents>(
    target: Sends<EngineEvents> | ClassSending<EngineEvents>,
    name: N,
    handler: EngineEvents[N],
    options?: ListenOptions,
  ): void;
  /**
   * Listens to a table or a metadata.
   *
   * @example event.listen(users, "afterCreate", () => new DDL("CREATE TRIGGER ...").executeIf({ dialect: "sqlite" }));
   */
  listen<T extends TableLike | MetaData, N extends keyof SchemaEvents<T>>(
    target: T,
    name: N,
    handler: SchemaEvents<T>[N],
    options?: ListenOptions,
  ): void;
  /**
   * Listens to all tables or all metadata, those that are made later too.
   *
   * @example event.listen(Table, "columnReflect", (column) => (column.typeName === "BLOB" ? { ...column, type: pickle } : undefined));
   */
  listen<C extends typeof Table | typeof MetaData, N extends keyof SchemaEvents<InstanceType<C>>>(
    target: C,
    name: N,
    handler: SchemaEvents<InstanceType<C>>[N],
    options?: ListenOptions,
  ): void;
  /** Stops listening. Throws InvalidRequestError when the handler does not listen there. */
  remove(target: object, name: string, handler: Handler): void;
  /** Whether the handler listens there. */
  contains(target: object, name: string, handler: Handler): boolean;
}

/** The event system. */
export const engineEvent: EngineEventApi = eventKernel;
