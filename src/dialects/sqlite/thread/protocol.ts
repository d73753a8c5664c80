/** What goes between the event loop and a thread that has SQLite databases. */
import type { ScanPlan } from "../cursor.js";
import type { BeginMode } from "../engine-options.js";
import type { OpenSettings } from "../open.js";
import type { SentError } from "./errors.js";

/** The part of a plan that the thread needs. */
export type SentPlan = Pick<ScanPlan, "text" | "integers" | "locks" | "comment" | "scan">;

/** What a thread can be asked to do; values are the arguments. */
export interface Commands {
  /** Opens a connection. The text of a function is called with the database. */
  readonly open: readonly [settings: OpenSettings, begin: BeginMode, onOpen: string | null];
  readonly run: readonly [plan: SentPlan, params: readonly unknown[]];
  readonly runMany: readonly [plan: SentPlan, sets: readonly (readonly unknown[])[]];
  readonly openCursor: readonly [plan: SentPlan, params: readonly unknown[]];
  readonly fetch: readonly [cursor: number, count: number];
  readonly closeCursor: readonly [cursor: number];
  readonly begin: readonly [];
  readonly commit: readonly [];
  readonly rollback: readonly [];
  readonly savepoint: readonly [name: string];
  readonly release: readonly [name: string];
  readonly rollbackTo: readonly [name: string];
  readonly reset: readonly [how: "rollback" | "commit" | null];
  readonly call: readonly [source: string, args: readonly unknown[]];
  readonly close: readonly [];
  /** Closes the database in memory, which outlives its connections. */
  readonly forget: readonly [];
}

export type CommandName = keyof Commands;

/** A transaction that was begun, and has not been told to the thread yet. */
export interface Begin {
  readonly mode: BeginMode | null;
  readonly readOnly: boolean;
}

/** A command on its way. */
export interface Request {
  readonly id: number;
  /** The connection's number within its thread. */
  readonly connection: number;
  readonly name: CommandName;
  readonly args: readonly unknown[];
  /** Goes before the command. */
  readonly begin: Begin | null;
  /** Whether the connection has the write gate of its database. */
  readonly gate: boolean;
}

/** What came of it. */
export interface Reply {
  readonly id: number;
  /** Nothing was done: the connection needs the write gate first. */
  readonly blocked: boolean;
  readonly value: unknown;
  readonly error: SentError | null;
  /** Whether the connection still needs the gate. */
  readonly gate: boolean;
  /** Whether there is something that a reset would end: a transaction, a cursor. */
  readonly busy: boolean;
}

/** What a thread is started with. */
export interface ThreadData {
  readonly port: import("node:worker_threads").MessagePort;
  /** Shared: how many replies were sent, and whether the thread has ended. */
  readonly state: Int32Array;
}

/** Places in the shared state. */
export const REPLIES = 0;
export const ENDED = 1;
