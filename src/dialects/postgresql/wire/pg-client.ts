/** What we use of the package `pg`, loaded when the first engine connects. */
import { createRequire } from "node:module";
import type { Socket } from "node:net";
import { NoSuchModuleError } from "../../../engine/errors.js";

/** A query object that pg's client accepts in place of its own. */
export interface Submittable {
  submit(connection: PgConnection): Error | null;
  handleError(error: Error): void;
  handleReadyForQuery(): void;
}

/** pg's protocol connection. */
export interface PgConnection {
  readonly stream: Socket;
  on(event: string, listener: (message: never) => void): this;
  once(event: string, listener: (message: never) => void): this;
  emit(event: string, message: object): boolean;
  connect(portOrPath: number | string, host?: string): void;
  requestSsl(): void;
  cancel(processID: number, secretKey: number): void;
  end(): void;
}

/** pg's client. */
export interface PgClient {
  readonly connection: PgConnection;
  readonly host: string;
  readonly port: number;
  readonly user: string | null;
  readonly database: string | null;
  readonly processID: number | null;
  readonly secretKey: number | null;
  readonly ssl: boolean | object;
  connect(): Promise<unknown>;
  end(): Promise<void>;
  query(query: Submittable | string): unknown;
  on(event: "error" | "end" | "notice" | "notification", listener: (value: never) => void): this;
}

/** The exports of pg. */
export interface PgModule {
  readonly Client: new (config: Record<string, unknown>) => PgClient;
  readonly Connection: new (config: Record<string, unknown>) => PgConnection;
}

let loaded: PgModule | null = null;

/** Loads pg. @throws NoSuchModuleError saying what to install */
export function loadPg(): PgModule {
  if (loaded !== null) return loaded;
  try {
    loaded = createRequire(import.meta.url)("pg") as PgModule;
    return loaded;
  } catch (error) {
    const missing = (error as { code?: unknown }).code === "MODULE_NOT_FOUND";
    const reason = missing ? "is not installed" : `could not be loaded (${(error as Error).message.split("\n")[0]})`;
    throw new NoSuchModuleError(
      `The package "pg", which postgresql:// URLs need, ${reason}. Install it with: npm install pg`,
      {
        cause: error,
      },
    );
  }
}
